//! A server whose root key is in shares is sealed until enough of them have come.

use std::sync::atomic::{AtomicBool, Ordering};

use strongroom_crypto::provider::ShareError;
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::config::Config;
use crate::root_key::{Assembly, Progress, RootKeyUnavailable, RootKeys};

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

/// Enough shares have come: root keys to be tried.
pub struct Attempt {
    /// The keys.
    pub keys: RootKeys,
    /// Where to say what came of it.
    pub outcome: oneshot::Sender<Result<(), UnsealError>>,
}

/// The seal of one server process. Shares are kept in memory that is wiped, and only as long as it
/// takes.
pub struct Seal {
    config: Config,
    assembly: Mutex<Assembly>,
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
            assembly: Mutex::new(Assembly::begin(config)?),
            attempts,
            is_open: AtomicBool::new(false),
        };
        Ok((seal, arrivals))
    }

    /// How far it is.
    pub async fn status(&self) -> SealStatus {
        let progress = self.assembly.lock().await.progress();
        self.told(progress)
    }

    /// Takes a share, and opens the installation if it was the last that it took.
    ///
    /// What it costs to refuse a wrong share is one hash; it neither counts nor harms those that
    /// are here.
    ///
    /// # Errors
    ///
    /// See [`UnsealError`].
    pub async fn add(&self, share: &[u8]) -> Result<SealStatus, UnsealError> {
        let mut assembly = self.assembly.lock().await;
        if self.is_open.load(Ordering::Acquire) {
            return Ok(self.told(assembly.progress()));
        }
        // The shares may have been changed by a command while this server was sealed.
        let fresh = Assembly::begin(&self.config)?;
        if !assembly.is_of_the_sets_of(&fresh) {
            *assembly = fresh;
        }
        assembly.add(share)?;
        let progress = assembly.progress();
        let Some(keys) = assembly.root_keys()? else {
            return Ok(self.told(progress));
        };
        // From here on nobody needs the shares, whatever comes.
        *assembly = Assembly::begin(&self.config)?;
        let (outcome, told) = oneshot::channel();
        let sent = self.attempts.send(Attempt { keys, outcome }).await;
        sent.map_err(|_| UnsealError::NotOpened)?;
        told.await.map_err(|_| UnsealError::NotOpened)??;
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
