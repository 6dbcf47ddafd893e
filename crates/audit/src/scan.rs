//! Reading frames back, and checking each link on the way.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use strongroom_crypto::ChainKey;

use crate::frame::{Frame, Kind, Link};
use crate::record::Record;
use crate::segment::Segment;

const CHUNK: u64 = 256 << 10;

/// Why the journal cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The disk refused.
    #[error("the audit segment {segment} cannot be read")]
    Disk {
        /// The file's name.
        segment: String,
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A frame is not as it was written.
    #[error(
        "the audit segment {segment} was changed or is damaged behind byte {offset}: verify the journal"
    )]
    Damaged {
        /// The file's name.
        segment: String,
        /// Where the first unreadable frame begins.
        offset: u64,
    },
    /// A frame is intact, but holds no record that this release can read.
    #[error("the audit record {sequence} cannot be read by this release")]
    Record {
        /// The frame.
        sequence: u64,
        /// What is wrong with it.
        #[source]
        source: crate::RecordError,
    },
}

impl ReadError {
    /// Whether retention removed the file in the meantime.
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Disk { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

/// A place between two frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    /// The link of the frame before.
    pub(crate) link: Link,
}

/// Calls `each` for every frame between the place and the offset `to`, in order.
pub(crate) fn frames(
    segment: &Segment,
    chain: &ChainKey,
    from: Place,
    to: u64,
    mut each: impl FnMut(u64, &Frame<'_>) -> Result<ControlFlow<()>, ReadError>,
) -> Result<(), ReadError> {
    let disk = |source| ReadError::Disk {
        segment: name(segment),
        source,
    };
    let mut place = from;
    if place.offset >= to {
        return Ok(());
    }
    let mut file = File::open(&segment.path).map_err(disk)?;
    let mut buffer = Vec::new();
    let mut chunk = CHUNK;
    while place.offset < to {
        let length = chunk.min(to - place.offset);
        buffer.clear();
        file.seek(SeekFrom::Start(place.offset)).map_err(disk)?;
        (&mut file)
            .take(length)
            .read_to_end(&mut buffer)
            .map_err(disk)?;
        let before = place.offset;
        let mut rest = buffer.as_slice();
        while let Some(frame) = Frame::parse(rest).filter(|f| f.follows(&place.link, chain)) {
            if each(place.offset, &frame)?.is_break() {
                return Ok(());
            }
            rest = rest.get(frame.size()..).unwrap_or_default();
            place.offset += frame.size() as u64;
            place.link = frame.link;
        }
        if place.offset == before {
            // Not even one frame: it is longer than the chunk, or it is no frame.
            if length == to - place.offset || chunk > 8 * CHUNK {
                return Err(ReadError::Damaged {
                    segment: name(segment),
                    offset: before,
                });
            }
            chunk *= 2;
        }
    }
    Ok(())
}

/// The record in a frame, if it holds one.
pub(crate) fn record<'a>(frame: &Frame<'a>) -> Result<Option<Record<'a>>, ReadError> {
    if frame.kind != Kind::Record {
        return Ok(None);
    }
    Record::decode(frame.payload)
        .map(Some)
        .map_err(|source| ReadError::Record {
            sequence: frame.sequence,
            source,
        })
}

/// The name of the segment's file.
pub(crate) fn name(segment: &Segment) -> String {
    crate::segment::file_name(segment.header.first)
}
