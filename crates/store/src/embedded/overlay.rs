//! What is committed but not in the database yet, in memory and in key order.
//!
//! There are at most two generations: commits are added to the *active* one, and the *frozen* one is
//! on its way into the database. Whoever looks holds the lock for reading, so that publishing a
//! group is one instant for everybody.

use std::mem;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::{RwLock, RwLockReadGuard};

use super::effects::{self, Effect, Effects};
use crate::scan::Interval;
use crate::{Key, Row};

/// Both generations.
pub(super) struct Overlay(RwLock<Layers>);

/// Both generations, and from where on they begin.
pub(super) struct Layers {
    active: Effects,
    frozen: Option<Arc<Effects>>,
    /// The database is to be read as it is with this generation, or with the one after it.
    applied: u64,
}

/// What the overlay knows about a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The row that it has, or that it was deleted.
    Here(Option<Row>),
    /// Nothing: the database knows, if it has at least this generation.
    Below(u64),
}

/// Changes in one range, in the direction of the scan.
#[derive(Debug)]
pub(super) struct Changes(pub(super) Vec<(Key, Option<Row>)>);

impl Overlay {
    /// Nothing, over a database with this generation.
    pub(super) fn over(applied: u64) -> Self {
        Self(RwLock::new(Layers {
            active: Effects::new(),
            frozen: None,
            applied,
        }))
    }

    pub(super) fn find(&self, key: &Key) -> Found {
        let layers = self.0.read();
        let frozen = || layers.frozen.as_ref().and_then(|frozen| frozen.get(key));
        match layers.active.get(key).or_else(frozen) {
            Some(effect) => Found::Here(effect.row.clone()),
            None => Found::Below(layers.applied),
        }
    }

    /// Everything as it is, until the guard is dropped.
    pub(super) fn read(&self) -> RwLockReadGuard<'_, Layers> {
        self.0.read()
    }

    /// Publishes the joint effect of a group.
    pub(super) fn add(&self, effects: &Effects) {
        let mut layers = self.0.write();
        for (key, effect) in effects {
            effects::add_net(&mut layers.active, key.clone(), effect.clone());
        }
    }

    /// Makes the active generation the frozen one, and begins another. There must be no frozen one.
    pub(super) fn freeze(&self) -> Arc<Effects> {
        let mut layers = self.0.write();
        let frozen = Arc::new(mem::take(&mut layers.active));
        layers.frozen = Some(frozen.clone());
        frozen
    }

    /// Drops the frozen generation, which the database has now.
    pub(super) fn drop_frozen(&self, generation: u64) {
        let mut layers = self.0.write();
        layers.applied = generation;
        let frozen = layers.frozen.take();
        drop(layers);
        // It may be large, and nobody need wait for it to go.
        drop(frozen);
    }
}

impl Layers {
    pub(super) fn applied(&self) -> u64 {
        self.applied
    }

    /// The changes in a range. With a limit, those are enough that lead to so many rows.
    pub(super) fn changes(&self, interval: &Interval, reverse: bool, limit: usize) -> Changes {
        let low = Bound::Included(interval.low.as_slice());
        let high = match &interval.high {
            Some(high) if *high <= interval.low => return Changes(Vec::new()),
            Some(high) => Bound::Excluded(high.as_slice()),
            None => Bound::Unbounded,
        };
        let nothing = Effects::new();
        let frozen = self.frozen.as_deref().unwrap_or(&nothing);
        let active = self.active.range::<[u8], _>((low, high));
        let frozen = frozen.range::<[u8], _>((low, high));
        Changes(if reverse {
            let before = |one: &Key, other: &Key| one > other;
            join(active.rev(), frozen.rev(), before, limit)
        } else {
            join(active, frozen, |one, other| one < other, limit)
        })
    }
}

/// Both in order; where they have the same key, the first of them counts.
fn join<'a>(
    active: impl Iterator<Item = (&'a Key, &'a Effect)>,
    frozen: impl Iterator<Item = (&'a Key, &'a Effect)>,
    before: impl Fn(&Key, &Key) -> bool,
    limit: usize,
) -> Vec<(Key, Option<Row>)> {
    let (mut active, mut frozen) = (active.peekable(), frozen.peekable());
    let mut changes = Vec::new();
    let mut rows = 0;
    while rows < limit {
        let newer = match (active.peek(), frozen.peek()) {
            (None, None) => break,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (Some((one, _)), Some((other, _))) if one == other => {
                frozen.next();
                true
            }
            (Some((one, _)), Some((other, _))) => before(one, other),
        };
        let next = if newer { active.next() } else { frozen.next() };
        if let Some((key, Effect { row, .. })) = next {
            rows = rows.saturating_add(usize::from(row.is_some()));
            changes.push((key.clone(), row.clone()));
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::Sealed;

    use super::*;
    use crate::{Revision, Scan};

    fn effects(rows: &[(&str, Option<u64>)]) -> Effects {
        rows.iter()
            .map(|&(name, revision)| {
                let effect = Effect::over_any(revision.map(row));
                (Key::from(name.as_bytes()), effect)
            })
            .collect()
    }

    fn row(revision: u64) -> Row {
        Row {
            value: Sealed::from_stored(*b"value"),
            revision: Revision::from_u64(revision),
        }
    }

    fn find(overlay: &Overlay, name: &str) -> Found {
        overlay.find(&Key::from(name.as_bytes()))
    }

    fn names(overlay: &Overlay, scan: &Scan) -> Vec<String> {
        let layers = overlay.read();
        let Changes(changes) = layers.changes(&scan.interval(), scan.reverse, scan.limit);
        let name = |key: &Key| String::from_utf8_lossy(key.as_bytes()).into_owned();
        let mark = |row: &Option<Row>| row.as_ref().map_or(0, |row| row.revision.as_u64());
        let shown = changes.iter();
        shown
            .map(|(key, row)| format!("{}{}", name(key), mark(row)))
            .collect()
    }

    #[test]
    fn the_active_generation_hides_the_frozen_one_and_that_the_database() {
        let overlay = Overlay::over(4);
        overlay.add(&effects(&[("a", Some(1)), ("b", Some(1)), ("c", None)]));
        overlay.freeze();
        overlay.add(&effects(&[("b", Some(2)), ("a", None)]));
        assert_eq!(find(&overlay, "a"), Found::Here(None));
        assert_eq!(find(&overlay, "b"), Found::Here(Some(row(2))));
        assert_eq!(find(&overlay, "c"), Found::Here(None));
        assert_eq!(find(&overlay, "d"), Found::Below(4));
        overlay.drop_frozen(5);
        assert_eq!(find(&overlay, "c"), Found::Below(5));
        assert_eq!(find(&overlay, "b"), Found::Here(Some(row(2))));
    }

    #[test]
    fn a_new_row_is_forgotten_while_its_generation_is_active() {
        let overlay = Overlay::over(4);
        let new = |name: &str| {
            let effect = Effect {
                row: Some(row(1)),
                new: true,
            };
            Effects::from([(Key::from(name.as_bytes()), effect)])
        };
        overlay.add(&new("a"));
        overlay.add(&new("b"));
        assert_eq!(find(&overlay, "a"), Found::Here(Some(row(1))));
        overlay.add(&effects(&[("a", None)]));
        assert_eq!(find(&overlay, "a"), Found::Below(4));
        let frozen = overlay.freeze();
        assert_eq!(frozen.len(), 1);
        overlay.add(&effects(&[("b", None)]));
        assert_eq!(find(&overlay, "b"), Found::Here(None));
        overlay.drop_frozen(5);
        assert_eq!(find(&overlay, "b"), Found::Here(None));
    }

    #[test]
    fn both_generations_are_scanned_as_one() {
        let overlay = Overlay::over(0);
        overlay.add(&effects(&[("a", Some(1)), ("c", Some(1)), ("e", None)]));
        overlay.freeze();
        overlay.add(&effects(&[("b", Some(2)), ("c", None), ("d", Some(2))]));
        let all = Scan::prefix(*b"");
        assert_eq!(names(&overlay, &all), ["a1", "b2", "c0", "d2", "e0"]);
        let reverse = all.clone().reverse();
        assert_eq!(names(&overlay, &reverse), ["e0", "d2", "c0", "b2", "a1"]);
        assert_eq!(names(&overlay, &all.clone().limit(2)), ["a1", "b2"]);
        assert_eq!(names(&overlay, &all.clone().limit(3)).len(), 4);
        let from = all.from(Key::from(b"c".as_slice()));
        assert_eq!(names(&overlay, &from), ["c0", "d2", "e0"]);
        let empty = Scan::prefix(*b"b").from(Key::from(b"c".as_slice()));
        assert!(names(&overlay, &empty).is_empty());
    }
}
