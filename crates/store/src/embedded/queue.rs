//! Batches on their way to the writer.

use std::mem;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use super::gather::Gather;
use crate::{Batch, CommitError, Revision, Unavailable};

/// A batch, and where its outcome goes.
pub(super) struct Request {
    pub(super) batch: Batch,
    pub(super) answer: oneshot::Sender<Result<Revision, CommitError>>,
}

/// What waits to be written: bounded, and taken by the writer all at once.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

struct Waiting {
    requests: Vec<Request>,
    bytes: usize,
    open: bool,
    /// The writer has something else to look after.
    nudged: bool,
    /// The writer is not to be woken for fewer batches.
    wanted: usize,
}

/// Why the writer was woken.
pub(super) enum Taken {
    Requests(Vec<Request>),
    /// Nothing waits, but it was nudged or the time has come.
    Nudged,
    /// The queue is closed and empty.
    Closed,
}

impl Queue {
    /// Batches that may wait.
    pub(super) const MAX_REQUESTS: usize = 8192;

    /// Bytes of all of them, though one batch may always wait alone.
    const MAX_BYTES: usize = 128 << 20;

    pub(super) fn new() -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                requests: Vec::new(),
                bytes: 0,
                open: true,
                nudged: false,
                wanted: 1,
            }),
            arrived: Condvar::new(),
        }
    }

    /// Queues a batch, unless too much waits already or the queue is closed.
    pub(super) fn push(&self, request: Request) -> Result<(), Unavailable> {
        let mut waiting = self.waiting.lock();
        if !waiting.open {
            return Err(Unavailable::Closed);
        }
        let bytes = waiting.bytes.saturating_add(request.batch.bytes());
        let count = waiting.requests.len();
        if count >= Self::MAX_REQUESTS || (count > 0 && bytes > Self::MAX_BYTES) {
            return Err(Unavailable::Busy);
        }
        waiting.bytes = bytes;
        waiting.requests.push(request);
        let enough = waiting.requests.len() >= waiting.wanted;
        drop(waiting);
        if enough {
            self.arrived.notify_one();
        }
        Ok(())
    }

    /// Waits for batches and takes all of them, in the order in which they came: first for as many
    /// as are to be gathered, then for one, until something else is due.
    pub(super) fn take(&self, gather: Option<Gather>, due: Option<Instant>) -> Taken {
        let mut waiting = self.waiting.lock();
        if let Some(Gather { count, end }) = gather {
            waiting.wanted = count;
            while waiting.requests.len() < count && waiting.open {
                if self.arrived.wait_until(&mut waiting, end).timed_out() {
                    break;
                }
            }
            waiting.wanted = 1;
        }
        loop {
            if !waiting.requests.is_empty() {
                waiting.bytes = 0;
                let room = Vec::with_capacity(waiting.requests.len());
                return Taken::Requests(mem::replace(&mut waiting.requests, room));
            }
            if !waiting.open {
                return Taken::Closed;
            }
            if mem::take(&mut waiting.nudged) {
                return Taken::Nudged;
            }
            match due {
                None => self.arrived.wait(&mut waiting),
                Some(due) if self.arrived.wait_until(&mut waiting, due).timed_out() => {
                    waiting.nudged = true;
                }
                Some(_) => {}
            }
        }
    }

    /// Wakes the writer though there is nothing to write.
    pub(super) fn nudge(&self) {
        self.waiting.lock().nudged = true;
        self.arrived.notify_one();
    }

    /// Takes nothing more in. What waits is still handed out.
    pub(super) fn close(&self) {
        self.waiting.lock().open = false;
        self.arrived.notify_one();
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.lock().requests.len()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;
    use std::time::Duration;

    use strongroom_crypto::Sealed;

    use super::*;
    use crate::Key;

    fn request(bytes: usize) -> Request {
        let mut batch = Batch::new();
        batch.put(Key::from(vec![1]), Sealed::from_stored(vec![0; bytes]));
        let (answer, _) = oneshot::channel();
        Request { batch, answer }
    }

    /// How many bytes each of the waiting batches has.
    fn take(queue: &Queue) -> Option<Vec<usize>> {
        match queue.take(None, None) {
            Taken::Requests(taken) => Some(taken.iter().map(|one| one.batch.bytes()).collect()),
            Taken::Nudged | Taken::Closed => None,
        }
    }

    #[test]
    fn everything_that_waits_is_taken_at_once() {
        let queue = Queue::new();
        for bytes in 1..4 {
            queue.push(request(bytes)).unwrap();
        }
        assert_eq!(take(&queue).unwrap(), [2, 3, 4]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn the_queue_is_bounded_in_number_and_in_bytes() {
        let queue = Queue::new();
        for _ in 0..Queue::MAX_REQUESTS {
            queue.push(request(1)).unwrap();
        }
        assert_eq!(queue.push(request(1)), Err(Unavailable::Busy));

        let queue = Queue::new();
        queue.push(request(Queue::MAX_BYTES)).unwrap();
        assert_eq!(queue.push(request(1)), Err(Unavailable::Busy));
        take(&queue).unwrap();
        queue.push(request(1)).unwrap();
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_has() {
        let queue = Queue::new();
        queue.push(request(1)).unwrap();
        queue.close();
        assert_eq!(queue.push(request(1)), Err(Unavailable::Closed));
        assert_eq!(take(&queue).unwrap(), [2]);
        assert!(matches!(queue.take(None, None), Taken::Closed));
    }

    #[test]
    fn gathering_ends_with_enough_batches_or_with_its_time() {
        let queue = Queue::new();
        queue.push(request(1)).unwrap();
        let now = Instant::now();
        let gather = |count, end| Some(Gather { count, end });
        let taken = queue.take(gather(2, now), None);
        assert!(matches!(taken, Taken::Requests(taken) if taken.len() == 1));
        thread::scope(|scope| {
            let gathered = gather(3, now + Duration::from_secs(3600));
            let taken = scope.spawn({
                let queue = &queue;
                move || queue.take(gathered, None)
            });
            for _ in 0..3 {
                queue.push(request(1)).unwrap();
            }
            let taken = taken.join().unwrap();
            assert!(matches!(taken, Taken::Requests(taken) if taken.len() == 3));
        });
    }

    #[test]
    fn the_writer_is_woken_by_a_nudge_and_by_the_time() {
        let queue = Queue::new();
        queue.nudge();
        assert!(matches!(queue.take(None, None), Taken::Nudged));
        let due = Some(Instant::now());
        assert!(matches!(queue.take(None, due), Taken::Nudged));
    }
}
