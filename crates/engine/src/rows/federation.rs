//! The rows of workload identity federation (contract 3.3 and 4.4).

use minicbor::{Decode, Encode};
use strongroom_types::{
    Description, DisplayName, FederatedIdentityId, FederatedProviderId, Labels, ServiceAccountId,
    Timestamp, UserId,
};

use super::coded;
use super::sign_in::SignInRow;

/// An issuer whose tokens are trusted.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct FederatedProviderRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: FederatedProviderId,
    #[cbor(n(1), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(2), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(3), with = "coded")]
    pub(crate) labels: Labels,
    #[cbor(n(4), with = "coded")]
    pub(crate) annotations: Labels,
    /// The `iss` of its tokens, unique in the organisation.
    #[n(5)]
    pub(crate) issuer: String,
    /// Where its keys are, instead of where its discovery document says.
    #[n(6)]
    pub(crate) jwks_uri: Option<String>,
    /// Its keys themselves, as JSON: then nothing is fetched.
    #[n(7)]
    pub(crate) local_jwks: Option<String>,
    #[n(8)]
    pub(crate) active: bool,
    #[n(9)]
    pub(crate) stamp: Stamp,
    /// How people sign in through it, if they do.
    #[n(10)]
    pub(crate) sign_in: Option<SignInRow>,
}

/// Which foreign subjects may act as a service account.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct FederatedIdentityRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: FederatedIdentityId,
    #[cbor(n(1), with = "coded")]
    pub(crate) name: DisplayName,
    #[cbor(n(2), with = "coded")]
    pub(crate) description: Description,
    #[cbor(n(3), with = "coded")]
    pub(crate) labels: Labels,
    #[cbor(n(4), with = "coded")]
    pub(crate) annotations: Labels,
    #[cbor(n(5), with = "coded")]
    pub(crate) service_account: ServiceAccountId,
    #[cbor(n(6), with = "coded")]
    pub(crate) provider: FederatedProviderId,
    /// A pattern over `sub`.
    #[n(7)]
    pub(crate) subject: String,
    #[n(8)]
    pub(crate) audiences: Vec<String>,
    #[n(9)]
    pub(crate) audience_match: AudienceMatch,
    #[n(10)]
    pub(crate) scopes: Vec<String>,
    #[n(11)]
    pub(crate) state: IdentityState,
    #[cbor(n(12), with = "coded")]
    pub(crate) expires_at: Option<Timestamp>,
    /// What further claims must be, as the JSON object that was sent.
    #[n(13)]
    pub(crate) conditions: Option<String>,
    #[n(14)]
    pub(crate) stamp: Stamp,
}

/// Who made a thing, when, and how often it changed.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Stamp {
    #[cbor(n(0), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(1), with = "coded")]
    pub(crate) updated_at: Option<Timestamp>,
    #[n(2)]
    pub(crate) version: u64,
    #[cbor(n(3), with = "coded")]
    pub(crate) created_by: Option<UserId>,
}

impl Stamp {
    pub(crate) fn new(now: Timestamp, created_by: Option<UserId>) -> Self {
        Self {
            created_at: now,
            updated_at: None,
            version: 1,
            created_by,
        }
    }

    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.updated_at = Some(now);
        self.version = self.version.saturating_add(1);
    }
}

/// How the audiences of a token and the trusted ones must meet (contract 4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum AudienceMatch {
    /// The token has one audience, which is trusted.
    #[n(0)]
    Exact,
    /// One audience of the token is trusted.
    #[n(1)]
    Any,
    /// The token has every trusted audience.
    #[n(2)]
    All,
}

/// What a federated identity was last set to. That it expired is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum IdentityState {
    #[n(0)]
    Active,
    #[n(1)]
    Inactive,
    #[n(2)]
    Revoked,
}
