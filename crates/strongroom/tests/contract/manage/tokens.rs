//! A user's own personal access tokens.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House};
use strongroom_types::Clock as _;

const TOKENS: &str = "/v1/me/personal-access-tokens";

fn issue(caller: &Caller, body: &Value) -> Value {
    caller.post(TOKENS).json(body).expect(201).json()
}

fn with(house: &House, caller: &Caller, issued: &Value) -> Caller {
    let token = issued["token"].as_str().unwrap();
    house.web.with(token, caller.organisation())
}

#[test]
fn a_token_is_shown_once_and_dies_when_it_is_revoked() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let issued = issue(owner, &json!({"name": "laptop", "description": "mine"}));
    let value = issued["token"].as_str().unwrap();
    assert!(value.starts_with("tc_pat_"), "for scanners");
    let laptop = with(&house, owner, &issued);
    let listed = owner.get(TOKENS).expect(200);
    assert!(!listed.text().contains(value));
    let listed = listed.json();
    assert_eq!(listed.as_array().unwrap().len(), 2, "with that of the test");
    let mine = |listed: &Value| {
        let mut listed = listed.as_array().unwrap().iter();
        listed
            .find(|each| each["name"] == "laptop")
            .cloned()
            .unwrap()
    };
    assert_eq!(mine(&listed)["identity"], issued["identity"]);
    assert_eq!(mine(&listed)["lastUsedAt"], Value::Null);
    laptop.get(SECRETS).expect(200);
    let listed = owner.get(TOKENS).expect(200).json();
    assert!(mine(&listed)["lastUsedAt"].is_string());

    let one = format!("{TOKENS}/{}", issued["identity"].as_str().unwrap());
    // Nobody else can revoke it, or find it.
    let other = acme.member(&[("*", &[], &["*"])]);
    other.delete(&one).expect(404);
    laptop.get(SECRETS).expect(200);
    laptop.delete(&one).expect(204);
    assert_eq!(
        laptop.get(SECRETS).expect(401).code(),
        "credentials_invalid"
    );
    owner.delete(&one).expect(404);
    assert_eq!(
        owner
            .get(TOKENS)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_token_is_limited_by_its_scopes_and_its_end() {
    let house = House::new();
    let acme = house.tenant("acme");
    let end = house.later(Duration::from_secs(60)).to_string();
    let body = json!({"scopes": ["api:read"], "expiresAt": end});
    let looking = with(&house, &acme.owner, &issue(&acme.owner, &body));
    looking.get(SECRETS).expect(200);
    // What only looks makes no token that does more.
    looking.post(TOKENS).json(&json!({})).expect(403);
    house.turn(Duration::from_secs(60));
    assert_eq!(
        looking.get(SECRETS).expect(401).code(),
        "credentials_expired"
    );
    let past = house.later(Duration::ZERO).to_string();
    for body in [
        json!({"expiresAt": past}),
        json!({"scopes": ["all"]}),
        json!({"name": 1}),
    ] {
        let refused = acme.owner.post(TOKENS).json(&body).expect(400);
        assert_eq!(refused.code(), "invalid_request", "{body}");
    }
}

#[test]
fn a_service_account_has_no_personal_tokens() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = acme.service_account("robot");
    let (id, secret) = acme.credential(account);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let token = house.web.post("/oidc/token").form(&form).expect(200).json();
    let token = token["access_token"].as_str().unwrap();
    let robot = house.web.with(token, acme.owner.organisation());
    for call in [robot.get(TOKENS), robot.post(TOKENS)] {
        assert_eq!(call.expect(403).code(), "permission_denied");
    }
}

#[test]
fn a_token_counts_only_in_its_networks() {
    let house = House::with(|config| config.proxies.trusted = vec!["127.0.0.1".parse().unwrap()]);
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let body =
        json!({"name": "office", "allowedIps": ["10.1.2.3/8", "2001:db8::/32", "192.0.2.7"]});
    let office = with(&house, owner, &issue(owner, &body));
    let from = |caller: &Caller, address: &str| {
        let call = caller.get(SECRETS).header("X-Forwarded-For", address);
        call.send()
    };
    for address in ["10.9.9.9", "::ffff:10.0.0.1", "2001:db8::5", "192.0.2.7"] {
        assert_eq!(from(&office, address).status, 200, "{address}");
    }
    // Whoever stole it learns no more than with a token that is nobody's.
    let nobody = house.web.with("tc_pat_nobody", owner.organisation());
    for address in ["192.0.2.8", "2001:db9::5", "127.0.0.1"] {
        let refused = from(&office, address);
        assert_eq!(refused.status, 401, "{address}");
        assert_eq!(refused.code(), "credentials_invalid");
        assert_eq!(refused.message(), from(&nobody, address).message());
    }
    let elsewhere = office.in_organisation("nothing");
    assert_eq!(from(&elsewhere, "192.0.2.8").status, 401);
    // The organisation learns whose token it was, and why it did not count.
    let log = owner.audit("action=auth.refused");
    assert_eq!(log[0]["context"]["reason"], "source_address", "{log:?}");
    assert_eq!(log[0]["userIdentity"], acme.user.to_string());

    let listed = owner.get(TOKENS).expect(200).json();
    let listed = listed.as_array().unwrap().iter();
    let shown: Vec<_> = listed.map(|each| each["allowedIps"].clone()).collect();
    let ranges = json!(["10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"]);
    assert!(
        shown.contains(&ranges) && shown.contains(&Value::Null),
        "{shown:?}"
    );
}

#[test]
fn a_token_makes_none_that_reaches_further() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({"allowedIps": ["127.0.0.0/8"]});
    let local = with(&house, &acme.owner, &issue(&acme.owner, &body));
    for wider in [json!({}), json!({"allowedIps": ["0.0.0.0/0"]})] {
        let refused = local.post(TOKENS).json(&wider).expect(400);
        assert_eq!(refused.code(), "escalation", "{wider}");
    }
    issue(&local, &json!({"allowedIps": ["127.0.0.1"]}));
    for wrong in [
        json!(["10.0.0.0/33"]),
        json!("10.0.0.1"),
        json!(vec!["10.0.0.1"; 65]),
    ] {
        let body = json!({"allowedIps": wrong});
        let refused = acme.owner.post(TOKENS).json(&body).expect(400);
        assert!(refused.message().contains("allowedIps"), "{body}");
    }
}

#[test]
fn no_token_outlives_the_one_that_it_was_made_with() {
    let house = House::new();
    let acme = house.tenant("acme");
    let until = |hours: u64| {
        let end = house.clock.now() + Duration::from_secs(hours * 3600);
        json!({"name": "lent", "expiresAt": end.to_string()})
    };
    let lent = with(&house, &acme.owner, &issue(&acme.owner, &until(2)));
    for longer in [until(3), json!({"name": "for ever"})] {
        let refused = lent.post(TOKENS).json(&longer).expect(400);
        assert_eq!(refused.code(), "escalation");
        assert!(
            refused.message().contains("expiresAt"),
            "{}",
            refused.message()
        );
    }
    issue(&lent, &until(2));
    issue(&lent, &until(1));
}
