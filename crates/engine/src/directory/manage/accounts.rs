//! Service accounts.

use std::sync::Arc;

use strongroom_authz::{
    Action, CreateServiceAccount, DeleteServiceAccount, Grant, ListServiceAccounts,
    ReadServiceAccount, ResourceType, UpdateServiceAccount,
};
use strongroom_types::{OrganisationId, Reference, ServiceAccountId};

use super::{
    ListFilter, ManageError, Management, Naming, NamingChange, Result, ServiceAccountView, Thing,
    admitted, concern,
};
use crate::call::{Call, Recorded};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundPrincipal, ServiceAccountRow};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::ServiceAccount;

impl Management<'_> {
    /// The service accounts that the caller may read, in order of their slugs.
    pub async fn list_service_accounts(
        &self,
        grant: Grant<ListServiceAccounts>,
        call: &Arc<Call>,
        filter: ListFilter,
    ) -> Result<Recorded<Vec<ServiceAccountView>>> {
        let view = self.view(*grant.scope()).await?;
        let mut rows: Vec<_> = view.service_accounts.values().collect();
        rows.retain(|row| grant.shows(&[&row.identity.to_string(), row.slug.as_str()]));
        rows.sort_by(|one, other| one.slug.cmp(&other.slug));
        let shown = view.account_views(&grant, &rows).into_iter();
        let shown = shown.filter(|shown| filter.admits(&shown.identity, &shown.described));
        self.shown(call, shown.collect()).await
    }

    /// A service account.
    pub async fn read_service_account(
        &self,
        grant: Grant<ReadServiceAccount>,
        call: &Arc<Call>,
    ) -> Result<Recorded<ServiceAccountView>> {
        let view = self.view(*grant.scope()).await?;
        let row = account(&view, &grant, grant.target())?;
        concern(call, KIND, &row.identity);
        self.shown(call, view.account_view(&grant, row)).await
    }

    /// Makes a service account, which holds no rights yet.
    pub async fn create_service_account(
        &self,
        grant: Grant<CreateServiceAccount>,
        call: &Arc<Call>,
        naming: Naming,
    ) -> Result<Recorded<ServiceAccountView>> {
        let (organisation, slug) = (*grant.scope(), grant.target().clone());
        let thing = Thing::ServiceAccount;
        if slug.as_str().parse::<ServiceAccountId>().is_ok() {
            return Err(ManageError::LooksLikeIdentity(thing));
        }
        let row = ServiceAccountRow {
            identity: ServiceAccountId::from_bytes(self.0.vault.draw()?),
            slug: slug.clone(),
            name: naming.name.clone(),
            created_at: self.now(),
            described: self.described(grant.caller(), &naming),
        };
        concern(call, KIND, &row.identity);
        self.change(call, organisation, |view, changes| {
            if view.has_service_account(&slug) {
                let slug = slug.clone();
                return Err(ManageError::SlugTaken { thing, slug });
            }
            changes.create(place(organisation, row.identity), &row)?;
            Ok(view.account_view(&grant, &row))
        })
        .await
    }

    /// Changes what a service account says about itself. Its slug stays.
    pub async fn update_service_account(
        &self,
        grant: Grant<UpdateServiceAccount>,
        call: &Arc<Call>,
        change: NamingChange,
    ) -> Result<Recorded<ServiceAccountView>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let mut row = account(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            if let Some(name) = &change.name {
                row.name = name.clone();
            }
            row.described.change(&change, self.now());
            changes.put(place(organisation, row.identity), &row)?;
            Ok(view.account_view(&grant, &row))
        })
        .await
    }

    /// Removes a service account with its credentials, bindings and invitations; every token of it is dead at
    /// the next request.
    pub async fn delete_service_account(
        &self,
        grant: Grant<DeleteServiceAccount>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let identity = account(view, &grant, grant.target())?.identity;
            concern(call, KIND, &identity);
            changes.erase(place(organisation, identity));
            let credentials = view.credentials.values();
            for credential in credentials.filter(|row| row.service_account == identity) {
                changes.erase_credential(organisation, credential);
            }
            let principal = BoundPrincipal::ServiceAccount(identity);
            changes.erase_bindings(view, |binding| binding.principal == principal);
            changes.erase_invites(view, |invite| invite.invited_by == principal);
            Ok(())
        })
        .await
    }
}

fn place(organisation: OrganisationId, identity: ServiceAccountId) -> strongroom_store::Key {
    let kind = DirectoryKind::ServiceAccount;
    keyspace::directory_entry(organisation, kind, identity.as_bytes())
}

/// The service account that a grant's caller names, if the grant holds on it.
pub(super) fn account<'v, A: Action<Scope = OrganisationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<ServiceAccountId>,
) -> Result<&'v ServiceAccountRow> {
    let found = view.service_account(asked);
    let names = |row: &&ServiceAccountRow| [row.identity.to_string(), row.slug.to_string()];
    admitted(
        grant,
        found,
        &asked.to_string(),
        names,
        Thing::ServiceAccount,
    )
}
