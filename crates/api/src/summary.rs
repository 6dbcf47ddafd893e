//! The KMS at a glance (contract K1, 2.2).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether the organisation has the KMS, and how many keys each region holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Whether the feature is on for the organisation.
    pub feature_enabled: bool,
    /// One entry per region.
    pub regions: Vec<SummaryRegion>,
}

/// One region's keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SummaryRegion {
    /// The region's identity.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What URLs call it.
    pub slug: String,
    /// Whether keys can be used there.
    pub kms_available: bool,
    /// All keys.
    pub total_keys: u64,
    /// Keys that work.
    pub active_keys: u64,
    /// Keys that are switched off.
    pub disabled_keys: u64,
    /// Keys that wait for their removal.
    pub pending_deletion_keys: u64,
}
