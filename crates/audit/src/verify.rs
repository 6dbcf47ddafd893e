//! Verification: reads the whole journal and says whether it is what was written.
//!
//! Found: every changed byte of a header, frame or footer; frames and segments that were dropped,
//! added, repeated or moved; an end that was cut off a segment which had ended in order.
//!
//! Not found by the files alone: that the newest segments, or the end of a segment whose process
//! crashed, were replaced by an earlier state. Signed heads kept elsewhere find that.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use strongroom_crypto::ChainKey;

use crate::frame::{Frame, Kind};
use crate::header::{Ended, FRAMES, Footer, Header, HeaderError};
use crate::recovery::{self, Ending};
use crate::segment;
use crate::signed::{Head, SignedHead, Tombstone};

/// A journal that is what was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many segments there are.
    pub segments: u64,
    /// How many records there are.
    pub records: u64,
    /// The first sequence; what stood before was dropped by retention.
    pub first: u64,
    /// The newest frame.
    pub last: Head,
    /// How many signed heads were checked.
    pub signed_heads: u64,
    /// The newest signed head.
    pub newest_signed: Option<SignedHead>,
    /// How many sequences were given to records that never became durable.
    pub unused: u64,
    /// How the journal ends.
    pub ends: Ends,
}

/// How a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// It is empty.
    Empty,
    /// It was closed.
    Closed,
    /// With a full segment: the process ended in the instant between two segments, or the newest
    /// segment is missing.
    Filled,
    /// It was not closed: the process is running, or crashed.
    Open,
}

/// Where and how a journal differs from what was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("audit segment {segment}, record {sequence}: {what}")]
pub struct Tampered {
    /// The file's name.
    pub segment: String,
    /// The first record that is in doubt.
    pub sequence: u64,
    /// What is wrong.
    pub what: Tampering,
}

/// What is wrong with a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Tampering {
    /// The header is not the one that was written.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The file has another segment's name.
    #[error("the segment was renamed")]
    Renamed,
    /// The segment does not follow the one before it.
    #[error("the segment does not follow the one before it: one is missing, or was replaced")]
    Order,
    /// Records before the first segment are missing, and no tombstone says that they expired.
    #[error("the records before it are missing, and were not dropped by retention")]
    Missing,
    /// A record was changed, dropped, added or moved.
    #[error("the record was changed, dropped or moved")]
    Frame,
    /// The end of the segment was cut off or changed.
    #[error("the end of the segment was cut off or changed")]
    End,
    /// A signed head does not match.
    #[error("the signed head is not genuine, or signs another record")]
    SignedHead,
    /// A tombstone is not genuine.
    #[error("the tombstone of expired records is not genuine")]
    Tombstone,
    /// A signed head that was kept elsewhere is not in the journal.
    #[error("the journal is not the one whose signed head was kept elsewhere")]
    Anchor,
}

/// Why a journal was not verified.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The disk refused.
    #[error("the audit journal cannot be read at {path:?}")]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// It is not what was written.
    #[error("the audit journal was tampered with")]
    Tampered(#[source] Tampered),
}

/// Reads the whole journal of a directory and checks everything in it.
///
/// # Errors
///
/// It cannot be read, or is not what was written.
pub fn verify(
    directory: &Path,
    chain: &ChainKey,
    public_key: &[u8; 32],
) -> Result<Verified, VerifyError> {
    verify_with(directory, chain, public_key, &[])
}

/// As [`verify`], and also checks that the journal contains these signed heads, kept elsewhere.
/// Heads within what retention dropped count as contained.
///
/// # Errors
///
/// It cannot be read, or is not what was written.
pub fn verify_with(
    directory: &Path,
    chain: &ChainKey,
    public_key: &[u8; 32],
    anchors: &[SignedHead],
) -> Result<Verified, VerifyError> {
    let disk = |path: &Path, source| VerifyError::Disk {
        path: path.to_owned(),
        source,
    };
    let listing = recovery::list(directory).map_err(|e| disk(directory, e))?;
    let mut check = Check::new(chain, public_key, anchors);
    let mut headers = Vec::new();
    for first in listing.segments {
        let path = directory.join(segment::file_name(first));
        let block = fs::File::open(&path).and_then(|file| {
            let mut block = Vec::new();
            file.take(FRAMES).read_to_end(&mut block).map(|_| block)
        });
        let block = block.map_err(|e| disk(&path, e))?;
        headers.push(check.header(first, &block).map_err(VerifyError::Tampered)?);
    }
    for (index, header) in headers.iter().enumerate() {
        let path = directory.join(segment::file_name(header.first));
        let bytes = fs::read(&path).map_err(|e| disk(&path, e))?;
        check
            .segment(header, headers.get(index + 1), &bytes)
            .map_err(VerifyError::Tampered)?;
    }
    check.end(headers.first()).map_err(VerifyError::Tampered)
}

struct Check<'a> {
    chain: &'a ChainKey,
    public_key: &'a [u8; 32],
    /// Those that were not met yet.
    anchors: Vec<SignedHead>,
    tombstones: Vec<Tombstone>,
    verified: Verified,
}

fn tampered(first: u64, sequence: u64, what: Tampering) -> Tampered {
    Tampered {
        segment: segment::file_name(first),
        sequence,
        what,
    }
}

impl<'a> Check<'a> {
    fn new(chain: &'a ChainKey, public_key: &'a [u8; 32], anchors: &[SignedHead]) -> Self {
        Self {
            chain,
            public_key,
            anchors: anchors.to_vec(),
            tombstones: Vec::new(),
            verified: Verified {
                segments: 0,
                records: 0,
                first: 1,
                last: Head::GENESIS,
                signed_heads: 0,
                newest_signed: None,
                unused: 0,
                ends: Ends::Empty,
            },
        }
    }

    fn header(&self, first: u64, block: &[u8]) -> Result<Header, Tampered> {
        let header = Header::from_block(block, self.chain)
            .map_err(|error| tampered(first, first, error.into()))?;
        if header.first != first {
            return Err(tampered(first, first, Tampering::Renamed));
        }
        if header.first <= header.previous.sequence {
            return Err(tampered(first, first, Tampering::Order));
        }
        Ok(header)
    }

    fn segment(
        &mut self,
        header: &Header,
        next: Option<&Header>,
        bytes: &[u8],
    ) -> Result<(), Tampered> {
        let first = header.first;
        if self.verified.segments == 0 {
            self.verified.first = first;
        }
        self.verified.segments += 1;
        self.verified.unused += first - header.previous.sequence - 1;
        // What stands behind the end that the successor declares was never acknowledged.
        let declared = next.and_then(|next| usize::try_from(next.previous_end).ok());
        let counted = declared.and_then(|end| bytes.get(..end)).unwrap_or(bytes);
        let chain = self.chain;
        let walked = recovery::walk(header, counted, chain, |before, frame| {
            self.frame(before, frame)
                .map_err(|what| tampered(first, frame.sequence, what))
        })?;
        let (end, last) = walked;
        self.verified.last = last;
        let doubt = |what| tampered(first, first.max(last.sequence + 1), what);
        match next {
            Some(next) if declared != Some(end) => Err(doubt(Tampering::frame_or_order(
                end as u64,
                next.previous_end,
            ))),
            Some(next) if last != next.previous => {
                Err(tampered(next.first, next.first, Tampering::Order))
            }
            Some(next) if next.abandoned => Ok(()),
            Some(_) => {
                let footer = bytes.get(end..).and_then(|rest| Footer::parse(rest, chain));
                let footer = footer.ok_or_else(|| doubt(Tampering::End))?;
                self.signed_head(footer.head, last).map_err(doubt)
            }
            None => self.newest(header, bytes, walked).map_err(doubt),
        }
    }

    fn newest(
        &mut self,
        header: &Header,
        bytes: &[u8],
        walked: (usize, Head),
    ) -> Result<(), Tampering> {
        match recovery::ending(header, bytes, walked, self.chain) {
            Ending::Footer(footer) => {
                self.verified.ends = match footer.ended {
                    Ended::Filled => Ends::Filled,
                    Ended::Closed => Ends::Closed,
                };
                self.signed_head(footer.head, walked.1)
            }
            Ending::Torn => {
                self.verified.ends = Ends::Open;
                Ok(())
            }
            Ending::Damaged => Err(Tampering::Frame),
        }
    }

    fn frame(&mut self, before: Head, frame: &Frame<'_>) -> Result<(), Tampering> {
        match frame.kind {
            Kind::Record => self.verified.records += 1,
            Kind::Head => {
                let signed = payload(frame)
                    .and_then(SignedHead::from_bytes)
                    .ok_or(Tampering::SignedHead)?;
                self.signed_head(signed, before)?;
            }
            Kind::Tombstone => {
                let tombstone = payload(frame)
                    .and_then(Tombstone::from_bytes)
                    .filter(|tombstone| tombstone.verify(self.public_key).is_ok())
                    .ok_or(Tampering::Tombstone)?;
                self.tombstones.push(tombstone);
            }
        }
        self.meet(Head {
            sequence: frame.sequence,
            link: frame.link,
        })
    }

    fn signed_head(&mut self, signed: SignedHead, of: Head) -> Result<(), Tampering> {
        if signed.head != of || signed.verify(self.public_key).is_err() {
            return Err(Tampering::SignedHead);
        }
        self.verified.signed_heads += 1;
        self.verified.newest_signed = Some(signed);
        Ok(())
    }

    /// Strikes off the anchors at this place.
    fn meet(&mut self, place: Head) -> Result<(), Tampering> {
        if self.anchors.is_empty() {
            return Ok(());
        }
        let here = |anchor: &SignedHead| anchor.head.sequence == place.sequence;
        let differs = |anchor: &SignedHead| {
            anchor.head.link != place.link || anchor.verify(self.public_key).is_err()
        };
        if self.anchors.iter().any(|a| here(a) && differs(a)) {
            return Err(Tampering::Anchor);
        }
        self.anchors.retain(|anchor| !here(anchor));
        Ok(())
    }

    fn end(mut self, oldest: Option<&Header>) -> Result<Verified, Tampered> {
        let before = oldest.map_or(Head::GENESIS, |header| header.previous);
        let first = self.verified.first;
        // A crash may have kept retention from removing all that its tombstone names.
        let named = |stone: &Tombstone| {
            (stone.first..=stone.last.sequence).contains(&before.sequence)
                && (stone.last.sequence != before.sequence || stone.last.link == before.link)
        };
        if before.sequence > 0 && !self.tombstones.iter().any(named) {
            return Err(tampered(first, first, Tampering::Missing));
        }
        self.meet(before)
            .map_err(|what| tampered(first, first, what))?;
        // What is left was dropped by retention, or should be here.
        match self.anchors.iter().find(|a| a.head.sequence >= first) {
            Some(anchor) => Err(tampered(first, anchor.head.sequence, Tampering::Anchor)),
            None => Ok(self.verified),
        }
    }
}

impl Tampering {
    /// What it means that a segment's frames end here, though its successor says there.
    fn frame_or_order(here: u64, there: u64) -> Self {
        if here < there {
            Self::Frame
        } else {
            Self::Order
        }
    }
}

fn payload<'a, const N: usize>(frame: &Frame<'a>) -> Option<&'a [u8; N]> {
    frame.payload.try_into().ok()
}
