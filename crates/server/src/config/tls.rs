//! TLS.

use std::path::PathBuf;

use super::section::{choice, section};

choice! {
    /// A version of TLS.
    pub enum TlsVersion: "`1.2` or `1.3`" {
        /// TLS 1.2 (RFC 5246).
        #[serde(rename = "1.2")]
        Tls12,
        /// TLS 1.3 (RFC 8446).
        #[serde(rename = "1.3")]
        Tls13,
    }
}

section! {
    /// The certificate that the server shows. Without both files it speaks plain HTTP.
    /// `SIGHUP` reads them again; a file that does not load leaves the old certificate in place.
    pub struct Tls {
        /// A PEM file with the certificate and its chain, the server's own first.
        pub certificate: Option<PathBuf> = None,
        /// A PEM file with the private key of that certificate.
        pub key: Option<PathBuf> = None,
        /// The oldest version of TLS that a client may speak.
        pub minimum_version: TlsVersion = TlsVersion::Tls12,
    }
}
