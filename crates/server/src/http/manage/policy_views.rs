//! From what the engine shows of policies and access elevations to what travels.

use strongroom_api as api;
use strongroom_engine::{
    AccessView, ElevationView, GranteeView, HeldView, Holder, MemberHolding, NamedView,
    PolicyBindingView, PolicyMemberView, PolicyView,
};

use super::views::{described, named, rule, user};

pub(super) fn policy(view: PolicyView) -> api::IamPolicy {
    api::IamPolicy {
        identity: view.identity.to_string(),
        described: described(view.described),
        is_read_only: view.read_only,
        system: view.built_in,
        replicate_to_children: view.replicates,
        source_iam_policy: view.source.map(named),
        project: view.project.map(named),
        // It was understood before it was stored, so that it is JSON.
        conditionals: serde_json::from_str(&view.conditionals).ok(),
        rules: view.rules.into_iter().map(rule).collect(),
        bindings: view.bindings.into_iter().map(binding).collect(),
    }
}

fn identity_of(project: Option<&NamedView>) -> Option<String> {
    project.map(|project| project.identity.clone())
}

pub(super) fn binding(view: PolicyBindingView) -> api::IamPolicyBinding {
    let (user, service_account) = match view.grantee {
        Some(GranteeView::User(one)) => (Some(self::user(one)), None),
        Some(GranteeView::ServiceAccount(one)) => (None, Some(named(one))),
        // A team that the installation itself bound is shown by neither.
        Some(GranteeView::Team(_)) | None => (None, None),
    };
    api::IamPolicyBinding {
        identity: view.identity.to_string(),
        described: described(view.described),
        iam_policy: view.policy.map(named),
        source_iam_policy_binding: view.source.map(named),
        project_id: identity_of(view.project.as_ref()),
        project: view.project.map(named),
        user,
        service_account,
        expires_at: view.expires_at.map(Into::into),
    }
}

pub(super) fn member(view: PolicyMemberView) -> api::ProjectMember {
    api::ProjectMember {
        user: user(view.user),
        bindings: view.holdings.into_iter().map(holding).collect(),
    }
}

fn holding(view: MemberHolding) -> api::ProjectMemberAccess {
    api::ProjectMemberAccess {
        source: view.source.as_str().to_owned(),
        binding_identity: view.binding,
        binding_name: view.binding_name,
        expires_at: view.expires_at.map(Into::into),
        policy_identity: view.policy.identity,
        policy_name: view.policy.name,
        policy_slug: view.policy.slug,
    }
}

pub(super) fn access(view: AccessView) -> api::ResourceAccess {
    api::ResourceAccess {
        resource_identity: view.resource_identity,
        bindings: view.held.into_iter().map(held).collect(),
    }
}

fn held(view: HeldView) -> api::ResourceAccessBinding {
    let (principal_type, principal_identity, name) = match view.holder {
        Holder::User(one) => ("user", one.identity.to_string(), one.name),
        Holder::ServiceAccount(one) => ("service_account", one.identity, one.name),
    };
    let (policy_identity, policy_name) = view
        .policy
        .map(|policy| (policy.identity, policy.name))
        .unzip();
    api::ResourceAccessBinding {
        resource_type: view.resource_type.to_owned(),
        binding_type: view.source.as_str().to_owned(),
        binding_identity: view.binding,
        policy_identity,
        policy_name,
        principal_type: principal_type.to_owned(),
        principal_identity,
        principal_display_name: name,
        permissions: view.permissions.into_iter().map(str::to_owned).collect(),
        expires_at: view.expires_at.map(Into::into),
    }
}

pub(super) fn elevation(view: ElevationView) -> api::AccessElevation {
    let (at, by, note) = match view.review {
        Some(review) => (Some(review.at), review.by, Some(review.note)),
        None => (None, None, None),
    };
    api::AccessElevation {
        identity: view.identity.to_string(),
        labels: view.labels,
        annotations: view.annotations,
        created_at: view.created_at.into(),
        updated_at: view.updated_at.unwrap_or(view.created_at).into(),
        object_version: view.object_version,
        project_id: identity_of(view.project.as_ref()),
        project: view.project.map(named),
        iam_policy: view.policy.map(named),
        requester: view.requester.map(user),
        status: view.status.as_str().to_owned(),
        reason: view.reason,
        requested_expires_at: view.ends_at.into(),
        reviewed_at: at.map(Into::into),
        reviewed_by: by.map(user),
        review_note: note,
        iam_policy_binding: view.binding.map(binding),
    }
}
