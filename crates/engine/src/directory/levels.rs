//! Where rights count: roles in the whole organisation, policies on one level and perhaps below.
//!
//! A level is a project, or what the organisation holds outside of all projects. The latter is above
//! every project; a project is above those that are part of it.

use strongroom_authz::{Conditionals, RuleSet};
use strongroom_types::{ProjectId, Timestamp};

use super::rights::PrincipalId;
use super::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, BoundRole, RoleRow};

/// Where something is given.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place {
    /// In the whole organisation.
    Organisation,
    /// On a level.
    Level {
        /// The project; none is the organisation's own level.
        project: Option<ProjectId>,
        /// Whether also on all levels below.
        below: bool,
    },
}

impl OrganisationView {
    /// Where a binding gives what it gives.
    pub(super) fn place_of(&self, binding: &BindingRow) -> Place {
        match binding.is_policy() {
            false => Place::Organisation,
            true => Place::Level {
                project: binding.project,
                below: self.replicates(&binding.role),
            },
        }
    }

    /// The bindings that give the principal something now, itself or by a team.
    pub(super) fn held_by(
        &self,
        principal: PrincipalId,
        now: Timestamp,
    ) -> impl Iterator<Item = &BindingRow> {
        let teams = self.teams_of(principal);
        let is_theirs = move |bound: BoundPrincipal| match (bound, principal) {
            (BoundPrincipal::User(bound), PrincipalId::User(id)) => bound == id,
            (BoundPrincipal::ServiceAccount(bound), PrincipalId::ServiceAccount(id)) => bound == id,
            (BoundPrincipal::Team(bound), _) => teams.iter().any(|team| team.id == bound),
            _ => false,
        };
        let bindings = self.bindings.iter();
        bindings.filter(move |binding| binding.is_alive(now) && is_theirs(binding.principal))
    }

    /// Whether a binding of a policy counts on this level.
    pub(super) fn reaches(&self, binding: &BindingRow, level: Option<ProjectId>) -> bool {
        binding.is_policy()
            && self.stands(&binding.role, binding.project)
            && (binding.project == level
                || (self.replicates(&binding.role) && self.is_above(binding.project, level)))
    }

    /// Whether this policy is one of that level: its own, or one from above.
    pub(super) fn stands_on(&self, row: &RoleRow, level: Option<ProjectId>) -> bool {
        let comes_down = || replicates(row) && self.is_above(row.project, level);
        row.is_policy() && (row.project == level || comes_down())
    }

    /// Whether what is bound on a level still belongs there: a project may have moved since.
    fn stands(&self, role: &BoundRole, level: Option<ProjectId>) -> bool {
        match role {
            BoundRole::BuiltIn(_) => true,
            BoundRole::Own(id) => self
                .roles
                .get(id)
                .is_some_and(|row| !row.is_policy() || self.stands_on(row, level)),
        }
    }

    /// Whether a policy counts below the level that it is bound on.
    pub(super) fn replicates(&self, role: &BoundRole) -> bool {
        match role {
            BoundRole::BuiltIn(_) => false,
            BoundRole::Own(id) => self.roles.get(id).is_some_and(replicates),
        }
    }

    /// Whether one level is above another.
    pub(super) fn is_above(&self, upper: Option<ProjectId>, lower: Option<ProjectId>) -> bool {
        match (upper, lower) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(upper), Some(lower)) => self.ancestors(lower).any(|each| each == upper),
        }
    }

    /// The projects that a project is part of, from the inside out.
    pub(super) fn ancestors(&self, project: ProjectId) -> impl Iterator<Item = ProjectId> {
        let parent = |id: &ProjectId| self.projects.get(id).and_then(|row| row.parent);
        // No project is part of itself; should a row say so all the same, the walk ends.
        std::iter::successors(parent(&project), move |id| parent(id)).take(self.projects.len())
    }

    /// When and from where a policy counts; none means always and from everywhere.
    pub(super) fn conditionals_of(&self, role: &BoundRole) -> Option<Conditionals> {
        let BoundRole::Own(id) = role else {
            return None;
        };
        let row = self.roles.get(id)?.policy.as_ref()?;
        if row.conditionals.is_empty() {
            return None;
        }
        // They were parsed when they were written; what no longer parses is never met.
        let parsed = Conditionals::parse(&row.conditionals);
        parsed.unwrap_or_else(|_| Some(Conditionals::unreadable()))
    }

    /// What a principal can pass on: what it holds in that place without conditions, and at least
    /// until then (none is for ever). Worked out anew each time, as few calls give something.
    pub(super) fn lasting_rules(
        &self,
        principal: PrincipalId,
        place: Place,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> RuleSet {
        let lasts = |binding: &BindingRow| match (binding.expires_at, until) {
            (None, _) => true,
            (Some(end), Some(until)) => until <= end,
            (Some(_), None) => false,
        };
        let counts = |binding: &BindingRow| match place {
            _ if !binding.is_policy() => true,
            Place::Organisation => false,
            Place::Level { project, below } => {
                self.reaches(binding, project) && (!below || self.replicates(&binding.role))
            }
        };
        self.held_by(principal, now)
            .filter(|binding| lasts(binding) && counts(binding))
            .filter(|binding| self.conditionals_of(&binding.role).is_none())
            .flat_map(|binding| self.rules_given(binding))
            .collect()
    }
}

/// Whether a policy counts below its level.
fn replicates(row: &RoleRow) -> bool {
    row.policy.as_ref().is_some_and(|policy| policy.replicates)
}
