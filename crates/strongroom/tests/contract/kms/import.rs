//! Bring your own key (contract 2.6).

use std::process::Command;

use serde_json::{Value, json};
use strongroom_crypto::{KeyMaterial, SystemEntropy, wrap_for_import};
use strongroom_testkit::api::KEYS;
use strongroom_testkit::{Caller, House, Reply, b64, from_b64};
use strongroom_types::{KeyType, Plaintext, WrapHash};

use super::{TYPES, ask, input, text, with};

const WRAPPING_KEY: &str = "/v1/kms/nl-01/wrapping-key";

fn pem(caller: &Caller) -> String {
    let shown = caller.get(WRAPPING_KEY).expect(200);
    assert_eq!(shown.json()["algorithm"], "RSA-OAEP-4096");
    text(&shown, "publicKey")
}

fn wrapped(pem: &str, hash: WrapHash, target: Plaintext) -> String {
    b64(wrap_for_import(&SystemEntropy, pem, hash, &target).unwrap())
}

fn import(caller: &Caller, body: &Value, status: u16) -> Reply {
    caller.post(KEYS).json(body).expect(status)
}

#[test]
fn every_importable_type_comes_in_with_every_hash_and_goes_out_unchanged() {
    let house = House::new();
    let acme = house.tenant("acme");
    let pem = pem(&acme.owner);
    let mut hashes = WrapHash::ALL.into_iter().cycle();
    for name in TYPES.into_iter().filter(|name| !name.starts_with("hmac")) {
        // Large RSA keys take seconds to draw, and come in by the same way.
        if matches!(name, "rsa-3072" | "rsa-4096") {
            continue;
        }
        let hash = hashes.next().unwrap();
        let key_type: KeyType = name.parse().unwrap();
        let material = KeyMaterial::generate(key_type, &SystemEntropy).unwrap();
        let blob = wrapped(&pem, hash, material.export_material());
        let body = json!({
            "name": name, "keyType": name, "importKeyMaterial": blob, "exportAllowed": true,
            "hashFunction": hash.as_str().to_uppercase(),
        });
        let made = import(&acme.owner, &body, 201).json();
        assert_eq!(
            (&made["imported"], &made["latestVersion"]),
            (&json!(true), &json!(1))
        );
        let exported = ask(&acme.owner, name, "export", &json!({}), 200);
        let expected = material.export_document().unwrap();
        assert_eq!(
            from_b64(&text(&exported, "keyMaterial")),
            expected.expose(),
            "{name}"
        );
        let refused = acme.owner.change_key(name, "rotate").expect(400);
        assert_eq!(refused.code(), "kms_rotation_not_allowed");
    }
}

#[test]
fn a_wrap_that_is_not_right_is_refused_and_says_why() {
    let house = House::new();
    let acme = house.tenant("acme");
    let pem = pem(&acme.owner);
    let aes = || Plaintext::new(vec![7; 32]);
    let good = wrapped(&pem, WrapHash::Sha256, aes());
    let broken = {
        let mut bytes = from_b64(&good);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        b64(bytes)
    };
    for (key_type, blob, hash, says) in [
        ("aes256-gcm96", "!", "sha256", "`importKeyMaterial`"),
        ("aes256-gcm96", "AAAA", "sha256", "bytes"),
        ("aes256-gcm96", &broken, "sha256", "does not unwrap"),
        ("aes256-gcm96", &good, "sha512", "does not unwrap"),
        ("aes256-gcm96", &good, "md5", "`hashFunction`"),
        ("aes256-gcm96", &good, "sha224", "does not unwrap"),
        ("aes128-gcm96", &good, "sha256", "16 bytes"),
        ("ecdsa-p256", &good, "sha256", "PKCS#8"),
        ("hmac", &good, "sha256", "cannot be imported"),
    ] {
        let body = json!({
            "name": "k", "keyType": key_type, "importKeyMaterial": blob, "hashFunction": hash,
        });
        let refused = import(&acme.owner, &body, 400);
        assert!(
            refused.message().contains(says),
            "{key_type}: {}",
            refused.message()
        );
    }
    let abroad = json!({"name": "k", "importKeyMaterial": good});
    acme.owner
        .post("/v1/kms/nl-02/keys")
        .json(&abroad)
        .expect(400);
    import(&acme.owner, &abroad, 201);
}

#[test]
fn an_imported_key_rotates_only_where_that_was_allowed() {
    let house = House::new();
    let acme = house.tenant("acme");
    let pem = pem(&acme.owner);
    let body = |name: &str| {
        let blob = wrapped(&pem, WrapHash::Sha256, Plaintext::new(vec![7; 32]));
        json!({"name": name, "importKeyMaterial": blob})
    };
    let enabled = json!({"keyRotationEnabled": true, "rotationPeriodInDays": 30});
    let mut scheduled = body("scheduled");
    scheduled["keyRotationEnabled"] = json!(true);
    scheduled["rotationPeriodInDays"] = json!(30);
    let refused = import(&acme.owner, &scheduled, 400);
    assert_eq!(refused.code(), "kms_rotation_not_allowed");
    let fixed = text(&import(&acme.owner, &body("fixed"), 201), "identity");
    let configure = |id: &str, status: u16| {
        let url = format!("{KEYS}/{id}/rotation");
        let call = acme.owner.call(reqwest::Method::PATCH, &url);
        call.json(&enabled).expect(status)
    };
    assert_eq!(configure(&fixed, 400).code(), "kms_rotation_not_allowed");
    acme.owner.change_key(&fixed, "rotate").expect(400);
    let free = with(body("free"), "allowRotation", json!(true));
    let free = text(&import(&acme.owner, &free, 201), "identity");
    configure(&free, 200);
    let rotated = acme.owner.change_key(&free, "rotate").expect(200).json();
    assert_eq!(
        (&rotated["latestVersion"], &rotated["imported"]),
        (&json!(2), &json!(true))
    );
}

#[test]
fn a_region_has_one_wrapping_key_for_good() {
    let house = House::new();
    let acme = house.tenant("acme");
    let seen: Vec<String> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..4).map(|_| scope.spawn(|| pem(&acme.owner))).collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(seen.iter().all(|one| one == &seen[0]));
    let owner = acme.owner.clone();
    let house = house.reopen(|_| {});
    assert_eq!(pem(&owner.at(&house.web)), seen[0]);
    let abroad = owner
        .at(&house.web)
        .get("/v1/kms/nl-02/wrapping-key")
        .expect(200);
    assert_ne!(text(&abroad, "publicKey"), seen[0]);
}

/// What docs/kms.md tells people without our tools to type.
#[test]
fn openssl_alone_wraps_a_key() {
    let house = House::new();
    let acme = house.tenant("acme");
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("wrapping.pem"), pem(&acme.owner)).unwrap();
    let script = "set -e
        openssl genpkey -algorithm ed25519 -outform DER -out target.der
        openssl rand -out ephemeral.bin 32
        openssl pkeyutl -encrypt -pubin -inkey wrapping.pem -in ephemeral.bin -out head.bin \
            -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 \
            -pkeyopt rsa_mgf1_md:sha256
        openssl enc -e -id-aes256-wrap-pad -iv A65959A6 -in target.der -out body.bin \
            -K $(od -An -v -tx1 ephemeral.bin | tr -d ' \\n')
        openssl pkey -inform DER -in target.der -pubout -outform DER | tail -c 32 | base64 -w0";
    let said = Command::new("sh")
        .args(["-c", script])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    let read = |name: &str| std::fs::read(scratch.path().join(name)).unwrap();
    let blob = [read("head.bin"), read("body.bin")].concat();
    let body = json!({"name": "k", "keyType": "ed25519", "importKeyMaterial": b64(blob)});
    import(&acme.owner, &body, 201);
    let shown = acme
        .owner
        .get(&format!("{KEYS}/k/public-key"))
        .expect(200)
        .json();
    assert_eq!(shown["keys"]["1"], String::from_utf8(said.stdout).unwrap());
    ask(&acme.owner, "k", "sign", &input("message"), 200);
}
