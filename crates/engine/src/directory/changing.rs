//! Changing a directory as one epoch shows it.

use std::sync::Arc;

use strongroom_types::OrganisationId;

use super::view::OrganisationView;
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::rows::{Changes, CommitFault, RowFault};
use crate::trail::ChangeFault;

/// How often a change is tried again when somebody else was faster.
const ATTEMPTS: usize = 16;

/// Why a directory was not changed, whatever the change was about.
pub(super) enum Unchanged {
    /// There is no such organisation any more.
    Gone,
    /// Others kept changing the directory at the same time.
    Contended,
    /// A row could not be read.
    Row(RowFault),
    /// The change was not made durable.
    Change(ChangeFault),
}

impl From<CommitFault> for Unchanged {
    fn from(fault: CommitFault) -> Self {
        Self::Change(fault.into())
    }
}

impl Inner {
    /// Lets `edit` look at the directory and add rows, and commits with the record of the call; again
    /// if somebody else was faster. So what was checked is what is changed.
    pub(super) async fn change_directory<T, E: From<Unchanged>>(
        &self,
        call: &Arc<Call>,
        organisation: OrganisationId,
        mut edit: impl FnMut(&OrganisationView, &mut Changes<'_>) -> Result<T, E>,
    ) -> Result<Recorded<T>, E> {
        for _ in 0..ATTEMPTS {
            let view = self.views.current(&self.vault, organisation).await;
            let view = view.map_err(Unchanged::Row)?.ok_or(Unchanged::Gone)?;
            let mut changes = self.new_epoch(&view).map_err(Unchanged::from)?;
            let made = edit(&view, &mut changes)?;
            match self.trail.commit(call, changes, made).await {
                Err(fault) if fault.is_conflict() => call.forget_events(),
                done => return done.map_err(|fault| Unchanged::Change(fault).into()),
            }
        }
        Err(Unchanged::Contended.into())
    }
}
