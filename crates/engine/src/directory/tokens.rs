//! Access tokens from client credentials (contract 3.2).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, ServiceEvent};
use strongroom_crypto::{PlainToken, SealError};
use strongroom_types::{Plaintext, Timestamp};

use super::authenticate::{Credential, Unproven};
use super::enter::Entry;
use super::rights::{Caption, CredentialName, PrincipalId};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::RowFault;
use crate::rows::directory::{AccessTokenClaims, CredentialRow};
use crate::trail::AuditUnavailable;

/// An access token, shown once.
pub struct IssuedToken {
    /// Its value.
    pub token: PlainToken,
    /// How long it lives.
    pub expires_in: Duration,
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
    /// The claims could not be sealed.
    #[error("the token could not be sealed")]
    Seal(#[source] SealError),
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

/// The token endpoint's operations. They need no grant: the credential is the right.
pub struct Tokens<'e>(pub(crate) &'e Arc<Inner>);

impl Tokens<'_> {
    /// Issues a token for an access credential. It writes nothing but the audit record: the token
    /// carries its claims sealed, and dies with the credential.
    pub async fn issue(
        &self,
        call: &Arc<Call>,
        access_key: &str,
        secret: Plaintext,
    ) -> Result<Recorded<IssuedToken>, AccessTokenError> {
        let inner = self.0;
        let now = inner.clock.now();
        let claims = self.claims(call, access_key, secret, now).await?;
        // Writing to a vector cannot fail, and every claim has a row format.
        let bytes = minicbor::to_vec(&claims).unwrap_or_default();
        let token = inner
            .vault
            .keyring()
            .access_tokens()
            .seal(inner.vault.entropy(), &bytes)
            .map_err(AccessTokenError::Seal)?;
        inner.attempts.issued(call.client_ip(), token.expose());
        call.note(ServiceEvent::new(Action::AuthTokenIssued, None));
        let left = claims.expires_at.duration_since(now);
        let expires_in = left.try_into().unwrap_or(Duration::ZERO);
        let issued = IssuedToken { token, expires_in };
        let recorded = inner.trail.recorded(call, issued).await;
        recorded.map_err(AccessTokenError::Audit)
    }

    async fn claims(
        &self,
        call: &Call,
        access_key: &str,
        secret: Plaintext,
        now: Timestamp,
    ) -> Result<AccessTokenClaims, AccessTokenError> {
        let inner = self.0;
        let presented = Credential::Basic {
            id: access_key,
            secret,
        };
        let (entry, failed) = (Entry::default(), Action::AuthTokenFailed);
        let proof = inner.prove(call, &presented, entry, failed, now).await?;
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
        Ok(AccessTokenClaims {
            organisation,
            service_account: row.service_account,
            credential,
            issued_at: now,
            expires_at,
            scopes: row.scopes.clone(),
        })
    }
}
