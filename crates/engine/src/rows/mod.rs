//! What the store's rows hold: their keys, their formats, and the sealing around them.

pub(crate) mod access;
pub(crate) mod coded;
mod decoded;
pub(crate) mod directory;
pub(crate) mod elevation;
pub(crate) mod federation;
pub(crate) mod invite;
pub(crate) mod key;
pub(crate) mod keyspace;
pub(crate) mod outbox;
pub(crate) mod rotating;
pub(crate) mod secret;
pub(crate) mod sign_in;
mod vault;

pub(crate) use decoded::Decoded;
pub(crate) use vault::{Changes, Stored, Vault};
pub use vault::{CommitFault, RowFault};
