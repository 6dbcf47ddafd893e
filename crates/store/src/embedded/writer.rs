//! The one thread that commits.
//!
//! It takes every batch that waits, works out their joint effect, and adds that to the log as one
//! frame: one write and one sync for all of them. Only then are they published and answered. When
//! the log has grown, or is old, it hands the generation over to the applier and begins another.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::applier::Job;
use super::cache::RowCache;
use super::gather::{Gather, Gathering};
use super::handoff::{Handoff, Stuck};
use super::log::{Log, Unlogged};
use super::overlay::{Found, Overlay};
use super::plan::{Plan, Verdict};
use super::queue::{Queue, Request, Taken};
use super::quota::{self, OverLimit};
use super::readers::Readers;
use super::recovery::Applied;
use super::rows;
use super::shared::Shared;
use crate::{Cause, CommitError, Key, ReadError, Revision, Unavailable};

/// What was committed is in the database about so much later, however little it is.
const OLD: Duration = Duration::from_secs(5);

type Answer = oneshot::Sender<Result<Revision, CommitError>>;

/// The writer's half of an open store.
pub(super) struct Writer {
    pub(super) log: Log,
    pub(super) queue: Arc<Queue>,
    pub(super) cache: Arc<RowCache>,
    pub(super) overlay: Arc<Overlay>,
    pub(super) readers: Arc<Readers>,
    pub(super) handoff: Arc<Handoff>,
    pub(super) shared: Arc<Shared>,
    pub(super) limits: Limits,
    pub(super) pending: Pending,
}

/// What the store may use.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// From so many bytes on the log goes into the database.
    pub(super) log_bytes: u64,
    /// The most bytes of the database.
    pub(super) max_bytes: Option<u64>,
}

/// What the database lacks.
#[derive(Default)]
pub(super) struct Pending {
    /// When the active generation got its first commit.
    since: Option<Instant>,
    /// By how much it may make the database grow.
    active_growth: u64,
    /// The same of the frozen one.
    frozen_growth: u64,
}

/// How a group that was not committed failed.
enum Failure {
    /// Nothing was changed.
    NotApplied(CommitError),
    /// It may or may not be on disk.
    OutcomeUnknown(Cause),
}

impl Writer {
    /// Commits until the queue is closed and empty, or a write fails with unknown outcome. Returns
    /// itself, for what closing has to do.
    pub(super) fn run(mut self) -> Self {
        let mut gathering = Gathering::default();
        let mut gather = None;
        loop {
            match self.queue.take(gather.take(), self.due()) {
                Taken::Requests(requests) => {
                    gathering.learn(requests.len());
                    gather = self.serve(requests, &mut gathering);
                }
                Taken::Nudged => {}
                Taken::Closed => break,
            }
            self.hand_over_if_due();
            if let Err(refusal) = self.shared.admit() {
                self.refuse_all(refusal);
            }
        }
        if self.shared.admit().is_ok() {
            self.hand_over_the_rest();
        }
        self.handoff.close();
        self
    }

    /// Nothing is committed any more; whoever came too late is told so.
    fn refuse_all(&self, refusal: Unavailable) {
        self.queue.close();
        while let Taken::Requests(requests) = self.queue.take(None, None) {
            for request in requests {
                let _ = request.answer.send(Err(refusal.into()));
            }
        }
    }

    fn serve(&mut self, requests: Vec<Request>, gathering: &mut Gathering) -> Option<Gather> {
        let count = requests.len();
        if let Err(refusal) = self.shared.admit() {
            for request in requests {
                let _ = request.answer.send(Err(refusal.into()));
            }
            return None;
        }
        let mut answers = Vec::with_capacity(count);
        let mut batches = Vec::with_capacity(count);
        for Request { batch, answer } in requests {
            answers.push(answer);
            batches.push(batch);
        }
        let first = self.shared.published().saturating_add(1);
        let mut plan = Plan::after(self.shared.published());
        let mut verdicts = Vec::with_capacity(count);
        let judged: Result<(), ReadError> = batches.into_iter().try_for_each(|batch| {
            verdicts.push(plan.admit(batch, |key| self.stored(key))?);
            Ok(())
        });
        let began = Instant::now();
        let done = judged
            .map_err(unjudged)
            .and_then(|()| self.commit(first, plan));
        let took = began.elapsed();
        match done {
            Ok(()) => self.acknowledge(answers, verdicts),
            Err(failure) => self.fail(answers, verdicts, failure),
        }
        gathering.plan(count, self.queue.len(), took, Instant::now())
    }

    /// At which revision a key is stored.
    fn stored(&self, key: &Key) -> Result<Option<Revision>, ReadError> {
        if let Some(revision) = self.cache.revision(key) {
            return Ok(Some(revision));
        }
        match self.overlay.find(key) {
            Found::Here(row) => Ok(row.map(|row| row.revision)),
            Found::Below(applied) => self
                .readers
                .read(applied, |connection| rows::revision(connection, key)),
        }
    }

    /// Logs the plan, publishes it and brings the cache up to date.
    fn commit(&mut self, first: u64, plan: Plan) -> Result<(), Failure> {
        if plan.effects.is_empty() {
            return Ok(());
        }
        let growth = self.make_room(&plan).map_err(Failure::NotApplied)?;
        let logged = self.log.append(first, plan.last(), &plan.effects);
        logged.map_err(|unlogged| match unlogged {
            Unlogged::Not(error) => Failure::NotApplied(error),
            Unlogged::Perhaps(cause) => Failure::OutcomeUnknown(cause),
        })?;
        let marks: Vec<Option<bool>> = plan
            .effects
            .iter()
            .map(|(key, effect)| (!effect.new).then(|| self.cache.begin(key)))
            .collect();
        self.overlay.add(&plan.effects);
        self.shared.publish(plan.last());
        for ((key, effect), mark) in plan.effects.into_iter().zip(marks) {
            if let Some(cached) = mark {
                self.cache.finish(key, effect.row, cached);
            }
        }
        self.pending.since.get_or_insert_with(Instant::now);
        self.pending.active_growth = self.pending.active_growth.saturating_add(growth);
        let counters = &self.shared.counters;
        counters.syncs.fetch_add(1, Ordering::Relaxed);
        let bytes = self.log.bytes();
        counters.active_bytes.store(bytes, Ordering::Relaxed);
        Ok(())
    }

    /// Makes sure that the database will have space for the plan; says how much that may be.
    fn make_room(&mut self, plan: &Plan) -> Result<u64, CommitError> {
        if let Some(cause) = self.handoff.try_again() {
            return Err(CommitError::Full(cause));
        }
        let Some(limit) = self.limits.max_bytes else {
            return Ok(0);
        };
        let growth = quota::growth(&plan.effects);
        if growth == 0 || self.has_room(growth, limit) {
            return Ok(growth);
        }
        // What the database really needs for what waits shows when it has that.
        self.settle().map_err(|stuck| match stuck {
            Stuck::Full(cause) => CommitError::Full(cause),
            Stuck::Ended => Unavailable::Poisoned.into(),
        })?;
        if self.has_room(growth, limit) {
            return Ok(growth);
        }
        Err(CommitError::Full(Cause::new(OverLimit { limit })))
    }

    fn has_room(&mut self, growth: u64, limit: u64) -> bool {
        if self.handoff.is_idle() {
            self.pending.frozen_growth = 0;
        }
        [self.pending.active_growth, self.pending.frozen_growth]
            .into_iter()
            .fold(self.handoff.used(), u64::saturating_add)
            .saturating_add(growth)
            <= limit
    }

    /// When there will be something to hand over.
    fn due(&self) -> Option<Instant> {
        // A busy applier nudges when it is done.
        let since = self.pending.since.filter(|_| self.handoff.is_idle())?;
        since.checked_add(OLD)
    }

    /// Hands the active generation over if it is large, old or asked for; waits for the applier if it
    /// is far too large.
    fn hand_over_if_due(&mut self) {
        let Some(since) = self.pending.since else {
            self.shared.settle(false);
            return;
        };
        let bytes = self.log.bytes();
        let large = bytes >= self.limits.log_bytes;
        if !large && since.elapsed() < OLD && !self.shared.is_settling() {
            return;
        }
        let far_too_large = bytes >= self.limits.log_bytes.saturating_mul(2);
        if far_too_large && !self.handoff.is_idle() {
            // An applier that cannot go on refuses commits, one way or the other.
            let _ = self.handoff.await_idle();
        }
        if self.handoff.is_idle() {
            self.hand_over();
        }
    }

    /// Waits until the database has everything.
    fn settle(&mut self) -> Result<(), Stuck> {
        self.handoff.await_idle()?;
        if self.pending.since.is_some() {
            self.hand_over();
        }
        self.handoff.await_idle()
    }

    fn hand_over_the_rest(&mut self) {
        match self.settle() {
            Ok(()) | Err(Stuck::Ended) => {}
            Err(Stuck::Full(cause)) => tracing::warn!(
                error = &cause as &dyn std::error::Error,
                "no space for the database: the log is kept for the next start"
            ),
        }
    }

    /// Hands the active generation over to an applier that is idle.
    fn hand_over(&mut self) {
        let counters = &self.shared.counters;
        counters.active_bytes.store(0, Ordering::Relaxed);
        let bytes = self.log.bytes();
        counters.frozen_bytes.store(bytes, Ordering::Relaxed);
        self.shared.settle(false);
        self.pending = Pending {
            since: None,
            active_growth: 0,
            frozen_growth: self.pending.active_growth,
        };
        let applied = Applied {
            generation: self.log.generation(),
            revision: self.shared.published(),
        };
        let effects = self.overlay.freeze();
        self.log.turn();
        self.handoff.give(Job { effects, applied });
    }

    fn acknowledge(&self, answers: Vec<Answer>, verdicts: Vec<Verdict>) {
        let count = |kind: fn(&Verdict) -> bool| verdicts.iter().filter(|v| kind(v)).count() as u64;
        let commits = count(|verdict| matches!(verdict, Verdict::Write(_)));
        let conflicts = count(|verdict| matches!(verdict, Verdict::Conflict(_)));
        let counters = &self.shared.counters;
        counters.commits.fetch_add(commits, Ordering::Relaxed);
        counters.conflicts.fetch_add(conflicts, Ordering::Relaxed);
        for (answer, verdict) in answers.into_iter().zip(verdicts) {
            // Whoever does not wait for the answer does not need it.
            let _ = answer.send(match verdict {
                Verdict::Write(revision) | Verdict::Holds(revision) => Ok(revision),
                Verdict::Conflict(key) => Err(CommitError::Conflict { key: Box::new(key) }),
            });
        }
    }

    fn fail(&self, answers: Vec<Answer>, verdicts: Vec<Verdict>, failure: Failure) {
        match failure {
            Failure::NotApplied(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no commit");
                for answer in answers {
                    let _ = answer.send(Err(error.clone()));
                }
            }
            Failure::OutcomeUnknown(cause) => {
                tracing::error!(
                    error = &cause as &dyn std::error::Error,
                    "the outcome of a commit is unknown: the store stops until it is reopened"
                );
                self.shared.poison();
                for (answer, verdict) in answers.into_iter().zip(verdicts) {
                    let cause = cause.clone();
                    let _ = answer.send(Err(match verdict {
                        Verdict::Write(_) => CommitError::OutcomeUnknown(cause),
                        Verdict::Holds(_) | Verdict::Conflict(_) => CommitError::NotApplied(cause),
                    }));
                }
            }
        }
    }
}

impl Drop for Writer {
    /// A writer whose store is still open has panicked: nobody is to wait for it.
    fn drop(&mut self) {
        self.shared.poison();
        self.queue.close();
        drop(self.queue.take(None, None));
        self.handoff.close();
    }
}

/// A batch that cannot be judged is not applied, nor are those that came with it.
fn unjudged(error: ReadError) -> Failure {
    Failure::NotApplied(match error {
        ReadError::Unavailable(reason) => CommitError::Unavailable(reason),
        ReadError::Failed(cause) => CommitError::NotApplied(cause),
    })
}
