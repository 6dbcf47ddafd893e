//! The stored numbers of key types. They never change and are never used again.

use strongroom_types::KeyType;

pub(super) const fn of(key_type: KeyType) -> u8 {
    match key_type {
        KeyType::Aes128Gcm96 => 1,
        KeyType::Aes256Gcm96 => 2,
        KeyType::ChaCha20Poly1305 => 3,
        KeyType::Rsa2048 => 4,
        KeyType::Rsa3072 => 5,
        KeyType::Rsa4096 => 6,
        KeyType::EcdsaP256 => 7,
        KeyType::EcdsaP384 => 8,
        KeyType::EcdsaP521 => 9,
        KeyType::Ed25519 => 10,
        KeyType::Hmac => 11,
        KeyType::HmacSha256 => 12,
        KeyType::HmacSha512 => 13,
    }
}

pub(super) fn key_type(number: u8) -> Option<KeyType> {
    KeyType::ALL.into_iter().find(|known| of(*known) == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_a_number_of_its_own() {
        for (place, known) in KeyType::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(of(known)), place + 1);
            assert_eq!(key_type(of(known)), Some(known));
        }
        assert_eq!(key_type(0), None);
        assert_eq!(key_type(14), None);
    }
}
