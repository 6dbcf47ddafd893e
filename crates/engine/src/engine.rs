//! The engine as a whole.

use std::sync::Arc;

use strongroom_audit::Journal;
use strongroom_crypto::{Entropy, Keyring};
use strongroom_store::Store;
use strongroom_types::{Clock, OrganisationId, Region, Scope};

use crate::access_times::{AccessTimes, FlushError};
use crate::audit_log::AuditLog;
use crate::call::{Arrival, Call, Recorded};
use crate::directory::{
    Attempts, Credential, Directory, EnterError, Entered, Entry, Federation, Invitations,
    IssuerKeys, LastUses, Management, Outbound, TokenIndexError, Tokens, Views, index_tokens,
};
use crate::issuer::IssuerState;
use crate::keys::{KeyRing, Keys, SlowWork, Usage, WrappingKeys};
use crate::outbox::OutboxError;
use crate::rows::directory::TokenRow;
use crate::rows::key::KeyHead;
use crate::rows::{Decoded, RowFault, Vault};
use crate::secrets::{SecretQuota, Secrets};
use crate::stripes::Stripes;
use crate::trail::{AuditUnavailable, Trail};
use crate::{RegionSettings, Settings};

/// Everything an engine needs from outside.
pub struct EngineParts {
    /// Where rows are kept.
    pub store: Store,
    /// The keys that seal them.
    pub keyring: Arc<Keyring>,
    /// Where calls are recorded.
    pub journal: Journal,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// How documents of other issuers are fetched.
    pub outbound: Arc<dyn Outbound>,
    /// What the operator decided.
    pub settings: Settings,
}

/// Why an engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Records of an earlier run could not be brought to the journal.
    #[error("the records of an earlier run could not be recovered")]
    Outbox(#[source] OutboxError),
    /// The tokens of an earlier release could not be found for their users.
    #[error("the tokens of an earlier release could not be indexed")]
    Tokens(#[source] TokenIndexError),
}

/// Why an engine did not stop cleanly. Everything acknowledged is durable all the same.
#[derive(Debug, thiserror::Error)]
pub enum StopError {
    /// The latest access times were not written.
    #[error("the latest access times could not be written")]
    AccessTimes(#[source] FlushError),
    /// Records are still in the outbox; the next start takes them up.
    #[error("some records are still in the outbox; the next start takes them up")]
    Outbox(#[source] OutboxError),
}

/// Why the engine cannot serve now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// The store does not answer.
    #[error("the store does not answer")]
    Store,
    /// The audit journal takes no records.
    #[error("the audit journal takes no records")]
    Audit,
}

pub(crate) struct Inner {
    pub(crate) vault: Vault,
    pub(crate) trail: Trail,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    pub(crate) regions: Vec<(RegionSettings, Region)>,
    pub(crate) views: Views,
    pub(crate) issuer_keys: IssuerKeys,
    pub(crate) issuer: IssuerState,
    pub(crate) tokens: Decoded<TokenRow>,
    pub(crate) key_heads: Decoded<KeyHead>,
    pub(crate) ring: KeyRing,
    pub(crate) usage: Usage,
    pub(crate) wrapping_keys: WrappingKeys,
    pub(crate) slow: SlowWork,
    pub(crate) secret_quota: SecretQuota,
    pub(crate) access_times: AccessTimes,
    pub(crate) last_uses: LastUses,
    pub(crate) attempts: Attempts,
    pub(crate) stripes: Stripes,
}

/// The product: secrets, keys, identities and the record of every call. Cheap to clone.
#[derive(Clone)]
pub struct Engine(pub(crate) Arc<Inner>);

impl Engine {
    /// Starts an engine, and brings the records of an earlier run to the journal.
    pub async fn start(parts: EngineParts) -> Result<Self, StartError> {
        let vault = Vault::new(parts.store, parts.keyring, parts.entropy);
        let trail = Trail::new(parts.journal, vault.clone(), Arc::clone(&parts.clock));
        let regions = parts.settings.regions.iter();
        let inner = Inner {
            regions: regions
                .map(|settings| (settings.clone(), settings.region()))
                .collect(),
            vault,
            trail,
            clock: parts.clock,
            views: Views::new(),
            issuer_keys: IssuerKeys::new(parts.outbound),
            issuer: IssuerState::new(),
            tokens: Decoded::with_capacity(100_000),
            key_heads: Decoded::with_capacity(10_000),
            ring: KeyRing::new(),
            usage: Usage::new(),
            wrapping_keys: WrappingKeys::of(parts.settings.regions.iter().map(|one| one.region())),
            slow: SlowWork::new(parts.settings.slow_workers),
            secret_quota: SecretQuota::new(parts.settings.secrets_per_organisation),
            attempts: Attempts::new(parts.settings.attempts),
            settings: parts.settings,
            access_times: AccessTimes::new(),
            last_uses: LastUses::new(),
            stripes: Stripes::new(),
        };
        inner
            .trail
            .outbox()
            .recover()
            .await
            .map_err(StartError::Outbox)?;
        let indexed = index_tokens(&inner.vault, inner.clock.now()).await;
        indexed.map_err(StartError::Tokens)?;
        Ok(Self(Arc::new(inner)))
    }

    /// Writes what is gathered in memory. Call it when no request is under way any more; then
    /// close the journal and the store.
    pub async fn stop(&self) -> Result<(), StopError> {
        let flushed = self.0.access_times.flush(&self.0.vault).await;
        let uses = self.0.last_uses.flush(&self.0.vault).await;
        let settled = self.0.trail.outbox().settle_and_clear().await;
        flushed.map_err(StopError::AccessTimes)?;
        uses.map_err(StopError::AccessTimes)?;
        settled.map_err(StopError::Outbox)
    }

    /// Whether requests can be served now.
    pub async fn ready(&self) -> Result<(), NotReady> {
        self.0
            .vault
            .store()
            .check()
            .await
            .map_err(|_| NotReady::Store)?;
        match self.0.trail.journal().healthy() {
            true => Ok(()),
            false => Err(NotReady::Audit),
        }
    }

    /// The time, as this engine sees it.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// What the operator decided.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// From a credential and headers to a caller in a place: credentials, membership, features,
    /// region and project, in this order (contract 0.2).
    pub async fn enter(
        &self,
        call: &Arc<Call>,
        credential: Option<&Credential<'_>>,
        entry: Entry<'_>,
    ) -> Result<Entered, EnterError> {
        self.0.enter(call, credential, &entry).await
    }

    /// Records a call that is answered with an error status.
    pub async fn record_refusal(
        &self,
        call: &Arc<Call>,
        status: u16,
    ) -> Result<Recorded<()>, AuditUnavailable> {
        self.0.trail.refused(call, status).await
    }

    /// Records a call that only showed what every member may see.
    pub async fn record<T>(
        &self,
        call: &Arc<Call>,
        value: T,
    ) -> Result<Recorded<T>, AuditUnavailable> {
        self.0.trail.recorded(call, value).await
    }

    /// Secrets.
    pub fn secrets(&self) -> Secrets<'_> {
        Secrets(&self.0)
    }

    /// KMS keys.
    pub fn keys(&self) -> Keys<'_> {
        Keys(&self.0)
    }

    /// The audit log.
    pub fn audit(&self) -> AuditLog<'_> {
        AuditLog(&self.0)
    }

    /// The token endpoint.
    pub fn tokens(&self) -> Tokens<'_> {
        Tokens(&self.0)
    }

    /// Managing organisations, by the rights of callers.
    pub fn manage(&self) -> Management<'_> {
        Management(&self.0)
    }

    /// Taking invitations.
    pub fn invitations(&self) -> Invitations<'_> {
        Invitations(&self.0)
    }

    /// Issuers whose tokens are trusted, and for whom.
    pub fn federation(&self) -> Federation<'_> {
        Federation(&self.0)
    }

    /// Organisations and principals.
    pub fn directory(&self) -> Directory<'_> {
        Directory(&self.0)
    }
}

impl Inner {
    pub(crate) fn has_kms(&self, region: &Region) -> bool {
        self.regions
            .iter()
            .any(|(settings, known)| known == region && settings.kms)
    }

    /// The configuration of a region. A region whose configuration is gone is shown by its slug.
    pub(crate) fn region_settings(&self, region: &Region) -> RegionSettings {
        let found = self.regions.iter().find(|(_, known)| known == region);
        found
            .map(|(settings, _)| settings.clone())
            .unwrap_or_else(|| RegionSettings {
                identity: region.as_str().to_owned(),
                slug: region.slug(),
                name: region.as_str().to_owned(),
                kms: false,
            })
    }

    pub(crate) async fn kms_is_on(&self, organisation: OrganisationId) -> Result<bool, RowFault> {
        let view = self.views.current(&self.vault, organisation).await?;
        Ok(view.is_some_and(|view| !view.organisation.kms_off))
    }

    /// A call that the system makes of its own accord, in a scope.
    pub(crate) fn system_call(&self, what: &'static str, scope: &Scope) -> Arc<Call> {
        let call = self.directory_call(what, Some(scope.organisation));
        call.place(
            scope.organisation,
            Some(scope.region.clone()),
            scope.project,
        );
        call
    }

    /// A call that the system makes of its own accord.
    pub(crate) fn directory_call(
        &self,
        what: &'static str,
        organisation: Option<OrganisationId>,
    ) -> Arc<Call> {
        let arrival = Arrival {
            method: "SYSTEM".to_owned(),
            path: what.to_owned(),
            success_status: 200,
            system: true,
            ..Arrival::default()
        };
        let call = Call::arrived(&*self.clock, arrival);
        if let Some(organisation) = organisation {
            call.place(organisation, None, None);
        }
        call
    }
}
