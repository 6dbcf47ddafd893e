//! Who belongs to the organisation.

use std::sync::Arc;

use strongroom_authz::{
    Action, Caller, DeleteMember, Grant, ListMembers, ListOwnMemberships, ResourceType,
    UpdateMember,
};
use strongroom_types::{OrganisationId, Timestamp, UserId};

use super::teams;
use super::views::UserView;
use super::{ManageError, Management, Result, Thing, admitted, concern, user_of};
use crate::call::{Call, Recorded};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundPrincipal, MemberRow};
use crate::rows::keyspace::{self, DirectoryKind};

pub(super) const KIND: ResourceType = ResourceType::Membership;

/// A membership. Its identity is the user's: nobody belongs to an organisation twice.
#[derive(Debug, Clone)]
pub struct MemberView {
    /// Who it is.
    pub user: UserView,
    /// Whether they hold everything.
    pub owner: bool,
    /// The organisation.
    pub organisation: OrganisationSummary,
}

/// An organisation, as its members see it.
#[derive(Debug, Clone)]
pub struct OrganisationSummary {
    /// Its identity.
    pub identity: OrganisationId,
    /// Its name.
    pub name: String,
    /// Its slug.
    pub slug: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Management<'_> {
    /// The members that the caller may read, oldest first.
    pub async fn list_members(
        &self,
        grant: Grant<ListMembers>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<MemberView>>> {
        let view = self.view(*grant.scope()).await?;
        let mut rows: Vec<_> = view.members.values().collect();
        rows.retain(|row| grant.shows(&[&row.user.to_string()]));
        rows.sort_by_key(|row| (row.created_at, row.user));
        let shown = rows.into_iter().map(|row| view.member_view(row)).collect();
        self.shown(call, shown).await
    }

    /// Where the caller belongs: all organisations of a user, none of a service account.
    pub async fn own_memberships(
        &self,
        grant: Grant<ListOwnMemberships>,
        call: &Arc<Call>,
    ) -> Result<Recorded<Vec<MemberView>>> {
        let mut shown = Vec::new();
        if let Some(user) = user_of(grant.caller()) {
            // Who signed in here was vouched for here, and learns nothing of elsewhere.
            let only = self.confined_to(call, *grant.scope(), user).await?;
            let rows = keyspace::user_organisations(user);
            let rows = self.0.vault.all_sealed(rows).await;
            for (key, _) in rows.map_err(ManageError::Row)? {
                let Some(organisation) = keyspace::organisation_of(&key) else {
                    continue;
                };
                if only.is_some_and(|only| only != organisation) {
                    continue;
                }
                let view = self.view(organisation).await?;
                shown.extend(view.members.get(&user).map(|row| view.member_view(row)));
            }
        }
        self.shown(call, shown).await
    }

    /// Makes a member an owner, or no longer. Only owners may, and one always stays.
    pub async fn update_member(
        &self,
        grant: Grant<UpdateMember>,
        call: &Arc<Call>,
        owner: bool,
    ) -> Result<Recorded<MemberView>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let mut row = member(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.user);
            if row.owner != owner {
                only_owners(view, grant.caller())?;
            }
            if row.owner && !owner {
                not_the_last(view)?;
            }
            row.owner = owner;
            changes.put(place(organisation, row.user), &row)?;
            Ok(view.member_view(&row))
        })
        .await
    }

    /// Ends a membership with all rights, teams and invitations of the member; their tokens open
    /// nothing here from the next request on. Only owners remove owners, and one always stays.
    pub async fn delete_member(
        &self,
        grant: Grant<DeleteMember>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let row = member(view, &grant, grant.target())?;
            concern(call, KIND, &row.user);
            if row.owner {
                only_owners(view, grant.caller())?;
                not_the_last(view)?;
            }
            changes.erase(place(organisation, row.user));
            changes.erase(keyspace::user_organisation(row.user, organisation));
            let principal = BoundPrincipal::User(row.user);
            changes.erase_bindings(view, |binding| binding.principal == principal);
            changes.erase_elevations(view, |elevation| elevation.requester == row.user);
            // Whoever is gone lets nobody in any more, and does not come back by an old invitation.
            changes.erase_invites(view, |invite| {
                invite.invited_by == principal || invite.is_for(&row.email)
            });
            for team in view.teams.values() {
                let mut team = team.clone();
                if team.leave(row.user) {
                    team.described.changed(self.now());
                    changes.put(teams::place(organisation, team.identity), &team)?;
                }
            }
            Ok(())
        })
        .await
    }
}

pub(super) fn place(organisation: OrganisationId, user: UserId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Member, user.as_bytes())
}

pub(super) fn member<'v, A: Action<Scope = OrganisationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &UserId,
) -> Result<&'v MemberRow> {
    // A membership has no slug, so that its identity stands for both names.
    let names = |row: &&MemberRow| [row.user.to_string(), row.user.to_string()];
    let found = view.members.get(asked);
    admitted(grant, found, &asked.to_string(), names, Thing::Member)
}

/// Whether the caller is an owner still, as of the directory that is changed.
pub(super) fn only_owners(view: &OrganisationView, caller: &Caller) -> Result<()> {
    let row = user_of(caller).and_then(|user| view.members.get(&user));
    match row {
        Some(row) if row.owner => Ok(()),
        _ => Err(ManageError::OwnersOnly),
    }
}

fn not_the_last(view: &OrganisationView) -> Result<()> {
    match view.members.values().filter(|row| row.owner).count() {
        0 | 1 => Err(ManageError::LastOwner),
        _ => Ok(()),
    }
}

impl OrganisationView {
    pub(in crate::directory) fn member_view(&self, row: &MemberRow) -> MemberView {
        MemberView {
            user: UserView::of(row),
            owner: row.owner,
            organisation: self.summary(),
        }
    }

    pub(super) fn summary(&self) -> OrganisationSummary {
        let organisation = &self.organisation;
        OrganisationSummary {
            identity: organisation.identity,
            name: organisation.name.as_str().to_owned(),
            slug: organisation.slug.to_string(),
            created_at: organisation.created_at,
        }
    }
}
