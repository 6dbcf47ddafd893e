//! Who has which role of the organisation.

use std::sync::Arc;

use strongroom_authz::{
    CreateRoleBinding, DeleteRoleBinding, Grant, ListRoleBindings, ResourceType,
};
use strongroom_types::{
    BindingId, Description, Labels, Reference, ServiceAccountId, TeamId, UserId,
};

use super::role_views::BindingView;
use super::roles::role;
use super::{ManageError, Management, Result, Thing, concern, may_give};
use crate::call::{Call, Recorded};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, Described};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::IamRole;
/// The most bindings of one organisation.
const MOST: usize = 100_000;

/// Who is to get a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grantee {
    /// A member.
    User(UserId),
    /// All members of a team.
    Team(Reference<TeamId>),
    /// A service account.
    ServiceAccount(Reference<ServiceAccountId>),
}

/// A role to be given.
#[derive(Debug, Clone)]
pub struct NewRoleBinding {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// To whom.
    pub grantee: Grantee,
    /// What it is limited to, as a credential can be; empty means nothing.
    pub scopes: Vec<String>,
}

impl Management<'_> {
    /// Who has a role, oldest binding first.
    pub async fn list_role_bindings(
        &self,
        grant: Grant<ListRoleBindings>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<BindingView>>> {
        let view = self.view(*grant.scope()).await?;
        let role = role(&view, &grant, grant.target())?;
        concern(call, KIND, &role.identity());
        let bindings = view.bindings_of(&role);
        self.shown(call, bindings).await
    }

    /// Gives a role. It counts at the next request; nobody gives what they do not hold.
    pub async fn create_role_binding(
        &self,
        grant: Grant<CreateRoleBinding>,
        call: &Arc<Call>,
        new: NewRoleBinding,
    ) -> Result<Recorded<BindingView>> {
        let (organisation, now) = (*grant.scope(), self.now());
        let identity = BindingId::from_bytes(self.0.vault.draw()?);
        self.change(call, organisation, |view, changes| {
            let role = role(view, &grant, grant.target())?;
            concern(call, KIND, &role.identity());
            view.has_room_for_bindings()?;
            let row = BindingRow {
                identity,
                role: role.bound(),
                principal: principal(view, &new.grantee)?,
                project: None,
                expires_at: None,
                name: new.name.clone(),
                created_at: now,
                described: Described {
                    description: new.description.clone(),
                    labels: new.labels.clone(),
                    annotations: new.annotations.clone(),
                    created_by: super::user_of(grant.caller()),
                    ..Described::default()
                },
                scopes: new.scopes.clone(),
                policy: false,
            };
            may_give(view, grant.caller(), None, &view.rules_given(&row), now)?;
            let kind = DirectoryKind::Binding;
            let place = keyspace::directory_entry(organisation, kind, identity.as_bytes());
            changes.create(place, &row)?;
            Ok(view.binding_view(&row, &role))
        })
        .await
    }

    /// Takes a role away; what it allowed is refused at the next request.
    pub async fn delete_role_binding(
        &self,
        grant: Grant<DeleteRoleBinding>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        let (of, identity) = grant.target();
        self.change(call, organisation, |view, changes| {
            let role = role(view, &grant, of)?;
            concern(call, KIND, &role.identity());
            let bound = role.bound();
            let mine = |row: &&BindingRow| row.role == bound && !row.is_policy();
            let mut bindings = view.bindings.iter().filter(mine);
            if !bindings.any(|row| row.identity == *identity) {
                return Err(ManageError::NotFound(Thing::Binding));
            }
            changes.erase_bindings(view, |row| row.identity == *identity);
            Ok(())
        })
        .await
    }
}

impl OrganisationView {
    /// Whether there can be one more.
    pub(super) fn has_room_for_bindings(&self) -> Result<()> {
        let (thing, max) = (Thing::Binding, MOST);
        match self.bindings.len() < max {
            true => Ok(()),
            false => Err(ManageError::TooMany { thing, max }),
        }
    }
}

/// The one that is to get something.
pub(super) fn principal(view: &OrganisationView, grantee: &Grantee) -> Result<BoundPrincipal> {
    let found = match grantee {
        Grantee::User(id) => view
            .members
            .get(id)
            .map(|row| BoundPrincipal::User(row.user)),
        Grantee::Team(asked) => view
            .team(asked)
            .map(|row| BoundPrincipal::Team(row.identity)),
        Grantee::ServiceAccount(asked) => {
            let found = view.service_account(asked);
            found.map(|row| BoundPrincipal::ServiceAccount(row.identity))
        }
    };
    let thing = match grantee {
        Grantee::User(_) => Thing::Member,
        Grantee::Team(_) => Thing::Team,
        Grantee::ServiceAccount(_) => Thing::ServiceAccount,
    };
    found.ok_or(ManageError::NotFound(thing))
}
