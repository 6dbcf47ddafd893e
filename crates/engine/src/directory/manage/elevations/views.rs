//! What is shown of requests for rights.

use std::collections::BTreeMap;

use strongroom_types::{ElevationId, Timestamp};

use crate::directory::manage::policies::PolicyBindingView;
use crate::directory::manage::views::{NamedView, UserView};
use crate::directory::manage::{ManageError, Result};
use crate::directory::view::OrganisationView;
use crate::rows::directory::BindingRow;
use crate::rows::elevation::{ElevationRow, ElevationState};

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElevationStatus {
    /// Nobody has decided yet.
    Pending,
    /// It was given and holds.
    Approved,
    /// Somebody refused.
    Rejected,
    /// It was taken back before somebody decided.
    Cancelled,
    /// Its time is over, decided or not.
    Expired,
    /// It was given and taken away again.
    Revoked,
}

impl ElevationStatus {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// Somebody's request for a policy.
#[derive(Debug, Clone)]
pub struct ElevationView {
    /// Its identity.
    pub identity: ElevationId,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    pub annotations: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed; none until then.
    pub updated_at: Option<Timestamp>,
    /// Starts at 1 and grows with every change.
    pub object_version: u64,
    /// The project where the policy is to count; none is the organisation's own level.
    pub project: Option<NamedView>,
    /// The policy; none where it is gone.
    pub policy: Option<NamedView>,
    /// Who asked.
    pub requester: Option<UserView>,
    /// What became of it.
    pub status: ElevationStatus,
    /// Why it is needed.
    pub reason: String,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Who decided.
    pub review: Option<ReviewView>,
    /// What gives the policy, as long as it does.
    pub binding: Option<PolicyBindingView>,
}

/// A decision.
#[derive(Debug, Clone)]
pub struct ReviewView {
    /// When.
    pub at: Timestamp,
    /// Who; none where a service account did, or they are gone.
    pub by: Option<UserView>,
    /// Why.
    pub note: String,
}

impl OrganisationView {
    /// The requests that `which` picks, oldest first.
    pub(super) fn elevation_views(
        &self,
        which: impl Fn(&ElevationRow) -> bool,
        now: Timestamp,
    ) -> Vec<ElevationView> {
        let rows = self.elevations.values().filter(|row| which(row));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_by_key(|row| (row.created_at, row.identity));
        let views = rows.into_iter().map(|row| self.elevation_view(row, now));
        views.collect()
    }

    pub(super) fn elevation_view(&self, row: &ElevationRow, now: Timestamp) -> ElevationView {
        let binding = self.binding_behind(row).filter(|row| row.is_alive(now));
        let binding = binding.map(|row| self.policy_binding_view(row, row.project));
        self.view_of(row, self.status_of(row, now), binding)
    }

    /// A request that was approved just now by this binding.
    pub(super) fn approved_view(&self, row: &ElevationRow, by: &BindingRow) -> ElevationView {
        let binding = Some(self.policy_binding_view(by, by.project));
        self.view_of(row, ElevationStatus::Approved, binding)
    }

    fn view_of(
        &self,
        row: &ElevationRow,
        status: ElevationStatus,
        binding: Option<PolicyBindingView>,
    ) -> ElevationView {
        ElevationView {
            identity: row.identity,
            labels: row.described.labels.as_map().clone(),
            annotations: row.described.annotations.as_map().clone(),
            created_at: row.created_at,
            updated_at: row.described.updated_at,
            object_version: row.described.object_version,
            project: row.project.and_then(|project| self.project_named(project)),
            policy: self.role_named(&row.policy),
            requester: self.user_view(row.requester),
            status,
            reason: row.reason.clone(),
            ends_at: row.ends_at,
            review: row.review.as_ref().map(|review| ReviewView {
                at: review.at,
                by: review.by.and_then(|user| self.user_view(user)),
                note: review.note.clone(),
            }),
            binding,
        }
    }

    fn binding_behind(&self, row: &ElevationRow) -> Option<&BindingRow> {
        let identity = row.binding?;
        self.bindings.iter().find(|each| each.identity == identity)
    }

    /// What became of a request by now.
    pub(super) fn status_of(&self, row: &ElevationRow, now: Timestamp) -> ElevationStatus {
        let is_over = row.ends_at <= now;
        match row.state {
            ElevationState::Pending | ElevationState::Approved if is_over => {
                ElevationStatus::Expired
            }
            ElevationState::Pending => ElevationStatus::Pending,
            ElevationState::Approved if self.binding_behind(row).is_none() => {
                ElevationStatus::Revoked
            }
            ElevationState::Approved => ElevationStatus::Approved,
            ElevationState::Rejected => ElevationStatus::Rejected,
            ElevationState::Cancelled => ElevationStatus::Cancelled,
            ElevationState::Revoked => ElevationStatus::Revoked,
        }
    }

    /// Refuses a decision about a request that is not (any more) what it has to be.
    pub(super) fn insist(
        &self,
        row: &ElevationRow,
        wanted: ElevationStatus,
        now: Timestamp,
    ) -> Result<()> {
        match self.status_of(row, now) == wanted {
            true => Ok(()),
            false => Err(ManageError::ElevationState {
                wanted: wanted.as_str(),
            }),
        }
    }
}
