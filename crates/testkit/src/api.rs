//! What a caller does most, in the words of the API. The region is `nl-01` throughout.

use reqwest::Method;
use serde_json::{Value, json};

use crate::b64;
use crate::http::{Call, Caller, Reply};

/// Where the secrets of `nl-01` are listed and created.
pub const SECRETS: &str = "/v1/secrets/nl-01/secrets";
/// Where the keys of `nl-01` are listed and created.
pub const KEYS: &str = "/v1/kms/nl-01/keys";

/// The URL of a secret.
pub fn secret(path: &str) -> String {
    format!("/v1/secrets/nl-01/secret{path}")
}

/// The URL of a key.
pub fn key(id: &str) -> String {
    format!("{KEYS}/{id}")
}

impl Caller {
    /// Makes a key of type `aes256-gcm96` and returns its identity.
    pub fn make_key(&self, name: &str) -> String {
        self.make_key_of(&json!({"name": name}))
    }

    /// Makes a key of this body and returns its identity.
    pub fn make_key_of(&self, body: &Value) -> String {
        let made = self.post(KEYS).json(body).expect(201).json();
        made["identity"].as_str().unwrap().to_owned()
    }

    /// A create of a secret with a text as its value.
    pub fn create(&self, path: &str, key: &str, value: &str) -> Call {
        self.create_with(path, key, &json!({"secretString": b64(value)}))
    }

    /// A create of a secret with further fields.
    pub fn create_with(&self, path: &str, key: &str, more: &Value) -> Call {
        let mut body = json!({"path": path, "kmsKeyIdentity": key});
        for (name, value) in more.as_object().unwrap() {
            body[name] = value.clone();
        }
        self.post(SECRETS).json(&body)
    }

    /// A put of a text.
    pub fn put_value(&self, path: &str, value: &str) -> Call {
        self.post(&secret(&format!("{path}/versions")))
            .json(&json!({"secretString": b64(value)}))
    }

    /// A reveal of the current value.
    pub fn reveal(&self, path: &str) -> Call {
        self.post(&secret(&format!("{path}/value")))
    }

    /// A reveal of one version.
    pub fn reveal_version(&self, path: &str, version: u64) -> Call {
        self.reveal(path).json(&json!({"version": version}))
    }

    /// The current value, which has to be a text.
    pub fn value_of(&self, path: &str) -> String {
        self.reveal(path).expect(200).value()
    }

    /// A secret's metadata, with its versions.
    pub fn metadata(&self, path: &str) -> Value {
        self.get(&format!("{}?includeVersions=true", secret(path)))
            .expect(200)
            .json()
    }

    /// A policy change; `null` clears.
    pub fn set_policy(&self, path: &str, policy: &Value) -> Call {
        self.put(&secret(&format!("{path}/policy")))
            .json(&json!({"accessPolicy": policy}))
    }

    /// A destruction of one version.
    pub fn destroy(&self, path: &str, version: impl std::fmt::Display) -> Call {
        self.delete(&secret(&format!("{path}/versions?version={version}")))
    }

    /// The paths of all readable secrets under a prefix.
    pub fn paths(&self, prefix: &str) -> Vec<String> {
        let list = self
            .get(&format!("{SECRETS}?pathPrefix={prefix}"))
            .expect(200)
            .json();
        let list = list.as_array().unwrap();
        list.iter()
            .map(|each| each["path"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A change of a key that needs no body, such as `disable`.
    pub fn change_key(&self, id: &str, what: &str) -> Call {
        self.post(&format!("{}/{what}", key(id)))
    }

    /// A key's scheduled removal, asked for or called off (`/cancel-deletion`).
    pub fn delete_key(&self, id: &str, suffix: &str) -> Call {
        self.call(Method::DELETE, &format!("{}{suffix}", key(id)))
    }

    /// The entries of the audit log that a query finds, newest first.
    pub fn audit(&self, query: &str) -> Vec<Value> {
        let page = self
            .get(&format!("/v1/audit?limit=500&{query}"))
            .expect(200)
            .json();
        page["items"].as_array().unwrap().clone()
    }
}

impl Reply {
    /// The text that a reveal shows.
    pub fn value(&self) -> String {
        let body = self.json();
        let text = body["secretString"]
            .as_str()
            .unwrap_or_else(|| panic!("no string: {body}"));
        String::from_utf8(crate::from_b64(text)).unwrap()
    }
}
