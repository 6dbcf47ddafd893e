//! Escalation prevention: nobody gives what they do not hold (contract 4.1).

use strongroom_authz::{Caller, Denied, Principal, Rule};
use strongroom_types::{ProjectId, TeamId, Timestamp};

use super::{ManageError, Result};
use crate::directory::levels::Place;
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundPrincipal, BoundRole};

/// Rights that somebody is about to give.
pub(super) struct Gift<'r> {
    /// Where.
    pub(super) place: Place,
    /// Which.
    pub(super) rules: &'r [Rule],
    /// Until when; none is for ever.
    pub(super) until: Option<Timestamp>,
}

impl<'r> Gift<'r> {
    /// Without an end, in the organisation or in a project.
    fn for_ever(project: Option<ProjectId>, rules: &'r [Rule]) -> Self {
        let place = match project {
            None => Place::Organisation,
            Some(_) => Place::Level {
                project,
                below: false,
            },
        };
        Self {
            place,
            rules,
            until: None,
        }
    }

    /// Whether the caller holds all of it in that place, for as long, and without conditions.
    pub(super) fn may_come_from(
        &self,
        view: &OrganisationView,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<()> {
        match giver(caller) {
            Some(giver) => self.may_be_given_by(view, giver, now),
            None => Ok(()),
        }
    }

    /// The same of a principal, whoever calls.
    fn may_be_given_by(
        &self,
        view: &OrganisationView,
        principal: PrincipalId,
        now: Timestamp,
    ) -> Result<()> {
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

/// Who gives what the caller gives; nobody, where the installation itself does.
pub(super) fn giver(caller: &Caller) -> Option<PrincipalId> {
    match caller.principal() {
        Principal::User { id, .. } => Some(PrincipalId::User(*id)),
        Principal::ServiceAccount { id, .. } => Some(PrincipalId::ServiceAccount(*id)),
        Principal::System { .. } => None,
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
    Gift::for_ever(project, rules).may_come_from(view, caller, now)
}

/// As [`may_give`], of everything that a principal was given: whoever gets to act as it, or joins
/// it, gets all of that.
pub(in crate::directory) fn may_hand_over(
    view: &OrganisationView,
    caller: &Caller,
    principal: BoundPrincipal,
    now: Timestamp,
) -> Result<()> {
    all_given(view, principal, now, |gift| {
        gift.may_come_from(view, caller, now)
    })
}

/// Whether a principal could still promise this to somebody: a team to join, and a role.
pub(super) fn may_still_promise(
    view: &OrganisationView,
    giver: PrincipalId,
    team: Option<TeamId>,
    role: Option<&BoundRole>,
    now: Timestamp,
) -> bool {
    let joins = team.is_none_or(|team| {
        let check = |gift: Gift<'_>| gift.may_be_given_by(view, giver, now);
        all_given(view, BoundPrincipal::Team(team), now, check).is_ok()
    });
    joins
        && role.is_none_or(|role| {
            let rules = view.rules_of(role);
            let gift = Gift::for_ever(None, &rules);
            gift.may_be_given_by(view, giver, now).is_ok()
        })
}

/// Goes through all that a principal was given.
fn all_given(
    view: &OrganisationView,
    principal: BoundPrincipal,
    now: Timestamp,
    mut check: impl FnMut(Gift<'_>) -> Result<()>,
) -> Result<()> {
    let mut bindings = view.bindings.iter();
    bindings.try_for_each(|binding| {
        if binding.principal != principal || !binding.is_alive(now) {
            return Ok(());
        }
        check(Gift {
            place: view.place_of(binding),
            rules: &view.rules_given(binding),
            until: binding.expires_at,
        })
    })
}
