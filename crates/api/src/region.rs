//! Regions on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A region, as a secret names its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegionRef {
    /// Its identity.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What URLs call it, as in `nl-01`.
    pub slug: String,
}

/// A region, as `GET /v1/regions` lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Region {
    /// Its identity.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What URLs call it, as in `nl-01`.
    pub slug: String,
    /// Whether keys can be used there.
    pub kms_available: bool,
}
