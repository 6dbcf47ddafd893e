//! What can go wrong while the journal writes.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use strongroom_crypto::SignError;

use crate::encoding::EncodeError;

/// Why the journal cannot write. Logged once, by the writer; every waiter gets the same one.
#[derive(Debug, thiserror::Error)]
pub enum WriteFault {
    /// No fresh segment could be made.
    #[error("a fresh audit segment cannot be prepared: check the space and the health of the disk")]
    Prepare {
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A fresh segment could not be put in place.
    #[error("a fresh audit segment cannot be begun: check the health of the disk")]
    Begin {
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A fresh segment did not read back as written.
    #[error("a fresh audit segment reads differently from what was written: replace the disk")]
    ReadBack,
    /// Records could not be written.
    #[error("audit records cannot be written: check the space and the health of the disk")]
    Write {
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// Records could not be made durable.
    #[error("audit records cannot be synced: check the health of the disk")]
    Sync {
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A full segment could not be ended.
    #[error("a full audit segment cannot be ended: check the health of the disk")]
    Finish {
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A head could not be signed.
    #[error("the head of the audit chain cannot be signed")]
    Sign {
        /// The library's reason.
        #[source]
        source: SignError,
    },
    /// The disk did not answer in time.
    #[error("the disk took longer than {after:?} for audit records: check its health")]
    Deadline {
        /// The deadline.
        after: Duration,
    },
}

/// Why a record is not in the journal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AppendError {
    /// The journal cannot write now. The record may or may not be on disk: it does not count.
    #[error("the audit journal is not available, so the call cannot be recorded: try again later")]
    Unavailable {
        /// What happened.
        #[source]
        cause: Arc<WriteFault>,
    },
    /// Records come faster than the disk takes them.
    #[error("the audit queue is full: try again later")]
    Full,
    /// The journal was closed.
    #[error("the audit journal is closed")]
    Closed,
    /// The record cannot be encoded.
    #[error("the audit record is refused")]
    Record {
        /// What is wrong with it.
        #[source]
        cause: Arc<EncodeError>,
    },
}
