//! S6: add a version.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{Admitted, EncryptWithKey, Grant, PolicyDenied, PutSecretValue};
use strongroom_crypto::EncryptError;
use strongroom_types::{KeyId, Reference, SecretPath, Timestamp, Version, VersionError};

use super::versions::{IncomingValue, VersionPlace, note_sealed, place_current};
use super::{ATTEMPTS, IncomingError, NewValue, Secrets, policy_document};
use crate::call::{Call, Recorded};
use crate::evidence::{self, Evidence, Reason};
use crate::keys::{KeyUnusable, UsableKey, names};
use crate::rows::secret::SecretHead;
use crate::rows::{CommitFault, RowFault, Stored, keyspace};
use crate::trail::ChangeFault;

/// A version that was added (contract 1.9).
#[derive(Debug, Clone)]
pub struct PutDone {
    /// The secret's path.
    pub path: SecretPath,
    /// The new version, now the current one.
    pub version: Version,
    /// The KMS key that protects it.
    pub key: KeyId,
    /// The key's version that protects it.
    pub key_version: Version,
}

/// Why a version was not added.
#[derive(Debug, thiserror::Error)]
pub enum PutValueError {
    /// The value breaks a limit.
    #[error(transparent)]
    Value(IncomingError),
    /// No secret at this path in this scope.
    #[error("there is no secret at this path; create it first")]
    NotFound,
    /// The secret's own policy forbids it, here or now.
    #[error("the secret's access policy does not allow this")]
    AccessPolicy(#[source] PolicyDenied),
    /// The operator demands a permission on the key as well, and the caller lacks it.
    #[error("this also needs the permission to encrypt with the secret's KMS key")]
    KeyPermission,
    /// The key that protects the secret cannot be used.
    #[error(transparent)]
    Key(KeyUnusable),
    /// The secret has had as many versions as the operator allows.
    #[error("a secret has at most {max} versions here")]
    TooManyVersions {
        /// The limit.
        max: u64,
    },
    /// The version numbers are used up.
    #[error("the secret's version numbers are used up")]
    Exhausted(#[source] VersionError),
    /// Others kept changing the secret at the same time.
    #[error("the secret is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The value could not be sealed.
    #[error("the value could not be sealed")]
    Seal(#[source] EncryptError),
    /// The change was not made durable.
    #[error("the new version could not be stored")]
    Change(#[source] ChangeFault),
}

impl PutValueError {
    const fn reason(&self) -> Option<Reason> {
        match self {
            Self::AccessPolicy(_) => Some(Reason::AccessPolicy),
            Self::KeyPermission => Some(Reason::Iam),
            Self::Key(KeyUnusable::Row(_) | KeyUnusable::Material(_))
            | Self::Row(_)
            | Self::Seal(_)
            | Self::Change(_) => Some(Reason::Fault),
            Self::Key(_) => Some(Reason::KeyState),
            _ => None,
        }
    }
}

impl Secrets<'_> {
    /// Adds a version, which becomes the current one.
    ///
    /// Puts to one secret are serialised; none is lost and no number is used twice. The version
    /// and the call's record become durable together.
    pub async fn put(
        &self,
        grant: Grant<PutSecretValue>,
        call: &Arc<Call>,
        value: NewValue,
    ) -> Result<Recorded<PutDone>, PutValueError> {
        let result = self.put_version(grant, call, value).await;
        if let Some(reason) = result.as_ref().err().and_then(PutValueError::reason) {
            call.forget_events();
            call.note(evidence::secret(Action::SecretPutValue).refused(reason));
        }
        result
    }

    async fn put_version(
        &self,
        grant: Grant<PutSecretValue>,
        call: &Arc<Call>,
        value: NewValue,
    ) -> Result<Recorded<PutDone>, PutValueError> {
        let inner = self.0;
        let taken_raw = value.taken_raw();
        let value = value.prepare(inner).map_err(PutValueError::Value)?;
        let row = keyspace::secret(grant.scope(), grant.target());
        let _in_turn = inner.stripes.lock(&row).await;

        let mut head = self.head(&row).await?;
        let mut admitted = grant
            .admit(self.policy(&head).as_ref(), inner.clock.now())
            .map_err(PutValueError::AccessPolicy)?;
        for _ in 0..ATTEMPTS {
            let tried = self.try_put(&admitted, call, &mut head, &value, taken_raw);
            match tried.await {
                Err(PutValueError::Change(fault)) if fault.is_conflict() => {
                    call.forget_events();
                    head = self.head(&row).await?;
                    admitted = admitted
                        .readmit(self.policy(&head).as_ref(), inner.clock.now())
                        .map_err(PutValueError::AccessPolicy)?;
                }
                done => return done,
            }
        }
        Err(PutValueError::Contended)
    }

    async fn head(&self, row: &strongroom_store::Key) -> Result<Stored<SecretHead>, PutValueError> {
        let stored = self
            .0
            .vault
            .get::<SecretHead>(row)
            .await
            .map_err(PutValueError::Row)?;
        stored.ok_or(PutValueError::NotFound)
    }

    fn policy(&self, head: &Stored<SecretHead>) -> Option<strongroom_authz::AccessPolicy> {
        policy_document::stored(head.row.policy.as_deref(), self.0.settings.statements)
    }

    async fn try_put(
        &self,
        admitted: &Admitted<PutSecretValue>,
        call: &Arc<Call>,
        stored: &mut Stored<SecretHead>,
        value: &IncomingValue,
        taken_raw: bool,
    ) -> Result<Recorded<PutDone>, PutValueError> {
        let inner = self.0;
        let (scope, path) = (admitted.scope(), admitted.target());
        let head = &mut stored.row;
        let key = self.key(admitted, head.key).await?;
        let version = next_version(head, inner.settings.versions_per_secret)?;
        let now = inner.clock.now();

        let place = VersionPlace {
            scope,
            path,
            incarnation: head.incarnation,
            key: head.key,
        };
        let sealed = place
            .seal(inner, &key, version, value, now)
            .map_err(PutValueError::Seal)?;
        let mut changes = inner.vault.changes();
        let fault = |fault: CommitFault| PutValueError::Change(fault.into());
        place_current(&mut changes, scope, path, head, sealed).map_err(fault)?;
        touch_object(head, now);
        changes
            .replace(keyspace::secret(scope, path), stored.revision, head)
            .map_err(fault)?;
        changes.unchanged(keyspace::kms_key(scope, head.key), key.found.revision);

        let event = evidence::secret(Action::SecretPutValue);
        note_sealed(call, event, &key, version, value, taken_raw);
        let done = PutDone {
            path: path.clone(),
            version,
            key: head.key,
            key_version: key.version,
        };
        inner
            .trail
            .commit(call, changes, done)
            .await
            .map_err(PutValueError::Change)
    }

    async fn key(
        &self,
        admitted: &Admitted<PutSecretValue>,
        key: KeyId,
    ) -> Result<UsableKey, PutValueError> {
        let inner = self.0;
        let key = inner
            .sealing_key(admitted.scope(), &Reference::Identity(key))
            .await
            .map_err(PutValueError::Key)?;
        if inner.settings.require_key_permission {
            admitted
                .also_permits::<EncryptWithKey>(&names(&key.found.head))
                .map_err(|_| PutValueError::KeyPermission)?;
        }
        Ok(key)
    }
}

fn next_version(head: &SecretHead, limit: Option<u64>) -> Result<Version, PutValueError> {
    let next = head
        .highest
        .map_or(Ok(Version::FIRST), Version::next)
        .map_err(PutValueError::Exhausted)?;
    match limit {
        Some(max) if next.get() > max => Err(PutValueError::TooManyVersions { max }),
        _ => Ok(next),
    }
}

/// What every change of a secret does to its head.
pub(super) fn touch_object(head: &mut SecretHead, now: Timestamp) {
    head.updated_at = now;
    head.object_version = head.object_version.saturating_add(1);
}
