//! A store in which chosen operations fail, to see what its users make of it.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::{self, BoxFuture};
use parking_lot::{Condvar, Mutex};

use crate::backend::{Backend, GetResult};
use crate::{
    BackupError, Batch, Cause, CommitError, Key, ReadError, Revision, Row, Scan, Stats, Unavailable,
};

/// What happens to one commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// It fails before anything is written, and says so.
    NotApplied,
    /// The disk is full: it fails before anything is written, and says so.
    Full,
    /// It is not written, and its outcome is reported as unknown.
    LostBefore,
    /// It is written, if its expectations hold, and its outcome is reported as unknown.
    LostAfter,
}

/// What happens to one group of commits on its way into the log of an embedded store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFault {
    /// The disk is full.
    Full,
    /// Half of it is written, then the write fails.
    Torn,
    /// It is written, but syncing fails.
    Unsynced,
}

/// What happens when an embedded store writes its log into the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApplyFault {
    /// It waits until that changes.
    Held,
    /// The disk is full.
    Full,
    /// The disk fails.
    Failed,
}

/// What is to fail, and when. Clones share one plan, so it can be changed while the store is used.
#[derive(Clone, Default)]
pub struct FaultPlan(Arc<Shared>);

#[derive(Default)]
struct Shared {
    plan: Mutex<Plan>,
    changed: Condvar,
}

#[derive(Default)]
struct Plan {
    groups: VecDeque<Option<LogFault>>,
    /// What happens to the group that is being logged.
    group: Option<LogFault>,
    apply: Option<ApplyFault>,
    held: bool,
    commits: VecDeque<Option<CommitFault>>,
    /// Whether each of the next reads fails.
    reads: VecDeque<bool>,
    outage: Option<Unavailable>,
    yields: usize,
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaultPlan")
    }
}

impl FaultPlan {
    /// A plan in which nothing fails.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets so many further commits pass, then makes one fail.
    pub fn fail_commit(&self, after: usize, fault: CommitFault) -> &Self {
        let mut plan = self.0.plan.lock();
        plan.commits.extend(std::iter::repeat_n(None, after));
        plan.commits.push_back(Some(fault));
        drop(plan);
        self
    }

    /// Lets so many further reads (of a row or a range) pass, then makes one fail.
    pub fn fail_read(&self, after: usize) -> &Self {
        let mut plan = self.0.plan.lock();
        plan.reads.extend(std::iter::repeat_n(false, after));
        plan.reads.push_back(true);
        drop(plan);
        self
    }

    /// Refuses everything, or ends that.
    pub fn outage(&self, reason: Option<Unavailable>) -> &Self {
        self.0.plan.lock().outage = reason;
        self
    }

    /// Lets so many further groups into the log, then makes one fail. For a store that was opened
    /// with this plan.
    pub fn fail_log(&self, after: usize, fault: LogFault) -> &Self {
        let mut plan = self.0.plan.lock();
        plan.groups.extend(std::iter::repeat_n(None, after));
        plan.groups.push_back(Some(fault));
        drop(plan);
        self
    }

    /// Says what happens from now on when the log is to be written into the database. For a store
    /// that was opened with this plan.
    pub fn on_apply(&self, fault: Option<ApplyFault>) -> &Self {
        self.0.plan.lock().apply = fault;
        self.0.changed.notify_all();
        self
    }

    /// Blocks until the store is kept from writing its log into the database, by
    /// [`ApplyFault::Held`].
    pub fn await_held(&self) {
        let mut plan = self.0.plan.lock();
        while !plan.held {
            self.0.changed.wait(&mut plan);
        }
    }

    /// The fault of the group that is being logged; a new one if its write begins.
    pub(crate) fn log_fault(&self, begins: bool) -> Option<LogFault> {
        let mut plan = self.0.plan.lock();
        if begins {
            plan.group = plan.groups.pop_front().flatten();
        }
        plan.group
    }

    pub(crate) fn before_apply(&self) -> io::Result<()> {
        let mut plan = self.0.plan.lock();
        while plan.apply == Some(ApplyFault::Held) {
            plan.held = true;
            self.0.changed.notify_all();
            self.0.changed.wait(&mut plan);
        }
        plan.held = false;
        match plan.apply {
            Some(ApplyFault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(ApplyFault::Failed) => Err(io::Error::other(Injected)),
            Some(ApplyFault::Held) | None => Ok(()),
        }
    }

    /// Lets other tasks run so many times before each operation and again before its answer.
    pub fn delay(&self, yields: usize) -> &Self {
        self.0.plan.lock().yields = yields;
        self
    }

    fn next_commit(&self) -> Result<Option<CommitFault>, Unavailable> {
        let mut plan = self.0.plan.lock();
        match plan.outage {
            Some(reason) => Err(reason),
            None => Ok(plan.commits.pop_front().flatten()),
        }
    }

    fn next_read(&self) -> Result<(), ReadError> {
        let mut plan = self.0.plan.lock();
        if let Some(reason) = plan.outage {
            return Err(reason.into());
        }
        match plan.reads.pop_front() {
            Some(true) => Err(ReadError::Failed(Cause::new(Injected))),
            Some(false) | None => Ok(()),
        }
    }

    async fn pause(&self) {
        let mut left = self.0.plan.lock().yields;
        future::poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(());
            }
            left -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }
}

/// The cause of every planned failure.
#[derive(Debug, thiserror::Error)]
#[error("this failure was planned by a test")]
struct Injected;

/// The wrapper.
pub(crate) struct Faulty {
    inner: Arc<dyn Backend>,
    plan: FaultPlan,
}

impl Faulty {
    pub(crate) fn new(inner: Arc<dyn Backend>, plan: FaultPlan) -> Self {
        Self { inner, plan }
    }

    async fn commit_or_fail(&self, batch: Batch) -> Result<Revision, CommitError> {
        self.plan.pause().await;
        let fault = self.plan.next_commit()?;
        let cause = || Cause::new(Injected);
        let outcome = match fault {
            None => self.inner.commit(batch).await,
            Some(CommitFault::NotApplied) => Err(CommitError::NotApplied(cause())),
            Some(CommitFault::Full) => Err(CommitError::Full(cause())),
            Some(CommitFault::LostBefore) => Err(CommitError::OutcomeUnknown(cause())),
            Some(CommitFault::LostAfter) => {
                // The answer, be it a conflict, is what gets lost.
                let _ = self.inner.commit(batch).await;
                Err(CommitError::OutcomeUnknown(cause()))
            }
        };
        self.plan.pause().await;
        outcome
    }
}

impl Backend for Faulty {
    fn get_now(&self, _: &Key) -> Option<GetResult> {
        None
    }

    fn get<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, GetResult> {
        async {
            self.plan.pause().await;
            self.plan.next_read()?;
            let row = self.inner.get(key).await;
            self.plan.pause().await;
            row
        }
        .boxed()
    }

    fn scan(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<(Key, Row)>, ReadError>> {
        async {
            self.plan.pause().await;
            self.plan.next_read()?;
            let rows = self.inner.scan(scan).await;
            self.plan.pause().await;
            rows
        }
        .boxed()
    }

    fn keys(&self, scan: Scan) -> BoxFuture<'_, Result<Vec<Key>, ReadError>> {
        async {
            self.plan.pause().await;
            self.plan.next_read()?;
            let keys = self.inner.keys(scan).await;
            self.plan.pause().await;
            keys
        }
        .boxed()
    }

    fn commit(&self, batch: Batch) -> BoxFuture<'_, Result<Revision, CommitError>> {
        self.commit_or_fail(batch).boxed()
    }

    fn check(&self) -> BoxFuture<'_, Result<(), ReadError>> {
        async {
            let outage = self.plan.0.plan.lock().outage;
            match outage {
                Some(reason) => Err(reason.into()),
                None => self.inner.check().await,
            }
        }
        .boxed()
    }

    fn backup_to(&self, directory: PathBuf) -> BoxFuture<'_, Result<(), BackupError>> {
        self.inner.backup_to(directory)
    }

    fn shutdown(&self) -> BoxFuture<'_, ()> {
        self.inner.shutdown()
    }

    fn installation(&self) -> [u8; 16] {
        self.inner.installation()
    }

    fn stats(&self) -> Stats {
        self.inner.stats()
    }
}
