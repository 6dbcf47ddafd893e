//! Contract 1.11 and 6.1, line by line.

mod conditions;
mod documents;
mod statements;

use std::sync::Arc;

use strongroom_types::{KeyId, SecretPath, ServiceAccountId};

use super::*;
use crate::action::{EncryptWithKey, PutSecretValue, ReadSecretValue};
use crate::admitted::GatedByPolicy;
use crate::caller::{CallerParts, Principal};
use crate::grant::authorize;
use crate::key_grant::KeyNames;
use crate::tests::{parts, path, scope};

const NOON: &str = "2026-03-02T12:00:00Z";

fn parsed(document: &str) -> AccessPolicy {
    AccessPolicy::parse(document).unwrap().unwrap()
}

fn refusal(document: &str) -> String {
    AccessPolicy::parse(document).unwrap_err().to_string()
}

/// The user of the test rules, calling from this address.
fn from(ip: &str) -> CallerParts {
    CallerParts {
        client_ip: Some(ip.parse().unwrap()),
        ..parts(&["secret||*"])
    }
}

fn account(slug: &str) -> CallerParts {
    CallerParts {
        principal: Principal::ServiceAccount {
            id: ServiceAccountId::from_bytes([5; 16]),
            slug: slug.parse().unwrap(),
        },
        teams: Vec::new(),
        ..from("192.0.2.7")
    }
}

fn ask<A: GatedByPolicy>(
    policy: &AccessPolicy,
    who: CallerParts,
    at: &str,
) -> Result<(), PolicyDenied> {
    let caller = Arc::new(Caller::vouched(who));
    let grant = authorize::<A>(caller, scope(), path("/app/x")).unwrap();
    let admitted = grant.admit(Some(policy), at.parse().unwrap())?;
    let target: &SecretPath = admitted.target();
    assert_eq!(target, &path("/app/x"));
    assert_eq!(admitted.scope(), &scope());
    Ok(())
}

fn reveal(document: &str, who: CallerParts, at: &str) -> Result<(), PolicyDenied> {
    ask::<ReadSecretValue>(&parsed(document), who, at)
}

fn put(document: &str, who: CallerParts, at: &str) -> Result<(), PolicyDenied> {
    ask::<PutSecretValue>(&parsed(document), who, at)
}

/// `{"statements":[…]}` with the entries written as `effect actions principals`, lists by comma,
/// `-` for a list that is absent.
fn statements(written: &[&str]) -> String {
    let list = |field: &str, words: &str| match words {
        "-" => String::new(),
        "" => format!(r#","{field}":[]"#),
        _ => {
            let quoted: Vec<_> = words.split(',').map(|word| format!("\"{word}\"")).collect();
            format!(r#","{field}":[{}]"#, quoted.join(","))
        }
    };
    let entries: Vec<_> = written
        .iter()
        .map(|each| {
            let words: Vec<_> = each.split(' ').collect();
            format!(
                r#"{{"effect":"{}"{}{}}}"#,
                words[0],
                list("actions", words[1]),
                list("principals", words[2])
            )
        })
        .collect();
    format!(r#"{{"statements":[{}]}}"#, entries.join(","))
}

#[test]
fn conditions_and_statements_must_both_pass() {
    let document = r#"{
        "conditions": [{"type":"ip","effect":"allow","cidrs":["10.0.0.0/8"]}],
        "statements": [{"effect":"allow","actions":["read"],"principals":["user:subject-1"]}]
    }"#;
    assert_eq!(reveal(document, from("10.0.0.1"), NOON), Ok(()));
    let elsewhere = reveal(document, from("192.0.2.7"), NOON);
    assert_eq!(elsewhere, Err(PolicyDenied::NoCondition));
    let other = CallerParts {
        principal: account("ci").principal,
        ..from("10.0.0.1")
    };
    assert_eq!(
        reveal(document, other, NOON),
        Err(PolicyDenied::NoStatement)
    );
}

#[test]
fn statements_can_be_kept_without_being_enforced() {
    let document = r#"{
        "conditions": [{"type":"ip","effect":"deny","cidrs":["10.0.0.0/8"]}],
        "statements": [{"effect":"deny"}]
    }"#;
    let stored = parsed(document).with_statements_mode(StatementsMode::Store);
    assert_eq!(
        ask::<ReadSecretValue>(&stored, from("192.0.2.7"), NOON),
        Ok(())
    );
    let denied = ask::<ReadSecretValue>(&stored, from("10.0.0.1"), NOON);
    assert_eq!(denied, Err(PolicyDenied::Condition));
    let enforced = stored.with_statements_mode(StatementsMode::Enforce);
    let denied = ask::<ReadSecretValue>(&enforced, from("192.0.2.7"), NOON);
    assert_eq!(denied, Err(PolicyDenied::Statement));
}

#[test]
fn an_unreadable_policy_denies_everything() {
    for mode in [StatementsMode::Enforce, StatementsMode::Store] {
        let policy = AccessPolicy::unreadable().with_statements_mode(mode);
        let denied = Err(PolicyDenied::Unreadable);
        assert_eq!(
            ask::<ReadSecretValue>(&policy, from("192.0.2.7"), NOON),
            denied
        );
        assert_eq!(
            ask::<PutSecretValue>(&policy, from("192.0.2.7"), NOON),
            denied
        );
    }
}

#[test]
fn an_owner_is_bound_by_the_policy_too() {
    let owner = CallerParts {
        owner: true,
        ..from("192.0.2.7")
    };
    let denied = reveal(&statements(&["deny * *"]), owner, NOON);
    assert_eq!(denied, Err(PolicyDenied::Statement));
}

#[test]
fn an_operation_that_is_tried_again_meets_the_policy_of_that_moment() {
    let admit = |policy: Option<&AccessPolicy>| {
        let caller = Arc::new(Caller::vouched(from("192.0.2.7")));
        let grant = authorize::<PutSecretValue>(caller, scope(), path("/app/x")).unwrap();
        grant.admit(policy, NOON.parse().unwrap()).unwrap()
    };
    let stricter = parsed(&statements(&["deny write *"]));
    let again = admit(None).readmit(Some(&stricter), NOON.parse().unwrap());
    assert!(matches!(again, Err(PolicyDenied::Statement)));
    let lunch = r#"{"conditions":[{"type":"time","effect":"allow","startHour":12,"endHour":13}]}"#;
    let lunch = parsed(lunch);
    let again = admit(Some(&lunch)).readmit(Some(&lunch), "2026-03-02T13:00:00Z".parse().unwrap());
    assert!(matches!(again, Err(PolicyDenied::NoCondition)));
    let again = admit(Some(&lunch))
        .readmit(Some(&lunch), NOON.parse().unwrap())
        .unwrap();
    assert_eq!(again.target(), &path("/app/x"));
}

#[test]
fn whoever_was_admitted_can_be_asked_for_the_right_on_the_key() {
    let key = KeyNames {
        identity: KeyId::from_bytes([1; 16]),
        slug: "primary".parse().unwrap(),
    };
    for (held, expected) in [
        ("kms_key|primary|encrypt", true),
        ("kms_key|other|encrypt", false),
    ] {
        let caller = Arc::new(Caller::vouched(parts(&["secret||*", held])));
        let grant = authorize::<PutSecretValue>(caller, scope(), path("/app/x")).unwrap();
        let admitted = grant.admit(None, NOON.parse().unwrap()).unwrap();
        assert_eq!(
            admitted.also_permits::<EncryptWithKey>(&key).is_ok(),
            expected,
            "{held}"
        );
    }
}
