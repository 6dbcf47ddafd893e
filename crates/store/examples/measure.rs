//! Measures the embedded store: `measure DIRECTORY [ROWS]`, in a directory that does not exist.
//!
//! Rows have 500 bytes. All figures are wall-clock time on an otherwise idle machine, with the
//! database in the system's page cache.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use strongroom_crypto::Sealed;
use strongroom_store::{Batch, EmbeddedOptions, Key, Scan, Store};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const VALUE_BYTES: usize = 500;

/// How long commits are made for each figure.
const SPAN: Duration = Duration::from_secs(3);

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("usage: measure DIRECTORY [ROWS]")?);
    let rows: u64 = arguments.next().map_or(Ok(100_000), |text| text.parse())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let work = tokio::spawn(async move { measure(&directory, rows).await });
        work.await?
    })
}

async fn measure(directory: &Path, rows: u64) -> Outcome {
    println!("{:<24} {:>14} {:>14}", "", "wall", "processor");
    let store = open(directory, 0)?;
    load(&store, rows).await?;
    misses(&store, rows, "miss").await?;
    absent(&store, rows).await?;
    scans(&store, rows).await?;
    misses_under_writes(&store, rows).await?;
    for writers in [1, 64, 256] {
        group_commits(&store, rows, writers).await?;
    }
    let watch = Watch::start()?;
    store.shutdown().await;
    watch.report("close", 1)?;
    let watch = Watch::start()?;
    let store = open(directory, 160 << 20)?;
    watch.report("open", 1)?;
    hits(&store, rows).await?;
    misses(&store, rows, "miss, filling the cache").await?;
    misses(&store, rows, "the same, cache full").await?;
    println!("{:?}", store.stats());
    println!("resident             {:>10} KiB", resident_kib()?);
    Ok(())
}

fn open(directory: &Path, cache_bytes: u64) -> Outcome<Store> {
    let mut options = EmbeddedOptions::new(directory, [7; 16]);
    options.cache_bytes = cache_bytes;
    Ok(Store::open_embedded(options)?)
}

async fn load(store: &Store, rows: u64) -> Outcome {
    let watch = Watch::start()?;
    for first in (0..rows).step_by(1000) {
        let mut batch = Batch::new();
        for number in first..rows.min(first + 1000) {
            batch.put(key(number), value(number));
        }
        store.commit(batch).await?;
    }
    watch.report("load, a row", rows as usize)?;
    Ok(())
}

async fn hits(store: &Store, rows: u64) -> Outcome {
    let warm: Vec<Key> = (0..rows.min(10_000)).map(key).collect();
    for _ in 0..2 {
        for key in &warm {
            store.get(key).await?.ok_or("a row is missing")?;
        }
    }
    let watch = Watch::start()?;
    let rounds = 50;
    for _ in 0..rounds {
        for key in &warm {
            store.get(key).await?.ok_or("a row is missing")?;
        }
    }
    watch.report("hit", rounds * warm.len())?;
    Ok(())
}

async fn misses(store: &Store, rows: u64, name: &str) -> Outcome {
    let mut numbers = Numbers(1);
    let keys: Vec<Key> = (0..300_000).map(|_| key(numbers.below(rows))).collect();
    let watch = Watch::start()?;
    for some in keys.chunks(50) {
        for key in some {
            store.get(key).await?.ok_or("a row is missing")?;
        }
        // Whoever wrote meanwhile may be waiting for this very thread.
        tokio::task::yield_now().await;
    }
    watch.report(name, keys.len())?;
    Ok(())
}

async fn absent(store: &Store, rows: u64) -> Outcome {
    let keys: Vec<Key> = (rows..rows + 100_000).map(key).collect();
    let watch = Watch::start()?;
    for key in &keys {
        if store.get(key).await?.is_some() {
            return Err("a row that was never put".into());
        }
    }
    watch.report("absent", keys.len())?;
    Ok(())
}

async fn scans(store: &Store, rows: u64) -> Outcome {
    let mut numbers = Numbers(2);
    let rounds = 2000_usize;
    let watch = Watch::start()?;
    for _ in 0..rounds {
        let scan = Scan::prefix(*b"secret/").from(key(numbers.below(rows)));
        store.scan(scan.limit(100)).await?;
    }
    watch.report("scan of 100 rows", rounds)?;
    Ok(())
}

/// Misses while another task commits one row after the other.
async fn misses_under_writes(store: &Store, rows: u64) -> Outcome {
    let stop = Arc::new(AtomicBool::new(false));
    let commits = Arc::new(AtomicU64::new(0));
    let writing = tokio::spawn({
        let (store, stop, commits) = (store.clone(), stop.clone(), commits.clone());
        async move {
            let mut numbers = Numbers(3);
            while !stop.load(Ordering::Relaxed) {
                let mut batch = Batch::new();
                batch.put(key(numbers.below(rows)), value(1));
                store.commit(batch).await?;
                commits.fetch_add(1, Ordering::Relaxed);
            }
            Outcome::Ok(())
        }
    });
    misses(store, rows, "miss under writes").await?;
    stop.store(true, Ordering::Relaxed);
    writing.await??;
    println!(
        "  commits meanwhile  {:>10}",
        commits.load(Ordering::Relaxed)
    );
    Ok(())
}

/// Conditional batches of three rows, as a put of a secret has them.
async fn group_commits(store: &Store, rows: u64, writers: u64) -> Outcome {
    let before = store.stats();
    let watch = Watch::start()?;
    let begun = watch.begun;
    let tasks: Vec<_> = (0..writers)
        .map(|writer| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut numbers = Numbers((writers << 32) + writer);
                let head = key(numbers.below(rows));
                let mut revision = store.get(&head).await?.ok_or("a row is missing")?.revision;
                let mut version = 0_u64;
                while begun.elapsed() < SPAN {
                    let mut batch = Batch::new();
                    let below = |what: &str| {
                        let mut bytes = head.as_bytes().to_vec();
                        bytes.extend_from_slice(format!("/{what}/{version:08}").as_bytes());
                        Key::from(bytes)
                    };
                    batch
                        .expect_revision(head.clone(), revision)
                        .expect_absent(below("version"))
                        .put(head.clone(), value(version))
                        .put(below("version"), value(version))
                        .put(below("outbox"), value(version));
                    revision = store.commit(batch).await?;
                    version += 1;
                }
                Outcome::Ok(version)
            })
        })
        .collect();
    let mut commits = 0;
    for task in tasks {
        commits += task.await??;
    }
    watch.report(&format!("commit, {writers} writers"), commits as usize)?;
    let after = store.stats();
    println!(
        "  {:.0} a second, {:.1} to a sync, {} checkpoints",
        commits as f64 / begun.elapsed().as_secs_f64(),
        commits as f64 / (after.syncs - before.syncs) as f64,
        after.checkpoints - before.checkpoints,
    );
    Ok(())
}

fn key(number: u64) -> Key {
    // Spread like paths are: neighbours in time are not neighbours in the table.
    let spread = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Key::from(format!("secret/{spread:016x}/value-{number:010}").into_bytes())
}

fn value(number: u64) -> Sealed {
    let mut bytes = vec![0_u8; VALUE_BYTES];
    bytes
        .iter_mut()
        .zip(number.to_le_bytes())
        .for_each(|(byte, digit)| *byte = digit);
    Sealed::from_stored(bytes)
}

/// SplitMix64: fast, and the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

/// Wall-clock and processor time since a moment.
struct Watch {
    begun: Instant,
    processor: Duration,
}

impl Watch {
    fn start() -> Outcome<Self> {
        Ok(Self {
            begun: Instant::now(),
            processor: processor_time()?,
        })
    }

    /// Prints what one of so many operations took.
    fn report(&self, name: &str, operations: usize) -> Outcome {
        let each = |span: Duration| span.as_nanos() as f64 / 1000.0 / operations as f64;
        let wall = each(self.begun.elapsed());
        let processor = each(processor_time()?.saturating_sub(self.processor));
        println!("{name:<24} {wall:>11.2} us {processor:>11.2} us");
        Ok(())
    }
}

/// What this process has used of all processors, in steps of ten milliseconds, from `/proc`.
fn processor_time() -> Outcome<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks: u64 = fields
        .split_ascii_whitespace()
        .skip(11)
        .take(2)
        .map(str::parse::<u64>)
        .sum::<Result<_, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// Memory of this process that is not the system's, from `/proc`.
fn resident_kib() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .ok_or("no figure for resident memory")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
