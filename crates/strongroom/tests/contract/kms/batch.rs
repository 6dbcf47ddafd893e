//! Many operations in one call: each item is answered on its own.

use serde_json::{Value, json};
use strongroom_testkit::{House, b64};

use super::{ask, input, make, with};

fn items(reply: &strongroom_testkit::Reply) -> Vec<Value> {
    reply.json()["items"].as_array().unwrap().clone()
}

#[test]
fn good_items_are_done_and_bad_ones_say_why() {
    let house = House::new();
    let acme = house.tenant("acme");
    let body = json!({"items": [
        {"plaintext": b64("one")},
        {"plaintext": "!"},
        {"plaintext": b64("two"), "keyVersion": "7"},
        {"plaintext": b64("three"), "associatedData": b64("bound")},
        7,
    ]});
    let sealed = items(&ask(&acme.owner, &acme.key, "encrypt-batch", &body, 200));
    assert_eq!(sealed.len(), 5);
    assert_eq!(sealed[0]["keyVersion"], "1");
    assert_eq!(sealed[1]["code"], "invalid_base64");
    assert!(
        sealed[1]["message"]
            .as_str()
            .unwrap()
            .contains("items[1].plaintext")
    );
    assert_eq!(sealed[2]["code"], "kms_key_version_not_found");
    assert_eq!(sealed[4]["code"], "invalid_request");
    assert_eq!(sealed[1].get("ciphertext"), None);

    let body = json!({"items": [
        {"ciphertext": sealed[0]["ciphertext"]},
        {"ciphertext": "none"},
        {"ciphertext": sealed[3]["ciphertext"], "associatedData": b64("bound")},
        {"ciphertext": sealed[3]["ciphertext"]},
    ]});
    let opened = ask(&acme.owner, &acme.key, "decrypt-batch", &body, 200);
    assert_eq!(opened.header("cache-control"), "no-store");
    let opened = items(&opened);
    assert_eq!(
        opened[0],
        json!({"plaintext": b64("one"), "keyVersion": "1"})
    );
    assert_eq!(opened[1]["code"], "invalid_ciphertext");
    assert_eq!(opened[2]["plaintext"], b64("three"));
    assert_eq!(opened[3], opened[1]);

    let event = &acme.owner.audit("action=kms.encrypt")[0]["context"];
    assert_eq!(
        (&event["items"], &event["failed"]),
        (&json!(5), &json!(3)),
        "{event}"
    );
}

#[test]
fn signatures_are_made_and_checked_together() {
    let house = House::new();
    let acme = house.tenant("acme");
    let id = make(&acme.owner, "signing", "ed25519");
    let body = json!({"items": [input("one"), input("two"), {}]});
    let signed = items(&ask(&acme.owner, &id, "sign-batch", &body, 200));
    assert_eq!(signed[2]["code"], "invalid_request");
    let check =
        |message: &str, signature: &Value| with(input(message), "signature", signature.clone());
    let body = json!({"items": [
        check("one", &signed[0]["signature"]),
        check("one", &signed[1]["signature"]),
        check("two", &json!("none")),
        with(check("two", &signed[1]["signature"]), "prehashed", json!(true)),
    ]});
    let checked = items(&ask(&acme.owner, &id, "verify-batch", &body, 200));
    assert_eq!(checked[0], json!({"valid": true, "keyVersion": "1"}));
    assert_eq!(checked[1]["valid"], false);
    assert_eq!(checked[2], json!({"valid": false}));
    assert_eq!(checked[3]["code"], "not_supported");
}

#[test]
fn a_batch_has_limits_and_a_key_that_can() {
    let house = House::new();
    let acme = house.tenant("acme");
    let many = |count: usize| json!({"items": vec![json!({"plaintext": b64("x")}); count]});
    let hundred = ask(&acme.owner, &acme.key, "encrypt-batch", &many(100), 200);
    assert_eq!(items(&hundred).len(), 100);
    for body in [many(0), many(101), json!({}), json!({"items": {}})] {
        let refused = ask(&acme.owner, &acme.key, "encrypt-batch", &body, 400);
        assert!(
            refused.message().contains("`items`"),
            "{}",
            refused.message()
        );
    }
    let refused = ask(
        &acme.owner,
        &acme.key,
        "sign-batch",
        &json!({"items": [input("x")]}),
        400,
    );
    assert_eq!(refused.code(), "not_supported");
    acme.owner.change_key(&acme.key, "disable").expect(200);
    let refused = ask(&acme.owner, &acme.key, "encrypt-batch", &many(1), 400);
    assert_eq!(refused.code(), "kms_key_not_active");
}
