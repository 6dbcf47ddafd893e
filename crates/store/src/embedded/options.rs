//! How the embedded store is opened.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

/// Where the embedded store is and what it may use.
#[derive(Clone, Debug)]
pub struct EmbeddedOptions {
    /// The store's own directory. It is made, for its owner only, if it is not there.
    pub directory: PathBuf,
    /// What a new store is to be called: 16 random bytes. A store that exists keeps its own.
    pub installation: [u8; 16],
    /// Memory for the cache of rows, in bytes. With 0 every read goes to the database.
    pub cache_bytes: u64,
    /// Connections for reading: as many reads can go on at once.
    pub readers: NonZeroUsize,
    /// Length of the commit log, in bytes, from which it is written into the database in the
    /// background. From twice this length on, commits wait for that. Memory holds as much: once
    /// what is being written into the database, and once what is committed meanwhile.
    pub log_bytes: u64,
    /// The most bytes that the database may have in use, if that is to be limited. Commits are
    /// refused a little earlier, by what they might need at most.
    pub max_bytes: Option<u64>,
    /// Where the disk is to fail, in tests.
    #[cfg(feature = "faults")]
    pub faults: Option<crate::FaultPlan>,
}

impl EmbeddedOptions {
    /// The usual choices: 64 MiB of cache, a connection for each processor and one more, a log of
    /// 64 MiB and no limit but the disk.
    pub fn new(directory: impl Into<PathBuf>, installation: [u8; 16]) -> Self {
        let processors = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            directory: directory.into(),
            installation,
            cache_bytes: 64 << 20,
            readers: processors.saturating_add(1),
            log_bytes: 64 << 20,
            max_bytes: None,
            #[cfg(feature = "faults")]
            faults: None,
        }
    }
}
