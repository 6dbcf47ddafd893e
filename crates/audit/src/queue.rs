//! The hand-off between those who append and the one who writes.
//!
//! One lock guards a batch of frames that the writer swaps for an empty one, and the list of who
//! waits. There is no allocation per record and no channel; the writer is notified only when it
//! sleeps. The lock is held for a copy of a few hundred bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::batch::Batch;
use crate::failures::Failures;
use crate::fault::{AppendError, WriteFault};
use crate::frame::{self, Kind};
use crate::gather::Gather;
use crate::note::Note;
use crate::signed::{Head, SignedHead};

/// What appenders, receipts, the writer and the watchdog share.
pub(crate) struct Queue {
    inner: Mutex<Inner>,
    /// The writer sleeps here.
    work: Condvar,
    /// Whoever closes the journal waits here for the writer's end.
    ended: Condvar,
    /// A copy of `Inner::settled`, for receipts that look without locking.
    settled: AtomicU64,
    /// Whether any record ever failed: only then must a receipt look closer.
    ever_failed: AtomicBool,
    /// When the write in flight began, in nanoseconds since `epoch`; 0 while there is none.
    busy_since: AtomicU64,
    epoch: Instant,
}

struct Inner {
    batch: Batch,
    limit: usize,
    /// The sequence that the next record gets.
    next: u64,
    /// Every sequence below is decided: durable, or in `failed`.
    settled: u64,
    failures: Failures,
    waiters: Vec<(u64, Waker)>,
    /// The writer sleeps, and wants to be woken once this is the next sequence.
    asleep: Option<u64>,
    closing: bool,
    ended: Option<Result<(), Arc<WriteFault>>>,
    red: Option<Arc<WriteFault>>,
    head: Head,
    signed: Option<SignedHead>,
    counters: Counters,
}

/// What the journal has done since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Frames accepted into the queue.
    pub accepted: u64,
    /// Frames refused because the queue was full.
    pub rejected: u64,
    /// Frames that failed after they had been accepted.
    pub failed: u64,
    /// Frames made durable.
    pub durable: u64,
    /// Bytes made durable.
    pub bytes: u64,
    /// Syncs, each for everything that waited.
    pub syncs: u64,
    /// Segments begun.
    pub segments: u64,
    /// Times that the journal became unavailable.
    pub faults: u64,
}

/// What the writer finds.
pub(crate) enum Work {
    /// Frames, now in the writer's batch, and the sequence of a head to add to them.
    Group {
        /// The sequence after them.
        next: u64,
        /// The sequence of the head to sign, if one was asked for.
        head: Option<u64>,
    },
    /// Nothing came within the time given.
    Idle,
    /// The watchdog gave the last write up.
    Red(Arc<WriteFault>),
    /// Nothing is left and nothing more will come.
    Closing,
}

impl Queue {
    pub(crate) fn new(limit: usize, head: Head, next: u64, signed: Option<SignedHead>) -> Self {
        Self {
            inner: Mutex::new(Inner {
                batch: Batch::default(),
                limit,
                next,
                settled: next,
                failures: Failures::default(),
                waiters: Vec::new(),
                asleep: None,
                closing: false,
                ended: None,
                red: None,
                head,
                signed,
                counters: Counters::default(),
            }),
            work: Condvar::new(),
            ended: Condvar::new(),
            settled: AtomicU64::new(next),
            ever_failed: AtomicBool::new(false),
            busy_since: AtomicU64::new(0),
            epoch: Instant::now(),
        }
    }

    /// Queues a frame, with the note of its record, and returns its sequence.
    pub(crate) fn append(
        &self,
        kind: Kind,
        payload: &[u8],
        note: Option<Note>,
    ) -> Result<u64, AppendError> {
        let mut inner = self.inner.lock();
        if inner.closing {
            return Err(AppendError::Closed);
        }
        if let Some(cause) = &inner.red {
            let cause = Arc::clone(cause);
            return Err(AppendError::Unavailable { cause });
        }
        if inner.batch.bytes() + frame::size(payload.len()) > inner.limit {
            inner.counters.rejected += 1;
            return Err(AppendError::Full);
        }
        let sequence = inner.next;
        inner.next += 1;
        inner.counters.accepted += 1;
        inner.batch.push(kind, sequence, payload, note);
        let wake = inner.asleep.take_if(|at| *at <= sequence + 1).is_some();
        drop(inner);
        if wake {
            self.work.notify_one();
        }
        Ok(sequence)
    }

    /// Whether the frame is durable yet; registers the waker if not.
    pub(crate) fn poll(
        &self,
        sequence: u64,
        registered: &mut bool,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), AppendError>> {
        if self.settled.load(Ordering::Acquire) > sequence
            && !self.ever_failed.load(Ordering::Acquire)
        {
            return Poll::Ready(Ok(()));
        }
        let mut inner = self.inner.lock();
        if sequence < inner.settled {
            return Poll::Ready(inner.failures.decided(sequence));
        }
        let waker = context.waker();
        if *registered
            && let Some((_, known)) = inner.waiters.iter_mut().find(|(of, _)| *of == sequence)
        {
            known.clone_from(waker);
        } else {
            inner.waiters.push((sequence, waker.clone()));
            *registered = true;
        }
        Poll::Pending
    }

    /// Hands the queued frames to the writer, who brings the batch that is done; sleeps while there are
    /// none, at most for `idle`. Where there are some, first waits for more as `gather` says. Where
    /// a head is due, also reserves its sequence.
    pub(crate) fn take(
        &self,
        batch: &mut Batch,
        head_is_due: impl Fn() -> bool,
        idle: Option<Duration>,
        mut gather: Option<Gather>,
    ) -> Work {
        batch.clear();
        let mut inner = self.inner.lock();
        loop {
            if let Some(fault) = &inner.red {
                return Work::Red(Arc::clone(fault));
            }
            if !inner.batch.is_empty()
                && let Some(Gather { until, end }) = gather.take()
                && inner.next < until
                && !inner.closing
            {
                inner.asleep = Some(until);
                self.work.wait_until(&mut inner, end);
                inner.asleep = None;
                continue;
            }
            let head = head_is_due();
            if head || !inner.batch.is_empty() {
                std::mem::swap(batch, &mut inner.batch);
                let head = head.then_some(inner.next);
                inner.next += u64::from(head.is_some());
                self.begin_write();
                let next = inner.next;
                return Work::Group { next, head };
            }
            if inner.closing {
                return Work::Closing;
            }
            inner.asleep = Some(0);
            match idle {
                None => self.work.wait(&mut inner),
                Some(idle) => {
                    if self.work.wait_for(&mut inner, idle).timed_out() && inner.batch.is_empty() {
                        inner.asleep = None;
                        return Work::Idle;
                    }
                }
            }
        }
    }

    /// Everything up to the head is durable; returns the next sequence. Fails where the watchdog was
    /// quicker: then the write does not count. `publish` runs under the lock.
    pub(crate) fn settle(
        &self,
        settled: Settled,
        wakers: &mut Vec<Waker>,
        publish: impl FnOnce(),
    ) -> Result<u64, Arc<WriteFault>> {
        let mut inner = self.inner.lock();
        if let Some(cause) = &inner.red {
            return Err(Arc::clone(cause));
        }
        publish();
        inner.head = settled.head;
        inner.signed = settled.signed.or(inner.signed);
        inner.counters.durable += settled.frames;
        inner.counters.bytes += settled.bytes;
        inner.counters.syncs += 1;
        let next = settled.head.sequence + 1;
        inner.settled = next;
        self.settled.store(next, Ordering::Release);
        wakers.extend(
            inner
                .waiters
                .extract_if(.., |(sequence, _)| *sequence < next)
                .map(|(_, waker)| waker),
        );
        let next = inner.next;
        drop(inner);
        wakers.drain(..).for_each(Waker::wake);
        Ok(next)
    }

    /// The write in flight, and everything queued behind it, failed. Appends are refused from now
    /// on, until [`Queue::recovered`].
    pub(crate) fn fail(&self, cause: Arc<WriteFault>) {
        let mut inner = self.inner.lock();
        if inner.red.is_some() {
            return;
        }
        inner.red = Some(Arc::clone(&cause));
        inner.counters.faults += 1;
        inner.counters.failed += inner.next - inner.settled;
        let failed = inner.settled..inner.next;
        inner.failures.add(failed, cause);
        inner.batch.clear();
        self.ever_failed.store(true, Ordering::Release);
        inner.settled = inner.next;
        self.settled.store(inner.next, Ordering::Release);
        self.end_write();
        let waiters = std::mem::take(&mut inner.waiters);
        drop(inner);
        for (_, waker) in waiters {
            waker.wake();
        }
    }

    /// The sequence that the next record gets: while appends are refused, what a fresh segment
    /// begins with.
    pub(crate) fn next(&self) -> u64 {
        self.inner.lock().next
    }

    /// A fresh segment stands: appends are accepted again.
    pub(crate) fn recovered(&self) {
        self.inner.lock().red = None;
    }

    /// Waits before the next attempt; returns whether the journal is closing.
    pub(crate) fn pause(&self, backoff: Duration) -> bool {
        let mut inner = self.inner.lock();
        if !inner.closing {
            self.work.wait_for(&mut inner, backoff);
        }
        inner.closing
    }

    /// Refuses further appends; the writer drains what is queued.
    pub(crate) fn close(&self) {
        self.inner.lock().closing = true;
        self.work.notify_one();
    }

    /// The writer is gone: with the head that it signed last, or why it could not.
    pub(crate) fn end(&self, ended: Result<Option<SignedHead>, Arc<WriteFault>>) {
        let mut inner = self.inner.lock();
        let ended = ended.map(|signed| inner.signed = signed.or(inner.signed));
        inner.ended = Some(ended);
        drop(inner);
        self.ended.notify_all();
    }

    /// Waits for the writer's end; none if it takes longer.
    pub(crate) fn await_end(&self, patience: Duration) -> Option<Result<(), Arc<WriteFault>>> {
        let mut inner = self.inner.lock();
        self.ended
            .wait_while_for(&mut inner, |inner| inner.ended.is_none(), patience);
        inner.ended.clone()
    }

    /// Counts a segment.
    pub(crate) fn count_segment(&self) {
        self.inner.lock().counters.segments += 1;
    }

    fn begin_write(&self) {
        let nanoseconds = u64::try_from(self.epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.busy_since.store(nanoseconds.max(1), Ordering::Relaxed);
    }

    /// Nothing is in flight any more.
    pub(crate) fn end_write(&self) {
        self.busy_since.store(0, Ordering::Relaxed);
    }

    /// How long the write in flight has taken.
    pub(crate) fn write_age(&self) -> Option<Duration> {
        match self.busy_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(
                self.epoch
                    .elapsed()
                    .saturating_sub(Duration::from_nanos(since)),
            ),
        }
    }

    pub(crate) fn red(&self) -> Option<Arc<WriteFault>> {
        self.inner.lock().red.clone()
    }

    pub(crate) fn head(&self) -> Head {
        self.inner.lock().head
    }

    pub(crate) fn signed_head(&self) -> Option<SignedHead> {
        self.inner.lock().signed
    }

    pub(crate) fn counters(&self) -> Counters {
        self.inner.lock().counters
    }
}

/// What one sync made durable.
pub(crate) struct Settled {
    pub(crate) head: Head,
    pub(crate) signed: Option<SignedHead>,
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn queue() -> Queue {
        Queue::new(1 << 20, Head::GENESIS, 1, None)
    }

    fn settle(queue: &Queue, sequence: u64) -> Result<u64, Arc<WriteFault>> {
        let settled = Settled {
            head: Head {
                sequence,
                link: [0; 32],
            },
            signed: None,
            frames: 1,
            bytes: 1,
        };
        queue.settle(settled, &mut Vec::new(), || {})
    }

    fn fault() -> Arc<WriteFault> {
        Arc::new(WriteFault::ReadBack)
    }

    #[test]
    fn a_waiter_is_woken_once_however_often_it_was_polled() {
        let queue = queue();
        let counts = [Arc::new(Count::default()), Arc::new(Count::default())];
        let mut registered = [false; 2];
        let sequences =
            [1, 2].map(|payload| queue.append(Kind::Tombstone, &[payload], None).unwrap());
        assert_eq!(sequences, [1, 2]);
        for _ in 0..3 {
            for which in 0..2 {
                let waker = Waker::from(Arc::clone(&counts[which]));
                let mut context = Context::from_waker(&waker);
                let polled = queue.poll(sequences[which], &mut registered[which], &mut context);
                assert!(polled.is_pending());
            }
        }
        settle(&queue, 1).unwrap();
        let woken = || {
            counts
                .each_ref()
                .map(|count| count.0.load(Ordering::Relaxed))
        };
        assert_eq!(woken(), [1, 0]);
        settle(&queue, 2).unwrap();
        assert_eq!(woken(), [1, 1]);
    }

    #[test]
    fn what_failed_stays_failed_and_what_was_durable_stays_durable() {
        let queue = queue();
        let mut expected = Vec::new();
        // More outages than are remembered.
        for round in 0..Failures::MEMORY as u64 + 10 {
            let good = queue.append(Kind::Tombstone, &[1], None).unwrap();
            settle(&queue, good).unwrap();
            let bad = queue.append(Kind::Tombstone, &[1], None).unwrap();
            queue.fail(fault());
            assert!(matches!(
                queue.append(Kind::Tombstone, &[1], None),
                Err(AppendError::Unavailable { .. })
            ));
            queue.recovered();
            expected.push((round, good, bad));
        }
        let decided = |sequence| {
            let mut context = Context::from_waker(Waker::noop());
            match queue.poll(sequence, &mut false, &mut context) {
                Poll::Ready(decided) => decided.is_ok(),
                Poll::Pending => panic!("{sequence} is not decided"),
            }
        };
        for (round, good, bad) in expected {
            assert!(!decided(bad), "round {round}");
            // What was forgotten must not turn into a proof.
            assert_eq!(decided(good), round >= 10, "round {round}");
        }
    }

    #[test]
    fn a_write_that_was_given_up_does_not_count() {
        let queue = queue();
        let sequence = queue.append(Kind::Tombstone, &[1], None).unwrap();
        let mut batch = Batch::default();
        assert!(matches!(
            queue.take(&mut batch, || false, None, None),
            Work::Group {
                next: 2,
                head: None
            }
        ));
        assert!(queue.write_age().is_some());
        queue.fail(fault());
        assert!(queue.write_age().is_none());
        assert!(settle(&queue, sequence).is_err());
        assert_eq!(queue.head(), Head::GENESIS);
        assert!(matches!(
            queue.take(&mut batch, || false, None, None),
            Work::Red(_)
        ));
    }

    #[test]
    fn the_writer_waits_for_more_and_is_woken_when_they_are_there() {
        let queue = Arc::new(queue());
        let mut batch = Batch::default();
        let gather = |until, end| Some(Gather { until, end });
        let soon = Instant::now();
        let never = soon + Duration::from_secs(600);
        queue.append(Kind::Tombstone, &[1], None).unwrap();
        // They do not come.
        let work = queue.take(&mut batch, || false, None, gather(5, soon));
        assert!(matches!(work, Work::Group { next: 2, .. }));
        // They are there already.
        queue.append(Kind::Tombstone, &[1], None).unwrap();
        let work = queue.take(&mut batch, || false, None, gather(3, never));
        assert!(matches!(work, Work::Group { next: 3, .. }));
        // They come.
        queue.append(Kind::Tombstone, &[1], None).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..9 {
                    queue.append(Kind::Tombstone, &[1], None).unwrap();
                }
            });
            let work = queue.take(&mut batch, || false, None, gather(13, never));
            assert!(matches!(work, Work::Group { next: 13, .. }));
        });
    }
}
