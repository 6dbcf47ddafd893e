//! `…/versions`: put and destroy (contract 1.7, 1.9, 1.12).

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::secret;
use strongroom_testkit::{Caller, House, b64};

/// Every version as `number status stage`.
fn history(owner: &Caller, path: &str) -> Vec<String> {
    let metadata = owner.metadata(path);
    let versions = metadata["versions"].as_array().unwrap();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |each: &Value| {
        let (status, stage) = (word(&each["status"]), word(&each["stage"]));
        format!("{} {status} {stage}", each["version"])
    };
    versions.iter().map(line).collect()
}

#[test]
fn a_put_becomes_the_current_version_and_leaves_the_others() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let created = owner.create("/a", &acme.key, "one").expect(201).json();
    house.turn(Duration::from_secs(5));
    owner.put_value("/a", "two").expect(200);
    let map = json!({"secretKeyValues": {"k": b64("three")}});
    owner.post(&secret("/a/versions")).json(&map).expect(200);
    let generate = json!({"generateSecret": {"byteLength": 64}, "path": "a"});
    owner
        .post(&secret("/a/versions"))
        .json(&generate)
        .expect(200);

    assert_eq!(
        history(owner, "/a"),
        ["1 active -", "2 active -", "3 active -", "4 active current"]
    );
    let metadata = owner.metadata("/a");
    assert_eq!(metadata["currentVersion"], 4);
    assert_eq!(metadata["objectVersion"], 4);
    assert_eq!(metadata["createdAt"], created["createdAt"]);
    assert_eq!(metadata["updatedAt"], "2026-07-01T12:00:05Z");
    let formats = metadata["versions"].as_array().unwrap().iter();
    let formats: Vec<_> = formats.map(|each| each["valueFormat"].clone()).collect();
    assert_eq!(formats, ["string", "string", "keyValue", "string"]);
    assert_eq!(metadata["versions"][1]["createdAt"], "2026-07-01T12:00:05Z");
    assert_eq!(owner.reveal_version("/a", 1).expect(200).value(), "one");
    assert_eq!(owner.reveal_version("/a", 2).expect(200).value(), "two");
}

#[test]
fn versions_are_listed_only_when_asked_for() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "one").expect(201);
    for (query, listed) in [
        ("", false),
        ("?includeVersions=false", false),
        ("?includeVersions=true", true),
    ] {
        let read = acme
            .owner
            .get(&secret(&format!("/a{query}")))
            .expect(200)
            .json();
        assert_eq!(read.get("versions").is_some(), listed, "{query}");
    }
    acme.owner
        .get(&secret("/a?includeVersions=yes"))
        .expect(400);
}

#[test]
fn of_many_puts_at_once_every_one_is_kept() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "value 0").expect(201);
    let numbers: BTreeSet<u64> = std::thread::scope(|scope| {
        let puts: Vec<_> = (1..=64)
            .map(|n| {
                let owner = &acme.owner;
                scope.spawn(move || {
                    let put = owner.put_value("/a", &format!("value {n}")).expect(200);
                    put.json()["version"].as_u64().unwrap()
                })
            })
            .collect();
        puts.into_iter().map(|put| put.join().unwrap()).collect()
    });
    assert_eq!(numbers, (2..=65).collect());
    let values: BTreeSet<String> = (1..=65)
        .map(|version| acme.owner.reveal_version("/a", version).expect(200).value())
        .collect();
    assert_eq!(values, (0..=64).map(|n| format!("value {n}")).collect());
    let metadata = acme.owner.metadata("/a");
    assert_eq!(
        (&metadata["currentVersion"], &metadata["objectVersion"]),
        (&json!(65), &json!(65))
    );
}

#[test]
fn a_destroyed_version_stays_in_the_history_and_nowhere_else() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "one").expect(201);
    owner.put_value("/a", "two").expect(200);
    house.turn(Duration::from_secs(5));
    let destroyed = owner.destroy("/a", 1).expect(204);
    assert_eq!(destroyed.text(), "");
    assert_eq!(history(owner, "/a"), ["1 destroyed -", "2 active current"]);
    let metadata = owner.metadata("/a");
    assert_eq!(
        metadata["versions"][0]["destroyedAt"],
        "2026-07-01T12:00:05Z"
    );
    assert_eq!(metadata["versions"][1].get("destroyedAt"), None);
    assert_eq!(metadata["updatedAt"], "2026-07-01T12:00:05Z");
    assert_eq!(
        owner.reveal_version("/a", 1).expect(404).code(),
        "version_not_found"
    );
    assert_eq!(owner.value_of("/a"), "two");
    // Once more changes nothing.
    house.turn(Duration::from_secs(5));
    owner.destroy("/a", 1).expect(204);
    assert_eq!(owner.metadata("/a"), {
        let mut expected = metadata;
        expected["lastAccessedAt"] = owner.metadata("/a")["lastAccessedAt"].clone();
        expected["versions"][1]["lastAccessedAt"] = expected["lastAccessedAt"].clone();
        expected
    });
}

#[test]
fn destroying_the_current_version_falls_back_to_the_highest_active_one() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    owner.create("/a", &acme.key, "one").expect(201);
    owner.put_value("/a", "two").expect(200);
    owner.put_value("/a", "three").expect(200);
    owner.destroy("/a", 2).expect(204);
    owner.destroy("/a", 3).expect(204);
    assert_eq!(
        history(owner, "/a"),
        ["1 active current", "2 destroyed -", "3 destroyed -"]
    );
    assert_eq!(owner.metadata("/a")["currentVersion"], 1);
    assert_eq!(owner.value_of("/a"), "one");
    // Numbers are never used again.
    assert_eq!(
        owner.put_value("/a", "four").expect(200).json()["version"],
        4
    );
    owner.destroy("/a", 4).expect(204);
    assert_eq!(owner.metadata("/a")["currentVersion"], 1);
    owner.destroy("/a", 1).expect(204);
    assert_eq!(owner.reveal("/a").expect(404).code(), "version_not_found");
    assert!(
        history(owner, "/a")
            .iter()
            .all(|line| line.contains("destroyed -"))
    );
    // None remains: the number is kept, neither raised to the highest nor taken away (1.12).
    assert_eq!(owner.metadata("/a")["currentVersion"], 1);
    assert_eq!(
        owner.put_value("/a", "five").expect(200).json()["version"],
        5
    );
    assert_eq!(owner.value_of("/a"), "five");
    // Nor is it lowered to what was current before.
    owner.destroy("/a", 5).expect(204);
    assert_eq!(owner.metadata("/a")["currentVersion"], 5);
    let read = owner.get(&secret("/a")).expect(200).json();
    assert_eq!(read["currentVersion"], 5);
}

#[test]
fn a_destroy_names_its_version() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "one").expect(201);
    for version in [
        "",
        "0",
        "-1",
        "1.5",
        "one",
        "1e0",
        "+1",
        "%201",
        "9223372036854775808",
    ] {
        let refused = acme.owner.destroy("/a", version).expect(400);
        assert!(refused.message().contains("`version`"), "{version:?}");
    }
    let url = secret("/a/versions?version=1&version=1");
    acme.owner.delete(&url).expect(400);
    for version in ["2", "9223372036854775807"] {
        assert_eq!(
            acme.owner.destroy("/a", version).expect(404).code(),
            "version_not_found"
        );
    }
    assert_eq!(
        acme.owner.destroy("/b", 1).expect(404).code(),
        "secret_not_found"
    );
    assert_eq!(history(&acme.owner, "/a"), ["1 active current"]);
}

#[test]
fn versions_may_be_limited() {
    let house = House::with(|config| config.quotas.versions_per_secret = 2);
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "one").expect(201);
    acme.owner.put_value("/a", "two").expect(200);
    assert_eq!(
        acme.owner.put_value("/a", "three").expect(429).code(),
        "quota_exceeded"
    );
    assert_eq!(acme.owner.value_of("/a"), "two");
}
