//! Ciphertexts as callers send them (contract 2.5): nothing crashes, and nothing opens that the
//! key did not make.

#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_api::Decrypt;
use strongroom_crypto::KeyMaterial;
use strongroom_fuzz::{Fixed, key, pick, spoilt};
use strongroom_types::KeyType;
use versioned::{compose, take_apart};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../crates/engine/src/keys/versioned.rs"]
mod versioned;

/// The types that decrypt. The larger RSA keys run the same code, only slower.
const TYPES: [KeyType; 4] = [
    KeyType::Aes128Gcm96,
    KeyType::Aes256Gcm96,
    KeyType::ChaCha20Poly1305,
    KeyType::Rsa2048,
];

fuzz_target!(|input: &[u8]| {
    let Some((key_type, rest)) = pick(&TYPES, input) else {
        return;
    };
    let Some((form, rest)) = pick(&[Form::Text, Form::Body, Form::Bytes, Form::Spoilt], rest)
    else {
        return;
    };
    let key = key(key_type);
    match form {
        Form::Text => {
            if let Ok(text) = std::str::from_utf8(rest) {
                opens_nothing(key, text);
            }
        }
        Form::Body => {
            if let Ok(body) = Decrypt::parse(rest) {
                opens_nothing(key, &body.ciphertext);
                assert!(key.decrypt(body.associated_data.expose(), rest).is_err());
            }
        }
        Form::Bytes => assert!(key.decrypt(b"", rest).is_err(), "something foreign opened"),
        Form::Spoilt => {
            let genuine = key
                .encrypt(&Fixed, b"bound", b"a message")
                .expect("it encrypts");
            let opened = key.decrypt(b"bound", &genuine).expect("it decrypts");
            assert_eq!(opened.expose(), b"a message");
            if let Some(bytes) = spoilt(&genuine, rest) {
                assert!(
                    key.decrypt(b"bound", &bytes).is_err(),
                    "something spoilt opened"
                );
            }
            if let Some(bound) = spoilt(b"bound", rest) {
                assert!(
                    key.decrypt(&bound, &genuine).is_err(),
                    "it opened elsewhere"
                );
            }
        }
    }
});

#[derive(Clone, Copy)]
enum Form {
    Text,
    Body,
    Bytes,
    Spoilt,
}

/// A text has one spelling, and random ones open nothing.
fn opens_nothing(key: &KeyMaterial, text: &str) {
    if let Ok((version, bytes)) = take_apart(text) {
        assert_eq!(compose(version, &bytes), text);
        assert!(
            key.decrypt(b"", &bytes).is_err(),
            "something foreign opened"
        );
    }
}
