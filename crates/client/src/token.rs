//! Access tokens for client credentials: fetched when needed, renewed before they expire
//! (contract 3.2; RFC 6749, 4.4).

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::header::HeaderValue;
use strongroom_api::TokenReply;
use strongroom_types::Plaintext;
use tokio::sync::Mutex;

use crate::credential::authorization;
use crate::transport::Wire;
use crate::{ClientError, DecodeError};

/// Where access tokens come from. Callers that need one at the same time wait for one exchange.
pub(crate) struct TokenSource {
    /// The finished form with the client's id and secret.
    form: Bytes,
    held: Mutex<Option<Held>>,
}

/// A token, and how long it serves.
struct Held {
    header: HeaderValue,
    asked_at: Instant,
    lifetime: Duration,
}

/// How much of its life a token has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Age {
    Fresh,
    /// Valid, yet so old that it may expire while a request is under way.
    Ageing,
    Expired,
}

impl Held {
    /// Renewal begins a minute before the end, or in the last fifth of a short life.
    fn age(&self, now: Instant) -> Age {
        let lived = now.saturating_duration_since(self.asked_at);
        let margin = Duration::from_secs(60).min(self.lifetime / 5);
        if lived >= self.lifetime {
            Age::Expired
        } else if lived >= self.lifetime - margin {
            Age::Ageing
        } else {
            Age::Fresh
        }
    }
}

impl TokenSource {
    pub(crate) fn new(form: Bytes) -> Self {
        Self {
            form,
            held: Mutex::new(None),
        }
    }

    /// A token that is valid at `now`; says whether it is one that was held before.
    ///
    /// A token that still serves is used where a new one cannot be had.
    pub(crate) async fn token(
        &self,
        wire: &Wire,
        now: Instant,
    ) -> Result<(HeaderValue, bool), ClientError> {
        let mut held = self.held.lock().await;
        let known = held
            .as_ref()
            .map(|held| (held.age(now), held.header.clone()));
        if let Some((Age::Fresh, header)) = known {
            return Ok((header, true));
        }
        match (self.fetch(wire, now).await, known) {
            (Ok(new), _) => {
                let header = new.header.clone();
                *held = Some(new);
                Ok((header, false))
            }
            (Err(_), Some((Age::Ageing, header))) => Ok((header, true)),
            (Err(error), _) => Err(error),
        }
    }

    /// Drops the token that the server no longer accepts, unless it was replaced since.
    pub(crate) async fn forget(&self, refused: &HeaderValue) {
        let mut held = self.held.lock().await;
        if held.as_ref().is_some_and(|held| held.header == refused) {
            *held = None;
        }
    }

    async fn fetch(&self, wire: &Wire, now: Instant) -> Result<Held, ClientError> {
        let reply = wire.exchange("/oidc/token", self.form.clone()).await?;
        let reply: TokenReply = reply.success()?.json()?;
        let token = Plaintext::new(reply.access_token.into_bytes());
        let header = authorization("Bearer", token.expose())
            .map_err(|source| ClientError::Decode(DecodeError::Token(source)))?;
        Ok(Held {
            header,
            asked_at: now,
            lifetime: Duration::from_secs(reply.expires_in),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Mock};

    fn held(seconds: u64) -> Held {
        Held {
            header: HeaderValue::from_static("Bearer x"),
            asked_at: Instant::now(),
            lifetime: Duration::from_secs(seconds),
        }
    }

    #[test]
    fn tokens_are_renewed_before_they_expire() {
        let token = held(3600);
        let age = |seconds| token.age(token.asked_at + Duration::from_secs(seconds));
        assert_eq!(age(0), Age::Fresh);
        assert_eq!(age(3539), Age::Fresh);
        assert_eq!(age(3540), Age::Ageing);
        assert_eq!(age(3599), Age::Ageing);
        assert_eq!(age(3600), Age::Expired);
    }

    #[test]
    fn short_lives_are_used_for_the_most_part() {
        let token = held(50);
        let age = |seconds| token.age(token.asked_at + Duration::from_secs(seconds));
        assert_eq!(age(39), Age::Fresh);
        assert_eq!(age(40), Age::Ageing);
        assert_eq!(held(0).age(Instant::now()), Age::Expired);
    }

    fn issued(token: &str) -> Answer {
        let body =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
        Answer::json(200, &body)
    }

    fn regions() -> Answer {
        Answer::json(200, "[]")
    }

    #[tokio::test]
    async fn one_exchange_serves_many_calls() {
        let mock = Mock::start([issued("one"), regions(), regions()]).await;
        let client = mock.client_with_credentials();
        let (one, other) = tokio::join!(client.regions(), client.regions());
        assert!(one.is_ok() && other.is_ok());
        let requests = mock.requests().await;
        assert_eq!(requests[0].line, "POST /oidc/token HTTP/1.1");
        assert_eq!(
            requests[0].header("content-type"),
            Some("application/x-www-form-urlencoded")
        );
        assert_eq!(requests[0].header("authorization"), None);
        assert_eq!(
            requests[0].body,
            "grant_type=client_credentials&client_id=id&client_secret=hunter2"
        );
        for request in &requests[1..] {
            assert_eq!(request.header("authorization"), Some("Bearer one"));
        }
    }

    #[tokio::test]
    async fn a_token_that_the_server_forgot_is_replaced_once() {
        let refused = || Answer::json(401, r#"{"message":"unknown"}"#);
        let script = [
            issued("one"),
            regions(),
            refused(),
            issued("two"),
            regions(),
            refused(),
            issued("three"),
            refused(),
        ];
        let mock = Mock::start(script).await;
        let client = mock.client_with_credentials();
        client.regions().await.unwrap();
        client.regions().await.unwrap();
        let error = client.regions().await.unwrap_err();
        assert!(matches!(error, ClientError::Unauthorized(_)), "{error}");
        assert_eq!(mock.requests().await.len(), 8);
    }

    #[tokio::test]
    async fn a_refused_exchange_is_told_as_the_server_told_it() {
        let body = r#"{"error":"invalid_client","error_description":"x","message":"wrong pair"}"#;
        let mock = Mock::start([Answer::json(401, body)]).await;
        let error = mock.client_with_credentials().regions().await.unwrap_err();
        assert!(
            matches!(&error, ClientError::Unauthorized(said) if said.message == "wrong pair"),
            "{error}"
        );
        assert_eq!(mock.requests().await.len(), 1);
    }

    #[tokio::test]
    async fn a_token_that_still_serves_bridges_an_outage() {
        let down = || Answer::json(503, r#"{"message":"not now"}"#);
        let mock = Mock::start([issued("one"), down(), down()]).await;
        let wire = mock.wire();
        let source = TokenSource::new(Bytes::from_static(b"form"));
        let start = Instant::now();
        assert_eq!(source.token(&wire, start).await.unwrap().0, "Bearer one");
        let later = start + Duration::from_secs(3550);
        let (header, held_before) = source.token(&wire, later).await.unwrap();
        assert_eq!(header, "Bearer one");
        assert!(held_before);
        let too_late = start + Duration::from_secs(3600);
        let error = source.token(&wire, too_late).await.unwrap_err();
        assert!(matches!(error, ClientError::Unavailable { .. }), "{error}");
    }

    #[tokio::test]
    async fn an_unusable_token_is_no_token() {
        let mock = Mock::start([issued("two\\nlines")]).await;
        let error = mock.client_with_credentials().regions().await.unwrap_err();
        assert!(
            matches!(error, ClientError::Decode(DecodeError::Token(_))),
            "{error}"
        );
    }
}
