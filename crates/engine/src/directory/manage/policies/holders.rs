//! Who holds what on a level, and by what (contract 4.4).

use std::collections::BTreeMap;
use std::sync::Arc;

use strongroom_authz::{
    Action, Grant, Level, ListAccessBindings, ListPolicyMembers, Permission, ResourceType, RuleSet,
};
use strongroom_types::{ProjectId, Timestamp, UserId};

use super::views::binding_name;
use crate::call::{Call, Recorded};
use crate::directory::manage::role_views::GranteeView;
use crate::directory::manage::views::{NamedView, UserView};
use crate::directory::manage::{ManageError, Management, Result};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal};

/// By what somebody holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindingSource {
    /// A policy.
    Policy,
    /// A role of the organisation.
    Role,
    /// Owning the organisation, which takes no binding.
    Owner,
}

impl BindingSource {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "iam_policy",
            Self::Role => "organisation_role",
            Self::Owner => "owner",
        }
    }

    fn of(row: &BindingRow) -> Self {
        match row.is_policy() {
            true => Self::Policy,
            false => Self::Role,
        }
    }
}

/// A member with all that gives them rights on a level.
#[derive(Debug, Clone)]
pub struct PolicyMemberView {
    /// The member.
    pub user: UserView,
    /// What they have.
    pub holdings: Vec<MemberHolding>,
}

/// One thing that gives a member rights.
#[derive(Debug, Clone)]
pub struct MemberHolding {
    /// What kind it is.
    pub source: BindingSource,
    /// The binding's identity.
    pub binding: String,
    /// What the binding is called.
    pub binding_name: String,
    /// The policy or role.
    pub policy: NamedView,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// What is asked about who may do something.
#[derive(Debug, Clone)]
pub struct AccessFilter {
    /// The types that the resource may be of; at least one.
    pub resource_types: Vec<String>,
    /// What the resource is called: a secret's path, else an identity or slug.
    pub resource_identity: String,
    /// Only these permissions; empty means all.
    pub permissions: Vec<String>,
    /// Only by these kinds of bindings; empty means all.
    pub binding_types: Vec<String>,
}

/// Who may do something to a resource.
#[derive(Debug, Clone)]
pub struct AccessView {
    /// What the resource is called.
    pub resource_identity: String,
    /// Who may.
    pub held: Vec<HeldView>,
}

/// What one principal holds on a resource by one binding.
#[derive(Debug, Clone)]
pub struct HeldView {
    /// The type that the resource is taken to be of.
    pub resource_type: &'static str,
    /// What kind of binding it is.
    pub source: BindingSource,
    /// The binding's identity; an owner's own.
    pub binding: String,
    /// The policy or role; none for an owner.
    pub policy: Option<NamedView>,
    /// Who.
    pub holder: Holder,
    /// What they may do to it.
    pub permissions: Vec<&'static str>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Who holds something.
#[derive(Debug, Clone)]
pub enum Holder {
    /// A member.
    User(UserView),
    /// A service account.
    ServiceAccount(NamedView),
}

impl Management<'_> {
    /// The members who were given something on the level, in order of their identities: policies, and
    /// on the organisation's own level also its roles. What the caller may not read is left out.
    pub async fn list_policy_members(
        &self,
        grant: Grant<ListPolicyMembers>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<PolicyMemberView>>> {
        let (level, now) = (*grant.scope(), self.now());
        let view = self.view(level.organisation).await?;
        let mut members: BTreeMap<UserId, PolicyMemberView> = BTreeMap::new();
        let given = view.given_on(level.project, now);
        for row in given.filter(|row| row.is_policy() || level.project.is_none()) {
            let Some(holding) = holding(&view, row).filter(|each| shows(&grant, &each.policy))
            else {
                continue;
            };
            for user in view.users_behind(row.principal) {
                let member = members.entry(user.identity).or_insert(PolicyMemberView {
                    user,
                    holdings: Vec::new(),
                });
                member.holdings.push(holding.clone());
            }
        }
        self.shown(call, members.into_values().collect()).await
    }

    /// Who may do something to a resource of the level, by roles, policies or as an owner. What the
    /// caller may not read is left out. Conditions are not looked at: a policy that counts only
    /// sometimes is shown.
    pub async fn list_access_bindings(
        &self,
        grant: Grant<ListAccessBindings>,
        call: &Arc<Call>,
        filter: AccessFilter,
    ) -> Result<Recorded<AccessView>> {
        let (level, now) = (*grant.scope(), self.now());
        let types = filter.resource_types.iter().map(|word| word.parse());
        let types: std::result::Result<Vec<ResourceType>, _> = types.collect();
        let types = types.map_err(|_| ManageError::UnknownResource)?;
        let view = self.view(level.organisation).await?;
        let mut held = Vec::new();
        for row in view.given_on(level.project, now) {
            let Some(policy) = view
                .role_named(&row.role)
                .filter(|each| shows(&grant, each))
            else {
                continue;
            };
            let rules: RuleSet = view.rules_given(row).into_iter().collect();
            for (resource, holder) in pairs(&types, &view.holders_behind(row.principal)) {
                held.push(HeldView {
                    resource_type: resource.as_str(),
                    source: BindingSource::of(row),
                    binding: row.identity.to_string(),
                    policy: Some(policy.clone()),
                    holder,
                    permissions: filter.permitted(&rules, resource),
                    expires_at: row.expires_at,
                });
            }
        }
        held.extend(owners(&view, &types, &filter));
        held.retain(|each| !each.permissions.is_empty() && filter.admits(each.source));
        held.sort_by(|one, other| one.binding.cmp(&other.binding));
        let resource_identity = filter.resource_identity;
        let shown = AccessView {
            resource_identity,
            held,
        };
        self.shown(call, shown).await
    }
}

/// Whether the grant's caller may read this policy or role.
fn shows<A: Action<Scope = Level>>(grant: &Grant<A>, policy: &NamedView) -> bool {
    grant.shows(&[&policy.identity, &policy.slug])
}

fn holding(view: &OrganisationView, row: &BindingRow) -> Option<MemberHolding> {
    let identity = row.identity.to_string();
    Some(MemberHolding {
        source: BindingSource::of(row),
        binding_name: binding_name(row, &identity).to_owned(),
        binding: identity,
        policy: view.role_named(&row.role)?,
        expires_at: row.expires_at,
    })
}

fn pairs(types: &[ResourceType], holders: &[Holder]) -> Vec<(ResourceType, Holder)> {
    let with = |each: &ResourceType| {
        let each = *each;
        holders.iter().map(move |holder| (each, holder.clone()))
    };
    types.iter().flat_map(with).collect()
}

/// The owners, who hold everything.
fn owners(view: &OrganisationView, types: &[ResourceType], filter: &AccessFilter) -> Vec<HeldView> {
    let everything: RuleSet = [strongroom_authz::Rule::everything()].into_iter().collect();
    let owners = view.members.values().filter(|member| member.owner);
    let owners: Vec<_> = owners.map(|row| Holder::User(UserView::of(row))).collect();
    let held = pairs(types, &owners).into_iter();
    held.map(|(resource, holder)| HeldView {
        resource_type: resource.as_str(),
        source: BindingSource::Owner,
        binding: match &holder {
            Holder::User(user) => user.identity.to_string(),
            Holder::ServiceAccount(account) => account.identity.clone(),
        },
        policy: None,
        holder,
        permissions: filter.permitted(&everything, resource),
        expires_at: None,
    })
    .collect()
}

impl AccessFilter {
    fn admits(&self, source: BindingSource) -> bool {
        let types = &self.binding_types;
        types.is_empty() || types.iter().any(|word| word == source.as_str())
    }

    /// What the rules allow of what is asked about.
    fn permitted(&self, rules: &RuleSet, resource: ResourceType) -> Vec<&'static str> {
        let asked = |permission: &Permission| {
            let words = &self.permissions;
            words.is_empty() || words.iter().any(|word| word == permission.as_str())
        };
        let names = [self.resource_identity.as_str()];
        let all = Permission::ALL.into_iter().filter(asked);
        all.filter(|permission| rules.allows(resource, *permission, &names))
            .map(Permission::as_str)
            .collect()
    }
}

impl OrganisationView {
    /// Everything that gives somebody rights on a level now: roles, and policies that count there.
    fn given_on(
        &self,
        level: Option<ProjectId>,
        now: Timestamp,
    ) -> impl Iterator<Item = &BindingRow> {
        self.bindings
            .iter()
            .filter(move |row| row.is_alive(now) && (!row.is_policy() || self.reaches(row, level)))
    }

    /// The members who get what this one gets.
    fn users_behind(&self, principal: BoundPrincipal) -> Vec<UserView> {
        match principal {
            BoundPrincipal::User(id) => self.user_view(id).into_iter().collect(),
            BoundPrincipal::Team(id) => {
                let members = self.teams.get(&id).map(|team| team.members.as_slice());
                let members = members.unwrap_or_default().iter();
                members.filter_map(|id| self.user_view(*id)).collect()
            }
            BoundPrincipal::ServiceAccount(_) => Vec::new(),
        }
    }

    /// As [`Self::users_behind`], with service accounts.
    fn holders_behind(&self, principal: BoundPrincipal) -> Vec<Holder> {
        match self.grantee_view(principal) {
            Some(GranteeView::ServiceAccount(account)) => vec![Holder::ServiceAccount(account)],
            _ => {
                let users = self.users_behind(principal).into_iter();
                users.map(Holder::User).collect()
            }
        }
    }
}
