//! Requests out, replies in. The only file that sends anything.

use std::borrow::Cow;
use std::fmt::Display;
use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, Url};
use serde::de::DeserializeOwned;
use strongroom_api::{RequestError, SensitiveBody};
use strongroom_types::Reference;
use zeroize::Zeroizing;

use crate::credential::{Credential, Kind};
use crate::token::TokenSource;
use crate::{ClientError, DecodeError, Refusal, TransportError};

/// What the server at the endpoint is asked with: an HTTP client and a credential.
pub(crate) struct Transport {
    wire: Wire,
    authority: Authority,
}

enum Authority {
    None,
    Fixed(HeaderValue),
    Fetched(TokenSource),
}

/// Sends to one endpoint, without any credential of its own.
pub(crate) struct Wire {
    http: reqwest::Client,
    endpoint: Url,
    reply_limit: usize,
}

/// One call, before the credential is added.
pub(crate) struct Call {
    method: Method,
    /// From its leading slash, in characters that URLs take as they are.
    path: String,
    query: Vec<(Cow<'static, str>, String)>,
    body: Option<Bytes>,
}

impl Call {
    fn new(method: Method, path: String) -> Self {
        Self {
            method,
            path,
            query: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(path: String) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: String) -> Self {
        Self::new(Method::POST, path)
    }

    pub(crate) fn put(path: String) -> Self {
        Self::new(Method::PUT, path)
    }

    pub(crate) fn patch(path: String) -> Self {
        Self::new(Method::PATCH, path)
    }

    pub(crate) fn delete(path: String) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn with(mut self, name: impl Into<Cow<'static, str>>, value: &dyn Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Adds the parameter where there is a value.
    pub(crate) fn with_some<T: Display>(self, name: &'static str, value: Option<&T>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn json(mut self, body: String) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A body that holds a secret; it is wiped once it was sent.
    pub(crate) fn sensitive(mut self, body: SensitiveBody) -> Self {
        self.body = Some(Bytes::from_owner(body));
        self
    }

    /// The same for a body that was written elsewhere.
    pub(crate) fn wiped(mut self, body: Bytes) -> Self {
        self.body = Some(body);
        self
    }

    fn url(&self, endpoint: &Url) -> Url {
        let mut url = at(endpoint, &self.path);
        if !self.query.is_empty() {
            // Form rules: a `+` in a path is sent as %2B, for there it would mean a space.
            url.query_pairs_mut().extend_pairs(&self.query);
        }
        url
    }
}

/// The path under the endpoint, which may have one of its own.
fn at(endpoint: &Url, path: &str) -> Url {
    let mut url = endpoint.clone();
    let base = url.path().trim_end_matches('/').to_owned();
    url.set_path(&(base + path));
    url
}

/// How URLs and headers spell an identity or slug.
pub(crate) fn reference_text<I: Display>(reference: &Reference<I>) -> String {
    match reference {
        Reference::Identity(identity) => identity.to_string(),
        Reference::Slug(slug) => slug.to_string(),
    }
}

impl Transport {
    pub(crate) fn new(
        http: reqwest::Client,
        endpoint: Url,
        credential: Credential,
        reply_limit: usize,
    ) -> Self {
        Self {
            wire: Wire::new(http, endpoint, reply_limit),
            authority: match credential.0 {
                Kind::None => Authority::None,
                Kind::Fixed(header) => Authority::Fixed(header),
                Kind::Form(form) => Authority::Fetched(TokenSource::new(form)),
            },
        }
    }

    pub(crate) const fn endpoint(&self) -> &Url {
        &self.wire.endpoint
    }

    /// Sends a call; anything but success is an error.
    pub(crate) async fn send(&self, call: Call) -> Result<Reply, ClientError> {
        match &self.authority {
            Authority::None => self.wire.send(&call, None).await?.success(),
            Authority::Fixed(header) => self.wire.send(&call, header.clone()).await?.success(),
            Authority::Fetched(source) => self.send_with(source, &call).await,
        }
    }

    /// Sends a form without a credential; anything but success is an error.
    pub(crate) async fn form(&self, path: &str, form: Bytes) -> Result<Reply, ClientError> {
        self.wire.exchange(path, form).await?.success()
    }

    /// A token that was valid a moment ago can be gone, as after its revocation. A 401 means that
    /// nothing happened, so the call may be sent again with a new one.
    async fn send_with(&self, source: &TokenSource, call: &Call) -> Result<Reply, ClientError> {
        let (header, held_before) = source.token(&self.wire, Instant::now()).await?;
        let reply = self.wire.send(call, header.clone()).await?;
        if !reply.is_unauthorized() {
            return reply.success();
        }
        source.forget(&header).await;
        if !held_before {
            return reply.success();
        }
        let (header, _) = source.token(&self.wire, Instant::now()).await?;
        self.wire.send(call, header).await?.success()
    }
}

impl Wire {
    pub(crate) const fn new(http: reqwest::Client, endpoint: Url, reply_limit: usize) -> Self {
        Self {
            http,
            endpoint,
            reply_limit,
        }
    }

    async fn send(
        &self,
        call: &Call,
        authorization: impl Into<Option<HeaderValue>>,
    ) -> Result<Reply, ClientError> {
        let mut request = self
            .http
            .request(call.method.clone(), call.url(&self.endpoint));
        if let Some(authorization) = authorization.into() {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = &call.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.clone());
        }
        self.read(request).await
    }

    /// Sends a form without a credential in the header.
    pub(crate) async fn exchange(&self, path: &str, form: Bytes) -> Result<Reply, ClientError> {
        let request = self
            .http
            .post(at(&self.endpoint, path))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form);
        self.read(request).await
    }

    async fn read(&self, request: reqwest::RequestBuilder) -> Result<Reply, ClientError> {
        let response = request.send().await.map_err(TransportError::new)?;
        let status = response.status().as_u16();
        let header = |name: &str| text_of(response.headers(), name);
        let request_id = header("x-request-id");
        let retry_after = header(RETRY_AFTER.as_str())
            .and_then(|text| text.parse().ok())
            .map(Duration::from_secs);
        Ok(Reply {
            status,
            request_id,
            retry_after,
            body: read_body(response, self.reply_limit).await?,
        })
    }
}

fn text_of(headers: &HeaderMap, name: &str) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// The body, in memory that is wiped on drop.
async fn read_body(
    mut response: Response,
    limit: usize,
) -> Result<Zeroizing<Vec<u8>>, ClientError> {
    let too_long = || ClientError::Decode(DecodeError::TooLong { limit });
    let announced = response.content_length().unwrap_or(0);
    let announced = usize::try_from(announced).map_err(|_| too_long())?;
    if announced > limit {
        return Err(too_long());
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced));
    while let Some(chunk) = response.chunk().await.map_err(TransportError::new)? {
        let len = body.len() + chunk.len();
        if len > limit {
            return Err(too_long());
        }
        if len > body.capacity() {
            // Growing in place would leave the old buffer behind unwiped.
            let mut larger = Zeroizing::new(Vec::with_capacity(len.max(body.capacity() * 2)));
            larger.extend_from_slice(&body);
            body = larger;
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What came back, of any status until [`Reply::success`].
pub(crate) struct Reply {
    status: u16,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    body: Zeroizing<Vec<u8>>,
}

impl Reply {
    const fn is_unauthorized(&self) -> bool {
        self.status == 401
    }

    /// The reply, if its status is one of success.
    pub(crate) fn success(self) -> Result<Self, ClientError> {
        if (200..300).contains(&self.status) {
            return Ok(self);
        }
        let refusal = Refusal::read(&self.body, self.request_id.as_deref());
        Err(ClientError::of_status(
            self.status,
            refusal,
            self.retry_after,
        ))
    }

    /// A body without secrets.
    pub(crate) fn json<T: DeserializeOwned>(self) -> Result<T, ClientError> {
        serde_json::from_slice(&self.body)
            .map_err(|source| ClientError::Decode(DecodeError::Json(source)))
    }

    /// A body with a secret, read by the parser that the wire types have for it.
    pub(crate) fn sensitive<T>(
        self,
        parse: fn(&[u8]) -> Result<T, RequestError>,
    ) -> Result<T, ClientError> {
        parse(&self.body).map_err(|source| ClientError::Decode(DecodeError::Field(source)))
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;
    use crate::testing::{Answer, Mock, TOKEN};

    #[test]
    fn secret_paths_travel_as_they_are_and_queries_escaped() {
        let endpoint = Url::parse("https://x.example/vault/").unwrap();
        let call = Call::get("/v1/secret/a+b/c.d_e-f".to_owned()).with("path", &"/a+b/");
        assert_eq!(
            call.url(&endpoint).as_str(),
            "https://x.example/vault/v1/secret/a+b/c.d_e-f?path=%2Fa%2Bb%2F"
        );
        let bare = Url::parse("https://x.example").unwrap();
        let call = Call::get("/v1/regions".to_owned());
        assert_eq!(call.url(&bare).as_str(), "https://x.example/v1/regions");
    }

    #[tokio::test]
    async fn every_request_says_who_asks_and_where() {
        let mock = Mock::start([Answer::json(200, "[]")]).await;
        mock.client().regions().await.unwrap();
        let requests = mock.requests().await;
        let header = |name| requests[0].header(name);
        assert_eq!(header("authorization"), Some(&*format!("Token {TOKEN}")));
        assert_eq!(header("x-organisation-identity"), Some("acme"));
        assert_eq!(header("x-project-identity"), Some("shop"));
        assert_eq!(header("accept"), Some("application/json"));
        assert!(
            header("user-agent")
                .unwrap()
                .starts_with("strongroom-client/")
        );
    }

    #[tokio::test]
    async fn a_redirect_is_an_error_and_not_followed() {
        let mock = Mock::start([Answer::json(307, "").with("Location", "/elsewhere")]).await;
        let error = mock.client().regions().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Unexpected { status: 307, .. }),
            "{error}"
        );
        assert_eq!(mock.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn refusals_carry_request_id_and_waiting_time() {
        let answer = Answer::json(429, r#"{"message":"slower","code":"rate_limited"}"#)
            .with("Retry-After", "7")
            .with("X-Request-Id", "r-9");
        let mock = Mock::start([answer]).await;
        let error = mock.client().regions().await.unwrap_err();
        assert_eq!(error.to_string(), "limit reached: slower (request r-9)");
        let ClientError::RateLimited { retry_after, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(retry_after, Some(Duration::from_secs(7)));
    }

    #[tokio::test]
    async fn replies_beyond_the_limit_are_not_read() {
        let limit = 1_000;
        let long = format!("[{}]", " ".repeat(limit));
        let announced = Answer::json(200, &long);
        let chunked = Answer::json(200, &long).chunked();
        let fits = Answer::json(200, &format!("[{}]", " ".repeat(limit - 2))).chunked();
        let mock = Mock::start([announced, chunked, fits]).await;
        let client = mock.builder().reply_limit(limit).build().unwrap();
        for _ in 0..2 {
            let error = client.regions().await.unwrap_err();
            assert!(
                matches!(
                    error,
                    ClientError::Decode(DecodeError::TooLong { limit: 1_000 })
                ),
                "{error}"
            );
        }
        assert!(client.regions().await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn what_is_no_json_is_told_with_its_cause() {
        let mock = Mock::start([Answer::json(200, "<html>")]).await;
        let error = mock.client().regions().await.unwrap_err();
        let cause = error.source().unwrap();
        assert!(cause.to_string().contains("Strongroom server"), "{cause}");
        assert!(cause.source().is_some());
    }

    #[tokio::test]
    async fn an_endpoint_where_nobody_listens_had_no_effect() {
        let gone = Mock::start([]).await.address();
        let error = Mock::client_at(gone).regions().await.unwrap_err();
        let ClientError::Transport(error) = error else {
            panic!("{error}")
        };
        assert!(error.is_connect());
        assert_eq!(error.to_string(), "the server cannot be reached");
    }

    #[tokio::test]
    async fn a_connection_that_breaks_is_told_apart() {
        let mock = Mock::start([Answer::cut_off()]).await;
        let error = mock.client().regions().await.unwrap_err();
        let ClientError::Transport(error) = error else {
            panic!("{error}")
        };
        assert!(!error.is_connect());
    }
}
