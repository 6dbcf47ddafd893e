//! Users, teams and service accounts.

use strongroom_types::{DisplayName, OrganisationId, ServiceAccountId, Slug, TeamId, UserId};

use super::{Directory, DirectoryError, Result};
use crate::rows::Changes;
use crate::rows::directory::{
    Described, JoinedRow, MemberRow, ServiceAccountRow, TeamRow, UserOrganisation, UserRow,
};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::sign_in::SignInsRow;

/// A user to be made a member.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Their name.
    pub name: DisplayName,
    /// Their address.
    pub email: String,
    /// Whether they hold everything in the organisation.
    pub owner: bool,
}

impl Directory<'_> {
    /// Makes a user and their membership.
    pub async fn create_user(&self, organisation: OrganisationId, new: NewUser) -> Result<UserId> {
        let view = self.view(organisation).await?;
        let identity = UserId::from_bytes(self.0.vault.draw()?);
        let created_at = self.0.clock.now();
        let user = UserRow {
            identity,
            email: new.email.clone(),
            name: new.name.clone(),
            created_at,
        };
        let mut changes = self.guarded(&view)?;
        changes.create(keyspace::user(identity), &user)?;
        let person = (new.name, new.email);
        self.membership(&mut changes, organisation, identity, person, new.owner)?;
        self.record(organisation, "directory.create_user", changes)
            .await?;
        Ok(identity)
    }

    /// Makes an existing user a member of a further organisation.
    pub async fn add_member(
        &self,
        organisation: OrganisationId,
        user: UserId,
        owner: bool,
    ) -> Result<()> {
        let view = self.view(organisation).await?;
        let stored = self.0.vault.get::<UserRow>(&keyspace::user(user)).await;
        let stored = stored.map_err(DirectoryError::Row)?;
        let row = stored.ok_or(DirectoryError::Missing("user"))?.row;
        let mut changes = self.guarded(&view)?;
        let person = (row.name, row.email);
        self.membership(&mut changes, organisation, user, person, owner)?;
        self.record(organisation, "directory.add_member", changes)
            .await
    }

    fn membership(
        &self,
        changes: &mut Changes<'_>,
        organisation: OrganisationId,
        user: UserId,
        (name, email): (DisplayName, String),
        owner: bool,
    ) -> Result<()> {
        let member = MemberRow {
            user,
            email,
            owner,
            created_at: self.0.clock.now(),
            name: Some(name),
            sign_ins: SignInsRow::default(),
            unproven: false,
        };
        let row = keyspace::directory_entry(organisation, DirectoryKind::Member, user.as_bytes());
        changes.put(row, &member)?;
        let back = UserOrganisation { organisation };
        Ok(changes.put(keyspace::user_organisation(user, organisation), &back)?)
    }

    /// Ends a membership; the user's tokens open nothing here from the next request on.
    pub async fn remove_member(&self, organisation: OrganisationId, user: UserId) -> Result<()> {
        let view = self.view(organisation).await?;
        let mut changes = self.guarded(&view)?;
        let row = keyspace::directory_entry(organisation, DirectoryKind::Member, user.as_bytes());
        changes.erase(row);
        changes.erase(keyspace::user_organisation(user, organisation));
        self.record(organisation, "directory.remove_member", changes)
            .await
    }

    /// Makes a service account.
    pub async fn create_service_account(
        &self,
        organisation: OrganisationId,
        name: DisplayName,
        slug: Slug,
    ) -> Result<ServiceAccountId> {
        let view = self.view(organisation).await?;
        if view.has_service_account(&slug) {
            return Err(DirectoryError::SlugTaken(slug));
        }
        let identity = ServiceAccountId::from_bytes(self.0.vault.draw()?);
        let row = ServiceAccountRow {
            identity,
            slug,
            name,
            created_at: self.0.clock.now(),
            described: Described::default(),
        };
        let what = "directory.create_service_account";
        self.enlist(
            &view,
            DirectoryKind::ServiceAccount,
            identity.as_bytes(),
            &row,
            what,
        )
        .await?;
        Ok(identity)
    }

    /// Makes a team.
    pub async fn create_team(
        &self,
        organisation: OrganisationId,
        slug: Slug,
        members: Vec<UserId>,
    ) -> Result<TeamId> {
        let view = self.view(organisation).await?;
        if view.teams.values().any(|row| row.slug == slug) {
            return Err(DirectoryError::SlugTaken(slug));
        }
        let identity = TeamId::from_bytes(self.0.vault.draw()?);
        let at = self.0.clock.now();
        let joined = members.iter().map(|user| JoinedRow {
            user: *user,
            role: String::new(),
            at,
        });
        let row = TeamRow {
            identity,
            name: slug.as_str().parse().ok(),
            slug,
            joined: joined.collect(),
            members,
            created_at: at,
            described: Described::default(),
        };
        let what = "directory.create_team";
        self.enlist(&view, DirectoryKind::Team, identity.as_bytes(), &row, what)
            .await?;
        Ok(identity)
    }
}
