//! What no HTTP library would send: two lengths, floods, silence, broken connections.

use strongroom_testkit::api::{SECRETS, secret};
use strongroom_testkit::{House, b64};

use crate::scene::{MARK, Scene};

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
