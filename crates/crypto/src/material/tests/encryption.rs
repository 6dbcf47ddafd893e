//! Encrypting and decrypting, with symmetric and with RSA keys.

use proptest::prelude::*;

use super::*;
use crate::SystemEntropy;
use crate::testing::{flipped, material};

#[test]
fn rsa_encrypts_up_to_its_limit_and_names_it() {
    for (key_type, most) in [
        (KeyType::Rsa2048, 190),
        (KeyType::Rsa3072, 318),
        (KeyType::Rsa4096, 446),
    ] {
        let key = material(key_type);
        for length in [0, 1, most] {
            let text = vec![7; length];
            let ciphertext = key.encrypt(&SystemEntropy, b"", &text).unwrap();
            assert_eq!(key.decrypt(b"", &ciphertext).unwrap().expose(), text);
        }
        match key.encrypt(&SystemEntropy, b"", &vec![7; most + 1]) {
            Err(OperationError::TooLong {
                key_type: of,
                limit,
            }) => {
                assert_eq!((of, limit), (key_type, most));
            }
            _ => panic!("{key_type} took {} bytes", most + 1),
        }
    }
}

#[test]
fn an_rsa_ciphertext_of_another_length_does_not_decrypt() {
    let key = material(KeyType::Rsa2048);
    let ciphertext = key.encrypt(&SystemEntropy, b"", b"text").unwrap();
    let longer = [&ciphertext[..], &[0]].concat();
    let padded = [&[0], &ciphertext[..]].concat();
    let modulus = vec![0xff; 256];
    for wrong in [
        &longer,
        &padded,
        &modulus,
        &ciphertext[1..].to_vec(),
        &vec![],
    ] {
        assert_eq!(key.decrypt(b"", wrong).err(), Some(DecryptError));
    }
    assert!(key.decrypt(b"", &ciphertext).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_ciphertext_decrypts_only_with_its_key_data_and_bits(
        aad: Vec<u8>,
        other: Vec<u8>,
        text: Vec<u8>,
        bit: prop::sample::Index,
    ) {
        for key_type in types(KeyFamily::Aead) {
            let key = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
            let sealed = key.encrypt(&SystemEntropy, &aad, &text).unwrap();
            prop_assert_eq!(sealed.len(), 12 + text.len() + 16);
            let opened = key.decrypt(&aad, &sealed).unwrap();
            prop_assert_eq!(opened.expose(), &text[..]);
            prop_assert_eq!(key.decrypt(&other, &sealed).is_ok(), aad == other);
            let changed = flipped(&sealed, bit.index(sealed.len() * 8));
            prop_assert!(key.decrypt(&aad, &changed).is_err());
            let cut = &sealed[..bit.index(sealed.len())];
            prop_assert!(key.decrypt(&aad, cut).is_err());
            let stranger = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
            prop_assert!(stranger.decrypt(&aad, &sealed).is_err());
        }
    }

    #[test]
    fn an_rsa_ciphertext_decrypts_only_with_its_label_and_bits(
        aad: Vec<u8>,
        other: Vec<u8>,
        text in prop::collection::vec(any::<u8>(), 0..=190),
        bit: prop::sample::Index,
    ) {
        let key = material(KeyType::Rsa2048);
        let sealed = key.encrypt(&SystemEntropy, &aad, &text).unwrap();
        prop_assert_eq!(sealed.len(), 256);
        let opened = key.decrypt(&aad, &sealed).unwrap();
        prop_assert_eq!(opened.expose(), &text[..]);
        prop_assert_eq!(key.decrypt(&other, &sealed).is_ok(), aad == other);
        let changed = flipped(&sealed, bit.index(sealed.len() * 8));
        prop_assert_eq!(key.decrypt(&aad, &changed).err(), Some(DecryptError));
    }

    #[test]
    fn arbitrary_bytes_do_not_decrypt(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        for key_type in KeyType::ALL {
            prop_assert!(material(key_type).decrypt(b"", &bytes).is_err());
        }
    }
}
