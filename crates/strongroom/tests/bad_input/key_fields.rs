//! Every field of every call about keys, with what does not belong there.

use serde_json::{Value, json};
use strongroom_testkit::api::KEYS;
use strongroom_testkit::{Caller, House, b64};

use crate::scene::{MARK, Scene, explains, state};

/// What a field takes, and so what it must refuse.
#[derive(Clone, Copy)]
enum Takes {
    Text,
    /// One of some words.
    Word,
    Base64,
    Flag,
    /// A positive whole number; clients of Go write 0 where they leave it out.
    Count,
    /// A key version: a number, or one written as text.
    Version,
    Texts,
}

impl Takes {
    fn wrong(self) -> Vec<Value> {
        let types = [json!([MARK]), json!({MARK: MARK}), json!(true), json!(1.5)];
        let mut wrong: Vec<Value> = types.into();
        match self {
            Self::Text => wrong.push(json!(17)),
            Self::Word => wrong.extend([json!(17), json!("none-of-them")]),
            Self::Base64 => wrong.extend([json!(17), json!("!"), json!("YQ")]),
            Self::Flag => {
                wrong.retain(|value| !value.is_boolean());
                wrong.extend([json!(1), json!("yes"), json!(MARK)]);
            }
            Self::Count => wrong.extend([json!(-1), json!(u64::MAX), json!(MARK)]),
            Self::Version => wrong.extend([json!(-1), json!(0), json!("two"), json!(MARK)]),
            Self::Texts => {
                wrong.retain(|value| !value.is_object());
                wrong.extend([json!(17), json!(MARK), json!({"a": 1})]);
            }
        }
        wrong
    }
}

use Takes::{Base64, Count, Flag, Text, Texts, Version, Word};

/// Insists that a body which is right alone is refused with any field made wrong.
fn each_field(caller: &Caller, url: &str, right: &Value, fields: &[(&str, Takes)]) {
    for (field, takes) in fields {
        for value in takes.wrong() {
            let mut body = right.clone();
            body[*field] = value.clone();
            let reply = caller.post(url).json(&body).send();
            assert_eq!(reply.status, 400, "{url} {field} {value}");
            explains(reply, 400, field);
        }
    }
}

fn made(caller: &Caller, name: &str, key_type: &str) -> String {
    let body = json!({"name": name, "keyType": key_type});
    let key = caller.post(KEYS).json(&body).expect(201).json();
    key["identity"].as_str().unwrap().to_owned()
}

#[test]
fn every_field_of_a_new_key_insists_on_its_type() {
    let house = House::new();
    let scene = Scene::new(&house);
    let right = json!({"name": "another"});
    let fields = [
        ("name", Text),
        ("keyType", Word),
        ("description", Text),
        ("labels", Texts),
        ("annotations", Texts),
        ("exportAllowed", Flag),
        ("keyRotationEnabled", Flag),
        ("rotationPeriodInDays", Count),
        ("importKeyMaterial", Base64),
    ];
    each_field(scene.owner(), KEYS, &right, &fields);
    let imported = json!({"name": "another", "importKeyMaterial": b64([1; 600])});
    let fields = [("hashFunction", Word), ("allowRotation", Flag)];
    each_field(scene.owner(), KEYS, &imported, &fields);
    scene.is_unharmed();
}

#[test]
fn every_field_of_an_operation_insists_on_its_type() {
    let house = House::new();
    let scene = Scene::new(&house);
    let owner = scene.owner();
    let cipher = scene.acme.key.as_str();
    let rsa = made(owner, "signs", "rsa-2048");
    let mac = made(owner, "codes", "hmac");
    let before = state(owner);
    let url = |key: &str, call: &str| format!("{KEYS}/{key}/{call}");
    let text = json!({"plaintext": b64(MARK)});
    let input = json!({"input": b64(MARK)});
    let seals = [
        ("plaintext", Base64),
        ("keyVersion", Version),
        ("associatedData", Base64),
    ];
    each_field(owner, &url(cipher, "encrypt"), &text, &seals);
    let sealed = owner.post(&url(cipher, "encrypt")).json(&text).expect(200);
    let sealed = json!({"ciphertext": sealed.json()["ciphertext"]});
    let opens = [("ciphertext", Base64), ("associatedData", Base64)];
    each_field(owner, &url(cipher, "decrypt"), &sealed, &opens);
    let moves = [
        ("ciphertext", Base64),
        ("associatedData", Base64),
        ("targetAssociatedData", Base64),
        ("keyVersion", Version),
    ];
    each_field(owner, &url(cipher, "reencrypt"), &sealed, &moves);
    let draws = [
        ("bytes", Count),
        ("keyVersion", Version),
        ("associatedData", Base64),
        ("wrappedOnly", Flag),
    ];
    each_field(owner, &url(cipher, "data-key"), &json!({}), &draws);
    let signs = [
        ("input", Base64),
        ("prehashed", Flag),
        ("hashAlgorithm", Word),
        ("signatureAlgorithm", Word),
        ("context", Base64),
        ("keyVersion", Version),
    ];
    each_field(owner, &url(&rsa, "sign"), &input, &signs);
    let codes = [
        ("input", Base64),
        ("hashAlgorithm", Word),
        ("keyVersion", Version),
    ];
    each_field(owner, &url(&mac, "hmac"), &input, &codes);
    for (key, call, field) in [(&rsa, "verify", "signature"), (&mac, "verify-hmac", "hmac")] {
        let mut right = input.clone();
        right[field] = json!(b64("x"));
        for value in [json!(17), json!(true), json!([MARK]), json!({MARK: MARK})] {
            let mut body = right.clone();
            body[field] = value;
            let reply = owner.post(&url(key, call)).json(&body).send();
            explains(reply, 400, field);
        }
    }
    for call in ["encrypt-batch", "decrypt-batch"] {
        let wrong = [json!(17), json!(MARK), json!({}), json!([]), json!(true)];
        for items in wrong {
            let body = json!({"items": items});
            let reply = owner.post(&url(cipher, call)).json(&body).send();
            explains(reply, 400, "items");
        }
    }
    assert_eq!(state(owner), before);
}
