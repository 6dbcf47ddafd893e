//! What the writer takes at once: frames as they were queued, and the notes of their records.

use crate::frame::{self, Kind};
use crate::note::Note;

/// Frames, one behind the other.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) frames: Vec<u8>,
    /// Of each record, by its sequence.
    pub(crate) notes: Vec<(u64, Note)>,
}

impl Batch {
    /// Adds a frame whose position and link are still blank.
    pub(crate) fn push(&mut self, kind: Kind, sequence: u64, payload: &[u8], note: Option<Note>) {
        debug_assert_eq!(note.is_some(), kind == Kind::Record);
        frame::push(&mut self.frames, kind, sequence, payload);
        self.notes.extend(note.map(|note| (sequence, note)));
    }

    /// How much memory it takes, as far as it grows with what is queued.
    pub(crate) fn bytes(&self) -> usize {
        self.frames.len() + size_of_val(self.notes.as_slice())
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        self.notes.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }
}
