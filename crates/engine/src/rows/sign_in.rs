//! What the directory keeps of people who sign in through an identity provider.

use minicbor::{Decode, Encode};
use strongroom_types::{FederatedProviderId, Timestamp, UserId};

use super::coded;

/// That people sign in through a provider, and as which of its clients.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct SignInRow {
    /// The public client that the command line is at the provider: the `aud` of its ID tokens.
    #[n(0)]
    pub(crate) client_id: String,
    /// What the command line asks the provider for; `openid` is among it.
    #[n(1)]
    pub(crate) scopes: Vec<String>,
    /// The claim by which the provider vouches for the e-mail address, if not `email_verified`.
    #[n(2)]
    pub(crate) verified_claim: Option<String>,
}

/// How a member signs in, and since when sign-ins count.
#[derive(Debug, Clone, Default, Encode, Decode)]
pub(crate) struct SignInsRow {
    #[n(0)]
    pub(crate) links: Vec<LinkRow>,
    /// Sign-ins up to this moment are ended.
    #[cbor(n(1), with = "coded", default)]
    pub(crate) ended_at: Option<Timestamp>,
}

/// The one subject of a provider that is a member.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct LinkRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) provider: FederatedProviderId,
    /// The `sub` of its tokens.
    #[n(1)]
    pub(crate) subject: String,
}

impl SignInsRow {
    /// The subject that the member is at the provider.
    pub(crate) fn subject_at(&self, provider: FederatedProviderId) -> Option<&str> {
        let link = self.links.iter().find(|link| link.provider == provider);
        link.map(|link| link.subject.as_str())
    }
}

/// What an access token says of the person who signed in for it.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct SignedIn {
    #[cbor(n(0), with = "coded")]
    pub(crate) user: UserId,
    /// Who vouched.
    #[cbor(n(1), with = "coded")]
    pub(crate) provider: FederatedProviderId,
}
