//! Finding the segments of a directory, and how far the newest goes.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use strongroom_crypto::ChainKey;

use crate::disk::Disk;
use crate::frame::{self, Frame, Kind};
use crate::header::{FRAMES, Footer, Header, HeaderError};
use crate::segment::{self, Extent, Segment};
use crate::signed::{Head, SignedHead};
use crate::spare;
use crate::writer::{Predecessor, Untidy};

/// Why the journal does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The options contradict each other.
    #[error("{option} must be at least {least}, not {found}")]
    Options {
        /// Which one.
        option: &'static str,
        /// The least it may be.
        least: u64,
        /// What it is.
        found: u64,
    },
    /// Another process has it open.
    #[error("the audit journal in {directory:?} is in use by another process")]
    InUse {
        /// The directory.
        directory: PathBuf,
    },
    /// The disk refused.
    #[error("the audit journal cannot use {path:?}")]
    Disk {
        /// The file or directory.
        path: PathBuf,
        /// The disk's reason.
        #[source]
        source: io::Error,
    },
    /// A segment does not begin as one of this journal.
    #[error("the audit segment {segment} cannot be read")]
    Header {
        /// The file's name.
        segment: String,
        /// What is wrong.
        #[source]
        source: HeaderError,
    },
    /// A segment has another name than it was given.
    #[error("the audit segment {segment} was renamed: it begins with record {first}")]
    Renamed {
        /// The file's name.
        segment: String,
        /// Its first sequence.
        first: u64,
    },
    /// The newest segment is damaged before its end, which no crash does.
    #[error(
        "the audit segment {segment} was changed or is damaged at record {sequence}, though later \
         records follow: keep the directory as evidence, find the cause, and start with an empty one"
    )]
    Damaged {
        /// The file's name.
        segment: String,
        /// The first record that cannot be read.
        sequence: u64,
    },
    /// The journal ends before a head that it once had.
    #[error(
        "the audit journal ends at record {found}, but had reached {expected}: records were removed"
    )]
    Shortened {
        /// The sequence that it had reached.
        expected: u64,
        /// The sequence that it reaches now.
        found: u64,
    },
    /// A thread could not be started.
    #[error("the audit journal cannot start a thread")]
    Thread {
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// The first segment could not be begun.
    #[error("the audit journal cannot begin a segment")]
    Begin {
        /// What happened.
        #[source]
        source: Arc<crate::WriteFault>,
    },
}

/// Makes the directory, and keeps other processes out of it.
pub(crate) fn lock(directory: &Path) -> Result<File, OpenError> {
    let disk = |path: &Path, source| OpenError::Disk {
        path: path.to_owned(),
        source,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|e| disk(directory, e))?;
    let path = directory.join("lock");
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|e| disk(&path, e))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse {
            directory: directory.to_owned(),
        }),
        Err(TryLockError::Error(source)) => Err(disk(&path, source)),
    }
}

/// What a directory holds.
pub(crate) struct Listing {
    /// The first sequences of its segments, ascending.
    pub(crate) segments: Vec<u64>,
    /// Its spares, finished or not.
    pub(crate) spares: Vec<String>,
}

pub(crate) fn list(directory: &Path) -> io::Result<Listing> {
    let mut listing = Listing {
        segments: Vec::new(),
        spares: Vec::new(),
    };
    for entry in fs::read_dir(directory)? {
        let Ok(name) = entry?.file_name().into_string() else {
            continue;
        };
        if let Some(first) = segment::first_of_name(&name) {
            listing.segments.push(first);
        } else if spare::is_spare(&name).is_some() {
            listing.spares.push(name);
        }
    }
    listing.segments.sort_unstable();
    Ok(listing)
}

/// Calls `each` for every good frame of a segment, in order; returns where the last one ends.
pub(crate) fn walk<'a, E>(
    header: &Header,
    bytes: &'a [u8],
    chain: &ChainKey,
    mut each: impl FnMut(Head, &Frame<'a>) -> Result<(), E>,
) -> Result<(usize, Head), E> {
    let mut last = header.previous;
    let mut expected = header.first;
    let mut offset = usize::try_from(FRAMES).unwrap_or(usize::MAX);
    while let Some(frame) = bytes
        .get(offset..)
        .and_then(Frame::parse)
        .filter(|frame| frame.sequence == expected && frame.follows(&last.link, chain))
    {
        each(last, &frame)?;
        offset += frame.size();
        last = Head {
            sequence: frame.sequence,
            link: frame.link,
        };
        expected += 1;
    }
    Ok((offset, last))
}

/// How the newest segment ends, after its last good frame.
pub(crate) enum Ending {
    /// With a footer, and nothing else.
    Footer(Footer),
    /// With what a process leaves that did not end: zeros, or a write that was under way.
    Torn,
    /// With what neither leaves.
    Damaged,
}

/// Judges what stands behind the last good frame of the newest segment.
pub(crate) fn ending(
    header: &Header,
    bytes: &[u8],
    (end, last): (usize, Head),
    chain: &ChainKey,
) -> Ending {
    let rest = bytes.get(end..).unwrap_or_default();
    if let Some(footer) = Footer::parse(rest, chain)
        && footer.head.head == last
    {
        return Ending::Footer(footer);
    }
    // A file is cut only once its footer is on disk.
    let cut = (bytes.len() as u64) < header.capacity;
    let expected = header.first.max(last.sequence + 1);
    let mut from = last.link.to_vec();
    from.extend_from_slice(rest);
    if cut || frame::later_write_follows(&from, expected, chain) {
        Ending::Damaged
    } else {
        Ending::Torn
    }
}

/// The segments of a directory, and where their chain goes on.
pub(crate) struct Recovered {
    pub(crate) segments: Vec<Arc<Segment>>,
    /// How the newest one ended.
    pub(crate) predecessor: Predecessor,
    /// Its file, if its end is torn.
    pub(crate) untidy: Vec<Untidy>,
    /// The newest frame.
    pub(crate) head: Head,
    /// The sequence that the next frame gets.
    pub(crate) next: u64,
    /// The newest signed head that was found.
    pub(crate) signed: Option<SignedHead>,
}

/// Reads all headers, and the whole newest segment.
pub(crate) fn recover(
    disk: &dyn Disk,
    directory: &Path,
    firsts: &[u64],
    chain: &ChainKey,
) -> Result<Recovered, OpenError> {
    let mut headers = Vec::with_capacity(firsts.len());
    for &first in firsts {
        headers.push(header(directory, first, chain)?);
    }
    let mut segments: Vec<_> = headers
        .iter()
        .zip(headers.iter().skip(1))
        .map(|(header, next)| {
            let extent = Extent {
                end: next.previous_end,
                last: next.previous,
                finished: true,
            };
            Arc::new(Segment::with_extent(directory, *header, extent))
        })
        .collect();
    let Some(newest) = headers.last() else {
        return Ok(Recovered {
            segments,
            predecessor: Predecessor::NONE,
            untidy: Vec::new(),
            head: Head::GENESIS,
            next: 1,
            signed: None,
        });
    };
    let (mut recovered, extent) = newest_segment(disk, directory, newest, chain)?;
    // A segment without frames is replaced by the fresh one, which has the same name.
    if extent.end > FRAMES {
        segments.push(Arc::new(Segment::with_extent(directory, *newest, extent)));
    }
    recovered.segments = segments;
    Ok(recovered)
}

fn newest_segment(
    disk: &dyn Disk,
    directory: &Path,
    header: &Header,
    chain: &ChainKey,
) -> Result<(Recovered, Extent), OpenError> {
    let name = segment::file_name(header.first);
    let path = directory.join(&name);
    let failed = |source| OpenError::Disk {
        path: path.clone(),
        source,
    };
    let mut file = disk.open(&path).map_err(failed)?;
    // What was read may be only in memory yet, and the chain goes on from it.
    file.sync_all().map_err(failed)?;
    let bytes = fs::read(&path).map_err(failed)?;
    let mut signed = None;
    let walked = walk(header, &bytes, chain, |_, frame| {
        if frame.kind == Kind::Head {
            signed = frame.payload.first_chunk().and_then(SignedHead::from_bytes);
        }
        Ok::<_, OpenError>(())
    })?;
    let (end, last) = (walked.0 as u64, walked.1);
    let abandoned = match ending(header, &bytes, walked, chain) {
        Ending::Footer(footer) => {
            signed = Some(footer.head);
            false
        }
        Ending::Torn => {
            tracing::warn!(
                segment = name,
                sequence = last.sequence,
                "the audit journal was not closed; it goes on after its last whole record"
            );
            true
        }
        Ending::Damaged => {
            return Err(OpenError::Damaged {
                segment: name,
                sequence: header.first.max(last.sequence + 1),
            });
        }
    };
    let (predecessor, untidy) = if end > FRAMES {
        let untidy = abandoned.then_some(Untidy { file, end });
        (Predecessor { end, abandoned }, untidy)
    } else {
        let predecessor = Predecessor {
            end: header.previous_end,
            abandoned: header.abandoned,
        };
        (predecessor, None)
    };
    let recovered = Recovered {
        segments: Vec::new(),
        predecessor,
        untidy: untidy.into_iter().collect(),
        head: last,
        next: header.first.max(last.sequence + 1),
        signed,
    };
    let finished = true;
    Ok((
        recovered,
        Extent {
            end,
            last,
            finished,
        },
    ))
}

/// Reads and checks the header of a segment.
pub(crate) fn header(directory: &Path, first: u64, chain: &ChainKey) -> Result<Header, OpenError> {
    let name = segment::file_name(first);
    let path = directory.join(&name);
    let mut block = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(FRAMES).read_to_end(&mut block))
        .map_err(|source| OpenError::Disk { path, source })?;
    let header = Header::from_block(&block, chain).map_err(|source| OpenError::Header {
        segment: name.clone(),
        source,
    })?;
    if header.first != first {
        return Err(OpenError::Renamed {
            segment: name,
            first: header.first,
        });
    }
    Ok(header)
}
