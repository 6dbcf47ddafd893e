//! From what the engine shows of a directory to what travels.

use strongroom_api as api;
use strongroom_engine::{
    CredentialView, DescribedView, IssuedCredential, ServiceAccountView, UserView,
};

fn described(view: DescribedView) -> api::Described {
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

fn user(view: UserView) -> api::AppUser {
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
    }
}

pub(super) fn issued(issued: IssuedCredential) -> api::SensitiveBody {
    let IssuedCredential { view, secret } = issued;
    let identity = view.identity.to_string();
    api::access_credential_reply(&identity, &view.access_key, secret.expose(), &view.scopes)
}
