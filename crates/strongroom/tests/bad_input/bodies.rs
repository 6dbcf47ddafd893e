//! Bodies: wrong types, no JSON, too much of everything.

use strongroom_testkit::api::{KEYS, SECRETS, key, secret};
use strongroom_testkit::{House, b64};

use crate::scene::{MARK, Scene, create, explains};

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
