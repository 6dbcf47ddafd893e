//! Whether a federated identity counts now.

use strongroom_authz::TokenScopes;
use strongroom_types::{FederatedIdentityId, Timestamp};

use super::refusal::ExchangeRefusal;
use super::views::IdentityStatus;
use crate::directory::view::OrganisationView;
use crate::rows::federation::{FederatedIdentityRow, IdentityState};

impl FederatedIdentityRow {
    /// The status that the contract shows: set by people, or worked out from the time.
    pub(super) fn status(&self, now: Timestamp) -> IdentityStatus {
        match self.state {
            IdentityState::Revoked => IdentityStatus::Revoked,
            _ if self.expires_at.is_some_and(|end| end <= now) => IdentityStatus::Expired,
            IdentityState::Inactive => IdentityStatus::Inactive,
            IdentityState::Active => IdentityStatus::Active,
        }
    }

    pub(super) fn check_status(&self, now: Timestamp) -> Result<(), ExchangeRefusal> {
        match self.status(now) {
            IdentityStatus::Active => Ok(()),
            IdentityStatus::Inactive => Err(ExchangeRefusal::IdentityInactive),
            IdentityStatus::Expired => Err(ExchangeRefusal::IdentityExpired),
            IdentityStatus::Revoked => Err(ExchangeRefusal::IdentityRevoked),
        }
    }
}

impl OrganisationView {
    /// What tokens of this federated identity may do now; nothing if it is not in force.
    pub(crate) fn scopes_in_force(
        &self,
        identity: FederatedIdentityId,
        now: Timestamp,
    ) -> Option<TokenScopes> {
        let row = self.federated.get(&identity)?;
        let provider = self.providers.get(&row.provider)?;
        let in_force = provider.active && row.check_status(now).is_ok();
        in_force.then(|| TokenScopes::of(&row.scopes))
    }
}
