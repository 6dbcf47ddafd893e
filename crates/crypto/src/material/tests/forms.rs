//! Material on its way in and out, and public keys.

use proptest::prelude::*;

use super::*;
use crate::SystemEntropy;
use crate::testing::{flipped, material};

/// The types whose material is a PKCS#8 document.
fn documents() -> impl Iterator<Item = KeyType> {
    signing_types()
}

fn import(key_type: KeyType, bytes: &[u8]) -> Result<KeyMaterial, MaterialError> {
    KeyMaterial::import(key_type, Plaintext::new(bytes.to_vec()))
}

#[test]
fn raw_keys_must_have_the_length_of_their_type() {
    for (key_type, right) in [
        (KeyType::Aes128Gcm96, 16),
        (KeyType::Aes256Gcm96, 32),
        (KeyType::ChaCha20Poly1305, 32),
        (KeyType::Hmac, 32),
        (KeyType::HmacSha256, 32),
        (KeyType::HmacSha512, 64),
    ] {
        assert_eq!(material(key_type).export_material().len(), right);
        for length in [0, 15, 16, 17, 31, 32, 33, 63, 64, 65] {
            match import(key_type, &vec![3; length]) {
                Ok(_) => assert_eq!(length, right),
                Err(MaterialError::Length {
                    expected, found, ..
                }) => {
                    assert_eq!((expected, found), (right, length));
                    assert_ne!(length, right);
                }
                Err(error) => panic!("{key_type}: {error}"),
            }
        }
    }
}

#[test]
fn exported_material_imports_as_the_same_key() {
    for key_type in KeyType::ALL {
        let key = material(key_type);
        let again = KeyMaterial::import(key_type, key.export_material()).unwrap();
        assert_eq!(again.key_type(), key_type);
        assert_eq!(again.public_key(), key.public_key());
        let (one, other) = (key.export_material(), again.export_material());
        assert_eq!(one.expose(), other.expose(), "{key_type}");
        match key_type.family() {
            KeyFamily::Aead | KeyFamily::Rsa => {
                let ciphertext = key.encrypt(&SystemEntropy, b"aad", b"text").unwrap();
                let opened = again.decrypt(b"aad", &ciphertext).unwrap();
                assert_eq!(opened.expose(), b"text");
            }
            KeyFamily::Ecdsa | KeyFamily::Ed25519 => {
                let signature = key.sign(&message(b"text")).unwrap();
                assert!(again.verify(&message(b"text"), &signature).unwrap());
            }
            KeyFamily::Hmac => {
                let mac = key.mac(b"text", None).unwrap();
                assert!(again.verify_mac(b"text", None, &mac).unwrap());
            }
        }
    }
}

#[test]
fn a_document_is_imported_as_nothing_but_its_own_type() {
    for key_type in documents() {
        let document = material(key_type).export_material();
        for other in KeyType::ALL.into_iter().filter(|other| *other != key_type) {
            match import(other, document.expose()) {
                Err(MaterialError::RsaSize {
                    key_type: asked, ..
                }) => {
                    assert_eq!(asked, other);
                    assert_eq!(key_type.family(), KeyFamily::Rsa);
                    assert_eq!(other.family(), KeyFamily::Rsa);
                }
                Err(MaterialError::Pkcs8 {
                    key_type: asked, ..
                }) => assert_eq!(asked, other),
                Err(MaterialError::Length { .. }) => assert!(documents().all(|of| of != other)),
                _ => panic!("{key_type} was imported as {other}"),
            }
        }
    }
}

#[test]
fn a_document_is_taken_only_whole() {
    for key_type in documents() {
        let document = material(key_type).export_material();
        let longer = [document.expose(), &[0]].concat();
        let cut = &document.expose()[..document.len() - 1];
        for wrong in [&longer[..], cut, &[]] {
            let refused = import(key_type, wrong);
            assert!(matches!(refused, Err(MaterialError::Pkcs8 { .. })));
        }
    }
}

/// A part of the private key that contradicts the rest would leak the key with the first signature.
#[test]
fn an_inconsistent_private_key_is_refused() {
    let document = material(KeyType::Rsa2048).export_material();
    // The last bytes are those of the coefficient; further in front are the exponents and primes.
    for from_end in [1, 100, 200, 300, 400, 500, 600, 700, 900] {
        let bit = (document.len() - from_end) * 8;
        let refused = import(KeyType::Rsa2048, &flipped(document.expose(), bit));
        assert!(refused.is_err(), "{from_end} bytes from the end");
    }
    let document = material(KeyType::EcdsaP256).export_material();
    let scalar = document.len() - 100;
    let refused = import(KeyType::EcdsaP256, &flipped(document.expose(), scalar * 8));
    assert!(refused.is_err());
}

#[test]
fn public_keys_are_shown_as_the_contract_says() {
    for key_type in documents() {
        let public = material(key_type).public_key().unwrap();
        if key_type == KeyType::Ed25519 {
            let raw = data_encoding::BASE64.decode(public.as_text().as_bytes());
            let raw = raw.unwrap();
            assert_eq!(raw.len(), 32);
            assert!(public.as_spki().ends_with(&raw));
            continue;
        }
        let (label, der) = pem_rfc7468::decode_vec(public.as_text().as_bytes()).unwrap();
        assert_eq!(label, "PUBLIC KEY");
        assert_eq!(der, public.as_spki());
        let text = public.as_text();
        assert!(text.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{text}");
        assert!(text.ends_with("\n-----END PUBLIC KEY-----\n"), "{text}");
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}

/// RFC 6979, appendix A.2.5: a private key of P-256 with its public key, as OpenSSL writes them.
#[test]
fn a_known_document_gives_its_known_public_key() {
    let document = data_encoding::HEXLOWER.decode(
        concat!(
            "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420",
            "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721a1440342",
            "0004",
            "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6",
            "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
        )
        .as_bytes(),
    );
    let document = document.unwrap();
    let key = import(KeyType::EcdsaP256, &document).unwrap();
    assert_eq!(key.export_material().expose(), document);
    assert!(
        key.public_key()
            .unwrap()
            .as_spki()
            .ends_with(&document[73..])
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn parsing_arbitrary_bytes_never_panics(
        bytes in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        // The noise alone, as one SEQUENCE, and behind the head of an Ed25519 key's version and type.
        let sequence = |inside: &[u8]| [&[0x30, u8::try_from(inside.len()).unwrap()], inside].concat();
        let head = [&[2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70][..], &bytes].concat();
        for document in [&bytes, &sequence(&bytes), &sequence(&head)] {
            for key_type in documents() {
                prop_assert!(import(key_type, document).is_err());
            }
        }
    }

    #[test]
    fn parsing_a_changed_document_never_panics(
        changes in prop::collection::vec(any::<prop::sample::Index>(), 1..4),
    ) {
        for key_type in documents().filter(|known| *known != KeyType::Rsa4096) {
            let secret = material(key_type).export_material();
            let document = secret.expose().to_vec();
            let changed = changes.iter().fold(document, |document, bit| {
                flipped(&document, bit.index(document.len() * 8))
            });
            if let Ok(key) = import(key_type, &changed) {
                prop_assert!(key.sign(&message(b"text")).is_ok());
            }
        }
    }
}
