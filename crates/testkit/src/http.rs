//! Calls over HTTP that read like what they ask for.
//!
//! Everything here blocks, so that a test is a list of calls and expectations. Many calls at once
//! come from many threads: [`Web`] and [`Caller`] are cheap to clone and can be shared.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::wire::Wire;

/// How long a call may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client of one server, without credentials.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    endpoint: String,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Web {
    /// A client of the server at an URL such as `http://127.0.0.1:8460`.
    pub fn new(endpoint: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self(Arc::new(Inner {
            endpoint: endpoint.to_owned(),
            client,
            runtime,
        }))
    }

    /// The server's URL.
    pub fn endpoint(&self) -> &str {
        &self.0.endpoint
    }

    /// The server's address.
    pub fn address(&self) -> SocketAddr {
        let (_, address) = self.0.endpoint.split_once("://").unwrap();
        address.parse().unwrap()
    }

    /// A call to a path with its query.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let url = format!("{}{path}", self.0.endpoint);
        Call {
            web: self.clone(),
            what: format!("{method} {path}"),
            request: self.0.client.request(method, url),
        }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A connection for bytes that no HTTP library would send.
    pub fn wire(&self) -> Wire {
        Wire::to(self.address())
    }

    /// A client with this bearer token, in this organisation.
    pub fn with(&self, token: &str, organisation: &str) -> Caller {
        Caller {
            web: self.clone(),
            token: token.to_owned(),
            organisation: organisation.to_owned(),
            project: None,
        }
    }
}

/// Somebody who calls: a token, an organisation, perhaps a project.
#[derive(Clone)]
pub struct Caller {
    web: Web,
    token: String,
    organisation: String,
    project: Option<String>,
}

impl Caller {
    /// The same one inside a project.
    pub fn in_project(&self, project: &str) -> Self {
        Self {
            project: Some(project.to_owned()),
            ..self.clone()
        }
    }

    /// The same one with another organisation in the header.
    pub fn in_organisation(&self, organisation: &str) -> Self {
        Self {
            organisation: organisation.to_owned(),
            ..self.clone()
        }
    }

    /// The same one at another server.
    pub fn at(&self, web: &Web) -> Self {
        Self {
            web: web.clone(),
            ..self.clone()
        }
    }

    /// The token.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The organisation, as this caller names it.
    pub fn organisation(&self) -> &str {
        &self.organisation
    }

    /// The client without credentials.
    pub fn web(&self) -> &Web {
        &self.web
    }

    /// A call to a path with its query.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let call = self
            .web
            .call(method, path)
            .token(&self.token)
            .header("X-Organisation-Identity", &self.organisation);
        match &self.project {
            Some(project) => call.header("X-Project-Identity", project),
            None => call,
        }
    }

    /// A GET.
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: &str) -> Call {
        self.call(Method::PUT, path)
    }

    /// A PATCH.
    pub fn patch(&self, path: &str) -> Call {
        self.call(Method::PATCH, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// The head of a raw HTTP/1.1 request by this caller, without its last empty line.
    pub fn head(&self, method: &str, target: &str) -> String {
        let project = self.project.as_ref().map_or_else(String::new, |project| {
            format!("X-Project-Identity: {project}\r\n")
        });
        format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             X-Organisation-Identity: {}\r\n{project}",
            self.web.address(),
            self.token,
            self.organisation
        )
    }
}

/// A call that is not sent yet.
#[must_use = "a call does nothing until it is sent"]
pub struct Call {
    web: Web,
    what: String,
    request: reqwest::RequestBuilder,
}

impl Call {
    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    /// With a bearer token.
    pub fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    /// With a JSON body.
    pub fn json(mut self, body: &Value) -> Self {
        self.request = self.request.json(body);
        self
    }

    /// With a body that says that it is JSON, whatever it is.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        let mut call = self.header("Content-Type", "application/json");
        call.request = call.request.body(body.into());
        call
    }

    /// With form fields.
    pub fn form(self, body: &str) -> Self {
        let mut call = self.header("Content-Type", "application/x-www-form-urlencoded");
        call.request = call.request.body(body.to_owned());
        call
    }

    /// Sends it and waits for the whole reply.
    pub fn send(self) -> Reply {
        let Self { web, what, request } = self;
        let (sender, receiver) = std::sync::mpsc::sync_channel(1);
        let told = what.clone();
        web.0.runtime.spawn(async move {
            let fetch = async {
                let response = request.send().await?;
                let status = response.status().as_u16();
                let headers = response.headers().clone();
                let body = response.bytes().await?.to_vec();
                Ok::<_, reqwest::Error>(Reply {
                    what: told,
                    status,
                    headers,
                    body,
                })
            };
            // A test that failed meanwhile waits no more.
            let _gone = sender.send(fetch.await);
        });
        match receiver.recv() {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => panic!("{what} was not answered: {error:?}"),
            Err(_) => panic!("{what} was given up"),
        }
    }

    /// Sends it; the reply has to have this status.
    pub fn expect(self, status: u16) -> Reply {
        self.send().expect(status)
    }
}

/// A reply, whole.
#[derive(Debug)]
pub struct Reply {
    what: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Insists on a status.
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text());
        self
    }

    /// The body as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        let parsed = serde_json::from_slice(&self.body);
        parsed.unwrap_or_else(|error| panic!("{}: {error}: {}", self.what, self.text()))
    }

    /// The `code` of a refusal, which must carry all that a refusal carries.
    pub fn code(&self) -> String {
        let body = self.json();
        assert_eq!(self.header("content-type"), "application/json");
        for field in ["message", "code", "requestId"] {
            let text = body[field].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{}: no {field}: {body}", self.what);
        }
        assert_eq!(self.header("x-request-id"), body["requestId"]);
        body["code"].as_str().unwrap().to_owned()
    }

    /// The `message` of a refusal.
    pub fn message(&self) -> String {
        self.json()["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// A header's text; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}
