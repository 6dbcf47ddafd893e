//! Roles, rules and bindings.

use serde_json::{Value, json};
use strongroom_engine::NewToken;
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, Tenant};

const ROLES: &str = "/v1/iam/roles";

fn id(of: &Value) -> &str {
    of["identity"].as_str().unwrap()
}

fn one(role: &Value) -> String {
    format!("{ROLES}/{}", id(role))
}

fn make(caller: &Caller, name: &str) -> Value {
    caller
        .post(ROLES)
        .json(&json!({"name": name}))
        .expect(201)
        .json()
}

fn rule(resource: &str, names: &[&str], permissions: &[&str]) -> Value {
    json!({"identity": "", "resources": [resource], "resourceIdentities": names,
        "permissions": permissions, "note": "why"})
}

fn add(caller: &Caller, role: &Value, rule: &Value) -> Value {
    let added = caller.post(&format!("{}/rules", one(role))).json(rule);
    added.expect(201).json()
}

/// A member without rights: their identity, and they as a caller.
fn somebody(acme: &Tenant<'_>) -> (String, Caller) {
    let user = acme.user("somebody@example.org");
    (user.to_string(), acme.caller(user, NewToken::default()))
}

fn bind_user(caller: &Caller, role: &str, user: &str) -> strongroom_testkit::Call {
    let body = json!({
        "name": "gets it", "description": "", "annotations": null, "labels": {"a": "b"},
        "userIdentity": user, "teamIdentity": null, "serviceAccountIdentity": null, "scopes": null,
    });
    caller.post(&format!("{ROLES}/{role}/bindings")).json(&body)
}

#[test]
fn a_role_gives_from_the_next_request_on_and_takes_again() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let (user, member) = somebody(&acme);
    let role = make(owner, "App Reader");
    assert_eq!(role["slug"], "app-reader");
    assert_eq!(
        (&role["rules"], &role["bindings"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(
        (&role["system"], &role["isReadOnly"]),
        (&json!(false), &json!(false))
    );
    let binding = bind_user(owner, id(&role), &user).expect(201).json();
    assert_eq!(binding["user"]["subject"], user);
    assert_eq!(binding["organisationRole"]["slug"], "app-reader");
    assert_eq!(binding["labels"], json!({"a": "b"}));
    member.get(SECRETS).expect(403);

    let listing = add(owner, &role, &rule("secret", &[], &["list"]));
    member.get(SECRETS).expect(200);
    add(owner, &role, &rule("secret", &["/app/*"], &["read"]));
    let shown = owner.get(&format!("{ROLES}/app-reader")).expect(200).json();
    assert_eq!(shown["objectVersion"], 3);
    assert_eq!(shown["rules"][0], listing);
    assert_eq!(shown["rules"][1]["resourceIdentities"], json!(["/app/*"]));
    assert_eq!(shown["bindings"], json!([binding]));
    let bindings = owner.get(&format!("{}/bindings", one(&role))).expect(200);
    assert_eq!(bindings.json(), json!([binding]));

    let removal = format!("{}/rules/{}", one(&role), id(&listing));
    owner.delete(&removal).expect(204);
    member.get(SECRETS).expect(403);
    owner.delete(&removal).expect(404);
    add(owner, &role, &rule("secret", &[], &["list"]));
    member.get(SECRETS).expect(200);
    let taking = format!("{}/bindings/{}", one(&role), id(&binding));
    owner.delete(&taking).expect(204);
    member.get(SECRETS).expect(403);
    owner.delete(&taking).expect(404);

    bind_user(owner, "app-reader", &user).expect(201);
    member.get(SECRETS).expect(200);
    owner.delete(&one(&role)).expect(204);
    member.get(SECRETS).expect(403);
    assert_eq!(
        owner.get(&one(&role)).expect(404).code(),
        "resource_not_found"
    );
}

#[test]
fn roles_of_the_service_can_be_given_and_not_changed() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let listed = owner.get(ROLES).expect(200).json();
    let listed = listed.as_array().unwrap();
    let named = |name: &str| listed.iter().find(|role| role["name"] == name).unwrap();
    let reading = named("secrets:ReadAccess");
    assert_eq!(
        (&reading["system"], &reading["isReadOnly"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(reading["rules"][0]["permissions"], json!(["read", "list"]));
    for name in [id(reading), "secrets:ReadAccess", "secrets-readaccess"] {
        let shown = owner.get(&format!("{ROLES}/{name}")).expect(200).json();
        assert_eq!(&shown, reading, "{name}");
        let adding = format!("{ROLES}/{name}/rules");
        let adding = owner.post(&adding).json(&rule("secret", &[], &["read"]));
        let rule = id(&reading["rules"][0]);
        let removing = owner.delete(&format!("{ROLES}/{name}/rules/{rule}"));
        let deleting = owner.delete(&format!("{ROLES}/{name}"));
        for call in [adding, removing, deleting] {
            assert_eq!(call.expect(400).code(), "read_only", "{name}");
        }
    }
    let taken = owner
        .post(ROLES)
        .json(&json!({"name": "secrets ReadAccess"}));
    assert_eq!(taken.expect(409).code(), "slug_taken");
    let (user, member) = somebody(&acme);
    bind_user(owner, "secrets:ReadAccess", &user).expect(201);
    member.get(SECRETS).expect(200);
}

#[test]
fn nobody_gives_what_they_do_not_hold() {
    let house = House::new();
    let acme = house.tenant("acme");
    let role = make(&acme.owner, "role");
    let manager = acme.member(&[
        ("iam_role", &[], &["*"]),
        ("secret", &["/app/*"], &["read", "getSecretValue"]),
    ]);
    let (user, member) = somebody(&acme);
    let rules = format!("{}/rules", one(&role));
    for (names, permissions, status) in [
        (&["/app/*"][..], &["read"][..], 201),
        (&["/app/prod/*"], &["read", "getSecretValue"], 201),
        (&["/*"], &["read"], 400),
        (&[], &["read"], 400),
        (&["/app/*"], &["putSecretValue"], 400),
        (&["/app/*"], &["*"], 400),
    ] {
        let call = manager
            .post(&rules)
            .json(&rule("secret", names, permissions));
        let reply = call.expect(status);
        if status == 400 {
            assert_eq!(reply.code(), "escalation", "{names:?} {permissions:?}");
        }
    }
    bind_user(&manager, id(&role), &user).expect(201);
    for name in ["org-admin", "secrets:ReadAccess", "iam:FullAccess"] {
        let refused = bind_user(&manager, name, &user).expect(400);
        assert_eq!(refused.code(), "escalation", "{name}");
    }
    // What the owner added cannot be passed on either.
    add(&acme.owner, &role, &rule("secret", &[], &["list"]));
    let refused = bind_user(&manager, id(&role), &user).expect(400);
    assert_eq!(refused.code(), "escalation");
    member.get(SECRETS).expect(200);
}

#[test]
fn a_binding_goes_to_one_and_only_to_one_who_is_there() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let role = make(owner, "role");
    add(owner, &role, &rule("secret", &[], &["list"]));
    let bindings = format!("{}/bindings", one(&role));
    let account = json!({"name": "robot"});
    let account = owner.post("/v1/service-accounts").json(&account);
    let account = account.expect(201).json();
    let robot = json!({"serviceAccountIdentity": account["identity"], "userIdentity": ""});
    let bound = owner.post(&bindings).json(&robot).expect(201).json();
    assert_eq!(bound["serviceAccount"]["slug"], "robot");
    assert_eq!(
        bound["name"], bound["identity"],
        "it has no name of its own"
    );
    let nobody = "usr-00000000000000000000000000";
    for (body, status, code) in [
        (json!({}), 400, "invalid_request"),
        (json!({"userIdentity": "ann"}), 400, "invalid_request"),
        (
            json!({"userIdentity": nobody, "teamIdentity": "ops"}),
            400,
            "invalid_request",
        ),
        (json!({"userIdentity": nobody}), 404, "resource_not_found"),
        (json!({"teamIdentity": "ops"}), 404, "resource_not_found"),
        (
            json!({"serviceAccountIdentity": "nobody"}),
            404,
            "resource_not_found",
        ),
        (
            json!({"serviceAccountIdentity": "robot", "scopes": ["all"]}),
            400,
            "invalid_request",
        ),
    ] {
        let refused = owner.post(&bindings).json(&body).expect(status);
        assert_eq!(refused.code(), code, "{body}");
    }
    // With the account goes what it had.
    owner.delete("/v1/service-accounts/robot").expect(204);
    assert_eq!(owner.get(&bindings).expect(200).json(), json!([]));
}

#[test]
fn scopes_limit_what_a_binding_gives() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let (user, member) = somebody(&acme);
    let bindings = format!("{ROLES}/secrets:FullAccess/bindings");
    let body = json!({"userIdentity": user, "scopes": ["api:read"]});
    let bound = acme.owner.post(&bindings).json(&body).expect(201).json();
    assert_eq!(bound["scopes"], json!(["api:read"]));
    member.get(SECRETS).expect(200);
    member.reveal("/a").expect(403);
    member.put_value("/a", "w").expect(403);
    let body = json!({"userIdentity": user, "scopes": ["api:write"]});
    acme.owner.post(&bindings).json(&body).expect(201);
    member.reveal("/a").expect(200);
}

#[test]
fn rules_that_mean_nothing_are_refused() {
    let house = House::new();
    let acme = house.tenant("acme");
    let role = make(&acme.owner, "role");
    let rules = format!("{}/rules", one(&role));
    for body in [
        json!({}),
        rule("secret", &[], &[]),
        rule("", &[], &["read"]),
        rule("a b", &[], &["read"]),
        json!({"resources": "secret", "permissions": ["read"]}),
        json!({"resources": ["secret"], "permissions": [7]}),
        json!({"resources": ["secret"], "permissions": ["read"], "note": "x".repeat(1025)}),
    ] {
        let refused = acme.owner.post(&rules).json(&body).expect(400);
        assert_eq!(refused.code(), "invalid_request", "{body}");
    }
    let project = acme.project("web");
    assert!(
        acme.owner
            .get(ROLES)
            .expect(200)
            .text()
            .contains("\"role\"")
    );
    // A project's policies are no roles of the organisation.
    let (user, _) = somebody(&acme);
    let user = strongroom_engine::PrincipalRef::User(user.parse().unwrap());
    let before = acme.owner.get(ROLES).expect(200).json();
    acme.permit(user, &[("secret", &[], &["read"])], Some(project));
    assert_eq!(acme.owner.get(ROLES).expect(200).json(), before);
}
