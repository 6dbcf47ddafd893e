//! Paths, versions and places.

use serde_json::json;
use strongroom_testkit::api::{SECRETS, secret};
use strongroom_testkit::{House, b64};

use crate::scene::{MARK, Scene, explains};

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
fn a_version_is_a_positive_whole_number() {
    let house = House::new();
    let scene = Scene::new(&house);
    let url = secret("/a/value");
    for version in [
        "0",
        "-0",
        "-1",
        "0.0",
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
