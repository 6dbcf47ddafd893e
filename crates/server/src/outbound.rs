//! Calls to servers of others: documents of the issuers whose tokens are trusted.
//!
//! The URLs come from whoever may manage providers, and from the documents of foreign servers. So
//! that nobody can make this server fetch what only it can reach, names are resolved here, every
//! address is checked, and the connection goes to the checked addresses. Redirects are not
//! followed, proxies of the environment not used, and time and size are limited.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, Url, redirect};
use strongroom_engine::{FetchError, Outbound};

use crate::config::Federation;

/// The longest document, in bytes. Those of large issuers have some 10 KiB.
const LONGEST: usize = 256 * 1024;

/// The certificates of further authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The file cannot be read.
    #[error("federation.ca_file {} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It holds no certificates.
    #[error("federation.ca_file {} is no PEM file of certificates", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

/// A client for servers that are not ours.
pub struct Fetcher {
    /// None where the system has no certificates to begin with: then nothing can be fetched.
    client: Option<Client>,
    gate: Arc<AddressGate>,
    plain_http: bool,
}

impl Fetcher {
    /// A client as the configuration wants it.
    ///
    /// # Errors
    ///
    /// The file of certificates cannot be used.
    pub fn new(settings: &Federation) -> Result<Self, OutboundError> {
        let networks = settings.allowed_networks.iter();
        let gate = Arc::new(AddressGate {
            allowed: networks.map(|network| network.net()).collect(),
        });
        let timeout = Duration::from_secs(settings.timeout_seconds);
        let client = Client::builder()
            .dns_resolver(Arc::new(CheckedNames(Arc::clone(&gate))))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .timeout(timeout)
            .connect_timeout(timeout)
            .pool_max_idle_per_host(0)
            .tls_certs_merge(authorities(settings)?)
            .build()
            .inspect_err(|error| {
                let cause: &dyn std::error::Error = error;
                tracing::warn!(cause, "keys of foreign issuers cannot be fetched");
            });
        Ok(Self {
            client: client.ok(),
            gate,
            plain_http: settings.allow_plain_http,
        })
    }

    /// Whether the URL may be asked for, as far as that can be told without resolving its name.
    fn check(&self, url: &str) -> Result<Url, FetchError> {
        let forbidden = |why: &str| FetchError::Forbidden(why.to_owned());
        let url = Url::parse(url).map_err(|_| forbidden("this is no URL"))?;
        if url.scheme() != "https" && !(self.plain_http && url.scheme() == "http") {
            return Err(forbidden("only https is used"));
        }
        // A name is checked when it is resolved; an address is never resolved.
        let host = url
            .host_str()
            .ok_or_else(|| forbidden("it names no host"))?;
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        match bare.parse::<IpAddr>() {
            Ok(address) if !self.gate.opens(address) => {
                Err(FetchError::Forbidden(ClosedAddress(address).to_string()))
            }
            _ => Ok(url),
        }
    }

    async fn get(&self, url: String) -> Result<Vec<u8>, FetchError> {
        let url = self.check(&url)?;
        let client = self.client.as_ref();
        let client = client.ok_or_else(|| {
            FetchError::Forbidden("this system has no certificate authorities".to_owned())
        })?;
        let unreachable = |error: reqwest::Error| FetchError::Unreachable(Box::new(error));
        let request = client.get(url).header("accept", "application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(FetchError::Status(response.status().as_u16()));
        }
        let mut document = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(unreachable)? {
            if document.len() + piece.len() > LONGEST {
                return Err(FetchError::TooLong(LONGEST));
            }
            document.extend_from_slice(&piece);
        }
        Ok(document)
    }
}

impl Outbound for Fetcher {
    fn fetch(&self, url: String) -> BoxFuture<'_, Result<Vec<u8>, FetchError>> {
        Box::pin(self.get(url))
    }
}

fn authorities(settings: &Federation) -> Result<Vec<Certificate>, OutboundError> {
    let Some(path) = &settings.ca_file else {
        return Ok(Vec::new());
    };
    let text = fs::read(path).map_err(|source| OutboundError::Read {
        path: path.clone(),
        source,
    })?;
    Certificate::from_pem_bundle(&text).map_err(|source| OutboundError::Parse {
        path: path.clone(),
        source,
    })
}

/// An address that is not asked.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a public address, and federation.allowed_networks does not name it")]
struct ClosedAddress(IpAddr);

/// Which addresses may be asked.
struct AddressGate {
    allowed: Vec<IpNet>,
}

impl AddressGate {
    fn opens(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed
            .iter()
            .any(|network| network.contains(&address))
            || is_public(address)
    }
}

/// Resolves names, and refuses one of whose addresses any is closed.
struct CheckedNames(Arc<AddressGate>);

impl Resolve for CheckedNames {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if let Some(closed) = found.iter().find(|address| !gate.opens(address.ip())) {
                return Err(ClosedAddress(closed.ip()).into());
            }
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

/// Whether the whole Internet reaches this address (the registries of RFC 6890).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = match (a, b, c) {
        // This network, loopback, multicast and everything above it.
        (0 | 127 | 224..=255, _, _) => true,
        // Shared by carriers, and for benchmarks.
        (100, 64..=127, _) | (198, 18 | 19, _) => true,
        // Protocol assignments, relays, and examples.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 51, 100) | (203, 0, 113) => true,
        _ => address.is_private() || address.is_link_local(),
    };
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, _, _, e, f] = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([w, x], [y, z]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(w, x, y, z))
    };
    match (a, b) {
        // IPv4 behind a translator (RFC 6052).
        (0x64, 0xff9b) if c == 0 && d == 0 => embedded(e, f),
        // 6to4 (RFC 3056).
        (0x2002, high) => embedded(high, c),
        // Protocol assignments, Teredo among them, and examples.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x3fff, 0..=0xfff) => false,
        // Global unicast; loopback, private, link-local and multicast lie outside.
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error and everything behind it.
    fn chain(error: &dyn std::error::Error) -> String {
        std::iter::successors(Some(error), |error| error.source())
            .map(|error| error.to_string() + ": ")
            .collect()
    }

    fn opens(allowed: &[&str], address: &str) -> bool {
        let allowed = allowed.iter().map(|network| network.parse().unwrap());
        let gate = AddressGate {
            allowed: allowed.collect(),
        };
        gate.opens(address.parse().unwrap())
    }

    #[test]
    fn only_public_addresses_are_asked() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "100.63.255.255",
            "172.32.0.1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::101:101",
            "::ffff:1.1.1.1",
        ] {
            assert!(opens(&[], address), "{address}");
        }
        for address in [
            "127.0.0.1",
            "127.255.0.1",
            "0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "2002:a00:1::",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
        ] {
            assert!(!opens(&[], address), "{address}");
        }
    }

    #[test]
    fn the_operator_can_open_networks() {
        assert!(opens(&["10.0.0.0/8"], "10.1.2.3"));
        assert!(opens(&["10.0.0.0/8"], "::ffff:10.1.2.3"));
        assert!(!opens(&["10.0.0.0/8"], "192.168.0.1"));
        assert!(opens(&["::1/128"], "::1"));
    }

    #[test]
    fn urls_are_checked_before_anything_is_sent() {
        let fetcher = Fetcher::new(&Federation::default()).unwrap();
        for url in [
            "http://issuer.example.org",
            "ftp://issuer.example.org",
            "https://127.0.0.1/",
            "https://[::1]:8443/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://",
            "issuer",
        ] {
            let refused = matches!(fetcher.check(url), Err(FetchError::Forbidden(_)));
            assert!(refused, "{url}");
        }
        assert!(fetcher.check("https://issuer.example.org/keys").is_ok());
    }

    #[tokio::test]
    async fn a_name_with_a_closed_address_is_not_asked() {
        let fetcher = Fetcher::new(&Federation::default()).unwrap();
        let error = fetcher
            .get("https://localhost:1/".to_owned())
            .await
            .unwrap_err();
        let shown = chain(&error);
        assert!(shown.contains("is not a public address"), "{shown}");
    }

    #[test]
    fn a_file_of_authorities_must_be_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ca.pem");
        let settings = Federation {
            ca_file: Some(path.clone()),
            ..Federation::default()
        };
        let missing = Fetcher::new(&settings).err().unwrap();
        assert!(matches!(missing, OutboundError::Read { .. }), "{missing}");
        let made = rcgen::generate_simple_self_signed(vec!["issuer".to_owned()]).unwrap();
        fs::write(&path, made.cert.pem()).unwrap();
        assert!(Fetcher::new(&settings).is_ok());
    }
}
