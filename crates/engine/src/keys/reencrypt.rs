//! Ours: a ciphertext of one key or version becomes one of another, and nobody sees what it holds.

use std::sync::Arc;

use strongroom_authz::{EncryptWithKey, Grant, ReencryptWithKey};
use strongroom_types::{KeyId, Plaintext, Reference, Version};

use super::decrypt::{DecryptDataError, ToDecrypt};
use super::encrypt::{EncryptDataError, Encrypted, ToEncrypt};
use super::lookup::FoundKey;
use super::usable::UseKeyError;
use super::{Keys, ResolveKeyError, names};
use crate::call::{Call, Recorded};

/// A ciphertext, and what is to become of it.
pub struct ToReencrypt {
    /// The ciphertext, and what it is bound to.
    pub source: ToDecrypt,
    /// The key that the new one is made with; none means the same.
    pub target: Option<Reference<KeyId>>,
    /// The version of that key; none means the latest.
    pub version: Option<Version>,
    /// What the new one is bound to; none means the same.
    pub associated: Option<Plaintext>,
}

/// Why a ciphertext stayed as it was.
#[derive(Debug, thiserror::Error)]
pub enum ReencryptError {
    /// It was not decrypted.
    #[error(transparent)]
    Decrypt(DecryptDataError),
    /// There is no such target key, or the caller may not encrypt with it.
    #[error("there is no such target key here")]
    Target(#[source] ResolveKeyError),
    /// It was not encrypted anew.
    #[error(transparent)]
    Encrypt(EncryptDataError),
}

impl Keys<'_> {
    /// Decrypts with the key of the grant and encrypts with the target key. The right to decrypt
    /// is enough for a newer version of the same key; another key, or another binding, takes the
    /// right to encrypt with it as well.
    pub async fn reencrypt(
        &self,
        grant: Grant<ReencryptWithKey>,
        call: &Arc<Call>,
        what: ToReencrypt,
    ) -> Result<Recorded<Encrypted>, ReencryptError> {
        let inner = self.0;
        let resolve = |error| DecryptDataError::Use(UseKeyError::Resolve(error));
        let (resolved, source) = inner
            .resolve(call, grant)
            .await
            .map_err(|error| ReencryptError::Decrypt(resolve(error)))?;
        let scope = resolved.scope();
        let asks_more = what.target.is_some() || what.associated.is_some();
        let target = match &what.target {
            None => Some(source.clone()),
            Some(reference) => inner
                .find_key(scope, reference)
                .await
                .map_err(|fault| ReencryptError::Target(ResolveKeyError::Row(fault)))?,
        };
        let permitted = |target: &FoundKey| {
            let permits = || resolved.also_permits::<EncryptWithKey>(&names(&target.head));
            !asks_more || permits().is_ok()
        };
        let target = target
            .filter(permitted)
            .ok_or(ReencryptError::Target(ResolveKeyError::NotFound))?;

        let opened = inner.decrypt(scope, &source, &what.source).await;
        inner.note_decryption(call, &source, what.source.ciphertext.len(), &opened);
        let to_encrypt = ToEncrypt {
            plaintext: opened.map_err(ReencryptError::Decrypt)?.plaintext,
            version: what.version,
            associated: what.associated.unwrap_or(what.source.associated),
        };
        let sealed = inner.encrypt(scope, &target, &to_encrypt).await;
        inner.note_encryption(call, &target, to_encrypt.plaintext.len(), &sealed);
        let sealed = sealed.map_err(ReencryptError::Encrypt)?;
        let recorded = inner.trail.recorded(call, sealed).await;
        recorded.map_err(|fault| {
            ReencryptError::Encrypt(EncryptDataError::Use(UseKeyError::Audit(fault)))
        })
    }
}
