//! Segments: the files of a journal, as everyone but the writer sees them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use crate::header::{FRAMES, Header};
use crate::note::Note;
use crate::signed::Head;
use crate::summary::Summary;

const SUFFIX: &str = ".journal";
const DIGITS: usize = 20;

/// The name of the segment that begins with this sequence. Names sort as sequences do.
pub(crate) fn file_name(first: u64) -> String {
    format!("{first:0DIGITS$}{SUFFIX}")
}

/// The first sequence in the name of a segment.
pub(crate) fn first_of_name(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    if digits.len() != DIGITS || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

/// How far a segment goes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Where its last durable frame ends.
    pub(crate) end: u64,
    /// Its last durable frame; the one before the segment while it has none.
    pub(crate) last: Head,
    /// Whether it will not grow any more.
    pub(crate) finished: bool,
}

/// What is known of a segment's contents without reading it.
#[derive(Default)]
pub(crate) struct Known {
    /// None before anything was written or read, and where too many others were asked for since.
    pub(crate) summary: Option<Arc<Summary>>,
    /// Whether it was put beside the segment, or could not be.
    pub(crate) kept: bool,
}

/// One file of the journal.
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    pub(crate) header: Header,
    extent: Mutex<Extent>,
    /// What is known of its contents.
    pub(crate) summary: Mutex<Known>,
    /// The least and the most time of its records, once it is finished and was summarised.
    times: OnceLock<Option<(i64, i64)>>,
}

impl Segment {
    /// A segment without frames.
    pub(crate) fn begun(directory: &Path, header: Header) -> Self {
        Self::with_extent(
            directory,
            header,
            Extent {
                end: FRAMES,
                last: header.previous,
                finished: false,
            },
        )
    }

    /// A segment that goes this far.
    pub(crate) fn with_extent(directory: &Path, header: Header, extent: Extent) -> Self {
        Self {
            path: directory.join(file_name(header.first)),
            header,
            extent: Mutex::new(extent),
            summary: Mutex::default(),
            times: OnceLock::new(),
        }
    }

    pub(crate) fn extent(&self) -> Extent {
        *self.extent.lock()
    }

    /// The frames up to here are durable.
    pub(crate) fn grow(&self, end: u64, last: Head) {
        let mut extent = self.extent.lock();
        extent.end = end;
        extent.last = last;
    }

    /// Adds frames that stand from this offset on, and are durable, to what is known of the segment.
    /// The notes of their records are among these. What cannot be added now is read when somebody
    /// asks for it.
    pub(crate) fn add_to_summary(&self, offset: u64, frames: &[u8], notes: &[(u64, Note)]) {
        // Whoever holds the lock may be reading the segment, and the writer must not wait for that.
        if let Some(mut known) = self.summary.try_lock() {
            let summary = known
                .summary
                .get_or_insert_with(|| Arc::new(Summary::of_nothing(self)));
            if summary.covers(offset) {
                // A copy, if somebody still looks at it.
                Arc::make_mut(summary).add_written(frames, notes);
            }
        }
    }

    /// It does not grow any more.
    pub(crate) fn finish(&self) {
        self.extent.lock().finished = true;
    }

    /// Remembers the times of its records, in milliseconds since 1970.
    pub(crate) fn know_times(&self, times: Option<(i64, i64)>) {
        self.times.get_or_init(|| times);
    }

    /// The times of its records, where they are known. A finished segment without records counts
    /// as unknown.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        self.times.get().copied().flatten()
    }

    /// Where its summary is kept, so that a restart need not read the segment for it.
    pub(crate) fn summary_path(&self) -> PathBuf {
        self.path.with_extension("summary")
    }
}

/// All segments, oldest first. The last one grows.
#[derive(Default)]
pub(crate) struct Shelf {
    segments: RwLock<Vec<Arc<Segment>>>,
}

impl Shelf {
    pub(crate) fn of(segments: Vec<Arc<Segment>>) -> Self {
        Self {
            segments: RwLock::new(segments),
        }
    }

    /// Adds the newest; one of the same name was replaced.
    pub(crate) fn push(&self, segment: Arc<Segment>) {
        let mut segments = self.segments.write();
        segments.retain(|known| known.header.first != segment.header.first);
        segments.push(segment);
    }

    /// The segments of this moment, oldest first.
    pub(crate) fn all(&self) -> Vec<Arc<Segment>> {
        self.segments.read().clone()
    }

    /// Takes the oldest ones away; the files are the caller's to remove.
    pub(crate) fn forget_before(&self, first: u64) {
        self.segments
            .write()
            .retain(|segment| segment.header.first >= first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_back_to_its_sequence() {
        for first in [1, 4711, u64::MAX] {
            assert_eq!(first_of_name(&file_name(first)), Some(first));
        }
        for name in [
            "1.journal",
            "00000000000000000001.summary",
            "lock",
            "+0000000000000000001.journal",
        ] {
            assert_eq!(first_of_name(name), None, "{name}");
        }
        assert!(file_name(9) < file_name(10));
    }
}
