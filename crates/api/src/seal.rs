//! The seal of a server whose root key is in shares (ours beside the contract).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a server is from being open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub struct SealStatus {
    /// Whether nothing is served.
    pub sealed: bool,
    /// How many shares open.
    pub threshold: u8,
    /// How many shares there are.
    pub shares: usize,
    /// How many have come.
    pub progress: usize,
}
