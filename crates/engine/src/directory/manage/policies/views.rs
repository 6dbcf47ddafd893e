//! What is shown of policies.

use strongroom_types::{BindingId, ProjectId, RoleId, Timestamp};

use crate::directory::manage::role_views::{GranteeView, RuleView, built_in_rules};
use crate::directory::manage::roles::{Role, slug_of};
use crate::directory::manage::views::{DescribedView, NamedView};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundRole, RoleRow};

/// A policy, as seen on one level.
#[derive(Debug, Clone)]
pub struct PolicyView {
    /// Its identity.
    pub identity: RoleId,
    /// What it says about itself.
    pub described: DescribedView,
    /// Whether it comes with the service.
    pub built_in: bool,
    /// Whether it cannot be changed here: it comes with the service or from above.
    pub read_only: bool,
    /// Whether it counts in the projects below, too.
    pub replicates: bool,
    /// When and from where it counts, as JSON; empty means always and from everywhere.
    pub conditionals: String,
    /// The project on whose level this is; none is the organisation's own.
    pub project: Option<NamedView>,
    /// The policy itself, where it comes from above.
    pub source: Option<NamedView>,
    /// What it allows.
    pub rules: Vec<RuleView>,
    /// Who has it on this level.
    pub bindings: Vec<PolicyBindingView>,
}

/// A policy given to somebody.
#[derive(Debug, Clone)]
pub struct PolicyBindingView {
    /// Its identity.
    pub identity: BindingId,
    /// What it says about itself.
    pub described: DescribedView,
    /// The policy.
    pub policy: Option<NamedView>,
    /// The project on whose level this is; none is the organisation's own.
    pub project: Option<NamedView>,
    /// The binding itself, where it comes from above.
    pub source: Option<NamedView>,
    /// Who has it; none where they are gone.
    pub grantee: Option<GranteeView>,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
}

impl OrganisationView {
    pub(super) fn policy_view(
        &self,
        policy: &Role<'_>,
        level: Option<ProjectId>,
        now: Timestamp,
    ) -> PolicyView {
        let project = level.and_then(|project| self.project_named(project));
        let bindings = self.policy_bindings(policy, level, now);
        match policy {
            Role::BuiltIn(built_in) => PolicyView {
                identity: policy.identity(),
                described: self.built_in_described(built_in, policy.slug()),
                built_in: true,
                read_only: true,
                replicates: false,
                conditionals: String::new(),
                project,
                source: None,
                rules: built_in_rules(built_in),
                bindings,
            },
            Role::Own(row) => {
                let part = row.policy.clone().unwrap_or_default();
                let from_above = row.project != level;
                PolicyView {
                    identity: row.identity,
                    described: self.role_described(row),
                    built_in: false,
                    read_only: from_above,
                    replicates: part.replicates,
                    conditionals: part.conditionals,
                    project,
                    source: from_above.then(|| named(row)),
                    rules: rules(row),
                    bindings,
                }
            }
        }
    }

    /// Who has a policy on a level now, by bindings there and by those that reach it from above, oldest
    /// first.
    pub(super) fn policy_bindings(
        &self,
        policy: &Role<'_>,
        level: Option<ProjectId>,
        now: Timestamp,
    ) -> Vec<PolicyBindingView> {
        let bindings = self.bindings_of_policy(policy, now);
        let here = |row: &&BindingRow| row.project == level || self.reaches(row, level);
        let mut rows: Vec<_> = bindings.filter(here).collect();
        rows.sort_by_key(|row| (row.created_at, row.identity));
        let views = rows
            .into_iter()
            .map(|row| self.policy_binding_view(row, level));
        views.collect()
    }

    /// A binding, as seen on a level.
    pub(in super::super) fn policy_binding_view(
        &self,
        row: &BindingRow,
        level: Option<ProjectId>,
    ) -> PolicyBindingView {
        let identity = row.identity.to_string();
        let source = (row.project != level).then(|| NamedView {
            identity: identity.clone(),
            name: binding_name(row, &identity).to_owned(),
            slug: identity.clone(),
        });
        PolicyBindingView {
            identity: row.identity,
            described: self.described_view(
                binding_name(row, &identity),
                &identity,
                row.created_at,
                &row.described,
            ),
            policy: self.role_named(&row.role),
            project: level.and_then(|project| self.project_named(project)),
            source,
            grantee: self.grantee_view(row.principal),
            expires_at: row.expires_at,
        }
    }

    /// A role or policy by name; none where it is gone.
    pub(in super::super) fn role_named(&self, role: &BoundRole) -> Option<NamedView> {
        match role {
            BoundRole::Own(id) => self.roles.get(id).map(named),
            BoundRole::BuiltIn(name) => {
                let role = Role::BuiltIn(strongroom_authz::builtin::find(name)?);
                Some(NamedView {
                    identity: role.identity().to_string(),
                    name: name.clone(),
                    slug: role.slug(),
                })
            }
        }
    }

    pub(in super::super) fn project_named(&self, project: ProjectId) -> Option<NamedView> {
        self.projects.get(&project).map(|row| NamedView {
            identity: row.identity.to_string(),
            name: row.name.as_str().to_owned(),
            slug: row.slug.to_string(),
        })
    }
}

/// A binding that was given no name goes by its identity.
pub(super) fn binding_name<'r>(row: &'r BindingRow, identity: &'r str) -> &'r str {
    match row.name.as_str() {
        "" => identity,
        name => name,
    }
}

fn named(row: &RoleRow) -> NamedView {
    NamedView {
        identity: row.identity.to_string(),
        name: row.name.clone(),
        slug: slug_of(row),
    }
}

fn rules(row: &RoleRow) -> Vec<RuleView> {
    let rules = row.rules.iter().zip(1..);
    rules
        .map(|(rule, number)| RuleView::of(rule, number))
        .collect()
}
