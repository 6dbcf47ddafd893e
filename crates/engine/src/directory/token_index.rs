//! The way from users to tokens that were issued before there was one.
//!
//! The first tokens of an installation were rows that only their hash led to, so that no list showed
//! them and nobody could revoke one without its value. Once per installation, at the first start of a
//! release that knows better, each gets the row that leads to it.

use strongroom_crypto::TokenHash;
use strongroom_types::Timestamp;

use crate::rows::directory::{TokenRow, TokensIndexed, UserToken};
use crate::rows::{CommitFault, RowFault, Vault, keyspace};

/// Rows written in one batch.
const BATCH: usize = 256;

/// Why tokens could not be indexed.
#[derive(Debug, thiserror::Error)]
pub enum TokenIndexError {
    /// A token could not be read.
    #[error("a token could not be read")]
    Read(#[source] RowFault),
    /// A way to a token could not be written.
    #[error("the way to a token could not be written")]
    Write(#[source] CommitFault),
}

/// Indexes all tokens, unless that is done. A crash in between costs no more than doing it again.
pub(crate) async fn index_tokens(vault: &Vault, now: Timestamp) -> Result<(), TokenIndexError> {
    let mark = keyspace::tokens_indexed();
    let done = vault.get_sealed(&mark).await;
    if done.map_err(TokenIndexError::Read)?.is_some() {
        return Ok(());
    }
    let tokens = vault.all::<TokenRow>(keyspace::all_tokens()).await;
    for some in tokens.map_err(TokenIndexError::Read)?.chunks(BATCH) {
        let mut changes = vault.changes();
        for (key, token) in some {
            let hash = keyspace::hash_of_token(key).map(TokenHash::from_stored);
            let Some(hash) = hash else { continue };
            let way = UserToken {
                hash: *hash.as_bytes(),
            };
            let place = keyspace::user_token(token.row.user, token.row.identity);
            changes.put(place, &way).map_err(TokenIndexError::Write)?;
        }
        changes.commit().await.map_err(TokenIndexError::Write)?;
    }
    let mut changes = vault.changes();
    let done = TokensIndexed { at: now };
    changes.put(mark, &done).map_err(TokenIndexError::Write)?;
    let done = changes.commit().await;
    done.map(drop).map_err(TokenIndexError::Write)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use strongroom_crypto::{Keyring, SystemEntropy, new_personal_token, random};
    use strongroom_store::{EmbeddedOptions, Store};
    use strongroom_types::{Description, Networks, TokenId, UserId};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    async fn old_token(vault: &Vault, user: UserId, number: u8) -> TokenHash {
        let row = TokenRow {
            identity: TokenId::from_bytes([number; 16]),
            user,
            name: String::new(),
            expires_at: None,
            created_at: NOW,
            scopes: Vec::new(),
            description: Description::default(),
            allowed_ips: Networks::default(),
            organisation: None,
        };
        let hash = new_personal_token(&SystemEntropy).unwrap().hash();
        let mut changes = vault.changes();
        changes.create(keyspace::token(&hash), &row).unwrap();
        changes.commit().await.unwrap();
        hash
    }

    async fn ways(vault: &Vault, user: UserId) -> Vec<[u8; 32]> {
        let ways = vault.all::<UserToken>(keyspace::user_tokens(user)).await;
        let ways = ways.unwrap().into_iter();
        ways.map(|(_, way)| way.row.hash).collect()
    }

    #[tokio::test]
    async fn tokens_without_a_way_get_one_once() {
        let directory = tempfile::tempdir().unwrap();
        let installation = random(&SystemEntropy).unwrap();
        let options = EmbeddedOptions::new(directory.path().join("store"), installation);
        let store = Store::open_embedded(options).unwrap();
        let keyring = Arc::new(Keyring::generate(&SystemEntropy).unwrap());
        let vault = Vault::new(store.clone(), keyring, Arc::new(SystemEntropy));
        let (ann, ben) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let first = old_token(&vault, ann, 1).await;
        let second = old_token(&vault, ann, 2).await;
        let other = old_token(&vault, ben, 3).await;
        assert!(ways(&vault, ann).await.is_empty());
        index_tokens(&vault, NOW).await.unwrap();
        let both = [*first.as_bytes(), *second.as_bytes()];
        assert_eq!(ways(&vault, ann).await, both);
        assert_eq!(ways(&vault, ben).await, [*other.as_bytes()]);
        // From then on whoever issues a token makes its way, and no start reads all of them.
        old_token(&vault, ben, 4).await;
        index_tokens(&vault, NOW).await.unwrap();
        assert_eq!(ways(&vault, ben).await.len(), 1);
        store.shutdown().await;
    }
}
