//! Service accounts and their access credentials.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{PrincipalRef, RoleRef};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, b64};

const ACCOUNTS: &str = "/v1/service-accounts";

fn one(of: &Value) -> String {
    format!("{ACCOUNTS}/{}", of["identity"].as_str().unwrap())
}

fn credentials(of: &Value) -> String {
    format!("{}/access-credentials", one(of))
}

fn make(caller: &Caller, name: &str) -> Value {
    let made = caller.post(ACCOUNTS).json(&json!({"name": name}));
    made.expect(201).json()
}

/// A caller with the access token that a credential gets.
fn robot(house: &House, caller: &Caller, credential: &Value) -> Caller {
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        credential["accessKey"].as_str().unwrap(),
        credential["accessSecret"].as_str().unwrap(),
    );
    let token = house.web.post("/oidc/token").form(&form).expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    house.web.with(token, caller.organisation())
}

#[test]
fn an_account_shows_its_organisation_and_the_roles_that_the_caller_may_read() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let robot = make(owner, "robot");
    make(owner, "other");
    assert_eq!(robot["organisation"]["slug"], "acme");
    assert_eq!(robot["roleBindings"], json!([]));
    for role in ["secrets:ReadAccess", "kms:Encrypt"] {
        let bindings = format!("/v1/iam/roles/{role}/bindings");
        let to = json!({"name": role, "serviceAccountIdentity": "robot"});
        owner.post(&bindings).json(&to).expect(201);
    }
    let roles = |shown: &Value| -> Vec<String> {
        let bindings = shown["roleBindings"].as_array().unwrap().iter();
        bindings
            .map(|each| {
                each["organisationRole"]["slug"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect()
    };
    let both = ["secrets-readaccess", "kms-encrypt"];
    let mut shown = roles(&owner.get(&one(&robot)).expect(200).json());
    shown.sort();
    assert_eq!(shown, ["kms-encrypt", "secrets-readaccess"]);
    let listed = owner.get(ACCOUNTS).expect(200).json();
    let listed: Vec<usize> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|each| roles(each).len())
        .collect();
    assert_eq!(listed, [0, 2]);
    let reading = ("service_account", &[][..], &["read"][..]);
    let one_role = acme.member(&[reading, ("iam_role", &["kms-*"], &["read"])]);
    assert_eq!(
        roles(&one_role.get(&one(&robot)).expect(200).json()),
        [both[1]]
    );
    let none = acme.member(&[reading]);
    assert_eq!(
        none.get(&one(&robot)).expect(200).json()["roleBindings"],
        json!([])
    );
}

#[test]
fn a_service_account_lives_and_dies() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    assert_eq!(owner.get(ACCOUNTS).expect(200).json(), json!([]));
    let body = json!({
        "name": "CI Robot", "description": "deploys", "labels": {"team": "web"},
        "annotations": {"a": "b"},
    });
    let made = owner.post(ACCOUNTS).json(&body).expect(201).json();
    assert_eq!(made["slug"], "ci-robot");
    assert_eq!(made["objectVersion"], 1);
    assert_eq!(made["labels"], json!({"team": "web"}));
    assert_eq!(made["createdAt"], made["updatedAt"]);
    assert_eq!(made["createdBy"]["subject"], acme.user.to_string());
    assert_eq!(made["createdBy"]["email"], "owner@example.org");
    for url in [one(&made), format!("{ACCOUNTS}/ci-robot")] {
        assert_eq!(owner.get(&url).expect(200).json(), made);
    }

    house.turn(Duration::from_secs(1));
    let change = json!({"name": "Robot", "labels": null});
    let changed = owner.put(&one(&made)).json(&change).expect(200).json();
    assert_eq!(changed["name"], "Robot");
    assert_eq!(changed["slug"], "ci-robot", "the slug stays");
    assert_eq!(changed["description"], "deploys", "what is absent stays");
    assert_eq!(changed["labels"], json!({}));
    assert_eq!(changed["objectVersion"], 2);
    assert_ne!(changed["updatedAt"], made["updatedAt"]);

    owner.delete(&one(&made)).expect(204);
    let gone = owner.get(&one(&made)).expect(404);
    assert_eq!(gone.code(), "resource_not_found");
    owner.delete(&one(&made)).expect(404);
    assert_eq!(owner.get(ACCOUNTS).expect(200).json(), json!([]));
}

#[test]
fn names_that_do_not_fit_are_refused() {
    let house = House::new();
    let acme = house.tenant("acme");
    let made = make(&acme.owner, "robot");
    let identity = made["identity"].as_str().unwrap();
    for (body, status, code) in [
        (json!({}), 400, "invalid_request"),
        (json!({"name": " "}), 400, "invalid_request"),
        (json!({"name": "x".repeat(256)}), 400, "invalid_request"),
        (
            json!({"name": "a", "labels": {"": "b"}}),
            400,
            "invalid_request",
        ),
        (json!({"name": identity}), 400, "invalid_request"),
        (json!({"name": "Robot"}), 409, "slug_taken"),
    ] {
        let refused = acme.owner.post(ACCOUNTS).json(&body).expect(status);
        assert_eq!(refused.code(), code, "{body}");
    }
    for name in ["nobody", "%20", "sa-00000000000000000000000000"] {
        let url = format!("{ACCOUNTS}/{name}");
        let refused = acme.owner.get(&url).expect(404);
        assert_eq!(refused.code(), "resource_not_found", "{name}");
    }
}

#[test]
fn a_list_shows_what_may_be_read_and_was_asked_for() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({"name": "Beta", "labels": {"env": "prod"}});
    let beta = acme.owner.post(ACCOUNTS).json(&body).expect(201).json();
    make(&acme.owner, "Alpha");
    let slugs = |caller: &Caller, query: &str| {
        let listed = caller.get(&format!("{ACCOUNTS}{query}")).expect(200).json();
        let listed = listed.as_array().unwrap().iter();
        let slugs = listed.map(|each| each["slug"].as_str().unwrap().to_owned());
        slugs.collect::<Vec<_>>().join(" ")
    };
    let by_identity = format!("?identity={}", beta["identity"].as_str().unwrap());
    for (query, expected) in [
        ("", "alpha beta"),
        ("?name=Beta", "beta"),
        ("?slug=alpha", "alpha"),
        ("?matchLabels[env]=prod", "beta"),
        ("?matchLabels[env]=test", ""),
        (&by_identity, "beta"),
    ] {
        assert_eq!(slugs(&acme.owner, query), expected, "{query}");
    }
    let narrow = acme.member(&[
        ("service_account", &[], &["list"]),
        ("service_account", &["alpha"], &["read"]),
    ]);
    assert_eq!(slugs(&narrow, ""), "alpha");
    narrow.get(&format!("{ACCOUNTS}/alpha")).expect(200);
    // What exists beside it is not told.
    for name in ["beta", "nobody"] {
        let refused = narrow.get(&format!("{ACCOUNTS}/{name}")).expect(403);
        assert_eq!(refused.code(), "permission_denied", "{name}");
    }
}

#[test]
fn a_credential_is_shown_once_and_used_until_it_ends() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let account = make(owner, "robot");
    let end = house.later(Duration::from_secs(600)).to_string();
    let body = json!({"name": "", "expiresAt": end, "scopes": ["api:read"]});
    let issued = owner.post(&credentials(&account)).json(&body);
    let issued = issued.expect(201).json();
    assert_eq!(issued["scopes"], json!(["api:read"]));
    let secret = issued["accessSecret"].as_str().unwrap();

    let listed = owner.get(&credentials(&account)).expect(200);
    assert!(!listed.text().contains(secret));
    let listed = listed.json();
    assert_eq!(listed[0]["identity"], issued["identity"]);
    assert_eq!(listed[0]["accessKey"], issued["accessKey"]);
    assert_eq!(listed[0]["expiresAt"], end);
    assert_eq!(listed[0]["lastUsedAt"], Value::Null);

    let robot = robot(&house, owner, &issued);
    let used = owner.get(&credentials(&account)).expect(200).json();
    assert!(used[0]["lastUsedAt"].is_string(), "{used}");
    // It can do what the account is given, within its scopes.
    robot.get(SECRETS).expect(403);
    let identity = account["identity"].as_str().unwrap().parse().unwrap();
    let role = RoleRef::BuiltIn("secrets:FullAccess");
    acme.bind(PrincipalRef::ServiceAccount(identity), role, None);
    robot.get(SECRETS).expect(200);
    robot.create("/a", &acme.key, "v").expect(403);
    house.turn(Duration::from_secs(600));
    let basic = format!(
        "Basic {}",
        b64(format!(
            "{}:{secret}",
            issued["accessKey"].as_str().unwrap()
        ))
    );
    let late = house.web.get(SECRETS).header("Authorization", &basic);
    assert_eq!(late.expect(401).code(), "credentials_expired");
}

#[test]
fn credentials_that_do_not_fit_are_refused() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = make(&acme.owner, "robot");
    let past = house.later(Duration::ZERO).to_string();
    for body in [
        json!({"expiresAt": past}),
        json!({"expiresAt": "soon"}),
        json!({"scopes": ["everything"]}),
        json!({"scopes": "api:read"}),
        json!({"name": 7}),
    ] {
        let refused = acme.owner.post(&credentials(&account)).json(&body);
        assert_eq!(refused.expect(400).code(), "invalid_request", "{body}");
    }
    acme.owner.post(&credentials(&account)).expect(201);
}

#[test]
fn a_deleted_credential_is_dead_at_the_next_request() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let account = make(owner, "robot");
    let other = make(owner, "other");
    let identity = account["identity"].as_str().unwrap().parse().unwrap();
    let role = RoleRef::BuiltIn("secrets:ReadAccess");
    acme.bind(PrincipalRef::ServiceAccount(identity), role, None);
    let issue = || owner.post(&credentials(&account)).expect(201).json();
    let (first, second) = (issue(), issue());
    let (one_robot, two) = (robot(&house, owner, &first), robot(&house, owner, &second));
    one_robot.get(SECRETS).expect(200);
    let named = |of: &Value, credential: &Value| {
        let id = credential["identity"].as_str().unwrap();
        format!("{}/{id}", credentials(of))
    };
    // Not by way of another account.
    owner.delete(&named(&other, &first)).expect(404);
    one_robot.get(SECRETS).expect(200);
    owner.delete(&named(&account, &first)).expect(204);
    one_robot.get(SECRETS).expect(401);
    owner.delete(&named(&account, &first)).expect(404);
    two.get(SECRETS).expect(200);
    owner.delete(&one(&account)).expect(204);
    two.get(SECRETS).expect(401);
    // A new one of the same name inherits nothing.
    let again = make(owner, "robot");
    let third = owner.post(&credentials(&again)).expect(201).json();
    robot(&house, owner, &third).get(SECRETS).expect(403);
}

#[test]
fn nobody_gets_a_credential_for_rights_that_they_lack() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = make(&acme.owner, "robot");
    let manager = acme.member(&[("service_account", &[], &["*"]), ("secret", &[], &["read"])]);
    manager.post(&credentials(&account)).expect(201);
    let identity = account["identity"].as_str().unwrap().parse().unwrap();
    let principal = PrincipalRef::ServiceAccount(identity);
    acme.permit(principal, &[("secret", &["/app/*"], &["read"])], None);
    manager.post(&credentials(&account)).expect(201);
    // Also what it holds in a project counts.
    let project = acme.project("web");
    let reveal: &[(&str, &[&str], &[&str])] = &[("secret", &[], &["getSecretValue"])];
    acme.permit(principal, reveal, Some(project));
    let refused = manager.post(&credentials(&account)).expect(400);
    assert_eq!(refused.code(), "escalation");
    acme.owner.post(&credentials(&account)).expect(201);
}

#[test]
fn who_did_it_is_on_record() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = make(&acme.owner, "robot");
    let issued = acme.owner.post(&credentials(&account)).expect(201).json();
    let identity = account["identity"].as_str().unwrap();
    let entries = acme.owner.audit(&format!(
        "resourceType=service_account&resourceIdentity={identity}"
    ));
    assert_eq!(entries.len(), 2, "{entries:?}");
    let text = serde_json::to_string(&entries).unwrap();
    assert!(!text.contains(issued["accessSecret"].as_str().unwrap()));
}

#[test]
fn a_credential_counts_only_in_its_networks_and_so_does_every_token_of_it() {
    let house = House::with(|config| config.proxies.trusted = vec!["127.0.0.1".parse().unwrap()]);
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let account = make(owner, "robot");
    let body = json!({"allowedIps": ["10.0.0.0/8"]});
    let made = owner.post(&credentials(&account)).json(&body);
    let made = made.expect(201).json();
    let (id, secret) = (made["accessKey"].as_str(), made["accessSecret"].as_str());
    let (id, secret) = (id.unwrap(), secret.unwrap());
    let listed = owner.get(&credentials(&account)).expect(200).json();
    assert_eq!(listed[0]["allowedIps"], body["allowedIps"]);

    let basic = |address: &str, secret: &str| {
        let call = house.web.get("/v1/regions");
        let call = call.header("X-Forwarded-For", address);
        let basic = format!("Basic {}", b64(format!("{id}:{secret}")));
        call.header("Authorization", &basic).send()
    };
    let ask = |address: &str, secret: &str| {
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let call = house.web.post("/oidc/token").form(&form);
        call.header("X-Forwarded-For", address).send()
    };
    let token = ask("10.0.0.1", secret).expect(200).json();
    let token = token["access_token"].as_str().unwrap().to_owned();
    let with_token = |address: &str| {
        let call = house.web.get("/v1/regions").token(&token);
        call.header("X-Forwarded-For", address).send()
    };
    basic("10.0.0.1", secret).expect(200);
    with_token("10.0.0.2").expect(200);

    // A thief's answer is that of a guess.
    for (right, wrong) in [
        (basic("192.0.2.1", secret), basic("192.0.2.1", "wrong")),
        (ask("192.0.2.1", secret), ask("192.0.2.1", "wrong")),
        (with_token("192.0.2.1"), basic("192.0.2.1", "wrong")),
    ] {
        assert_eq!((right.status, wrong.status), (401, 401));
        assert_eq!(right.message(), wrong.message());
    }
    let reasons = |action: &str| -> Vec<Value> {
        let log = owner.audit(&format!("action={action}"));
        let reasons = log.iter().map(|entry| entry["context"]["reason"].clone());
        reasons.collect()
    };
    assert_eq!(
        reasons("auth.refused"),
        [
            "credential",
            "source_address",
            "credential",
            "source_address"
        ]
    );
    assert_eq!(
        reasons("auth.token.failed"),
        ["credential", "source_address"]
    );
    // With a wrong secret nobody is proven, but the organisation learns which key was tried.
    let tried = owner.audit("responseStatus=401&action=POST");
    let tried = tried
        .iter()
        .filter(|entry| entry["serviceAccountIdentity"].is_null());
    let tried: Vec<_> = tried.map(|entry| &entry["resourceIdentity"]).collect();
    assert_eq!(tried, [&made["identity"]]);
}
