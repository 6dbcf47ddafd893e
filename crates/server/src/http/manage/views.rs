//! From what the engine shows of a directory to what travels.

use strongroom_api as api;
use strongroom_engine::{
    BindingView, CredentialView, DescribedView, GranteeView, InviteView, IssuedCredential,
    IssuedInvite, IssuedPersonalToken, Joined, MemberView, NamedView, OrganisationSummary,
    ProjectView, RoleView, RuleView, ServiceAccountView, TeamMemberView, TeamView, TokenView,
    UserView,
};
use strongroom_types::Networks;

pub(super) fn described(view: DescribedView) -> api::Described {
    api::Described {
        name: view.name,
        slug: view.slug,
        description: view.description,
        labels: view.labels,
        annotations: view.annotations,
        created_at: view.created_at.into(),
        updated_at: view.updated_at.unwrap_or(view.created_at).into(),
        object_version: view.object_version,
    }
}

pub(in crate::http) fn user(view: UserView) -> api::AppUser {
    api::AppUser {
        subject: view.identity.to_string(),
        name: view.name,
        email: view.email,
        created_at: view.created_at.into(),
    }
}

/// All of a list.
pub(super) fn each<V, W>(show: fn(V) -> W) -> impl FnOnce(Vec<V>) -> Vec<W> {
    move |views| views.into_iter().map(show).collect()
}

pub(super) fn service_account(mut view: ServiceAccountView) -> api::ServiceAccount {
    api::ServiceAccount {
        identity: view.identity.to_string(),
        created_by: view.described.created_by.take().map(user),
        described: described(view.described),
        organisation: organisation(view.organisation),
        role_bindings: view.role_bindings.into_iter().map(binding).collect(),
    }
}

pub(super) fn organisation(view: OrganisationSummary) -> api::Organisation {
    api::Organisation {
        identity: view.identity.to_string(),
        name: view.name,
        slug: view.slug,
        created_at: view.created_at.into(),
        object_version: 1,
    }
}

pub(super) fn named(view: NamedView) -> api::NamedRef {
    api::NamedRef {
        identity: view.identity,
        name: view.name,
        slug: view.slug,
    }
}

pub(super) fn role(view: RoleView) -> api::Role {
    api::Role {
        identity: view.identity.to_string(),
        described: described(view.described),
        is_read_only: view.built_in,
        system: view.built_in,
        rules: view.rules.into_iter().map(rule).collect(),
        bindings: view.bindings.into_iter().map(binding).collect(),
    }
}

pub(super) fn rule(view: RuleView) -> api::RoleRule {
    api::RoleRule {
        identity: view.identity.to_string(),
        resources: view.resources,
        resource_identities: view.resource_identities,
        permissions: view.permissions,
        note: view.note,
    }
}

pub(super) fn binding(view: BindingView) -> api::RoleBinding {
    let (user, team, service_account) = match view.grantee {
        Some(GranteeView::User(one)) => (Some(self::user(one)), None, None),
        Some(GranteeView::Team(one)) => (None, Some(named(one)), None),
        Some(GranteeView::ServiceAccount(one)) => (None, None, Some(named(one))),
        None => (None, None, None),
    };
    api::RoleBinding {
        identity: view.identity.to_string(),
        described: described(view.described),
        organisation_role: named(view.role),
        user,
        team,
        service_account,
        scopes: view.scopes,
    }
}

pub(super) fn team(view: TeamView) -> api::Team {
    api::Team {
        identity: view.identity.to_string(),
        described: described(view.described),
        members: view.members.into_iter().map(team_member).collect(),
    }
}

pub(super) fn team_member(view: TeamMemberView) -> api::TeamMember {
    api::TeamMember {
        identity: view.user.identity.to_string(),
        role: view.role,
        user: user(view.user),
        created_at: view.joined_at.into(),
    }
}

pub(super) fn member(view: MemberView) -> api::Membership {
    api::Membership {
        identity: view.user.identity.to_string(),
        created_at: view.user.created_at.into(),
        organisation: None,
        user: user(view.user),
        role: api::Membership::role(view.owner),
    }
}

pub(super) fn own_membership(view: MemberView) -> api::Membership {
    api::Membership {
        organisation: Some(organisation(view.organisation.clone())),
        ..member(view)
    }
}

pub(super) fn invite(view: InviteView) -> api::Invite {
    api::Invite {
        email: view.email,
        organisation: organisation(view.organisation),
        role: api::Membership::role(view.owner),
        invited_by_user: view.invited_by.map(user),
        join_team_on_accept: view.team.map(named),
        rolebinding_on_accept: view.role.map(named),
        created_at: view.created_at.into(),
        expires_at: view.expires_at.into(),
        invite_code: view.identity.to_string(),
    }
}

pub(super) fn issued_invite(issued: IssuedInvite) -> api::SensitiveBody {
    let identity = issued.identity.to_string();
    let end = api::Time::from(issued.expires_at).to_string();
    api::invite_reply(&identity, &end, issued.code.expose())
}

pub(super) fn joined(joined: Joined) -> api::SensitiveBody {
    api::joined_reply(&own_membership(joined.member), joined.token.expose())
}

pub(super) fn project(view: ProjectView) -> api::Project {
    api::Project {
        identity: view.identity.to_string(),
        described: described(view.described),
        parent_project: view.parent.map(named),
    }
}

pub(super) fn credential(view: CredentialView) -> api::AccessCredential {
    api::AccessCredential {
        identity: view.identity.to_string(),
        name: view.name,
        description: view.description,
        created_at: view.created_at.into(),
        last_used_at: view.last_used_at.map(Into::into),
        expires_at: view.expires_at.map(Into::into),
        access_key: view.access_key,
        scopes: view.scopes,
        allowed_ips: ranges(&view.allowed_ips),
    }
}

pub(super) fn personal_token(view: TokenView) -> api::PersonalToken {
    api::PersonalToken {
        identity: view.identity.to_string(),
        name: view.name,
        description: view.description,
        created_at: view.created_at.into(),
        last_used_at: view.last_used_at.map(Into::into),
        expires_at: view.expires_at.map(Into::into),
        scopes: view.scopes,
        allowed_ips: ranges(&view.allowed_ips),
        organisation_identity: view.organisation.map(|id| id.to_string()),
    }
}

fn ranges(networks: &Networks) -> Vec<String> {
    let ranges = networks.ranges().iter();
    ranges.map(ToString::to_string).collect()
}

pub(super) fn issued_token(issued: IssuedPersonalToken) -> api::SensitiveBody {
    let IssuedPersonalToken { view, value } = issued;
    let identity = view.identity.to_string();
    api::personal_token_reply(&identity, value.expose(), &view.scopes)
}

pub(super) fn issued(issued: IssuedCredential) -> api::SensitiveBody {
    let IssuedCredential { view, secret } = issued;
    let identity = view.identity.to_string();
    api::access_credential_reply(&identity, &view.access_key, secret.expose(), &view.scopes)
}
