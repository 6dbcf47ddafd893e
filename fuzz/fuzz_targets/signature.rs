//! Signatures and HMACs as callers send them: nothing crashes, and only the genuine one is valid.

#![no_main]

use libfuzzer_sys::fuzz_target;
use strongroom_crypto::{KeyMaterial, SignRequest};
use strongroom_fuzz::{key, pick, spoilt};
use strongroom_types::{HashAlgorithm, KeyFamily, KeyType, SignatureScheme};
use versioned::{compose, take_apart};

#[allow(dead_code, missing_docs, unreachable_pub)]
#[path = "../../crates/engine/src/keys/versioned.rs"]
mod versioned;

const HASHES: [Option<HashAlgorithm>; 5] = [
    None,
    Some(HashAlgorithm::Sha224),
    Some(HashAlgorithm::Sha256),
    Some(HashAlgorithm::Sha384),
    Some(HashAlgorithm::Sha512),
];

const SCHEMES: [Option<SignatureScheme>; 3] = [
    None,
    Some(SignatureScheme::Pss),
    Some(SignatureScheme::Pkcs1v15),
];

fuzz_target!(|input: &[u8]| {
    let _ = run(input);
});

fn run(input: &[u8]) -> Option<()> {
    let (key_type, rest) = pick(&KeyType::ALL, input)?;
    let (hash, rest) = pick(&HASHES, rest)?;
    let (scheme, rest) = pick(&SCHEMES, rest)?;
    let (prehashed, rest) = pick(&[false, true], rest)?;
    let (genuine, rest) = pick(&[false, true], rest)?;
    let key = key(key_type);
    if key_type.family() == KeyFamily::Hmac {
        mac(key, hash, genuine, rest);
        return Some(());
    }
    let message = [9; 64];
    let length = hash.filter(|_| prehashed).map(HashAlgorithm::digest_len);
    let request = SignRequest {
        input: message.get(..length.unwrap_or(message.len()))?,
        prehashed,
        hash,
        scheme,
        context: b"",
    };
    if genuine {
        spoil(key, &request, rest);
        return Some(());
    }
    // As the API does it: what is no signature at all is not valid, and no error.
    let text = std::str::from_utf8(rest).ok();
    let apart = text.and_then(|text| Some((text, take_apart(text).ok()?)));
    let bytes = match apart {
        Some((text, (version, bytes))) => {
            assert_eq!(compose(version, &bytes), text);
            bytes
        }
        None => rest.to_vec(),
    };
    // Some types sign the same message the same way every time, and libFuzzer learns what that is.
    if let Ok(true) = key.verify(&request, &bytes) {
        assert_eq!(
            key.sign(&request).ok(),
            Some(bytes),
            "a foreign signature is valid"
        );
    }
    Some(())
}

/// A request that the key signs: its signature is valid, and no other made of it.
fn spoil(key: &KeyMaterial, request: &SignRequest<'_>, input: &[u8]) {
    let Ok(signature) = key.sign(request) else {
        let refused = key.verify(request, input);
        assert!(
            !matches!(refused, Ok(true)),
            "valid, though it cannot be signed"
        );
        return;
    };
    assert!(
        matches!(key.verify(request, &signature), Ok(true)),
        "its own signature is not valid"
    );
    if let Some(bytes) = spoilt(&signature, input) {
        assert!(
            matches!(key.verify(request, &bytes), Ok(false)),
            "a spoilt signature is valid"
        );
    }
}

fn mac(key: &KeyMaterial, hash: Option<HashAlgorithm>, genuine: bool, input: &[u8]) {
    let Ok(mac) = key.mac(b"a message", hash) else {
        assert!(key.verify_mac(b"a message", hash, input).is_err());
        return;
    };
    assert!(matches!(key.verify_mac(b"a message", hash, &mac), Ok(true)));
    let other = if genuine {
        spoilt(&mac, input)
    } else {
        Some(input.to_vec())
    };
    if let Some(bytes) = other.filter(|bytes| *bytes != mac) {
        assert!(
            matches!(key.verify_mac(b"a message", hash, &bytes), Ok(false)),
            "a foreign HMAC"
        );
    }
}
