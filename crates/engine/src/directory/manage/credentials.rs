//! Access credentials of service accounts: shown once, kept as hashes.

use std::sync::Arc;

use strongroom_authz::{
    CreateAccessCredential, DeleteAccessCredential, Grant, ListAccessCredentials, ResourceType,
};
use strongroom_crypto::{AccessCredential, PlainToken, token};
use strongroom_types::{CredentialId, Description, Networks, OrganisationId, Timestamp};

use super::accounts::account;
use super::{CredentialView, ManageError, Management, Result, Thing, concern, may_hand_over};
use crate::call::{Call, Recorded};
use crate::rows::Changes;
use crate::rows::directory::{BoundPrincipal, CredentialRow, CredentialSecret};
use crate::rows::keyspace::{self, DirectoryKind};

/// The most access credentials of one service account.
const MOST: usize = 100;

/// An access credential to be issued.
#[derive(Debug, Clone)]
pub struct NewAccessCredential {
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: Description,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// Where it may be used from.
    pub allowed_ips: Networks,
}

/// An access credential with its secret, shown once.
pub struct IssuedCredential {
    /// What can be shown again.
    pub view: CredentialView,
    /// The secret.
    pub secret: PlainToken,
}

impl Management<'_> {
    /// A service account's access credentials, oldest first.
    pub async fn list_access_credentials(
        &self,
        grant: Grant<ListAccessCredentials>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<CredentialView>>> {
        let view = self.view(*grant.scope()).await?;
        let owner = account(&view, &grant, grant.target())?.identity;
        concern(call, ResourceType::ServiceAccount, &owner);
        let rows = view.credentials.values();
        let mut rows: Vec<_> = rows.filter(|row| row.service_account == owner).collect();
        rows.sort_by_key(|row| (row.created_at, row.identity));
        let mut shown = Vec::with_capacity(rows.len());
        for row in rows {
            let last = self.0.last_uses.of(&self.0.vault, row.identity.as_bytes());
            let last = last.await.map_err(ManageError::Row)?;
            shown.push(CredentialView::of(row, last));
        }
        self.shown(call, shown).await
    }

    /// Issues an access credential. Its secret is not kept and cannot be shown again. Whoever has it
    /// acts as the service account, so that the caller must hold everything that the account holds.
    pub async fn create_access_credential(
        &self,
        grant: Grant<CreateAccessCredential>,
        call: &Arc<Call>,
        new: NewAccessCredential,
    ) -> Result<Recorded<IssuedCredential>> {
        let (organisation, now) = (*grant.scope(), self.now());
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(ManageError::Expired);
        }
        let made =
            AccessCredential::generate(self.0.vault.entropy()).map_err(ManageError::Entropy)?;
        let identity = CredentialId::from_bytes(self.0.vault.draw()?);
        let secret = CredentialSecret {
            organisation,
            identity,
            secret_hash: *token::hash(made.access_secret.expose().as_bytes()).as_bytes(),
        };
        let changed = self.change(call, organisation, |view, changes| {
            let owner = account(view, &grant, grant.target())?.identity;
            concern(call, ResourceType::ServiceAccount, &owner);
            may_hand_over(
                view,
                grant.caller(),
                BoundPrincipal::ServiceAccount(owner),
                now,
            )?;
            let others = view.credentials.values();
            if others.filter(|row| row.service_account == owner).count() >= MOST {
                let thing = Thing::AccessCredential;
                return Err(ManageError::TooMany { thing, max: MOST });
            }
            let row = CredentialRow {
                identity,
                service_account: owner,
                access_key: made.access_key.clone(),
                scopes: new.scopes.clone(),
                expires_at: new.expires_at,
                created_at: now,
                name: new.name.clone(),
                description: new.description.clone(),
                allowed_ips: new.allowed_ips.clone(),
            };
            let kind = DirectoryKind::Credential;
            let place = keyspace::directory_entry(organisation, kind, identity.as_bytes());
            changes.create(place, &row)?;
            changes.create(keyspace::credential(&made.access_key), &secret)?;
            Ok(CredentialView::of(&row, None))
        });
        let changed = changed.await?;
        Ok(changed.map(|view| IssuedCredential {
            view,
            secret: made.access_secret,
        }))
    }

    /// Deletes an access credential; it and every token issued for it are dead at the next request.
    pub async fn delete_access_credential(
        &self,
        grant: Grant<DeleteAccessCredential>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        let (of, identity) = grant.target();
        self.change(call, organisation, |view, changes| {
            let owner = account(view, &grant, of)?.identity;
            concern(call, ResourceType::ServiceAccount, &owner);
            let row = view.credentials.get(identity);
            let row = row.filter(|row| row.service_account == owner);
            let row = row.ok_or(ManageError::NotFound(Thing::AccessCredential))?;
            changes.erase_credential(organisation, row);
            Ok(())
        })
        .await
    }
}

impl Changes<'_> {
    /// Removes a credential, with the hash of its secret and the time of its last use.
    pub(super) fn erase_credential(&mut self, organisation: OrganisationId, row: &CredentialRow) {
        let identity = row.identity.as_bytes();
        let kind = DirectoryKind::Credential;
        self.erase(keyspace::directory_entry(organisation, kind, identity));
        self.erase(keyspace::credential(&row.access_key));
        self.erase(keyspace::last_use(identity));
    }
}
