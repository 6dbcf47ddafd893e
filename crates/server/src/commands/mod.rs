//! What the binary's subcommands do.
//!
//! Each writes what people or programs asked for to the given output; logs go to standard error.

mod audit;
mod dev;
mod init;
mod root;
mod sealed;
mod server;

use std::error::Error;
use std::fmt::Write;
use std::io;

pub use audit::{AuditArgs, AuditError, head, verify};
pub use dev::{DevArgs, DevError, dev};
pub use init::{InitArgs, InitError, init};
pub use root::{MigrateArgs, RootArgs, RootError, migrate, rotate};
pub use server::{ServerArgs, ServerError, server};

/// What the process's exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something failed.
    Failed = 1,
    /// The command or the configuration has to be corrected first.
    Usage = 2,
    /// The audit journal is not what was written.
    Tampered = 3,
}

/// The output cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the output cannot be written")]
pub struct OutputError(#[from] io::Error);

/// An error and its causes, as text for people: each cause in a line of its own, none twice.
pub fn explain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut last = text.clone();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if said != last {
            let _infallible = write!(text, "\n  because: {said}");
            last = said;
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn causes_are_told_once() {
        let deep = Layer("no disk", None);
        let same = Layer("cannot open", Some(Box::new(deep)));
        let top = Layer("cannot open", Some(Box::new(same)));
        assert_eq!(explain(&top), "cannot open\n  because: no disk");
    }
}
