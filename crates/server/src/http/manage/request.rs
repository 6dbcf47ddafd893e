//! How calls on a directory are read.

use strongroom_api::{self as api, RequestError};
use strongroom_engine::{
    Grantee, ListFilter, ManageError, Naming, NamingChange, NewAccessCredential, NewInvite,
    NewRoleBinding, NewRule, NewTeamMember, Thing,
};
use strongroom_types::{
    BindingId, CredentialId, InviteId, ProjectId, Reference, RoleId, RuleId, ServiceAccountId,
    TeamId, TokenId, UserId,
};

use super::super::asked::{Form, InUrl, Named};
use super::super::guard::Parts;
use super::super::refusal::Refusal;
use super::policy_requests::until;

/// `/v1/iam/roles/{id}` or `/v1/projects/iam/policies/{id}`.
impl InUrl for Reference<RoleId> {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let (place, thing) = role_or_policy(parts);
        let named = api::role_reference(&parts.url.segment(place));
        named.ok_or_else(|| ManageError::NotFound(thing).into())
    }
}

/// Which segment names it, and what it is.
fn role_or_policy(parts: &Parts<'_>) -> (usize, Thing) {
    match &*parts.url.segment(2) {
        "projects" => (5, Thing::Policy),
        _ => (4, Thing::Role),
    }
}

/// `…/{id}/rules/{rid}`.
impl InUrl for (Reference<RoleId>, RuleId) {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let rule = segment(parts, role_or_policy(parts).0 + 2, Thing::Rule)?;
        Ok((InUrl::of(parts)?, rule))
    }
}

/// `…/{id}/bindings/{bid}`.
impl InUrl for (Reference<RoleId>, BindingId) {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let binding = segment(parts, role_or_policy(parts).0 + 2, Thing::Binding)?;
        Ok((InUrl::of(parts)?, binding))
    }
}

/// `/v1/teams/{id}`.
impl InUrl for Reference<TeamId> {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 3, Thing::Team)
    }
}

/// `/v1/teams/{id}/members/{mid}`.
impl InUrl for (Reference<TeamId>, UserId) {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let user = segment(parts, 5, Thing::Member)?;
        Ok((InUrl::of(parts)?, user))
    }
}

/// `/v1/memberships/{mid}`.
impl InUrl for UserId {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 3, Thing::Member)
    }
}

/// `/v1/invites/{invite}`.
impl InUrl for InviteId {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 3, Thing::Invite)
    }
}

/// `/v1/me/personal-access-tokens/{tid}`.
impl InUrl for TokenId {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 4, Thing::Token)
    }
}

/// `/v1/projects/{id}`.
impl InUrl for Reference<ProjectId> {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 3, Thing::Project)
    }
}

/// `/v1/service-accounts/{id}`.
impl InUrl for Reference<ServiceAccountId> {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        segment(parts, 3, Thing::ServiceAccount)
    }
}

/// `/v1/service-accounts/{id}/access-credentials/{cid}`.
impl InUrl for (Reference<ServiceAccountId>, CredentialId) {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let credential = segment(parts, 5, Thing::AccessCredential)?;
        Ok((InUrl::of(parts)?, credential))
    }
}

pub(super) fn segment<T: std::str::FromStr>(
    parts: &Parts<'_>,
    index: usize,
    thing: Thing,
) -> Result<T, Refusal> {
    let text = parts.url.segment(index);
    text.parse()
        .map_err(|_| ManageError::NotFound(thing).into())
}

impl Form for ListFilter {
    const IN_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Ok(Self {
            identity: parts.url.text("identity")?,
            name: parts.url.text("name")?,
            slug: parts.url.text("slug")?,
            labels: parts.url.pairs("matchLabels"),
        })
    }
}

impl Form for api::Naming {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body, parts.rules)
    }
}

impl Named for api::Naming {
    fn naming(&self) -> &api::Naming {
        self
    }
}

/// How the engine is told what a body says.
pub(super) fn naming(body: api::Naming) -> Naming {
    Naming {
        name: body.name,
        description: body.description,
        labels: body.labels,
        annotations: body.annotations,
    }
}

impl Form for NamingChange {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Ok(naming_change(api::NamingChange::parse(
            parts.body,
            parts.rules,
        )?))
    }
}

/// How the engine is told what a body changes.
pub(super) fn naming_change(body: api::NamingChange) -> NamingChange {
    NamingChange {
        name: body.name,
        description: body.description,
        labels: body.labels,
        annotations: body.annotations,
    }
}

impl Form for NewTeamMember {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::AddTeamMember::parse(parts.body)?;
        Ok(Self {
            user: body.user,
            role: body.role,
        })
    }
}

impl Form for NewInvite {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateInvite::parse(parts.body)?;
        Ok(Self {
            email: body.email,
            owner: body.owner,
            team: body.team,
            role: body.role,
            until: body.until.map(until),
        })
    }
}

impl Form for api::UpdateMembership {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body)
    }
}

impl Form for api::CreateProject {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body, parts.rules)
    }
}

impl Named for api::CreateProject {
    fn naming(&self) -> &api::Naming {
        &self.naming
    }
}

impl Form for api::UpdateProject {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        Self::parse(parts.body, parts.rules)
    }
}

impl Form for NewRule {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::AddRule::parse(parts.body)?;
        Ok(Self {
            resources: body.resources,
            resource_identities: body.resource_identities,
            permissions: body.permissions,
            note: body.note,
        })
    }
}

/// How the engine is told to whom something is given.
pub(super) fn grantee(grantee: api::Grantee) -> Grantee {
    match grantee {
        api::Grantee::User(user) => Grantee::User(user),
        api::Grantee::Team(team) => Grantee::Team(team),
        api::Grantee::ServiceAccount(account) => Grantee::ServiceAccount(account),
    }
}

impl Form for NewRoleBinding {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateRoleBinding::parse(parts.body, parts.rules)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            grantee: grantee(body.grantee),
            scopes: body.scopes,
        })
    }
}

impl Form for NewAccessCredential {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateAccessCredential::parse(parts.body)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            expires_at: body.expires_at,
            scopes: body.scopes,
            allowed_ips: body.allowed_ips,
        })
    }
}
