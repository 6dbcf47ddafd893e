//! Secrets without their values (contract 1.6, 1.7).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{KmsKey, RegionRef, Time};

/// A secret's metadata. A value is never part of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Secret {
    /// Where it lives; its identity for life.
    pub path: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Labels, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations, exactly as they were given.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// When it was created.
    pub created_at: Time,
    /// When it last changed; reading a value changes nothing.
    pub updated_at: Time,
    /// When a value was last read; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_accessed_at: Option<Time>,
    /// The key that protects it; absent once that key was removed for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<KmsKey>,
    /// The identity of that key.
    pub kms_key_identity: String,
    /// The latest version whose value is not destroyed; 0 where there never was one.
    pub current_version: u64,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
    /// Where it is kept.
    pub region: RegionRef,
    /// The project it belongs to; absent at the organisation's own level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// Its access policy, exactly as it was given; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub access_policy: Option<Box<RawValue>>,
    /// Its versions, in ascending order; only where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Vec<SecretVersion>>,
}

/// One version in a secret's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretVersion {
    /// Its number, from 1, never reused.
    pub version: u64,
    /// `active` or `destroyed`.
    pub status: String,
    /// `current` on the current version, absent on the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// `string` or `keyValue`.
    pub value_format: String,
    /// When it was added.
    pub created_at: Time,
    /// When its value was last read; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_accessed_at: Option<Time>,
    /// When its value was destroyed; absent until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destroyed_at: Option<Time>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_byte_for_byte_and_empty_fields_stay_out() {
        let text = concat!(
            r#"{"path":"/a","createdAt":"2026-07-01T10:00:00Z","updatedAt":"2026-07-01T10:00:00Z","#,
            r#""kmsKey":{"identity":"kms-1","name":"k","slug":"k","keyType":"aes256-gcm96","#,
            r#""status":"active","exportAllowed":false,"keyRotationEnabled":false,"#,
            r#""latestVersion":1,"minDecryptionVersion":1,"createdAt":"2026-07-01T10:00:00Z","#,
            r#""updatedAt":"2026-07-01T10:00:00Z","objectVersion":1},"kmsKeyIdentity":"kms-1","#,
            r#""currentVersion":1,"objectVersion":1,"#,
            r#""region":{"identity":"r","name":"R","slug":"nl-01"},"#,
            r#""accessPolicy":{"conditions" : [ ],"b":1.0,"a":2}}"#
        );
        let secret: Secret = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&secret).unwrap(), text);
    }
}
