//! Where a call comes from (contract 1.11).

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use ipnet::IpNet;

/// The client's address: the connection's, unless that is a configured proxy. Then it is the
/// right-most address of `X-Forwarded-For` that is no configured proxy, or `X-Real-IP`.
///
/// Anyone can send these headers, and an access policy may rest on the address; so they count
/// only from a proxy, and only as far as proxies wrote them.
pub(super) fn client_address(
    peer: Option<IpAddr>,
    headers: &HeaderMap,
    proxies: &[IpNet],
) -> Option<IpAddr> {
    let peer = peer?.to_canonical();
    let trusted = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    if proxies.is_empty() || !trusted(&peer) {
        return Some(peer);
    }
    let mut nearest = peer;
    let mut forwarded = false;
    for value in headers.get_all("x-forwarded-for").iter().rev() {
        for hop in value.to_str().unwrap_or_default().rsplit(',') {
            forwarded = true;
            // What cannot be read was not written by a proxy: behind it, nothing is known.
            let Some(address) = parse(hop.trim()) else {
                return Some(nearest);
            };
            if !trusted(&address) {
                return Some(address);
            }
            nearest = address;
        }
    }
    let real = headers.get("x-real-ip").filter(|_| !forwarded);
    let real = real.and_then(|value| parse(value.to_str().ok()?.trim()));
    Some(real.unwrap_or(nearest))
}

/// An address, perhaps with a port, perhaps in brackets.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn address(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let proxies = [
            "10.0.0.0/8".parse().unwrap(),
            "2001:db8::/32".parse().unwrap(),
        ];
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        client_address(Some(peer.parse().unwrap()), &map, &proxies)
            .unwrap()
            .to_string()
    }

    const FORWARDED: &str = "x-forwarded-for";

    #[test]
    fn headers_of_strangers_do_not_count() {
        assert_eq!(
            address("192.0.2.1", &[(FORWARDED, "198.51.100.7")]),
            "192.0.2.1"
        );
        assert_eq!(
            address("192.0.2.1", &[("x-real-ip", "198.51.100.7")]),
            "192.0.2.1"
        );
        let mut headers = HeaderMap::new();
        headers.insert(FORWARDED, HeaderValue::from_static("198.51.100.7"));
        let peer = "10.0.0.1".parse().unwrap();
        assert_eq!(client_address(Some(peer), &headers, &[]), Some(peer));
        assert_eq!(client_address(None, &headers, &[]), None);
    }

    #[test]
    fn the_right_most_address_that_is_no_proxy_counts() {
        for (value, expected) in [
            ("198.51.100.7", "198.51.100.7"),
            ("1.2.3.4, 198.51.100.7", "198.51.100.7"),
            ("1.2.3.4, 198.51.100.7, 10.1.1.1", "198.51.100.7"),
            ("1.2.3.4,198.51.100.7:4711,[2001:db8::5]:80", "198.51.100.7"),
            ("[2a00::1], 10.0.0.2", "2a00::1"),
            ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
            ("198.51.100.7, nonsense, 10.0.0.2", "10.0.0.2"),
            ("198.51.100.7, nonsense", "10.0.0.1"),
            ("198.51.100.7,", "10.0.0.1"),
            ("::ffff:198.51.100.7", "198.51.100.7"),
        ] {
            assert_eq!(
                address("10.0.0.1", &[(FORWARDED, value)]),
                expected,
                "{value}"
            );
        }
        let two = [
            (FORWARDED, "1.2.3.4, 198.51.100.7"),
            (FORWARDED, "10.0.0.9"),
        ];
        assert_eq!(address("10.0.0.1", &two), "198.51.100.7");
        assert_eq!(
            address("::ffff:10.0.0.1", &[(FORWARDED, "198.51.100.7")]),
            "198.51.100.7"
        );
    }

    #[test]
    fn the_second_header_counts_only_without_the_first() {
        let real = ("x-real-ip", "198.51.100.7");
        assert_eq!(address("10.0.0.1", &[real]), "198.51.100.7");
        assert_eq!(
            address("10.0.0.1", &[real, (FORWARDED, "1.2.3.4")]),
            "1.2.3.4"
        );
        assert_eq!(
            address("10.0.0.1", &[real, (FORWARDED, "10.0.0.2")]),
            "10.0.0.2"
        );
        assert_eq!(address("10.0.0.1", &[("x-real-ip", "?")]), "10.0.0.1");
    }
}
