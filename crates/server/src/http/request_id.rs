//! Names of calls.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Hands out names that no other call has, of this process or another: a random half that is
/// drawn at the start, and a count.
pub(super) struct RequestIds {
    process: u64,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        // The standard library's own source of process-wide randomness: names are no secrets.
        Self {
            process: RandomState::new().hash_one("request"),
            count: AtomicU64::new(0),
        }
    }

    pub(super) fn next(&self) -> String {
        const DIGITS: [u8; 16] = *b"0123456789abcdef";
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let mut id = String::with_capacity(28);
        for (number, digits) in [(self.process, 16), (count, 12)] {
            for place in (0..digits).rev() {
                let digit = (number >> (4 * place)) & 15;
                id.push(
                    DIGITS
                        .get(digit as usize)
                        .map_or('0', |byte| char::from(*byte)),
                );
            }
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ() {
        let (one, other) = (RequestIds::new(), RequestIds::new());
        let names = [one.next(), one.next(), other.next()];
        assert_eq!(names[0].len(), 28);
        assert_eq!(names[0].split_at(16).0, names[1].split_at(16).0);
        assert_ne!(names[0], names[1]);
        assert_ne!(names[0].split_at(16).0, names[2].split_at(16).0);
    }
}
