//! `/v1/secrets/{region}/secrets` and `/secret{path}`: create, read, delete (contract 1.6, 1.8,
//! 1.13, 1.14).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::{SECRETS, secret};
use strongroom_testkit::{House, b64};

#[test]
fn a_new_secret_shows_everything_but_its_value() {
    let house = House::new();
    let acme = house.tenant("acme");
    let more = json!({
        "secretString": b64("hunter2"),
        "description": "what for",
        "labels": {"team": "a", "Z": ""},
        "annotations": {"note": "ünïcode"},
    });
    let created = acme.owner.create_with("/app/db", &acme.key, &more);
    let created = created.expect(201).json();
    assert_eq!(created["path"], "/app/db");
    assert_eq!(created["description"], "what for");
    assert_eq!(created["labels"], more["labels"]);
    assert_eq!(created["annotations"], more["annotations"]);
    assert_eq!(created["createdAt"], "2026-07-01T12:00:00Z");
    assert_eq!(created["updatedAt"], created["createdAt"]);
    assert_eq!(
        (&created["currentVersion"], &created["objectVersion"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(created["kmsKeyIdentity"], *acme.key);
    assert_eq!(created["kmsKey"]["identity"], *acme.key);
    assert_eq!(created["kmsKey"]["status"], "active");
    assert_eq!(created["kmsKey"]["name"], "primary");
    let region = json!({"identity": "reg-nl-01", "name": "NL-01", "slug": "nl-01"});
    assert_eq!(created["region"], region);
    for absent in [
        "lastAccessedAt",
        "accessPolicy",
        "versions",
        "projectId",
        "secretString",
        "secretKeyValues",
    ] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
    assert_eq!(
        acme.owner.get(&secret("/app/db")).expect(200).json(),
        created
    );
}

#[test]
fn what_was_not_given_is_left_out() {
    let house = House::new();
    let acme = house.tenant("acme");
    let created = acme.owner.create("/a", &acme.key, "v").expect(201).json();
    for absent in ["description", "labels", "annotations"] {
        assert_eq!(created.get(absent), None, "{absent}");
    }
}

#[test]
fn no_reply_but_a_reveal_holds_the_value() {
    let house = House::new();
    let acme = house.tenant("acme");
    let value = "correct horse battery staple";
    let (clear, coded) = (value.to_owned(), b64(value));
    let replies = [
        acme.owner.create("/a/b", &acme.key, value).expect(201),
        acme.owner.create("/a/b", &acme.key, value).expect(409),
        acme.owner
            .get(&secret("/a/b?includeVersions=true"))
            .expect(200),
        acme.owner.get(&format!("{SECRETS}?path=/a/")).expect(200),
        acme.owner
            .get(&format!("{SECRETS}?pathPrefix=/"))
            .expect(200),
        acme.owner.put_value("/a/b", value).expect(200),
        acme.owner.set_policy("/a/b", &Value::Null).expect(200),
        acme.owner.get("/v1/audit?limit=500").expect(200),
        acme.owner.destroy("/a/b", 1).expect(204),
        acme.owner.delete(&secret("/a/b")).expect(204),
    ];
    for reply in replies {
        assert!(!reply.text().contains(&clear) && !reply.text().contains(&coded));
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[test]
fn a_deleted_path_is_free_at_once_and_begins_anew() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "old").expect(201);
    acme.owner.put_value("/a", "older").expect(200);
    acme.owner.reveal("/a").expect(200);
    acme.owner.delete(&secret("/a")).expect(204);
    for call in [
        acme.owner.delete(&secret("/a")),
        acme.owner.get(&secret("/a")),
        acme.owner.reveal("/a"),
        acme.owner.reveal_version("/a", 1),
        acme.owner.put_value("/a", "x"),
        acme.owner.destroy("/a", 1),
        acme.owner.set_policy("/a", &Value::Null),
    ] {
        assert_eq!(call.expect(404).code(), "secret_not_found");
    }
    house.turn(Duration::from_secs(60));
    let again = acme.owner.create("/a", &acme.key, "new").expect(201).json();
    assert_eq!(
        (&again["currentVersion"], &again["objectVersion"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(again["createdAt"], "2026-07-01T12:01:00Z");
    assert_eq!(again.get("lastAccessedAt"), None);
    assert_eq!(acme.owner.value_of("/a"), "new");
    acme.owner.reveal_version("/a", 2).expect(404);
}

#[test]
fn of_many_creates_at_once_one_wins() {
    let house = House::new();
    let acme = house.tenant("acme");
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let creates: Vec<_> = (0..16)
            .map(|n| {
                let (owner, key) = (&acme.owner, &acme.key);
                scope.spawn(move || owner.create("/a", key, &format!("value {n}")).send().status)
            })
            .collect();
        creates
            .into_iter()
            .map(|each| each.join().unwrap())
            .collect()
    });
    let won = statuses.iter().filter(|status| **status == 201).count();
    let lost = statuses.iter().filter(|status| **status == 409).count();
    assert_eq!((won, lost), (1, 15), "{statuses:?}");
    assert!(acme.owner.value_of("/a").starts_with("value "));
}

#[test]
fn organisations_regions_and_projects_are_worlds_of_their_own() {
    let house = House::new();
    let (acme, other) = (house.tenant("acme"), house.tenant("other"));
    let project = acme.project("web").to_string();
    let inside = acme.owner.in_project(&project);
    let inside_key = inside.make_key("inside");
    acme.owner
        .create("/a", &acme.key, "organisation")
        .expect(201);
    other.owner.create("/a", &other.key, "other").expect(201);
    inside.get(&secret("/a")).expect(404);
    inside.create("/a", &acme.key, "x").expect(404);
    inside.create("/a", &inside_key, "project").expect(201);
    let there = acme
        .owner
        .post("/v1/kms/nl-02/keys")
        .json(&json!({"name": "there"}));
    let there = there.expect(201).json()["identity"].clone();
    let body = json!({"path": "/a", "kmsKeyIdentity": there, "secretString": b64("region")});
    let created = acme
        .owner
        .post("/v1/secrets/nl-02/secrets")
        .json(&body)
        .expect(201);
    assert_eq!(created.json()["region"]["slug"], "nl-02");

    assert_eq!(acme.owner.value_of("/a"), "organisation");
    assert_eq!(other.owner.value_of("/a"), "other");
    assert_eq!(inside.value_of("/a"), "project");
    assert_eq!(inside.metadata("/a")["projectId"], project);
    let region = acme
        .owner
        .post("/v1/secrets/nl-02/secret/a/value")
        .expect(200);
    assert_eq!(region.value(), "region");
    inside.delete(&secret("/a")).expect(204);
    assert_eq!(acme.owner.value_of("/a"), "organisation");
    assert_eq!(inside.paths("/"), [""; 0]);
}

#[test]
fn places_go_by_identity_or_by_slug() {
    let house = House::new();
    let acme = house.tenant("acme");
    let project = acme.project("web").to_string();
    let inside = acme.owner.in_project(&project);
    inside.make_key("front");
    let by_slug = acme.owner.in_organisation("acme").in_project("web");
    by_slug.create("/a", "front", "v").expect(201);
    for caller in [&inside, &by_slug] {
        for region in ["nl-01", "reg-nl-01"] {
            let reply = caller
                .get(&format!("/v1/secrets/{region}/secret/a"))
                .expect(200);
            assert_eq!(reply.json()["projectId"], project);
        }
    }
    // The project may also stand in the query; the header wins.
    let query = acme.owner.get(&secret("/a?project=web")).expect(200);
    assert_eq!(query.json()["projectId"], project);
    inside.get(&secret("/a?project=nothing")).expect(200);
    acme.owner.get(&secret("/a?project=nothing")).expect(404);
    // A token of one organisation needs no header.
    let call = house
        .web
        .get(&secret("/a?project=web"))
        .token(acme.owner.token());
    call.expect(200);
}

#[test]
fn labels_and_descriptions_have_limits() {
    let house = House::new();
    let acme = house.tenant("acme");
    let labels = |count: usize| -> Value {
        let pairs = (0..count).map(|n| (format!("label-{n}"), json!("x")));
        Value::Object(pairs.collect())
    };
    let mut number = 0;
    let mut create = |more: Value, status| {
        number += 1;
        let mut more = more;
        more["secretString"] = json!(b64("v"));
        let path = format!("/s{number}");
        acme.owner
            .create_with(&path, &acme.key, &more)
            .expect(status);
    };
    create(
        json!({"labels": labels(64), "annotations": labels(64)}),
        201,
    );
    create(json!({"labels": labels(65)}), 400);
    create(json!({"annotations": labels(65)}), 400);
    create(json!({"labels": {"k".repeat(128): "v".repeat(1024)}}), 201);
    create(json!({"labels": {"k".repeat(129): "v"}}), 400);
    create(json!({"labels": {"k": "v".repeat(1025)}}), 400);
    create(json!({"description": "d".repeat(1024)}), 201);
    create(json!({"description": "d".repeat(1025)}), 400);
    create(
        json!({"labels": null, "annotations": {}, "description": ""}),
        201,
    );
    create(json!({"unknown": {"fields": "are ignored"}}), 201);
}
