//! Spares: the next segment's file, allocated and written with zeros ahead of time, so that a
//! sync of frames has no metadata to write.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use parking_lot::{Condvar, Mutex};

use crate::disk::{Disk, DiskFile};
use crate::options::JournalOptions;
use crate::recovery::{Listing, OpenError};

const PREFIX: &str = "spare-";
const UNFINISHED: &str = ".tmp";
/// What is written at once. A kernel that lets a call run to its end keeps the processor for as long
/// as that takes, and everybody else waits.
const CHUNK: usize = 64 << 10;
/// What is synced at once, for the same reason, and so that the journal's own syncs never queue
/// behind a whole segment.
const SYNCED: u64 = 1 << 20;

/// A file of zeros that is on disk to its full length.
pub(crate) struct Spare {
    pub(crate) path: PathBuf,
    pub(crate) file: Box<dyn DiskFile>,
}

/// Whether a file of this name is a spare, and a finished one.
pub(crate) fn is_spare(name: &str) -> Option<bool> {
    let rest = name.strip_prefix(PREFIX)?;
    Some(!rest.ends_with(UNFINISHED))
}

/// The number in the name of a spare; 0 if there is none.
pub(crate) fn number(name: &str) -> u64 {
    name.strip_prefix(PREFIX)
        .map(|rest| rest.strip_suffix(UNFINISHED).unwrap_or(rest))
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Makes a spare.
pub(crate) fn prepare(
    disk: &dyn Disk,
    directory: &Path,
    number: u64,
    capacity: u64,
) -> io::Result<Spare> {
    let unfinished = directory.join(format!("{PREFIX}{number}{UNFINISHED}"));
    let path = directory.join(format!("{PREFIX}{number}"));
    let mut file = disk.create(&unfinished)?;
    let zeros = vec![0; CHUNK];
    let mut left = capacity;
    while left > 0 {
        let length = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        file.write_all(zeros.get(..length).unwrap_or_default())?;
        left -= length as u64;
        if left.is_multiple_of(SYNCED) {
            file.sync_data()?;
        }
        thread::yield_now();
    }
    file.sync_all()?;
    disk.rename(&unfinished, &path)?;
    Ok(Spare { path, file })
}

/// The spare that an earlier run left, or a new one; and the number of the next. All other spares
/// are removed.
pub(crate) fn first(
    disk: &dyn Disk,
    options: &JournalOptions,
    listing: Listing,
) -> Result<(Spare, u64), OpenError> {
    let directory = options.directory.as_path();
    let failed = |path: &Path, source| OpenError::Disk {
        path: path.to_owned(),
        source,
    };
    let mut kept = None;
    let mut next = 0;
    for name in listing.spares {
        let path = directory.join(&name);
        let length = fs::metadata(&path).map_err(|e| failed(&path, e))?.len();
        next = next.max(number(&name) + 1);
        let whole = is_spare(&name) == Some(true) && length == options.segment_bytes;
        if whole && kept.is_none() {
            let file = disk.open(&path).map_err(|e| failed(&path, e))?;
            kept = Some(Spare { path, file });
        } else {
            disk.remove(&path).map_err(|e| failed(&path, e))?;
        }
    }
    let spare = match kept {
        Some(spare) => spare,
        None => prepare(disk, directory, next, options.segment_bytes)
            .map_err(|source| failed(directory, source))?,
    };
    Ok((spare, next + 1))
}

/// One spare ahead, between the thread that makes it and the writer that takes it.
pub(crate) struct Spares {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Default)]
struct Slot {
    spare: Option<io::Result<Spare>>,
    closing: bool,
}

impl Spares {
    pub(crate) fn new() -> Self {
        Self {
            slot: Mutex::new(Slot::default()),
            changed: Condvar::new(),
        }
    }

    /// Takes the spare, waiting for one that is being made. A failed attempt is reported once, and
    /// then made again.
    pub(crate) fn take(&self) -> io::Result<Spare> {
        let mut slot = self.slot.lock();
        loop {
            if let Some(spare) = slot.spare.take() {
                self.changed.notify_all();
                return spare;
            }
            if slot.closing {
                return Err(io::Error::other("the journal is closing"));
            }
            self.changed.wait(&mut slot);
        }
    }

    /// Puts a spare (or the reason that there is none) in place.
    pub(crate) fn put(&self, spare: io::Result<Spare>) {
        self.slot.lock().spare = Some(spare);
        self.changed.notify_all();
    }

    /// Waits until a spare is wanted; false once none ever will be.
    pub(crate) fn wanted(&self) -> bool {
        let mut slot = self.slot.lock();
        while slot.spare.is_some() && !slot.closing {
            self.changed.wait(&mut slot);
        }
        !slot.closing
    }

    pub(crate) fn close(&self) {
        self.slot.lock().closing = true;
        self.changed.notify_all();
    }
}
