//! Tokens that are accepted, and what they are good for.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::Caller;

use crate::issuer::{Pair, ed25519, p256, p384, rsa};
use crate::scene::{IDENTITIES, PROVIDERS, Scene, form, house};

const VALUE: &str = "/v1/secrets/nl-01/secret/app/db/value";
const METADATA: &str = "/v1/secrets/nl-01/secret/app/db";

fn reveal(caller: &Caller, status: u16) {
    caller.post(VALUE).expect(status);
}

/// A scene with one key and one subject that is let in.
fn simple<'h>(house: &'h strongroom_testkit::House, more: &Value) -> (Scene<'h>, Pair, String) {
    let scene = Scene::new(house);
    let pair = p256();
    scene.issuer.publish("k", &pair);
    let identity = scene.admit("me", more);
    (scene, pair, identity)
}

#[test]
fn every_algorithm_is_accepted() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let pairs = [rsa(), p256(), p384(), ed25519()];
    for (name, pair) in ["rsa", "p256", "p384", "ed"].iter().zip(&pairs) {
        scene.issuer.publish(name, pair);
    }
    for (name, pair, algorithm) in [
        ("rsa", &pairs[0], "RS256"),
        ("rsa", &pairs[0], "RS384"),
        ("rsa", &pairs[0], "RS512"),
        ("rsa", &pairs[0], "PS256"),
        ("rsa", &pairs[0], "PS384"),
        ("rsa", &pairs[0], "PS512"),
        ("p256", &pairs[1], "ES256"),
        ("p384", &pairs[2], "ES384"),
        ("ed", &pairs[3], "EdDSA"),
    ] {
        let token = scene.token(name, pair, algorithm, &scene.claims("me", &json!({})));
        let caller = scene.caller(scene.exchange(&token));
        reveal(&caller, 200);
        // Without the name of a key, all keys are tried.
        let nameless = pair.token(&json!({"alg": algorithm}), &scene.claims("me", &json!({})));
        scene.exchange(&nameless).expect(200);
    }
    assert_eq!(scene.issuer.asked(), 1);
}

#[test]
fn tokens_of_the_three_usual_issuers_are_accepted() {
    let house = house();
    let scene = Scene::new(&house);
    let pair = rsa();
    scene.issuer.publish("k", &pair);
    let github = json!({
        "sub": "repo:acme/shop:ref:refs/heads/main", "repository": "acme/shop",
        "repository_owner": "acme", "ref": "refs/heads/main", "ref_protected": "true",
        "workflow": "deploy", "event_name": "push", "run_attempt": "1",
        "job_workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
    });
    let gitlab = json!({
        "sub": "project_path:acme/shop:ref_type:branch:ref:main", "project_path": "acme/shop",
        "namespace_id": "72", "ref": "main", "ref_type": "branch", "ref_protected": "true",
        "environment": "production", "pipeline_source": "push", "user_login": "ann",
    });
    let kubernetes = json!({
        "sub": "system:serviceaccount:shop:web", "aud": ["https://api.thalassa.cloud", "vault"],
        "kubernetes.io": {
            "namespace": "shop", "pod": {"name": "web-1", "uid": "5e1c"},
            "serviceaccount": {"name": "web", "uid": "1f00"},
        },
    });
    for (subject, conditions, claims) in [
        (
            "repo:acme/shop:*",
            json!({"ref_protected": true, "workflow": ["deploy", "release"]}),
            &github,
        ),
        (
            "project_path:acme/shop:ref_type:branch:ref:*",
            json!({"environment": "production"}),
            &gitlab,
        ),
        (
            "system:serviceaccount:shop:web",
            json!({"/kubernetes.io/pod/name": "web-*"}),
            &kubernetes,
        ),
    ] {
        scene.admit(subject, &json!({"conditions": conditions}));
        let token = scene.token("k", &pair, "RS256", &scene.claims("x", claims));
        reveal(&scene.caller(scene.exchange(&token)), 200);
    }
}

#[test]
fn organisation_and_account_are_named_by_identity_or_slug() {
    let house = house();
    let (scene, pair, _) = simple(&house, &json!({}));
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    let organisation = scene.acme.organisation.to_string();
    for form in [
        form(&token, &organisation, &scene.account),
        form(&token, "acme", "robot"),
    ] {
        let reply = house.web.post("/oidc/token").form(&form).expect(200).json();
        assert_eq!(reply["token_type"], "Bearer");
        assert_eq!(reply["expires_in"], 3600);
    }
}

#[test]
fn a_token_lives_as_long_as_asked_within_bounds() {
    let house = house();
    let (scene, pair, _) = simple(&house, &json!({}));
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    for (asked, seconds) in [("39600s", 39_600), ("120", 120), ("1", 60), ("99h", 86_400)] {
        let more = format!("&access_token_lifetime={asked}");
        let reply = scene.exchange_with(&token, &more).expect(200).json();
        assert_eq!(reply["expires_in"], seconds, "{asked}");
    }
    let wrong = scene
        .exchange_with(&token, "&access_token_lifetime=soon")
        .expect(400);
    assert_eq!(wrong.json()["error"], "invalid_request");
    let brief = scene.caller(scene.exchange_with(&token, "&access_token_lifetime=60"));
    reveal(&brief, 200);
    house.turn(Duration::from_secs(61));
    assert_eq!(brief.post(VALUE).expect(401).code(), "credentials_expired");
}

#[test]
fn a_token_ends_with_its_federated_identity() {
    let house = house();
    let end = house.later(Duration::from_secs(600)).to_string();
    let (scene, pair, identity) = simple(&house, &json!({"expiresAt": end}));
    let token = scene.token(
        "k",
        &pair,
        "ES256",
        &scene.claims("me", &json!({"exp": 1e11})),
    );
    let reply = scene.exchange(&token).expect(200).json();
    assert_eq!(reply["expires_in"], 600);
    house.turn(Duration::from_secs(601));
    let url = format!("{IDENTITIES}/{identity}");
    let shown = scene.acme.owner.get(&url).expect(200).json();
    assert_eq!(shown["status"], "expired");
    scene.refused(&token, "identity_expired");
}

#[test]
fn rights_are_the_accounts_within_the_allowed_scopes() {
    let house = house();
    let (scene, pair, identity) = simple(&house, &json!({"allowedScopes": ["api:read"]}));
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    let caller = scene.caller(scene.exchange(&token));
    caller.get(METADATA).expect(200);
    assert_eq!(caller.post(VALUE).expect(403).code(), "permission_denied");
    caller.get("/v1/audit").expect(403);
    // Scopes count as they are now, also for tokens that were issued before.
    let url = format!("{IDENTITIES}/{identity}");
    let put = |body: Value| scene.acme.owner.put(&url).json(&body).expect(200);
    put(json!({"allowedScopes": ["api:write"]}));
    reveal(&caller, 200);
    put(json!({"allowedScopes": ["kubernetes"]}));
    caller.get(METADATA).expect(403);
}

#[test]
fn what_is_taken_out_of_force_is_dead_at_once() {
    let house = house();
    let (scene, pair, identity) = simple(&house, &json!({}));
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    let caller = scene.caller(scene.exchange(&token));
    reveal(&caller, 200);
    let identity = format!("{IDENTITIES}/{identity}");
    let provider = format!("{PROVIDERS}/{}", scene.provider);
    let set = |url: &str, status: &str| {
        let body = json!({"status": status});
        let reply = scene.acme.owner.put(url).json(&body).expect(200).json();
        assert_eq!(reply["status"], status);
    };
    for (url, reason) in [
        (&identity, "identity_inactive"),
        (&provider, "provider_inactive"),
    ] {
        set(url, "inactive");
        assert_eq!(caller.post(VALUE).expect(401).code(), "credentials_invalid");
        scene.refused(&token, reason);
        set(url, "active");
        reveal(&caller, 200);
        scene.exchange(&token).expect(200);
    }
    set(&identity, "revoked");
    reveal(&caller, 401);
    scene.refused(&token, "identity_revoked");
    let back = scene
        .acme
        .owner
        .put(&identity)
        .json(&json!({"status": "active"}));
    assert_eq!(back.expect(400).code(), "not_supported");
    scene.acme.owner.delete(&identity).expect(204);
    reveal(&caller, 401);
    scene.refused(&token, "no_federated_identity");
}

#[test]
fn the_last_use_is_shown_and_each_exchange_recorded() {
    let house = house();
    let (scene, pair, identity) = simple(&house, &json!({}));
    let url = format!("{IDENTITIES}/{identity}");
    let shown = || scene.acme.owner.get(&url).expect(200).json();
    assert!(shown().get("lastUsedAt").is_none());
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    scene.exchange(&token).expect(200);
    let first = shown()["lastUsedAt"].clone();
    assert!(first.is_string());
    assert_eq!(shown()["objectVersion"], 1);
    house.turn(Duration::from_secs(5));
    scene.exchange(&token).expect(200);
    assert_eq!(shown()["lastUsedAt"], first);
    house.turn(Duration::from_secs(60));
    scene.exchange(&token).expect(200);
    assert_ne!(shown()["lastUsedAt"], first);
    let issued = scene.acme.owner.audit("action=auth.token.issued");
    assert_eq!(issued.len(), 3);
    assert_eq!(issued[0]["resourceIdentity"], identity);
    assert_eq!(
        issued[0]["context"]["credentials_type"],
        "federated_identity"
    );
    assert!(!issued[0].to_string().contains(&token));
}

#[test]
fn several_identities_of_one_account_stand_side_by_side() {
    let house = house();
    let (scene, pair, _) = simple(&house, &json!({}));
    scene.admit(
        "you",
        &json!({"trustedAudiences": ["a", "b"], "audienceMatchMode": "all"}),
    );
    let token = |subject: &str, audience: Value| {
        let claims = scene.claims(subject, &json!({"aud": audience}));
        scene.token("k", &pair, "ES256", &claims)
    };
    scene
        .exchange(&token("you", json!(["b", "a", "c"])))
        .expect(200);
    scene
        .exchange(&token("me", json!("https://api.thalassa.cloud")))
        .expect(200);
    scene.refused(&token("you", json!(["a"])), "audience_mismatch");
    scene.refused(&token("others", json!(["a", "b"])), "subject_mismatch");
}
