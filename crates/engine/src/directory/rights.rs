//! What a principal holds in an organisation.

use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_authz::{
    Caller, CallerParts, Conditionals, Principal, ProjectRights, Rule, RuleSet, TeamMembership,
    TokenScopes, builtin,
};
use strongroom_types::{
    CredentialId, FederatedIdentityId, FederatedProviderId, InviteId, OrganisationId, ProjectId,
    ServiceAccountId, Timestamp, TokenId, UserId,
};

use super::view::OrganisationView;
use crate::rows::directory::{BindingRow, BoundPrincipal, BoundRole, RuleRow};

/// Who calls, by identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PrincipalId {
    User(UserId),
    ServiceAccount(ServiceAccountId),
}

impl From<PrincipalId> for BoundPrincipal {
    fn from(principal: PrincipalId) -> Self {
        match principal {
            PrincipalId::User(id) => Self::User(id),
            PrincipalId::ServiceAccount(id) => Self::ServiceAccount(id),
        }
    }
}

/// Who calls and with what, for the record.
#[derive(Debug)]
pub(crate) struct Caption {
    pub(crate) principal: PrincipalId,
    pub(crate) rights: Arc<Rights>,
    pub(crate) credential: CredentialName,
}

/// Which credential a call was made with.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CredentialName {
    PersonalToken(TokenId),
    AccessToken(CredentialId),
    AccessCredential(CredentialId),
    FederatedToken(FederatedIdentityId),
    /// A person's, for which this provider vouched.
    SignIn(FederatedProviderId),
    /// The code of an invitation.
    Invitation(InviteId),
}

impl CredentialName {
    /// The identity of what it is, whichever that is.
    pub(crate) fn identity(self) -> [u8; 16] {
        match self {
            Self::PersonalToken(id) => *id.as_bytes(),
            Self::AccessToken(id) | Self::AccessCredential(id) => *id.as_bytes(),
            Self::FederatedToken(id) => *id.as_bytes(),
            Self::SignIn(id) => *id.as_bytes(),
            Self::Invitation(id) => *id.as_bytes(),
        }
    }

    /// Its identity and its kind, as the record shows them.
    pub(crate) fn shown(self) -> (String, &'static str) {
        match self {
            Self::PersonalToken(id) => (id.to_string(), "personal_access_token"),
            Self::AccessToken(id) => (id.to_string(), "access_token"),
            Self::AccessCredential(id) => (id.to_string(), "access_credential"),
            Self::FederatedToken(id) => (id.to_string(), "federated_identity"),
            Self::SignIn(id) => (id.to_string(), "sign_in"),
            Self::Invitation(id) => (id.to_string(), "invitation"),
        }
    }
}

/// What a principal holds, worked out once per epoch.
#[derive(Debug)]
pub(crate) struct Rights {
    pub(crate) principal: Principal,
    pub(crate) name: String,
    pub(crate) contact: String,
    pub(crate) owner: bool,
    pub(crate) teams: Vec<TeamMembership>,
    pub(crate) organisation: Arc<RuleSet>,
    level: Level,
    /// When the first binding in it ends, so that it must be worked out again.
    valid_until: Option<Timestamp>,
    /// The caller that these rights last made, and the conditions that were met then: most calls
    /// come from where the one before did.
    last: Mutex<Option<(Arc<Caller>, Vec<bool>)>>,
}

impl Rights {
    /// The caller with these rights, from this address at this time, with a credential of these
    /// scopes.
    pub(crate) fn caller(
        &self,
        organisation: OrganisationId,
        scopes: TokenScopes,
        client_ip: Option<IpAddr>,
        now: Timestamp,
    ) -> Arc<Caller> {
        let met = self.level.met(client_ip, now);
        let mut last = self.last.lock();
        if let Some((caller, then)) = &*last
            && caller.client_ip() == client_ip
            && caller.scopes() == scopes
            // Most have none, and to compare nothing with nothing is slow for what it is.
            && (met.is_empty() || *then == met)
        {
            return Arc::clone(caller);
        }
        let rules = self.level.rules_for(&met);
        let (project, own_level) = match self.level.project {
            Some(id) => (Some(ProjectRights { id, rules }), Arc::default()),
            None => (None, rules),
        };
        let caller = Arc::new(Caller::vouched(CallerParts {
            principal: self.principal.clone(),
            organisation,
            owner: self.owner,
            teams: self.teams.clone(),
            organisation_rules: Arc::clone(&self.organisation),
            project,
            own_level,
            scopes,
            client_ip,
        }));
        *last = Some((Arc::clone(&caller), met));
        caller
    }
}

/// What policies give on one level.
#[derive(Debug)]
struct Level {
    /// None is the organisation's own.
    project: Option<ProjectId>,
    rules: Arc<RuleSet>,
    /// What is given only to some calls; empty for most principals.
    conditional: Vec<Conditional>,
}

/// The rules of a policy that counts only at some times or from some addresses.
#[derive(Debug)]
struct Conditional {
    when: Conditionals,
    rules: Vec<Rule>,
}

impl Level {
    /// Which conditions a call from this address meets now.
    fn met(&self, client_ip: Option<IpAddr>, now: Timestamp) -> Vec<bool> {
        let conditional = self.conditional.iter();
        conditional
            .map(|each| each.when.hold(client_ip, now))
            .collect()
    }

    /// The rules that hold for a call that meets these conditions.
    fn rules_for(&self, met: &[bool]) -> Arc<RuleSet> {
        if !met.contains(&true) {
            return Arc::clone(&self.rules);
        }
        let mut rules = RuleSet::clone(&self.rules);
        for (conditional, _) in self.conditional.iter().zip(met).filter(|(_, met)| **met) {
            rules.extend(conditional.rules.iter().cloned());
        }
        Arc::new(rules)
    }
}

impl OrganisationView {
    /// The principal's rights; none if it does not belong to the organisation.
    pub(crate) fn rights(
        &self,
        principal: PrincipalId,
        project: Option<ProjectId>,
        now: Timestamp,
    ) -> Option<Arc<Rights>> {
        let mut known = self.rights.lock();
        if let Some(rights) = known.get(&(principal, project))
            && rights.valid_until.is_none_or(|end| now < end)
        {
            return Some(Arc::clone(rights));
        }
        let rights = Arc::new(self.work_out(principal, project, now)?);
        known.insert((principal, project), Arc::clone(&rights));
        Some(rights)
    }

    /// The same of any time, and not remembered.
    pub(super) fn work_out(
        &self,
        principal: PrincipalId,
        project: Option<ProjectId>,
        now: Timestamp,
    ) -> Option<Rights> {
        let held: Vec<_> = self.held_by(principal, now).collect();
        let roles = held.iter().filter(|binding| !binding.is_policy());
        let organisation = roles.flat_map(|binding| self.rules_given(binding));
        let organisation = Arc::new(organisation.collect());
        let (mut level, mut conditional) = (RuleSet::default(), Vec::new());
        for binding in held.iter().filter(|binding| self.reaches(binding, project)) {
            let rules = self.rules_given(binding);
            match self.conditionals_of(&binding.role) {
                None => level.extend(rules),
                Some(when) => conditional.push(Conditional { when, rules }),
            }
        }
        let teams = self.teams_of(principal);
        let (principal, name, contact, owner) = self.describe(principal)?;
        Some(Rights {
            principal,
            name,
            contact,
            owner,
            organisation,
            level: Level {
                project,
                rules: Arc::new(level),
                conditional,
            },
            valid_until: held.iter().filter_map(|binding| binding.expires_at).min(),
            teams,
            last: Mutex::default(),
        })
    }

    pub(super) fn teams_of(&self, principal: PrincipalId) -> Vec<TeamMembership> {
        let PrincipalId::User(user) = principal else {
            return Vec::new();
        };
        let mine = self
            .teams
            .values()
            .filter(|team| team.members.contains(&user));
        mine.map(|team| TeamMembership {
            id: team.identity,
            slug: team.slug.clone(),
        })
        .collect()
    }

    /// The rules that a binding gives: its role's, within its scopes.
    pub(super) fn rules_given(&self, binding: &BindingRow) -> Vec<Rule> {
        let rules = self.rules_of(&binding.role);
        match binding.scopes.as_slice() {
            [] => rules,
            scopes => {
                let scopes = TokenScopes::of(scopes);
                let limited = rules.iter().filter_map(|rule| rule.within(scopes));
                limited.collect()
            }
        }
    }

    pub(super) fn rules_of(&self, role: &BoundRole) -> Vec<Rule> {
        match role {
            BoundRole::BuiltIn(name) => builtin::find(name)
                .map(|built_in| built_in.rules().collect())
                .unwrap_or_default(),
            BoundRole::Own(id) => {
                let rules = self.roles.get(id).map(|role| role.rules.as_slice());
                // Rules were parsed when they were written; one that no longer parses gives nothing.
                rules
                    .unwrap_or_default()
                    .iter()
                    .filter_map(|rule| parse(rule).ok())
                    .collect()
            }
        }
    }

    fn describe(&self, principal: PrincipalId) -> Option<(Principal, String, String, bool)> {
        match principal {
            PrincipalId::User(id) => {
                let member = self.members.get(&id)?;
                let principal = Principal::User {
                    id,
                    subject: id.to_string(),
                    email: (!member.unproven).then(|| member.email.clone()),
                };
                Some((
                    principal,
                    member.email.clone(),
                    member.email.clone(),
                    member.owner,
                ))
            }
            PrincipalId::ServiceAccount(id) => {
                let account = self.service_accounts.get(&id)?;
                let principal = Principal::ServiceAccount {
                    id,
                    slug: account.slug.clone(),
                };
                let slug = account.slug.as_str().to_owned();
                Some((principal, account.name.as_str().to_owned(), slug, false))
            }
        }
    }
}

pub(super) fn parse(rule: &RuleRow) -> Result<Rule, strongroom_authz::RuleError> {
    Rule::parse(
        &rule.resources,
        &rule.resource_identities,
        &rule.permissions,
    )
}
