//! What every cryptographic operation asks of a key first, always in the same order: its type, its
//! status, its region's service, the version (contract 2.10).

use std::sync::Arc;

use strongroom_audit::ServiceEvent;
use strongroom_crypto::{KeyMaterial, LibraryError, OperationError};
use strongroom_types::{KeyOperation, KeyStatus, KeyType, Scope, Version};

use super::{MaterialFault, ResolveKeyError};
use crate::engine::Inner;
use crate::evidence::{Evidence, Reason};
use crate::rows::key::KeyHead;
use crate::trail::AuditUnavailable;

/// Why a key did not do what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum UseKeyError {
    /// There is no such key, or the caller may not know of it.
    #[error(transparent)]
    Resolve(ResolveKeyError),
    /// Keys of this type do not do that.
    #[error("a key of type {key_type} cannot {operation}")]
    NotOffered {
        /// The key's type.
        key_type: KeyType,
        /// What was asked of it.
        operation: KeyOperation,
    },
    /// The key is disabled or waits for its removal.
    #[error("the key is {0}; this needs an active key")]
    NotActive(KeyStatus),
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The key has no such version, or one below its `minDecryptionVersion`.
    #[error("the key has no version {0}, or one below its minDecryptionVersion")]
    VersionNotFound(Version),
    /// The key's material could not be had.
    #[error("the key's material could not be had")]
    Material(#[source] MaterialFault),
    /// The request is none that this key can do, or the primitive failed.
    #[error(transparent)]
    Operation(OperationError),
    /// The material could not be written in its form for export.
    #[error("the material could not be written")]
    Written(#[source] LibraryError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl UseKeyError {
    /// Why, for the record.
    pub(super) const fn reason(&self) -> Reason {
        match self {
            Self::NotActive(_) => Reason::KeyState,
            _ => Reason::Fault,
        }
    }
}

/// An event, ended as the operation did: with the key version that was used, or refused.
pub(super) fn ended<T>(
    event: ServiceEvent<'static>,
    result: &Result<T, UseKeyError>,
    version: impl FnOnce(&T) -> Version,
) -> ServiceEvent<'static> {
    match result {
        Ok(done) => event.key_version(version(done)),
        Err(error) => event.refused(error.reason()),
    }
}

impl Inner {
    /// Whether keys like this do that, and this one does it now.
    pub(super) fn usable(
        &self,
        scope: &Scope,
        head: &KeyHead,
        operation: KeyOperation,
    ) -> Result<(), UseKeyError> {
        let key_type = head.key_type;
        if !key_type.offers(operation) {
            return Err(UseKeyError::NotOffered {
                key_type,
                operation,
            });
        }
        self.active(scope, head)
    }

    /// Whether the key does anything now.
    pub(super) fn active(&self, scope: &Scope, head: &KeyHead) -> Result<(), UseKeyError> {
        if head.status != KeyStatus::Active {
            return Err(UseKeyError::NotActive(head.status));
        }
        if !self.has_kms(&scope.region) {
            return Err(UseKeyError::NoService);
        }
        Ok(())
    }

    /// The material of the version that is asked for, or of the latest.
    pub(super) async fn material_at(
        &self,
        scope: &Scope,
        head: &KeyHead,
        version: Option<Version>,
    ) -> Result<(Version, Arc<KeyMaterial>), UseKeyError> {
        let version = version.unwrap_or_else(|| head.latest());
        if version < head.min_decryption_version {
            return Err(UseKeyError::VersionNotFound(version));
        }
        let material = self.material_of(scope, head, version).await?;
        Ok((version, material))
    }

    /// The material of any version that the key has.
    pub(super) async fn material_of(
        &self,
        scope: &Scope,
        head: &KeyHead,
        version: Version,
    ) -> Result<Arc<KeyMaterial>, UseKeyError> {
        if !head.has(version) {
            return Err(UseKeyError::VersionNotFound(version));
        }
        self.ring
            .material(&self.vault, scope, head.identity, version)
            .await
            .map_err(UseKeyError::Material)
    }
}
