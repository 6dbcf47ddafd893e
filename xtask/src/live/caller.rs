//! A client of the server that is measured, for what happens before and beside the load.

use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, ClientBuilder, Method, StatusCode};
use serde_json::{Value, json};
use strongroom_types::KeyType;

/// How long a call may take: a binary that counts what it does is slow, and so is one that draws a
/// key beside a load on the same core.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why a call of ours failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallerError {
    /// The client could not be made.
    #[error("the client could not be made")]
    Client(#[source] reqwest::Error),
    /// A request did not get through.
    #[error("a request did not get through")]
    Request(#[from] reqwest::Error),
    /// The server refused a request.
    #[error("the server refused {what} with {status}: {body}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Its status.
        status: StatusCode,
        /// Its message.
        body: String,
    },
    /// The answer is not what the contract says.
    #[error("the server answered {what} with something else than expected")]
    Answer {
        /// What was asked for.
        what: String,
        /// Why it cannot be read.
        #[source]
        source: serde_json::Error,
    },
    /// A client of several at once broke off.
    #[error("a client broke off")]
    Broken(#[from] tokio::task::JoinError),
    /// A signature of the server is none for the server.
    #[error("the server does not accept its own signature")]
    NotValid,
}

/// One client with one token.
#[derive(Clone)]
pub(crate) struct Caller {
    /// Where the server listens.
    pub(crate) endpoint: String,
    /// The region of everything.
    pub(crate) region: String,
    /// The value of `Authorization`.
    pub(crate) authorization: String,
    /// The organisation.
    pub(crate) organisation: String,
    /// Its connections, which stand still while the runtime does that opened them.
    pub(crate) client: Client,
}

/// A client that does not wait for ever.
pub(crate) fn client(builder: ClientBuilder) -> Result<Client, CallerError> {
    let client = builder.timeout(PATIENCE).build();
    client.map_err(CallerError::Client)
}

impl Caller {
    /// The same one with connections of its own, for a runtime of its own. They are without TLS.
    pub(crate) fn elsewhere(self) -> Result<Self, CallerError> {
        Ok(Self {
            client: client(Client::builder())?,
            ..self
        })
    }

    /// The URL path of all secrets.
    pub(crate) fn secrets_url(&self) -> String {
        format!("/v1/secrets/{}/secrets", self.region)
    }

    /// The URL path of the secret at a path.
    pub(crate) fn secret_url(&self, path: &str) -> String {
        format!("/v1/secrets/{}/secret{path}", self.region)
    }

    /// The URL path of all keys.
    pub(crate) fn keys_url(&self) -> String {
        format!("/v1/kms/{}/keys", self.region)
    }

    /// The URL path of one operation of a key.
    pub(crate) fn key_url(&self, key: &str, operation: &str) -> String {
        format!("{}/{key}/{operation}", self.keys_url())
    }

    /// Creates a key with a name of its type and this word; gives its identity.
    pub(crate) async fn create_key(
        &self,
        key_type: KeyType,
        word: &str,
    ) -> Result<String, CallerError> {
        let body = json!({ "name": format!("{key_type} {word}"), "keyType": key_type.as_str() });
        let key = self.post_json(&self.keys_url(), &body).await?;
        let identity = key.get("identity").and_then(Value::as_str);
        Ok(identity.unwrap_or_default().to_owned())
    }

    /// The JSON of the answer to a post.
    pub(crate) async fn post_json(&self, url: &str, body: &Value) -> Result<Value, CallerError> {
        let answer = self.post(url, body).await?;
        serde_json::from_slice(&answer).map_err(|source| CallerError::Answer {
            what: url.to_owned(),
            source,
        })
    }

    /// The answer to a post.
    pub(crate) async fn post(&self, url: &str, body: &Value) -> Result<Vec<u8>, CallerError> {
        accepted(self.request(Method::POST, url).json(body), url).await
    }

    /// The answer to a call without a body.
    pub(crate) async fn call(&self, method: Method, url: &str) -> Result<Vec<u8>, CallerError> {
        accepted(self.request(method, url), url).await
    }

    /// A call of this caller, to be sent.
    pub(crate) fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{url}", self.endpoint))
            .header(AUTHORIZATION, &self.authorization)
            .header("X-Organisation-Identity", &self.organisation)
    }
}

/// Lets clients call at once and waits for them; the first one that failed is the answer.
pub(crate) async fn at_once<C>(clients: impl Iterator<Item = C>) -> Result<(), CallerError>
where
    C: Future<Output = Result<(), CallerError>> + Send + 'static,
{
    for client in clients.map(tokio::spawn).collect::<Vec<_>>() {
        client.await??;
    }
    Ok(())
}

/// The body of a reply in 2xx.
pub(crate) async fn accepted(
    request: reqwest::RequestBuilder,
    what: &str,
) -> Result<Vec<u8>, CallerError> {
    let reply = request.send().await?;
    let status = reply.status();
    let body = reply.bytes().await?;
    if status.is_success() {
        return Ok(body.to_vec());
    }
    let (what, body) = (what.to_owned(), String::from_utf8_lossy(&body).into_owned());
    Err(CallerError::Refused { what, status, body })
}
