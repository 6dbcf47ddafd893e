//! Contract 1.11 and 6.1, line by line.

use std::net::IpAddr;
use std::sync::Arc;

use proptest::prelude::*;
use strongroom_types::{SecretPath, ServiceAccountId, TeamId, UserId};

use super::*;
use crate::action::{PutSecretValue, ReadSecretValue};
use crate::admitted::GatedByPolicy;
use crate::caller::{CallerParts, Principal};
use crate::grant::authorize;
use crate::testing::{parts, path, scope};

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

#[test]
fn no_policy_leaves_the_decision_to_the_rules() {
    let caller = Arc::new(Caller::vouched(from("192.0.2.7")));
    let grant = authorize::<ReadSecretValue>(Arc::clone(&caller), scope(), path("/a")).unwrap();
    let admitted = grant.admit(None, NOON.parse().unwrap()).unwrap();
    assert!(Arc::ptr_eq(admitted.caller(), &caller));
}

#[test]
fn null_and_only_empty_lists_clear() {
    for document in [
        "null",
        " {} ",
        r#"{"conditions":[]}"#,
        r#"{"statements":[]}"#,
        r#"{"conditions":[],"statements":null,"conditionals":null}"#,
        r#"{"conditionals":{}}"#,
        r#"{"conditionals":{"allowed":[],"denied":[]}}"#,
        r#"{"conditions":[],"note":"from a newer client"}"#,
    ] {
        assert!(
            AccessPolicy::parse(document).unwrap().is_none(),
            "{document}"
        );
    }
}

#[test]
fn conditions_deny_first_and_then_want_one_allow() {
    use PolicyDenied::{Condition, NoCondition};
    let office = r#"{"type":"ip","effect":"allow","cidrs":["10.0.0.0/8","2001:db8::/32"]}"#;
    let hours = r#"{"type":"time","effect":"allow","startHour":8,"endHour":18,"timezone":"UTC"}"#;
    let guest = r#"{"type":"ip","effect":"deny","cidrs":["10.9.0.0/16"]}"#;
    let night = r#"{"type":"time","effect":"deny","startHour":22,"endHour":6}"#;
    let (noon, evening, midnight) = (NOON, "2026-03-02T20:00:00Z", "2026-03-02T23:30:00Z");
    for (conditions, ip, at, expected) in [
        (vec![office], "10.1.1.1", midnight, Ok(())),
        (vec![office], "2001:db8::1", midnight, Ok(())),
        (vec![office], "::ffff:10.1.1.1", midnight, Ok(())),
        (vec![office], "192.0.2.1", noon, Err(NoCondition)),
        (vec![hours], "192.0.2.1", noon, Ok(())),
        (vec![hours], "192.0.2.1", evening, Err(NoCondition)),
        // Allows are an OR across types, although many expect an AND (6.26).
        (vec![office, hours], "192.0.2.1", noon, Ok(())),
        (vec![office, hours], "10.1.1.1", evening, Ok(())),
        (vec![office, hours], "192.0.2.1", evening, Err(NoCondition)),
        // Denies beat allows, wherever they stand.
        (vec![office, guest], "10.9.1.1", noon, Err(Condition)),
        (vec![guest, office], "10.9.1.1", noon, Err(Condition)),
        (vec![office, guest], "10.8.1.1", noon, Ok(())),
        (
            vec![office, hours, night],
            "10.1.1.1",
            midnight,
            Err(Condition),
        ),
        // Denies alone let everything else through.
        (vec![guest], "192.0.2.1", noon, Ok(())),
        (vec![night], "192.0.2.1", noon, Ok(())),
        (
            vec![night],
            "192.0.2.1",
            "2026-03-02T05:59:59Z",
            Err(Condition),
        ),
        (vec![night], "192.0.2.1", "2026-03-02T06:00:00Z", Ok(())),
    ] {
        let document = format!(r#"{{"conditions":[{}]}}"#, conditions.join(","));
        assert_eq!(
            reveal(&document, from(ip), at),
            expected,
            "{document} {ip} {at}"
        );
        assert_eq!(
            put(&document, from(ip), at),
            expected,
            "{document} {ip} {at}"
        );
    }
}

#[test]
fn an_unknown_address_is_never_allowed_and_always_denied() {
    let nowhere = || CallerParts {
        client_ip: None,
        ..from("192.0.2.1")
    };
    let allow = r#"{"conditions":[{"type":"ip","effect":"allow","cidrs":["0.0.0.0/0","::/0"]}]}"#;
    let deny = r#"{"conditions":[{"type":"ip","effect":"deny","cidrs":["10.0.0.0/8"]}]}"#;
    assert_eq!(
        reveal(allow, nowhere(), NOON),
        Err(PolicyDenied::NoCondition)
    );
    assert_eq!(reveal(deny, nowhere(), NOON), Err(PolicyDenied::Condition));
}

#[test]
fn spellings_of_other_clients_mean_the_same() {
    for document in [
        r#"{"conditions":[{"type":"ip","effect":"Allow","cidrs":["192.0.2.7"]}]}"#,
        r#"{"conditions":[{"type":"ip","effect":"ALLOW","ips":["192.0.2.7/32"]}]}"#,
        r#"{"conditionals":{"allowed":[{"type":"ip","ips":["192.0.2.7"]}]}}"#,
        r#"{"conditionals":{"allowed":[{"type":"ip","cidrs":["192.0.2.7"]}],"denied":[]}}"#,
        // Fields of the other type that say nothing.
        r#"{"conditions":[{"type":"ip","effect":"allow","cidrs":["192.0.2.7"],"startHour":0,"endHour":0,"timezone":"","time":null}]}"#,
    ] {
        assert_eq!(
            reveal(document, from("192.0.2.7"), NOON),
            Ok(()),
            "{document}"
        );
        let denied = reveal(document, from("192.0.2.8"), NOON);
        assert_eq!(denied, Err(PolicyDenied::NoCondition), "{document}");
    }
    for document in [
        r#"{"conditions":[{"type":"time","effect":"deny","startHour":11,"endHour":13}]}"#,
        r#"{"conditions":[{"type":"time","effect":"deny","startHour":11,"endHour":13,"timezone":"","cidrs":[]}]}"#,
        r#"{"conditions":[{"type":"time","effect":"deny","time":{"startHour":11,"endHour":13}}]}"#,
        r#"{"conditionals":{"denied":[{"type":"time","time":{"startHour":11,"endHour":13,"timezone":"UTC"}}]}}"#,
        r#"{"conditionals":{"denied":[{"type":"time","startHour":12,"endHour":14,"timezone":"Europe/Amsterdam"}]}}"#,
    ] {
        let denied = reveal(document, from("192.0.2.7"), NOON);
        assert_eq!(denied, Err(PolicyDenied::Condition), "{document}");
        let later = reveal(document, from("192.0.2.7"), "2026-03-02T13:00:00Z");
        assert_eq!(later, Ok(()), "{document}");
    }
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
fn every_alias_of_an_action_is_known_in_any_case() {
    const REVEAL: [&str; 8] = [
        "getSecretValue",
        "secrets:get-value",
        "secrets:getSecretValue",
        "secrets:GetSecretValue",
        "get-value",
        "read",
        "READ",
        "getsecretvalue",
    ];
    const PUT: [&str; 8] = [
        "putSecretValue",
        "secrets:put-value",
        "secrets:putSecretValue",
        "secrets:PutSecretValue",
        "put-value",
        "write",
        "update",
        "Update",
    ];
    const BOTH: [&str; 5] = ["*", "secrets:*", "Secrets:*", "-", ""];
    let denied = Err(PolicyDenied::Statement);
    for (words, reveals, puts) in [
        (&REVEAL[..], denied, Ok(())),
        (&PUT[..], Ok(()), denied),
        (&BOTH[..], denied, denied),
    ] {
        for word in words {
            let document = statements(&[&format!("Deny {word} *")]);
            assert_eq!(
                reveal(&document, from("192.0.2.7"), NOON),
                reveals,
                "{document}"
            );
            assert_eq!(put(&document, from("192.0.2.7"), NOON), puts, "{document}");
        }
    }
}

#[test]
fn every_form_of_a_principal_is_known() {
    let user = UserId::from_bytes([1; 16]);
    let other_user = UserId::from_bytes([3; 16]);
    let team = TeamId::from_bytes([2; 16]);
    let robot = ServiceAccountId::from_bytes([5; 16]);
    let other_robot = ServiceAccountId::from_bytes([6; 16]);
    // Form, then whether it means the user of team platform, and the service account `ci`.
    for (form, is_user, is_account) in [
        ("*".to_owned(), true, true),
        ("user:subject-1".into(), true, false),
        ("USER:subject-1".into(), true, false),
        ("user:ann@example.org".into(), true, false),
        (format!("user:{user}"), true, false),
        (format!("user:{other_user}"), false, false),
        ("user:SUBJECT-1".into(), false, false),
        ("user:bob@example.org".into(), false, false),
        ("team:platform".into(), true, false),
        (format!("team:{team}"), true, false),
        ("team:engineering".into(), false, false),
        ("service-account:ci".into(), false, true),
        ("serviceAccount:ci".into(), false, true),
        ("sa:ci".into(), false, true),
        (format!("sa:{robot}"), false, true),
        (format!("sa:{other_robot}"), false, false),
        ("sa:cd".into(), false, false),
        (user.to_string(), true, false),
        (team.to_string(), true, false),
        (robot.to_string(), false, true),
        (other_robot.to_string(), false, false),
    ] {
        let document = statements(&[&format!("deny read {form}")]);
        for (who, is) in [(from("192.0.2.7"), is_user), (account("ci"), is_account)] {
            let expected = if is {
                Err(PolicyDenied::Statement)
            } else {
                Ok(())
            };
            assert_eq!(reveal(&document, who, NOON), expected, "{form}");
        }
    }
    for absent in ["deny read -", "deny read "] {
        let denied = reveal(&statements(&[absent]), account("ci"), NOON);
        assert_eq!(denied, Err(PolicyDenied::Statement));
    }
}

#[test]
fn statements_decide_for_each_action_on_its_own() {
    use PolicyDenied::{NoStatement, Statement};
    for (written, reveals, puts) in [
        // The example of the Terraform provider: a restriction on reading leaves writing alone.
        (&["Allow read team:platform"][..], Ok(()), Ok(())),
        (&["Allow read team:others"], Err(NoStatement), Ok(())),
        (&["Allow write team:others"], Ok(()), Err(NoStatement)),
        (&["Allow * team:others"], Err(NoStatement), Err(NoStatement)),
        (
            &["Allow read team:others", "Allow read user:subject-1"],
            Ok(()),
            Ok(()),
        ),
        (&["Deny read team:platform"], Err(Statement), Ok(())),
        (&["Deny read team:others"], Ok(()), Ok(())),
        (
            &["Allow read *", "Deny read user:subject-1"],
            Err(Statement),
            Ok(()),
        ),
        (
            &["Deny read user:subject-1", "Allow read *"],
            Err(Statement),
            Ok(()),
        ),
        // An allow for an unknown action restricts nothing and permits nothing.
        (&["Allow delete team:others"], Ok(()), Ok(())),
        (&["Allow delete,read team:others"], Err(NoStatement), Ok(())),
        // An allow for nobody that we know lets nobody through.
        (&["Allow read group:others"], Err(NoStatement), Ok(())),
        (&["Allow read bob"], Err(NoStatement), Ok(())),
        (&["Allow read group:others,user:subject-1"], Ok(()), Ok(())),
    ] {
        let document = statements(written);
        assert_eq!(
            reveal(&document, from("192.0.2.7"), NOON),
            reveals,
            "{written:?}"
        );
        assert_eq!(put(&document, from("192.0.2.7"), NOON), puts, "{written:?}");
    }
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
fn what_is_no_policy_is_refused_by_element() {
    let condition = |fields: &str| format!(r#"{{"conditions":[{{{fields}}}]}}"#);
    let ip = |rest: &str| condition(&format!(r#""type":"ip","effect":"allow"{rest}"#));
    let time = |rest: &str| condition(&format!(r#""type":"time","effect":"allow"{rest}"#));
    let hours = r#","startHour":8,"endHour":18"#;
    let cases = [
        ("[]".into(), "accessPolicy: it must be an object"),
        ("\"x\"".into(), "accessPolicy: it must be an object"),
        ("true".into(), "accessPolicy: it must be an object"),
        (
            r#"{"rules":[]}"#.into(),
            "accessPolicy: none of its fields is known; a policy has `conditions`, `statements` or both",
        ),
        (
            r#"{"conditions":{}}"#.into(),
            "accessPolicy.conditions: it must be a list",
        ),
        (
            r#"{"conditions":[1]}"#.into(),
            "accessPolicy.conditions[0]: it must be an object",
        ),
        (
            condition(r#""type":"ip","cidrs":["::1"]"#),
            "accessPolicy.conditions[0].effect: it is missing",
        ),
        (
            condition(r#""type":"ip","effect":"permit""#),
            "accessPolicy.conditions[0].effect: it must be `allow` or `deny`",
        ),
        (
            condition(r#""effect":"allow""#),
            "accessPolicy.conditions[0].type: it is missing",
        ),
        (
            condition(r#""effect":"allow","type":"geo""#),
            "accessPolicy.conditions[0].type: it must be `ip` or `time`",
        ),
        (
            ip(r#","cidr":["10.0.0.0/8"]"#),
            "accessPolicy.conditions[0]: it has an unknown field, which would be ignored; known here are: \
             type, effect, cidrs, ips, startHour, endHour, timezone, time",
        ),
        (
            ip(""),
            "accessPolicy.conditions[0].cidrs: it must not be empty",
        ),
        (
            ip(r#","cidrs":[]"#),
            "accessPolicy.conditions[0].cidrs: it must not be empty",
        ),
        (
            ip(r#","ips":[]"#),
            "accessPolicy.conditions[0].ips: it must not be empty",
        ),
        (
            ip(r#","cidrs":["10.0.0.0/8","10.0.0.0/33"]"#),
            "accessPolicy.conditions[0].cidrs[1]: it is neither an IP address nor a range such as \
             10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            ip(r#","cidrs":["office"]"#),
            "accessPolicy.conditions[0].cidrs[0]: it is neither an IP address nor a range such as \
             10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            ip(r#","cidrs":[7]"#),
            "accessPolicy.conditions[0].cidrs[0]: it must be a string",
        ),
        (
            ip(r#","cidrs":["::ffff:10.0.0.0/90"]"#),
            "accessPolicy.conditions[0].cidrs[0]: a range of IPv4 addresses is written as IPv4, \
             for example 10.0.0.0/8",
        ),
        (
            ip(r#","cidrs":["::1"],"ips":["::2"]"#),
            "accessPolicy.conditions[0].ips: this repeats `cidrs`; give one of them",
        ),
        (
            ip(r#","cidrs":["::1"],"startHour":0,"endHour":6"#),
            "accessPolicy.conditions[0].endHour: this field belongs to conditions of the type \
             `time`; write two conditions instead",
        ),
        (
            time(&format!(r#"{hours},"cidrs":["::1"]"#)),
            "accessPolicy.conditions[0].cidrs: this field belongs to conditions of the type `ip`; \
             write two conditions instead",
        ),
        (
            time(r#","endHour":6"#),
            "accessPolicy.conditions[0].startHour: it is missing",
        ),
        (
            time(r#","startHour":6"#),
            "accessPolicy.conditions[0].endHour: it is missing",
        ),
        (
            time(r#","startHour":24,"endHour":6"#),
            "accessPolicy.conditions[0].startHour: it must be a whole number from 0 to 23",
        ),
        (
            time(r#","startHour":-1,"endHour":6"#),
            "accessPolicy.conditions[0].startHour: it must be a whole number from 0 to 23",
        ),
        (
            time(r#","startHour":8.5,"endHour":18"#),
            "accessPolicy.conditions[0].startHour: it must be a whole number from 0 to 23",
        ),
        (
            time(r#","startHour":"8","endHour":18"#),
            "accessPolicy.conditions[0].startHour: it must be a whole number from 0 to 23",
        ),
        (
            time(r#","startHour":8,"endHour":25"#),
            "accessPolicy.conditions[0].endHour: it must be a whole number from 0 to 24",
        ),
        (
            time(r#","startHour":8,"endHour":264"#),
            "accessPolicy.conditions[0].endHour: it must be a whole number from 0 to 24",
        ),
        (
            time(r#","startHour":8,"endHour":8"#),
            "accessPolicy.conditions[0].endHour: it must differ from startHour; the whole day is 0 to 24",
        ),
        (
            time(&format!(r#"{hours},"timezone":"Mars/Olympus""#)),
            "accessPolicy.conditions[0].timezone: it is no IANA time zone; a zone looks like \
             Europe/Amsterdam or UTC",
        ),
        (
            time(&format!(r#"{hours},"timezone":"Etc/Unknown""#)),
            "accessPolicy.conditions[0].timezone: it is no IANA time zone; a zone looks like \
             Europe/Amsterdam or UTC",
        ),
        (
            time(&format!(r#"{hours},"timezone":"../../etc/passwd""#)),
            "accessPolicy.conditions[0].timezone: it is no IANA time zone; a zone looks like \
             Europe/Amsterdam or UTC",
        ),
        (
            time(&format!(r#"{hours},"time":{{"startHour":1,"endHour":2}}"#)),
            "accessPolicy.conditions[0].startHour: this repeats `time`; give one of them",
        ),
        (
            time(r#","time":{"startHour":1,"endHour":2,"zone":"UTC"}"#),
            "accessPolicy.conditions[0].time: it has an unknown field, which would be ignored; \
             known here are: startHour, endHour, timezone",
        ),
        (
            time(r#","time":{"startHour":1,"endHour":1}"#),
            "accessPolicy.conditions[0].time.endHour: it must differ from startHour; the whole day is 0 to 24",
        ),
        (
            r#"{"conditionals":{"allow":[]}}"#.into(),
            "accessPolicy.conditionals: it has an unknown field, which would be ignored; known \
             here are: allowed, denied",
        ),
        (
            r#"{"conditionals":{"denied":[{"type":"ip","ips":["x"]}]}}"#.into(),
            "accessPolicy.conditionals.denied[0].ips[0]: it is neither an IP address nor a range \
             such as 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            r#"{"conditionals":{"denied":[{"type":"ip","ips":["::1"],"effect":"allow"}]}}"#.into(),
            "accessPolicy.conditionals.denied[0]: it has an unknown field, which would be ignored; \
             known here are: type, cidrs, ips, startHour, endHour, timezone, time",
        ),
        (
            r#"{"statements":[{}]}"#.into(),
            "accessPolicy.statements[0].effect: it is missing",
        ),
        (
            r#"{"statements":[{"effect":"deny","action":["read"]}]}"#.into(),
            "accessPolicy.statements[0]: it has an unknown field, which would be ignored; known \
             here are: effect, actions, principals",
        ),
        (
            r#"{"statements":[{"effect":"deny","actions":"read"}]}"#.into(),
            "accessPolicy.statements[0].actions: it must be a list",
        ),
        (
            statements(&["deny read,delete *"]),
            "accessPolicy.statements[0].actions[1]: this action is not known, so the deny would \
             be ignored; known are `getSecretValue`, `putSecretValue` and `*`",
        ),
        (
            statements(&["allow read *", "deny read group:x"]),
            "accessPolicy.statements[1].principals[0]: this names no principal, so the deny would \
             be ignored; write `*`, `user:…`, `team:…`, `service-account:…` or an identity",
        ),
        (
            r#"{"statements":[{"effect":"allow","principals":[""]}]}"#.into(),
            "accessPolicy.statements[0].principals[0]: it must not be empty",
        ),
    ];
    for (document, message) in cases {
        assert_eq!(refusal(&document), message, "{document}");
    }
}

#[test]
fn denied_principals_that_name_nobody_are_refused() {
    for form in [
        "bob",
        "user:",
        "user:*",
        "team:*",
        "team:Has Blanks",
        "sa:",
        "group:x",
        "usr-1",
    ] {
        let document = format!(r#"{{"statements":[{{"effect":"deny","principals":["{form}"]}}]}}"#);
        let error = AccessPolicy::parse(&document).unwrap_err();
        assert!(
            matches!(error.problem(), PolicyProblem::DeniedPrincipal),
            "{form}: {error}"
        );
        assert_eq!(error.element(), "accessPolicy.statements[0].principals[0]");
    }
}

#[test]
fn text_that_is_no_json_or_says_a_thing_twice_is_refused() {
    for document in [
        "",
        "{",
        "{} {}",
        r#"{"conditions":[{"type":"ip","effect":"deny","cidrs":["::1"]}],"conditions":[]}"#,
        r#"{"statements":[{"effect":"deny","effect":"allow"}]}"#,
        &"[".repeat(1000),
    ] {
        let error = AccessPolicy::parse(document).unwrap_err();
        assert!(
            matches!(error.problem(), PolicyProblem::Json(_)),
            "{document}: {error}"
        );
        assert!(std::error::Error::source(error.problem()).is_some());
    }
    let twice = refusal(r#"{"statements":[{"effect":"deny","effect":"allow"}]}"#);
    assert!(twice.contains("a field occurs twice"), "{twice}");
}

#[test]
fn limits_hold() {
    let many = |entry: &str, count: usize| vec![entry; count].join(",");
    let condition = r#"{"type":"ip","effect":"deny","cidrs":["::1"]}"#;
    let denied = r#"{"type":"ip","ips":["::1"]}"#;
    let conditions = |count| format!(r#"{{"conditions":[{}]}}"#, many(condition, count));
    assert!(AccessPolicy::parse(&conditions(64)).unwrap().is_some());
    assert_eq!(
        refusal(&conditions(65)),
        "accessPolicy.conditions: it may have at most 64 entries"
    );
    let both = format!(
        r#"{{"conditions":[{}],"conditionals":{{"denied":[{}]}}}}"#,
        many(condition, 40),
        many(denied, 25)
    );
    assert_eq!(
        refusal(&both),
        "accessPolicy.conditions: it may have at most 64 entries"
    );

    let entries = |count| {
        format!(
            r#"{{"statements":[{}]}}"#,
            many(r#"{"effect":"deny"}"#, count)
        )
    };
    assert!(AccessPolicy::parse(&entries(64)).unwrap().is_some());
    assert_eq!(
        refusal(&entries(65)),
        "accessPolicy.statements: it may have at most 64 entries"
    );

    let cidrs = |count| {
        let list = many("\"::1\"", count);
        format!(r#"{{"conditions":[{{"type":"ip","effect":"deny","cidrs":[{list}]}}]}}"#)
    };
    assert!(AccessPolicy::parse(&cidrs(256)).unwrap().is_some());
    assert_eq!(
        refusal(&cidrs(257)),
        "accessPolicy.conditions[0].cidrs: it may have at most 256 entries"
    );
    let principals = |count| {
        let list = many("\"*\"", count);
        format!(r#"{{"statements":[{{"effect":"deny","principals":[{list}]}}]}}"#)
    };
    assert!(AccessPolicy::parse(&principals(256)).unwrap().is_some());
    assert_eq!(
        refusal(&principals(257)),
        "accessPolicy.statements[0].principals: it may have at most 256 entries"
    );

    let longest = format!("{{}}{}", " ".repeat(AccessPolicy::MAX_DOCUMENT - 2));
    assert!(AccessPolicy::parse(&longest).unwrap().is_none());
    let longer = format!("{longest} ");
    assert_eq!(
        refusal(&longer),
        "accessPolicy: a policy has at most 16384 bytes"
    );
}

#[test]
fn refusals_do_not_repeat_what_was_written() {
    let marked = "hunter2-marked";
    for document in [
        format!(r#"{{"conditions":[{{"type":"{marked}","effect":"allow"}}]}}"#),
        format!(r#"{{"conditions":[{{"type":"ip","effect":"allow","cidrs":["{marked}"]}}]}}"#),
        format!(r#"{{"statements":[{{"effect":"deny","actions":["{marked}"]}}]}}"#),
        format!(r#"{{"statements":[{{"effect":"deny","{marked}":1}}]}}"#),
        format!(r#"{{"{marked}":1}}"#),
        format!(r#"{{"conditions":{marked}}}"#),
    ] {
        assert!(!refusal(&document).contains(marked), "{document}");
    }
}

fn any_condition() -> impl Strategy<Value = (bool, String)> {
    let test = prop_oneof![
        proptest::sample::select(vec![
            "10.0.0.0/8",
            "10.1.0.0/16",
            "192.0.2.0/24",
            "0.0.0.0/0"
        ])
        .prop_map(|range| format!(r#""type":"ip","cidrs":["{range}"]"#)),
        (0..24u8, 0..=24u8)
            .prop_filter("a window has length", |(start, end)| start != end)
            .prop_map(|(start, end)| format!(
                r#""type":"time","startHour":{start},"endHour":{end}"#
            )),
    ];
    (any::<bool>(), test).prop_map(|(deny, test)| {
        let effect = if deny { "deny" } else { "allow" };
        (deny, format!(r#"{{"effect":"{effect}",{test}}}"#))
    })
}

fn any_address() -> impl Strategy<Value = IpAddr> {
    proptest::sample::select(vec!["10.0.0.1", "10.1.0.1", "192.0.2.7", "203.0.113.1"])
        .prop_map(|ip| ip.parse().unwrap())
}

fn document(conditions: &[(bool, String)]) -> String {
    let texts: Vec<_> = conditions.iter().map(|(_, text)| text.as_str()).collect();
    format!(r#"{{"conditions":[{}]}}"#, texts.join(","))
}

proptest! {
    /// The decision, put together from what each condition says alone.
    #[test]
    fn denies_beat_allows_and_one_allow_suffices(
        conditions in proptest::collection::vec(any_condition(), 1..6),
        ip in any_address(),
        minute in 0..24 * 60i64,
    ) {
        let now = Timestamp::from_second(1_772_409_600 + minute * 60).unwrap();
        let alone = |one: &(bool, String)| {
            parsed(&document(std::slice::from_ref(one))).check_conditions(Some(ip), now).is_ok()
        };
        let (denies, allows): (Vec<_>, Vec<_>) = conditions.iter().partition(|(deny, _)| *deny);
        let expected = denies.iter().all(|one| alone(one))
            && (allows.is_empty() || allows.iter().any(|one| alone(one)));
        let decision = parsed(&document(&conditions)).check_conditions(Some(ip), now);
        prop_assert_eq!(decision.is_ok(), expected);
    }

    /// A further deny never lets anything through, and the order never matters.
    #[test]
    fn a_further_deny_only_takes_away(
        conditions in proptest::collection::vec(any_condition(), 1..5),
        added in any_condition(),
        ip in any_address(),
        minute in 0..24 * 60i64,
    ) {
        let now = Timestamp::from_second(1_772_409_600 + minute * 60).unwrap();
        let decide = |conditions: &[(bool, String)]| {
            parsed(&document(conditions)).check_conditions(Some(ip), now)
        };
        let before = decide(&conditions);
        let mut longer = conditions.clone();
        longer.insert(0, (true, added.1.replace("allow", "deny")));
        prop_assert!(before.is_ok() || decide(&longer).is_err());
        let mut reversed = conditions;
        reversed.reverse();
        prop_assert_eq!(before, decide(&reversed));
    }

    /// Whatever is sent, the answer is a policy or an error that names a place.
    #[test]
    fn no_document_upsets_the_parser(text in r#"[\[\]{}",:a-z0-9 ]{0,80}"#) {
        if let Err(error) = AccessPolicy::parse(&text) {
            prop_assert!(error.element().starts_with("accessPolicy"));
        }
    }
}
