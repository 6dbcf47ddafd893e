//! The way to the audit journal: no result without a durable record.

use std::sync::Arc;

use strongroom_audit::{AppendError, EncodeError, Journal};
use strongroom_crypto::{EntropyError, random};
use strongroom_types::{Clock, EventId};

use crate::call::{Call, Recorded};
use crate::outbox::Outbox;
use crate::rows::outbox::OutboxRow;
use crate::rows::{Changes, CommitFault, Vault, keyspace};

/// A call could not be recorded, so it does not get its result.
#[derive(Debug, thiserror::Error)]
pub enum AuditUnavailable {
    /// The journal did not make the record durable.
    #[error("the audit journal did not take the record")]
    Journal(#[source] AppendError),
    /// No random bytes were to be had for the record's identity.
    #[error("no randomness for the record")]
    Entropy(#[source] EntropyError),
    /// The record could not be encoded.
    #[error("the record could not be encoded")]
    Encode(#[source] EncodeError),
    /// The journal is not taking records, and too many wait for it.
    #[error("too many records wait for the audit journal")]
    Backlog,
}

/// A change and its record were not made durable.
#[derive(Debug, thiserror::Error)]
pub enum ChangeFault {
    /// The store did not take the batch.
    #[error(transparent)]
    Commit(#[from] CommitFault),
    /// The record could not be made.
    #[error(transparent)]
    Audit(#[from] AuditUnavailable),
}

impl ChangeFault {
    /// Whether somebody else changed a row first.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Commit(fault) if fault.is_conflict())
    }

    /// Whether the change may have been made all the same.
    pub(crate) fn is_unknown(&self) -> bool {
        matches!(self, Self::Commit(fault) if fault.is_unknown())
    }
}

/// Records calls: reads in the journal, changes in the batch that makes them.
pub(crate) struct Trail {
    journal: Journal,
    vault: Vault,
    clock: Arc<dyn Clock>,
    outbox: Outbox,
}

impl Trail {
    pub(crate) fn new(journal: Journal, vault: Vault, clock: Arc<dyn Clock>) -> Self {
        let outbox = Outbox::new(journal.clone(), vault.clone());
        Self {
            journal,
            vault,
            clock,
            outbox,
        }
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Records a call that changed nothing, and waits until the record is durable.
    pub(crate) async fn recorded<T>(
        &self,
        call: &Call,
        value: T,
    ) -> Result<Recorded<T>, AuditUnavailable> {
        self.record(call, call.success_status()).await?;
        Ok(Recorded::proven(value))
    }

    /// Records a call that is answered with an error status.
    pub(crate) async fn refused(
        &self,
        call: &Call,
        status: u16,
    ) -> Result<Recorded<()>, AuditUnavailable> {
        self.record(call, status).await?;
        Ok(Recorded::proven(()))
    }

    async fn record(&self, call: &Call, status: u16) -> Result<(), AuditUnavailable> {
        let draw = self.draw()?;
        let receipt = call
            .with_record(draw, self.clock.now(), status, |record| {
                self.journal.append(record)
            })
            .map_err(AuditUnavailable::Journal)?;
        receipt.await.map(drop).map_err(AuditUnavailable::Journal)
    }

    /// Makes a change and the record of its call durable together.
    pub(crate) async fn commit<T>(
        &self,
        call: &Call,
        mut changes: Changes<'_>,
        value: T,
    ) -> Result<Recorded<T>, ChangeFault> {
        if !self.outbox.has_room() {
            return Err(AuditUnavailable::Backlog.into());
        }
        let record = call
            .with_record(
                self.draw()?,
                self.clock.now(),
                call.success_status(),
                |record| record.encode(),
            )
            .map_err(AuditUnavailable::Encode)?;
        let row = keyspace::outbox_record(EventId::from_bytes(*record.id().as_bytes()));
        let since = self.journal.head().sequence;
        changes.put_new(
            row.clone(),
            &OutboxRow {
                since,
                record: record.as_bytes().to_vec(),
            },
        )?;
        let departure = self.outbox.departing(row, record, since);
        match changes.commit().await {
            Ok(_) => departure.committed(),
            Err(fault) => {
                // Only of a conflict is it certain that the change did not happen; for anything
                // else the outbox finds out.
                if fault.is_conflict() {
                    departure.cancelled();
                }
                return Err(fault.into());
            }
        }
        Ok(Recorded::proven(value))
    }

    fn draw(&self) -> Result<[u8; 8], AuditUnavailable> {
        random(self.vault.entropy()).map_err(AuditUnavailable::Entropy)
    }
}
