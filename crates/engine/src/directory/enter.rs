//! From a credential and headers to a caller in a place (contract 0.2, up to the project).

use std::sync::Arc;
use std::time::Duration;

use strongroom_audit::Action;
use strongroom_authz::Caller;
use strongroom_store::Scan;
use strongroom_types::{OrganisationId, ProjectId, Reference, Region, Scope};

use super::authenticate::{Credential, Identified, Unproven};
use super::proof::Proof;
use super::rights::{Caption, PrincipalId};
use super::view::{OrganisationView, find_organisation};
use crate::call::Call;
use crate::engine::Inner;
use crate::rows::{RowFault, keyspace};

/// A feature that an organisation can have switched off (contract 3.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// The Secrets Manager.
    Secrets,
    /// The Key Management Service.
    Kms,
    /// Policies of projects, and access elevations.
    Projects,
}

/// Where a request wants to go.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    /// The organisation, by identity or slug; none means the credential's only one.
    pub organisation: Option<&'a str>,
    /// The region, by slug or identity, where the route has one.
    pub region: Option<&'a str>,
    /// The project, by identity or slug; none is the organisation's own level.
    pub project: Option<&'a str>,
    /// The features that must be on, in the order in which they are checked.
    pub gates: &'static [Gate],
    /// Whether the call is about the caller alone, so that without a name any of their organisations
    /// will do.
    pub anywhere: bool,
}

/// A caller in a place.
#[derive(Debug, Clone)]
pub struct Entered {
    /// Who calls, and what they hold here.
    pub caller: Arc<Caller>,
    /// The organisation.
    pub organisation: OrganisationId,
    /// The region, where the route has one.
    pub region: Option<Region>,
    /// The project.
    pub project: Option<ProjectId>,
}

impl Entered {
    /// The scope, where the route has a region.
    pub fn scope(&self) -> Option<Scope> {
        self.region.clone().map(|region| Scope {
            organisation: self.organisation,
            region,
            project: self.project,
        })
    }
}

/// Why a request did not get to its place.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// It proved nothing.
    #[error("credentials are missing; send `Authorization: Bearer <token>`")]
    MissingCredential,
    /// What it sent proves nothing.
    #[error("the credential is not valid")]
    InvalidCredential,
    /// What it sent proved something once.
    #[error("the credential has expired")]
    ExpiredCredential,
    /// Too many attempts failed from the caller's address, or with the access key.
    #[error("too many attempts to authenticate failed; wait before the next one")]
    TooManyAttempts {
        /// How long to wait.
        wait: Duration,
    },
    /// The credential works in several organisations, or none.
    #[error("name the organisation in the header X-Organisation-Identity (identity or slug)")]
    OrganisationRequired,
    /// The caller does not belong to it, or it does not exist.
    #[error("you are not a member of this organisation")]
    NotAMember,
    /// The Secrets Manager is switched off.
    #[error("the Secrets Manager is not enabled for this organisation")]
    SecretsOff,
    /// The Key Management Service is switched off.
    #[error("the Key Management Service must be enabled for this organisation first")]
    KmsOff,
    /// Policies are switched off.
    #[error("projects with policies of their own are not enabled for this organisation")]
    ProjectsOff,
    /// No such region is served.
    #[error("there is no such region")]
    UnknownRegion,
    /// The organisation has no such project.
    #[error("there is no such project in this organisation")]
    UnknownProject,
    /// A row could not be read.
    #[error("the directory could not be read")]
    Row(#[source] RowFault),
}

impl From<Unproven> for EnterError {
    fn from(unproven: Unproven) -> Self {
        match unproven {
            // One answer: whoever stole a credential must not learn that it is right.
            Unproven::Invalid | Unproven::Elsewhere => Self::InvalidCredential,
            Unproven::Expired => Self::ExpiredCredential,
            Unproven::TooMany(wait) => Self::TooManyAttempts { wait },
            Unproven::Row(fault) => Self::Row(fault),
        }
    }
}

impl From<RowFault> for EnterError {
    fn from(fault: RowFault) -> Self {
        Self::Row(fault)
    }
}

impl Inner {
    pub(crate) async fn enter(
        &self,
        call: &Call,
        credential: Option<&Credential<'_>>,
        entry: &Entry<'_>,
    ) -> Result<Entered, EnterError> {
        let now = self.clock.now();
        let credential = credential.ok_or(EnterError::MissingCredential)?;
        let proof = self.prove(call, credential, entry, Action::AuthRefused, now);
        let Proof { identified, home } = proof.await?;
        let organisation = self.organisation(&identified, entry).await?;
        let view = match home {
            Some(home) => Some(home).filter(|home| home.organisation.identity == organisation),
            None => self.views.current(&self.vault, organisation).await?,
        };
        let view = view.ok_or(EnterError::NotAMember)?;
        let rights = view
            .rights(identified.principal, None, now)
            .ok_or(EnterError::NotAMember)?;
        call.identify(Caption {
            principal: identified.principal,
            rights: Arc::clone(&rights),
            credential: identified.name,
        });
        call.place(organisation, None, None);
        self.last_uses.touch(identified.name.identity(), now);
        check_gates(&view, entry.gates)?;
        let region = entry
            .region
            .map(|name| self.region(name).ok_or(EnterError::UnknownRegion));
        let region = region.transpose()?;
        let found = match (identified.project, entry.project) {
            // A project that was deleted is not replaced by none.
            (Some(own), _) => Some(view.projects.get(&own).map(|row| row.identity)),
            (None, Some(name)) => Some(project(&view, name)),
            (None, None) => None,
        };
        let found = found.map(|found| found.ok_or(EnterError::UnknownProject));
        let project = found.transpose()?;
        call.place(organisation, region.clone(), project);

        let rights = match project {
            None => rights,
            Some(_) => view
                .rights(identified.principal, project, now)
                .ok_or(EnterError::NotAMember)?,
        };
        let caller = rights.caller(organisation, identified.scopes, call.client_ip(), now);
        Ok(Entered {
            caller,
            organisation,
            region,
            project,
        })
    }

    pub(super) async fn organisation(
        &self,
        identified: &Identified,
        entry: &Entry<'_>,
    ) -> Result<OrganisationId, EnterError> {
        if let Some(named) = entry.organisation {
            let reference = named.parse().map_err(|_| EnterError::NotAMember)?;
            let found = find_organisation(&self.vault, &reference).await?;
            return found.ok_or(EnterError::NotAMember);
        }
        match (identified.organisation, identified.principal) {
            (Some(organisation), _) => Ok(organisation),
            (None, PrincipalId::User(user)) => {
                let scan = Scan::prefix(keyspace::user_organisations(user)).limit(2);
                match Box::pin(self.vault.scan_sealed(scan)).await?.as_slice() {
                    [(one, _), others @ ..] if others.is_empty() || entry.anywhere => {
                        keyspace::organisation_of(one).ok_or(EnterError::OrganisationRequired)
                    }
                    _ => Err(EnterError::OrganisationRequired),
                }
            }
            (None, PrincipalId::ServiceAccount(_)) => Err(EnterError::OrganisationRequired),
        }
    }

    /// The region with this slug or identity.
    pub(crate) fn region(&self, name: &str) -> Option<Region> {
        self.regions
            .iter()
            .find(|(settings, _)| settings.slug.as_str() == name || settings.identity == name)
            .map(|(_, region)| region.clone())
    }
}

fn check_gates(view: &OrganisationView, gates: &[Gate]) -> Result<(), EnterError> {
    for gate in gates {
        match gate {
            Gate::Secrets if view.organisation.secrets_off => return Err(EnterError::SecretsOff),
            Gate::Kms if view.organisation.kms_off => return Err(EnterError::KmsOff),
            Gate::Projects if view.organisation.projects_off => {
                return Err(EnterError::ProjectsOff);
            }
            Gate::Secrets | Gate::Kms | Gate::Projects => {}
        }
    }
    Ok(())
}

fn project(view: &OrganisationView, name: &str) -> Option<ProjectId> {
    let reference: Reference<ProjectId> = name.parse().ok()?;
    view.project(&reference).map(|row| row.identity)
}
