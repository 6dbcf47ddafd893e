//! Providers and federated identities over HTTP (contract 4.4).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{PrincipalRef, RoleRef};
use strongroom_testkit::{Caller, Reply};

use crate::issuer::p256;
use crate::scene::{IDENTITIES, PROVIDERS, Scene, house, identity_of};

fn post(caller: &Caller, url: &str, body: &Value, status: u16) -> Reply {
    caller.post(url).json(body).expect(status)
}

#[test]
fn a_provider_is_shown_as_it_was_made_and_changed() {
    let house = house();
    let acme = house.tenant("acme");
    let keys = json!({"keys": [p256().jwk("k")]});
    let body = json!({
        "name": "GitHub", "description": "Actions", "labels": {"a": "b"},
        "annotations": {"c": "d"}, "providerIssuer": "https://token.example.org",
        "providerJwksUri": "https://token.example.org/keys", "localJwks": keys,
    });
    let made = post(&acme.owner, PROVIDERS, &body, 201).json();
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    assert_eq!(
        (&made["status"], &made["objectVersion"]),
        (&json!("active"), &json!(1))
    );
    assert_eq!(made["createdBy"]["subject"], acme.user.to_string());
    assert!(made.get("updatedAt").is_none());
    let url = format!("{PROVIDERS}/{}", made["identity"].as_str().unwrap());
    assert_eq!(acme.owner.get(&url).expect(200).json(), made);

    house.turn(Duration::from_secs(1));
    let changed = acme
        .owner
        .put(&url)
        .json(&json!({"name": "Renamed"}))
        .expect(200)
        .json();
    assert_eq!(changed["name"], "Renamed");
    assert_eq!(
        (&changed["objectVersion"], &changed["labels"]),
        (&json!(2), &made["labels"])
    );
    assert!(changed["updatedAt"].as_str() > changed["createdAt"].as_str());
    let other = json!({"providerIssuer": "https://other.example.org"});
    assert_eq!(
        acme.owner.put(&url).json(&other).expect(400).code(),
        "not_supported"
    );

    let twice = post(&acme.owner, PROVIDERS, &body, 409);
    assert_eq!(twice.code(), "issuer_taken");
    post(&house.tenant("other").owner, PROVIDERS, &body, 201);
    acme.owner.delete(&url).expect(204);
    assert_eq!(
        acme.owner.get(&url).expect(404).code(),
        "resource_not_found"
    );
    assert_eq!(
        acme.owner.delete(&url).expect(404).code(),
        "resource_not_found"
    );
    post(&acme.owner, PROVIDERS, &body, 201);
    let record = &acme.owner.audit("resourceType=federated_identity_provider")[0];
    assert_eq!(record["action"], "POST");
}

#[test]
fn lists_are_filtered_and_never_null() {
    let house = house();
    let acme = house.tenant("acme");
    assert_eq!(acme.owner.get(PROVIDERS).expect(200).json(), json!([]));
    assert_eq!(acme.owner.get(IDENTITIES).expect(200).json(), json!([]));
    for (name, team) in [("b", "x"), ("a", "y")] {
        let issuer = format!("https://{name}.example.org");
        let body = json!({"name": name, "providerIssuer": issuer, "labels": {"team": team}});
        post(&acme.owner, PROVIDERS, &body, 201);
    }
    let names = |query: &str| {
        let list = acme
            .owner
            .get(&format!("{PROVIDERS}{query}"))
            .expect(200)
            .json();
        let names = list.as_array().unwrap().iter();
        names
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert_eq!(names(""), "ab");
    assert_eq!(names("?name=b"), "b");
    assert_eq!(names("?matchLabels[team]=y"), "a");
    assert_eq!(names("?status=inactive"), "");
    assert_eq!(names("?identity=fip-x"), "");
}

#[test]
fn bad_fields_are_named() {
    let house = house();
    let scene = Scene::new(&house);
    let with = |base: &Value, name: &str, value: Value| {
        let mut body = base.clone();
        body[name] = value;
        body
    };
    let provider = json!({"name": "n", "providerIssuer": "https://x.example.org"});
    let private = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AA", "d": "AA"}]});
    for (name, value) in [
        ("name", json!("")),
        ("providerIssuer", json!("x")),
        ("providerJwksUri", json!("file:///etc/passwd")),
        ("localJwks", json!({"keys": []})),
        ("localJwks", private),
        ("status", json!("revoked")),
        ("labels", json!({"": "x"})),
    ] {
        let reply = post(
            &scene.acme.owner,
            PROVIDERS,
            &with(&provider, name, value),
            400,
        );
        assert!(
            reply.message().contains(&format!("`{name}")),
            "{}",
            reply.message()
        );
    }
    let identity = json!({
        "name": "n", "serviceAccountIdentity": scene.account, "providerIdentity": scene.provider,
        "providerSubject": "s", "trustedAudiences": ["a"], "allowedScopes": ["api:read"],
    });
    for (name, value) in [
        (
            "serviceAccountIdentity",
            json!("sa-00000000000000000000000000"),
        ),
        ("serviceAccountIdentity", json!("ghost")),
        ("providerIdentity", json!("fip-00000000000000000000000000")),
        ("providerIdentity", json!("x")),
        ("providerSubject", json!("*")),
        ("providerSubject", json!("a\u{1}")),
        ("trustedAudiences", json!([])),
        ("audienceMatchMode", json!("some")),
        ("allowedScopes", json!(["all"])),
        ("expiresAt", json!("2001-01-01T00:00:00Z")),
        ("conditions", json!({"ref": null})),
    ] {
        let reply = post(
            &scene.acme.owner,
            IDENTITIES,
            &with(&identity, name, value),
            400,
        );
        assert!(
            reply.message().contains(&format!("`{name}")),
            "{}",
            reply.message()
        );
    }
    let everybody = with(&identity, "providerSubject", json!("*"));
    let narrowed = with(&everybody, "conditions", json!({"repository": "acme/shop"}));
    post(&scene.acme.owner, IDENTITIES, &narrowed, 201);
}

#[test]
fn an_identity_is_shown_with_its_account_and_provider() {
    let house = house();
    let scene = Scene::new(&house);
    let conditions = json!({"environment": "production", "ref_protected": true});
    let made = scene.admit("repo:acme/*", &json!({"conditions": conditions}));
    let url = format!("{IDENTITIES}/{made}");
    let shown = scene.acme.owner.get(&url).expect(200).json();
    assert_eq!(shown["serviceAccount"]["identity"], scene.account);
    assert_eq!(shown["serviceAccount"]["slug"], "robot");
    assert_eq!(shown["provider"]["identity"], scene.provider);
    assert_eq!(shown["conditions"], conditions);
    assert_eq!(shown["status"], "active");
    let listed = scene.acme.owner.get(IDENTITIES).expect(200).json();
    assert_eq!(listed, json!([shown]));
    let fixed = scene
        .acme
        .owner
        .put(&url)
        .json(&json!({"providerSubject": "x"}));
    assert_eq!(fixed.expect(400).code(), "not_supported");
    let changed =
        json!({"trustedAudiences": ["b"], "audienceMatchMode": "exact", "conditions": {}});
    let changed = scene.acme.owner.put(&url).json(&changed).expect(200).json();
    assert_eq!(changed["trustedAudiences"], json!(["b"]));
    assert_eq!(changed["audienceMatchMode"], "exact");
    assert!(changed.get("conditions").is_none());
    let provider = format!("{PROVIDERS}/{}", scene.provider);
    let used = scene.acme.owner.delete(&provider).expect(409);
    assert_eq!(used.code(), "federated_provider_in_use");
    scene.acme.owner.delete(&url).expect(204);
    assert_eq!(
        scene.acme.owner.get(&url).expect(404).code(),
        "resource_not_found"
    );
    scene.acme.owner.delete(&provider).expect(204);
}

#[test]
fn nobody_lets_others_act_as_an_account_with_more_rights() {
    let house = house();
    let scene = Scene::new(&house);
    let mighty = scene.acme.service_account("mighty");
    let principal = PrincipalRef::ServiceAccount(mighty);
    scene
        .acme
        .bind(principal, RoleRef::BuiltIn("org-admin"), None);
    scene.admit("me", &json!({"serviceAccountIdentity": "mighty"}));
    let user = scene.acme.user("iam@example.org");
    let principal = PrincipalRef::User(user);
    scene
        .acme
        .bind(principal, RoleRef::BuiltIn("iam:FullAccess"), None);
    let manager = scene.acme.caller(user, Default::default());

    let body = json!({
        "name": "n", "serviceAccountIdentity": "mighty", "providerIdentity": scene.provider,
        "providerSubject": "s", "trustedAudiences": ["a"], "allowedScopes": ["api:write"],
    });
    assert_eq!(post(&manager, IDENTITIES, &body, 400).code(), "escalation");
    let provider = format!("{PROVIDERS}/{}", scene.provider);
    let keys = json!({"localJwks": {"keys": [p256().jwk("mine")]}});
    assert_eq!(
        manager.put(&provider).json(&keys).expect(400).code(),
        "escalation"
    );
    let list = manager.get(IDENTITIES).expect(200).json();
    let url = format!("{IDENTITIES}/{}", list[0]["identity"].as_str().unwrap());
    let wider = json!({"trustedAudiences": ["mine"]});
    assert_eq!(
        manager.put(&url).json(&wider).expect(400).code(),
        "escalation"
    );
    // What takes rights away is always possible.
    manager
        .put(&provider)
        .json(&json!({"status": "inactive"}))
        .expect(200);
    let back = manager.put(&provider).json(&json!({"status": "active"}));
    assert_eq!(back.expect(400).code(), "escalation");
    manager
        .put(&url)
        .json(&json!({"status": "revoked"}))
        .expect(200);

    let modest = scene.acme.service_account("modest").to_string();
    let mut body = body;
    body["serviceAccountIdentity"] = json!(modest);
    identity_of(&post(&manager, IDENTITIES, &body, 201));
}

#[test]
fn rules_open_one_provider_by_its_identity() {
    let house = house();
    let scene = Scene::new(&house);
    let name = scene.provider.as_str();
    let reader = scene
        .acme
        .member(&[("federated_identity_provider", &[name], &["read"])]);
    reader.get(&format!("{PROVIDERS}/{name}")).expect(200);
    reader.get(PROVIDERS).expect(403);
    let other = reader
        .get(&format!("{PROVIDERS}/fip-00000000000000000000000000"))
        .expect(403);
    assert_eq!(other.code(), "permission_denied");
}
