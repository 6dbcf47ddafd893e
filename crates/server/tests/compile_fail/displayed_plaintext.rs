//! A secret cannot be logged as text.

use strongroom_types::Plaintext;

fn log(secret: Plaintext) {
    tracing::info!(%secret);
}

fn main() {}
