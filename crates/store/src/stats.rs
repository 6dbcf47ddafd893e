//! Numbers for the metrics page.

/// What the store has done since it was opened, and what it holds in memory now.
///
/// Taken without stopping anything, so the numbers may be a few operations apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Rows in the cache.
    pub cached_rows: u64,
    /// Bytes that the cache counts for them, overhead included.
    pub cached_bytes: u64,
    /// Reads of one row that the cache could not answer.
    pub cache_misses: u64,
    /// Bytes of the commit log that are not in the database yet. The files may be longer.
    pub wal_bytes: u64,
    /// Batches applied.
    pub commits: u64,
    /// Times that the log was made durable for them: less than `commits` when several share one.
    pub syncs: u64,
    /// Batches answered with a conflict.
    pub conflicts: u64,
    /// Batches that wait to be written.
    pub queued: u64,
    /// Times that a generation of the log was written into the database.
    pub checkpoints: u64,
}
