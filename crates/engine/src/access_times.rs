//! When secrets were last revealed: gathered in memory, written in batches.
//!
//! Readers see the gathered times at once. A clean stop writes all of them; a crash loses at most
//! one interval of them (`Settings::access_time_interval`).

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use quick_cache::DefaultHashBuilder;
use strongroom_types::{Timestamp, Version};
use tokio::sync::Notify;

use crate::rows::access::{AccessBucket, Incarnation, VersionAccess, bucket};
use crate::rows::{CommitFault, Decoded, RowFault, Vault, keyspace};

/// Rows written in one batch.
const BATCH: usize = 256;
/// Secrets with unwritten times that make a write due before its interval ends.
const FULL: usize = 400_000;
/// Rows kept decoded for readers: those of a directory are asked for again and again.
const DECODED: usize = 2048;
/// Parts that are locked on their own.
const SHARDS: usize = 64;
/// Reveals of a part that are found their places together: among many secrets the memory of a place
/// is far away, and a processor fetches several at once as fast as one.
const AT_ONCE: usize = 32;

/// What happened to secrets whose rows are in one part.
#[derive(Default)]
struct Shard {
    /// The latest reveals, not yet among those touched.
    latest: Vec<(Incarnation, VersionAccess)>,
    touched: HashMap<Incarnation, Touched, DefaultHashBuilder>,
    deleted: HashSet<Incarnation>,
}

/// The versions of one secret that were revealed: one, as a rule.
#[derive(Clone, PartialEq, Eq)]
struct Touched {
    first: VersionAccess,
    more: Vec<VersionAccess>,
}

impl Touched {
    fn all(&self) -> impl Iterator<Item = VersionAccess> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    fn note(&mut self, access: VersionAccess) {
        let known = std::iter::once(&mut self.first).chain(&mut self.more);
        note(known, access).unwrap_or_else(|| self.more.push(access));
    }
}

/// Why access times are still unwritten.
#[derive(Debug, thiserror::Error)]
pub enum FlushError {
    /// The earlier times could not be read.
    #[error("access times could not be read")]
    Read(#[source] RowFault),
    /// The new times could not be written.
    #[error("access times could not be written")]
    Write(#[source] CommitFault),
}

/// Access times that wait to be written.
pub(crate) struct AccessTimes {
    shards: Box<[Mutex<Shard>]>,
    rows: Decoded<AccessBucket>,
    waiting: AtomicUsize,
    full: Notify,
    /// One flush at a time, so that two never write the same row over each other.
    flushing: tokio::sync::Mutex<()>,
}

/// What one row is to learn.
#[derive(Default)]
struct News {
    touched: Vec<(Incarnation, Touched)>,
    deleted: Vec<Incarnation>,
}

impl AccessTimes {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            rows: Decoded::with_capacity(DECODED),
            waiting: AtomicUsize::new(0),
            full: Notify::new(),
            flushing: tokio::sync::Mutex::new(()),
        }
    }

    fn shard(&self, incarnation: &Incarnation) -> Option<&Mutex<Shard>> {
        self.shards.get(usize::from(bucket(incarnation)) % SHARDS)
    }

    /// Notes a successful reveal.
    pub(crate) fn touch(&self, incarnation: Incarnation, version: Version, at: Timestamp) {
        let Some(shard) = self.shard(&incarnation) else {
            return;
        };
        let mut shard = shard.lock();
        shard
            .latest
            .push((incarnation, VersionAccess { version, at }));
        if shard.latest.len() >= AT_ONCE {
            self.place_latest(&mut shard);
        }
    }

    /// Puts the latest reveals of a part among those touched.
    fn place_latest(&self, shard: &mut Shard) {
        let added = shard.place_latest();
        let waiting = self.waiting.fetch_add(added, Ordering::Relaxed);
        if waiting <= FULL && waiting + added > FULL {
            self.full.notify_one();
        }
    }

    /// Resolves when so many times wait that they should not wait for the interval.
    pub(crate) async fn filled(&self) {
        self.full.notified().await;
    }

    /// The times of this secret's versions: what is stored, brought up to date.
    pub(crate) async fn of(
        &self,
        vault: &Vault,
        incarnation: &Incarnation,
    ) -> Result<Vec<VersionAccess>, RowFault> {
        let row = keyspace::access_bucket(bucket(incarnation));
        let stored = self.rows.get(vault, &row).await?;
        let mut versions = stored.map_or_else(Vec::new, |(_, row)| row.of(incarnation));
        if let Some(shard) = self.shard(incarnation) {
            let mut shard = shard.lock();
            self.place_latest(&mut shard);
            let touched = shard.touched.get(incarnation).into_iter();
            for access in touched.flat_map(Touched::all) {
                if note(versions.iter_mut(), access).is_none() {
                    versions.push(access);
                }
            }
        }
        Ok(versions)
    }

    /// Forgets a secret that was deleted. A crash before the next flush leaves its times in their
    /// row, where nobody asks for them.
    pub(crate) fn forget(&self, incarnation: Incarnation) {
        if let Some(shard) = self.shard(&incarnation) {
            let mut shard = shard.lock();
            self.place_latest(&mut shard);
            shard.deleted.insert(incarnation);
            if shard.touched.remove(&incarnation).is_some() {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    /// Writes everything that waits. What fails to be written goes on waiting.
    pub(crate) async fn flush(&self, vault: &Vault) -> Result<(), FlushError> {
        let _one_at_a_time = self.flushing.lock().await;
        for shard in &self.shards {
            let news: Vec<_> = {
                let mut shard = shard.lock();
                self.place_latest(&mut shard);
                shard.news().into_iter().collect()
            };
            for batch in news.chunks(BATCH) {
                write(vault, batch).await?;
                let mut shard = shard.lock();
                for (_, news) in batch {
                    let written = shard.settle(news);
                    self.waiting.fetch_sub(written, Ordering::Relaxed);
                }
            }
        }
        Ok(())
    }
}

impl Shard {
    /// Puts the latest reveals among those touched; says how many secrets were not yet.
    fn place_latest(&mut self) -> usize {
        let mut added = 0;
        for (incarnation, access) in self.latest.drain(..) {
            match self.touched.entry(incarnation) {
                Entry::Occupied(mut known) => known.get_mut().note(access),
                Entry::Vacant(place) => {
                    place.insert(Touched {
                        first: access,
                        more: Vec::new(),
                    });
                    added += 1;
                }
            }
        }
        added
    }

    /// What waits, by row.
    fn news(&self) -> BTreeMap<u16, News> {
        let mut rows = BTreeMap::<u16, News>::new();
        for (incarnation, touched) in &self.touched {
            let news = rows.entry(bucket(incarnation)).or_default();
            news.touched.push((*incarnation, touched.clone()));
        }
        for incarnation in &self.deleted {
            let news = rows.entry(bucket(incarnation)).or_default();
            news.deleted.push(*incarnation);
        }
        rows
    }

    /// Drops what was written, unless it was touched again in the meantime; says how many.
    fn settle(&mut self, written: &News) -> usize {
        for incarnation in &written.deleted {
            self.deleted.remove(incarnation);
        }
        let mut settled = 0;
        for (incarnation, touched) in &written.touched {
            if self.touched.get(incarnation) == Some(touched) {
                self.touched.remove(incarnation);
                settled += 1;
            }
        }
        settled
    }
}

/// Takes the later time for a version that is known; nothing if it is not.
fn note<'a>(
    mut known: impl Iterator<Item = &'a mut VersionAccess>,
    access: VersionAccess,
) -> Option<()> {
    let known = known.find(|known| known.version == access.version)?;
    known.at = known.at.max(access.at);
    Some(())
}

async fn write(vault: &Vault, batch: &[(u16, News)]) -> Result<(), FlushError> {
    let mut changes = vault.changes();
    for (number, news) in batch {
        let key = keyspace::access_bucket(*number);
        let stored = vault.get::<AccessBucket>(&key).await;
        let (mut row, read_at) = match stored.map_err(FlushError::Read)? {
            Some(stored) => (stored.row, Some(stored.revision)),
            None => (AccessBucket::default(), None),
        };
        let touched = news
            .touched
            .iter()
            .flat_map(|(incarnation, touched)| touched.all().map(|access| (*incarnation, access)));
        row.update(touched, |incarnation| news.deleted.contains(incarnation));
        let changed = match (read_at, row.is_empty()) {
            (None, true) => Ok(()),
            (None, false) => changes.create(key, &row),
            (Some(revision), true) => {
                changes.remove(key, revision);
                Ok(())
            }
            (Some(revision), false) => changes.replace(key, revision, &row),
        };
        changed.map_err(FlushError::Write)?;
    }
    changes.commit().await.map(drop).map_err(FlushError::Write)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_one_part(number: u8) -> Incarnation {
        let mut incarnation = [0; 16];
        incarnation[15] = number;
        incarnation
    }

    fn reveal(times: &AccessTimes, number: u8, at: i64) {
        let at = Timestamp::from_microsecond(at).unwrap();
        times.touch(of_one_part(number), Version::FIRST, at);
    }

    #[test]
    fn what_waits_is_counted_once_however_it_came() {
        let times = AccessTimes::new();
        for round in 0..3 {
            for number in 0..=u8::MAX {
                reveal(&times, number, round);
            }
        }
        times.forget(of_one_part(7));
        reveal(&times, 9, 3);
        assert_eq!(times.waiting.load(Ordering::Relaxed), 255);

        let mut shard = times.shard(&of_one_part(0)).unwrap().lock();
        times.place_latest(&mut shard);
        let news = shard.news().remove(&0).unwrap();
        assert_eq!(news.touched.len(), 255);
        assert_eq!(news.deleted, [of_one_part(7)]);
        let at = |number| {
            let touched = shard.touched.get(&of_one_part(number));
            touched.map(|touched| touched.first.at.as_microsecond())
        };
        assert_eq!((at(7), at(8), at(9)), (None, Some(2), Some(3)));
    }

    #[test]
    fn a_reveal_during_a_write_still_waits() {
        let times = AccessTimes::new();
        reveal(&times, 1, 1);
        reveal(&times, 2, 1);
        let mut shard = times.shard(&of_one_part(0)).unwrap().lock();
        times.place_latest(&mut shard);
        let written = shard.news().remove(&0).unwrap();
        drop(shard);
        reveal(&times, 1, 2);
        let mut shard = times.shard(&of_one_part(0)).unwrap().lock();
        assert_eq!(shard.settle(&written), 2);
        times.place_latest(&mut shard);
        let news = shard.news().remove(&0).unwrap();
        assert_eq!(news.touched.len(), 1);
    }
}
