//! K16–K19: disable, enable, schedule removal, cancel it (contract 2.8).

use std::sync::Arc;

use strongroom_authz::{CancelKeyDeletion, DeleteKey, DisableKey, EnableKey, Grant};
use strongroom_types::{KeyStatus, Timestamp};

use super::{KeyChangeError, KeyView, Keys};
use crate::call::{Call, Recorded};
use crate::rows::key::{KeyDeletion, KeyHead};
use crate::rows::keyspace;

impl Keys<'_> {
    /// Takes a key out of use. A disabled key stays as it is.
    pub async fn disable(
        &self,
        grant: Grant<DisableKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        self.change(grant, call, |_, head, _| switch(head, KeyStatus::Disabled))
            .await
    }

    /// Puts a disabled key back into use. An active key stays as it is.
    pub async fn enable(
        &self,
        grant: Grant<EnableKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        self.change(grant, call, |_, head, _| switch(head, KeyStatus::Active))
            .await
    }

    /// Schedules a key's removal, after which nothing it protects can be read. A key that is
    /// already scheduled keeps its time.
    pub async fn delete(
        &self,
        grant: Grant<DeleteKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        let inner = self.0;
        self.change(grant, call, |scope, mut head, changes| {
            if head.status == KeyStatus::PendingDeletion {
                return Ok(None);
            }
            let due = inner
                .clock
                .now()
                .saturating_add(inner.settings.key_deletion_delay)
                .unwrap_or(Timestamp::MAX);
            let deletion = KeyDeletion {
                organisation: scope.organisation,
                region: scope.region.as_str().to_owned(),
                project: scope.project,
                key: head.identity,
            };
            changes.put(keyspace::kms_deletion(due, head.identity), &deletion)?;
            head.status = KeyStatus::PendingDeletion;
            head.deletion_at = Some(due);
            Ok(Some(head))
        })
        .await
    }

    /// Calls a scheduled removal off; the key is active again.
    pub async fn cancel_deletion(
        &self,
        grant: Grant<CancelKeyDeletion>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        self.change(grant, call, |_, mut head, changes| {
            let due = match (head.status, head.deletion_at) {
                (KeyStatus::PendingDeletion, Some(due)) => due,
                _ => return Err(KeyChangeError::NotPending),
            };
            changes.erase(keyspace::kms_deletion(due, head.identity));
            head.status = KeyStatus::Active;
            head.deletion_at = None;
            Ok(Some(head))
        })
        .await
    }
}

fn switch(mut head: KeyHead, to: KeyStatus) -> Result<Option<KeyHead>, KeyChangeError> {
    if head.status == KeyStatus::PendingDeletion {
        return Err(KeyChangeError::PendingDeletion);
    }
    if head.status == to {
        return Ok(None);
    }
    head.status = to;
    Ok(Some(head))
}
