//! S3: make a secret.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{CreateSecret, EncryptWithKey, Grant};
use strongroom_crypto::EncryptError;
use strongroom_types::{Description, KeyId, Labels, Reference, Scope, SecretPath, Version};

use super::quota::{NoPlace, Place};
use super::versions::{IncomingValue, VersionPlace, note_sealed, place_current};
use super::{IncomingError, NewValue, PolicyDocument, SecretView, Secrets};
use crate::call::{Call, Recorded};
use crate::evidence::{self, Evidence, Reason};
use crate::keys::{KeyUnusable, UsableKey, names};
use crate::rows::secret::SecretHead;
use crate::rows::{Changes, CommitFault, RowFault, keyspace};
use crate::trail::ChangeFault;

/// A secret to be made (contract 1.8).
pub struct NewSecret {
    /// The key that will protect every version.
    pub key: Reference<KeyId>,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Its access policy.
    pub policy: Option<PolicyDocument>,
    /// Its first value; none only where the operator allows it.
    pub value: Option<NewValue>,
}

/// Why a secret was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateSecretError {
    /// No value was given.
    #[error("give exactly one of secretString, secretKeyValues and generateSecret")]
    NoValue,
    /// The value breaks a limit.
    #[error(transparent)]
    Value(IncomingError),
    /// The key cannot protect it.
    #[error(transparent)]
    Key(KeyUnusable),
    /// The operator demands a permission on the key as well, and the caller lacks it.
    #[error("this also needs the permission to encrypt with the KMS key")]
    KeyPermission,
    /// The path is taken in this scope.
    #[error("there is already a secret at this path; put a new version instead")]
    Exists,
    /// The organisation has as many secrets as the operator allows.
    #[error(
        "an organisation has at most {max} secrets here; delete some that are not needed, or ask \
         the operator for a higher limit"
    )]
    TooManySecrets {
        /// The limit.
        max: u64,
    },
    /// The key changed at the same time.
    #[error("the KMS key is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The value could not be sealed.
    #[error("the value could not be sealed")]
    Seal(#[source] EncryptError),
    /// The secret was not made durable.
    #[error("the secret could not be stored")]
    Change(#[source] ChangeFault),
}

impl CreateSecretError {
    const fn reason(&self) -> Option<Reason> {
        match self {
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
    /// Makes a secret, with version 1 if a value is given.
    pub async fn create(
        &self,
        grant: Grant<CreateSecret>,
        call: &Arc<Call>,
        new: NewSecret,
    ) -> Result<Recorded<SecretView>, CreateSecretError> {
        let result = self.make(grant, call, new).await;
        if let Some(reason) = result.as_ref().err().and_then(CreateSecretError::reason) {
            call.forget_events();
            call.note(evidence::secret(Action::SecretCreate).refused(reason));
        }
        result
    }

    async fn make(
        &self,
        grant: Grant<CreateSecret>,
        call: &Arc<Call>,
        new: NewSecret,
    ) -> Result<Recorded<SecretView>, CreateSecretError> {
        let inner = self.0;
        let (scope, path) = (grant.scope(), grant.target());
        if new.value.is_none() && !inner.settings.values.allow_empty_secret {
            return Err(CreateSecretError::NoValue);
        }
        let taken_raw = new.value.as_ref().is_some_and(NewValue::taken_raw);
        let value = new.value.map(|value| value.prepare(inner)).transpose();
        let value = value.map_err(CreateSecretError::Value)?;
        let key = match inner.sealing_key(scope, &new.key).await {
            Err(KeyUnusable::Missing) => return Err(self.no_key(scope, &new.key).await),
            found => found.map_err(CreateSecretError::Key)?,
        };
        if inner.settings.require_key_permission {
            grant
                .also_permits::<EncryptWithKey>(&names(&key.found.head))
                .map_err(|_| CreateSecretError::KeyPermission)?;
        }

        let place = self.reserve_place(scope, path).await?;
        let mut head = self.blank_head(&key, new.description, new.labels, new.annotations)?;
        head.policy = new.policy.map(|policy| policy.as_str().to_owned());
        let mut changes = inner.vault.changes();
        if let Some(value) = &value {
            self.first_version(&mut changes, scope, path, &mut head, &key, value)?;
        }
        let fault = |fault: CommitFault| CreateSecretError::Change(fault.into());
        let row = keyspace::secret(scope, path);
        changes.create(row.clone(), &head).map_err(fault)?;
        changes.unchanged(keyspace::kms_key(scope, head.key), key.found.revision);
        note(call, &key, value.as_ref(), taken_raw);

        let view = inner
            .view(scope, path, &head, None)
            .await
            .map_err(CreateSecretError::Row)?;
        let commit = inner.trail.commit(call, changes, view);
        let done = match place {
            Some(place) => place.filling(&row, commit).await,
            None => commit.await,
        };
        match done {
            Err(fault) if fault.is_conflict() => Err(self.conflict(scope, path).await),
            done => done.map_err(CreateSecretError::Change),
        }
    }

    /// A place within the organisation's limit, if there is one.
    async fn reserve_place(
        &self,
        scope: &Scope,
        path: &SecretPath,
    ) -> Result<Option<Place>, CreateSecretError> {
        let inner = self.0;
        let (quota, now) = (&inner.secret_quota, inner.clock.now());
        match quota.reserve(&inner.vault, scope.organisation, now).await {
            Ok(place) => Ok(place),
            // No room would help here.
            Err(NoPlace::Full { .. }) if self.is_taken(scope, path).await? => {
                Err(CreateSecretError::Exists)
            }
            Err(NoPlace::Full { max }) => Err(CreateSecretError::TooManySecrets { max }),
            Err(NoPlace::Row(fault)) => Err(CreateSecretError::Row(fault)),
        }
    }

    async fn is_taken(&self, scope: &Scope, path: &SecretPath) -> Result<bool, CreateSecretError> {
        let row = keyspace::secret(scope, path);
        let found = self.0.vault.get_sealed(&row).await;
        found
            .map(|found| found.is_some())
            .map_err(CreateSecretError::Row)
    }

    /// Why the key that the caller names is not there.
    async fn no_key(&self, scope: &Scope, key: &Reference<KeyId>) -> CreateSecretError {
        CreateSecretError::Key(match self.0.has_key_elsewhere(scope, key).await {
            Ok(true) => KeyUnusable::OtherRegion,
            Ok(false) => KeyUnusable::Missing,
            Err(fault) => KeyUnusable::Row(fault),
        })
    }

    fn blank_head(
        &self,
        key: &UsableKey,
        description: Description,
        labels: Labels,
        annotations: Labels,
    ) -> Result<SecretHead, CreateSecretError> {
        let inner = self.0;
        let incarnation = inner
            .vault
            .draw()
            .map_err(|fault| CreateSecretError::Change(fault.into()))?;
        let now = inner.clock.now();
        Ok(SecretHead {
            incarnation,
            description,
            labels,
            annotations,
            created_at: now,
            updated_at: now,
            key: key.found.head.identity,
            current: None,
            highest: None,
            object_version: 1,
            policy: None,
            inline: None,
        })
    }

    fn first_version(
        &self,
        changes: &mut Changes<'_>,
        scope: &Scope,
        path: &SecretPath,
        head: &mut SecretHead,
        key: &UsableKey,
        value: &IncomingValue,
    ) -> Result<(), CreateSecretError> {
        let place = VersionPlace {
            scope,
            path,
            incarnation: head.incarnation,
            key: head.key,
        };
        let sealed = place
            .seal(self.0, key, Version::FIRST, value, head.created_at)
            .map_err(CreateSecretError::Seal)?;
        place_current(changes, scope, path, head, sealed)
            .map_err(|fault| CreateSecretError::Change(fault.into()))
    }

    /// Two expectations can fail: that the path is free, and that the key is as it was.
    async fn conflict(&self, scope: &Scope, path: &SecretPath) -> CreateSecretError {
        match self.is_taken(scope, path).await {
            Ok(true) => CreateSecretError::Exists,
            Ok(false) => CreateSecretError::Contended,
            Err(fault) => fault,
        }
    }
}

fn note(call: &Call, key: &UsableKey, value: Option<&IncomingValue>, taken_raw: bool) {
    let event = evidence::secret(Action::SecretCreate);
    match value {
        Some(value) => note_sealed(call, event, key, Version::FIRST, value, taken_raw),
        None => call.note(event.with("kmsKeyIdentity", key.found.head.identity)),
    }
}
