//! The certificate, and its renewal while the server runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use tokio_rustls::TlsAcceptor;

use crate::config::TlsVersion;

/// The certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The certificate file is missing or is no PEM.
    #[error("the certificate {} cannot be read as PEM (tls.certificate)", path.display())]
    Certificate {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// The file holds no certificate.
    #[error("{} holds no certificate (tls.certificate)", .0.display())]
    Empty(PathBuf),
    /// The key file is missing or is no PEM.
    #[error("the private key {} cannot be read as PEM (tls.key)", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// They do not fit each other, or the library refuses them.
    #[error("certificate and key cannot be used together (tls.certificate, tls.key)")]
    Mismatch(#[source] rustls::Error),
}

/// The certificate that the server shows now, and the files to read it from again.
#[derive(Debug)]
pub struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    minimum: TlsVersion,
    current: ArcSwap<ServerConfig>,
}

impl Certificates {
    /// Loads both PEM files.
    pub fn load(
        certificate: PathBuf,
        key: PathBuf,
        minimum: TlsVersion,
    ) -> Result<Self, CertificateError> {
        let config = read(&certificate, &key, minimum)?;
        Ok(Self {
            certificate,
            key,
            minimum,
            current: ArcSwap::from_pointee(config),
        })
    }

    /// Reads the files again. On an error the certificate in use stays.
    ///
    /// New connections see the new certificate; open ones go on as they are.
    pub fn reload(&self) -> Result<(), CertificateError> {
        let config = read(&self.certificate, &self.key, self.minimum)?;
        self.current.store(Arc::new(config));
        Ok(())
    }

    /// What the next handshake uses.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn read(
    certificate: &Path,
    key: &Path,
    minimum: TlsVersion,
) -> Result<ServerConfig, CertificateError> {
    let unreadable = |source| CertificateError::Certificate {
        path: certificate.to_owned(),
        source,
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .map_err(unreadable)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable)?;
    if chain.is_empty() {
        return Err(CertificateError::Empty(certificate.to_owned()));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|source| CertificateError::Key {
        path: key.to_owned(),
        source,
    })?;
    let versions: &[&rustls::SupportedProtocolVersion] = match minimum {
        TlsVersion::Tls12 => rustls::ALL_VERSIONS,
        TlsVersion::Tls13 => &[&rustls::version::TLS13],
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .map_err(CertificateError::Mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(CertificateError::Mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
