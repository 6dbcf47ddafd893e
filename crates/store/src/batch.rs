//! One conditional batch: what must hold, and what to write if it does.

use strongroom_crypto::Sealed;

use crate::{Key, Revision};

/// What a row must be for a batch to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expectation {
    Absent,
    At(Revision),
}

impl Expectation {
    /// Whether a row with this revision, or no row, is as expected.
    pub(crate) fn holds(self, found: Option<Revision>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::At(revision) => found == Some(revision),
        }
    }
}

/// What a batch does to the row under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Put(Sealed),
    /// As `Put`, where there is no row now.
    New(Sealed),
    Delete,
}

/// Expectations and writes that [`Store::commit`](crate::Store::commit) applies all or not at all.
///
/// Expectations are about the state before the batch. Of several writes to one key the last counts.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    expectations: Vec<(Key, Expectation)>,
    writes: Vec<(Key, Write)>,
    bytes: usize,
}

/// A batch taken apart for a backend.
pub(crate) struct Parts {
    pub(crate) expectations: Vec<(Key, Expectation)>,
    pub(crate) writes: Vec<(Key, Write)>,
}

impl Batch {
    /// The most bytes, keys and values together, that one batch may hold: 64 MiB.
    pub const MAX_BYTES: usize = 64 << 20;

    /// A batch that expects and changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies only if there is no row under `key`.
    pub fn expect_absent(&mut self, key: Key) -> &mut Self {
        self.expect(key, Expectation::Absent)
    }

    /// Applies only if the row under `key` was last written at `revision`.
    pub fn expect_revision(&mut self, key: Key, revision: Revision) -> &mut Self {
        self.expect(key, Expectation::At(revision))
    }

    fn expect(&mut self, key: Key, expectation: Expectation) -> &mut Self {
        self.bytes = self.bytes.saturating_add(key.as_bytes().len());
        self.expectations.push((key, expectation));
        self
    }

    /// Writes the row under `key`, whether or not there is one.
    pub fn put(&mut self, key: Key, value: Sealed) -> &mut Self {
        self.write(key, Write::Put(value))
    }

    /// Writes the row under `key`, where there is none now: its name is random, say, or what the
    /// batch expects implies it. A store need not look for one then, and forgets a row that is
    /// deleted soon without a trace.
    ///
    /// Nothing checks that in a release build: a row that is there all the same may be read instead,
    /// and may come back once this one is deleted. [`Batch::expect_absent`] is for whoever does not
    /// know.
    pub fn put_new(&mut self, key: Key, value: Sealed) -> &mut Self {
        self.write(key, Write::New(value))
    }

    /// Removes the row under `key`, if there is one.
    pub fn delete(&mut self, key: Key) -> &mut Self {
        self.write(key, Write::Delete)
    }

    fn write(&mut self, key: Key, write: Write) -> &mut Self {
        let value_bytes = match &write {
            Write::Put(value) | Write::New(value) => value.as_stored().len(),
            Write::Delete => 0,
        };
        let bytes = key.as_bytes().len().saturating_add(value_bytes);
        self.bytes = self.bytes.saturating_add(bytes);
        self.writes.push((key, write));
        self
    }

    /// Whether it neither expects nor writes anything.
    pub fn is_empty(&self) -> bool {
        self.expectations.is_empty() && self.writes.is_empty()
    }

    /// Bytes of all keys and values in it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            expectations: self.expectations,
            writes: self.writes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_knows_its_size() {
        let key = Key::from(b"key".as_slice());
        let mut batch = Batch::new();
        assert!(batch.is_empty());
        batch
            .expect_absent(key.clone())
            .put(key.clone(), Sealed::from_stored(*b"value"))
            .delete(key);
        assert!(!batch.is_empty());
        assert_eq!(batch.bytes(), 3 + 8 + 3);
    }

    #[test]
    fn an_expectation_compares_exactly() {
        let one = Revision::from_u64(1);
        assert!(Expectation::Absent.holds(None));
        assert!(!Expectation::Absent.holds(Some(one)));
        assert!(Expectation::At(one).holds(Some(one)));
        assert!(!Expectation::At(one).holds(Some(Revision::from_u64(2))));
        assert!(!Expectation::At(one).holds(None));
    }
}
