//! The life of secrets, keys and credentials, with marks for everything that is secret.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_testkit::{b64, from_b64};

use crate::client::Client;
use crate::marks::Marks;

/// Text as a person would set it.
const TEXT: &str = "canary-string-2f6e0d51c7~?";
/// Bytes that are no text.
const BYTES: &[u8] =
    b"\xca\xfa\xff\xfe\xfb\x00\x01\x9cbinary\xf0\x9f\x90\xa6\xfa\xfb\xfc".as_slice();
const SECOND: &str = "canary-second-version-90ab44";
const PAIR: &str = "canary-key-value-61f20be88a";
const PLAIN: &[u8] = b"canary-kms-plaintext-\xff\xfe-77c0e1";

/// Marks everything that a life will show to the server.
pub(crate) fn mark(marks: &mut Marks) {
    for (name, mark) in [
        ("a string value", TEXT.as_bytes()),
        ("a binary value", BYTES),
        ("a second version", SECOND.as_bytes()),
        ("a key-value value", PAIR.as_bytes()),
        ("a KMS plaintext", PLAIN),
    ] {
        marks.add(name, mark);
    }
}

/// Lives it, below `/{name}`, so that it can be lived again.
pub(crate) fn live(client: &mut Client, marks: &mut Marks, name: &str) {
    secrets(client, marks, name);
    encryption(client);
    other_keys(client, name);
    tokens(client, marks);
}

fn secrets(client: &mut Client, marks: &mut Marks, name: &str) {
    let key = client.details.kms_key_identity.clone();
    let listed = client.secrets("secrets");
    for (leaf, field, value) in [
        ("text", "secretString", json!(b64(TEXT))),
        ("bytes", "secretString", json!(b64(BYTES))),
        (
            "pairs",
            "secretKeyValues",
            json!({"user": b64(PAIR), "other": b64(TEXT)}),
        ),
        ("generated", "generateSecret", json!({"byteLength": 48})),
    ] {
        let body = json!({
            "path": format!("/{name}/{leaf}"), "kmsKeyIdentity": key, field: value,
            "labels": {"team": "birds"}, "description": "a described secret",
        });
        client.quiet(Method::POST, &listed, &body, 201);
    }
    let at = |client: &Client, leaf: &str| client.secrets(&format!("secret/{name}/{leaf}"));
    let text = at(client, "text");
    let second = json!({"secretString": b64(SECOND), "path": format!("/{name}/text")});
    client.quiet(Method::POST, &format!("{text}/versions"), &second, 200);
    let reveal = |client: &Client, leaf: &str, body: Value| {
        client.telling(&format!("{}/value", at(client, leaf)), &body)
    };
    assert_eq!(
        reveal(client, "text", json!({}))["secretString"],
        b64(SECOND)
    );
    assert_eq!(
        reveal(client, "text", json!({"version": 1}))["secretString"],
        b64(TEXT)
    );
    assert_eq!(
        reveal(client, "bytes", json!({}))["secretString"],
        b64(BYTES)
    );
    assert_eq!(
        reveal(client, "pairs", json!({}))["secretKeyValues"]["user"],
        b64(PAIR)
    );
    let generated = reveal(client, "generated", json!({}));
    let generated = from_b64(generated["secretString"].as_str().unwrap());
    marks.add("a generated value", &generated);

    let policy = json!({"accessPolicy": {"conditions": [
        {"type": "ip", "effect": "deny", "cidrs": ["127.0.0.0/8"]}
    ]}});
    client.quiet(Method::PUT, &format!("{text}/policy"), &policy, 200);
    let denied = client.owner.post(&format!("{text}/value")).expect(403);
    client.refused("a reveal that the policy denies", &denied);
    let put = client.owner.post(&format!("{text}/versions")).json(&second);
    client.refused("a put that the policy denies", &put.expect(403));
    let open = json!({"accessPolicy": null});
    client.quiet(Method::PUT, &format!("{text}/policy"), &open, 200);

    client.quiet(
        Method::GET,
        &format!("{text}?includeVersions=true"),
        &Value::Null,
        200,
    );
    client.quiet(
        Method::GET,
        &format!("{listed}?path=/{name}/"),
        &Value::Null,
        200,
    );
    client.quiet(
        Method::GET,
        &format!("{listed}?pathPrefix=/"),
        &Value::Null,
        200,
    );
    client.quiet(
        Method::DELETE,
        &format!("{text}/versions?version=1"),
        &Value::Null,
        204,
    );
    let gone = client
        .owner
        .post(&format!("{text}/value"))
        .json(&json!({"version": 1}));
    client.refused("a destroyed version", &gone.expect(404));
    client.quiet(Method::DELETE, &at(client, "pairs"), &Value::Null, 204);
}

fn encryption(client: &mut Client) {
    let plaintext = json!({"plaintext": b64(PLAIN)});
    let sealed = client.quiet(Method::POST, &client.key("encrypt"), &plaintext, 200);
    client.quiet(Method::POST, &client.key("rotate"), &Value::Null, 200);
    client.quiet(Method::POST, &client.key("encrypt"), &plaintext, 200);
    let ciphertext = json!({"ciphertext": sealed["ciphertext"]});
    let opened = client.telling(&client.key("decrypt"), &ciphertext);
    assert_eq!(opened["plaintext"], b64(PLAIN));
}

/// Keys of the other types that encrypt, to the end of their lives.
fn other_keys(client: &mut Client, name: &str) {
    let keys = format!("/v1/kms/{}/keys", client.details.region);
    let plaintext = json!({"plaintext": b64(PLAIN)});
    for kind in ["aes128-gcm96", "chacha20-poly1305"] {
        let body = json!({"name": format!("{name} {kind}"), "keyType": kind});
        let made = client.quiet(Method::POST, &keys, &body, 201);
        let key = format!("{keys}/{}", made["identity"].as_str().unwrap());
        let encrypt = format!("{key}/encrypt");
        let sealed = client.quiet(Method::POST, &encrypt, &plaintext, 200);
        let ciphertext = json!({"ciphertext": sealed["ciphertext"]});
        let opened = client.telling(&format!("{key}/decrypt"), &ciphertext);
        assert_eq!(opened["plaintext"], b64(PLAIN));
        client.quiet(Method::POST, &format!("{key}/disable"), &Value::Null, 200);
        let disabled = client.owner.post(&encrypt).json(&plaintext).expect(400);
        client.refused("a disabled key", &disabled);
        client.quiet(Method::DELETE, &key, &Value::Null, 200);
    }
}

fn tokens(client: &mut Client, marks: &mut Marks) {
    let (id, secret) = (&client.details.client_id, &client.details.client_secret);
    let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let issued = client
        .web
        .post("/oidc/token")
        .form(&form)
        .expect(200)
        .json();
    let token = issued["access_token"].as_str().unwrap().to_owned();
    marks.add("an access token", token.as_bytes());
    let basic = format!("Basic {}", b64(format!("{id}:{secret}")));
    let again = client
        .web
        .post("/oidc/token")
        .header("Authorization", &basic);
    let again = again
        .form("grant_type=client_credentials")
        .expect(200)
        .json();
    marks.add(
        "another access token",
        again["access_token"].as_str().unwrap().as_bytes(),
    );
    for authorization in [format!("Bearer {token}"), format!("Token {token}"), basic] {
        let call = client.web.get(&client.secrets("secrets?pathPrefix=/"));
        let call = call.header("X-Organisation-Identity", &client.details.organisation);
        let reply = call.header("Authorization", &authorization).send();
        client.keep("a list for a service account", &reply);
        assert!(
            reply.status == 200 || reply.status == 403,
            "{}",
            reply.text()
        );
    }
}
