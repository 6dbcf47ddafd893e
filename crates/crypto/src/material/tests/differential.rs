//! The same computations by another implementation, RustCrypto's, on random input.

use ::rsa::pkcs8::{DecodePrivateKey, DecodePublicKey};
use ::rsa::sha2::{Digest as _, Sha256, Sha384, Sha512};
use ::rsa::{Oaep, PrivateKey};
use proptest::prelude::*;
use strongroom_types::SignatureScheme;

use super::*;
use crate::SystemEntropy;
use crate::testing::{Rng, material};

const HASHES: [HashAlgorithm; 3] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
];

fn digest(hash: HashAlgorithm, input: &[u8]) -> Vec<u8> {
    match hash {
        HashAlgorithm::Sha224 => ::rsa::sha2::Sha224::digest(input).to_vec(),
        HashAlgorithm::Sha256 => Sha256::digest(input).to_vec(),
        HashAlgorithm::Sha384 => Sha384::digest(input).to_vec(),
        HashAlgorithm::Sha512 => Sha512::digest(input).to_vec(),
    }
}

/// Calls one of their methods with a hash function as its type.
macro_rules! with {
    ($hash:expr, $key:ident . $method:ident ( $($argument:expr),* )) => {
        match $hash {
            HashAlgorithm::Sha256 => $key.$method::<Sha256>($($argument),*),
            HashAlgorithm::Sha384 => $key.$method::<Sha384>($($argument),*),
            _ => $key.$method::<Sha512>($($argument),*),
        }
    };
}

/// Our key as theirs, by way of the exported document and the shown public key.
fn theirs(key: &KeyMaterial) -> (PrivateKey, ::rsa::PublicKey) {
    let document = key.export_material();
    let private = PrivateKey::from_pkcs8_der(document.expose()).unwrap();
    let text = key.public_key().unwrap().as_text();
    let public = ::rsa::PublicKey::from_public_key_pem(text).unwrap();
    assert_eq!(private.to_public_key(), public);
    (private, public)
}

#[test]
fn rsa_signatures_are_the_same_or_verify_both_ways() {
    for key_type in types(KeyFamily::Rsa) {
        let key = material(key_type);
        let (private, public) = theirs(key);
        for hash in HASHES {
            let input = crate::random::<37>(&SystemEntropy).unwrap();
            let hashed = digest(hash, &input);
            let by = |scheme| SignRequest {
                hash: Some(hash),
                scheme: Some(scheme),
                ..message(&input)
            };

            let request = by(SignatureScheme::Pkcs1v15);
            let ours = key.sign(&request).unwrap();
            let theirs = with!(hash, private.pkcs1v15_sign_prehash(&hashed));
            assert_eq!(theirs.unwrap(), ours);

            let request = by(SignatureScheme::Pss);
            let ours = key.sign(&request).unwrap();
            assert!(with!(hash, public.pss_verify_prehash(&hashed, &ours)).is_ok());
            let signed = with!(hash, private.pss_sign_prehash(&hashed));
            assert!(key.verify(&request, &signed.unwrap()).unwrap());
        }
    }
}

#[test]
fn rsa_ciphertexts_decrypt_both_ways() {
    for key_type in types(KeyFamily::Rsa) {
        let key = material(key_type);
        let (private, public) = theirs(key);
        let text = crate::random::<64>(&SystemEntropy).unwrap();

        let ours = key.encrypt(&SystemEntropy, b"", &text).unwrap();
        let opened = private.oaep_decrypt::<Sha256>(&ours).unwrap();
        assert_eq!(opened, text);
        let labelled = key.encrypt(&SystemEntropy, b"label", &text).unwrap();
        let padding = || Oaep::<Sha256>::new_with_label(*b"label");
        assert_eq!(private.decrypt(padding(), &labelled).unwrap(), text);

        let sealed = public.oaep_encrypt::<Sha256>(&text);
        let opened = key.decrypt(b"", &sealed.unwrap()).unwrap();
        assert_eq!(opened.expose(), text);
        let sealed = public.encrypt(&mut Rng, padding(), &text).unwrap();
        assert_eq!(key.decrypt(b"label", &sealed).unwrap().expose(), text);
    }
}

/// One curve: our signatures verify there and theirs here, for each hash function that they take.
macro_rules! ecdsa {
    ($name:ident, $library:ident, $key_type:expr, $hashes:expr) => {
        #[test]
        fn $name() {
            use $library::ecdsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
            use $library::ecdsa::{DerSignature, SigningKey, VerifyingKey};
            use $library::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};

            let key = material($key_type);
            let document = key.export_material();
            let private = $library::SecretKey::from_pkcs8_der(document.expose()).unwrap();
            let signer = SigningKey::from(&private);
            let spki = key.public_key().unwrap().as_spki();
            let verifier = VerifyingKey::from_public_key_der(spki).unwrap();
            for hash in $hashes {
                for _ in 0..20 {
                    let input = crate::random::<37>(&SystemEntropy).unwrap();
                    let hashed = digest(hash, &input);
                    let request = SignRequest {
                        hash: Some(hash),
                        ..message(&input)
                    };
                    let ours = DerSignature::from_bytes(&key.sign(&request).unwrap()).unwrap();
                    assert!(verifier.verify_prehash(&hashed, &ours).is_ok(), "{hash}");
                    let signed: DerSignature = signer.sign_prehash(&hashed).unwrap();
                    assert!(key.verify(&request, signed.as_bytes()).unwrap(), "{hash}");
                }
            }
        }
    };
}

ecdsa!(ecdsa_p256, p256, KeyType::EcdsaP256, HashAlgorithm::ALL);
ecdsa!(ecdsa_p384, p384, KeyType::EcdsaP384, HashAlgorithm::ALL);
// Theirs refuses digests shorter than half the curve's field.
ecdsa!(
    ecdsa_p521,
    p521,
    KeyType::EcdsaP521,
    HASHES[1..].iter().copied()
);

/// The library's own pairs of curve and hash function, instead of our numbers.
#[test]
fn ecdsa_as_the_library_pairs_curves_and_hashes() {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
        ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA224_ASN1, ECDSA_P521_SHA256_ASN1,
        ECDSA_P521_SHA384_ASN1, UnparsedPublicKey,
    };
    for (key_type, hash, pair) in [
        (
            KeyType::EcdsaP256,
            HashAlgorithm::Sha384,
            &ECDSA_P256_SHA384_ASN1,
        ),
        (
            KeyType::EcdsaP256,
            HashAlgorithm::Sha512,
            &ECDSA_P256_SHA512_ASN1,
        ),
        (
            KeyType::EcdsaP384,
            HashAlgorithm::Sha256,
            &ECDSA_P384_SHA256_ASN1,
        ),
        (
            KeyType::EcdsaP384,
            HashAlgorithm::Sha512,
            &ECDSA_P384_SHA512_ASN1,
        ),
        (
            KeyType::EcdsaP521,
            HashAlgorithm::Sha224,
            &ECDSA_P521_SHA224_ASN1,
        ),
        (
            KeyType::EcdsaP521,
            HashAlgorithm::Sha256,
            &ECDSA_P521_SHA256_ASN1,
        ),
        (
            KeyType::EcdsaP521,
            HashAlgorithm::Sha384,
            &ECDSA_P521_SHA384_ASN1,
        ),
    ] {
        let key = material(key_type);
        let spki = key.public_key().unwrap().as_spki();
        let request = SignRequest {
            hash: Some(hash),
            ..message(b"text")
        };
        let signature = key.sign(&request).unwrap();
        let verified = UnparsedPublicKey::new(pair, spki).verify(b"text", &signature);
        assert!(verified.is_ok(), "{key_type} {hash}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ed25519_signatures_are_the_same(input: Vec<u8>) {
        use ed25519_dalek::{Signer, SigningKey};
        let key = material(KeyType::Ed25519);
        let document = key.export_material();
        let seed = document.expose().last_chunk::<32>().unwrap();
        let signer = SigningKey::from_bytes(seed);
        let ours = key.sign(&message(&input)).unwrap();
        prop_assert_eq!(&signer.sign(&input).to_bytes()[..], &ours[..]);
        let public = data_encoding::BASE64.encode(signer.verifying_key().as_bytes());
        prop_assert_eq!(key.public_key().unwrap().as_text(), public);
    }

    #[test]
    fn hmacs_are_the_same(input: Vec<u8>) {
        use hmac::{Hmac, KeyInit, Mac};
        macro_rules! theirs {
            ($hash:ty, $key_type:expr) => {{
                let secret = material($key_type).export_material();
                let mut mac = Hmac::<$hash>::new_from_slice(secret.expose()).unwrap();
                mac.update(&input);
                mac.finalize().into_bytes().to_vec()
            }};
        }
        let ours = |key_type, hash| material(key_type).mac(&input, hash).unwrap();
        let sha224 = Some(HashAlgorithm::Sha224);
        let sha384 = Some(HashAlgorithm::Sha384);
        let sha512 = Some(HashAlgorithm::Sha512);
        prop_assert_eq!(ours(KeyType::Hmac, None), theirs!(sha2::Sha256, KeyType::Hmac));
        prop_assert_eq!(ours(KeyType::Hmac, sha224), theirs!(sha2::Sha224, KeyType::Hmac));
        prop_assert_eq!(ours(KeyType::Hmac, sha384), theirs!(sha2::Sha384, KeyType::Hmac));
        prop_assert_eq!(ours(KeyType::Hmac, sha512), theirs!(sha2::Sha512, KeyType::Hmac));
        let (sha256, sha512) = (KeyType::HmacSha256, KeyType::HmacSha512);
        prop_assert_eq!(ours(sha256, None), theirs!(sha2::Sha256, sha256));
        prop_assert_eq!(ours(sha512, None), theirs!(sha2::Sha512, sha512));
    }
}
