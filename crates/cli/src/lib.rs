//! The command line over the client: `strongroom secret`, `strongroom key`, `strongroom audit ls`;
//! and `strongroom kms wrap`, which asks no server.
//!
//! The binary mounts [`SecretArgs`], [`KeyArgs`], [`KmsArgs`], [`IamArgs`] and [`AuditList`] where it likes and
//! hands what was parsed to [`run`]. There is no way from here to the engine: everything goes
//! through the HTTP API, so the command line can do what any other client can.
//!
//! Secret values come from standard input, from files or from the server's generator, never from
//! arguments, which every user of the machine can see. They leave through standard output alone.

mod audit;
mod command;
mod confirm;
mod connection;
mod iam;
mod input;
mod key;
mod kms;
mod labels;
mod login;
mod reveal;
mod secret;
mod surroundings;
mod table;
#[cfg(test)]
mod testing;
mod unseal;
mod value;

pub use audit::AuditList;
pub use command::{Command, CommandError, Exit, execute, explain, run};
pub use confirm::ConfirmError;
pub use connection::{ConnectError, Connection, Format};
pub use iam::IamArgs;
pub use input::InputError;
pub use key::KeyArgs;
pub use kms::{KmsArgs, WrapError};
pub use login::{KeptError, LoginArgs, LoginError, LogoutArgs};
pub use reveal::RevealError;
pub use secret::SecretArgs;
pub use surroundings::{Process, Surroundings};
pub use unseal::UnsealArgs;
