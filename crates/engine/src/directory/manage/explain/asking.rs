//! A question about rights, with what was found for it.

use std::net::IpAddr;
use std::sync::Arc;

use strongroom_authz::{
    ActionFacts, Caller, ExplainRights, Grant, Kind, Permission, PolicyAction, Reach, ResourceType,
    TokenScopes, actions,
};
use strongroom_types::{ProjectId, Region, Scope, SecretPath, Timestamp};

use super::super::Thing;
use super::super::views::NamedView;
use super::policy::{ValueCall, gated};
use super::sources::Ground;
use super::{ExplainError, RightsQuestion};
use crate::call::Call;
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::ProjectRow;

/// What is known of the calls that ask for a permission.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    pub(super) kind: Kind,
    pub(super) reach: Reach,
}

impl Facts {
    pub(super) fn of(resource: ResourceType, permission: Permission) -> Result<Self, ExplainError> {
        let asks = |facts: &&ActionFacts| {
            facts.resource == resource && facts.permissions.contains(&permission)
        };
        let mut asking = actions().filter(asks).peekable();
        if asking.peek().is_none() {
            return Err(ExplainError::NothingAsks {
                resource,
                permission,
            });
        }
        let in_projects = asking.clone().any(|facts| facts.reach == Reach::Project);
        let looks = asking.all(|facts| facts.kind == Kind::Reads);
        Ok(Self {
            kind: if looks { Kind::Reads } else { Kind::Writes },
            reach: match in_projects {
                true => Reach::Project,
                false => Reach::Organisation,
            },
        })
    }
}

/// A question, with what was found for it.
pub(super) struct Asking<'q> {
    pub(super) view: &'q OrganisationView,
    pub(super) grant: &'q Grant<ExplainRights>,
    pub(super) question: &'q RightsQuestion,
    pub(super) facts: Facts,
    pub(super) asker: PrincipalId,
    pub(super) subject: PrincipalId,
    pub(super) project: Option<&'q ProjectRow>,
    pub(super) own: bool,
    pub(super) now: Timestamp,
}

impl Asking<'_> {
    /// The project whose rules count: none for what belongs to the organisation.
    pub(super) fn place(&self) -> Option<ProjectId> {
        let project = self.project.map(|row| row.identity);
        project.filter(|_| self.facts.reach == Reach::Project)
    }

    pub(super) fn scope(&self, region: Region) -> Scope {
        Scope {
            organisation: self.view.organisation.identity,
            region,
            project: self.place(),
        }
    }

    pub(super) fn gone(&self) -> ExplainError {
        ExplainError::NotFound(match self.subject {
            PrincipalId::User(_) => Thing::Member,
            PrincipalId::ServiceAccount(_) => Thing::ServiceAccount,
        })
    }

    /// From where: unless told, the caller's own address for the caller, and none for others.
    pub(super) fn address(&self, call: &Call) -> Option<IpAddr> {
        let own = call.client_ip().filter(|_| self.own);
        self.question.address.or(own)
    }

    /// The subject as a caller, at the time that was asked about.
    pub(super) fn caller(&self, call: &Call) -> Option<Arc<Caller>> {
        let at = self.question.at.unwrap_or(self.now);
        // Not from the view's memory, which knows only now.
        let rights = self.view.work_out(self.subject, self.place(), at)?;
        let scopes = match self.own {
            true => self.grant.caller().scopes(),
            false => TokenScopes::UNRESTRICTED,
        };
        let address = self.address(call);
        Some(rights.caller(self.view.organisation.identity, scopes, address, at))
    }

    /// The path, where a secret's access policy has a say.
    pub(super) fn value_call(&self) -> Result<Option<(PolicyAction, SecretPath)>, ExplainError> {
        let Some(action) = gated(self.question.resource, self.question.permission) else {
            return Ok(None);
        };
        let Some(name) = &self.question.name else {
            return Ok(None);
        };
        let path = name.parse().map_err(ExplainError::Path)?;
        Ok(Some((action, path)))
    }

    pub(super) fn value(
        &self,
        action: PolicyAction,
        path: SecretPath,
        region: Region,
        subject: Arc<Caller>,
        call: &Call,
    ) -> Result<ValueCall, ExplainError> {
        let rights = self.view.rights(self.asker, self.place(), self.now);
        let rights = rights.ok_or(ExplainError::NotFound(Thing::Member))?;
        let organisation = self.view.organisation.identity;
        let question = self.question;
        Ok(ValueCall {
            scope: self.scope(region),
            path,
            action,
            subject,
            asker: rights.caller(
                organisation,
                self.grant.caller().scopes(),
                call.client_ip(),
                self.now,
            ),
            own_call: self.own && question.address.is_none() && question.at.is_none(),
            at: question.at.unwrap_or(self.now),
        })
    }

    /// Who is in a team is told to those who may read the team, and of oneself.
    pub(super) fn hide_team(&self, ground: &mut Ground) {
        let hidden = ground.team.as_ref().is_some_and(|team| {
            let names = [team.identity.as_str(), team.slug.as_str()];
            !self.own && !self.grant.sees(ResourceType::Team, &names)
        });
        if hidden {
            ground.team = None;
        }
    }

    pub(super) fn named(&self) -> Result<(bool, NamedView), ExplainError> {
        match self.subject {
            PrincipalId::User(id) => {
                let user = self.view.user_view(id).ok_or(self.gone())?;
                let slug = String::new();
                let (identity, name) = (id.to_string(), user.name);
                Ok((
                    true,
                    NamedView {
                        identity,
                        name,
                        slug,
                    },
                ))
            }
            PrincipalId::ServiceAccount(id) => {
                let row = self.view.service_accounts.get(&id).ok_or(self.gone())?;
                let (identity, name) = (id.to_string(), row.name.as_str().to_owned());
                let slug = row.slug.to_string();
                Ok((
                    false,
                    NamedView {
                        identity,
                        name,
                        slug,
                    },
                ))
            }
        }
    }
}
