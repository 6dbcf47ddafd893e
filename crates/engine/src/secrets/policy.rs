//! S5: replace or clear a secret's access policy.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{Grant, UpdateSecretPolicy};

use super::put::touch_object;
use super::{ATTEMPTS, PolicyDocument, SecretView, Secrets};
use crate::call::{Call, Recorded};
use crate::evidence;
use crate::rows::secret::SecretHead;
use crate::rows::{RowFault, keyspace};
use crate::trail::ChangeFault;

/// Why a policy was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetPolicyError {
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
    #[error("the policy could not be stored")]
    Change(#[source] ChangeFault),
}

impl Secrets<'_> {
    /// Sets the access policy; `None` clears it.
    pub async fn set_policy(
        &self,
        grant: Grant<UpdateSecretPolicy>,
        call: &Arc<Call>,
        policy: Option<PolicyDocument>,
    ) -> Result<Recorded<SecretView>, SetPolicyError> {
        let inner = self.0;
        let (scope, path) = (grant.scope(), grant.target());
        let row = keyspace::secret(scope, path);
        let _in_turn = inner.stripes.lock(&row).await;
        for _ in 0..ATTEMPTS {
            let stored = inner.vault.get::<SecretHead>(&row).await;
            let stored = stored
                .map_err(SetPolicyError::Row)?
                .ok_or(SetPolicyError::NotFound)?;
            let mut head = stored.row;
            head.policy = policy.as_ref().map(|policy| policy.as_str().to_owned());
            touch_object(&mut head, inner.clock.now());
            let mut changes = inner.vault.changes();
            changes
                .replace(row.clone(), stored.revision, &head)
                .map_err(|fault| SetPolicyError::Change(fault.into()))?;
            call.note(
                evidence::secret(Action::SecretUpdatePolicy).with("cleared", policy.is_none()),
            );
            let view = inner
                .view(scope, path, &head, None)
                .await
                .map_err(SetPolicyError::Row)?;
            match inner.trail.commit(call, changes, view).await {
                Err(fault) if fault.is_conflict() => call.forget_events(),
                done => return done.map_err(SetPolicyError::Change),
            }
        }
        Err(SetPolicyError::Contended)
    }
}
