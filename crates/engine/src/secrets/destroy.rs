//! S8: erase one version's value.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{DestroySecretVersion, Grant};
use strongroom_types::{Scope, SecretPath, Version, VersionStatus};

use super::put::touch_object;
use super::{ATTEMPTS, Secrets};
use crate::call::{Call, Recorded};
use crate::evidence::{self, Evidence};
use crate::rows::secret::{SecretHead, SecretVersion};
use crate::rows::{CommitFault, RowFault, Stored, keyspace};
use crate::trail::{AuditUnavailable, ChangeFault};

/// Why a version was not destroyed.
#[derive(Debug, thiserror::Error)]
pub enum DestroyVersionError {
    /// No secret at this path in this scope.
    #[error("there is no secret at this path")]
    NotFound,
    /// The secret has no version of this number.
    #[error("the secret has no version {0}")]
    VersionNotFound(Version),
    /// Others kept changing the secret at the same time.
    #[error("the secret is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the destruction could not be stored")]
    Change(#[source] ChangeFault),
    /// The version was destroyed before, but this call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl From<CommitFault> for DestroyVersionError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl Secrets<'_> {
    /// Erases a version's ciphertext and wrapped data key; its history entry stays.
    ///
    /// The current version may be destroyed too: the latest remaining active one takes its place
    /// (contract 1.12). Destroying a destroyed version changes nothing.
    pub async fn destroy(
        &self,
        grant: Grant<DestroySecretVersion>,
        call: &Arc<Call>,
        version: Version,
    ) -> Result<Recorded<()>, DestroyVersionError> {
        let inner = self.0;
        let (scope, path) = (grant.scope(), grant.target());
        let row = keyspace::secret(scope, path);
        let _in_turn = inner.stripes.lock(&row).await;
        for _ in 0..ATTEMPTS {
            let stored = inner.vault.get::<SecretHead>(&row).await;
            let Some(head) = stored.map_err(DestroyVersionError::Row)? else {
                return Err(DestroyVersionError::NotFound);
            };
            match self.try_destroy(call, scope, path, head, version).await {
                Err(DestroyVersionError::Change(fault)) if fault.is_conflict() => {
                    call.forget_events();
                }
                done => return done,
            }
        }
        Err(DestroyVersionError::Contended)
    }

    async fn try_destroy(
        &self,
        call: &Arc<Call>,
        scope: &Scope,
        path: &SecretPath,
        stored: Stored<SecretHead>,
        version: Version,
    ) -> Result<Recorded<()>, DestroyVersionError> {
        let inner = self.0;
        let Stored {
            row: mut head,
            revision,
        } = stored;
        let found = inner.take_version(scope, path, &mut head, version).await;
        let mut found = found
            .map_err(DestroyVersionError::Row)?
            .ok_or(DestroyVersionError::VersionNotFound(version))?;
        call.note(evidence::secret(Action::SecretDestroyVersion).version(version));
        if found.status == VersionStatus::Destroyed {
            let recorded = inner.trail.recorded(call, ()).await;
            return recorded.map_err(DestroyVersionError::Audit);
        }

        let now = inner.clock.now();
        found.status = VersionStatus::Destroyed;
        found.destroyed_at = Some(now);
        found.envelope = None;
        let mut changes = inner.vault.changes();
        changes.put(keyspace::secret_version(scope, path, version), &found)?;
        if head.current == Some(version) {
            self.fall_back(scope, path, &mut head, version).await?;
        }
        touch_object(&mut head, now);
        changes.replace(keyspace::secret(scope, path), revision, &head)?;
        inner
            .trail
            .commit(call, changes, ())
            .await
            .map_err(DestroyVersionError::Change)
    }

    /// Makes the latest remaining active version the current one. Where none remains, the number
    /// stays and nothing can be revealed.
    async fn fall_back(
        &self,
        scope: &Scope,
        path: &SecretPath,
        head: &mut SecretHead,
        destroyed: Version,
    ) -> Result<(), DestroyVersionError> {
        let versions = self.0.all_versions(scope, path, head).await;
        let successor = versions
            .map_err(DestroyVersionError::Row)?
            .into_iter()
            .rfind(|version| is_readable(version) && version.version != destroyed);
        if let Some(successor) = successor {
            head.current = Some(successor.version);
        }
        Ok(())
    }
}

fn is_readable(version: &SecretVersion) -> bool {
    version.status == VersionStatus::Active
}
