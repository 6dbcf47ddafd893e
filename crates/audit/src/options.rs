//! How a journal is kept.

use std::path::PathBuf;
use std::time::Duration;

use crate::frame;
use crate::header::{FOOTER, FRAMES};
use crate::recovery::OpenError;

/// Where a journal is kept, and its limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalOptions {
    /// The directory, which holds nothing else.
    pub directory: PathBuf,
    /// The size of a segment, in bytes: what retention drops at once, and what a start reads.
    pub segment_bytes: u64,
    /// Within which every record is answered, durable or not.
    pub deadline: Duration,
    /// How many bytes may wait for the disk; then records are refused. At least the largest record
    /// must fit.
    pub queue_bytes: usize,
    /// A head is signed after so many records,
    pub head_records: u64,
    /// or after this time.
    pub head_interval: Duration,
    /// The pause before the first attempt to recover from a fault; it doubles up to the deadline.
    pub backoff: Duration,
    /// The sequence that the journal is known to have reached; 0 if none is. A journal that ends
    /// before does not open.
    pub reached: u64,
}

impl JournalOptions {
    /// The usual limits: segments of 64 MiB, 5 s deadline, 8 MiB queue, a signed head every 100,000
    /// records or every minute.
    pub fn usual(directory: impl Into<PathBuf>) -> Self {
        Self {
            directory: directory.into(),
            segment_bytes: 64 << 20,
            deadline: Duration::from_secs(5),
            queue_bytes: 8 << 20,
            head_records: 100_000,
            head_interval: Duration::from_secs(60),
            backoff: Duration::from_millis(50),
            reached: 0,
        }
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let limits = [
            (
                "the size of audit segments",
                FRAMES + FOOTER as u64 + 1,
                self.segment_bytes,
            ),
            (
                "the bytes of the audit queue",
                frame::size(frame::MAX_PAYLOAD) as u64,
                self.queue_bytes as u64,
            ),
            ("the records between signed heads", 1, self.head_records),
            (
                "the milliseconds between signed heads",
                1,
                milliseconds(self.head_interval),
            ),
            (
                "the milliseconds of the audit deadline",
                8,
                milliseconds(self.deadline),
            ),
        ];
        for (option, least, found) in limits {
            if found < least {
                return Err(OpenError::Options {
                    option,
                    least,
                    found,
                });
            }
        }
        Ok(())
    }
}
