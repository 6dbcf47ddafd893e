//! Personal access tokens that somebody makes after signing in.

use serde_json::{Value, json};
use strongroom_engine::NewToken;
use strongroom_testkit::{Caller, House};

use crate::scene::house;
use crate::sign_in::People;

const TOKENS: &str = "/v1/me/personal-access-tokens";
const MEMBERSHIPS: &str = "/v1/me/organisation-memberships";

fn make(house: &House, caller: &Caller, organisation: &str) -> Caller {
    let issued = caller.post(TOKENS).json(&json!({"name": "made"}));
    let issued = issued.expect(201).json();
    house
        .web
        .with(issued["token"].as_str().unwrap(), organisation)
}

fn listed(caller: &Caller) -> Vec<Value> {
    let listed = caller.get(TOKENS).expect(200).json();
    listed.as_array().unwrap().clone()
}

#[test]
fn what_is_made_after_signing_in_counts_where_the_provider_vouched_and_nowhere_else() {
    let house = house();
    let people = People::new(&house);
    let other = house.tenant("other");
    let directory = house.engine().directory();
    let joined = directory.add_member(other.organisation, people.bo, true);
    house.wait(joined).unwrap();
    let everywhere = people.scene.acme.caller(people.bo, NewToken::default());
    let bo = people.signed_in(&people.token("sub-bo", &json!({})));
    // Of tokens that count elsewhere, too, whoever vouched here has no say.
    assert_eq!(listed(&bo), Vec::<Value>::new());
    let there = everywhere.get(TOKENS).expect(200).json();
    let there = there[0]["identity"].as_str().unwrap().to_owned();
    bo.delete(&format!("{TOKENS}/{there}")).expect(404);

    let made = make(&house, &bo, "acme");
    made.post("/v1/secrets/nl-01/secret/app/db/value")
        .expect(200);
    let elsewhere = make(&house, &bo, other.owner.organisation());
    let refused = elsewhere.get("/v1/secrets/nl-01/secrets").expect(403);
    assert_eq!(refused.code(), "not_a_member");
    // Nor does what is made with it, and it sees no more.
    let again = make(&house, &made, other.owner.organisation());
    again.get("/v1/secrets/nl-01/secrets").expect(403);
    let seen = listed(&made);
    assert_eq!(seen.len(), 3);
    assert!(
        seen.iter()
            .all(|token| token["organisationIdentity"].is_string())
    );
    assert_eq!(
        made.get(MEMBERSHIPS)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    // A token that counts everywhere sees them all.
    assert_eq!(listed(&everywhere).len(), 4);
    assert_eq!(
        everywhere
            .get(MEMBERSHIPS)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        2
    );
}
