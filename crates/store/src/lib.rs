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
//! | `store.db-wal` | the write-ahead log: commits that are not in the database yet |
//! | `store.db-shm` | an index of the log, made anew at each start |
//! | `lock` | empty; whoever has the lock on it has the store |
//!
//! A stopped store needs `store.db`, and `store.db-wal` if it is there and not empty.
//!
//! The database's header says `Strg` (0x53747267) as its *application id*, and the number of the
//! format as its *user version*: 1. A release refuses formats that are later than its own. There are
//! two tables.
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
//! | `revision` | INTEGER | the number of the last commit, which survives the deletion of its rows |
//!
//! Deleted bytes are overwritten with zeros in the database; older pages in the log are overwritten
//! as the log is used again, and it is emptied at each start and each clean stop.

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
pub use faults::{CommitFault, FaultPlan};
pub use key::{Key, Revision, Row};
pub use scan::Scan;
pub use stats::Stats;
pub use store::Store;
