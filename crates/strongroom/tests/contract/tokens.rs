//! Credentials (contract 3.1, 3.4, 3.5) and `POST /oidc/token` (contract 3.2).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{Gate, NewToken, PrincipalRef, RoleRef};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{House, Tenant, b64};

const TOKEN: &str = "/oidc/token";

/// A service account that may read secrets' metadata, and its id and secret.
fn client(acme: &Tenant<'_>) -> (String, String) {
    let account = acme.service_account("robot");
    let role = RoleRef::BuiltIn("secrets:ReadAccess");
    acme.bind(PrincipalRef::ServiceAccount(account), role, None);
    acme.credential(account)
}

#[test]
fn credentials_come_in_three_forms() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (id, secret) = client(&acme);
    let token = acme.owner.token();
    let basic = b64(format!("{id}:{secret}"));
    for (authorization, status) in [
        (format!("Bearer {token}"), 200),
        (format!("bearer {token}"), 200),
        (format!("Token {token}"), 200),
        (format!("TOKEN  {token}"), 200),
        (format!("Basic {basic}"), 200),
        (format!("basic {basic}"), 200),
        (token.to_owned(), 401),
        (format!("Digest {token}"), 401),
        ("Bearer".to_owned(), 401),
        ("Bearer ".to_owned(), 401),
        (format!("Bearer {token}x"), 401),
        (format!("Bearer {}", token.split_at(token.len() - 1).0), 401),
        (format!("Bearer {}", token.to_uppercase()), 401),
        ("Bearer tc_pat_".to_owned(), 401),
        (format!("Basic {}", b64(format!("{id}:wrong"))), 401),
        (format!("Basic {}", b64(format!("wrong:{secret}"))), 401),
        (format!("Basic {}", b64(&id)), 401),
        ("Basic !!".to_owned(), 401),
    ] {
        let call = house
            .web
            .get(SECRETS)
            .header("Authorization", &authorization);
        let reply = call
            .header("X-Organisation-Identity", "acme")
            .expect(status);
        if status == 401 {
            assert_eq!(reply.code(), "credentials_invalid", "{authorization}");
            assert_eq!(
                reply.header("www-authenticate"),
                "Bearer realm=\"strongroom\""
            );
        }
    }
    let missing = house.web.get(SECRETS).expect(401);
    assert_eq!(missing.code(), "credentials_missing");
    assert_eq!(
        missing.header("www-authenticate"),
        "Bearer realm=\"strongroom\""
    );
    let two = house
        .web
        .get(SECRETS)
        .token(token)
        .header("Authorization", "Bearer x");
    two.expect(401);
}

#[test]
fn a_token_ends_when_it_says() {
    let house = House::new();
    let acme = house.tenant("acme");
    let brief = acme.owner_for(Duration::from_secs(60));
    brief.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(59));
    brief.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(1));
    assert_eq!(brief.get(SECRETS).expect(401).code(), "credentials_expired");
}

#[test]
fn a_token_may_be_limited_to_looking() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let token = NewToken {
        scopes: vec!["api:read".to_owned()],
        ..NewToken::default()
    };
    let reader = acme.caller(acme.user, token);
    reader.get(SECRETS).expect(200);
    let refused = reader.put_value("/a", "w").expect(403);
    assert_eq!(refused.code(), "permission_denied");
    reader.delete_key(&acme.key, "").expect(403);
}

#[test]
fn an_organisation_goes_by_its_header() {
    let house = House::new();
    let (acme, other) = (house.tenant("acme"), house.tenant("other"));
    for name in ["acme", acme.owner.organisation()] {
        acme.owner.in_organisation(name).get(SECRETS).expect(200);
    }
    for name in [
        "other",
        other.owner.organisation(),
        "nothing",
        "org-nonsense",
        "Not A Slug",
        "*",
    ] {
        let refused = acme.owner.in_organisation(name).get(SECRETS).expect(403);
        assert_eq!(refused.code(), "not_a_member", "{name}");
    }
    // Two headers are two answers, even where both are right.
    for name in ["acme", "other", ""] {
        let twice = acme.owner.get(SECRETS);
        let refused = twice.header("X-Organisation-Identity", name).expect(403);
        assert_eq!(refused.code(), "not_a_member", "{name}");
    }
    // One organisation goes without saying; of two, one must be named.
    house.web.get(SECRETS).token(acme.owner.token()).expect(200);
    let directory = house.engine().directory();
    house
        .wait(directory.add_member(other.organisation, acme.user, false))
        .unwrap();
    let unsaid = house.web.get(SECRETS).token(acme.owner.token()).expect(400);
    assert_eq!(unsaid.code(), "organisation_required");
    acme.owner
        .in_organisation("other")
        .get("/v1/regions")
        .expect(200);
    // And out again, from the very next call on.
    house
        .wait(directory.remove_member(other.organisation, acme.user))
        .unwrap();
    acme.owner
        .in_organisation("other")
        .get("/v1/regions")
        .expect(403);
}

#[test]
fn a_service_account_gets_a_token_for_its_id_and_secret() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (id, secret) = client(&acme);
    let basic = format!("Basic {}", b64(format!("{id}:{secret}")));
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let grant = "grant_type=client_credentials";
    for call in [
        house
            .web
            .post(TOKEN)
            .header("Authorization", &basic)
            .form(grant),
        house.web.post(TOKEN).form(&form),
        house
            .web
            .post(TOKEN)
            .form(&format!("{form}&scope=anything")),
    ] {
        let reply = call.expect(200);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("content-type"), "application/json");
        let body = reply.json();
        assert_eq!(
            (&body["token_type"], &body["expires_in"]),
            (&json!("Bearer"), &json!(3600))
        );
        let caller = house
            .web
            .with(body["access_token"].as_str().unwrap(), "acme");
        caller.get(SECRETS).expect(200);
        caller.reveal("/a").expect(403);
        // A service account has one organisation, so it needs no header.
        house.web.get(SECRETS).token(caller.token()).expect(200);
    }
}

#[test]
fn what_is_wrong_with_a_token_request_is_said_in_the_words_of_oauth() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (id, secret) = client(&acme);
    let credentials = format!("client_id={id}&client_secret={secret}");
    for (form, status, error) in [
        (
            format!("grant_type=client_credentials&client_id={id}&client_secret=x"),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=client_credentials&client_id=x&client_secret={secret}"),
            401,
            "invalid_client",
        ),
        (
            "grant_type=client_credentials".to_owned(),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=client_credentials&client_id={id}"),
            401,
            "invalid_client",
        ),
        (
            format!("grant_type=password&{credentials}"),
            400,
            "unsupported_grant_type",
        ),
        (credentials.clone(), 400, "invalid_request"),
        (String::new(), 400, "invalid_request"),
    ] {
        let reply = house.web.post(TOKEN).form(&form).expect(status);
        assert_eq!(reply.json()["error"], error, "{form}");
        assert!(!reply.text().contains(&secret));
        if status == 401 {
            assert!(reply.header("www-authenticate").starts_with("Basic"));
        }
    }
}

#[test]
fn an_issued_token_lives_an_hour_and_no_longer_than_its_credential() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = acme.service_account("robot");
    acme.bind(
        PrincipalRef::ServiceAccount(account),
        RoleRef::BuiltIn("secrets:ReadAccess"),
        None,
    );
    let directory = house.engine().directory();
    let new = strongroom_engine::NewCredential::default();
    let (credential, made) = house
        .wait(directory.create_credential(acme.organisation, account, new))
        .unwrap();
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        made.access_key,
        made.access_secret.expose()
    );
    let issue = || {
        let body: Value = house.web.post(TOKEN).form(&form).expect(200).json();
        house
            .web
            .with(body["access_token"].as_str().unwrap(), "acme")
    };
    let first = issue();
    house.turn(Duration::from_secs(3599));
    first.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(1));
    assert_eq!(first.get(SECRETS).expect(401).code(), "credentials_expired");
    let second = issue();
    second.get(SECRETS).expect(200);
    house
        .wait(directory.delete_credential(acme.organisation, credential))
        .unwrap();
    assert_eq!(
        second.get(SECRETS).expect(401).code(),
        "credentials_invalid"
    );
    house.web.post(TOKEN).form(&form).expect(401);
}

#[test]
fn a_changed_token_is_nobodys() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (id, secret) = client(&acme);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let body = house.web.post(TOKEN).form(&form).expect(200).json();
    let token = body["access_token"].as_str().unwrap();
    house.web.get(SECRETS).token(token).expect(200);
    for place in (0..token.len()).step_by(7) {
        let mut changed = token.as_bytes().to_vec();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        house.web.get(SECRETS).token(&changed).expect(401);
    }
    // Nor is it one of another installation.
    let other = House::new();
    other.tenant("acme");
    other.web.get(SECRETS).token(token).expect(401);
}

#[test]
fn a_shut_gate_shuts_everything_behind_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let message = |reply: strongroom_testkit::Reply| {
        assert_eq!(reply.code(), "feature_disabled");
        reply.message()
    };
    acme.set_gates(&[Gate::Kms]);
    assert!(message(acme.owner.reveal("/a").expect(403)).contains("Secrets Manager"));
    acme.owner
        .get(&strongroom_testkit::api::key(&acme.key))
        .expect(200);
    acme.set_gates(&[Gate::Secrets]);
    let kms = message(acme.owner.reveal("/a").expect(403));
    assert!(
        kms.contains("Key Management Service") && kms.contains("must be enabled"),
        "{kms}"
    );
    acme.owner
        .get(&strongroom_testkit::api::key(&acme.key))
        .expect(403);
    // The gate is told before region and project.
    acme.owner
        .in_project("nothing")
        .get("/v1/secrets/nowhere/secrets")
        .expect(403);
    acme.owner.get("/v1/regions").expect(200);
    acme.owner.get("/v1/audit").expect(200);
    acme.set_gates(&[Gate::Secrets, Gate::Kms]);
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn a_token_for_a_project_acts_there_whatever_a_call_names() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    acme.project("shop");
    let account = acme.service_account("robot");
    let role = RoleRef::BuiltIn("kms:ReadAccess");
    acme.bind(PrincipalRef::ServiceAccount(account), role, None);
    let (id, secret) = acme.credential(account);
    for project in ["web", "shop"] {
        let key = json!({"name": format!("of {project}"), "keyType": "aes256-gcm96"});
        let owner = acme.owner.in_project(project);
        owner.post("/v1/kms/nl-01/keys").json(&key).expect(201);
    }
    let ask = |project: &str| {
        let form = format!(
            "grant_type=client_credentials&client_id={id}&client_secret={secret}&project={project}"
        );
        house.web.post(TOKEN).form(&form).send()
    };
    let reply = ask("web");
    let token = reply.json()["access_token"].as_str().unwrap().to_owned();
    let robot = house.web.with(&token, "acme");
    let keys = |listed: Value| -> Vec<Value> {
        let listed = listed.as_array().unwrap().iter();
        listed.map(|key| key["slug"].clone()).collect()
    };
    for caller in [
        robot.clone(),
        robot.in_project("shop"),
        robot.in_project("no-such"),
    ] {
        let listed = caller.get("/v1/kms/nl-01/keys").expect(200).json();
        assert_eq!(keys(listed), ["of-web"]);
    }
    let by_query = robot.get("/v1/kms/nl-01/keys?project=shop").expect(200);
    assert_eq!(keys(by_query.json()), ["of-web"]);

    let refused = ask("no-such").expect(400);
    assert_eq!(refused.json()["error"], "invalid_request");
    assert!(
        refused.message().contains("`project`"),
        "{}",
        refused.message()
    );
    // A project that is gone is not taken for none.
    acme.project("gone");
    let gone = ask("gone").json()["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    acme.owner.delete("/v1/projects/gone").expect(204);
    let robot = house.web.with(&gone, "acme");
    let reply = robot.get("/v1/kms/nl-01/keys").expect(404);
    assert_eq!(reply.code(), "project_not_found");
}
