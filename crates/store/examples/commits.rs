//! Measures what a commit costs: `commits DIRECTORY [MIB]`, in a directory that does not exist, with
//! a log of so many MiB.
//!
//! 64 tasks commit as puts of secrets do: each replaces a row of 700 bytes, adds one of 500, and adds
//! one of 600 that is deleted within a second. Pin it to one processor (`taskset -c 0`) to see what
//! the store's threads leave for everybody else. Figures are from `/proc`, so Linux only.

#![allow(clippy::print_stdout, reason = "figures are what it is for")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use strongroom_crypto::Sealed;
use strongroom_store::{Batch, EmbeddedOptions, Key, Store};
use tokio::sync::mpsc;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const CLIENTS: u64 = 64;
const HEADS: u64 = 20_000;
const SPAN: Duration = Duration::from_secs(5);

/// How often the rows that are only passing through are deleted.
const PASSING: Duration = Duration::from_millis(200);

fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let directory = arguments.next().ok_or("usage: commits DIRECTORY [MIB]")?;
    let mut options = EmbeddedOptions::new(PathBuf::from(directory), [7; 16]);
    if let Some(mebibytes) = arguments.next() {
        options.log_bytes = mebibytes.parse::<u64>()? << 20;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let work = tokio::spawn(measure(options));
        work.await?
    })
}

async fn measure(options: EmbeddedOptions) -> Outcome {
    let store = Store::open_embedded(options)?;
    let mut heads = Batch::new();
    for number in 0..HEADS {
        heads.put(key("head", number), value(700));
    }
    store.commit(heads).await?;
    let (passing, passed) = mpsc::unbounded_channel();
    let deleting = tokio::spawn(delete(store.clone(), passed));
    let (before, spent, begun) = (store.stats(), processor_time()?, Instant::now());
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| tokio::spawn(commit(store.clone(), client, begun, passing.clone())))
        .collect();
    let mut commits = 0;
    for client in clients {
        commits += client.await??;
    }
    let (after, took) = (store.stats(), begun.elapsed());
    drop(passing);
    println!(
        "{:.0} commits a second, {:.1} to a sync, {} checkpoints",
        commits as f64 / took.as_secs_f64(),
        commits as f64 / (after.syncs - before.syncs) as f64,
        after.checkpoints - before.checkpoints,
    );
    for (thread, total) in processor_time()? {
        let nanoseconds = total - spent.get(&thread).copied().unwrap_or(0);
        let each = nanoseconds as f64 / 1000.0 / commits as f64;
        println!("{thread:<16} {each:>7.2} us of processor for a commit");
    }
    deleting.await??;
    println!("{:?}", store.stats());
    store.shutdown().await;
    Ok(())
}

async fn commit(
    store: Store,
    client: u64,
    begun: Instant,
    passing: mpsc::UnboundedSender<Key>,
) -> Outcome<u64> {
    let mut commits = 0;
    while begun.elapsed() < SPAN {
        let number = commits * CLIENTS + client;
        let head = key("head", number.wrapping_mul(7919) % HEADS);
        let revision = store.get(&head).await?.ok_or("a row is missing")?.revision;
        let (version, outbox) = (key("version", number), key("outbox", number));
        let mut batch = Batch::new();
        batch
            .expect_revision(head.clone(), revision)
            .expect_absent(version.clone())
            .put(head, value(700))
            .put(version, value(500))
            .put(outbox.clone(), value(600));
        if store.commit(batch).await.is_ok() {
            passing.send(outbox)?;
        }
        commits += 1;
    }
    Ok(commits)
}

async fn delete(store: Store, mut passed: mpsc::UnboundedReceiver<Key>) -> Outcome {
    while let Some(first) = passed.recv().await {
        let mut batch = Batch::new();
        batch.delete(first);
        while let Ok(next) = passed.try_recv() {
            batch.delete(next);
        }
        store.commit(batch).await?;
        tokio::time::sleep(PASSING).await;
    }
    Ok(())
}

/// Versions stand beside each other by secret, as in the product; what passes through, by time.
fn key(table: &str, number: u64) -> Key {
    let name = match table {
        "outbox" => format!("outbox/{number:020}"),
        table => {
            let spread = (number % HEADS).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            format!("{table}/{spread:016x}/{number:010}")
        }
    };
    Key::from(name.into_bytes())
}

fn value(bytes: usize) -> Sealed {
    Sealed::from_stored(vec![0xA5; bytes])
}

/// Nanoseconds of processor time by name of thread.
fn processor_time() -> Outcome<BTreeMap<String, u64>> {
    let mut threads = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        let name = fs::read_to_string(thread.join("comm"))?;
        let spent = fs::read_to_string(thread.join("schedstat"))?;
        let spent: u64 = spent.split_whitespace().next().ok_or("empty")?.parse()?;
        *threads.entry(name.trim_end().to_owned()).or_default() += spent;
    }
    Ok(threads)
}
