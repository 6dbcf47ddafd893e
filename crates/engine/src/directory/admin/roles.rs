//! Roles, and who has them.

use strongroom_types::{
    BindingId, OrganisationId, ProjectId, RoleId, ServiceAccountId, TeamId, Timestamp, UserId,
};

use super::{Directory, DirectoryError, Result};
use crate::directory::rights::parse;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, BoundRole, Described, RoleRow, RuleRow};
use crate::rows::keyspace::{self, DirectoryKind};

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
    /// Why it is there.
    pub note: String,
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

impl Directory<'_> {
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
            slug: None,
            created_at: self.0.clock.now(),
            described: Described::default(),
            policy: None,
        };
        let what = "directory.create_role";
        self.enlist(&view, DirectoryKind::Role, identity.as_bytes(), &row, what)
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
            name: String::new(),
            created_at: self.0.clock.now(),
            described: Described::default(),
            scopes: Vec::new(),
            policy: false,
        };
        let what = "directory.bind";
        self.enlist(
            &view,
            DirectoryKind::Binding,
            identity.as_bytes(),
            &row,
            what,
        )
        .await?;
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
}

impl From<NewRule> for RuleRow {
    fn from(rule: NewRule) -> Self {
        Self {
            resources: rule.resources,
            resource_identities: rule.resource_identities,
            permissions: rule.permissions,
            identity: None,
            note: rule.note,
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
