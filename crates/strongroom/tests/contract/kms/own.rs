//! What is ours beside the contract: associated data, re-encryption, data keys, random bytes.

use serde_json::{Value, json};
use strongroom_testkit::{House, b64, from_b64};

use super::{ask, make, text, with};

fn plaintext(bytes: impl AsRef<[u8]>) -> Value {
    json!({"plaintext": b64(bytes)})
}

#[test]
fn a_ciphertext_opens_only_with_what_it_was_bound_to() {
    let house = House::new();
    let acme = house.tenant("acme");
    let rsa = make(&acme.owner, "rsa", "rsa-2048");
    for id in [&acme.key, &rsa] {
        for field in ["associatedData", "context"] {
            let body = with(plaintext("x"), field, json!(b64("bound")));
            let sealed = text(&ask(&acme.owner, id, "encrypt", &body, 200), "ciphertext");
            let open = |bound: Value, status| {
                let body = json!({"ciphertext": sealed, "associatedData": bound});
                ask(&acme.owner, id, "decrypt", &body, status)
            };
            assert_eq!(open(json!(b64("bound")), 200).json()["plaintext"], b64("x"));
            let nothing = open(Value::Null, 400);
            let other = open(json!(b64("other")), 400);
            assert_eq!(nothing.code(), "invalid_ciphertext");
            assert_eq!(nothing.message(), other.message());
            assert!(open(json!("!"), 400).message().contains("`associatedData`"));
        }
        let unbound = text(
            &ask(&acme.owner, id, "encrypt", &plaintext("x"), 200),
            "ciphertext",
        );
        let body = json!({"ciphertext": unbound, "context": b64("bound")});
        ask(&acme.owner, id, "decrypt", &body, 400);
    }
}

#[test]
fn rsa_encrypts_what_fits() {
    let house = House::new();
    let acme = house.tenant("acme");
    let rsa = make(&acme.owner, "rsa", "rsa-2048");
    let sealed = ask(&acme.owner, &rsa, "encrypt", &plaintext([7; 190]), 200);
    let body = json!({"ciphertext": text(&sealed, "ciphertext")});
    let opened = ask(&acme.owner, &rsa, "decrypt", &body, 200);
    assert_eq!(opened.json()["plaintext"], b64([7; 190]));
    let refused = ask(&acme.owner, &rsa, "encrypt", &plaintext([7; 191]), 400);
    assert_eq!(refused.code(), "invalid_value");
    assert!(refused.message().contains("190"), "{}", refused.message());
}

#[test]
fn a_ciphertext_moves_to_another_version_key_or_binding_unseen() {
    let house = House::new();
    let acme = house.tenant("acme");
    let other = make(&acme.owner, "other", "chacha20-poly1305");
    let body = with(plaintext("hunter2"), "associatedData", json!(b64("old")));
    let sealed = text(
        &ask(&acme.owner, &acme.key, "encrypt", &body, 200),
        "ciphertext",
    );
    acme.owner.change_key(&acme.key, "rotate").expect(200);
    let source = json!({"ciphertext": sealed, "associatedData": b64("old")});
    let move_it = |more: Value, status| {
        let mut body = source.clone();
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        ask(&acme.owner, &acme.key, "reencrypt", &body, status)
    };
    for (more, key, bound, version) in [
        (json!({}), &acme.key, "old", "2"),
        (json!({"keyVersion": 1}), &acme.key, "old", "1"),
        (json!({"targetKey": "other"}), &other, "old", "1"),
        (
            json!({"targetAssociatedData": b64("new")}),
            &acme.key,
            "new",
            "2",
        ),
    ] {
        let moved = move_it(more.clone(), 200);
        assert_eq!(moved.json()["keyVersion"], version, "{more}");
        assert!(!moved.text().contains(&b64("hunter2")));
        let body = json!({
            "ciphertext": text(&moved, "ciphertext"), "associatedData": b64(bound),
        });
        let opened = ask(&acme.owner, key, "decrypt", &body, 200).json();
        assert_eq!(opened["plaintext"], b64("hunter2"), "{more}");
    }
    assert_eq!(
        move_it(json!({"targetKey": "nothing"}), 404).code(),
        "kms_key_not_found"
    );
    assert_eq!(
        move_it(json!({"keyVersion": 9}), 404).code(),
        "kms_key_version_not_found"
    );
    assert_eq!(
        move_it(json!({"associatedData": b64("x")}), 400).code(),
        "invalid_ciphertext"
    );
    let signing = make(&acme.owner, "signing", "ed25519");
    assert_eq!(
        move_it(json!({"targetKey": signing}), 400).code(),
        "not_supported"
    );

    // The right to decrypt renews; another key or binding takes the right to encrypt.
    let reads = acme.member(&[("kms_key", &["primary"], &["decrypt"])]);
    let both = acme.member(&[
        ("kms_key", &["primary"], &["decrypt"]),
        ("kms_key", &["other"], &["encrypt"]),
    ]);
    ask(&reads, &acme.key, "reencrypt", &source, 200);
    let target = with(source.clone(), "targetKey", json!("other"));
    ask(&reads, &acme.key, "reencrypt", &target, 404);
    ask(&both, &acme.key, "reencrypt", &target, 200);
    let bound = with(source.clone(), "targetAssociatedData", json!(b64("new")));
    ask(&reads, &acme.key, "reencrypt", &bound, 404);
}

#[test]
fn a_data_key_comes_bare_and_wrapped_or_only_wrapped() {
    let house = House::new();
    let acme = house.tenant("acme");
    for (body, length) in [
        (json!({}), 32),
        (json!({"bytes": 16}), 16),
        (json!({"bytes": 64, "associatedData": b64("x")}), 64),
    ] {
        let drawn = ask(&acme.owner, &acme.key, "data-key", &body, 200);
        assert_eq!(drawn.header("cache-control"), "no-store");
        let bare = text(&drawn, "plaintext");
        assert_eq!(from_b64(&bare).len(), length);
        let unwrap = json!({
            "ciphertext": text(&drawn, "ciphertext"), "associatedData": body["associatedData"],
        });
        let opened = ask(&acme.owner, &acme.key, "decrypt", &unwrap, 200);
        assert_eq!(text(&opened, "plaintext"), bare);
    }
    let wrapped = ask(
        &acme.owner,
        &acme.key,
        "data-key",
        &json!({"wrappedOnly": true}),
        200,
    );
    assert_eq!(wrapped.json().get("plaintext"), None);
    let body = json!({"ciphertext": text(&wrapped, "ciphertext")});
    ask(&acme.owner, &acme.key, "decrypt", &body, 200);
    for bytes in [json!(15), json!(129), json!("32")] {
        ask(
            &acme.owner,
            &acme.key,
            "data-key",
            &json!({"bytes": bytes}),
            400,
        );
    }
    ask(
        &acme.owner,
        &acme.key,
        "data-key",
        &json!({"keyVersion": "2"}),
        404,
    );
}

#[test]
fn random_bytes_are_as_many_as_asked_for() {
    let house = House::new();
    let acme = house.tenant("acme");
    let draw = |body: Value, status| {
        acme.owner
            .post("/v1/kms/nl-01/random")
            .json(&body)
            .expect(status)
    };
    for (body, length) in [
        (json!({}), 32),
        (json!({"bytes": 1}), 1),
        (json!({"bytes": 65_535}), 65_535),
    ] {
        let drawn = draw(body, 200);
        assert_eq!(from_b64(&text(&drawn, "randomBytes")).len(), length);
    }
    assert_ne!(draw(json!({}), 200).text(), draw(json!({}), 200).text());
    for bytes in [json!(0), json!(65_536), json!(-1), json!("32"), json!([])] {
        assert!(
            draw(json!({"bytes": bytes}), 400)
                .message()
                .contains("`bytes`")
        );
    }
}
