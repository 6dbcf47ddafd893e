//! One level of the tree of secrets (contract 1.4).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Secret;

/// A directory's children.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Browse {
    /// The directory, with its trailing slash.
    pub path: String,
    /// Child directories that hold at least one readable secret, absolute, with trailing slash.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// The readable secrets directly at this level.
    #[serde(default)]
    pub secrets: Vec<Secret>,
}
