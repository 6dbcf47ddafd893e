//! Which foreign subjects may act as which service account.

use std::sync::Arc;

use strongroom_audit::Resource;
use strongroom_authz::{
    Caller, CreateFederatedIdentity, DeleteFederatedIdentity, Grant, ListFederatedIdentities,
    Pattern, PatternError, ReadFederatedIdentity, ResourceType, UpdateFederatedIdentity,
};
use strongroom_types::{
    Description, DisplayName, FederatedIdentityId, Labels, OrganisationId, Reference,
    ServiceAccountId, Slug, Timestamp,
};

use super::conditions::{ConditionError, Conditions};
use super::views::{FederatedFilter, FederatedIdentityView, IdentityStatus, Uses};
use super::{AudienceMatch, Federation, may_hand_out};
use crate::call::{Call, Recorded};
use crate::directory::changing::Unchanged;
use crate::directory::manage::user_of;
use crate::directory::view::OrganisationView;
use crate::rows::federation::{FederatedIdentityRow, IdentityState, Stamp};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::{CommitFault, RowFault};
use crate::trail::{AuditUnavailable, ChangeFault};

/// Federated identities in one organisation: all of them are in memory.
const MOST: usize = 4096;

/// Foreign subjects to be let in.
#[derive(Debug, Clone)]
pub struct NewFederatedIdentity {
    /// Its name.
    pub name: DisplayName,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// The service account that they act as, by identity or slug.
    pub service_account: Reference<ServiceAccountId>,
    /// The provider, by identity.
    pub provider: String,
    /// A pattern over `sub` (contract 4.1).
    pub subject: String,
    /// The audiences that are trusted.
    pub audiences: Vec<String>,
    /// How they must meet those of the token.
    pub audience_match: AudienceMatch,
    /// What the access tokens are limited to.
    pub scopes: Vec<String>,
    /// When this ends.
    pub expires_at: Option<Timestamp>,
    /// What further claims must be, as a JSON object.
    pub conditions: Option<String>,
}

/// What of a federated identity changes; what is not said stays.
#[derive(Debug, Clone, Default)]
#[allow(
    missing_docs,
    reason = "the fields are those of `NewFederatedIdentity`"
)]
pub struct FederatedIdentityChange {
    pub name: Option<DisplayName>,
    pub description: Option<Description>,
    pub labels: Option<Labels>,
    pub annotations: Option<Labels>,
    pub audiences: Option<Vec<String>>,
    pub audience_match: Option<AudienceMatch>,
    pub scopes: Option<Vec<String>>,
    /// Active, inactive or revoked; that it expired is worked out.
    pub status: Option<IdentityStatus>,
    /// `Some(None)` lets it never end.
    pub expires_at: Option<Option<Timestamp>>,
    /// `Some(None)` takes the conditions away.
    pub conditions: Option<Option<String>>,
}

/// Why federated identities were not shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum FederatedIdentityError {
    /// There is none of this identity.
    #[error("there is no such federated identity in this organisation")]
    NotFound,
    /// The service account does not exist.
    #[error("`serviceAccountIdentity` names no service account of this organisation")]
    NoServiceAccount,
    /// The provider does not exist.
    #[error("`providerIdentity` names no federated identity provider of this organisation")]
    NoProvider,
    /// The subject is no pattern.
    #[error("`providerSubject`: {0}")]
    Subject(PatternError),
    /// Everybody whom the issuer knows would be let in.
    #[error(
        "`providerSubject` is `*`, which is everybody at this issuer: narrow it, or give `conditions`"
    )]
    Everybody,
    /// The conditions cannot be understood.
    #[error(transparent)]
    Conditions(ConditionError),
    /// It would end before it begins.
    #[error("`expiresAt` is past; to end it now, set `status` to inactive or revoked")]
    Past,
    /// Revoked is for good.
    #[error("this federated identity was revoked, which is for good; make another one")]
    Revoked,
    /// The service account holds more than the caller.
    #[error(
        "the service account has rights that you do not hold yourself, so you cannot let others act as it"
    )]
    Escalation,
    /// As many as there may be.
    #[error("an organisation can have at most {MOST} federated identities")]
    TooMany,
    /// Others kept changing the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the federated identity could not be stored")]
    Change(#[source] ChangeFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<CommitFault> for FederatedIdentityError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl From<Unchanged> for FederatedIdentityError {
    fn from(unchanged: Unchanged) -> Self {
        match unchanged {
            Unchanged::Gone => Self::NotFound,
            Unchanged::Contended => Self::Contended,
            Unchanged::Row(fault) => Self::Row(fault),
            Unchanged::Change(fault) => Self::Change(fault),
        }
    }
}

type Result<T> = std::result::Result<T, FederatedIdentityError>;

impl Federation<'_> {
    /// The federated identities, by their names.
    pub async fn list_identities(
        &self,
        grant: Grant<ListFederatedIdentities>,
        call: &Arc<Call>,
        filter: FederatedFilter,
    ) -> Result<Recorded<Vec<FederatedIdentityView>>> {
        let (view, uses) = self.identities_of(*grant.scope()).await?;
        let now = self.0.clock.now();
        let rows = view.federated.values();
        let rows = rows.map(|row| view.show_identity(row, &uses, now));
        let mut shown: Vec<_> = rows.filter(|one| one.is_wanted(&filter)).collect();
        shown.sort_by(|a, b| (a.name.as_str(), a.identity).cmp(&(b.name.as_str(), b.identity)));
        let recorded = self.0.trail.recorded(call, shown).await;
        recorded.map_err(FederatedIdentityError::Audit)
    }

    /// One federated identity.
    pub async fn read_identity(
        &self,
        grant: Grant<ReadFederatedIdentity>,
        call: &Arc<Call>,
    ) -> Result<Recorded<FederatedIdentityView>> {
        let (view, uses) = self.identities_of(*grant.scope()).await?;
        let row = named(&view, grant.target())?;
        let shown = view.show_identity(row, &uses, self.0.clock.now());
        let recorded = self.0.trail.recorded(call, shown).await;
        recorded.map_err(FederatedIdentityError::Audit)
    }

    /// Lets foreign subjects act as a service account.
    pub async fn create_identity(
        &self,
        grant: Grant<CreateFederatedIdentity>,
        call: &Arc<Call>,
        new: NewFederatedIdentity,
    ) -> Result<Recorded<FederatedIdentityView>> {
        let (organisation, now) = (*grant.scope(), self.0.clock.now());
        let identity = FederatedIdentityId::from_bytes(self.0.vault.draw()?);
        call.concerns(Resource {
            kind: ResourceType::FederatedIdentity.as_str().into(),
            identity: identity.to_string().into(),
        });
        let stamp = Stamp::new(now, user_of(grant.caller()));
        self.0
            .change_directory(call, organisation, |view, changes| {
                if view.federated.len() >= MOST {
                    return Err(FederatedIdentityError::TooMany);
                }
                let row = build(identity, new.clone(), view, stamp.clone())?;
                check(&row, view, grant.caller(), now)?;
                check_end(row.expires_at, now)?;
                changes.create(entry(organisation, identity), &row)?;
                Ok(view.show_identity(&row, &Uses::new(), now))
            })
            .await
    }

    /// Changes whom a federated identity admits, or takes it out of force: then its access tokens
    /// are dead at the next request.
    pub async fn update_identity(
        &self,
        grant: Grant<UpdateFederatedIdentity>,
        call: &Arc<Call>,
        change: FederatedIdentityChange,
    ) -> Result<Recorded<FederatedIdentityView>> {
        let (organisation, now) = (*grant.scope(), self.0.clock.now());
        let asked = grant.target().as_str().parse();
        let uses = self.uses(asked.ok()).await?;
        self.0
            .change_directory(call, organisation, |view, changes| {
                let row = named(view, grant.target())?;
                if row.state == IdentityState::Revoked {
                    return Err(FederatedIdentityError::Revoked);
                }
                let mut row = changed(row.clone(), change.clone());
                // What admits nobody can be set by anyone who may change it at all.
                if row.state == IdentityState::Active {
                    check(&row, view, grant.caller(), now)?;
                }
                check_end(change.expires_at.flatten(), now)?;
                row.stamp.touch(now);
                changes.put(entry(organisation, row.identity), &row)?;
                Ok(view.show_identity(&row, &uses, now))
            })
            .await
    }

    /// Removes a federated identity: its access tokens are dead at the next request.
    pub async fn delete_identity(
        &self,
        grant: Grant<DeleteFederatedIdentity>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.0
            .change_directory(call, organisation, |view, changes| {
                changes.erase(entry(organisation, named(view, grant.target())?.identity));
                Ok(())
            })
            .await
    }

    async fn identities_of(
        &self,
        organisation: OrganisationId,
    ) -> Result<(Arc<OrganisationView>, Uses)> {
        let view = self.view(organisation).await;
        let view = view.map_err(FederatedIdentityError::Row)?;
        let view = view.ok_or(FederatedIdentityError::NotFound)?;
        let uses = self.uses(view.federated.keys().copied()).await?;
        Ok((view, uses))
    }

    /// When these were last used.
    async fn uses(&self, of: impl IntoIterator<Item = FederatedIdentityId>) -> Result<Uses> {
        let mut uses = Uses::new();
        for identity in of {
            let last = self.0.last_uses.of(&self.0.vault, identity.as_bytes());
            if let Some(at) = last.await.map_err(FederatedIdentityError::Row)? {
                uses.insert(identity, at);
            }
        }
        Ok(uses)
    }
}

fn entry(organisation: OrganisationId, identity: FederatedIdentityId) -> strongroom_store::Key {
    let kind = DirectoryKind::FederatedIdentity;
    keyspace::directory_entry(organisation, kind, identity.as_bytes())
}

fn named<'v>(view: &'v OrganisationView, name: &Slug) -> Result<&'v FederatedIdentityRow> {
    let identity = name.as_str().parse().ok();
    identity
        .and_then(|identity| view.federated.get(&identity))
        .ok_or(FederatedIdentityError::NotFound)
}

fn build(
    identity: FederatedIdentityId,
    new: NewFederatedIdentity,
    view: &OrganisationView,
    stamp: Stamp,
) -> Result<FederatedIdentityRow> {
    let account = view.service_account(&new.service_account);
    let provider = new.provider.parse().ok();
    let provider = provider.and_then(|provider| view.providers.get(&provider));
    Ok(FederatedIdentityRow {
        identity,
        name: new.name,
        description: new.description,
        labels: new.labels,
        annotations: new.annotations,
        service_account: account
            .ok_or(FederatedIdentityError::NoServiceAccount)?
            .identity,
        provider: provider.ok_or(FederatedIdentityError::NoProvider)?.identity,
        subject: new.subject,
        audiences: new.audiences,
        audience_match: new.audience_match,
        scopes: new.scopes,
        state: IdentityState::Active,
        expires_at: new.expires_at,
        conditions: new.conditions,
        stamp,
    })
}

fn changed(row: FederatedIdentityRow, change: FederatedIdentityChange) -> FederatedIdentityRow {
    FederatedIdentityRow {
        name: change.name.unwrap_or(row.name),
        description: change.description.unwrap_or(row.description),
        labels: change.labels.unwrap_or(row.labels),
        annotations: change.annotations.unwrap_or(row.annotations),
        audiences: change.audiences.unwrap_or(row.audiences),
        audience_match: change.audience_match.unwrap_or(row.audience_match),
        scopes: change.scopes.unwrap_or(row.scopes),
        state: match change.status {
            None | Some(IdentityStatus::Expired) => row.state,
            Some(IdentityStatus::Active) => IdentityState::Active,
            Some(IdentityStatus::Inactive) => IdentityState::Inactive,
            Some(IdentityStatus::Revoked) => IdentityState::Revoked,
        },
        expires_at: change.expires_at.unwrap_or(row.expires_at),
        conditions: change.conditions.unwrap_or(row.conditions),
        ..row
    }
}

/// Whether it is one that can be understood, and that this caller may make.
fn check(
    row: &FederatedIdentityRow,
    view: &OrganisationView,
    caller: &Caller,
    now: Timestamp,
) -> Result<()> {
    let subject: Pattern = row
        .subject
        .parse()
        .map_err(FederatedIdentityError::Subject)?;
    let conditions = Conditions::parse(row.conditions.as_deref().unwrap_or("{}"));
    let conditions = conditions.map_err(FederatedIdentityError::Conditions)?;
    if subject.matches_everything() && conditions.is_empty() {
        return Err(FederatedIdentityError::Everybody);
    }
    if !may_hand_out(caller, view, row.service_account, now) {
        return Err(FederatedIdentityError::Escalation);
    }
    Ok(())
}

fn check_end(end: Option<Timestamp>, now: Timestamp) -> Result<()> {
    match end {
        Some(end) if end <= now => Err(FederatedIdentityError::Past),
        _ => Ok(()),
    }
}
