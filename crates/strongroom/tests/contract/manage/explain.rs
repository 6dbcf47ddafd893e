//! Why somebody may do something, or what is missing.

use serde_json::{Value, json};
use strongroom_engine::{NewToken, PrincipalRef};
use strongroom_testkit::api::{SECRETS, key, secret};
use strongroom_testkit::{Call, Caller, House, Tenant};

const EXPLAIN: &str = "/v1/iam/explain";

fn ask(caller: &Caller, question: &Value) -> Call {
    caller.post(EXPLAIN).json(question)
}

fn explained(caller: &Caller, question: &Value) -> Value {
    ask(caller, question).expect(200).json()
}

/// May the caller reveal `/app/db`?
fn reveal() -> Value {
    json!({"resource": "secret", "permission": "getSecretValue", "resourceIdentity": "/app/db",
        "region": "nl-01"})
}

/// The same of somebody, or with something else in it.
fn with(mut question: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        question[name] = value.clone();
    }
    question
}

fn somebody(acme: &Tenant<'_>) -> (String, Caller) {
    let user = acme.user("somebody@example.org");
    (user.to_string(), acme.caller(user, NewToken::default()))
}

/// A role with one rule about `/app/*`, given to `to` within `scopes`.
fn give(owner: &Caller, name: &str, permissions: &[&str], to: &Value, scopes: &[&str]) -> Value {
    let made = owner.post("/v1/iam/roles").json(&json!({"name": name}));
    let role = made.expect(201).json()["identity"].clone();
    let url = |of: &str| format!("/v1/iam/roles/{}/{of}", role.as_str().unwrap());
    let rule = json!({"resources": ["secret"], "resourceIdentities": ["/app/*"],
        "permissions": permissions, "note": "why"});
    owner.post(&url("rules")).json(&rule).expect(201);
    let binding = with(json!({"name": "given", "scopes": scopes}), to);
    let bound = owner.post(&url("bindings")).json(&binding);
    bound.expect(201).json()
}

#[test]
fn a_right_is_traced_to_its_rule_its_binding_and_its_team() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let (user, member) = somebody(&acme);
    owner
        .post("/v1/teams")
        .json(&json!({"name": "ops"}))
        .expect(201);
    let joining = json!({"userIdentity": user});
    owner
        .post("/v1/teams/ops/members")
        .json(&joining)
        .expect(201);
    let to = json!({"teamIdentity": "ops"});
    let binding = give(owner, "App Reader", &["getSecretValue"], &to, &[]);
    owner.create("/app/db", &acme.key, "v").expect(201);

    let answer = explained(&member, &reveal());
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(true), &json!("rule"))
    );
    assert_eq!(answer["principal"]["identity"], user);
    assert_eq!(answer["principal"]["type"], "user");
    assert_eq!(
        (&answer["cut"], &answer["missing"]),
        (&json!([]), &Value::Null)
    );
    assert_eq!(answer["accessPolicy"], json!({"allowed": true}));
    let grounds = answer["grounds"].as_array().unwrap();
    assert_eq!(grounds.len(), 1);
    assert_eq!(grounds[0]["source"], "organisation_role");
    assert_eq!(grounds[0]["role"]["slug"], "app-reader");
    assert_eq!(grounds[0]["rule"]["resourceIdentities"], json!(["/app/*"]));
    assert_eq!(grounds[0]["rule"]["note"], "why");
    assert_eq!(grounds[0]["binding"]["identity"], binding["identity"]);
    assert_eq!(grounds[0]["binding"]["team"]["slug"], "ops");
    member.reveal("/app/db").expect(200);

    let answer = explained(owner, &reveal());
    assert_eq!(
        (&answer["reason"], &answer["grounds"]),
        (&json!("owner"), &json!([]))
    );
}

#[test]
fn what_is_missing_is_named_and_what_cuts_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let answer = explained(&member, &reveal());
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(false), &json!("no_rule"))
    );
    let missing = json!({"resource": "secret", "permissions": ["getSecretValue"]});
    assert_eq!(answer["missing"], missing);
    assert_eq!(
        (&answer["grounds"], &answer["cut"]),
        (&json!([]), &json!([]))
    );

    let to = json!({"userIdentity": user});
    give(
        &acme.owner,
        "limited",
        &["read", "getSecretValue"],
        &to,
        &["api:read"],
    );
    let answer = explained(&member, &reveal());
    assert_eq!(answer["allowed"], false);
    assert_eq!(answer["cut"][0]["cutBy"], "scopes");
    assert_eq!(answer["cut"][0]["binding"]["scopes"], json!(["api:read"]));
    assert_eq!(answer["cut"][0]["role"]["slug"], "limited");
    let reading = with(reveal(), &json!({"permission": "read"}));
    assert_eq!(explained(&member, &reading)["allowed"], true);
    let elsewhere = with(reading, &json!({"resourceIdentity": "/app"}));
    assert_eq!(explained(&member, &elsewhere)["allowed"], false);

    give(&acme.owner, "full", &["getSecretValue"], &to, &[]);
    let looking = NewToken {
        scopes: vec!["api:read".to_owned()],
        ..NewToken::default()
    };
    let looking = acme.caller(user.parse().unwrap(), looking);
    let answer = explained(&looking, &reveal());
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(false), &json!("credential_scope"))
    );
}

#[test]
fn a_refused_call_names_the_missing_right_where_that_hides_nothing() {
    let house = House::new();
    let acme = house.tenant("acme");
    let nobody = acme.member(&[]);
    let refused = nobody.get(SECRETS).expect(403).json();
    let missing = json!({"resource": "secret", "permissions": ["list"]});
    assert_eq!(refused["missing"], missing, "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("`list`"));
    let refused = nobody.get("/v1/teams").expect(403).json();
    assert_eq!(refused["missing"]["resource"], "team");
    let hidden = nobody.get(&key(&acme.key)).expect(404).json();
    assert_eq!(hidden["missing"], Value::Null);
    let absent = acme.owner.get(&secret("/nothing")).expect(404).json();
    assert_eq!(absent["missing"], Value::Null);
}

#[test]
fn about_others_only_those_learn_who_may_read_all_roles() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, _) = somebody(&acme);
    let others = acme.owner.post("/v1/teams").json(&json!({"name": "ops"}));
    others.expect(201);
    let joining = acme.owner.post("/v1/teams/ops/members");
    joining.json(&json!({"userIdentity": user})).expect(201);
    give(
        &acme.owner,
        "r",
        &["getSecretValue"],
        &json!({"teamIdentity": "ops"}),
        &[],
    );
    let of = |who: &str| with(reveal(), &json!({"userIdentity": who}));
    let stranger = "usr-00000000000000000000000000";
    for rules in [
        &[][..],
        &[("iam_role", &["r"][..], &["read"][..])],
        &[("iam_role", &[], &["list"])],
        &[("secret", &[], &["*"])],
    ] {
        let curious = acme.member(rules);
        for who in [user.as_str(), stranger] {
            let refused = ask(&curious, &of(who)).expect(403).json();
            assert_eq!(refused["code"], "permission_denied", "{rules:?}");
            assert_eq!(refused["missing"]["resource"], "iam_role");
        }
    }
    let reading = ("iam_role", &[][..], &["read"][..]);
    let secrets = ("secret", &[][..], &["read"][..]);
    let refused = ask(&acme.member(&[reading, secrets]), &of(&user));
    let refused = refused.expect(403).json();
    assert_eq!(refused["missing"]["resource"], "iam_policy");
    let policies = ("iam_policy", &[][..], &["read"][..]);
    let auditor = acme.member(&[reading, policies, secrets]);
    assert_eq!(
        ask(&auditor, &of(stranger)).expect(404).code(),
        "resource_not_found"
    );
    let answer = explained(&auditor, &of(&user));
    assert_eq!(answer["allowed"], true);
    // Who is in which team is the business of those who may read teams.
    assert_eq!(answer["grounds"][0]["binding"]["throughTeam"], true);
    assert_eq!(answer["grounds"][0]["binding"]["team"], Value::Null);
    let auditor = acme.member(&[reading, policies, secrets, ("team", &[], &["read"])]);
    let answer = explained(&auditor, &of(&user));
    assert_eq!(answer["grounds"][0]["binding"]["team"]["slug"], "ops");
}

#[test]
fn rights_inside_a_project_count_there() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let web = acme.project("web");
    let principal = PrincipalRef::User(user.parse().unwrap());
    acme.permit(principal, &[("*", &[], &["*"])], Some(web));
    let inside = with(reveal(), &json!({"projectIdentity": "web"}));
    assert_eq!(explained(&member, &reveal())["allowed"], false);
    let answer = explained(&member, &inside);
    assert_eq!(answer["allowed"], true);
    assert_eq!(answer["project"]["slug"], "web");
    assert_eq!(answer["grounds"][0]["source"], "iam_policy");
    assert_eq!(
        explained(&member.in_project("web"), &reveal())["allowed"],
        true
    );
    // What is the whole organisation's no project gives.
    let roles = json!({"resource": "iam_role", "permission": "read", "projectIdentity": "web"});
    assert_eq!(explained(&member, &roles)["allowed"], false);
    let audit = json!({"resource": "audit_log", "permission": "list", "projectIdentity": "web"});
    assert_eq!(explained(&member, &audit)["allowed"], false);

    let about = with(inside, &json!({"userIdentity": user}));
    let reading = ("iam_role", &[][..], &["read"][..]);
    let secrets = ("secret", &[][..], &["read"][..]);
    let auditor = acme.member(&[reading, secrets, ("iam_policy", &[], &["read"])]);
    assert_eq!(explained(&auditor, &about)["allowed"], true);
}

#[test]
fn an_access_policy_is_explained_to_those_who_may_read_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    let policy = json!({"accessPolicy": {"conditions": [
        {"type": "time", "effect": "allow", "startHour": 0, "endHour": 24},
        {"type": "ip", "effect": "deny", "cidrs": ["192.0.2.0/24", "127.0.0.0/8"]},
    ], "statements": [
        {"effect": "deny", "actions": ["putSecretValue"], "principals": ["*"]},
    ]}});
    acme.owner.create("/app/db", &acme.key, "v").expect(201);
    let setting = acme.owner.put(&format!("{}/policy", secret("/app/db")));
    setting.json(&policy).expect(200);

    let user = acme.member(&[("secret", &["/app/*"], &["getSecretValue", "putSecretValue"])]);
    user.reveal("/app/db").expect(403);
    let answer = explained(&user, &reveal());
    assert_eq!(
        (&answer["allowed"], &answer["reason"]),
        (&json!(false), &json!("access_policy"))
    );
    // As the call itself, this says no more than that.
    assert_eq!(answer["accessPolicy"], json!({"allowed": false}));
    for probing in [
        json!({"clientIp": "10.0.0.1"}),
        json!({"time": "2026-07-01T10:00:00Z"}),
    ] {
        let refused = ask(&user, &with(reveal(), &probing)).expect(403).json();
        assert_eq!(
            refused["missing"],
            json!({"resource": "secret", "permissions": ["read"]})
        );
    }

    let reader = acme.member(&[("secret", &[], &["read", "getSecretValue", "putSecretValue"])]);
    let answer = explained(&reader, &reveal());
    assert_eq!(answer["accessPolicy"]["condition"], 1);
    assert!(
        answer["accessPolicy"]["message"]
            .as_str()
            .unwrap()
            .contains("denies")
    );
    let elsewhere = with(reveal(), &json!({"clientIp": "10.0.0.1"}));
    let answer = explained(&reader, &elsewhere);
    assert_eq!(answer["allowed"], true);
    assert_eq!(
        answer["accessPolicy"],
        json!({"allowed": true, "condition": 0})
    );
    let putting = with(elsewhere, &json!({"permission": "putSecretValue"}));
    let answer = explained(&reader, &putting);
    assert_eq!(answer["accessPolicy"]["statement"], 0);
    assert_eq!(answer["allowed"], false);
    // Without a secret there is no policy.
    let absent = with(reveal(), &json!({"resourceIdentity": "/app/none"}));
    assert_eq!(
        explained(&reader, &absent)["accessPolicy"],
        json!({"allowed": true})
    );
}

#[test]
fn a_thing_goes_by_all_its_names_and_an_unreadable_key_by_the_asked_one() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (user, member) = somebody(&acme);
    let made = acme.owner.make_key("invoices");
    let principal = PrincipalRef::User(user.parse().unwrap());
    acme.permit(
        principal,
        &[("kms_key", &[made.as_str()], &["encrypt"])],
        None,
    );
    let asked = json!({"resource": "kms_key", "permission": "encrypt", "region": "nl-01",
        "resourceIdentity": "invoices"});
    assert_eq!(explained(&member, &asked)["allowed"], true);
    let about = with(asked, &json!({"userIdentity": user}));
    let reading = ("iam_role", &[][..], &["read"][..]);
    let policies = ("iam_policy", &[][..], &["read"][..]);
    let answer = explained(&acme.member(&[reading, policies]), &about);
    assert_eq!(
        answer["allowed"], false,
        "this would tell that there is such a key"
    );
    let keys = ("kms_key", &[][..], &["read"][..]);
    let answer = explained(&acme.member(&[reading, policies, keys]), &about);
    assert_eq!(answer["allowed"], true);
}

#[test]
fn a_question_that_means_nothing_is_refused() {
    let house = House::new();
    let acme = house.tenant("acme");
    for (more, status, code) in [
        (json!({"resource": "secrets"}), 400, "invalid_request"),
        (json!({"resource": "*"}), 400, "invalid_request"),
        (json!({"permission": "*"}), 400, "invalid_request"),
        (json!({"permission": null}), 400, "invalid_request"),
        (json!({"permission": "encrypt"}), 400, "invalid_request"),
        (json!({"clientIp": "here"}), 400, "invalid_request"),
        (json!({"time": "noon"}), 400, "invalid_request"),
        (json!({"resourceIdentity": "app"}), 400, "invalid_path"),
        (json!({"region": "nl-99"}), 404, "region_not_found"),
        (json!({"projectIdentity": "none"}), 404, "project_not_found"),
        (json!({"userIdentity": "ann"}), 400, "invalid_request"),
        (
            json!({"serviceAccountIdentity": "none"}),
            404,
            "resource_not_found",
        ),
    ] {
        let refused = ask(&acme.owner, &with(reveal(), &more)).expect(status);
        assert_eq!(refused.code(), code, "{more}");
    }
}

#[test]
fn who_was_asked_about_is_on_record() {
    let house = House::new();
    let acme = house.tenant("acme");
    let account = acme.service_account("robot").to_string();
    let asked = with(reveal(), &json!({"serviceAccountIdentity": "robot"}));
    assert_eq!(
        explained(&acme.owner, &asked)["principal"]["type"],
        "service_account"
    );
    let entries = acme.owner.audit(&format!("resourceIdentity={account}"));
    let entry = &entries[0];
    assert!(entry.to_string().contains(EXPLAIN), "{entry}");
}

#[test]
fn a_policy_is_explained_with_its_conditions_and_where_it_comes_from() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let (user, member) = somebody(&acme);
    acme.project("web");
    let office = json!({"name": "Office", "replicateToChildren": true,
        "conditionals": {"allowed": [{"type": "ip", "ips": ["10.0.0.0/8"]}]}});
    let policies = "/v1/projects/iam/policies";
    let made = owner.post(policies).json(&office).expect(201).json();
    let of = |part: &str| format!("{policies}/{}/{part}", made["identity"].as_str().unwrap());
    let rule = json!({"resources": ["secret"], "permissions": ["getSecretValue"]});
    owner.post(&of("rules")).json(&rule).expect(201);
    let binding = json!({"name": "given", "userIdentity": user});
    owner.post(&of("bindings")).json(&binding).expect(201);

    // Questions about other addresses take the right to read the secret and its access policy.
    give(
        owner,
        "Reader",
        &["read"],
        &json!({"userIdentity": user}),
        &[],
    );

    let here = json!({"clientIp": "10.1.2.3"});
    for level in [json!({}), json!({"projectIdentity": "web"})] {
        let question = with(reveal(), &level);
        let answer = explained(&member, &question);
        assert_eq!(answer["reason"], "no_rule", "{level}");
        assert_eq!(answer["cut"][0]["cutBy"], "conditionals");
        assert_eq!(answer["cut"][0]["source"], "iam_policy");
        let answer = explained(&member, &with(question, &here));
        assert_eq!(
            (&answer["allowed"], &answer["cut"]),
            (&json!(true), &json!([]))
        );
        assert_eq!(answer["grounds"][0]["role"]["slug"], "office");
    }
    // On what belongs to the whole organisation, no policy counts.
    owner
        .post(&of("rules"))
        .json(&json!({"resources": ["team"], "permissions": ["list"]}))
        .expect(201);
    let teams = with(json!({"resource": "team", "permission": "list"}), &here);
    let answer = explained(&member, &teams);
    assert_eq!(
        (&answer["allowed"], &answer["cut"]),
        (&json!(false), &json!([]))
    );
    // Policies are things to ask about, too.
    let reading =
        json!({"resource": "iam_policy", "permission": "read", "resourceIdentity": "office"});
    assert_eq!(explained(owner, &reading)["reason"], "owner");
}
