//! HTTP, TLS, configuration, telemetry: the only room that knows axum, hyper and the environment.
//!
//! - [`config`]: what can be set, its defaults and its documentation;
//! - [`listener`]: connections, TLS, limits, the graceful stop. It hands each request to a
//!   [`listener::Site`]: the API, or a page of figures;
//! - [`telemetry`]: logs, traces, and the metrics that routes count into
//!   ([`telemetry::Metrics::route`], looked up once for each route).

pub mod assemble;
pub mod clock;
pub mod commands;
pub mod config;
pub mod data_directory;
pub mod founding;
pub mod http;
pub mod listener;
pub mod memory;
pub mod outbound;
mod readings;
pub mod recipes;
pub mod root_key;
pub mod seal;
pub mod serving;
pub mod settings;
pub mod signals;
pub mod telemetry;
