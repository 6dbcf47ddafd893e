//! What is shown of roles, rules and bindings.

use std::collections::BTreeMap;

use strongroom_authz::builtin::BuiltIn;
use strongroom_types::{BindingId, RoleId, RuleId};

use super::roles::{Role, slug_of};
use super::views::{DescribedView, NamedView, UserView};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, RoleRow, RuleRow};

/// A role of the organisation.
#[derive(Debug, Clone)]
pub struct RoleView {
    /// Its identity.
    pub identity: RoleId,
    /// What it says about itself.
    pub described: DescribedView,
    /// Whether it comes with the service and cannot be changed.
    pub built_in: bool,
    /// What it allows.
    pub rules: Vec<RuleView>,
    /// Who has it.
    pub bindings: Vec<BindingView>,
}

/// A rule.
#[derive(Debug, Clone)]
pub struct RuleView {
    /// Its identity.
    pub identity: RuleId,
    /// Resource types.
    pub resources: Vec<String>,
    /// Names or patterns; empty means all.
    pub resource_identities: Vec<String>,
    /// Permissions.
    pub permissions: Vec<String>,
    /// Why it is there.
    pub note: String,
}

/// A role given to somebody.
#[derive(Debug, Clone)]
pub struct BindingView {
    /// Its identity.
    pub identity: BindingId,
    /// What it says about itself.
    pub described: DescribedView,
    /// The role.
    pub role: NamedView,
    /// Who has it; none where they are gone.
    pub grantee: Option<GranteeView>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
}

/// Who has a role.
#[derive(Debug, Clone)]
pub enum GranteeView {
    /// A member.
    User(UserView),
    /// All members of a team.
    Team(NamedView),
    /// A service account.
    ServiceAccount(NamedView),
}

impl RuleView {
    /// The rule at this place of its role, from 1.
    pub(super) fn of(row: &RuleRow, number: usize) -> Self {
        Self {
            identity: Self::identity_of(row, number),
            resources: row.resources.clone(),
            resource_identities: row.resource_identities.clone(),
            permissions: row.permissions.clone(),
            note: row.note.clone(),
        }
    }

    /// A rule that was stored without an identity goes by its place.
    pub(super) fn identity_of(row: &RuleRow, number: usize) -> RuleId {
        let number = u128::try_from(number).unwrap_or_default();
        row.identity
            .unwrap_or_else(|| RuleId::from_bytes(number.to_be_bytes()))
    }
}

impl OrganisationView {
    pub(super) fn role_view(&self, role: &Role<'_>) -> RoleView {
        RoleView {
            identity: role.identity(),
            built_in: matches!(role, Role::BuiltIn(_)),
            rules: self.rules_shown(role),
            described: match role {
                Role::BuiltIn(built_in) => self.built_in_described(built_in, role.slug()),
                Role::Own(row) => self.role_described(row),
            },
            bindings: self.bindings_of(role),
        }
    }

    /// A role's rules, in their order.
    pub(super) fn rules_shown(&self, role: &Role<'_>) -> Vec<RuleView> {
        match role {
            Role::BuiltIn(built_in) => built_in_rules(built_in),
            Role::Own(row) => {
                let rules = row.rules.iter().zip(1..);
                rules
                    .map(|(row, number)| RuleView::of(row, number))
                    .collect()
            }
        }
    }

    pub(super) fn role_described(&self, row: &RoleRow) -> DescribedView {
        self.described_view(&row.name, &slug_of(row), row.created_at, &row.described)
    }

    pub(super) fn built_in_described(&self, built_in: &BuiltIn, slug: String) -> DescribedView {
        DescribedView {
            name: built_in.name.to_owned(),
            slug,
            description: built_in.description.to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            created_at: self.organisation.created_at,
            updated_at: None,
            object_version: 1,
            created_by: None,
        }
    }

    /// The bindings of a role in the whole organisation, oldest first.
    pub(super) fn bindings_of(&self, role: &Role<'_>) -> Vec<BindingView> {
        let bound = role.bound();
        let mine = |row: &&BindingRow| row.role == bound && !row.is_policy();
        let mut rows: Vec<_> = self.bindings.iter().filter(mine).collect();
        rows.sort_by_key(|row| (row.created_at, row.identity));
        let views = rows.into_iter().map(|row| self.binding_view(row, role));
        views.collect()
    }

    pub(super) fn binding_view(&self, row: &BindingRow, role: &Role<'_>) -> BindingView {
        let identity = row.identity.to_string();
        let name = match row.name.as_str() {
            "" => &identity,
            name => name,
        };
        BindingView {
            identity: row.identity,
            described: self.described_view(name, &identity, row.created_at, &row.described),
            role: role.named(),
            grantee: self.grantee_view(row.principal),
            scopes: row.scopes.clone(),
        }
    }

    pub(super) fn grantee_view(&self, principal: BoundPrincipal) -> Option<GranteeView> {
        match principal {
            BoundPrincipal::User(id) => self.user_view(id).map(GranteeView::User),
            BoundPrincipal::Team(id) => {
                let row = self.teams.get(&id)?;
                Some(GranteeView::Team(NamedView::of_team(row)))
            }
            BoundPrincipal::ServiceAccount(id) => {
                let row = self.service_accounts.get(&id)?;
                Some(GranteeView::ServiceAccount(NamedView {
                    identity: id.to_string(),
                    name: row.name.as_str().to_owned(),
                    slug: row.slug.to_string(),
                }))
            }
        }
    }
}

pub(super) fn built_in_rules(built_in: &BuiltIn) -> Vec<RuleView> {
    let words = |words: &mut dyn Iterator<Item = &str>| words.map(str::to_owned).collect();
    let rules = built_in.rules().zip(1u128..);
    rules
        .map(|(rule, number)| RuleView {
            identity: RuleId::from_bytes(number.to_be_bytes()),
            resources: words(&mut rule.resources()),
            resource_identities: Vec::new(),
            permissions: words(&mut rule.permissions()),
            note: String::new(),
        })
        .collect()
}
