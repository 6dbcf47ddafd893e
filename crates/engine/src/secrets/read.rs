//! S4: a secret's metadata, and how the rows become what callers see.

use std::sync::Arc;

use strongroom_authz::{Grant, ReadSecret};
use strongroom_types::{Scope, SecretPath, Timestamp, Version};

use super::{PolicyDocument, SecretView, Secrets, VersionView};
use crate::call::{Call, Recorded};
use crate::engine::Inner;
use crate::keys::KeyView;
use crate::rows::access::VersionAccess;
use crate::rows::secret::{SecretHead, SecretVersion};
use crate::rows::{RowFault, keyspace};
use crate::trail::AuditUnavailable;

/// Why a secret's metadata was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadSecretError {
    /// No secret at this path in this scope.
    #[error("there is no secret at this path")]
    NotFound,
    /// A row could not be read.
    #[error("the secret could not be read")]
    Row(#[source] RowFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

impl Secrets<'_> {
    /// A secret's metadata, with its version history if wanted.
    pub async fn read(
        &self,
        grant: Grant<ReadSecret>,
        call: &Arc<Call>,
        include_versions: bool,
    ) -> Result<Recorded<SecretView>, ReadSecretError> {
        let inner = self.0;
        let (scope, path) = (grant.scope(), grant.target());
        let stored = inner
            .vault
            .get::<SecretHead>(&keyspace::secret(scope, path))
            .await;
        let head = stored
            .map_err(ReadSecretError::Row)?
            .ok_or(ReadSecretError::NotFound)?
            .row;
        let versions = match include_versions {
            true => Some(inner.all_versions(scope, path, &head).await),
            false => None,
        };
        let versions = versions.transpose().map_err(ReadSecretError::Row)?;
        let view = inner
            .view(scope, path, &head, versions)
            .await
            .map_err(ReadSecretError::Row)?;
        inner
            .trail
            .recorded(call, view)
            .await
            .map_err(ReadSecretError::Audit)
    }
}

impl Inner {
    /// What callers see of a secret, now.
    pub(super) async fn view(
        &self,
        scope: &Scope,
        path: &SecretPath,
        head: &SecretHead,
        versions: Option<Vec<SecretVersion>>,
    ) -> Result<SecretView, RowFault> {
        let key = self.key_by_id(scope, head.key).await?;
        let accesses = self.access_times.of(&self.vault, &head.incarnation).await?;
        let views = |versions: Vec<SecretVersion>| {
            versions
                .iter()
                .map(|version| version_view(version, head.current, &accesses))
                .collect()
        };
        Ok(SecretView {
            path: path.clone(),
            description: head.description.clone(),
            labels: head.labels.clone(),
            annotations: head.annotations.clone(),
            created_at: head.created_at,
            updated_at: head.updated_at,
            last_accessed_at: accesses.iter().map(|access| access.at).max(),
            key: key.map(|found| KeyView::of(&found.head, scope.project)),
            key_identity: head.key,
            current_version: head.current.map_or(0, Version::get),
            object_version: head.object_version,
            region: self.region_settings(&scope.region),
            project: scope.project,
            policy: head.policy.clone().map(PolicyDocument::from_row),
            versions: versions.map(views),
        })
    }
}

fn version_view(
    version: &SecretVersion,
    current: Option<Version>,
    accesses: &[VersionAccess],
) -> VersionView {
    let is_readable = version.status == strongroom_types::VersionStatus::Active;
    let accessed: Option<Timestamp> = accesses
        .iter()
        .find(|access| access.version == version.version)
        .map(|access| access.at);
    VersionView {
        version: version.version,
        status: version.status,
        current: is_readable && current == Some(version.version),
        format: version.format,
        created_at: version.created_at,
        last_accessed_at: accessed,
        destroyed_at: version.destroyed_at,
    }
}
