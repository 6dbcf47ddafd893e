//! K8, and many at once.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{DecryptWithKey, Grant};
use strongroom_crypto::DecryptError;
use strongroom_types::{KeyOperation, Plaintext, Scope, Version};

use super::associated::associated;
use super::lookup::FoundKey;
use super::usable::UseKeyError;
use super::versioned::{MalformedText, take_apart};
use super::{BatchItem, Keys};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence, Reason};

/// Something to decrypt.
pub struct ToDecrypt {
    /// The ciphertext, as an encryption gave it.
    pub ciphertext: String,
    /// What it was bound to then.
    pub associated: Plaintext,
}

/// What a ciphertext held.
pub struct Decrypted {
    /// The bytes.
    pub plaintext: Plaintext,
    /// The key version that opened it.
    pub key_version: Version,
}

/// Why nothing was decrypted.
#[derive(Debug, thiserror::Error)]
pub enum DecryptDataError {
    /// The key did not do it.
    #[error(transparent)]
    Use(UseKeyError),
    /// The ciphertext is not of our form, or was not made with this key. One message for all
    /// reasons, so that it tells an attacker nothing.
    #[error("ciphertext is not one that this key made")]
    Ciphertext(#[source] MalformedCiphertext),
}

/// What is wrong with a ciphertext; for the log, never for the caller.
#[derive(Debug, thiserror::Error)]
pub enum MalformedCiphertext {
    /// It is not of our form.
    #[error(transparent)]
    Text(MalformedText),
    /// The key has no such version, or one that no longer decrypts.
    #[error("version {0} is not one of the key's")]
    Version(Version),
    /// It was not made with this key or for these associated data, or was changed.
    #[error("not authentic")]
    Authentication(#[source] DecryptError),
}

impl DecryptDataError {
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::Use(error) => error.reason(),
            Self::Ciphertext(_) => Reason::Fault,
        }
    }
}

impl Keys<'_> {
    /// Decrypts what this key encrypted; the version is in the ciphertext.
    pub async fn decrypt(
        &self,
        grant: Grant<DecryptWithKey>,
        call: &Arc<Call>,
        what: ToDecrypt,
    ) -> Result<Recorded<Decrypted>, DecryptDataError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(|error| DecryptDataError::Use(UseKeyError::Resolve(error)))?;
        let result = inner.decrypt(resolved.scope(), &found, &what).await;
        inner.note_decryption(call, &found, what.ciphertext.len(), &result);
        let recorded = inner.trail.recorded(call, result?).await;
        recorded.map_err(|fault| DecryptDataError::Use(UseKeyError::Audit(fault)))
    }

    /// Decrypts each item by itself; what is malformed already stays as it is. Fails as a whole
    /// only where the key can decrypt nothing at all.
    pub async fn decrypt_batch<M>(
        &self,
        grant: Grant<DecryptWithKey>,
        call: &Arc<Call>,
        items: Vec<Result<ToDecrypt, M>>,
    ) -> Result<Recorded<Vec<BatchItem<Decrypted, DecryptDataError, M>>>, DecryptDataError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(|error| DecryptDataError::Use(UseKeyError::Resolve(error)))?;
        let scope = resolved.scope();
        let event = evidence::key(Action::KmsDecrypt, &found.head).with("items", items.len());
        if let Err(error) = inner.usable(scope, &found.head, KeyOperation::Decrypt) {
            call.note(event.refused(error.reason()));
            return Err(DecryptDataError::Use(error));
        }
        let (mut done, mut bytes, mut failed) = (Vec::with_capacity(items.len()), 0, 0);
        for item in items {
            let item = match item {
                Ok(what) => {
                    bytes += what.ciphertext.len();
                    Ok(inner.decrypt(scope, &found, &what).await)
                }
                Err(malformed) => Err(malformed),
            };
            failed += usize::from(!matches!(item, Ok(Ok(_))));
            done.push(item);
            tokio::task::yield_now().await;
        }
        call.note(event.with("ciphertextBytes", bytes).with("failed", failed));
        let recorded = inner.trail.recorded(call, done).await;
        recorded.map_err(|fault| DecryptDataError::Use(UseKeyError::Audit(fault)))
    }
}

impl Inner {
    pub(super) async fn decrypt(
        &self,
        scope: &Scope,
        found: &FoundKey,
        what: &ToDecrypt,
    ) -> Result<Decrypted, DecryptDataError> {
        let head = &found.head;
        self.usable(scope, head, KeyOperation::Decrypt)
            .map_err(DecryptDataError::Use)?;
        let (version, sealed) = take_apart(&what.ciphertext)
            .map_err(MalformedCiphertext::Text)
            .map_err(DecryptDataError::Ciphertext)?;
        let material = match self.material_at(scope, head, Some(version)).await {
            // A version in a ciphertext is a part of it: unknown, it is like any other damage.
            Err(UseKeyError::VersionNotFound(version)) => {
                let fault = MalformedCiphertext::Version(version);
                return Err(DecryptDataError::Ciphertext(fault));
            }
            found => found.map_err(DecryptDataError::Use)?.1,
        };
        let plaintext = material
            .decrypt(&associated(what.associated.expose()), &sealed)
            .map_err(MalformedCiphertext::Authentication)
            .map_err(DecryptDataError::Ciphertext)?;
        Ok(Decrypted {
            plaintext,
            key_version: version,
        })
    }

    pub(super) fn note_decryption(
        &self,
        call: &Call,
        found: &FoundKey,
        bytes: usize,
        result: &Result<Decrypted, DecryptDataError>,
    ) {
        let event = evidence::key(Action::KmsDecrypt, &found.head).with("ciphertextBytes", bytes);
        call.note(match result {
            Ok(decrypted) => event.key_version(decrypted.key_version),
            Err(error) => event.refused(error.reason()),
        });
    }
}
