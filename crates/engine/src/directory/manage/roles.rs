//! The organisation's roles and their rules.

use std::sync::Arc;

use strongroom_authz::{
    Action, AddRoleRule, CreateRole, DeleteRole, Grant, ListRoles, ReadRole, RemoveRoleRule,
    ResourceType, builtin,
};
use strongroom_types::{OrganisationId, Reference, RoleId, RuleId};

use super::role_views::{RoleView, RuleView};
use super::views::NamedView;
use super::{
    ListFilter, ManageError, Management, Naming, Result, Thing, admitted, concern, may_give,
};
use crate::call::{Call, Recorded};
use crate::directory::admin::NewRule;
use crate::directory::rights::parse;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundRole, RoleRow, RuleRow};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::IamRole;
/// The most rules in one role.
pub(super) const MOST_RULES: usize = 256;
/// The most roles of one organisation.
pub(super) const MOST_ROLES: usize = 10_000;

/// A role of the organisation: one that comes with the service, or one of its own.
#[derive(Clone, Copy)]
pub(super) enum Role<'v> {
    BuiltIn(&'static builtin::BuiltIn),
    Own(&'v RoleRow),
}

impl<'v> Role<'v> {
    /// The roles that hold in the whole organisation: those that come with the service, then its own.
    /// A project's policies are none of them.
    pub(super) fn all(view: &'v OrganisationView) -> Vec<Self> {
        let mut own: Vec<_> = view.roles.values().collect();
        own.retain(|row| !row.is_policy());
        own.sort_by_cached_key(|row| slug_of(row));
        let built_in = builtin::ALL.iter().map(Role::BuiltIn);
        built_in.chain(own.into_iter().map(Role::Own)).collect()
    }

    /// The role that a binding gives.
    pub(super) fn of(view: &'v OrganisationView, bound: &BoundRole) -> Option<Self> {
        match bound {
            BoundRole::BuiltIn(name) => builtin::find(name).map(Role::BuiltIn),
            BoundRole::Own(id) => view.roles.get(id).map(Role::Own),
        }
    }

    /// The role that a request names.
    pub(super) fn called(view: &'v OrganisationView, asked: &Reference<RoleId>) -> Option<Self> {
        Self::all(view).into_iter().find(|role| match asked {
            Reference::Identity(identity) => role.identity() == *identity,
            Reference::Slug(slug) => role.slug() == slug.as_str(),
        })
    }

    /// What rules can call it.
    pub(super) fn names(&self) -> [String; 2] {
        [self.identity().to_string(), self.slug()]
    }

    pub(super) fn identity(&self) -> RoleId {
        match self {
            Self::BuiltIn(built_in) => RoleId::from_bytes(built_in.identity()),
            Self::Own(row) => row.identity,
        }
    }

    pub(super) fn slug(&self) -> String {
        match self {
            Self::BuiltIn(built_in) => built_in.slug(),
            Self::Own(row) => slug_of(row),
        }
    }

    /// Its names.
    pub(super) fn named(&self) -> NamedView {
        let name = match self {
            Self::BuiltIn(built_in) => built_in.name,
            Self::Own(row) => &row.name,
        };
        NamedView {
            identity: self.identity().to_string(),
            name: name.to_owned(),
            slug: self.slug(),
        }
    }

    /// How bindings name it.
    pub(super) fn bound(&self) -> BoundRole {
        match self {
            Self::BuiltIn(built_in) => BoundRole::BuiltIn(built_in.name.to_owned()),
            Self::Own(row) => BoundRole::Own(row.identity),
        }
    }

    /// The row of a role that can be changed.
    fn own(self) -> Result<&'v RoleRow> {
        match self {
            Self::Own(row) => Ok(row),
            Self::BuiltIn(_) => Err(ManageError::ReadOnly),
        }
    }
}

/// Roles that the installation made have no slug of their own.
pub(super) fn slug_of(row: &RoleRow) -> String {
    match &row.slug {
        Some(slug) => slug.as_str().to_owned(),
        None => row.identity.to_string(),
    }
}

impl OrganisationView {
    /// Whether what a binding gives is still there.
    pub(in crate::directory) fn has_role(&self, bound: &BoundRole) -> bool {
        Role::of(self, bound).is_some()
    }
}

/// The role that a grant's caller names, if the grant holds on it.
pub(super) fn role<'v, A: Action<Scope = OrganisationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<RoleId>,
) -> Result<Role<'v>> {
    let found = Role::called(view, asked);
    admitted(grant, found, &asked.to_string(), Role::names, Thing::Role)
}

impl Management<'_> {
    /// The organisation's roles that the caller may read, with their rules and bindings; those that
    /// come with the service first.
    pub async fn list_roles(
        &self,
        grant: Grant<ListRoles>,
        call: &Arc<Call>,
        filter: ListFilter,
    ) -> Result<Recorded<Vec<RoleView>>> {
        let view = self.view(*grant.scope()).await?;
        let mut roles = Role::all(&view);
        roles.retain(|role| grant.shows(&[&role.identity().to_string(), &role.slug()]));
        let shown = roles.iter().map(|role| view.role_view(role));
        let shown = shown.filter(|shown| filter.admits(&shown.identity, &shown.described));
        self.shown(call, shown.collect()).await
    }

    /// A role.
    pub async fn read_role(
        &self,
        grant: Grant<ReadRole>,
        call: &Arc<Call>,
    ) -> Result<Recorded<RoleView>> {
        let view = self.view(*grant.scope()).await?;
        let role = role(&view, &grant, grant.target())?;
        concern(call, KIND, &role.identity());
        self.shown(call, view.role_view(&role)).await
    }

    /// Makes a role, which allows nothing yet.
    pub async fn create_role(
        &self,
        grant: Grant<CreateRole>,
        call: &Arc<Call>,
        naming: Naming,
    ) -> Result<Recorded<RoleView>> {
        let (organisation, slug) = (*grant.scope(), grant.target().clone());
        let thing = Thing::Role;
        if slug.as_str().parse::<RoleId>().is_ok() {
            return Err(ManageError::LooksLikeIdentity(thing));
        }
        let row = RoleRow {
            identity: RoleId::from_bytes(self.0.vault.draw()?),
            name: naming.name.as_str().to_owned(),
            project: None,
            rules: Vec::new(),
            slug: Some(slug.clone()),
            created_at: self.now(),
            described: self.described(grant.caller(), &naming),
            policy: None,
        };
        concern(call, KIND, &row.identity);
        self.change(call, organisation, |view, changes| {
            let all = Role::all(view);
            if all.iter().any(|role| role.slug() == slug.as_str()) {
                let slug = slug.clone();
                return Err(ManageError::SlugTaken { thing, slug });
            }
            if all.len() >= MOST_ROLES {
                let max = MOST_ROLES;
                return Err(ManageError::TooMany { thing, max });
            }
            changes.create(place(organisation, row.identity), &row)?;
            Ok(view.role_view(&Role::Own(&row)))
        })
        .await
    }

    /// Removes a role, and takes it from everybody who has it.
    pub async fn delete_role(
        &self,
        grant: Grant<DeleteRole>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let row = role(view, &grant, grant.target())?.own()?;
            concern(call, KIND, &row.identity);
            changes.erase(place(organisation, row.identity));
            let role = BoundRole::Own(row.identity);
            changes.erase_bindings(view, |binding| binding.role == role);
            Ok(())
        })
        .await
    }

    /// Lets a role allow more. Everybody who has it gets that at the next request, so that the caller
    /// must hold it.
    pub async fn add_role_rule(
        &self,
        grant: Grant<AddRoleRule>,
        call: &Arc<Call>,
        new: NewRule,
    ) -> Result<Recorded<RuleView>> {
        let (organisation, now) = (*grant.scope(), self.now());
        let added = RuleRow {
            identity: Some(RuleId::from_bytes(self.0.vault.draw()?)),
            ..RuleRow::from(new)
        };
        let rule = parse(&added).map_err(ManageError::Rule)?;
        self.change(call, organisation, |view, changes| {
            let mut row = role(view, &grant, grant.target())?.own()?.clone();
            concern(call, KIND, &row.identity);
            may_give(view, grant.caller(), None, std::slice::from_ref(&rule), now)?;
            if row.rules.len() >= MOST_RULES {
                let (thing, max) = (Thing::Rule, MOST_RULES);
                return Err(ManageError::TooMany { thing, max });
            }
            row.rules.push(added.clone());
            row.described.changed(now);
            changes.put(place(organisation, row.identity), &row)?;
            Ok(RuleView::of(&added, row.rules.len()))
        })
        .await
    }

    /// Lets a role allow less.
    pub async fn remove_role_rule(
        &self,
        grant: Grant<RemoveRoleRule>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let (organisation, now) = (*grant.scope(), self.now());
        let (of, rule) = grant.target();
        self.change(call, organisation, |view, changes| {
            let mut row = role(view, &grant, of)?.own()?.clone();
            concern(call, KIND, &row.identity);
            let before = row.rules.len();
            let mut number = 0;
            row.rules.retain(|each| {
                number += 1;
                RuleView::identity_of(each, number) != *rule
            });
            if row.rules.len() == before {
                return Err(ManageError::NotFound(Thing::Rule));
            }
            row.described.changed(now);
            changes.put(place(organisation, row.identity), &row)?;
            Ok(())
        })
        .await
    }
}

fn place(organisation: OrganisationId, identity: RoleId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Role, identity.as_bytes())
}
