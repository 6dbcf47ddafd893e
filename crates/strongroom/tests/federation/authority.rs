//! Documents over TLS: an issuer whose certificate only the configured authority vouches for.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};
use strongroom_engine::Outbound;
use strongroom_server::config::Federation;
use strongroom_server::outbound::Fetcher;

/// Answers every connection with `{}`, over TLS, and says its port.
fn serve(config: ServerConfig) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let config = Arc::new(config);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut socket = stream.unwrap();
            let mut session = ServerConnection::new(config.clone()).unwrap();
            let mut stream = Stream::new(&mut session, &mut socket);
            let mut request = [0; 4096];
            // A client that does not trust the certificate breaks off.
            let read = std::io::Read::read(&mut stream, &mut request);
            if read.is_ok_and(|length| length > 0) {
                let reply = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                stream.write_all(reply).unwrap();
            }
        }
    });
    port
}

#[test]
fn only_authorities_that_are_known_vouch_for_an_issuer() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let pair = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = params.signed_by(&pair, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(pair.serialize_der().into()),
        )
        .unwrap();
    let url = format!("https://localhost:{}/keys", serve(config));

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ca.pem");
    std::fs::write(&path, authority.pem()).unwrap();
    let networks = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap());
    let open = Federation {
        allowed_networks: networks.to_vec(),
        ..Federation::default()
    };
    let trusting = Federation {
        ca_file: Some(path),
        ..open.clone()
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let fetch = |settings: &Federation| {
        let fetcher = Fetcher::new(settings).unwrap();
        runtime.block_on(fetcher.fetch(url.clone()))
    };
    assert_eq!(fetch(&trusting).unwrap(), b"{}");
    assert!(fetch(&open).is_err());
    let closed = Federation {
        allowed_networks: Vec::new(),
        ..trusting
    };
    assert!(fetch(&closed).is_err());
}
