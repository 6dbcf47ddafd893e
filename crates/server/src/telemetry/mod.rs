//! What the server tells about itself: logs, traces, metrics.
//!
//! None of them ever holds a value, a key or a credential, at any level.

mod logs;
mod metrics;
mod page;
mod traces;

pub use logs::{Telemetry, TelemetryError};
pub use metrics::{Metrics, Reading, ReadingKind, RouteMetrics};
pub use page::{METRICS, metrics_page};
pub(crate) use traces::request_span;
