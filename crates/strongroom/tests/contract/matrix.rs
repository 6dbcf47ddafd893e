//! The error matrix of the Secrets Manager, cell by cell (contract 1.15).

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use strongroom_engine::Gate;
use strongroom_testkit::api::{key, secret};
use strongroom_testkit::{House, Tenant, b64};

use crate::shape::Shape;

fn house() -> House {
    House::new()
}

fn filled(house: &House) -> Tenant<'_> {
    let acme = house.tenant("acme");
    acme.owner.create("/a", &acme.key, "v").expect(201);
    acme
}

#[test]
fn every_call_succeeds_when_nothing_is_wrong() {
    let house = house();
    let acme = filled(&house);
    let shape = Shape::of(&acme);
    shape.answers(
        &acme.owner,
        [200, 200, 201, 200, 200, 200, 200, 204, 204],
        "",
    );
}

#[test]
fn no_or_bad_credentials() {
    let house = house();
    let acme = filled(&house);
    let shape = Shape::of(&acme);
    shape.answers(
        &house.web.with("tc_pat_unknown", "acme"),
        [401; 9],
        "credentials_invalid",
    );
    let brief = acme.owner_for(Duration::from_secs(1));
    house.turn(Duration::from_secs(2));
    shape.answers(&brief, [401; 9], "credentials_expired");
    for name in ["list", "reveal"] {
        let url = if name == "list" {
            secret("s?pathPrefix=/")
        } else {
            secret("/a/value")
        };
        let method = if name == "list" {
            Method::GET
        } else {
            Method::POST
        };
        assert_eq!(
            house.web.call(method, &url).expect(401).code(),
            "credentials_missing"
        );
    }
}

#[test]
fn a_gate_that_is_off() {
    let house = house();
    let acme = filled(&house);
    let shape = Shape::of(&acme);
    acme.set_gates(&[Gate::Kms]);
    shape.answers(&acme.owner, [403; 9], "feature_disabled");
    acme.set_gates(&[Gate::Secrets]);
    for refused in shape.answers(&acme.owner, [403; 9], "feature_disabled") {
        assert!(
            refused.message().contains("must be enabled"),
            "{}",
            refused.message()
        );
    }
    acme.set_gates(&[Gate::Secrets, Gate::Kms]);
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn an_unknown_region_or_project() {
    let house = house();
    let acme = filled(&house);
    let shape = Shape {
        region: "nl-99",
        ..Shape::of(&acme)
    };
    shape.answers(&acme.owner, [404; 9], "region_not_found");
    let shape = Shape::of(&acme);
    shape.answers(
        &acme.owner.in_project("nothing"),
        [404; 9],
        "project_not_found",
    );
    // The region is told before the project, and both before what is wrong with the rest.
    let both = Shape {
        region: "nl-99",
        path: "//",
        body: Some("{"),
        ..shape
    };
    both.answers(
        &acme.owner.in_project("nothing"),
        [404; 9],
        "region_not_found",
    );
    assert_eq!(acme.owner.paths("/"), ["/a"]);
}

#[test]
fn a_malformed_path() {
    let house = house();
    let acme = filled(&house);
    for path in ["//a", "/a//b", "/a%20", "/a%00", "/~"] {
        let decoded = path.replace("%20", "  ").replace("%00", "\u{0}");
        let shape = Shape {
            path,
            new: &decoded,
            ..Shape::of(&acme)
        };
        // In a query a space is a plus, so it is well formed there.
        let in_query = if path == "/a%20" { 200 } else { 400 };
        let expected = [in_query, in_query, 400, 400, 400, 400, 400, 400, 400];
        shape.answers(&acme.owner, expected, "invalid_path");
        // The shape is checked before the permission.
        shape.answers(
            &acme.member(&[]),
            [
                if in_query == 200 { 0 } else { 400 },
                0,
                400,
                400,
                400,
                400,
                400,
                400,
                400,
            ],
            "invalid_path",
        );
    }
}

#[test]
fn malformed_json_and_wrong_types() {
    let house = house();
    let acme = filled(&house);
    for body in [
        "{",
        "[]",
        "7",
        "\"x\"",
        "{\"a\":}",
        "\u{feff}{}",
        "nul",
        "{\"accessPolicy\":7,\"secretString\":7,\"version\":{},\"path\":7}",
    ] {
        let shape = Shape {
            body: Some(body),
            ..Shape::of(&acme)
        };
        shape.answers(
            &acme.owner,
            [0, 0, 400, 0, 400, 400, 400, 0, 0],
            "invalid_request",
        );
    }
}

#[test]
fn a_missing_permission() {
    let house = house();
    let acme = filled(&house);
    let shape = Shape::of(&acme);
    shape.answers(&acme.member(&[]), [403; 9], "permission_denied");
    // Each permission opens its calls and no other. What it opens is tried on what is not there.
    let absent = Shape {
        path: "/b",
        ..shape
    };
    for (permission, opened) in [
        ("list", [200, 200, 403, 403, 403, 403, 403, 403, 403]),
        ("create", [403, 403, 409, 403, 403, 403, 403, 403, 403]),
        ("read", [403, 403, 403, 404, 403, 403, 403, 403, 403]),
        ("update", [403, 403, 403, 403, 404, 403, 403, 403, 403]),
        (
            "putSecretValue",
            [403, 403, 403, 403, 403, 404, 403, 403, 403],
        ),
        (
            "getSecretValue",
            [403, 403, 403, 403, 403, 403, 404, 403, 403],
        ),
        ("delete", [403, 403, 403, 403, 403, 403, 403, 404, 404]),
        ("*", [200, 200, 409, 404, 404, 404, 404, 404, 404]),
    ] {
        let taken = Shape {
            new: "/a",
            ..absent
        };
        taken.answers(&acme.member(&[("secret", &[], &[permission])]), opened, "");
    }
    // A permission on another path is none on this one; to list, some path is enough.
    let elsewhere = acme.member(&[("secret", &["/other/*"], &["*"])]);
    shape.answers(
        &elsewhere,
        [200, 200, 403, 403, 403, 403, 403, 403, 403],
        "",
    );
}

#[test]
fn a_404_confirms_no_path_to_whom_may_not_see_it() {
    let house = house();
    let acme = filled(&house);
    let member = acme.member(&[("secret", &["/b"], &["*"])]);
    let there = Shape::of(&acme).answers(&member, [0, 0, 0, 403, 403, 403, 403, 403, 403], "");
    let absent = Shape {
        path: "/c",
        ..Shape::of(&acme)
    };
    let absent = absent.answers(&member, [0, 0, 0, 403, 403, 403, 403, 403, 403], "");
    for (there, absent) in there.iter().zip(&absent) {
        assert_eq!(there.message().replace("/a", "/c"), absent.message());
    }
}

#[test]
fn a_missing_secret_or_one_of_another_project() {
    let house = house();
    let acme = filled(&house);
    let project = acme.project("web").to_string();
    let expected = [200, 200, 0, 404, 404, 404, 404, 404, 404];
    let absent = Shape {
        path: "/b",
        ..Shape::of(&acme)
    };
    for replies in [
        absent.answers(&acme.owner, expected, "secret_not_found"),
        Shape::of(&acme).answers(
            &acme.owner.in_project(&project),
            expected,
            "secret_not_found",
        ),
    ] {
        let empty = &replies[0].json();
        assert_eq!(
            (&empty["prefixes"], &empty["secrets"]),
            (&json!([]), &json!([]))
        );
        assert_eq!(replies[1].text(), "[]");
    }
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn a_missing_or_destroyed_version() {
    let house = house();
    let acme = filled(&house);
    let missing = Shape {
        version: 7,
        ..Shape::of(&acme)
    };
    missing.answers(
        &acme.owner,
        [0, 0, 0, 0, 0, 0, 404, 404, 0],
        "version_not_found",
    );
    acme.owner.put_value("/a", "w").expect(200);
    acme.owner.destroy("/a", 1).expect(204);
    Shape::of(&acme).answers(
        &acme.owner,
        [0, 0, 0, 200, 0, 0, 404, 204, 0],
        "version_not_found",
    );
    assert_eq!(
        acme.owner.metadata("/a")["versions"][0]["status"],
        "destroyed"
    );
}

#[test]
fn a_taken_path() {
    let house = house();
    let acme = filled(&house);
    let taken = Shape {
        new: "/a",
        ..Shape::of(&acme)
    };
    taken.answers(&acme.owner, [0, 0, 409, 0, 0, 0, 0, 0, 0], "secret_exists");
    assert_eq!(acme.owner.value_of("/a"), "v");
}

#[test]
fn a_key_that_cannot_be_used() {
    let house = house();
    let acme = filled(&house);
    let missing = Shape {
        key: "nothing",
        ..Shape::of(&acme)
    };
    missing.answers(
        &acme.owner,
        [0, 0, 404, 0, 0, 0, 0, 0, 0],
        "kms_key_not_found",
    );
    let expected = [200, 200, 400, 200, 200, 400, 400, 204, 204];
    acme.owner.change_key(&acme.key, "disable").expect(200);
    Shape::of(&acme).answers(&acme.owner, expected, "kms_key_not_active");
    acme.owner.change_key(&acme.key, "enable").expect(200);
    acme.owner.create("/a", &acme.key, "v").expect(201);
    acme.owner.delete_key(&acme.key, "").expect(200);
    Shape::of(&acme).answers(&acme.owner, expected, "kms_key_not_active");
}

#[test]
fn a_key_whose_time_came() {
    let house = house();
    let acme = filled(&house);
    acme.owner.delete_key(&acme.key, "").expect(200);
    house.turn(Duration::from_secs(31 * 24 * 60 * 60));
    assert_eq!(house.remove_due_keys(), 1);
    let expected = [200, 200, 404, 200, 200, 404, 404, 204, 204];
    Shape::of(&acme).answers(&acme.owner, expected, "kms_key_not_found");
}

#[test]
fn a_region_whose_kms_is_gone() {
    let house = house();
    let acme = filled(&house);
    let (owner, key_id) = (acme.owner.clone(), acme.key.clone());
    let house = house.reopen(|config| {
        for region in &mut config.regions {
            region.kms = false;
        }
    });
    let owner = owner.at(&house.web);
    let shape = Shape {
        region: "nl-01",
        path: "/a",
        new: "/new",
        key: &key_id,
        version: 1,
        body: None,
    };
    shape.answers(
        &owner,
        [200, 200, 503, 200, 200, 503, 503, 204, 204],
        "kms_unavailable",
    );
    // The KMS's own calls (contract 2.10).
    owner.get(&key(&key_id)).expect(200);
    owner.change_key(&key_id, "disable").expect(200);
    owner.change_key(&key_id, "enable").expect(200);
    owner.change_key(&key_id, "rotate").expect(503);
    let body = json!({"plaintext": b64("x")});
    owner
        .post(&format!("{}/encrypt", key(&key_id)))
        .json(&body)
        .expect(503);
    owner.delete_key(&key_id, "").expect(200);
    owner.delete_key(&key_id, "/cancel-deletion").expect(200);
}

#[test]
fn an_access_policy_that_denies() {
    let house = house();
    let acme = filled(&house);
    let closed = json!({"conditions": [{"type": "ip", "effect": "deny", "cidrs": ["0.0.0.0/0"]}]});
    acme.owner.set_policy("/a", &closed).expect(200);
    Shape::of(&acme).answers(
        &acme.owner,
        [200, 200, 201, 200, 0, 403, 403, 204, 204],
        "access_policy_denied",
    );
}

#[test]
fn a_body_over_the_limit() {
    let house = house();
    let acme = filled(&house);
    let long = format!("{{\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    let shape = Shape {
        body: Some(&long),
        ..Shape::of(&acme)
    };
    shape.answers(
        &acme.owner,
        [0, 0, 413, 0, 413, 413, 413, 0, 0],
        "body_too_large",
    );
    // Without credentials nobody gets that far.
    shape.answers(
        &house.web.with("x", "acme"),
        [0, 0, 401, 0, 401, 401, 401, 0, 0],
        "credentials_invalid",
    );
}

#[test]
fn too_many_requests() {
    let house = House::with(|config| {
        config.limits.requests_per_second = 1;
        config.limits.burst = 1;
    });
    let member = house.web.with("tc_pat_unknown", "acme");
    member.get("/v1/regions").expect(401);
    let shape = Shape {
        region: "nl-01",
        path: "/a",
        new: "/new",
        key: "primary",
        version: 1,
        body: None,
    };
    shape.answers(&member, [429; 9], "rate_limited");
}
