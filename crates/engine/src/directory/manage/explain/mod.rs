//! Why somebody may do something, or what is missing (ours).
//!
//! An explanation decides nothing: it looks at the same rows as every decision and says which of
//! them decided. That both agree is tested with very many random organisations.

mod asking;
mod error;
mod policy;
mod sources;

pub use error::ExplainError;
pub use policy::PolicyFinding;
pub use sources::{Cut, Ground, Source};

use std::net::IpAddr;
use std::sync::Arc;

use strongroom_audit::Resource;
use strongroom_authz::{Caller, Denied, ExplainRights, Grant, Permission, Principal, ResourceType};
use strongroom_types::{KeyId, ProjectId, Reference, Region, ServiceAccountId, Timestamp, UserId};

use super::roles::Role;
use super::views::NamedView;
use super::{Management, Thing};
use crate::call::{Call, Recorded};
use crate::directory::rights::PrincipalId;
use crate::directory::view::OrganisationView;
use crate::rows::directory::{ProjectRow, RoleRow};
use asking::{Asking, Facts};
pub(crate) use sources::{On, Wanted};

/// Whose rights are asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A member.
    User(UserId),
    /// A service account.
    ServiceAccount(Reference<ServiceAccountId>),
}

/// What is asked about somebody's rights.
#[derive(Debug, Clone)]
pub struct RightsQuestion {
    /// Whose they are; none means the caller's own.
    pub subject: Option<Subject>,
    /// The type of the thing.
    pub resource: ResourceType,
    /// What is to be done to it.
    pub permission: Permission,
    /// The thing: a secret's path, else an identity or slug. None asks whether it is allowed on at
    /// least one thing, conceivable or there.
    pub name: Option<String>,
    /// Where secrets and keys are; none means the only region, if there is one.
    pub region: Option<String>,
    /// In which project; none means the one that the call names, or the organisation's own level.
    pub project: Option<Reference<ProjectId>>,
    /// From where; none means the caller's own address for the caller, and none for others.
    pub address: Option<IpAddr>,
    /// When; none means now.
    pub at: Option<Timestamp>,
}

/// How it comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Allowed: owners hold everything.
    Owner,
    /// Allowed by a rule.
    Rule,
    /// Refused: no rule that counts allows it.
    NoRule,
    /// Refused: the scopes of the caller's own credential exclude it.
    CredentialScope,
    /// Refused by the secret's own access policy.
    AccessPolicy,
    /// Refused: the operator also demands a right on the secret's key.
    KeyPermission,
}

impl Verdict {
    /// Whether it may be done.
    pub const fn allows(self) -> bool {
        matches!(self, Self::Owner | Self::Rule)
    }
}

/// Why somebody may do something, or what is missing.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// Whose rights it is about: identity, name and, of service accounts, the slug.
    pub principal: NamedView,
    /// Whether that is a person.
    pub is_user: bool,
    /// The project, where there is one.
    pub project: Option<NamedView>,
    /// How it comes out.
    pub verdict: Verdict,
    /// The rules that allow it.
    pub grounds: Vec<Ground>,
    /// The rules that would, if something did not keep them from counting.
    pub cut: Vec<(Ground, Cut)>,
    /// What the secret's access policy says, where it was asked.
    pub policy: Option<PolicyFinding>,
}

impl Management<'_> {
    /// Why somebody may do something, or what is missing.
    ///
    /// Everybody may ask about themselves. To ask about others takes the right to read every role
    /// and every policy: what the answer is made of.
    pub async fn explain(
        &self,
        grant: Grant<ExplainRights>,
        call: &Arc<Call>,
        here: Option<ProjectId>,
        question: RightsQuestion,
    ) -> Result<Recorded<Explanation>, ExplainError> {
        let organisation = *grant.scope();
        let view = self.0.views.current(&self.0.vault, organisation).await;
        // Whoever holds a grant in an organisation entered it.
        let view = view
            .map_err(ExplainError::Row)?
            .ok_or(ExplainError::NotFound(Thing::Organisation))?;
        let facts = Facts::of(question.resource, question.permission)?;
        let project = match &question.project {
            None => here.and_then(|id| view.projects.get(&id)),
            Some(asked) => Some(view.project(asked).ok_or(Thing::Project)?),
        };
        let asker = own_id(grant.caller())?;
        let subject = subject(&view, &grant, asker, &question)?;
        call.concerns(resource_of(subject));
        let asking = Asking {
            view: &view,
            grant: &grant,
            question: &question,
            facts,
            asker,
            subject,
            project,
            own: asker == subject,
            now: self.0.clock.now(),
        };
        let explanation = self.work_out(&asking, call).await?;
        let recorded = self.0.trail.recorded(call, explanation).await;
        recorded.map_err(ExplainError::Audit)
    }

    async fn work_out(
        &self,
        asking: &Asking<'_>,
        call: &Call,
    ) -> Result<Explanation, ExplainError> {
        let Asking { view, question, .. } = asking;
        let region = self.region(asking)?;
        let wanted = Wanted {
            resource: question.resource,
            permission: question.permission,
            on: self.on(asking, region.as_ref()).await?,
            reach: asking.facts.reach,
            from: asking.address(call),
            at: question.at.unwrap_or(asking.now),
        };
        let found = view.grounds(asking.subject, asking.place(), &wanted);
        let subject = asking.caller(call).ok_or(asking.gone())?;
        let mut verdict = if !subject.scopes().permit(asking.facts.kind) {
            Verdict::CredentialScope
        } else if subject.is_owner() {
            Verdict::Owner
        } else if found.counting.is_empty() {
            Verdict::NoRule
        } else {
            Verdict::Rule
        };
        let mut policy = None;
        if let Some((action, path)) = asking.value_call()?
            && verdict.allows()
        {
            let region = region.ok_or(ExplainError::RegionRequired)?;
            let value_call = asking.value(action, path, region, subject, call)?;
            let (finding, after) = self.0.weigh(value_call, verdict).await?;
            (policy, verdict) = (Some(finding), after);
        }
        let hides_team = |ground: &mut Ground| asking.hide_team(ground);
        let (mut grounds, mut cut) = (found.counting, found.cut);
        grounds.iter_mut().for_each(hides_team);
        cut.iter_mut().for_each(|(ground, _)| hides_team(ground));
        let (is_user, principal) = asking.named()?;
        Ok(Explanation {
            principal,
            is_user,
            project: asking.project.map(named_project),
            verdict,
            grounds,
            cut,
            policy,
        })
    }

    /// The region that the question names, or the only one.
    fn region(&self, asking: &Asking<'_>) -> Result<Option<Region>, ExplainError> {
        match (&asking.question.region, self.0.regions.as_slice()) {
            (Some(name), _) => {
                let found = self.0.region(name).ok_or(ExplainError::UnknownRegion)?;
                Ok(Some(found))
            }
            (None, [(_, only)]) => Ok(Some(only.clone())),
            (None, _) => Ok(None),
        }
    }

    /// On what it is asked: the thing with all the names that rules can call it.
    async fn on(&self, asking: &Asking<'_>, region: Option<&Region>) -> Result<On, ExplainError> {
        let question = asking.question;
        // A rule about the audit log counts only if it is about all of it.
        if question.resource == ResourceType::AuditLog {
            return Ok(On::Every);
        }
        let Some(name) = &question.name else {
            return Ok(On::Some);
        };
        let alone = vec![name.clone()];
        // What is to be made bears no other name yet.
        if question.permission == Permission::Create {
            return Ok(On::Named(alone));
        }
        if question.resource != ResourceType::KmsKey {
            let names = asking.view.names_of(question.resource, name);
            return Ok(On::Named(names.unwrap_or(alone)));
        }
        let region = region.ok_or(ExplainError::RegionRequired)?;
        let names = self.key_names(asking, region, name).await?;
        Ok(On::Named(names.unwrap_or(alone)))
    }

    /// Both names of a key. Of one that the caller may not read, nobody learns that it exists; only
    /// about themselves, where any call with the key would come out the same.
    async fn key_names(
        &self,
        asking: &Asking<'_>,
        region: &Region,
        name: &str,
    ) -> Result<Option<Vec<String>>, ExplainError> {
        let Ok(reference) = name.parse::<Reference<KeyId>>() else {
            return Ok(None);
        };
        let scope = asking.scope(region.clone());
        let found = self.0.find_key(&scope, &reference).await;
        let Some(found) = found.map_err(ExplainError::Row)? else {
            return Ok(None);
        };
        let (identity, slug) = (found.head.identity.to_string(), found.head.slug.as_str());
        // As in every decision, a slug in the form of an identity counts for nothing.
        let names: Vec<String> = match slug.parse::<KeyId>() {
            Ok(_) => vec![identity],
            Err(_) => vec![identity, slug.to_owned()],
        };
        let each: Vec<&str> = names.iter().map(String::as_str).collect();
        let known = asking.own || asking.grant.sees(ResourceType::KmsKey, &each);
        Ok(known.then_some(names))
    }
}

impl OrganisationView {
    /// All names of a thing of the directory; none if there is no such thing.
    fn names_of(&self, resource: ResourceType, asked: &str) -> Option<Vec<String>> {
        fn both(identity: impl ToString, slug: impl ToString) -> Vec<String> {
            vec![identity.to_string(), slug.to_string()]
        }
        match resource {
            ResourceType::ServiceAccount => {
                let row = self.service_account(&asked.parse().ok()?)?;
                Some(both(row.identity, &row.slug))
            }
            ResourceType::Team => {
                let row = self.team(&asked.parse().ok()?)?;
                Some(both(row.identity, &row.slug))
            }
            ResourceType::Project => {
                let row = self.project(&asked.parse().ok()?)?;
                Some(both(row.identity, &row.slug))
            }
            ResourceType::IamRole => {
                let mut roles = Role::all(self).into_iter();
                let named = |role: &Role<'_>| both(role.identity(), role.slug());
                let role = roles.find(|role| named(role).iter().any(|name| name == asked));
                role.as_ref().map(named)
            }
            ResourceType::IamPolicy => {
                let mut own = self.roles.values().filter(|row| row.is_policy());
                let named = |row: &RoleRow| both(row.identity, Role::Own(row).slug());
                let row = own.find(|row| named(row).iter().any(|name| name == asked));
                row.map(named)
            }
            _ => None,
        }
    }
}

fn own_id(caller: &Caller) -> Result<PrincipalId, ExplainError> {
    match caller.principal() {
        Principal::User { id, .. } => Ok(PrincipalId::User(*id)),
        Principal::ServiceAccount { id, .. } => Ok(PrincipalId::ServiceAccount(*id)),
        Principal::System { .. } => Err(ExplainError::NotFound(Thing::Member)),
    }
}

/// Whose rights it is about. Whether somebody is there learns only who may read all roles.
fn subject(
    view: &OrganisationView,
    grant: &Grant<ExplainRights>,
    asker: PrincipalId,
    question: &RightsQuestion,
) -> Result<PrincipalId, ExplainError> {
    let found = match &question.subject {
        None => return Ok(asker),
        Some(Subject::User(id)) => {
            let row = view.members.get(id);
            row.map(|row| PrincipalId::User(row.user))
                .ok_or(Thing::Member)
        }
        Some(Subject::ServiceAccount(asked)) => {
            let row = view.service_account(asked);
            row.map(|row| PrincipalId::ServiceAccount(row.identity))
                .ok_or(Thing::ServiceAccount)
        }
    };
    if found == Ok(asker) {
        return Ok(asker);
    }
    for resource in [ResourceType::IamRole, ResourceType::IamPolicy] {
        if !grant.sees(resource, &[]) {
            let permissions = &[Permission::Read];
            return Err(ExplainError::Denied(Denied::Forbidden {
                resource,
                permissions,
            }));
        }
    }
    Ok(found?)
}

fn named_project(row: &ProjectRow) -> NamedView {
    NamedView {
        identity: row.identity.to_string(),
        name: row.name.as_str().to_owned(),
        slug: row.slug.to_string(),
    }
}

/// What the record says that the call is about: the principal.
fn resource_of(subject: PrincipalId) -> Resource<'static> {
    let (kind, identity) = match subject {
        PrincipalId::User(id) => (ResourceType::Membership, id.to_string()),
        PrincipalId::ServiceAccount(id) => (ResourceType::ServiceAccount, id.to_string()),
    };
    Resource {
        kind: kind.as_str().into(),
        identity: identity.into(),
    }
}
