//! What an operator decides about the product.

use std::time::Duration;

use strongroom_authz::StatementsMode;
use strongroom_types::{LabelLimits, Region, Slug};

/// The settings of an engine. The defaults are those of the contract.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The regions that are served; none other exists.
    pub regions: Vec<RegionSettings>,
    /// Limits of secret values.
    pub values: ValueSettings,
    /// Limits of labels and annotations.
    pub label_limits: LabelLimits,
    /// What `statements` in an access policy do (contract 6.1).
    pub statements: StatementsMode,
    /// Whether reveals and puts also demand a permission on the KMS key (contract 6.11).
    pub require_key_permission: bool,
    /// The most secrets that one organisation may have; none means no limit. Where several nodes
    /// share a store, each sees what the others created only within about a minute.
    pub secrets_per_organisation: Option<u64>,
    /// The most versions that one secret may ever have had; none means no limit.
    pub versions_per_secret: Option<u64>,
    /// After how many encryptions a version of a symmetric key is replaced by a new one, where the
    /// key may rotate. At twice as many the version encrypts no more, which must come before
    /// [`KeyMaterial::ENCRYPTION_LIMIT`](strongroom_crypto::KeyMaterial::ENCRYPTION_LIMIT).
    pub encryptions_per_version: u64,
    /// How many keys may be generated at once, of the types for which that takes long. Others wait.
    pub slow_workers: usize,
    /// How long a key waits between its deletion request and its removal.
    pub key_deletion_delay: Duration,
    /// How long a token from client credentials lives.
    pub access_token_lifetime: Duration,
    /// The `iss` of ID tokens, without a final slash; none means that none are issued.
    pub issuer: Option<String>,
    /// How long each key is used that seals access tokens or signs ID tokens; at least a day.
    pub token_key_period: Duration,
    /// Who must wait after failed attempts to authenticate.
    pub attempts: AttemptLimit,
    /// How long audit records are kept.
    pub audit_retention: Duration,
    /// How often access times go to the store. A crash loses at most this much of them.
    pub access_time_interval: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            regions: Vec::new(),
            values: ValueSettings::default(),
            label_limits: LabelLimits::default(),
            statements: StatementsMode::Enforce,
            require_key_permission: false,
            secrets_per_organisation: None,
            versions_per_secret: None,
            encryptions_per_version: (1 << 31) - (1 << 16),
            slow_workers: 1,
            key_deletion_delay: Duration::from_secs(30 * 24 * 60 * 60),
            access_token_lifetime: Duration::from_secs(60 * 60),
            issuer: None,
            token_key_period: Duration::from_secs(30 * 24 * 60 * 60),
            attempts: AttemptLimit::default(),
            audit_retention: Duration::from_secs(365 * 24 * 60 * 60),
            access_time_interval: Duration::from_secs(60),
        }
    }
}

/// How many failed attempts to authenticate cost nothing, and how long one may have to wait after
/// more of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptLimit {
    /// Failures, from one address or with one access key, after which whoever failed must wait: a
    /// second, then twice as long after each further one. 0 lets nobody wait.
    pub free: u32,
    /// The longest wait.
    pub longest: Duration,
}

impl Default for AttemptLimit {
    fn default() -> Self {
        Self {
            free: 20,
            longest: Duration::from_secs(60),
        }
    }
}

/// A region as configured.
#[derive(Debug, Clone)]
pub struct RegionSettings {
    /// Its stable identity, also accepted in URLs.
    pub identity: String,
    /// Its short name, as in `nl-01`.
    pub slug: Slug,
    /// Its name for people.
    pub name: String,
    /// Whether it has a key management service; without one, cryptographic calls answer 503.
    pub kms: bool,
}

impl RegionSettings {
    /// The typed region.
    pub fn region(&self) -> Region {
        Region::declared(&self.slug)
    }
}

/// Limits of secret values (contract 1.8).
#[derive(Debug, Clone, Copy)]
pub struct ValueSettings {
    /// Bytes in a string or in one entry, decoded.
    pub max_bytes: usize,
    /// Entries of a key-value secret.
    pub max_entries: usize,
    /// Whether a secret may be created without a value.
    pub allow_empty_secret: bool,
}

impl Default for ValueSettings {
    fn default() -> Self {
        Self {
            max_bytes: 4096,
            max_entries: 256,
            allow_empty_secret: false,
        }
    }
}
