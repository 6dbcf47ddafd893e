//! People who sign in: ID tokens that are accepted, what they are good for, and when that ends.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{NewToken, PrincipalRef, RoleRef};
use strongroom_testkit::{Caller, House, Reply};
use strongroom_types::{Clock, UserId};

use crate::issuer::{Pair, p256};
use crate::scene::{PROVIDERS, Scene, house};

pub(crate) const VALUE: &str = "/v1/secrets/nl-01/secret/app/db/value";
const SIGN_INS: &str = "/v1/me/sign-ins";
const EMAIL: &str = "Bo@Example.org";
const BAD_REQUEST: u16 = 400;

/// An organisation that people sign in to, and `Bo`, who may read its secrets.
pub(crate) struct People<'h> {
    pub(crate) scene: Scene<'h>,
    pair: Pair,
    pub(crate) bo: UserId,
}

impl<'h> People<'h> {
    pub(crate) fn new(house: &'h House) -> Self {
        let scene = Scene::new(house);
        let pair = p256();
        scene.issuer.publish("k", &pair);
        let bo = scene.acme.user(EMAIL);
        let all = RoleRef::BuiltIn("secrets:FullAccess");
        scene.acme.bind(PrincipalRef::User(bo), all, None);
        let people = Self { scene, pair, bo };
        people.set(&json!({"signIn": {"clientId": "cli"}}));
        people
    }

    /// Changes the provider.
    fn set(&self, change: &Value) -> Value {
        let url = format!("{PROVIDERS}/{}", self.scene.provider);
        let reply = self.scene.acme.owner.put(&url).json(change).expect(200);
        reply.json()
    }

    /// An ID token for the client; `more` adds to or replaces claims, and `null` takes them away.
    pub(crate) fn token(&self, subject: &str, more: &Value) -> String {
        self.token_of("JWT", subject, more)
    }

    fn token_of(&self, kind: &str, subject: &str, more: &Value) -> String {
        let mut claims = json!({
            "aud": "cli", "email": "bo@example.ORG", "email_verified": true, "nbf": null,
        });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let claims = self.scene.claims(subject, &claims);
        let header = json!({"alg": "ES256", "kid": "k", "typ": kind});
        self.pair.token(&header, &claims)
    }

    fn try_in(&self, token: &str, organisation: &str) -> Reply {
        let web = &self.scene.acme.house.web;
        web.post("/oidc/token")
            .form(&form(token, organisation))
            .send()
    }

    /// As [`Self::try_in`], for a token of one project.
    pub(crate) fn try_in_project(&self, token: &str, project: &str) -> Reply {
        let form = format!("{}&project={project}", form(token, "acme"));
        let web = &self.scene.acme.house.web;
        web.post("/oidc/token").form(&form).send()
    }

    /// The caller that the token makes.
    pub(crate) fn signed_in(&self, token: &str) -> Caller {
        self.scene.caller(self.try_in(token, "acme"))
    }

    /// Insists that the token signs nobody in, for this reason, which the caller does not learn.
    pub(crate) fn refused(&self, token: &str, reason: &str) {
        let reply = self.try_in(token, "acme").expect(BAD_REQUEST);
        assert_eq!(reply.json()["error"], "invalid_grant", "{reason}");
        assert_eq!(self.scene.reason(), reason);
        let other = self.try_in("a.b.c", "acme").expect(BAD_REQUEST);
        assert_eq!(reply.message(), other.message(), "{reason} is told");
        self.scene.acme.house.turn(Duration::from_millis(1));
    }

    fn now(&self) -> i64 {
        self.scene.acme.house.clock.now().as_second()
    }
}

fn form(token: &str, organisation: &str) -> String {
    format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange\
         &subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token\
         &subject_token={token}&organisation_id={organisation}"
    )
}

fn dead(caller: &Caller) {
    assert_eq!(caller.post(VALUE).expect(401).code(), "credentials_invalid");
}

#[test]
fn a_member_signs_in_with_their_own_rights() {
    let house = house();
    let people = People::new(&house);
    let reply = people.try_in(&people.token("sub-bo", &json!({})), "acme");
    assert_eq!(reply.json()["expires_in"], 3600);
    let bo = people.scene.caller(reply);
    bo.post(VALUE).expect(200);
    // They hold what they were given and no more.
    bo.get("/v1/audit").expect(403);
    let mine = bo.get("/v1/me/organisation-memberships").expect(200).json();
    assert_eq!(mine[0]["identity"], people.bo.to_string());
    let issued = people.scene.acme.owner.audit("action=auth.token.issued");
    assert_eq!(issued.len(), 1);
    assert_eq!(issued[0]["resourceIdentity"], people.scene.provider);
    let context = &issued[0]["context"];
    assert_eq!(context["credentials_type"], "sign_in");
    assert_eq!(
        (&context["subject"], &context["linked"]),
        (&json!("sub-bo"), &json!("first sign-in"))
    );
    house.turn(Duration::from_secs(3601));
    assert_eq!(bo.post(VALUE).expect(401).code(), "credentials_expired");
}

#[test]
fn anybody_learns_where_to_sign_in_and_nothing_of_what_has_no_sign_in() {
    let house = house();
    let people = People::new(&house);
    house.tenant("silent");
    let ask = |organisation: &str| {
        let url = format!("/v1/sign-in?organisation={organisation}");
        house.web.get(&url).send()
    };
    let organisation = people.scene.acme.organisation.to_string();
    for name in ["acme", &organisation] {
        let shown = ask(name).expect(200).json();
        assert_eq!(shown["organisation"], organisation);
        assert_eq!(
            shown["providers"],
            json!([{
                "identity": people.scene.provider, "name": "issuer", "clientId": "cli",
                "issuer": people.scene.issuer.url(), "scopes": ["openid", "email"],
            }])
        );
    }
    let unknown = ask("nothing").expect(404);
    for name in ["silent", "org-x", "a%20b"] {
        let other = ask(name).expect(404);
        assert_eq!(other.code(), "no_sign_in");
        assert_eq!(other.message(), unknown.message());
    }
    assert_eq!(ask("").expect(400).code(), "invalid_request");
    for change in [
        json!({"status": "inactive"}),
        json!({"status": "active", "signIn": {}}),
    ] {
        people.set(&change);
        ask("acme").expect(404);
    }
}

#[test]
fn what_is_no_sign_in_is_refused_for_its_own_reason() {
    let house = house();
    let people = People::new(&house);
    let now = people.now();
    for (claims, reason) in [
        (json!({"aud": "other"}), "audience_mismatch"),
        (
            json!({"aud": ["cli", "other"]}),
            "authorized_party_mismatch",
        ),
        (
            json!({"aud": ["cli", "other"], "azp": "other"}),
            "authorized_party_mismatch",
        ),
        (json!({"azp": "other"}), "authorized_party_mismatch"),
        (json!({"iat": null}), "not_an_id_token"),
        (json!({"email": null}), "email_missing"),
        (json!({"email": ""}), "email_missing"),
        (json!({"email": ["bo@example.org"]}), "email_missing"),
        (json!({"email_verified": null}), "email_unverified"),
        (json!({"email_verified": false}), "email_unverified"),
        (json!({"email_verified": "true"}), "email_unverified"),
        (json!({"email": "eve@example.org"}), "unknown_member"),
        (json!({"email": "bo@example.org "}), "unknown_member"),
        (json!({"exp": now - 61}), "token_expired"),
        (
            json!({"iss": "https://elsewhere.example"}),
            "unknown_issuer",
        ),
    ] {
        people.refused(&people.token("sub-bo", &claims), reason);
    }
    let access = people.token_of("at+jwt", "sub-bo", &json!({}));
    people.refused(&access, "not_an_id_token");
    let strange = p256().token(
        &json!({"alg": "ES256", "kid": "k"}),
        &people.scene.claims("sub-bo", &json!({"aud": "cli"})),
    );
    people.refused(&strange, "bad_signature");
    // Nothing of all that linked anybody, so that the right one still gets in.
    let good = people.token("sub-bo", &json!({}));
    people.try_in(&good, "acme").expect(200);
    for organisation in ["nothing", "a%20b"] {
        people.try_in(&good, organisation).expect(BAD_REQUEST);
    }
    let both = form(&good, "acme") + "&service_account_id=robot";
    let both = house.web.post("/oidc/token").form(&both).expect(400);
    assert_eq!(both.json()["error"], "invalid_request");
    let scope = form(&good, "acme") + "&scope=openid";
    let scope = house.web.post("/oidc/token").form(&scope).expect(400);
    assert_eq!(scope.json()["error"], "invalid_scope");
}

#[test]
fn a_provider_can_vouch_for_addresses_by_a_claim_of_its_own() {
    let house = house();
    let people = People::new(&house);
    let shown = people.set(&json!({"signIn": {"clientId": "cli", "verifiedClaim": "xms_edov"}}));
    assert_eq!(shown["signIn"]["verifiedClaim"], "xms_edov");
    for no in [
        json!(null),
        json!(false),
        json!(0),
        json!("0"),
        json!(["1"]),
    ] {
        // What the standard says counts no more, once another claim is chosen.
        let token = people.token("sub-bo", &json!({"xms_edov": no}));
        people.refused(&token, "email_unverified");
    }
    for (subject, yes) in [
        ("one", json!(true)),
        ("two", json!(1)),
        ("three", json!("1")),
    ] {
        let email = format!("{subject}@example.org");
        people.scene.acme.user(&email);
        let claims = json!({"email": email, "email_verified": null, "xms_edov": yes});
        people.signed_in(&people.token(subject, &claims));
    }
}

#[test]
fn whoever_manages_members_ends_their_sign_ins_and_links() {
    let house = house();
    let people = People::new(&house);
    let bo = people.signed_in(&people.token("sub-bo", &json!({})));
    let url = |user: UserId| format!("/v1/memberships/{user}/sign-ins");
    let update = ("membership", &[][..], &["update"][..]);
    let manager = people.scene.acme.member(&[update]);
    house.turn(Duration::from_secs(2));
    manager.delete(&url(people.bo)).expect(204);
    dead(&bo);
    house.turn(Duration::from_secs(1));
    // The person is at the provider now who has the address, and so is known by another subject.
    let again = people.signed_in(&people.token("sub-new", &json!({})));
    again.post(VALUE).expect(200);
    dead(&bo);
    people.refused(&people.token("sub-bo", &json!({})), "subject_changed");
    // Owners are for owners, and nobody is for those who may nothing.
    let owner = url(people.scene.acme.user);
    assert_eq!(manager.delete(&owner).expect(400).code(), "escalation");
    people.scene.acme.owner.delete(&owner).expect(204);
    bo.delete(&url(people.bo)).expect(401);
    again.delete(&url(people.bo)).expect(403);
}

#[test]
fn an_address_that_two_members_share_names_neither() {
    let house = house();
    let people = People::new(&house);
    people.scene.acme.user("BO@example.org");
    people.refused(&people.token("sub-bo", &json!({})), "ambiguous_member");
    // Letters beyond ASCII that look alike, or become alike, are other letters.
    people.scene.acme.user("kim@example.org");
    let kelvin = json!({"email": "\u{212a}im@example.org"});
    people.refused(&people.token("sub-kim", &kelvin), "unknown_member");
}

#[test]
fn the_subject_counts_once_it_is_linked_and_the_address_no_more() {
    let house = house();
    let people = People::new(&house);
    people.signed_in(&people.token("sub-bo", &json!({})));
    // Without an address, or with a new one, Bo is still Bo.
    for more in [
        json!({"email": null, "email_verified": null}),
        json!({"email": "bo.married@example.org"}),
        json!({"email_verified": false}),
    ] {
        people
            .signed_in(&people.token("sub-bo", &more))
            .post(VALUE)
            .expect(200);
    }
    // Whoever gets the address inherits nothing.
    let heir = people.token("sub-heir", &json!({}));
    people.refused(&heir, "subject_changed");
    let issued = people.scene.acme.owner.audit("action=auth.token.issued");
    let linked = issued
        .iter()
        .filter(|entry| entry["context"].get("linked").is_some());
    assert_eq!((issued.len(), linked.count()), (4, 1));
    // That is so after a restart, too.
    let bo = people.token("sub-bo", &json!({"email": null}));
    let People {
        scene,
        pair: _,
        bo: _,
    } = people;
    let _issuer = scene.issuer;
    let house = house.reopen(|_| {});
    let exchange = |token| {
        house
            .web
            .post("/oidc/token")
            .form(&form(token, "acme"))
            .send()
    };
    exchange(&bo).expect(200);
    exchange(&heir).expect(BAD_REQUEST);
}

#[test]
fn what_vouched_must_go_on_vouching() {
    let house = house();
    let people = People::new(&house);
    let token = people.token("sub-bo", &json!({}));
    let bo = people.signed_in(&token);
    for (away, back, reason) in [
        (
            json!({"status": "inactive"}),
            json!({"status": "active"}),
            "provider_inactive",
        ),
        (
            json!({"signIn": {}}),
            json!({"signIn": {"clientId": "cli"}}),
            "sign_in_off",
        ),
    ] {
        people.set(&away);
        dead(&bo);
        people.refused(&token, reason);
        people.set(&back);
        bo.post(VALUE).expect(200);
    }
    let provider = format!("{PROVIDERS}/{}", people.scene.provider);
    people.scene.acme.owner.delete(&provider).expect(204);
    dead(&bo);
    people.refused(&token, "unknown_issuer");
}

#[test]
fn a_membership_that_ends_takes_the_sign_ins_along() {
    let house = house();
    let people = People::new(&house);
    let token = people.token("sub-bo", &json!({}));
    let bo = people.signed_in(&token);
    let member = format!("/v1/memberships/{}", people.bo);
    people.scene.acme.owner.delete(&member).expect(204);
    dead(&bo);
    people.refused(&token, "unknown_member");
    // Who comes back with the same address is somebody new, and may be another subject.
    house.turn(Duration::from_secs(1));
    let again = people.scene.acme.user(EMAIL);
    assert_ne!(again, people.bo);
    dead(&bo);
    people.signed_in(&people.token("sub-new", &json!({})));
}

#[test]
fn a_membership_that_begins_anew_revives_no_sign_in() {
    let house = house();
    let people = People::new(&house);
    let token = people.token("sub-bo", &json!({}));
    let before = people.signed_in(&token);
    let member = format!("/v1/memberships/{}", people.bo);
    people.scene.acme.owner.delete(&member).expect(204);
    house.turn(Duration::from_secs(1));
    let directory = house.engine().directory();
    let joined = directory.add_member(people.scene.acme.organisation, people.bo, false);
    house.wait(joined).unwrap();
    let after = people.signed_in(&people.token("sub-bo", &json!({})));
    after.get("/v1/regions").expect(200);
    before.get("/v1/regions").expect(401);
}

#[test]
fn who_signs_out_everywhere_ends_what_was_before_and_not_what_comes() {
    let house = house();
    let people = People::new(&house);
    let before = people.token("sub-bo", &json!({}));
    let (one, two) = (people.signed_in(&before), people.signed_in(&before));
    let personal = people.scene.acme.caller(people.bo, NewToken::default());
    house.turn(Duration::from_secs(2));
    one.delete(SIGN_INS).expect(204);
    dead(&one);
    dead(&two);
    // Tokens of another kind are none of its business.
    personal.post(VALUE).expect(200);
    // An ID token from before is no new sign-in.
    people.refused(&before, "sign_in_ended");
    house.turn(Duration::from_secs(1));
    let after = people.signed_in(&people.token("sub-bo", &json!({})));
    after.post(VALUE).expect(200);
    dead(&one);
    // Programs have no sign-ins.
    let robot = people.scene.acme.service_account("clerk");
    let (id, secret) = people.scene.acme.credential(robot);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let robot = people
        .scene
        .caller(house.web.post("/oidc/token").form(&form).send());
    robot.delete(SIGN_INS).expect(404);
}

#[test]
fn a_sign_in_counts_in_the_organisation_whose_provider_vouched() {
    let house = house();
    let people = People::new(&house);
    let other = house.tenant("other");
    // Bo is an owner there, too.
    let join = house.engine().directory();
    house
        .wait(join.add_member(other.organisation, people.bo, true))
        .unwrap();
    let token = people.token("sub-bo", &json!({}));
    let bo = people.signed_in(&token);
    let there = bo.in_organisation("other");
    assert_eq!(there.post(VALUE).expect(403).code(), "not_a_member");
    assert_eq!(there.get("/v1/regions").expect(403).code(), "not_a_member");
    let listed = bo.get("/v1/me/organisation-memberships").expect(200);
    assert_eq!(listed.json().as_array().unwrap().len(), 1);
    assert!(!listed.text().contains(&other.organisation.to_string()));
    // Nor does the token sign in there, where nobody trusts its issuer.
    people.try_in(&token, "other").expect(BAD_REQUEST);
    // Even where the other organisation trusts the same issuer, each links for itself.
    let provider = json!({
        "name": "same", "providerIssuer": people.scene.issuer.url(), "signIn": {"clientId": "cli"},
    });
    other.owner.post(PROVIDERS).json(&provider).expect(201);
    people.try_in(&token, "other").expect(200);
    let heir = people.token("sub-heir", &json!({}));
    people.refused(&heir, "subject_changed");
}

#[test]
fn only_owners_decide_how_people_sign_in() {
    let house = house();
    let people = People::new(&house);
    let all = ("federated_identity_provider", &[][..], &["*"][..]);
    let admin = people.scene.acme.member(&[all]);
    let url = format!("{PROVIDERS}/{}", people.scene.provider);
    let refused = |call: strongroom_testkit::Call| {
        let reply = call.expect(400);
        assert_eq!(reply.code(), "escalation");
        assert!(
            reply.message().contains("only owners"),
            "{}",
            reply.message()
        );
    };
    let sign_in = json!({"clientId": "mine"});
    let own = json!({"name": "own", "providerIssuer": "https://own.example", "signIn": sign_in});
    refused(admin.post(PROVIDERS).json(&own));
    for change in [
        json!({"signIn": sign_in}),
        json!({"providerJwksUri": "https://own.example/keys"}),
        json!({"localJwks": {"keys": [p256().jwk("mine")]}}),
    ] {
        refused(admin.put(&url).json(&change));
    }
    let plain = json!({"name": "own", "providerIssuer": "https://own.example"});
    let plain = admin.post(PROVIDERS).json(&plain).expect(201).json();
    let plain = format!("{PROVIDERS}/{}", plain["identity"].as_str().unwrap());
    refused(admin.put(&plain).json(&json!({"signIn": sign_in})));
    // To switch it off is no danger; to switch it on again is one.
    for change in [json!({"description": "x"}), json!({"status": "inactive"})] {
        let shown = admin.put(&url).json(&change).expect(200).json();
        assert_eq!(shown["signIn"]["clientId"], "cli");
    }
    refused(admin.put(&url).json(&json!({"status": "active"})));
    let shown = admin
        .put(&url)
        .json(&json!({"signIn": {}}))
        .expect(200)
        .json();
    assert!(shown.get("signIn").is_none());
}
