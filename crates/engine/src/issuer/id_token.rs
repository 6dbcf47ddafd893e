//! ID tokens: who a service account is, for others to verify with the published keys (OpenID Connect
//! Core 1.0, section 2; RFC 7519).

use std::time::Duration;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde_json::{Value, json};
use strongroom_crypto::{EntropyError, LibraryError};
use strongroom_types::{OrganisationId, Plaintext, ProjectId, ServiceAccountId, Timestamp};

use super::{IssuerError, seconds};
use crate::directory::OrganisationView;
use crate::engine::Inner;
use crate::rows::directory::BoundPrincipal;

/// The longest life of an ID token.
const LONGEST: Duration = Duration::from_secs(60 * 60);
/// The scope that asks for one, and that a limited credential needs for it.
const SCOPE: &str = "openid";

/// What an ID token is asked for with.
#[derive(Debug, Clone, Default)]
pub struct IdTokenAsk {
    /// Whom it is for; the client itself unless said.
    pub audience: Option<String>,
}

/// Why no ID token was issued.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    /// The credential is limited to other scopes.
    #[error(
        "`scope`: the credential is limited to scopes without openid; leave openid out, or use a credential that has it"
    )]
    Scope,
    /// The service account was given nothing in this project.
    #[error(
        "`project`: the service account was given nothing in a project of this name; bind a role to it there, or leave the field out"
    )]
    Project,
    /// People have the ID token of their own provider.
    #[error(
        "`scope`: a person gets no ID token of this server, only service accounts do; leave openid out"
    )]
    Person,
    /// There are no keys.
    #[error("the signing keys are not to be had")]
    Keys(#[source] IssuerError),
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// It was not signed.
    #[error("the ID token could not be signed")]
    Sign(#[source] LibraryError),
}

/// Whom an ID token is about, as an access token was just issued for them.
pub(crate) struct Bearer<'a> {
    pub(crate) view: &'a OrganisationView,
    pub(crate) service_account: ServiceAccountId,
    /// The client that asked, which is the audience unless another one is asked for.
    pub(crate) client: &'a str,
    pub(crate) scopes: &'a [String],
    /// The project in which alone the access token acts.
    pub(crate) project: Option<ProjectId>,
    pub(crate) expires_at: Timestamp,
}

impl Inner {
    /// An ID token, if one is asked for and this installation is an issuer.
    pub(crate) async fn id_token(
        &self,
        ask: Option<&IdTokenAsk>,
        bearer: &Bearer<'_>,
        now: Timestamp,
    ) -> Result<Option<Plaintext>, IdTokenError> {
        let (Some(ask), Some(issuer)) = (ask, &self.settings.issuer) else {
            return Ok(None);
        };
        let scopes = bearer.scopes;
        if !scopes.is_empty() && !scopes.iter().any(|scope| scope == SCOPE) {
            return Err(IdTokenError::Scope);
        }
        if !bearer.may_name_its_project(now) {
            return Err(IdTokenError::Project);
        }
        let latest = now.saturating_add(LONGEST).unwrap_or(Timestamp::MAX);
        let serial: [u8; 16] =
            strongroom_crypto::random(self.vault.entropy()).map_err(IdTokenError::Entropy)?;
        let mut claims = json!({
            "iss": issuer,
            "sub": bearer.service_account.to_string(),
            "aud": ask.audience.as_deref().unwrap_or(bearer.client),
            "iat": seconds(now),
            "nbf": seconds(now),
            "exp": seconds(bearer.expires_at.min(latest)),
            "jti": HEXLOWER.encode(&serial),
            "organisation": bearer.organisation().to_string(),
        });
        if let (Some(project), Some(claims)) = (bearer.project, claims.as_object_mut()) {
            claims.insert("project".to_owned(), project.to_string().into());
        }
        self.sign_jwt(&claims, now).await.map(Some)
    }

    async fn sign_jwt(&self, claims: &Value, now: Timestamp) -> Result<Plaintext, IdTokenError> {
        let ring = self.signing_keys().await.map_err(IdTokenError::Keys)?;
        let in_use = ring.in_use(now);
        let kept = in_use.ok_or(IdTokenError::Keys(IssuerError::Off))?;
        let name = HEXLOWER.encode(&kept.identity);
        let header = json!({"alg": "ES256", "kid": name, "typ": "JWT"});
        let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
        let mut token = format!("{}.{}", part(&header), part(claims));
        let signature = kept
            .key
            .sign(token.as_bytes())
            .map_err(IdTokenError::Sign)?;
        token.push('.');
        BASE64URL_NOPAD.encode_append(&signature, &mut token);
        Ok(Plaintext::new(token.into_bytes()))
    }
}

impl Bearer<'_> {
    const fn organisation(&self) -> OrganisationId {
        self.view.organisation.identity
    }

    /// Whether its project, if it has one, can be vouched for: only where the service account was given
    /// something in that very project, since others may take it for where the account belongs.
    fn may_name_its_project(&self, now: Timestamp) -> bool {
        let Some(project) = self.project else {
            return true;
        };
        let own = BoundPrincipal::ServiceAccount(self.service_account);
        self.view.bindings.iter().any(|binding| {
            binding.principal == own && binding.project == Some(project) && binding.is_alive(now)
        })
    }
}
