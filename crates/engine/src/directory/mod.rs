//! Organisations, and who may do what in them.
//!
//! Everything that decides access in an organisation is compiled into one [`view::OrganisationView`],
//! which holds exactly as long as the organisation's epoch row does. Whoever changes a role, a
//! binding, a member or a project writes that row in the same batch, so that the change counts
//! from the next request on, on every node.

mod admin;
mod authenticate;
mod enter;
mod last_uses;
mod levels;
mod manage;
mod rights;
mod tokens;
mod view;

pub use admin::{
    Directory, DirectoryError, NewBinding, NewCredential, NewOrganisation, NewRole, NewRule,
    NewToken, NewUser, PrincipalRef, RoleRef,
};
pub use authenticate::Credential;
pub use enter::{EnterError, Entered, Entry, Gate};
pub(crate) use last_uses::LastUses;
pub use manage::{
    AccessFilter, AccessView, BindingSource, ElevationStatus, ElevationView, HeldView, Holder,
    MemberHolding, NewElevation, NewPolicy, NewPolicyBinding, PolicyBindingChange,
    PolicyBindingView, PolicyChange, PolicyMemberView, PolicyView, ReviewView, Until,
};
pub use manage::{
    BindingView, CredentialView, DescribedView, Grantee, GranteeView, IssuedCredential, ListFilter,
    ManageError, Management, MemberView, NamedView, Naming, NamingChange, NewAccessCredential,
    NewRoleBinding, NewTeamMember, OrganisationSummary, ProjectParent, ProjectView, RoleView,
    RuleView, ServiceAccountView, TeamMemberView, TeamView, Thing, UserView,
};
pub(crate) use rights::{Caption, PrincipalId};
pub use tokens::{AccessTokenError, IssuedToken, Tokens};
pub(crate) use view::Views;
