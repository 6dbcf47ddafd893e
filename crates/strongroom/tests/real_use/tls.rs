//! HTTPS, as clients speak it, and its renewal.

use std::fs;
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::common::{Server, complaint, printed};
use crate::installation::Installation;

const SETTINGS: &str = "tls.certificate = \"HOME/tls.pem\"\ntls.key = \"HOME/tls.key\"";

/// An installation with a certificate for `localhost`.
struct Secured(Installation);

impl Secured {
    fn new() -> (Self, CertificateDer<'static>) {
        let secured = Self(Installation::new(""));
        let certificate = secured.renew();
        secured.0.configure(SETTINGS);
        (secured, certificate)
    }

    fn certificate(&self) -> PathBuf {
        self.0.home().join("tls.pem")
    }

    /// Puts a fresh certificate there; returns what a client has to trust.
    fn renew(&self) -> CertificateDer<'static> {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(self.certificate(), cert.pem()).unwrap();
        fs::write(self.0.home().join("tls.key"), signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }
}

fn address(server: &Server) -> SocketAddr {
    let address = server.endpoint.strip_prefix("https://");
    address
        .unwrap_or_else(|| panic!("{} is not HTTPS", server.endpoint))
        .parse()
        .unwrap()
}

/// Connects, trusting this certificate alone.
async fn connect(
    server: &Server,
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
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TcpStream::connect(address(server)).await?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The statuses of a list, by HTTP/2: with the owner's token and without.
async fn over_http2(installation: &Installation, stream: TlsStream<TcpStream>) -> [u16; 2] {
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut statuses = [0; 2];
    for (status, is_owner) in statuses.iter_mut().zip([true, false]) {
        let mut request = http::Request::get("https://localhost/v1/secrets/nl-01/secrets");
        if is_owner {
            let token = format!("Bearer {}", installation.token);
            request = request
                .header("Authorization", token)
                .header("X-Organisation-Identity", &installation.organisation);
        }
        let mut client = client.clone().ready().await.unwrap();
        let (reply, _) = client
            .send_request(request.body(()).unwrap(), true)
            .unwrap();
        *status = reply.await.unwrap().status().as_u16();
    }
    drop(client);
    connection.await.unwrap().unwrap();
    statuses
}

#[tokio::test]
async fn https_is_spoken_in_both_versions_of_http() {
    let (secured, certificate) = Secured::new();
    assert!(printed(secured.0.command(&["server", "--check"])).contains("is valid"));
    let server = secured.0.start();

    let stream = connect(&server, &certificate, &[b"h2", b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    assert_eq!(over_http2(&secured.0, stream).await, [200, 401]);
    let stream = connect(&server, &certificate, &[b"http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));

    // An ordinary client, which trusts nothing but the certificate's file.
    let pem = fs::read(secured.certificate()).unwrap();
    let trusted = reqwest::Certificate::from_pem(&pem).unwrap();
    let client = reqwest::Client::builder()
        .no_proxy()
        .https_only(true)
        .tls_certs_only([trusted])
        .resolve("localhost", address(&server))
        .build()
        .unwrap();
    let url = format!("https://localhost:{}/readyz", address(&server).port());
    assert_eq!(client.get(url).send().await.unwrap().status(), 200);
    server.stop();
}

#[tokio::test]
async fn a_hangup_renews_the_certificate_and_keeps_the_old_one_when_the_new_one_is_broken() {
    let (secured, old) = Secured::new();
    let server = secured.0.start();
    connect(&server, &old, &[]).await.unwrap();

    fs::write(secured.certificate(), "broken").unwrap();
    server.signal("HUP");
    let event = server.logged("the certificate is not renewed");
    assert!(event.contains("\"level\":\"ERROR\""), "{event}");
    connect(&server, &old, &[]).await.unwrap();

    let new = secured.renew();
    assert_ne!(old, new);
    server.signal("HUP");
    server.logged("the certificate is renewed");
    connect(&server, &new, &[]).await.unwrap();
    connect(&server, &old, &[]).await.unwrap_err();

    // A key that belongs to another certificate is as good as none.
    let CertifiedKey { signing_key, .. } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(
        secured.0.home().join("tls.key"),
        signing_key.serialize_pem(),
    )
    .unwrap();
    server.signal("HUP");
    server.logged("the certificate is not renewed");
    connect(&server, &new, &[]).await.unwrap();
    server.stop();

    // With what is there now, it would not start again, and says so beforehand.
    let error = complaint(secured.0.command(&["server", "--check"]), 2);
    assert!(error.contains("tls.key"), "{error}");
}

#[tokio::test]
async fn plain_http_is_not_answered_on_the_port_of_https() {
    let (secured, certificate) = Secured::new();
    let server = secured.0.start();
    let mut plain = std::net::TcpStream::connect(address(&server)).unwrap();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = Vec::new();
    // The connection may end in order or by a reset.
    let _either = plain.read_to_end(&mut answer);
    assert!(
        !answer.starts_with(b"HTTP"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    connect(&server, &certificate, &[]).await.unwrap();
    server.stop();
}
