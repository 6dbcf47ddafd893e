//! Work that takes long, in a bounded pool of its own.
//!
//! An RSA key takes up to seconds to draw. On a worker of the runtime that would hold up every call
//! behind it, reveals among them; here only others of its kind wait. The threads are the pool's own
//! and not those of the runtime, because they stand back behind all others of the process, and a
//! thread that has stood back may not come forward again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

/// How many calls may wait for the pool; more are refused.
const WAITING: usize = 64;
/// How far slow work stands back, in steps of nice(2). Beside a thread that is always busy it gets
/// about a fifteenth of a processor: too little to slow the others by a tenth, and enough that a key
/// of 4096 bits is there before its caller is given up (`limits.request_seconds`). A processor that
/// has nothing else to do is all its own.
#[cfg(target_os = "linux")]
const STEPS_BACK: i32 = 12;

/// Why slow work was not done.
#[derive(Debug, thiserror::Error)]
pub enum SlowFault {
    /// So many calls wait already that one more would wait for minutes.
    #[error("{WAITING} calls wait already for keys to be generated")]
    Busy,
    /// The pool is closed; the process is about to end.
    #[error("the pool is closed")]
    Closed(#[source] tokio::sync::AcquireError),
    /// The system gave no thread to work in.
    #[error("there was no thread to work in")]
    NoThread(#[source] io::Error),
    /// The work was given up.
    #[error("the work did not finish")]
    Interrupted(#[source] oneshot::error::RecvError),
}

/// The pool.
pub(crate) struct SlowWork {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl SlowWork {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(workers.max(1))),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Does the work when its turn has come.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SlowFault> {
        let waiting = Waiting::begin(&self.waiting)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(SlowFault::Closed)?;
        drop(waiting);
        let (done, result) = oneshot::channel();
        // The permit goes with the work: a caller who hangs up does not make room for another.
        let begun = thread::Builder::new()
            .name("slow-work".to_owned())
            .spawn(move || {
                let _permit = permit;
                stand_back();
                // A caller who has hung up needs no answer.
                let _gone = done.send(work());
            });
        begun.map_err(SlowFault::NoThread)?;
        result.await.map_err(SlowFault::Interrupted)
    }
}

/// Lowers the priority of this thread, on systems where threads have one of their own.
fn stand_back() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(STEPS_BACK) {
        let error = &error as &dyn std::error::Error;
        tracing::debug!(error, "slow work is done at the usual priority");
    }
}

/// One more call that waits, until this is dropped.
struct Waiting<'p>(&'p AtomicUsize);

impl<'p> Waiting<'p> {
    fn begin(count: &'p AtomicUsize) -> Result<Self, SlowFault> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= WAITING {
            return Err(SlowFault::Busy);
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn one_at_a_time_works_and_too_many_are_refused() {
        let pool = Arc::new(SlowWork::new(1));
        let (release, held) = mpsc::channel::<()>();
        let first = {
            let pool = Arc::clone(&pool);
            tokio::spawn(async move { pool.run(move || held.recv().is_ok()).await })
        };
        while pool.permits.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let others: Vec<_> = (0..WAITING)
            .map(|number| {
                let pool = Arc::clone(&pool);
                tokio::spawn(async move { pool.run(move || number).await })
            })
            .collect();
        while pool.waiting.load(Ordering::Relaxed) < WAITING {
            tokio::task::yield_now().await;
        }
        assert!(matches!(pool.run(|| ()).await, Err(SlowFault::Busy)));
        release.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        for (number, other) in others.into_iter().enumerate() {
            assert_eq!(other.await.unwrap().unwrap(), number);
        }
        assert_eq!(pool.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn work_that_panics_is_a_fault_and_makes_room() {
        let pool = SlowWork::new(1);
        let failed = pool.run(|| panic!("on purpose")).await;
        assert!(matches!(failed, Err::<(), _>(SlowFault::Interrupted(_))));
        assert_eq!(pool.run(|| 7).await.unwrap(), 7);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn slow_work_stands_back_and_nothing_else_does() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let ours = priority();
        let theirs = SlowWork::new(1).run(priority).await.unwrap();
        assert_eq!(theirs, (ours + STEPS_BACK).min(19));
        assert_eq!(priority(), ours);
    }
}
