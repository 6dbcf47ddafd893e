//! Teams and who is in them.

use std::sync::Arc;

use strongroom_authz::{
    Action, AddTeamMember, CreateTeam, DeleteTeam, Grant, ListTeams, ReadTeam, RemoveTeamMember,
    ResourceType, UpdateTeam,
};
use strongroom_types::{OrganisationId, Reference, TeamId, Timestamp, UserId};

use super::views::{DescribedView, UserView};
use super::{
    ListFilter, ManageError, Management, Naming, NamingChange, Result, Thing, admitted, concern,
    may_hand_over,
};
use crate::call::{Call, Recorded};
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BoundPrincipal, JoinedRow, TeamRow};
use crate::rows::keyspace::{self, DirectoryKind};

const KIND: ResourceType = ResourceType::Team;
/// The most members of one team.
const MOST: usize = 10_000;
/// What somebody is in a team for whom nothing else was said.
const USUAL_ROLE: &str = "MEMBER";

/// A team.
#[derive(Debug, Clone)]
pub struct TeamView {
    /// Its identity.
    pub identity: TeamId,
    /// What it says about itself.
    pub described: DescribedView,
    /// Who is in it.
    pub members: Vec<TeamMemberView>,
}

/// A member of a team.
#[derive(Debug, Clone)]
pub struct TeamMemberView {
    /// Who it is; this also names the membership.
    pub user: UserView,
    /// What they are in it: a word that decides nothing.
    pub role: String,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// Somebody who is to join a team.
#[derive(Debug, Clone)]
pub struct NewTeamMember {
    /// Who.
    pub user: UserId,
    /// As what; empty means `MEMBER`.
    pub role: String,
}

impl Management<'_> {
    /// The teams that the caller may read, in order of their slugs.
    pub async fn list_teams(
        &self,
        grant: Grant<ListTeams>,
        call: &Arc<Call>,
        filter: ListFilter,
    ) -> Result<Recorded<Vec<TeamView>>> {
        let view = self.view(*grant.scope()).await?;
        let mut rows: Vec<_> = view.teams.values().collect();
        rows.retain(|row| grant.shows(&[&row.identity.to_string(), row.slug.as_str()]));
        rows.sort_by(|one, other| one.slug.cmp(&other.slug));
        let shown = rows.into_iter().map(|row| view.team_view(row));
        let shown = shown.filter(|shown| filter.admits(&shown.identity, &shown.described));
        self.shown(call, shown.collect()).await
    }

    /// A team.
    pub async fn read_team(
        &self,
        grant: Grant<ReadTeam>,
        call: &Arc<Call>,
    ) -> Result<Recorded<TeamView>> {
        let view = self.view(*grant.scope()).await?;
        let row = team(&view, &grant, grant.target())?;
        concern(call, KIND, &row.identity);
        self.shown(call, view.team_view(row)).await
    }

    /// Makes a team, in which nobody is yet.
    pub async fn create_team(
        &self,
        grant: Grant<CreateTeam>,
        call: &Arc<Call>,
        naming: Naming,
    ) -> Result<Recorded<TeamView>> {
        let (organisation, slug) = (*grant.scope(), grant.target().clone());
        let thing = Thing::Team;
        if slug.as_str().parse::<TeamId>().is_ok() {
            return Err(ManageError::LooksLikeIdentity(thing));
        }
        let row = TeamRow {
            identity: TeamId::from_bytes(self.0.vault.draw()?),
            slug: slug.clone(),
            members: Vec::new(),
            name: Some(naming.name.clone()),
            created_at: self.now(),
            described: self.described(grant.caller(), &naming),
            joined: Vec::new(),
        };
        concern(call, KIND, &row.identity);
        self.change(call, organisation, |view, changes| {
            if view.team(&Reference::Slug(slug.clone())).is_some() {
                let slug = slug.clone();
                return Err(ManageError::SlugTaken { thing, slug });
            }
            changes.create(place(organisation, row.identity), &row)?;
            Ok(view.team_view(&row))
        })
        .await
    }

    /// Changes what is said about a team. Its slug stays.
    pub async fn update_team(
        &self,
        grant: Grant<UpdateTeam>,
        call: &Arc<Call>,
        change: NamingChange,
    ) -> Result<Recorded<TeamView>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let mut row = team(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            if let Some(name) = &change.name {
                row.name = Some(name.clone());
            }
            row.described.change(&change, self.now());
            changes.put(place(organisation, row.identity), &row)?;
            Ok(view.team_view(&row))
        })
        .await
    }

    /// Removes a team with all that it was given.
    pub async fn delete_team(
        &self,
        grant: Grant<DeleteTeam>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let organisation = *grant.scope();
        self.change(call, organisation, |view, changes| {
            let identity = team(view, &grant, grant.target())?.identity;
            concern(call, KIND, &identity);
            changes.erase(place(organisation, identity));
            let principal = BoundPrincipal::Team(identity);
            changes.erase_bindings(view, |binding| binding.principal == principal);
            Ok(())
        })
        .await
    }

    /// Lets a member of the organisation join a team. They get all that it was given, so that the
    /// caller must hold that. Who is in it already stays, in the new role.
    pub async fn add_team_member(
        &self,
        grant: Grant<AddTeamMember>,
        call: &Arc<Call>,
        new: NewTeamMember,
    ) -> Result<Recorded<TeamMemberView>> {
        let (organisation, now) = (*grant.scope(), self.now());
        self.change(call, organisation, |view, changes| {
            let mut row = team(view, &grant, grant.target())?.clone();
            concern(call, KIND, &row.identity);
            if !view.members.contains_key(&new.user) {
                return Err(ManageError::NotFound(Thing::Member));
            }
            let principal = BoundPrincipal::Team(row.identity);
            may_hand_over(view, grant.caller(), principal, now)?;
            row.leave(new.user);
            row.has_room()?;
            row.join(new.user, new.role.clone(), now);
            changes.put(place(organisation, row.identity), &row)?;
            let added = view.team_member_view(&row, new.user);
            added.ok_or(ManageError::NotFound(Thing::Member))
        })
        .await
    }

    /// Takes a member out of a team; what they had by it is refused at the next request.
    pub async fn remove_team_member(
        &self,
        grant: Grant<RemoveTeamMember>,
        call: &Arc<Call>,
    ) -> Result<Recorded<()>> {
        let (organisation, now) = (*grant.scope(), self.now());
        let (of, user) = grant.target();
        self.change(call, organisation, |view, changes| {
            let mut row = team(view, &grant, of)?.clone();
            concern(call, KIND, &row.identity);
            if !row.leave(*user) {
                return Err(ManageError::NotFound(Thing::Member));
            }
            row.described.changed(now);
            changes.put(place(organisation, row.identity), &row)?;
            Ok(())
        })
        .await
    }
}

impl TeamRow {
    /// Whether one more can join.
    pub(super) fn has_room(&self) -> Result<()> {
        let (thing, max) = (Thing::Member, MOST);
        match self.members.len() < max {
            true => Ok(()),
            false => Err(ManageError::TooMany { thing, max }),
        }
    }

    /// Adds somebody who is not in it.
    pub(in crate::directory) fn join(&mut self, user: UserId, role: String, at: Timestamp) {
        self.members.push(user);
        self.joined.push(JoinedRow { user, role, at });
        self.described.changed(at);
    }

    /// Whether the user was in it.
    pub(super) fn leave(&mut self, user: UserId) -> bool {
        let before = self.members.len();
        self.members.retain(|each| *each != user);
        self.joined.retain(|each| each.user != user);
        self.members.len() < before
    }
}

pub(super) fn place(organisation: OrganisationId, identity: TeamId) -> strongroom_store::Key {
    keyspace::directory_entry(organisation, DirectoryKind::Team, identity.as_bytes())
}

fn team<'v, A: Action<Scope = OrganisationId>>(
    view: &'v OrganisationView,
    grant: &Grant<A>,
    asked: &Reference<TeamId>,
) -> Result<&'v TeamRow> {
    let names = |row: &&TeamRow| [row.identity.to_string(), row.slug.to_string()];
    admitted(
        grant,
        view.team(asked),
        &asked.to_string(),
        names,
        Thing::Team,
    )
}

impl OrganisationView {
    fn team_view(&self, row: &TeamRow) -> TeamView {
        let members = row.members.iter();
        TeamView {
            identity: row.identity,
            described: self.described_view(
                row.name(),
                row.slug.as_str(),
                row.created_at,
                &row.described,
            ),
            members: members
                .filter_map(|user| self.team_member_view(row, *user))
                .collect(),
        }
    }

    /// Nothing for somebody who left the organisation.
    fn team_member_view(&self, row: &TeamRow, user: UserId) -> Option<TeamMemberView> {
        let joined = row.joined.iter().find(|joined| joined.user == user);
        let role = joined.map_or("", |joined| &joined.role);
        Some(TeamMemberView {
            user: self.user_view(user)?,
            role: match role {
                "" => USUAL_ROLE.to_owned(),
                role => role.to_owned(),
            },
            joined_at: joined.map_or(row.created_at, |joined| joined.at),
        })
    }
}
