//! Retention: whole segments are dropped, oldest first.
//!
//! What is provable afterwards: the first remaining header carries the link of the last record that
//! was dropped, under the chain key; and a tombstone in the chain, signed, says which records were
//! dropped and names the same link. So nobody without the keys can pass a removed segment off as
//! expired, and a signed head that was kept elsewhere and falls into the dropped stretch can still
//! be matched where it is the last of it. The contents of what was dropped are gone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use strongroom_crypto::{HeadSigner, SignError};
use strongroom_types::Timestamp;

use crate::disk::Disk;
use crate::fault::AppendError;
use crate::segment::{Segment, Shelf};
use crate::signed::{Head, Tombstone};

/// What was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expired {
    /// How many segments.
    pub segments: u64,
    /// The last sequence that was dropped; 0 if nothing was.
    pub last: u64,
}

/// Why not everything was dropped that could have been.
#[derive(Debug, thiserror::Error)]
pub enum ExpireError {
    /// The tombstone could not be signed.
    #[error("what is dropped from the audit journal cannot be signed, so nothing was dropped")]
    Sign {
        /// The library's reason.
        #[source]
        source: SignError,
    },
    /// The tombstone could not be recorded.
    #[error("what is dropped from the audit journal cannot be recorded, so nothing was dropped")]
    Tombstone {
        /// What happened.
        #[source]
        source: AppendError,
    },
    /// A file could not be removed. It comes back, and is dropped again, after the next start.
    #[error("the expired audit segment {path:?} cannot be removed")]
    Remove {
        /// The file.
        path: PathBuf,
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
}

/// What to drop.
pub(crate) struct Plan {
    segments: Vec<Arc<Segment>>,
    first: u64,
    last: Head,
}

/// The segments whose successor was begun at or before this instant: none of their records was
/// written later. None if there are no such segments.
pub(crate) fn plan(segments: &[Arc<Segment>], before: Timestamp) -> Option<Plan> {
    let dropped = segments
        .iter()
        .skip(1)
        .take_while(|successor| successor.header.created <= before)
        .count();
    let kept = segments.get(dropped)?;
    let segments = segments.get(..dropped)?;
    Some(Plan {
        first: segments.first()?.header.first,
        last: kept.header.previous,
        segments: segments.to_vec(),
    })
}

impl Plan {
    pub(crate) fn tombstone(
        &self,
        at: Timestamp,
        signer: &HeadSigner,
    ) -> Result<Tombstone, ExpireError> {
        Tombstone::sign(self.first, self.last, at, signer)
            .map_err(|source| ExpireError::Sign { source })
    }

    /// Removes the files. The tombstone must be durable.
    pub(crate) fn carry_out(
        self,
        disk: &dyn Disk,
        directory: &Path,
        shelf: &Shelf,
    ) -> Result<Expired, ExpireError> {
        let failed = |path: &Path, source| ExpireError::Remove {
            path: path.to_owned(),
            source,
        };
        for segment in &self.segments {
            shelf.forget_before(segment.header.first + 1);
            // Whoever still has the segment puts no summary beside it any more.
            segment.summary.lock().kept = true;
            // There is a summary only if one was made.
            match disk.remove(&segment.summary_path()) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(failed(&segment.summary_path(), source));
                }
                _ => {}
            }
            disk.remove(&segment.path)
                .map_err(|source| failed(&segment.path, source))?;
        }
        disk.sync_directory(directory)
            .map_err(|source| failed(directory, source))?;
        Ok(Expired {
            segments: self.segments.len() as u64,
            last: self.last.sequence,
        })
    }
}
