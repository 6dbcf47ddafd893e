//! One generation at a time, from the writer to the applier.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::applier::Job;
use crate::Cause;

/// How long the applier waits for space before it tries again by itself.
const RETRY: Duration = Duration::from_secs(1);

/// Where the generation is left, and what became of it.
pub(super) struct Handoff {
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    job: Option<Job>,
    /// Why the job waits for space.
    full: Option<Cause>,
    /// Nothing more is handed over.
    closing: bool,
    /// Nothing more is applied.
    ended: bool,
    /// The last revision that the database has.
    applied: u64,
    /// Bytes of the database in use.
    used: u64,
}

/// What the applier is to do.
pub(super) enum Next {
    Job(Job),
    Stop,
}

/// Why what was waited for is not in the database.
#[derive(Debug)]
pub(super) enum Stuck {
    /// There is no space for it. It is tried again.
    Full(Cause),
    /// The applier has ended.
    Ended,
}

impl Handoff {
    /// Nothing is handed over, and the database has this revision and uses so many bytes.
    pub(super) fn new(applied: u64, used: u64) -> Self {
        Self {
            state: Mutex::new(State {
                job: None,
                full: None,
                closing: false,
                ended: false,
                applied,
                used,
            }),
            moved: Condvar::new(),
        }
    }

    /// Hands over. The writer has made sure that the applier is idle.
    pub(super) fn give(&self, job: Job) {
        self.state.lock().job = Some(job);
        self.moved.notify_all();
    }

    pub(super) fn is_idle(&self) -> bool {
        self.state.lock().job.is_none()
    }

    /// Whether the database has this revision.
    pub(super) fn has(&self, revision: u64) -> bool {
        self.state.lock().applied >= revision
    }

    /// Bytes of the database in use, as of the last generation.
    pub(super) fn used(&self) -> u64 {
        self.state.lock().used
    }

    /// Why commits are refused, if there is no space. Makes the applier try again at once.
    pub(super) fn try_again(&self) -> Option<Cause> {
        let full = self.state.lock().full.clone();
        if full.is_some() {
            self.moved.notify_all();
        }
        full
    }

    /// Waits until the applier has nothing to do.
    pub(super) fn await_idle(&self) -> Result<(), Stuck> {
        self.wait_until(|state| state.job.is_none())
    }

    /// Waits until the database has this revision.
    pub(super) fn await_applied(&self, revision: u64) -> Result<(), Stuck> {
        self.wait_until(|state| state.applied >= revision)
    }

    fn wait_until(&self, reached: impl Fn(&State) -> bool) -> Result<(), Stuck> {
        let mut state = self.state.lock();
        loop {
            if reached(&state) {
                return Ok(());
            }
            if state.ended {
                return Err(Stuck::Ended);
            }
            if let Some(cause) = &state.full {
                return Err(Stuck::Full(cause.clone()));
            }
            self.moved.wait(&mut state);
        }
    }

    /// Lets the applier end once it has done what it can.
    pub(super) fn close(&self) {
        self.state.lock().closing = true;
        self.moved.notify_all();
    }

    /// The applier's: waits for a generation. It stays until it is done.
    pub(super) fn next(&self) -> Next {
        let mut state = self.state.lock();
        loop {
            match &state.job {
                // It was tried and does not fit: the log keeps it for the next start.
                Some(_) if state.closing && state.full.is_some() => return Next::Stop,
                Some(job) => return Next::Job(job.clone()),
                None if state.closing => return Next::Stop,
                None => self.moved.wait(&mut state),
            }
        }
    }

    /// The applier's: the generation is in the database.
    pub(super) fn done(&self, applied: u64, used: u64) {
        let mut state = self.state.lock();
        let job = state.job.take();
        state.full = None;
        state.applied = applied;
        state.used = used;
        drop(state);
        self.moved.notify_all();
        // It may be large, and nobody need wait for it to go.
        drop(job);
    }

    /// The applier's: the generation does not fit. Returns when it may be tried again.
    pub(super) fn wait_for_space(&self, cause: Cause) {
        let mut state = self.state.lock();
        state.full = Some(cause);
        self.moved.notify_all();
        if !state.closing {
            self.moved.wait_for(&mut state, RETRY);
        }
    }

    /// The applier's: it does nothing more.
    pub(super) fn end(&self) {
        self.state.lock().ended = true;
        self.moved.notify_all();
    }
}
