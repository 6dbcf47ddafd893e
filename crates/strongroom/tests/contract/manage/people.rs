//! Teams and memberships.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{NewToken, PrincipalRef, RoleRef};
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, Tenant};

const TEAMS: &str = "/v1/teams";
const MEMBERS: &str = "/v1/memberships";

fn somebody(acme: &Tenant<'_>, email: &str) -> (String, Caller) {
    let user = acme.user(email);
    (user.to_string(), acme.caller(user, NewToken::default()))
}

fn join(caller: &Caller, team: &str, user: &str) -> strongroom_testkit::Call {
    let body = json!({"userIdentity": user, "role": "LEAD"});
    caller.post(&format!("{TEAMS}/{team}/members")).json(&body)
}

/// A team that may list secrets.
fn listing_team(acme: &Tenant<'_>) -> Value {
    let team = acme.owner.post(TEAMS).json(&json!({"name": "Ops"}));
    let team = team.expect(201).json();
    let role = "/v1/iam/roles/secrets:ReadAccess/bindings";
    let bound = json!({"teamIdentity": team["identity"]});
    let bound = acme.owner.post(role).json(&bound).expect(201).json();
    assert_eq!(bound["team"]["slug"], "ops");
    team
}

#[test]
fn a_team_gives_to_its_members_and_takes_from_those_who_leave() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let (user, member) = somebody(&acme, "ann@example.org");
    let team = listing_team(&acme);
    assert_eq!(
        (&team["slug"], &team["members"]),
        (&json!("ops"), &json!([]))
    );
    member.get(SECRETS).expect(403);
    let joined = join(owner, "ops", &user).expect(201).json();
    assert_eq!(
        (&joined["role"], &joined["user"]["subject"]),
        (&json!("LEAD"), &json!(user))
    );
    member.get(SECRETS).expect(200);
    // Joining again changes the role and nothing else.
    join(owner, "ops", &user).expect(201);
    let shown = owner.get(&format!("{TEAMS}/ops")).expect(200).json();
    assert_eq!(shown["members"].as_array().unwrap().len(), 1);
    assert_eq!(owner.get(TEAMS).expect(200).json(), json!([shown]));

    let leaving = format!(
        "{TEAMS}/ops/members/{}",
        joined["identity"].as_str().unwrap()
    );
    owner.delete(&leaving).expect(204);
    member.get(SECRETS).expect(403);
    owner.delete(&leaving).expect(404);

    join(owner, "ops", &user).expect(201);
    member.get(SECRETS).expect(200);
    owner.delete(&format!("{TEAMS}/ops")).expect(204);
    member.get(SECRETS).expect(403);
    // Nothing is left of what the team was given.
    let again = owner.post(TEAMS).json(&json!({"name": "Ops"})).expect(201);
    assert_eq!(again.json()["slug"], "ops");
    join(owner, "ops", &user).expect(201);
    member.get(SECRETS).expect(403);
}

#[test]
fn a_team_is_described_and_renamed() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({"name": "Ops", "description": "on call", "labels": {"a": "b"}});
    let made = acme.owner.post(TEAMS).json(&body).expect(201).json();
    house.turn(Duration::from_secs(1));
    let change = json!({"name": "Operations", "description": "", "labels": null});
    let changed = acme.owner.put(&format!("{TEAMS}/ops")).json(&change);
    let changed = changed.expect(200).json();
    assert_eq!(changed["name"], "Operations");
    assert_eq!(
        (&changed["slug"], &changed["description"]),
        (&json!("ops"), &json!(""))
    );
    assert_eq!(
        (&changed["labels"], &changed["objectVersion"]),
        (&json!({}), &json!(2))
    );
    assert_ne!(changed["updatedAt"], made["updatedAt"]);
    let taken = acme.owner.post(TEAMS).json(&json!({"name": "OPS"}));
    assert_eq!(taken.expect(409).code(), "slug_taken");
    let nobody = "usr-00000000000000000000000000";
    assert_eq!(
        join(&acme.owner, "ops", nobody).expect(404).code(),
        "resource_not_found"
    );
    assert_eq!(
        join(&acme.owner, "ops", "ann").expect(400).code(),
        "invalid_request"
    );
}

#[test]
fn nobody_joins_a_team_for_rights_that_the_inviter_lacks() {
    let house = House::new();
    let acme = house.tenant("acme");
    listing_team(&acme);
    let (user, _) = somebody(&acme, "ann@example.org");
    let lead = acme.member(&[("team", &[], &["*"])]);
    assert_eq!(join(&lead, "ops", &user).expect(400).code(), "escalation");
    let holder = acme.member(&[("team", &[], &["*"]), ("secret", &[], &["read", "list"])]);
    join(&holder, "ops", &user).expect(201);
}

#[test]
fn the_last_owner_stays_and_only_owners_decide_about_owners() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let first = format!("{MEMBERS}/{}", acme.user);
    let (user, member) = somebody(&acme, "ann@example.org");
    let second = format!("{MEMBERS}/{user}");
    let role = |role: &str| json!({"role": role});
    for call in [
        owner.put(&first).json(&role("MEMBER")),
        owner.delete(&first),
    ] {
        assert_eq!(call.expect(400).code(), "last_owner");
    }
    let manager = acme.member(&[("membership", &[], &["*"])]);
    for call in [
        manager.put(&second).json(&role("OWNER")),
        manager.put(&first).json(&role("MEMBER")),
        manager.delete(&first),
    ] {
        assert_eq!(call.expect(400).code(), "escalation");
    }
    member.get(SECRETS).expect(403);
    let made = owner.put(&second).json(&role("OWNER")).expect(200).json();
    assert_eq!(
        (&made["role"], &made["identity"]),
        (&json!("OWNER"), &json!(user))
    );
    member.get(SECRETS).expect(200);
    member.put(&first).json(&role("MEMBER")).expect(200);
    owner.get(SECRETS).expect(403);
    assert_eq!(member.delete(&second).expect(400).code(), "last_owner");
    for body in [json!({}), role("owner"), role("ADMIN")] {
        let refused = member.put(&first).json(&body).expect(400);
        assert_eq!(refused.code(), "invalid_request", "{body}");
    }
}

#[test]
fn who_leaves_leaves_everything() {
    let house = House::new();
    let acme = house.tenant("acme");
    let user = acme.user("ann@example.org");
    let member = acme.caller(user, NewToken::default());
    let role = RoleRef::BuiltIn("secrets:ReadAccess");
    acme.bind(PrincipalRef::User(user), role, None);
    listing_team(&acme);
    join(&acme.owner, "ops", &user.to_string()).expect(201);
    member.get(SECRETS).expect(200);
    acme.owner.delete(&format!("{MEMBERS}/{user}")).expect(204);
    assert_eq!(member.get(SECRETS).expect(403).code(), "not_a_member");
    acme.owner.delete(&format!("{MEMBERS}/{user}")).expect(404);
    let team = acme.owner.get(&format!("{TEAMS}/ops")).expect(200).json();
    assert_eq!(team["members"], json!([]));
    // Whoever comes back starts with nothing.
    let directory = house.engine().directory();
    let back = directory.add_member(acme.organisation, user, false);
    house.wait(back).unwrap();
    member.get(SECRETS).expect(403);
}

#[test]
fn members_are_listed_and_find_their_organisations() {
    let house = House::new();
    let (acme, other) = (house.tenant("acme"), house.tenant("other"));
    // The list is in the order of joining, and of two at the same instant either may be the first.
    house.turn(Duration::from_secs(1));
    let (user, member) = somebody(&acme, "ann@example.org");
    let listed = acme.owner.get(MEMBERS).expect(200).json();
    let emails = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|each| &each["user"]["email"]);
    assert_eq!(
        emails.collect::<Vec<_>>(),
        ["owner@example.org", "ann@example.org"]
    );
    assert_eq!(listed[0]["role"], "OWNER");
    assert_eq!(listed[1]["user"]["name"], "Ann");
    member.get(MEMBERS).expect(403);

    let mine = "/v1/me/organisation-memberships";
    let own = member.get(mine).expect(200).json();
    assert_eq!(own.as_array().unwrap().len(), 1);
    assert_eq!(own[0]["organisation"]["slug"], "acme");
    assert_eq!(own[0]["role"], "MEMBER");
    let directory = house.engine().directory();
    let joining = directory.add_member(other.organisation, user.parse().unwrap(), true);
    house.wait(joining).unwrap();
    // Who belongs to several need not know one of them to find them.
    let nameless = house.web.get(mine).token(member.token());
    let own = nameless.expect(200).json();
    assert_eq!(own.as_array().unwrap().len(), 2);
    let elsewhere = house.web.get(MEMBERS).token(member.token());
    assert_eq!(elsewhere.expect(400).code(), "organisation_required");
}
