//! Rotation of the service's own accord: by period, and of keys that have encrypted a lot.
//!
//! When a key is due follows from its head alone: the age of its latest version beside its period.
//! So nothing has to be remembered across a restart. A rotation is conditional on the revision of
//! the head that was found due: of any number of nodes, one does it.

use std::time::Duration;

use strongroom_audit::{Action, Resource};
use strongroom_store::Scan;
use strongroom_types::{KeyStatus, Scope, Timestamp};

use super::change::{KeyChangeError, next_version};
use super::create::AddMaterialFault;
use super::lookup::FoundKey;
use crate::engine::Inner;
use crate::evidence::{self, Evidence};
use crate::rows::key::{KeyHead, KeyVersionEntry};
use crate::rows::{RowFault, keyspace};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Why due keys were not looked for to the end.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// A row could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
}

impl Inner {
    /// Rotates every key that is due; says how many. What fails for one key is logged, and the next
    /// run tries again.
    pub(crate) async fn rotate_due_keys(&self) -> Result<usize, ScheduleError> {
        const STEP: usize = 256;
        let now = self.clock.now();
        let (mut rotated, mut after) = (0, None);
        loop {
            let mut scan = Scan::prefix(keyspace::all_kms_keys().as_bytes()).limit(STEP);
            if let Some(after) = after.take() {
                scan = scan.after(after);
            }
            let rows = self.vault.scan_sealed(scan).await;
            let rows = rows.map_err(ScheduleError::Row)?;
            for (row, sealed) in &rows {
                let stored = self.vault.open::<KeyHead>(row, sealed);
                let stored = stored.map_err(ScheduleError::Row)?;
                let place = keyspace::kms_key_place(row);
                let Some((scope, _)) = place.filter(|_| is_due(&stored.row, now)) else {
                    continue;
                };
                let found = FoundKey {
                    head: stored.row.into(),
                    revision: stored.revision,
                };
                rotated += usize::from(self.rotate_due_key(&scope, &found).await);
            }
            if rows.len() < STEP {
                return Ok(rotated);
            }
            after = rows.last().map(|(row, _)| row.clone());
        }
    }

    async fn rotate_due_key(&self, scope: &Scope, found: &FoundKey) -> bool {
        let rotated = self.rotate_unasked(scope, found, "period").await;
        rotated.unwrap_or_else(|error| {
            let key = found.head.identity;
            tracing::error!(error = &error as &dyn std::error::Error, %key, "a due key stays");
            false
        })
    }

    /// Gives the key a new version, unless it may not have one or has changed since it was found.
    /// Says whether it did.
    pub(super) async fn rotate_unasked(
        &self,
        scope: &Scope,
        found: &FoundKey,
        why: &'static str,
    ) -> Result<bool, KeyChangeError> {
        let mut head = KeyHead::clone(&found.head);
        let active = head.status == KeyStatus::Active && self.has_kms(&scope.region);
        if !(active && head.may_rotate()) {
            return Ok(false);
        }
        let version = next_version(&head)?;
        let material = self.new_material(head.key_type).await;
        let material = material.map_err(KeyChangeError::Material)?;
        let mut changes = self.vault.changes();
        self.add_material(&mut changes, scope, head.identity, version, &material)
            .map_err(|fault| match fault {
                AddMaterialFault::Material(fault) => KeyChangeError::Material(fault),
                AddMaterialFault::Row(fault) => fault.into(),
            })?;
        let now = self.clock.now();
        head.versions.push(KeyVersionEntry {
            version,
            created_at: now,
        });
        head.updated_at = now;
        head.object_version = head.object_version.saturating_add(1);
        let row = keyspace::kms_key(scope, head.identity);
        changes.replace(row, found.revision, &head)?;
        let call = self.system_call("kms.rotate", scope);
        call.concerns(Resource::key(head.identity));
        let event = evidence::key(Action::KmsRotateScheduled, &head).key_version(version);
        call.note(event.with("because", why));
        match self.trail.commit(&call, changes, ()).await {
            Ok(_) => Ok(true),
            Err(fault) if fault.is_conflict() => Ok(false),
            Err(fault) => Err(KeyChangeError::Change(fault)),
        }
    }
}

fn is_due(head: &KeyHead, now: Timestamp) -> bool {
    let (true, Some(days), Some(latest)) = (
        head.rotation_enabled && head.status == KeyStatus::Active,
        head.rotation_period_days,
        head.versions.last(),
    ) else {
        return false;
    };
    latest
        .created_at
        .checked_add(DAY.saturating_mul(days))
        .is_ok_and(|due| due <= now)
}
