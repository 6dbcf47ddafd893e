//! What callers see of a secret.

use strongroom_types::{
    Description, Directory, Labels, ProjectId, SecretPath, Timestamp, ValueFormat, Version,
    VersionStatus,
};

use super::PolicyDocument;
use crate::RegionSettings;
use crate::keys::KeyView;

/// A secret's metadata (contract 1.6); never its value.
#[derive(Debug, Clone)]
pub struct SecretView {
    /// Where it lives.
    pub path: SecretPath,
    /// What it is for.
    pub description: Description,
    /// Labels, as given.
    pub labels: Labels,
    /// Annotations, as given.
    pub annotations: Labels,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its metadata or versions last changed; reveals do not count.
    pub updated_at: Timestamp,
    /// When any version was last revealed.
    pub last_accessed_at: Option<Timestamp>,
    /// The key that protects its versions; none once that key was removed for good.
    pub key: Option<KeyView>,
    /// The key's identity, which stays when the key is gone.
    pub key_identity: strongroom_types::KeyId,
    /// The latest active version; 0 where there never was one.
    pub current_version: u64,
    /// Counts its changes, from 1.
    pub object_version: u64,
    /// The region it lives in.
    pub region: RegionSettings,
    /// The project it lives in; none is the organisation's own level.
    pub project: Option<ProjectId>,
    /// Its access policy, exactly as given.
    pub policy: Option<PolicyDocument>,
    /// All versions, oldest first, where they were asked for.
    pub versions: Option<Vec<VersionView>>,
}

/// One version of a secret (contract 1.7).
#[derive(Debug, Clone)]
pub struct VersionView {
    /// Its number.
    pub version: Version,
    /// Whether its value is still there.
    pub status: VersionStatus,
    /// Whether it is the current one.
    pub current: bool,
    /// The shape of its value.
    pub format: ValueFormat,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last revealed.
    pub last_accessed_at: Option<Timestamp>,
    /// When its value was erased.
    pub destroyed_at: Option<Timestamp>,
}

/// One level of the tree of secrets (contract 1.4).
#[derive(Debug)]
pub struct Browsed {
    /// The directory itself.
    pub directory: Directory,
    /// The directories right below it that hold something readable, absolute, ending in a slash.
    pub prefixes: Vec<String>,
    /// The secrets right below it that are readable.
    pub secrets: Vec<SecretView>,
}

/// Which part of a listing is wanted; without limits, everything.
#[derive(Debug, Clone, Default)]
pub struct PageRequest {
    /// At most this many entries.
    pub limit: Option<usize>,
    /// Only entries behind this one, in the listing's order.
    pub after: Option<String>,
}
