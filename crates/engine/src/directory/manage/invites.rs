//! Invitations: how somebody who is nobody here yet becomes a member.
//!
//! Whoever invites decides what the new member will be and have, and gives nothing that they do not
//! hold: not when they invite, and not when the invitation is taken (see
//! [`crate::directory::joining`]). It is taken once and ends by itself.

use std::sync::Arc;

use strongroom_authz::{
    CreateInvite, Denied, Grant, ListInvites, Permission, ResourceType, WithdrawInvite,
};
use strongroom_crypto::{PlainToken, new_invitation_code};
use strongroom_types::{InviteId, OrganisationId, Reference, RoleId, TeamId, Timestamp};

use super::members::{KIND, OrganisationSummary, only_owners};
use super::policies::Until;
use super::roles::Role;
use super::views::{NamedView, UserView};
use super::{
    ManageError, Management, Result, Thing, admitted, concern, days, giver, may_give,
    may_hand_over, may_still_promise,
};
use crate::call::{Call, Recorded};
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::Changes;
use crate::rows::directory::{BoundPrincipal, BoundRole};
use crate::rows::invite::{InviteCode, InviteRow};
use crate::rows::keyspace::{self, DirectoryKind};

/// The most open invitations of one organisation.
const MOST: usize = 1000;
/// The most members of one organisation who are invited.
const MOST_MEMBERS: usize = 100_000;
/// How long an invitation is open for which nothing else was said, in days.
const USUAL: u32 = 7;
/// How long it can be open, in days.
const LONGEST: u32 = 30;

/// Somebody to be invited.
#[derive(Debug, Clone)]
pub struct NewInvite {
    /// Their address.
    pub email: String,
    /// Whether they will hold everything.
    pub owner: bool,
    /// The team that they will join.
    pub team: Option<Reference<TeamId>>,
    /// The role of the organisation that they will get.
    pub role: Option<Reference<RoleId>>,
    /// When the invitation ends; after 7 days unless given, and within 30.
    pub until: Option<Until>,
}

/// An invitation, without its code.
#[derive(Debug, Clone)]
pub struct InviteView {
    /// Its identity.
    pub identity: InviteId,
    /// Whom it is for.
    pub email: String,
    /// The organisation.
    pub organisation: OrganisationSummary,
    /// Whether they will hold everything.
    pub owner: bool,
    /// Who made it, as far as they are a member.
    pub invited_by: Option<UserView>,
    /// The team that they will join, if it is still there and the caller may read it.
    pub team: Option<NamedView>,
    /// The role that they will get, if it is still there and the caller may read it.
    pub role: Option<NamedView>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An invitation with the code that takes it, shown once.
pub struct IssuedInvite {
    /// Its identity.
    pub identity: InviteId,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The code.
    pub code: PlainToken,
}

impl Management<'_> {
    /// The open invitations that the caller may read, oldest first.
    pub async fn list_invites(
        &self,
        grant: Grant<ListInvites>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<InviteView>>> {
        let (view, now) = (self.view(*grant.scope()).await?, self.now());
        let mut rows: Vec<_> = view.invites.values().collect();
        rows.retain(|row| row.is_open(now));
        rows.retain(|row| grant.shows(&[&row.identity.to_string(), &row.email]));
        rows.sort_by_key(|row| (row.created_at, row.identity));
        let shown = rows.into_iter().map(|row| view.invite_view(&grant, row));
        self.shown(call, shown.collect()).await
    }

    /// Invites somebody. The code is not kept and cannot be shown again.
    pub async fn create_invite(
        &self,
        grant: Grant<CreateInvite>,
        call: &Arc<Call>,
        new: NewInvite,
    ) -> Result<Recorded<IssuedInvite>> {
        let (organisation, now) = (*grant.scope(), self.now());
        grant.confirm(&[&new.email]).map_err(ManageError::Denied)?;
        let until = new.until.unwrap_or(Until::For(days(USUAL)));
        let expires_at = until.end_within(LONGEST, now)?;
        // Only callers of requests get here, and those are principals.
        let by = giver(grant.caller()).ok_or(ManageError::OwnersOnly)?;
        let code = new_invitation_code(self.0.vault.entropy()).map_err(ManageError::Entropy)?;
        let identity = InviteId::from_bytes(self.0.vault.draw()?);
        concern(call, KIND, &identity);
        let made = self.change(call, organisation, |view, changes| {
            // What has ended makes room.
            changes.erase_invites(view, |row| !row.is_open(now));
            view.may_invite(&grant, by, &new, now)?;
            let team = new.team.as_ref();
            let team = team.map(|asked| view.team_to_give(&grant, asked, now));
            let role = new.role.as_ref();
            let role = role.map(|asked| view.role_to_give(&grant, asked, now));
            let row = InviteRow {
                identity,
                email: new.email.clone(),
                owner: new.owner,
                team: team.transpose()?,
                role: role.transpose()?,
                invited_by: by.into(),
                created_at: now,
                expires_at,
                code: *code.hash().as_bytes(),
            };
            changes.create(place(organisation, identity), &row)?;
            let way = InviteCode {
                organisation,
                identity,
            };
            changes.create(keyspace::invite(&row.code()), &way)?;
            Ok(())
        });
        Ok(made.await?.map(|()| IssuedInvite {
            identity,
            expires_at,
            code,
        }))
    }

    /// Withdraws an invitation; its code lets nobody in from the next request on.
    pub async fn withdraw_invite(
        &self,
        grant: Grant<WithdrawInvite>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let (organisation, now) = (*grant.scope(), self.now());
        let asked = *grant.target();
        self.change(call, organisation, |view, changes| {
            let found = view.invites.get(&asked).filter(|row| row.is_open(now));
            let names = |row: &&InviteRow| [row.identity.to_string(), row.email.clone()];
            let row = admitted(&grant, found, &asked.to_string(), names, Thing::Invite)?;
            concern(call, KIND, &row.identity);
            changes.erase_invites(view, |each| each.identity == row.identity);
            Ok(())
        })
        .await
    }
}

fn place(organisation: OrganisationId, identity: InviteId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Invite, identity.as_bytes())
}

impl OrganisationView {
    /// Whether the caller is still here, the address is free, there is room, and the caller may make
    /// an owner where one is asked for.
    fn may_invite(
        &self,
        grant: &Grant<CreateInvite>,
        by: PrincipalId,
        new: &NewInvite,
        now: Timestamp,
    ) -> Result<()> {
        // Who left since the call began lets nobody in.
        let rights = self.rights(by, None, now);
        rights.ok_or(ManageError::Denied(Denied::Elsewhere))?;
        let open = || self.invites.values().filter(|row| row.is_open(now));
        let taken = self.members_at(&new.email).next().is_some();
        if taken || open().any(|row| row.is_for(&new.email)) {
            return Err(ManageError::AlreadyInvited);
        }
        if self.members.len() >= MOST_MEMBERS {
            let (thing, max) = (Thing::Member, MOST_MEMBERS);
            return Err(ManageError::TooMany { thing, max });
        }
        if open().count() >= MOST {
            let (thing, max) = (Thing::Invite, MOST);
            return Err(ManageError::TooMany { thing, max });
        }
        match new.owner {
            true => only_owners(self, grant.caller()),
            false => Ok(()),
        }
    }

    /// The team, if the caller could let a member join it.
    fn team_to_give(
        &self,
        grant: &Grant<CreateInvite>,
        asked: &Reference<TeamId>,
        now: Timestamp,
    ) -> Result<TeamId> {
        let found = self.team(asked);
        let names = found.map(|row| [row.identity.to_string(), row.slug.to_string()]);
        may_update(grant, ResourceType::Team, names, asked)?;
        let row = found.ok_or(ManageError::NotFound(Thing::Team))?;
        row.has_room()?;
        let team = BoundPrincipal::Team(row.identity);
        may_hand_over(self, grant.caller(), team, now)?;
        Ok(row.identity)
    }

    /// The role, if the caller could give it to a member.
    fn role_to_give(
        &self,
        grant: &Grant<CreateInvite>,
        asked: &Reference<RoleId>,
        now: Timestamp,
    ) -> Result<BoundRole> {
        let found = Role::called(self, asked);
        let names = found.as_ref().map(Role::names);
        may_update(grant, ResourceType::IamRole, names, asked)?;
        let role = found.ok_or(ManageError::NotFound(Thing::Role))?.bound();
        self.has_room_for_bindings()?;
        may_give(self, grant.caller(), None, &self.rules_of(&role), now)?;
        Ok(role)
    }

    /// Whether whoever made it is still here, and could make it now.
    pub(in crate::directory) fn invite_stands(&self, row: &InviteRow, now: Timestamp) -> bool {
        let by = match row.invited_by {
            BoundPrincipal::User(id) => PrincipalId::User(id),
            BoundPrincipal::ServiceAccount(id) => PrincipalId::ServiceAccount(id),
            BoundPrincipal::Team(_) => return false,
        };
        let Some(rights) = self.rights(by, None, now) else {
            return false;
        };
        let role = row.role.as_ref();
        (rights.owner || !row.owner) && may_still_promise(self, by, row.team, role, now)
    }

    /// An invitation, with the team and the role as far as the caller may read them.
    fn invite_view(&self, grant: &Grant<ListInvites>, row: &InviteRow) -> InviteView {
        let team = row.team.and_then(|team| self.teams.get(&team));
        let team = team.filter(|team| {
            let names = [&team.identity.to_string(), team.slug.as_str()];
            grant.sees(ResourceType::Team, &names)
        });
        let role = row.role.as_ref().and_then(|role| Role::of(self, role));
        let role = role.filter(|role| {
            let [identity, slug] = &role.names();
            grant.sees(ResourceType::IamRole, &[identity, slug])
        });
        InviteView {
            identity: row.identity,
            email: row.email.clone(),
            organisation: self.summary(),
            owner: row.owner,
            invited_by: row.invited_by.user().and_then(|user| self.user_view(user)),
            team: team.map(NamedView::of_team),
            role: role.map(|role| role.named()),
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    }
}

/// Whether the caller may change this, which is what lets them give it away; of what they may not
/// change they do not learn whether it exists.
fn may_update<T>(
    grant: &Grant<CreateInvite>,
    resource: ResourceType,
    names: Option<[String; 2]>,
    asked: &Reference<T>,
) -> Result<()>
where
    Reference<T>: ToString,
{
    let [identity, slug] = names.unwrap_or_else(|| [asked.to_string(), asked.to_string()]);
    match grant.holds(resource, Permission::Update, &[&identity, &slug]) {
        true => Ok(()),
        false => Err(ManageError::Escalation),
    }
}

impl Changes<'_> {
    /// Takes these invitations back, or uses them up.
    pub(in crate::directory) fn erase_invites(
        &mut self,
        view: &OrganisationView,
        which: impl Fn(&InviteRow) -> bool,
    ) {
        for row in view.invites.values().filter(|row| which(row)) {
            self.erase(place(view.organisation.identity, row.identity));
            self.erase(keyspace::invite(&row.code()));
        }
    }
}
