//! From a credential to the principal that it names.

use std::time::Duration;

use strongroom_authz::TokenScopes;
use strongroom_crypto::{TokenHash, TokenKind, constant_time_eq, token};
use strongroom_types::{
    CredentialId, FederatedIdentityId, Networks, OrganisationId, Plaintext, ProjectId, Timestamp,
};

use super::federation::SignInProof;
use super::proof;
use super::rights::{CredentialName, PrincipalId};
use crate::call::Call;
use crate::engine::Inner;
use crate::rows::directory::{AccessTokenClaims, CredentialSecret};
use crate::rows::{RowFault, keyspace};

/// What a request proves its caller with.
pub enum Credential<'a> {
    /// The value behind `Bearer` or `Token`.
    Token(&'a str),
    /// Name and password behind `Basic`: an access credential.
    Basic {
        /// The access key.
        id: &'a str,
        /// The access secret.
        secret: Plaintext,
    },
}

/// Whom a credential names. Whether it still counts, and counts here, is for [`super::proof`].
pub(super) struct Identified {
    pub(super) principal: PrincipalId,
    /// Service accounts belong to one organisation.
    pub(super) organisation: Option<OrganisationId>,
    /// The access credential behind it, which must still exist.
    pub(super) credential: Option<CredentialId>,
    /// The federated identity behind it, which must still be in force and whose scopes count.
    pub(super) federated: Option<FederatedIdentityId>,
    /// The sign-in behind it, which must still count.
    pub(super) sign_in: Option<SignInProof>,
    /// The project in which alone it acts, whatever a call names.
    pub(super) project: Option<ProjectId>,
    pub(super) scopes: TokenScopes,
    pub(super) name: CredentialName,
    pub(super) expires_at: Option<Timestamp>,
    /// Where it may be used from, beside what its access credential says.
    pub(super) allowed_ips: Networks,
}

impl AccessTokenClaims {
    /// Whose token it is and what it was issued for; none if it says neither or both.
    fn bearer(&self) -> Option<(PrincipalId, CredentialName)> {
        let account = self.service_account.map(PrincipalId::ServiceAccount);
        match (account, self.credential, self.federated, &self.signed_in) {
            (Some(account), Some(credential), None, None) => {
                Some((account, CredentialName::AccessToken(credential)))
            }
            (Some(account), None, Some(identity), None) => {
                Some((account, CredentialName::FederatedToken(identity)))
            }
            (None, None, None, Some(person)) => Some((
                PrincipalId::User(person.user),
                CredentialName::SignIn(person.provider),
            )),
            _ => None,
        }
    }
}

/// Why a credential proves nothing.
pub(super) enum Unproven {
    /// It is unknown, wrong or revoked.
    Invalid,
    /// It proved something once.
    Expired,
    /// It must not be used from the caller's address.
    Elsewhere,
    /// Too many others failed before it; it was not looked at.
    TooMany(Duration),
    /// A row could not be read.
    Row(RowFault),
}

impl From<RowFault> for Unproven {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

/// No scopes mean no limits.
fn scopes(scopes: &[String]) -> TokenScopes {
    match scopes {
        [] => TokenScopes::UNRESTRICTED,
        some => TokenScopes::of(some),
    }
}

impl Inner {
    pub(super) async fn authenticate(
        &self,
        call: &Call,
        credential: &Credential<'_>,
        now: Timestamp,
    ) -> Result<Identified, Unproven> {
        match credential {
            Credential::Token(text) => match TokenKind::of(text) {
                Some(TokenKind::Personal) => self.personal_token(text).await,
                Some(TokenKind::Access) => self.access_token(text, now).await,
                None => Err(Unproven::Invalid),
            },
            Credential::Basic { id, secret } => {
                // Larger than the other ways, which are the usual ones.
                Box::pin(self.access_credential(call, id, secret)).await
            }
        }
    }

    async fn personal_token(&self, text: &str) -> Result<Identified, Unproven> {
        let hash = TokenHash::of_personal_token(text).map_err(|_| Unproven::Invalid)?;
        let found = self
            .tokens
            .get(&self.vault, &keyspace::token(&hash))
            .await?;
        let (_, row) = found.ok_or(Unproven::Invalid)?;
        Ok(Identified {
            principal: PrincipalId::User(row.user),
            organisation: row.organisation,
            credential: None,
            federated: None,
            project: None,
            sign_in: None,
            scopes: scopes(&row.scopes),
            name: CredentialName::PersonalToken(row.identity),
            expires_at: row.expires_at,
            allowed_ips: row.allowed_ips.clone(),
        })
    }

    async fn access_token(&self, text: &str, now: Timestamp) -> Result<Identified, Unproven> {
        let bytes = self.open_token(text, now).await?.ok_or(Unproven::Invalid)?;
        let claims: AccessTokenClaims = minicbor::decode(&bytes).map_err(|_| Unproven::Invalid)?;
        let (principal, name) = claims.bearer().ok_or(Unproven::Invalid)?;
        Ok(Identified {
            principal,
            sign_in: claims.sign_in(),
            organisation: Some(claims.organisation),
            credential: claims.credential,
            federated: claims.federated,
            project: claims.project,
            scopes: scopes(&claims.scopes),
            name,
            expires_at: Some(claims.expires_at),
            allowed_ips: Networks::default(),
        })
    }

    /// The access credential, if the secret is the one that goes with the key. An unknown key costs
    /// the hash of its secret like a known one.
    async fn access_credential(
        &self,
        call: &Call,
        access_key: &str,
        secret: &Plaintext,
    ) -> Result<Identified, Unproven> {
        let presented = token::hash(secret.expose());
        let stored = self
            .vault
            .get::<CredentialSecret>(&keyspace::credential(access_key))
            .await?;
        let known = stored.ok_or(Unproven::Invalid)?.row;
        if !constant_time_eq(presented.as_bytes(), &known.secret_hash) {
            proof::concern(call, known.organisation, known.identity);
            return Err(Unproven::Invalid);
        }
        let view = self.views.current(&self.vault, known.organisation).await?;
        let view = view.ok_or(Unproven::Invalid)?;
        let row = view.credentials.get(&known.identity);
        let row = row.ok_or(Unproven::Invalid)?;
        Ok(Identified {
            principal: PrincipalId::ServiceAccount(row.service_account),
            organisation: Some(known.organisation),
            credential: Some(known.identity),
            federated: None,
            project: None,
            sign_in: None,
            scopes: scopes(&row.scopes),
            name: CredentialName::AccessCredential(known.identity),
            expires_at: row.expires_at,
            allowed_ips: Networks::default(),
        })
    }
}
