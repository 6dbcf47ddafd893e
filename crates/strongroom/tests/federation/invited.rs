//! People who were invited, and come in by signing in.

use std::time::Duration;

use serde_json::{Value, json};

use crate::scene::house;
use crate::sign_in::{People, VALUE};

#[test]
fn who_was_invited_becomes_a_member_by_signing_in() {
    let house = house();
    let people = People::new(&house);
    let acme = &people.scene.acme;
    let invite = json!({
        "email": "Ann@Example.org", "rolebindingOnAccept": "secrets:FullAccess",
    });
    let invite = acme
        .owner
        .post("/v1/invites")
        .json(&invite)
        .expect(201)
        .json();
    // Only who has the address, and whose provider says so, is the one who was invited.
    let ann = |more: &Value| {
        let mut claims = json!({"email": "ann@example.org", "name": "Ann Example"});
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        people.token("sub-ann", &claims)
    };
    people.refused(&ann(&json!({"email_verified": false})), "email_unverified");
    people.refused(&ann(&json!({"email": "eve@example.org"})), "unknown_member");
    let caller = people.signed_in(&ann(&json!({})));
    caller.post(VALUE).expect(200);
    let mine = caller
        .get("/v1/me/organisation-memberships")
        .expect(200)
        .json();
    assert_eq!(mine[0]["user"]["name"], "Ann Example");
    assert_eq!(mine[0]["user"]["email"], "Ann@Example.org");
    let issued = acme.owner.audit("action=auth.token.issued");
    assert_eq!(issued[0]["context"]["invitation"], invite["inviteCode"]);
    assert_eq!(issued[0]["context"]["credentials_type"], "sign_in");

    // The invitation is used up, both by its code and by its address.
    let code = json!({"code": invite["acceptCode"]});
    house
        .web
        .post("/v1/invites/accept")
        .json(&code)
        .send()
        .expect(404);
    let other = people.token("sub-other", &json!({"email": "ann@example.org"}));
    people.refused(&other, "subject_changed");
    // The second time she is known by her subject.
    people
        .signed_in(&ann(&json!({"email": "new@example.org"})))
        .post(VALUE)
        .expect(200);
    let members = acme.owner.get("/v1/memberships").expect(200).json();
    assert_eq!(members.as_array().unwrap().len(), 3);
}

#[test]
fn an_invitation_that_is_over_signs_nobody_in() {
    let house = house();
    let people = People::new(&house);
    let invite = json!({"email": "ann@example.org", "duration": "1m"});
    people
        .scene
        .acme
        .owner
        .post("/v1/invites")
        .json(&invite)
        .expect(201);
    house.turn(Duration::from_secs(60));
    let ann = people.token("sub-ann", &json!({"email": "ann@example.org"}));
    people.refused(&ann, "unknown_member");
}

#[test]
fn who_took_the_code_is_not_who_signs_in() {
    let house = house();
    let people = People::new(&house);
    let acme = &people.scene.acme;
    let invite = || {
        let body = json!({"email": "ann@example.org"});
        acme.owner
            .post("/v1/invites")
            .json(&body)
            .expect(201)
            .json()
    };
    let code = json!({"code": invite()["acceptCode"]});
    let taken = house.web.post("/v1/invites/accept").json(&code).send();
    let taken = taken.expect(201).json();
    // Nobody knows whether it was Ann: signing in does not make her the one who took it.
    let ann = || people.token("sub-ann", &json!({"email": "ann@example.org"}));
    people.refused(&ann(), "unknown_member");
    invite();
    let caller = people.signed_in(&ann());
    let mine = "/v1/me/organisation-memberships";
    let mine = caller.get(mine).expect(200).json();
    assert_ne!(mine[0]["identity"], taken["membership"]["identity"]);
}

#[test]
fn who_did_not_come_in_is_not_on_record() {
    let house = house();
    let people = People::new(&house);
    let acme = &people.scene.acme;
    let body = json!({"email": "ann@example.org"});
    acme.owner.post("/v1/invites").json(&body).expect(201);
    let token = people.token("sub-ann", &json!({"email": "ann@example.org"}));
    let refused = people.try_in_project(&token, "nowhere");
    refused.expect(400);
    let failed = acme.owner.audit("action=auth.token.failed");
    assert_eq!(failed[0].get("userIdentity"), None, "{}", failed[0]);
    let members = acme.owner.get("/v1/memberships").expect(200).json();
    assert_eq!(members.as_array().unwrap().len(), 2);
    people.signed_in(&token);
}
