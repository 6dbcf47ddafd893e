//! What becomes of the root key, with its record: changes of it, and the shares that open a sealed
//! server.
//!
//! These records belong to no organisation: they are in the journal, and in no organisation's log.

use std::sync::Arc;

use strongroom_audit::{Action, Outcome, Resource, ServiceEvent};
use strongroom_crypto::Sealed;
use strongroom_store::Revision;

use crate::call::{Call, Recorded};
use crate::engine::{Engine, Inner};
use crate::rows::keyspace;
use crate::trail::{AuditUnavailable, ChangeFault};

/// What was done to the root key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKeyChange {
    /// A new one of the same provider took its place.
    Rotated,
    /// One that is kept elsewhere took its place.
    Migrated,
}

/// What came of a share that was given to a sealed server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareOutcome {
    /// It is one of the root key's, and more are needed.
    Taken,
    /// It was the last that was needed.
    Opened,
    /// It is none, or the shares are of another root key.
    Refused,
    /// The installation could not be opened, through no fault of the share.
    Failed,
}

impl Engine {
    /// Replaces the sealed keyring, if nobody did since it was read, and records the change with
    /// the names of the providers that have the root key now (`to`).
    ///
    /// # Errors
    ///
    /// The row and its record were not made durable together, as far as is known.
    pub async fn replace_keyring(
        &self,
        read_at: Revision,
        sealed: Sealed,
        change: RootKeyChange,
        to: &str,
    ) -> Result<Recorded<()>, ChangeFault> {
        self.0.replace_keyring(read_at, sealed, change, to).await
    }

    /// Records that a share was given, before or after there was a journal to record it in.
    ///
    /// # Errors
    ///
    /// The journal did not take the record.
    pub async fn record_share(
        &self,
        call: &Arc<Call>,
        outcome: ShareOutcome,
    ) -> Result<Recorded<()>, AuditUnavailable> {
        let (ended, why, status) = match outcome {
            ShareOutcome::Taken | ShareOutcome::Opened => {
                (Outcome::Success, "", call.success_status())
            }
            ShareOutcome::Refused => (Outcome::Denied, "invalid_share", 400),
            ShareOutcome::Failed => (Outcome::Error, "fault", 503),
        };
        let share = ServiceEvent::new(Action::SealShare, None);
        call.note(match ended {
            Outcome::Success => share,
            _ => share.ended(ended, why),
        });
        if outcome == ShareOutcome::Opened {
            call.note(ServiceEvent::new(Action::SealOpen, None));
        }
        self.0.trail.refused(call, status).await
    }

    /// Records that so many more shares were given than are recorded one by one.
    ///
    /// # Errors
    ///
    /// The journal did not take the record.
    pub async fn record_forgotten_shares(
        &self,
        count: u32,
    ) -> Result<Recorded<()>, AuditUnavailable> {
        let call = self.0.directory_call("seal.share", None);
        let event = ServiceEvent::new(Action::SealShare, None);
        call.note(event.with("forgotten", count));
        self.0.trail.recorded(&call, ()).await
    }
}

impl Inner {
    async fn replace_keyring(
        &self,
        read_at: Revision,
        sealed: Sealed,
        change: RootKeyChange,
        to: &str,
    ) -> Result<Recorded<()>, ChangeFault> {
        let (name, action) = match change {
            RootKeyChange::Rotated => ("root_key.rotate", Action::RootKeyRotate),
            RootKeyChange::Migrated => ("root_key.migrate", Action::RootKeyMigrate),
        };
        let call = self.directory_call(name, None);
        let resource = Resource {
            kind: "root_key".into(),
            identity: to.to_owned().into(),
        };
        call.concerns(resource.clone());
        call.note(ServiceEvent::new(action, Some(resource)));
        let mut changes = self.vault.changes();
        changes.replace_sealed(keyspace::keyring_key(), read_at, sealed);
        self.trail.commit(&call, changes, ()).await
    }
}
