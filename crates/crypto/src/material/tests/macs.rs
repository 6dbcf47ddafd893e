//! HMACs.

use proptest::prelude::*;

use super::*;
use crate::testing::{flipped, material};

#[test]
fn the_hash_is_chosen_with_the_call_or_fixed_by_the_type() {
    use HashAlgorithm::{Sha224, Sha256, Sha384, Sha512};
    for (key_type, default, offered) in [
        (KeyType::Hmac, Sha256, &[Sha224, Sha256, Sha384, Sha512][..]),
        (KeyType::HmacSha256, Sha256, &[Sha256]),
        (KeyType::HmacSha512, Sha512, &[Sha512]),
    ] {
        let key = material(key_type);
        assert_eq!(key.mac(b"text", None).unwrap().len(), default.digest_len());
        for hash in HashAlgorithm::ALL {
            match key.mac(b"text", Some(hash)) {
                Ok(mac) => {
                    assert!(offered.contains(&hash), "{key_type} {hash}");
                    assert_eq!(mac.len(), hash.digest_len());
                    assert!(key.verify_mac(b"text", Some(hash), &mac).unwrap());
                    let same = key.verify_mac(b"text", None, &mac).unwrap();
                    assert_eq!(same, hash == default, "{key_type} {hash}");
                }
                Err(OperationError::Hash { offered: named, .. }) => {
                    assert!(!offered.contains(&hash), "{key_type} {hash}");
                    assert_eq!(named, offered);
                    let verified = key.verify_mac(b"text", Some(hash), b"");
                    assert!(matches!(verified, Err(OperationError::Hash { .. })));
                }
                Err(error) => panic!("{key_type} {hash}: {error}"),
            }
        }
    }
}

proptest! {
    #[test]
    fn a_mac_verifies_only_whole_and_with_its_input(
        input: Vec<u8>,
        other: Vec<u8>,
        bit: prop::sample::Index,
        noise: Vec<u8>,
    ) {
        for key_type in types(KeyFamily::Hmac) {
            let key = material(key_type);
            let mac = key.mac(&input, None).unwrap();
            prop_assert!(key.verify_mac(&input, None, &mac).unwrap());
            prop_assert_eq!(key.verify_mac(&other, None, &mac).unwrap(), input == other);
            let changed = flipped(&mac, bit.index(mac.len() * 8));
            prop_assert!(!key.verify_mac(&input, None, &changed).unwrap());
            let cut = &mac[..bit.index(mac.len())];
            prop_assert!(!key.verify_mac(&input, None, cut).unwrap());
            prop_assert!(!key.verify_mac(&input, None, &noise).unwrap());
        }
    }
}
