//! What each key type is made of.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Algorithm, CHACHA20_POLY1305};
use aws_lc_rs::rsa::KeySize;
use strongroom_types::KeyType;

use super::ecdsa::{Curve, P256, P384, P521};
use super::mac::{ANY, MacSpec, SHA256, SHA512};

/// The family of a key type, with what tells it from the others in the family.
pub(super) enum Spec {
    Symmetric(&'static Algorithm),
    Rsa(KeySize),
    Ecdsa(&'static Curve),
    Ed25519,
    Mac(&'static MacSpec),
}

pub(super) fn of(key_type: KeyType) -> Spec {
    match key_type {
        KeyType::Aes128Gcm96 => Spec::Symmetric(&AES_128_GCM),
        KeyType::Aes256Gcm96 => Spec::Symmetric(&AES_256_GCM),
        KeyType::ChaCha20Poly1305 => Spec::Symmetric(&CHACHA20_POLY1305),
        KeyType::Rsa2048 => Spec::Rsa(KeySize::Rsa2048),
        KeyType::Rsa3072 => Spec::Rsa(KeySize::Rsa3072),
        KeyType::Rsa4096 => Spec::Rsa(KeySize::Rsa4096),
        KeyType::EcdsaP256 => Spec::Ecdsa(&P256),
        KeyType::EcdsaP384 => Spec::Ecdsa(&P384),
        KeyType::EcdsaP521 => Spec::Ecdsa(&P521),
        KeyType::Ed25519 => Spec::Ed25519,
        KeyType::Hmac => Spec::Mac(&ANY),
        KeyType::HmacSha256 => Spec::Mac(&SHA256),
        KeyType::HmacSha512 => Spec::Mac(&SHA512),
    }
}
