//! Sealing and opening access tokens with keys that replace each other.
//!
//! Until the first of them was made the keyring's own key is used, and it counts as long after that as
//! any other that was replaced.

use strongroom_crypto::{PlainToken, SealError, TokenError};
use strongroom_types::Timestamp;

use super::schedule::Schedule;
use crate::engine::Inner;
use crate::rows::RowFault;

/// Why no token was sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealFault {
    /// The keys could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
    /// The claims could not be sealed.
    #[error("the token could not be sealed")]
    Seal(#[source] SealError),
}

impl Inner {
    /// The access token that carries these claims.
    pub(crate) async fn seal_token(
        &self,
        claims: &[u8],
        now: Timestamp,
    ) -> Result<PlainToken, SealFault> {
        let schedule = Schedule::of(&self.settings);
        let ring = self.issuer.token_keys.current(&self.vault, schedule).await;
        let ring = ring.map_err(SealFault::Row)?;
        let kept = ring.as_ref().and_then(|ring| ring.in_use(now));
        let key = kept.map_or(self.vault.keyring().access_tokens(), |kept| &kept.key);
        let sealed = key.seal(self.vault.entropy(), claims);
        sealed.map_err(SealFault::Seal)
    }

    /// The claims of an access token of ours; none if no key that counts made it.
    pub(crate) async fn open_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>, RowFault> {
        let schedule = Schedule::of(&self.settings);
        let ring = self
            .issuer
            .token_keys
            .current(&self.vault, schedule)
            .await?;
        for kept in ring.iter().flat_map(|ring| ring.known(now)) {
            match kept.key.open(text) {
                Ok(claims) => return Ok(Some(claims)),
                Err(TokenError::Unauthentic) => {}
                Err(TokenError::Malformed) => return Ok(None),
            }
        }
        let begin = ring.as_ref().and_then(|ring| ring.begin());
        let own_counts = begin.is_none_or(|begin| now < schedule.end(begin));
        let own = || self.vault.keyring().access_tokens().open(text).ok();
        Ok(own_counts.then(own).flatten())
    }
}
