//! Starts servers, clocks and fixtures for the tests.
//!
//! - [`process`]: the real binary in a process of its own, to be stopped, killed and started again;
//! - [`house`]: a server in this process, on a real socket, with a clock that tests turn and the
//!   engine in hand, so that organisations and rights are made where they are kept;
//! - [`http`]: calls to either, [`api`]: the usual ones in short; [`wire`]: bytes that no HTTP library would send;
//! - [`seed`]: a data directory with very many secrets.
//!
//! Except for [`seed`], what goes wrong here ends the test: these helpers panic, and say why.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is test code, which fails by panicking"
)]

pub mod api;
pub mod clock;
pub mod house;
pub mod http;
pub mod process;
pub mod seed;
pub mod wire;

pub use clock::TurnedClock;
pub use house::{House, Rule, Tenant};
pub use http::{Call, Caller, Reply, Web};
pub use process::{Details, ServerProcess};
pub use wire::Wire;

/// Bytes as they travel: standard base64 with padding.
pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// Back from [`b64`].
pub fn from_b64(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD
        .decode(text)
        .unwrap_or_else(|error| panic!("{text:?} is no base64: {error}"))
}
