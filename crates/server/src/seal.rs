//! A server whose root key is in shares is sealed until enough of them have come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use strongroom_crypto::provider::ShareError;
use strongroom_engine::{AuditUnavailable, Call, Engine, ShareOutcome};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::config::Config;
use crate::root_key::{Assembly, Progress, RootKeyUnavailable, RootKeys};

/// Calls with shares that are kept until there is a journal to record them in.
const CALLS: usize = 1_000;

/// Why a share did not help.
#[derive(Debug, thiserror::Error)]
pub enum UnsealError {
    /// It is no share of this installation.
    #[error(transparent)]
    Share(#[from] ShareError),
    /// The key of the shares is not that of the data. They are forgotten.
    #[error("the shares are enough, and their key does not open the keyring")]
    WrongKey,
    /// The server could not be opened. The shares are forgotten, and the log says why.
    #[error("the installation cannot be opened")]
    NotOpened,
    /// The sets of shares cannot be read.
    #[error("the header of the shares cannot be read")]
    Header(#[from] RootKeyUnavailable),
}

/// What everybody may know of the seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealStatus {
    /// Whether nothing is served.
    pub sealed: bool,
    /// How far the shares are.
    pub progress: Progress,
}

/// What came of an attempt, and the calls that could not be recorded.
pub type Told = (Result<(), UnsealError>, Calls);

/// Enough shares have come: root keys to be tried.
pub struct Attempt {
    /// The keys.
    pub keys: RootKeys,
    /// The calls that brought shares, to be recorded before anything is served.
    pub calls: Calls,
    /// Where to say what came of it.
    pub outcome: oneshot::Sender<Told>,
}

/// Calls that brought shares, and what came of each. The journal's keys are behind the seal, so they
/// wait in memory; the log has the refused ones at once.
#[derive(Default)]
pub struct Calls {
    kept: Vec<(Arc<Call>, ShareOutcome)>,
    forgotten: u32,
}

impl Calls {
    fn add(&mut self, call: Arc<Call>, outcome: ShareOutcome) {
        let refused = |(_, it): &(_, ShareOutcome)| *it == ShareOutcome::Refused;
        if self.kept.len() < CALLS || outcome == ShareOutcome::Opened {
            self.kept.push((call, outcome));
            return;
        }
        self.forgotten = self.forgotten.saturating_add(1);
        // Strangers can fill this, so a share that helped takes the place of one that did not.
        if outcome != ShareOutcome::Refused
            && let Some(place) = self.kept.iter().position(refused)
        {
            self.kept.remove(place);
            self.kept.push((call, outcome));
        }
    }

    /// Corrects what was expected of the last share.
    fn did_not_open(&mut self, call: &Arc<Call>, why: &UnsealError) {
        let outcome = match why {
            UnsealError::Share(_) | UnsealError::WrongKey => ShareOutcome::Refused,
            UnsealError::NotOpened | UnsealError::Header(_) => ShareOutcome::Failed,
        };
        for (_, stored) in self.kept.iter_mut().filter(|(it, _)| Arc::ptr_eq(it, call)) {
            *stored = outcome;
        }
    }

    /// Makes a record of each. What was recorded is not recorded again.
    ///
    /// # Errors
    ///
    /// The journal does not take them.
    pub async fn record(&mut self, engine: &Engine) -> Result<(), AuditUnavailable> {
        while let Some((call, outcome)) = self.kept.first() {
            engine.record_share(call, *outcome).await.map(drop)?;
            self.kept.remove(0);
        }
        if self.forgotten > 0 {
            let recorded = engine.record_forgotten_shares(self.forgotten).await;
            recorded.map(drop)?;
            self.forgotten = 0;
        }
        Ok(())
    }
}

/// The shares that are here, and the calls that brought any.
struct Held {
    assembly: Assembly,
    calls: Calls,
}

/// The seal of one server process. Shares are kept in memory that is wiped, and only as long as it
/// takes.
pub struct Seal {
    config: Config,
    held: Mutex<Held>,
    attempts: mpsc::Sender<Attempt>,
    is_open: AtomicBool,
}

impl Seal {
    /// A seal without any shares, and where attempts to open it arrive.
    ///
    /// # Errors
    ///
    /// The header of the shares is not there or damaged.
    pub fn new(config: &Config) -> Result<(Self, mpsc::Receiver<Attempt>), RootKeyUnavailable> {
        let (attempts, arrivals) = mpsc::channel(1);
        let seal = Self {
            config: config.clone(),
            held: Mutex::new(Held {
                assembly: Assembly::begin(config)?,
                calls: Calls::default(),
            }),
            attempts,
            is_open: AtomicBool::new(false),
        };
        Ok((seal, arrivals))
    }

    /// How far it is.
    pub async fn status(&self) -> SealStatus {
        let progress = self.held.lock().await.assembly.progress();
        self.told(progress)
    }

    /// Takes a share, and opens the installation if it was the last that it took. To be awaited to
    /// its end: given up earlier, it would lose the calls and not learn that the seal is open.
    ///
    /// What it costs to refuse a wrong share is one hash; it neither counts nor harms those that
    /// are here.
    ///
    /// # Errors
    ///
    /// See [`UnsealError`].
    pub async fn add(&self, share: &[u8], call: Arc<Call>) -> Result<SealStatus, UnsealError> {
        let mut held = self.held.lock().await;
        if self.is_open.load(Ordering::Acquire) {
            return Ok(self.told(held.assembly.progress()));
        }
        // The shares may have been changed by a command while this server was sealed.
        let fresh = Assembly::begin(&self.config)?;
        if !held.assembly.is_of_the_sets_of(&fresh) {
            held.assembly = fresh;
        }
        if let Err(error) = held.assembly.add(share) {
            held.calls.add(call, ShareOutcome::Refused);
            return Err(error.into());
        }
        let progress = held.assembly.progress();
        let Some(keys) = held.assembly.root_keys()? else {
            held.calls.add(call, ShareOutcome::Taken);
            return Ok(self.told(progress));
        };
        // From here on nobody needs the shares, whatever comes.
        held.assembly = Assembly::begin(&self.config)?;
        let mut calls = std::mem::take(&mut held.calls);
        calls.add(call.clone(), ShareOutcome::Opened);
        let (outcome, told) = oneshot::channel();
        let attempt = Attempt {
            keys,
            calls,
            outcome,
        };
        let sent = self.attempts.send(attempt).await;
        sent.map_err(|_| UnsealError::NotOpened)?;
        let (told, calls) = told.await.map_err(|_| UnsealError::NotOpened)?;
        held.calls = calls;
        if let Err(error) = told {
            held.calls.did_not_open(&call, &error);
            return Err(error);
        }
        self.is_open.store(true, Ordering::Release);
        Ok(self.told(progress))
    }

    fn told(&self, progress: Progress) -> SealStatus {
        SealStatus {
            sealed: !self.is_open.load(Ordering::Acquire),
            progress,
        }
    }
}

#[cfg(test)]
mod tests {
    use strongroom_engine::Arrival;

    use super::*;
    use crate::clock::SystemClock;

    fn call() -> Arc<Call> {
        Call::arrived(&SystemClock, Arrival::default())
    }

    #[test]
    fn strangers_cannot_push_out_the_calls_that_helped() {
        let mut calls = Calls::default();
        for _ in 0..CALLS + 5 {
            calls.add(call(), ShareOutcome::Refused);
        }
        assert_eq!((calls.kept.len(), calls.forgotten), (CALLS, 5));
        calls.add(call(), ShareOutcome::Taken);
        assert_eq!((calls.kept.len(), calls.forgotten), (CALLS, 6));
        calls.add(call(), ShareOutcome::Opened);
        let outcomes: Vec<_> = calls.kept.iter().map(|(_, outcome)| *outcome).collect();
        let last = [
            ShareOutcome::Refused,
            ShareOutcome::Taken,
            ShareOutcome::Opened,
        ];
        assert!(outcomes.ends_with(&last));
    }

    #[test]
    fn the_last_share_is_judged_by_what_came_of_it() {
        for (why, outcome) in [
            (UnsealError::WrongKey, ShareOutcome::Refused),
            (UnsealError::NotOpened, ShareOutcome::Failed),
        ] {
            let (mut calls, last) = (Calls::default(), call());
            calls.add(call(), ShareOutcome::Taken);
            calls.add(last.clone(), ShareOutcome::Opened);
            calls.did_not_open(&last, &why);
            let outcomes: Vec<_> = calls.kept.iter().map(|(_, outcome)| *outcome).collect();
            assert_eq!(outcomes, [ShareOutcome::Taken, outcome]);
        }
    }
}
