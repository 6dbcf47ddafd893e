//! Every operation beside every key type beside every key state: the status of contract 2.10.

use serde_json::{Value, json};
use strongroom_testkit::api::key;
use strongroom_testkit::{Caller, House, b64};

use super::{TYPES, ask, input, make, text, with};

const OPERATIONS: [&str; 16] = [
    "encrypt",
    "decrypt",
    "sign",
    "verify",
    "hmac",
    "verify-hmac",
    "encrypt-batch",
    "decrypt-batch",
    "sign-batch",
    "verify-batch",
    "reencrypt",
    "data-key",
    "export",
    "rotation",
    "rotate",
    "public-key",
];

/// Whether keys of a type do that (the table of contract 2.4).
fn offers(key_type: &str, operation: &str) -> bool {
    let is = |starts: &[&str]| starts.iter().any(|start| key_type.starts_with(start));
    match operation.trim_end_matches("-batch") {
        "encrypt" | "decrypt" | "reencrypt" | "data-key" => is(&["aes", "chacha", "rsa"]),
        "sign" | "verify" | "public-key" => is(&["rsa", "ecdsa", "ed25519"]),
        "hmac" | "verify-hmac" => is(&["hmac"]),
        _ => true,
    }
}

/// What the operation answers for a key of this type in this state.
fn expected(key_type: &str, operation: &str, state: &str) -> u16 {
    let works = matches!(
        (operation, state),
        (_, "active") | ("public-key", _) | ("rotation", "disabled")
    );
    if offers(key_type, operation) && works {
        200
    } else {
        400
    }
}

/// A body that the operation takes if the key's type has it.
fn body(caller: &Caller, id: &str, key_type: &str, operation: &str) -> Value {
    let made = |what: &str, body: &Value, field: &str| match offers(key_type, what) {
        true => text(&ask(caller, id, what, body, 200), field),
        false => "none".to_owned(),
    };
    let plaintext = json!({"plaintext": b64("x")});
    let single = match operation.trim_end_matches("-batch") {
        "encrypt" => plaintext,
        "decrypt" | "reencrypt" => json!({"ciphertext": made("encrypt", &plaintext, "ciphertext")}),
        "sign" | "hmac" => input("x"),
        "verify" => with(
            input("x"),
            "signature",
            json!(made("sign", &input("x"), "signature")),
        ),
        "verify-hmac" => with(input("x"), "hmac", json!(made("hmac", &input("x"), "hmac"))),
        // Ours to change to and fro, so that there is a change to refuse.
        "rotation" => json!({"minDecryptionVersion": 1}),
        _ => json!({}),
    };
    if operation.ends_with("-batch") {
        json!({"items": [single]})
    } else {
        single
    }
}

fn status(caller: &Caller, id: &str, operation: &str, body: &Value) -> u16 {
    let url = format!("{}/{operation}", key(id));
    let call = match operation {
        "public-key" => caller.get(&url),
        "rotation" => caller.call(reqwest::Method::PATCH, &url).json(body),
        _ => caller.post(&url).json(body),
    };
    call.send().status
}

#[test]
fn every_operation_answers_as_the_key_s_type_and_state_say() {
    let house = House::new();
    let acme = house.tenant("acme");
    for key_type in TYPES {
        let id = make(&acme.owner, key_type, key_type);
        let bodies = OPERATIONS.map(|operation| body(&acme.owner, &id, key_type, operation));
        let check = |state: &str| {
            for (operation, body) in OPERATIONS.iter().zip(&bodies) {
                // Rotating large RSA keys takes seconds and shows nothing new.
                if *operation == "rotate" && state == "active" && key_type.starts_with("rsa") {
                    continue;
                }
                let found = status(&acme.owner, &id, operation, body);
                let wanted = expected(key_type, operation, state);
                assert_eq!(found, wanted, "{operation} with {key_type}, {state}");
            }
        };
        check("active");
        acme.owner.change_key(&id, "disable").expect(200);
        check("disabled");
        acme.owner.delete_key(&id, "").expect(200);
        check("pending_deletion");
        acme.owner.delete_key(&id, "/cancel-deletion").expect(200);
        check("active");
    }
}

#[test]
fn nothing_works_with_a_key_that_is_not_there_or_not_allowed() {
    let house = House::new();
    let acme = house.tenant("acme");
    let id = make(&acme.owner, "main", "aes256-gcm96");
    let member = acme.member(&[("kms_key", &["other"], &["*"])]);
    let nobody = acme.member(&[]);
    for operation in OPERATIONS {
        let body = body(&acme.owner, &id, "aes256-gcm96", operation);
        assert_eq!(
            status(&acme.owner, "nothing", operation, &body),
            404,
            "{operation}"
        );
        assert_eq!(status(&member, &id, operation, &body), 404, "{operation}");
        assert_eq!(status(&nobody, &id, operation, &body), 404, "{operation}");
    }
    let wrapping = nobody.get("/v1/kms/nl-01/wrapping-key").expect(403);
    assert_eq!(wrapping.code(), "permission_denied");
}

#[test]
fn a_region_without_a_service_says_so() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({"name": "x", "keyType": "rsa-2048"});
    let refused = acme
        .owner
        .post("/v1/kms/no-kms/keys")
        .json(&body)
        .expect(503);
    assert_eq!(refused.code(), "kms_unavailable");
    acme.owner.get("/v1/kms/no-kms/wrapping-key").expect(503);
    acme.owner
        .post("/v1/kms/no-kms/random")
        .json(&json!({}))
        .expect(503);
    acme.owner.get("/v1/kms/nowhere/wrapping-key").expect(404);
    acme.owner.get("/v1/kms/no-kms/keys").expect(200);
}

#[test]
fn a_key_whose_region_lost_its_service_is_only_described() {
    let house = House::new();
    let acme = house.tenant("acme");
    let keys = ["aes256-gcm96", "ed25519", "hmac"].map(|key_type| {
        let id = make(&acme.owner, key_type, key_type);
        let bodies = OPERATIONS.map(|operation| body(&acme.owner, &id, key_type, operation));
        (key_type, id, bodies)
    });
    let owner = acme.owner.clone();
    let house = house.reopen(|config| {
        for region in &mut config.regions {
            region.kms = false;
        }
    });
    let owner = owner.at(&house.web);
    for (key_type, id, bodies) in keys {
        let before = owner.get(&key(&id)).expect(200).json();
        for (operation, body) in OPERATIONS.iter().zip(&bodies) {
            let wanted = match *operation {
                "public-key" if offers(key_type, operation) => 200,
                _ if offers(key_type, operation) => 503,
                _ => 400,
            };
            let found = status(&owner, &id, operation, body);
            assert_eq!(found, wanted, "{operation} with {key_type}");
        }
        // Not even settings that need no service change, nor those that would change nothing.
        for body in [
            json!({"keyRotationEnabled": true, "rotationPeriodInDays": 30}),
            json!({"keyRotationEnabled": false}),
            json!({"minDecryptionVersion": 1}),
            json!({}),
        ] {
            let url = format!("{}/rotation", key(&id));
            let refused = owner.patch(&url).json(&body).expect(503);
            assert_eq!(refused.code(), "kms_unavailable", "{body}");
        }
        assert_eq!(owner.get(&key(&id)).expect(200).json(), before);
        // The key's own state comes first: no service would help.
        owner.delete_key(&id, "").expect(200);
        let body = json!({"minDecryptionVersion": 1});
        assert_eq!(status(&owner, &id, "rotation", &body), 400);
    }
}

#[test]
fn only_symmetric_types_protect_secrets() {
    let house = House::new();
    let acme = house.tenant("acme");
    for key_type in ["rsa-2048", "ecdsa-p256", "ed25519", "hmac"] {
        let id = make(&acme.owner, key_type, key_type);
        let refused = acme.owner.create("/a", &id, "v").expect(400);
        assert_eq!(refused.code(), "kms_key_unusable", "{key_type}");
    }
}
