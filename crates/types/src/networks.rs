//! Ranges of addresses that something is limited to.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A range of addresses in CIDR notation (RFC 4632, RFC 4291), or a single address.
///
/// IPv4 in the clothes of IPv6 (RFC 4291, 2.5.5.2) is IPv4. Bits behind the prefix are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpNet);

/// Text that is no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a range such as 10.0.0.0/8 or 2001:db8::/32, nor an address")]
pub struct NetworkError;

impl Network {
    /// Whether the address is in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        let range = text.parse::<IpNet>().or_else(|_| single());
        let range = range.map_err(|_| NetworkError)?;
        let IpNet::V6(wide) = range else {
            return Ok(Self(range.trunc()));
        };
        let Some(mapped) = wide.addr().to_ipv4_mapped() else {
            return Ok(Self(range.trunc()));
        };
        // A range that reaches beyond IPv4 is neither the one nor the other.
        let length = wide.prefix_len().checked_sub(96).ok_or(NetworkError)?;
        let narrow = IpNet::new(mapped.into(), length).map_err(|_| NetworkError)?;
        Ok(Self(narrow.trunc()))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Where something may be used from: some ranges of addresses, or anywhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl Networks {
    /// The most ranges.
    pub const MOST: usize = 64;

    /// These ranges; none means anywhere.
    pub fn of(ranges: impl IntoIterator<Item = Network>) -> Self {
        Self(ranges.into_iter().collect())
    }

    /// Whether there is no limit.
    pub fn is_anywhere(&self) -> bool {
        self.0.is_empty()
    }

    /// The ranges; none means anywhere.
    pub fn ranges(&self) -> &[Network] {
        &self.0
    }

    /// Whether something from this address passes. Where there is a limit, an unknown address does not.
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        self.is_anywhere()
            || address.is_some_and(|address| self.0.iter().any(|range| range.contains(address)))
    }

    /// Whether everything that `narrower` admits passes here by one range each. Ranges that cover
    /// another one only together do not count.
    pub fn cover(&self, narrower: &Self) -> bool {
        let within = |range: &Network| self.0.iter().any(|own| own.0.contains(&range.0));
        self.is_anywhere() || (!narrower.is_anywhere() && narrower.0.iter().all(within))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(ranges: &[&str]) -> Networks {
        Networks::of(ranges.iter().map(|range| range.parse().unwrap()))
    }

    #[test]
    fn ranges_and_addresses_are_read_in_either_clothing() {
        for (text, shown) in [
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "10.0.0.0/8"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("0.0.0.0/0", "0.0.0.0/0"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), shown);
        }
        for wrong in [
            "",
            "*",
            "10.0.0.0/33",
            "10.0.0/8",
            "host.example",
            " 10.0.0.1",
            "::ffff:10.0.0.0/90",
            "10.0.0.1-10.0.0.9",
        ] {
            assert_eq!(wrong.parse::<Network>(), Err(NetworkError), "{wrong}");
        }
    }

    #[test]
    fn a_limit_admits_only_what_it_names() {
        let limit = networks(&["10.0.0.0/8", "2001:db8::/32"]);
        for (address, passes) in [
            ("10.255.0.1", true),
            ("::ffff:10.1.2.3", true),
            ("2001:db8:1::1", true),
            ("11.0.0.1", false),
            ("2001:db9::1", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(limit.admit(Some(address)), passes, "{address}");
            assert!(Networks::default().admit(Some(address)));
        }
        assert!(!limit.admit(None));
        assert!(Networks::default().admit(None));
    }

    #[test]
    fn a_limit_covers_what_is_no_wider() {
        let (anywhere, net) = (Networks::default(), networks(&["10.0.0.0/8"]));
        for (limit, narrower, covers) in [
            (&anywhere, networks(&["10.0.0.0/8"]), true),
            (&anywhere, Networks::default(), true),
            (&net, Networks::default(), false),
            (&net, networks(&["10.0.0.0/8"]), true),
            (&net, networks(&["10.1.0.0/16", "10.2.0.1"]), true),
            (&net, networks(&["10.1.0.0/16", "11.0.0.1"]), false),
            (&net, networks(&["0.0.0.0/0"]), false),
            (&net, networks(&["2001:db8::/32"]), false),
        ] {
            assert_eq!(limit.cover(&narrower), covers, "{limit:?} {narrower:?}");
        }
    }
}
