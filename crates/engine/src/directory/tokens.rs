//! Access tokens from client credentials (contract 3.2).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, ServiceEvent};
use strongroom_crypto::PlainToken;
use strongroom_types::{Plaintext, ProjectId, Timestamp};

use super::authenticate::{Credential, Unproven};
use super::enter::Entry;
use super::federation::{ExchangeAsk, ExchangeError, SignInAsk, SignInError};
use super::rights::{Caption, CredentialName, PrincipalId};
use super::view::OrganisationView;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::issuer::{Bearer, IdTokenAsk, IdTokenError, SealFault};
use crate::rows::RowFault;
use crate::rows::directory::{AccessTokenClaims, CredentialRow};
use crate::trail::AuditUnavailable;

/// An access token, shown once.
pub struct IssuedToken {
    /// Its value.
    pub token: PlainToken,
    /// How long it lives.
    pub expires_in: Duration,
    /// A JWT that says to others who the service account is, if it was asked for.
    pub id_token: Option<Plaintext>,
}

/// The longest life that an access token can be asked for with (contract 3.3).
pub(crate) const LONGEST_TOKEN: Duration = Duration::from_secs(24 * 60 * 60);

/// Why nothing was handed over to a client who has proven itself.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The access token could not be sealed.
    #[error("the token could not be sealed")]
    Seal(#[source] SealFault),
    /// There is no ID token.
    #[error(transparent)]
    IdToken(IdTokenError),
    /// The organisation has no project of the name that was asked for.
    #[error("`project`: there is no such project in this organisation; check the name")]
    UnknownProject,
}

impl IssueError {
    /// Whether it is the client's doing.
    pub(super) const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::IdToken(IdTokenError::Scope | IdTokenError::Project | IdTokenError::Person)
                | Self::UnknownProject
        )
    }
}

/// Why no token was issued.
#[derive(Debug, thiserror::Error)]
pub enum AccessTokenError {
    /// The client is unknown, its secret wrong, or it has expired. One answer for all.
    #[error("the client id or secret is not valid")]
    InvalidClient,
    /// Too many attempts failed from the caller's address, or with the access key.
    #[error("too many attempts to authenticate failed; wait before the next one")]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// Nothing was handed over.
    #[error(transparent)]
    Issue(IssueError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<Unproven> for AccessTokenError {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            Unproven::Invalid | Unproven::Elsewhere | Unproven::Expired => Self::InvalidClient,
            Unproven::TooMany(wait) => Self::TooManyAttempts { wait },
            Unproven::Row(fault) => Self::Row(fault),
        }
    }
}

/// What a token is asked for with.
pub enum TokenAsk {
    /// An access credential (contract 3.2).
    Credentials {
        /// Its access key.
        access_key: String,
        /// Its access secret.
        secret: Plaintext,
    },
    /// A foreign token (contract 3.3).
    Exchange(ExchangeAsk),
    /// An ID token of a person.
    SignIn(SignInAsk),
}

/// What else a token is asked for with.
#[derive(Debug, Clone, Default)]
pub struct TokenExtras {
    /// The project in which alone the token acts, by identity or slug (contract 3.4).
    pub project: Option<String>,
    /// An ID token beside the access token.
    pub id_token: Option<IdTokenAsk>,
}

impl TokenExtras {
    fn project(&self, view: &OrganisationView) -> Result<Option<ProjectId>, IssueError> {
        let Some(name) = &self.project else {
            return Ok(None);
        };
        let found = name.parse().ok().and_then(|name| view.project(&name));
        let row = found.ok_or(IssueError::UnknownProject)?;
        Ok(Some(row.identity))
    }
}

/// Why no token was issued, whatever it was asked for with.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// For an access credential.
    #[error(transparent)]
    Credentials(AccessTokenError),
    /// For a foreign token.
    #[error(transparent)]
    Exchange(ExchangeError),
    /// For a person's ID token.
    #[error(transparent)]
    SignIn(SignInError),
}

/// The token endpoint's operations. They need no grant: the credential is the right.
pub struct Tokens<'e>(pub(crate) &'e Arc<Inner>);

impl Tokens<'_> {
    /// Issues a token for whatever it is asked for with.
    pub async fn answer(
        &self,
        call: &Arc<Call>,
        ask: TokenAsk,
        more: &TokenExtras,
    ) -> Result<Recorded<IssuedToken>, TokenError> {
        match ask {
            TokenAsk::Credentials { access_key, secret } => {
                let issued = self.issue(call, &access_key, secret, more).await;
                issued.map_err(TokenError::Credentials)
            }
            TokenAsk::Exchange(ask) => {
                let issued = self.exchange(call, ask, more).await;
                issued.map_err(TokenError::Exchange)
            }
            TokenAsk::SignIn(ask) => {
                let issued = self.sign_in(call, ask, more).await;
                issued.map_err(TokenError::SignIn)
            }
        }
    }

    /// Issues a token for an access credential. It writes nothing but the audit record: the token
    /// carries its claims sealed, and dies with the credential.
    pub async fn issue(
        &self,
        call: &Arc<Call>,
        access_key: &str,
        secret: Plaintext,
        more: &TokenExtras,
    ) -> Result<Recorded<IssuedToken>, AccessTokenError> {
        let inner = self.0;
        let now = inner.clock.now();
        let (claims, view) = self.claims(call, access_key, secret, now).await?;
        let issued = inner.hand_over(claims, &view, access_key, more, now);
        match issued.await {
            Ok(issued) => {
                inner
                    .attempts
                    .issued(call.client_ip(), issued.token.expose());
                call.note(ServiceEvent::new(Action::AuthTokenIssued, None));
                let recorded = inner.trail.recorded(call, issued).await;
                recorded.map_err(AccessTokenError::Audit)
            }
            Err(error) => {
                let reason = match error.is_refusal() {
                    true => Reason::Iam,
                    false => Reason::Fault,
                };
                call.note(ServiceEvent::new(Action::AuthTokenFailed, None).refused(reason));
                Err(AccessTokenError::Issue(error))
            }
        }
    }

    async fn claims(
        &self,
        call: &Call,
        access_key: &str,
        secret: Plaintext,
        now: Timestamp,
    ) -> Result<(AccessTokenClaims, Arc<OrganisationView>), AccessTokenError> {
        let inner = self.0;
        let presented = Credential::Basic {
            id: access_key,
            secret,
        };
        let failed = Action::AuthTokenFailed;
        let proof = inner
            .prove(call, &presented, &Entry::default(), failed, now)
            .await?;
        let view = proof.home.ok_or(AccessTokenError::InvalidClient)?;
        let organisation = view.organisation.identity;
        let credential = proof.identified.credential;
        let row: &CredentialRow = credential
            .and_then(|credential| view.credentials.get(&credential))
            .ok_or(AccessTokenError::InvalidClient)?;
        let credential = row.identity;
        let principal = PrincipalId::ServiceAccount(row.service_account);
        let rights = view.rights(principal, None, now).ok_or_else(|| {
            call.note(ServiceEvent::new(failed, None).refused(Reason::Credential));
            AccessTokenError::InvalidClient
        })?;
        call.identify(Caption {
            principal,
            rights,
            credential: CredentialName::AccessCredential(credential),
        });
        call.place(organisation, None, None);
        inner.last_uses.touch(*credential.as_bytes(), now);
        let lifetime = inner.settings.access_token_lifetime;
        let mut expires_at = now.saturating_add(lifetime).unwrap_or(Timestamp::MAX);
        if let Some(end) = row.expires_at {
            expires_at = expires_at.min(end);
        }
        let claims = AccessTokenClaims {
            organisation,
            service_account: Some(row.service_account),
            credential: Some(credential),
            issued_at: now,
            expires_at,
            scopes: row.scopes.clone(),
            federated: None,
            signed_in: None,
            project: None,
        };
        Ok((claims, view))
    }
}

impl Inner {
    /// The token that says this, and an ID token if one is asked for; `client` is who asked.
    pub(super) async fn hand_over(
        &self,
        mut claims: AccessTokenClaims,
        view: &OrganisationView,
        client: &str,
        more: &TokenExtras,
        now: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        claims.project = more.project(view)?;
        let bearer = claims.service_account.map(|service_account| Bearer {
            view,
            service_account,
            client,
            scopes: &claims.scopes,
            project: claims.project,
            expires_at: claims.expires_at,
        });
        let id_token = match (bearer, more.id_token.as_ref()) {
            (Some(bearer), ask) => self.id_token(ask, &bearer, now).await,
            (None, None) => Ok(None),
            (None, Some(_)) => Err(IdTokenError::Person),
        };
        let id_token = id_token.map_err(IssueError::IdToken)?;
        // Writing to a vector cannot fail, and every claim has a row format.
        let bytes = minicbor::to_vec(&claims).unwrap_or_default();
        let token = self.seal_token(&bytes, now).await;
        let left = claims.expires_at.duration_since(now);
        Ok(IssuedToken {
            token: token.map_err(IssueError::Seal)?,
            expires_in: left.try_into().unwrap_or(Duration::ZERO),
            id_token,
        })
    }
}
