//! Bad input, over the wire: a clear 4xx, nothing written, nothing leaked, the server unharmed.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use serde_json::{Value, json};
use strongroom_testkit::api::{KEYS, SECRETS, key, secret};
use strongroom_testkit::{Caller, House, Reply, Tenant, b64};

/// Stands in the place of values; no answer and no record may ever hold it.
const MARK: &str = "hunter2-the-canary";

/// A house with one secret and one key, and how they were.
struct Scene<'h> {
    acme: Tenant<'h>,
    before: Value,
}

impl<'h> Scene<'h> {
    fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        acme.owner.create("/a", &acme.key, "v").expect(201);
        let before = state(&acme.owner);
        Self { acme, before }
    }

    fn owner(&self) -> &Caller {
        &self.acme.owner
    }

    /// Insists that nothing was written and nothing was said that must not be.
    fn is_unharmed(&self) {
        assert_eq!(state(self.owner()), self.before);
        let log = Value::Array(self.owner().audit("includeSystemServices=true"));
        assert!(
            !log.to_string().contains(MARK),
            "the audit log holds a value"
        );
        assert_eq!(self.owner().value_of("/a"), "v");
        assert_eq!(
            self.owner().put_value("/a", "v").expect(200).json()["version"],
            2
        );
    }
}

/// All that a call could have changed: secrets, versions, keys, and the records of changes.
fn state(owner: &Caller) -> Value {
    let changes = "action=secret.create,secret.put_value,secret.update_policy,secret.delete,\
                   secret.destroy_version,kms.rotate&responseStatus=";
    let changes = ["200", "201", "204"].map(|status| owner.audit(&format!("{changes}{status}")));
    json!([
        owner
            .get(&format!("{SECRETS}?pathPrefix=/"))
            .expect(200)
            .json(),
        owner.metadata("/a")["versions"],
        owner.get(KEYS).expect(200).json(),
        changes,
    ])
}

/// Insists on a refusal that explains itself and repeats nothing.
fn explains(reply: Reply, status: u16, named: &str) {
    let reply = reply.expect(status);
    reply.code();
    let message = reply.message();
    assert!(message.contains(named), "{named} is not named: {message}");
    assert!(!reply.text().contains(MARK), "{}", reply.text());
}

/// A create with a body in which one field is as given, unquoted.
fn create(scene: &Scene<'_>, field: &str, value: &str) -> Reply {
    let mut fields = vec![
        ("path", "\"/b\"".to_owned()),
        ("kmsKeyIdentity", format!("\"{}\"", scene.acme.key)),
        ("secretString", format!("\"{}\"", b64(MARK))),
    ];
    fields.retain(|(name, _)| *name != field);
    if ["secretKeyValues", "generateSecret"].contains(&field) {
        fields.retain(|(name, _)| *name != "secretString");
    }
    fields.push((field, value.to_owned()));
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    let body = format!("{{{}}}", fields.join(","));
    scene.owner().post(SECRETS).body(body).send()
}

#[test]
fn every_field_of_a_create_insists_on_its_type() {
    let house = House::new();
    let scene = Scene::new(&house);
    let marked = format!("\"{MARK}\"");
    let (text, number, list) = (marked.as_str(), "17", "[\"hunter2-the-canary\"]");
    for (field, wrong) in [
        ("path", [number, "true", list, "{}"]),
        ("kmsKeyIdentity", [number, "true", list, "{}"]),
        ("secretString", [number, "true", list, "{}"]),
        ("secretKeyValues", [number, text, list, "true"]),
        ("generateSecret", [number, text, list, "true"]),
        ("description", [number, "true", list, "{}"]),
        ("labels", [number, text, list, "true"]),
        ("annotations", [number, text, list, "true"]),
        ("accessPolicy", [number, text, list, "true"]),
    ] {
        for value in wrong {
            explains(create(&scene, field, value), 400, field);
        }
    }
    for (field, value, named) in [
        ("labels", r#"{"a":1}"#, "labels.a"),
        ("annotations", r#"{"a":{}}"#, "annotations.a"),
        ("secretKeyValues", r#"{"k":7}"#, "secretKeyValues.k"),
        ("secretKeyValues", r#"{"k":null}"#, "secretKeyValues.k"),
        (
            "generateSecret",
            r#"{"byteLength":"x"}"#,
            "generateSecret.byteLength",
        ),
        (
            "generateSecret",
            r#"{"byteLength":1e3}"#,
            "generateSecret.byteLength",
        ),
        (
            "generateSecret",
            r#"{"byteLength":99999999999999999999999}"#,
            "generateSecret.byteLength",
        ),
    ] {
        explains(create(&scene, field, value), 400, named);
    }
    for field in ["path", "kmsKeyIdentity"] {
        for missing in ["null", "\"\""] {
            explains(create(&scene, field, missing), 400, field);
        }
    }
    scene.is_unharmed();
}

#[test]
fn what_is_no_json_is_refused_with_its_place_and_not_with_its_content() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    let one = key(&scene.acme.key);
    for body in [
        format!("{{\"secretString\":{MARK}}}"),
        format!("{{\"secretString\":\"{MARK}"),
        format!("{{\"secretString\":\"{MARK}\"}} trailing"),
        format!("{{'secretString':'{MARK}'}}"),
        format!("{MARK}={MARK}"),
        format!("{{\"{MARK}\":\"\\x\"}}"),
        format!("{{\"a\":\"{MARK}\u{1}\"}}"),
        "{\"a\":NaN}".to_owned(),
        "{\"a\":01}".to_owned(),
        "{\"a\":+1}".to_owned(),
        "{,}".to_owned(),
        "\u{feff}{}".to_owned(),
    ] {
        for call in [
            owner.post(SECRETS),
            owner.post(&secret("/a/versions")),
            owner.post(&secret("/a/value")),
            owner.put(&secret("/a/policy")),
            owner.post(KEYS),
            owner.post(&format!("{one}/encrypt")),
            owner.post(&format!("{one}/decrypt")),
            owner.patch(&format!("{one}/rotation")),
        ] {
            explains(call.body(body.as_str()).send(), 400, "JSON");
        }
    }
    // Bytes that are no text at all.
    let mut broken = format!("{{\"secretString\":\"{MARK}").into_bytes();
    broken.extend([0xff, 0xfe, b'"', b'}']);
    explains(owner.post(SECRETS).body(broken).send(), 400, "JSON");
    scene.is_unharmed();
}

#[test]
fn a_field_given_twice_is_given_once_too_often() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    let coded = b64(MARK);
    for (body, named) in [
        (
            format!(r#"{{"secretString":"{coded}","secretString":"{coded}"}}"#),
            "secretString",
        ),
        (
            format!(r#"{{"secretKeyValues":{{"k":"{coded}","k":"{coded}"}}}}"#),
            "secretKeyValues.k",
        ),
        (
            format!(r#"{{"secretString":"{coded}","path":"/a","path":"/a"}}"#),
            "path",
        ),
        (
            format!(r#"{{"secretString":"{coded}","secret\u0053tring":"{coded}"}}"#),
            "secretString",
        ),
        (
            format!(r#"{{"secretString":"{coded}","unknown":1,"unknown":2}}"#),
            "unknown",
        ),
    ] {
        explains(
            owner.post(&secret("/a/versions")).body(body).send(),
            400,
            named,
        );
    }
    explains(
        create(&scene, "labels", r#"{"a":"1","a":"2"}"#),
        400,
        "labels.a",
    );
    scene.is_unharmed();
}

#[test]
fn depth_and_size_of_what_nobody_asked_for_do_no_harm() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    for depth in [127, 10_000, 400_000] {
        let nested = format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        let reply = owner.post(SECRETS).body(nested).send();
        explains(reply, 400, "path");
        let open = format!("{{\"x\":{}", "{\"a\":".repeat(depth));
        explains(owner.post(SECRETS).body(open).send(), 400, "JSON");
        let policy = format!(
            "{{\"accessPolicy\":{{\"conditions\":{}{}}}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        );
        let reply = owner.put(&secret("/a/policy")).body(policy).send();
        explains(reply, 400, "");
    }
    let number = format!("{{\"version\":{}}}", "9".repeat(1_000_000));
    explains(
        owner.post(&secret("/a/value")).body(number).send(),
        400,
        "version",
    );
    let many: Vec<_> = (0..60_000).map(|n| format!("\"f{n}\":0")).collect();
    let many = format!("{{{}}}", many.join(","));
    explains(owner.post(SECRETS).body(many).send(), 400, "path");
    scene.is_unharmed();
}

#[test]
fn a_body_over_two_mebibytes_is_not_read() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    let limit = 2 * 1024 * 1024;
    let body = |length: usize| {
        let frame = format!("{{\"secretString\":\"{}\",\"x\":\"\"}}", b64("v"));
        frame.replace(
            "\"\"}",
            &format!("\"{}\"}}", "x".repeat(length - frame.len())),
        )
    };
    for url in [
        SECRETS.to_owned(),
        secret("/a/versions"),
        secret("/a/value"),
    ] {
        explains(
            owner.post(&url).body(body(limit + 1)).send(),
            413,
            "2097152",
        );
    }
    explains(
        owner.put(&secret("/a/policy")).body(body(limit + 1)).send(),
        413,
        "2097152",
    );
    // Announced and never sent: refused from the announcement alone.
    let mut wire = house.web.wire();
    wire.write(owner.head("POST", SECRETS));
    wire.write("Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(wire.reply().unwrap().status, 413);
    // Not announced: refused when it gets too long.
    let mut wire = house.web.wire();
    wire.write(owner.head("POST", SECRETS))
        .write("Transfer-Encoding: chunked\r\n\r\n");
    for _ in 0..33 {
        wire.write("10000\r\n")
            .write(vec![b' '; 0x10000])
            .write("\r\n");
    }
    if let Some(reply) = wire.reply() {
        assert_eq!(reply.status, 413, "{}", reply.body);
    }
    scene.is_unharmed();
    owner
        .post(&secret("/a/versions"))
        .body(body(limit))
        .expect(200);
}

#[test]
fn paths_that_other_programs_would_rewrite_are_refused() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    let too_long = format!("/{}", "a".repeat(512));
    for path in [
        "/a/../b",
        "/..",
        "/../a",
        "/a/.",
        "/./a",
        "/%2e%2e/a",
        "/a/%2e",
        "//",
        "//a",
        "/a//b",
        "/a/",
        "/a%2F",
        "/%2F",
        "/a%00",
        "/a%0A",
        "/a%20b",
        "/a%ff",
        "/a%c3%28",
        "/a%C3%BC",
        "/a%",
        "/a%4",
        "/a%zz",
        "/a\\b",
        "/a;b",
        "/a:b",
        "/a*",
        "/~a",
        "/a%252Fb",
        too_long.as_str(),
    ] {
        for (method, suffix) in [
            ("GET", ""),
            ("POST", "/value"),
            ("POST", "/versions"),
            ("PUT", "/policy"),
            ("DELETE", ""),
        ] {
            let body = format!(
                "{{\"secretString\":\"{}\",\"accessPolicy\":null}}",
                b64(MARK)
            );
            let mut wire = house.web.wire();
            wire.write(owner.head(method, &secret(&format!("{path}{suffix}"))));
            wire.write(format!(
                "Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            ));
            let reply = wire.reply().unwrap();
            assert_eq!(reply.status, 400, "{method} {path}{suffix}: {}", reply.body);
            assert!(!reply.body.contains(MARK));
            // What is no URL at all, HTTP refuses before we see it; the rest is explained.
            if !reply.body.is_empty() {
                assert!(
                    reply.body.contains("path") || reply.body.contains("URL"),
                    "{path}: {}",
                    reply.body
                );
            }
        }
    }
    for query in [
        "a",
        "",
        "/",
        "/a/",
        "//a",
        "/a//b",
        "/../a",
        "/a%00",
        "/a%ff",
        "/%C3%BC",
        too_long.as_str(),
    ] {
        explains(
            owner
                .get(&format!("/v1/secrets/nl-01/secret?path={query}"))
                .send(),
            400,
            "path",
        );
    }
    scene.is_unharmed();
}

#[test]
fn a_path_in_the_body_that_disagrees_is_refused() {
    let house = House::new();
    let scene = Scene::new(&house);
    scene
        .acme
        .owner
        .create("/c", &scene.acme.key, "v")
        .expect(201);
    let body = json!({"path": "/c", "secretString": b64(MARK)});
    explains(
        scene
            .owner()
            .post(&secret("/a/versions"))
            .json(&body)
            .send(),
        400,
        "path",
    );
    explains(
        scene
            .owner()
            .reveal("/a")
            .json(&json!({"path": "/c"}))
            .send(),
        400,
        "path",
    );
    explains(
        scene
            .owner()
            .reveal("/a")
            .json(&json!({"path": "/a/"}))
            .send(),
        400,
        "path",
    );
    assert_eq!(scene.owner().metadata("/a")["currentVersion"], 1);
    assert_eq!(scene.owner().metadata("/c")["currentVersion"], 1);
}

#[test]
fn base64_that_is_none_is_refused_with_the_cure() {
    let house = House::new();
    let scene = Scene::new(&house);
    let raw = format!("\"{MARK}\"");
    explains(create(&scene, "secretString", &raw), 400, "base64 -w0");
    explains(
        create(&scene, "secretKeyValues", &format!("{{\"k\":{raw}}}")),
        400,
        "secretKeyValues.k",
    );
    let coded = b64(MARK.repeat(5));
    let (start, end) = coded.split_at(76);
    explains(
        create(&scene, "secretString", &format!("\"{start}\n{end}\"")),
        400,
        "base64 -w0",
    );
    explains(
        create(&scene, "secretString", &format!("\"{start}\\n{end}\"")),
        400,
        "base64 -w0",
    );
    scene.is_unharmed();
}

#[test]
fn a_version_is_a_positive_whole_number() {
    let house = House::new();
    let scene = Scene::new(&house);
    let url = secret("/a/value");
    for version in [
        "0",
        "-0",
        "-1",
        "1.0",
        "1.5",
        "1e0",
        "\"1\"",
        "[1]",
        "{}",
        "true",
        "9223372036854775808",
    ] {
        let body = format!("{{\"version\":{version}}}");
        explains(scene.owner().post(&url).body(body).send(), 400, "version");
    }
    for version in [
        "",
        "0",
        "-1",
        "1.5",
        "%221%22",
        "9223372036854775808",
        "0x1",
        "%C2%B9",
    ] {
        let reply = scene.owner().destroy("/a", version).send();
        explains(reply, 400, "version");
    }
    scene.is_unharmed();
}

#[test]
fn what_names_no_place_finds_none() {
    let house = House::new();
    let scene = Scene::new(&house);
    for region in ["nl-99", "NL-01", "%00", "..%2F", "nl-01%20", "*", "%ff"] {
        for url in [
            format!("/v1/secrets/{region}/secrets"),
            format!("/v1/kms/{region}/keys"),
        ] {
            let reply = scene.owner().get(&url).expect(404);
            assert_eq!(reply.code(), "region_not_found", "{url}");
        }
    }
    let lost = scene.owner().in_project("no such project");
    assert_eq!(lost.get(SECRETS).expect(404).code(), "project_not_found");
    scene.is_unharmed();
}

/// What an HTTP/1.1 request begins with, by the owner, for a put.
fn smuggled(scene: &Scene<'_>, headers: &str, body: &str) -> Vec<u16> {
    let mut wire = scene.acme.house.web.wire();
    wire.write(scene.owner().head("POST", &secret("/a/versions")));
    wire.write(format!("{headers}\r\n{body}")).finish();
    let mut statuses = Vec::new();
    while let Some(reply) = wire.reply() {
        assert!(!reply.body.contains(MARK));
        statuses.push(reply.status);
    }
    statuses
}

#[test]
fn a_request_of_two_lengths_smuggles_nothing() {
    let house = House::new();
    let scene = Scene::new(&house);
    let inner = format!(
        "{}Content-Length: 0\r\n\r\n",
        scene.owner().head("DELETE", &secret("/a"))
    );
    let value = format!("{{\"secretString\":\"{}\"}}", b64(MARK));
    for (headers, body) in [
        // Content-Length and Transfer-Encoding disagree (RFC 9112, 6.3): the end of the body is in doubt.
        (
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            format!("0\r\n\r\n{inner}"),
        ),
        (
            format!("Content-Length: {}\r\nContent-Length: 3\r\n", value.len()),
            format!("{value}{inner}"),
        ),
        (
            "Content-Length: 3, 4\r\n".to_owned(),
            format!("{value}{inner}"),
        ),
        ("Content-Length: -1\r\n".to_owned(), inner.clone()),
        ("Content-Length: +3\r\n".to_owned(), inner.clone()),
        ("Content-Length: 0x3\r\n".to_owned(), inner.clone()),
        ("Content-Length : 3\r\n".to_owned(), inner.clone()),
        (
            "Transfer-Encoding: chunked, identity\r\n".to_owned(),
            format!("0\r\n\r\n{inner}"),
        ),
        (
            "Transfer-Encoding: xchunked\r\n".to_owned(),
            format!("0\r\n\r\n{inner}"),
        ),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("-1\r\n\r\n{inner}"),
        ),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("fffffffffffffffff\r\n{inner}"),
        ),
        (
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("zz\r\n{inner}"),
        ),
        ("X-A: a\r\n X-B: folded\r\n".to_owned(), inner.clone()),
        ("X-A: a\u{0}b\r\n".to_owned(), inner.clone()),
        ("X A: a\r\n".to_owned(), inner.clone()),
        (": a\r\n".to_owned(), inner.clone()),
    ] {
        let statuses = smuggled(&scene, &headers, &body);
        assert!(
            statuses.iter().all(|status| (400..500).contains(status)),
            "{headers:?}: {statuses:?}"
        );
        assert!(
            statuses.len() <= 1,
            "{headers:?}: a second request was taken: {statuses:?}"
        );
        scene.owner().get(&secret("/a")).expect(200);
    }
    scene.is_unharmed();
}

#[test]
fn heads_out_of_all_proportion_are_refused() {
    let house = House::new();
    let scene = Scene::new(&house);
    for flood in [
        "X-Flood: x\r\n".repeat(101),
        format!("X-Flood: {}\r\n", "x".repeat(20_000)),
        "X-Flood: y\r\n".repeat(5_000),
    ] {
        let mut wire = house.web.wire();
        wire.write(scene.owner().head("GET", SECRETS));
        wire.write(flood).write("\r\n");
        if let Some(reply) = wire.reply() {
            assert_eq!(reply.status, 431, "{}", reply.body);
        }
    }
    for garbage in [
        "\r\n\r\n\r\nnonsense\r\n\r\n".as_bytes(),
        b"GET /\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"\0\0\0\0\0\0\0\0",
    ] {
        let mut wire = house.web.wire();
        wire.write(garbage).finish();
        if let Some(reply) = wire.reply() {
            assert!(
                (400..500).contains(&reply.status),
                "{garbage:?}: {}",
                reply.status
            );
        }
    }
    let long = format!("/v1/secrets/nl-01/secret/{}", "a".repeat(70_000));
    let mut wire = house.web.wire();
    wire.write(scene.owner().head("GET", &long)).write("\r\n");
    if let Some(reply) = wire.reply() {
        assert!([400, 414, 431].contains(&reply.status), "{}", reply.status);
    }
    scene.is_unharmed();
}

#[test]
fn a_client_that_never_finishes_is_given_up() {
    let house = House::with(|config| {
        config.limits.body_seconds = 1;
        config.limits.header_seconds = 1;
    });
    let scene = Scene::new(&house);
    let mut head = house.web.wire();
    head.write(scene.owner().head("GET", SECRETS));
    let mut body = house.web.wire();
    body.write(scene.owner().head("POST", &secret("/a/versions")));
    body.write(format!(
        "Content-Length: 1000\r\n\r\n{{\"secretString\":\"{}\"",
        b64(MARK)
    ));
    // Both wait for what never comes; the server does not.
    let late = body.reply().unwrap();
    assert_eq!(late.status, 408, "{}", late.body);
    assert!(
        late.body.contains("body_timeout") && !late.body.contains(MARK),
        "{}",
        late.body
    );
    assert!(body.is_closed());
    match head.reply() {
        Some(reply) => assert_eq!(reply.status, 408),
        None => assert!(head.is_closed()),
    }
    scene.is_unharmed();
}

#[test]
fn a_connection_that_breaks_in_the_middle_leaves_nothing_behind() {
    let house = House::new();
    let scene = Scene::new(&house);
    let body = format!("{{\"secretString\":\"{}\"}}", b64(MARK));
    for kept in 0..body.len() {
        let mut wire = house.web.wire();
        wire.write(scene.owner().head("POST", &secret("/a/versions")));
        wire.write(format!("Content-Length: {}\r\n\r\n", body.len()));
        wire.write(&body.as_bytes()[..kept]).finish();
        if let Some(reply) = wire.reply() {
            assert!((400..500).contains(&reply.status), "{}", reply.body);
            assert!(!reply.body.contains(MARK));
        }
    }
    scene.is_unharmed();
}
