//! S7: reveal a value.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{DecryptWithKey, Grant, PolicyDenied, ReadSecretValue};
use strongroom_types::{KeyId, Reference, SecretPath, SecretValue, Timestamp, Version};

use super::versions::VersionPlace;
use super::{OpenValueFault, Secrets, policy_document};
use crate::call::{Call, Recorded};
use crate::evidence::{self, Evidence, Reason};
use crate::keys::{KeyUnusable, names};
use crate::rows::secret::{SealedValue, SecretHead, SecretVersion};
use crate::rows::{RowFault, keyspace};
use crate::trail::AuditUnavailable;

/// A value in the clear, and what opened it (contract 1.10).
pub struct Revealed {
    /// The secret's path.
    pub path: SecretPath,
    /// The version that was read.
    pub version: Version,
    /// Its value.
    pub value: SecretValue,
    /// The KMS key that protects it.
    pub key: KeyId,
    /// The key's version that protects it.
    pub key_version: Version,
}

/// Why a value was not revealed.
#[derive(Debug, thiserror::Error)]
pub enum RevealError {
    /// No secret at this path in this scope.
    #[error("there is no secret at this path")]
    NotFound,
    /// The secret has no version of this number.
    #[error("the secret has no version {0}")]
    VersionNotFound(Version),
    /// The version's value was erased.
    #[error("version {0} of the secret was destroyed")]
    VersionDestroyed(Version),
    /// No version is left to be read.
    #[error("the secret has no active version; put a value first")]
    NoActiveVersion,
    /// The secret's own policy forbids it, here or now.
    #[error("the secret's access policy does not allow this")]
    AccessPolicy(#[source] PolicyDenied),
    /// The operator demands a permission on the key as well, and the caller lacks it.
    #[error("this also needs the permission to decrypt with the secret's KMS key")]
    KeyPermission,
    /// The key that protects the value cannot be used.
    #[error(transparent)]
    Key(KeyUnusable),
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The value is damaged.
    #[error("the secret's value could not be opened")]
    Damaged(#[source] OpenValueFault),
    /// The reveal could not be recorded, so it did not happen.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl RevealError {
    const fn reason(&self) -> Option<Reason> {
        match self {
            Self::AccessPolicy(_) => Some(Reason::AccessPolicy),
            Self::KeyPermission => Some(Reason::Iam),
            Self::Key(KeyUnusable::Row(_) | KeyUnusable::Material(_))
            | Self::Row(_)
            | Self::Damaged(_) => Some(Reason::Fault),
            Self::Key(_) => Some(Reason::KeyState),
            Self::NotFound
            | Self::VersionNotFound(_)
            | Self::VersionDestroyed(_)
            | Self::NoActiveVersion
            | Self::Audit(_) => None,
        }
    }
}

impl Secrets<'_> {
    /// Reveals a version, by default the current one.
    ///
    /// The value leaves only once the call's record is durable.
    pub async fn reveal(
        &self,
        grant: Grant<ReadSecretValue>,
        call: &Arc<Call>,
        version: Option<Version>,
    ) -> Result<Recorded<Revealed>, RevealError> {
        let now = self.0.clock.now();
        let result = self.open_version(grant, call, version, now).await;
        if let Some(reason) = result.as_ref().err().and_then(RevealError::reason) {
            call.note(evidence::secret(Action::SecretGetValue).refused(reason));
        }
        let (revealed, incarnation) = result?;
        let read = revealed.version;
        let recorded = self.0.trail.recorded(call, revealed).await;
        let recorded = recorded.map_err(RevealError::Audit)?;
        self.0.access_times.touch(incarnation, read, now);
        Ok(recorded)
    }

    async fn open_version(
        &self,
        grant: Grant<ReadSecretValue>,
        call: &Call,
        version: Option<Version>,
        now: Timestamp,
    ) -> Result<(Revealed, [u8; 16]), RevealError> {
        let inner = self.0;
        let row = keyspace::secret(grant.scope(), grant.target());
        let stored = inner
            .vault
            .get::<SecretHead>(&row)
            .await
            .map_err(RevealError::Row)?;
        let mut head = stored.ok_or(RevealError::NotFound)?.row;

        let policy = policy_document::stored(head.policy.as_deref(), inner.settings.statements);
        let admitted = grant
            .admit(policy.as_ref(), now)
            .map_err(RevealError::AccessPolicy)?;
        let (scope, path) = (admitted.scope(), admitted.target());

        let wanted = version
            .or(head.current)
            .ok_or(RevealError::NoActiveVersion)?;
        let found = inner
            .take_version(scope, path, &mut head, wanted)
            .await
            .map_err(RevealError::Row)?
            .ok_or(RevealError::VersionNotFound(wanted))?;
        let (found, sealed) = readable(found, version)?;

        let key = inner
            .usable_key(
                scope,
                &Reference::Identity(head.key),
                Some(found.key_version),
            )
            .await
            .map_err(RevealError::Key)?;
        if inner.settings.require_key_permission {
            admitted
                .also_permits::<DecryptWithKey>(&names(&key.found.head))
                .map_err(|_| RevealError::KeyPermission)?;
        }
        let place = VersionPlace {
            scope,
            path,
            incarnation: head.incarnation,
            key: head.key,
        };
        let bytes = sealed.ciphertext.len();
        let value = place
            .open(&key.material, &found, sealed)
            .map_err(RevealError::Damaged)?;

        call.note(
            evidence::secret(Action::SecretGetValue)
                .version(found.version)
                .format(found.format)
                .with("kmsKeyIdentity", head.key),
        );
        call.note(
            evidence::key(Action::KmsDecrypt, &key.found.head)
                .key_version(found.key_version)
                .with("ciphertextBytes", bytes),
        );
        let revealed = Revealed {
            path: path.clone(),
            version: found.version,
            value,
            key: head.key,
            key_version: found.key_version,
        };
        Ok((revealed, head.incarnation))
    }
}

/// The version with its value, if it still has one. A destroyed version that nobody asked for by
/// number means that no active one is left.
fn readable(
    mut found: SecretVersion,
    asked: Option<Version>,
) -> Result<(SecretVersion, SealedValue), RevealError> {
    match found.envelope.take() {
        Some(sealed) => Ok((found, sealed)),
        None if asked.is_none() => Err(RevealError::NoActiveVersion),
        None => Err(RevealError::VersionDestroyed(found.version)),
    }
}
