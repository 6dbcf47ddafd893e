//! Append-only evidence: record, hash chain, journal, verification.
//!
//! Every call leaves one [`Record`], with the service events that it caused. The [`Journal`] links
//! records with HMAC-SHA-256, writes them to segment files, and says when they are on disk: nothing
//! that must be recorded is answered before its [`Durable`] is in hand. [`verify`] finds whatever
//! was changed, dropped or moved; [`SignedHead`]s, kept elsewhere, find what was replaced whole.
//!
//! # On disk
//!
//! A directory holds `lock`, the segments (`<first sequence>.journal`), the summaries beside them
//! (`.summary`, derived), and `spare-<n>`, a file of zeros that becomes the next segment.
//!
//! A segment is a header of 4096 bytes, frames, and, once it has ended in order, a footer. Every
//! frame carries the link to all that came before it, across segments. The layouts stand, byte by
//! byte, in `header.rs`, `frame.rs`, `signed.rs`, `id.rs` and `summary.rs`; the payload of a record
//! is the CBOR map that `record.rs` and `event.rs` number.
//!
//! # What it promises
//!
//! - A [`Receipt`] that is ready with [`Durable`] stands for a record that survives the machine.
//! - Every receipt is decided within the deadline, also when the disk hangs.
//! - After a failed write or sync the file is left alone. Records are refused until a fresh segment
//!   stands and reads back.
//! - Memory is bounded: the queue in bytes, summaries and counts in number.

mod batch;
mod bytes;
mod codec;
mod disk;
mod encoding;
mod entry;
mod event;
mod failures;
mod fault;
#[cfg(test)]
mod faults;
mod filter;
mod finished;
mod frame;
mod gather;
mod hash;
mod header;
mod id;
mod journal;
mod keys;
mod note;
mod options;
mod query;
mod queue;
mod receipt;
mod record;
mod recovery;
mod retention;
mod scan;
mod segment;
mod signed;
mod spare;
mod summary;
#[cfg(test)]
mod testing;
mod text;
mod verify;
mod watchdog;
mod words;
mod writer;

pub use encoding::{EncodeError, EncodedRecord, RecordError};
pub use entry::Entry;
pub use event::{Action, Detail, Outcome, Resource, ServiceEvent, Value};
pub use fault::{AppendError, WriteFault};
pub use filter::{Filter, Page, PageError};
pub use header::HeaderError;
pub use id::RecordId;
pub use journal::{CloseError, Journal};
pub use keys::JournalKeys;
pub use options::JournalOptions;
pub use query::Found;
pub use queue::Counters;
pub use receipt::{Durable, Receipt};
pub use record::{Credential, Header, Principal, Record};
pub use recovery::OpenError;
pub use retention::{ExpireError, Expired};
pub use scan::ReadError;
pub use signed::{Head, SignedHead, Tombstone};
pub use text::{LongText, ShortText, Text};
pub use verify::{Ends, Tampered, Tampering, Verified, VerifyError, verify, verify_with};
