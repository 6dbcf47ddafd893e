//! Logs, and the sending of traces.

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{self, Level, LogFormat};

/// Where the targets of our own crates begin.
const OWN: &str = "strongroom";

/// Logs and traces could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The exporter of traces cannot be made.
    #[error("traces cannot be sent to tracing.endpoint")]
    Exporter(#[source] ExporterBuildError),
    /// Something else in this process logs already.
    #[error("logging is set up already")]
    Twice(#[source] TryInitError),
}

/// Holds logs and traces; ending it sends what is left.
#[derive(Debug)]
pub struct Telemetry {
    provider: Option<SdkTracerProvider>,
}

impl Telemetry {
    /// Sets up logs on standard error, and traces where a collector is named, for the whole
    /// process.
    ///
    /// Call it before the asynchronous runtime starts: the exporter has a thread of its own and
    /// a client that blocks.
    pub fn start(
        logging: &config::Logging,
        tracing: &config::Tracing,
    ) -> Result<Self, TelemetryError> {
        let level = level_filter(logging.level);
        let logs = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let logs = match logging.format {
            LogFormat::Text => logs.with_ansi(false).boxed(),
            LogFormat::Json => logs.json().flatten_event(true).boxed(),
        };
        let provider = tracing
            .endpoint
            .as_deref()
            .map(|url| provider(url, tracing))
            .transpose()?;
        let traces = provider.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer(OWN))
                .with_filter(Targets::new().with_target(OWN, LevelFilter::INFO))
        });
        tracing_subscriber::registry()
            .with(logs.with_filter(targets(level)))
            .with(traces)
            .try_init()
            .map_err(TelemetryError::Twice)?;
        Ok(Self { provider })
    }

    /// Whether requests are traced.
    pub fn traces(&self) -> bool {
        self.provider.is_some()
    }

    /// Sends the traces that still wait.
    pub fn end(self) {
        if let Some(provider) = self.provider
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}

/// Our own crates at the level asked for, libraries at `warn` at most: below that, some of them
/// print headers, and with them credentials.
fn targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target(OWN, level)
}

fn level_filter(level: Level) -> LevelFilter {
    match level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

fn provider(url: &str, tracing: &config::Tracing) -> Result<SdkTracerProvider, TelemetryError> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(url)
        .build()
        .map_err(TelemetryError::Exporter)?;
    let here = Sampler::TraceIdRatioBased(tracing.sample_ratio);
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(here)))
        .with_resource(
            Resource::builder()
                .with_service_name(tracing.service_name.clone())
                .build(),
        )
        .build())
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn libraries_stay_quiet_however_loud_we_are() {
        let loudest = targets(LevelFilter::TRACE);
        assert!(loudest.would_enable("strongroom_server::listener", &Level::TRACE));
        assert!(loudest.would_enable("h2::codec", &Level::WARN));
        assert!(!loudest.would_enable("h2::codec", &Level::INFO));
        assert!(!loudest.would_enable("hyper::proto", &Level::DEBUG));
        let silent = targets(LevelFilter::OFF);
        assert!(!silent.would_enable("strongroom_server", &Level::ERROR));
        assert!(!silent.would_enable("rustls", &Level::ERROR));
    }
}
