//! Durable bytes: an ordered table of keys and sealed values, with one conditional batch.
//!
//! The store knows nothing of secrets. It keeps what it is given under the key that it is given,
//! takes only [`Sealed`](strongroom_crypto::Sealed) values, and changes several rows together or
//! not at all. Everything is read, then committed at once; there are no interactive transactions.
//!
//! # The format on disk
//!
//! The embedded store is a directory with these files, readable by their owner only:
//!
//! | File | What it is |
//! |---|---|
//! | `store.db` | the database, in SQLite's file format 3, with pages of 4096 bytes |
//! | `store.db-wal` | SQLite's log: what was written to the database but is not in its file yet |
//! | `store.db-shm` | an index of that log, made anew at each start |
//! | `commits-0.log`, `commits-1.log` | the commit log: commits that are not in the database yet |
//! | `lock` | empty; whoever has the lock on it has the store |
//!
//! A stopped store needs `store.db`, and `store.db-wal` and both files of the commit log if they are
//! there and not empty.
//!
//! The database's header says `Strg` (0x53747267) as its *application id*, and the number of the
//! format as its *user version*: 2. A release refuses formats that are later than its own, and takes
//! over earlier ones; format 1 had neither a commit log nor the column `generation`. There are two
//! tables.
//!
//! `rows` has everything that the engine keeps:
//!
//! | Column | Type | Meaning |
//! |---|---|---|
//! | `key` | BLOB, unique | what the engine calls the row; ordered byte by byte |
//! | `revision` | INTEGER | the number of the commit that wrote the row last |
//! | `value` | BLOB | the sealed bytes: a format byte, then what that format says |
//!
//! `meta` has one row, with `id` 1:
//!
//! | Column | Type | Meaning |
//! |---|---|---|
//! | `installation` | BLOB | 16 random bytes, drawn when the store was made |
//! | `revision` | INTEGER | the number of the last commit in the database, also when its rows are gone |
//! | `generation` | INTEGER | the last generation of the commit log that is in the database |
//!
//! # The commit log
//!
//! A commit is acknowledged when it is in the commit log and synced. The log is a sequence of
//! *generations*, numbered one after the other. The two files take turns: while commits are added to
//! one generation, the one before is written into the database, as its net effect and in one
//! transaction that also moves `revision` and `generation` on; then its file is written over from the
//! start. So behind the frames of a generation may stand those of an older one, and behind all of
//! them zeros.
//!
//! A file is a sequence of frames, one for each group of commits that share a sync. All integers are
//! little-endian. A frame begins at a multiple of 8 bytes and is filled up with zeros.
//!
//! | Offset | Bytes | Field |
//! |---|---|---|
//! | 0 | 4 | `SrCf` |
//! | 4 | 4 | `length` of the entries |
//! | 8 | 8 | `generation` |
//! | 16 | 8 | `first`: the revision of the group's first commit |
//! | 24 | 8 | `last`: the revision of its last |
//! | 32 | `length` | entries, in key order |
//! | 32 + `length` | 8 | XXH3-64 of everything above |
//!
//! An entry is a byte (0 a deletion, 1 a row), the key's length in 4 bytes and the key; for a row then
//! its revision in 8 bytes, the value's length in 4 bytes and the value.
//!
//! At the start every frame of a generation after the database's is written into the database. They
//! stand without a gap from the start of a file, and their revisions follow each other, across both
//! files too. A frame that cannot be read ends them: it was being written when the process died. But
//! if a newer frame stands anywhere behind it, it was damaged afterwards, because a frame is written
//! only when the one before is synced; then the store is not opened. Damage to the last frame of all
//! cannot be told from a torn write.
//!
//! Deleted bytes are overwritten with zeros in the database. Older bytes in both logs are overwritten
//! as these are used again; the logs are emptied at each start and each clean stop.

mod backend;
mod batch;
mod embedded;
mod error;
#[cfg(feature = "faults")]
mod faults;
mod key;
mod scan;
mod stats;
mod store;

pub use batch::Batch;
pub use embedded::EmbeddedOptions;
pub use error::{BackupError, Cause, CommitError, OpenError, ReadError, Unavailable};
#[cfg(feature = "faults")]
pub use faults::{ApplyFault, CommitFault, FaultPlan, LogFault};
pub use key::{Key, Revision, Row};
pub use scan::Scan;
pub use stats::Stats;
pub use store::Store;
