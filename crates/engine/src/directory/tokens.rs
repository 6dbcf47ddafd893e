//! Access tokens from client credentials (contract 3.2).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, ServiceEvent};
use strongroom_crypto::{PlainToken, SealError};
use strongroom_types::{Plaintext, Timestamp};

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
        match self.claims(call, access_key, secret, now).await {
            Ok(claims) => {
                // Writing to a vector cannot fail, and every claim has a row format.
                let bytes = minicbor::to_vec(&claims).unwrap_or_default();
                let token = inner
                    .vault
                    .keyring()
                    .access_tokens()
                    .seal(inner.vault.entropy(), &bytes)
                    .map_err(AccessTokenError::Seal)?;
                call.note(ServiceEvent::new(Action::AuthTokenIssued, None));
                let left = claims.expires_at.duration_since(now);
                let expires_in = left.try_into().unwrap_or(Duration::ZERO);
                let issued = IssuedToken { token, expires_in };
                inner
                    .trail
                    .recorded(call, issued)
                    .await
                    .map_err(AccessTokenError::Audit)
            }
            Err(error) => {
                let reason = match error {
                    AccessTokenError::InvalidClient => Reason::Iam,
                    _ => Reason::Fault,
                };
                call.note(ServiceEvent::new(Action::AuthTokenFailed, None).refused(reason));
                Err(error)
            }
        }
    }

    async fn claims(
        &self,
        call: &Call,
        access_key: &str,
        secret: Plaintext,
        now: Timestamp,
    ) -> Result<AccessTokenClaims, AccessTokenError> {
        let inner = self.0;
        let found = inner.access_credential(access_key, &secret).await;
        let found = found.map_err(AccessTokenError::Row)?;
        let (organisation, credential) = found.ok_or(AccessTokenError::InvalidClient)?;
        let view = inner.views.current(&inner.vault, organisation).await;
        let view = view
            .map_err(AccessTokenError::Row)?
            .ok_or(AccessTokenError::InvalidClient)?;
        let row: &CredentialRow = view
            .credentials
            .get(&credential)
            .ok_or(AccessTokenError::InvalidClient)?;
        if row.expires_at.is_some_and(|end| end <= now) {
            return Err(AccessTokenError::InvalidClient);
        }
        let principal = PrincipalId::ServiceAccount(row.service_account);
        let rights = view
            .rights(principal, None, now)
            .ok_or(AccessTokenError::InvalidClient)?;
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
