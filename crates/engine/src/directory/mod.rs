//! Organisations, and who may do what in them.
//!
//! Everything that decides access in an organisation is compiled into one [`view::OrganisationView`],
//! which holds exactly as long as the organisation's epoch row does. Whoever changes a role, a
//! binding, a member or a project writes that row in the same batch, so that the change counts
//! from the next request on, on every node.

mod admin;
mod attempts;
mod authenticate;
mod changing;
mod enter;
mod federation;
mod joining;
mod last_uses;
mod levels;
mod manage;
#[cfg(test)]
mod model;
mod proof;
mod rights;
mod token_index;
mod tokens;
mod view;

pub use admin::{
    Directory, DirectoryError, NewBinding, NewCredential, NewOrganisation, NewRole, NewRule,
    NewToken, NewUser, PrincipalRef, RoleRef,
};
pub(crate) use attempts::Attempts;
pub use authenticate::Credential;
pub use enter::{EnterError, Entered, Entry, Gate};
pub(crate) use federation::IssuerKeys;
pub use federation::{
    AudienceMatch, ConditionError, ExchangeAsk, ExchangeError, ExchangeRefusal,
    FederatedAccountView, FederatedFilter, FederatedIdentityChange, FederatedIdentityError,
    FederatedIdentityView, FederatedProviderChange, FederatedProviderError, FederatedProviderView,
    Federation, FetchError, IdentityStatus, KeySetError, NewFederatedIdentity,
    NewFederatedProvider, NoOutbound, Outbound, SignInAsk, SignInError, SignInOption,
    SignInOptions, SignInOptionsError, SignInSettings,
};
pub use joining::{Invitations, JoinError, Joined};
pub(crate) use last_uses::LastUses;
pub use manage::{
    AccessFilter, AccessView, BindingSource, ElevationStatus, ElevationView, HeldView, Holder,
    MemberHolding, NewElevation, NewPolicy, NewPolicyBinding, PolicyBindingChange,
    PolicyBindingView, PolicyChange, PolicyMemberView, PolicyView, ReviewView, Until,
};
pub use manage::{
    BindingView, CredentialView, DescribedView, Grantee, GranteeView, InviteView, IssuedCredential,
    IssuedInvite, IssuedPersonalToken, ListFilter, ManageError, Management, MemberView, NamedView,
    Naming, NamingChange, NewAccessCredential, NewInvite, NewRoleBinding, NewTeamMember,
    OrganisationSummary, ProjectParent, ProjectView, RoleView, RuleView, ServiceAccountView,
    TeamMemberView, TeamView, Thing, TokenView, UserView,
};
pub use manage::{
    Cut, ExplainError, Explanation, Ground, PolicyFinding, RightsQuestion, Source, Subject, Verdict,
};
pub(crate) use rights::{Caption, CredentialName, PrincipalId};
pub use token_index::TokenIndexError;
pub(crate) use token_index::index_tokens;
pub(crate) use tokens::LONGEST_TOKEN;
pub use tokens::{
    AccessTokenError, IssueError, IssuedToken, TokenAsk, TokenError, TokenExtras, Tokens,
};
pub(crate) use view::{OrganisationView, Views};
