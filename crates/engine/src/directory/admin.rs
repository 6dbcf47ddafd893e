//! Making organisations, principals and what they hold.
//!
//! There is no HTTP route to these yet: `init`, `dev` and the tests use them. Every change is
//! recorded as the system's own, and writes the organisation's epoch.

use std::sync::Arc;

use strongroom_crypto::{AccessCredential, EntropyError, PlainToken, new_personal_token, token};
use strongroom_types::{
    BindingId, CredentialId, Description, DisplayName, OrganisationId, ProjectId, RoleId,
    ServiceAccountId, Slug, TeamId, Timestamp, TokenId, UserId,
};

use super::rights::parse;
use super::view::{OrganisationView, epoch_row};
use crate::engine::Inner;
use crate::rows::directory::{
    BindingRow, BoundPrincipal, BoundRole, CredentialRow, CredentialSecret, MemberRow,
    OrganisationRow, OrganisationSlug, ProjectRow, RoleRow, RuleRow, ServiceAccountRow, TeamRow,
    TokenRow, UserOrganisation, UserRow,
};
use crate::rows::keyspace::{self, DirectoryKind};
use crate::rows::{Changes, CommitFault, RowFault};
use crate::trail::ChangeFault;

/// Why a directory was not changed.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// Another of its kind has the slug.
    #[error("the slug {0} is taken")]
    SlugTaken(Slug),
    /// It refers to something that does not exist.
    #[error("there is no such {0}")]
    Missing(&'static str),
    /// A rule is not valid.
    #[error("the rule is not valid")]
    Rule(#[source] strongroom_authz::RuleError),
    /// Somebody else changed the directory at the same time.
    #[error("the directory is being changed by others; try again")]
    Contended,
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
    /// The change was not made durable.
    #[error("the directory could not be stored")]
    Change(#[source] ChangeFault),
}

impl From<CommitFault> for DirectoryError {
    fn from(fault: CommitFault) -> Self {
        match fault.is_conflict() {
            true => Self::Contended,
            false => Self::Change(fault.into()),
        }
    }
}

/// An organisation to be made.
#[derive(Debug, Clone)]
pub struct NewOrganisation {
    /// Its name for people.
    pub name: DisplayName,
    /// Its short name, unique in the installation.
    pub slug: Slug,
}

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

/// A personal access token to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to (`api:read`, `api:write`); empty means nothing.
    pub scopes: Vec<String>,
}

/// An access credential to be issued.
#[derive(Debug, Clone, Default)]
pub struct NewCredential {
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// What it is limited to; empty means nothing.
    pub scopes: Vec<String>,
}

/// A role to be made.
#[derive(Debug, Clone)]
pub struct NewRole {
    /// Its name.
    pub name: String,
    /// The project whose policy it is; none is a role of the organisation.
    pub project: Option<ProjectId>,
    /// What it allows.
    pub rules: Vec<NewRule>,
}

/// A rule in the words of contract 4.1.
#[derive(Debug, Clone, Default)]
pub struct NewRule {
    /// Resource types.
    pub resources: Vec<String>,
    /// Names or patterns; empty means all.
    pub resource_identities: Vec<String>,
    /// Permissions.
    pub permissions: Vec<String>,
}

/// Who gets a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalRef {
    /// A user.
    User(UserId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
    /// All members of a team.
    Team(TeamId),
}

/// Which role is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoleRef {
    /// One that was made here.
    Own(RoleId),
    /// One of the built-in policies of contract 4.2, by name.
    BuiltIn(&'static str),
}

/// A role to be given.
#[derive(Debug, Clone)]
pub struct NewBinding {
    /// The role.
    pub role: RoleRef,
    /// To whom.
    pub principal: PrincipalRef,
    /// Where it holds; none is the whole organisation.
    pub project: Option<ProjectId>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// The operations on directories.
pub struct Directory<'e>(pub(crate) &'e Arc<Inner>);

type Result<T> = std::result::Result<T, DirectoryError>;

impl Directory<'_> {
    /// All organisations.
    pub async fn organisations(&self) -> Result<Vec<(OrganisationId, Slug)>> {
        let rows = self
            .0
            .vault
            .all::<OrganisationRow>(keyspace::all_organisations())
            .await;
        let rows = rows.map_err(DirectoryError::Row)?;
        Ok(rows
            .into_iter()
            .map(|(_, row)| (row.row.identity, row.row.slug))
            .collect())
    }

    /// Makes an organisation.
    pub async fn create_organisation(&self, new: NewOrganisation) -> Result<OrganisationId> {
        let identity = OrganisationId::from_bytes(self.0.vault.draw()?);
        let row = OrganisationRow {
            identity,
            slug: new.slug.clone(),
            name: new.name,
            created_at: self.0.clock.now(),
            secrets_off: false,
            kms_off: false,
        };
        let mut changes = self.0.vault.changes();
        changes.create(
            keyspace::organisation_slug(&new.slug),
            &OrganisationSlug { identity },
        )?;
        changes.create(keyspace::organisation(identity), &row)?;
        changes.create(keyspace::epoch(identity), &epoch_row(self.0.clock.now()))?;
        match self
            .record(identity, "directory.create_organisation", changes)
            .await
        {
            Err(DirectoryError::Contended) => Err(DirectoryError::SlugTaken(new.slug)),
            done => done.map(|()| identity),
        }
    }

    /// Switches features of an organisation on or off (contract 3.5).
    pub async fn set_gates(&self, id: OrganisationId, secrets: bool, kms: bool) -> Result<()> {
        let view = self.view(id).await?;
        let mut row = view.organisation.clone();
        row.secrets_off = !secrets;
        row.kms_off = !kms;
        let mut changes = self.guarded(&view)?;
        changes.put(keyspace::organisation(id), &row)?;
        self.record(id, "directory.set_gates", changes).await
    }

    /// Makes a user and their membership.
    pub async fn create_user(&self, organisation: OrganisationId, new: NewUser) -> Result<UserId> {
        let view = self.view(organisation).await?;
        let identity = UserId::from_bytes(self.0.vault.draw()?);
        let created_at = self.0.clock.now();
        let user = UserRow {
            identity,
            email: new.email.clone(),
            name: new.name,
            created_at,
        };
        let mut changes = self.guarded(&view)?;
        changes.create(keyspace::user(identity), &user)?;
        self.membership(&mut changes, organisation, identity, new.email, new.owner)?;
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
        self.membership(&mut changes, organisation, user, row.email, owner)?;
        self.record(organisation, "directory.add_member", changes)
            .await
    }

    fn membership(
        &self,
        changes: &mut Changes<'_>,
        organisation: OrganisationId,
        user: UserId,
        email: String,
        owner: bool,
    ) -> Result<()> {
        let member = MemberRow {
            user,
            email,
            owner,
            created_at: self.0.clock.now(),
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

    /// Issues a personal access token; its value is not kept and cannot be shown again.
    pub async fn create_token(&self, user: UserId, new: NewToken) -> Result<PlainToken> {
        let value = new_personal_token(self.0.vault.entropy()).map_err(DirectoryError::Entropy)?;
        let row = TokenRow {
            identity: TokenId::from_bytes(self.0.vault.draw()?),
            user,
            name: new.name,
            expires_at: new.expires_at,
            created_at: self.0.clock.now(),
            scopes: new.scopes,
        };
        let mut changes = self.0.vault.changes();
        changes.create(keyspace::token(&value.hash()), &row)?;
        self.record_for_none("directory.create_token", changes)
            .await?;
        Ok(value)
    }

    /// Revokes a personal access token; it is dead at the next request.
    pub async fn revoke_token(&self, value: &PlainToken) -> Result<()> {
        let mut changes = self.0.vault.changes();
        changes.erase(keyspace::token(&value.hash()));
        self.record_for_none("directory.revoke_token", changes)
            .await
    }

    /// Makes a project.
    pub async fn create_project(
        &self,
        organisation: OrganisationId,
        name: DisplayName,
        slug: Slug,
    ) -> Result<ProjectId> {
        let view = self.view(organisation).await?;
        if view.projects.values().any(|row| row.slug == slug) {
            return Err(DirectoryError::SlugTaken(slug));
        }
        let identity = ProjectId::from_bytes(self.0.vault.draw()?);
        let row = ProjectRow {
            identity,
            slug,
            name,
            description: Description::default(),
            created_at: self.0.clock.now(),
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Project;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        self.record(organisation, "directory.create_project", changes)
            .await?;
        Ok(identity)
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
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::ServiceAccount;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        self.record(organisation, "directory.create_service_account", changes)
            .await?;
        Ok(identity)
    }

    /// Issues an access credential; its secret is not kept and cannot be shown again.
    pub async fn create_credential(
        &self,
        organisation: OrganisationId,
        service_account: ServiceAccountId,
        new: NewCredential,
    ) -> Result<(CredentialId, AccessCredential)> {
        let view = self.view(organisation).await?;
        if !view.service_accounts.contains_key(&service_account) {
            return Err(DirectoryError::Missing("service account"));
        }
        let value =
            AccessCredential::generate(self.0.vault.entropy()).map_err(DirectoryError::Entropy)?;
        let identity = CredentialId::from_bytes(self.0.vault.draw()?);
        let row = CredentialRow {
            identity,
            service_account,
            access_key: value.access_key.clone(),
            scopes: new.scopes,
            expires_at: new.expires_at,
            created_at: self.0.clock.now(),
        };
        let secret = CredentialSecret {
            organisation,
            identity,
            secret_hash: *token::hash(value.access_secret.expose().as_bytes()).as_bytes(),
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Credential;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        changes.create(keyspace::credential(&value.access_key), &secret)?;
        self.record(organisation, "directory.create_credential", changes)
            .await?;
        Ok((identity, value))
    }

    /// Deletes an access credential; it and every token issued for it are dead at the next
    /// request.
    pub async fn delete_credential(
        &self,
        organisation: OrganisationId,
        credential: CredentialId,
    ) -> Result<()> {
        let view = self.view(organisation).await?;
        let row = view.credentials.get(&credential);
        let row = row.ok_or(DirectoryError::Missing("access credential"))?;
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Credential;
        changes.erase(keyspace::directory_entry(
            organisation,
            kind,
            credential.as_bytes(),
        ));
        changes.erase(keyspace::credential(&row.access_key));
        self.record(organisation, "directory.delete_credential", changes)
            .await
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
        let row = TeamRow {
            identity,
            slug,
            members,
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Team;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        self.record(organisation, "directory.create_team", changes)
            .await?;
        Ok(identity)
    }

    /// Makes a role.
    pub async fn create_role(&self, organisation: OrganisationId, new: NewRole) -> Result<RoleId> {
        let view = self.view(organisation).await?;
        let identity = RoleId::from_bytes(self.0.vault.draw()?);
        let rules: Vec<_> = new.rules.into_iter().map(RuleRow::from).collect();
        for rule in &rules {
            parse(rule).map_err(DirectoryError::Rule)?;
        }
        let row = RoleRow {
            identity,
            name: new.name,
            project: new.project,
            rules,
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Role;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        self.record(organisation, "directory.create_role", changes)
            .await?;
        Ok(identity)
    }

    /// Gives a role to a principal.
    pub async fn bind(&self, organisation: OrganisationId, new: NewBinding) -> Result<BindingId> {
        let view = self.view(organisation).await?;
        let identity = BindingId::from_bytes(self.0.vault.draw()?);
        let row = BindingRow {
            identity,
            role: bound_role(&view, new.role)?,
            principal: match new.principal {
                PrincipalRef::User(id) => BoundPrincipal::User(id),
                PrincipalRef::ServiceAccount(id) => BoundPrincipal::ServiceAccount(id),
                PrincipalRef::Team(id) => BoundPrincipal::Team(id),
            },
            project: new.project,
            expires_at: new.expires_at,
        };
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Binding;
        changes.create(
            keyspace::directory_entry(organisation, kind, identity.as_bytes()),
            &row,
        )?;
        self.record(organisation, "directory.bind", changes).await?;
        Ok(identity)
    }

    /// Takes a role away again.
    pub async fn unbind(&self, organisation: OrganisationId, binding: BindingId) -> Result<()> {
        let view = self.view(organisation).await?;
        let mut changes = self.guarded(&view)?;
        let kind = DirectoryKind::Binding;
        changes.erase(keyspace::directory_entry(
            organisation,
            kind,
            binding.as_bytes(),
        ));
        self.record(organisation, "directory.unbind", changes).await
    }

    async fn view(&self, id: OrganisationId) -> Result<Arc<OrganisationView>> {
        let view = self
            .0
            .views
            .current(&self.0.vault, id)
            .await
            .map_err(DirectoryError::Row)?;
        view.ok_or(DirectoryError::Missing("organisation"))
    }

    /// A batch that starts a new epoch, if the view still is what it is based on.
    fn guarded(&self, view: &OrganisationView) -> Result<Changes<'_>> {
        let mut changes = self.0.vault.changes();
        let row = keyspace::epoch(view.organisation.identity);
        let epoch = epoch_row(self.0.clock.now());
        match view.epoch {
            Some(revision) => changes.replace(row, revision, &epoch)?,
            None => changes.create(row, &epoch)?,
        }
        Ok(changes)
    }

    async fn record(
        &self,
        organisation: OrganisationId,
        what: &'static str,
        changes: Changes<'_>,
    ) -> Result<()> {
        let call = self.0.directory_call(what, Some(organisation));
        self.commit(call, changes).await
    }

    async fn record_for_none(&self, what: &'static str, changes: Changes<'_>) -> Result<()> {
        let call = self.0.directory_call(what, None);
        self.commit(call, changes).await
    }

    async fn commit(&self, call: Arc<crate::Call>, changes: Changes<'_>) -> Result<()> {
        match self.0.trail.commit(&call, changes, ()).await {
            Ok(recorded) => Ok(recorded.into_inner()),
            Err(fault) if fault.is_conflict() => Err(DirectoryError::Contended),
            Err(fault) => Err(DirectoryError::Change(fault)),
        }
    }
}

impl From<NewRule> for RuleRow {
    fn from(rule: NewRule) -> Self {
        Self {
            resources: rule.resources,
            resource_identities: rule.resource_identities,
            permissions: rule.permissions,
        }
    }
}

fn bound_role(view: &OrganisationView, role: RoleRef) -> Result<BoundRole> {
    match role {
        RoleRef::Own(id) if view.roles.contains_key(&id) => Ok(BoundRole::Own(id)),
        RoleRef::BuiltIn(name) if strongroom_authz::builtin::find(name).is_some() => {
            Ok(BoundRole::BuiltIn(name.to_owned()))
        }
        RoleRef::Own(_) | RoleRef::BuiltIn(_) => Err(DirectoryError::Missing("role")),
    }
}
