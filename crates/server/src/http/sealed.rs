//! What a sealed server answers: that it is sealed, and the two calls that end it.
//!
//! | Call | Answer |
//! |---|---|
//! | `GET /v1/sys/seal-status` | 200 `{"sealed", "threshold", "shares", "progress"}` |
//! | `POST /v1/sys/unseal` `{"share"}` | the same, 400 `invalid_share`, 429 |
//! | `GET /healthz`, `GET /metrics` | as ever |
//! | anything else | 503 `sealed` |
//!
//! Both calls are additions to the contract, and need no credential: who has a share has what it
//! takes. They are limited for each address, and a share that is wrong is answered in one way
//! whatever is wrong with it.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde::Deserialize;
use serde_json::json;
use strongroom_types::Plaintext;

use super::Api;
use super::body::{self, BodyError};
use super::rate::{RateLimit, Throttle};
use super::request_id::RequestIds;
use crate::listener::Site;
use crate::seal::{Seal, SealStatus, UnsealError};

const UNSEAL: &str = "/v1/sys/unseal";
const STATUS: &str = "/v1/sys/seal-status";
/// The longest body of an unsealing: several times a share.
const LONGEST: usize = 1024;
/// How long that body may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Requests a second that one address may make about the seal, in the long run.
const RATE: NonZeroU32 = NonZeroU32::MIN.saturating_add(1);
/// Requests at once: enough to bring the most shares that anybody keeps.
const BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(29);

/// The site of a server that starts sealed: this page first, the API afterwards. Clones are the
/// same.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    seal: Seal,
    api: OnceLock<Api>,
    page: Option<(&'static str, Router)>,
    throttle: Throttle,
    ids: RequestIds,
}

impl Gate {
    /// Sealed. At `page` is what is no part of the API.
    pub fn new(seal: Seal, page: Option<(&'static str, Router)>) -> Self {
        let limit = RateLimit {
            per_second: RATE,
            burst: BURST,
        };
        Self(Arc::new(Inner {
            seal,
            api: OnceLock::new(),
            page,
            throttle: Throttle::new(limit),
            ids: RequestIds::new(),
        }))
    }

    /// Serves the API from now on. A second time changes nothing.
    pub fn open(&self, api: Api) {
        self.0.api.get_or_init(|| api);
    }
}

impl Site for Gate {
    async fn answer(self, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let inner = &*self.0;
        let path = request.uri().path();
        if path == UNSEAL || path == STATUS {
            return inner.named(inner.about_the_seal(request, peer.ip()).await);
        }
        if let Some(api) = inner.api.get() {
            return api.clone().answer(request, peer).await;
        }
        match &inner.page {
            Some((page, router)) if *page == path => router.clone().answer(request, peer).await,
            _ if path == "/healthz" => inner.named(reply(StatusCode::OK, json!({"status": "ok"}))),
            _ => inner.named(sealed()),
        }
    }
}

impl Inner {
    async fn about_the_seal(&self, request: Request<Incoming>, peer: IpAddr) -> Response<Body> {
        // By address alone: a credential means nothing here, and would make strangers of one.
        if let Err(wait) = self.throttle.check(&HeaderMap::new(), Some(peer)) {
            return too_many(wait);
        }
        match (request.uri().path(), request.method()) {
            (STATUS, &Method::GET) => shown(self.seal.status().await),
            (UNSEAL, &Method::POST) => self.unseal(request).await,
            (STATUS, _) => not_allowed("GET"),
            _ => not_allowed("POST"),
        }
    }

    async fn unseal(&self, request: Request<Incoming>) -> Response<Body> {
        let share = match body::read(request.into_body(), LONGEST, PATIENCE).await {
            Ok(body) => parse(&body),
            Err(error) => return unread(&error),
        };
        let Some(share) = share else {
            let message = "The body has to be a JSON object with one field, share, that is text.";
            return refusal(StatusCode::BAD_REQUEST, "invalid_request", message);
        };
        match self.seal.add(share.expose()).await {
            Ok(status) => shown(status),
            Err(error) => refused(&error),
        }
    }

    fn named(&self, mut response: Response<Body>) -> Response<Body> {
        if let Ok(id) = HeaderValue::from_str(&self.ids.next()) {
            response.headers_mut().insert("x-request-id", id);
        }
        response
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unsealing {
    share: String,
}

/// The share. Why there is none is not told: the reason would quote what was sent.
fn parse(body: &[u8]) -> Option<Plaintext> {
    let unsealing: Unsealing = serde_json::from_slice(body).ok()?;
    Some(Plaintext::new(unsealing.share.into_bytes()))
}

fn shown(status: SealStatus) -> Response<Body> {
    let progress = status.progress;
    let body = json!({
        "sealed": status.sealed,
        "threshold": progress.threshold,
        "shares": progress.shares,
        "progress": if status.sealed { progress.held } else { progress.threshold.into() },
    });
    reply(StatusCode::OK, body)
}

fn refused(error: &UnsealError) -> Response<Body> {
    match error {
        UnsealError::Share(_) => {
            tracing::warn!("a share that is none of this installation's was refused");
            refusal(
                StatusCode::BAD_REQUEST,
                "invalid_share",
                "This is no share of this installation's root key: check that it was copied whole \
                 and that the root key was not changed since it was given out.",
            )
        }
        UnsealError::WrongKey => refusal(
            StatusCode::BAD_REQUEST,
            "invalid_share",
            "The shares were enough, and their key does not open the keyring. They are forgotten; \
             begin again with the shares that were given out last.",
        ),
        UnsealError::NotOpened | UnsealError::Header(_) => {
            let cause = crate::commands::explain(error);
            tracing::error!(cause, "the server stays sealed");
            refusal(
                StatusCode::SERVICE_UNAVAILABLE,
                "sealed",
                "The installation could not be opened, and the shares are forgotten. The server's \
                 log says why; begin again when it is repaired.",
            )
        }
    }
}

fn unread(error: &BodyError) -> Response<Body> {
    let (status, code) = match error {
        BodyError::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large"),
        BodyError::TooSlow { .. } => (StatusCode::REQUEST_TIMEOUT, "body_timeout"),
        BodyError::Broken(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
    };
    refusal(status, code, &format!("Nothing was done: {error}."))
}

fn sealed() -> Response<Body> {
    refusal(
        StatusCode::SERVICE_UNAVAILABLE,
        "sealed",
        "The server is sealed: it serves nothing until enough shares of its root key were given \
         with `strongroom unseal` or POST /v1/sys/unseal.",
    )
}

fn too_many(wait: Duration) -> Response<Body> {
    let message = "Too many requests about the seal came from this address: wait for the time in \
                   the Retry-After header.";
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, "rate_limited", message);
    let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
    response.headers_mut().insert(header::RETRY_AFTER, seconds);
    response
}

fn not_allowed(allowed: &'static str) -> Response<Body> {
    let message = format!("This URL takes {allowed} only.");
    let mut response = refusal(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        &message,
    );
    let allowed = HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    reply(status, json!({"message": message, "code": code}))
}

fn reply(status: StatusCode, body: serde_json::Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
