//! Policies of projects and of the organisation's own level.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{NewToken, PrincipalRef};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, Tenant};

pub(super) const POLICIES: &str = "/v1/projects/iam/policies";

pub(super) fn id(of: &Value) -> &str {
    of["identity"].as_str().unwrap()
}

/// Makes a policy with one rule.
pub(super) fn policy(by: &Caller, more: Value, rule: (&str, &[&str])) -> Value {
    let made = by.post(POLICIES).json(&more).expect(201).json();
    let rules = format!("{POLICIES}/{}/rules", id(&made));
    let rule = json!({"resources": [rule.0], "permissions": rule.1});
    by.post(&rules).json(&rule).expect(201);
    made
}

fn bind(by: &Caller, policy: &str, user: &str, more: Value) -> strongroom_testkit::Call {
    let mut body = json!({"name": "b", "description": "", "annotations": null, "labels": null,
        "userIdentity": user, "serviceAccountIdentity": null});
    for (field, value) in more.as_object().unwrap() {
        body[field] = value.clone();
    }
    by.post(&format!("{POLICIES}/{policy}/bindings"))
        .json(&body)
}

/// A member without rights: their identity, and they as a caller.
pub(super) fn somebody(acme: &Tenant<'_>) -> (String, Caller) {
    let user = acme.user("somebody@example.org");
    (user.to_string(), acme.caller(user, NewToken::default()))
}

#[test]
fn a_policy_gives_on_its_level_only_and_takes_again() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    acme.project("other");
    let (user, member) = somebody(&acme);
    let owner = acme.owner.in_project("web");
    let body = json!({"name": "Web Lister", "description": "lists", "labels": {"a": "b"}});
    let made = policy(&owner, body, ("secret", &["list"]));
    assert_eq!(
        (&made["slug"], &made["project"]["slug"]),
        (&json!("web-lister"), &json!("web"))
    );
    assert_eq!(
        (&made["rules"], &made["bindings"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        (&made["system"], &made["isReadOnly"]),
        (&json!(false), &json!(false))
    );
    let bound = bind(&owner, "web-lister", &user, json!({}))
        .expect(201)
        .json();
    assert_eq!(bound["user"]["subject"], user);
    assert_eq!(bound["iamPolicy"]["identity"], made["identity"]);
    assert_eq!(bound["projectId"], made["project"]["identity"]);
    assert_eq!(bound.get("expiresAt"), None);

    member.in_project("web").get(SECRETS).expect(200);
    member.in_project("other").get(SECRETS).expect(403);
    member.get(SECRETS).expect(403);
    let one = format!("{POLICIES}/web-lister");
    let shown = owner.get(&one).expect(200).json();
    assert_eq!(
        (&shown["bindings"], &shown["objectVersion"]),
        (&json!([bound]), &json!(2))
    );
    assert_eq!(
        acme.owner.get(&one).expect(404).code(),
        "resource_not_found"
    );
    let filtered = owner
        .get(&format!("{POLICIES}?slug=web-lister"))
        .expect(200)
        .json();
    assert_eq!(filtered, json!([shown]));

    let change = json!({"description": "changed", "labels": null});
    let changed = owner.put(&one).json(&change).expect(200).json();
    assert_eq!(
        (&changed["description"], &changed["labels"]),
        (&json!("changed"), &json!({}))
    );
    let rule = format!("{one}/rules/{}", id(&shown["rules"][0]));
    owner.delete(&rule).expect(204);
    member.in_project("web").get(SECRETS).expect(403);
    owner.delete(&rule).expect(404);
    let taking = format!("{one}/bindings/{}", id(&bound));
    owner.delete(&taking).expect(204);
    owner.delete(&taking).expect(404);
    owner.delete(&one).expect(204);
    owner.get(&one).expect(404);
    assert_eq!(
        owner
            .post(POLICIES)
            .json(&json!({"name": "Members"}))
            .expect(409)
            .code(),
        "slug_taken"
    );
}

#[test]
fn without_a_project_a_policy_counts_outside_of_projects() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    let (user, member) = somebody(&acme);
    let made = policy(&acme.owner, json!({"name": "root"}), ("*", &["*"]));
    assert_eq!(made.get("project"), None);
    bind(&acme.owner, id(&made), &user, json!({})).expect(201);
    member.get(SECRETS).expect(200);
    member.in_project("web").get(SECRETS).expect(403);
    // It is no role: what is the whole organisation's stays shut, and roles do not list it.
    member.get("/v1/teams").expect(403);
    let roles = acme
        .owner
        .get("/v1/iam/roles")
        .expect(200)
        .text()
        .to_owned();
    assert!(!roles.contains(id(&made)));
    assert_eq!(
        acme.owner
            .get(&format!("/v1/iam/roles/{}", id(&made)))
            .expect(404)
            .code(),
        "resource_not_found"
    );
    // Nor does whoever holds it so hold it everywhere.
    let role = acme
        .owner
        .post("/v1/iam/roles")
        .json(&json!({"name": "r"}))
        .expect(201)
        .json();
    let rules = format!("/v1/iam/roles/{}/rules", id(&role));
    let rule = json!({"resources": ["secret"], "permissions": ["read"]});
    acme.permit(
        PrincipalRef::User(user.parse().unwrap()),
        &[("iam_role", &[], &["update"])],
        None,
    );
    assert_eq!(
        member.post(&rules).json(&rule).expect(400).code(),
        "escalation"
    );
}

#[test]
fn what_replicates_counts_below_and_is_changed_where_it_stands() {
    let house = House::new();
    let acme = house.tenant("acme");
    let make = |name: &str, parent: Option<&str>| {
        let body = json!({"name": name, "parentProjectIdentity": parent});
        acme.owner
            .post("/v1/projects")
            .json(&body)
            .expect(201)
            .json()
    };
    make("top", None);
    make("middle", Some("top"));
    make("leaf", Some("middle"));
    make("aside", None);
    let (user, member) = somebody(&acme);
    let top = acme.owner.in_project("top");
    let body = json!({"name": "down", "replicateToChildren": true});
    let made = policy(&top, body, ("secret", &["list"]));
    bind(&top, "down", &user, json!({})).expect(201);
    for (project, status) in [("top", 200), ("middle", 200), ("leaf", 200), ("aside", 403)] {
        member.in_project(project).get(SECRETS).expect(status);
    }
    member.get(SECRETS).expect(403);

    let leaf = acme.owner.in_project("leaf");
    let seen = leaf.get(&format!("{POLICIES}/down")).expect(200).json();
    assert_eq!(seen["sourceIamPolicy"]["identity"], made["identity"]);
    assert_eq!(
        (&seen["isReadOnly"], &seen["system"]),
        (&json!(true), &json!(false))
    );
    let refused = leaf.delete(&format!("{POLICIES}/down")).expect(400);
    assert_eq!(refused.code(), "read_only");
    // Given below, it counts there; moved away, no longer.
    let other = acme.user("other@example.org");
    bind(&leaf, "down", &other.to_string(), json!({})).expect(201);
    let other = acme.caller(other, NewToken::default());
    other.in_project("leaf").get(SECRETS).expect(200);
    other.in_project("middle").get(SECRETS).expect(403);
    let alone = json!({"parentProjectIdentity": null});
    acme.owner
        .put("/v1/projects/middle")
        .json(&alone)
        .expect(200);
    for caller in [&member, &other] {
        caller.in_project("leaf").get(SECRETS).expect(403);
    }
    // Who may change projects cannot pull one under a policy of theirs.
    let mover = PrincipalRef::User(user.parse().unwrap());
    acme.permit(mover, &[("project", &[], &["update"])], None);
    let home = json!({"parentProjectIdentity": "top"});
    let pulled = member.put("/v1/projects/aside").json(&home).expect(400);
    assert_eq!(pulled.code(), "escalation");
    acme.owner.put("/v1/projects/aside").json(&home).expect(200);
    member.in_project("aside").get(SECRETS).expect(200);

    let stays = json!({"replicateToChildren": false});
    top.put(&format!("{POLICIES}/down"))
        .json(&stays)
        .expect(200);
    member.in_project("aside").get(SECRETS).expect(403);
    member.in_project("top").get(SECRETS).expect(200);
}

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
fn who_may_do_what_is_shown() {
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
