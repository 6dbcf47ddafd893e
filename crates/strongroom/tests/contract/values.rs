//! `POST …/value` and the value inputs (contract 1.8, 1.9, 1.10, 6.2).

use std::time::Duration;

use serde_json::{Value, json};
use strongroom_testkit::api::secret;
use strongroom_testkit::{House, b64, from_b64};

#[test]
fn a_reveal_shows_value_version_and_key() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "hunter2").expect(201);
    let reveal = acme.owner.reveal("/a").expect(200);
    assert_eq!(reveal.header("cache-control"), "no-store");
    assert_eq!(reveal.header("content-type"), "application/json");
    assert_eq!(
        reveal.json(),
        json!({
            "path": "/a",
            "version": 1,
            "secretString": "aHVudGVyMg==",
            "kmsKeyIdentity": acme.key,
            "kmsKeyVersion": "1",
        })
    );
}

#[test]
fn a_reveal_takes_every_form_of_no_body() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    acme.owner.reveal("/a").expect(200);
    for body in [
        "",
        " ",
        "{}",
        "null",
        r#"{"version":null}"#,
        r#"{"path":"/a"}"#,
    ] {
        acme.owner.reveal("/a").body(body).expect(200);
    }
    let both = json!({"path": "/a", "version": 1, "unknown": [1]});
    acme.owner.reveal("/a").json(&both).expect(200);
    // What JSON Schema calls a whole number, too.
    acme.owner
        .reveal("/a")
        .body(r#"{"version":1.0}"#)
        .expect(200);
    for version in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!("1"),
        json!([1]),
        json!(true),
    ] {
        let refused = acme
            .owner
            .reveal("/a")
            .json(&json!({"version": version}))
            .expect(400);
        assert!(
            refused.message().contains("`version`"),
            "{}",
            refused.message()
        );
    }
    for version in [
        "9223372036854775808",
        "18446744073709551616",
        "1e0",
        "1e400",
    ] {
        let body = format!(r#"{{"version":{version}}}"#);
        acme.owner.reveal("/a").body(body).expect(400);
    }
    let body = r#"{"version":9223372036854775807}"#;
    acme.owner.reveal("/a").body(body).expect(404);
}

#[test]
fn key_values_come_back_as_they_went_in() {
    let house = House::new();
    let acme = house.tenant("acme");
    let bytes: Vec<u8> = (0..=255).collect();
    let values = json!({"USER": b64("ann"), "all.bytes_-0": b64(&bytes)});
    let more = json!({"secretKeyValues": values});
    acme.owner.create_with("/kv", &acme.key, &more).expect(201);
    let reveal = acme.owner.reveal("/kv").expect(200).json();
    assert_eq!(reveal["secretKeyValues"], values);
    assert_eq!(reveal.get("secretString"), None);
    let versions = &acme.owner.metadata("/kv")["versions"];
    assert_eq!(versions[0]["valueFormat"], "keyValue");
}

#[test]
fn generated_values_are_random_strings_of_the_asked_length() {
    let house = House::new();
    let acme = house.tenant("acme");
    let mut seen = Vec::new();
    for (n, (options, length)) in [
        (json!({"byteLength": 16}), 16),
        (json!({"byteLength": 4096}), 4096),
        (json!({"byteLength": 0}), 32),
        (json!({}), 32),
        (json!({"length": 24}), 24),
        (json!({}), 32),
    ]
    .into_iter()
    .enumerate()
    {
        let path = format!("/g{n}");
        let more = json!({"generateSecret": options});
        let created = acme.owner.create_with(&path, &acme.key, &more).expect(201);
        assert!(!created.text().contains("secretString"));
        let reveal = acme.owner.reveal(&path).expect(200).json();
        let bytes = from_b64(reveal["secretString"].as_str().unwrap());
        assert_eq!(bytes.len(), length, "{options}");
        assert!(!seen.contains(&bytes));
        seen.push(bytes);
    }
    for length in [
        json!(1),
        json!(15),
        json!(4097),
        json!(-1),
        json!("32"),
        json!(1.5),
    ] {
        let more = json!({"generateSecret": {"byteLength": length}});
        let refused = acme.owner.create_with("/no", &acme.key, &more).expect(400);
        assert!(
            refused.message().contains("byteLength"),
            "{}",
            refused.message()
        );
    }
}

#[test]
fn exactly_one_value_is_given() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/there", &acme.key, "v").expect(201);
    let (string, map, generate) = (
        json!(b64("v")),
        json!({"k": b64("v")}),
        json!({"byteLength": 32}),
    );
    let inputs = |string: &Value, map: &Value, generate: &Value| json!({"secretString": string, "secretKeyValues": map, "generateSecret": generate});
    let none = Value::Null;
    for input in [
        json!({}),
        inputs(&none, &none, &none),
        inputs(&json!(""), &json!({}), &none),
        inputs(&string, &map, &none),
        inputs(&string, &none, &generate),
        inputs(&none, &map, &generate),
        inputs(&string, &map, &generate),
    ] {
        for call in [
            acme.owner.create_with("/no", &acme.key, &input),
            acme.owner.post(&secret("/there/versions")).json(&input),
        ] {
            let refused = call.expect(400);
            assert_eq!(refused.code(), "invalid_value", "{input}");
            for name in ["secretString", "secretKeyValues", "generateSecret"] {
                assert!(refused.message().contains(name), "{}", refused.message());
            }
        }
    }
    assert_eq!(acme.owner.paths("/"), ["/there"]);
    assert_eq!(acme.owner.metadata("/there")["currentVersion"], 1);
}

#[test]
fn values_have_sizes() {
    let house = House::new();
    let acme = house.tenant("acme");
    let entries = |count: usize, value: &str| -> Value {
        let pairs = (0..count).map(|n| (format!("key{n}"), json!(b64(value))));
        json!({"secretKeyValues": Value::Object(pairs.collect())})
    };
    let one = |name: &str, value: &str| json!({"secretKeyValues": {name: b64(value)}});
    let string = |length: usize| json!({"secretString": b64("v".repeat(length))});
    let full = "v".repeat(4096);
    for (n, (input, status)) in [
        (string(1), 201),
        (string(4096), 201),
        (string(4097), 400),
        (entries(256, &full), 201),
        (entries(257, "v"), 400),
        (one("k", &"v".repeat(4097)), 400),
        (one("k", ""), 400),
        (one(&"k".repeat(128), "v"), 201),
        (one(&"k".repeat(129), "v"), 400),
        (one("", "v"), 400),
        (one("a b", "v"), 400),
        (one("a/b", "v"), 400),
        (one("ä", "v"), 400),
    ]
    .into_iter()
    .enumerate()
    {
        acme.owner
            .create_with(&format!("/s{n}"), &acme.key, &input)
            .expect(status);
    }
    assert_eq!(acme.owner.value_of("/s1").len(), 4096);
    let all = acme.owner.reveal("/s3").expect(200).json();
    assert_eq!(all["secretKeyValues"].as_object().unwrap().len(), 256);
}

#[test]
fn base64_is_canonical_or_refused_with_the_cure() {
    let house = House::new();
    let acme = house.tenant("acme");
    for text in [
        "aHVudGVyMg",
        "aHVudGVyMh==",
        "aHVudGVyMg=",
        "a-_=",
        "hunter2!",
        "====",
        "QQ===",
        " QQ==",
        "QQ= =",
    ] {
        for (input, field) in [
            (json!({"secretString": text}), "`secretString`"),
            (
                json!({"secretKeyValues": {"k": text}}),
                "`secretKeyValues.k`",
            ),
        ] {
            let refused = acme.owner.create_with("/no", &acme.key, &input).expect(400);
            assert_eq!(refused.code(), "invalid_base64", "{text}");
            let message = refused.message();
            assert!(
                message.contains("base64 -w0") && message.contains(field),
                "{message}"
            );
            assert!(
                !refused.text().contains(text) || text == "====",
                "{message}"
            );
        }
    }
    // GNU base64 breaks lines: escaped they are no base64, as they are no JSON.
    let wrapped = json!({"secretString": "aHVu\ndGVyMg=="});
    let refused = acme
        .owner
        .create_with("/no", &acme.key, &wrapped)
        .expect(400);
    assert!(
        refused.message().contains("base64 -w0"),
        "{}",
        refused.message()
    );
    let body = format!(
        "{{\"path\":\"/no\",\"kmsKeyIdentity\":\"{}\",\"secretString\":\"aHVu\ndGVyMg==\"}}",
        acme.key
    );
    let refused = acme
        .owner
        .post(strongroom_testkit::api::SECRETS)
        .body(body)
        .expect(400);
    assert!(
        refused.message().contains("base64 -w0"),
        "{}",
        refused.message()
    );
}

#[test]
fn lenient_encoding_takes_text_as_it_stands_and_says_so_in_the_record() {
    let house = House::with(|config| {
        config.values.encoding = strongroom_server::config::Encoding::Lenient;
    });
    let acme = house.tenant("acme");
    acme.owner
        .create_with("/raw", &acme.key, &json!({"secretString": "hunter2!"}))
        .expect(201);
    acme.owner
        .create("/coded", &acme.key, "hunter3")
        .expect(201);
    assert_eq!(acme.owner.value_of("/raw"), "hunter2!");
    assert_eq!(acme.owner.value_of("/coded"), "hunter3");
    let taken = |path: &str| {
        let found = acme
            .owner
            .audit(&format!("action=secret.create&resourceIdentity={path}"));
        found[0]["context"].get("takenRaw").cloned()
    };
    assert_eq!((taken("/raw"), taken("/coded")), (Some(json!(true)), None));
}

#[test]
fn an_empty_secret_is_a_setting() {
    let house = House::with(|config| config.values.allow_empty_secret = true);
    let acme = house.tenant("acme");
    let created = acme
        .owner
        .create_with("/a", &acme.key, &json!({}))
        .expect(201)
        .json();
    assert_eq!(created["currentVersion"], 0);
    assert_eq!(acme.owner.metadata("/a")["versions"], json!([]));
    assert_eq!(
        acme.owner.reveal("/a").expect(404).code(),
        "version_not_found"
    );
    assert_eq!(
        acme.owner.put_value("/a", "v").expect(200).json()["version"],
        1
    );
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn a_reveal_is_remembered_on_the_secret_and_on_its_version() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "one").expect(201);
    acme.owner.put_value("/a", "two").expect(200);
    let before = acme.owner.metadata("/a");
    house.turn(Duration::from_secs(30));
    // None of these is a successful reveal.
    acme.owner.reveal_version("/a", 9).expect(404);
    acme.owner.reveal("/a").body("{").expect(400);
    acme.member(&[]).reveal("/a").expect(403);
    assert_eq!(acme.owner.metadata("/a"), before);

    acme.owner.reveal_version("/a", 1).expect(200);
    let after = acme.owner.metadata("/a");
    let accessed = json!("2026-07-01T12:00:30Z");
    assert_eq!(after["lastAccessedAt"], accessed);
    assert_eq!(after["versions"][0]["lastAccessedAt"], accessed);
    assert_eq!(after["versions"][1].get("lastAccessedAt"), None);
    for same in ["updatedAt", "objectVersion", "currentVersion"] {
        assert_eq!(after[same], before[same], "{same}");
    }
    house.turn(Duration::from_secs(30));
    acme.owner.reveal("/a").expect(200);
    let last = acme.owner.metadata("/a");
    assert_eq!(last["lastAccessedAt"], "2026-07-01T12:01:00Z");
    assert_eq!(last["versions"][0]["lastAccessedAt"], accessed);
    assert_eq!(
        last["versions"][1]["lastAccessedAt"],
        "2026-07-01T12:01:00Z"
    );

    // A clean stop loses none of it.
    let owner = acme.owner.clone();
    let house = house.reopen(|_| {});
    assert_eq!(owner.at(&house.web).metadata("/a"), last);
}

#[test]
fn the_version_of_the_key_stays_what_it_was_when_the_value_was_sealed() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "one").expect(201);
    acme.owner.change_key(&acme.key, "rotate").expect(200);
    let put = acme.owner.put_value("/a", "two").expect(200).json();
    assert_eq!(
        put,
        json!({"path": "/a", "version": 2, "kmsKeyIdentity": acme.key, "kmsKeyVersion": "2"})
    );
    assert_eq!(
        acme.owner.reveal("/a").expect(200).json()["kmsKeyVersion"],
        "2"
    );
    let first = acme.owner.reveal_version("/a", 1).expect(200);
    assert_eq!(
        (first.json()["kmsKeyVersion"].clone(), first.value()),
        (json!("1"), "one".into())
    );
}
