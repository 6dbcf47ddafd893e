//! Several at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use strongroom_store::{CommitError, Scan, Store};

use crate::fixture::{Place, batch, delayed, key, value};

fn number(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().unwrap())
}

/// Adds one to a row under a key, by compare and set, until that succeeded so many times. Returns
/// how often it did not.
async fn count_up(store: Store, times: u64) -> u64 {
    let mut conflicts = 0;
    let mut done = 0;
    while done < times {
        let batch = match store.get(&key("counter")).await.unwrap() {
            None => batch(|batch| {
                batch
                    .expect_absent(key("counter"))
                    .put(key("counter"), value(1_u64.to_be_bytes()));
            }),
            Some(row) => batch(|batch| {
                let next = number(row.value.as_stored()) + 1;
                batch
                    .expect_revision(key("counter"), row.revision)
                    .put(key("counter"), value(next.to_be_bytes()));
            }),
        };
        match store.commit(batch).await {
            Ok(_) => done += 1,
            Err(CommitError::Conflict { .. }) => conflicts += 1,
            Err(other) => panic!("{other:?}"),
        }
    }
    conflicts
}

async fn one_wins_per_revision(store: Store) {
    let tasks: Vec<_> = (0..8)
        .map(|_| tokio::spawn(count_up(store.clone(), 50)))
        .collect();
    let mut conflicts = 0;
    for task in tasks {
        conflicts += task.await.unwrap();
    }
    let row = store.get(&key("counter")).await.unwrap().unwrap();
    assert_eq!(number(row.value.as_stored()), 8 * 50);
    assert_eq!(row.revision.as_u64(), 8 * 50);
    assert_eq!(store.stats().conflicts, conflicts);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_wins_per_revision_on_the_plain_store() {
    let place = Place::new();
    one_wins_per_revision(place.open()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_wins_per_revision_on_the_delayed_store() {
    let place = Place::new();
    one_wins_per_revision(delayed(place.open())).await;
}

/// Reads two rows that are always written together, in the order of `names`. Whoever has seen one
/// in its new state must not see the other in its old one, nor any of them go back.
async fn watch(store: Store, names: [&'static str; 2], stop: Arc<AtomicBool>) -> u64 {
    let mut last = 0;
    let mut seen = 0;
    while !stop.load(Ordering::Relaxed) {
        for name in names {
            let row = store.get(&key(name)).await.unwrap().unwrap();
            let now = number(row.value.as_stored());
            assert!(now >= last, "{name} went back from {last} to {now}");
            last = now;
        }
        let both = store.scan(Scan::prefix(*b"pair/")).await.unwrap();
        let numbers: Vec<u64> = both
            .iter()
            .map(|(_, row)| number(row.value.as_stored()))
            .collect();
        assert_eq!(numbers[0], numbers[1], "a batch was seen in part");
        assert!(numbers[0] >= last, "a range is older than a row");
        last = numbers[0];
        seen += 1;
        tokio::task::yield_now().await;
    }
    seen
}

async fn nothing_goes_back(cache_bytes: u64) {
    let place = Place::new();
    let mut options = place.options();
    options.cache_bytes = cache_bytes;
    // So that generations come and go as often as they can.
    options.log_bytes = 4 << 10;
    let store = Store::open_embedded(options).unwrap();
    let write = |number: u64| {
        batch(|batch| {
            batch
                .put(key("pair/a"), value(number.to_be_bytes()))
                .put(key("pair/b"), value(number.to_be_bytes()));
        })
    };
    store.commit(write(1)).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = [["pair/a", "pair/b"], ["pair/b", "pair/a"]]
        .into_iter()
        .cycle()
        .take(4)
        .map(|names| tokio::spawn(watch(store.clone(), names, stop.clone())))
        .collect();
    for number in 2..300 {
        store.commit(write(number)).await.unwrap();
        let row = store.get(&key("pair/a")).await.unwrap().unwrap();
        assert_eq!(row.value, value(number.to_be_bytes()), "own write unseen");
    }
    stop.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert!(watcher.await.unwrap() > 0);
    }
    assert!(store.stats().checkpoints > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_back_with_a_cache() {
    nothing_goes_back(1 << 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_goes_back_without_a_cache() {
    nothing_goes_back(0).await;
}

/// Asks over and over for the one key of a range, which must never be an earlier one.
async fn watch_the_only_key(store: Store, stop: Arc<AtomicBool>) -> u64 {
    let (mut last, mut seen) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let found = store.keys(Scan::prefix(*b"only/").limit(1)).await.unwrap();
        let [key] = found.as_slice() else {
            panic!("{found:?} instead of one key");
        };
        let now = number(key.as_bytes().strip_prefix(b"only/").unwrap());
        assert!(now >= last, "the range went back from {last} to {now}");
        (last, seen) = (now, seen + 1);
        tokio::task::yield_now().await;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_seek_found_is_not_found_again_when_it_is_gone() {
    let place = Place::new();
    let mut options = place.options();
    // So that generations come and go as often as they can.
    options.log_bytes = 1 << 10;
    let store = Store::open_embedded(options).unwrap();
    let name = |number: u64| key([b"only/".as_slice(), &number.to_be_bytes()].concat());
    let first = batch(|batch| {
        batch.put(name(0), value("x"));
    });
    store.commit(first).await.unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let watchers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(watch_the_only_key(store.clone(), stop.clone())))
        .collect();
    for number in 1..300 {
        let step = batch(|batch| {
            batch.delete(name(number - 1)).put(name(number), value("x"));
        });
        store.commit(step).await.unwrap();
        let found = store.keys(Scan::prefix(*b"only/").limit(1)).await.unwrap();
        assert_eq!(found, [name(number)], "own write unseen");
    }
    stop.store(true, Ordering::Relaxed);
    for watcher in watchers {
        assert!(watcher.await.unwrap() > 0);
    }
    assert!(store.stats().checkpoints > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_that_wait_share_a_sync() {
    let place = Place::new();
    let store = place.open();
    let tasks: Vec<_> = (0..64_u64)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for round in 0..20_u64 {
                    let name = [task.to_be_bytes(), round.to_be_bytes()].concat();
                    let batch = batch(|batch| {
                        batch.expect_absent(key(&name)).put(key(&name), value("x"));
                    });
                    store.commit(batch).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let stats = store.stats();
    assert_eq!(stats.commits, 64 * 20);
    assert!(stats.syncs < stats.commits, "{stats:?}");
    assert_eq!(store.scan(Scan::prefix(*b"")).await.unwrap().len(), 64 * 20);
}
