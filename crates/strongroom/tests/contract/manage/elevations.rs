//! Asking for a policy for a while.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::NewToken;
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House};

use super::policies::{POLICIES, id, policy, somebody};

const MINE: &str = "/v1/projects/iam/my-access-elevations";
const ALL: &str = "/v1/projects/iam/access-elevations";

fn ask(by: &Caller, policy: &str, duration: &str) -> strongroom_testkit::Call {
    let body = json!({"policyIdentity": policy, "reason": "incident 7", "duration": duration,
        "labels": {"ticket": "7"}, "annotations": null});
    by.post(MINE).json(&body)
}

fn decide(by: &Caller, request: &Value, what: &str) -> strongroom_testkit::Call {
    let url = format!("{ALL}/{}/{what}", id(request));
    by.post(&url).json(&json!({"reviewNote": what}))
}

fn mine(by: &Caller, request: &Value) -> Value {
    by.get(&format!("{MINE}/{}", id(request)))
        .expect(200)
        .json()
}

#[test]
fn what_somebody_else_approves_is_held_until_it_ends() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.project("web");
    let (user, member) = somebody(&acme);
    let (owner, member) = (acme.owner.in_project("web"), member.in_project("web"));
    let asked = ask(&member, "secrets:ReadAccess", "2h").expect(201).json();
    assert_eq!(
        (&asked["status"], &asked["reason"]),
        (&json!("pending"), &json!("incident 7"))
    );
    assert_eq!(asked["iamPolicy"]["name"], "secrets:ReadAccess");
    assert_eq!(
        (&asked["requester"]["subject"], &asked["project"]["slug"]),
        (&json!(user), &json!("web"))
    );
    let end = house.later(Duration::from_secs(7200)).to_string();
    assert_eq!(
        (&asked["requestedExpiresAt"], &asked["labels"]),
        (&json!(end), &json!({"ticket": "7"}))
    );
    member.get(SECRETS).expect(403);
    assert_eq!(owner.get(ALL).expect(200).json(), json!([asked]));
    assert_eq!(
        acme.owner.get(ALL).expect(200).json(),
        json!([]),
        "another level"
    );

    let approved = decide(&owner, &asked, "approve").expect(200).json();
    assert_eq!(
        (&approved["status"], &approved["reviewNote"]),
        (&json!("approved"), &json!("approve"))
    );
    assert_eq!(approved["reviewedBy"]["subject"], acme.user.to_string());
    let binding = &approved["iamPolicyBinding"];
    assert_eq!(
        (&binding["expiresAt"], &binding["user"]["subject"]),
        (&json!(end), &json!(user))
    );
    assert_eq!(mine(&member, &asked), approved);
    member.get(SECRETS).expect(200);
    acme.caller(user.parse().unwrap(), NewToken::default())
        .get(SECRETS)
        .expect(403);
    for late in ["approve", "reject"] {
        let refused = decide(&owner, &asked, late).expect(400);
        assert_eq!(refused.code(), "access_elevation_state");
    }
    house.turn(Duration::from_secs(7199));
    member.get(SECRETS).expect(200);
    house.turn(Duration::from_secs(1));
    member.get(SECRETS).expect(403);
    let over = mine(&member, &asked);
    assert_eq!(
        (&over["status"], over.get("iamPolicyBinding")),
        (&json!("expired"), None)
    );
    assert_eq!(
        decide(&owner, &asked, "revoke").expect(400).code(),
        "access_elevation_state"
    );
}

#[test]
fn a_request_can_be_refused_taken_back_and_revoked() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (_, member) = somebody(&acme);
    let owner = &acme.owner;
    let ask = || ask(&member, "secrets:ReadAccess", "1h").expect(201).json();
    let rejected = ask();
    let shown = decide(owner, &rejected, "reject").expect(200).json();
    assert_eq!(shown["status"], "rejected");
    let cancelled = ask();
    let cancel = format!("{MINE}/{}/cancel", id(&cancelled));
    assert_eq!(
        member.post(&cancel).expect(200).json()["status"],
        "cancelled"
    );
    member.post(&cancel).expect(400);
    for done in [&rejected, &cancelled] {
        assert_eq!(
            decide(owner, done, "approve").expect(400).code(),
            "access_elevation_state"
        );
    }
    member.get(SECRETS).expect(403);

    let revoked = ask();
    decide(owner, &revoked, "revoke").expect(400);
    decide(owner, &revoked, "approve").expect(200);
    member.get(SECRETS).expect(200);
    assert_eq!(
        decide(owner, &revoked, "revoke").expect(200).json()["status"],
        "revoked"
    );
    member.get(SECRETS).expect(403);
    // Taking the binding away is a revocation, too.
    let unbound = ask();
    let approved = decide(owner, &unbound, "approve").expect(200).json();
    let binding = id(&approved["iamPolicyBinding"]);
    let binding = format!("{POLICIES}/secrets:ReadAccess/bindings/{binding}");
    owner.delete(&binding).expect(204);
    member.get(SECRETS).expect(403);
    assert_eq!(mine(&member, &unbound)["status"], "revoked");

    let waiting = ask();
    house.turn(Duration::from_secs(3600));
    assert_eq!(mine(&member, &waiting)["status"], "expired");
    decide(owner, &waiting, "approve").expect(400);
    assert_eq!(
        member
            .get(MINE)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        5
    );
}

#[test]
fn nobody_approves_themselves_or_what_they_do_not_hold() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (_, member) = somebody(&acme);
    let own = ask(&acme.owner, "secrets:ReadAccess", "1h")
        .expect(201)
        .json();
    let refused = decide(&acme.owner, &own, "approve").expect(400);
    assert_eq!(refused.code(), "own_access_elevation");
    let reading = ask(&member, "secrets:ReadAccess", "1h").expect(201).json();
    let approver = acme.member(&[("iam_policy", &[], &["update"])]);
    assert_eq!(
        decide(&approver, &reading, "approve").expect(400).code(),
        "escalation"
    );
    let holder = acme.member(&[("secret", &[], &["read", "list"])]);
    decide(&holder, &reading, "approve").expect(403);
    let both = acme.member(&[
        ("iam_policy", &["secrets-readaccess"], &["update"]),
        ("secret", &[], &["read", "list"]),
    ]);
    let full = ask(&member, "secrets:FullAccess", "1h").expect(201).json();
    decide(&both, &full, "approve").expect(403);
    member.get(SECRETS).expect(403);
    decide(&both, &reading, "approve").expect(200);
    member.get(SECRETS).expect(200);
    // What others asked for is nobody's own.
    let url = format!("{MINE}/{}", id(&reading));
    acme.owner.get(&url).expect(404);
    acme.owner.post(&format!("{url}/cancel")).expect(404);
}

#[test]
fn a_request_says_what_why_and_until_when() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let full = json!({"policyIdentity": "secrets:ReadAccess", "reason": "r", "duration": "1h"});
    for (field, value, status) in [
        ("policyIdentity", json!("nothing"), 404),
        ("policyIdentity", json!(""), 400),
        ("reason", json!(""), 400),
        ("duration", json!(""), 400),
        ("duration", json!("31d"), 400),
        ("expiresAt", json!("2999-01-01T00:00:00Z"), 400),
        ("duration", json!("30d"), 201),
    ] {
        let mut body = full.clone();
        body[field] = value;
        member.post(MINE).json(&body).expect(status);
    }
    member.get(&format!("{MINE}/nonsense")).expect(404);
    // A service account holds what it is bound to, and asks for nothing.
    let account = acme.service_account("robot");
    let (key, secret) = acme.credential(account);
    let basic = strongroom_testkit::b64(format!("{key}:{secret}"));
    let asking = house.web.post(MINE).json(&full);
    let asking = asking
        .header("Authorization", &format!("Basic {basic}"))
        .expect(400);
    assert_eq!(asking.code(), "not_supported");

    // With the policy, or with who asked, goes the request.
    let made = policy(&acme.owner, json!({"name": "brief"}), ("secret", &["list"]));
    ask(&member, "brief", "1h").expect(201);
    let count = || {
        acme.owner
            .get(ALL)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count(), 2);
    acme.owner
        .delete(&format!("{POLICIES}/{}", id(&made)))
        .expect(204);
    assert_eq!(count(), 1);
    acme.owner
        .delete(&format!("/v1/memberships/{user}"))
        .expect(204);
    assert_eq!(count(), 0);
}
