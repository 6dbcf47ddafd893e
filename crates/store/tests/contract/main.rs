//! What every backend promises, on every backend: as it is, and behind the fault injector.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

mod batches;
mod faults;
mod fixture;
mod lifecycle;
mod log;
mod model;
mod races;
mod ranges;
