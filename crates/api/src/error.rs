//! The body of every refusal.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::MissingRight;

/// What went wrong, for people and for programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorBody {
    /// What happened, which field, what to do. Never holds a secret.
    pub message: String,
    /// Which entry of the error catalogue this is.
    #[serde(default)]
    pub code: String,
    /// Names the call in logs and audit records.
    #[serde(default)]
    pub request_id: String,
    /// The right that is missing, where that is why; absent otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingRight>,
}
