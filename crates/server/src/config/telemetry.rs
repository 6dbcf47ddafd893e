//! What the server tells about itself.

use std::net::SocketAddr;

use super::section::{choice, section};

choice! {
    /// How much is logged.
    pub enum Level: "`off`, `error`, `warn`, `info`, `debug` or `trace`" {
        /// Nothing.
        Off,
        /// What went wrong.
        Error,
        /// And what may go wrong soon.
        Warn,
        /// And what the server does as a whole.
        Info,
        /// And every request.
        Debug,
        /// And its steps.
        Trace,
    }
}

choice! {
    /// How a log line looks.
    pub enum LogFormat: "`text` or `json`" {
        /// For people.
        Text,
        /// One JSON object in each line.
        Json,
    }
}

section! {
    /// Logs, on standard error. They never hold a value, a key or a credential, at any level.
    pub struct Logging {
        /// How much of Strongroom's own doing is logged. Libraries never log below `warn`.
        pub level: Level = Level::Info,
        /// How a line looks.
        pub format: LogFormat = LogFormat::Text,
    }
}

section! {
    /// OpenTelemetry traces, sent as OTLP over HTTP. A `traceparent` that a client sends
    /// (W3C Trace Context) is continued.
    pub struct Tracing {
        /// Where the collector takes traces, such as `http://127.0.0.1:4318/v1/traces`.
        /// Without it nothing is traced.
        pub endpoint: Option<String> = None,
        /// The service name that the collector shows.
        pub service_name: String = "strongroom".to_owned(),
        /// The share of traces that begin here which are kept, from 0 to 1.
        pub sample_ratio: f64 = 1.0,
    }
}

section! {
    /// Prometheus metrics at `/metrics`. They name routes, never paths.
    pub struct Metrics {
        /// Whether they are served.
        pub enabled: bool = true,
        /// An address of their own, in plain HTTP. Without it, they are on the main listener,
        /// where everyone who reaches the server can read them.
        pub listen: Option<SocketAddr> = None,
    }
}
