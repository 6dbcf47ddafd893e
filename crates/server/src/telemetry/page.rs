//! `/metrics`.

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;

use super::Metrics;

/// The content type of the OpenMetrics text format.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the figures are.
pub const METRICS: &str = "/metrics";

/// The page with all figures, for the main listener or one of its own.
pub fn metrics_page(metrics: Arc<Metrics>) -> Router {
    Router::new().route(METRICS, get(move || async move { page(&metrics) }))
}

fn page(metrics: &Metrics) -> axum::response::Response {
    match metrics.render() {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
