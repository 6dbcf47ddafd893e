//! What a group of batches comes to, worked out before anything is written.

use strongroom_crypto::Sealed;

use super::effects::{self, Effect, Effects};
use crate::batch::{Parts, Write};
use crate::{Batch, Key, Revision, Row};

/// The joint effect of the batches that were admitted so far.
///
/// Each batch is judged against what is stored and what the batches before it change. Batches that
/// cannot be applied leave no trace.
pub(super) struct Plan {
    /// What each changed key will have.
    pub(super) effects: Effects,
    last: u64,
}

/// What becomes of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is part of the plan. Its rows get this revision.
    Write(Revision),
    /// It only checks, and everything is as it expects. The last commit has this revision.
    Holds(Revision),
    /// This key is not as it expects.
    Conflict(Key),
}

impl Plan {
    /// A plan that continues after the commit with this number.
    pub(super) fn after(last: u64) -> Self {
        Self {
            effects: Effects::new(),
            last,
        }
    }

    /// The number of its last commit.
    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Judges a batch and takes it into the plan if it can be applied. `stored` says at which
    /// revision a key is stored; its errors end the judgement.
    pub(super) fn admit<E>(
        &mut self,
        batch: Batch,
        mut stored: impl FnMut(&Key) -> Result<Option<Revision>, E>,
    ) -> Result<Verdict, E> {
        let Parts {
            expectations,
            writes,
        } = batch.into_parts();
        for (key, expectation) in expectations {
            let found = self.revision(&key, &mut stored)?;
            if !expectation.holds(found) {
                return Ok(Verdict::Conflict(key));
            }
        }
        if writes.is_empty() {
            return Ok(Verdict::Holds(Revision::from_u64(self.last)));
        }
        self.last = self.last.saturating_add(1);
        let revision = Revision::from_u64(self.last);
        let row = |value: Sealed| Some(Row { value, revision });
        for (key, write) in writes {
            let (row, new) = match write {
                Write::Put(value) => (row(value), false),
                Write::New(value) => (row(value), true),
                Write::Delete => (None, false),
            };
            debug_assert!(
                !new || self.revision(&key, &mut stored)?.is_none(),
                "{key:?} is written as new, but there is a row"
            );
            effects::add(&mut self.effects, key, Effect { row, new });
        }
        Ok(Verdict::Write(revision))
    }

    /// At which revision a key is, with what was admitted.
    fn revision<E>(
        &self,
        key: &Key,
        stored: impl FnOnce(&Key) -> Result<Option<Revision>, E>,
    ) -> Result<Option<Revision>, E> {
        match self.effects.get(key) {
            Some(effect) => Ok(effect.row.as_ref().map(|row| row.revision)),
            None => stored(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    fn key(name: &str) -> Key {
        Key::from(name.as_bytes())
    }

    fn value(text: &str) -> Sealed {
        Sealed::from_stored(text.as_bytes())
    }

    fn batch(build: impl FnOnce(&mut Batch)) -> Batch {
        let mut batch = Batch::new();
        build(&mut batch);
        batch
    }

    /// Judges against a store in which only `old` exists, at revision 7.
    fn admit(plan: &mut Plan, batch: Batch) -> Verdict {
        let stored = |asked: &Key| -> Result<_, Infallible> {
            Ok((*asked == key("old")).then(|| Revision::from_u64(7)))
        };
        plan.admit(batch, stored).unwrap()
    }

    #[test]
    fn each_batch_has_its_own_revision() {
        let mut plan = Plan::after(9);
        let put = batch(|batch| {
            batch.put(key("a"), value("1"));
        });
        let expected = |number| Verdict::Write(Revision::from_u64(number));
        assert_eq!(admit(&mut plan, put.clone()), expected(10));
        assert_eq!(admit(&mut plan, put), expected(11));
        let row = plan.effects.get(&key("a")).unwrap().row.as_ref().unwrap();
        assert_eq!(row.revision, Revision::from_u64(11));
        assert_eq!(plan.effects.len(), 1);
    }

    #[test]
    fn a_batch_sees_those_before_it() {
        let mut plan = Plan::after(9);
        let create = batch(|batch| {
            batch.expect_absent(key("a")).put(key("a"), value("1"));
        });
        admit(&mut plan, create.clone());
        assert_eq!(admit(&mut plan, create), Verdict::Conflict(key("a")));
        let replace = batch(|batch| {
            batch
                .expect_revision(key("a"), Revision::from_u64(10))
                .delete(key("a"));
        });
        assert_eq!(
            admit(&mut plan, replace),
            Verdict::Write(Revision::from_u64(11))
        );
        assert_eq!(plan.effects.get(&key("a")), Some(&Effect::over_any(None)));
    }

    #[test]
    fn a_conflict_changes_nothing() {
        let mut plan = Plan::after(9);
        let late = batch(|batch| {
            batch
                .put(key("b"), value("1"))
                .expect_revision(key("old"), Revision::from_u64(6));
        });
        assert_eq!(admit(&mut plan, late), Verdict::Conflict(key("old")));
        assert!(plan.effects.is_empty());
        assert_eq!(plan.last(), 9);
    }

    #[test]
    fn a_check_takes_no_revision() {
        let mut plan = Plan::after(9);
        let check = batch(|batch| {
            batch.expect_revision(key("old"), Revision::from_u64(7));
        });
        assert_eq!(
            admit(&mut plan, check),
            Verdict::Holds(Revision::from_u64(9))
        );
        assert_eq!(plan.last(), 9);
    }

    #[test]
    fn the_last_write_to_a_key_counts() {
        let mut plan = Plan::after(0);
        let batch = batch(|batch| {
            batch
                .put(key("a"), value("1"))
                .delete(key("a"))
                .put(key("a"), value("2"));
        });
        admit(&mut plan, batch);
        let row = plan.effects.get(&key("a")).unwrap().row.as_ref().unwrap();
        assert_eq!(row.value, value("2"));
    }
}
