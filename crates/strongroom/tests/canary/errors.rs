//! Mistakes with a secret in the wrong place: each has to be refused without repeating it.

use reqwest::Method;
use serde_json::{Value, json};
use strongroom_testkit::{Call, b64};

use crate::client::Client;
use crate::marks::Marks;

/// What is in the wrong place.
const MARK: &str = "canary-misplaced-e4d1c08b36";
/// The same, where nothing but base64 may stand: it is valid base64, and decodes to no text.
const MARK_BASE64: &str = "canaryMisplacedInBase64e4d1c08b3";

/// Marks what is misplaced.
pub(crate) fn mark(marks: &mut Marks) {
    marks.add("a misplaced secret", MARK.as_bytes());
    marks.add("a misplaced base64 text", MARK_BASE64.as_bytes());
}

/// Makes all the mistakes.
pub(crate) fn make(client: &mut Client) {
    // A key and a secret that are there, so that mistakes are found where they are made.
    let key = client.details.kms_key_identity.clone();
    let body = json!({"path": "/errors", "kmsKeyIdentity": key, "secretString": b64("harmless")});
    let made = client
        .owner
        .post(&client.secrets("secrets"))
        .json(&body)
        .send();
    assert!(made.status == 201 || made.status == 409, "{}", made.text());
    bodies(client, &key);
    policies(client);
    keys(client);
    raw_bodies(client);
    urls(client);
    headers(client);
    tokens(client);
    wires(client);
}

fn bodies(client: &mut Client, key: &str) {
    let create = |field: &str, value: Value| {
        let mut body = json!({"path": "/errors/x", "kmsKeyIdentity": key});
        body[field] = value;
        ("secrets", body)
    };
    let put = |body: Value| ("secret/errors/versions", body);
    let long = MARK.repeat(200);
    let cases = [
        create("secretString", json!(format!("{MARK}!!"))),
        create("secretString", json!(MARK)),
        create("secretString", json!({"value": MARK})),
        create("secretString", json!([MARK])),
        create("secretString", json!(b64(&long))),
        create("secretKeyValues", json!(MARK)),
        create("secretKeyValues", json!({"user": MARK})),
        create("secretKeyValues", json!({"user": [MARK]})),
        create("secretKeyValues", json!({"user": {"password": MARK}})),
        create(
            "secretKeyValues",
            json!({(format!("{MARK} {MARK}")): b64("x")}),
        ),
        create("secretKeyValues", json!({"user": b64(&long)})),
        create("generateSecret", json!(MARK)),
        create("generateSecret", json!({"byteLength": MARK})),
        create("password", json!(MARK)),
        create(MARK, json!(MARK)),
        create("kmsKeyIdentity", json!({"key": MARK})),
        create("labels", json!(MARK)),
        create("labels", json!({"password": [MARK]})),
        create("description", json!({"password": MARK})),
        create("path", json!([MARK])),
        create("accessPolicy", json!(MARK)),
        create("accessPolicy", json!({MARK: MARK})),
        put(json!({"secretString": b64(MARK), "generateSecret": {"byteLength": 32}})),
        put(json!({"secretString": b64(MARK), "path": "/another"})),
        put(json!({"secretString": MARK_BASE64, "secretKeyValues": {"a": MARK_BASE64}})),
        put(json!({"secretString": format!("{MARK_BASE64}=")})),
        put(json!({"secretString": format!("{MARK_BASE64} {MARK_BASE64}")})),
        put(json!({"value": MARK})),
        put(json!([MARK])),
        put(json!(MARK)),
        ("secret/errors/value", json!({"version": MARK})),
        ("secret/errors/value", json!({"version": {MARK: 1}})),
        (
            "secret/missing/versions",
            json!({"secretString": b64(MARK)}),
        ),
        ("secret/errors", json!({"secretString": b64(MARK)})),
    ];
    for (place, body) in cases {
        let reply = client.owner.post(&client.secrets(place)).json(&body).send();
        client.refused(&format!("POST {place}"), &reply);
    }
}

/// Policies are no secrets, but what is pasted into one may be.
fn policies(client: &mut Client) {
    for body in [
        json!({"accessPolicy": MARK}),
        json!({"accessPolicy": {"password": MARK}}),
        json!({"secretString": b64(MARK)}),
    ] {
        let policy = client.secrets("secret/errors/policy");
        let reply = client.owner.put(&policy).json(&body).send();
        client.refused("PUT policy", &reply);
    }
}

fn keys(client: &mut Client) {
    for (operation, body) in [
        ("encrypt", json!({"plaintext": MARK})),
        ("encrypt", json!({"plaintext": [MARK]})),
        (
            "encrypt",
            json!({"plaintext": b64(MARK), "keyVersion": MARK}),
        ),
        (
            "encrypt",
            json!({"plaintext": b64(MARK), "keyVersion": "99"}),
        ),
        ("encrypt", json!({"plaintext": b64(MARK), "context": MARK})),
        ("encrypt", json!({"plaintext": b64(MARK.repeat(4_000))})),
        ("decrypt", json!({"ciphertext": MARK})),
        (
            "decrypt",
            json!({"ciphertext": format!("thalassa:v1:{}", b64(MARK))}),
        ),
        ("decrypt", json!({"ciphertext": {"plaintext": MARK}})),
        ("rotation", json!({"keyRotationEnabled": MARK})),
        ("sign", json!({"input": MARK})),
    ] {
        let path = client.key(operation);
        let reply = client.owner.post(&path).json(&body).send();
        client.refused(operation, &reply);
    }
    let import = json!({"name": [MARK], "importKeyMaterial": MARK});
    let keys = format!("/v1/kms/{}/keys", client.details.region);
    let reply = client.owner.post(&keys).json(&import).send();
    client.refused("the import of a key", &reply);
}

fn raw_bodies(client: &mut Client) {
    let limit = 2 * 1024 * 1024;
    let cases: Vec<Vec<u8>> = vec![
        MARK.into(),
        format!("\"{MARK}\"").into(),
        format!("{{\"secretString\":\"{MARK}").into(),
        format!("{{\"secretString\":{MARK}}}").into(),
        format!("{{\"secretString\":\"{MARK}\n{MARK}\"}}").into(),
        format!("{{\"secretString\":\"{MARK}\",\"secretString\":\"{MARK}\"}}").into(),
        // Not a name that stands there twice: names are said, so that people find them.
        format!("{{\"{MARK}\":1}}}}").into(),
        format!("{{\"secretString\":\"\\u00zz{MARK}\"}}").into(),
        [b"{\"secretString\":\"\xff\xfe", MARK.as_bytes(), b"\"}"].concat(),
        format!("{}{MARK}{}", "[".repeat(5_000), "]".repeat(5_000)).into(),
        format!(
            "{{\"a\":{}\"{MARK}\"{}}}",
            "{\"a\":".repeat(500),
            "}".repeat(500)
        )
        .into(),
        format!("secretString={MARK}").into(),
        format!(
            "{{\"secretString\":\"{}\"}}",
            MARK.repeat(limit / MARK.len() + 1)
        )
        .into(),
    ];
    for (number, body) in cases.into_iter().enumerate() {
        for place in ["secrets", "secret/errors/versions", "secret/errors/value"] {
            let reply = client
                .owner
                .post(&client.secrets(place))
                .body(body.clone())
                .send();
            // To a reveal, an unknown field is nothing, whatever is in it.
            let is_ignored = place.ends_with("/value") && reply.status == 200;
            if !is_ignored {
                client.refused(&format!("raw body {number} to {place}"), &reply);
            }
        }
        let reply = client.owner.post(&client.key("encrypt")).body(body).send();
        client.refused(&format!("raw body {number} to encrypt"), &reply);
    }
}

/// A secret in a query. Where it is ignored the call succeeds, and is as silent about it.
fn urls(client: &mut Client) {
    for (method, path) in [
        (Method::GET, format!("secrets?pathPrefix=/&token={MARK}")),
        (
            Method::GET,
            format!("secrets?path=/&pathPrefix=/&password={MARK}"),
        ),
        (Method::GET, format!("secret/errors?includeVersions={MARK}")),
        (Method::GET, format!("secret/errors?access_token={MARK}")),
        (Method::GET, format!("secret/missing?secret={MARK}")),
        (
            Method::DELETE,
            format!("secret/errors/versions?version={MARK}"),
        ),
        (
            Method::DELETE,
            format!("secret/errors/versions?password={MARK}"),
        ),
        (
            Method::POST,
            format!("secret/errors/value?password={MARK}&version=99"),
        ),
        (Method::PATCH, format!("secret/errors?password={MARK}")),
        (Method::GET, format!("nothing?password={MARK}")),
        (Method::GET, format!("secrets?limit={MARK}")),
    ] {
        let reply = client.owner.call(method, &client.secrets(&path)).send();
        client.keep(&path, &reply);
    }
    for query in [
        "searchText",
        "limit",
        "userIdentity",
        "action",
        "responseStatus",
        "page",
    ] {
        let reply = client
            .owner
            .get(&format!("/v1/audit?{query}={MARK}"))
            .send();
        client.keep(query, &reply);
    }
}

fn headers(client: &mut Client) {
    let authorizations = [
        format!("Bearer {MARK}"),
        format!("Token tc_pat_{MARK}"),
        format!("Bearer {MARK} {MARK}"),
        format!("Basic {}", b64(format!("{MARK}:{MARK}"))),
        format!("Basic {}", b64(MARK)),
        format!("Basic {MARK}"),
        format!("{MARK} x"),
        MARK.to_owned(),
    ];
    let with = |client: &Client, call: Call| {
        call.header("X-Organisation-Identity", &client.details.organisation)
    };
    for authorization in authorizations {
        for place in ["secrets?pathPrefix=/", "secret/errors"] {
            let call = with(client, client.web.get(&client.secrets(place)));
            let reply = call.header("Authorization", &authorization).send();
            client.refused("a credential that is none", &reply);
        }
    }
    let twice = with(client, client.web.get(&client.secrets("secret/errors")));
    let twice = twice.token(MARK).token(&client.details.token).send();
    client.refused("two credentials", &twice);
    for name in ["X-Organisation-Identity", "X-Project-Identity"] {
        let call = client.web.get(&client.secrets("secret/errors"));
        let call = call.token(&client.details.token);
        let call = if name.contains("Project") {
            with(client, call)
        } else {
            call
        };
        let reply = call.header(name, MARK).send();
        client.refused(name, &reply);
    }
    for (name, value) in [
        ("Cookie", format!("session={MARK}")),
        ("X-Vault-Token", MARK.to_owned()),
        ("Proxy-Authorization", format!("Basic {}", b64(MARK))),
        ("X-Amz-Security-Token", MARK.to_owned()),
        (
            "Referer",
            format!("https://console.example/login?token={MARK}#{MARK}"),
        ),
    ] {
        let call = client.owner.get(&client.secrets("secret/errors"));
        let reply = call.header(name, &value).expect(200);
        client.keep(name, &reply);
    }
}

fn tokens(client: &mut Client) {
    let id = client.details.client_id.clone();
    for form in [
        format!("grant_type=client_credentials&client_id={id}&client_secret={MARK}"),
        format!("grant_type=client_credentials&client_id={MARK}&client_secret={MARK}"),
        format!("grant_type={MARK}&client_secret={MARK}"),
        format!("client_secret={MARK}"),
        format!("grant_type=client_credentials&password={MARK}"),
        MARK.to_owned(),
    ] {
        let reply = client.web.post("/oidc/token").form(&form).send();
        client.refused("a grant", &reply);
    }
    for pair in [
        format!("{id}:{MARK}"),
        format!("{MARK}:{MARK}"),
        MARK.to_owned(),
    ] {
        let basic = format!("Basic {}", b64(pair));
        let call = client
            .web
            .post("/oidc/token")
            .header("Authorization", &basic);
        let reply = call.form("grant_type=client_credentials").send();
        client.refused("a grant by Basic", &reply);
    }
}

/// What is no proper HTTP, and what breaks off.
fn wires(client: &mut Client) {
    let versions = client.secrets("secret/errors/versions");
    let head = client.owner.head("POST", &versions);
    let requests = [
        format!("GET / HTTP/9.9\r\nAuthorization: Bearer {MARK}\r\n\r\n"),
        format!("{MARK} {MARK} {MARK}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\n{MARK}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {MARK}\u{1}\r\n\r\n"),
        format!(
            "GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {}\r\n\r\n",
            MARK.repeat(3_000)
        ),
        format!("{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n{MARK}"),
        format!("{head}Transfer-Encoding: chunked\r\n\r\n{MARK}\r\n"),
        format!("{head}Content-Length: {MARK}\r\n\r\n"),
        format!("{head}Content-Length: 5000\r\n\r\n{{\"secretString\":\"{MARK}"),
    ];
    for request in requests {
        let mut wire = client.web.wire();
        wire.write(&request).finish();
        let Some(reply) = wire.reply() else { continue };
        assert!((400..500).contains(&reply.status), "{}", reply.head);
        let answer = format!("{}{}", reply.head, reply.body);
        client
            .answers
            .push(("a raw request".to_owned(), answer.into()));
    }
}
