//! K6 and K15: public keys, and key material that leaves.

use std::collections::BTreeMap;
use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{ExportKey, Grant, ReadPublicKey};
use strongroom_types::{KeyOperation, Plaintext, Scope, Version};

use super::Keys;
use super::usable::UseKeyError;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::evidence::{self, Evidence};
use crate::rows::key::KeyHead;

/// Key material on its way out.
pub struct Exported {
    /// The raw bytes of symmetric and HMAC keys, a PKCS#8 document in PEM of the others.
    pub material: Plaintext,
    /// The version that it is of.
    pub key_version: Version,
}

/// Why no material was handed out.
#[derive(Debug, thiserror::Error)]
pub enum ExportKeyError {
    /// The key was created without `exportAllowed`.
    #[error("the key was created without exportAllowed, which cannot be changed")]
    NotAllowed,
    /// The key did not do it.
    #[error(transparent)]
    Use(UseKeyError),
}

impl Keys<'_> {
    /// The public keys of all versions, or of one, as the API shows them (contract 2.4).
    pub async fn public_keys(
        &self,
        grant: Grant<ReadPublicKey>,
        call: &Arc<Call>,
        version: Option<Version>,
    ) -> Result<Recorded<BTreeMap<Version, String>>, UseKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(UseKeyError::Resolve)?;
        let keys = inner.public_keys(resolved.scope(), &found.head, version);
        let keys = keys.await?;
        inner
            .trail
            .recorded(call, keys)
            .await
            .map_err(UseKeyError::Audit)
    }

    /// Hands out the material of the latest version, or of the one that is asked for.
    pub async fn export(
        &self,
        grant: Grant<ExportKey>,
        call: &Arc<Call>,
        version: Option<Version>,
    ) -> Result<Recorded<Exported>, ExportKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(|error| ExportKeyError::Use(UseKeyError::Resolve(error)))?;
        let head = &found.head;
        let result = inner.export(resolved.scope(), head, version).await;
        let event = evidence::key(Action::KmsExport, head);
        call.note(match &result {
            Ok(exported) => event
                .with("materialBytes", exported.material.len())
                .key_version(exported.key_version),
            Err(ExportKeyError::Use(error)) => event.refused(error.reason()),
            Err(ExportKeyError::NotAllowed) => event.refused(evidence::Reason::KeyState),
        });
        let recorded = inner.trail.recorded(call, result?).await;
        recorded.map_err(|fault| ExportKeyError::Use(UseKeyError::Audit(fault)))
    }
}

impl Inner {
    async fn public_keys(
        &self,
        scope: &Scope,
        head: &KeyHead,
        version: Option<Version>,
    ) -> Result<BTreeMap<Version, String>, UseKeyError> {
        let not_offered = UseKeyError::NotOffered {
            key_type: head.key_type,
            operation: KeyOperation::PublicKey,
        };
        if !head.key_type.offers(KeyOperation::PublicKey) {
            return Err(not_offered);
        }
        let versions = match version {
            Some(version) => vec![version],
            None => head.versions.iter().map(|entry| entry.version).collect(),
        };
        let mut keys = BTreeMap::new();
        for version in versions {
            let material = self.material_of(scope, head, version).await?;
            if let Some(key) = material.public_key() {
                keys.insert(version, key.as_text().to_owned());
            }
        }
        Ok(keys)
    }

    async fn export(
        &self,
        scope: &Scope,
        head: &KeyHead,
        version: Option<Version>,
    ) -> Result<Exported, ExportKeyError> {
        if !head.export_allowed {
            return Err(ExportKeyError::NotAllowed);
        }
        self.active(scope, head).map_err(ExportKeyError::Use)?;
        let key_version = version.unwrap_or_else(|| head.latest());
        let material = self
            .material_of(scope, head, key_version)
            .await
            .map_err(ExportKeyError::Use)?;
        let material = material
            .export_document()
            .map_err(|error| ExportKeyError::Use(UseKeyError::Written(error)))?;
        Ok(Exported {
            material,
            key_version,
        })
    }
}
