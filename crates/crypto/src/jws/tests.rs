use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaEncoding,
};

use super::JwsAlgorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
use super::*;

const ALL: [JwsAlgorithm; 9] = [
    Rs256, Rs384, Rs512, Ps256, Ps384, Ps512, Es256, Es384, EdDsa,
];
const MESSAGE: &[u8] = b"header.payload";

fn insist(key: &ForeignKey, algorithm: JwsAlgorithm, signature: &[u8]) {
    assert_eq!(key.verify(algorithm, MESSAGE, signature), Ok(()));
    let wrong = Err(SignatureRefused::Wrong);
    assert_eq!(key.verify(algorithm, b"header.payloae", signature), wrong);
    assert_eq!(key.verify(algorithm, MESSAGE, &[]), wrong);
    let mut changed = signature.to_vec();
    changed[7] ^= 1;
    assert_eq!(key.verify(algorithm, MESSAGE, &changed), wrong);
}

#[test]
fn an_rsa_key_verifies_its_six_algorithms_and_no_other() {
    let pair = RsaPair::generate(KeySize::Rsa2048).unwrap();
    // RSAPublicKey (RFC 8017, A.1.1) of 2048 bits: nine bytes in front of the modulus.
    let public = pair.public_key().as_ref();
    let (n, e) = (&public[9..265], &[1, 0, 1][..]);
    let key = ForeignKey::rsa(n, e).unwrap();
    let sign = |encoding: &'static dyn RsaEncoding| {
        let mut signature = vec![0; 256];
        pair.sign(encoding, &SystemRandom::new(), MESSAGE, &mut signature)
            .unwrap();
        signature
    };
    insist(&key, Rs256, &sign(&RSA_PKCS1_SHA256));
    insist(&key, Rs384, &sign(&RSA_PKCS1_SHA384));
    insist(&key, Rs512, &sign(&RSA_PKCS1_SHA512));
    insist(&key, Ps256, &sign(&RSA_PSS_SHA256));
    insist(&key, Ps384, &sign(&RSA_PSS_SHA384));
    insist(&key, Ps512, &sign(&RSA_PSS_SHA512));
    let crossed = key.verify(Ps256, MESSAGE, &sign(&RSA_PKCS1_SHA256));
    assert_eq!(crossed, Err(SignatureRefused::Wrong));
    let other = Err(SignatureRefused::OtherKeyType);
    for algorithm in [Es256, Es384, EdDsa] {
        assert_eq!(
            key.verify(algorithm, MESSAGE, &sign(&RSA_PKCS1_SHA256)),
            other
        );
    }
    // Some issuers write a leading zero in front of the modulus.
    let padded = ForeignKey::rsa(&[&[0], n].concat(), &[&[0], e].concat()).unwrap();
    insist(&padded, Rs256, &sign(&RSA_PKCS1_SHA256));
}

#[test]
fn a_key_on_a_curve_verifies_one_algorithm() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
    let key = ForeignKey::p256(x, y).unwrap();
    let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    insist(&key, Es256, signature.as_ref());
    assert_eq!(ALL.into_iter().filter(|each| key.permits(*each)).count(), 1);

    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let key = ForeignKey::p384(x, y).unwrap();
    let signature = pair.sign(&SystemRandom::new(), MESSAGE).unwrap();
    insist(&key, Es384, signature.as_ref());
    assert_eq!(ALL.into_iter().filter(|each| key.permits(*each)).count(), 1);

    let pair = Ed25519KeyPair::generate().unwrap();
    let key = ForeignKey::ed25519(pair.public_key().as_ref()).unwrap();
    insist(&key, EdDsa, pair.sign(MESSAGE).as_ref());
    assert_eq!(ALL.into_iter().filter(|each| key.permits(*each)).count(), 1);
}

#[test]
fn what_is_no_key_is_refused() {
    let rsa = |bytes: usize, e: &[u8]| ForeignKey::rsa(&vec![0xC5; bytes], e).err();
    assert_eq!(rsa(128, &[1, 0, 1]), Some(ForeignKeyError::ModulusSize));
    assert_eq!(rsa(1025, &[1, 0, 1]), Some(ForeignKeyError::ModulusSize));
    assert_eq!(rsa(0, &[3]), Some(ForeignKeyError::ModulusSize));
    for e in [&[][..], &[1], &[0, 1], &[2], &[1; 8]] {
        assert_eq!(rsa(256, e), Some(ForeignKeyError::Exponent), "{e:?}");
    }
    let rejected = Some(ForeignKeyError::Rejected);
    assert_eq!(ForeignKey::p256(&[1; 32], &[1; 32]).err(), rejected);
    assert_eq!(ForeignKey::p256(&[0; 32], &[0; 32]).err(), rejected);
    assert_eq!(ForeignKey::p256(&[1; 31], &[1; 33]).err(), rejected);
    assert_eq!(ForeignKey::p384(&[1; 48], &[1; 48]).err(), rejected);
    assert_eq!(ForeignKey::ed25519(&[1; 31]).err(), rejected);
}

#[test]
fn algorithms_without_a_public_key_do_not_exist() {
    for word in [
        "none", "None", "", "HS256", "HS384", "HS512", "rs256", "ES512", "ES256K", "RS1",
    ] {
        assert_eq!(
            word.parse::<JwsAlgorithm>(),
            Err(UnsupportedAlgorithm),
            "{word}"
        );
    }
    assert_eq!("EdDSA".parse(), Ok(EdDsa));
    assert_eq!("PS512".parse(), Ok(Ps512));
}
