//! K13 and K14: how a key rotates, and rotating it now.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{ConfigureKeyRotation, Grant, RotateKey};
use strongroom_types::KeyStatus;

use super::change::next_version;
use super::create::AddMaterialFault;
use super::{KeyChangeError, KeyView, Keys};
use crate::call::{Call, Recorded};
use crate::evidence::{self, Evidence};
use crate::rows::key::{KeyHead, KeyVersionEntry};

/// How often a key may rotate by itself, in days (contract 2.3).
pub(super) const PERIOD_DAYS: std::ops::RangeInclusive<u32> = 1..=3650;

/// What is to change about a key's rotation; what is not said stays (contract 2.7).
#[derive(Debug, Clone, Copy, Default)]
pub struct RotationChange {
    /// Whether it rotates by itself.
    pub enabled: Option<bool>,
    /// How often, in days.
    pub period_days: Option<u32>,
}

impl Keys<'_> {
    /// Changes how a key rotates by itself. Disabling forgets the period.
    pub async fn configure_rotation(
        &self,
        grant: Grant<ConfigureKeyRotation>,
        call: &Arc<Call>,
        change: RotationChange,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        if change
            .period_days
            .is_some_and(|days| !PERIOD_DAYS.contains(&days))
        {
            return Err(KeyChangeError::PeriodRange);
        }
        self.change(grant, call, |_, head, _| apply(head, change))
            .await
    }

    /// Gives the key a new version, which new operations use from now on.
    pub async fn rotate(
        &self,
        grant: Grant<RotateKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        let inner = self.0;
        self.change(grant, call, |scope, mut head, changes| {
            if !inner.has_kms(&scope.region) {
                return Err(KeyChangeError::NoService);
            }
            if head.status != KeyStatus::Active {
                return Err(KeyChangeError::NotActive {
                    status: head.status,
                });
            }
            let version = next_version(&head)?;
            inner
                .add_material(changes, scope, head.identity, version, head.key_type)
                .map_err(|fault| match fault {
                    AddMaterialFault::Material(fault) => KeyChangeError::Material(fault),
                    AddMaterialFault::Row(fault) => fault.into(),
                })?;
            head.versions.push(KeyVersionEntry {
                version,
                created_at: inner.clock.now(),
            });
            call.note(evidence::key(Action::KmsRotate, &head).key_version(version));
            Ok(Some(head))
        })
        .await
    }
}

fn apply(mut head: KeyHead, change: RotationChange) -> Result<Option<KeyHead>, KeyChangeError> {
    if head.status == KeyStatus::PendingDeletion {
        return Err(KeyChangeError::PendingDeletion);
    }
    let enabled = change.enabled.unwrap_or(head.rotation_enabled);
    let period = match change.enabled {
        Some(false) => None,
        _ => change.period_days.or(head.rotation_period_days),
    };
    if enabled && period.is_none() {
        return Err(KeyChangeError::PeriodMissing);
    }
    if (enabled, period) == (head.rotation_enabled, head.rotation_period_days) {
        return Ok(None);
    }
    head.rotation_enabled = enabled;
    head.rotation_period_days = period;
    Ok(Some(head))
}
