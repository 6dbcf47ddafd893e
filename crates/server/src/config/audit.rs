//! The audit journal.

use std::path::PathBuf;

use super::section::section;

section! {
    /// The audit journal. Without a durable record there is no reply, so give it a disk that lasts.
    pub struct Audit {
        /// Where the journal lies. Without it, `audit` in the data directory.
        pub directory: Option<PathBuf> = None,
        /// The size of one segment file, in MiB.
        pub segment_mebibytes: u64 = 64,
        /// How long a reply may wait for its record, in seconds, before it becomes a 503.
        pub deadline_seconds: u64 = 5,
        /// How many days records are kept; whole segments older than that are dropped.
        pub retention_days: u32 = 365,
    }
}
