//! Short ways to write callers and rules down in tests.

use std::sync::Arc;

use proptest::prelude::*;
use strongroom_types::{OrganisationId, ProjectId, Region, Scope, SecretPath, TeamId, UserId};

use crate::caller::{Caller, CallerParts, Principal, TeamMembership, TokenScopes};
use crate::permission::Permission;
use crate::rule::Rule;
use crate::rule_set::RuleSet;

/// A rule written as `types|names|permissions`, each a comma-separated list.
pub(crate) fn rule(written: &str) -> Rule {
    let lists: Vec<Vec<&str>> = written
        .split('|')
        .map(|list| list.split(',').filter(|word| !word.is_empty()).collect())
        .collect();
    Rule::parse(&lists[0], &lists[1], &lists[2]).unwrap()
}

pub(crate) fn rules(written: &[&str]) -> RuleSet {
    written.iter().map(|each| rule(each)).collect()
}

pub(crate) fn organisation() -> OrganisationId {
    OrganisationId::from_bytes([9; 16])
}

pub(crate) fn project(number: u8) -> ProjectId {
    ProjectId::from_bytes([number; 16])
}

/// The test organisation's own level, in the test region.
pub(crate) fn scope() -> Scope {
    Scope {
        organisation: organisation(),
        region: Region::declared(&"nl-01".parse().unwrap()),
        project: None,
    }
}

pub(crate) fn path(text: &str) -> SecretPath {
    text.parse().unwrap()
}

/// A user of the team `platform` who holds these rules in the organisation.
pub(crate) fn parts(written: &[&str]) -> CallerParts {
    CallerParts {
        principal: Principal::User {
            id: UserId::from_bytes([1; 16]),
            subject: "subject-1".into(),
            email: Some("Ann@example.org".into()),
        },
        organisation: organisation(),
        owner: false,
        teams: vec![TeamMembership {
            id: TeamId::from_bytes([2; 16]),
            slug: "platform".parse().unwrap(),
        }],
        organisation_rules: Arc::new(rules(written)),
        project: None,
        own_level: Arc::default(),
        scopes: TokenScopes::UNRESTRICTED,
        client_ip: Some([192, 0, 2, 7].into()),
    }
}

pub(crate) fn caller(written: &[&str]) -> Arc<Caller> {
    Arc::new(Caller::vouched(parts(written)))
}

pub(crate) fn owner() -> Arc<Caller> {
    Arc::new(Caller::vouched(CallerParts {
        owner: true,
        ..parts(&[])
    }))
}

pub(crate) fn any_permission() -> impl Strategy<Value = Permission> {
    proptest::sample::select(&Permission::ALL)
}

/// A rule about secrets or keys with short patterns, so that they often meet.
pub(crate) fn any_rule() -> impl Strategy<Value = Rule> {
    (
        proptest::sample::subsequence(vec!["secret", "kms_key", "cloud_vpc"], 1..3),
        proptest::collection::vec("/[ab/*]{0,4}|[*][ab]", 0..3),
        proptest::sample::subsequence(vec!["read", "list", "create", "getSecretValue", "*"], 1..4),
    )
        .prop_map(|(types, names, permissions)| Rule::parse(&types, &names, &permissions).unwrap())
}
