//! The one thread that writes.
//!
//! It takes every batch that waits, works out their joint effect, and commits that as one
//! transaction: one sync of the log for all of them. Only then are they published and answered.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::cache::RowCache;
use super::checkpoint::Checkpoints;
use super::plan::{Plan, Verdict};
use super::queue::{Queue, Request};
use super::shared::Shared;
use crate::{Cause, CommitError, Key, Revision};

type Answer = oneshot::Sender<Result<Revision, CommitError>>;

/// The writer's half of an open store.
pub(super) struct Writer {
    /// Dropped before the file that the checkpoints have open.
    pub(super) connection: Connection,
    pub(super) queue: Arc<Queue>,
    pub(super) cache: Arc<RowCache>,
    pub(super) shared: Arc<Shared>,
    pub(super) checkpoints: Checkpoints,
}

/// How a group that was not committed failed.
enum Failure {
    /// Nothing was changed.
    NotApplied(CommitError),
    /// It may or may not be on disk.
    OutcomeUnknown(Cause),
}

impl Writer {
    /// Writes until the queue is closed and empty, or a write fails with unknown outcome. Returns
    /// itself, for what closing has to do.
    pub(super) fn run(mut self) -> Self {
        while let Some(requests) = self.queue.take() {
            self.serve(requests);
            if let Err(refusal) = self.shared.admit() {
                // Nothing is written any more; whoever came too late is told so.
                self.queue.close();
                while let Some(requests) = self.queue.take() {
                    for request in requests {
                        let _ = request.answer.send(Err(refusal.into()));
                    }
                }
            }
        }
        self.checkpoints.close();
        self
    }

    fn serve(&mut self, requests: Vec<Request>) {
        if let Err(refusal) = self.shared.admit() {
            for request in requests {
                let _ = request.answer.send(Err(refusal.into()));
            }
            return;
        }
        let mut answers = Vec::with_capacity(requests.len());
        let mut batches = Vec::with_capacity(requests.len());
        for Request { batch, answer } in requests {
            answers.push(answer);
            batches.push(batch);
        }
        let mut plan = Plan::after(self.shared.published());
        let mut verdicts = Vec::with_capacity(batches.len());
        let judged = self.begin().and_then(|()| {
            for batch in batches {
                verdicts.push(plan.admit(batch, |key| self.stored(key))?);
            }
            Ok(())
        });
        match judged.map_err(not_applied).and_then(|()| self.commit(plan)) {
            Ok(()) => self.acknowledge(answers, verdicts),
            Err(failure) => self.fail(answers, verdicts, failure),
        }
        self.checkpoints
            .after_commit(&self.connection, &self.shared);
    }

    fn begin(&self) -> rusqlite::Result<()> {
        execute(&self.connection, "BEGIN IMMEDIATE")
    }

    /// At which revision a key is stored.
    fn stored(&self, key: &Key) -> rusqlite::Result<Option<Revision>> {
        if let Some(revision) = self.cache.revision(key) {
            return Ok(Some(revision));
        }
        self.connection
            .prepare_cached("SELECT revision FROM rows WHERE key = ?1")?
            .query_row([key.as_bytes()], |row| row.get(0))
            .optional()
            .map(|number| number.map(Revision::from_u64))
    }

    /// Commits the plan, publishes it and brings the cache up to date.
    fn commit(&mut self, plan: Plan) -> Result<(), Failure> {
        if plan.effects.is_empty() {
            return execute(&self.connection, "ROLLBACK").map_err(not_applied);
        }
        self.write(&plan).map_err(not_applied)?;
        let cached: Vec<bool> = plan
            .effects
            .keys()
            .map(|key| self.cache.begin(key))
            .collect();
        if let Err(error) = execute(&self.connection, "COMMIT") {
            let failure = commit_failure(error);
            if let Failure::NotApplied(_) = failure {
                plan.effects.keys().for_each(|key| self.cache.abandon(key));
            }
            return Err(failure);
        }
        self.shared.counters.syncs.fetch_add(1, Ordering::Relaxed);
        self.shared.publish(plan.last());
        for ((key, row), cached) in plan.effects.into_iter().zip(cached) {
            self.cache.finish(key, row, cached);
        }
        Ok(())
    }

    fn write(&self, plan: &Plan) -> rusqlite::Result<()> {
        // Replacing a row where it is leaves the index of keys alone.
        let mut put = self.connection.prepare_cached(
            "INSERT INTO rows (key, revision, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value",
        )?;
        let mut delete = self
            .connection
            .prepare_cached("DELETE FROM rows WHERE key = ?1")?;
        for (key, row) in &plan.effects {
            match row {
                Some(row) => put.execute(params![
                    key.as_bytes(),
                    row.revision.as_u64(),
                    row.value.as_stored()
                ])?,
                None => delete.execute([key.as_bytes()])?,
            };
        }
        self.connection
            .prepare_cached("UPDATE meta SET revision = ?1")?
            .execute([plan.last()])
            .map(drop)
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
                Verdict::Conflict(key) => Err(CommitError::Conflict { key }),
            });
        }
    }

    fn fail(&self, answers: Vec<Answer>, verdicts: Vec<Verdict>, failure: Failure) {
        match failure {
            Failure::NotApplied(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no commit");
                // With the transaction goes everything that was written in it.
                if !self.connection.is_autocommit()
                    && let Err(error) = execute(&self.connection, "ROLLBACK")
                {
                    tracing::error!(error = &error as &dyn std::error::Error, "no rollback");
                    self.shared.poison();
                }
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
        drop(self.queue.take());
    }
}

/// The failure of a statement before the commit.
fn not_applied(error: rusqlite::Error) -> Failure {
    let full = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
    let cause = Cause::new(error);
    Failure::NotApplied(if full {
        CommitError::Full(cause)
    } else {
        CommitError::NotApplied(cause)
    })
}

/// The failure of the commit itself.
///
/// A full disk fails a write before the commit's last frame is in the log, so the commit did not
/// happen. Everything else, first of all a failed sync, leaves open what the disk has.
fn commit_failure(error: rusqlite::Error) -> Failure {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => not_applied(error),
        _ => Failure::OutcomeUnknown(Cause::new(error)),
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}
