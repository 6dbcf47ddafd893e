//! A secret cannot be logged by its debug output.

use strongroom_types::Plaintext;

fn log(secret: Plaintext) {
    tracing::info!(?secret);
}

fn main() {}
