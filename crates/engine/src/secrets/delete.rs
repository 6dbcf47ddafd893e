//! S9: remove a secret.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{DeleteSecret, Grant};

use super::{ATTEMPTS, Secrets};
use crate::call::{Call, Recorded};
use crate::evidence;
use crate::rows::secret::SecretHead;
use crate::rows::{RowFault, keyspace};
use crate::trail::ChangeFault;

/// Why a secret was not removed.
#[derive(Debug, thiserror::Error)]
pub enum DeleteSecretError {
    /// No secret at this path in this scope.
    #[error("there is no secret at this path")]
    NotFound,
    /// Others kept changing the secret at the same time.
    #[error("the secret is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the removal could not be stored")]
    Change(#[source] ChangeFault),
}

impl Secrets<'_> {
    /// Removes a secret with all its versions, for good. The path is free again at once.
    pub async fn delete(
        &self,
        grant: Grant<DeleteSecret>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>, DeleteSecretError> {
        let inner = self.0;
        let (scope, path) = (grant.scope(), grant.target());
        let row = keyspace::secret(scope, path);
        let _in_turn = inner.stripes.lock(&row).await;
        for _ in 0..ATTEMPTS {
            let stored = inner.vault.get::<SecretHead>(&row).await;
            let head = stored
                .map_err(DeleteSecretError::Row)?
                .ok_or(DeleteSecretError::NotFound)?;
            // A version that is added from now on changes the head, and this batch fails.
            let versions = inner
                .vault
                .all_sealed(keyspace::secret_versions(scope, path))
                .await;
            let mut changes = inner.vault.changes();
            changes.remove(row.clone(), head.revision);
            for (version, _) in versions.map_err(DeleteSecretError::Row)? {
                changes.erase(version);
            }
            call.note(evidence::secret(Action::SecretDelete));
            let commit = inner.trail.commit(call, changes, ());
            let quota = &inner.secret_quota;
            match quota.removing(scope.organisation, &row, commit).await {
                Err(fault) if fault.is_conflict() => call.forget_events(),
                done => {
                    inner.access_times.forget(head.row.incarnation);
                    return done.map_err(DeleteSecretError::Change);
                }
            }
        }
        Err(DeleteSecretError::Contended)
    }
}
