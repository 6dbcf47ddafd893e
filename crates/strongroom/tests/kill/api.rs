//! The few calls that the writers and the checks make.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use strongroom_testkit::Details;

use crate::ledger::{Operation, Outcome, What, value_of};

/// A client of one run of the server.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client,
    details: Details,
}

/// An answer, whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) request_id: String,
    pub(crate) body: Value,
}

impl Api {
    pub(crate) fn new(details: Details) -> Self {
        let client = Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(60));
        Self {
            client: client.build().unwrap(),
            details,
        }
    }

    /// Sends a call; nothing if the connection breaks before the whole answer is here.
    async fn attempt(
        &self,
        method: Method,
        path: &str,
        id: &str,
        body: Option<Value>,
    ) -> Option<Answer> {
        let url = format!("{}{path}", self.details.endpoint);
        let mut request = self
            .client
            .request(method, url)
            .bearer_auth(&self.details.token)
            .header("X-Organisation-Identity", &self.details.organisation)
            .header("X-Request-Id", id);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        let request_id = response.headers()["x-request-id"].to_str().unwrap();
        let request_id = request_id.to_owned();
        let body = response.bytes().await.ok()?;
        Some(Answer {
            status,
            request_id,
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
        })
    }

    /// A read of the checks, which has to be answered.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        let answer = self.attempt(Method::GET, path, "check", None).await;
        answer.unwrap_or_else(|| panic!("GET {path} was not answered"))
    }

    /// The value of a version, which has to be answered.
    pub(crate) async fn reveal(&self, path: &str, version: u64) -> Answer {
        let url = format!("/v1/secrets/{}/secret{path}/value", self.details.region);
        let body = Some(json!({"version": version}));
        let answer = self.attempt(Method::POST, &url, "check", body).await;
        answer.unwrap_or_else(|| panic!("the reveal of {path} was not answered"))
    }

    /// The description of a secret and its versions.
    pub(crate) async fn describe(&self, path: &str) -> Answer {
        let region = &self.details.region;
        let url = format!("/v1/secrets/{region}/secret{path}?includeVersions=true");
        self.get(&url).await
    }

    /// Carries an operation out and notes how it ended. Returns the answer's body.
    pub(crate) async fn perform(&self, operation: &mut Operation) -> Option<Value> {
        let Operation { id, path, what, .. } = &*operation;
        let region = &self.details.region;
        let secret = format!("/v1/secrets/{region}/secret{path}");
        let value = STANDARD.encode(value_of(id));
        let (method, url, body) = match what {
            What::Create => {
                let body = json!({
                    "path": path,
                    "kmsKeyIdentity": self.details.kms_key_identity,
                    "secretString": value,
                });
                (Method::POST, format!("/v1/secrets/{region}/secrets"), body)
            }
            What::Put => {
                let body = json!({"secretString": value});
                (Method::POST, format!("{secret}/versions"), body)
            }
            What::Reveal(number) => {
                let body = json!({"version": number});
                (Method::POST, format!("{secret}/value"), body)
            }
            What::Destroy(number) => {
                let url = format!("{secret}/versions?version={number}");
                (Method::DELETE, url, Value::Null)
            }
            What::Delete => (Method::DELETE, secret, Value::Null),
        };
        let body = (!body.is_null()).then_some(body);
        let answer = self.attempt(method, &url, id, body).await?;
        let version = match what {
            What::Create => answer.body["currentVersion"].as_u64(),
            _ => answer.body["version"].as_u64(),
        };
        operation.outcome = Outcome::Answered {
            status: answer.status,
            request_id: answer.request_id,
            version,
        };
        Some(answer.body)
    }
}

/// The value in the answer to a reveal.
pub(crate) fn revealed(body: &Value) -> String {
    let text = body["secretString"].as_str().unwrap_or_default();
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}
