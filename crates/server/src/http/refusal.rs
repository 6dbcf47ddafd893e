//! Refusals: every answer that is no success.
//!
//! A refusal has two sides: what the caller learns, and the cause, which is logged once under the
//! request id and never sent.

use std::borrow::Cow;
use std::error::Error;
use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use strongroom_api::{ErrorBody, ErrorCode, MissingRight, TokenRefusal};

use super::reply::JSON;

type Cause = Box<dyn Error + Send + Sync>;

/// Why a call is not answered with what it asked for.
#[derive(Debug)]
#[must_use]
pub struct Refusal {
    code: ErrorCode,
    message: Cow<'static, str>,
    cause: Option<Cause>,
    /// The error code of RFC 6749, where the caller speaks OAuth.
    oauth: Option<&'static str>,
    /// Boxed because it is rare: every call passes a result with room for a refusal.
    header: Option<Box<(HeaderName, HeaderValue)>>,
    /// The right that the caller lacks, where they may know; boxed for the same reason.
    missing: Option<Box<MissingRight>>,
    /// Whether the audit log gets a record of it.
    pub(super) is_recorded: bool,
}

impl Refusal {
    /// A refusal with a message for the caller: what happened, which field, what to do.
    pub(super) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            cause: None,
            oauth: None,
            header: None,
            missing: None,
            is_recorded: true,
        }
    }

    /// A refusal that says what the catalogue says.
    pub(super) fn of(code: ErrorCode) -> Self {
        let message = format!("{} {}", code.meaning(), code.remedy());
        Self::new(code, message)
    }

    /// A fault of ours: the caller learns what the catalogue says, the log gets the cause.
    pub(super) fn fault(code: ErrorCode, cause: impl Into<Cause>) -> Self {
        Self {
            cause: Some(cause.into()),
            ..Self::of(code)
        }
    }

    /// With one more header.
    pub(super) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    /// In the form of RFC 6749, for callers that speak OAuth.
    pub(super) fn for_oauth(mut self, error: &'static str) -> Self {
        self.oauth = Some(error);
        self
    }

    /// Of a probe: the audit log gets no record of it.
    pub(super) fn without_record(self) -> Self {
        Self {
            is_recorded: false,
            ..self
        }
    }

    /// The answer was given up because it took too long; the log has it under this name.
    pub(super) fn too_late(request_id: &str) -> Self {
        tracing::warn!(
            request_id,
            "a request took longer than limits.request_seconds and was given up"
        );
        Self::of(ErrorCode::RequestTimeout)
    }

    /// Too many requests.
    pub(super) fn throttled(wait: Duration) -> Self {
        Self::of(ErrorCode::RateLimited).after(wait)
    }

    /// With the time after which to try again, in whole seconds (RFC 9110, 10.2.3).
    fn after(self, wait: Duration) -> Self {
        let seconds = wait.as_secs().saturating_add(1);
        self.with_header(header::RETRY_AFTER, seconds.into())
    }

    /// A URL that exists, with other methods.
    pub(super) fn method(allow: HeaderValue) -> Self {
        Self::of(ErrorCode::MethodNotAllowed).with_header(header::ALLOW, allow)
    }

    pub(super) const fn code(&self) -> ErrorCode {
        self.code
    }

    /// What the caller learns.
    #[cfg(test)]
    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// Writes the cause to the log, once.
    pub(super) fn log(&self, request_id: &str, route: &str) {
        let code = self.code.as_str();
        match &self.cause {
            Some(cause) => {
                let cause = chain(cause.as_ref());
                tracing::error!(request_id, route, code, cause, "a call failed");
            }
            None => tracing::debug!(request_id, route, code, "a call was refused"),
        }
    }

    /// What the caller learns where only one item of a call was refused; the cause is logged.
    pub(super) fn into_item(self, request_id: &str, route: &str) -> (ErrorCode, String) {
        self.log(request_id, route);
        (self.code, self.message.into_owned())
    }

    /// The answer.
    pub(super) fn into_response(self, request_id: &str) -> Response<Body> {
        let body = match self.oauth {
            None => serde_json::to_vec(&ErrorBody {
                message: self.message.into_owned(),
                code: self.code.as_str().to_owned(),
                request_id: request_id.to_owned(),
                missing: self.missing.map(|missing| *missing),
            }),
            Some(error) => serde_json::to_vec(&TokenRefusal {
                error: error.to_owned(),
                error_description: self.message.to_string(),
                message: self.message.into_owned(),
                request_id: request_id.to_owned(),
            }),
        };
        let mut response = Response::new(Body::from(body.unwrap_or_default()));
        *response.status_mut() =
            StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, JSON);
        if response.status() == StatusCode::UNAUTHORIZED {
            challenge(response.headers_mut(), self.oauth.is_some());
        }
        if let Some((name, value)) = self.header.map(|header| *header) {
            response.headers_mut().insert(name, value);
        }
        if matches!(self.code, ErrorCode::BodyTooLarge | ErrorCode::BodyTimeout) {
            // What is left of the body is not read.
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// What a client may authenticate with (RFC 9110, 11.6.1).
fn challenge(headers: &mut HeaderMap, oauth: bool) {
    let value = if oauth {
        HeaderValue::from_static("Basic realm=\"strongroom\"")
    } else {
        HeaderValue::from_static("Bearer realm=\"strongroom\"")
    };
    headers.insert(header::WWW_AUTHENTICATE, value);
}

/// An error and everything behind it, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

/// An error of an operation, as the error catalogue knows it. The mapping stops compiling when a
/// variant is added.
pub(super) trait Catalogued: Error + Send + Sync + Sized + 'static {
    /// The entry of the catalogue.
    fn code(&self) -> ErrorCode;

    /// Whether the error's own message goes to the caller; otherwise the catalogue's does.
    /// Faults of ours (5xx) never show theirs.
    fn is_told(&self) -> bool {
        true
    }

    /// How long the caller should wait before the next attempt, where that is known.
    fn wait(&self) -> Option<Duration> {
        None
    }

    /// The right that the caller lacks, where that is why and they may know it.
    fn missing(&self) -> Option<MissingRight> {
        None
    }
}

impl<E: Catalogued> From<E> for Refusal {
    fn from(error: E) -> Self {
        let (code, wait) = (error.code(), error.wait());
        let refusal = if code.status() >= 500 {
            Self::fault(code, error)
        } else if error.is_told() {
            Self {
                missing: error.missing().map(Box::new),
                ..Self::new(code, error.to_string())
            }
        } else {
            Self::of(code)
        };
        match wait {
            Some(wait) => refusal.after(wait),
            None => refusal,
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn show(refusal: Refusal) -> (u16, HeaderMap, serde_json::Value) {
        let response = refusal.into_response("req-1");
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status.as_u16(),
            parts.headers,
            serde_json::from_slice(&body).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_fault_shows_no_internals() {
        let cause = std::io::Error::other("/var/lib/strongroom is full");
        let refusal = Refusal::fault(ErrorCode::StorageUnavailable, cause);
        let (status, headers, body) = show(refusal).await;
        assert_eq!(status, 503);
        assert_eq!(headers[header::CONTENT_TYPE], "application/json");
        assert!(!body.to_string().contains("/var/lib"));
        assert_eq!(body["code"], "storage_unavailable");
        assert_eq!(body["requestId"], "req-1");
    }

    #[tokio::test]
    async fn a_401_says_how_to_authenticate() {
        let (_, headers, _) = show(Refusal::of(ErrorCode::CredentialsMissing)).await;
        assert_eq!(
            headers[header::WWW_AUTHENTICATE],
            "Bearer realm=\"strongroom\""
        );
        let refusal = Refusal::of(ErrorCode::InvalidClient).for_oauth("invalid_client");
        let (status, headers, body) = show(refusal).await;
        assert_eq!(status, 401);
        assert_eq!(
            headers[header::WWW_AUTHENTICATE],
            "Basic realm=\"strongroom\""
        );
        assert_eq!(body["error"], "invalid_client");
        assert_eq!(body["message"], body["error_description"]);
    }

    #[tokio::test]
    async fn a_throttled_caller_learns_how_long() {
        let (status, headers, _) = show(Refusal::throttled(Duration::from_millis(1500))).await;
        assert_eq!(status, 429);
        assert_eq!(headers[header::RETRY_AFTER], "2");
    }
}
