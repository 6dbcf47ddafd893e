//! `/v1/kms`: keys, and what they protect (contract 2.2, 2.3, 2.9, 2.10).

use serde_json::{Value, json};
use strongroom_engine::Gate;
use strongroom_testkit::api::{KEYS, key, secret};
use strongroom_testkit::{Caller, House, b64};

fn read(caller: &Caller, id: &str) -> Value {
    caller.get(&key(id)).expect(200).json()
}

#[test]
fn a_new_key_shows_everything_but_its_material() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({
        "name": "Orders & More",
        "keyType": "chacha20-poly1305",
        "description": "for orders",
        "labels": {"team": "a"},
        "annotations": {"note": "x"},
        "exportAllowed": true,
        "keyRotationEnabled": true,
        "rotationPeriodInDays": 90,
    });
    let made = acme.owner.post(KEYS).json(&body).expect(201).json();
    for same in body.as_object().unwrap().keys() {
        assert_eq!(made[same], body[same], "{same}");
    }
    assert_eq!(made["slug"], "orders-more");
    assert!(made["identity"].as_str().unwrap().starts_with("kms-"));
    for (name, value) in [
        ("status", json!("active")),
        ("latestVersion", json!(1)),
        ("minDecryptionVersion", json!(1)),
        ("objectVersion", json!(1)),
        ("createdAt", json!("2026-07-01T12:00:00Z")),
        ("updatedAt", json!("2026-07-01T12:00:00Z")),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    assert_eq!(made["versions"][0]["version"], 1);
    assert_eq!(made["versions"].as_array().unwrap().len(), 1);
    for absent in [
        "projectId",
        "imported",
        "deletionScheduledAt",
        "keyMaterial",
    ] {
        assert_eq!(made.get(absent), None, "{absent}");
    }
    let id = made["identity"].as_str().unwrap();
    assert_eq!(read(&acme.owner, id), made);
    assert_eq!(read(&acme.owner, "orders-more"), made);
}

#[test]
fn a_key_needs_little_and_shows_no_defaults_that_were_not_asked_for() {
    let house = House::new();
    let acme = house.tenant("acme");
    let made = acme
        .owner
        .post(KEYS)
        .json(&json!({"name": "k"}))
        .expect(201)
        .json();
    assert_eq!(made["keyType"], "aes256-gcm96");
    assert_eq!(
        (&made["exportAllowed"], &made["keyRotationEnabled"]),
        (&json!(false), &json!(false))
    );
    for absent in [
        "description",
        "labels",
        "annotations",
        "rotationPeriodInDays",
    ] {
        assert_eq!(made.get(absent), None, "{absent}");
    }
}

#[test]
fn a_create_is_checked_field_by_field() {
    let house = House::new();
    let acme = house.tenant("acme");
    let refused = |body: Value, field: &str| {
        let refused = acme.owner.post(KEYS).json(&body).expect(400);
        assert!(
            refused.message().contains(field),
            "{body}: {}",
            refused.message()
        );
    };
    refused(json!({}), "`name`");
    refused(json!({"name": ""}), "`name`");
    refused(json!({"name": "n".repeat(256)}), "`name`");
    refused(json!({"name": "!!!"}), "`name`");
    refused(json!({"name": 7}), "`name`");
    let with = |field: &str, value: Value| {
        let mut body = json!({"name": "k"});
        body[field] = value;
        body
    };
    refused(with("keyType", json!("des")), "`keyType`");
    refused(with("keyType", json!(256)), "`keyType`");
    refused(
        with("description", json!("d".repeat(1025))),
        "`description`",
    );
    refused(with("labels", json!(["a"])), "`labels`");
    refused(with("annotations", json!({"a": 1})), "`annotations.a`");
    refused(with("exportAllowed", json!("yes")), "`exportAllowed`");
    refused(with("keyRotationEnabled", json!(1)), "`keyRotationEnabled`");
    refused(
        with("keyRotationEnabled", json!(true)),
        "`rotationPeriodInDays`",
    );
    for period in [json!(-1), json!(3651), json!(1.5), json!("90")] {
        let mut body = with("rotationPeriodInDays", period);
        body["keyRotationEnabled"] = json!(true);
        refused(body, "`rotationPeriodInDays`");
    }
    refused(with("importKeyMaterial", json!("!")), "`importKeyMaterial`");
    refused(with("allowRotation", json!("yes")), "`allowRotation`");
    assert_eq!(
        acme.owner
            .get(KEYS)
            .expect(200)
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
    acme.owner
        .post(KEYS)
        .json(&json!({"name": "n".repeat(255)}))
        .expect(201);
}

#[test]
fn a_slug_is_taken_once_in_each_scope() {
    let house = House::new();
    let acme = house.tenant("acme");
    let project = acme.project("web").to_string();
    let body = json!({"name": "Orders"});
    acme.owner.post(KEYS).json(&body).expect(201);
    let again = acme
        .owner
        .post(KEYS)
        .json(&json!({"name": "orders!"}))
        .expect(409);
    assert_eq!(again.code(), "slug_taken");
    acme.owner
        .in_project(&project)
        .post(KEYS)
        .json(&body)
        .expect(201);
    acme.owner
        .post("/v1/kms/nl-02/keys")
        .json(&body)
        .expect(201);
    // A key that waits for its end gives its slug up to a new one.
    acme.owner.delete_key("orders", "").expect(200);
    let renewed = acme.owner.post(KEYS).json(&body).expect(201).json();
    assert!(
        renewed["slug"].as_str().unwrap().starts_with("orders-"),
        "{renewed}"
    );
}

#[test]
fn keys_are_found_by_what_they_are() {
    let house = House::new();
    let acme = house.tenant("acme");
    let red = acme
        .owner
        .make_key_of(&json!({"name": "Red", "labels": {"c": "red", "s": "x"}}));
    acme.owner
        .make_key_of(&json!({"name": "Blue", "labels": {"c": "blue", "s": "x"}}));
    let found = |query: &str| -> Vec<String> {
        let list = acme.owner.get(&format!("{KEYS}{query}")).expect(200).json();
        let mut slugs: Vec<_> = list
            .as_array()
            .unwrap()
            .iter()
            .map(|each| each["slug"].as_str().unwrap().to_owned())
            .collect();
        slugs.sort();
        slugs
    };
    assert_eq!(found(""), ["blue", "primary", "red"]);
    assert_eq!(found(&format!("?identity={red}")), ["red"]);
    assert_eq!(found("?name=Red"), ["red"]);
    assert_eq!(found("?name=red"), [""; 0]);
    assert_eq!(found("?slug=blue"), ["blue"]);
    assert_eq!(found("?matchLabels[s]=x"), ["blue", "red"]);
    assert_eq!(found("?matchLabels%5Bs%5D=x&matchLabels[c]=red"), ["red"]);
    assert_eq!(found("?matchLabels[s]=y"), [""; 0]);
    assert_eq!(found("?slug=red&name=Blue"), [""; 0]);
}

#[test]
fn what_may_not_be_known_is_not_there() {
    let house = House::new();
    let acme = house.tenant("acme");
    let project = acme.project("web").to_string();
    let other = acme.owner.make_key("other");
    let member = acme.member(&[("kms_key", &["other"], &["list", "read"])]);
    let list = member.get(KEYS).expect(200).json();
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["identity"]),
        (1, &json!(other))
    );
    assert_eq!(acme.member(&[]).get(KEYS).expect(200).json(), json!([]));
    let missing = acme.owner.get(&key("nothing")).expect(404);
    for (caller, id) in [
        (&member, acme.key.as_str()),
        (&acme.member(&[]), acme.key.as_str()),
        (&acme.owner.in_project(&project), acme.key.as_str()),
        (&acme.owner, "kms-nonsense"),
        (&acme.owner, "Not A Slug"),
        (&acme.owner, "%00"),
    ] {
        let reply = caller.get(&key(id)).expect(404);
        assert_eq!(
            reply.message(),
            missing.message(),
            "no difference to be seen"
        );
    }
    acme.owner
        .get(&format!("/v1/kms/nl-02/keys/{}", acme.key))
        .expect(404);
    // Where there is no key whose existence could be hidden, the answer says what is missing.
    let refused = acme
        .member(&[])
        .post(KEYS)
        .json(&json!({"name": "x"}))
        .expect(403);
    assert_eq!(refused.code(), "permission_denied");
}

#[test]
fn the_summary_counts_the_keys_of_each_region() {
    let house = House::new();
    let acme = house.tenant("acme");
    let disabled = acme.owner.make_key("disabled");
    acme.owner.change_key(&disabled, "disable").expect(200);
    let doomed = acme.owner.make_key("doomed");
    acme.owner.delete_key(&doomed, "").expect(200);
    let summary = acme.member(&[]).get("/v1/kms/summary").expect(200).json();
    assert_eq!(summary["featureEnabled"], true);
    assert_eq!(
        summary["regions"][0],
        json!({
            "identity": "reg-nl-01", "name": "NL-01", "slug": "nl-01", "kmsAvailable": true,
            "totalKeys": 3, "activeKeys": 1, "disabledKeys": 1, "pendingDeletionKeys": 1,
        })
    );
    assert_eq!(summary["regions"][2]["kmsAvailable"], false);
    // Members learn that the gate is shut; everything else is 403.
    acme.set_gates(&[Gate::Secrets]);
    let summary = acme.owner.get("/v1/kms/summary").expect(200).json();
    assert_eq!(summary["featureEnabled"], false);
    assert_eq!(acme.owner.get(KEYS).expect(403).code(), "feature_disabled");
}

#[test]
fn a_key_of_the_wrong_kind_or_place_protects_no_secret() {
    let house = House::new();
    let acme = house.tenant("acme");
    let project = acme.project("web").to_string();
    let inside = acme.owner.in_project(&project);
    let there = acme
        .owner
        .post("/v1/kms/nl-02/keys")
        .json(&json!({"name": "there"}));
    let there = there.expect(201).json()["identity"]
        .as_str()
        .unwrap()
        .to_owned();
    let elsewhere = acme.owner.create("/a", &there, "v").expect(400);
    assert_eq!(elsewhere.code(), "kms_key_unusable");
    assert_eq!(
        inside.create("/a", &acme.key, "v").expect(404).code(),
        "kms_key_not_found"
    );
    assert_eq!(
        acme.owner.create("/a", "nothing", "v").expect(404).code(),
        "kms_key_not_found"
    );
    acme.owner.create("/a", "Not A Slug", "v").expect(400);
    let disabled = acme.owner.make_key("disabled");
    acme.owner.change_key(&disabled, "disable").expect(200);
    assert_eq!(
        acme.owner.create("/a", &disabled, "v").expect(400).code(),
        "kms_key_not_active"
    );
    assert_eq!(acme.owner.paths("/"), [""; 0]);
    for kind in ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"] {
        let made = acme
            .owner
            .make_key_of(&json!({"name": kind, "keyType": kind}));
        let path = format!("/{kind}");
        acme.owner.create(&path, &made, "v").expect(201);
        assert_eq!(acme.owner.value_of(&path), "v");
    }
}

#[test]
fn the_right_to_use_the_key_may_be_demanded_as_well() {
    let house = House::with(|config| config.kms.require_key_permission = true);
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let all = ("secret", [].as_slice(), ["*"].as_slice());
    let without = acme.member(&[all]);
    without.reveal("/a").expect(403);
    without.put_value("/a", "w").expect(403);
    without.create("/b", &acme.key, "w").expect(403);
    without.get(&secret("/a")).expect(200);
    let with = acme.member(&[all, ("kms_key", &["primary"], &["encrypt", "decrypt"])]);
    with.reveal("/a").expect(200);
    with.put_value("/a", "w").expect(200);
    with.create("/b", &acme.key, "w").expect(201);
    let half = acme.member(&[all, ("kms_key", &[], &["decrypt"])]);
    half.reveal("/a").expect(200);
    let body = json!({"secretString": b64("x")});
    half.post(&secret("/a/versions")).json(&body).expect(403);
}
