//! Escalation prevention: nobody gives what they do not hold (contract 4.1).

use strongroom_authz::{Caller, Denied, Principal, Rule};
use strongroom_types::{ProjectId, Timestamp};

use super::{ManageError, Result};
use crate::directory::levels::Place;
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::BoundPrincipal;

/// Rights that somebody is about to give.
pub(super) struct Gift<'r> {
    /// Where.
    pub(super) place: Place,
    /// Which.
    pub(super) rules: &'r [Rule],
    /// Until when; none is for ever.
    pub(super) until: Option<Timestamp>,
}

impl Gift<'_> {
    /// Whether the caller holds all of it in that place, for as long, and without conditions.
    pub(super) fn may_come_from(
        &self,
        view: &OrganisationView,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<()> {
        let principal = match caller.principal() {
            Principal::User { id, .. } => PrincipalId::User(*id),
            Principal::ServiceAccount { id, .. } => PrincipalId::ServiceAccount(*id),
            Principal::System { .. } => return Ok(()),
        };
        // Who left since the call began gives nothing any more.
        let rights = view.rights(principal, None, now);
        let rights = rights.ok_or(ManageError::Denied(Denied::Elsewhere))?;
        if rights.owner {
            return Ok(());
        }
        let held = view.lasting_rules(principal, self.place, self.until, now);
        match self.rules.iter().all(|rule| held.covers(rule)) {
            true => Ok(()),
            false => Err(ManageError::Escalation),
        }
    }
}

/// Whether the caller may give these rules for ever, in the organisation or in a project.
pub(super) fn may_give(
    view: &OrganisationView,
    caller: &Caller,
    project: Option<ProjectId>,
    rules: &[Rule],
    now: Timestamp,
) -> Result<()> {
    let place = match project {
        None => Place::Organisation,
        Some(_) => Place::Level {
            project,
            below: false,
        },
    };
    let until = None;
    let gift = Gift {
        place,
        rules,
        until,
    };
    gift.may_come_from(view, caller, now)
}

/// As [`may_give`], of everything that a principal was given: whoever gets to act as it, or joins
/// it, gets all of that.
pub(in crate::directory) fn may_hand_over(
    view: &OrganisationView,
    caller: &Caller,
    principal: BoundPrincipal,
    now: Timestamp,
) -> Result<()> {
    let mut bindings = view.bindings.iter();
    bindings.try_for_each(|binding| {
        if binding.principal != principal || !binding.is_alive(now) {
            return Ok(());
        }
        let gift = Gift {
            place: view.place_of(binding),
            rules: &view.rules_given(binding),
            until: binding.expires_at,
        };
        gift.may_come_from(view, caller, now)
    })
}
