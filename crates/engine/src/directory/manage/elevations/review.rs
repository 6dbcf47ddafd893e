//! Deciding about what somebody asked for.

use std::sync::Arc;

use strongroom_authz::{
    Action, ApproveElevation, Grant, Level, ListElevations, ReadElevation, RejectElevation,
    RevokeElevation,
};
use strongroom_types::{BindingId, Description, ElevationId, Timestamp};

use super::{ElevationStatus, ElevationView, KIND, place};
use crate::call::{Call, Recorded};
use crate::directory::manage::policies::give;
use crate::directory::manage::{
    ManageError, Management, Result, Thing, admitted, concern, user_of,
};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, Described};
use crate::rows::elevation::{ElevationRow, ElevationState, ReviewRow};

impl Management<'_> {
    /// What was asked for on the level, oldest first; only policies that the caller may read.
    pub async fn list_elevations(
        &self,
        grant: Grant<ListElevations>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<ElevationView>>> {
        let (level, now) = (*grant.scope(), self.now());
        let view = self.view(level.organisation).await?;
        let shows = |row: &ElevationRow| {
            let policy = view.role_named(&row.policy);
            row.project == level.project
                && policy.is_some_and(|policy| grant.shows(&[&policy.identity, &policy.slug]))
        };
        self.shown(call, view.elevation_views(shows, now)).await
    }

    /// Somebody's request.
    pub async fn read_elevation(
        &self,
        grant: Grant<ReadElevation>,
        call: &Arc<Call>,
    ) -> Result<Recorded<ElevationView>> {
        let view = self.view(grant.scope().organisation).await?;
        let row = elevation(&view, &grant)?;
        concern(call, KIND, &row.identity);
        self.shown(call, view.elevation_view(row, self.now())).await
    }

    /// Gives what somebody else asked for, until the time that they asked for. Nobody approves their
    /// own request, and nobody gives what they do not hold for as long.
    pub async fn approve_elevation(
        &self,
        grant: Grant<ApproveElevation>,
        call: &Arc<Call>,
        note: Description,
    ) -> Result<Recorded<ElevationView>> {
        let now = self.now();
        let identity = BindingId::from_bytes(self.0.vault.draw()?);
        self.decide(&grant, call, |view, row, changes| {
            if user_of(grant.caller()) == Some(row.requester) {
                return Err(ManageError::OwnElevation);
            }
            view.insist(row, ElevationStatus::Pending, now)?;
            let binding = BindingRow {
                identity,
                role: row.policy.clone(),
                principal: BoundPrincipal::User(row.requester),
                project: row.project,
                expires_at: Some(row.ends_at),
                name: String::new(),
                created_at: now,
                described: Described {
                    created_by: user_of(grant.caller()),
                    ..Described::default()
                },
                scopes: Vec::new(),
                policy: true,
            };
            give(view, changes, grant.caller(), &binding, now)?;
            row.state = ElevationState::Approved;
            row.binding = Some(identity);
            row.review = Some(review(&grant, &note, now));
            Ok(Some(binding))
        })
        .await
    }

    /// Refuses what somebody asked for.
    pub async fn reject_elevation(
        &self,
        grant: Grant<RejectElevation>,
        call: &Arc<Call>,
        note: Description,
    ) -> Result<Recorded<ElevationView>> {
        let now = self.now();
        self.decide(&grant, call, |view, row, _| {
            view.insist(row, ElevationStatus::Pending, now)?;
            row.state = ElevationState::Rejected;
            row.review = Some(review(&grant, &note, now));
            Ok(None)
        })
        .await
    }

    /// Takes away what was given on request, from the next request on.
    pub async fn revoke_elevation(
        &self,
        grant: Grant<RevokeElevation>,
        call: &Arc<Call>,
        note: Description,
    ) -> Result<Recorded<ElevationView>> {
        let now = self.now();
        self.decide(&grant, call, |view, row, changes| {
            view.insist(row, ElevationStatus::Approved, now)?;
            let binding = row.binding.take();
            changes.erase_bindings(view, |each| Some(each.identity) == binding);
            row.state = ElevationState::Revoked;
            row.review = Some(review(&grant, &note, now));
            Ok(None)
        })
        .await
    }

    /// Lets `edit` decide about the request that the grant names. What it gives back is a binding
    /// that it made, which the view does not know yet.
    async fn decide<A: Action<Scope = Level, Target = ElevationId>>(
        &self,
        grant: &Grant<A>,
        call: &Arc<Call>,
        mut edit: impl FnMut(
            &OrganisationView,
            &mut ElevationRow,
            &mut crate::rows::Changes<'_>,
        ) -> Result<Option<BindingRow>>,
    ) -> Result<Recorded<ElevationView>> {
        let (organisation, now) = (grant.scope().organisation, self.now());
        self.change(call, organisation, |view, changes| {
            let mut row = elevation(view, grant)?.clone();
            concern(call, KIND, &row.identity);
            let made = edit(view, &mut row, changes)?;
            row.described.changed(now);
            changes.put(place(organisation, row.identity), &row)?;
            Ok(match made {
                Some(binding) => view.approved_view(&row, &binding),
                None => view.elevation_view(&row, now),
            })
        })
        .await
    }
}

/// The request that a grant's caller names, if the grant holds on its policy.
fn elevation<'v, A: Action<Scope = Level, Target = ElevationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
) -> Result<&'v ElevationRow> {
    let found = view.elevations.get(grant.target());
    let found = found.filter(|row| row.project == grant.scope().project);
    let names = |row: &&ElevationRow| match view.role_named(&row.policy) {
        Some(policy) => [policy.identity, policy.slug],
        None => [row.identity.to_string(), String::new()],
    };
    let asked = grant.target().to_string();
    admitted(grant, found, &asked, names, Thing::Elevation)
}

fn review<A: Action>(grant: &Grant<A>, note: &Description, at: Timestamp) -> ReviewRow {
    ReviewRow {
        by: user_of(grant.caller()),
        at,
        note: note.as_str().to_owned(),
    }
}
