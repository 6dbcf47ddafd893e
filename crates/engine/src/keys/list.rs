//! K1, K2 and K4: what keys there are.

use std::sync::Arc;

use strongroom_authz::{Grant, ListKeys, ReadKey, ReadKmsSummary};
use strongroom_types::{KeyStatus, OrganisationId, ProjectId, Scope};

use super::{KeyView, Keys, ResolveKeyError, names};
use crate::RegionSettings;
use crate::call::{Call, Recorded};
use crate::rows::key::KeyHead;
use crate::rows::{RowFault, keyspace};
use crate::trail::AuditUnavailable;

/// Which keys are wanted; what is not said is not asked for (contract 2.1, K2).
#[derive(Debug, Clone, Default)]
pub struct KeyFilter {
    /// Exactly this identity.
    pub identity: Option<String>,
    /// Exactly this name.
    pub name: Option<String>,
    /// Exactly this slug.
    pub slug: Option<String>,
    /// All of these labels.
    pub labels: Vec<(String, String)>,
}

/// Why keys were not listed.
#[derive(Debug, thiserror::Error)]
pub enum ListKeysError {
    /// A row could not be read.
    #[error("the keys could not be read")]
    Row(#[source] RowFault),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// Why a key was not shown.
#[derive(Debug, thiserror::Error)]
pub enum ReadKeyError {
    /// There is no such key, or the caller may not know of it.
    #[error(transparent)]
    Resolve(ResolveKeyError),
    /// The call could not be recorded.
    #[error("the call could not be recorded")]
    Audit(#[source] AuditUnavailable),
}

/// What an organisation has of the service (contract 2.2).
#[derive(Debug, Clone)]
pub struct Summary {
    /// Whether the feature is on.
    pub feature_enabled: bool,
    /// Each region.
    pub regions: Vec<RegionSummary>,
}

/// How many keys there are in a region.
#[derive(Debug, Clone)]
pub struct RegionSummary {
    /// The region.
    pub region: RegionSettings,
    /// All keys.
    pub total: usize,
    /// Those in use.
    pub active: usize,
    /// Those taken out of use.
    pub disabled: usize,
    /// Those that wait for their removal.
    pub pending_deletion: usize,
}

impl Keys<'_> {
    /// How many keys there are, by region, at the organisation's own level or in one project.
    pub async fn summary(
        &self,
        grant: Grant<ReadKmsSummary>,
        call: &Arc<Call>,
        project: Option<ProjectId>,
    ) -> Result<Recorded<Summary>, ListKeysError> {
        let inner = self.0;
        let organisation: OrganisationId = *grant.scope();
        let mut regions = Vec::new();
        for settings in &inner.settings.regions {
            let scope = Scope {
                organisation,
                region: settings.region(),
                project,
            };
            let heads = inner.vault.all::<KeyHead>(keyspace::kms_keys(&scope)).await;
            let heads = heads.map_err(ListKeysError::Row)?;
            let count = |status| {
                heads
                    .iter()
                    .filter(|(_, head)| head.row.status == status)
                    .count()
            };
            regions.push(RegionSummary {
                region: settings.clone(),
                total: heads.len(),
                active: count(KeyStatus::Active),
                disabled: count(KeyStatus::Disabled),
                pending_deletion: count(KeyStatus::PendingDeletion),
            });
        }
        let feature_enabled = inner
            .kms_is_on(organisation)
            .await
            .map_err(ListKeysError::Row)?;
        let summary = Summary {
            feature_enabled,
            regions,
        };
        inner
            .trail
            .recorded(call, summary)
            .await
            .map_err(ListKeysError::Audit)
    }

    /// The keys that the caller may read, oldest first.
    pub async fn list(
        &self,
        grant: Grant<ListKeys>,
        call: &Arc<Call>,
        filter: KeyFilter,
    ) -> Result<Recorded<Vec<KeyView>>, ListKeysError> {
        let inner = self.0;
        let scope = grant.scope();
        let reader = grant.reader();
        let heads = inner.vault.all::<KeyHead>(keyspace::kms_keys(scope)).await;
        let mut views: Vec<_> = heads
            .map_err(ListKeysError::Row)?
            .iter()
            .map(|(_, stored)| &stored.row)
            .filter(|head| reader.can_read(&names(head)) && filter.admits(head))
            .map(|head| KeyView::of(head, scope.project))
            .collect();
        views.sort_by_key(|view| (view.created_at, view.identity));
        inner
            .trail
            .recorded(call, views)
            .await
            .map_err(ListKeysError::Audit)
    }

    /// One key.
    pub async fn read(
        &self,
        grant: Grant<ReadKey>,
        call: &Arc<Call>,
    ) -> Result<Recorded<KeyView>, ReadKeyError> {
        let inner = self.0;
        let (resolved, found) = inner
            .resolve(call, grant)
            .await
            .map_err(ReadKeyError::Resolve)?;
        let view = KeyView::of(&found.head, resolved.scope().project);
        inner
            .trail
            .recorded(call, view)
            .await
            .map_err(ReadKeyError::Audit)
    }
}

impl KeyFilter {
    fn admits(&self, head: &KeyHead) -> bool {
        let is = |wanted: &Option<String>, actual: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == actual)
        };
        is(&self.identity, &head.identity.to_string())
            && is(&self.name, head.name.as_str())
            && is(&self.slug, head.slug.as_str())
            && self
                .labels
                .iter()
                .all(|(key, value)| head.labels.as_map().get(key) == Some(value))
    }
}
