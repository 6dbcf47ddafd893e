//! Policies of projects and of the organisation's own level.

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

/// Gives a policy to a user.
pub(super) fn bind(by: &Caller, policy: &str, user: &str, more: Value) -> strongroom_testkit::Call {
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
    // Who has it from above is seen below, and taken away only above.
    let above = seen["bindings"][0].clone();
    assert_eq!(
        above["sourceIamPolicyBinding"]["identity"],
        above["identity"]
    );
    assert_eq!(above["user"]["subject"], user);
    assert_eq!(above["project"]["slug"], "leaf");
    let bindings = format!("{POLICIES}/down/bindings");
    assert_eq!(leaf.get(&bindings).expect(200).json(), json!([above]));
    let one = format!("{bindings}/{}", above["identity"].as_str().unwrap());
    let change = leaf.put(&one).json(&json!({"duration": "1h"}));
    for call in [change, leaf.delete(&one)] {
        assert_eq!(call.expect(400).code(), "read_only");
    }
    let own = top.get(&bindings).expect(200).json();
    assert_eq!(own[0].get("sourceIamPolicyBinding"), None);
    let aside = acme.owner.in_project("aside");
    aside.get(&bindings).expect(404);
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
