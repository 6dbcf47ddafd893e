//! Comparing secrets.

use aws_lc_rs::constant_time::verify_slices_are_equal;

/// Whether both are equal, in a time that tells nothing of where they differ.
///
/// Different lengths answer at once: a length is no secret here.
#[must_use]
pub fn constant_time_eq(left: &[u8], right: &[u8]) -> bool {
    verify_slices_are_equal(left, right).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_equal_bytes_are_equal() {
        assert!(constant_time_eq(b"", b""));
        assert!(constant_time_eq(b"abc", b"abc"));
        for other in [&b"abd"[..], b"ab", b"abcd", b"bbc", b""] {
            assert!(!constant_time_eq(b"abc", other), "{other:?}");
        }
    }
}
