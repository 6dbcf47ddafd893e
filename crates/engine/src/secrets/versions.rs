//! Where a secret's versions are kept, and how their values are sealed.

use strongroom_audit::{Action, ServiceEvent};
use strongroom_crypto::{DecryptError, EncryptError, Envelope, EnvelopePlace, KeyMaterial};
use strongroom_types::{
    KeyId, Plaintext, Scope, SecretPath, SecretValue, Timestamp, ValueFormat, Version,
    VersionStatus,
};

use super::value;
use crate::call::Call;
use crate::engine::Inner;
use crate::evidence::{self, Evidence};
use crate::keys::UsableKey;
use crate::rows::secret::{SealedValue, SecretHead, SecretVersion};
use crate::rows::{Changes, CommitFault, RowFault, keyspace};

/// The largest envelope that travels inside the head, in bytes of ciphertext. Beyond it, lists
/// and browses would carry values that they never show.
const INLINE: usize = 1024;

/// A value on its way in, encoded and checked.
pub(super) struct IncomingValue {
    pub(super) bytes: Plaintext,
    pub(super) format: ValueFormat,
}

/// Notes what was done to make this value a version: by the service, and by its key.
pub(super) fn note_sealed(
    call: &Call,
    event: ServiceEvent<'static>,
    key: &UsableKey,
    version: Version,
    value: &IncomingValue,
    taken_raw: bool,
) {
    let mut event = event
        .version(version)
        .format(value.format)
        .with("kmsKeyIdentity", key.found.head.identity);
    if taken_raw {
        event = event.with("takenRaw", true);
    }
    call.note(event);
    call.note(
        evidence::key(Action::KmsEncrypt, &key.found.head)
            .key_version(key.version)
            .with("plaintextBytes", value.bytes.len()),
    );
}

/// Which version is meant, for the envelope's binding.
pub(super) struct VersionPlace<'a> {
    pub(super) scope: &'a Scope,
    pub(super) path: &'a SecretPath,
    pub(super) incarnation: [u8; 16],
    pub(super) key: KeyId,
}

impl VersionPlace<'_> {
    fn envelope(&self, version: Version, key_version: Version) -> EnvelopePlace<'_> {
        EnvelopePlace {
            scope: self.scope,
            path: self.path,
            incarnation: self.incarnation,
            version,
            key: self.key,
            key_version,
        }
    }

    /// Seals a value as this version.
    pub(super) fn seal(
        &self,
        inner: &Inner,
        key: &UsableKey,
        version: Version,
        value: &IncomingValue,
        now: Timestamp,
    ) -> Result<SecretVersion, EncryptError> {
        let place = self.envelope(version, key.version);
        let envelope = Envelope::seal(
            &key.material,
            inner.vault.entropy(),
            &place,
            value.bytes.expose(),
        )?;
        Ok(SecretVersion {
            version,
            status: VersionStatus::Active,
            format: value.format,
            created_at: now,
            destroyed_at: None,
            key_version: key.version,
            envelope: Some(SealedValue {
                wrapped_data_key: envelope.wrapped_data_key,
                ciphertext: envelope.ciphertext,
            }),
        })
    }

    /// Opens the value of a version that was not destroyed.
    pub(super) fn open(
        &self,
        material: &KeyMaterial,
        version: &SecretVersion,
        sealed: SealedValue,
    ) -> Result<SecretValue, OpenValueFault> {
        let envelope = Envelope {
            wrapped_data_key: sealed.wrapped_data_key,
            ciphertext: sealed.ciphertext,
        };
        let bytes = envelope
            .open(
                material,
                &self.envelope(version.version, version.key_version),
            )
            .map_err(OpenValueFault::Sealed)?;
        value::decode(version.format, bytes).map_err(OpenValueFault::Encoding)
    }
}

/// A value that is there but does not open: damage, never the caller's doing.
#[derive(Debug, thiserror::Error)]
pub enum OpenValueFault {
    /// It was not sealed for this place by this key.
    #[error("a secret's envelope does not open")]
    Sealed(#[source] DecryptError),
    /// It opened, but its content is of no known form.
    #[error("a secret's value does not decode")]
    Encoding(#[source] minicbor::decode::Error),
}

/// Puts a new current version in its place.
pub(super) fn place_current(
    changes: &mut Changes<'_>,
    scope: &Scope,
    path: &SecretPath,
    head: &mut SecretHead,
    version: SecretVersion,
) -> Result<(), CommitFault> {
    evict_inline(changes, scope, path, head)?;
    head.current = Some(version.version);
    head.highest = Some(version.version);
    let bytes = version
        .envelope
        .as_ref()
        .map_or(0, |envelope| envelope.ciphertext.len());
    if bytes <= INLINE {
        head.inline = Some(version);
        return Ok(());
    }
    put_version(changes, scope, path, &version)
}

/// Moves the version inside the head, if there is one, to a row of its own.
pub(super) fn evict_inline(
    changes: &mut Changes<'_>,
    scope: &Scope,
    path: &SecretPath,
    head: &mut SecretHead,
) -> Result<(), CommitFault> {
    match head.inline.take() {
        Some(version) => put_version(changes, scope, path, &version),
        None => Ok(()),
    }
}

/// Gives a version a row of its own. It has none yet: numbers are not used twice, and the versions
/// of a deleted secret went with its head, which the batch expects to be as it was read.
fn put_version(
    changes: &mut Changes<'_>,
    scope: &Scope,
    path: &SecretPath,
    version: &SecretVersion,
) -> Result<(), CommitFault> {
    changes.put_new(
        keyspace::secret_version(scope, path, version.version),
        version,
    )
}

impl Inner {
    /// A version, wherever it is kept. Takes it out of the head if it is there.
    pub(super) async fn take_version(
        &self,
        scope: &Scope,
        path: &SecretPath,
        head: &mut SecretHead,
        version: Version,
    ) -> Result<Option<SecretVersion>, RowFault> {
        if head
            .inline
            .as_ref()
            .is_some_and(|inline| inline.version == version)
        {
            return Ok(head.inline.take());
        }
        let row = keyspace::secret_version(scope, path, version);
        Ok(self
            .vault
            .get::<SecretVersion>(&row)
            .await?
            .map(|stored| stored.row))
    }

    /// All versions, oldest first.
    pub(super) async fn all_versions(
        &self,
        scope: &Scope,
        path: &SecretPath,
        head: &SecretHead,
    ) -> Result<Vec<SecretVersion>, RowFault> {
        let rows = self
            .vault
            .all::<SecretVersion>(keyspace::secret_versions(scope, path))
            .await?;
        let mut versions: Vec<_> = rows.into_iter().map(|(_, stored)| stored.row).collect();
        if let Some(inline) = &head.inline {
            versions.push(SecretVersion {
                envelope: None,
                ..*inline
            });
            versions.sort_by_key(|version| version.version);
        }
        Ok(versions)
    }
}
