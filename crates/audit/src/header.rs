//! The fixed parts of a segment file: header and footer.
//!
//! A segment is named by its first sequence, twenty digits, `.journal`. All integers are
//! little-endian. Frames begin at offset 4096, so that no torn frame shares a page with the header.
//!
//! | Header | Bytes | Field |
//! |---|---|---|
//! | 0 | 8 | `SRAUDIT\0` |
//! | 8 | 2 | format version, 1 |
//! | 10 | 2 | flags: bit 0, the predecessor was abandoned (below) |
//! | 12 | 4 | zero |
//! | 16 | 8 | capacity: the bytes that the file was preallocated with |
//! | 24 | 8 | sequence of the first frame |
//! | 32 | 8 | sequence of the last frame before; 0 for none |
//! | 40 | 32 | link of that frame; zeros for none |
//! | 72 | 8 | where that frame ends in its own file; 0 for none |
//! | 80 | 8 | when the segment was begun, microseconds since 1970 |
//! | 88 | 32 | HMAC-SHA-256 of the label `strongroom/audit/header/1` and bytes 0–87 |
//! | 120 | 3976 | zeros |
//!
//! A segment that was filled or closed is cut to its length and ends with a footer, which makes a
//! missing end visible. One that was abandoned (a crash, a failed write or sync) has none: its
//! successor's header says where it ends, and whatever stands after that was never acknowledged.
//! A process does not use the sequences of records that failed again; the successor's header
//! declares the gap, since it carries both the last sequence before and its own first.
//!
//! | Footer | Bytes | Field |
//! |---|---|---|
//! | 0 | 8 | `SRAUDEND` |
//! | 8 | 1 | 1 filled, 2 closed |
//! | 9 | 112 | signed head of the last frame |
//! | 121 | 32 | HMAC-SHA-256 of the label `strongroom/audit/footer/1` and bytes 0–120 |

use strongroom_crypto::ChainKey;
use strongroom_types::Timestamp;

use crate::bytes::Fields;
use crate::frame::Link;
use crate::signed::{Head, SignedHead};

/// Where frames begin.
pub(crate) const FRAMES: u64 = 4096;

const MAGIC: [u8; 8] = *b"SRAUDIT\0";
const VERSION: u16 = 1;
const ABANDONED: u16 = 1;
const HEADER: usize = 88;

const FOOTER_MAGIC: [u8; 8] = *b"SRAUDEND";
/// The bytes of a footer.
pub(crate) const FOOTER: usize = 8 + 1 + SignedHead::BYTES + 32;

// Labels stand where the link before stands for frames. No link ever equals one.
const HEADER_LABEL: Link = *b"strongroom/audit/header/1\0\0\0\0\0\0\0";
const FOOTER_LABEL: Link = *b"strongroom/audit/footer/1\0\0\0\0\0\0\0";

/// How a segment begins, and how the one before it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// The bytes that the file was preallocated with.
    pub(crate) capacity: u64,
    /// The sequence of its first frame.
    pub(crate) first: u64,
    /// The last frame before.
    pub(crate) previous: Head,
    /// Where that frame ends in its own file.
    pub(crate) previous_end: u64,
    /// Whether the file before may hold bytes after that.
    pub(crate) abandoned: bool,
    /// When the segment was begun.
    pub(crate) created: Timestamp,
}

/// Bytes that are no header of this journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Something else.
    #[error("the file does not begin as a segment")]
    Magic,
    /// A later release wrote it.
    #[error("the segment has format {found}; this release reads format 1: use a newer release")]
    Version {
        /// The format found.
        found: u16,
    },
    /// It was changed, or another key wrote it.
    #[error("the segment's header was changed, or was written with another key")]
    Changed,
}

impl Header {
    /// The whole block before the first frame.
    pub(crate) fn to_block(self, chain: &ChainKey) -> Vec<u8> {
        let mut block = Vec::with_capacity(4096);
        block.extend_from_slice(&MAGIC);
        block.extend_from_slice(&VERSION.to_le_bytes());
        let flags = if self.abandoned { ABANDONED } else { 0 };
        block.extend_from_slice(&flags.to_le_bytes());
        block.extend_from_slice(&[0; 4]);
        block.extend_from_slice(&self.capacity.to_le_bytes());
        block.extend_from_slice(&self.first.to_le_bytes());
        block.extend_from_slice(&self.previous.sequence.to_le_bytes());
        block.extend_from_slice(&self.previous.link);
        block.extend_from_slice(&self.previous_end.to_le_bytes());
        block.extend_from_slice(&self.created.as_microsecond().to_le_bytes());
        let code = chain.link(&HEADER_LABEL, &block);
        block.extend_from_slice(&code);
        block.resize(4096, 0);
        block
    }

    /// Reads and checks the block before the first frame.
    pub(crate) fn from_block(block: &[u8], chain: &ChainKey) -> Result<Self, HeaderError> {
        let (header, rest) = block.split_at_checked(HEADER).ok_or(HeaderError::Magic)?;
        let mut fields = Fields::of(header);
        if fields.array() != Some(MAGIC) {
            return Err(HeaderError::Magic);
        }
        let version = fields.u16().ok_or(HeaderError::Magic)?;
        if version != VERSION {
            return Err(HeaderError::Version { found: version });
        }
        let (code, zeros) = rest.split_first_chunk().ok_or(HeaderError::Changed)?;
        let genuine = chain.verify_link(&HEADER_LABEL, header, code).is_ok();
        if !genuine || zeros.iter().any(|&byte| byte != 0) {
            return Err(HeaderError::Changed);
        }
        Self::fields(fields).ok_or(HeaderError::Changed)
    }

    fn fields(mut fields: Fields<'_>) -> Option<Self> {
        let flags = fields.u16()?;
        fields.u32()?;
        let header = Self {
            abandoned: flags & ABANDONED != 0,
            capacity: fields.u64()?,
            first: fields.u64()?,
            previous: Head {
                sequence: fields.u64()?,
                link: fields.array()?,
            },
            previous_end: fields.u64()?,
            created: Timestamp::from_microsecond(fields.i64()?).ok()?,
        };
        fields.finished().then_some(header)
    }
}

/// Why a segment ended in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was full.
    Filled,
    /// The journal was closed.
    Closed,
}

/// The orderly end of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) ended: Ended,
    pub(crate) head: SignedHead,
}

impl Footer {
    pub(crate) fn to_bytes(self, chain: &ChainKey) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(FOOTER);
        bytes.extend_from_slice(&FOOTER_MAGIC);
        bytes.push(match self.ended {
            Ended::Filled => 1,
            Ended::Closed => 2,
        });
        bytes.extend_from_slice(&self.head.to_bytes());
        let code = chain.link(&FOOTER_LABEL, &bytes);
        bytes.extend_from_slice(&code);
        bytes
    }

    /// The footer, if these bytes are exactly one.
    pub(crate) fn parse(bytes: &[u8], chain: &ChainKey) -> Option<Self> {
        let (body, code) = bytes.split_last_chunk()?;
        let mut fields = Fields::of(body);
        if fields.array() != Some(FOOTER_MAGIC) {
            return None;
        }
        let [ended] = fields.array()?;
        let head = SignedHead::from_bytes(&fields.array()?)?;
        if !fields.finished() || chain.verify_link(&FOOTER_LABEL, body, code).is_err() {
            return None;
        }
        Some(Self {
            ended: match ended {
                1 => Ended::Filled,
                2 => Ended::Closed,
                _ => return None,
            },
            head,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keys;

    fn header() -> Header {
        Header {
            capacity: 1 << 20,
            first: 12,
            previous: Head {
                sequence: 9,
                link: [5; 32],
            },
            previous_end: 4711,
            abandoned: true,
            created: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }

    #[test]
    fn a_header_round_trips_and_no_byte_of_it_can_change() {
        let keys = keys();
        let block = header().to_block(keys.audit_chain());
        assert_eq!(block.len(), 4096);
        assert_eq!(Header::from_block(&block, keys.audit_chain()), Ok(header()));
        for at in 0..block.len() {
            let mut changed = block.clone();
            changed[at] ^= 1;
            assert!(
                Header::from_block(&changed, keys.audit_chain()).is_err(),
                "byte {at}"
            );
        }
    }

    #[test]
    fn another_format_is_named() {
        let mut block = header().to_block(keys().audit_chain());
        block[8] = 2;
        assert_eq!(
            Header::from_block(&block, keys().audit_chain()),
            Err(HeaderError::Version { found: 2 })
        );
        block[0] = b'X';
        assert_eq!(
            Header::from_block(&block, keys().audit_chain()),
            Err(HeaderError::Magic)
        );
    }

    #[test]
    fn a_footer_round_trips_and_no_byte_of_it_can_change() {
        let keys = keys();
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let footer = Footer {
            ended: Ended::Filled,
            head: SignedHead::sign(header().previous, at, keys.audit_signer()).unwrap(),
        };
        let bytes = footer.to_bytes(keys.audit_chain());
        assert_eq!(bytes.len(), FOOTER);
        assert_eq!(Footer::parse(&bytes, keys.audit_chain()), Some(footer));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert_eq!(
                Footer::parse(&changed, keys.audit_chain()),
                None,
                "byte {at}"
            );
        }
    }
}
