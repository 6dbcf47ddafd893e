//! What OpenSSL made without us: its keys import, its signatures verify, its ciphertexts decrypt,
//! its wraps unwrap.

use data_encoding::BASE64;
use strongroom_types::{SignatureScheme, WrapHash};

use super::*;
use crate::WrappingKey;

/// How it was made stands at its head.
const DATA: &str = include_str!("openssl.txt");

const MESSAGE: &[u8] = b"The quick brown fox jumps over the lazy dog";

/// Every line: key type, what it is, bytes.
fn lines() -> Vec<(KeyType, &'static str, Vec<u8>)> {
    let parse = |line: &'static str| {
        let mut words = line.split(' ');
        let key_type = words.next().unwrap().parse().unwrap();
        let what = words.next().unwrap();
        let bytes = BASE64.decode(words.next().unwrap().as_bytes()).unwrap();
        (key_type, what, bytes)
    };
    let lines = DATA.lines().filter(|line| !line.starts_with('#'));
    lines.map(parse).collect()
}

fn key(key_type: KeyType) -> KeyMaterial {
    let document = lines()
        .into_iter()
        .find(|(of, what, _)| *of == key_type && *what == "private");
    KeyMaterial::import(key_type, Plaintext::new(document.unwrap().2)).unwrap()
}

#[test]
fn keys_import_and_show_the_same_documents() {
    let mut seen = 0;
    for (key_type, what, bytes) in lines() {
        let key = || key(key_type);
        match what {
            "private" => assert_eq!(key().export_material().expose(), bytes, "{key_type}"),
            "public" if key_type == KeyType::Ed25519 => {
                let (_, der) = pem_rfc7468::decode_vec(&bytes).unwrap();
                assert_eq!(key().public_key().unwrap().as_spki(), der);
            }
            "public" => {
                let key = key();
                let text = key.public_key().unwrap().as_text();
                assert_eq!(text.as_bytes(), bytes, "{key_type}");
            }
            _ => continue,
        }
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[test]
fn signatures_verify() {
    let mut seen = 0;
    for (key_type, what, signature) in lines() {
        let (scheme, hash) = what.split_once('-').unwrap_or((what, ""));
        let request = SignRequest {
            hash: hash.parse().ok(),
            scheme: scheme.parse().ok(),
            ..message(MESSAGE)
        };
        match scheme {
            "pss" => assert_eq!(request.scheme, Some(SignatureScheme::Pss)),
            "pkcs1v15" => assert_eq!(request.scheme, Some(SignatureScheme::Pkcs1v15)),
            "ecdsa" | "ed25519" => assert_eq!(request.scheme, None),
            _ => continue,
        }
        let key = key(key_type);
        assert!(
            key.verify(&request, &signature).unwrap(),
            "{key_type} {what}"
        );
        let other = SignRequest {
            input: b"another",
            ..request
        };
        assert!(
            !key.verify(&other, &signature).unwrap(),
            "{key_type} {what}"
        );
        seen += 1;
    }
    assert_eq!(seen, 3 * 6 + 3 * 4 + 1);
}

#[test]
fn ciphertexts_decrypt() {
    let mut seen = 0;
    for (key_type, _, ciphertext) in lines().into_iter().filter(|line| line.1 == "oaep") {
        let text = key(key_type).decrypt(b"", &ciphertext).unwrap();
        assert_eq!(text.expose(), MESSAGE, "{key_type}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn wrapped_keys_arrive() {
    let secret = key(KeyType::Rsa4096).export_material();
    let wrapping = WrappingKey::import(&secret).unwrap();
    let mut seen = 0;
    for (key_type, what, blob) in lines() {
        let Some(hash) = what.strip_prefix("wrap-") else {
            continue;
        };
        let hash: WrapHash = hash.parse().unwrap();
        let arrived = wrapping.unwrap_import(key_type, hash, &blob).unwrap();
        let material = arrived.export_material();
        match key_type.family() {
            KeyFamily::Aead => assert!(material.expose().iter().all(|byte| *byte == 9)),
            _ => assert_eq!(material.expose(), key(key_type).export_material().expose()),
        }
        seen += 1;
    }
    assert_eq!(seen, 8);
}
