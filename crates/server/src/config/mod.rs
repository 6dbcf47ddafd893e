//! The configuration: one struct for each concern.
//!
//! A TOML file, over it the environment (`STRONGROOM__SERVER__LISTEN=…` sets `server.listen`),
//! under it the defaults. A key that nobody knows is refused, so a typing error cannot pass for
//! a setting.

mod audit;
mod check;
mod docs;
mod federation;
mod issuer;
mod limits;
mod load;
mod memory;
mod product;
mod proxies;
mod regions;
mod root_key;
mod section;
mod server;
mod storage;
mod telemetry;
mod tls;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use audit::Audit;
pub use check::{Contradiction, Contradictions};
pub use docs::{annotated_example, reference};
pub use federation::Federation;
pub use issuer::Issuer;
pub use limits::Limits;
pub use load::LoadError;
pub use memory::Memory;
pub use product::{Encoding, Kms, Quotas, Statements, Tokens, Values};
pub use proxies::{Network, NetworkError, Proxies};
pub use regions::Region;
pub use root_key::{PassphraseSource, PinSource, Provider, RootKey};
pub use section::{KeyDoc, Section};
pub use server::Server;
pub use storage::Store;
pub use telemetry::{Level, LogFormat, Logging, Metrics, Tracing};
pub use tls::{Tls, TlsVersion};

/// Everything that can be set.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs, reason = "each section documents itself")]
pub struct Config {
    pub server: Server,
    pub tls: Tls,
    pub limits: Limits,
    pub store: Store,
    pub root_key: RootKey,
    pub memory: Memory,
    pub audit: Audit,
    pub logging: Logging,
    pub tracing: Tracing,
    pub metrics: Metrics,
    pub values: Values,
    pub kms: Kms,
    pub tokens: Tokens,
    pub federation: Federation,
    pub issuer: Issuer,
    pub quotas: Quotas,
    pub proxies: Proxies,
    pub regions: Vec<Region>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            server: Server::default(),
            tls: Tls::default(),
            limits: Limits::default(),
            store: Store::default(),
            root_key: RootKey::default(),
            memory: Memory::default(),
            audit: Audit::default(),
            logging: Logging::default(),
            tracing: Tracing::default(),
            metrics: Metrics::default(),
            values: Values::default(),
            kms: Kms::default(),
            tokens: Tokens::default(),
            federation: Federation::default(),
            issuer: Issuer::default(),
            quotas: Quotas::default(),
            proxies: Proxies::default(),
            regions: vec![Region::default()],
        }
    }
}

impl Config {
    /// Where the audit journal lies.
    pub fn audit_directory(&self) -> PathBuf {
        self.audit
            .directory
            .clone()
            .unwrap_or_else(|| self.store.data.join("audit"))
    }

    /// Where the root key file lies, for the provider `file`.
    pub fn root_key_file(&self) -> PathBuf {
        self.root_key
            .file
            .clone()
            .unwrap_or_else(|| self.store.data.join("root.key"))
    }

    /// Whether the main listener speaks TLS.
    pub fn speaks_tls(&self) -> bool {
        self.tls.certificate.is_some() && self.tls.key.is_some()
    }
}
