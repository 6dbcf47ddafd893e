//! What every call shares.

use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use strongroom_api::Rules;
use strongroom_engine::Engine;

use super::rate::RateLimit;
use crate::telemetry::Metrics;

/// What the operator decides about HTTP.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What requests may hold.
    pub rules: Rules,
    /// The longest body that is read, in bytes.
    pub body_limit: usize,
    /// How long a body may take to arrive.
    pub body_deadline: Duration,
    /// Whose forwarding headers count.
    pub proxies: Vec<IpNet>,
    /// How many requests one caller may make; none means no limit.
    pub rate_limit: Option<RateLimit>,
}

impl Default for HttpSettings {
    /// The contract's limits, no proxies, no rate limit.
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            body_limit: 2 * 1024 * 1024,
            body_deadline: Duration::from_secs(30),
            proxies: Vec::new(),
            rate_limit: None,
        }
    }
}

/// What the API needs.
pub struct App {
    /// The product.
    pub engine: Engine,
    /// What the operator decided.
    pub settings: HttpSettings,
    /// Where replies are counted.
    pub metrics: Arc<Metrics>,
}
