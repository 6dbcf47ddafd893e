//! What callers see of a key.

use strongroom_types::{
    Description, DisplayName, KeyId, KeyStatus, KeyType, Labels, ProjectId, Slug, Timestamp,
    Version,
};

use crate::rows::key::KeyHead;

/// A KMS key's metadata (contract 2.2).
#[derive(Debug, Clone)]
pub struct KeyView {
    /// Its identity.
    pub identity: KeyId,
    /// Its name for people.
    pub name: DisplayName,
    /// Its short name, unique in its scope.
    pub slug: Slug,
    /// What it is for.
    pub description: Description,
    /// Labels, as given.
    pub labels: Labels,
    /// Annotations, as given.
    pub annotations: Labels,
    /// The project it belongs to; none is the organisation's own level.
    pub project: Option<ProjectId>,
    /// Its algorithm.
    pub key_type: KeyType,
    /// Where it stands in its life.
    pub status: KeyStatus,
    /// Whether its material may leave.
    pub export_allowed: bool,
    /// Whether its first version's material came from outside.
    pub imported: bool,
    /// Whether it rotates by itself.
    pub rotation_enabled: bool,
    /// How often, in days; only where somebody said so.
    pub rotation_period_days: Option<u32>,
    /// The version that new operations use.
    pub latest_version: Version,
    /// The oldest version that still decrypts.
    pub min_decryption_version: Version,
    /// All versions, oldest first.
    pub versions: Vec<KeyVersionView>,
    /// When it will be removed, while that is scheduled.
    pub deletion_scheduled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Counts its changes, from 1.
    pub object_version: u64,
}

/// One version of a key.
#[derive(Debug, Clone, Copy)]
pub struct KeyVersionView {
    /// Its number.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
}

impl KeyView {
    pub(crate) fn of(head: &KeyHead, project: Option<ProjectId>) -> Self {
        let versions = head.versions.iter();
        Self {
            identity: head.identity,
            name: head.name.clone(),
            slug: head.slug.clone(),
            description: head.description.clone(),
            labels: head.labels.clone(),
            annotations: head.annotations.clone(),
            project,
            key_type: head.key_type,
            status: head.status,
            export_allowed: head.export_allowed,
            imported: head.imported,
            rotation_enabled: head.rotation_enabled,
            rotation_period_days: head.rotation_period_days,
            latest_version: head.latest(),
            min_decryption_version: head.min_decryption_version,
            versions: versions
                .map(|entry| KeyVersionView {
                    version: entry.version,
                    created_at: entry.created_at,
                })
                .collect(),
            deletion_scheduled_at: head.deletion_at,
            created_at: head.created_at,
            updated_at: head.updated_at,
            object_version: head.object_version,
        }
    }
}
