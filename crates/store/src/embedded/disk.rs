//! Where tests make the disk fail. Without the feature for that, nowhere.

use std::io;

/// A step of writing the commit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LogStep {
    Write,
    Sync,
}

/// What stands between the store and its disk.
#[derive(Clone, Default)]
pub(super) struct Disk {
    #[cfg(feature = "faults")]
    pub(super) plan: Option<crate::FaultPlan>,
}

#[cfg(not(feature = "faults"))]
#[allow(
    clippy::unused_self,
    clippy::unnecessary_wraps,
    reason = "the other half of an interface"
)]
impl Disk {
    pub(super) fn log(&self, _: LogStep) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn apply(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(feature = "faults")]
impl Disk {
    /// Fails a step if it is to fail now.
    pub(super) fn log(&self, step: LogStep) -> io::Result<()> {
        use crate::LogFault;

        let Some(plan) = &self.plan else {
            return Ok(());
        };
        match (step, plan.log_fault(step == LogStep::Write)) {
            (LogStep::Write, Some(LogFault::Full)) => Err(io::ErrorKind::StorageFull.into()),
            (LogStep::Write, Some(LogFault::Torn)) | (LogStep::Sync, Some(LogFault::Unsynced)) => {
                Err(io::Error::other("a fault of a test"))
            }
            _ => Ok(()),
        }
    }

    /// Fails writing to the database, or keeps it waiting, as planned.
    pub(super) fn apply(&self) -> io::Result<()> {
        match &self.plan {
            Some(plan) => plan.before_apply(),
            None => Ok(()),
        }
    }
}
