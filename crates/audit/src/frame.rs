//! Frames: how one record stands in a segment.
//!
//! All integers are little-endian.
//!
//! | Offset | Bytes | Field |
//! |---|---|---|
//! | 0 | 4 | `length` of the payload, at least 1 |
//! | 4 | 4 | `position`: how many frames of the same write stand before this one |
//! | 8 | 8 | `sequence` |
//! | 16 | 1 | `kind`: 1 record, 2 signed head, 3 tombstone |
//! | 17 | `length` | payload |
//! | 17 + `length` | 32 | `link` = HMAC-SHA-256 of the link before, and of everything above |
//!
//! `position` proves more than order: every frame before `sequence - position` was synced before
//! this frame was written. So an unreadable frame that a later write follows was damaged, and is
//! not merely the torn end of a crash.

use strongroom_crypto::ChainKey;

/// A link of the chain.
pub(crate) type Link = [u8; 32];

/// The link before the first frame of all.
pub(crate) const GENESIS: Link = [0; 32];

/// No segment holds as many frames: a sequence farther ahead is not worth an HMAC.
const FAR: u64 = 1 << 32;

const LENGTH: usize = 4;
const HEAD: usize = 17;
const LINK: usize = 32;

/// The longest payload.
pub(crate) const MAX_PAYLOAD: usize = crate::Record::MAX_BYTES;

/// The bytes of a frame with this payload.
pub(crate) const fn size(payload: usize) -> usize {
    HEAD + payload + LINK
}

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An encoded record.
    Record,
    /// A signed head.
    Head,
    /// A signed tombstone.
    Tombstone,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Record => 1,
            Self::Head => 2,
            Self::Tombstone => 3,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Record),
            2 => Some(Self::Head),
            3 => Some(Self::Tombstone),
            _ => None,
        }
    }
}

/// Appends a frame whose position and link are still blank: [`seal`] fills them.
pub(crate) fn push(buffer: &mut Vec<u8>, kind: Kind, sequence: u64, payload: &[u8]) {
    // Payloads are bounded by MAX_PAYLOAD, which fits.
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    buffer.reserve(size(payload.len()));
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&sequence.to_le_bytes());
    buffer.push(kind.byte());
    buffer.extend_from_slice(payload);
    buffer.extend_from_slice(&[0; LINK]);
}

/// The size and the sequence of the first frame in the buffer, which [`push`] built.
pub(crate) fn first(buffer: &[u8]) -> Option<(usize, u64)> {
    let (length, rest) = buffer.split_first_chunk::<LENGTH>()?;
    let (_, rest) = rest.split_first_chunk::<4>()?;
    let size = size(usize::try_from(u32::from_le_bytes(*length)).ok()?);
    Some((size, u64::from_le_bytes(*rest.first_chunk()?)))
}

/// Fills in the position and the link of the frame, and moves the link on.
pub(crate) fn seal(frame: &mut [u8], position: u32, chain: &ChainKey, link: &mut Link) {
    if let Some(field) = frame.get_mut(4..8) {
        field.copy_from_slice(&position.to_le_bytes());
    }
    if let Some((body, field)) = frame.split_last_chunk_mut::<LINK>() {
        *link = chain.link(link, body);
        *field = *link;
    }
}

/// A frame as read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: Kind,
    pub(crate) position: u32,
    pub(crate) sequence: u64,
    pub(crate) payload: &'a [u8],
    pub(crate) link: Link,
    body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame at the start of the bytes, if they have the form of one. Nothing is verified.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let length = usize::try_from(u32::from_le_bytes(*bytes.first_chunk()?)).ok()?;
        if length == 0 || length > MAX_PAYLOAD {
            return None;
        }
        let (body, rest) = bytes.split_at_checked(HEAD + length)?;
        let (head, payload) = body.split_at_checked(HEAD)?;
        let (_, head) = head.split_first_chunk::<LENGTH>()?;
        let (position, head) = head.split_first_chunk()?;
        let (sequence, head) = head.split_first_chunk()?;
        Some(Self {
            kind: Kind::of(*head.first()?)?,
            position: u32::from_le_bytes(*position),
            sequence: u64::from_le_bytes(*sequence),
            payload,
            link: *rest.first_chunk()?,
            body,
        })
    }

    /// Whether the frame follows the one with this link.
    pub(crate) fn follows(&self, previous: &Link, chain: &ChainKey) -> bool {
        chain.verify_link(previous, self.body, &self.link).is_ok()
    }

    /// The first sequence of the write that the frame was part of: all before were synced.
    pub(crate) fn write_start(&self) -> u64 {
        self.sequence.saturating_sub(self.position.into())
    }

    /// All its bytes.
    pub(crate) fn size(&self) -> usize {
        size(self.payload.len())
    }
}

/// Whether a genuine frame of a later write stands somewhere in these bytes, which begin (after
/// the link of the last good frame) where the frame `expected` should have been read.
///
/// Every offset is tried, since the damage may have hit the length that leads to the next frame.
pub(crate) fn later_write_follows(bytes: &[u8], expected: u64, chain: &ChainKey) -> bool {
    let mut rest = bytes;
    while let Some((before, candidate)) = rest.split_first_chunk::<LINK>() {
        if let Some(frame) = Frame::parse(candidate)
            && frame.write_start() > expected
            && frame.sequence - expected < FAR
            && frame.follows(before, chain)
        {
            return true;
        }
        rest = match rest.split_first() {
            Some((_, rest)) => rest,
            None => break,
        };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keys;

    fn chain_of(payloads: &[&[u8]]) -> (Vec<u8>, Vec<std::ops::Range<usize>>) {
        let keys = keys();
        let mut bytes = Vec::new();
        let mut places = Vec::new();
        let mut link = GENESIS;
        for (sequence, payload) in (1..).zip(payloads) {
            let start = bytes.len();
            push(&mut bytes, Kind::Record, sequence, payload);
            // Each frame is a write of its own.
            seal(&mut bytes[start..], 0, keys.audit_chain(), &mut link);
            places.push(start..bytes.len());
        }
        (bytes, places)
    }

    #[test]
    fn a_frame_reads_as_written() {
        let (bytes, places) = chain_of(&[b"one", b"second"]);
        assert_eq!(super::first(&bytes), Some((places[0].len(), 1)));
        let first = Frame::parse(&bytes).unwrap();
        assert_eq!((first.sequence, first.payload), (1, &b"one"[..]));
        assert!(first.follows(&GENESIS, keys().audit_chain()));
        let second = Frame::parse(&bytes[places[1].clone()]).unwrap();
        assert_eq!((second.sequence, second.payload), (2, &b"second"[..]));
        assert!(second.follows(&first.link, keys().audit_chain()));
        assert!(!second.follows(&GENESIS, keys().audit_chain()));
        assert_eq!(second.kind, Kind::Record);
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let (bytes, _) = chain_of(&[b"payload"]);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let noticed = Frame::parse(&changed)
                .is_none_or(|frame| !frame.follows(&GENESIS, keys().audit_chain()));
            assert!(noticed, "byte {at}");
        }
    }

    #[test]
    fn damage_is_told_from_a_torn_end() {
        let (bytes, places) = chain_of(&[b"one", b"two", b"three"]);
        let mut from_first = GENESIS.to_vec();
        from_first.extend_from_slice(&bytes);
        // The first frame is unreadable, and later writes follow.
        for at in 0..places[0].len() - LINK {
            let mut damaged = from_first.clone();
            damaged[LINK + at] ^= 0xff;
            assert!(
                later_write_follows(&damaged, 1, keys().audit_chain()),
                "byte {at}"
            );
        }
        // The last frame is cut short: nothing follows.
        let mut torn = bytes[places[1].end - LINK..].to_vec();
        torn.truncate(LINK + 20);
        torn.resize(4096, 0);
        assert!(!later_write_follows(&torn, 3, keys().audit_chain()));
    }
}
