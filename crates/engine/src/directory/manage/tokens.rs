//! A user's own personal access tokens: shown once, kept as hashes.
//!
//! They belong to the user, whatever the organisation: a call names one only to say from where it comes.
//! But whoever signed in was vouched for by one organisation alone, and so what they make counts there
//! alone, and of the user's tokens they see only those.

use std::sync::Arc;

use strongroom_audit::Resource;
use strongroom_authz::{Action, CreateOwnToken, Grant, ListOwnTokens, RevokeOwnToken};
use strongroom_crypto::{PlainToken, TokenHash, new_personal_token};
use strongroom_types::{Networks, OrganisationId, Timestamp, TokenId, UserId};

use super::{ManageError, Management, NewAccessCredential, Result, Thing, user_of};
use crate::call::{Call, Recorded};
use crate::directory::CredentialName;
use crate::rows::directory::{TokenRow, UserToken};
use crate::rows::{Changes, CommitFault, keyspace};

/// The most personal access tokens of one user.
const MOST: usize = 100;

/// A personal access token, without its value.
#[derive(Debug, Clone)]
pub struct TokenView {
    /// Its identity.
    pub identity: TokenId,
    /// What it is called; possibly nothing.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute; none until then.
    pub last_used_at: Option<Timestamp>,
    /// Where it may be used from.
    pub allowed_ips: Networks,
    /// The only organisation that it counts in; none is every one that the user belongs to.
    pub organisation: Option<OrganisationId>,
}

/// A personal access token with its value, shown once.
pub struct IssuedPersonalToken {
    /// What can be shown again.
    pub view: TokenView,
    /// The value.
    pub value: PlainToken,
}

impl Management<'_> {
    /// The caller's tokens, oldest first.
    pub async fn list_own_tokens(
        &self,
        grant: Grant<ListOwnTokens>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<TokenView>>> {
        let user = person(&grant)?;
        let own = self.own_tokens(call, *grant.scope(), user).await?;
        let mut shown = Vec::new();
        for (_, row) in own.tokens {
            let last = self.0.last_uses.of(&self.0.vault, row.identity.as_bytes());
            shown.push(TokenView::of(&row, last.await.map_err(ManageError::Row)?));
        }
        shown.sort_by_key(|token| (token.created_at, token.identity));
        self.shown(call, shown).await
    }

    /// Issues a token to the caller. Its value is not kept and cannot be shown again.
    pub async fn create_own_token(
        &self,
        grant: Grant<CreateOwnToken>,
        call: &Arc<Call>,
        new: NewAccessCredential,
    ) -> Result<Recorded<IssuedPersonalToken>> {
        let (user, now) = (person(&grant)?, self.now());
        if new.expires_at.is_some_and(|end| end <= now) {
            return Err(ManageError::Expired);
        }
        let own = self.own_tokens(call, *grant.scope(), user).await?;
        if own.tokens.len() >= MOST {
            let (thing, max) = (Thing::Token, MOST);
            return Err(ManageError::TooMany { thing, max });
        }
        own.may_make(&new)?;
        let value = new_personal_token(self.0.vault.entropy()).map_err(ManageError::Entropy)?;
        let row = TokenRow {
            identity: TokenId::from_bytes(self.0.vault.draw()?),
            user,
            name: new.name,
            expires_at: new.expires_at,
            created_at: now,
            scopes: new.scopes,
            description: new.description,
            allowed_ips: new.allowed_ips,
            organisation: own.only,
        };
        concern(call, row.identity);
        let mut changes = self.0.vault.changes();
        changes.create_token(&value.hash(), &row)?;
        let view = TokenView::of(&row, None);
        let issued = IssuedPersonalToken { view, value };
        let done = self.0.trail.commit(call, changes, issued).await;
        done.map_err(ManageError::Change)
    }

    /// Revokes one of the caller's tokens; it is dead at the next request.
    pub async fn revoke_own_token(
        &self,
        grant: Grant<RevokeOwnToken>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let (user, identity) = (person(&grant)?, *grant.target());
        let own = self.own_tokens(call, *grant.scope(), user).await?;
        let mut tokens = own.tokens.into_iter();
        let found = tokens.find(|(_, row)| row.identity == identity);
        let (hash, row) = found.ok_or(ManageError::NotFound(Thing::Token))?;
        concern(call, identity);
        let mut changes = self.0.vault.changes();
        changes.erase_token(&hash, &row);
        let done = self.0.trail.commit(call, changes, ()).await;
        done.map_err(ManageError::Change)
    }

    /// The user's tokens, as far as the credential of this call lets them be seen.
    async fn own_tokens(
        &self,
        call: &Call,
        here: OrganisationId,
        user: UserId,
    ) -> Result<OwnTokens> {
        let mut tokens = self.tokens_of(user).await?;
        let used = match call.credential() {
            Some(CredentialName::PersonalToken(own)) => {
                let mut rows = tokens.iter().map(|(_, row)| row);
                rows.find(|row| row.identity == own).cloned()
            }
            _ => None,
        };
        let only = match call.credential() {
            Some(CredentialName::SignIn(_)) => Some(here),
            _ => used.as_ref().and_then(|used| used.organisation),
        };
        tokens.retain(|(_, row)| only.is_none_or(|only| row.organisation == Some(only)));
        Ok(OwnTokens { tokens, used, only })
    }

    /// The only organisation that the credential of this call counts in; none is all of the user's.
    pub(super) async fn confined_to(
        &self,
        call: &Call,
        here: OrganisationId,
        user: UserId,
    ) -> Result<Option<OrganisationId>> {
        Ok(self.own_tokens(call, here, user).await?.only)
    }

    async fn tokens_of(&self, user: UserId) -> Result<Vec<(TokenHash, TokenRow)>> {
        let vault = &self.0.vault;
        let index = vault.all::<UserToken>(keyspace::user_tokens(user)).await;
        let mut tokens = Vec::new();
        for (_, entry) in index.map_err(ManageError::Row)? {
            let hash = TokenHash::from_stored(entry.row.hash);
            let found = self.0.tokens.get(vault, &keyspace::token(&hash)).await;
            if let Some((_, row)) = found.map_err(ManageError::Row)? {
                tokens.push((hash, TokenRow::clone(&row)));
            }
        }
        Ok(tokens)
    }
}

/// A user's tokens, and what the credential of a call allows to do with them.
struct OwnTokens {
    tokens: Vec<(TokenHash, TokenRow)>,
    /// The token that the call was made with, if it was with one.
    used: Option<TokenRow>,
    /// The only organisation that the credential counts in.
    only: Option<OrganisationId>,
}

impl OwnTokens {
    /// Nothing is gained by making a token with a token: it counts in no other networks, and no
    /// longer.
    fn may_make(&self, new: &NewAccessCredential) -> Result<()> {
        let Some(used) = &self.used else {
            return Ok(());
        };
        if !used.allowed_ips.cover(&new.allowed_ips) {
            return Err(ManageError::WiderNetwork);
        }
        let outlives = |end: Timestamp| new.expires_at.is_none_or(|new| new > end);
        match used.expires_at.is_some_and(outlives) {
            true => Err(ManageError::LongerLife),
            false => Ok(()),
        }
    }
}

impl Changes<'_> {
    /// Adds a token, and the way to it from its user.
    pub(in crate::directory) fn create_token(
        &mut self,
        hash: &TokenHash,
        row: &TokenRow,
    ) -> std::result::Result<(), CommitFault> {
        self.create(keyspace::token(hash), row)?;
        let way = UserToken {
            hash: *hash.as_bytes(),
        };
        self.create(keyspace::user_token(row.user, row.identity), &way)
    }

    /// Removes a token, the way to it, and the time of its last use.
    pub(in crate::directory) fn erase_token(&mut self, hash: &TokenHash, row: &TokenRow) {
        self.erase(keyspace::token(hash));
        self.erase(keyspace::user_token(row.user, row.identity));
        self.erase(keyspace::last_use(row.identity.as_bytes()));
    }
}

impl TokenView {
    fn of(row: &TokenRow, last_used_at: Option<Timestamp>) -> Self {
        Self {
            identity: row.identity,
            name: row.name.clone(),
            description: row.description.as_str().to_owned(),
            scopes: row.scopes.clone(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            last_used_at,
            allowed_ips: row.allowed_ips.clone(),
            organisation: row.organisation,
        }
    }
}

/// Only people have personal tokens.
fn person<A: Action<Scope = OrganisationId>>(grant: &Grant<A>) -> Result<UserId> {
    user_of(grant.caller()).ok_or(ManageError::OnlyPeople)
}

fn concern(call: &Call, identity: TokenId) {
    call.concerns(Resource {
        kind: "personal_access_token".into(),
        identity: identity.to_string().into(),
    });
}
