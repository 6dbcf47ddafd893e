//! K3: make a key.

use std::sync::Arc;

use strongroom_authz::{CreateKey, Grant};
use strongroom_crypto::{ImportError, KeyMaterial};
use strongroom_types::{
    Description, DisplayName, KeyFamily, KeyId, KeyOperation, KeyStatus, KeyType, Labels, Scope,
    Slug, Timestamp, Version, WrapHash,
};

use super::change::NewMaterialFault;
use super::rotation::PERIOD_DAYS;
use super::slow::SlowFault;
use super::wrapping::WrappingKeyError;
use super::{KeyView, Keys, ring};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::rows::key::{KeyHead, KeySlug, KeyVersionEntry, WrappedMaterial};
use crate::rows::{Changes, CommitFault, RowFault, keyspace};
use crate::trail::ChangeFault;

/// A key to be made (contract 2.3).
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its name for people; the slug comes from it.
    pub name: DisplayName,
    /// Its algorithm.
    pub key_type: KeyType,
    /// What it is for.
    pub description: Description,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
    /// Whether its material may ever leave.
    pub export_allowed: bool,
    /// Whether it rotates by itself.
    pub rotation_enabled: bool,
    /// How often, in days.
    pub rotation_period_days: Option<u32>,
    /// Material from elsewhere; none means that the service draws its own.
    pub import: Option<NewImport>,
}

/// Key material from elsewhere (contract 2.6).
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The material, wrapped for the region's wrapping key.
    pub wrapped: Vec<u8>,
    /// The hash function of the wrap.
    pub hash: WrapHash,
    /// Whether the key may later get versions that the service makes.
    pub may_rotate: bool,
}

/// Why a key was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateKeyError {
    /// A key that could never rotate cannot rotate by itself.
    #[error("an imported key rotates by itself only with allowRotation")]
    RotationNotAllowed,
    /// The material could not be imported.
    #[error("importKeyMaterial: {0}")]
    Import(#[source] ImportError),
    /// The region's wrapping key could not be had.
    #[error("the wrapping key could not be had")]
    WrappingKey(#[source] WrappingKeyError),
    /// There was no room in the pool that unwraps.
    #[error("the material could not be unwrapped now")]
    Slow(#[source] SlowFault),
    /// Automatic rotation needs a period.
    #[error("rotationPeriodInDays (1 to 3650) is needed when keyRotationEnabled is true")]
    PeriodMissing,
    /// The period is out of range.
    #[error("rotationPeriodInDays is a whole number from 1 to 3650")]
    PeriodRange,
    /// The name reads as a key's identity, so that nobody could tell which of the two is meant.
    #[error("a key's name must not look like a key's identity (kms-…)")]
    LooksLikeIdentity,
    /// Another key of this scope has the slug.
    #[error("there is already a key with the slug {0}; choose another name")]
    SlugTaken(Slug),
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// A row could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
    /// The material could not be made.
    #[error("the key material could not be made")]
    Material(#[source] NewMaterialFault),
    /// The key was not made durable.
    #[error("the key could not be stored")]
    Change(#[source] ChangeFault),
}

impl From<CommitFault> for CreateKeyError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl Keys<'_> {
    /// Makes a key with its first version.
    pub async fn create(
        &self,
        grant: Grant<CreateKey>,
        call: &Arc<Call>,
        new: NewKey,
    ) -> Result<Recorded<KeyView>, CreateKeyError> {
        let inner = self.0;
        let scope = grant.scope();
        check_rotation(&new)?;
        if !inner.has_kms(&scope.region) {
            return Err(CreateKeyError::NoService);
        }
        if grant.target().as_str().parse::<KeyId>().is_ok() {
            return Err(CreateKeyError::LooksLikeIdentity);
        }
        let slug = free_slug(inner, scope, grant.target()).await?;
        let material = self.material(scope, &new).await?;
        let identity = KeyId::from_bytes(inner.vault.draw()?);
        let mut changes = inner.vault.changes();
        inner
            .add_material(&mut changes, scope, identity, Version::FIRST, &material)
            .map_err(|fault| match fault {
                AddMaterialFault::Material(fault) => CreateKeyError::Material(fault),
                AddMaterialFault::Row(fault) => fault.into(),
            })?;
        let head = new_head(new, identity, slug.clone(), inner.clock.now());
        changes.create(keyspace::kms_slug(scope, &slug), &KeySlug { identity })?;
        changes.create(keyspace::kms_key(scope, identity), &head)?;
        call.concerns(strongroom_audit::Resource::key(identity));
        let view = KeyView::of(&head, scope.project);
        match inner.trail.commit(call, changes, view).await {
            Err(fault) if fault.is_conflict() => Err(CreateKeyError::SlugTaken(slug)),
            done => done.map_err(CreateKeyError::Change),
        }
    }

    /// The material of a new key: its own, or the caller's.
    async fn material(&self, scope: &Scope, new: &NewKey) -> Result<KeyMaterial, CreateKeyError> {
        let inner = self.0;
        let Some(import) = &new.import else {
            let material = inner.new_material(new.key_type).await;
            return material.map_err(CreateKeyError::Material);
        };
        let key_type = new.key_type;
        // Before a wrapping key is made for nothing.
        if !key_type.offers(KeyOperation::Import) {
            let refusal = ImportError::NotImportable(key_type);
            return Err(CreateKeyError::Import(refusal));
        }
        let wrapping = inner.wrapping_key(&scope.region).await;
        let wrapping = wrapping.map_err(CreateKeyError::WrappingKey)?;
        let NewImport { wrapped, hash, .. } = import.clone();
        let unwrap = move || wrapping.unwrap_import(key_type, hash, &wrapped);
        let unwrapped = inner.slow.run(unwrap).await;
        unwrapped
            .map_err(CreateKeyError::Slow)?
            .map_err(CreateKeyError::Import)
    }
}

fn check_rotation(new: &NewKey) -> Result<(), CreateKeyError> {
    match new.rotation_period_days {
        Some(days) if !PERIOD_DAYS.contains(&days) => Err(CreateKeyError::PeriodRange),
        None if new.rotation_enabled => Err(CreateKeyError::PeriodMissing),
        _ if new.rotation_enabled && new.import.as_ref().is_some_and(|one| !one.may_rotate) => {
            Err(CreateKeyError::RotationNotAllowed)
        }
        _ => Ok(()),
    }
}

/// The slug itself, or, where only a key that waits for its removal holds it, one beside it: a
/// key that is deleted and made again under its name must not fail (contract 2.3).
async fn free_slug(inner: &Inner, scope: &Scope, slug: &Slug) -> Result<Slug, CreateKeyError> {
    let mut candidate = slug.clone();
    for suffix in 2..=99u8 {
        let reference = strongroom_types::Reference::Slug(candidate.clone());
        let holder = inner
            .find_key(scope, &reference)
            .await
            .map_err(CreateKeyError::Row)?;
        match holder {
            None => return Ok(candidate),
            Some(found) if found.head.status != KeyStatus::PendingDeletion => break,
            Some(_) => match format!("{slug}-{suffix}").parse() {
                Ok(next) => candidate = next,
                Err(_) => break,
            },
        }
    }
    Err(CreateKeyError::SlugTaken(candidate))
}

fn new_head(new: NewKey, identity: KeyId, slug: Slug, now: Timestamp) -> KeyHead {
    KeyHead {
        identity,
        name: new.name,
        slug,
        description: new.description,
        labels: new.labels,
        annotations: new.annotations,
        key_type: new.key_type,
        status: KeyStatus::Active,
        export_allowed: new.export_allowed,
        rotation_enabled: new.rotation_enabled,
        rotation_period_days: new.rotation_period_days,
        min_decryption_version: Version::FIRST,
        versions: vec![KeyVersionEntry {
            version: Version::FIRST,
            created_at: now,
        }],
        deletion_at: None,
        created_at: now,
        updated_at: now,
        object_version: 1,
        imported: new.import.is_some(),
        imported_may_rotate: new.import.is_some_and(|import| import.may_rotate),
    }
}

/// A key version's material could not be added to a batch.
pub(super) enum AddMaterialFault {
    Material(NewMaterialFault),
    Row(CommitFault),
}

impl Inner {
    /// Fresh material. Where drawing it takes long, the pool for that does it.
    pub(super) async fn new_material(
        &self,
        key_type: KeyType,
    ) -> Result<KeyMaterial, NewMaterialFault> {
        let vault = self.vault.clone();
        let generate = move || KeyMaterial::generate(key_type, vault.entropy());
        let generated = if key_type.family() == KeyFamily::Rsa {
            self.slow
                .run(generate)
                .await
                .map_err(NewMaterialFault::Slow)?
        } else {
            generate()
        };
        generated.map_err(NewMaterialFault::Generate)
    }

    /// Wraps and adds the material of a new key version.
    pub(super) fn add_material(
        &self,
        changes: &mut Changes<'_>,
        scope: &Scope,
        key: KeyId,
        version: Version,
        material: &KeyMaterial,
    ) -> Result<(), AddMaterialFault> {
        let entropy = self.vault.entropy();
        let place = ring::place(scope, key, version);
        let wrapped = material
            .wrap(self.vault.keyring().key_encryption(), entropy, &place)
            .map_err(|fault| AddMaterialFault::Material(NewMaterialFault::Wrap(fault)))?;
        changes
            .create(
                keyspace::kms_key_version(scope, key, version),
                &WrappedMaterial { wrapped },
            )
            .map_err(AddMaterialFault::Row)
    }
}
