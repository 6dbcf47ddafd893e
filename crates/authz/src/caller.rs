//! Who calls, and what they hold.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use strongroom_types::{OrganisationId, ProjectId, ServiceAccountId, Slug, TeamId, UserId};

use crate::action::Kind;
use crate::decision::Reach;
use crate::permission::Permission;
use crate::resource::ResourceType;
use crate::rule::Rule;
use crate::rule_set::RuleSet;

/// The one that a credential stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A person.
    User {
        /// The identity here.
        id: UserId,
        /// The subject at the identity provider.
        subject: String,
        /// The address, if one is known.
        email: Option<String>,
    },
    /// A non-human principal.
    ServiceAccount {
        /// The identity.
        id: ServiceAccountId,
        /// The slug.
        slug: Slug,
    },
    /// The service itself, in one of its jobs.
    System {
        /// Which job, and why it may.
        reason: &'static str,
    },
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { id, .. } => id.fmt(f),
            Self::ServiceAccount { id, .. } => id.fmt(f),
            Self::System { reason } => write!(f, "system ({reason})"),
        }
    }
}

/// A team that the caller belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMembership {
    /// The team's identity.
    pub id: TeamId,
    /// The team's slug.
    pub slug: Slug,
}

/// What the caller may do in the project that the request names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRights {
    /// The project.
    pub id: ProjectId,
    /// The rules of the caller's policies there; they add to the organisation's.
    pub rules: Arc<RuleSet>,
}

/// What the credential itself is limited to, whatever its owner may do (contract 4.4).
///
/// `api:read` lets calls through that look at metadata ([`Kind::Reads`]: permissions `read` and
/// `list`). `api:write` lets every call through, reading ones too: also reveals and cryptographic
/// operations, as they hand out what metadata does not. Other scopes (`kubernetes`,
/// `objectStorage`, `openid`) open nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenScopes {
    reads: bool,
    everything: bool,
}

impl TokenScopes {
    /// A credential that was made without scopes.
    pub const UNRESTRICTED: Self = Self {
        reads: true,
        everything: true,
    };

    /// The limits that these scopes mean. No scope at all permits nothing: a credential without
    /// limits is [`TokenScopes::UNRESTRICTED`], which has to be said.
    pub fn of(scopes: &[impl AsRef<str>]) -> Self {
        let names = |scope: &str| scopes.iter().any(|each| each.as_ref() == scope);
        let everything = names("api:write");
        Self {
            reads: everything || names("api:read"),
            everything,
        }
    }

    /// Whether calls of this kind pass.
    pub const fn permit(self, kind: Kind) -> bool {
        match kind {
            Kind::Reads => self.reads,
            Kind::Uses | Kind::Writes => self.everything,
        }
    }
}

/// Everything that a [`Caller`] is made of.
#[derive(Debug, Clone)]
pub struct CallerParts {
    /// Who calls.
    pub principal: Principal,
    /// The organisation that the request names and that the principal belongs to.
    pub organisation: OrganisationId,
    /// Whether the principal owns the organisation. Owners hold every permission.
    pub owner: bool,
    /// The principal's teams.
    pub teams: Vec<TeamMembership>,
    /// The rules of all roles that the principal has in the organisation, itself or by a team.
    pub organisation_rules: Arc<RuleSet>,
    /// The project that the request names, with the principal's rights in it.
    pub project: Option<ProjectRights>,
    /// The rules of the principal's policies on the organisation's own level; they add to the
    /// organisation's where the request names no project.
    pub own_level: Arc<RuleSet>,
    /// What the credential is limited to.
    pub scopes: TokenScopes,
    /// The client's address, if it is known; forwarding proxies have been looked through.
    pub client_ip: Option<IpAddr>,
}

/// A caller whose credential was checked.
///
/// It lives as long as one request: rights are looked up anew for the next one.
#[derive(Debug)]
pub struct Caller {
    parts: CallerParts,
}

impl Caller {
    /// A caller for whom the engine's authentication vouches. Nothing else may call this: whoever
    /// does decides who the caller is and what they hold.
    pub fn vouched(parts: CallerParts) -> Self {
        Self { parts }
    }

    /// Who calls.
    pub const fn principal(&self) -> &Principal {
        &self.parts.principal
    }

    /// The organisation that the call is about.
    pub const fn organisation(&self) -> OrganisationId {
        self.parts.organisation
    }

    /// The project that the call is about, if it names one.
    pub fn project(&self) -> Option<ProjectId> {
        self.parts.project.as_ref().map(|project| project.id)
    }

    /// Whether the caller owns the organisation.
    pub const fn is_owner(&self) -> bool {
        self.parts.owner
    }

    /// The caller's teams.
    pub fn teams(&self) -> &[TeamMembership] {
        &self.parts.teams
    }

    /// What the credential is limited to.
    pub const fn scopes(&self) -> TokenScopes {
        self.parts.scopes
    }

    /// Where the call comes from, if that is known.
    pub const fn client_ip(&self) -> Option<IpAddr> {
        self.parts.client_ip
    }

    /// Whether the caller may give `rule` to others within `reach`: only what one holds oneself
    /// (contract 4.1, escalation prevention).
    pub fn may_bestow(&self, rule: &Rule, reach: Reach) -> bool {
        if self.parts.owner {
            return true;
        }
        let mut held = RuleSet::clone(&self.parts.organisation_rules);
        for rules in self.rule_sets(reach).skip(1) {
            held.extend(rules.rules().iter().cloned());
        }
        held.covers(rule)
    }

    /// Whether rules allow one of `permissions` on the thing with these names (see
    /// [`RuleSet::allows`]). Asks neither for the credential's scopes nor for the place.
    pub(crate) fn holds(
        &self,
        reach: Reach,
        resource: ResourceType,
        permissions: &[Permission],
        names: &[&str],
    ) -> bool {
        self.any(reach, permissions, |rules, permission| {
            rules.allows(resource, permission, names)
        })
    }

    /// Whether rules allow one of `permissions` on at least one conceivable thing.
    pub(crate) fn holds_some(
        &self,
        reach: Reach,
        resource: ResourceType,
        permissions: &[Permission],
    ) -> bool {
        self.any(reach, permissions, |rules, permission| {
            rules.allows_some(resource, permission)
        })
    }

    /// The rule sets that count within `reach`; the organisation's first.
    pub(crate) fn rule_sets(&self, reach: Reach) -> impl Iterator<Item = &RuleSet> {
        let policies = match reach {
            Reach::Organisation => None,
            Reach::Project => Some(match &self.parts.project {
                Some(project) => &*project.rules,
                None => &*self.parts.own_level,
            }),
        };
        std::iter::once(&*self.parts.organisation_rules).chain(policies)
    }

    fn any(
        &self,
        reach: Reach,
        permissions: &[Permission],
        allows: impl Fn(&RuleSet, Permission) -> bool,
    ) -> bool {
        self.parts.owner
            || self
                .rule_sets(reach)
                .any(|rules| permissions.iter().any(|each| allows(rules, *each)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{caller, owner, parts, project, rule, rules};

    #[test]
    fn scopes_limit_the_kind_of_call() {
        for (scopes, reads, uses, writes) in [
            (TokenScopes::UNRESTRICTED, true, true, true),
            (TokenScopes::of(&["api:read"]), true, false, false),
            (TokenScopes::of(&["api:write"]), true, true, true),
            (
                TokenScopes::of(&["api:read", "api:write"]),
                true,
                true,
                true,
            ),
            (
                TokenScopes::of(&["kubernetes", "openid"]),
                false,
                false,
                false,
            ),
            (TokenScopes::of(&["API:READ"]), false, false, false),
            (TokenScopes::of(&[""; 0]), false, false, false),
        ] {
            assert_eq!(scopes.permit(Kind::Reads), reads, "{scopes:?}");
            assert_eq!(scopes.permit(Kind::Uses), uses, "{scopes:?}");
            assert_eq!(scopes.permit(Kind::Writes), writes, "{scopes:?}");
        }
    }

    #[test]
    fn rights_are_the_union_of_organisation_and_project() {
        let caller = Caller::vouched(CallerParts {
            project: Some(ProjectRights {
                id: project(1),
                rules: Arc::new(rules(&["secret||update"])),
            }),
            ..parts(&["secret||read"])
        });
        let holds =
            |reach, permission| caller.holds(reach, ResourceType::Secret, &[permission], &["/a"]);
        assert!(holds(Reach::Project, Permission::Read));
        assert!(holds(Reach::Project, Permission::Update));
        assert!(holds(Reach::Organisation, Permission::Read));
        assert!(!holds(Reach::Organisation, Permission::Update));
        assert!(!holds(Reach::Project, Permission::Delete));
    }

    #[test]
    fn policies_of_the_own_level_count_there_and_nowhere_else() {
        let on = |project: Option<u8>| {
            Caller::vouched(CallerParts {
                project: project.map(|number| ProjectRights {
                    id: crate::tests::project(number),
                    rules: Arc::default(),
                }),
                own_level: Arc::new(rules(&["secret||read"])),
                ..parts(&[])
            })
        };
        let holds = |caller: &Caller, reach| {
            caller.holds(reach, ResourceType::Secret, &[Permission::Read], &["/a"])
        };
        assert!(holds(&on(None), Reach::Project));
        assert!(!holds(&on(None), Reach::Organisation));
        assert!(!holds(&on(Some(1)), Reach::Project));
    }

    #[test]
    fn nobody_gives_on_what_they_do_not_hold() {
        let given = rule("secret|/app/*|read");
        assert!(owner().may_bestow(&rule("*||*"), Reach::Organisation));
        assert!(caller(&["secret||*"]).may_bestow(&given, Reach::Organisation));
        assert!(!caller(&["secret||list"]).may_bestow(&given, Reach::Organisation));

        let in_project = Caller::vouched(CallerParts {
            project: Some(ProjectRights {
                id: project(1),
                rules: Arc::new(rules(&["secret||read"])),
            }),
            ..parts(&["secret||list"])
        });
        assert!(in_project.may_bestow(&rule("secret||read,list"), Reach::Project));
        assert!(!in_project.may_bestow(&given, Reach::Organisation));
    }

    #[test]
    fn a_principal_is_shown_by_its_identity_not_its_address() {
        let id = UserId::from_bytes([1; 16]);
        let user = Principal::User {
            id,
            subject: "auth0|1".into(),
            email: Some("ann@example.org".into()),
        };
        assert_eq!(user.to_string(), id.to_string());
        let job = Principal::System { reason: "expiry" };
        assert_eq!(job.to_string(), "system (expiry)");
    }
}
