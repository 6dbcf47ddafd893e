//! `strongroom kms wrap`: the owner's side of an import, by the binary itself.

use std::path::Path;
use std::process::Command;

use serde_json::json;
use strongroom_crypto::{KeyMaterial, SystemEntropy};
use strongroom_testkit::api::KEYS;
use strongroom_testkit::{Caller, House, b64, from_b64};
use strongroom_types::{KeyType, WrapHash};

use super::{TYPES, ask, input, text};

/// What the binary prints.
fn wrap(place: &Path, arguments: &[&str]) -> String {
    let said = Command::new(env!("CARGO_BIN_EXE_strongroom"))
        .args(["kms", "wrap", "--wrapping-key", "wrapping.json"])
        .args(arguments)
        .current_dir(place)
        .output()
        .unwrap();
    assert!(said.status.success(), "{arguments:?}: {said:?}");
    String::from_utf8(said.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

/// A directory with the answer of the route, as it came.
fn place(caller: &Caller) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let answer = caller.get("/v1/kms/nl-01/wrapping-key").expect(200).json();
    std::fs::write(place.path().join("wrapping.json"), answer.to_string()).unwrap();
    place
}

/// The key does what its type does.
fn works(caller: &Caller, name: &str, key_type: &str) {
    if key_type.starts_with("ecdsa") || key_type == "ed25519" {
        let signed = ask(caller, name, "sign", &input("message"), 200);
        let body = json!({"input": b64("message"), "signature": text(&signed, "signature")});
        let verified = ask(caller, name, "verify", &body, 200).json();
        assert_eq!(verified["valid"], true, "{key_type}");
    } else {
        let sealed = ask(
            caller,
            name,
            "encrypt",
            &json!({"plaintext": b64("text")}),
            200,
        );
        let body = json!({"ciphertext": text(&sealed, "ciphertext")});
        let opened = ask(caller, name, "decrypt", &body, 200);
        assert_eq!(from_b64(&text(&opened, "plaintext")), b"text", "{key_type}");
    }
}

#[test]
fn every_importable_type_arrives_under_every_hash_and_works() {
    let house = House::new();
    let acme = house.tenant("acme");
    let place = place(&acme.owner);
    for key_type in TYPES.into_iter().filter(|name| !name.starts_with("hmac")) {
        let parsed: KeyType = key_type.parse().unwrap();
        let material = KeyMaterial::generate(parsed, &SystemEntropy).unwrap();
        let exported = material.export_material();
        std::fs::write(place.path().join("key"), exported.expose()).unwrap();
        for hash in WrapHash::ALL {
            let hash = hash.as_str();
            let arguments = [
                "--key",
                "key",
                "--key-type",
                key_type,
                "--hash-function",
                hash,
            ];
            let name = format!("{key_type}-{hash}");
            let body = json!({
                "name": name, "keyType": key_type, "hashFunction": hash,
                "importKeyMaterial": wrap(place.path(), &arguments),
            });
            let made = acme.owner.post(KEYS).json(&body).expect(201).json();
            assert_eq!(made["imported"], true, "{name}");
            if hash == "sha224" {
                works(&acme.owner, made["identity"].as_str().unwrap(), key_type);
            }
        }
    }
}

/// What docs/kms.md says of keys in PEM.
#[test]
fn keys_that_openssl_writes_arrive_as_they_are() {
    let house = House::new();
    let acme = house.tenant("acme");
    let place = place(&acme.owner);
    for (name, key_type, script) in [
        ("pkcs8", "ed25519", "openssl genpkey -algorithm ed25519"),
        (
            "sec1",
            "ecdsa-p384",
            "openssl ecparam -name secp384r1 -genkey",
        ),
        ("pkcs1", "rsa-2048", "openssl genrsa -traditional 2048"),
        ("hex", "aes256-gcm96", "openssl rand -hex 32"),
        ("base64", "chacha20-poly1305", "openssl rand -base64 32"),
    ] {
        let made = Command::new("sh")
            .args(["-c", &format!("{script} > key")])
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let encoding = if matches!(name, "hex" | "base64") {
            name
        } else {
            "raw"
        };
        let blob = wrap(place.path(), &["--key", "key", "--encoding", encoding]);
        let body = json!({"name": name, "keyType": key_type, "importKeyMaterial": blob});
        acme.owner.post(KEYS).json(&body).expect(201);
        works(&acme.owner, name, key_type);
    }
}
