//! Rows in memory, exactly as they are in the overlay and the database.
//!
//! Three rules keep it exact:
//!
//! 1. A reader takes a key's guard before it reads what is below, and the row goes into the cache
//!    only if the guard still stands. Whatever the writer does to the key breaks the guard.
//! 2. Before publishing a commit the writer marks every key of it as *in flight*; from then on
//!    readers ask below. So when the commit is published, no row that it replaces is in the cache.
//! 3. After publishing, the writer puts new rows in the place of the marks, or takes those away.
//!
//! Rows that are new need no mark: nobody has read one, so none is in the cache.
//!
//! A mark weighs nothing, which to the cache library means that it is never evicted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quick_cache::sync::{Cache, DefaultLifecycle, GuardResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};

use crate::{Key, Revision, Row};

/// Larger rows are left to the database, so that a few of them cannot empty the cache.
const MAX_ROW_BYTES: usize = 16 << 10;

/// What a row costs besides its value: the key, which stands in the table or is longer than usual, an
/// allocation, its place in the tables with their spare room, and its share of the keys that were
/// evicted but are still remembered.
const OVERHEAD_BYTES: u64 = 272;

#[derive(Clone)]
enum Slot {
    Row(Row),
    InFlight,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Key, Slot> for Weight {
    fn weight(&self, key: &Key, slot: &Slot) -> u64 {
        match slot {
            Slot::InFlight => 0,
            Slot::Row(row) => row_bytes(key, row) as u64 + OVERHEAD_BYTES,
        }
    }
}

fn row_bytes(key: &Key, row: &Row) -> usize {
    key.bytes_elsewhere()
        .saturating_add(row.value.as_stored().len())
}

/// The cache.
pub(super) struct RowCache {
    slots: Cache<Key, Slot, Weight>,
    misses: AtomicU64,
}

/// What the cache knows about a key.
pub(super) enum Lookup<'a> {
    /// The row as it is.
    Hit(Row),
    /// Nothing: read it, then [`fill`](Loading::fill).
    Miss(Loading<'a>),
    /// It is being written, or being read by someone else: read it, and leave the cache alone.
    Bypass,
}

/// The right to put what is read now into the cache, for as long as nobody writes it.
pub(super) struct Loading<'a>(
    PlaceholderGuard<'a, Key, Slot, Weight, DefaultHashBuilder, DefaultLifecycle<Key, Slot>>,
);

impl Loading<'_> {
    /// Puts a row into the cache, unless it has been written since the lookup.
    pub(super) fn fill(self, row: &Row) {
        if row.value.as_stored().len() <= MAX_ROW_BYTES {
            // A broken guard gives the row back: it was written meanwhile, or does not fit.
            let _ = self.0.insert(Slot::Row(row.clone()));
        }
    }
}

impl RowCache {
    pub(super) fn new(bytes: u64) -> Self {
        // A guess at how many rows fit; it decides the number of shards and of remembered keys.
        let items = usize::try_from(bytes / (OVERHEAD_BYTES * 3)).unwrap_or(usize::MAX);
        Self {
            slots: Cache::with_weighter(items, bytes, Weight),
            misses: AtomicU64::new(0),
        }
    }

    pub(super) fn look_up(&self, key: &Key) -> Lookup<'_> {
        match self.slots.get_value_or_guard(key, Some(Duration::ZERO)) {
            GuardResult::Value(Slot::Row(row)) => Lookup::Hit(row),
            GuardResult::Value(Slot::InFlight) | GuardResult::Timeout => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                Lookup::Bypass
            }
            GuardResult::Guard(guard) => {
                self.misses.fetch_add(1, Ordering::Relaxed);
                Lookup::Miss(Loading(guard))
            }
        }
    }

    /// The revision of a cached row, for the writer.
    pub(super) fn revision(&self, key: &Key) -> Option<Revision> {
        match self.slots.peek(key)? {
            Slot::Row(row) => Some(row.revision),
            Slot::InFlight => None,
        }
    }

    /// Marks a key as in flight; says whether its row was in the cache.
    pub(super) fn begin(&self, key: &Key) -> bool {
        let cached = self.slots.contains_key(key);
        self.slots.insert(key.clone(), Slot::InFlight);
        cached
    }

    /// Puts a published row in the place of the mark if the row before it was cached. Others have to
    /// be read first: many are deleted before that, and the overlay has them meanwhile.
    pub(super) fn finish(&self, key: Key, row: Option<Row>, cached: bool) {
        let fits = |row: &Row| cached && row.value.as_stored().len() <= MAX_ROW_BYTES;
        match row.filter(fits) {
            Some(row) => self.slots.insert(key, Slot::Row(row)),
            None => {
                self.slots.remove(&key);
            }
        }
    }

    pub(super) fn clear(&self) {
        self.slots.clear();
    }

    pub(super) fn rows(&self) -> u64 {
        self.slots.len() as u64
    }

    pub(super) fn bytes(&self) -> u64 {
        self.slots.weight()
    }

    pub(super) fn misses(&self) -> u64 {
        self.misses.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use strongroom_crypto::Sealed;

    use super::*;

    fn key(number: u32) -> Key {
        Key::from(number.to_be_bytes().as_slice())
    }

    fn row(revision: u64, bytes: usize) -> Row {
        Row {
            value: Sealed::from_stored(vec![1; bytes]),
            revision: Revision::from_u64(revision),
        }
    }

    /// What a reader with this row in hand leaves in the cache.
    fn read(cache: &RowCache, number: u32, found: Row) {
        match cache.look_up(&key(number)) {
            Lookup::Miss(loading) => loading.fill(&found),
            Lookup::Hit(row) => panic!("{row:?} is cached"),
            Lookup::Bypass => panic!("the key is in flight"),
        }
    }

    fn is_in_flight(cache: &RowCache, number: u32) -> bool {
        matches!(cache.look_up(&key(number)), Lookup::Bypass)
    }

    #[test]
    fn what_was_read_is_cached() {
        let cache = RowCache::new(1 << 20);
        read(&cache, 1, row(5, 100));
        assert!(matches!(cache.look_up(&key(1)), Lookup::Hit(found) if found == row(5, 100)));
        assert_eq!(cache.revision(&key(1)), Some(Revision::from_u64(5)));
        assert_eq!((cache.rows(), cache.misses()), (1, 1));
    }

    #[test]
    fn a_row_read_before_a_commit_is_not_cached_after_it() {
        let cache = RowCache::new(1 << 20);
        let Lookup::Miss(loading) = cache.look_up(&key(1)) else {
            panic!("nothing is cached yet");
        };
        let cached = cache.begin(&key(1));
        assert!(!cached);
        loading.fill(&row(5, 100));
        assert!(is_in_flight(&cache, 1));
        cache.finish(key(1), Some(row(6, 100)), cached);
        read(&cache, 1, row(6, 100));
    }

    #[test]
    fn a_row_that_was_cached_stays_cached() {
        let cache = RowCache::new(1 << 20);
        read(&cache, 1, row(5, 100));
        let cached = cache.begin(&key(1));
        assert!(cached);
        cache.finish(key(1), Some(row(6, 100)), cached);
        assert!(matches!(cache.look_up(&key(1)), Lookup::Hit(found) if found == row(6, 100)));
    }

    #[test]
    fn a_row_read_before_a_deletion_is_not_cached_after_it() {
        let cache = RowCache::new(1 << 20);
        let Lookup::Miss(loading) = cache.look_up(&key(1)) else {
            panic!("nothing is cached yet");
        };
        let cached = cache.begin(&key(1));
        cache.finish(key(1), None, cached);
        loading.fill(&row(5, 100));
        assert!(matches!(cache.look_up(&key(1)), Lookup::Miss(_)));
    }

    #[test]
    fn only_one_reader_at_a_time_fills() {
        let cache = RowCache::new(1 << 20);
        let first = cache.look_up(&key(1));
        assert!(is_in_flight(&cache, 1));
        drop(first);
        assert!(matches!(cache.look_up(&key(1)), Lookup::Miss(_)));
    }

    #[test]
    fn a_mark_is_never_evicted() {
        let cache = RowCache::new(100_000);
        let cached = cache.begin(&key(0));
        for number in 1..10_000 {
            read(&cache, number, row(1, 500));
        }
        assert!(cache.bytes() <= 110_000, "{} bytes", cache.bytes());
        assert!(cache.rows() < 300, "{} rows", cache.rows());
        assert!(is_in_flight(&cache, 0));
        cache.finish(key(0), Some(row(2, 500)), cached);
        assert!(!is_in_flight(&cache, 0));
    }

    #[test]
    fn large_rows_are_left_to_the_database() {
        let cache = RowCache::new(1 << 20);
        read(&cache, 1, row(1, MAX_ROW_BYTES + 1));
        assert_eq!((cache.rows(), cache.bytes()), (0, 0));
        read(&cache, 1, row(2, MAX_ROW_BYTES));
        let cached = cache.begin(&key(1));
        cache.finish(key(1), Some(row(3, MAX_ROW_BYTES + 1)), cached);
        assert_eq!(cache.rows(), 0);
    }

    #[test]
    fn a_cache_of_nothing_caches_nothing() {
        let cache = RowCache::new(0);
        read(&cache, 1, row(1, 0));
        let cached = cache.begin(&key(1));
        assert!(is_in_flight(&cache, 1));
        cache.finish(key(1), Some(row(2, 0)), cached);
        read(&cache, 1, row(2, 0));
        assert_eq!(cache.bytes(), 0);
    }
}
