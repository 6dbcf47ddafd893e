//! What the configuration means to the rooms behind it.

use std::num::NonZeroU32;
use std::time::Duration;

use strongroom_api::Rules;
use strongroom_audit::JournalOptions;
use strongroom_authz::StatementsMode;
use strongroom_engine::{AttemptLimit, RegionSettings, Settings, ValueSettings};
use strongroom_store::EmbeddedOptions;
use strongroom_types::{LabelLimits, SlugError};

use crate::config::{Config, Encoding, Statements};
use crate::data_directory::DataDirectory;
use crate::http::{HttpSettings, RateLimit};

const DAY: u64 = 24 * 60 * 60;

/// For the engine. Fails on a region whose slug is none, which [`Config::check`] finds first.
pub fn engine(config: &Config) -> Result<Settings, SlugError> {
    let regions = config.regions.iter().map(|region| {
        Ok(RegionSettings {
            identity: region.identity().to_owned(),
            slug: region.slug.parse()?,
            name: region.name().to_owned(),
            kms: region.kms,
        })
    });
    Ok(Settings {
        regions: regions.collect::<Result<_, SlugError>>()?,
        values: ValueSettings {
            max_bytes: config.values.max_bytes,
            max_entries: config.values.max_entries,
            allow_empty_secret: config.values.allow_empty_secret,
        },
        label_limits: labels(config),
        statements: match config.values.statements {
            Statements::Enforce => StatementsMode::Enforce,
            Statements::Store => StatementsMode::Store,
        },
        require_key_permission: config.kms.require_key_permission,
        secrets_per_organisation: Some(config.quotas.secrets_per_organisation)
            .filter(|most| *most > 0),
        versions_per_secret: Some(config.quotas.versions_per_secret).filter(|most| *most > 0),
        key_deletion_delay: Duration::from_secs(u64::from(config.kms.deletion_days) * DAY),
        access_token_lifetime: Duration::from_secs(config.tokens.access_seconds),
        issuer: config.issuer.url.clone(),
        token_key_period: Duration::from_secs(u64::from(config.issuer.rotation_days) * DAY),
        attempts: AttemptLimit {
            free: config.limits.failed_attempts,
            longest: Duration::from_secs(config.limits.failed_attempt_wait_seconds),
        },
        audit_retention: Duration::from_secs(u64::from(config.audit.retention_days) * DAY),
        access_time_interval: Duration::from_secs(config.quotas.access_time_seconds),
        ..Settings::default()
    })
}

/// For HTTP.
pub fn http(config: &Config) -> HttpSettings {
    let per_second = NonZeroU32::new(config.limits.requests_per_second);
    let burst = NonZeroU32::new(config.limits.burst);
    HttpSettings {
        rules: Rules {
            encoding: match config.values.encoding {
                Encoding::Strict => strongroom_api::Encoding::Strict,
                Encoding::Lenient => strongroom_api::Encoding::Lenient,
            },
            max_value_bytes: config.values.max_bytes,
            max_entries: config.values.max_entries,
            allow_empty_secret: config.values.allow_empty_secret,
            plain_issuers: config.federation.allow_plain_http,
            labels: labels(config),
        },
        body_limit: config.limits.body_bytes,
        body_deadline: Duration::from_secs(config.limits.body_seconds),
        proxies: config
            .proxies
            .trusted
            .iter()
            .map(|network| network.net())
            .collect(),
        rate_limit: per_second
            .zip(burst)
            .map(|(per_second, burst)| RateLimit { per_second, burst }),
    }
}

/// For the embedded store; `installation` names it if it is new.
pub fn store(config: &Config, installation: [u8; 16]) -> EmbeddedOptions {
    let directory = DataDirectory::at(&config.store.data).store();
    let mut options = EmbeddedOptions::new(directory, installation);
    options.cache_bytes = mebibytes(config.store.cache_mebibytes as u64);
    options
}

/// For the audit journal.
pub fn journal(config: &Config) -> JournalOptions {
    let mut options = JournalOptions::usual(config.audit_directory());
    options.segment_bytes = mebibytes(config.audit.segment_mebibytes);
    options.deadline = Duration::from_secs(config.audit.deadline_seconds);
    options
}

fn labels(config: &Config) -> LabelLimits {
    LabelLimits {
        entries: config.quotas.labels,
        key: config.quotas.label_name_length,
        value: config.quotas.label_value_length,
    }
}

fn mebibytes(count: u64) -> u64 {
    count.saturating_mul(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rooms_themselves() {
        let config = Config::default();
        let ours = engine(&config).unwrap();
        let theirs = Settings::default();
        assert_eq!(ours.regions.len(), 1);
        assert_eq!(ours.values.max_bytes, theirs.values.max_bytes);
        assert_eq!(ours.values.max_entries, theirs.values.max_entries);
        assert_eq!(
            ours.values.allow_empty_secret,
            theirs.values.allow_empty_secret
        );
        assert_eq!(ours.label_limits, theirs.label_limits);
        assert_eq!(
            ours.secrets_per_organisation,
            theirs.secrets_per_organisation
        );
        assert_eq!(ours.versions_per_secret, theirs.versions_per_secret);
        assert_eq!(ours.key_deletion_delay, theirs.key_deletion_delay);
        assert_eq!(ours.access_token_lifetime, theirs.access_token_lifetime);
        assert_eq!(ours.issuer, theirs.issuer);
        assert_eq!(ours.token_key_period, theirs.token_key_period);
        assert_eq!(ours.attempts, theirs.attempts);
        assert_eq!(ours.audit_retention, theirs.audit_retention);
        assert_eq!(ours.access_time_interval, theirs.access_time_interval);
        assert_eq!(ours.require_key_permission, theirs.require_key_permission);
        let (ours, theirs) = (http(&config), HttpSettings::default());
        assert_eq!(ours.rules.max_value_bytes, theirs.rules.max_value_bytes);
        assert_eq!(ours.rules.labels, theirs.rules.labels);
        assert_eq!(ours.body_limit, theirs.body_limit);
        assert_eq!(ours.body_deadline, theirs.body_deadline);
        assert_eq!(ours.rate_limit, theirs.rate_limit);
        let usual = JournalOptions::usual(config.audit_directory());
        assert_eq!(journal(&config), usual);
    }

    #[test]
    fn a_rate_limit_needs_a_rate() {
        let mut config = Config::default();
        assert_eq!(http(&config).rate_limit, None);
        config.limits.requests_per_second = 7;
        assert_eq!(
            http(&config).rate_limit.map(|limit| limit.per_second.get()),
            Some(7)
        );
    }
}
