//! What every call has in common: headers, methods, unknown URLs.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use strongroom_testkit::api::{KEYS, SECRETS, secret};
use strongroom_testkit::{House, b64};

#[test]
fn every_answer_names_the_call_and_is_kept_by_nobody() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let mut ids = BTreeSet::new();
    let calls = [
        (acme.owner.get(&secret("/a")), 200),
        (acme.owner.reveal("/a"), 200),
        (acme.owner.get(&secret("/b")), 404),
        (acme.owner.destroy("/a", 1), 204),
        (acme.owner.get("/v1/nothing"), 404),
        (acme.owner.put(SECRETS), 405),
        (house.web.get(SECRETS), 401),
        (house.web.get("/healthz"), 200),
        (house.web.get("/openapi.json"), 200),
        (house.web.post("/oidc/token"), 400),
    ];
    for (call, status) in calls {
        let reply = call.expect(status);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        let id = reply.header("x-request-id").to_owned();
        assert!(id.len() >= 8, "{id:?}");
        assert!(ids.insert(id), "a request id twice");
        if status == 204 {
            assert_eq!(reply.header("content-type"), "");
        } else {
            assert_eq!(reply.header("content-type"), "application/json");
        }
    }
}

/// The caller's own request id goes on record, yet does not name the call: anyone could send
/// anyone's.
#[test]
fn a_call_is_not_named_by_its_caller() {
    let house = House::new();
    let acme = house.tenant("acme");
    let reply = acme
        .owner
        .get(SECRETS)
        .header("X-Request-Id", "mine")
        .expect(200);
    let id = reply.header("x-request-id");
    assert_ne!(id, "mine");
    let entry = &acme.owner.audit(&format!("searchText={id}"))[0];
    assert_eq!(entry["context"]["request_id"], id);
    assert_eq!(entry["context"]["headers"]["X-Request-Id"], "mine");
}

#[test]
fn an_unknown_url_is_404_in_json() {
    let house = House::new();
    let acme = house.tenant("acme");
    for path in [
        "/",
        "/v1",
        "/v1/",
        "/v2/regions",
        "/v1/secrets",
        "/v1/secrets/nl-01",
        "/v1/secrets/nl-01/",
        "/v1/secrets/nl-01/secretx",
        "/v1/secrets/nl-01/secrets/",
        "/v1/secrets/nl-01/secrets/a",
        "/v1/kms/nl-01/keys/a/b",
        "/v1/regions/",
        "/favicon.ico",
    ] {
        let reply = acme.owner.get(path).expect(404);
        assert_eq!(reply.code(), "route_not_found", "{path}");
    }
}

#[test]
fn another_method_is_405_with_those_that_there_are() {
    let house = House::new();
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    let one = format!("{KEYS}/{}", acme.key);
    for (url, allow) in [
        (SECRETS.to_owned(), "GET, POST"),
        (secret("/a"), "DELETE, GET, POST, PUT"),
        (KEYS.to_owned(), "GET, POST"),
        (one.clone(), "DELETE, GET"),
        (format!("{one}/encrypt"), "POST"),
        (format!("{one}/rotation"), "PATCH"),
        (format!("{one}/cancel-deletion"), "DELETE"),
        ("/v1/kms/summary".to_owned(), "GET"),
        ("/v1/audit".to_owned(), "GET"),
        ("/v1/regions".to_owned(), "GET"),
        ("/oidc/token".to_owned(), "POST"),
    ] {
        for method in [
            "HEAD", "OPTIONS", "TRACE", "PATCH", "PUT", "POST", "DELETE", "GET", "PROPFIND",
        ] {
            if allow.split(", ").any(|allowed| allowed == method) {
                continue;
            }
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let reply = acme.owner.call(method.clone(), &url).expect(405);
            assert_eq!(reply.header("allow"), allow, "{method} {url}");
            if method != Method::HEAD {
                assert_eq!(reply.code(), "method_not_allowed");
            }
        }
    }
    // The methods of a secret's URL that need an action word.
    for call in [
        acme.owner.post(&secret("/a")),
        acme.owner.put(&secret("/a")),
        acme.owner.put(&secret("/a/value")),
    ] {
        assert_eq!(call.expect(405).header("allow"), "DELETE, GET, POST, PUT");
    }
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn probes_and_the_description_need_no_credential() {
    let house = House::new();
    for path in ["/healthz", "/readyz"] {
        house.web.get(path).expect(200);
    }
    let document = house.web.get("/openapi.json").expect(200).json();
    assert!(
        document["paths"]
            .as_object()
            .is_some_and(|paths| paths.len() > 10)
    );
    assert!(document["components"]["schemas"]["Secret"].is_object());
}

#[test]
fn a_caller_may_be_limited() {
    let house = House::with(|config| {
        config.limits.requests_per_second = 1;
        config.limits.burst = 3;
    });
    // The house itself makes a key for its tenant, so somebody else asks.
    let acme = house.tenant("acme");
    let member = acme.member(&[]);
    let statuses: Vec<u16> = (0..4)
        .map(|_| member.get("/v1/regions").send().status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429]);
    let limited = member.get("/v1/regions").expect(429);
    assert_eq!(limited.code(), "rate_limited");
    assert!(
        limited
            .header("retry-after")
            .parse::<u64>()
            .is_ok_and(|seconds| seconds >= 1)
    );
    // Each caller for itself, and with all their tokens together.
    acme.member(&[]).get("/v1/regions").expect(200);
    let busy = acme.user("busy@example.org");
    let statuses: Vec<u16> = (0..5)
        .map(|_| acme.caller(busy, Default::default()))
        .map(|caller| caller.get("/v1/regions").send().status)
        .collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    // Who proves nothing uses up nobody's share but the address's.
    let unknown: Vec<u16> = (0..5)
        .map(|number| house.web.with(&format!("tc_pat_{number}"), "acme"))
        .map(|caller| caller.get("/v1/regions").send().status)
        .collect();
    assert_eq!(unknown, [401, 401, 401, 429, 429]);
}

#[test]
fn a_body_has_a_limit() {
    let house = House::with(|config| config.limits.body_bytes = 10_000);
    let acme = house.tenant("acme");
    acme.owner
        .create("/a", &acme.key, &"v".repeat(4096))
        .expect(201);
    let padded = |length: usize| {
        let body = format!("{{\"secretString\":\"{}\",\"x\":\"\"}}", b64("v"));
        let padding = "x".repeat(length - body.len());
        body.replace("\"\"}", &format!("\"{padding}\"}}"))
    };
    let url = secret("/a/versions");
    acme.owner.post(&url).body(padded(10_000)).expect(200);
    let refused = acme.owner.post(&url).body(padded(10_001)).expect(413);
    assert_eq!(refused.code(), "body_too_large");
    assert!(refused.message().contains("10000"), "{}", refused.message());
    assert_eq!(acme.owner.metadata("/a")["currentVersion"], Value::from(2));
}

#[test]
fn a_call_that_takes_too_long_is_answered_under_a_name() {
    let house = House::with(|config| config.limits.request_seconds = 1);
    let acme = house.tenant("acme");
    let mut wire = house.web.wire();
    wire.write(acme.owner.head("POST", &secret("/a/versions")));
    wire.write("Content-Length: 100\r\n\r\n{");
    let refused = wire.reply().unwrap();
    assert_eq!(refused.status, 503);
    let body: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(body["code"], "request_timeout");
    let id = body["requestId"].as_str().unwrap();
    assert!(refused.head.contains(&format!("x-request-id: {id}\r\n")));
    assert!(refused.head.contains("connection: close\r\n"));
    assert!(wire.is_closed());
}
