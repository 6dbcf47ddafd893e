//! `…/keys/{id}/encrypt` and `/decrypt` (contract 2.4, 2.5, 2.7).

use serde_json::{Value, json};
use strongroom_testkit::api::key;
use strongroom_testkit::{Caller, House, Reply, b64, from_b64};

fn encrypt(caller: &Caller, id: &str, body: &Value, status: u16) -> Reply {
    let url = format!("{}/encrypt", key(id));
    caller.post(&url).json(body).expect(status)
}

fn decrypt(caller: &Caller, id: &str, ciphertext: &str, status: u16) -> Reply {
    let url = format!("{}/decrypt", key(id));
    caller
        .post(&url)
        .json(&json!({"ciphertext": ciphertext}))
        .expect(status)
}

fn ciphertext(caller: &Caller, id: &str, plaintext: &[u8]) -> String {
    let reply = encrypt(caller, id, &json!({"plaintext": b64(plaintext)}), 200).json();
    reply["ciphertext"].as_str().unwrap().to_owned()
}

#[test]
fn what_was_encrypted_comes_back() {
    let house = House::new();
    let acme = house.tenant("acme");
    for kind in ["aes128-gcm96", "aes256-gcm96", "chacha20-poly1305"] {
        let id = acme
            .owner
            .make_key_of(&json!({"name": kind, "keyType": kind}));
        for plaintext in [
            vec![0],
            b"hunter2".to_vec(),
            (0..=255).collect(),
            vec![7; 65_535],
        ] {
            let sealed = ciphertext(&acme.owner, &id, &plaintext);
            let (_, inner) = sealed.split_once("thalassa:v1:").unwrap();
            assert_eq!(from_b64(inner).len(), 12 + plaintext.len() + 16);
            let opened = decrypt(&acme.owner, kind, &sealed, 200);
            assert_eq!(opened.header("cache-control"), "no-store");
            assert_eq!(
                opened.json(),
                json!({"plaintext": b64(&plaintext), "keyVersion": "1"})
            );
        }
        let twice = [(); 2].map(|()| ciphertext(&acme.owner, &id, b"same"));
        assert_ne!(twice[0], twice[1]);
    }
}

#[test]
fn a_version_is_the_latest_unless_named() {
    let house = House::new();
    let acme = house.tenant("acme");
    let old = ciphertext(&acme.owner, &acme.key, b"old");
    acme.owner.change_key(&acme.key, "rotate").expect(200);
    for (version, used) in [
        (Value::Null, "2"),
        (json!("1"), "1"),
        (json!(1), "1"),
        (json!("v1"), "1"),
        (json!("2"), "2"),
        (json!(2), "2"),
    ] {
        let body = json!({"plaintext": b64("x"), "keyVersion": version});
        let reply = encrypt(&acme.owner, &acme.key, &body, 200).json();
        assert_eq!(reply["keyVersion"], used, "{version}");
        let prefix = format!("thalassa:v{used}:");
        assert!(reply["ciphertext"].as_str().unwrap().starts_with(&prefix));
    }
    assert_eq!(
        decrypt(&acme.owner, &acme.key, &old, 200).json()["keyVersion"],
        "1"
    );
    let unknown = json!({"plaintext": b64("x"), "keyVersion": "3"});
    assert_eq!(
        encrypt(&acme.owner, &acme.key, &unknown, 404).code(),
        "kms_key_version_not_found"
    );
    for version in [
        json!(0),
        json!("0"),
        json!("-1"),
        json!("one"),
        json!(1.5),
        json!([]),
        json!("1 "),
    ] {
        let body = json!({"plaintext": b64("x"), "keyVersion": version});
        let refused = encrypt(&acme.owner, &acme.key, &body, 400);
        assert!(refused.message().contains("`keyVersion`"), "{version}");
    }
}

#[test]
fn plaintexts_have_sizes_and_are_base64() {
    let house = House::new();
    let acme = house.tenant("acme");
    for plaintext in [
        json!(b64(vec![0; 65_536])),
        json!(""),
        json!(null),
        json!(7),
        json!("hunter2!"),
        json!("aHVudGVyMg"),
    ] {
        let refused = encrypt(
            &acme.owner,
            &acme.key,
            &json!({"plaintext": plaintext}),
            400,
        );
        assert!(
            refused.message().contains("`plaintext`"),
            "{}",
            refused.message()
        );
        assert!(!refused.text().contains("hunter2!"));
    }
    encrypt(&acme.owner, &acme.key, &json!({}), 400);
    let context = json!({"plaintext": b64("x"), "context": "y"});
    let refused = encrypt(&acme.owner, &acme.key, &context, 400);
    assert!(
        refused.message().contains("`context`"),
        "{}",
        refused.message()
    );
    encrypt(
        &acme.owner,
        &acme.key,
        &json!({"plaintext": b64("x"), "context": ""}),
        200,
    );
}

#[test]
fn every_ciphertext_that_does_not_open_gets_the_same_answer() {
    let house = House::new();
    let acme = house.tenant("acme");
    let (other, stranger) = (acme.owner.make_key("other"), house.tenant("stranger"));
    let good = ciphertext(&acme.owner, &acme.key, b"hunter2");
    let (prefix, inner) = good.rsplit_once(':').unwrap();
    let changed = |place: usize| {
        let mut bytes = from_b64(inner);
        bytes[place] ^= 1;
        format!("{prefix}:{}", b64(bytes))
    };
    let expected = decrypt(&acme.owner, &acme.key, "nonsense", 400);
    assert_eq!(expected.code(), "invalid_ciphertext");
    let short = format!("{prefix}:{}", b64(&from_b64(inner)[..27]));
    for wrong in [
        changed(0),
        changed(12),
        changed(from_b64(inner).len() - 1),
        short,
        format!("thalassa:v2:{inner}"),
        format!("thalassa:v0:{inner}"),
        format!("thalassa:v99999999999999999999:{inner}"),
        format!("thalassa:1:{inner}"),
        format!("vault:v1:{inner}"),
        inner.to_owned(),
        format!("{prefix}:"),
        format!("{prefix}:{inner}\u{0}"),
        format!("{good}="),
        ciphertext(&acme.owner, &other, b"hunter2"),
        ciphertext(&stranger.owner, &stranger.key, b"hunter2"),
    ] {
        let refused = decrypt(&acme.owner, &acme.key, &wrong, 400);
        assert_eq!(
            (refused.code(), refused.message()),
            (expected.code(), expected.message()),
            "{wrong}"
        );
    }
    for body in [
        json!({}),
        json!({"ciphertext": ""}),
        json!({"ciphertext": 7}),
    ] {
        let url = format!("{}/decrypt", key(&acme.key));
        let refused = acme.owner.post(&url).json(&body).expect(400);
        assert!(
            refused.message().contains("`ciphertext`"),
            "{}",
            refused.message()
        );
    }
    decrypt(&acme.owner, &acme.key, &good, 200);
}

#[test]
fn only_an_active_key_works() {
    let house = House::new();
    let acme = house.tenant("acme");
    let sealed = ciphertext(&acme.owner, &acme.key, b"x");
    let body = json!({"plaintext": b64("x")});
    acme.owner.change_key(&acme.key, "disable").expect(200);
    for _ in 0..2 {
        assert_eq!(
            encrypt(&acme.owner, &acme.key, &body, 400).code(),
            "kms_key_not_active"
        );
        assert_eq!(
            decrypt(&acme.owner, &acme.key, &sealed, 400).code(),
            "kms_key_not_active"
        );
        acme.owner.delete_key(&acme.key, "").expect(200);
    }
    acme.owner
        .delete_key(&acme.key, "/cancel-deletion")
        .expect(200);
    decrypt(&acme.owner, &acme.key, &sealed, 200);
}

#[test]
fn each_right_opens_its_own_call() {
    let house = House::new();
    let acme = house.tenant("acme");
    let sealed = ciphertext(&acme.owner, &acme.key, b"x");
    let body = json!({"plaintext": b64("x")});
    for (permissions, encrypts, decrypts) in [
        (["encrypt"].as_slice(), 200, 404),
        (&["decrypt"], 404, 200),
        (&["update"], 200, 200),
        (&["*"], 200, 200),
        (&["read", "list", "delete", "create"], 404, 404),
    ] {
        let member = acme.member(&[("kms_key", &[], permissions)]);
        encrypt(&member, &acme.key, &body, encrypts);
        decrypt(&member, &acme.key, &sealed, decrypts);
    }
    let named = acme.member(&[("kms_key", &["other"], &["*"])]);
    encrypt(&named, &acme.key, &body, 404);
}
