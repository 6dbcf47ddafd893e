//! Keeping what is in memory there: no core dumps, no swap.
//!
//! All of it is as good as the system allows. What it refuses is logged, and nothing depends on it.

use rustix::io::Errno;
use rustix::process::{Resource, Rlimit, setrlimit};

use crate::config::Config;

/// Turns core dumps off and, if the configuration says so, locks memory. Call it before there is
/// any secret.
pub fn protect(config: &Config) {
    if let Err(error) = no_core_dumps() {
        tracing::warn!(%error, "core dumps cannot be switched off");
    }
    if !config.memory.lock {
        return;
    }
    match lock() {
        Ok(()) => tracing::debug!("memory is locked: nothing of it is swapped out"),
        Err(error) => tracing::debug!(
            %error,
            "memory is not locked: allow it (LimitMEMLOCK=infinity), or run with swap off or encrypted"
        ),
    }
}

/// No core file is written, and no other process of the same user may read this one's memory
/// through the debugging interface.
fn no_core_dumps() -> Result<(), Errno> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    }
    Ok(())
}

/// Locks each page once it is used. Only without a limit: with one, the allocation that exceeds it
/// would fail later, in the middle of a request.
#[cfg(target_os = "linux")]
fn lock() -> Result<(), Errno> {
    use rustix::mm::{MlockAllFlags, mlockall};
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    setrlimit(Resource::Memlock, unlimited)?;
    mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT)
}

/// Elsewhere there is no call for all of it.
#[cfg(not(target_os = "linux"))]
fn lock() -> Result<(), Errno> {
    Err(Errno::NOSYS)
}
