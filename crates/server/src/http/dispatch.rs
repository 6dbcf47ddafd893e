//! From a URL's group of routes to a guarded handler, and back with a record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use strongroom_api::ErrorCode;
use strongroom_engine::{Arrival, Call};

use super::address::client_address;
use super::app::App;
use super::guard::{Door, Knock};
use super::rate::{Limit, Source, Throttle};
use super::refusal::Refusal;
use super::request_id::RequestIds;
use super::route::{Guarded, Route};
use super::secret_url::{Remainder, Suffix};
use super::url::Url;
use crate::telemetry::RouteMetrics;

/// The header that names a call.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// What all URLs share.
pub(super) struct Desk {
    pub(super) app: Arc<App>,
    pub(super) throttle: Option<Arc<Throttle>>,
    pub(super) ids: RequestIds,
}

/// One method of a URL.
pub(super) struct Entry {
    route: Route,
    suffix: Option<Suffix>,
    door: Door,
    guarded: Guarded,
    metrics: RouteMetrics,
}

impl Entry {
    pub(super) fn new(app: &App, route: Route, guarded: Guarded) -> Self {
        let method = method_name(&route.method);
        Self {
            suffix: route.suffix(),
            door: route.door(),
            metrics: app.metrics.route(method, route.template),
            route,
            guarded,
        }
    }
}

/// All methods of one URL pattern.
pub(super) struct Group {
    pub(super) desk: Arc<Desk>,
    pub(super) entries: Vec<Entry>,
    /// Where calls are counted that no entry takes.
    pub(super) strays: RouteMetrics,
}

impl Group {
    /// Answers a call to this URL pattern.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> Response<Body> {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        let url = Url::of(&head.uri);
        let found = self.find(&head.method, url);
        let success = found
            .as_ref()
            .map_or(StatusCode::OK, |entry| entry.route.success);
        let proxies = &self.desk.app.settings.proxies;
        let address = client_address(Some(peer.ip()), &head.headers, proxies);
        let arrival = Arrival {
            request_id: self.desk.ids.next(),
            method: head.method.as_str().to_owned(),
            path: recorded_path(url),
            client_ip: address,
            user_agent: text(&head.headers, &header::USER_AGENT),
            headers: recorded_headers(&head.headers),
            success_status: success.as_u16(),
            ..Arrival::default()
        };
        let call = Call::arrived(self.desk.app.engine.clock(), arrival);
        let limit = Limit(self.desk.throttle.clone());
        let (metrics, template, result) = match found {
            Err(refusal) => {
                let limited = limit.check(Source::Address(address));
                (&self.strays, "", Err(limited.err().unwrap_or(refusal)))
            }
            Ok(entry) => {
                let knock = Knock {
                    app: Arc::clone(&self.desk.app),
                    limit,
                    call: Arc::clone(&call),
                    door: entry.door,
                    uri: head.uri,
                    headers: head.headers,
                    body,
                };
                let result = (entry.guarded)(knock).await;
                (&entry.metrics, entry.route.template, result)
            }
        };
        let mut response = match result {
            Ok(reply) => reply.into_response(success),
            Err(refusal) => self.desk.refuse(&call, template, refusal).await,
        };
        finish(&mut response, call.request_id());
        metrics.observe(response.status().as_u16(), began.elapsed());
        response
    }

    /// The answer to a call whose own was given up after so long. It has a name of its own, under
    /// which the log has it.
    pub(super) fn too_late(&self, after: Duration) -> Response<Body> {
        let id = self.desk.ids.next();
        let mut response = Refusal::too_late(&id).into_response(&id);
        finish(&mut response, &id);
        self.strays.observe(response.status().as_u16(), after);
        response
    }

    /// The entry for this method; for a secret's URL also for its action word, and where routes
    /// share both, for the query parameter that tells them apart.
    fn find(&self, method: &Method, url: Url<'_>) -> Result<&Entry, Refusal> {
        let by_suffix = self.entries.iter().any(|entry| entry.suffix.is_some());
        let wanted = if by_suffix {
            let remainder = Remainder::of(url);
            let remainder = remainder.ok_or_else(|| Refusal::of(ErrorCode::RouteNotFound))?;
            Some(remainder.suffix(method, url).ok_or_else(|| self.allow())?)
        } else {
            None
        };
        self.entries
            .iter()
            .find(|entry| {
                entry.route.method == *method
                    && entry.suffix == wanted
                    && entry.route.only_with.is_none_or(|name| url.has(name))
            })
            .ok_or_else(|| self.allow())
    }

    /// A refusal that lists the methods of this URL; of no methods, there is no such URL.
    fn allow(&self) -> Refusal {
        let mut methods: Vec<&str> = self
            .entries
            .iter()
            .map(|entry| entry.route.method.as_str())
            .collect();
        methods.sort_unstable();
        methods.dedup();
        match HeaderValue::try_from(methods.join(", ")) {
            Ok(allow) if !methods.is_empty() => Refusal::method(allow),
            _ => Refusal::of(ErrorCode::RouteNotFound),
        }
    }
}

impl Desk {
    /// Records a refusal, then answers it. Without a record there is no other answer than that.
    async fn refuse(&self, call: &Arc<Call>, route: &str, refusal: Refusal) -> Response<Body> {
        let id = call.request_id();
        refusal.log(id, route);
        if !refusal.is_recorded {
            return refusal.into_response(id);
        }
        match self
            .app
            .engine
            .record_refusal(call, refusal.code().status())
            .await
        {
            Ok(recorded) => {
                let () = recorded.into_inner();
                refusal.into_response(id)
            }
            Err(error) => {
                let unavailable = Refusal::fault(ErrorCode::AuditUnavailable, error);
                unavailable.log(id, route);
                unavailable.into_response(id)
            }
        }
    }
}

/// What every answer carries.
fn finish(response: &mut Response<Body>, request_id: &str) {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, NO_STORE);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(REQUEST_ID, id);
    }
}

/// The path that goes on record: as it arrived, and the secret path of the query form. Nothing
/// else of a query.
fn recorded_path(url: Url<'_>) -> String {
    if url.query.is_empty() {
        return url.path.to_owned();
    }
    match url.path_parameter("path") {
        Ok(Some(path)) => format!("{}?path={path}", url.path),
        _ => url.path.to_owned(),
    }
}

/// The headers that go on record: those of contract 5.2 that can hold no credential.
fn recorded_headers(headers: &HeaderMap) -> Vec<(&'static str, String)> {
    const SAFE: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "Content-Type"),
        (header::ACCEPT, "Accept"),
        (
            HeaderName::from_static("x-forwarded-for"),
            "X-Forwarded-For",
        ),
        (REQUEST_ID, "X-Request-Id"),
    ];
    let mut recorded = Vec::new();
    for (name, shown) in &SAFE {
        if let Some(value) = text(headers, name) {
            recorded.push((*shown, value));
        }
    }
    // A referrer's query could hold anything.
    if let Some(mut referrer) = text(headers, &header::REFERER) {
        referrer.truncate(referrer.find(['?', '#']).unwrap_or(referrer.len()));
        recorded.push(("Referer", referrer));
    }
    recorded
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// A method's name, for as long as the metrics live.
fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_a_query_go_on_record() {
        let path = |uri: &str| {
            let uri: http::Uri = uri.parse().unwrap();
            recorded_path(Url::of(&uri))
        };
        assert_eq!(path("/v1/x"), "/v1/x");
        assert_eq!(path("/v1/x?token=hunter2"), "/v1/x");
        assert_eq!(path("/v1/x?path=/a+b&token=hunter2"), "/v1/x?path=/a+b");
        assert_eq!(path("/v1/x?path=/a&path=/b"), "/v1/x");
    }

    #[test]
    fn credentials_stay_off_the_record() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer hunter2"),
            ("cookie", "session=hunter2"),
            ("x-vault-token", "hunter2"),
            ("referer", "https://host/page?token=hunter2"),
            ("accept", "application/json"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let recorded = recorded_headers(&headers);
        assert_eq!(
            recorded,
            [
                ("Accept", "application/json".to_owned()),
                ("Referer", "https://host/page".to_owned())
            ]
        );
    }
}
