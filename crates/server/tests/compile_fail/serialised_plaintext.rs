//! A secret cannot be put into an answer by deriving one.

use strongroom_types::Plaintext;

fn answer(secret: &Plaintext) {
    let _ = serde_json::to_string(secret);
}

fn main() {}
