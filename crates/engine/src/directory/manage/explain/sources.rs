//! Where rights come from: every rule that somebody holds, with how they came by it.
//!
//! What can take a rule away for a while is a variant of [`Cut`].

use std::net::IpAddr;

use strongroom_authz::{Conditionals, Permission, Reach, ResourceType, Rule, TokenScopes};
use strongroom_types::{BindingId, ProjectId, Timestamp};

use super::super::role_views::RuleView;
use super::super::roles::Role;
use super::super::views::NamedView;
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, TeamRow};

/// Where a rule comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A role, which counts in the whole organisation.
    OrganisationRole,
    /// A policy of the project, of the organisation's own level, or of a level above.
    Policy,
}

/// What keeps a rule that somebody holds from counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The scopes of the binding leave nothing of it for this.
    Scopes,
    /// The binding has ended.
    Expired,
    /// The policy counts only at other times or from other addresses.
    Conditionals,
}

/// A rule that allows what was asked, and how somebody came by it.
#[derive(Debug, Clone)]
pub struct Ground {
    /// Where it comes from.
    pub source: Source,
    /// The role or policy.
    pub role: NamedView,
    /// The rule.
    pub rule: RuleView,
    /// The binding that gives the role.
    pub binding: BindingId,
    /// What the binding is called; possibly nothing.
    pub binding_name: String,
    /// The team that has the binding; none where they have it themselves, or where the caller may
    /// not know the team.
    pub team: Option<NamedView>,
    /// Whether a team has it, known or not.
    pub through_team: bool,
    /// What the binding is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// When the binding ends, if it does.
    pub expires_at: Option<Timestamp>,
}

/// What is asked of the rules.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) resource: ResourceType,
    pub(crate) permission: Permission,
    pub(crate) on: On,
    /// Whose rules count.
    pub(crate) reach: Reach,
    /// From where, where that is known.
    pub(crate) from: Option<IpAddr>,
    /// When.
    pub(crate) at: Timestamp,
}

/// On what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum On {
    /// On the thing with these names.
    Named(Vec<String>),
    /// On at least one thing of the type.
    Some,
    /// On all of them.
    Every,
}

impl Wanted {
    fn met_by(&self, rule: &Rule) -> bool {
        let (resource, permission) = (self.resource, self.permission);
        match &self.on {
            On::Named(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                rule.allows(resource, permission, &names)
            }
            On::Some => rule.concerns(resource, permission),
            On::Every => rule.allows(resource, permission, &[]),
        }
    }
}

/// The rules that allow it, and those that would if something did not keep them from counting.
#[derive(Debug, Default)]
pub(crate) struct Grounds {
    pub(crate) counting: Vec<Ground>,
    pub(crate) cut: Vec<(Ground, Cut)>,
}

/// A role that somebody holds.
struct Held<'v> {
    source: Source,
    binding: &'v BindingRow,
    role: Role<'v>,
    when: Option<Conditionals>,
    team: Option<&'v TeamRow>,
}

impl OrganisationView {
    /// Why the rules of this principal allow it: its roles, and its policies on a level, which is a
    /// project or the organisation's own.
    pub(crate) fn grounds(
        &self,
        principal: PrincipalId,
        level: Option<ProjectId>,
        wanted: &Wanted,
    ) -> Grounds {
        let mut grounds = Grounds::default();
        for held in held(self, principal, wanted.reach, level) {
            for rule in self.rules_shown(&held.role) {
                // One that no longer parses gives nothing, as in every decision.
                let parsed = Rule::parse(
                    &rule.resources,
                    &rule.resource_identities,
                    &rule.permissions,
                );
                let Some(parsed) = parsed.ok().filter(|parsed| wanted.met_by(parsed)) else {
                    continue;
                };
                let cut = held.cut(wanted, &parsed);
                let ground = held.ground(rule);
                match cut {
                    None => grounds.counting.push(ground),
                    Some(cut) => grounds.cut.push((ground, cut)),
                }
            }
        }
        grounds
    }
}

/// Every role and policy that the principal holds there, itself or by a team; roles first, and in
/// each the oldest first.
fn held<'v>(
    view: &'v OrganisationView,
    principal: PrincipalId,
    reach: Reach,
    level: Option<ProjectId>,
) -> Vec<Held<'v>> {
    let mut rows: Vec<_> = view.bindings.iter().collect();
    rows.sort_by_key(|row| (row.is_policy(), row.created_at, row.identity));
    let held = rows.into_iter().filter_map(|binding| {
        let source = match binding.is_policy() {
            false => Source::OrganisationRole,
            true if reach == Reach::Project && view.reaches(binding, level) => Source::Policy,
            true => return None,
        };
        let team = match (binding.principal, principal) {
            (BoundPrincipal::User(bound), PrincipalId::User(id)) if bound == id => None,
            (BoundPrincipal::ServiceAccount(bound), PrincipalId::ServiceAccount(id))
                if bound == id =>
            {
                None
            }
            (BoundPrincipal::Team(bound), PrincipalId::User(id)) => {
                let team = view.teams.get(&bound);
                Some(team.filter(|team| team.members.contains(&id))?)
            }
            _ => return None,
        };
        Some(Held {
            source,
            binding,
            role: Role::of(view, &binding.role)?,
            when: view.conditionals_of(&binding.role),
            team,
        })
    });
    held.collect()
}

impl Held<'_> {
    fn cut(&self, wanted: &Wanted, rule: &Rule) -> Option<Cut> {
        if !self.binding.is_alive(wanted.at) {
            return Some(Cut::Expired);
        }
        let policy = self.source == Source::Policy;
        let met = |when: &Conditionals| when.hold(wanted.from, wanted.at);
        if policy && !self.when.as_ref().is_none_or(met) {
            return Some(Cut::Conditionals);
        }
        let scopes = match self.binding.scopes.as_slice() {
            [] => TokenScopes::UNRESTRICTED,
            some => TokenScopes::of(some),
        };
        let left = rule.within(scopes);
        match left.is_some_and(|left| wanted.met_by(&left)) {
            true => None,
            false => Some(Cut::Scopes),
        }
    }

    fn ground(&self, rule: RuleView) -> Ground {
        Ground {
            source: self.source,
            role: self.role.named(),
            rule,
            binding: self.binding.identity,
            binding_name: self.binding.name.clone(),
            team: self.team.map(NamedView::of_team),
            through_team: self.team.is_some(),
            scopes: self.binding.scopes.clone(),
            expires_at: self.binding.expires_at,
        }
    }
}
