//! A client that creates one key after the other while something else is measured.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use strongroom_types::KeyType;

use super::BenchError;
use super::caller::{Caller, CallerError};

/// The client, in a thread of its own.
pub(crate) struct Drawing {
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Result<usize, CallerError>>,
}

impl Drawing {
    /// Begins to create keys of this type. The round makes their names differ from those of others.
    pub(crate) fn begin(caller: Caller, key_type: KeyType, round: usize) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let enough = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&enough);
        let draw = async move {
            let mut drawn = 0;
            while !asked.load(Ordering::Relaxed) {
                let word = format!("{round} {drawn}");
                caller.create_key(key_type, &word).await?;
                drawn += 1;
            }
            Ok(drawn)
        };
        let thread = thread::Builder::new()
            .name("drawing".to_owned())
            .spawn(move || runtime.block_on(draw))?;
        Ok(Self { enough, thread })
    }

    /// Waits for the key that is being drawn, so that nothing is left for what comes next; gives how
    /// many there were.
    pub(crate) fn end(self) -> Result<usize, BenchError> {
        self.enough.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(drawn) => Ok(drawn?),
            Err(_) => Err(BenchError::File {
                what: "creating keys beside the load",
                source: io::Error::other("its thread panicked"),
            }),
        }
    }
}
