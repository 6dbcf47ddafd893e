//! KMS keys without their material (contract 2.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Time;

fn is_false(flag: &bool) -> bool {
    !flag
}

/// A key's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KmsKey {
    /// Its identity, as in `kms-…`.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What URLs may call it; unique in its scope.
    pub slug: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// The project it belongs to; absent at the organisation's own level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// What it is for, as in `aes256-gcm96`.
    pub key_type: String,
    /// `active`, `disabled` or `pending_deletion`.
    pub status: String,
    /// Whether its material may be exported; never changes.
    pub export_allowed: bool,
    /// Whether its material came from outside.
    #[serde(default, skip_serializing_if = "is_false")]
    pub imported: bool,
    /// Whether it rotates by itself.
    pub key_rotation_enabled: bool,
    /// How often, in days; absent unless somebody set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation_period_in_days: Option<u32>,
    /// The version that new operations use.
    pub latest_version: u64,
    /// The oldest version that still decrypts.
    pub min_decryption_version: u64,
    /// Its versions, in ascending order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub versions: Vec<KmsKeyVersion>,
    /// When it will be removed for good; only while that is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion_scheduled_at: Option<Time>,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KmsKeyVersion {
    /// Its number, from 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Time,
}
