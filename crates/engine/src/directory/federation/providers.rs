//! Issuers that an organisation trusts.

use std::sync::Arc;

use strongroom_audit::Resource;
use strongroom_authz::{
    Caller, CreateFederatedProvider, DeleteFederatedProvider, Grant, ListFederatedProviders,
    ReadFederatedProvider, ResourceType, UpdateFederatedProvider,
};
use strongroom_types::{
    Description, DisplayName, FederatedProviderId, Labels, OrganisationId, Slug, Timestamp,
};

use super::key_set::{KeySet, KeySetError};
use super::sign_in_options::SignInSettings;
use super::views::{FederatedFilter, FederatedProviderView};
use super::{Federation, may_hand_out};
use crate::call::{Call, Recorded};
use crate::directory::changing::Unchanged;
use crate::directory::manage::user_of;
use crate::directory::view::OrganisationView;
use crate::rows::federation::{FederatedProviderRow, Stamp};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::sign_in::SignInRow;
use crate::rows::{CommitFault, RowFault};
use crate::trail::{AuditUnavailable, ChangeFault};

/// Issuers in one organisation: all of them are in memory.
const MOST: usize = 256;

/// An issuer to be trusted.
#[derive(Debug, Clone)]
pub struct NewFederatedProvider {
    /// Its name.
    pub name: DisplayName,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// The `iss` of its tokens.
    pub issuer: String,
    /// Where its keys are, instead of where its discovery document says.
    pub jwks_uri: Option<String>,
    /// Its keys, as a JSON Web Key Set: then nothing is fetched.
    pub local_jwks: Option<String>,
    /// Whether its tokens count.
    pub active: bool,
    /// How people sign in through it, if they do.
    pub sign_in: Option<SignInSettings>,
}

/// What of a provider changes; what is not said stays.
#[derive(Debug, Clone, Default)]
pub struct FederatedProviderChange {
    /// Its name.
    pub name: Option<DisplayName>,
    /// What it is for.
    pub description: Option<Description>,
    /// Labels.
    pub labels: Option<Labels>,
    /// Annotations.
    pub annotations: Option<Labels>,
    /// The issuer, if it was repeated: it cannot change.
    pub issuer: Option<String>,
    /// Where its keys are; `Some(None)` goes back to discovery.
    pub jwks_uri: Option<Option<String>>,
    /// Its keys; `Some(None)` goes back to fetching them.
    pub local_jwks: Option<Option<String>>,
    /// Whether its tokens count.
    pub active: Option<bool>,
    /// How people sign in through it; `Some(None)` lets nobody.
    pub sign_in: Option<Option<SignInSettings>>,
}

/// Why providers were not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum FederatedProviderError {
    /// There is none of this identity.
    #[error("there is no such federated identity provider in this organisation")]
    NotFound,
    /// Another one has this issuer.
    #[error(
        "`providerIssuer`: another provider of this organisation has this issuer; change that one instead"
    )]
    IssuerTaken,
    /// The issuer is what a provider is.
    #[error("`providerIssuer` cannot change; make another provider for another issuer")]
    IssuerFixed,
    /// The pinned keys cannot be used.
    #[error(transparent)]
    KeySet(KeySetError),
    /// It would let the issuer act as accounts that hold more than the caller.
    #[error(
        "federated identities of this provider act as service accounts with rights that you do not hold yourself"
    )]
    Escalation,
    /// Whoever decides how people sign in can be any of them.
    #[error(
        "`signIn`: only owners decide how people sign in, and where the keys of a provider with it are, for it can name any member"
    )]
    OwnersOnly,
    /// Federated identities are left.
    #[error(
        "federated identities of this provider are left; delete them first, or set its status to inactive"
    )]
    InUse,
    /// As many as there may be.
    #[error("an organisation can have at most {MOST} federated identity providers")]
    TooMany,
    /// Others kept changing the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the provider could not be stored")]
    Change(#[source] ChangeFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<CommitFault> for FederatedProviderError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl From<Unchanged> for FederatedProviderError {
    fn from(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::Gone => Self::NotFound,
            Unchanged::Contended => Self::Contended,
            Unchanged::Row(fault) => Self::Row(fault),
            Unchanged::Change(fault) => Self::Change(fault),
        }
    }
}

type Result<T> = std::result::Result<T, FederatedProviderError>;

impl Federation<'_> {
    /// The providers, by their names.
    pub async fn list_providers(
        &self,
        grant: Grant<ListFederatedProviders>,
        call: &Arc<Call>,
        filter: FederatedFilter,
    ) -> Result<Recorded<Vec<FederatedProviderView>>> {
        let view = self.providers_of(*grant.scope()).await?;
        let rows = view.providers.values().map(|row| view.show_provider(row));
        let mut shown: Vec<_> = rows.filter(|one| one.is_wanted(&filter)).collect();
        shown.sort_by(|a, b| (a.name.as_str(), a.identity).cmp(&(b.name.as_str(), b.identity)));
        let recorded = self.0.trail.recorded(call, shown).await;
        recorded.map_err(FederatedProviderError::Audit)
    }

    /// One provider.
    pub async fn read_provider(
        &self,
        grant: Grant<ReadFederatedProvider>,
        call: &Arc<Call>,
    ) -> Result<Recorded<FederatedProviderView>> {
        let view = self.providers_of(*grant.scope()).await?;
        let shown = view.show_provider(named(&view, grant.target())?);
        let recorded = self.0.trail.recorded(call, shown).await;
        recorded.map_err(FederatedProviderError::Audit)
    }

    /// Trusts an issuer.
    pub async fn create_provider(
        &self,
        grant: Grant<CreateFederatedProvider>,
        call: &Arc<Call>,
        new: NewFederatedProvider,
    ) -> Result<Recorded<FederatedProviderView>> {
        check_pinned(new.local_jwks.as_deref())?;
        let organisation = *grant.scope();
        let row = FederatedProviderRow {
            identity: FederatedProviderId::from_bytes(self.0.vault.draw()?),
            name: new.name,
            description: new.description,
            labels: new.labels,
            annotations: new.annotations,
            issuer: new.issuer,
            jwks_uri: new.jwks_uri,
            local_jwks: new.local_jwks,
            active: new.active,
            sign_in: new.sign_in.map(Into::into),
            stamp: Stamp::new(self.0.clock.now(), user_of(grant.caller())),
        };
        call.concerns(Resource {
            kind: ResourceType::FederatedIdentityProvider.as_str().into(),
            identity: row.identity.to_string().into(),
        });
        self.0
            .change_directory(call, organisation, |view, changes| {
                if view.providers.values().any(|one| one.issuer == row.issuer) {
                    return Err(FederatedProviderError::IssuerTaken);
                }
                if view.providers.len() >= MOST {
                    return Err(FederatedProviderError::TooMany);
                }
                if row.sign_in.is_some() && !is_owner(view, grant.caller()) {
                    return Err(FederatedProviderError::OwnersOnly);
                }
                changes.create(entry(organisation, row.identity), &row)?;
                Ok(view.show_provider(&row))
            })
            .await
    }

    /// Changes how an issuer is trusted.
    pub async fn update_provider(
        &self,
        grant: Grant<UpdateFederatedProvider>,
        call: &Arc<Call>,
        change: FederatedProviderChange,
    ) -> Result<Recorded<FederatedProviderView>> {
        check_pinned(change.local_jwks.as_ref().and_then(|keys| keys.as_deref()))?;
        let (organisation, now) = (*grant.scope(), self.0.clock.now());
        self.0
            .change_directory(call, organisation, |view, changes| {
                let row = named(view, grant.target())?;
                check_change(row, &change, grant.caller(), view, now)?;
                let mut row = changed(row.clone(), change.clone());
                row.stamp.touch(now);
                changes.put(entry(organisation, row.identity), &row)?;
                Ok(view.show_provider(&row))
            })
            .await
    }

    /// Trusts an issuer no more.
    pub async fn delete_provider(
        &self,
        grant: Grant<DeleteFederatedProvider>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.0
            .change_directory(call, organisation, |view, changes| {
                let identity = named(view, grant.target())?.identity;
                if view.federated.values().any(|one| one.provider == identity) {
                    return Err(FederatedProviderError::InUse);
                }
                changes.erase(entry(organisation, identity));
                Ok(())
            })
            .await
    }

    async fn providers_of(&self, organisation: OrganisationId) -> Result<Arc<OrganisationView>> {
        let view = self.view(organisation).await;
        view.map_err(FederatedProviderError::Row)?
            .ok_or(FederatedProviderError::NotFound)
    }
}

fn entry(organisation: OrganisationId, identity: FederatedProviderId) -> strongroom_store::Key {
    let kind = DirectoryKind::FederatedProvider;
    keyspace::directory_entry(organisation, kind, identity.as_bytes())
}

fn named<'v>(view: &'v OrganisationView, name: &Slug) -> Result<&'v FederatedProviderRow> {
    let identity = name.as_str().parse().ok();
    identity
        .and_then(|identity| view.providers.get(&identity))
        .ok_or(FederatedProviderError::NotFound)
}

fn check_pinned(keys: Option<&str>) -> Result<()> {
    keys.map_or(Ok(()), |keys| KeySet::pinned(keys).map(drop))
        .map_err(FederatedProviderError::KeySet)
}

fn is_owner(view: &OrganisationView, caller: &Caller) -> bool {
    let row = user_of(caller).and_then(|user| view.members.get(&user));
    row.is_some_and(|row| row.owner)
}

/// Whoever says where an issuer's keys are decides who can speak for it.
fn check_change(
    row: &FederatedProviderRow,
    change: &FederatedProviderChange,
    caller: &Caller,
    view: &OrganisationView,
    now: Timestamp,
) -> Result<()> {
    if change
        .issuer
        .as_ref()
        .is_some_and(|issuer| *issuer != row.issuer)
    {
        return Err(FederatedProviderError::IssuerFixed);
    }
    let opens = change
        .jwks_uri
        .as_ref()
        .is_some_and(|uri| *uri != row.jwks_uri)
        || change
            .local_jwks
            .as_ref()
            .is_some_and(|keys| *keys != row.local_jwks)
        || change.active == Some(true) && !row.active;
    let sign_in = match &change.sign_in {
        Some(settings) => settings.clone().map(SignInRow::from),
        None => row.sign_in.clone(),
    };
    let lets_in = sign_in.is_some() && (opens || sign_in != row.sign_in);
    if lets_in && !is_owner(view, caller) {
        return Err(FederatedProviderError::OwnersOnly);
    }
    let mine = |one: &&crate::rows::federation::FederatedIdentityRow| one.provider == row.identity;
    let mut accounts = view.federated.values().filter(mine);
    if opens && !accounts.all(|one| may_hand_out(caller, view, one.service_account, now)) {
        return Err(FederatedProviderError::Escalation);
    }
    Ok(())
}

fn changed(row: FederatedProviderRow, change: FederatedProviderChange) -> FederatedProviderRow {
    FederatedProviderRow {
        name: change.name.unwrap_or(row.name),
        description: change.description.unwrap_or(row.description),
        labels: change.labels.unwrap_or(row.labels),
        annotations: change.annotations.unwrap_or(row.annotations),
        jwks_uri: change.jwks_uri.unwrap_or(row.jwks_uri),
        local_jwks: change.local_jwks.unwrap_or(row.local_jwks),
        active: change.active.unwrap_or(row.active),
        sign_in: match change.sign_in {
            Some(sign_in) => sign_in.map(Into::into),
            None => row.sign_in,
        },
        ..row
    }
}
