//! K7, and what is ours beside it: many at once, and data keys.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{EncryptWithKey, Grant};
use strongroom_crypto::{EntropyError, random_secret};
use strongroom_types::{KeyOperation, Plaintext, Scope, Version};

use super::associated::associated;
use super::lookup::FoundKey;
use super::usable::UseKeyError;
use super::usage::CountError;
use super::versioned::compose;
use super::{BatchItem, Keys};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence, Reason};

/// The most bytes that are encrypted at once (contract 2.4).
pub const MAX_PLAINTEXT: usize = 65_535;

/// Something to encrypt.
pub struct ToEncrypt {
    /// The bytes, 1 to [`MAX_PLAINTEXT`].
    pub plaintext: Plaintext,
    /// The key version; none means the latest.
    pub version: Option<Version>,
    /// What the ciphertext is bound to; empty binds it to nothing.
    pub associated: Plaintext,
}

/// A data key to be drawn.
pub struct ToDraw {
    /// Its length, in bytes.
    pub bytes: usize,
    /// The key version that wraps it; none means the latest.
    pub version: Option<Version>,
    /// What the wrapped form is bound to; empty binds it to nothing.
    pub associated: Plaintext,
    /// Whether it is handed out only wrapped.
    pub wrapped_only: bool,
}

/// A ciphertext, ready to be kept anywhere.
#[derive(Debug, Clone)]
pub struct Encrypted {
    /// `thalassa:v{keyVersion}:{base64}`.
    pub ciphertext: String,
    /// The key version that it was made with.
    pub key_version: Version,
}

/// A data key.
pub struct DataKey {
    /// Its bytes, unless only the wrapped form was asked for.
    pub plaintext: Option<Plaintext>,
    /// Its wrapped form.
    pub wrapped: Encrypted,
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptDataError {
    /// The key did not do it.
    #[error(transparent)]
    Use(UseKeyError),
    /// Nothing, or too much.
    #[error("plaintext has 1 to {MAX_PLAINTEXT} bytes, decoded")]
    Size,
    /// This version has encrypted enough, or that could not be found out.
    #[error(transparent)]
    Count(CountError),
    /// There were no random bytes for a data key.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
}

impl EncryptDataError {
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::Use(error) => error.reason(),
            Self::Count(CountError::Spent(_)) => Reason::KeyState,
            Self::Size | Self::Count(_) | Self::Entropy(_) => Reason::Fault,
        }
    }
}

impl Keys<'_> {
    /// Encrypts with the latest version of a key, or the one that is asked for.
    pub async fn encrypt(
        &self,
        grant: Grant<EncryptWithKey>,
        call: &Arc<Call>,
        what: ToEncrypt,
    ) -> Result<Recorded<Encrypted>, EncryptDataError> {
        let inner = self.0;
        let (scope, found) = inner.to_encrypt_with(call, grant).await?;
        let result = inner.encrypt(&scope, &found, &what).await;
        inner.note_encryption(call, &found, what.plaintext.len(), &result);
        let recorded = inner.trail.recorded(call, result?).await;
        recorded.map_err(|fault| EncryptDataError::Use(UseKeyError::Audit(fault)))
    }

    /// Encrypts each item by itself; what is malformed already stays as it is. Fails as a whole
    /// only where the key can encrypt nothing at all.
    pub async fn encrypt_batch<M>(
        &self,
        grant: Grant<EncryptWithKey>,
        call: &Arc<Call>,
        items: Vec<Result<ToEncrypt, M>>,
    ) -> Result<Recorded<Vec<BatchItem<Encrypted, EncryptDataError, M>>>, EncryptDataError> {
        let inner = self.0;
        let (scope, found) = inner.to_encrypt_with(call, grant).await?;
        let usable = inner.usable(&scope, &found.head, KeyOperation::Encrypt);
        let event = evidence::key(Action::KmsEncrypt, &found.head).with("items", items.len());
        if let Err(error) = usable {
            call.note(event.refused(error.reason()));
            return Err(EncryptDataError::Use(error));
        }
        let (mut done, mut bytes, mut failed) = (Vec::with_capacity(items.len()), 0, 0);
        for item in items {
            let item = match item {
                Ok(what) => {
                    bytes += what.plaintext.len();
                    Ok(inner.encrypt(&scope, &found, &what).await)
                }
                Err(malformed) => Err(malformed),
            };
            failed += usize::from(!matches!(item, Ok(Ok(_))));
            done.push(item);
            tokio::task::yield_now().await;
        }
        call.note(event.with("plaintextBytes", bytes).with("failed", failed));
        let recorded = inner.trail.recorded(call, done).await;
        recorded.map_err(|fault| EncryptDataError::Use(UseKeyError::Audit(fault)))
    }

    /// Draws a data key and encrypts it with this key.
    pub async fn data_key(
        &self,
        grant: Grant<EncryptWithKey>,
        call: &Arc<Call>,
        what: ToDraw,
    ) -> Result<Recorded<DataKey>, EncryptDataError> {
        let inner = self.0;
        let (scope, found) = inner.to_encrypt_with(call, grant).await?;
        let drawn = random_secret(inner.vault.entropy(), what.bytes);
        let to_encrypt = ToEncrypt {
            plaintext: drawn.map_err(EncryptDataError::Entropy)?,
            version: what.version,
            associated: what.associated,
        };
        let result = inner.encrypt(&scope, &found, &to_encrypt).await;
        inner.note_encryption(call, &found, what.bytes, &result);
        let data_key = DataKey {
            wrapped: result?,
            plaintext: Some(to_encrypt.plaintext).filter(|_| !what.wrapped_only),
        };
        let recorded = inner.trail.recorded(call, data_key).await;
        recorded.map_err(|fault| EncryptDataError::Use(UseKeyError::Audit(fault)))
    }
}

impl Inner {
    async fn to_encrypt_with(
        &self,
        call: &Call,
        grant: Grant<EncryptWithKey>,
    ) -> Result<(Scope, FoundKey), EncryptDataError> {
        let (resolved, found) = self
            .resolve(call, grant)
            .await
            .map_err(|error| EncryptDataError::Use(UseKeyError::Resolve(error)))?;
        Ok((resolved.scope().clone(), found))
    }

    pub(super) async fn encrypt(
        &self,
        scope: &Scope,
        found: &FoundKey,
        what: &ToEncrypt,
    ) -> Result<Encrypted, EncryptDataError> {
        let head = &found.head;
        if !(1..=MAX_PLAINTEXT).contains(&what.plaintext.len()) {
            return Err(EncryptDataError::Size);
        }
        self.usable(scope, head, KeyOperation::Encrypt)
            .map_err(EncryptDataError::Use)?;
        let (version, material) = self
            .material_at(scope, head, what.version)
            .await
            .map_err(EncryptDataError::Use)?;
        self.count_encryption(scope, found, version)
            .await
            .map_err(EncryptDataError::Count)?;
        let sealed = material
            .encrypt(
                self.vault.entropy(),
                &associated(what.associated.expose()),
                what.plaintext.expose(),
            )
            .map_err(|error| EncryptDataError::Use(UseKeyError::Operation(error)))?;
        Ok(Encrypted {
            ciphertext: compose(version, &sealed),
            key_version: version,
        })
    }

    pub(super) fn note_encryption(
        &self,
        call: &Call,
        found: &FoundKey,
        bytes: usize,
        result: &Result<Encrypted, EncryptDataError>,
    ) {
        let event = evidence::key(Action::KmsEncrypt, &found.head).with("plaintextBytes", bytes);
        call.note(match result {
            Ok(encrypted) => event.key_version(encrypted.key_version),
            Err(error) => event.refused(error.reason()),
        });
    }
}
