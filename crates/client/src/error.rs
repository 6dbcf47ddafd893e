//! What can come of a call instead of its reply.

use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use strongroom_api::RequestError;

use crate::CredentialError;

/// Why a call gave no reply. The kinds are those that a caller acts on differently.
///
/// Nothing here holds a secret. What the server said is in the [`Refusal`].
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// 400: the request breaks a rule; sending it again is of no use.
    #[error("the server does not accept the request: {0}")]
    BadRequest(Refusal),
    /// 401: the credential is missing, wrong, expired or revoked.
    #[error("the server does not accept the credential: {0}")]
    Unauthorized(Refusal),
    /// 403: the caller may not do this.
    #[error("not permitted: {0}")]
    Forbidden(Refusal),
    /// 404: there is no such thing, or the caller may not know of it.
    #[error("not found: {0}")]
    NotFound(Refusal),
    /// 409: it exists already, or others changed it at the same time.
    #[error("conflict: {0}")]
    Conflict(Refusal),
    /// 413: the body is longer than the server reads.
    #[error("too large: {0}")]
    TooLarge(Refusal),
    /// 429: too many requests, or a quota is used up.
    #[error("limit reached: {refusal}")]
    RateLimited {
        /// What the server said.
        refusal: Refusal,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// 502, 503 or 504: the service, or a part of it, is not there now. The call may be sent again
    /// after a while.
    #[error("the service is not available: {refusal}")]
    Unavailable {
        /// What the server said.
        refusal: Refusal,
        /// How long the server asks to wait.
        retry_after: Option<Duration>,
    },
    /// Any other status, redirects among them, which are not followed.
    #[error("the server answered with status {status}: {refusal}")]
    Unexpected {
        /// The status.
        status: u16,
        /// What the server said.
        refusal: Refusal,
    },
    /// There was no complete answer. Whether the call had an effect is unknown, unless
    /// [`TransportError::is_connect`].
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server answered with success and something that this client does not understand.
    #[error("the server's reply cannot be understood")]
    Decode(#[from] DecodeError),
}

impl ClientError {
    /// What the server said, where it said anything.
    pub const fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::BadRequest(refusal)
            | Self::Unauthorized(refusal)
            | Self::Forbidden(refusal)
            | Self::NotFound(refusal)
            | Self::Conflict(refusal)
            | Self::TooLarge(refusal)
            | Self::RateLimited { refusal, .. }
            | Self::Unavailable { refusal, .. }
            | Self::Unexpected { refusal, .. } => Some(refusal),
            Self::Transport(_) | Self::Decode(_) => None,
        }
    }

    /// The kind that belongs to a status other than success.
    pub(crate) const fn of_status(
        status: u16,
        refusal: Refusal,
        retry_after: Option<Duration>,
    ) -> Self {
        match status {
            400 => Self::BadRequest(refusal),
            401 => Self::Unauthorized(refusal),
            403 => Self::Forbidden(refusal),
            404 => Self::NotFound(refusal),
            409 => Self::Conflict(refusal),
            413 => Self::TooLarge(refusal),
            429 => Self::RateLimited {
                refusal,
                retry_after,
            },
            502..=504 => Self::Unavailable {
                refusal,
                retry_after,
            },
            _ => Self::Unexpected { status, refusal },
        }
    }
}

/// What the server said when it refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What happened and what to do, for people, in one line.
    pub message: String,
    /// The entry of the error catalogue, such as `secret_not_found`; empty where a proxy answered.
    pub code: String,
    /// Names the call in the server's logs and audit records; may be empty.
    pub request_id: String,
}

/// The error bodies of the API and of OAuth (RFC 6749, 5.2).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    message: Option<String>,
    code: Option<String>,
    request_id: Option<String>,
    error: Option<String>,
    #[serde(rename = "error_description")]
    error_description: Option<String>,
}

impl Refusal {
    /// Reads an error body. Whatever it is, a refusal comes of it.
    pub(crate) fn read(body: &[u8], request_id: Option<&str>) -> Self {
        let body = serde_json::from_slice(body).unwrap_or(Body {
            message: None,
            code: None,
            request_id: None,
            error: None,
            error_description: None,
        });
        let code = body.code.or_else(|| body.error.clone()).unwrap_or_default();
        let said = body.message.or(body.error_description).or(body.error);
        let request_id = body
            .request_id
            .filter(|id| !id.is_empty())
            .or_else(|| request_id.map(str::to_owned))
            .unwrap_or_default();
        Self {
            message: said
                .map(|text| one_line(&text))
                .filter(|text| !text.is_empty())
                .unwrap_or_else(|| "it gave no reason that this client understands".to_owned()),
            code: one_line(&code),
            request_id: one_line(&request_id),
        }
    }
}

/// Foreign text without what could upset a terminal or fill a log.
fn one_line(text: &str) -> String {
    const MOST: usize = 2_000;
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MOST)
        .collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.request_id.is_empty() {
            Ok(())
        } else {
            write!(f, " (request {})", self.request_id)
        }
    }
}

/// The server could not be reached, or the connection broke.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.what())]
pub struct TransportError(#[source] reqwest::Error);

impl TransportError {
    pub(crate) const fn new(source: reqwest::Error) -> Self {
        Self(source)
    }

    /// Whether a time limit ran out.
    pub fn is_timeout(&self) -> bool {
        self.0.is_timeout()
    }

    /// Whether no connection was made, so that the call had no effect.
    pub fn is_connect(&self) -> bool {
        self.0.is_connect()
    }

    fn what(&self) -> &'static str {
        match () {
            () if self.is_connect() && self.is_timeout() => "the server cannot be reached in time",
            () if self.is_connect() => "the server cannot be reached",
            () if self.is_timeout() => "the server did not answer in time",
            () => "the connection to the server broke",
        }
    }
}

/// Why a reply cannot be understood.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is not the JSON that this call answers.
    #[error("it is not the JSON that this call answers; is the endpoint a Strongroom server?")]
    Json(#[source] serde_json::Error),
    /// A body with a secret lacks something; only names of fields are told.
    #[error("a field of it does not fit")]
    Field(#[source] RequestError),
    /// The body is longer than this client reads.
    #[error("it is longer than {limit} bytes, which is the most that this client reads")]
    TooLong {
        /// The limit, in bytes.
        limit: usize,
    },
    /// An access token that no header can carry.
    #[error("the access token in it cannot be used")]
    Token(#[source] CredentialError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_the_server_said() {
        let body = br#"{"message":"no such secret","code":"secret_not_found","requestId":"r-1"}"#;
        let refusal = Refusal::read(body, Some("ignored"));
        assert_eq!(refusal.to_string(), "no such secret (request r-1)");
        assert_eq!(refusal.code, "secret_not_found");
    }

    #[test]
    fn oauth_has_its_own_form() {
        let body = br#"{"error":"invalid_client","error_description":"wrong secret"}"#;
        let refusal = Refusal::read(body, None);
        assert_eq!(refusal.to_string(), "wrong secret");
        assert_eq!(refusal.code, "invalid_client");
    }

    #[test]
    fn whatever_a_proxy_says_becomes_a_refusal() {
        for body in [&b"<html>502</html>"[..], b"", b"[]", b"{\"message\":7}"] {
            let refusal = Refusal::read(body, Some("r-2"));
            assert!(refusal.message.contains("no reason"), "{refusal}");
            assert_eq!(refusal.request_id, "r-2");
        }
    }

    #[test]
    fn a_message_is_one_line_of_bounded_length() {
        let body = format!(r#"{{"message":"\u001b[31mred\n{}"}}"#, "x".repeat(10_000));
        let message = Refusal::read(body.as_bytes(), None).message;
        assert!(!message.contains(char::is_control));
        assert_eq!(message.chars().count(), 2_000);
    }

    #[test]
    fn every_status_has_its_kind() {
        let kind = |status| {
            let error = ClientError::of_status(status, Refusal::read(b"", None), None);
            assert!(error.refusal().is_some());
            error
        };
        assert!(matches!(kind(400), ClientError::BadRequest(_)));
        assert!(matches!(kind(401), ClientError::Unauthorized(_)));
        assert!(matches!(kind(403), ClientError::Forbidden(_)));
        assert!(matches!(kind(404), ClientError::NotFound(_)));
        assert!(matches!(kind(409), ClientError::Conflict(_)));
        assert!(matches!(kind(413), ClientError::TooLarge(_)));
        assert!(matches!(kind(429), ClientError::RateLimited { .. }));
        assert!(matches!(kind(503), ClientError::Unavailable { .. }));
        for other in [302, 405, 418, 500] {
            assert!(matches!(
                kind(other),
                ClientError::Unexpected { status, .. } if status == other
            ));
        }
    }
}
