//! The commit log: what is committed but perhaps not in the database yet.
//!
//! Two files take turns. One has the *generation* that commits are added to now; the other has the
//! generation before, until the database has it, and is then written over from its start. So a
//! file that has reached its length keeps it, and a sync has no metadata to write.

use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use super::disk::{Disk, LogStep};
use super::effects::Effects;
use super::files;
use super::frame::{self, Place, TooLong};
use crate::{Cause, CommitError, OpenError};

/// A file grows by so many bytes, so that few syncs write its metadata.
const GROWTH: u64 = 1 << 20;

static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

/// A buffer that has grown larger than this is not kept.
const KEPT_BUFFER: usize = 4 << 20;

/// The log as its one writer has it.
pub(super) struct Log {
    current: LogFile,
    other: LogFile,
    generation: u64,
    /// Where the next frame goes.
    end: u64,
    /// Files that are longer are cut when their turn comes.
    longest: u64,
    buffer: Vec<u8>,
    disk: Disk,
}

struct LogFile {
    file: File,
    path: PathBuf,
    length: u64,
}

/// How a group was not logged.
#[derive(Debug)]
pub(super) enum Unlogged {
    /// It is not on disk.
    Not(CommitError),
    /// It may or may not be on disk.
    Perhaps(Cause),
}

/// The paths of both files.
pub(super) fn paths(directory: &Path) -> [PathBuf; 2] {
    ["commits-0.log", "commits-1.log"].map(|name| directory.join(name))
}

/// What both files hold; a file that is not there holds nothing.
pub(super) fn read(directory: &Path) -> Result<[Vec<u8>; 2], OpenError> {
    let read = |path: PathBuf| match std::fs::read(&path) {
        Ok(bytes) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(OpenError::Files { path, source }),
    };
    let [first, second] = paths(directory);
    Ok([read(first)?, read(second)?])
}

impl Log {
    /// Empties both files, which are made if need be, and begins with this generation.
    pub(super) fn start(
        directory: &Path,
        generation: u64,
        longest: u64,
        disk: Disk,
    ) -> Result<Self, OpenError> {
        let [current, other] = paths(directory);
        let log = Self {
            current: LogFile::start(current)?,
            other: LogFile::start(other)?,
            generation,
            end: 0,
            longest,
            buffer: Vec::new(),
            disk,
        };
        files::sync_directory(directory).map_err(|source| OpenError::Files {
            path: directory.to_owned(),
            source,
        })?;
        Ok(log)
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Bytes of this generation.
    pub(super) fn bytes(&self) -> u64 {
        self.end
    }

    /// Adds a group whose commits have these revisions, and returns when it is on disk.
    pub(super) fn append(
        &mut self,
        first: u64,
        last: u64,
        effects: &Effects,
    ) -> Result<(), Unlogged> {
        let generation = self.generation;
        let place = Place {
            generation,
            first,
            last,
        };
        self.buffer.shrink_to(KEPT_BUFFER);
        frame::encode(&mut self.buffer, place, effects).map_err(too_long)?;
        let bytes = u64::try_from(self.buffer.len()).map_err(|_| too_long(TooLong))?;
        let end = self.end.checked_add(bytes).ok_or(too_long(TooLong))?;
        self.write(end).map_err(unwritten)?;
        let synced = self.disk.log(LogStep::Sync);
        synced
            .and_then(|()| self.current.file.sync_data())
            .map_err(|error| Unlogged::Perhaps(Cause::new(error)))?;
        self.end = end;
        Ok(())
    }

    fn write(&mut self, end: u64) -> io::Result<()> {
        if end > self.current.length {
            let wanted = end.next_multiple_of(GROWTH.min(self.longest).max(1));
            self.current.grow(wanted)?;
        }
        if let Err(error) = self.disk.log(LogStep::Write) {
            // As much as a disk that tears a write may have taken.
            let part = self.buffer.split_at(self.buffer.len() / 2).0;
            self.current.file.write_all_at(part, self.end)?;
            return Err(error);
        }
        self.current.file.write_all_at(&self.buffer, self.end)
    }

    /// Goes on with the next generation in the other file, whose own the database has.
    pub(super) fn turn(&mut self) {
        mem::swap(&mut self.current, &mut self.other);
        self.generation = self.generation.saturating_add(1);
        self.end = 0;
        self.current.cut(self.longest);
    }

    /// Empties both files, whose content the database has.
    pub(super) fn empty(&mut self) -> io::Result<()> {
        self.end = 0;
        self.current.empty()?;
        self.other.empty()
    }
}

impl LogFile {
    fn start(path: PathBuf) -> Result<Self, OpenError> {
        let opened = files::owned_file().create(true).open(&path);
        let started = opened.and_then(|file| {
            let length = file.metadata()?.len();
            Ok((file, length))
        });
        let (file, length) = match started {
            Ok(started) => started,
            Err(source) => return Err(OpenError::Files { path, source }),
        };
        let mut log = Self { file, path, length };
        match log.empty() {
            Ok(()) => Ok(log),
            Err(source) => {
                let path = log.path;
                Err(OpenError::Files { path, source })
            }
        }
    }

    /// Fills up with zeros to this length. The next sync makes that durable.
    fn grow(&mut self, wanted: u64) -> io::Result<()> {
        while self.length < wanted {
            let left = wanted.saturating_sub(self.length);
            let some = usize::try_from(left).unwrap_or(usize::MAX);
            let zeros = ZEROS.get(..some).unwrap_or(&ZEROS);
            self.file.write_all_at(zeros, self.length)?;
            self.length = self.length.saturating_add(zeros.len() as u64);
        }
        Ok(())
    }

    fn cut(&mut self, longest: u64) {
        if self.length <= longest {
            return;
        }
        match self.file.set_len(longest) {
            Ok(()) => self.length = longest,
            // Nothing is wrong but its length.
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                file = %self.path.display(),
                "a log stays longer than it should"
            ),
        }
    }

    fn empty(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        self.file.sync_all()
    }
}

fn too_long(error: TooLong) -> Unlogged {
    Unlogged::Not(CommitError::NotApplied(Cause::new(error)))
}

/// The failure of a write. Where space was lacking the end of the frame is missing, and the next
/// frame goes to the same place. Everything else leaves open what the disk has.
fn unwritten(error: io::Error) -> Unlogged {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Unlogged::Not(CommitError::Full(Cause::new(error)))
        }
        _ => Unlogged::Perhaps(Cause::new(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::effects::Effect;
    use super::super::frame::Frame;
    use super::*;
    use crate::Key;

    fn effects() -> Effects {
        Effects::from([(Key::from(b"gone".as_slice()), Effect::over_any(None))])
    }

    fn revisions(directory: &Path) -> [Vec<u64>; 2] {
        read(directory).unwrap().map(|bytes| {
            let mut rest = bytes.as_slice();
            let mut found = Vec::new();
            while let Some(frame) = Frame::parse(rest) {
                found.push(frame.place.first);
                rest = &rest[frame.size()..];
            }
            found
        })
    }

    #[test]
    fn the_files_take_turns() {
        let place = tempfile::tempdir().unwrap();
        let mut log = Log::start(place.path(), 7, 4096, Disk::default()).unwrap();
        for revision in 1..=3 {
            log.append(revision, revision, &effects()).unwrap();
        }
        log.turn();
        log.append(4, 4, &effects()).unwrap();
        assert_eq!(revisions(place.path()), [vec![1, 2, 3], vec![4]]);
        log.turn();
        assert_eq!((log.generation(), log.bytes()), (9, 0));
        log.append(5, 5, &effects()).unwrap();
        // Behind the new frame stand the old ones, for the reader to tell apart.
        assert_eq!(revisions(place.path()), [vec![5, 2, 3], vec![4]]);
        log.empty().unwrap();
        assert_eq!(read(place.path()).unwrap(), [vec![], vec![]]);
    }

    #[test]
    fn a_file_grows_in_steps_and_is_cut_to_its_length() {
        let place = tempfile::tempdir().unwrap();
        let mut log = Log::start(place.path(), 1, 4096, Disk::default()).unwrap();
        let lengths = || read(place.path()).unwrap().map(|bytes| bytes.len());
        log.append(1, 1, &effects()).unwrap();
        assert_eq!(lengths(), [4096, 0]);
        for revision in 2..100 {
            log.append(revision, revision, &effects()).unwrap();
        }
        assert_eq!(lengths(), [8192, 0]);
        log.turn();
        log.turn();
        assert_eq!(lengths(), [4096, 0]);
    }
}
