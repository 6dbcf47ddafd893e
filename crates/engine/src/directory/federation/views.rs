//! Providers and federated identities as they are shown.

use std::collections::HashMap;

use strongroom_types::{
    Description, DisplayName, FederatedIdentityId, FederatedProviderId, Labels, ServiceAccountId,
    Slug, Timestamp,
};

use super::sign_in_options::SignInSettings;
use crate::directory::manage::UserView;
use crate::directory::view::OrganisationView;
use crate::rows::federation::{AudienceMatch, FederatedIdentityRow, FederatedProviderRow, Stamp};

/// The status of a federated identity (contract 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityStatus {
    /// It admits tokens.
    Active,
    /// It is switched off.
    Inactive,
    /// Its time is over.
    Expired,
    /// It was revoked, for good.
    Revoked,
}

impl IdentityStatus {
    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// A service account, as a federated identity names its own.
#[derive(Debug, Clone)]
pub struct FederatedAccountView {
    /// Its identity.
    pub identity: ServiceAccountId,
    /// Its name.
    pub name: DisplayName,
    /// Its slug.
    pub slug: Slug,
    /// When it was made.
    pub created_at: Timestamp,
}

/// An issuer that is trusted.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of contract 4.4")]
pub struct FederatedProviderView {
    pub identity: FederatedProviderId,
    pub name: DisplayName,
    pub description: Description,
    pub labels: Labels,
    pub annotations: Labels,
    pub issuer: String,
    pub jwks_uri: Option<String>,
    /// A JSON Web Key Set, as it was sent.
    pub local_jwks: Option<String>,
    pub active: bool,
    /// How people sign in through it, if they do.
    pub sign_in: Option<SignInSettings>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    pub object_version: u64,
    pub created_by: Option<UserView>,
}

/// Which foreign subjects may act as a service account.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields are those of contract 4.4")]
pub struct FederatedIdentityView {
    pub identity: FederatedIdentityId,
    pub name: DisplayName,
    pub description: Description,
    pub labels: Labels,
    pub annotations: Labels,
    pub service_account: Option<FederatedAccountView>,
    pub provider: Option<FederatedProviderView>,
    pub subject: String,
    pub audiences: Vec<String>,
    pub audience_match: AudienceMatch,
    pub scopes: Vec<String>,
    pub status: IdentityStatus,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// A JSON object, as it was sent.
    pub conditions: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Option<Timestamp>,
    pub object_version: u64,
    pub created_by: Option<UserView>,
}

/// What of a list is wanted; what is not said is not asked for.
#[derive(Debug, Clone, Default)]
pub struct FederatedFilter {
    /// Exactly this identity.
    pub identity: Option<String>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Exactly this status.
    pub status: Option<String>,
    /// All of these labels.
    pub labels: Vec<(String, String)>,
}

impl FederatedFilter {
    fn takes(&self, identity: &str, name: &DisplayName, status: &str, labels: &Labels) -> bool {
        let same = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        same(&self.identity, identity)
            && same(&self.name, name.as_str())
            && same(&self.status, status)
            && self
                .labels
                .iter()
                .all(|(key, value)| labels.as_map().get(key) == Some(value))
    }
}

impl FederatedProviderView {
    pub(super) fn is_wanted(&self, filter: &FederatedFilter) -> bool {
        let status = if self.active { "active" } else { "inactive" };
        filter.takes(&self.identity.to_string(), &self.name, status, &self.labels)
    }
}

impl FederatedIdentityView {
    pub(super) fn is_wanted(&self, filter: &FederatedFilter) -> bool {
        let (identity, status) = (self.identity.to_string(), self.status.as_str());
        filter.takes(&identity, &self.name, status, &self.labels)
    }
}

/// When federated identities were last used.
pub(super) type Uses = HashMap<FederatedIdentityId, Timestamp>;

impl OrganisationView {
    pub(super) fn show_provider(&self, row: &FederatedProviderRow) -> FederatedProviderView {
        FederatedProviderView {
            identity: row.identity,
            name: row.name.clone(),
            description: row.description.clone(),
            labels: row.labels.clone(),
            annotations: row.annotations.clone(),
            issuer: row.issuer.clone(),
            jwks_uri: row.jwks_uri.clone(),
            local_jwks: row.local_jwks.clone(),
            active: row.active,
            sign_in: row.sign_in.clone().map(Into::into),
            created_at: row.stamp.created_at,
            updated_at: row.stamp.updated_at,
            object_version: row.stamp.version,
            created_by: self.maker(&row.stamp),
        }
    }

    pub(super) fn show_identity(
        &self,
        row: &FederatedIdentityRow,
        uses: &Uses,
        now: Timestamp,
    ) -> FederatedIdentityView {
        let account = self.service_accounts.get(&row.service_account);
        let provider = self.providers.get(&row.provider);
        FederatedIdentityView {
            identity: row.identity,
            name: row.name.clone(),
            description: row.description.clone(),
            labels: row.labels.clone(),
            annotations: row.annotations.clone(),
            service_account: account.map(|account| FederatedAccountView {
                identity: account.identity,
                name: account.name.clone(),
                slug: account.slug.clone(),
                created_at: account.created_at,
            }),
            provider: provider.map(|provider| self.show_provider(provider)),
            subject: row.subject.clone(),
            audiences: row.audiences.clone(),
            audience_match: row.audience_match,
            scopes: row.scopes.clone(),
            status: row.status(now),
            expires_at: row.expires_at,
            last_used_at: uses.get(&row.identity).copied(),
            conditions: row.conditions.clone(),
            created_at: row.stamp.created_at,
            updated_at: row.stamp.updated_at,
            object_version: row.stamp.version,
            created_by: self.maker(&row.stamp),
        }
    }

    fn maker(&self, stamp: &Stamp) -> Option<UserView> {
        self.user_view(stamp.created_by?)
    }
}
