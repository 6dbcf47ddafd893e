//! What the unit tests of this crate share: keys, a clock, and a disk that fails on demand.

use std::collections::HashMap;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use parking_lot::{Condvar, Mutex};
use strongroom_crypto::{Keyring, SystemEntropy};
use strongroom_types::{Clock, Timestamp};

use crate::disk::{Disk, DiskFile, LocalDisk};

/// The keys of the tests.
pub(crate) fn keys() -> &'static Arc<Keyring> {
    static KEYS: LazyLock<Arc<Keyring>> =
        LazyLock::new(|| Arc::new(Keyring::generate(&SystemEntropy).unwrap()));
    &KEYS
}

/// A clock that stands still.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(1_800_000_000).unwrap()
    }
}

/// What a disk is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    Create,
    Read,
    Write,
    SyncData,
    SyncAll,
    SetLength,
    Rename,
    SyncDirectory,
}

/// How it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No space is left.
    Full,
    /// The device fails.
    Broken,
    /// Only a part is written, and then the device fails.
    Torn,
    /// Only a part is written or read at a time; nothing is lost.
    Short,
    /// It takes until the fault is over.
    Hangs,
    /// What is read is not what was written.
    Corrupt,
}

/// A disk with faults, which last until they are healed.
#[derive(Default)]
pub(crate) struct FaultyDisk {
    faults: Arc<Faults>,
}

#[derive(Default)]
pub(crate) struct Faults {
    active: Mutex<HashMap<Operation, Fault>>,
    healed: Condvar,
}

impl FaultyDisk {
    pub(crate) fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.faults)
    }
}

impl Faults {
    pub(crate) fn inject(&self, operation: Operation, fault: Fault) {
        self.active.lock().insert(operation, fault);
    }

    pub(crate) fn heal(&self) {
        self.active.lock().clear();
        self.healed.notify_all();
    }

    /// What this operation meets; an error ends it.
    fn meet(&self, operation: Operation) -> io::Result<Option<Fault>> {
        let mut active = self.active.lock();
        loop {
            match active.get(&operation) {
                Some(Fault::Hangs) => self.healed.wait(&mut active),
                Some(Fault::Full) => return Err(io::ErrorKind::StorageFull.into()),
                Some(Fault::Broken) => return Err(io::Error::other("the device fails")),
                other => return Ok(other.copied()),
            }
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.faults.meet(Operation::Create)?;
        self.faulty(LocalDisk.create(path)?)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.faulty(LocalDisk.open(path)?)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.faults.meet(Operation::Rename)?;
        LocalDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        LocalDisk.remove(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.faults.meet(Operation::SyncDirectory)?;
        LocalDisk.sync_directory(path)
    }
}

impl FaultyDisk {
    fn faulty(&self, file: Box<dyn DiskFile>) -> io::Result<Box<dyn DiskFile>> {
        let faults = self.faults();
        Ok(Box::new(FaultyFile { file, faults }))
    }
}

struct FaultyFile {
    file: Box<dyn DiskFile>,
    faults: Arc<Faults>,
}

impl Read for FaultyFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.faults.meet(Operation::Read)? {
            Some(Fault::Corrupt) => {
                let read = self.file.read(buffer)?;
                buffer[..read].iter_mut().for_each(|byte| *byte ^= 0x10);
                Ok(read)
            }
            Some(Fault::Short) => {
                let half = buffer.len().div_ceil(2);
                self.file.read(&mut buffer[..half])
            }
            _ => self.file.read(buffer),
        }
    }
}

impl Write for FaultyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let half = bytes.len().div_ceil(2);
        match self.faults.meet(Operation::Write)? {
            Some(Fault::Short) => self.file.write(&bytes[..half]),
            Some(Fault::Torn) => {
                self.file.write_all(&bytes[..half])?;
                Err(io::Error::other("the device fails"))
            }
            _ => self.file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for FaultyFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl DiskFile for FaultyFile {
    fn sync_data(&mut self) -> io::Result<()> {
        self.faults.meet(Operation::SyncData)?;
        self.file.sync_data()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.faults.meet(Operation::SyncAll)?;
        self.file.sync_all()
    }

    fn set_length(&mut self, length: u64) -> io::Result<()> {
        self.faults.meet(Operation::SetLength)?;
        self.file.set_length(length)
    }
}
