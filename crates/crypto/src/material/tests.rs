//! What keys of every type do and refuse.

use strongroom_types::KeyFamily;

use super::*;

mod differential;
mod encryption;
mod forms;
mod macs;
mod openssl;
mod operations;
mod signatures;
mod stored;

fn types(family: KeyFamily) -> impl Iterator<Item = KeyType> {
    KeyType::ALL
        .into_iter()
        .filter(move |known| known.family() == family)
}

/// The types that sign.
fn signing_types() -> impl Iterator<Item = KeyType> {
    KeyType::ALL
        .into_iter()
        .filter(|known| known.offers(KeyOperation::Sign))
}

fn message(input: &[u8]) -> SignRequest<'_> {
    SignRequest {
        input,
        ..SignRequest::default()
    }
}
