//! Signing, verifying, HMACs, public keys and exports.

use std::process::Command;

use serde_json::{Value, json};
use strongroom_testkit::api::key;
use strongroom_testkit::{House, b64, from_b64};

use super::{ask, input, make, text, with};

#[test]
fn every_signing_type_signs_and_verifies_its_own() {
    let house = House::new();
    let acme = house.tenant("acme");
    for kind in [
        "rsa-2048",
        "ecdsa-p256",
        "ecdsa-p384",
        "ecdsa-p521",
        "ed25519",
    ] {
        let id = make(&acme.owner, kind, kind);
        let signed = ask(&acme.owner, &id, "sign", &input("message"), 200);
        assert_eq!(signed.json()["keyVersion"], "1");
        let signature = text(&signed, "signature");
        assert!(signature.starts_with("thalassa:v1:"), "{signature}");
        let valid = |message: &str, signature: &str| {
            let body = with(input(message), "signature", json!(signature));
            ask(&acme.owner, &id, "verify", &body, 200).json()["valid"].clone()
        };
        assert_eq!(valid("message", &signature), true, "{kind}");
        assert_eq!(valid("another", &signature), false, "{kind}");
        for none in ["x", "thalassa:v1:", "thalassa:v2:AAAA", "thalassa:v1:AAAA"] {
            assert_eq!(valid("message", none), false, "{kind} {none}");
        }
        acme.owner.change_key(&id, "rotate").expect(200);
        let second = text(
            &ask(&acme.owner, &id, "sign", &input("message"), 200),
            "signature",
        );
        assert!(second.starts_with("thalassa:v2:"));
        assert_eq!(
            valid("message", &signature),
            true,
            "{kind}: the old one goes on"
        );
        let swapped = second.replace("thalassa:v2:", "thalassa:v1:");
        assert_eq!(valid("message", &swapped), false, "{kind}");
        let old = with(input("message"), "keyVersion", json!(1));
        assert_eq!(
            ask(&acme.owner, &id, "sign", &old, 200).json()["keyVersion"],
            "1"
        );
    }
}

#[test]
fn a_signature_can_be_asked_for_in_every_way_that_its_type_has() {
    let house = House::new();
    let acme = house.tenant("acme");
    let rsa = make(&acme.owner, "rsa", "rsa-2048");
    let curve = make(&acme.owner, "curve", "ecdsa-p256");
    let edwards = make(&acme.owner, "edwards", "ed25519");
    let digest = b64([7; 32]);
    for (id, more, status) in [
        (&rsa, json!({"hashAlgorithm": "SHA-384"}), 200),
        (&rsa, json!({"hash": "sha2-512"}), 200),
        (
            &rsa,
            json!({"algorithm": "sha256", "signatureAlgorithm": "pkcs1v15"}),
            200,
        ),
        (&rsa, json!({"signatureAlgorithm": "pss"}), 200),
        (&rsa, json!({"signatureAlgorithm": "x"}), 400),
        (&rsa, json!({"hashAlgorithm": "sha224"}), 200),
        (
            &rsa,
            json!({"hashAlgorithm": "SHA-224", "signatureAlgorithm": "pkcs1v15"}),
            200,
        ),
        (&rsa, json!({"hashAlgorithm": "md5"}), 400),
        (
            &rsa,
            json!({"hashAlgorithm": "sha256", "hash": "sha256"}),
            400,
        ),
        (&rsa, json!({"input": digest, "prehashed": true}), 200),
        (&rsa, json!({"input": b64("short"), "prehashed": true}), 400),
        (&rsa, json!({"prehashed": "yes"}), 400),
        (&rsa, json!({"context": b64("x")}), 400),
        (&rsa, json!({"context": ""}), 200),
        (&rsa, json!({"keyVersion": "2"}), 404),
        (&rsa, json!({"keyVersion": "two"}), 400),
        (&rsa, json!({"input": "!"}), 400),
        (&rsa, json!({"input": null}), 400),
        (&rsa, json!({"input": null, "message": b64("m")}), 200),
        (&rsa, json!({"input": b64(vec![0; 65_536])}), 400),
        (&curve, json!({"input": digest, "prehashed": true}), 200),
        (&curve, json!({"signatureAlgorithm": "pss"}), 400),
        (&edwards, json!({"input": digest, "prehashed": true}), 400),
        (&edwards, json!({"context": b64("x")}), 400),
    ] {
        let mut body = input("message");
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        let reply = ask(&acme.owner, id, "sign", &body, status);
        if status == 200 {
            body["signature"] = json!(text(&reply, "signature"));
            body.as_object_mut().unwrap().remove("keyVersion");
            assert_eq!(
                ask(&acme.owner, id, "verify", &body, 200).json()["valid"],
                true,
                "{more}"
            );
        } else if status == 400 {
            // A request that no key could sign is refused by verify too, whatever the signature.
            body["signature"] = json!("none");
            ask(&acme.owner, id, "verify", &body, 400);
        }
    }
    let different = with(input("message"), "hashAlgorithm", json!("sha512"));
    let signature = text(
        &ask(&acme.owner, &rsa, "sign", &different, 200),
        "signature",
    );
    let body = with(input("message"), "signature", json!(signature));
    assert_eq!(
        ask(&acme.owner, &rsa, "verify", &body, 200).json()["valid"],
        false
    );
}

#[test]
fn openssl_verifies_what_we_sign() {
    let house = House::new();
    let acme = house.tenant("acme");
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    for (kind, extra) in [
        ("rsa-2048", ["-sigopt", "rsa_padding_mode:pss"].as_slice()),
        ("ecdsa-p256", &[]),
    ] {
        let id = make(&acme.owner, kind, kind);
        let signed = ask(&acme.owner, &id, "sign", &input("message"), 200);
        let signature = text(&signed, "signature");
        let keys = acme
            .owner
            .get(&format!("{}/public-key", key(&id)))
            .expect(200)
            .json();
        std::fs::write(at("key.pem"), keys["keys"]["1"].as_str().unwrap()).unwrap();
        let bytes = from_b64(signature.rsplit_once(':').unwrap().1);
        std::fs::write(at("signature"), bytes).unwrap();
        std::fs::write(at("message"), "message").unwrap();
        let said = Command::new("openssl")
            .args(["dgst", "-sha256", "-verify"])
            .arg(at("key.pem"))
            .args(extra)
            .arg("-signature")
            .args([at("signature"), at("message")])
            .output()
            .unwrap();
        assert!(said.status.success(), "{kind}: {said:?}");
    }
}

#[test]
fn an_hmac_is_made_and_checked_with_the_hash_of_its_type() {
    let house = House::new();
    let acme = house.tenant("acme");
    for (kind, hash, length) in [
        ("hmac", Value::Null, 32),
        ("hmac", json!("sha224"), 28),
        ("hmac", json!("SHA-512"), 64),
        ("hmac-sha256", Value::Null, 32),
        ("hmac-sha256", json!("sha2-256"), 32),
        ("hmac-sha512", Value::Null, 64),
    ] {
        let name = format!("{kind} {hash}");
        let id = make(&acme.owner, &name, kind);
        for field in ["algorithm", "hashAlgorithm", "hash"] {
            let body = with(input("message"), field, hash.clone());
            let reply = ask(&acme.owner, &id, "hmac", &body, 200);
            let mac = text(&reply, "hmac");
            assert_eq!(
                from_b64(mac.strip_prefix("thalassa:v1:").unwrap()).len(),
                length
            );
            for name in ["hmac", "mac"] {
                let body = with(body.clone(), name, json!(mac));
                let checked = ask(&acme.owner, &id, "verify-hmac", &body, 200).json();
                assert_eq!(checked, json!({"valid": true, "keyVersion": "1"}));
            }
            let other = with(
                with(input("other"), field, hash.clone()),
                "hmac",
                json!(mac),
            );
            let checked = ask(&acme.owner, &id, "verify-hmac", &other, 200).json();
            assert_eq!(checked["valid"], false);
        }
        let none = with(input("message"), "hmac", json!("none"));
        let checked = ask(&acme.owner, &id, "verify-hmac", &none, 200).json();
        assert_eq!(checked, json!({"valid": false}));
    }
    let fixed = make(&acme.owner, "fixed", "hmac-sha256");
    let wrong = with(input("message"), "algorithm", json!("sha512"));
    let refused = ask(&acme.owner, &fixed, "hmac", &wrong, 400);
    assert_eq!(refused.code(), "not_supported");
    let wrong = with(wrong, "hmac", json!("none"));
    ask(&acme.owner, &fixed, "verify-hmac", &wrong, 400);
}

#[test]
fn public_keys_are_shown_by_version() {
    let house = House::new();
    let acme = house.tenant("acme");
    let read = |id: &str, query: &str, status| {
        let url = format!("{}/public-key{query}", key(id));
        acme.owner.get(&url).expect(status)
    };
    let curve = make(&acme.owner, "curve", "ec-p384");
    acme.owner.change_key(&curve, "rotate").expect(200);
    let both = read(&curve, "", 200).json()["keys"].clone();
    assert_eq!(both.as_object().unwrap().len(), 2);
    for version in ["1", "2"] {
        let pem = both[version].as_str().unwrap();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        let one = read(&curve, &format!("?version={version}"), 200).json();
        assert_eq!(one["keys"], json!({version: both[version]}));
    }
    assert_ne!(both["1"], both["2"]);
    assert_eq!(
        read(&curve, "?version=3", 404).code(),
        "kms_key_version_not_found"
    );
    assert_eq!(read(&curve, "?version=x", 400).code(), "invalid_query");
    let edwards = make(&acme.owner, "edwards", "ed25519");
    let raw = read(&edwards, "", 200).json();
    assert_eq!(from_b64(raw["keys"]["1"].as_str().unwrap()).len(), 32);
    assert_eq!(read(&acme.key, "", 400).code(), "not_supported");
    // What is public stays so while the key does nothing.
    acme.owner.change_key(&curve, "disable").expect(200);
    read(&curve, "", 200);
}

#[test]
fn material_leaves_only_where_that_was_allowed_from_the_start() {
    let house = House::new();
    let acme = house.tenant("acme");
    let refused = ask(&acme.owner, &acme.key, "export", &json!({}), 400);
    assert_eq!(refused.code(), "kms_export_not_allowed");
    let symmetric = make(&acme.owner, "symmetric", "aes128-gcm96");
    acme.owner.change_key(&symmetric, "rotate").expect(200);
    let export = |body: &Value, status| ask(&acme.owner, &symmetric, "export", body, status);
    let latest = export(&json!({}), 200);
    assert_eq!(latest.header("cache-control"), "no-store");
    assert_eq!(from_b64(&text(&latest, "keyMaterial")).len(), 16);
    assert_eq!(latest.json()["keyVersion"], "2");
    let first = export(&json!({"keyVersion": "1"}), 200);
    assert_ne!(text(&first, "keyMaterial"), text(&latest, "keyMaterial"));
    assert_eq!(
        export(&json!({"keyVersion": 3}), 404).code(),
        "kms_key_version_not_found"
    );
    let curve = make(&acme.owner, "curve", "ecdsa-p256");
    let pem = text(
        &ask(&acme.owner, &curve, "export", &json!({}), 200),
        "keyMaterial",
    );
    let pem = String::from_utf8(from_b64(&pem)).unwrap();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    acme.owner.change_key(&symmetric, "disable").expect(200);
    assert_eq!(export(&json!({}), 400).code(), "kms_key_not_active");
    let found = acme.owner.audit("action=kms.export");
    assert_eq!(found.len(), 6, "{found:?}");
    let member = acme.member(&[("kms_key", &[], &["encrypt", "sign", "read", "list"])]);
    ask(&member, &curve, "export", &json!({}), 404);
}

#[test]
fn every_operation_leaves_its_event() {
    let house = House::new();
    let acme = house.tenant("acme");
    let curve = make(&acme.owner, "curve", "ed25519");
    let hash = make(&acme.owner, "hash", "hmac");
    let signature = text(
        &ask(&acme.owner, &curve, "sign", &input("four"), 200),
        "signature",
    );
    let verify = with(input("four"), "signature", json!(signature));
    ask(&acme.owner, &curve, "verify", &verify, 200);
    let mac = text(
        &ask(&acme.owner, &hash, "hmac", &input("four"), 200),
        "hmac",
    );
    let check = with(input("five!"), "hmac", json!(mac));
    ask(&acme.owner, &hash, "verify-hmac", &check, 200);
    for (action, slug, bytes, valid) in [
        ("kms.sign", "curve", 4, Value::Null),
        ("kms.verify", "curve", 4, json!("true")),
        ("kms.hmac", "hash", 4, Value::Null),
        ("kms.verify_hmac", "hash", 5, json!("false")),
    ] {
        let found = acme.owner.audit(&format!("action={action}"));
        assert_eq!(found.len(), 1, "{action}");
        let context = &found[0]["context"];
        assert_eq!(context["keySlug"], slug, "{context}");
        assert_eq!(context["inputBytes"], bytes, "{context}");
        assert_eq!(context["keyVersion"], 1, "{context}");
        assert_eq!(
            context.get("valid").cloned().unwrap_or(Value::Null),
            valid,
            "{context}"
        );
    }
}
