//! The end of a key: its material is erased when its time has come.

use strongroom_store::{Key, Scan};
use strongroom_types::{Region, Scope};

use crate::engine::Inner;
use crate::rows::key::{KeyDeletion, KeyHead};
use crate::rows::{CommitFault, RowFault, Stored, keyspace};
use crate::trail::ChangeFault;

/// Why keys whose time has come are still there.
#[derive(Debug, thiserror::Error)]
pub enum RemovalError {
    /// A row could not be read.
    #[error("the scheduled removals could not be read")]
    Row(#[source] RowFault),
    /// A removal was not made durable.
    #[error("a key could not be removed")]
    Change(#[source] ChangeFault),
}

impl From<CommitFault> for RemovalError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl Inner {
    /// Removes every key that is due; says how many there were.
    pub(crate) async fn remove_due_keys(&self) -> Result<usize, RemovalError> {
        const STEP: usize = 64;
        let now = self.clock.now();
        let mut removed = 0;
        loop {
            let scan = Scan::prefix(keyspace::kms_deletions()).limit(STEP);
            let rows = self
                .vault
                .scan_sealed(scan)
                .await
                .map_err(RemovalError::Row)?;
            let due: Vec<_> = rows
                .iter()
                .take_while(|(row, _)| keyspace::kms_deletion_due(row).is_some_and(|at| at <= now))
                .collect();
            for (row, sealed) in &due {
                let stored = self.vault.open(row, sealed).map_err(RemovalError::Row)?;
                self.remove_key(row, &stored).await?;
                removed += 1;
            }
            if due.len() < STEP {
                return Ok(removed);
            }
        }
    }

    /// Erases one key with all its versions, unless its removal was cancelled meanwhile.
    async fn remove_key(
        &self,
        row: &Key,
        deletion: &Stored<KeyDeletion>,
    ) -> Result<(), RemovalError> {
        let KeyDeletion {
            organisation,
            region,
            project,
            key,
        } = &deletion.row;
        let Ok(slug) = region.parse() else {
            return Ok(());
        };
        let (organisation, region) = (*organisation, Region::declared(&slug));
        let scope = Scope {
            organisation,
            region,
            project: *project,
        };
        let mut changes = self.vault.changes();
        changes.remove(row.clone(), deletion.revision);
        let head_row = keyspace::kms_key(&scope, *key);
        let head = self
            .vault
            .get::<KeyHead>(&head_row)
            .await
            .map_err(RemovalError::Row)?;
        if let Some(head) = head {
            changes.erase(keyspace::kms_slug(&scope, &head.row.slug));
            changes.remove(head_row, head.revision);
        }
        for rows in [
            keyspace::kms_key_versions(&scope, *key),
            keyspace::kms_key_usages(&scope, *key),
        ] {
            let rows = self.vault.all_sealed(rows).await;
            for (row, _) in rows.map_err(RemovalError::Row)? {
                changes.erase(row);
            }
        }
        let call = self.system_call("kms.remove_key", &scope);
        call.concerns(strongroom_audit::Resource::key(*key));
        match self.trail.commit(&call, changes, ()).await {
            Ok(_) => {
                self.ring.forget(*key);
                self.usage.forget(*key);
            }
            // Cancelled, or removed by another node: nothing is left to do.
            Err(fault) if fault.is_conflict() => {}
            Err(fault) => return Err(RemovalError::Change(fault)),
        }
        Ok(())
    }
}
