//! This server as an issuer: ID tokens that others verify with what it publishes, while its keys
//! replace each other.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use strongroom_engine::{NewToken, PrincipalRef, RoleRef};
use strongroom_testkit::{Caller, House, Reply, Tenant};
use strongroom_types::{Clock, ServiceAccountId};

const URL: &str = "https://vault.example.org";
const DISCOVERY: &str = "/.well-known/openid-configuration";
const SECRET: &str = "/v1/secrets/nl-01/secret/app";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn house() -> House {
    House::with(|config| config.issuer.url = Some(URL.to_owned()))
}

/// A service account that may see everything, and a credential of it.
struct Robot<'h> {
    acme: Tenant<'h>,
    account: ServiceAccountId,
    id: String,
    secret: String,
}

impl<'h> Robot<'h> {
    fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        let account = acme.service_account("robot");
        let principal = PrincipalRef::ServiceAccount(account);
        acme.bind(principal, RoleRef::BuiltIn("secrets:FullAccess"), None);
        acme.owner.create("/app", &acme.key, "v").expect(201);
        let (id, secret) = acme.credential(account);
        Self {
            acme,
            account,
            id,
            secret,
        }
    }

    /// The answer to a request for a token with these further fields.
    fn ask(&self, more: &str) -> Reply {
        ask(self.acme.house, &self.id, &self.secret, more)
    }

    fn id_token(&self, more: &str) -> String {
        let reply = self.ask(&format!("&scope=openid{more}"));
        id_token_of(&reply)
    }
}

fn ask(house: &House, id: &str, secret: &str, more: &str) -> Reply {
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{more}");
    house.web.post("/oidc/token").form(&form).send()
}

fn id_token_of(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["id_token"].as_str().unwrap().to_owned()
}

/// The keys, found as others find them.
fn published(house: &House) -> JwkSet {
    serde_json::from_value(key_set(house)).unwrap()
}

fn key_set(house: &House) -> Value {
    let found = house.web.get(DISCOVERY).send().expect(200).json();
    assert_eq!(found["issuer"], URL);
    let keys = found["jwks_uri"].as_str().unwrap();
    let path = keys.strip_prefix(URL).unwrap();
    house.web.get(path).send().expect(200).json()
}

fn key_of(token: &str) -> String {
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(header.alg, Algorithm::ES256);
    header.kid.unwrap()
}

/// The claims, if one of the keys signed them for this audience.
fn verified(token: &str, keys: &JwkSet, audience: &str) -> Option<Value> {
    let key = keys.find(&key_of(token))?;
    let key = DecodingKey::from_jwk(key).unwrap();
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&[audience]);
    rules.set_issuer(&[URL]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // The house has a clock of its own.
    rules.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(token, &key, &rules);
    read.ok().map(|read| read.claims)
}

fn rotate(house: &House) -> usize {
    let engine = house.engine();
    house.wait(engine.rotate_token_keys_once()).unwrap()
}

#[test]
fn an_id_token_says_who_the_service_account_is() {
    let house = house();
    let robot = Robot::new(&house);
    let token = robot.id_token("");
    let keys = published(&house);
    let claims = verified(&token, &keys, &robot.id).unwrap();
    let now = house.clock.now().as_second();
    assert_eq!(claims["sub"], robot.account.to_string());
    assert_eq!(claims["organisation"], robot.acme.organisation.to_string());
    assert_eq!((&claims["iat"], &claims["nbf"]), (&json!(now), &json!(now)));
    assert_eq!(claims["exp"], now + 3600);
    assert_eq!(claims["project"], Value::Null);

    let token = robot.id_token("&audience=https%3A%2F%2Fother.example.org");
    assert!(verified(&token, &keys, "https://other.example.org").is_some());
    assert_eq!(verified(&token, &keys, &robot.id), None);
    assert_ne!(claims["jti"], decoded(&token)["jti"]);
}

/// What a token says, whoever signed it.
fn decoded(token: &str) -> Value {
    let read = jsonwebtoken::dangerous::insecure_decode::<Value>(token);
    read.unwrap().claims
}

#[test]
fn another_key_or_another_claim_does_not_verify() {
    let (house, other) = (house(), self::house());
    let robot = Robot::new(&house);
    let token = robot.id_token("");
    let mut keys = key_set(&other);
    keys["keys"][0]["kid"] = key_of(&token).into();
    let stranger: JwkSet = serde_json::from_value(keys).unwrap();
    assert_eq!(verified(&token, &stranger, &robot.id), None);
    let parts: Vec<&str> = token.split('.').collect();
    let elsewhere = robot.id_token("&audience=elsewhere");
    let claims = elsewhere.split('.').nth(1).unwrap();
    let patched = [parts[0], claims, parts[2]].join(".");
    assert_eq!(verified(&patched, &published(&house), "elsewhere"), None);
}

#[test]
fn the_next_key_is_published_before_it_signs_and_the_last_one_until_its_tokens_are_over() {
    let house = house();
    let robot = Robot::new(&house);
    let first = robot.id_token("");
    assert_eq!(published(&house).keys.len(), 1);
    // The job may be at it in the same moment: who comes second finds nothing to do.
    rotate(&house);
    assert_eq!(rotate(&house), 0);

    house.turn(29 * DAY);
    rotate(&house);
    let announced = published(&house);
    assert_eq!(announced.keys.len(), 2);
    assert_eq!(key_of(&robot.id_token("")), key_of(&first));

    house.turn(DAY - HOUR / 2);
    let last_of_old = robot.id_token("");
    assert_eq!(key_of(&last_of_old), key_of(&first));
    house.turn(HOUR / 2);
    let first_of_new = robot.id_token("");
    assert_ne!(key_of(&first_of_new), key_of(&first));
    // Who fetched the keys before the change can verify what was signed after it.
    for keys in [&announced, &published(&house)] {
        assert!(verified(&last_of_old, keys, &robot.id).is_some());
        assert!(verified(&first_of_new, keys, &robot.id).is_some());
    }

    house.turn(DAY + HOUR);
    let later = published(&house);
    assert_eq!(later.keys.len(), 1);
    assert_eq!(verified(&last_of_old, &later, &robot.id), None);
    assert_eq!(rotate(&house), 0);
    assert_eq!(published(&house), later);
    assert!(verified(&robot.id_token(""), &later, &robot.id).is_some());
}

#[test]
fn a_restart_keeps_the_keys() {
    let house = house();
    let robot = Robot::new(&house);
    let (id, secret, token) = (robot.id.clone(), robot.secret.clone(), robot.id_token(""));
    let before = published(&house);
    drop(robot);
    let house = house.reopen(|_| {});
    let after = published(&house);
    assert_eq!(before, after);
    assert!(verified(&token, &after, &id).is_some());
    let again = id_token_of(&ask(&house, &id, &secret, "&scope=openid"));
    assert_eq!(key_of(&again), key_of(&token));
}

#[test]
fn access_tokens_outlive_the_key_that_sealed_them_but_not_their_own_time() {
    let house = House::with(|config| config.tokens.access_seconds = 24 * 60 * 60);
    let robot = Robot::new(&house);
    let access = || -> Caller {
        let token = robot.ask("").expect(200).json()["access_token"].clone();
        let organisation = robot.acme.organisation.to_string();
        house.web.with(token.as_str().unwrap(), &organisation)
    };
    let first = access();
    first.get(SECRET).expect(200);
    house.turn(29 * DAY);
    rotate(&house);
    house.turn(DAY - HOUR);
    let old = access();
    house.turn(HOUR);
    let new = access();
    for caller in [&old, &new] {
        caller.get(SECRET).expect(200);
    }
    house.turn(23 * HOUR - Duration::from_secs(1));
    old.get(SECRET).expect(200);
    house.turn(Duration::from_secs(1));
    let refused = old.get(SECRET).expect(401);
    assert_eq!(refused.code(), "credentials_expired");
    new.get(SECRET).expect(200);
    // The key is gone by now, so that nobody can tell any more whose token it was.
    house.turn(2 * HOUR);
    rotate(&house);
    let refused = old.get(SECRET).expect(401);
    assert_eq!(refused.code(), "credentials_invalid");
    access().get(SECRET).expect(200);
}

#[test]
fn a_project_is_named_only_where_the_account_was_given_something() {
    let house = house();
    let robot = Robot::new(&house);
    let (inside, _) = (robot.acme.project("web"), robot.acme.project("other"));
    let principal = PrincipalRef::ServiceAccount(robot.account);
    let role = RoleRef::BuiltIn("secrets:ReadAccess");
    robot.acme.bind(principal, role, Some(inside));
    for name in ["web".to_owned(), inside.to_string()] {
        let claims = decoded(&robot.id_token(&format!("&project={name}")));
        assert_eq!(claims["project"], inside.to_string());
    }
    for name in ["other", "nothing", "Not%20A%20Slug"] {
        let refused = robot.ask(&format!("&scope=openid&project={name}"));
        let refused = refused.expect(400);
        assert_eq!(refused.json()["error"], "invalid_request");
        assert!(refused.text().contains("`project`"), "{}", refused.text());
    }
}

#[test]
fn a_limited_credential_needs_the_scope() {
    let house = house();
    let robot = Robot::new(&house);
    let make = |scopes: Value| {
        let url = "/v1/service-accounts/robot/access-credentials";
        let made = robot.acme.owner.post(url).json(&json!({"scopes": scopes}));
        let made = made.expect(201).json();
        let part = |name: &str| made[name].as_str().unwrap().to_owned();
        (part("accessKey"), part("accessSecret"))
    };
    let (id, secret) = make(json!(["api:read"]));
    let refused = ask(&house, &id, &secret, "&scope=openid").expect(400);
    assert_eq!(refused.json()["error"], "invalid_scope");
    let failed = robot.acme.owner.audit("action=auth.token.failed");
    assert_eq!(failed.len(), 1);
    ask(&house, &id, &secret, "&scope=api%3Aread").expect(200);
    let (id, secret) = make(json!(["api:read", "openid"]));
    id_token_of(&ask(&house, &id, &secret, "&scope=api%3Aread+openid"));
}

#[test]
fn it_ends_with_the_access_token_beside_it() {
    let house = House::with(|config| {
        config.issuer.url = Some(URL.to_owned());
        config.tokens.access_seconds = 600;
    });
    let robot = Robot::new(&house);
    let claims = decoded(&robot.id_token(""));
    assert_eq!(claims["exp"], house.clock.now().as_second() + 600);
}

#[test]
fn nobody_gets_one_unasked_or_from_a_server_that_is_no_issuer() {
    let house = house();
    let robot = Robot::new(&house);
    for scope in ["", "&scope=api%3Aread", "&scope=openidx"] {
        let reply = robot.ask(scope).expect(200).json();
        assert_eq!(reply["id_token"], Value::Null, "{scope}");
    }
    let house = House::new();
    let robot = Robot::new(&house);
    let reply = robot.ask("&scope=openid").expect(200).json();
    assert_eq!(reply["id_token"], Value::Null);
    for path in [DISCOVERY, "/.well-known/jwks.json"] {
        let refused = house.web.get(path).send().expect(404);
        assert_eq!(refused.code(), "no_issuer");
    }
}

#[test]
fn another_server_can_trust_this_one() {
    let (home, abroad) = (house(), House::new());
    let robot = Robot::new(&home);
    let there = Robot::new(&abroad);
    let owner = &there.acme.owner;
    let made = |url: &str, body: &Value| {
        let made = owner.post(url).json(body).expect(201).json();
        made["identity"].as_str().unwrap().to_owned()
    };
    let provider = json!({"name": "home", "providerIssuer": URL, "localJwks": key_set(&home)});
    let provider = made("/v1/federated-identity-providers", &provider);
    let identity = json!({
        "name": "robot", "serviceAccountIdentity": there.account.to_string(),
        "providerIdentity": provider, "providerSubject": robot.account.to_string(),
        "trustedAudiences": ["abroad"], "allowedScopes": ["api:read"],
        "conditions": {"organisation": robot.acme.organisation.to_string()},
    });
    made("/v1/federated-identities", &identity);
    let exchange = |token: &str| {
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:jwt\
             &organisation_id=acme&service_account_id=robot"
        );
        abroad.web.post("/oidc/token").form(&form).send()
    };
    let accepted = exchange(&robot.id_token("&audience=abroad"))
        .expect(200)
        .json();
    let token = accepted["access_token"].as_str().unwrap();
    let organisation = there.acme.organisation.to_string();
    abroad
        .web
        .with(token, &organisation)
        .get(SECRET)
        .expect(200);
    exchange(&robot.id_token("&audience=elsewhere")).expect(400);
}

#[test]
fn a_token_that_was_exchanged_gets_one_within_the_scopes_of_its_federated_identity() {
    let (home, abroad) = (house(), house());
    let (robot, there) = (Robot::new(&home), Robot::new(&abroad));
    let owner = &there.acme.owner;
    let provider = json!({"name": "home", "providerIssuer": URL, "localJwks": key_set(&home)});
    let provider = owner
        .post("/v1/federated-identity-providers")
        .json(&provider);
    let provider = provider.expect(201).json()["identity"].clone();
    let identity = json!({
        "name": "robot", "serviceAccountIdentity": "robot", "providerIdentity": provider,
        "providerSubject": robot.account.to_string(), "trustedAudiences": ["abroad"],
        "allowedScopes": ["api:read", "openid"],
    });
    let identity = owner.post("/v1/federated-identities").json(&identity);
    let identity = identity.expect(201).json()["identity"].clone();
    let exchange = || {
        let token = robot.id_token("&audience=abroad");
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:token-exchange&subject_token={token}\
             &subject_token_type=urn:ietf:params:oauth:token-type:jwt&scope=openid\
             &organisation_id=acme&service_account_id=robot"
        );
        abroad.web.post("/oidc/token").form(&form).send()
    };
    let token = id_token_of(&exchange());
    let account = there.account.to_string();
    let claims = verified(&token, &published(&abroad), &account).unwrap();
    assert_eq!(claims["sub"], account);
    let url = format!("/v1/federated-identities/{}", identity.as_str().unwrap());
    let change = json!({"allowedScopes": ["api:read"]});
    owner.put(&url).json(&change).expect(200);
    assert_eq!(exchange().expect(400).json()["error"], "invalid_scope");
}

#[test]
fn a_personal_token_is_no_way_to_one() {
    let house = house();
    let robot = Robot::new(&house);
    let person = robot.acme.caller(robot.acme.user, NewToken::default());
    let form = "grant_type=client_credentials&scope=openid";
    let asked = person.post("/oidc/token").form(form).send();
    assert_eq!(asked.status, 401);
}
