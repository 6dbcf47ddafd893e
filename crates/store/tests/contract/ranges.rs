//! Scans.

use strongroom_store::{Batch, Scan, Store};

use crate::fixture::{key, on_every_store, value};

on_every_store!(
    a_prefix_selects,
    pages_join_without_gap_or_overlap,
    seeking_skips,
    backwards_is_the_mirror,
    bytes_order_keys,
    rows_come_whole,
);

async fn filled(store: &Store, names: &[&[u8]]) {
    let mut batch = Batch::new();
    for name in names {
        batch.put(key(name), value(name));
    }
    store.commit(batch).await.unwrap();
}

async fn names(store: &Store, scan: Scan) -> Vec<Vec<u8>> {
    let rows = store.scan(scan.clone()).await.unwrap();
    let keys = store.keys(scan).await.unwrap();
    assert!(keys.iter().eq(rows.iter().map(|(key, _)| key)));
    keys.iter().map(|key| key.as_bytes().to_vec()).collect()
}

async fn a_prefix_selects(store: Store) {
    filled(&store, &[b"a", b"b", b"b/1", b"b/2", b"c"]).await;
    assert_eq!(names(&store, Scan::prefix(*b"b/")).await, [b"b/1", b"b/2"]);
    assert_eq!(names(&store, Scan::prefix(*b"b")).await.len(), 3);
    assert_eq!(names(&store, Scan::prefix(*b"")).await.len(), 5);
    assert!(names(&store, Scan::prefix(*b"d")).await.is_empty());
}

async fn pages_join_without_gap_or_overlap(store: Store) {
    let all: Vec<String> = (0..25).map(|number| format!("k/{number:02}")).collect();
    let bytes: Vec<&[u8]> = all.iter().map(String::as_bytes).collect();
    filled(&store, &bytes).await;
    filled(&store, &[b"j", b"k", b"l"]).await;
    let mut found = Vec::new();
    let mut scan = Scan::prefix(*b"k/").limit(10);
    let mut sizes = Vec::new();
    loop {
        let page = names(&store, scan.clone()).await;
        sizes.push(page.len());
        let Some(last) = page.last() else { break };
        scan = scan.after(key(last));
        found.extend(page);
    }
    assert_eq!(found, bytes);
    assert_eq!(sizes, [10, 10, 5, 0]);
}

async fn seeking_skips(store: Store) {
    filled(&store, &[b"a/1", b"a/2/x", b"a/2/y", b"a/3", b"b"]).await;
    let from = |name: &str| Scan::prefix(*b"a/").from(key(name));
    assert_eq!(names(&store, from("a/2/~")).await, [b"a/3"]);
    assert_eq!(names(&store, from("a/3")).await, [b"a/3"]);
    assert_eq!(names(&store, from("0")).await.len(), 4);
    assert!(names(&store, from("b")).await.is_empty());
    assert!(names(&store, from("a/1").limit(0)).await.is_empty());
}

async fn backwards_is_the_mirror(store: Store) {
    filled(&store, &[b"a", b"b/1", b"b/2", b"b/3", b"c"]).await;
    let scan = || Scan::prefix(*b"b/").reverse();
    assert_eq!(names(&store, scan().limit(2)).await, [b"b/3", b"b/2"]);
    assert_eq!(names(&store, scan().after(key("b/2"))).await, [b"b/1"]);
    let from = names(&store, scan().from(key("b/2"))).await;
    assert_eq!(from, [b"b/2", b"b/1"]);
}

async fn bytes_order_keys(store: Store) {
    let ordered: [&[u8]; 7] = [b"", b"\0", b"\0\0", b"A", b"a", b"a\xff", b"\xff\xff"];
    filled(&store, &ordered).await;
    assert_eq!(names(&store, Scan::prefix(*b"")).await, ordered);
    assert_eq!(names(&store, Scan::prefix(*b"\xff")).await, [b"\xff\xff"]);
}

async fn rows_come_whole(store: Store) {
    filled(&store, &[b"a", b"b"]).await;
    for (key, row) in store.scan(Scan::prefix(*b"")).await.unwrap() {
        assert_eq!(row.value.as_stored(), key.as_bytes());
        assert_eq!(store.get(&key).await.unwrap(), Some(row));
    }
}
