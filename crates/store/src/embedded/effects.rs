//! What commits come to, key by key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::{Key, Row};

/// What each changed key has after some commits. In key order, because neighbours share pages.
pub(super) type Effects = BTreeMap<Key, Effect>;

/// What one key has after some commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Effect {
    /// Its row, or `None` if that was deleted.
    pub(super) row: Option<Row>,
    /// Before these commits there was no row, so that none is cached and nothing below shows one.
    pub(super) new: bool,
}

impl Effect {
    /// Over whatever was there before.
    pub(super) fn over_any(row: Option<Row>) -> Self {
        Self { row, new: false }
    }

    /// Whether the key is as it was before.
    pub(super) fn is_nothing(&self) -> bool {
        self.new && self.row.is_none()
    }

    /// Adds what a later commit did to the same key. Whether the row was new is decided by the first.
    pub(super) fn and_then(&mut self, later: Self) {
        self.row = later.row;
    }
}

/// Adds what a later commit did to a key.
pub(super) fn add(effects: &mut Effects, key: Key, later: Effect) {
    match effects.entry(key) {
        Entry::Vacant(place) => {
            place.insert(later);
        }
        Entry::Occupied(mut place) => place.get_mut().and_then(later),
    }
}

/// As [`add`], and forgets keys that are as they were before.
pub(super) fn add_net(effects: &mut Effects, key: Key, later: Effect) {
    match effects.entry(key) {
        Entry::Vacant(place) => {
            if !later.is_nothing() {
                place.insert(later);
            }
        }
        Entry::Occupied(mut place) => {
            place.get_mut().and_then(later);
            if place.get().is_nothing() {
                place.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::Sealed;

    use super::*;
    use crate::Revision;

    fn key() -> Key {
        Key::from(b"key".as_slice())
    }

    fn row(revision: u64) -> Option<Row> {
        Some(Row {
            value: Sealed::from_stored(*b"value"),
            revision: Revision::from_u64(revision),
        })
    }

    fn new(row: Option<Row>) -> Effect {
        Effect { row, new: true }
    }

    /// What is left of these effects on one key.
    fn net(effects: impl IntoIterator<Item = Effect>) -> Option<Effect> {
        let mut net = Effects::new();
        for effect in effects {
            add_net(&mut net, key(), effect);
        }
        net.remove(&key())
    }

    #[test]
    fn the_last_effect_counts_and_the_first_says_whether_the_row_is_new() {
        let replaced = [new(row(1)), Effect::over_any(row(2))];
        assert_eq!(net(replaced), Some(new(row(2))));
        let restored = [Effect::over_any(None), new(row(2))];
        assert_eq!(net(restored), Some(Effect::over_any(row(2))));
    }

    #[test]
    fn a_new_row_that_is_deleted_leaves_no_trace() {
        let deleted = || Effect::over_any(None);
        assert_eq!(net([new(row(1)), deleted()]), None);
        assert_eq!(net([new(None)]), None);
        assert_eq!(net([Effect::over_any(row(1)), deleted()]), Some(deleted()));
        assert_eq!(net([deleted(), new(row(1)), deleted()]), Some(deleted()));
    }

    #[test]
    fn within_a_group_even_nothing_is_kept_for_the_log() {
        let mut effects = Effects::new();
        add(&mut effects, key(), new(row(1)));
        add(&mut effects, key(), Effect::over_any(None));
        assert_eq!(effects.get(&key()), Some(&new(None)));
    }
}
