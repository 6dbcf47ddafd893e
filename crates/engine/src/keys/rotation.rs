//! K13 and K14: how a key rotates, and rotating it now.

use std::sync::Arc;

use strongroom_audit::Action;
use strongroom_authz::{ConfigureKeyRotation, Grant, RotateKey};
use strongroom_types::{KeyStatus, Scope, Version};

use super::change::next_version;
use super::create::AddMaterialFault;
use super::{KeyChangeError, KeyView, Keys};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
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
    /// The oldest version that still decrypts and verifies, from 1 to the latest.
    pub min_decryption_version: Option<Version>,
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
        let inner = self.0;
        self.change(grant, call, |scope, head, _| {
            let has_kms = inner.has_kms(&scope.region);
            apply(head, change, has_kms)
        })
        .await
    }

    /// Gives the key a new version, which new operations use from now on.
    pub async fn rotate(
        &self,
        grant: Grant<RotateKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(KeyChangeError::Resolve)?;
        rotates(inner, resolved.scope(), &found.head)?;
        // Made before anything is held: an RSA key takes seconds.
        let material = inner.new_material(found.head.key_type).await;
        let material = material.map_err(KeyChangeError::Material)?;
        self.change_found(&resolved, found, call, |scope, mut head, changes| {
            rotates(inner, scope, &head)?;
            let version = next_version(&head)?;
            inner
                .add_material(changes, scope, head.identity, version, &material)
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

/// Whether a key can be given a new version now.
fn rotates(inner: &Inner, scope: &Scope, head: &KeyHead) -> Result<(), KeyChangeError> {
    if head.status != KeyStatus::Active {
        let status = head.status;
        return Err(KeyChangeError::NotActive { status });
    }
    if !inner.has_kms(&scope.region) {
        return Err(KeyChangeError::NoService);
    }
    if !head.may_rotate() {
        return Err(KeyChangeError::RotationNotAllowed);
    }
    Ok(())
}

fn apply(
    mut head: KeyHead,
    change: RotationChange,
    has_kms: bool,
) -> Result<Option<KeyHead>, KeyChangeError> {
    if head.status == KeyStatus::PendingDeletion {
        return Err(KeyChangeError::PendingDeletion);
    }
    if !has_kms {
        return Err(KeyChangeError::NoService);
    }
    let enabled = change.enabled.unwrap_or(head.rotation_enabled);
    let period = match change.enabled {
        Some(false) => None,
        _ => change.period_days.or(head.rotation_period_days),
    };
    if enabled && period.is_none() {
        return Err(KeyChangeError::PeriodMissing);
    }
    if enabled && !head.may_rotate() {
        return Err(KeyChangeError::RotationNotAllowed);
    }
    let oldest = change.min_decryption_version;
    let oldest = oldest.unwrap_or(head.min_decryption_version);
    if !head.has(oldest) {
        return Err(KeyChangeError::MinVersionRange);
    }
    let wanted = (enabled, period, oldest);
    let before = (
        head.rotation_enabled,
        head.rotation_period_days,
        head.min_decryption_version,
    );
    if wanted == before {
        return Ok(None);
    }
    head.rotation_enabled = enabled;
    head.rotation_period_days = period;
    head.min_decryption_version = oldest;
    Ok(Some(head))
}
