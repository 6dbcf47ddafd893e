//! The nine calls of the Secrets Manager, all at once.

use reqwest::Method;
use serde_json::json;
use strongroom_testkit::{Call, Caller, Reply, Tenant, b64};

/// The nine calls, in the order of the matrix.
pub(crate) const CALLS: [&str; 9] = [
    "browse", "list", "create", "read", "policy", "put", "reveal", "destroy", "delete",
];

/// Where a call goes wrong; the default is a call that succeeds if `/a` exists and `/new` does not.
#[derive(Clone, Copy)]
pub(crate) struct Shape<'a> {
    pub(crate) region: &'a str,
    pub(crate) path: &'a str,
    pub(crate) new: &'a str,
    pub(crate) key: &'a str,
    pub(crate) version: u64,
    /// Instead of the body that is right.
    pub(crate) body: Option<&'a str>,
}

impl<'a> Shape<'a> {
    pub(crate) fn of(acme: &'a Tenant<'_>) -> Self {
        Self {
            region: "nl-01",
            path: "/a",
            new: "/new",
            key: &acme.key,
            version: 1,
            body: None,
        }
    }

    pub(crate) fn call(&self, caller: &Caller, name: &str) -> Call {
        let base = format!("/v1/secrets/{}", self.region);
        let (path, version) = (self.path, self.version);
        let (method, url, body) = match name {
            "browse" => (Method::GET, format!("{base}/secrets?path={path}"), None),
            "list" => (
                Method::GET,
                format!("{base}/secrets?pathPrefix={path}"),
                None,
            ),
            "create" => {
                let body =
                    json!({"path": self.new, "kmsKeyIdentity": self.key, "secretString": b64("v")});
                (Method::POST, format!("{base}/secrets"), Some(body))
            }
            "read" => (Method::GET, format!("{base}/secret{path}"), None),
            "policy" => (
                Method::PUT,
                format!("{base}/secret{path}/policy"),
                Some(json!({"accessPolicy": null})),
            ),
            "put" => (
                Method::POST,
                format!("{base}/secret{path}/versions"),
                Some(json!({"secretString": b64("w")})),
            ),
            "reveal" => (
                Method::POST,
                format!("{base}/secret{path}/value"),
                Some(json!({"version": version})),
            ),
            "destroy" => (
                Method::DELETE,
                format!("{base}/secret{path}/versions?version={version}"),
                None,
            ),
            _ => (Method::DELETE, format!("{base}/secret{path}"), None),
        };
        let call = caller.call(method, &url);
        match (self.body, body) {
            (Some(text), Some(_)) => call.body(text),
            (None, Some(body)) => call.json(&body),
            (_, None) => call,
        }
    }

    /// Makes all calls; 0 stands for a cell that the matrix leaves empty.
    pub(crate) fn answers(&self, caller: &Caller, expected: [u16; 9], code: &str) -> Vec<Reply> {
        let mut replies = Vec::new();
        for (name, status) in CALLS.into_iter().zip(expected) {
            if status == 0 {
                continue;
            }
            let reply = self.call(caller, name).expect(status);
            if status >= 400 && !code.is_empty() {
                assert_eq!(reply.code(), code, "{name}");
            }
            replies.push(reply);
        }
        replies
    }
}
