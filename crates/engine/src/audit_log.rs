//! The audit log, as callers read it (contract 5.1).

use std::sync::Arc;

use strongroom_audit::{Entry, Filter, Found, Page, ReadError, Resource};
use strongroom_authz::{Grant, ListAudit, ReadAuditEntry};

use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::outbox::OutboxError;
use crate::trail::AuditUnavailable;

/// Why the log was not shown.
#[derive(Debug, thiserror::Error)]
pub enum AuditLogError {
    /// There is no such entry in this organisation.
    #[error("there is no such audit entry")]
    NotFound,
    /// Records of changes that were answered are not in the journal yet.
    #[error("the latest records could not be brought to the audit journal")]
    Behind(#[source] OutboxError),
    /// The journal could not be read.
    #[error("the audit journal could not be read")]
    Read(#[source] ReadError),
    /// The search was given up.
    #[error("the search of the audit journal did not finish")]
    Interrupted(#[source] tokio::task::JoinError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// The operations on the audit log.
pub struct AuditLog<'e>(pub(crate) &'e Arc<Inner>);

impl AuditLog<'_> {
    /// The entries that match, newest first. That the log was read is in it, too, for those who ask
    /// for that type of resource.
    pub async fn list(
        &self,
        grant: Grant<ListAudit>,
        call: &Arc<Call>,
        mut filter: Filter,
        page: Page,
    ) -> Result<Recorded<Found>, AuditLogError> {
        filter.organisation = *grant.scope();
        call.concerns(Resource::audit_log(filter.organisation));
        self.catch_up().await?;
        let journal = self.0.trail.journal().clone();
        let found = tokio::task::spawn_blocking(move || journal.query(&filter, page))
            .await
            .map_err(AuditLogError::Interrupted)?
            .map_err(AuditLogError::Read)?;
        self.0
            .trail
            .recorded(call, found)
            .await
            .map_err(AuditLogError::Audit)
    }

    /// One entry.
    pub async fn read(
        &self,
        grant: Grant<ReadAuditEntry>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Entry>, AuditLogError> {
        let (organisation, event) = (*grant.scope(), *grant.target());
        call.concerns(Resource::audit_log(organisation));
        self.catch_up().await?;
        let journal = self.0.trail.journal().clone();
        let entry = tokio::task::spawn_blocking(move || journal.find(organisation, event))
            .await
            .map_err(AuditLogError::Interrupted)?
            .map_err(AuditLogError::Read)?
            .ok_or(AuditLogError::NotFound)?;
        self.0
            .trail
            .recorded(call, entry)
            .await
            .map_err(AuditLogError::Audit)
    }

    /// A change that was answered is in the log that is asked for next.
    async fn catch_up(&self) -> Result<(), AuditLogError> {
        let settled = self.0.trail.outbox().settle().await;
        settled.map_err(AuditLogError::Behind)
    }
}
