//! Random histories, compared with a map in memory.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use strongroom_store::{
    Batch, CommitError, CommitFault, EmbeddedOptions, FaultPlan, Key, Revision, Row, Scan, Store,
};

use crate::fixture::{Place, value};

type Expectations = [(Key, Expected)];

/// `None` deletes; otherwise a value of so many bytes.
type Writes = [(Key, Option<usize>)];

#[derive(Clone, Debug)]
enum Step {
    Commit {
        expectations: Vec<(Key, Expected)>,
        writes: Vec<(Key, Option<usize>)>,
        fault: Option<CommitFault>,
    },
    Get(Key),
    Scan(Scan),
    Reopen,
}

#[derive(Clone, Copy, Debug)]
enum Expected {
    Absent,
    /// The revision that the row has, or one that none has.
    Present,
    Wrong,
    /// Whatever is true.
    AsIs,
}

fn keys() -> impl Strategy<Value = Key> {
    vec(prop::sample::select(vec![0, b'a', b'b', 0xff]), 0..3).prop_map(Key::from)
}

fn expectations() -> impl Strategy<Value = Expected> {
    prop_oneof![
        1 => Just(Expected::Absent),
        1 => Just(Expected::Present),
        1 => Just(Expected::Wrong),
        7 => Just(Expected::AsIs),
    ]
}

fn sizes() -> impl Strategy<Value = Option<usize>> {
    prop_oneof![
        2 => Just(None),
        6 => (0..600_usize).prop_map(Some),
        1 => (15_000..40_000_usize).prop_map(Some),
    ]
}

fn faults() -> impl Strategy<Value = Option<CommitFault>> {
    prop_oneof![
        8 => Just(None),
        1 => Just(Some(CommitFault::NotApplied)),
        1 => Just(Some(CommitFault::LostBefore)),
        1 => Just(Some(CommitFault::LostAfter)),
    ]
}

prop_compose! {
    fn scans()(
        prefix in vec(prop::sample::select(vec![0, b'a', b'b', 0xff]), 0..2),
        after in prop::option::of(keys()),
        from in prop::option::of(keys()),
        limit in prop_oneof![Just(usize::MAX), 0..6_usize],
        reverse: bool,
    ) -> Scan {
        Scan { prefix, after, from, limit, reverse }
    }
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (vec((keys(), expectations()), 0..3), vec((keys(), sizes()), 0..5), faults())
            .prop_map(|(expectations, writes, fault)| Step::Commit {
                expectations,
                writes,
                fault,
            }),
        10 => keys().prop_map(Step::Get),
        5 => scans().prop_map(Step::Scan),
        1 => Just(Step::Reopen),
    ]
}

/// What the store should hold.
#[derive(Default)]
struct Model {
    rows: BTreeMap<Key, Row>,
    last: u64,
    /// Makes every value another.
    written: u8,
}

impl Model {
    /// The batch of a step, and the key at which it conflicts with the present state, if any.
    fn batch(&mut self, expectations: &Expectations, writes: &Writes) -> (Batch, Option<Key>) {
        let mut batch = Batch::new();
        let mut conflict = None;
        for (key, expected) in expectations {
            let found = self.rows.get(key).map(|row| row.revision);
            let expected = match expected {
                Expected::Absent => None,
                Expected::Present => Some(found.unwrap_or(Revision::from_u64(1 << 40))),
                Expected::Wrong => Some(Revision::from_u64(1 << 41)),
                Expected::AsIs => found,
            };
            match expected {
                None => batch.expect_absent(key.clone()),
                Some(revision) => batch.expect_revision(key.clone(), revision),
            };
            if expected != found && conflict.is_none() {
                conflict = Some(key.clone());
            }
        }
        let mut there: BTreeSet<Key> = self.rows.keys().cloned().collect();
        for (key, size) in writes {
            self.written = self.written.wrapping_add(1);
            let (key, content) = (key.clone(), self.written);
            match size {
                None => {
                    there.remove(&key);
                    batch.delete(key)
                }
                // Of the rows that are new, some are written as such.
                Some(size) if there.insert(key.clone()) && content % 4 != 0 => {
                    batch.put_new(key, value(vec![content; *size]))
                }
                Some(size) => batch.put(key, value(vec![content; *size])),
            };
        }
        (batch, conflict)
    }

    fn apply(&mut self, writes: &Writes) {
        if writes.is_empty() {
            return;
        }
        self.last += 1;
        let mut content = self.written.wrapping_sub(writes.len() as u8);
        for (key, size) in writes {
            content = content.wrapping_add(1);
            match size {
                None => self.rows.remove(key),
                Some(size) => self.rows.insert(
                    key.clone(),
                    Row {
                        value: value(vec![content; *size]),
                        revision: Revision::from_u64(self.last),
                    },
                ),
            };
        }
    }

    fn scan(&self, scan: &Scan) -> Vec<(Key, Row)> {
        let behind = |key: &Key, bound: &Key| {
            if scan.reverse {
                key < bound
            } else {
                key > bound
            }
        };
        let mut rows: Vec<(Key, Row)> = self
            .rows
            .iter()
            .filter(|(key, _)| key.as_bytes().starts_with(&scan.prefix))
            .filter(|(key, _)| scan.after.as_ref().is_none_or(|after| behind(key, after)))
            .filter(|(key, _)| {
                let from = scan.from.as_ref();
                from.is_none_or(|from| *key == from || behind(key, from))
            })
            .map(|(key, row)| (key.clone(), row.clone()))
            .collect();
        if scan.reverse {
            rows.reverse();
        }
        rows.truncate(scan.limit);
        rows
    }
}

async fn commit(
    store: &Store,
    plan: &FaultPlan,
    model: &mut Model,
    step: (&Expectations, &Writes, Option<CommitFault>),
) -> Result<(), TestCaseError> {
    let (expectations, writes, fault) = step;
    let (batch, conflict) = model.batch(expectations, writes);
    if let Some(fault) = fault {
        plan.fail_commit(0, fault);
    }
    let outcome = store.commit(batch).await;
    let applies = conflict.is_none();
    match (fault, outcome) {
        (None, Ok(revision)) => {
            prop_assert!(applies, "a conflict was overlooked");
            model.apply(writes);
            prop_assert_eq!(revision.as_u64(), model.last);
        }
        (None, Err(CommitError::Conflict { key })) => prop_assert_eq!(Some(*key), conflict),
        (Some(CommitFault::NotApplied), Err(CommitError::NotApplied(_)))
        | (Some(CommitFault::LostBefore), Err(CommitError::OutcomeUnknown(_))) => {}
        (Some(CommitFault::LostAfter), Err(CommitError::OutcomeUnknown(_))) => {
            if applies {
                model.apply(writes);
            }
        }
        (fault, outcome) => prop_assert!(false, "{:?} led to {:?}", fault, outcome),
    }
    Ok(())
}

async fn run(options: &EmbeddedOptions, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let plan = FaultPlan::new();
    let open =
        || Store::open_embedded(options.clone()).map(|store| store.with_faults(plan.clone()));
    let mut store = open().unwrap();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Commit {
                expectations,
                writes,
                fault,
            } => commit(&store, &plan, &mut model, (&expectations, &writes, fault)).await?,
            Step::Get(key) => {
                let found = store.get(&key).await.unwrap();
                prop_assert_eq!(found.as_ref(), model.rows.get(&key));
            }
            Step::Scan(scan) => {
                let found = store.scan(scan.clone()).await.unwrap();
                let keys = store.keys(scan.clone()).await.unwrap();
                prop_assert!(keys.iter().eq(found.iter().map(|(key, _)| key)));
                prop_assert_eq!(found, model.scan(&scan));
            }
            Step::Reopen => {
                drop(store);
                store = open().unwrap();
            }
        }
    }
    let everything = store.scan(Scan::prefix(*b"")).await.unwrap();
    prop_assert_eq!(everything, model.scan(&Scan::prefix(*b"")));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn every_history_is_that_of_a_map(
        steps in vec(steps(), 1..60),
        cache_bytes in prop::sample::select(vec![0, 2_000, 1 << 20]),
        // From one commit to a generation on, and up to none before the end.
        log_bytes in prop::sample::select(vec![1, 2_000, 32 << 10, 1 << 20]),
    ) {
        let place = Place::new();
        let mut options = place.options();
        options.cache_bytes = cache_bytes;
        options.log_bytes = log_bytes;
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run(&options, steps))?;
    }
}
