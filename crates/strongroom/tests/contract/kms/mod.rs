//! Every key type and every operation (contract 2.4 to 2.7, 2.10), and ours beside them.

mod batch;
mod import;
mod matrix;
mod operations;
mod own;
mod rotation;
mod wrap;

use serde_json::{Value, json};
use strongroom_testkit::api::key;
use strongroom_testkit::{Caller, Reply, b64};

/// The thirteen types, as the contract orders them.
const TYPES: [&str; 13] = [
    "aes128-gcm96",
    "aes256-gcm96",
    "chacha20-poly1305",
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "ed25519",
    "hmac",
    "hmac-sha256",
    "hmac-sha512",
];

/// A key of a type whose material may leave.
fn make(caller: &Caller, name: &str, key_type: &str) -> String {
    caller.make_key_of(&json!({"name": name, "keyType": key_type, "exportAllowed": true}))
}

/// A cryptographic call that insists on its status.
fn ask(caller: &Caller, id: &str, what: &str, body: &Value, status: u16) -> Reply {
    let url = format!("{}/{what}", key(id));
    caller.post(&url).json(body).expect(status)
}

fn text(reply: &Reply, field: &str) -> String {
    let body = reply.json();
    let text = body[field].as_str();
    text.unwrap_or_else(|| panic!("no {field}: {body}"))
        .to_owned()
}

fn input(bytes: impl AsRef<[u8]>) -> Value {
    json!({"input": b64(bytes)})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}
