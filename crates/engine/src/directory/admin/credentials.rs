//! Tokens and access credentials: shown once, kept as hashes.

use strongroom_crypto::{AccessCredential, PlainToken, new_personal_token, token};
use strongroom_types::{
    CredentialId, Description, Networks, OrganisationId, ServiceAccountId, Timestamp, TokenId,
    UserId,
};

use super::{Directory, DirectoryError, Result};
use crate::rows::directory::{CredentialRow, CredentialSecret, TokenRow};
use crate::rows::keyspace::{self, DirectoryKind};

/// A personal access token to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to (`api:read`, `api:write`); empty means nothing.
    pub scopes: Vec<String>,
}

/// An access credential to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewCredential {
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
}

impl Directory<'_> {
    /// Issues a personal access token; its value is not kept and cannot be shown again.
    pub async fn create_token(&self, user: UserId, new: NewToken) -> Result<PlainToken> {
        let value = new_personal_token(self.0.vault.entropy()).map_err(DirectoryError::Entropy)?;
        let row = TokenRow {
            identity: TokenId::from_bytes(self.0.vault.draw()?),
            user,
            name: new.name,
            expires_at: new.expires_at,
            created_at: self.0.clock.now(),
            scopes: new.scopes,
            description: Description::default(),
            allowed_ips: Networks::default(),
            organisation: None,
        };
        let mut changes = self.0.vault.changes();
        changes.create_token(&value.hash(), &row)?;
        self.record_for_none("directory.create_token", changes)
            .await?;
        Ok(value)
    }

    /// Revokes a personal access token; it is dead at the next request.
    pub async fn revoke_token(&self, value: &PlainToken) -> Result<()> {
        let hash = value.hash();
        let row = self.0.vault.get::<TokenRow>(&keyspace::token(&hash)).await;
        let row = row.map_err(DirectoryError::Row)?;
        let row = row.ok_or(DirectoryError::Missing("token"))?.row;
        let mut changes = self.0.vault.changes();
        changes.erase_token(&hash, &row);
        self.record_for_none("directory.revoke_token", changes)
            .await
    }

    /// Issues an access credential; its secret is not kept and cannot be shown again.
    pub async fn create_credential(
        &self,
        organisation: OrganisationId,
        service_account: ServiceAccountId,
        new: NewCredential,
    ) -> Result<(CredentialId, AccessCredential)> {
        let view = self.view(organisation).await?;
        if !view.service_accounts.contains_key(&service_account) {
            return Err(DirectoryError::Missing("service account"));
        }
        let value =
            AccessCredential::generate(self.0.vault.entropy()).map_err(DirectoryError::Entropy)?;
        let identity = CredentialId::from_bytes(self.0.vault.draw()?);
        let row = CredentialRow {
            identity,
            service_account,
            access_key: value.access_key.clone(),
            scopes: new.scopes,
            expires_at: new.expires_at,
            created_at: self.0.clock.now(),
            name: String::new(),
            description: Description::default(),
            allowed_ips: Networks::default(),
        };
        let secret = CredentialSecret {
            organisation,
            identity,
            secret_hash: *token::hash(value.access_secret.expose().as_bytes()).as_bytes(),
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Credential;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        changes.create(keyspace::credential(&value.access_key), &secret)?;
        self.record(organisation, "directory.create_credential", changes)
            .await?;
        Ok((identity, value))
    }

    /// Deletes an access credential; it and every token issued for it are dead at the next
    /// request.
    pub async fn delete_credential(
        &self,
        organisation: OrganisationId,
        credential: CredentialId,
    ) -> Result<()> {
        let view = self.view(organisation).await?;
        let row = view.credentials.get(&credential);
        let row = row.ok_or(DirectoryError::Missing("access credential"))?;
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Credential;
        changes.erase(keyspace::directory_entry(
            organisation,
            kind,
            credential.as_bytes(),
        ));
        changes.erase(keyspace::credential(&row.access_key));
        self.record(organisation, "directory.delete_credential", changes)
            .await
    }
}
