//! A server that is killed in the middle of its work, again and again, on one data directory:
//! what it acknowledged is there, what it did not acknowledge is there whole or not at all, and
//! the audit journal tells the same story.
//!
//! `STRONGROOM_KILL_ROUNDS` asks for more rounds, `STRONGROOM_KILL_SEED` for others.

#[cfg(test)]
mod api;
#[cfg(test)]
mod check;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod draw;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod load;
#[cfg(test)]
mod rounds;
