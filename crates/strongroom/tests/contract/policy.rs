//! `PUT …/policy` and what a policy does (contract 1.11, 6.1).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::secret;
use strongroom_testkit::{House, Tenant, b64};

const HOUR: Duration = Duration::from_secs(3600);

fn house_behind_a_proxy() -> House {
    House::with(|config| config.proxies.trusted = vec!["127.0.0.0/8".parse().unwrap()])
}

fn with_policy(acme: &Tenant<'_>, path: &str, policy: &Value) {
    acme.owner.create(path, &acme.key, "v").expect(201);
    acme.owner.set_policy(path, policy).expect(200);
}

/// Whether the owner gets at the value from here, by reveal and by put alike.
fn passes(acme: &Tenant<'_>, path: &str, from: &str) -> bool {
    let reveal = acme
        .owner
        .reveal(path)
        .header("X-Forwarded-For", from)
        .send();
    let put = acme
        .owner
        .put_value(path, "v")
        .header("X-Forwarded-For", from)
        .send();
    assert_eq!(reveal.status, put.status, "{}", reveal.text());
    match reveal.status {
        200 => true,
        403 => {
            assert_eq!(
                (reveal.code(), put.code()),
                ("access_policy_denied".into(), "access_policy_denied".into())
            );
            false
        }
        other => panic!("{other}: {}", reveal.text()),
    }
}

/// The text of `accessPolicy` in a reply.
fn echoed(text: &str) -> &str {
    let (_, rest) = text.split_once("\"accessPolicy\":").unwrap();
    rest
}

#[test]
fn a_policy_is_echoed_byte_for_byte() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    for policy in [
        r#"{"conditions":[{"type":"ip","effect":"allow","cidrs":["127.0.0.0/8","::1"]}]}"#,
        r#"{"conditions": [ {"effect":"Deny" , "type":"time","startHour":22,"endHour":6,"timezone":"Europe/Amsterdam"}]}"#,
        r#"{"statements":[{"effect":"Allow","actions":["read"],"principals":["team:platform"]}]}"#,
        r#"{"statements":[{"effect":"Deny","actions":["secrets:get-value"]}],"conditions":[],"x":1.50}"#,
        "{\"conditions\":[{\"cidrs\":[\"10.0.0.1\"],\"type\":\"ip\",\"effect\":\"deny\"}],\"note\":\"\\u00fc\"}",
    ] {
        let body = format!("{{\"accessPolicy\":{policy}}}");
        let set = acme.owner.put(&secret("/a/policy")).body(body).expect(200);
        let read = acme.owner.get(&secret("/a")).expect(200);
        for reply in [set, read] {
            assert!(echoed(reply.text()).starts_with(policy), "{}", reply.text());
        }
    }
    // The same at creation.
    let policy = r#"{"statements" : [{"effect":"Deny","principals":["user:x"]}]}"#;
    let body = format!(
        "{{\"path\":\"/b\",\"kmsKeyIdentity\":\"{}\",\"secretString\":\"{}\",\"accessPolicy\":{policy}}}",
        acme.key,
        b64("v")
    );
    let created = acme
        .owner
        .post(strongroom_testkit::api::SECRETS)
        .body(body)
        .expect(201);
    assert!(
        echoed(created.text()).starts_with(policy),
        "{}",
        created.text()
    );
}

#[test]
fn null_and_nothing_clear_a_policy() {
    let house = House::new();
    let acme = house.tenant("acme");
    let policy = json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["10.0.0.0/8"]}]});
    with_policy(&acme, "/a", &policy);
    for (n, clearing) in [
        json!(null),
        json!({}),
        json!({"conditions": []}),
        json!({"statements": []}),
        json!({"statements": [], "conditions": []}),
    ]
    .into_iter()
    .enumerate()
    {
        let set = acme.owner.set_policy("/a", &policy).expect(200).json();
        assert_eq!(set["accessPolicy"], policy);
        assert_eq!(set["objectVersion"], 3 + 2 * n);
        let cleared = acme.owner.set_policy("/a", &clearing).expect(200).json();
        assert_eq!(cleared.get("accessPolicy"), None, "{clearing}");
        assert_eq!(acme.owner.get(&secret("/a")).expect(200).json(), cleared);
    }
}

#[test]
fn what_cannot_be_understood_is_refused_and_changes_nothing() {
    let house = House::new();
    let acme = house.tenant("acme");
    let policy = json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["10.0.0.0/8"]}]});
    with_policy(&acme, "/a", &policy);
    let before = acme.owner.get(&secret("/a")).expect(200).json();
    let ip =
        |cidrs: Value| json!({"conditions": [{"type": "ip", "effect": "allow", "cidrs": cidrs}]});
    let time = |start: Value, end: Value, zone: &str| json!({"conditions": [{"type": "time", "effect": "allow", "startHour": start, "endHour": end, "timezone": zone}]});
    for wrong in [
        json!([]),
        json!("deny"),
        json!({"rules": []}),
        json!({"conditions": {}}),
        json!({"conditions": [7]}),
        json!({"conditions": [{"effect": "allow"}]}),
        json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["10.0.0.1"], "port": 1}]}),
        json!({"conditions": [{"type": "moon", "effect": "allow"}]}),
        json!({"conditions": [{"type": "ip", "effect": "maybe", "cidrs": ["10.0.0.0/8"]}]}),
        ip(json!([])),
        ip(json!(["10.0.0.0/33"])),
        ip(json!(["nonsense"])),
        ip(json!([8])),
        time(json!(8), json!(8), "UTC"),
        time(json!(24), json!(8), "UTC"),
        time(json!(8), json!(25), "UTC"),
        time(json!(-1), json!(8), "UTC"),
        time(json!(8.5), json!(9), "UTC"),
        time(json!(8), json!(18), "Europe/Atlantis"),
        json!({"statements": [{"effect": "perhaps"}]}),
        json!({"statements": [{"effect": "Deny", "actions": ["fly"]}]}),
        json!({"statements": [{"effect": "Allow", "actions": "read"}]}),
    ] {
        for call in [
            acme.owner.set_policy("/a", &wrong),
            acme.owner.create_with(
                "/no",
                &acme.key,
                &json!({"secretString": b64("v"), "accessPolicy": wrong}),
            ),
        ] {
            let refused = call.expect(400);
            assert!(
                ["invalid_policy", "invalid_request"].contains(&refused.code().as_str()),
                "{wrong}"
            );
        }
    }
    for body in ["", "{}", "[]", r#"{"accesspolicy":null}"#] {
        acme.owner.put(&secret("/a/policy")).body(body).expect(400);
    }
    assert_eq!(acme.owner.get(&secret("/a")).expect(200).json(), before);
    assert_eq!(acme.owner.paths("/"), ["/a"]);
}

#[test]
fn an_address_decides() {
    let house = house_behind_a_proxy();
    let acme = house.tenant("acme");
    let allow = json!({"conditions": [{"type": "ip", "effect": "allow", "cidrs": ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]}]});
    with_policy(&acme, "/allow", &allow);
    let deny = json!({"conditions": [{"type": "ip", "effect": "DENY", "cidrs": ["10.0.0.0/8"]}]});
    with_policy(&acme, "/deny", &deny);
    for (from, allowed, denied) in [
        ("10.1.2.3", true, false),
        ("::ffff:10.1.2.3", true, false),
        ("11.1.2.3", false, true),
        ("2001:db8::1", true, true),
        ("2001:db9::1", false, true),
        ("192.0.2.7", true, true),
        ("192.0.2.8", false, true),
        // The right-most address that is no proxy counts; what stands left of it is hearsay.
        ("10.1.2.3, 11.1.2.3", false, true),
        ("11.1.2.3, 10.1.2.3, 127.0.0.9", true, false),
    ] {
        assert_eq!(passes(&acme, "/allow", from), allowed, "allow {from}");
        assert_eq!(passes(&acme, "/deny", from), denied, "deny {from}");
    }
}

#[test]
fn headers_of_strangers_count_for_nothing() {
    let house = House::new();
    let acme = house.tenant("acme");
    let allow = json!({"conditions": [{"type": "ip", "effect": "allow", "cidrs": ["10.0.0.0/8"]}]});
    with_policy(&acme, "/a", &allow);
    assert!(!passes(&acme, "/a", "10.1.2.3"));
    acme.owner
        .reveal("/a")
        .header("X-Real-IP", "10.1.2.3")
        .expect(403);
    let here = json!({"conditions": [{"type": "ip", "effect": "allow", "cidrs": ["127.0.0.1"]}]});
    acme.owner.set_policy("/a", &here).expect(200);
    assert!(passes(&acme, "/a", "10.1.2.3"));
}

#[test]
fn an_hour_decides_in_its_own_zone_and_across_midnight() {
    let house = House::new();
    let acme = house.tenant("acme");
    let window = |start: u8, end: u8, zone: Option<&str>| {
        let mut condition =
            json!({"type": "time", "effect": "allow", "startHour": start, "endHour": end});
        if let Some(zone) = zone {
            condition["timezone"] = json!(zone);
        }
        json!({"conditions": [condition]})
    };
    // Noon in UTC, two in the afternoon in Amsterdam.
    with_policy(&acme, "/utc", &window(12, 13, None));
    with_policy(
        &acme,
        "/amsterdam",
        &window(8, 14, Some("Europe/Amsterdam")),
    );
    with_policy(&acme, "/night", &window(22, 6, Some("UTC")));
    with_policy(&acme, "/late", &window(23, 24, Some("UTC")));
    let open = |path: &str| passes(&acme, path, "127.0.0.1");
    assert_eq!(
        ["/utc", "/amsterdam", "/night", "/late"].map(open),
        [true, false, false, false]
    );
    house.turn(HOUR); // 13 in UTC
    assert_eq!(
        ["/utc", "/amsterdam", "/night", "/late"].map(open),
        [false, false, false, false]
    );
    house.turn(10 * HOUR); // 23
    assert_eq!(
        ["/utc", "/amsterdam", "/night", "/late"].map(open),
        [false, false, true, true]
    );
    house.turn(6 * HOUR); // 5
    assert_eq!(
        ["/utc", "/amsterdam", "/night", "/late"].map(open),
        [false, false, true, false]
    );
    house.turn(HOUR); // 6, and 8 in Amsterdam
    assert_eq!(
        ["/utc", "/amsterdam", "/night", "/late"].map(open),
        [false, true, false, false]
    );
}

#[test]
fn one_allow_suffices_and_any_deny_refuses() {
    let house = house_behind_a_proxy();
    let acme = house.tenant("acme");
    let ip = |effect: &str, cidr: &str| json!({"type": "ip", "effect": effect, "cidrs": [cidr]});
    let noon = json!({"type": "time", "effect": "allow", "startHour": 12, "endHour": 13});
    let policy =
        json!({"conditions": [ip("allow", "10.0.0.0/8"), noon, ip("deny", "10.9.0.0/16")]});
    with_policy(&acme, "/a", &policy);
    assert!(passes(&acme, "/a", "10.1.1.1"));
    assert!(passes(&acme, "/a", "11.1.1.1"));
    assert!(!passes(&acme, "/a", "10.9.1.1"));
    house.turn(HOUR);
    assert!(passes(&acme, "/a", "10.1.1.1"));
    assert!(!passes(&acme, "/a", "11.1.1.1"));
    assert!(!passes(&acme, "/a", "10.9.1.1"));
}

#[test]
fn statements_decide_for_the_action_that_they_name() {
    let house = House::new();
    let acme = house.tenant("acme");
    let statement = |effect: &str, actions: Value, principals: Value| json!({"statements": [{"effect": effect, "actions": actions, "principals": principals}]});
    let me = json!([format!("user:{}", acme.user)]);
    acme.owner.create("/a", &acme.key, "v").expect(201);
    for (policy, reveal, put) in [
        (
            statement("Allow", json!(["read"]), json!(["team:platform"])),
            403,
            200,
        ),
        (
            statement("allow", json!(["putSecretValue"]), json!(["team:platform"])),
            200,
            403,
        ),
        (
            statement("Allow", json!(["read", "write"]), me.clone()),
            200,
            200,
        ),
        (
            statement("Deny", json!(["secrets:get-value"]), json!(["*"])),
            403,
            200,
        ),
        (statement("deny", json!(["*"]), me.clone()), 403, 403),
        (
            statement("Deny", json!(["*"]), json!(["user:somebody"])),
            200,
            200,
        ),
        (statement("Allow", json!(["fly"]), json!(["*"])), 200, 200),
        (json!({"statements": [{"effect": "Deny"}]}), 403, 403),
    ] {
        acme.owner.set_policy("/a", &policy).expect(200);
        acme.owner.reveal("/a").expect(reveal);
        acme.owner.put_value("/a", "v").expect(put);
    }
}

#[test]
fn conditions_and_statements_must_both_pass() {
    let house = House::new();
    let acme = house.tenant("acme");
    let policy = |cidr: &str, principal: &str| {
        json!({
            "conditions": [{"type": "ip", "effect": "allow", "cidrs": [cidr]}],
            "statements": [{"effect": "Allow", "actions": ["*"], "principals": [principal]}],
        })
    };
    acme.owner.create("/a", &acme.key, "v").expect(201);
    for (cidr, principal, passes_it) in [
        ("127.0.0.0/8", "*", true),
        ("10.0.0.0/8", "*", false),
        ("127.0.0.0/8", "team:none", false),
    ] {
        acme.owner
            .set_policy("/a", &policy(cidr, principal))
            .expect(200);
        assert_eq!(
            passes(&acme, "/a", "127.0.0.1"),
            passes_it,
            "{cidr} {principal}"
        );
    }
}

#[test]
fn statements_may_be_kept_without_effect() {
    let house = House::with(|config| {
        config.values.statements = strongroom_server::config::Statements::Store
    });
    let acme = house.tenant("acme");
    let policy = json!({"statements": [{"effect": "Deny"}]});
    with_policy(&acme, "/a", &policy);
    assert!(passes(&acme, "/a", "127.0.0.1"));
    assert_eq!(acme.owner.metadata("/a")["accessPolicy"], policy);
    let closed = json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["0.0.0.0/0"]}]});
    acme.owner.set_policy("/a", &closed).expect(200);
    assert!(!passes(&acme, "/a", "127.0.0.1"));
}

/// Only reveals and puts ask the policy, and only after the permission.
#[test]
fn a_policy_gates_nothing_else() {
    let house = House::new();
    let acme = house.tenant("acme");
    let closed =
        json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["0.0.0.0/0", "::/0"]}]});
    with_policy(&acme, "/a", &closed);
    acme.owner.get(&secret("/a")).expect(200);
    assert_eq!(acme.owner.paths("/"), ["/a"]);
    assert_eq!(
        acme.member(&[]).reveal("/a").expect(403).code(),
        "permission_denied"
    );
    let refused = acme.owner.reveal("/a").expect(403);
    assert_eq!(refused.code(), "access_policy_denied");
    // The refusal comes before version and key state.
    acme.owner.reveal_version("/a", 9).expect(403);
    acme.owner.change_key(&acme.key, "disable").expect(200);
    acme.owner.reveal("/a").expect(403);
    acme.owner.destroy("/a", 1).expect(204);
    acme.owner.set_policy("/a", &closed).expect(200);
    acme.owner.set_policy("/a", &json!(null)).expect(200);
    acme.owner.delete(&secret("/a")).expect(204);
}
