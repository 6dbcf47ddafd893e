//! The policies of a project, or of the organisation's own level (contract 4.1 to 4.4).
//!
//! A policy is stored as a role is, and what gives it as a role's binding. It counts on its level
//! only, or, where it replicates, on all levels below as well: there it is seen and bound, and not
//! changed.

mod bindings;
mod holders;
mod rules;
mod views;

pub(super) use bindings::give;
pub use bindings::{NewPolicyBinding, PolicyBindingChange, Until};
pub use holders::{
    AccessFilter, AccessView, BindingSource, HeldView, Holder, MemberHolding, PolicyMemberView,
};
pub use views::{PolicyBindingView, PolicyView};

use std::sync::Arc;

use strongroom_authz::{
    Action, Conditionals, CreatePolicy, DeletePolicy, Grant, Level, ListPolicies,
    ListPolicyResources, ReadPolicy, ResourceType, UpdatePolicy, builtin,
};
use strongroom_types::{OrganisationId, ProjectId, Reference, RoleId};

use super::giving::Gift;
use super::roles::{MOST_ROLES, Role};
use super::{
    ListFilter, ManageError, Management, Naming, NamingChange, Result, Thing, admitted, concern,
};
use crate::call::{Call, Recorded};
use crate::directory::levels::Place;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundRole, PolicyRow, RoleRow};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::IamPolicy;
/// What URLs call something else than a policy.
const RESERVED: [&str; 2] = ["resources", "members"];

/// A policy to be made.
#[derive(Debug, Clone)]
pub struct NewPolicy {
    /// What it says about itself.
    pub naming: Naming,
    /// Whether it counts in the projects below, too.
    pub replicates: bool,
    /// When and from where it counts: the JSON of the field `conditionals`, or nothing.
    pub conditionals: String,
}

/// What a policy is to say differently; what is absent stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PolicyChange {
    /// What it says about itself.
    pub naming: NamingChange,
    /// Whether it counts in the projects below, too.
    pub replicates: Option<bool>,
    /// When and from where it counts; an empty text is always and from everywhere.
    pub conditionals: Option<String>,
}

/// The policies on a level: those that come with the service, its own, and those from above.
pub(super) fn policies_on(
    view: &OrganisationView,
    project: Option<ProjectId>,
) -> impl Iterator<Item = Role<'_>> {
    let mut rows: Vec<_> = view.roles.values().collect();
    rows.retain(|row| view.stands_on(row, project));
    rows.sort_by_cached_key(|row| (row.project != project, super::roles::slug_of(row)));
    let built_in = builtin::ALL.iter().map(Role::BuiltIn);
    built_in.chain(rows.into_iter().map(Role::Own))
}

/// The policy on a level that goes by this name.
pub(super) fn find<'v>(
    view: &'v OrganisationView,
    project: Option<ProjectId>,
    asked: &Reference<RoleId>,
) -> Option<Role<'v>> {
    policies_on(view, project).find(|policy| match asked {
        Reference::Identity(identity) => policy.identity() == *identity,
        Reference::Slug(slug) => policy.slug() == slug.as_str(),
    })
}

/// The policy that a grant's caller names, if the grant holds on it.
fn policy<'v, A: Action<Scope = Level>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<RoleId>,
) -> Result<Role<'v>> {
    let found = find(view, grant.scope().project, asked);
    let names = |policy: &Role<'_>| [policy.identity().to_string(), policy.slug()];
    admitted(grant, found, &asked.to_string(), names, Thing::Policy)
}

/// As [`policy`], where it is to be changed: it must be the level's own.
fn own<'v, A: Action<Scope = Level>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<RoleId>,
) -> Result<&'v RoleRow> {
    match policy(view, grant, asked)? {
        Role::Own(row) if row.project == grant.scope().project => Ok(row),
        Role::Own(_) | Role::BuiltIn(_) => Err(ManageError::ReadOnly),
    }
}

fn place(organisation: OrganisationId, identity: RoleId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Role, identity.as_bytes())
}

/// Conditions as they are stored: nothing, if they say nothing.
fn conditionals(text: &str) -> Result<String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let parsed = Conditionals::parse(text).map_err(ManageError::Conditionals)?;
    Ok(parsed.map(|_| text.to_owned()).unwrap_or_default())
}

impl Management<'_> {
    /// The policies on the level that the caller may read, with their rules and bindings; those that
    /// come with the service first, those from above last.
    pub async fn list_policies(
        &self,
        grant: Grant<ListPolicies>,
        call: &Arc<Call>,
        filter: ListFilter,
    ) -> Result<Recorded<Vec<PolicyView>>> {
        let (level, now) = (*grant.scope(), self.now());
        let view = self.view(level.organisation).await?;
        let policies = policies_on(&view, level.project)
            .filter(|policy| grant.shows(&[&policy.identity().to_string(), &policy.slug()]));
        let shown = policies.map(|policy| view.policy_view(&policy, level.project, now));
        let shown = shown.filter(|shown| filter.admits(&shown.identity, &shown.described));
        self.shown(call, shown.collect()).await
    }

    /// A policy.
    pub async fn read_policy(
        &self,
        grant: Grant<ReadPolicy>,
        call: &Arc<Call>,
    ) -> Result<Recorded<PolicyView>> {
        let level = *grant.scope();
        let view = self.view(level.organisation).await?;
        let policy = policy(&view, &grant, grant.target())?;
        concern(call, KIND, &policy.identity());
        let shown = view.policy_view(&policy, level.project, self.now());
        self.shown(call, shown).await
    }

    /// The resource types that the rules of policies can name.
    pub async fn list_policy_resources(
        &self,
        grant: Grant<ListPolicyResources>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<&'static str>>> {
        self.view(grant.scope().organisation).await?;
        let types = ResourceType::ALL.iter().map(|each| each.as_str());
        self.shown(call, types.collect()).await
    }

    /// Makes a policy, which allows nothing yet.
    pub async fn create_policy(
        &self,
        grant: Grant<CreatePolicy>,
        call: &Arc<Call>,
        new: NewPolicy,
    ) -> Result<Recorded<PolicyView>> {
        let (level, slug) = (*grant.scope(), grant.target().clone());
        let thing = Thing::Policy;
        if slug.as_str().parse::<RoleId>().is_ok() {
            return Err(ManageError::LooksLikeIdentity(thing));
        }
        let row = RoleRow {
            identity: RoleId::from_bytes(self.0.vault.draw()?),
            name: new.naming.name.as_str().to_owned(),
            project: level.project,
            rules: Vec::new(),
            slug: Some(slug.clone()),
            created_at: self.now(),
            described: self.described(grant.caller(), &new.naming),
            policy: Some(PolicyRow {
                replicates: new.replicates,
                conditionals: conditionals(&new.conditionals)?,
            }),
        };
        concern(call, KIND, &row.identity);
        self.change(call, level.organisation, |view, changes| {
            let taken = find(view, level.project, &Reference::Slug(slug.clone())).is_some();
            if taken || RESERVED.contains(&slug.as_str()) {
                let slug = slug.clone();
                return Err(ManageError::SlugTaken { thing, slug });
            }
            if view.roles.len() >= MOST_ROLES {
                let max = MOST_ROLES;
                return Err(ManageError::TooMany { thing, max });
            }
            changes.create(place(level.organisation, row.identity), &row)?;
            Ok(view.policy_view(&Role::Own(&row), level.project, row.created_at))
        })
        .await
    }

    /// Changes what is said about a policy, and when and where it counts. Its slug stays. Where it
    /// comes to give more, the caller must hold all of it.
    pub async fn update_policy(
        &self,
        grant: Grant<UpdatePolicy>,
        call: &Arc<Call>,
        change: PolicyChange,
    ) -> Result<Recorded<PolicyView>> {
        let (level, now) = (*grant.scope(), self.now());
        let new_conditionals = change.conditionals.as_deref().map(conditionals);
        let new_conditionals = new_conditionals.transpose()?;
        self.change(call, level.organisation, |view, changes| {
            let mut row = own(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            let before = row.policy.take().unwrap_or_default();
            let after = PolicyRow {
                replicates: change.replicates.unwrap_or(before.replicates),
                conditionals: match &new_conditionals {
                    Some(text) => text.clone(),
                    None => before.conditionals.clone(),
                },
            };
            if gives_more(&before, &after) {
                let gift = Gift {
                    place: Place::Level {
                        project: row.project,
                        below: after.replicates,
                    },
                    rules: &view.rules_of(&BoundRole::Own(row.identity)),
                    until: None,
                };
                gift.may_come_from(view, grant.caller(), now)?;
            }
            row.policy = Some(after);
            if let Some(name) = &change.naming.name {
                row.name = name.as_str().to_owned();
            }
            row.described.change(&change.naming, now);
            changes.put(place(level.organisation, row.identity), &row)?;
            Ok(view.policy_view(&Role::Own(&row), level.project, now))
        })
        .await
    }

    /// Removes a policy, takes it from everybody who has it, and forgets who asked for it.
    pub async fn delete_policy(
        &self,
        grant: Grant<DeletePolicy>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = grant.scope().organisation;
        self.change(call, organisation, |view, changes| {
            let row = own(view, &grant, grant.target())?;
            concern(call, KIND, &row.identity);
            changes.erase(place(organisation, row.identity));
            let policy = BoundRole::Own(row.identity);
            changes.erase_bindings(view, |binding| binding.role == policy);
            changes.erase_elevations(view, |elevation| elevation.policy == policy);
            Ok(())
        })
        .await
    }
}

/// Whether somebody could come to hold more: below, or because a condition changed or went.
fn gives_more(before: &PolicyRow, after: &PolicyRow) -> bool {
    let conditions_change = before.conditionals != after.conditionals;
    (after.replicates && !before.replicates)
        || (conditions_change && !before.conditionals.is_empty())
}
