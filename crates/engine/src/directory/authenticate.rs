//! From a credential to the principal it proves.

use strongroom_authz::TokenScopes;
use strongroom_crypto::{TokenHash, TokenKind, constant_time_eq, token};
use strongroom_types::{CredentialId, FederatedIdentityId, OrganisationId, Plaintext, Timestamp};

use super::federation::SignInProof;
use super::rights::{CredentialName, PrincipalId};
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

/// Who a credential proves its caller to be.
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
    pub(super) scopes: TokenScopes,
    pub(super) name: CredentialName,
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
    Invalid,
    Expired,
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
        credential: &Credential<'_>,
        now: Timestamp,
    ) -> Result<Identified, Unproven> {
        match credential {
            Credential::Token(text) => match TokenKind::of(text) {
                Some(TokenKind::Personal) => self.personal_token(text, now).await,
                Some(TokenKind::Access) => self.access_token(text, now).await,
                None => Err(Unproven::Invalid),
            },
            Credential::Basic { id, secret } => {
                let found = self.access_credential(id, secret).await?;
                let (organisation, credential) = found.ok_or(Unproven::Invalid)?;
                let view = self.views.current(&self.vault, organisation).await?;
                let view = view.ok_or(Unproven::Invalid)?;
                let row = view.credentials.get(&credential).ok_or(Unproven::Invalid)?;
                if row.expires_at.is_some_and(|end| end <= now) {
                    return Err(Unproven::Expired);
                }
                Ok(Identified {
                    principal: PrincipalId::ServiceAccount(row.service_account),
                    organisation: Some(organisation),
                    credential: Some(credential),
                    federated: None,
                    sign_in: None,
                    scopes: scopes(&row.scopes),
                    name: CredentialName::AccessCredential(credential),
                })
            }
        }
    }

    async fn personal_token(&self, text: &str, now: Timestamp) -> Result<Identified, Unproven> {
        let hash = TokenHash::of_personal_token(text).map_err(|_| Unproven::Invalid)?;
        let found = self
            .tokens
            .get(&self.vault, &keyspace::token(&hash))
            .await?;
        let (_, row) = found.ok_or(Unproven::Invalid)?;
        if row.expires_at.is_some_and(|end| end <= now) {
            return Err(Unproven::Expired);
        }
        Ok(Identified {
            principal: PrincipalId::User(row.user),
            organisation: None,
            credential: None,
            federated: None,
            sign_in: None,
            scopes: scopes(&row.scopes),
            name: CredentialName::PersonalToken(row.identity),
        })
    }

    async fn access_token(&self, text: &str, now: Timestamp) -> Result<Identified, Unproven> {
        let bytes = self.open_token(text, now).await?.ok_or(Unproven::Invalid)?;
        let claims: AccessTokenClaims = minicbor::decode(&bytes).map_err(|_| Unproven::Invalid)?;
        if claims.expires_at <= now {
            return Err(Unproven::Expired);
        }
        let (principal, name) = claims.bearer().ok_or(Unproven::Invalid)?;
        Ok(Identified {
            principal,
            sign_in: claims.sign_in(),
            organisation: Some(claims.organisation),
            credential: claims.credential,
            federated: claims.federated,
            scopes: scopes(&claims.scopes),
            name,
        })
    }

    /// The access credential, if the secret is the one that goes with the key.
    pub(super) async fn access_credential(
        &self,
        access_key: &str,
        secret: &Plaintext,
    ) -> Result<Option<(OrganisationId, CredentialId)>, RowFault> {
        let stored = self
            .vault
            .get::<CredentialSecret>(&keyspace::credential(access_key))
            .await?;
        Ok(stored.map(|stored| stored.row).and_then(|row| {
            let proven =
                constant_time_eq(token::hash(secret.expose()).as_bytes(), &row.secret_hash);
            proven.then_some((row.organisation, row.identity))
        }))
    }
}
