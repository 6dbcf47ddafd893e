//! Where an issuer's keys come from, and how they rotate while it runs.

use std::time::Duration;

use serde_json::json;

use crate::issuer::{Mood, ed25519, p256, rsa};
use crate::scene::{PROVIDERS, Scene, house, identity_of};

fn turn(scene: &Scene<'_>, seconds: u64) {
    scene.acme.house.turn(Duration::from_secs(seconds));
}

#[test]
fn keys_rotate_while_the_issuer_runs() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let (old, new) = (rsa(), ed25519());
    let old_token = || scene.token("old", &old, "RS256", &scene.claims("me", &json!({})));
    let new_token = || scene.token("new", &new, "EdDSA", &scene.claims("me", &json!({})));
    scene.issuer.publish("old", &old);
    scene.exchange(&old_token()).expect(200);
    // A key that is not known yet makes the server look, though not more often than twice a minute.
    scene.refused(&new_token(), "unknown_key");
    assert_eq!(scene.issuer.asked(), 1);
    scene.issuer.publish("new", &new);
    turn(&scene, 31);
    scene.exchange(&new_token()).expect(200);
    assert_eq!(scene.issuer.asked(), 2);
    scene.exchange(&old_token()).expect(200);
    // A key that was taken back counts until the keys are fetched again.
    scene.issuer.withdraw("old");
    turn(&scene, 601);
    scene.refused(&old_token(), "unknown_key");
    scene.exchange(&new_token()).expect(200);
    assert_eq!(scene.issuer.asked(), 3);
}

#[test]
fn an_issuer_that_is_down_is_waited_for_and_then_no_longer_believed() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let pair = p256();
    let token = || scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    scene.issuer.publish("k", &pair);
    scene.issuer.be(Mood::Broken);
    scene.refused(&token(), "keys_unavailable");
    scene.issuer.be(Mood::Well);
    turn(&scene, 31);
    scene.exchange(&token()).expect(200);
    scene.issuer.be(Mood::Broken);
    turn(&scene, 1800);
    scene.exchange(&token()).expect(200);
    turn(&scene, 1801);
    scene.refused(&token(), "keys_unavailable");
}

#[test]
fn documents_that_cannot_be_trusted_give_no_keys() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let pair = p256();
    scene.issuer.publish("k", &pair);
    for mood in [Mood::Redirecting, Mood::Endless, Mood::Lying] {
        scene.issuer.be(mood);
        let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
        scene.refused(&token, "keys_unavailable");
        turn(&scene, 31);
    }
    scene.issuer.be(Mood::Well);
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    scene.exchange(&token).expect(200);
}

#[test]
fn keys_come_from_where_the_provider_says() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let (pinned, published) = (p256(), ed25519());
    scene.issuer.publish("k", &published);
    let url = format!("{PROVIDERS}/{}", scene.provider);
    let put = |body| scene.acme.owner.put(&url).json(&body).expect(200).json();
    let published_token = || scene.token("k", &published, "EdDSA", &scene.claims("me", &json!({})));
    let pinned_token = || scene.token("k", &pinned, "ES256", &scene.claims("me", &json!({})));

    scene.issuer.be(Mood::Lying);
    put(json!({"providerJwksUri": format!("{}/elsewhere", scene.issuer.url())}));
    scene.exchange(&published_token()).expect(200);
    assert_eq!(scene.issuer.asked(), 0);

    let keys = json!({"keys": [pinned.jwk("k")]});
    assert_eq!(put(json!({"localJwks": keys}))["localJwks"], keys);
    scene.exchange(&pinned_token()).expect(200);
    scene.refused(&published_token(), "key_mismatch");

    let back = put(json!({"localJwks": {"keys": []}, "providerJwksUri": ""}));
    assert!(back.get("localJwks").is_none() && back.get("providerJwksUri").is_none());
    scene.issuer.be(Mood::Well);
    scene.exchange(&published_token()).expect(200);
}

#[test]
fn an_issuer_at_a_closed_address_is_not_asked() {
    let house = strongroom_testkit::House::with(|config| {
        config.federation.allow_plain_http = true;
    });
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let pair = p256();
    scene.issuer.publish("k", &pair);
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    scene.refused(&token, "keys_unavailable");
    assert_eq!(scene.issuer.asked(), 0);
}

#[test]
fn each_organisation_has_its_own_trust() {
    let house = house();
    let scene = Scene::new(&house);
    scene.admit("me", &json!({}));
    let pair = p256();
    scene.issuer.publish("k", &pair);
    let other = house.tenant("other");
    let body = json!({"name": "same", "providerIssuer": scene.issuer.url()});
    identity_of(&other.owner.post(PROVIDERS).json(&body).expect(201));
    let token = scene.token("k", &pair, "ES256", &scene.claims("me", &json!({})));
    let account = other.service_account("robot").to_string();
    let form = crate::scene::form(&token, "other", &account);
    house.web.post("/oidc/token").form(&form).expect(400);
    let entries = other.owner.audit("action=auth.token.failed");
    assert_eq!(entries[0]["context"]["reason"], "no_federated_identity");
    scene.exchange(&token).expect(200);
}
