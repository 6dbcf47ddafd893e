//! Settings that cannot stand together.

use std::collections::HashSet;
use std::fmt;

use strongroom_types::Slug;

use super::{Config, PassphraseSource, PinSource, Provider, RootKey};

/// Two settings that contradict each other, or one that cannot work.
///
/// Each names the key and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// Plain HTTP where others can listen in.
    #[error(
        "server.listen = {0} is reached by other machines, and there is no TLS: set \
         tls.certificate and tls.key, or listen on 127.0.0.1, or set server.allow_plain_http = true"
    )]
    PlainHttp(std::net::SocketAddr),
    /// Half of a TLS identity.
    #[error("{given} is set without {missing}: TLS needs both")]
    HalfTls {
        /// The key that is set.
        given: &'static str,
        /// The key that is not.
        missing: &'static str,
    },
    /// A number that leaves nothing to work with.
    #[error("{key} = {value} is too small: use {least} or more")]
    TooSmall {
        /// Which key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// The smallest that works.
        least: u64,
    },
    /// A number that is more than can be kept.
    #[error("{key} = {value} is too large: use {most} or less")]
    TooLarge {
        /// Which key.
        key: &'static str,
        /// Its value.
        value: u64,
        /// The largest that works.
        most: u64,
    },
    /// Two listeners in one place.
    #[error(
        "metrics.listen and server.listen are both {0}: give metrics another port, or leave \
         metrics.listen out to serve them on the main listener"
    )]
    SharedAddress(std::net::SocketAddr),
    /// The passphrase should come from a file that is not named.
    #[error("root_key.passphrase = \"file\" needs root_key.passphrase_file")]
    PassphraseFileMissing,
    /// A hardware security module that is not named in full.
    #[error("root_key.provider = \"pkcs11\" needs {0}")]
    Pkcs11Missing(&'static str),
    /// A name that cannot be used.
    #[error("root_key.{0} is empty: name the {0}, or leave the key out for the default")]
    EmptyName(&'static str),
    /// Shares that nobody can open with, or one person alone.
    #[error(
        "root_key.threshold = {threshold} does not go with root_key.shares = {shares}: use a \
         threshold of 2 or more, and at least as many shares"
    )]
    Shares {
        /// How many open.
        threshold: u8,
        /// How many there are.
        shares: u8,
    },
    /// No region.
    #[error("there is no region: add a [[regions]] table with a slug, such as slug = \"nl-01\"")]
    NoRegion,
    /// A region with a name that URLs cannot carry.
    #[error("regions: `{0}` is no slug: use a-z, 0-9, `-`, `_` and `.`")]
    RegionSlug(String),
    /// Two regions with one name.
    #[error("regions: `{0}` names two regions: slugs and identities must differ")]
    RegionTwice(String),
    /// A record would be waited for longer than the request may take.
    #[error(
        "audit.deadline_seconds = {audit} is not shorter than limits.request_seconds = {request}: \
         a reply could never say that its record failed; lower the first"
    )]
    Deadlines {
        /// The audit deadline.
        audit: u64,
        /// The request limit.
        request: u64,
    },
    /// A body that the largest value does not fit in.
    #[error(
        "limits.body_bytes = {body} cannot carry one value of values.max_bytes = {value} in \
         base64: use {least} or more"
    )]
    BodyTooSmall {
        /// The limit.
        body: usize,
        /// The value.
        value: usize,
        /// What would do.
        least: usize,
    },
    /// An issuer that nobody could find the keys of.
    #[error(
        "issuer.url must be an https:// URL without user, query, fragment and final slash, as in \
         https://vault.example.org (http:// only where this server itself speaks plain HTTP)"
    )]
    IssuerUrl,
    /// A share that is none.
    #[error("tracing.sample_ratio must be from 0 to 1")]
    SampleRatio,
    /// A collector that cannot be spoken to.
    #[error(
        "tracing.endpoint must begin with http:// or https://, as in http://127.0.0.1:4318/v1/traces"
    )]
    TracingEndpoint,
}

/// All contradictions of a configuration, one in each line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contradictions(pub Vec<Contradiction>);

impl fmt::Display for Contradictions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration contradicts itself:")?;
        self.0.iter().try_for_each(|each| write!(f, "\n- {each}"))
    }
}

impl std::error::Error for Contradictions {}

impl Config {
    /// Finds every contradiction, so that one look is enough to repair them all.
    pub fn check(&self) -> Result<(), Contradictions> {
        let mut found = Vec::new();
        self.check_listening(&mut found);
        self.check_sizes(&mut found);
        self.check_root_key(&mut found);
        self.check_regions(&mut found);
        self.check_federation(&mut found);
        self.check_issuer(&mut found);
        self.check_tracing(&mut found);
        if found.is_empty() {
            Ok(())
        } else {
            Err(Contradictions(found))
        }
    }

    fn check_listening(&self, found: &mut Vec<Contradiction>) {
        match (&self.tls.certificate, &self.tls.key) {
            (Some(_), None) => found.push(Contradiction::HalfTls {
                given: "tls.certificate",
                missing: "tls.key",
            }),
            (None, Some(_)) => found.push(Contradiction::HalfTls {
                given: "tls.key",
                missing: "tls.certificate",
            }),
            (None, None)
                if !self.server.allow_plain_http && !self.server.listen.ip().is_loopback() =>
            {
                found.push(Contradiction::PlainHttp(self.server.listen));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
        if let Some(metrics) = self.metrics.listen
            && metrics == self.server.listen
            && metrics.port() != 0
        {
            found.push(Contradiction::SharedAddress(metrics));
        }
    }

    fn check_sizes(&self, found: &mut Vec<Contradiction>) {
        let limits = &self.limits;
        for (key, value, least) in [
            ("limits.connections", limits.connections as u64, 1),
            ("limits.header_bytes", limits.header_bytes as u64, 8_192),
            ("limits.header_count", limits.header_count as u64, 16),
            ("limits.header_seconds", limits.header_seconds, 1),
            ("limits.handshake_seconds", limits.handshake_seconds, 1),
            ("limits.idle_seconds", limits.idle_seconds, 1),
            ("limits.request_seconds", limits.request_seconds, 2),
            ("limits.body_seconds", limits.body_seconds, 1),
            ("limits.http2_streams", u64::from(limits.http2_streams), 1),
            ("limits.burst", u64::from(limits.burst), 1),
            (
                "store.cache_mebibytes",
                self.store.cache_mebibytes as u64,
                1,
            ),
            ("audit.segment_mebibytes", self.audit.segment_mebibytes, 1),
            ("audit.deadline_seconds", self.audit.deadline_seconds, 1),
            (
                "audit.retention_days",
                u64::from(self.audit.retention_days),
                1,
            ),
            ("values.max_bytes", self.values.max_bytes as u64, 1),
            ("values.max_entries", self.values.max_entries as u64, 1),
            ("kms.deletion_days", u64::from(self.kms.deletion_days), 1),
            (
                "quotas.access_time_seconds",
                self.quotas.access_time_seconds,
                1,
            ),
        ] {
            if value < least {
                found.push(Contradiction::TooSmall { key, value, least });
            }
        }
        for (key, value, most) in [
            ("values.max_bytes", self.values.max_bytes as u64, 1_048_576),
            ("values.max_entries", self.values.max_entries as u64, 65_536),
            ("limits.header_bytes", limits.header_bytes as u64, 1_048_576),
            ("limits.header_count", limits.header_count as u64, 4_096),
            ("limits.body_bytes", limits.body_bytes as u64, 1 << 30),
            (
                "kms.deletion_days",
                u64::from(self.kms.deletion_days),
                3_650,
            ),
            (
                "audit.segment_mebibytes",
                self.audit.segment_mebibytes,
                4_096,
            ),
            ("server.workers", self.server.workers as u64, 1_024),
        ] {
            if value > most {
                found.push(Contradiction::TooLarge { key, value, most });
            }
        }
        // Base64 makes four characters of three bytes; the rest of the JSON needs little.
        let least = self
            .values
            .max_bytes
            .div_ceil(3)
            .saturating_mul(4)
            .saturating_add(1_024);
        if limits.body_bytes < least {
            let (body, value) = (limits.body_bytes, self.values.max_bytes);
            found.push(Contradiction::BodyTooSmall { body, value, least });
        }
        let (audit, request) = (self.audit.deadline_seconds, limits.request_seconds);
        if audit >= request {
            found.push(Contradiction::Deadlines { audit, request });
        }
    }

    fn check_root_key(&self, found: &mut Vec<Contradiction>) {
        let root = &self.root_key;
        match root.provider {
            Provider::Passphrase => match root.passphrase {
                PassphraseSource::File if root.passphrase_file.is_none() => {
                    found.push(Contradiction::PassphraseFileMissing);
                }
                PassphraseSource::Environment if root.passphrase_variable.is_empty() => {
                    found.push(Contradiction::EmptyName("passphrase_variable"));
                }
                PassphraseSource::Prompt
                | PassphraseSource::File
                | PassphraseSource::Environment => {}
            },
            Provider::Environment if root.variable.is_empty() => {
                found.push(Contradiction::EmptyName("variable"));
            }
            Provider::Credential if root.credential.is_empty() => {
                found.push(Contradiction::EmptyName("credential"));
            }
            Provider::Shamir if root.threshold < 2 || root.threshold > root.shares => {
                found.push(Contradiction::Shares {
                    threshold: root.threshold,
                    shares: root.shares,
                });
            }
            Provider::Pkcs11 => check_pkcs11(root, found),
            Provider::File | Provider::Environment | Provider::Credential | Provider::Shamir => {}
        }
    }

    fn check_regions(&self, found: &mut Vec<Contradiction>) {
        if self.regions.is_empty() {
            found.push(Contradiction::NoRegion);
        }
        let mut names = HashSet::new();
        for region in &self.regions {
            if region.slug.parse::<Slug>().is_err() {
                found.push(Contradiction::RegionSlug(region.slug.clone()));
            }
            let own: HashSet<&str> = HashSet::from([region.slug.as_str(), region.identity()]);
            for name in own {
                if !names.insert(name) {
                    found.push(Contradiction::RegionTwice(name.to_owned()));
                }
            }
        }
    }

    fn check_federation(&self, found: &mut Vec<Contradiction>) {
        let key = "federation.timeout_seconds";
        let value = self.federation.timeout_seconds;
        // An exchange may ask twice, for the discovery document and for the keys.
        let most = (self.limits.request_seconds / 3).max(1);
        if value < 1 {
            let least = 1;
            found.push(Contradiction::TooSmall { key, value, least });
        } else if value > most {
            found.push(Contradiction::TooLarge { key, value, most });
        }
    }

    fn check_issuer(&self, found: &mut Vec<Contradiction>) {
        let (key, value) = ("issuer.rotation_days", self.issuer.rotation_days.into());
        let (least, most) = (1, 3_650);
        if value < least {
            found.push(Contradiction::TooSmall { key, value, least });
        } else if value > most {
            found.push(Contradiction::TooLarge { key, value, most });
        }
        let plain = self.server.listen.ip().is_loopback() || self.server.allow_plain_http;
        if let Some(url) = &self.issuer.url
            && !is_issuer(url, plain)
        {
            found.push(Contradiction::IssuerUrl);
        }
    }

    fn check_tracing(&self, found: &mut Vec<Contradiction>) {
        if !(0.0..=1.0).contains(&self.tracing.sample_ratio) {
            found.push(Contradiction::SampleRatio);
        }
        if let Some(endpoint) = &self.tracing.endpoint
            && !endpoint.starts_with("http://")
            && !endpoint.starts_with("https://")
        {
            found.push(Contradiction::TracingEndpoint);
        }
    }
}

/// OpenID Connect Discovery 1.0, section 3.
fn is_issuer(url: &str, plain: bool) -> bool {
    let rest = url.strip_prefix("https://");
    let rest = rest.or_else(|| url.strip_prefix("http://").filter(|_| plain));
    rest.is_some_and(|rest| {
        let named = !rest.is_empty() && !rest.starts_with('/') && !rest.ends_with('/');
        let legal = |byte: u8| byte.is_ascii_graphic() && !b"?#@\\\"<>".contains(&byte);
        named && rest.bytes().all(legal)
    })
}

fn check_pkcs11(root: &RootKey, found: &mut Vec<Contradiction>) {
    if root.module.is_none() {
        found.push(Contradiction::Pkcs11Missing("root_key.module"));
    }
    if root.token.is_none() && root.slot.is_none() {
        found.push(Contradiction::Pkcs11Missing(
            "root_key.token or root_key.slot",
        ));
    }
    if root.pin == PinSource::File && root.pin_file.is_none() {
        found.push(Contradiction::Pkcs11Missing("root_key.pin_file"));
    }
    for (name, value) in [
        ("key_label", &root.key_label),
        ("pin_variable", &root.pin_variable),
        ("pin_credential", &root.pin_credential),
    ] {
        if value.is_empty() {
            found.push(Contradiction::EmptyName(name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Region;

    /// A change to the default, and the key that the message has to name.
    type Case = (fn(&mut Config), &'static str);

    /// What is found once the default is changed.
    fn found(change: impl FnOnce(&mut Config)) -> Vec<Contradiction> {
        let mut config = Config::default();
        change(&mut config);
        config
            .check()
            .err()
            .map(|found| found.0)
            .unwrap_or_default()
    }

    #[test]
    fn the_default_stands() {
        assert_eq!(found(|_| {}), []);
    }

    #[test]
    fn plain_http_stays_on_this_machine_unless_allowed() {
        let public = "192.0.2.1:443".parse().unwrap();
        assert_eq!(
            found(|c| c.server.listen = public),
            [Contradiction::PlainHttp(public)]
        );
        assert_eq!(found(|c| c.server.listen = "[::1]:1".parse().unwrap()), []);
        let allowed = |c: &mut Config| {
            c.server.listen = public;
            c.server.allow_plain_http = true;
        };
        assert_eq!(found(allowed), []);
        let with_tls = |c: &mut Config| {
            c.server.listen = public;
            c.tls.certificate = Some("c".into());
            c.tls.key = Some("k".into());
        };
        assert_eq!(found(with_tls), []);
    }

    #[test]
    fn each_contradiction_names_its_key() {
        let cases: Vec<Case> = vec![
            (|c| c.tls.key = Some("k".into()), "tls.certificate"),
            (|c| c.tls.certificate = Some("c".into()), "tls.key"),
            (|c| c.limits.connections = 0, "limits.connections"),
            (|c| c.limits.header_bytes = 100, "limits.header_bytes"),
            (|c| c.limits.body_bytes = 4_096, "limits.body_bytes"),
            (|c| c.limits.request_seconds = 5, "audit.deadline_seconds"),
            (|c| c.values.max_bytes = 2_000_000, "values.max_bytes"),
            (
                |c| c.metrics.listen = Some(c.server.listen),
                "metrics.listen",
            ),
            (
                |c| c.tracing.sample_ratio = f64::NAN,
                "tracing.sample_ratio",
            ),
            (
                |c| c.tracing.endpoint = Some("collector:4318".into()),
                "tracing.endpoint",
            ),
            (
                |c| c.federation.timeout_seconds = 0,
                "federation.timeout_seconds",
            ),
            (
                |c| c.federation.timeout_seconds = 40,
                "federation.timeout_seconds",
            ),
            (|c| c.issuer.url = Some(String::new()), "issuer.url"),
            (
                |c| c.issuer.url = Some("https://a.example/".into()),
                "issuer.url",
            ),
            (
                |c| c.issuer.url = Some("https://a.example?b".into()),
                "issuer.url",
            ),
            (
                |c| {
                    c.server.listen = ([192, 0, 2, 1], 443).into();
                    c.issuer.url = Some("http://a.example".into());
                },
                "issuer.url",
            ),
            (|c| c.issuer.rotation_days = 0, "issuer.rotation_days"),
            (|c| c.regions.clear(), "[[regions]]"),
            (|c| c.regions.push(Region::of_slug("Nl")), "`Nl`"),
            (|c| c.regions.push(Region::of_slug("nl-01")), "`nl-01`"),
            (
                |c| {
                    c.root_key.provider = Provider::Passphrase;
                    c.root_key.passphrase = PassphraseSource::File;
                },
                "root_key.passphrase_file",
            ),
            (
                |c| {
                    c.root_key.provider = Provider::Environment;
                    c.root_key.variable = String::new();
                },
                "root_key.variable",
            ),
            (
                |c| c.root_key.provider = Provider::Pkcs11,
                "root_key.module",
            ),
            (|c| c.root_key.provider = Provider::Pkcs11, "root_key.slot"),
            (
                |c| {
                    c.root_key.provider = Provider::Pkcs11;
                    c.root_key.pin = PinSource::File;
                },
                "root_key.pin_file",
            ),
            (
                |c| {
                    c.root_key.provider = Provider::Pkcs11;
                    c.root_key.key_label = String::new();
                },
                "root_key.key_label",
            ),
        ];
        for (change, key) in cases {
            let message = Contradictions(found(change)).to_string();
            assert!(message.contains(key), "{key}: {message}");
        }
    }

    #[test]
    fn all_are_found_at_once() {
        let both = found(|c| {
            c.regions.clear();
            c.limits.idle_seconds = 0;
        });
        assert_eq!(both.len(), 2);
    }
}
