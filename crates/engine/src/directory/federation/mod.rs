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
pub use views::{
    FederatedFilter, FederatedIdentityView, FederatedProviderView, IdentityStatus, MaintainerView,
    ServiceAccountView,
};

use std::sync::Arc;

use strongroom_authz::{Caller, Principal, Reach};
use strongroom_types::{OrganisationId, ServiceAccountId, UserId};

pub use crate::rows::federation::AudienceMatch;

use super::rights::PrincipalId;
use super::view::{OrganisationView, epoch_row};
use crate::engine::Inner;
use crate::rows::{Changes, CommitFault, RowFault, keyspace};

/// How often a change is tried again that others came before.
const ATTEMPTS: usize = 8;

/// The operations on providers and federated identities.
pub struct Federation<'e>(pub(crate) &'e Arc<Inner>);

impl Federation<'_> {
    /// The organisation as it is now. Whoever holds a grant has just entered it.
    async fn view(&self, id: OrganisationId) -> Result<Option<Arc<OrganisationView>>, RowFault> {
        self.0.views.current(&self.0.vault, id).await
    }

    /// A batch that starts a new epoch, if the view still is what it is based on.
    fn guarded(&self, view: &OrganisationView) -> Result<Changes<'_>, CommitFault> {
        let mut changes = self.0.vault.changes();
        let row = keyspace::epoch(view.organisation.identity);
        let epoch = epoch_row(self.0.clock.now());
        match view.epoch {
            Some(revision) => changes.replace(row, revision, &epoch)?,
            None => changes.create(row, &epoch)?,
        }
        Ok(changes)
    }
}

/// Whether the caller holds all that the service account does: whoever decides which tokens act as
/// it could otherwise give themselves its rights (contract 4.1, escalation prevention).
fn may_hand_out(caller: &Caller, view: &OrganisationView, account: ServiceAccountId) -> bool {
    view.rules_bound_to(PrincipalId::ServiceAccount(account))
        .iter()
        .all(|rule| caller.may_bestow(rule, Reach::Organisation))
}

/// The person behind a caller.
fn maintainer(caller: &Caller) -> Option<UserId> {
    match caller.principal() {
        Principal::User { id, .. } => Some(*id),
        Principal::ServiceAccount { .. } | Principal::System { .. } => None,
    }
}
