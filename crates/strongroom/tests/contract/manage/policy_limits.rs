//! Until when and under which conditions policies count, who may give them, and who has them.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::PrincipalRef;
use strongroom_testkit::House;
use strongroom_testkit::api::SECRETS;

use super::policies::{POLICIES, bind, id, policy, somebody};

#[test]
fn a_binding_ends_by_the_clock() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let owner = &acme.owner;
    let body = json!({"duration": "24h"});
    let bound = bind(owner, "secrets:ReadAccess", &user, body)
        .expect(201)
        .json();
    let end = house.later(Duration::from_secs(24 * 3600)).to_string();
    assert_eq!(bound["expiresAt"], json!(end));
    house.turn(Duration::from_secs(24 * 3600 - 1));
    member.get(SECRETS).expect(200);
    let one = format!("{POLICIES}/secrets:ReadAccess/bindings/{}", id(&bound));
    let renamed = owner
        .put(&one)
        .json(&json!({"description": "x"}))
        .expect(200)
        .json();
    assert_eq!(renamed["expiresAt"], json!(end));
    owner.put(&one).json(&json!({"duration": "1h"})).expect(200);
    house.turn(Duration::from_secs(3599));
    member.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(1));
    member.get(SECRETS).expect(403);
    owner
        .put(&one)
        .json(&json!({"expiresAt": null}))
        .expect(404);
    let listed = owner.get(&format!("{POLICIES}/secrets:ReadAccess/bindings"));
    assert_eq!(listed.expect(200).json(), json!([]));
    for (more, status) in [
        (json!({"duration": "7d"}), 201),
        (json!({"duration": "soon"}), 400),
        (
            json!({"duration": "1h", "expiresAt": "2999-01-01T00:00:00Z"}),
            400,
        ),
        (json!({"expiresAt": "2000-01-01T00:00:00Z"}), 400),
        (json!({"userIdentity": null}), 400),
        (json!({"serviceAccountIdentity": "shop"}), 400),
        (
            json!({"userIdentity": "", "serviceAccountIdentity": "nobody"}),
            404,
        ),
    ] {
        bind(owner, "secrets:ReadAccess", &user, more).expect(status);
    }
}

#[test]
fn conditions_are_asked_at_every_call() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let when = |conditionals: Value| json!({"name": "sometimes", "conditionals": conditionals});
    let local = json!({"type": "ip", "ips": ["127.0.0.0/8", "::1"]});
    let hours = |from: u8, to: u8, zone: &str| json!({"type": "time", "time": {"startHour": from, "endHour": to, "timezone": zone}});
    // The clock of a house begins at noon in UTC, 14:00 in Amsterdam.
    let morning = json!({"allowed": [hours(9, 15, "Europe/Amsterdam")]});
    let made = policy(&acme.owner, when(morning.clone()), ("secret", &["list"]));
    assert_eq!(made["conditionals"], morning);
    let one = format!("{POLICIES}/{}", id(&made));
    bind(&acme.owner, id(&made), &user, json!({})).expect(201);
    member.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(3600));
    member.get(SECRETS).expect(403);
    house.turn(Duration::from_secs(20 * 3600));
    member.get(SECRETS).expect(200);
    for (conditionals, status) in [
        (json!({"denied": [local.clone()]}), 403),
        (json!({"allowed": [local.clone()]}), 200),
        (
            json!({"allowed": [{"type": "ip", "ips": ["192.0.2.0/24"]}]}),
            403,
        ),
        (
            json!({"allowed": [local.clone()], "denied": [hours(0, 24, "")]}),
            403,
        ),
        (json!({}), 200),
        (
            json!({"allowed": [{"type": "ip", "ips": ["192.0.2.1"]}]}),
            403,
        ),
        (Value::Null, 200),
    ] {
        let change = json!({"conditionals": conditionals});
        acme.owner.put(&one).json(&change).expect(200);
        member.get(SECRETS).expect(status);
    }
    for wrong in [
        json!([]),
        json!({"allow": []}),
        json!({"allowed": [{"type": "ip", "ips": ["nowhere"]}]}),
        json!({"allowed": [{"type": "ip", "ips": []}]}),
        json!({"denied": [hours(9, 9, "UTC")]}),
        json!({"denied": [hours(9, 17, "Mars/Base")]}),
    ] {
        let change = json!({"conditionals": wrong});
        let refused = acme.owner.put(&one).json(&change).expect(400);
        assert_eq!(refused.code(), "invalid_request", "{wrong}");
        acme.owner.post(POLICIES).json(&when(wrong)).expect(400);
    }
    assert_eq!(
        acme.owner.get(&one).expect(200).json().get("conditionals"),
        None
    );
}

#[test]
fn policies_of_the_service_can_be_given_and_not_changed() {
    let house = House::new();
    let acme = house.tenant("acme");
    let listed = acme.owner.get(POLICIES).expect(200).json();
    let mut listed = listed.as_array().unwrap().iter();
    let reading = listed
        .find(|each| each["name"] == "secrets:ReadAccess")
        .unwrap();
    assert_eq!(
        (&reading["system"], &reading["isReadOnly"]),
        (&json!(true), &json!(true))
    );
    for name in [id(reading), "secrets:ReadAccess", "secrets-readaccess"] {
        let one = format!("{POLICIES}/{name}");
        assert_eq!(&acme.owner.get(&one).expect(200).json(), reading);
        let rule = json!({"resources": ["secret"], "permissions": ["read"]});
        for call in [
            acme.owner.put(&one).json(&json!({"description": "mine"})),
            acme.owner.delete(&one),
            acme.owner.post(&format!("{one}/rules")).json(&rule),
            acme.owner
                .delete(&format!("{one}/rules/{}", id(&reading["rules"][0]))),
        ] {
            assert_eq!(call.expect(400).code(), "read_only", "{name}");
        }
    }
    let types = acme
        .owner
        .get(&format!("{POLICIES}/resources"))
        .expect(200)
        .json();
    assert!(
        types.as_array().unwrap().contains(&json!("secret")),
        "{types}"
    );
    let own = acme
        .owner
        .post(POLICIES)
        .json(&json!({"name": "own"}))
        .expect(201)
        .json();
    let rules = format!("{POLICIES}/{}/rules", id(&own));
    let strange = json!({"resources": ["cloud_vpc"], "permissions": ["read"]});
    acme.owner.post(&rules).json(&strange).expect(400);
}

#[test]
fn nobody_gives_what_they_do_not_hold_there_for_as_long_and_without_conditions() {
    let house = House::new();
    let acme = house.tenant("acme");
    let web = acme.project("web");
    let (user, manager) = somebody(&acme);
    let (user, other) = (user, acme.user("other@example.org").to_string());
    let principal = PrincipalRef::User(user.parse().unwrap());
    acme.permit(principal, &[("iam_policy", &[], &["*"])], None);
    let manager = manager.in_project("web");
    let owner = acme.owner.in_project("web");
    let give = |more: Value| bind(&manager, "secrets:ReadAccess", &other, more);
    assert_eq!(give(json!({})).expect(400).code(), "escalation");
    // Held until tomorrow, it can be given until then.
    bind(
        &owner,
        "secrets:ReadAccess",
        &user,
        json!({"duration": "24h"}),
    )
    .expect(201);
    assert_eq!(give(json!({})).expect(400).code(), "escalation");
    assert_eq!(
        give(json!({"duration": "25h"})).expect(400).code(),
        "escalation"
    );
    let given = give(json!({"duration": "23h"})).expect(201).json();
    let one = format!("{POLICIES}/secrets:ReadAccess/bindings/{}", id(&given));
    for longer in [json!({"duration": "25h"}), json!({"expiresAt": null})] {
        assert_eq!(
            manager.put(&one).json(&longer).expect(400).code(),
            "escalation"
        );
    }
    manager
        .put(&one)
        .json(&json!({"duration": "1h"}))
        .expect(200);
    // Held under conditions, it cannot be given without, nor can they be taken off.
    let here = json!({"allowed": [{"type": "ip", "ips": ["127.0.0.0/8"]}]});
    let body = json!({"name": "here", "conditionals": here});
    let here = policy(&owner, body, ("secret", &["delete"]));
    bind(&owner, "here", &user, json!({})).expect(201);
    let free = json!({"conditionals": {}});
    let one = format!("{POLICIES}/{}", id(&here));
    assert_eq!(
        manager.put(&one).json(&free).expect(400).code(),
        "escalation"
    );
    assert_eq!(
        bind(&manager, "here", &other, json!({})).expect(400).code(),
        "escalation"
    );
    // Held in one project, it cannot be given to those below.
    acme.permit(principal, &[("secret", &[], &["create"])], Some(web));
    let body = json!({"name": "below", "replicateToChildren": true});
    let below = manager.post(POLICIES).json(&body).expect(201).json();
    let rule = json!({"resources": ["secret"], "permissions": ["create"]});
    let rules = |of: &Value| format!("{POLICIES}/{}/rules", id(of));
    assert_eq!(
        manager.post(&rules(&below)).json(&rule).expect(400).code(),
        "escalation"
    );
    let flat = manager
        .post(POLICIES)
        .json(&json!({"name": "flat"}))
        .expect(201)
        .json();
    manager.post(&rules(&flat)).json(&rule).expect(201);
    let wider = json!({"replicateToChildren": true});
    let widened = manager.put(&format!("{POLICIES}/flat")).json(&wider);
    assert_eq!(widened.expect(400).code(), "escalation");
}

#[test]
fn who_was_given_what_on_a_level_is_shown() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    let (user, _) = somebody(&acme);
    let owner = acme.owner.in_project("web");
    let made = policy(
        &owner,
        json!({"name": "lists"}),
        ("secret", &["list", "read"]),
    );
    let bound = bind(&owner, "lists", &user, json!({"duration": "1h"}))
        .expect(201)
        .json();
    let members = owner.get(&format!("{POLICIES}/members")).expect(200).json();
    let expected = json!({"source": "iam_policy", "bindingIdentity": bound["identity"],
        "bindingName": "b", "expiresAt": bound["expiresAt"], "policyIdentity": made["identity"],
        "policyName": "lists", "policySlug": "lists"});
    assert_eq!(members[0]["bindings"], json!([expected]));
    assert_eq!(members[0]["user"]["subject"], user);
    acme.permit(
        PrincipalRef::User(user.parse().unwrap()),
        &[("secret", &["/app/*"], &["delete"])],
        None,
    );
    assert_eq!(
        owner.get(&format!("{POLICIES}/members")).expect(200).json(),
        members
    );
    let root = acme
        .owner
        .get(&format!("{POLICIES}/members"))
        .expect(200)
        .json();
    assert_eq!(root[0]["bindings"][0]["source"], "organisation_role");
}

#[test]
fn who_may_do_what_to_one_thing_is_shown() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    let (user, _) = somebody(&acme);
    let owner = acme.owner.in_project("web");
    let body = json!({"name": "lists"});
    policy(&owner, body, ("secret", &["list", "read"]));
    bind(&owner, "lists", &user, json!({})).expect(201);
    let user = PrincipalRef::User(user.parse().unwrap());
    acme.permit(user, &[("secret", &["/app/*"], &["delete"])], None);
    let access = "/v1/projects/iam/access-bindings";
    let ask = |query: &str| {
        let asked = owner.get(&format!("{access}?{query}")).expect(200).json();
        let bindings = asked["bindings"].as_array().unwrap().clone();
        let one = |each: &Value| {
            let permissions = each["permissions"].as_array().unwrap().len();
            format!(
                "{} {} {permissions}",
                each["resourceType"].as_str().unwrap(),
                each["bindingType"].as_str().unwrap()
            )
        };
        let mut shown: Vec<_> = bindings.iter().map(one).collect();
        shown.sort();
        shown
    };
    assert_eq!(
        ask("resourceType=secret&resourceIdentity=/app/db"),
        [
            "secret iam_policy 2",
            "secret organisation_role 1",
            "secret owner 13"
        ]
    );
    assert_eq!(
        ask(
            "resourceType=secret&resourceIdentity=/other&bindingTypes=iam_policy&bindingTypes=organisation_role"
        ),
        ["secret iam_policy 2"]
    );
    assert_eq!(
        ask(
            "resourceType=secret&resourceType=kms_key&resourceIdentity=/app/db&permissions=delete&permissions=read"
        ),
        [
            "kms_key owner 2",
            "secret iam_policy 1",
            "secret organisation_role 1",
            "secret owner 2"
        ]
    );
    for wrong in [
        "",
        "resourceType=secret",
        "resourceIdentity=/a",
        "resourceType=moon&resourceIdentity=/a",
    ] {
        owner.get(&format!("{access}?{wrong}")).expect(400);
    }
}

#[test]
fn what_hangs_on_who_leaves_or_what_goes_ends() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, _) = somebody(&acme);
    let owner = acme.owner.clone();
    let made = acme
        .owner
        .post("/v1/projects")
        .json(&json!({"name": "web"}));
    made.expect(201);
    let inside = owner.in_project("web");
    let account = owner
        .post("/v1/service-accounts")
        .json(&json!({"name": "shop"}));
    account.expect(201);
    let shop = json!({"userIdentity": null, "serviceAccountIdentity": "shop"});
    bind(&inside, "secrets:ReadAccess", &user, json!({})).expect(201);
    bind(&inside, "secrets:ReadAccess", &user, shop).expect(201);
    let bindings = format!("{POLICIES}/secrets:ReadAccess/bindings");
    let count = || {
        inside
            .get(&bindings)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(), 2);
    owner.delete("/v1/service-accounts/shop").expect(204);
    assert_eq!(count(), 1);
    owner.delete(&format!("/v1/memberships/{user}")).expect(204);
    assert_eq!(count(), 0);
    let own = policy(&inside, json!({"name": "own"}), ("secret", &["list"]));
    owner.delete("/v1/projects/web").expect(204);
    owner
        .post("/v1/projects")
        .json(&json!({"name": "web"}))
        .expect(201);
    inside.get(&format!("{POLICIES}/{}", id(&own))).expect(404);
}
