//! Waiting for a record to be durable.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::fault::AppendError;
use crate::queue::Queue;

/// Proof that a record is on disk. Only the journal makes one.
#[derive(Debug)]
#[must_use]
pub struct Durable {
    sequence: u64,
}

impl Durable {
    /// The record's place in the journal.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

/// Becomes ready when the record is on disk, or will not be. It is decided within the journal's
/// deadline; dropping it takes nothing back.
#[must_use = "the record is durable only when the receipt says so"]
pub struct Receipt {
    queue: Arc<Queue>,
    sequence: u64,
    registered: bool,
}

impl Receipt {
    pub(crate) fn new(queue: Arc<Queue>, sequence: u64) -> Self {
        Self {
            queue,
            sequence,
            registered: false,
        }
    }

    /// Waits on this thread. Not for async code.
    ///
    /// # Errors
    ///
    /// The record could not be made durable.
    pub fn wait(self) -> Result<Durable, AppendError> {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut receipt = pin!(self);
        loop {
            match receipt.as_mut().poll(&mut context) {
                Poll::Ready(decided) => return decided,
                Poll::Pending => thread::park(),
            }
        }
    }
}

impl Future for Receipt {
    type Output = Result<Durable, AppendError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let receipt = self.get_mut();
        let sequence = receipt.sequence;
        receipt
            .queue
            .poll(sequence, &mut receipt.registered, context)
            .map_ok(|()| Durable { sequence })
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
