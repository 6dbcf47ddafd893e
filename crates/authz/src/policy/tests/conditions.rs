//! From where and when.

use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

#[test]
fn no_policy_leaves_the_decision_to_the_rules() {
    let caller = Arc::new(Caller::vouched(from("192.0.2.7")));
    let grant = authorize::<ReadSecretValue>(Arc::clone(&caller), scope(), path("/a")).unwrap();
    let admitted = grant.admit(None, NOON.parse().unwrap()).unwrap();
    assert!(Arc::ptr_eq(admitted.caller(), &caller));
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
            let passed = parsed(&document(conditions)).check_conditions(Some(ip), now);
            passed.map(drop).map_err(|refused| refused.why)
        };
        let before = decide(&conditions);
        let mut longer = conditions.clone();
        longer.insert(0, (true, added.1.replace("allow", "deny")));
        prop_assert!(before.is_ok() || decide(&longer).is_err());
        let mut reversed = conditions;
        reversed.reverse();
        prop_assert_eq!(before, decide(&reversed));
    }
}
