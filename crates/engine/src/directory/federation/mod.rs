//! Workload identity federation (contract 3.3 and 4.4): tokens of foreign issuers, and which
//! service account they may act as.
//!
//! A provider is an issuer that an organisation trusts; a federated identity says which of its
//! subjects, for which audiences, may act as which service account, and with which scopes. Both are
//! rows of the directory, so that a change of them counts from the next request on, also for
//! tokens that were issued before.

mod conditions;
mod exchange;
mod identities;
mod issuer_keys;
mod key_set;
mod outbound;
mod providers;
mod refusal;
mod sign_in;
mod sign_in_options;
mod standing;
mod token;
mod views;

pub use conditions::ConditionError;
pub use exchange::{ExchangeAsk, ExchangeError};
pub use identities::{FederatedIdentityChange, FederatedIdentityError, NewFederatedIdentity};
pub(crate) use issuer_keys::IssuerKeys;
pub use key_set::KeySetError;
pub use outbound::{FetchError, NoOutbound, Outbound};
pub use providers::{FederatedProviderChange, FederatedProviderError, NewFederatedProvider};
pub use refusal::ExchangeRefusal;
pub(super) use sign_in::SignInProof;
pub use sign_in::{SignInAsk, SignInError};
pub use sign_in_options::{SignInOption, SignInOptions, SignInOptionsError, SignInSettings};
pub use views::{
    FederatedAccountView, FederatedFilter, FederatedIdentityView, FederatedProviderView,
    IdentityStatus,
};

use std::sync::Arc;

use strongroom_authz::Caller;
use strongroom_types::{OrganisationId, ServiceAccountId, Timestamp};

pub use crate::rows::federation::AudienceMatch;

use super::manage;
use super::view::OrganisationView;
use crate::engine::Inner;
use crate::rows::RowFault;
use crate::rows::directory::BoundPrincipal;

/// How often a sign-in is tried again that links a subject, where others came before.
const ATTEMPTS: usize = 8;

/// The operations on providers and federated identities.
pub struct Federation<'e>(pub(crate) &'e Arc<Inner>);

impl Federation<'_> {
    /// The organisation as it is now. Whoever holds a grant has just entered it.
    async fn view(&self, id: OrganisationId) -> Result<Option<Arc<OrganisationView>>, RowFault> {
        self.0.views.current(&self.0.vault, id).await
    }
}

/// Whether the caller holds all that the service account does: whoever decides which tokens act as
/// it could otherwise give themselves its rights (contract 4.1, escalation prevention).
fn may_hand_out(
    caller: &Caller,
    view: &OrganisationView,
    account: ServiceAccountId,
    now: Timestamp,
) -> bool {
    manage::may_hand_over(view, caller, BoundPrincipal::ServiceAccount(account), now).is_ok()
}
