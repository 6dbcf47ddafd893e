//! What can be done about a project's policies, and about rights that end (contract 4.4).
//!
//! A table of its own beside the one of [`super`]: these actions happen on one [`Level`].

use strongroom_types::{
    BindingId, ElevationId, OrganisationId, ProjectId, Reference, RoleId, RuleId, Slug,
};

use super::{
    Action, ActionFacts, ActionScope, DeniedAs, Extent, Kind, RegionlessScope, sealed, slug, some,
};
use crate::decision::Reach;
use crate::permission::Permission;
use crate::resource::ResourceType;

/// Where policies stand: in a project, or on the organisation's own level, outside of all projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level {
    /// The organisation.
    pub organisation: OrganisationId,
    /// The project; none is the organisation's own level.
    pub project: Option<ProjectId>,
}

impl sealed::Sealed for Level {}

impl RegionlessScope for Level {}

impl ActionScope for Level {
    const REACH: Reach = Reach::Project;

    fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    fn project(&self) -> Option<ProjectId> {
        self.project
    }
}

actions! {
    /// The policies of the level that the caller may read.
    ListPolicies: Reads IamPolicy [List] else Forbidden, (), in Level, on some;
    /// Make a policy with this slug, which allows nothing yet.
    CreatePolicy: Writes IamPolicy [Create] else Forbidden, Slug, in Level, on slug;
    /// A policy.
    ReadPolicy: Reads IamPolicy [Read] else Forbidden, Reference<RoleId>, in Level, on some;
    /// Change what is said about a policy, and when and where it counts.
    UpdatePolicy: Writes IamPolicy [Update] else Forbidden, Reference<RoleId>, in Level, on some;
    /// Remove a policy, and take it from everybody.
    DeletePolicy: Writes IamPolicy [Delete] else Forbidden, Reference<RoleId>, in Level, on some;
    /// The resource types that rules of policies can name. Every member may.
    ListPolicyResources: Reads IamPolicy [] else Forbidden, (), in Level, on some;
    /// Who holds what on the level.
    ListPolicyMembers: Reads IamPolicy [List] else Forbidden, (), in Level, on some;
    /// Let a policy allow more, of what the caller holds.
    AddPolicyRule: Writes IamPolicy [Update] else Forbidden, Reference<RoleId>, in Level, on some;
    /// Let a policy allow less.
    RemovePolicyRule: Writes IamPolicy [Update] else Forbidden, (Reference<RoleId>, RuleId), in Level, on some;
    /// Who has a policy.
    ListPolicyBindings: Reads IamPolicy [Read] else Forbidden, Reference<RoleId>, in Level, on some;
    /// Give a policy, of which the caller holds everything.
    CreatePolicyBinding: Writes IamPolicy [Update] else Forbidden, Reference<RoleId>, in Level, on some;
    /// Change what is said about a binding, and when it ends.
    UpdatePolicyBinding: Writes IamPolicy [Update] else Forbidden, (Reference<RoleId>, BindingId), in Level, on some;
    /// Take a policy away.
    DeletePolicyBinding: Writes IamPolicy [Update] else Forbidden, (Reference<RoleId>, BindingId), in Level, on some;
    /// Who may do something to a resource, and by what.
    ListAccessBindings: Reads IamPolicy [List] else Forbidden, (), in Level, on some;

    /// What the caller asked for. Every member may.
    ListOwnElevations: Reads IamPolicy [] else Forbidden, (), in Level, on some;
    /// Ask for a policy for a while. Every member may; others decide.
    RequestElevation: Writes IamPolicy [] else Forbidden, (), in Level, on some;
    /// One of the caller's own requests. Every member may.
    ReadOwnElevation: Reads IamPolicy [] else Forbidden, ElevationId, in Level, on some;
    /// Take one's own request back. Every member may.
    CancelElevation: Writes IamPolicy [] else Forbidden, ElevationId, in Level, on some;
    /// What was asked for on the level.
    ListElevations: Reads IamPolicy [List] else Forbidden, (), in Level, on some;
    /// Somebody's request.
    ReadElevation: Reads IamPolicy [Read] else Forbidden, ElevationId, in Level, on some;
    /// Give what somebody else asked for, of which the caller holds everything.
    ApproveElevation: Writes IamPolicy [Update] else Forbidden, ElevationId, in Level, on some;
    /// Refuse what somebody asked for.
    RejectElevation: Writes IamPolicy [Update] else Forbidden, ElevationId, in Level, on some;
    /// Take away what was given on request, before it ends.
    RevokeElevation: Writes IamPolicy [Update] else Forbidden, ElevationId, in Level, on some;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every action beside what the contract's 4.4 asks for, and our choices where it is silent.
    #[test]
    fn the_table_is_the_contract() {
        let table: Vec<String> = TABLE
            .iter()
            .map(|action| {
                assert_eq!(action.resource, ResourceType::IamPolicy);
                assert_eq!(action.denied, DeniedAs::Forbidden);
                let permissions: Vec<_> = action.permissions.iter().map(|p| p.as_str()).collect();
                format!(
                    "{} {} {:?}",
                    action.name,
                    permissions.join("|"),
                    action.kind
                )
            })
            .collect();
        assert_eq!(
            table,
            [
                "ListPolicies list Reads",
                "CreatePolicy create Writes",
                "ReadPolicy read Reads",
                "UpdatePolicy update Writes",
                "DeletePolicy delete Writes",
                "ListPolicyResources  Reads",
                "ListPolicyMembers list Reads",
                "AddPolicyRule update Writes",
                "RemovePolicyRule update Writes",
                "ListPolicyBindings read Reads",
                "CreatePolicyBinding update Writes",
                "UpdatePolicyBinding update Writes",
                "DeletePolicyBinding update Writes",
                "ListAccessBindings list Reads",
                "ListOwnElevations  Reads",
                "RequestElevation  Writes",
                "ReadOwnElevation  Reads",
                "CancelElevation  Writes",
                "ListElevations list Reads",
                "ReadElevation read Reads",
                "ApproveElevation update Writes",
                "RejectElevation update Writes",
                "RevokeElevation update Writes",
            ]
        );
    }
}
