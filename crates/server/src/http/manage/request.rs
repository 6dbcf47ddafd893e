//! How calls on a directory are read: the thing from the URL or the name, the rest from the body.

use std::marker::PhantomData;

use strongroom_api::{self as api, RequestError};
use strongroom_authz::Action;
use strongroom_engine::{
    Grantee, ListFilter, ManageError, Naming, NamingChange, NewAccessCredential, NewRoleBinding,
    NewRule, NewTeamMember, Thing,
};
use strongroom_types::{
    BindingId, CredentialId, ProjectId, Reference, RoleId, RuleId, ServiceAccountId, Slug, TeamId,
    TokenId, UserId,
};

use super::super::guard::{Parts, Place, Request, Target};
use super::super::refusal::Refusal;

/// A request to do `A`, with a body or a query of this form.
pub(super) struct Asked<A, B = Nothing>(pub(super) B, PhantomData<fn() -> A>);

/// The part of a request beside the thing that it is about.
pub(super) trait Form: Sized + Send + 'static {
    /// Whether it is in the body.
    const IN_BODY: bool;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError>;
}

/// A request for what is there already, which the URL names.
impl<A, B> Request for Asked<A, B>
where
    A: Action<Scope: Place, Target: InUrl>,
    B: Form,
{
    type Action = A;
    const HAS_BODY: bool = B::IN_BODY;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let target = A::Target::of(parts)?;
        Ok((target, Self(B::read(parts)?, PhantomData)))
    }
}

/// A request to make something whose slug is what the action is about.
pub(super) struct Making<A, B>(pub(super) B, PhantomData<fn() -> A>);

/// The body of such a request.
pub(super) trait Named: Form {
    fn naming(&self) -> &api::Naming;
}

impl<A, B> Request for Making<A, B>
where
    A: Action<Scope: Place, Target = strongroom_types::Slug>,
    B: Named,
{
    type Action = A;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = B::read(parts)?;
        Ok((body.naming().slug.clone(), Self(body, PhantomData)))
    }
}

/// What a URL can name.
pub(super) trait InUrl: Clone + Sized {
    /// The thing, or the refusal of one that cannot exist.
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal>;
}

impl InUrl for () {
    fn of(_: &Parts<'_>) -> Result<Self, Refusal> {
        Ok(())
    }
}

/// `/v1/iam/roles/{id}` or `/v1/projects/iam/policies/{id}`. One that comes with the service also
/// goes by its name.
impl InUrl for Reference<RoleId> {
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal> {
        let (place, thing) = role_or_policy(parts);
        let text = parts.url.segment(place);
        let named = Slug::of_name(&text).map(Reference::Slug);
        let parsed = text.parse().or(named);
        parsed.map_err(|_| ManageError::NotFound(thing).into())
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

fn segment<T: std::str::FromStr>(
    parts: &Parts<'_>,
    index: usize,
    thing: Thing,
) -> Result<T, Refusal> {
    let text = parts.url.segment(index);
    text.parse()
        .map_err(|_| ManageError::NotFound(thing).into())
}

/// A request that says no more than its URL.
pub(super) struct Nothing;

impl Form for Nothing {
    const IN_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<Self, RequestError> {
        Ok(Self)
    }
}

impl Form for ListFilter {
    const IN_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let text = |name| {
            let value = parts.url.parameter(name)?.filter(|value| !value.is_empty());
            Ok::<_, RequestError>(value.map(|value| value.into_owned()))
        };
        Ok(Self {
            identity: text("identity")?,
            name: text("name")?,
            slug: text("slug")?,
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

impl Form for NewRoleBinding {
    const IN_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError> {
        let body = api::CreateRoleBinding::parse(parts.body, parts.rules)?;
        Ok(Self {
            name: body.name,
            description: body.description,
            labels: body.labels,
            annotations: body.annotations,
            grantee: match body.grantee {
                api::Grantee::User(user) => Grantee::User(user),
                api::Grantee::Team(team) => Grantee::Team(team),
                api::Grantee::ServiceAccount(account) => Grantee::ServiceAccount(account),
            },
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
