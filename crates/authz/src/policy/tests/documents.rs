//! What is a policy, and what is none.

use proptest::prelude::*;

use super::*;

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

proptest! {
    /// Whatever is sent, the answer is a policy or an error that names a place.
    #[test]
    fn no_document_upsets_the_parser(text in r#"[\[\]{}",:a-z0-9 ]{0,80}"#) {
        if let Err(error) = AccessPolicy::parse(&text) {
            prop_assert!(error.element().starts_with("accessPolicy"));
        }
    }
}
