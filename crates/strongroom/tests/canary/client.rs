//! Calls that keep what was answered.

use reqwest::Method;
use serde_json::Value;
use strongroom_testkit::{Caller, Details, Reply, Web};

/// A client of one run of the server, which collects all answers that may hold no mark.
pub(crate) struct Client {
    pub(crate) details: Details,
    pub(crate) web: Web,
    pub(crate) owner: Caller,
    /// Each with the call that it answers.
    pub(crate) answers: Vec<(String, Vec<u8>)>,
}

impl Client {
    pub(crate) fn new(details: Details) -> Self {
        let web = Web::new(&details.endpoint);
        Self {
            owner: web.with(&details.token, &details.organisation),
            web,
            details,
            answers: Vec::new(),
        }
    }

    /// A path below the region's secrets, such as `s` or `/app/value`.
    pub(crate) fn secrets(&self, rest: &str) -> String {
        format!("/v1/secrets/{}/{rest}", self.details.region)
    }

    /// A path below the development key, such as `encrypt`.
    pub(crate) fn key(&self, rest: &str) -> String {
        let Details {
            region,
            kms_key_identity,
            ..
        } = &self.details;
        format!("/v1/kms/{region}/keys/{kms_key_identity}/{rest}")
    }

    /// An answer that may hold no mark, with all its headers.
    pub(crate) fn keep(&mut self, what: &str, reply: &Reply) {
        self.answers.push((what.to_owned(), reply.body.clone()));
        for (name, value) in &reply.headers {
            let line = format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()));
            self.answers.push((what.to_owned(), line.into_bytes()));
        }
    }

    /// A call whose success may tell nothing.
    pub(crate) fn quiet(&mut self, method: Method, path: &str, body: &Value, status: u16) -> Value {
        let call = self.owner.call(method.clone(), path);
        let call = if body.is_null() {
            call
        } else {
            call.json(body)
        };
        let reply = call.expect(status);
        self.keep(&format!("{method} {path}"), &reply);
        if reply.body.is_empty() {
            Value::Null
        } else {
            reply.json()
        }
    }

    /// A call whose success tells what it is asked for.
    pub(crate) fn telling(&self, path: &str, body: &Value) -> Value {
        self.owner.post(path).json(body).expect(200).json()
    }

    /// A call that has to be refused, and without telling anything.
    pub(crate) fn refused(&mut self, what: &str, reply: &Reply) {
        let is_refusal = (400..500).contains(&reply.status);
        assert!(is_refusal, "{what}: {} {}", reply.status, reply.text());
        self.keep(what, reply);
    }
}
