//! Every operation on every type.

use super::*;
use crate::SystemEntropy;
use crate::testing::{NoEntropy, material};

fn refused<T>(outcome: Result<T, OperationError>) -> Option<KeyOperation> {
    match outcome {
        Err(OperationError::NotOffered { operation, .. }) => Some(operation),
        _ => None,
    }
}

#[test]
fn every_type_does_what_the_contract_says_and_refuses_the_rest_by_name() {
    for key_type in KeyType::ALL {
        let key = material(key_type);
        assert_eq!(key.key_type(), key_type);
        let request = message(b"text");
        let answers = [
            (
                KeyOperation::Encrypt,
                refused(key.encrypt(&SystemEntropy, b"", b"text")),
            ),
            (KeyOperation::Sign, refused(key.sign(&request))),
            (KeyOperation::Verify, refused(key.verify(&request, b""))),
            (KeyOperation::Hmac, refused(key.mac(b"text", None))),
            (
                KeyOperation::VerifyHmac,
                refused(key.verify_mac(b"text", None, b"")),
            ),
        ];
        for (operation, answer) in answers {
            let expected = (!key_type.offers(operation)).then_some(operation);
            assert_eq!(answer, expected, "{key_type}: {operation}");
        }
        let public = key_type.offers(KeyOperation::PublicKey);
        assert_eq!(key.public_key().is_some(), public, "{key_type}");
        if !key_type.offers(KeyOperation::Decrypt) {
            assert!(key.decrypt(b"", &[0; 64]).is_err(), "{key_type}");
        }
    }
}

#[test]
fn refusals_say_what_would_work() {
    let error = material(KeyType::Ed25519).mac(b"", None).unwrap_err();
    assert_eq!(error.to_string(), "a key of type ed25519 cannot make HMACs");
    let hash = Some(HashAlgorithm::Sha224);
    let error = material(KeyType::HmacSha256).mac(b"", hash).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a key of type hmac-sha256 does not use sha224; it uses sha256"
    );
    let error = material(KeyType::Rsa2048).encrypt(&SystemEntropy, b"", &[0; 191]);
    assert_eq!(
        error.unwrap_err().to_string(),
        "a key of type rsa-2048 encrypts at most 190 bytes at once"
    );
}

#[test]
fn without_entropy_nothing_is_made_or_encrypted() {
    for key_type in [
        KeyType::Aes128Gcm96,
        KeyType::Aes256Gcm96,
        KeyType::ChaCha20Poly1305,
        KeyType::Ed25519,
        KeyType::Hmac,
        KeyType::HmacSha512,
    ] {
        let made = KeyMaterial::generate(key_type, &NoEntropy);
        assert!(matches!(made, Err(MaterialError::Entropy(_))), "{key_type}");
    }
    for key_type in types(KeyFamily::Aead) {
        let encrypted = material(key_type).encrypt(&NoEntropy, b"", b"");
        assert!(matches!(encrypted, Err(OperationError::Entropy(_))));
    }
}
