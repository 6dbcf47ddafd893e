//! This installation as an issuer of tokens: the keys that seal access tokens, the keys that sign ID
//! tokens for others (OpenID Connect Core 1.0, section 2), and what is published of them.

mod id_token;
mod keychain;
mod schedule;
mod token_keys;

pub(crate) use id_token::Bearer;
pub use id_token::{IdTokenAsk, IdTokenError};
pub use keychain::RotationError;
pub use token_keys::SealFault;

use std::sync::Arc;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use strongroom_crypto::{IssuerKey, TokenKey};
use strongroom_types::Timestamp;

use self::keychain::{Keychain, Ring};
use self::schedule::Schedule;
use crate::engine::{Engine, Inner};
use crate::rows::RowFault;

/// Everything about keys that replace each other by the clock.
pub(crate) struct IssuerState {
    token_keys: Keychain<TokenKey>,
    signing_keys: Keychain<IssuerKey>,
}

impl IssuerState {
    pub(crate) fn new() -> Self {
        Self {
            token_keys: Keychain::new(),
            signing_keys: Keychain::new(),
        }
    }
}

/// A public key that verifies ID tokens: on P-256, for ES256 (RFC 7518, section 6.2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicSigningKey {
    /// Its name, which tokens carry as `kid`.
    pub name: String,
    /// The first coordinate, in base64url.
    pub x: String,
    /// The second coordinate, in base64url.
    pub y: String,
}

/// Why nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum IssuerError {
    /// No `issuer.url` is configured.
    #[error("this server issues no ID tokens: its operator has not set `issuer.url`")]
    Off,
    /// The keys could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
    /// The first key could not be made.
    #[error("the first key could not be made")]
    Rotation(#[source] RotationError),
}

/// What this installation publishes as an issuer. It needs no grant: it is for everybody.
pub struct Issuer<'e>(pub(crate) &'e Arc<Inner>);

impl Issuer<'_> {
    /// The `iss` of the ID tokens.
    ///
    /// # Errors
    ///
    /// [`IssuerError::Off`].
    pub fn url(&self) -> Result<&str, IssuerError> {
        self.0.settings.issuer.as_deref().ok_or(IssuerError::Off)
    }

    /// The keys that verify ID tokens: the one in use, the one before as long as its tokens live, and
    /// the next one from a day before it is used.
    ///
    /// # Errors
    ///
    /// It is switched off, or the keys cannot be read or made.
    pub async fn keys(&self) -> Result<Vec<PublicSigningKey>, IssuerError> {
        self.url()?;
        let ring = self.0.signing_keys().await?;
        let shown = ring.known(self.0.clock.now()).map(|kept| {
            let (x, y) = kept.key.public_point();
            PublicSigningKey {
                name: HEXLOWER.encode(&kept.identity),
                x: BASE64URL_NOPAD.encode(x),
                y: BASE64URL_NOPAD.encode(y),
            }
        });
        Ok(shown.collect())
    }
}

impl Engine {
    /// This installation as an issuer.
    pub fn issuer(&self) -> Issuer<'_> {
        Issuer(&self.0)
    }

    /// Makes the next key of each kind that is due by the engine's clock; says how many.
    ///
    /// # Errors
    ///
    /// The keys cannot be read, made or stored.
    pub async fn rotate_token_keys_once(&self) -> Result<usize, RotationError> {
        let sealing = self.0.rotate::<TokenKey>().await?;
        let signing = match self.0.settings.issuer {
            Some(_) => self.0.rotate::<IssuerKey>().await?,
            None => false,
        };
        Ok(usize::from(sealing) + usize::from(signing))
    }
}

impl Inner {
    /// The signing keys; the first is made when somebody asks for it before the job did.
    async fn signing_keys(&self) -> Result<Arc<Ring<IssuerKey>>, IssuerError> {
        let schedule = Schedule::of(&self.settings);
        loop {
            let known = &self.issuer.signing_keys;
            let ring = known.current(&self.vault, schedule).await;
            if let Some(ring) = ring.map_err(IssuerError::Row)? {
                return Ok(ring);
            }
            let made = self.rotate::<IssuerKey>().await;
            made.map_err(IssuerError::Rotation)?;
        }
    }
}

/// Seconds since the epoch, as JSON Web Tokens count (RFC 7519, section 2).
fn seconds(time: Timestamp) -> i64 {
    time.as_second()
}
