//! Against OpenSSL, in both directions. Wycheproof's vectors stand beside, in `vectors`.

use std::path::Path;
use std::process::Command;

use super::*;
use crate::testing::{flipped, material};
use crate::{KeyMaterial, SignRequest};

const MESSAGE: &[u8] = b"The quick brown fox jumps over the lazy dog";
const TYPES: [KeyType; 3] = [KeyType::Rsa2048, KeyType::Rsa3072, KeyType::Rsa4096];

/// A directory with the key in both halves and the message.
fn place(key: &KeyMaterial) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(place.path().join(name), bytes).unwrap();
    write("key.der", key.export_material().expose());
    write("public.pem", key.public_key().unwrap().as_text().as_bytes());
    write("message", MESSAGE);
    place
}

/// Whether OpenSSL ended well.
fn openssl(place: &Path, line: &str) -> bool {
    let mut run = Command::new("openssl");
    run.args(line.split_whitespace()).current_dir(place);
    run.output().unwrap().status.success()
}

/// The last arguments of `openssl dgst`.
fn padding(scheme: SignatureScheme) -> &'static str {
    match scheme {
        SignatureScheme::Pss => "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:28 message",
        SignatureScheme::Pkcs1v15 => "-sigopt rsa_padding_mode:pkcs1 message",
    }
}

fn request(scheme: SignatureScheme) -> SignRequest<'static> {
    SignRequest {
        input: MESSAGE,
        hash: Some(HashAlgorithm::Sha224),
        scheme: Some(scheme),
        ..SignRequest::default()
    }
}

#[test]
fn openssl_verifies_what_we_sign_and_we_verify_what_it_signs() {
    for key_type in TYPES {
        let key = material(key_type);
        let place = place(key);
        for scheme in [SignatureScheme::Pss, SignatureScheme::Pkcs1v15] {
            let options = padding(scheme);
            let ours = key.sign(&request(scheme)).unwrap();
            std::fs::write(place.path().join("ours"), ours).unwrap();
            let line = "dgst -sha224 -verify public.pem -signature ours";
            assert!(
                openssl(place.path(), &format!("{line} {options}")),
                "{key_type} {scheme}"
            );
            let line = "dgst -sha224 -sign key.der -keyform DER -out theirs";
            assert!(openssl(place.path(), &format!("{line} {options}")));
            let theirs = std::fs::read(place.path().join("theirs")).unwrap();
            assert!(key.verify(&request(scheme), &theirs).unwrap());
            for bit in (0..theirs.len() * 8).step_by(97) {
                let changed = flipped(&theirs, bit);
                assert!(!key.verify(&request(scheme), &changed).unwrap());
            }
            for cut in [0, 1, theirs.len() - 1] {
                assert!(!key.verify(&request(scheme), &theirs[..cut]).unwrap());
            }
        }
    }
}

/// A signature over one hash, with one scheme or with another salt is none over another.
#[test]
fn hashes_schemes_and_salts_are_not_mixed_up() {
    let key = material(KeyType::Rsa2048);
    let place = place(key);
    let pss = key.sign(&request(SignatureScheme::Pss)).unwrap();
    let pkcs1 = key.sign(&request(SignatureScheme::Pkcs1v15)).unwrap();
    let verifies = |request: SignRequest<'_>, signature: &[u8]| {
        let verified = key.verify(&request, signature);
        verified.unwrap()
    };
    assert!(!verifies(request(SignatureScheme::Pkcs1v15), &pss));
    assert!(!verifies(request(SignatureScheme::Pss), &pkcs1));
    for hash in [HashAlgorithm::Sha256, HashAlgorithm::Sha512] {
        for (scheme, signature) in [
            (SignatureScheme::Pss, &pss),
            (SignatureScheme::Pkcs1v15, &pkcs1),
        ] {
            let other = SignRequest {
                hash: Some(hash),
                ..request(scheme)
            };
            assert!(!verifies(other, signature));
            let signed = key.sign(&other).unwrap();
            assert!(!verifies(request(scheme), &signed));
        }
    }
    for salt in [0, 20, 32] {
        let line = "dgst -sha224 -sign key.der -keyform DER -out salted";
        let salt = format!("-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{salt} message");
        assert!(openssl(place.path(), &format!("{line} {salt}")));
        let signature = std::fs::read(place.path().join("salted")).unwrap();
        assert!(!verifies(request(SignatureScheme::Pss), &signature));
    }
}

#[test]
fn openssl_decrypts_what_we_encrypt_and_we_decrypt_what_it_encrypts() {
    let options = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha224 \
                   -pkeyopt rsa_mgf1_md:sha224";
    for key_type in TYPES {
        let key = material(key_type);
        let place = place(key);
        let sealed = seal(key.public_key().unwrap().as_spki(), MESSAGE).unwrap();
        std::fs::write(place.path().join("ours"), &sealed).unwrap();
        let line = "pkeyutl -decrypt -inkey key.der -keyform DER -in ours -out opened";
        assert!(openssl(place.path(), &format!("{line} {options}")));
        assert_eq!(std::fs::read(place.path().join("opened")).unwrap(), MESSAGE);
        let line = "pkeyutl -encrypt -pubin -inkey public.pem -in message -out theirs";
        assert!(openssl(place.path(), &format!("{line} {options}")));
        let theirs = std::fs::read(place.path().join("theirs")).unwrap();
        let secret = key.export_material();
        assert_eq!(open(&secret, &theirs).unwrap().expose(), MESSAGE);
        for bit in (0..theirs.len() * 8).step_by(97) {
            assert!(open(&secret, &flipped(&theirs, bit)).is_err());
        }
        for wrong in [&theirs[1..], &[0; 10], &[], &[0xff; 512]] {
            assert!(open(&secret, wrong).is_err());
        }
    }
}

#[test]
fn a_digest_is_signed_as_its_message_is() {
    let key = material(KeyType::Rsa2048);
    let message = request(SignatureScheme::Pkcs1v15);
    let digest = message.digest(HashAlgorithm::Sha224).unwrap();
    let prehashed = SignRequest {
        input: digest.as_ref(),
        prehashed: true,
        ..message
    };
    assert_eq!(key.sign(&message).unwrap(), key.sign(&prehashed).unwrap());
    let short = SignRequest {
        input: &digest.as_ref()[1..],
        ..prehashed
    };
    assert!(matches!(
        key.sign(&short),
        Err(OperationError::DigestLength { .. })
    ));
    // A key that the library does not take is told what it can be used with.
    let refused = verify(
        KeyType::Rsa2048,
        b"no key",
        SignatureScheme::Pss,
        digest.as_ref(),
        b"",
    );
    assert_eq!(
        refused.unwrap_err().to_string(),
        "a key of type rsa-2048 does not use sha224; it uses sha256, sha384, sha512"
    );
}
