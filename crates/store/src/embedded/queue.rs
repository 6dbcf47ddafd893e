//! Batches on their way to the writer.

use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

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
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Waits for batches and takes all of them, in the order in which they came. `None` once the
    /// queue is closed and empty.
    pub(super) fn take(&self) -> Option<Vec<Request>> {
        let mut waiting = self.waiting.lock();
        while waiting.requests.is_empty() {
            if !waiting.open {
                return None;
            }
            self.arrived.wait(&mut waiting);
        }
        waiting.bytes = 0;
        let room = Vec::with_capacity(waiting.requests.len());
        Some(std::mem::replace(&mut waiting.requests, room))
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
    use strongroom_crypto::Sealed;

    use super::*;
    use crate::Key;

    fn request(bytes: usize) -> Request {
        let mut batch = Batch::new();
        batch.put(Key::from(vec![1]), Sealed::from_stored(vec![0; bytes]));
        let (answer, _) = oneshot::channel();
        Request { batch, answer }
    }

    #[test]
    fn everything_that_waits_is_taken_at_once() {
        let queue = Queue::new();
        for bytes in 1..4 {
            queue.push(request(bytes)).unwrap();
        }
        let taken = queue.take().unwrap();
        let sizes: Vec<usize> = taken.iter().map(|request| request.batch.bytes()).collect();
        assert_eq!(sizes, [2, 3, 4]);
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
        queue.take().unwrap();
        queue.push(request(1)).unwrap();
    }

    #[test]
    fn a_closed_queue_hands_out_what_it_has() {
        let queue = Queue::new();
        queue.push(request(1)).unwrap();
        queue.close();
        assert_eq!(queue.push(request(1)), Err(Unavailable::Closed));
        assert_eq!(queue.take().unwrap().len(), 1);
        assert!(queue.take().is_none());
    }
}
