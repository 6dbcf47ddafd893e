//! Locks by name, in a bounded number.

use std::hash::{BuildHasher, RandomState};

use strongroom_store::Key;
use tokio::sync::{Mutex, MutexGuard};

/// Serialises the changes of one row within this process, so that writers queue instead of
/// conflicting. Correctness does not rest on it: the store's expectations hold across nodes.
pub(crate) struct Stripes {
    hasher: RandomState,
    locks: Box<[Mutex<()>]>,
}

impl Stripes {
    pub(crate) fn new() -> Self {
        Self {
            hasher: RandomState::new(),
            locks: (0..1024).map(|_| Mutex::new(())).collect(),
        }
    }

    pub(crate) async fn lock(&self, key: &Key) -> Option<MutexGuard<'_, ()>> {
        let index = self.hasher.hash_one(key.as_bytes()) as usize % self.locks.len();
        match self.locks.get(index) {
            Some(lock) => Some(lock.lock().await),
            None => None,
        }
    }
}
