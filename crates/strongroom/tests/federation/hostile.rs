//! Tokens that nobody should accept: each is refused for its own reason, which only the audit log
//! knows.

use serde_json::{Value, json};

use crate::issuer::{Pair, ed25519, p256, p384, part, rsa};
use crate::scene::{Scene, form, house};

struct Keys {
    rsa: Pair,
    p256: Pair,
    ed: Pair,
    stranger: Pair,
}

fn scene(house: &strongroom_testkit::House) -> (Scene<'_>, Keys) {
    let scene = Scene::new(house);
    let conditions = json!({"conditions": {"ref": "refs/heads/main"}});
    scene.admit("repo:acme/shop:*", &conditions);
    let keys = Keys {
        rsa: rsa(),
        p256: p256(),
        ed: ed25519(),
        stranger: p256(),
    };
    scene.issuer.publish("rsa", &keys.rsa);
    scene.issuer.publish("p256", &keys.p256);
    scene.issuer.publish("ed", &keys.ed);
    scene
        .issuer
        .publish_raw(json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}));
    (scene, keys)
}

fn good(scene: &Scene<'_>, more: &Value) -> Value {
    let mut claims = json!({"ref": "refs/heads/main"});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    scene.claims("repo:acme/shop:ref:refs/heads/main", &claims)
}

#[test]
fn claims_that_do_not_fit_are_refused_each_for_its_own_reason() {
    let house = house();
    let (scene, keys) = scene(&house);
    let now = strongroom_types::Clock::now(&*house.clock).as_second();
    let token = |claims: &Value| scene.token("p256", &keys.p256, "ES256", claims);
    scene
        .exchange(&token(&good(&scene, &json!({}))))
        .expect(200);
    for (change, reason) in [
        (json!({"iss": null}), "missing_claim"),
        (json!({"sub": null}), "missing_claim"),
        (json!({"aud": null}), "missing_claim"),
        (json!({"exp": null}), "missing_claim"),
        (json!({"exp": "never"}), "malformed_token"),
        (json!({"aud": [7]}), "malformed_token"),
        (
            json!({"iss": "https://issuer.example.org"}),
            "unknown_issuer",
        ),
        (
            json!({"iss": format!("{}/", scene.issuer.url())}),
            "unknown_issuer",
        ),
        (json!({"exp": now - 60}), "token_expired"),
        (json!({"nbf": now + 120}), "token_not_yet_valid"),
        (json!({"iat": now + 120}), "token_from_the_future"),
        (json!({"sub": "repo:acme/shop"}), "subject_mismatch"),
        (json!({"sub": "repo:acme/shop2:ref:x"}), "subject_mismatch"),
        (json!({"sub": "xrepo:acme/shop:ref:x"}), "subject_mismatch"),
        (json!({"aud": "https://elsewhere"}), "audience_mismatch"),
        (json!({"aud": []}), "audience_mismatch"),
        (json!({"ref": "refs/heads/mainx"}), "condition_mismatch"),
        (json!({"ref": null}), "condition_mismatch"),
    ] {
        scene.refused(&token(&good(&scene, &change)), reason);
    }
}

#[test]
fn signatures_that_prove_nothing_are_refused_each_for_its_own_reason() {
    let house = house();
    let (scene, keys) = scene(&house);
    let claims = good(&scene, &json!({}));
    let by = |pair: &Pair, header: Value| pair.token(&header, &claims);
    let whole = by(&keys.p256, json!({"alg": "ES256", "kid": "p256"}));
    scene.exchange(&whole).expect(200);
    let (signed, _) = whole.rsplit_once('.').unwrap();
    let unsigned =
        |header: Value| format!("{}.{}.", part(header.to_string()), part(claims.to_string()));
    let other_claims = part(good(&scene, &json!({"admin": true})).to_string());
    let mut swapped: Vec<&str> = whole.split('.').collect();
    swapped[1] = &other_claims;
    for (what, token, reason) in [
        (
            "none",
            unsigned(json!({"alg": "none"})),
            "unsupported_algorithm",
        ),
        (
            "NONE",
            unsigned(json!({"alg": "NONE"})),
            "unsupported_algorithm",
        ),
        // The public key as a shared secret: what the algorithm confusion attack signs with.
        (
            "HS256 by the public key",
            by(&keys.rsa, json!({"alg": "HS256", "kid": "rsa"})),
            "unsupported_algorithm",
        ),
        (
            "HS512",
            by(&keys.rsa, json!({"alg": "HS512", "kid": "oct"})),
            "unsupported_algorithm",
        ),
        (
            "ES512",
            by(&keys.rsa, json!({"alg": "ES512", "kid": "rsa"})),
            "unsupported_algorithm",
        ),
        (
            "no algorithm",
            unsigned(json!({"kid": "rsa"})),
            "malformed_token",
        ),
        (
            "a shared key",
            by(&keys.rsa, json!({"alg": "RS256", "kid": "oct"})),
            "unknown_key",
        ),
        (
            "no such key",
            by(&keys.rsa, json!({"alg": "RS256", "kid": "x"})),
            "unknown_key",
        ),
        (
            "RSA by P-256",
            by(&keys.rsa, json!({"alg": "RS256", "kid": "p256"})),
            "key_mismatch",
        ),
        (
            "P-256 by RSA",
            by(&keys.p256, json!({"alg": "ES256", "kid": "rsa"})),
            "key_mismatch",
        ),
        (
            "P-384 by P-256",
            by(&p384(), json!({"alg": "ES384", "kid": "p256"})),
            "key_mismatch",
        ),
        (
            "EdDSA by P-256",
            by(&keys.ed, json!({"alg": "EdDSA", "kid": "p256"})),
            "key_mismatch",
        ),
        (
            "a stranger",
            by(&keys.stranger, json!({"alg": "ES256", "kid": "p256"})),
            "bad_signature",
        ),
        (
            "nameless",
            by(&keys.stranger, json!({"alg": "ES256"})),
            "bad_signature",
        ),
        (
            "another padding",
            by(&keys.rsa, json!({"alg": "RS256", "kid": "rsa"})).replacen(
                &part(json!({"alg": "RS256", "kid": "rsa"}).to_string()),
                &part(json!({"alg": "PS256", "kid": "rsa"}).to_string()),
                1,
            ),
            "bad_signature",
        ),
        ("no signature", format!("{signed}."), "bad_signature"),
        (
            "zeros",
            format!("{signed}.{}", part([0; 64])),
            "bad_signature",
        ),
        ("other claims", swapped.join("."), "bad_signature"),
        (
            "a key that comes along",
            by(
                &keys.stranger,
                json!({"alg": "ES256", "kid": "p256", "jwk": keys.stranger.jwk("p256"),
                       "jku": format!("{}/elsewhere", scene.issuer.url())}),
            ),
            "bad_signature",
        ),
    ] {
        let reply = scene.exchange(&token);
        assert_eq!(reply.status, 400, "{what}: {}", reply.text());
        scene.refused(&token, reason);
    }
}

#[test]
fn what_is_no_token_is_refused_each_for_its_own_reason() {
    let house = house();
    let (scene, keys) = scene(&house);
    let claims = good(&scene, &json!({}));
    let by = |header: Value| keys.p256.token(&header, &claims);
    let whole = by(json!({"alg": "ES256", "kid": "p256"}));
    for (token, reason) in [
        ("x".to_owned(), "malformed_token"),
        ("...".to_owned(), "malformed_token"),
        (format!("{whole}%3D"), "malformed_token"),
        (format!("{whole}.x"), "malformed_token"),
        (format!("%20{whole}"), "malformed_token"),
        (format!("{whole}%00"), "malformed_token"),
        (whole.replace('.', "%0A."), "malformed_token"),
        (
            format!("{}.{}.AAAA", part("[".repeat(500)), part("{}")),
            "malformed_token",
        ),
        (
            by(json!({"alg": "ES256", "kid": ["p256"]})),
            "malformed_token",
        ),
        (
            by(json!({"alg": "ES256", "crit": ["exp"], "exp": 1})),
            "malformed_token",
        ),
        (
            by(json!({"alg": "ES256", "typ": "secevent+jwt"})),
            "malformed_token",
        ),
        (
            keys.p256.token(
                &json!({"alg": "ES256", "kid": "p256"}),
                &good(&scene, &json!({"padding": "x".repeat(16_000)})),
            ),
            "token_too_long",
        ),
    ] {
        scene.refused(&token, reason);
    }
}

#[test]
fn whom_it_is_asked_for_tells_nothing_either() {
    let house = house();
    let (scene, keys) = scene(&house);
    let bystander = scene.acme.service_account("bystander").to_string();
    let claims = good(&scene, &json!({}));
    let token = scene.token("p256", &keys.p256, "ES256", &claims);
    let ask = |organisation: &str, account: &str| {
        let form = form(&token, organisation, account);
        house.web.post("/oidc/token").form(&form).expect(400)
    };
    let told = scene.exchange("a.b.c").message();
    for (account, reason) in [
        ("nobody", "unknown_service_account"),
        ("No%20body", "unknown_service_account"),
        (bystander.as_str(), "no_federated_identity"),
    ] {
        house.turn(std::time::Duration::from_millis(1));
        assert_eq!(ask("acme", account).message(), told, "{account}");
        assert_eq!(scene.reason(), reason);
    }
    for organisation in ["elsewhere", "No%20where", "org-00000000000000000000000000"] {
        assert_eq!(ask(organisation, "robot").message(), told, "{organisation}");
    }
}
