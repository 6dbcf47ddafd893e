//! HTTP, TLS, configuration, telemetry.
