//! The least that a durable write can cost on this disk: many wait, one thread writes all that
//! wait, then syncs once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

/// What one waiter writes, in bytes: about a small version row with its head and its evidence.
pub(crate) const RECORD: usize = 1024;
/// The file is written round and round, so that it never grows and a sync never touches metadata.
const FILE: u64 = 64 * 1024 * 1024;

/// A writer thread and the door to it.
#[derive(Clone)]
pub(crate) struct GroupCommit {
    queue: mpsc::Sender<oneshot::Sender<bool>>,
}

impl GroupCommit {
    /// Creates the file, filled with zeros, and starts the writer.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let file = File::create(path)?;
        let zeros = vec![0; 1024 * 1024];
        let step = zeros.len() as u64;
        for block in 0..FILE / step {
            file.write_all_at(&zeros, block * step)?;
        }
        file.sync_all()?;
        let (queue, waiting) = mpsc::channel();
        thread::Builder::new()
            .name("group-commit".to_owned())
            .spawn(move || write(&file, &waiting))?;
        Ok(Self { queue })
    }

    /// Waits until one record is on the disk; false if the disk refused.
    pub(crate) async fn commit(&self) -> bool {
        let (done, result) = oneshot::channel();
        self.queue.send(done).is_ok() && result.await.unwrap_or(false)
    }
}

fn write(file: &File, waiting: &mpsc::Receiver<oneshot::Sender<bool>>) {
    let mut offset = 0;
    let mut buffer = Vec::new();
    while let Ok(first) = waiting.recv() {
        let group: Vec<_> = std::iter::once(first).chain(waiting.try_iter()).collect();
        buffer.resize(group.len() * RECORD, 0xA5);
        if offset + buffer.len() as u64 > FILE {
            offset = 0;
        }
        let written = file
            .write_all_at(&buffer, offset)
            .and_then(|()| file.sync_data())
            .is_ok();
        offset += buffer.len() as u64;
        for waiter in group {
            // A waiter that has gone away needs no answer.
            let _gone = waiter.send(written);
        }
    }
}

/// Commits per second of `waiters` tasks without any HTTP, for `time`.
pub(crate) async fn bare(path: &Path, waiters: usize, time: Duration) -> io::Result<f64> {
    let door = GroupCommit::start(path)?;
    let started = Instant::now();
    let tasks: Vec<_> = (0..waiters)
        .map(|_| {
            let door = door.clone();
            tokio::spawn(async move {
                let mut count = 0_u32;
                while started.elapsed() < time && door.commit().await {
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut total = 0.0;
    for task in tasks {
        total += f64::from(task.await.unwrap_or(0));
    }
    Ok(total / started.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commit_is_acknowledged() {
        let directory = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let log = directory.path().join("log");
        let rate = runtime
            .block_on(bare(&log, 4, Duration::from_millis(20)))
            .unwrap();
        assert!(rate > 0.0);
        let bytes = std::fs::read(directory.path().join("log")).unwrap();
        assert_eq!(bytes.len() as u64, FILE);
        assert_eq!(bytes.first(), Some(&0xA5));
    }
}
