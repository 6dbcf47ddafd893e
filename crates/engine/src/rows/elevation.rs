//! Requests for rights that end (contract 4.4).

use minicbor::{Decode, Encode};
use strongroom_types::{BindingId, ElevationId, ProjectId, Timestamp, UserId};

use super::coded;
use super::directory::{BoundRole, Described};

/// That a user asked for a policy, and what became of it.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct ElevationRow {
    #[cbor(n(0), with = "coded")]
    pub(crate) identity: ElevationId,
    /// Where the policy is to count; none is the organisation's own level.
    #[cbor(n(1), with = "coded")]
    pub(crate) project: Option<ProjectId>,
    #[n(2)]
    pub(crate) policy: BoundRole,
    #[cbor(n(3), with = "coded")]
    pub(crate) requester: UserId,
    #[n(4)]
    pub(crate) reason: String,
    /// When it ends, be it decided by then or not.
    #[cbor(n(5), with = "coded")]
    pub(crate) ends_at: Timestamp,
    #[cbor(n(6), with = "coded")]
    pub(crate) created_at: Timestamp,
    #[n(7)]
    pub(crate) described: Described,
    #[n(8)]
    pub(crate) state: ElevationState,
    #[n(9)]
    pub(crate) review: Option<ReviewRow>,
    /// What an approval made; gone where the binding is.
    #[cbor(n(10), with = "coded")]
    pub(crate) binding: Option<BindingId>,
}

/// What was decided. That time ran out is seen from the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub(crate) enum ElevationState {
    #[n(0)]
    Pending,
    #[n(1)]
    Approved,
    #[n(2)]
    Rejected,
    #[n(3)]
    Cancelled,
    #[n(4)]
    Revoked,
}

/// Who decided, and why.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct ReviewRow {
    /// None where a service account did.
    #[cbor(n(0), with = "coded")]
    pub(crate) by: Option<UserId>,
    #[cbor(n(1), with = "coded")]
    pub(crate) at: Timestamp,
    #[n(2)]
    pub(crate) note: String,
}
