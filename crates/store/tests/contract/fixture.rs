//! Stores to test, and short names for what goes into them.

use std::path::PathBuf;

use strongroom_crypto::Sealed;
use strongroom_store::{Batch, EmbeddedOptions, FaultPlan, Key, Store};
use tempfile::TempDir;

/// A directory for one store, removed in the end.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("store")
    }

    /// Small enough a cache that rows are evicted in every test.
    pub(crate) fn options(&self) -> EmbeddedOptions {
        let mut options = EmbeddedOptions::new(self.path(), [7; 16]);
        options.cache_bytes = 64 << 10;
        options
    }

    pub(crate) fn open(&self) -> Store {
        Store::open_embedded(self.options()).unwrap()
    }
}

/// Runs each case on the plain store, and on one in which every operation gives way to others.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        mod plain {
            $(#[tokio::test]
            async fn $case() {
                let place = crate::fixture::Place::new();
                super::$case(place.open()).await;
            })*
        }

        mod delayed {
            $(#[tokio::test]
            async fn $case() {
                let place = crate::fixture::Place::new();
                super::$case(crate::fixture::delayed(place.open())).await;
            })*
        }
    };
}
pub(crate) use on_every_store;

pub(crate) fn delayed(store: Store) -> Store {
    let plan = FaultPlan::new();
    plan.delay(2);
    store.with_faults(plan)
}

pub(crate) fn key(name: impl AsRef<[u8]>) -> Key {
    Key::from(name.as_ref())
}

pub(crate) fn value(content: impl AsRef<[u8]>) -> Sealed {
    Sealed::from_stored(content.as_ref())
}

/// A batch in one expression.
pub(crate) fn batch(build: impl FnOnce(&mut Batch)) -> Batch {
    let mut batch = Batch::new();
    build(&mut batch);
    batch
}

/// A batch that puts one row.
pub(crate) fn put(name: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Batch {
    batch(|batch| {
        batch.put(key(name), value(content));
    })
}

/// What a row holds, if it is there.
pub(crate) async fn content(store: &Store, name: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    let row = store.get(&key(name)).await.unwrap();
    row.map(|row| row.value.as_stored().to_vec())
}
