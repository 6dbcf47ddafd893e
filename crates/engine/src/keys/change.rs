//! How a key's head changes.

use std::sync::Arc;

use strongroom_authz::{Grant, KeyAction, Resolved};
use strongroom_types::{KeyStatus, Scope, Version, VersionError};

use super::lookup::FoundKey;
use super::slow::SlowFault;
use super::{KeyView, Keys, ResolveKeyError};
use crate::call::{Call, Recorded};
use crate::rows::key::KeyHead;
use crate::rows::{Changes, CommitFault, RowFault, keyspace};
use crate::trail::ChangeFault;

/// How often a change is tried again when somebody else was faster.
const ATTEMPTS: usize = 16;

/// Why a key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyChangeError {
    /// There is no such key, or the caller may not know of it.
    #[error(transparent)]
    Resolve(ResolveKeyError),
    /// The key's status does not allow it.
    #[error("the key is {status}; this needs an active key")]
    NotActive {
        /// Its status.
        status: KeyStatus,
    },
    /// The key waits for its removal.
    #[error("the key is scheduled for deletion; cancel that first")]
    PendingDeletion,
    /// Nothing is scheduled that could be cancelled.
    #[error("the key is not scheduled for deletion")]
    NotPending,
    /// Automatic rotation needs a period.
    #[error("rotationPeriodInDays (1 to 3650) is needed to enable automatic rotation")]
    PeriodMissing,
    /// The period is out of range.
    #[error("rotationPeriodInDays is a whole number from 1 to 3650")]
    PeriodRange,
    /// An imported key that must stay as it is.
    #[error("the key was imported without allowRotation, so it never rotates")]
    RotationNotAllowed,
    /// There is no such version to be the oldest that still decrypts.
    #[error("minDecryptionVersion is a whole number from 1 to the key's latest version")]
    MinVersionRange,
    /// The region has no key management service.
    #[error("the region has no key management service")]
    NoService,
    /// The version numbers are used up.
    #[error("the key's version numbers are used up")]
    Exhausted(#[source] VersionError),
    /// New material could not be made.
    #[error("new key material could not be made")]
    Material(#[source] NewMaterialFault),
    /// Others kept changing the key at the same time.
    #[error("the key is being changed by others; try again")]
    Contended,
    /// A row could not be read.
    #[error("the key could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the change could not be stored")]
    Change(#[source] ChangeFault),
}

/// Key material could not be generated or wrapped.
#[derive(Debug, thiserror::Error)]
pub enum NewMaterialFault {
    /// There was no room in the pool that generates.
    #[error("waiting for the pool")]
    Slow(#[source] SlowFault),
    /// It could not be generated.
    #[error("generating")]
    Generate(#[source] strongroom_crypto::MaterialError),
    /// It could not be wrapped.
    #[error("wrapping")]
    Wrap(#[source] strongroom_crypto::SealError),
}

impl From<CommitFault> for KeyChangeError {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl Keys<'_> {
    /// Finds the key that the grant names, lets `edit` make the new head (none where it is so
    /// already) and add rows, and commits; again if somebody else was faster. The grant holds for
    /// each attempt, as a key's names never change.
    pub(super) async fn change<A: KeyAction>(
        &self,
        grant: Grant<A>,
        call: &Arc<Call>,
        edit: impl Fn(&Scope, KeyHead, &mut Changes<'_>) -> Result<Option<KeyHead>, KeyChangeError>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        let inner = self.0;
        let (resolved, first) = inner
            .resolve(call, grant)
            .await
            .map_err(KeyChangeError::Resolve)?;
        self.change_found(&resolved, first, call, edit).await
    }

    /// As [`Keys::change`], of a key that was found already.
    pub(super) async fn change_found<A: KeyAction>(
        &self,
        resolved: &Resolved<A>,
        first: FoundKey,
        call: &Arc<Call>,
        edit: impl Fn(&Scope, KeyHead, &mut Changes<'_>) -> Result<Option<KeyHead>, KeyChangeError>,
    ) -> Result<Recorded<KeyView>, KeyChangeError> {
        let inner = self.0;
        let scope = resolved.scope();
        let row = keyspace::kms_key(scope, resolved.key());
        let _in_turn = inner.stripes.lock(&row).await;
        let mut found = first;
        for _ in 0..ATTEMPTS {
            let mut changes = inner.vault.changes();
            let mut head = match edit(scope, KeyHead::clone(&found.head), &mut changes)? {
                Some(head) => head,
                None => {
                    let view = KeyView::of(&found.head, scope.project);
                    let recorded = inner.trail.recorded(call, view).await;
                    return recorded.map_err(|fault| KeyChangeError::Change(fault.into()));
                }
            };
            head.updated_at = inner.clock.now();
            head.object_version = head.object_version.saturating_add(1);
            changes.replace(row.clone(), found.revision, &head)?;
            let view = KeyView::of(&head, scope.project);
            match inner.trail.commit(call, changes, view).await {
                Err(fault) if fault.is_conflict() => {
                    call.forget_events();
                    let again = inner.key_by_id(scope, resolved.key()).await;
                    let again = again.map_err(KeyChangeError::Row)?;
                    found = again.ok_or(KeyChangeError::Resolve(ResolveKeyError::NotFound))?;
                }
                done => return done.map_err(KeyChangeError::Change),
            }
        }
        Err(KeyChangeError::Contended)
    }
}

/// The version after a key's latest.
pub(super) fn next_version(head: &KeyHead) -> Result<Version, KeyChangeError> {
    head.latest().next().map_err(KeyChangeError::Exhausted)
}
