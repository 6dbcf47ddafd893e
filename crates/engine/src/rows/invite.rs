//! The rows of invitations.

use minicbor::{Decode, Encode};
use strongroom_crypto::TokenHash;
use strongroom_types::{InviteId, OrganisationId, TeamId, Timestamp};

use super::coded;
use super::directory::{BoundPrincipal, BoundRole};

/// Somebody who may become a member.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct InviteRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: InviteId,
    #[n(1)]
    pub(crate) email: String,
    /// Whether they will hold everything.
    #[n(2)]
    pub(crate) owner: bool,
    /// What they will join.
    #[cbor(n(3), with = "coded")]
    pub(crate) team: Option<TeamId>,
    /// What they will get.
    #[n(4)]
    pub(crate) role: Option<BoundRole>,
    /// A member, or a service account.
    #[n(5)]
    pub(crate) invited_by: BoundPrincipal,
    #[cbor(n(6), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[cbor(n(7), with = "coded")]
    pub(crate) expires_at: Timestamp,
    /// The hash of the code that takes it.
    #[cbor(n(8), with = "minicbor::bytes")]
    pub(crate) code: [u8; 32],
}

impl InviteRow {
    /// Whether it can still be taken.
    pub(crate) fn is_open(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// Whether it is for this address. Beyond ASCII, letters that differ can become one: addresses
    /// differ then.
    pub(crate) fn is_for(&self, email: &str) -> bool {
        self.email.eq_ignore_ascii_case(email)
    }

    pub(crate) fn code(&self) -> TokenHash {
        TokenHash::from_stored(self.code)
    }
}

/// Where the code of an invitation leads.
#[derive(Debug, Encode, Decode)]
pub(crate) struct InviteCode {
    #[cbor(n(0), with = "coded")]
    pub(crate) organisation: OrganisationId,
    #[cbor(n(1), with = "coded")]
    pub(crate) identity: InviteId,
}
