//! Key material in memory.

use std::sync::Arc;

use quick_cache::sync::Cache;
use strongroom_crypto::{KeyMaterial, MaterialPlace, OpenError};
use strongroom_types::{KeyId, KeyType, Scope, Version};

use crate::rows::key::WrappedMaterial;
use crate::rows::{RowFault, Vault, keyspace};

/// Key versions whose material is kept unwrapped.
const CAPACITY: usize = 10_000;

/// Why a key version's material is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum MaterialFault {
    /// Its row could not be read.
    #[error("the key material's row")]
    Row(#[source] RowFault),
    /// There is no such row, although the key lists the version.
    #[error("key {key} version {version} has no material")]
    Missing {
        /// The key.
        key: KeyId,
        /// The version.
        version: Version,
    },
    /// The material was not wrapped by this installation for this place.
    #[error("key {key} version {version} does not unwrap")]
    Unwrap {
        /// The key.
        key: KeyId,
        /// The version.
        version: Version,
        /// What the wrapping says.
        #[source]
        source: OpenError,
    },
}

/// The unwrapped material of the key versions in use.
///
/// Material never changes once it is written, so what is here stays right; whether a key may be
/// used is decided by its head, which is read each time.
pub(crate) struct KeyRing {
    materials: Cache<(KeyId, Version), Arc<KeyMaterial>>,
}

impl KeyRing {
    pub(crate) fn new() -> Self {
        Self {
            materials: Cache::new(CAPACITY),
        }
    }

    pub(crate) async fn material(
        &self,
        vault: &Vault,
        scope: &Scope,
        key: KeyId,
        version: Version,
    ) -> Result<Arc<KeyMaterial>, MaterialFault> {
        if let Some(material) = self.materials.get(&(key, version)) {
            return Ok(material);
        }
        let stored = vault
            .get::<WrappedMaterial>(&keyspace::kms_key_version(scope, key, version))
            .await
            .map_err(MaterialFault::Row)?
            .ok_or(MaterialFault::Missing { key, version })?;
        let material = KeyMaterial::unwrap(
            vault.keyring().key_encryption(),
            &place(scope, key, version),
            &stored.row.wrapped,
        )
        .map_err(|source| MaterialFault::Unwrap {
            key,
            version,
            source,
        })?;
        let material = Arc::new(material);
        self.materials.insert((key, version), Arc::clone(&material));
        Ok(material)
    }

    /// Forgets a key whose material was erased.
    pub(crate) fn forget(&self, key: KeyId) {
        self.materials.retain(|(known, _), _| *known != key);
    }
}

/// Where a key version lives: what its wrapping is bound to.
pub(crate) fn place(scope: &Scope, key: KeyId, version: Version) -> MaterialPlace {
    MaterialPlace {
        organisation: scope.organisation,
        region: scope.region.clone(),
        project: scope.project,
        key,
        version,
    }
}

/// Whether keys of this type can back a secret (contract 2.4).
pub(crate) fn backs_secrets(key_type: KeyType) -> bool {
    matches!(
        key_type,
        KeyType::Aes128Gcm96 | KeyType::Aes256Gcm96 | KeyType::ChaCha20Poly1305
    )
}
