//! Invitations, from the one who invites to the one who comes in.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::NewToken;
use strongroom_testkit::api::SECRETS;
use strongroom_testkit::{Caller, House, Reply, Tenant, b64};

const INVITES: &str = "/v1/invites";
const ACCEPT: &str = "/v1/invites/accept";
const ANN: &str = "ann@example.org";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn invite(caller: &Caller, body: &Value) -> Value {
    caller.post(INVITES).json(body).expect(201).json()
}

fn code(invite: &Value) -> &str {
    invite["acceptCode"].as_str().unwrap()
}

fn accept(house: &House, code: &str) -> Reply {
    house.web.post(ACCEPT).json(&json!({"code": code})).send()
}

/// The caller that taking the invitation makes.
fn joined(house: &House, acme: &Tenant<'_>, invite: &Value) -> (Value, Caller) {
    let reply = accept(house, code(invite)).expect(201).json();
    let token = reply["token"].as_str().unwrap();
    let caller = house.web.with(token, acme.owner.organisation());
    (reply["membership"].clone(), caller)
}

fn gone(house: &House, code: &str) {
    let refused = accept(house, code).expect(404);
    assert_eq!(refused.code(), "invitation_not_found");
    let other = accept(house, "tc_inv_").expect(404);
    assert_eq!(refused.message(), other.message(), "it tells why");
}

#[test]
fn who_is_invited_comes_in_once_with_what_was_promised() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let team = owner
        .post("/v1/teams")
        .json(&json!({"name": "Ops"}))
        .expect(201)
        .json();
    let body = json!({
        "email": ANN, "role": "MEMBER", "joinTeamOnAccept": "ops",
        "rolebindingOnAccept": "secrets:ReadAccess",
    });
    let made = invite(owner, &body);
    assert!(code(&made).starts_with("tc_inv_"), "for scanners");

    let listed = owner.get(INVITES).expect(200);
    assert!(
        !listed.text().contains(code(&made)),
        "the code is shown again"
    );
    let listed = listed.json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    let shown = &listed[0];
    assert_eq!(
        (&shown["email"], &shown["role"]),
        (&json!(ANN), &json!("MEMBER"))
    );
    assert_eq!(shown["inviteCode"], made["inviteCode"]);
    assert_eq!(shown["expiresAt"], made["expiresAt"]);
    assert_eq!(shown["joinTeamOnAccept"]["identity"], team["identity"]);
    assert_eq!(shown["rolebindingOnAccept"]["name"], "secrets:ReadAccess");
    assert_eq!(shown["invitedByUser"]["subject"], acme.user.to_string());
    assert_eq!(shown["organisation"]["slug"], "acme");

    let name = json!({"code": code(&made), "name": "Ann Example"});
    let reply = house.web.post(ACCEPT).json(&name).send().expect(201).json();
    let membership = &reply["membership"];
    assert_eq!(membership["role"], "MEMBER");
    assert_eq!(membership["user"]["email"], ANN);
    assert_eq!(membership["user"]["name"], "Ann Example");
    assert_eq!(membership["organisation"]["slug"], "acme");
    let ann = house
        .web
        .with(reply["token"].as_str().unwrap(), owner.organisation());
    ann.get(SECRETS).expect(200);
    ann.get("/v1/audit").expect(403);
    let team = owner.get("/v1/teams/ops").expect(200).json();
    assert_eq!(team["members"][0]["identity"], membership["identity"]);
    let mine = "/v1/me/organisation-memberships";
    let mine = ann.get(mine).expect(200).json();
    assert_eq!(mine[0]["identity"], membership["identity"]);

    gone(&house, code(&made));
    assert_eq!(owner.get(INVITES).expect(200).json(), json!([]));
    let issued = acme.owner.audit("action=auth.token.issued");
    assert_eq!(issued.len(), 1);
    let context = &issued[0]["context"];
    assert_eq!(context["invitation"], made["inviteCode"]);
    assert_eq!(context["credentials_type"], "invitation");
}

#[test]
fn an_invitation_dies_when_it_is_withdrawn_or_over_or_its_maker_leaves() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let withdrawn = invite(owner, &json!({"email": ANN}));
    let one = format!("{INVITES}/{}", withdrawn["inviteCode"].as_str().unwrap());
    owner.delete(&one).expect(204);
    owner.delete(&one).expect(404);
    gone(&house, code(&withdrawn));

    let short = invite(owner, &json!({"email": ANN, "duration": "1h"}));
    house.turn(Duration::from_secs(3600));
    gone(&house, code(&short));
    assert_eq!(owner.get(INVITES).expect(200).json(), json!([]));
    let failed = acme.owner.audit("action=auth.token.failed");
    assert_eq!(failed[0]["context"]["reason"], "expired");

    // What has ended is in nobody's way, and a week is the usual time.
    let usual = invite(owner, &json!({"email": ANN}));
    house.turn(DAY * 7 - Duration::from_secs(1));
    joined(&house, &acme, &usual);

    let leaver = acme.member(&[("membership", &[], &["*"])]);
    let made = invite(&leaver, &json!({"email": "bo@example.org"}));
    let mine = leaver
        .get("/v1/me/organisation-memberships")
        .expect(200)
        .json();
    let mine = mine[0]["identity"].as_str().unwrap();
    owner.delete(&format!("/v1/memberships/{mine}")).expect(204);
    gone(&house, code(&made));
}

#[test]
fn nobody_invites_to_more_than_they_hold() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner
        .post("/v1/teams")
        .json(&json!({"name": "Ops"}))
        .expect(201);
    acme.member(&[])
        .post(INVITES)
        .json(&json!({"email": ANN}))
        .expect(403);
    let refused = |caller: &Caller, more: (&str, &str)| {
        let body = json!({"email": ANN, more.0: more.1});
        let reply = caller.post(INVITES).json(&body).expect(400);
        assert_eq!(reply.code(), "escalation", "{more:?}");
    };
    let inviter = acme.member(&[("membership", &[], &["create"])]);
    let role = ("rolebindingOnAccept", "secrets:ReadAccess");
    let team = ("joinTeamOnAccept", "ops");
    for more in [("role", "OWNER"), role, team, ("joinTeamOnAccept", "none")] {
        refused(&inviter, more);
    }
    // Whoever may give a role, and holds it, may also promise it.
    let giver: &[(&str, &[&str], &[&str])] = &[
        ("membership", &[], &["create"]),
        ("iam_role", &[], &["update"]),
        ("team", &[], &["update"]),
    ];
    let giver = acme.member(giver);
    refused(&giver, role);
    let unknown = json!({"email": ANN, "joinTeamOnAccept": "none"});
    giver.post(INVITES).json(&unknown).expect(404);
    let holder: &[(&str, &[&str], &[&str])] = &[
        ("membership", &[], &["create"]),
        ("iam_role", &[], &["update"]),
        ("secret", &[], &["read", "list"]),
    ];
    let holder = acme.member(holder);
    let (_, ann) = joined(
        &house,
        &acme,
        &invite(&holder, &json!({"email": ANN, role.0: role.1})),
    );
    ann.get(SECRETS).expect(200);
    // An owner is made by an owner.
    let body = json!({"email": "bo@example.org", "role": "OWNER"});
    let (membership, bo) = joined(&house, &acme, &invite(owner, &body));
    assert_eq!(membership["role"], "OWNER");
    bo.get("/v1/audit").expect(200);
}

#[test]
fn a_rule_can_limit_whom_somebody_invites() {
    let house = House::new();
    let acme = house.tenant("acme");
    let inviter = acme.member(&[(
        "membership",
        &["*@example.org"],
        &["create", "list", "read"],
    )]);
    invite(&inviter, &json!({"email": ANN}));
    let elsewhere = json!({"email": "eve@example.com"});
    let refused = inviter.post(INVITES).json(&elsewhere).expect(403);
    assert_eq!(refused.code(), "permission_denied");
    invite(&acme.owner, &elsewhere);
    let seen = inviter.get(INVITES).expect(200).json();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["email"], ANN);
    let all = acme.owner.get(INVITES).expect(200).json();
    assert_eq!(all.as_array().unwrap().len(), 2);
}

#[test]
fn nobody_is_invited_twice_or_is_a_member_already() {
    let house = House::new();
    let acme = house.tenant("acme");
    let again = |email: &str| {
        let reply = acme.owner.post(INVITES).json(&json!({"email": email}));
        assert_eq!(reply.expect(409).code(), "already_invited", "{email}");
    };
    invite(&acme.owner, &json!({"email": ANN}));
    again("ANN@Example.org");
    again("owner@example.org");
    // Who became a member in another way does not become one twice, or come back by it later.
    let other = invite(&acme.owner, &json!({"email": "bo@example.org"}));
    let bo = acme.user("bo@example.org");
    let refused = accept(&house, code(&other)).expect(409);
    assert_eq!(refused.code(), "already_invited");
    acme.owner
        .delete(&format!("/v1/memberships/{bo}"))
        .expect(204);
    gone(&house, code(&other));
}

#[test]
fn a_code_proves_no_address() {
    let house = House::new();
    let acme = house.tenant("acme");
    // Whoever invites could take the code themselves.
    let inviter = acme.member(&[("membership", &[], &["create"])]);
    let (_, somebody) = joined(&house, &acme, &invite(&inviter, &json!({"email": ANN})));
    let role = "/v1/iam/roles/secrets:FullAccess/bindings";
    let mine = "/v1/me/organisation-memberships";
    let mine = somebody.get(mine).expect(200).json();
    let bound = json!({"userIdentity": mine[0]["identity"]});
    acme.owner.post(role).json(&bound).expect(201);
    somebody.get(SECRETS).expect(200);
    // A secret's policy that names Ann means her, and not whoever had a code with her name on it.
    acme.owner.create("/ann", &acme.key, "hers").expect(201);
    let only = |principal: &str| {
        let principals = json!([format!("user:{principal}")]);
        let statement = json!({"effect": "Allow", "actions": ["*"], "principals": principals});
        json!({"statements": [statement]})
    };
    acme.owner.set_policy("/ann", &only(ANN)).expect(200);
    let refused = somebody.reveal("/ann").expect(403);
    assert_eq!(refused.code(), "access_policy_denied");
    let member = acme.member(&[("secret", &[], &["getSecretValue"])]);
    acme.owner
        .set_policy("/ann", &only("member@example.org"))
        .expect(200);
    member.reveal("/ann").expect(200);
    // The address is still free for the one whose it is.
    invite(&acme.owner, &json!({"email": ANN}));
}

#[test]
fn an_invitation_counts_only_while_its_maker_could_make_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    // An owner who is none any more.
    let second = acme.user("second@example.org");
    let place = format!("/v1/memberships/{second}");
    owner
        .put(&place)
        .json(&json!({"role": "OWNER"}))
        .expect(200);
    let caller = acme.caller(second, NewToken::default());
    let body = json!({"email": ANN, "role": "OWNER"});
    let made = invite(&caller, &body);
    owner
        .put(&place)
        .json(&json!({"role": "MEMBER"}))
        .expect(200);
    gone(&house, code(&made));
    let failed = owner.audit("action=auth.token.failed");
    assert_eq!(failed[0]["context"]["reason"], "iam");
    owner
        .put(&place)
        .json(&json!({"role": "OWNER"}))
        .expect(200);
    joined(&house, &acme, &made);

    // A member who lost the role that they promised.
    let holder = acme.user("holder@example.org");
    let mut bindings = Vec::new();
    for role in ["iam:FullAccess", "secrets:ReadAccess"] {
        let url = format!("/v1/iam/roles/{role}/bindings");
        let body = json!({"userIdentity": holder.to_string()});
        let bound = owner.post(&url).json(&body).expect(201).json();
        bindings.push(format!("{url}/{}", bound["identity"].as_str().unwrap()));
    }
    let caller = acme.caller(holder, NewToken::default());
    let body = json!({"email": "bo@example.org", "rolebindingOnAccept": "secrets:ReadAccess"});
    let made = invite(&caller, &body);
    owner.delete(&bindings[1]).expect(204);
    gone(&house, code(&made));

    // A service account that is gone.
    let account = json!({"name": "robot"});
    owner
        .post("/v1/service-accounts")
        .json(&account)
        .expect(201);
    let url = "/v1/iam/roles/iam:FullAccess/bindings";
    owner
        .post(url)
        .json(&json!({"serviceAccountIdentity": "robot"}))
        .expect(201);
    let credentials = "/v1/service-accounts/robot/access-credentials";
    let issued = owner.post(credentials).json(&json!({})).expect(201).json();
    let text = |field: &str| issued[field].as_str().unwrap();
    let basic = b64(format!("{}:{}", text("accessKey"), text("accessSecret")));
    let robot = house
        .web
        .post(INVITES)
        .json(&json!({"email": "cy@example.org"}));
    let robot = robot.header("Authorization", &format!("Basic {basic}"));
    let made = robot.send().expect(201).json();
    owner.delete("/v1/service-accounts/robot").expect(204);
    gone(&house, code(&made));
    let left = owner.get(INVITES).expect(200).json();
    assert_eq!(left.as_array().unwrap().len(), 1, "the holder's");
}

#[test]
fn what_may_not_be_read_is_not_shown() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner
        .post("/v1/teams")
        .json(&json!({"name": "Ops"}))
        .expect(201);
    let body = json!({
        "email": ANN, "joinTeamOnAccept": "ops", "rolebindingOnAccept": "secrets:ReadAccess",
    });
    invite(&acme.owner, &body);
    let looker = acme.member(&[("membership", &[], &["list", "read"])]);
    let seen = looker.get(INVITES).expect(200).json();
    assert_eq!(seen[0]["email"], ANN);
    for field in ["joinTeamOnAccept", "rolebindingOnAccept"] {
        assert_eq!(seen[0].get(field), None);
    }
}

#[test]
fn what_is_gone_by_the_time_is_not_given() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner
        .post("/v1/teams")
        .json(&json!({"name": "Ops"}))
        .expect(201);
    owner
        .post("/v1/iam/roles")
        .json(&json!({"name": "Reading"}))
        .expect(201);
    let rule = json!({"resources": ["secret"], "permissions": ["list"]});
    owner
        .post("/v1/iam/roles/reading/rules")
        .json(&rule)
        .expect(201);
    let body = json!({"email": ANN, "joinTeamOnAccept": "ops", "rolebindingOnAccept": "reading"});
    let made = invite(owner, &body);
    owner.delete("/v1/teams/ops").expect(204);
    owner.delete("/v1/iam/roles/reading").expect(204);
    let listed = owner.get(INVITES).expect(200).json();
    assert_eq!(listed[0].get("joinTeamOnAccept"), None);
    assert_eq!(listed[0].get("rolebindingOnAccept"), None);
    let (_, ann) = joined(&house, &acme, &made);
    ann.get(SECRETS).expect(403);
}

#[test]
fn what_is_no_invitation_is_refused_with_the_field() {
    let house = House::new();
    let acme = house.tenant("acme");
    for (body, field) in [
        (json!({}), "email"),
        (json!({"email": "ann"}), "email"),
        (json!({"email": ANN, "role": "ADMIN"}), "role"),
        (json!({"email": ANN, "duration": "soon"}), "duration"),
        (
            json!({"email": ANN, "joinTeamOnAccept": "a b"}),
            "joinTeamOnAccept",
        ),
    ] {
        let refused = acme.owner.post(INVITES).json(&body).expect(400);
        assert!(refused.message().contains(field), "{}", refused.message());
    }
    let late = house.later(DAY * 31).to_string();
    let late = json!({"email": ANN, "expiresAt": late});
    let refused = acme.owner.post(INVITES).json(&late).expect(400);
    assert!(
        refused.message().contains("30 days"),
        "{}",
        refused.message()
    );
    let past = json!({"email": ANN, "expiresAt": house.later(Duration::ZERO).to_string()});
    acme.owner.post(INVITES).json(&past).expect(400);
    for body in [json!({}), json!({"code": ""}), json!({"code": 7})] {
        let refused = house.web.post(ACCEPT).json(&body).send().expect(400);
        assert!(refused.message().contains("code"), "{}", refused.message());
    }
}

#[test]
fn whoever_guesses_codes_waits_and_the_right_one_still_counts_elsewhere() {
    let house = House::with(|config| {
        config.proxies.trusted = vec!["127.0.0.1".parse().unwrap()];
        config.limits.failed_attempts = 3;
    });
    let acme = house.tenant("acme");
    let made = invite(&acme.owner, &json!({"email": ANN}));
    let from = |address: &str, code: &str| {
        let call = house.web.post(ACCEPT).json(&json!({"code": code}));
        call.header("X-Forwarded-For", address).send()
    };
    for _ in 0..3 {
        from("192.0.2.1", "tc_inv_guess").expect(404);
    }
    let waits = from("192.0.2.1", code(&made)).expect(429);
    assert_eq!(waits.code(), "too_many_attempts");
    assert_eq!(waits.header("retry-after"), "2");
    from("198.51.100.1", code(&made)).expect(201);
}
