//! Access tokens from client credentials (contract 3.2).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::{Action, ServiceEvent};
use strongroom_crypto::{PlainToken, SealError};
use strongroom_types::{Plaintext, Timestamp};

use super::federation::{ExchangeAsk, ExchangeError};
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
}

/// The token endpoint's operations. They need no grant: the credential is the right.
pub struct Tokens<'e>(pub(crate) &'e Arc<Inner>);

impl Tokens<'_> {
    /// Issues a token for whatever it is asked for with.
    pub async fn answer(
        &self,
        call: &Arc<Call>,
        ask: TokenAsk,
    ) -> Result<Recorded<IssuedToken>, TokenError> {
        match ask {
            TokenAsk::Credentials { access_key, secret } => {
                let issued = self.issue(call, &access_key, secret).await;
                issued.map_err(TokenError::Credentials)
            }
            TokenAsk::Exchange(ask) => {
                let issued = self.exchange(call, ask).await;
                issued.map_err(TokenError::Exchange)
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
    ) -> Result<Recorded<IssuedToken>, AccessTokenError> {
        let inner = self.0;
        let now = inner.clock.now();
        match self.claims(call, access_key, secret, now).await {
            Ok(claims) => {
                let issued = inner.seal(&claims, now).map_err(AccessTokenError::Seal)?;
                call.note(ServiceEvent::new(Action::AuthTokenIssued, None));
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
            credential: Some(credential),
            issued_at: now,
            expires_at,
            scopes: row.scopes.clone(),
            federated: None,
        })
    }
}

impl Inner {
    /// The token that says this.
    pub(super) fn seal(
        &self,
        claims: &AccessTokenClaims,
        now: Timestamp,
    ) -> Result<IssuedToken, SealError> {
        // Writing to a vector cannot fail, and every claim has a row format.
        let bytes = minicbor::to_vec(claims).unwrap_or_default();
        let keys = self.vault.keyring().access_tokens();
        let token = keys.seal(self.vault.entropy(), &bytes)?;
        let left = claims.expires_at.duration_since(now);
        let expires_in = left.try_into().unwrap_or(Duration::ZERO);
        Ok(IssuedToken { token, expires_in })
    }
}
