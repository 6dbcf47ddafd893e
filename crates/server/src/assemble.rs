//! Putting the rooms together: data directory, store, keyring, journal, engine; and taking them
//! apart again in the reverse order.

use std::sync::Arc;

use strongroom_audit::{CloseError, Journal};
use strongroom_crypto::{
    Entropy, EntropyError, Keyring, KeyringError, OpenError, SealError, SystemEntropy, random,
};
use strongroom_engine::{Engine, EngineParts, StartError, StopError, keyring_key};
use strongroom_store::{Batch, CommitError, ReadError, Store};
use strongroom_types::{Clock, SlugError};
use tokio::task::{JoinError, JoinHandle};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::data_directory::DataDirectory;
use crate::outbound::{Fetcher, OutboundError};
use crate::readings::readings;
use crate::root_key::{Control, RootKeyUnavailable, RootKeys};
use crate::settings;
use crate::telemetry::{Metrics, Reading};

/// The installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AssembleError {
    /// There is no randomness.
    #[error("no random bytes can be had")]
    Entropy(#[from] EntropyError),
    /// The store does not open.
    #[error("the store cannot be opened")]
    Store(#[source] strongroom_store::OpenError),
    /// The keyring's row cannot be read.
    #[error("the keyring cannot be read from the store")]
    ReadKeyring(#[source] ReadError),
    /// The keyring's row cannot be written.
    #[error("the keyring cannot be written to the store")]
    WriteKeyring(#[source] CommitError),
    /// The store has no keyring.
    #[error("the store has no keyring: it was never set up, or is not the whole of a backup")]
    NoKeyring,
    /// No keyring can be made.
    #[error("a new keyring cannot be made")]
    MakeKeyring(#[source] KeyringError),
    /// The new keyring cannot be sealed.
    #[error("a new keyring cannot be sealed")]
    SealKeyring(#[source] SealError),
    /// The root key is another one.
    #[error(
        "the root key does not open this installation's keyring: it is another installation's \
         key, or the passphrase is mistyped"
    )]
    WrongRootKey(#[source] OpenError),
    /// A change of the root key was interrupted and cannot be brought to its end.
    #[error("the change of the root key that was interrupted cannot be ended")]
    Settle(#[source] RootKeyUnavailable),
    /// The journal does not open.
    #[error("the audit journal cannot be opened")]
    Journal(#[source] strongroom_audit::OpenError),
    /// A region's name is none.
    #[error("a region of the configuration has no proper slug")]
    Region(#[from] SlugError),
    /// Further certificate authorities cannot be used.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The engine does not start.
    #[error("the engine cannot start")]
    Engine(#[source] StartError),
}

/// The installation did not close in order. What was acknowledged is durable all the same.
#[derive(Debug, thiserror::Error)]
pub enum CloseFault {
    /// The engine still had something to write.
    #[error("the engine did not stop in order; nothing acknowledged is lost")]
    Engine(#[source] StopError),
    /// The journal could not be ended.
    #[error("the audit journal was not closed in order; nothing acknowledged is lost")]
    Journal(#[source] CloseError),
    /// A defect of ours.
    #[error("closing the audit journal broke off")]
    Broken(#[source] JoinError),
}

/// Whether the keyring is made or found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// The store is new: make a keyring.
    New,
    /// The store has one.
    Existing,
}

/// An installation that is open: an engine with all that is behind it.
pub struct Installation {
    engine: Engine,
    store: Store,
    journal: Journal,
    jobs: Option<JoinHandle<()>>,
}

impl Installation {
    /// Opens the installation and starts its jobs. Call it within a runtime.
    pub async fn open(
        config: &Config,
        root: &RootKeys,
        opening: Opening,
    ) -> Result<Self, AssembleError> {
        let (store, keyring) = open_keyring(config, root, opening, &SystemEntropy).await?;
        let mut installation = Self::around(config, store, keyring).await?;
        let engine = installation.engine.clone();
        installation.jobs = Some(tokio::spawn(async move { engine.run_jobs().await }));
        Ok(installation)
    }

    /// The same around a store and its keyring that are open already, without the jobs.
    pub async fn around(
        config: &Config,
        store: Store,
        keyring: Keyring,
    ) -> Result<Self, AssembleError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let keyring = Arc::new(keyring);
        let journal = Journal::open(settings::journal(config), keyring.clone(), clock.clone())
            .map_err(AssembleError::Journal)?;
        let parts = EngineParts {
            store: store.clone(),
            keyring,
            journal: journal.clone(),
            clock,
            entropy: Arc::new(SystemEntropy),
            outbound: Arc::new(Fetcher::new(&config.federation)?),
            settings: settings::engine(config)?,
        };
        let engine = Engine::start(parts).await.map_err(AssembleError::Engine)?;
        Ok(Self {
            engine,
            store,
            journal,
            jobs: None,
        })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Lets `strongroom root` reach the keyring while this is open. Where that cannot be, it is
    /// logged, and everything else works.
    pub fn control(&self, config: &Config) -> Option<Control> {
        let socket = DataDirectory::at(&config.store.data).control_socket();
        match Control::open(socket, self.store.clone(), self.engine.clone()) {
            Ok(control) => Some(control),
            Err(error) => {
                tracing::warn!(
                    %error,
                    "there is no control socket: the root key can be changed only while the \
                     server is stopped; a shorter path in store.data may help"
                );
                None
            }
        }
    }

    /// Lets the metrics show what store and journal count.
    pub fn followed_by(&self, metrics: &mut Metrics) {
        metrics.follow(self.readings());
    }

    /// What store and journal count, whenever it is asked for.
    pub fn readings(&self) -> impl Fn() -> Vec<Reading> + Send + Sync + 'static {
        let (store, journal) = (self.store.clone(), self.journal.clone());
        move || readings(&store, &journal)
    }

    /// Writes what is still in memory and closes journal and store. Call it when no request is
    /// under way any more.
    pub async fn close(self) -> Result<(), CloseFault> {
        let store = self.store.clone();
        let closed = self.leave_store().await;
        store.shutdown().await;
        closed
    }

    /// The same, but for the store, which whoever opened it has still.
    pub async fn leave_store(self) -> Result<(), CloseFault> {
        if let Some(jobs) = self.jobs {
            jobs.abort();
        }
        let stopped = self.engine.stop().await;
        let journal = self.journal;
        let closed = tokio::task::spawn_blocking(move || journal.close()).await;
        stopped.map_err(CloseFault::Engine)?;
        closed
            .map_err(CloseFault::Broken)?
            .map_err(CloseFault::Journal)
    }
}

/// Opens the store and, with the root key, the keyring in it.
pub async fn open_keyring(
    config: &Config,
    root: &RootKeys,
    opening: Opening,
    entropy: &dyn Entropy,
) -> Result<(Store, Keyring), AssembleError> {
    let options = settings::store(config, random(entropy)?);
    let store = Store::open_embedded(options).map_err(AssembleError::Store)?;
    let installation = store.installation();
    let key = keyring_key();
    match store.get(&key).await.map_err(AssembleError::ReadKeyring)? {
        Some(row) => {
            let (keyring, which) = root
                .open(&row.value, &installation)
                .map_err(AssembleError::WrongRootKey)?;
            root.settle(&DataDirectory::at(&config.store.data), which)
                .map_err(AssembleError::Settle)?;
            Ok((store, keyring))
        }
        None if opening == Opening::New => {
            let keyring = Keyring::generate(entropy).map_err(AssembleError::MakeKeyring)?;
            let first = root.first().ok_or(AssembleError::NoKeyring)?;
            let sealed = keyring
                .seal(first, entropy, &installation)
                .map_err(AssembleError::SealKeyring)?;
            let mut batch = Batch::new();
            batch.expect_absent(key.clone()).put(key, sealed);
            store
                .commit(batch)
                .await
                .map_err(AssembleError::WriteKeyring)?;
            Ok((store, keyring))
        }
        None => Err(AssembleError::NoKeyring),
    }
}
