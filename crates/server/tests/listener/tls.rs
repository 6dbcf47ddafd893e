//! TLS, and its renewal while connections are open.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use strongroom_server::config::TlsVersion;
use strongroom_server::listener::{CertificateError, Certificates};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fixture::{LONG, Running, limits};

/// A directory with a certificate and its key, to be exchanged.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("tls.pem")
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("tls.key")
    }

    /// Puts a fresh certificate there, and returns what a client has to trust.
    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), cert.pem()).unwrap();
        fs::write(self.key(), signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }

    fn load(&self) -> Arc<Certificates> {
        let loaded = Certificates::load(self.certificate(), self.key(), TlsVersion::Tls12);
        Arc::new(loaded.unwrap())
    }
}

/// Connects, trusting only this certificate.
async fn connect(
    server: &Running,
    trusted: &CertificateDer<'static>,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let stream = TcpStream::connect(server.address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

async fn hello(stream: &mut TlsStream<TcpStream>) {
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"hello") {
        let count = tokio::time::timeout(LONG, stream.read_buf(&mut said))
            .await
            .unwrap()
            .unwrap();
        assert!(count > 0);
    }
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_and_open_connections_go_on() {
    let files = Files::new();
    let old = files.renew();
    let certificates = files.load();
    let server = Running::start_with(limits(), Some(certificates.clone()), LONG).await;
    let mut open = connect(&server, &old, &[]).await.unwrap();
    hello(&mut open).await;

    let new = files.renew();
    certificates.reload().unwrap();
    hello(&mut connect(&server, &new, &[]).await.unwrap()).await;
    assert!(connect(&server, &old, &[]).await.is_err());
    hello(&mut open).await;
}

#[tokio::test]
async fn a_broken_file_leaves_the_certificate_in_use() {
    let files = Files::new();
    let trusted = files.renew();
    let certificates = files.load();
    let server = Running::start_with(limits(), Some(certificates.clone()), LONG).await;

    fs::write(files.certificate(), "no certificate").unwrap();
    assert!(matches!(
        certificates.reload(),
        Err(CertificateError::Empty(_))
    ));
    files.renew();
    let other_key = fs::read(files.key()).unwrap();
    files.renew();
    fs::write(files.key(), other_key).unwrap();
    assert!(matches!(
        certificates.reload(),
        Err(CertificateError::Mismatch(_))
    ));
    fs::remove_file(files.key()).unwrap();
    assert!(matches!(
        certificates.reload(),
        Err(CertificateError::Key { .. })
    ));

    hello(&mut connect(&server, &trusted, &[]).await.unwrap()).await;
}

#[tokio::test]
async fn http2_is_agreed_on_by_alpn() {
    let files = Files::new();
    let trusted = files.renew();
    let server = Running::start_with(limits(), Some(files.load()), LONG).await;
    let stream = connect(&server, &trusted, &[b"h2", b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://localhost/").body(()).unwrap();
    let (reply, _) = client.send_request(request, true).unwrap();
    assert_eq!(reply.await.unwrap().status(), http::StatusCode::OK);

    let mut old = connect(&server, &trusted, &[b"http/1.1"]).await.unwrap();
    hello(&mut old).await;
}

#[tokio::test]
async fn a_client_that_never_shakes_hands_is_let_go() {
    let files = Files::new();
    files.renew();
    let mut limits = limits();
    limits.handshake = std::time::Duration::from_millis(50);
    let server = Running::start_with(limits, Some(files.load()), LONG).await;
    let mut silent = server.connect().await;
    assert_eq!(crate::fixture::rest(&mut silent).await, "");
    assert_eq!(server.metric("strongroom_tls_handshakes_failed_total"), 1);
}
