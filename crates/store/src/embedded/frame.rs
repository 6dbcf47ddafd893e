//! Frames: how the joint effect of a group of commits stands in the commit log.
//!
//! Byte by byte it is described at the head of the crate.
//!
//! The checksum detects torn writes and failing disks, not forgery: the values are sealed.

use strongroom_crypto::Sealed;
use twox_hash::XxHash3_64;

use super::effects::{Effect, Effects};
use crate::{Key, Revision, Row};

/// Frames begin at multiples of it, so that they are found again behind damage.
pub(super) const ALIGNMENT: usize = 8;

const MARK: [u8; 4] = *b"SrCf";
const HEAD: usize = 32;
const CHECKSUM: usize = 8;
const DELETION: u8 = 0;
const ROW: u8 = 1;

/// Where a frame belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) generation: u64,
    pub(super) first: u64,
    pub(super) last: u64,
}

/// A group does not fit a frame, whose lengths have 32 bits.
#[derive(Debug, thiserror::Error)]
#[error("a group of commits is too long for a frame of the log")]
pub(super) struct TooLong;

/// Replaces the content of the buffer by one frame, filled up with zeros to a multiple of
/// [`ALIGNMENT`].
pub(super) fn encode(buffer: &mut Vec<u8>, place: Place, effects: &Effects) -> Result<(), TooLong> {
    buffer.clear();
    buffer.extend_from_slice(&MARK);
    buffer.extend_from_slice(&[0; 4]);
    buffer.extend_from_slice(&place.generation.to_le_bytes());
    buffer.extend_from_slice(&place.first.to_le_bytes());
    buffer.extend_from_slice(&place.last.to_le_bytes());
    for (key, effect) in effects {
        buffer.push(if effect.row.is_some() { ROW } else { DELETION });
        push_bytes(buffer, key.as_bytes())?;
        if let Some(row) = &effect.row {
            buffer.extend_from_slice(&row.revision.as_u64().to_le_bytes());
            push_bytes(buffer, row.value.as_stored())?;
        }
    }
    let length = u32::try_from(buffer.len().saturating_sub(HEAD)).map_err(|_| TooLong)?;
    if let Some(field) = buffer.get_mut(4..8) {
        field.copy_from_slice(&length.to_le_bytes());
    }
    let checksum = XxHash3_64::oneshot(buffer);
    buffer.extend_from_slice(&checksum.to_le_bytes());
    buffer.resize(buffer.len().next_multiple_of(ALIGNMENT), 0);
    Ok(())
}

fn push_bytes(buffer: &mut Vec<u8>, bytes: &[u8]) -> Result<(), TooLong> {
    let length = u32::try_from(bytes.len()).map_err(|_| TooLong)?;
    buffer.extend_from_slice(&length.to_le_bytes());
    buffer.extend_from_slice(bytes);
    Ok(())
}

/// A frame as read, with the right checksum.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub(super) place: Place,
    entries: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The frame at the start of the bytes, if a whole one stands there.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(&MARK) {
            return None;
        }
        let mut head = Fields(bytes.get(MARK.len()..)?);
        let length = head.length()?;
        let place = Place {
            generation: head.number()?,
            first: head.number()?,
            last: head.number()?,
        };
        let (body, rest) = bytes.split_at_checked(HEAD.checked_add(length)?)?;
        let checksum = u64::from_le_bytes(*rest.first_chunk::<CHECKSUM>()?);
        (XxHash3_64::oneshot(body) == checksum).then_some(())?;
        Some(Self {
            place,
            entries: body.get(HEAD..)?,
        })
    }

    /// All its bytes, those included that fill it up.
    pub(super) fn size(&self) -> usize {
        let size = self.entries.len().saturating_add(HEAD + CHECKSUM);
        size.next_multiple_of(ALIGNMENT)
    }

    /// Adds what the group changed to what those before it did; `None` if it does not read.
    pub(super) fn add_to(&self, effects: &mut Effects) -> Option<()> {
        let mut fields = Fields(self.entries);
        while !fields.0.is_empty() {
            let kind = fields.byte()?;
            let key = Key::from(fields.bytes()?);
            let row = match kind {
                DELETION => None,
                ROW => Some(Row {
                    revision: Revision::from_u64(fields.number()?),
                    value: Sealed::from_stored(fields.bytes()?),
                }),
                _ => return None,
            };
            effects.insert(key, Effect::over_any(row));
        }
        Some(())
    }
}

/// What is left to read.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (chunk, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*chunk)
    }

    fn byte(&mut self) -> Option<u8> {
        self.chunk::<1>().map(|[byte]| byte)
    }

    fn number(&mut self) -> Option<u64> {
        self.chunk().map(u64::from_le_bytes)
    }

    fn length(&mut self) -> Option<usize> {
        usize::try_from(u32::from_le_bytes(self.chunk()?)).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.length()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One row and one deletion, as a group with these revisions writes them.
    pub(in super::super) fn frame(generation: u64, first: u64, last: u64) -> Vec<u8> {
        let row = Row {
            value: Sealed::from_stored(vec![7; 21]),
            revision: Revision::from_u64(last),
        };
        let effects = Effects::from([
            (Key::from(b"gone".as_slice()), Effect::over_any(None)),
            (
                Key::from(last.to_be_bytes().as_slice()),
                Effect::over_any(Some(row)),
            ),
        ]);
        let place = Place {
            generation,
            first,
            last,
        };
        let mut buffer = Vec::new();
        encode(&mut buffer, place, &effects).unwrap();
        buffer
    }

    #[test]
    fn a_frame_reads_as_written() {
        let mut bytes = frame(3, 10, 12);
        let size = bytes.len();
        bytes.extend_from_slice(b"what follows");
        let read = Frame::parse(&bytes).unwrap();
        assert_eq!(read.size(), size);
        assert_eq!((read.place.generation, read.place.first), (3, 10));
        let mut effects = Effects::new();
        read.add_to(&mut effects).unwrap();
        let key = Key::from(12_u64.to_be_bytes().as_slice());
        let row = effects.get(&key).unwrap().row.as_ref().unwrap();
        assert_eq!(row.revision, Revision::from_u64(12));
        assert_eq!(row.value.as_stored(), [7; 21]);
        assert_eq!(
            effects.get(b"gone".as_slice()),
            Some(&Effect::over_any(None))
        );
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let bytes = frame(3, 10, 12);
        let length = u32::from_le_bytes(*bytes[4..].first_chunk().unwrap()) as usize;
        for at in 0..HEAD + length + CHECKSUM {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(Frame::parse(&changed).is_none(), "byte {at}");
            assert!(Frame::parse(&bytes[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn zeros_are_no_frame() {
        assert!(Frame::parse(&[0; 4096]).is_none());
        assert!(Frame::parse(&[]).is_none());
    }
}
