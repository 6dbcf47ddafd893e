//! From what the engine shows to what travels, and back.

use serde_json::value::RawValue;
use strongroom_api as api;
use strongroom_engine::{
    AudienceMatch, FederatedAccountView, FederatedIdentityView, FederatedProviderView,
    IdentityStatus, SignInSettings,
};

use crate::http::manage::views::user;

pub(super) fn providers(views: Vec<FederatedProviderView>) -> Vec<api::FederatedProvider> {
    views.into_iter().map(provider).collect()
}

pub(super) fn provider(view: FederatedProviderView) -> api::FederatedProvider {
    api::FederatedProvider {
        identity: view.identity.to_string(),
        name: view.name.as_str().to_owned(),
        description: view.description.as_str().to_owned(),
        labels: view.labels.as_map().clone(),
        annotations: view.annotations.as_map().clone(),
        created_at: view.created_at.into(),
        updated_at: view.updated_at.map(Into::into),
        object_version: view.object_version,
        provider_issuer: view.issuer,
        provider_jwks_uri: view.jwks_uri,
        local_jwks: document(view.local_jwks),
        status: if view.active { "active" } else { "inactive" }.to_owned(),
        sign_in: view.sign_in.map(sign_in),
        created_by: view.created_by.map(user),
    }
}

fn sign_in(settings: SignInSettings) -> api::SignIn {
    api::SignIn {
        client_id: settings.client_id,
        scopes: settings.scopes,
        verified_claim: settings.verified_claim,
    }
}

pub(super) fn sign_in_settings(sign_in: api::SignIn) -> SignInSettings {
    SignInSettings {
        client_id: sign_in.client_id,
        scopes: sign_in.scopes,
        verified_claim: sign_in.verified_claim,
    }
}

pub(super) fn identities(views: Vec<FederatedIdentityView>) -> Vec<api::FederatedIdentity> {
    views.into_iter().map(identity).collect()
}

pub(super) fn identity(view: FederatedIdentityView) -> api::FederatedIdentity {
    api::FederatedIdentity {
        identity: view.identity.to_string(),
        name: view.name.as_str().to_owned(),
        description: view.description.as_str().to_owned(),
        labels: view.labels.as_map().clone(),
        annotations: view.annotations.as_map().clone(),
        created_at: view.created_at.into(),
        updated_at: view.updated_at.map(Into::into),
        object_version: view.object_version,
        service_account: view.service_account.map(service_account),
        provider: view.provider.map(provider),
        provider_subject: view.subject,
        trusted_audiences: view.audiences,
        audience_match_mode: audience_mode(view.audience_match).as_str().to_owned(),
        allowed_scopes: view.scopes,
        status: view.status.as_str().to_owned(),
        expires_at: view.expires_at.map(Into::into),
        last_used_at: view.last_used_at.map(Into::into),
        conditions: document(view.conditions),
        created_by: view.created_by.map(user),
    }
}

/// A document that was valid JSON when it was stored.
fn document(text: Option<String>) -> Option<Box<RawValue>> {
    text.and_then(|text| RawValue::from_string(text).ok())
}

fn service_account(view: FederatedAccountView) -> api::ServiceAccountRef {
    api::ServiceAccountRef {
        identity: view.identity.to_string(),
        name: view.name.as_str().to_owned(),
        slug: view.slug.as_str().to_owned(),
        created_at: view.created_at.into(),
    }
}

pub(super) const fn audience_match(mode: api::AudienceMode) -> AudienceMatch {
    match mode {
        api::AudienceMode::Exact => AudienceMatch::Exact,
        api::AudienceMode::Any => AudienceMatch::Any,
        api::AudienceMode::All => AudienceMatch::All,
    }
}

const fn audience_mode(how: AudienceMatch) -> api::AudienceMode {
    match how {
        AudienceMatch::Exact => api::AudienceMode::Exact,
        AudienceMatch::Any => api::AudienceMode::Any,
        AudienceMatch::All => api::AudienceMode::All,
    }
}

pub(super) const fn status(status: api::NewStatus) -> IdentityStatus {
    match status {
        api::NewStatus::Active => IdentityStatus::Active,
        api::NewStatus::Inactive => IdentityStatus::Inactive,
        api::NewStatus::Revoked => IdentityStatus::Revoked,
    }
}
