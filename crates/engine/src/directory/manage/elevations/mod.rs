//! Asking for a policy for a while (contract 4.4).
//!
//! A request ends at the time that it names, decided or not. An approval makes a binding that ends
//! then, too; where that binding goes earlier, so did the right.

mod review;
mod views;

pub use views::{ElevationStatus, ElevationView, ReviewView};

use std::sync::Arc;

use strongroom_authz::{
    CancelElevation, Grant, ListOwnElevations, ReadOwnElevation, RequestElevation, ResourceType,
};
use strongroom_types::{
    Description, ElevationId, Labels, OrganisationId, Reference, RoleId, Timestamp, UserId,
};

use super::policies::{Until, find};
use super::{ManageError, Management, Result, Thing, concern, days, user_of};
use crate::call::{Call, Recorded};
use crate::directory::view::OrganisationView;
use crate::rows::directory::Described;
use crate::rows::elevation::{ElevationRow, ElevationState};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::IamPolicy;
/// How far ahead a request can end, in days.
const LONGEST: u32 = 30;
/// How long what has ended is kept, in days.
const KEPT: u32 = 90;
/// The most requests of one user that wait for a decision.
const MOST_PENDING: usize = 100;
/// The most requests of one organisation.
const MOST: usize = 10_000;

/// A request for a policy.
#[derive(Debug, Clone)]
pub struct NewElevation {
    /// The policy.
    pub policy: Reference<RoleId>,
    /// Why it is needed.
    pub reason: Description,
    /// When it is to end.
    pub until: Until,
    /// Labels.
    pub labels: Labels,
    /// Annotations.
    pub annotations: Labels,
}

/// Where a request is stored.
pub(super) fn place(organisation: OrganisationId, identity: ElevationId) -> strongroom_store::Key {
    let kind = DirectoryKind::Elevation;
    keyspace::directory_entry(organisation, kind, identity.as_bytes())
}

impl Management<'_> {
    /// What the caller asked for on the level, oldest first; of a service account nothing.
    pub async fn list_own_elevations(
        &self,
        grant: Grant<ListOwnElevations>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<ElevationView>>> {
        let (level, now) = (*grant.scope(), self.now());
        let user = user_of(grant.caller());
        let view = self.view(level.organisation).await?;
        let own = |row: &ElevationRow| row.project == level.project && Some(row.requester) == user;
        self.shown(call, view.elevation_views(own, now)).await
    }

    /// One of the caller's own requests.
    pub async fn read_own_elevation(
        &self,
        grant: Grant<ReadOwnElevation>,
        call: &Arc<Call>,
    ) -> Result<Recorded<ElevationView>> {
        let level = *grant.scope();
        let view = self.view(level.organisation).await?;
        let row = own(&view, level, user_of(grant.caller()), *grant.target())?;
        concern(call, KIND, &row.identity);
        self.shown(call, view.elevation_view(row, self.now())).await
    }

    /// Asks for a policy. Nothing is given before somebody else approves.
    pub async fn request_elevation(
        &self,
        grant: Grant<RequestElevation>,
        call: &Arc<Call>,
        new: NewElevation,
    ) -> Result<Recorded<ElevationView>> {
        let (level, now) = (*grant.scope(), self.now());
        let requester = user_of(grant.caller()).ok_or(ManageError::NotAPerson)?;
        let ends_at = new.until.end_within(LONGEST, now)?;
        let identity = ElevationId::from_bytes(self.0.vault.draw()?);
        concern(call, KIND, &identity);
        self.change(call, level.organisation, |view, changes| {
            let policy = find(view, level.project, &new.policy);
            let policy = policy.ok_or(ManageError::NotFound(Thing::Policy))?;
            not_too_many(view, requester, now)?;
            changes.erase_elevations(view, |row| is_forgotten(row, now));
            let row = ElevationRow {
                identity,
                project: level.project,
                policy: policy.bound(),
                requester,
                reason: new.reason.as_str().to_owned(),
                ends_at,
                created_at: now,
                described: Described {
                    labels: new.labels.clone(),
                    annotations: new.annotations.clone(),
                    created_by: Some(requester),
                    ..Described::default()
                },
                state: ElevationState::Pending,
                review: None,
                binding: None,
            };
            changes.create(place(level.organisation, identity), &row)?;
            Ok(view.elevation_view(&row, now))
        })
        .await
    }

    /// Takes a request of the caller's own back, before it is decided.
    pub async fn cancel_elevation(
        &self,
        grant: Grant<CancelElevation>,
        call: &Arc<Call>,
    ) -> Result<Recorded<ElevationView>> {
        let (level, now) = (*grant.scope(), self.now());
        self.change(call, level.organisation, |view, changes| {
            let user = user_of(grant.caller());
            let mut row = own(view, level, user, *grant.target())?.clone();
            concern(call, KIND, &row.identity);
            view.insist(&row, ElevationStatus::Pending, now)?;
            row.state = ElevationState::Cancelled;
            row.described.changed(now);
            changes.put(place(level.organisation, row.identity), &row)?;
            Ok(view.elevation_view(&row, now))
        })
        .await
    }
}

/// A request of this user's own; others' do not exist.
fn own(
    view: &OrganisationView,
    level: strongroom_authz::Level,
    user: Option<UserId>,
    asked: ElevationId,
) -> Result<&ElevationRow> {
    let found = view.elevations.get(&asked);
    found
        .filter(|row| row.project == level.project && Some(row.requester) == user)
        .ok_or(ManageError::NotFound(Thing::Elevation))
}

fn not_too_many(view: &OrganisationView, requester: UserId, now: Timestamp) -> Result<()> {
    let rows = view.elevations.values();
    let waits = |row: &&ElevationRow| {
        row.requester == requester && view.status_of(row, now) == ElevationStatus::Pending
    };
    let too_many = |max| {
        let thing = Thing::Elevation;
        Err(ManageError::TooMany { thing, max })
    };
    if rows.clone().filter(waits).count() >= MOST_PENDING {
        return too_many(MOST_PENDING);
    }
    if rows.filter(|row| !is_forgotten(row, now)).count() >= MOST {
        return too_many(MOST);
    }
    Ok(())
}

/// Whether a request ended so long ago that nobody asks for it any more.
fn is_forgotten(row: &ElevationRow, now: Timestamp) -> bool {
    let until = row.ends_at.checked_add(days(KEPT));
    until.is_ok_and(|until| until < now)
}
