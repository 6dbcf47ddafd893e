//! Making organisations, principals and what they hold.
//!
//! `init`, `dev` and the tests use these; callers of the API go through [`super::manage`]. Every
//! change is recorded as the system's own, and writes the organisation's epoch.

mod credentials;
mod organisations;
mod principals;
mod roles;

pub use credentials::{NewCredential, NewToken};
pub use organisations::NewOrganisation;
pub use principals::NewUser;
pub use roles::{NewBinding, NewRole, NewRule, PrincipalRef, RoleRef};

use std::sync::Arc;

use minicbor::Encode;
use strongroom_crypto::EntropyError;
use strongroom_types::{OrganisationId, Slug};

use super::view::OrganisationView;
use crate::engine::Inner;
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::{Changes, CommitFault, RowFault};
use crate::trail::ChangeFault;

/// Why a directory was not changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another of its kind has the slug.
    #[error("the slug {0} is taken")]
    SlugTaken(Slug),
    /// It refers to something that does not exist.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// A rule is not valid.
    #[error("the rule is not valid")]
    Rule(#[source] strongroom_authz::RuleError),
    /// Somebody else changed the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the directory could not be stored")]
    Change(#[source] ChangeFault),
}

impl From<CommitFault> for DirectoryError {
    fn from(fault: CommitFault) -> Self {
        match fault.is_conflict() {
            true => Self::Contended,
            false => Self::Change(fault.into()),
        }
    }
}

/// The operations on directories.
pub struct Directory<'e>(pub(crate) &'e Arc<Inner>);

type Result<T> = std::result::Result<T, DirectoryError>;

impl Directory<'_> {
    async fn view(&self, id: OrganisationId) -> Result<Arc<OrganisationView>> {
        let view = self
            .0
            .views
            .current(&self.0.vault, id)
            .await
            .map_err(DirectoryError::Row)?;
        view.ok_or(DirectoryError::Missing("organisation"))
    }

    /// A batch that starts a new epoch, if the view still is what it is based on.
    fn guarded(&self, view: &OrganisationView) -> Result<Changes<'_>> {
        Ok(self.0.new_epoch(view)?)
    }

    /// Adds one entry to the directory that the view shows.
    async fn enlist<R: Encode<()>>(
        &self,
        view: &OrganisationView,
        kind: DirectoryKind,
        identity: &[u8; 16],
        row: &R,
        what: &'static str,
    ) -> Result<()> {
        let organisation = view.organisation.identity;
        let mut changes = self.guarded(view)?;
        changes.create(keyspace::directory_entry(organisation, kind, identity), row)?;
        self.record(organisation, what, changes).await
    }

    async fn record(
        &self,
        organisation: OrganisationId,
        what: &'static str,
        changes: Changes<'_>,
    ) -> Result<()> {
        let call = self.0.directory_call(what, Some(organisation));
        self.commit(call, changes).await
    }

    async fn record_for_none(&self, what: &'static str, changes: Changes<'_>) -> Result<()> {
        let call = self.0.directory_call(what, None);
        self.commit(call, changes).await
    }

    async fn commit(&self, call: Arc<crate::Call>, changes: Changes<'_>) -> Result<()> {
        match self.0.trail.commit(&call, changes, ()).await {
            Ok(recorded) => {
                let () = recorded.into_inner();
                Ok(())
            }
            Err(fault) if fault.is_conflict() => Err(DirectoryError::Contended),
            Err(fault) => Err(DirectoryError::Change(fault)),
        }
    }
}
