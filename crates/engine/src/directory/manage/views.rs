//! What is shown of a directory.

use std::collections::{BTreeMap, HashMap};

use strongroom_authz::{Action, Grant, ResourceType};
use strongroom_types::{
    CredentialId, Networks, OrganisationId, ServiceAccountId, Timestamp, UserId,
};

use super::members::OrganisationSummary;
use super::role_views::BindingView;
use super::roles::Role;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{
    BindingRow, BoundPrincipal, CredentialRow, Described, MemberRow, ServiceAccountRow, TeamRow,
};

/// What a thing of a directory says about itself.
#[derive(Debug, Clone)]
pub struct DescribedView {
    /// Its name.
    pub name: String,
    /// Its short name, which stays when the name changes.
    pub slug: String,
    /// What it is for.
    pub description: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; none until then.
    pub updated_at: Option<Timestamp>,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
    /// Who made it, as far as they are still a member.
    pub created_by: Option<UserView>,
}

/// A person.
#[derive(Debug, Clone)]
pub struct UserView {
    /// Their identity.
    pub identity: UserId,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// When they became a member.
    pub created_at: Timestamp,
}

/// Something that is shown in full elsewhere.
#[derive(Debug, Clone)]
pub struct NamedView {
    /// Its identity.
    pub identity: String,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
}

/// A service account.
#[derive(Debug, Clone)]
pub struct ServiceAccountView {
    /// Its identity.
    pub identity: ServiceAccountId,
    /// What it says about itself.
    pub described: DescribedView,
    /// The organisation that it belongs to.
    pub organisation: OrganisationSummary,
    /// The roles that it has in the whole organisation, as far as the caller may read them.
    pub role_bindings: Vec<BindingView>,
}

/// An access credential, without its secret.
#[derive(Debug, Clone)]
pub struct CredentialView {
    /// Its identity.
    pub identity: CredentialId,
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The public half: the client id.
    pub access_key: String,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; none until then.
    pub last_used_at: Option<Timestamp>,
    /// Where it may be used from.
    pub allowed_ips: Networks,
}

impl NamedView {
    pub(super) fn of_team(row: &TeamRow) -> Self {
        Self {
            identity: row.identity.to_string(),
            name: row.name().to_owned(),
            slug: row.slug.to_string(),
        }
    }
}

impl UserView {
    pub(super) fn of(member: &MemberRow) -> Self {
        let name = member.name.as_ref().map(|name| name.as_str());
        Self {
            identity: member.user,
            name: name.unwrap_or(&member.email).to_owned(),
            email: member.email.clone(),
            created_at: member.created_at,
        }
    }
}

impl OrganisationView {
    pub(in crate::directory) fn user_view(&self, user: UserId) -> Option<UserView> {
        self.members.get(&user).map(UserView::of)
    }

    pub(super) fn described_view(
        &self,
        name: &str,
        slug: &str,
        created_at: Timestamp,
        described: &Described,
    ) -> DescribedView {
        DescribedView {
            name: name.to_owned(),
            slug: slug.to_owned(),
            description: described.description.as_str().to_owned(),
            labels: described.labels.as_map().clone(),
            annotations: described.annotations.as_map().clone(),
            created_at,
            updated_at: described.updated_at,
            object_version: described.object_version,
            created_by: described.created_by.and_then(|user| self.user_view(user)),
        }
    }

    pub(super) fn account_view<A: Action<Scope = OrganisationId>>(
        &self,
        grant: &Grant<A>,
        row: &ServiceAccountRow,
    ) -> ServiceAccountView {
        let principal = BoundPrincipal::ServiceAccount(row.identity);
        let bindings = self.bindings.iter();
        let bindings = bindings.filter(|binding| binding.principal == principal);
        self.account_view_with(grant, row, bindings.collect())
    }

    /// The same for many accounts, for which the bindings are gone through once.
    pub(super) fn account_views<A: Action<Scope = OrganisationId>>(
        &self,
        grant: &Grant<A>,
        rows: &[&ServiceAccountRow],
    ) -> Vec<ServiceAccountView> {
        let mut bound: HashMap<ServiceAccountId, Vec<&BindingRow>> = HashMap::new();
        for binding in &self.bindings {
            if let BoundPrincipal::ServiceAccount(account) = binding.principal {
                bound.entry(account).or_default().push(binding);
            }
        }
        let views = rows.iter().map(|row| {
            let bindings = bound.remove(&row.identity).unwrap_or_default();
            self.account_view_with(grant, row, bindings)
        });
        views.collect()
    }

    fn account_view_with<A: Action<Scope = OrganisationId>>(
        &self,
        grant: &Grant<A>,
        row: &ServiceAccountRow,
        mut bindings: Vec<&BindingRow>,
    ) -> ServiceAccountView {
        let name = row.name.as_str();
        bindings.retain(|binding| !binding.is_policy());
        bindings.sort_by_key(|binding| (binding.created_at, binding.identity));
        let shown = bindings.into_iter().filter_map(|binding| {
            let role = Role::of(self, &binding.role)?;
            let names = [role.identity().to_string(), role.slug()];
            let [identity, slug] = &names;
            let readable = grant.sees(ResourceType::IamRole, &[identity, slug]);
            readable.then(|| self.binding_view(binding, &role))
        });
        ServiceAccountView {
            identity: row.identity,
            described: self.described_view(name, row.slug.as_str(), row.created_at, &row.described),
            organisation: self.summary(),
            role_bindings: shown.collect(),
        }
    }
}

impl CredentialView {
    pub(super) fn of(row: &CredentialRow, last_used_at: Option<Timestamp>) -> Self {
        Self {
            identity: row.identity,
            name: row.name.clone(),
            description: row.description.as_str().to_owned(),
            access_key: row.access_key.clone(),
            scopes: row.scopes.clone(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at,
            allowed_ips: row.allowed_ips.clone(),
        }
    }
}
