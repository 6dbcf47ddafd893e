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
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde::{Deserialize, Serialize};
use serde_json::json;
use strongroom_api::{self as api, ErrorCode};
use strongroom_engine::{Arrival, Call};
use strongroom_types::Plaintext;

use super::Api;
use super::body;
use super::rate::{RateLimit, Source, Throttle};
use super::refusal::Refusal;
use super::request_id::RequestIds;
use super::route::{Answer, Route};
use crate::clock::SystemClock;
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

/// Both calls, for the API's description. They stand outside of the table of routes, because who
/// makes them passes no guard: there is no engine to ask yet.
pub(super) fn described() -> [Route; 2] {
    [
        Route::new(Method::GET, STATUS, "readSealStatus")
            .about("Says how many shares of the root key have come; 404 if it is in none.")
            .answers(StatusCode::OK, Answer::One("SealStatus")),
        Route::new(Method::POST, UNSEAL, "unseal")
            .about("Takes a share of the root key; the last that is needed opens the server.")
            .takes("Unseal")
            .answers(StatusCode::OK, Answer::One("SealStatus")),
    ]
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
    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Body> {
        let inner = &self.0;
        let path = request.uri().path();
        if path == UNSEAL || path == STATUS {
            return inner.about_the_seal(request, peer.ip()).await;
        }
        if let Some(api) = inner.api.get() {
            return api.answer(request, peer).await;
        }
        let id = inner.ids.next();
        match &inner.page {
            Some((page, router)) if *page == path => router.answer(request, peer).await,
            _ if path == "/healthz" => named(reply(&json!({"status": "ok"})), &id),
            _ => named(Refusal::of(ErrorCode::Sealed).into_response(&id), &id),
        }
    }

    fn too_late(&self, after: Duration) -> Response<Body> {
        if let Some(api) = self.0.api.get() {
            return api.too_late(after);
        }
        let id = self.0.ids.next();
        named(Refusal::too_late(&id).into_response(&id), &id)
    }
}

impl Inner {
    async fn about_the_seal(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
    ) -> Response<Body> {
        let id = self.ids.next();
        let response = match self.asked(request, peer, &id).await {
            Ok(status) => shown(status),
            Err(refusal) => {
                refusal.log(&id, "seal");
                refusal.into_response(&id)
            }
        };
        named(response, &id)
    }

    async fn asked(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        id: &str,
    ) -> Result<SealStatus, Refusal> {
        // By address alone: a credential means nothing here, and would make strangers of one.
        let throttled = self.throttle.check(Source::Address(Some(peer)));
        throttled.map_err(Refusal::throttled)?;
        match (request.uri().path(), request.method()) {
            (STATUS, &Method::GET) => Ok(self.seal.status().await),
            (UNSEAL, &Method::POST) => self.unseal(request, peer, id).await,
            (STATUS, _) => Err(Refusal::method(HeaderValue::from_static("GET"))),
            _ => Err(Refusal::method(HeaderValue::from_static("POST"))),
        }
    }

    async fn unseal(
        self: &Arc<Self>,
        request: Request<Incoming>,
        peer: IpAddr,
        id: &str,
    ) -> Result<SealStatus, Refusal> {
        let call = arrived(&request, peer, id);
        let body = body::read(request.into_body(), LONGEST, PATIENCE).await?;
        let share = parse(&body).ok_or_else(|| {
            let message = "The body has to be a JSON object with one field, share, that is text.";
            Refusal::new(ErrorCode::InvalidRequest, message)
        })?;
        // In a task of its own: it goes on if the caller hangs up.
        let inner = Arc::clone(self);
        let added = tokio::spawn(async move { inner.seal.add(share.expose(), call).await });
        match added.await {
            Ok(added) => added.map_err(|error| refused(&error)),
            Err(broken) => Err(Refusal::fault(ErrorCode::Sealed, broken)),
        }
    }
}

/// The call as it will be recorded, once there is a journal.
fn arrived(request: &Request<Incoming>, peer: IpAddr, id: &str) -> Arc<Call> {
    let agent = request.headers().get(header::USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    let arrival = Arrival {
        request_id: id.to_owned(),
        method: "POST".to_owned(),
        path: UNSEAL.to_owned(),
        client_ip: Some(peer),
        user_agent: agent.map(str::to_owned),
        success_status: StatusCode::OK.as_u16(),
        ..Arrival::default()
    };
    Call::arrived(&SystemClock, arrival)
}

/// With what every answer has here.
fn named(mut response: Response<Body>, id: &str) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert("x-request-id", id);
    }
    response
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
    let body = api::SealStatus {
        sealed: status.sealed,
        threshold: progress.threshold,
        shares: progress.shares,
        progress: match status.sealed {
            true => progress.held,
            false => progress.threshold.into(),
        },
    };
    reply(&body)
}

fn refused(error: &UnsealError) -> Refusal {
    match error {
        UnsealError::Share(_) => {
            tracing::warn!("a share that is none of this installation's was refused");
            Refusal::new(
                ErrorCode::InvalidShare,
                "This is no share of this installation's root key: check that it was copied whole \
                 and that the root key was not changed since it was given out.",
            )
        }
        UnsealError::WrongKey => Refusal::new(
            ErrorCode::InvalidShare,
            "The shares were enough, and their key does not open the keyring. They are forgotten; \
             begin again with the shares that were given out last.",
        ),
        UnsealError::NotOpened | UnsealError::Header(_) => {
            let cause = crate::commands::explain(error);
            tracing::error!(cause, "the server stays sealed");
            Refusal::new(
                ErrorCode::Sealed,
                "The installation could not be opened, and the shares are forgotten. The server's \
                 log says why; begin again when it is repaired.",
            )
        }
    }
}

fn reply(body: &impl Serialize) -> Response<Body> {
    // Figures and words always serialise.
    let text = serde_json::to_vec(body).unwrap_or_default();
    let mut response = Response::new(Body::from(text));
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, super::reply::JSON);
    response
}
