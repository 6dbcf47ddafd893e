//! `/v1/audit` (contract 5.1 to 5.4).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use strongroom_engine::{PrincipalRef, RoleRef};
use strongroom_testkit::api::{key, secret};
use strongroom_testkit::{Caller, House, Tenant, b64};

fn actions(owner: &Caller, query: &str) -> Vec<String> {
    let entries = owner.audit(query);
    entries
        .iter()
        .map(|entry| entry["action"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_sensitive_call_leaves_a_general_and_its_own_records() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "v").expect(201);
    let reveal = owner
        .reveal("/a")
        .header("User-Agent", "reader/1")
        .expect(200);
    let id = reveal.header("x-request-id");
    let entries = owner.audit(&format!("searchText={id}"));
    let find = |action: &str| {
        entries
            .iter()
            .find(|entry| entry["action"] == action)
            .unwrap()
    };
    assert_eq!(entries.len(), 3);

    let general = find("POST");
    assert_eq!(general["userIdentity"], acme.user.to_string());
    assert_eq!(general["user"]["email"], "owner@example.org");
    assert_eq!(
        general["organizationIdentity"],
        acme.organisation.to_string()
    );
    assert_eq!(general["createdAt"], "2026-07-01T12:00:00Z");
    let context = &general["context"];
    for (name, value) in [
        ("method", json!("POST")),
        ("path", json!("/v1/secrets/nl-01/secret/a/value")),
        ("status", json!(200)),
        ("client_ip", json!("127.0.0.1")),
        ("user_agent", json!("reader/1")),
        ("request_id", json!(id)),
        ("region", json!("nl-01")),
    ] {
        assert_eq!(context[name], value, "{name}");
    }
    assert!(context["duration"].is_number());
    assert!(!context["credentials_id"].as_str().unwrap().is_empty());

    let own = find("secret.get_value");
    assert_eq!(
        (&own["resourceType"], &own["resourceIdentity"]),
        (&json!("secret"), &json!("/a"))
    );
    assert_eq!(
        (&own["context"]["outcome"], &own["context"]["version"]),
        (&json!("success"), &json!(1))
    );
    let kms = find("kms.decrypt");
    assert_eq!(
        (&kms["resourceType"], &kms["resourceIdentity"]),
        (&json!("kms_key"), &json!(acme.key))
    );
    assert_eq!(kms["context"]["outcome"], "success");
    assert!(kms["context"]["ciphertextBytes"].as_u64() > Some(1));
}

#[test]
fn every_change_has_its_name() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "v").expect(201);
    owner.put_value("/a", "w").expect(200);
    owner.reveal("/a").expect(200);
    owner.set_policy("/a", &Value::Null).expect(200);
    owner.destroy("/a", 1).expect(204);
    owner.delete(&secret("/a")).expect(204);
    let names = [
        "secret.create",
        "secret.delete",
        "secret.destroy_version",
        "secret.get_value",
        "secret.put_value",
        "secret.update_policy",
    ];
    // Calls of the same moment have no order.
    let sorted = |query: String| {
        let mut found = actions(owner, &query);
        found.sort();
        found
    };
    assert_eq!(
        sorted(format!("resourceType=secret&action={}", names.join(","))),
        names
    );
    let body = json!({"plaintext": b64("x")});
    let sealed = owner
        .post(&format!("{}/encrypt", key(&acme.key)))
        .json(&body)
        .expect(200)
        .json();
    owner
        .post(&format!("{}/decrypt", key(&acme.key)))
        .json(&sealed)
        .expect(200);
    owner.change_key(&acme.key, "rotate").expect(200);
    assert_eq!(
        sorted("action=kms.encrypt,kms.decrypt,kms.rotate".to_owned()),
        [
            "kms.decrypt",
            "kms.decrypt",
            "kms.encrypt",
            "kms.encrypt",
            "kms.encrypt",
            "kms.rotate"
        ]
    );
}

#[test]
fn what_was_refused_is_on_record_with_its_reason() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "v").expect(201);
    let last = || owner.audit("action=secret.get_value")[0]["context"].clone();
    let check = |status: u16, outcome: &str, reason: &str| {
        let context = last();
        assert_eq!(context["status"], status);
        assert_eq!(
            (&context["outcome"], &context["reason"]),
            (&json!(outcome), &json!(reason))
        );
    };
    acme.member(&[]).reveal("/a").expect(403);
    check(403, "denied", "iam");
    let closed = json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["0.0.0.0/0"]}]});
    owner.set_policy("/a", &closed).expect(200);
    owner.reveal("/a").expect(403);
    check(403, "denied", "access_policy");
    owner.set_policy("/a", &Value::Null).expect(200);
    owner.change_key(&acme.key, "disable").expect(200);
    owner.reveal("/a").expect(400);
    check(400, "error", "kms_key_state");
}

#[test]
fn filters_find_what_they_say() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "v").expect(201);
    owner.create("/b", &acme.key, "v").expect(201);
    let member = acme.member(&[]);
    member.get(&secret("/a")).expect(403);
    owner.get(&secret("/none")).expect(404);
    assert_eq!(actions(owner, "action=secret.create"), ["secret.create"; 2]);
    assert_eq!(
        actions(owner, "action=secret.create&resourceIdentity=/a"),
        ["secret.create"]
    );
    assert_eq!(
        actions(owner, "resourceType=kms_key&action=kms.encrypt").len(),
        2
    );
    let denied = owner.audit("responseStatus=403&action=GET");
    assert_eq!(denied.len(), 1);
    let user = denied[0]["userIdentity"].as_str().unwrap().to_owned();
    assert_ne!(user, acme.user.to_string());
    assert!(!owner.audit(&format!("userIdentity={user}")).is_empty());
    assert!(
        owner
            .audit(&format!("userIdentity={user}&action=secret.create"))
            .is_empty()
    );
    assert!(
        owner
            .audit("responseStatus=404")
            .iter()
            .all(|entry| entry["context"]["status"] == 404)
    );
    assert!(owner.audit("action=no.such.thing").is_empty());
    assert_eq!(
        owner.audit("searchText=/none").len(),
        owner.audit("searchText=/none&responseStatus=404").len()
    );
    // What the service does by itself is shown when asked for.
    assert!(actions(owner, "").iter().all(|action| action != "SYSTEM"));
    assert!(
        actions(owner, "includeSystemServices=true")
            .iter()
            .any(|action| action == "SYSTEM")
    );
    let own = format!("organizationIdentity={}", acme.organisation);
    assert!(!owner.audit(&own).is_empty());
    let foreign = house.tenant("other").organisation;
    owner
        .get(&format!("/v1/audit?organizationIdentity={foreign}"))
        .expect(400);
    for wrong in [
        "page=0",
        "page=x",
        "limit=0",
        "limit=501",
        "responseStatus=x",
        "userIdentity=x",
        "serviceAccount=x",
        "includeSystemServices=maybe",
        "organizationIdentity=x",
    ] {
        owner.get(&format!("/v1/audit?{wrong}")).expect(400);
    }
}

/// Creates `/s0` to `/s11`, a second apart.
fn twelve_secrets(acme: &Tenant<'_>) {
    for n in 0..12 {
        acme.house.turn(Duration::from_secs(1));
        acme.owner
            .create(&format!("/s{n}"), &acme.key, "v")
            .expect(201);
    }
}

#[test]
fn reading_the_log_moves_no_page_on() {
    let house = House::new();
    let acme = house.tenant("acme");
    twelve_secrets(&acme);
    let whole = acme.owner.get("/v1/audit?limit=500").expect(200).json();
    let pages = whole["totalItems"].as_u64().unwrap().div_ceil(5);
    let joined: Vec<_> = (1..=pages)
        .flat_map(|page| {
            let page = format!("/v1/audit?limit=5&page={page}");
            let page = acme.owner.get(&page).expect(200).json();
            page["items"].as_array().unwrap().clone()
        })
        .collect();
    assert_eq!(&joined, whole["items"].as_array().unwrap());
    // Who asks for them sees them, and who was refused is seen by everybody.
    let reads = "/v1/audit?resourceType=audit_log";
    let read = acme.owner.get(reads).expect(200).json();
    assert_eq!(read["totalItems"], pages + 1);
    assert_eq!(read["items"][0]["action"], "GET");
    acme.member(&[]).get("/v1/audit").expect(403);
    let now = acme.owner.get("/v1/audit").expect(200).json();
    assert_eq!(now["items"][0]["context"]["status"], 403);
}

#[test]
fn the_calls_of_a_service_account_are_found_by_it() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "v").expect(201);
    owner.get(&secret("/a")).expect(200);
    let accounts = ["busy", "other", "idle"].map(|slug| acme.service_account(slug));
    for account in &accounts[..2] {
        let role = RoleRef::BuiltIn("secrets:ReadAccess");
        acme.bind(PrincipalRef::ServiceAccount(*account), role, None);
        let (id, key) = acme.credential(*account);
        let basic = format!("Basic {}", b64(format!("{id}:{key}")));
        let call = house.web.get(&secret("/a"));
        let call = call.header("Authorization", &basic);
        call.header("X-Organisation-Identity", "acme").expect(200);
    }
    let of = |account: &dyn std::fmt::Display, more: &str| {
        owner.audit(&format!("serviceAccount={account}{more}"))
    };
    // Each call is found under its own account, and nobody else's is.
    for account in &accounts[..2] {
        let found = of(account, "&action=GET");
        assert_eq!(found.len(), 1);
        let context = &found[0]["context"];
        assert_eq!(context["path"], "/v1/secrets/nl-01/secret/a");
        let all = of(account, "");
        let own = |entry: &Value| entry["serviceAccountIdentity"] == account.to_string();
        assert!(all.iter().all(own), "{all:#?}");
    }
    assert_eq!(of(&accounts[2], ""), [json!(null); 0], "it did nothing");
    assert_eq!(of(&accounts[0], "&action=secret.create"), [json!(null); 0]);
    let users = format!("&userIdentity={}", acme.user);
    assert_eq!(of(&accounts[0], &users), [json!(null); 0], "both at once");
}

#[test]
fn pages_join_to_the_whole_log_newest_first() {
    let house = House::new();
    let acme = house.tenant("acme");
    twelve_secrets(&acme);
    let query = "/v1/audit?action=secret.create";
    let usual = acme.owner.get(query).expect(200).json();
    assert_eq!(
        (&usual["page"], &usual["itemsPerPage"], &usual["totalPages"]),
        (&json!(1), &json!(50), &json!(1))
    );
    let (mut joined, mut page) = (Vec::new(), 1);
    loop {
        let found = acme
            .owner
            .get(&format!("{query}&limit=5&page={page}"))
            .expect(200)
            .json();
        for (name, value) in [
            ("page", page),
            ("itemsPerPage", 5),
            ("totalPages", 3),
            ("totalItems", 12),
            ("totalCount", 12),
        ] {
            assert_eq!(found[name], value, "{name}");
        }
        let items = found["items"].as_array().unwrap();
        if items.is_empty() {
            break;
        }
        joined.extend(items.clone());
        page += 1;
    }
    assert_eq!(page, 4);
    assert_eq!(&joined, usual["items"].as_array().unwrap());
    let paths: Vec<_> = joined
        .iter()
        .map(|entry| entry["resourceIdentity"].as_str().unwrap())
        .collect();
    assert_eq!((paths[0], paths[11]), ("/s11", "/s0"));
    let ids: BTreeSet<_> = joined
        .iter()
        .map(|entry| entry["eventID"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 12);
}

#[test]
fn one_entry_can_be_read_by_its_identity() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let entry = acme.owner.audit("action=secret.create")[0].clone();
    let url = format!("/v1/audit/{}", entry["eventID"].as_str().unwrap());
    assert_eq!(acme.owner.get(&url).expect(200).json(), entry);
    let other = house.tenant("other");
    assert_eq!(
        other.owner.get(&url).expect(404).code(),
        "audit_entry_not_found"
    );
    for wrong in ["/v1/audit/x", "/v1/audit/%00"] {
        acme.owner.get(wrong).expect(404);
    }
}

#[test]
fn the_log_is_read_by_those_who_may_and_changed_by_nobody() {
    let house = House::new();
    let (acme, other) = (house.tenant("acme"), house.tenant("other"));
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let entry = acme.owner.audit("action=secret.create")[0].clone();
    let url = format!("/v1/audit/{}", entry["eventID"].as_str().unwrap());
    for (permission, list, read) in [("list", 200, 403), ("read", 403, 200), ("*", 200, 200)] {
        let member = acme.member(&[("audit_log", &[], &[permission])]);
        member.get("/v1/audit").expect(list);
        member.get(&url).expect(read);
    }
    let named = acme.member(&[("audit_log", &["something"], &["*"])]);
    named.get("/v1/audit").expect(403);
    for (method, path) in [
        ("POST", "/v1/audit"),
        ("PUT", url.as_str()),
        ("DELETE", url.as_str()),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        acme.owner.call(method, path).expect(405);
    }
    // Organisations do not see each other.
    let foreign = other.owner.audit("includeSystemServices=true");
    let own = |entry: &Value| entry["organizationIdentity"] == other.organisation.to_string();
    assert!(!foreign.is_empty() && foreign.iter().all(own));
}

#[test]
fn credentials_and_values_are_in_no_entry() {
    let house = House::new();
    let acme = house.tenant("acme");
    let value = "correct-horse-battery-staple";
    acme.owner.create("/a", &acme.key, value).expect(201);
    acme.owner
        .reveal("/a")
        .header("Cookie", "hunter2")
        .header("X-Vault-Token", "hunter2")
        .header("Referer", "https://example.org/x?token=hunter2")
        .expect(200);
    acme.owner.get("/v1/regions?token=hunter2").expect(200);
    acme.owner
        .create_with("/b", &acme.key, &json!({"secretString": "hunter2!"}))
        .expect(400);
    let all = Value::Array(acme.owner.audit("includeSystemServices=true")).to_string();
    assert!(all.contains("https://example.org/x"));
    for hidden in [
        value,
        &b64(value),
        "hunter2",
        acme.owner.token(),
        "Authorization",
    ] {
        assert!(!all.contains(hidden), "{hidden} is on record");
    }
}
