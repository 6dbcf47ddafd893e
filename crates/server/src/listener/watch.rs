//! Watching one connection for clients that take their time.
//!
//! The hot path only sets flags. A tick, about once a second, looks at them and adds up how long
//! the connection has been in its present phase; so a request costs no timer and no clock.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::ConnectionLimits;

/// How much longer than a request an unmoving connection with a request may live.
const STALL: Duration = Duration::from_secs(5);

/// What the hot path leaves behind. Relaxed throughout: the flags order nothing.
#[derive(Debug, Default)]
pub(super) struct Watch {
    in_flight: AtomicU32,
    requests: AtomicU32,
    head: AtomicBool,
    moved: AtomicBool,
    multiplexed: AtomicBool,
    overdue: AtomicBool,
}

impl Watch {
    /// A request's head is complete.
    pub(super) fn opened(&self, multiplexed: bool) {
        self.head.store(false, Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        if multiplexed {
            self.multiplexed.store(true, Ordering::Relaxed);
        }
    }

    /// A request's reply is handed over.
    pub(super) fn closed(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether the request in flight has had its time (HTTP/1.1 only: one at a time).
    pub(super) fn overdue(&self) -> bool {
        self.overdue.load(Ordering::Relaxed)
    }

    fn read(&self) {
        if self.in_flight.load(Ordering::Relaxed) == 0 {
            self.head.store(true, Ordering::Relaxed);
        } else {
            self.moved.store(true, Ordering::Relaxed);
        }
    }

    fn wrote(&self) {
        self.moved.store(true, Ordering::Relaxed);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No request, and none begun.
    Idle,
    /// A request head has begun.
    Head,
    /// Requests are being served.
    Serving,
}

/// What to do with the connection after a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Go,
    /// It was idle for long enough: say goodbye.
    Idle,
    /// The client is too slow: close.
    Slow,
}

/// Adds up the ticks.
#[derive(Debug)]
pub(super) struct Watchman {
    phase: Phase,
    requests: u32,
    /// How long the phase has lasted.
    age: Duration,
    /// How long no byte moved while serving.
    still: Duration,
    header: Duration,
    idle: Duration,
    request: Duration,
}

impl Watchman {
    pub(super) fn new(limits: &ConnectionLimits) -> Self {
        Self {
            // A connection owes its first request within the time for a head.
            phase: Phase::Head,
            requests: 0,
            age: Duration::ZERO,
            still: Duration::ZERO,
            header: limits.header,
            idle: limits.idle,
            request: limits.request,
        }
    }

    /// How often to look: a quarter of the shortest limit, a second at most.
    pub(super) fn tick(&self) -> Duration {
        let shortest = self.header.min(self.idle).min(self.request);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_secs(1))
    }

    /// Looks at the flags, `elapsed` after the last look.
    pub(super) fn look(&mut self, watch: &Watch, elapsed: Duration) -> Verdict {
        let requests = watch.requests.load(Ordering::Relaxed);
        let multiplexed = watch.multiplexed.load(Ordering::Relaxed);
        let phase = if watch.in_flight.load(Ordering::Relaxed) > 0 {
            Phase::Serving
        } else if requests == 0 || (watch.head.load(Ordering::Relaxed) && !multiplexed) {
            Phase::Head
        } else {
            Phase::Idle
        };
        let moved = watch.moved.swap(false, Ordering::Relaxed);
        if phase != self.phase || requests != self.requests {
            self.phase = phase;
            self.requests = requests;
            self.age = Duration::ZERO;
            self.still = Duration::ZERO;
            watch.overdue.store(false, Ordering::Relaxed);
            return Verdict::Go;
        }
        self.age += elapsed;
        self.still = if moved {
            Duration::ZERO
        } else {
            self.still + elapsed
        };
        match phase {
            Phase::Head if self.age >= self.header => Verdict::Slow,
            Phase::Idle if self.age >= self.idle => Verdict::Idle,
            Phase::Serving if self.still >= self.request + STALL => Verdict::Slow,
            Phase::Serving if self.age >= self.request && !multiplexed => {
                watch.overdue.store(true, Ordering::Relaxed);
                Verdict::Go
            }
            Phase::Head | Phase::Idle | Phase::Serving => Verdict::Go,
        }
    }
}

/// A stream that tells the watch what moves.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) watch: Arc<Watch>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            this.watch.read();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    fn note(&self, polled: &Poll<io::Result<usize>>) {
        if matches!(polled, Poll::Ready(Ok(written)) if *written > 0) {
            self.watch.wrote();
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note(&polled);
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.note(&polled);
        polled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn limits() -> ConnectionLimits {
        ConnectionLimits {
            connections: 1,
            header_bytes: 8_192,
            header_count: 100,
            header: 3 * SECOND,
            handshake: SECOND,
            idle: 5 * SECOND,
            request: 4 * SECOND,
            http2_streams: 1,
        }
    }

    /// The verdicts of so many seconds.
    fn seconds(watchman: &mut Watchman, watch: &Watch, count: usize) -> Vec<Verdict> {
        (0..count).map(|_| watchman.look(watch, SECOND)).collect()
    }

    #[test]
    fn the_first_head_is_due_from_the_start() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        assert_eq!(
            seconds(&mut watchman, &watch, 3),
            [Verdict::Go, Verdict::Go, Verdict::Slow]
        );
    }

    #[test]
    fn a_dripping_head_does_not_win_time() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        watch.opened(false);
        watch.closed();
        assert_eq!(watchman.look(&watch, SECOND), Verdict::Go);
        let mut last = Verdict::Go;
        for _ in 0..4 {
            watch.read();
            last = watchman.look(&watch, SECOND);
        }
        assert_eq!(last, Verdict::Slow);
    }

    #[test]
    fn an_idle_connection_is_let_go_and_a_busy_one_is_not() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        for _ in 0..20 {
            watch.opened(false);
            watch.closed();
            assert_eq!(watchman.look(&watch, SECOND), Verdict::Go);
        }
        let verdicts = seconds(&mut watchman, &watch, 5);
        assert_eq!(verdicts.last(), Some(&Verdict::Idle));
    }

    #[test]
    fn frames_between_http2_requests_are_no_head() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        watch.opened(true);
        watch.closed();
        watchman.look(&watch, SECOND);
        watch.read();
        assert_eq!(seconds(&mut watchman, &watch, 4), [Verdict::Go; 4]);
        assert_eq!(watchman.look(&watch, SECOND), Verdict::Idle);
    }

    #[test]
    fn a_request_that_takes_too_long_is_overdue_and_then_stalled() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        watch.opened(false);
        seconds(&mut watchman, &watch, 4);
        assert!(!watch.overdue());
        watchman.look(&watch, SECOND);
        assert!(watch.overdue());
        assert_eq!(
            seconds(&mut watchman, &watch, 5).last(),
            Some(&Verdict::Slow)
        );
    }

    #[test]
    fn a_long_reply_that_moves_is_left_alone() {
        let (watch, mut watchman) = (Watch::default(), Watchman::new(&limits()));
        watch.opened(false);
        for _ in 0..60 {
            watch.wrote();
            assert_eq!(watchman.look(&watch, SECOND), Verdict::Go);
        }
    }
}
