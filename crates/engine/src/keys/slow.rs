//! Work that takes long, in a bounded pool of its own.
//!
//! An RSA key takes up to seconds to draw. On a worker of the runtime that would hold up every call
//! behind it, reveals among them; here only others of its kind wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// How many calls may wait for the pool; more are refused.
const WAITING: usize = 64;

/// Why slow work was not done.
#[derive(Debug, thiserror::Error)]
pub enum SlowFault {
    /// So many calls wait already that one more would wait for minutes.
    #[error("{WAITING} calls wait already for keys to be generated")]
    Busy,
    /// The pool is closed; the process is about to end.
    #[error("the pool is closed")]
    Closed(#[source] tokio::sync::AcquireError),
    /// The work was given up.
    #[error("the work did not finish")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// The pool.
pub(crate) struct SlowWork {
    permits: std::sync::Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl SlowWork {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            permits: std::sync::Arc::new(Semaphore::new(workers.max(1))),
            waiting: AtomicUsize::new(0),
        }
    }

    /// Does the work when its turn has come.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, SlowFault> {
        let waiting = Waiting::begin(&self.waiting)?;
        let permit = std::sync::Arc::clone(&self.permits).acquire_owned().await;
        let permit = permit.map_err(SlowFault::Closed)?;
        drop(waiting);
        // The permit goes with the work: a caller who hangs up does not make room for another.
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(SlowFault::Interrupted)
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
    use std::sync::Arc;
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
}
