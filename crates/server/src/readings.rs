//! What the store and the audit journal count, as metrics.

use strongroom_audit::{Counters, Journal};
use strongroom_store::{Stats, Store};

use crate::telemetry::{Reading, ReadingKind};

/// All of it, as of now.
pub(crate) fn readings(store: &Store, journal: &Journal) -> Vec<Reading> {
    let mut readings = Vec::from(of_store(&store.stats()));
    readings.extend(of_journal(&journal.counters(), journal.healthy()));
    readings
}

fn counter(name: &'static str, help: &'static str, value: u64) -> Reading {
    Reading {
        name,
        help,
        kind: ReadingKind::Counter,
        value,
    }
}

fn gauge(name: &'static str, help: &'static str, value: u64) -> Reading {
    Reading {
        name,
        help,
        kind: ReadingKind::Gauge,
        value,
    }
}

fn of_store(rows: &Stats) -> [Reading; 9] {
    [
        counter("store_commits", "Batches applied", rows.commits),
        counter(
            "store_syncs",
            "Times that batches were made durable",
            rows.syncs,
        ),
        counter(
            "store_conflicts",
            "Batches answered with a conflict",
            rows.conflicts,
        ),
        counter(
            "store_checkpoints",
            "Times that the log was folded in",
            rows.checkpoints,
        ),
        counter(
            "store_cache_misses",
            "Reads that the cache could not answer",
            rows.cache_misses,
        ),
        gauge("store_cached_rows", "Rows in the cache", rows.cached_rows),
        gauge(
            "store_cached_bytes",
            "Bytes in the cache",
            rows.cached_bytes,
        ),
        gauge(
            "store_log_bytes",
            "Bytes in the write-ahead log",
            rows.wal_bytes,
        ),
        gauge(
            "store_queued",
            "Batches that wait to be written",
            rows.queued,
        ),
    ]
}

fn of_journal(records: &Counters, healthy: bool) -> [Reading; 8] {
    let decided = records.durable.saturating_add(records.failed);
    let waiting = records.accepted.saturating_sub(decided);
    [
        counter("audit_records", "Records made durable", records.durable),
        counter(
            "audit_bytes",
            "Bytes of records made durable",
            records.bytes,
        ),
        counter(
            "audit_syncs",
            "Times that records were made durable",
            records.syncs,
        ),
        counter(
            "audit_rejected",
            "Records refused because too many waited",
            records.rejected,
        ),
        counter(
            "audit_failed",
            "Records that did not become durable",
            records.failed,
        ),
        counter(
            "audit_faults",
            "Times that the journal became unavailable",
            records.faults,
        ),
        gauge(
            "audit_queued",
            "Records that wait to become durable",
            waiting,
        ),
        gauge(
            "audit_healthy",
            "1 if records are taken",
            u64::from(healthy),
        ),
    ]
}
