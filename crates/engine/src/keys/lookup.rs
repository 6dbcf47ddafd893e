//! From what a caller names to the key that is meant.

use std::sync::Arc;

use strongroom_audit::Resource;
use strongroom_authz::{Grant, KeyAction, Resolved};
use strongroom_crypto::KeyMaterial;
use strongroom_store::Revision;
use strongroom_types::{KeyId, KeyStatus, KeyType, Reference, Scope, Version};

use super::names;
use super::ring::{MaterialFault, backs_secrets};
use super::usage::CountError;
use crate::call::Call;
use crate::engine::Inner;
use crate::rows::key::{KeyHead, KeySlug};
use crate::rows::{RowFault, keyspace};

/// A key's head at the revision it was read.
#[derive(Clone)]
pub(crate) struct FoundKey {
    pub(crate) head: Arc<KeyHead>,
    pub(crate) revision: Revision,
}

/// A key version ready for use.
pub(crate) struct UsableKey {
    pub(crate) found: FoundKey,
    pub(crate) version: Version,
    pub(crate) material: Arc<KeyMaterial>,
}

/// Why a secret's value cannot be sealed or opened under its KMS key.
#[derive(Debug, thiserror::Error)]
pub enum KeyUnusable {
    /// There is no such key in the secret's scope.
    #[error("the KMS key does not exist in this scope; name a key of the same project and region")]
    Missing,
    /// There is one, in another region.
    #[error("the KMS key is another region's; name a key of the secret's own region")]
    OtherRegion,
    /// The key is disabled or waits for its deletion.
    #[error("the KMS key is {status}; enable it (or cancel its deletion) and try again")]
    NotActive {
        /// Its status.
        status: KeyStatus,
    },
    /// The key is of a type that cannot back a secret.
    #[error(
        "a KMS key of type {key_type} cannot protect secrets; use aes128-gcm96, aes256-gcm96 or \
         chacha20-poly1305"
    )]
    WrongType {
        /// Its type.
        key_type: KeyType,
    },
    /// The value was sealed with a version that no longer decrypts.
    #[error(
        "the value was sealed with version {0} of the KMS key, below its minDecryptionVersion; \
         lower that to read it"
    )]
    Retired(Version),
    /// The key must not encrypt any more, or it could not be found out whether.
    #[error(transparent)]
    Count(CountError),
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The key's row could not be read.
    #[error("the KMS key could not be read")]
    Row(#[source] RowFault),
    /// The key's material could not be had.
    #[error("the KMS key's material could not be had")]
    Material(#[source] MaterialFault),
}

/// Why a key that a request names is not to be had.
#[derive(Debug, thiserror::Error)]
pub enum ResolveKeyError {
    /// There is none, or the caller may not know of it (contract 2.9).
    #[error("there is no such key here")]
    NotFound,
    /// Its row could not be read.
    #[error("the key could not be read")]
    Row(#[source] RowFault),
}

impl Inner {
    /// The key that the grant's target names, if the caller may do this to that one.
    pub(crate) async fn resolve<A: KeyAction>(
        &self,
        call: &Call,
        grant: Grant<A>,
    ) -> Result<(Resolved<A>, FoundKey), ResolveKeyError> {
        let found = self
            .find_key(grant.scope(), grant.target())
            .await
            .map_err(ResolveKeyError::Row)?
            .ok_or(ResolveKeyError::NotFound)?;
        call.concerns(Resource::key(found.head.identity));
        match grant.resolve(names(&found.head)) {
            Ok(resolved) => Ok((resolved, found)),
            Err(_) => {
                call.deny::<A>(Some(Resource::key(found.head.identity)));
                Err(ResolveKeyError::NotFound)
            }
        }
    }

    pub(crate) async fn find_key(
        &self,
        scope: &Scope,
        reference: &Reference<KeyId>,
    ) -> Result<Option<FoundKey>, RowFault> {
        let id = match reference {
            Reference::Identity(id) => *id,
            Reference::Slug(slug) => {
                let row = keyspace::kms_slug(scope, slug);
                match self.vault.get::<KeySlug>(&row).await? {
                    Some(stored) => stored.row.identity,
                    None => return Ok(None),
                }
            }
        };
        self.key_by_id(scope, id).await
    }

    pub(crate) async fn key_by_id(
        &self,
        scope: &Scope,
        id: KeyId,
    ) -> Result<Option<FoundKey>, RowFault> {
        let found = self
            .key_heads
            .get(&self.vault, &keyspace::kms_key(scope, id))
            .await?;
        Ok(found.map(|(revision, head)| FoundKey { head, revision }))
    }

    /// The key, if it may protect a secret now.
    pub(crate) async fn key_for_secret(
        &self,
        scope: &Scope,
        reference: &Reference<KeyId>,
    ) -> Result<FoundKey, KeyUnusable> {
        let found = self
            .find_key(scope, reference)
            .await
            .map_err(KeyUnusable::Row)?;
        // Where there is no service, there can be no key: that is what the caller should learn.
        let found = match found {
            Some(found) => found,
            None if self.has_kms(&scope.region) => return Err(KeyUnusable::Missing),
            None => return Err(KeyUnusable::NoService),
        };
        if !backs_secrets(found.head.key_type) {
            return Err(KeyUnusable::WrongType {
                key_type: found.head.key_type,
            });
        }
        if found.head.status != KeyStatus::Active {
            return Err(KeyUnusable::NotActive {
                status: found.head.status,
            });
        }
        if !self.has_kms(&scope.region) {
            return Err(KeyUnusable::NoService);
        }
        Ok(found)
    }

    /// Whether another region of the same organisation and project has this very key.
    pub(crate) async fn has_key_elsewhere(
        &self,
        scope: &Scope,
        reference: &Reference<KeyId>,
    ) -> Result<bool, RowFault> {
        // Slugs are names within a region; only an identity can be of another one.
        let Reference::Identity(id) = reference else {
            return Ok(false);
        };
        for (_, region) in &self.regions {
            let elsewhere = Scope {
                region: region.clone(),
                ..scope.clone()
            };
            if *region != scope.region && self.key_by_id(&elsewhere, *id).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The key at a version (the latest where none is given), with its material.
    pub(crate) async fn usable_key(
        &self,
        scope: &Scope,
        reference: &Reference<KeyId>,
        version: Option<Version>,
    ) -> Result<UsableKey, KeyUnusable> {
        let found = self.key_for_secret(scope, reference).await?;
        let version = version.unwrap_or_else(|| found.head.latest());
        if version < found.head.min_decryption_version {
            return Err(KeyUnusable::Retired(version));
        }
        let material = self
            .ring
            .material(&self.vault, scope, found.head.identity, version)
            .await
            .map_err(KeyUnusable::Material)?;
        Ok(UsableKey {
            found,
            version,
            material,
        })
    }

    /// The key at its latest version, about to seal one value.
    pub(crate) async fn sealing_key(
        &self,
        scope: &Scope,
        reference: &Reference<KeyId>,
    ) -> Result<UsableKey, KeyUnusable> {
        let key = self.usable_key(scope, reference, None).await?;
        self.count_encryption(scope, &key.found, key.version)
            .await
            .map_err(KeyUnusable::Count)?;
        Ok(key)
    }
}
