//! K7 and K8: encrypt and decrypt.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_audit::Action;
use strongroom_authz::{DecryptWithKey, EncryptWithKey, Grant};
use strongroom_crypto::{DecryptError, EncryptError, KeyMaterial};
use strongroom_types::{KeyFamily, KeyStatus, KeyType, Plaintext, Scope, Version};

use super::lookup::FoundKey;
use super::{Keys, MaterialFault, ResolveKeyError};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence, Reason};
use crate::trail::AuditUnavailable;

/// The most bytes that are encrypted at once (contract 2.4).
pub const MAX_PLAINTEXT: usize = 65_535;

/// What comes before the version in a ciphertext (contract 2.5).
const PREFIX: &str = "thalassa:v";

/// A ciphertext, ready to be kept anywhere.
#[derive(Debug, Clone)]
pub struct Encrypted {
    /// `thalassa:v{keyVersion}:{base64}`.
    pub ciphertext: String,
    /// The key version that it was made with.
    pub key_version: Version,
}

/// What a ciphertext held.
pub struct Decrypted {
    /// The bytes.
    pub plaintext: Plaintext,
    /// The key version that opened it.
    pub key_version: Version,
}

/// Why nothing was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptDataError {
    /// There is no such key, or the caller may not know of it.
    #[error(transparent)]
    Resolve(ResolveKeyError),
    /// Nothing, or too much.
    #[error("plaintext has 1 to {MAX_PLAINTEXT} bytes, decoded")]
    Size,
    /// The key is of a type that does not encrypt.
    #[error("a key of type {0} does not encrypt")]
    WrongType(KeyType),
    /// The key is disabled or waits for its removal.
    #[error("the key is {0}; this needs an active key")]
    NotActive(KeyStatus),
    /// The key has no such version.
    #[error("the key has no version {0}")]
    VersionNotFound(Version),
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The key's material could not be had.
    #[error("the key's material could not be had")]
    Material(#[source] MaterialFault),
    /// The primitive failed.
    #[error("the bytes could not be encrypted")]
    Encrypt(#[source] EncryptError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// Why nothing was decrypted.
#[derive(Debug, thiserror::Error)]
pub enum DecryptDataError {
    /// There is no such key, or the caller may not know of it.
    #[error(transparent)]
    Resolve(ResolveKeyError),
    /// The ciphertext is not of our form, or was not made with this key. One message for all
    /// reasons, so that it tells an attacker nothing.
    #[error("ciphertext is not one that this key made")]
    Ciphertext(#[source] MalformedCiphertext),
    /// The key is of a type that does not decrypt.
    #[error("a key of type {0} does not decrypt")]
    WrongType(KeyType),
    /// The key is disabled or waits for its removal.
    #[error("the key is {0}; this needs an active key")]
    NotActive(KeyStatus),
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The key's material could not be had.
    #[error("the key's material could not be had")]
    Material(#[source] MaterialFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// What is wrong with a ciphertext; for the log, never for the caller.
#[derive(Debug, thiserror::Error)]
pub enum MalformedCiphertext {
    /// It does not start with `thalassa:v` and a version.
    #[error("no version prefix")]
    Prefix,
    /// The key has no such version, or one that no longer decrypts.
    #[error("version {0} is not one of the key's")]
    Version(Version),
    /// What follows the prefix is not base64.
    #[error("no base64")]
    Base64(#[source] base64::DecodeError),
    /// It was not made with this key, or was changed.
    #[error("not authentic")]
    Authentication(#[source] DecryptError),
}

impl Keys<'_> {
    /// Encrypts with the latest version of a key, or the one that is asked for.
    pub async fn encrypt(
        &self,
        grant: Grant<EncryptWithKey>,
        call: &Arc<Call>,
        plaintext: Plaintext,
        version: Option<Version>,
    ) -> Result<Recorded<Encrypted>, EncryptDataError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(EncryptDataError::Resolve)?;
        let scope = resolved.scope();
        let result = inner.encrypt(scope, &found, &plaintext, version).await;
        let event =
            evidence::key(Action::KmsEncrypt, &found.head).with("plaintextBytes", plaintext.len());
        match &result {
            Ok(encrypted) => call.note(event.key_version(encrypted.key_version)),
            Err(EncryptDataError::NotActive(_)) => call.note(event.refused(Reason::KeyState)),
            Err(_) => call.note(event.refused(Reason::Fault)),
        }
        inner
            .trail
            .recorded(call, result?)
            .await
            .map_err(EncryptDataError::Audit)
    }

    /// Decrypts what this key encrypted; the version is in the ciphertext.
    pub async fn decrypt(
        &self,
        grant: Grant<DecryptWithKey>,
        call: &Arc<Call>,
        ciphertext: &str,
    ) -> Result<Recorded<Decrypted>, DecryptDataError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(DecryptDataError::Resolve)?;
        let scope = resolved.scope();
        let result = inner.decrypt(scope, &found, ciphertext).await;
        let event = evidence::key(Action::KmsDecrypt, &found.head)
            .with("ciphertextBytes", ciphertext.len());
        match &result {
            Ok(decrypted) => call.note(event.key_version(decrypted.key_version)),
            Err(DecryptDataError::NotActive(_)) => call.note(event.refused(Reason::KeyState)),
            Err(_) => call.note(event.refused(Reason::Fault)),
        }
        inner
            .trail
            .recorded(call, result?)
            .await
            .map_err(DecryptDataError::Audit)
    }
}

impl Inner {
    async fn encrypt(
        &self,
        scope: &Scope,
        found: &FoundKey,
        plaintext: &Plaintext,
        version: Option<Version>,
    ) -> Result<Encrypted, EncryptDataError> {
        let head = &found.head;
        if head.key_type.family() != KeyFamily::Aead {
            return Err(EncryptDataError::WrongType(head.key_type));
        }
        if !(1..=MAX_PLAINTEXT).contains(&plaintext.len()) {
            return Err(EncryptDataError::Size);
        }
        if head.status != KeyStatus::Active {
            return Err(EncryptDataError::NotActive(head.status));
        }
        let version = version.unwrap_or_else(|| head.latest());
        if !head.versions.iter().any(|entry| entry.version == version) {
            return Err(EncryptDataError::VersionNotFound(version));
        }
        if !self.has_kms(&scope.region) {
            return Err(EncryptDataError::NoService);
        }
        let material = self
            .ring
            .material(&self.vault, scope, head.identity, version)
            .await;
        let sealed = material
            .map_err(EncryptDataError::Material)?
            .encrypt(self.vault.entropy(), &[], plaintext.expose())
            .map_err(EncryptDataError::Encrypt)?;
        Ok(Encrypted {
            ciphertext: compose(version, &sealed),
            key_version: version,
        })
    }

    async fn decrypt(
        &self,
        scope: &Scope,
        found: &FoundKey,
        ciphertext: &str,
    ) -> Result<Decrypted, DecryptDataError> {
        let head = &found.head;
        if head.key_type.family() != KeyFamily::Aead {
            return Err(DecryptDataError::WrongType(head.key_type));
        }
        if head.status != KeyStatus::Active {
            return Err(DecryptDataError::NotActive(head.status));
        }
        if !self.has_kms(&scope.region) {
            return Err(DecryptDataError::NoService);
        }
        let (version, sealed) = take_apart(ciphertext).map_err(DecryptDataError::Ciphertext)?;
        let decrypts = version >= head.min_decryption_version;
        if !(decrypts && head.versions.iter().any(|entry| entry.version == version)) {
            return Err(DecryptDataError::Ciphertext(MalformedCiphertext::Version(
                version,
            )));
        }
        let material = self
            .ring
            .material(&self.vault, scope, head.identity, version)
            .await;
        let material: Arc<KeyMaterial> = material.map_err(DecryptDataError::Material)?;
        let plaintext = material
            .decrypt(&[], &sealed)
            .map_err(MalformedCiphertext::Authentication)
            .map_err(DecryptDataError::Ciphertext)?;
        Ok(Decrypted {
            plaintext,
            key_version: version,
        })
    }
}

fn compose(version: Version, sealed: &[u8]) -> String {
    format!("{PREFIX}{version}:{}", STANDARD.encode(sealed))
}

fn take_apart(ciphertext: &str) -> Result<(Version, Vec<u8>), MalformedCiphertext> {
    let (version, encoded) = ciphertext
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once(':'))
        .ok_or(MalformedCiphertext::Prefix)?;
    let version = version.parse().map_err(|_| MalformedCiphertext::Prefix)?;
    let sealed = STANDARD
        .decode(encoded)
        .map_err(MalformedCiphertext::Base64)?;
    Ok((version, sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ciphertext_carries_its_version() {
        let version = Version::new(12).unwrap();
        let text = compose(version, b"sealed");
        assert_eq!(text, "thalassa:v12:c2VhbGVk");
        assert_eq!(take_apart(&text).unwrap(), (version, b"sealed".to_vec()));
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "",
            "thalassa:",
            "thalassa:v",
            "thalassa:v1",
            "thalassa:v0:c2VhbGVk",
            "thalassa:v-1:c2VhbGVk",
            "thalassa:v01:c2VhbGVk",
            "vault:v1:c2VhbGVk",
            "thalassa:v1:c2VhbGV",
            "thalassa:v1:c2Vh bGVk",
            "thalassa:v9223372036854775808:AAAA",
        ] {
            assert!(take_apart(text).is_err(), "{text:?}");
        }
    }
}
