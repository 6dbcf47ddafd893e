//! Paths, and the forms in which URLs carry them (contract 1.2, 1.3).

use serde_json::{Value, json};
use strongroom_testkit::api::secret;
use strongroom_testkit::{House, b64};

#[test]
fn a_path_is_what_the_rules_say() {
    let house = House::new();
    let acme = house.tenant("acme");
    let longest = format!("/{}", "a".repeat(511));
    for path in [
        "/a",
        "/A",
        "/a/b",
        "/a+b",
        "/a.b",
        "/a_b-c",
        "/...",
        "/.a",
        "/0",
        longest.as_str(),
    ] {
        let created = acme.owner.create(path, &acme.key, "v").expect(201).json();
        assert_eq!(created["path"], *path);
        assert_eq!(acme.owner.value_of(path), "v", "{path}");
    }
    let too_long = format!("/{}", "a".repeat(512));
    for path in [
        "",
        "a",
        "a/b",
        "/",
        "/a/",
        "//",
        "//a",
        "/a//b",
        "/a b",
        "/a%2Fb",
        "/ä",
        "/a\u{0}",
        "/a\n",
        "/a?b",
        "/a#b",
        "/a~b",
        "/a:b",
        "/.",
        "/..",
        "/a/../b",
        "/a/.",
        too_long.as_str(),
    ] {
        let refused = acme.owner.create(path, &acme.key, "v").expect(400);
        assert!(
            refused.message().contains("path"),
            "{path:?}: {}",
            refused.message()
        );
        assert!(["invalid_path", "invalid_request"].contains(&refused.code().as_str()));
    }
    assert_eq!(acme.owner.paths("/").len(), 10);
}

#[test]
fn paths_are_case_sensitive() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/App", &acme.key, "upper").expect(201);
    acme.owner.get(&secret("/app")).expect(404);
    acme.owner.create("/app", &acme.key, "lower").expect(201);
    assert_eq!(acme.owner.value_of("/App"), "upper");
}

#[test]
fn a_path_in_the_url_is_decoded_once_and_never_rewritten() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a/b+c", &acme.key, "v").expect(201);
    for rest in ["/a/b+c", "/a%2Fb+c", "%2Fa%2fb%2Bc", "/%61/b%2bc"] {
        let read = acme.owner.get(&secret(rest)).expect(200).json();
        assert_eq!(read["path"], "/a/b+c", "{rest}");
    }
    for rest in [
        "/a%252Fb+c",
        "/a//b+c",
        "/a/b+c/",
        "/a/b%20c",
        "/a/b+c%00",
        "/a/b%zz",
        "/a/%ff",
    ] {
        let refused = acme.owner.get(&secret(rest)).expect(400);
        assert_eq!(refused.code(), "invalid_path", "{rest}");
    }
}

#[test]
fn a_path_may_stand_in_the_query() {
    let house = House::new();
    let acme = house.tenant("acme");
    let acme = (&acme.owner, &acme.key);
    acme.0.create("/a/b+c", acme.1, "v").expect(201);
    let base = "/v1/secrets/nl-01/secret";
    for query in [
        "?path=/a/b%2Bc",
        "?path=/a/b+c",
        "?path=%2Fa%2Fb%20c",
        "/a/b+c?path=/a/b+c",
    ] {
        let read = acme.0.get(&format!("{base}{query}")).expect(200).json();
        assert_eq!(read["path"], "/a/b+c", "{query}");
    }
    let named = |call: strongroom_testkit::Call, status| {
        let reply = call.expect(status);
        if status == 204 {
            Value::Null
        } else {
            reply.json()["path"].clone()
        }
    };
    let with = |suffix: &str, query: &str| format!("{base}{suffix}?path=/a/b%2Bc{query}");
    let put = json!({"secretString": b64("w")});
    assert_eq!(
        named(acme.0.post(&with("/versions", "")).json(&put), 200),
        "/a/b+c"
    );
    assert_eq!(named(acme.0.post(&with("/value", "")), 200), "/a/b+c");
    let policy = json!({"accessPolicy": null});
    assert_eq!(
        named(acme.0.put(&with("/policy", "")).json(&policy), 200),
        "/a/b+c"
    );
    named(acme.0.delete(&with("/versions", "&version=1")), 204);
    acme.0.delete(&with("/versions", "")).expect(400);
    named(acme.0.delete(&with("", "")), 204);
}

#[test]
fn two_paths_in_one_request_must_agree() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    acme.owner.create("/b", &acme.key, "v").expect(201);
    let base = "/v1/secrets/nl-01/secret";
    for call in [
        acme.owner.get(&format!("{base}/a?path=/b")),
        acme.owner.delete(&format!("{base}/a?path=/b")),
        acme.owner.post(&format!("{base}/a/value?path=/b")),
        acme.owner.reveal("/a").json(&json!({"path": "/b"})),
        acme.owner
            .post(&secret("/a/versions"))
            .json(&json!({"path": "/b", "secretString": b64("w")})),
        acme.owner.get(&format!("{base}?path=/a&path=/b")),
    ] {
        call.expect(400);
    }
    assert_eq!(acme.owner.paths("/"), ["/a", "/b"]);
    acme.owner
        .reveal("/a")
        .json(&json!({"path": "/a"}))
        .expect(200);
}

/// Contract 1.3: the words of the API are no reserved names.
#[test]
fn secrets_may_be_named_like_the_words_of_the_api() {
    let house = House::new();
    let acme = house.tenant("acme");
    let owner = &acme.owner;
    let names = [
        "/app",
        "/app/value",
        "/app/versions",
        "/app/policy",
        "/value",
        "/versions",
        "/policy",
    ];
    for name in names {
        owner.create(name, &acme.key, name).expect(201);
    }
    for name in names {
        assert_eq!(owner.get(&secret(name)).expect(200).json()["path"], name);
        assert_eq!(owner.value_of(name), name);
        let put = owner.put_value(name, "second").expect(200).json();
        assert_eq!((&put["path"], &put["version"]), (&json!(name), &json!(2)));
        let policy =
            json!({"conditions": [{"type": "ip", "effect": "allow", "cidrs": ["127.0.0.1"]}]});
        assert_eq!(
            owner.set_policy(name, &policy).expect(200).json()["path"],
            name
        );
        owner.destroy(name, 1).expect(204);
        let versions = owner.metadata(name)["versions"].clone();
        assert_eq!(versions[0]["status"], "destroyed", "{name}");
    }
    // Without a version, DELETE means the secret of the whole name, never its parent.
    owner.delete(&secret("/app/versions")).expect(204);
    owner.get(&secret("/app")).expect(200);
    let refused = owner.delete(&secret("/app/versions")).expect(400);
    assert!(
        refused.message().contains("version"),
        "{}",
        refused.message()
    );
    owner.get(&secret("/app")).expect(200);
    owner.delete(&secret("/app/value")).expect(204);
    owner.delete(&secret("/app/policy")).expect(204);
    assert_eq!(owner.paths("/"), ["/app", "/policy", "/value", "/versions"]);
}
