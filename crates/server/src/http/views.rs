//! From what the engine shows to what travels.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use strongroom_api as api;
use strongroom_engine::{
    Browsed, Encrypted, KeyView, PutDone, RegionSettings, RegionSummary, SecretView, Signed,
    Summary, Verified, VersionView, WrappingKeyView,
};
use strongroom_types::Version;

pub(super) fn secret(view: SecretView) -> api::Secret {
    let policy = view.policy.map(|policy| policy.as_str().to_owned());
    api::Secret {
        path: view.path.as_str().to_owned(),
        description: view.description.as_str().to_owned(),
        labels: view.labels.as_map().clone(),
        annotations: view.annotations.as_map().clone(),
        created_at: view.created_at.into(),
        updated_at: view.updated_at.into(),
        last_accessed_at: view.last_accessed_at.map(Into::into),
        kms_key: view.key.map(key),
        kms_key_identity: view.key_identity.to_string(),
        current_version: view.current_version,
        object_version: view.object_version,
        region: region_ref(view.region),
        project_id: view.project.map(|project| project.to_string()),
        // A policy was valid JSON when it was stored.
        access_policy: policy.and_then(|policy| RawValue::from_string(policy).ok()),
        versions: view
            .versions
            .map(|versions| versions.iter().map(version).collect()),
    }
}

fn version(view: &VersionView) -> api::SecretVersion {
    api::SecretVersion {
        version: view.version.get(),
        status: view.status.as_str().to_owned(),
        stage: view.current.then(|| "current".to_owned()),
        value_format: view.format.as_str().to_owned(),
        created_at: view.created_at.into(),
        last_accessed_at: view.last_accessed_at.map(Into::into),
        destroyed_at: view.destroyed_at.map(Into::into),
    }
}

pub(super) fn browse(browsed: Browsed) -> api::Browse {
    api::Browse {
        path: browsed.directory.as_str().to_owned(),
        prefixes: browsed.prefixes,
        secrets: browsed.secrets.into_iter().map(secret).collect(),
    }
}

pub(super) fn put(done: PutDone) -> api::PutReply {
    api::PutReply {
        path: done.path.as_str().to_owned(),
        version: done.version.get(),
        kms_key_identity: done.key.to_string(),
        kms_key_version: done.key_version.to_string(),
    }
}

pub(super) fn key(view: KeyView) -> api::KmsKey {
    let versions = view.versions.iter().map(|version| api::KmsKeyVersion {
        version: version.version.get(),
        created_at: version.created_at.into(),
    });
    api::KmsKey {
        identity: view.identity.to_string(),
        name: view.name.as_str().to_owned(),
        slug: view.slug.as_str().to_owned(),
        description: view.description.as_str().to_owned(),
        labels: view.labels.as_map().clone(),
        annotations: view.annotations.as_map().clone(),
        project_id: view.project.map(|project| project.to_string()),
        key_type: view.key_type.as_str().to_owned(),
        status: view.status.as_str().to_owned(),
        export_allowed: view.export_allowed,
        imported: view.imported,
        key_rotation_enabled: view.rotation_enabled,
        rotation_period_in_days: view.rotation_period_days,
        latest_version: view.latest_version.get(),
        min_decryption_version: view.min_decryption_version.get(),
        versions: versions.collect(),
        deletion_scheduled_at: view.deletion_scheduled_at.map(Into::into),
        created_at: view.created_at.into(),
        updated_at: view.updated_at.into(),
        object_version: view.object_version,
    }
}

pub(super) fn public_keys(keys: BTreeMap<Version, String>) -> api::PublicKeys {
    let keys = keys.into_iter();
    api::PublicKeys {
        keys: keys
            .map(|(version, key)| (version.to_string(), key))
            .collect(),
    }
}

pub(super) fn wrapping_key(view: WrappingKeyView) -> api::WrappingKey {
    api::WrappingKey {
        public_key: view.public_key,
        algorithm: view.algorithm.to_owned(),
    }
}

pub(super) fn encrypted(encrypted: Encrypted) -> api::EncryptReply {
    api::EncryptReply {
        ciphertext: encrypted.ciphertext,
        key_version: encrypted.key_version.to_string(),
    }
}

pub(super) fn signed(signed: Signed) -> api::SignReply {
    api::SignReply {
        signature: signed.signature,
        key_version: signed.key_version.to_string(),
    }
}

pub(super) fn verified(verified: Verified) -> api::VerifyReply {
    api::VerifyReply {
        valid: verified.valid,
        key_version: verified.key_version.map(|version| version.to_string()),
    }
}

pub(super) fn keys(views: Vec<KeyView>) -> Vec<api::KmsKey> {
    views.into_iter().map(key).collect()
}

pub(super) fn summary(summary: Summary) -> api::Summary {
    api::Summary {
        feature_enabled: summary.feature_enabled,
        regions: summary.regions.into_iter().map(summary_region).collect(),
    }
}

fn summary_region(summary: RegionSummary) -> api::SummaryRegion {
    api::SummaryRegion {
        identity: summary.region.identity,
        name: summary.region.name,
        slug: summary.region.slug.as_str().to_owned(),
        kms_available: summary.region.kms,
        total_keys: summary.total as u64,
        active_keys: summary.active as u64,
        disabled_keys: summary.disabled as u64,
        pending_deletion_keys: summary.pending_deletion as u64,
    }
}

fn region_ref(region: RegionSettings) -> api::RegionRef {
    api::RegionRef {
        identity: region.identity,
        name: region.name,
        slug: region.slug.as_str().to_owned(),
    }
}

pub(super) fn region(region: &RegionSettings) -> api::Region {
    api::Region {
        identity: region.identity.clone(),
        name: region.name.clone(),
        slug: region.slug.as_str().to_owned(),
        kms_available: region.kms,
    }
}
