//! Signing and verifying.

use proptest::prelude::*;
use strongroom_types::SignatureScheme;

use super::*;
use crate::testing::{flipped, material};

/// The hash functions that a type signs with, its own first; none for the one that has no choice.
fn hashes(key_type: KeyType) -> Vec<HashAlgorithm> {
    use HashAlgorithm::{Sha224, Sha256, Sha384, Sha512};
    match key_type {
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => {
            vec![Sha256, Sha224, Sha384, Sha512]
        }
        KeyType::EcdsaP256 => vec![Sha256, Sha224, Sha384, Sha512],
        KeyType::EcdsaP384 => vec![Sha384, Sha224, Sha256, Sha512],
        KeyType::EcdsaP521 => vec![Sha512, Sha224, Sha256, Sha384],
        _ => Vec::new(),
    }
}

#[test]
fn every_hash_of_a_type_signs_messages_and_digests_alike() {
    for key_type in signing_types() {
        let key = material(key_type);
        let offered = hashes(key_type);
        for hash in HashAlgorithm::ALL
            .into_iter()
            .filter(|_| !offered.is_empty())
        {
            let request = SignRequest {
                hash: Some(hash),
                ..message(b"text")
            };
            let digest = request.digest(hash).unwrap();
            let prehashed = SignRequest {
                input: digest.as_ref(),
                prehashed: true,
                ..request
            };
            if !offered.contains(&hash) {
                let refused = key.sign(&request);
                assert!(matches!(refused, Err(OperationError::Hash { .. })));
                continue;
            }
            for (one, other) in [(request, prehashed), (prehashed, request)] {
                let signature = key.sign(&one).unwrap();
                assert!(key.verify(&one, &signature).unwrap(), "{key_type} {hash}");
                assert!(key.verify(&other, &signature).unwrap(), "{key_type} {hash}");
                let own = key.verify(&message(b"text"), &signature).unwrap();
                assert_eq!(own, hash == offered[0], "{key_type} {hash}");
            }
        }
    }
}

#[test]
fn a_digest_must_have_the_length_of_its_hash() {
    for key_type in signing_types() {
        let key = material(key_type);
        for hash in hashes(key_type) {
            for length in [0, 1, 20, 28, 31, 32, 33, 48, 64, 65] {
                let request = SignRequest {
                    input: &vec![1; length],
                    prehashed: true,
                    hash: Some(hash),
                    ..SignRequest::default()
                };
                let right = length == hash.digest_len();
                let answers = [key.sign(&request).err(), key.verify(&request, b"").err()];
                for answer in answers {
                    match answer {
                        None => assert!(right, "{key_type} {hash} took {length}"),
                        Some(OperationError::DigestLength {
                            expected, found, ..
                        }) => {
                            assert!(!right);
                            assert_eq!((expected, found), (hash.digest_len(), length));
                        }
                        Some(error) => panic!("{key_type} {hash}: {error}"),
                    }
                }
            }
        }
    }
}

#[test]
fn what_a_type_does_not_take_is_refused_by_name() {
    for key_type in signing_types() {
        let key = material(key_type);
        let context = SignRequest {
            context: b"context",
            ..message(b"text")
        };
        let answers = [key.sign(&context).err(), key.verify(&context, b"").err()];
        for answer in answers {
            assert!(matches!(answer, Some(OperationError::Context { .. })));
        }
        for scheme in [SignatureScheme::Pss, SignatureScheme::Pkcs1v15] {
            let request = SignRequest {
                scheme: Some(scheme),
                ..message(b"text")
            };
            match key.sign(&request) {
                Ok(_) => assert_eq!(key_type.family(), KeyFamily::Rsa),
                Err(OperationError::Scheme { scheme: named, .. }) => {
                    assert_ne!(key_type.family(), KeyFamily::Rsa);
                    assert_eq!(named, scheme);
                }
                Err(error) => panic!("{key_type}: {error}"),
            }
        }
    }
    let prehashed = SignRequest {
        prehashed: true,
        ..message(&[0; 64])
    };
    let key = material(KeyType::Ed25519);
    let answers = [
        key.sign(&prehashed).err(),
        key.verify(&prehashed, b"").err(),
    ];
    for answer in answers {
        assert!(matches!(answer, Some(OperationError::Prehashed { .. })));
    }
}

#[test]
fn the_two_schemes_of_rsa_do_not_meet() {
    let key = material(KeyType::Rsa2048);
    let pss = message(b"text");
    let pkcs1 = SignRequest {
        scheme: Some(SignatureScheme::Pkcs1v15),
        ..pss
    };
    let (first, second) = (key.sign(&pss).unwrap(), key.sign(&pkcs1).unwrap());
    assert!(key.verify(&pss, &first).unwrap() && key.verify(&pkcs1, &second).unwrap());
    assert!(!key.verify(&pkcs1, &first).unwrap() && !key.verify(&pss, &second).unwrap());
    assert_ne!(key.sign(&pss).unwrap(), first);
    assert_eq!(key.sign(&pkcs1).unwrap(), second);
}

#[test]
fn signatures_have_the_sizes_of_their_types() {
    for (key_type, most) in [
        (KeyType::Rsa2048, 256),
        (KeyType::Rsa3072, 384),
        (KeyType::Rsa4096, 512),
        (KeyType::EcdsaP256, 72),
        (KeyType::EcdsaP384, 104),
        (KeyType::EcdsaP521, 139),
        (KeyType::Ed25519, 64),
    ] {
        let signature = material(key_type).sign(&message(b"text")).unwrap();
        let exact = key_type.family() != KeyFamily::Ecdsa;
        assert!(signature.len() <= most, "{key_type}");
        assert!(!exact || signature.len() == most, "{key_type}");
    }
}

#[test]
fn every_bit_of_a_signature_counts() {
    for key_type in [KeyType::EcdsaP256, KeyType::EcdsaP521, KeyType::Ed25519] {
        let key = material(key_type);
        let signature = key.sign(&message(b"text")).unwrap();
        for bit in 0..signature.len() * 8 {
            let changed = flipped(&signature, bit);
            let verified = key.verify(&message(b"text"), &changed).unwrap();
            assert!(!verified, "{key_type} bit {bit}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_signature_verifies_only_with_its_key_message_and_bits(
        input: Vec<u8>,
        other: Vec<u8>,
        bit: prop::sample::Index,
    ) {
        for key_type in signing_types().filter(|known| *known != KeyType::Rsa4096) {
            let key = material(key_type);
            let signature = key.sign(&message(&input)).unwrap();
            prop_assert!(key.verify(&message(&input), &signature).unwrap());
            let moved = key.verify(&message(&other), &signature).unwrap();
            prop_assert_eq!(moved, input == other);
            let changed = flipped(&signature, bit.index(signature.len() * 8));
            prop_assert!(!key.verify(&message(&input), &changed).unwrap());
            let cut = &signature[..bit.index(signature.len())];
            prop_assert!(!key.verify(&message(&input), cut).unwrap());
            let longer = [&signature[..], &[0]].concat();
            prop_assert!(!key.verify(&message(&input), &longer).unwrap());
            for stranger in signing_types().filter(|known| *known != key_type) {
                let verified = material(stranger).verify(&message(&input), &signature);
                prop_assert!(!verified.unwrap(), "{} verified for {}", stranger, key_type);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_signature(
        input: Vec<u8>,
        noise in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        for key_type in signing_types() {
            prop_assert!(!material(key_type).verify(&message(&input), &noise).unwrap());
        }
    }
}
