//! Which rows to list.

use crate::Key;

/// A range of keys that share a prefix, and how much of it to return.
///
/// ```
/// # use strongroom_store::{Key, Scan};
/// let scan = Scan::prefix(*b"secret/").after(Key::from(b"secret/db".as_slice())).limit(50);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Only keys that begin with these bytes; all keys if it is empty.
    pub prefix: Vec<u8>,
    /// Only keys behind this one in the direction of the scan: where the last page ended.
    pub after: Option<Key>,
    /// Only this key and those behind it in the direction of the scan: where to seek to.
    pub from: Option<Key>,
    /// At most so many rows.
    pub limit: usize,
    /// From the greatest key to the least.
    pub reverse: bool,
}

impl Scan {
    /// Every row whose key begins with `prefix`, from the least key up.
    pub fn prefix(prefix: impl Into<Vec<u8>>) -> Self {
        Self {
            prefix: prefix.into(),
            after: None,
            from: None,
            limit: usize::MAX,
            reverse: false,
        }
    }

    /// Starts behind `key`.
    pub fn after(mut self, key: Key) -> Self {
        self.after = Some(key);
        self
    }

    /// Starts at `key`, or at the first key behind it.
    pub fn from(mut self, key: Key) -> Self {
        self.from = Some(key);
        self
    }

    /// Stops after `limit` rows.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes from the greatest key to the least.
    pub fn reverse(mut self) -> Self {
        self.reverse = true;
        self
    }

    /// The same range as one half-open interval, which any backend can ask for.
    pub(crate) fn interval(&self) -> Interval {
        let mut low = self.prefix.clone();
        let mut high = after_prefix(&self.prefix);
        let mut raise = |bound: Vec<u8>| low = std::mem::take(&mut low).max(bound);
        let mut lower = |bound: Vec<u8>| {
            if high.as_ref().is_none_or(|high| bound < *high) {
                high = Some(bound);
            }
        };
        if self.reverse {
            // Up to `after`, without it; up to `from`, with it.
            self.after
                .iter()
                .for_each(|key| lower(key.as_bytes().to_vec()));
            self.from.iter().for_each(|key| lower(successor(key)));
        } else {
            self.after.iter().for_each(|key| raise(successor(key)));
            self.from
                .iter()
                .for_each(|key| raise(key.as_bytes().to_vec()));
        }
        Interval { low, high }
    }
}

/// The keys from `low` on and below `high`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Interval {
    pub(crate) low: Vec<u8>,
    /// Without one, there is no end.
    pub(crate) high: Option<Vec<u8>>,
}

/// The least byte string above `key`.
fn successor(key: &Key) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.as_bytes().len().saturating_add(1));
    bytes.extend_from_slice(key.as_bytes());
    bytes.push(0);
    bytes
}

/// The least byte string above everything that begins with `prefix`.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(bytes: &[u8]) -> Key {
        Key::from(bytes)
    }

    #[track_caller]
    fn check(scan: Scan, low: &[u8], high: Option<&[u8]>) {
        let expected = Interval {
            low: low.to_vec(),
            high: high.map(<[u8]>::to_vec),
        };
        assert_eq!(scan.interval(), expected);
    }

    #[test]
    fn a_prefix_ends_where_the_next_begins() {
        check(Scan::prefix(*b"ab"), b"ab", Some(b"ac"));
        check(Scan::prefix(*b"a\xff"), b"a\xff", Some(b"b"));
        check(Scan::prefix(*b"\xff\xff"), b"\xff\xff", None);
        check(Scan::prefix(*b""), b"", None);
    }

    #[test]
    fn forwards_the_bounds_raise_the_start() {
        check(Scan::prefix(*b"a").after(key(b"ab")), b"ab\0", Some(b"b"));
        check(Scan::prefix(*b"a").from(key(b"ab")), b"ab", Some(b"b"));
        check(Scan::prefix(*b"b").from(key(b"a")), b"b", Some(b"c"));
        let both = Scan::prefix(*b"a").from(key(b"ab")).after(key(b"ac"));
        check(both, b"ac\0", Some(b"b"));
    }

    #[test]
    fn backwards_the_bounds_lower_the_end() {
        let scan = Scan::prefix(*b"a").reverse();
        check(scan.clone().after(key(b"ab")), b"a", Some(b"ab"));
        check(scan.clone().from(key(b"ab")), b"a", Some(b"ab\0"));
        check(scan.from(key(b"c")), b"a", Some(b"b"));
        check(
            Scan::prefix(*b"").reverse().after(key(b"z")),
            b"",
            Some(b"z"),
        );
    }
}
