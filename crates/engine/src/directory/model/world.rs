//! A small organisation in plain words, drawn at random, and a call to it.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Members; one number more is drawn, of somebody who left.
pub(super) const USERS: u8 = 2;
/// Service accounts; one number more is drawn.
pub(super) const ACCOUNTS: u8 = 1;
pub(super) const TEAMS: u8 = 2;
pub(super) const PROJECTS: u8 = 2;
pub(super) const ROLES: u8 = 3;

/// An organisation.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// Which user owns it, if anybody who calls does.
    pub(super) owner: Option<u8>,
    /// The members of each team.
    pub(super) teams: Vec<Vec<u8>>,
    /// The rules of each role.
    pub(super) roles: Vec<Vec<Rule>>,
    /// Which of the roles are policies, and what they are beside their rules.
    pub(super) policies: Vec<Option<Policed>>,
    /// Whether the second project is part of the first.
    pub(super) nested: bool,
    pub(super) bindings: Vec<Binding>,
    /// The access policy of every secret.
    pub(super) policy: Policy,
}

/// What makes a role a policy.
#[derive(Debug, Clone)]
pub(super) struct Policed {
    /// The project that it is one of; none is the organisation's own level.
    pub(super) level: Option<u8>,
    /// Whether it counts in the projects below, too.
    pub(super) replicates: bool,
    /// When and from where it counts.
    pub(super) when: Vec<Condition>,
}

impl World {
    /// What makes this role a policy, if anything does.
    pub(super) fn policed(&self, role: Role) -> Option<&Policed> {
        match role {
            Role::Own(number) => self.policies.get(usize::from(number))?.as_ref(),
            Role::BuiltIn(_) => None,
        }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) resources: Vec<&'static str>,
    pub(super) names: Vec<&'static str>,
    pub(super) permissions: Vec<&'static str>,
}

#[derive(Debug, Clone)]
pub(super) struct Binding {
    pub(super) role: Role,
    pub(super) to: Who,
    pub(super) project: Option<u8>,
    /// The hour at which it ends.
    pub(super) ends: Option<u8>,
    pub(super) scopes: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Role {
    /// One of the organisation's own; it may have none of this number.
    Own(u8),
    BuiltIn(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    User(u8),
    Account(u8),
    Team(u8),
}

#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    pub(super) conditions: Vec<Condition>,
    pub(super) statements: Vec<Statement>,
}

#[derive(Debug, Clone)]
pub(super) struct Condition {
    pub(super) denies: bool,
    pub(super) test: Test,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    /// The address, in four bytes, starts with these many bytes of this one.
    Address([u8; 4], u8),
    /// From this hour to before that one.
    Hours(u8, u8),
}

#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) denies: bool,
    pub(super) actions: Vec<&'static str>,
    pub(super) principals: Vec<Who>,
}

/// What somebody tries.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) by: Who,
    pub(super) project: Option<u8>,
    /// The scopes of the credential.
    pub(super) scopes: Vec<&'static str>,
    pub(super) address: Option<[u8; 4]>,
    pub(super) hour: u8,
    pub(super) act: Act,
    /// The secret's path, or the slug of anything else.
    pub(super) name: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    ListSecrets,
    CreateSecret,
    ReadSecret,
    DeleteSecret,
    Reveal,
    Put,
    CreateKey,
    ReadKey,
    Encrypt,
    Sign,
    ListAudit,
    ListTeams,
    ReadTeam,
    UpdateAccount,
    CreateRole,
    ReadRole,
}

const ACTS: &[Act] = &[
    Act::ListSecrets,
    Act::CreateSecret,
    Act::ReadSecret,
    Act::DeleteSecret,
    Act::Reveal,
    Act::Reveal,
    Act::Put,
    Act::CreateKey,
    Act::ReadKey,
    Act::Encrypt,
    Act::Sign,
    Act::ListAudit,
    Act::ListTeams,
    Act::ReadTeam,
    Act::UpdateAccount,
    Act::CreateRole,
    Act::ReadRole,
];

const PATHS: &[&str] = &["/a", "/b", "/ab", "/a/a", "/a/b", "/b/a", "/a/b/a", "/aa/b"];
const SLUGS: &[&str] = &["a", "b", "ab", "a-b"];

/// Names and patterns that rules speak of; `ID` stands for an identity.
const NAMES: &[&str] = &[
    "*", "/*", "/a", "/a/b", "/ab", "/a*", "/a/*", "/a/b*", "/b*", "*/b", "*b", "/*/b", "/a*a",
    "/*a*", "/a/*/a", "**", "/a/b/a", "a", "b", "a*", "*-*", "ab", "ID:a", "ID:b", "ID*",
];

const RESOURCES: &[&str] = &[
    "secret",
    "kms_key",
    "audit_log",
    "team",
    "service_account",
    "iam_role",
    "*",
    "cloud_vpc",
];

const PERMISSIONS: &[&str] = &[
    "list",
    "create",
    "read",
    "update",
    "delete",
    "getSecretValue",
    "putSecretValue",
    "encrypt",
    "sign",
    "*",
    "openGate",
];

pub(super) const BUILT_IN: &[&str] = &[
    "secrets:ReadAccess",
    "secrets:FullAccess",
    "kms:ReadAccess",
    "kms:Encrypt",
    "org-admin",
    "no-such-role",
];

const SCOPES: &[&str] = &["api:read", "api:write", "kubernetes"];

/// Most credentials and bindings have no scopes, which is no limit.
fn scopes() -> impl Strategy<Value = Vec<&'static str>> {
    prop_oneof![4 => Just(Vec::new()), 1 => subsequence(SCOPES, 1..=2)]
}

fn who(teams: bool) -> impl Strategy<Value = Who> {
    let kinds = if teams { 4u8 } else { 3 };
    let number = prop_oneof![7 => Just(0u8), 5 => Just(1), 1 => Just(2)];
    (0..kinds, number).prop_map(|(kind, number)| match kind {
        0 | 1 => Who::User(number.min(USERS)),
        2 => Who::Account(number.min(ACCOUNTS)),
        _ => Who::Team(number.min(TEAMS)),
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let names = prop_oneof![1 => Just(Vec::new()), 3 => vec(select(NAMES), 1..6)];
    let resources = subsequence(RESOURCES, 1..=4);
    let permissions = subsequence(PERMISSIONS, 1..=6);
    (resources, names, permissions).prop_map(|(resources, names, permissions)| Rule {
        resources,
        names,
        permissions,
    })
}

fn project() -> impl Strategy<Value = Option<u8>> {
    prop_oneof![1 => Just(None), 1 => (0..PROJECTS).prop_map(Some)]
}

fn binding() -> impl Strategy<Value = Binding> {
    let role = prop_oneof![
        5 => (0..=ROLES).prop_map(Role::Own),
        1 => select(BUILT_IN).prop_map(Role::BuiltIn),
    ];
    let ends = proptest::option::weighted(0.3, 0..24u8);
    (role, who(true), project(), ends, scopes()).prop_map(|(role, to, project, ends, scopes)| {
        Binding {
            role,
            to,
            project,
            ends,
            scopes,
        }
    })
}

fn condition() -> impl Strategy<Value = Condition> {
    let address = (select(ADDRESSES), 0..=4u8).prop_map(|(near, bytes)| Test::Address(near, bytes));
    let hours = (0..24u8, 1..24u8).prop_map(|(start, length)| {
        let end = start + length;
        Test::Hours(start, if end > 24 { end - 24 } else { end })
    });
    (any::<bool>(), prop_oneof![address, hours])
        .prop_map(|(denies, test)| Condition { denies, test })
}

const ADDRESSES: &[[u8; 4]] = &[[10, 0, 0, 1], [10, 1, 0, 1], [192, 0, 2, 7]];

fn statement() -> impl Strategy<Value = Statement> {
    let actions = subsequence(&["getSecretValue", "put-value", "*"], 0..=2);
    (any::<bool>(), actions, vec(who(true), 0..3)).prop_map(|(denies, actions, principals)| {
        Statement {
            denies,
            actions,
            principals,
        }
    })
}

fn policed() -> impl Strategy<Value = Option<Policed>> {
    let policed = (project(), any::<bool>(), vec(condition(), 0..3));
    let policed = policed.prop_map(|(level, replicates, when)| Policed {
        level,
        replicates,
        when,
    });
    proptest::option::of(policed)
}

pub(super) fn world() -> impl Strategy<Value = World> {
    let everybody: Vec<u8> = (0..USERS).collect();
    let owner = proptest::option::weighted(0.15, 0..USERS);
    let teams = vec(subsequence(everybody, 0..=2), usize::from(TEAMS));
    let roles = vec(vec(rule(), 0..5), usize::from(ROLES));
    let policy = (vec(condition(), 0..3), vec(statement(), 0..3));
    let policy = policy.prop_map(|(conditions, statements)| Policy {
        conditions,
        statements,
    });
    let policies = (vec(policed(), usize::from(ROLES)), any::<bool>());
    (owner, teams, roles, policies, vec(binding(), 2..12), policy).prop_map(
        |(owner, teams, roles, (policies, nested), bindings, policy)| World {
            owner,
            teams,
            roles,
            policies,
            nested,
            bindings,
            policy,
        },
    )
}

pub(super) fn call() -> impl Strategy<Value = Call> {
    let address = proptest::option::weighted(0.8, select(ADDRESSES));
    let place = (project(), scopes(), address, 0..24u8);
    (who(false), place, select(ACTS), 0..8usize).prop_map(|(by, place, act, number)| {
        let (project, scopes, address, hour) = place;
        let names = if act.is_on_secrets() { PATHS } else { SLUGS };
        Call {
            by,
            project,
            scopes,
            address,
            hour,
            act,
            name: names[number % names.len()],
        }
    })
}

impl Act {
    pub(super) const fn is_on_secrets(self) -> bool {
        matches!(
            self,
            Self::ListSecrets
                | Self::CreateSecret
                | Self::ReadSecret
                | Self::DeleteSecret
                | Self::Reveal
                | Self::Put
        )
    }
}
