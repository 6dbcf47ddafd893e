//! Prometheus metrics.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// Bounds of the duration histogram, in seconds.
const BOUNDS: [f64; 12] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: &'static str,
}

/// The classes of status codes, as a label says them.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Everything that is counted. Labels name routes, never paths.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    pub(crate) in_flight: Gauge,
    pub(crate) connections: Gauge,
    pub(crate) connections_refused: Counter,
    pub(crate) handshakes_failed: Counter,
}

impl Metrics {
    /// A fresh registry, with the build's version in it.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("strongroom");
        let requests = Family::<RequestLabels, Counter>::default();
        let durations =
            Family::<RouteLabels, Histogram, fn() -> Histogram>::new_with_constructor(|| {
                Histogram::new(BOUNDS)
            });
        let in_flight = Gauge::default();
        let connections = Gauge::default();
        let connections_refused = Counter::default();
        let handshakes_failed = Counter::default();
        registry.register(
            "build",
            "Version of this server",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        registry.register("http_requests", "Requests answered", requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from a request's arrival to the start of its reply",
            durations.clone(),
        );
        registry.register("http_in_flight", "Requests being served", in_flight.clone());
        registry.register("connections", "Connections open", connections.clone());
        registry.register(
            "connections_refused",
            "Connections refused because too many were open",
            connections_refused.clone(),
        );
        registry.register(
            "tls_handshakes_failed",
            "TLS handshakes that failed or took too long",
            handshakes_failed.clone(),
        );
        Self {
            registry,
            requests,
            durations,
            in_flight,
            connections,
            connections_refused,
            handshakes_failed,
        }
    }

    /// The counters of one route, looked up once so that a request only adds to them.
    pub fn route(&self, method: &'static str, route: &'static str) -> RouteMetrics {
        RouteMetrics {
            by_class: CLASSES.map(|status| {
                self.requests.get_or_create_owned(&RequestLabels {
                    method,
                    route,
                    status,
                })
            }),
            duration: self
                .durations
                .get_or_create_owned(&RouteLabels { method, route }),
        }
    }

    /// Reads further figures whenever the metrics are asked for.
    pub fn follow(&mut self, source: impl Fn() -> Vec<Reading> + Send + Sync + 'static) {
        self.registry
            .register_collector(Box::new(Source(Arc::new(source))));
    }

    /// All figures, in the OpenMetrics text format.
    pub fn render(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// The counters of one route.
#[derive(Debug, Clone)]
pub struct RouteMetrics {
    by_class: [Counter; 5],
    duration: Histogram,
}

impl RouteMetrics {
    /// Counts one reply.
    pub fn observe(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100)
            .saturating_sub(1)
            .min(CLASSES.len() - 1);
        if let Some(counter) = self.by_class.get(class) {
            counter.inc();
        }
        self.duration.observe(took.as_secs_f64());
    }
}

/// Whether a figure only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadingKind {
    /// It only grows, until a restart.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// One figure that another room counts.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// The name, without the prefix.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: ReadingKind,
    /// The figure.
    pub value: u64,
}

/// A function that reads figures, as the registry takes it.
struct Source(Arc<dyn Fn() -> Vec<Reading> + Send + Sync>);

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Source")
    }
}

impl Collector for Source {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for Reading {
            name,
            help,
            kind,
            value,
        } in (self.0)()
        {
            match kind {
                ReadingKind::Counter => {
                    let metric = ConstCounter::new(value);
                    let kind = metric.metric_type();
                    metric.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
                }
                ReadingKind::Gauge => {
                    let metric = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
                    let kind = metric.metric_type();
                    metric.encode(encoder.encode_descriptor(name, help, None, kind)?)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let mut metrics = Metrics::new();
        let route = metrics.route("GET", "/v1/regions");
        route.observe(200, Duration::from_micros(700));
        route.observe(204, Duration::from_millis(2));
        route.observe(503, Duration::from_secs(9));
        metrics.connections.inc();
        metrics.follow(|| {
            vec![
                Reading {
                    name: "store_commits",
                    help: "Batches committed",
                    kind: ReadingKind::Counter,
                    value: 7,
                },
                Reading {
                    name: "audit_queued",
                    help: "Records that wait",
                    kind: ReadingKind::Gauge,
                    value: 3,
                },
            ]
        });
        let text = metrics.render().unwrap();
        for line in [
            "strongroom_http_requests_total{method=\"GET\",route=\"/v1/regions\",status=\"2xx\"} 2",
            "strongroom_http_requests_total{method=\"GET\",route=\"/v1/regions\",status=\"5xx\"} 1",
            "strongroom_http_request_duration_seconds_count{method=\"GET\",route=\"/v1/regions\"} 3",
            "strongroom_connections 1",
            "strongroom_store_commits_total 7",
            "strongroom_audit_queued 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
        assert!(text.contains(env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn a_status_that_is_none_is_still_counted_somewhere() {
        let metrics = Metrics::new();
        let route = metrics.route("GET", "/");
        route.observe(0, Duration::ZERO);
        route.observe(999, Duration::ZERO);
        assert_eq!(route.by_class.iter().map(Counter::get).sum::<u64>(), 2);
    }
}
