//! `strongroom server`.

use std::fs;

use serde_json::Value;

use crate::init::shown;
use crate::process::{Server, complaint, get, printed, strongroom};

/// An installation, its configuration, and its owner's token.
struct Installation {
    directory: tempfile::TempDir,
    organisation: String,
    token: String,
}

impl Installation {
    fn new(more: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        let config = format!(
            "server.listen = \"127.0.0.1:0\"\nstore.data = {data:?}\n\
             audit.segment_mebibytes = 1\nlogging.format = \"json\"\n{more}"
        );
        fs::write(directory.path().join("strongroom.toml"), config).unwrap();
        let mut installation = Self {
            directory,
            organisation: String::new(),
            token: String::new(),
        };
        let output = printed(&["init", "--config", &installation.config()]);
        installation.organisation = shown(&output, "organisation");
        installation.token = shown(&output, "owner token");
        installation
    }

    fn config(&self) -> String {
        self.directory
            .path()
            .join("strongroom.toml")
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// Starts the server; it is ready when this returns.
    fn start(&self) -> (Server, String) {
        let mut server = Server::start(strongroom(&["server", "--config", &self.config()]));
        let ready = server.logged("ready");
        let endpoint = ready["endpoint"].as_str().unwrap().to_owned();
        (server, endpoint)
    }

    fn headers(&self) -> [(&str, String); 2] {
        [
            ("Authorization", format!("Bearer {}", self.token)),
            ("X-Organisation-Identity", self.organisation.clone()),
        ]
    }

    fn get(&self, url: &str) -> (u16, String) {
        let headers = self.headers();
        let headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        get(url, &headers)
    }
}

#[test]
fn what_init_made_is_served_and_stops_on_request() {
    let installation = Installation::new("");
    for _ in 0..2 {
        let (server, endpoint) = installation.start();
        assert_eq!(get(&format!("{endpoint}/healthz"), &[]).0, 200);
        assert_eq!(get(&format!("{endpoint}/readyz"), &[]).0, 200);
        let url = format!("{endpoint}/v1/secrets/nl-01/secrets?pathPrefix=/");
        assert_eq!(installation.get(&url), (200, "[]".to_owned()));
        assert_eq!(get(&url, &[]).0, 401);
        let (status, metrics) = get(&format!("{endpoint}/metrics"), &[]);
        assert_eq!(status, 200);
        assert!(
            metrics.contains("strongroom_http_requests_total{"),
            "{metrics}"
        );
        server.stop();
    }
}

#[test]
fn metrics_may_have_a_listener_of_their_own() {
    // The port is free now and, as nothing else here listens, still free in a moment.
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let installation = Installation::new(&format!("metrics.listen = \"{free}\""));
    let (server, endpoint) = installation.start();
    assert_eq!(get(&format!("http://{free}/metrics"), &[]).0, 200);
    assert_eq!(get(&format!("{endpoint}/metrics"), &[]).0, 404);
    server.stop();
}

#[test]
fn one_data_directory_has_one_server() {
    let installation = Installation::new("");
    let (server, _) = installation.start();
    let error = complaint_in(&installation);
    assert!(error.contains("in use by another process"), "{error}");
    server.stop();
}

/// Where logs are JSON, the last line is the complaint.
fn complaint_in(installation: &Installation) -> String {
    let output = strongroom(&["server", "--config", &installation.config()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn without_an_installation_nothing_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("strongroom.toml");
    fs::write(
        &file,
        format!("store.data = {:?}", directory.path().join("none")),
    )
    .unwrap();
    let error = complaint(&["server", "--config", file.to_str().unwrap()], 2);
    assert!(error.contains("strongroom init"), "{error}");
}

#[test]
fn a_hangup_renews_the_certificate_and_survives_a_broken_one() {
    let certificate = |host: &str| {
        let made = rcgen::generate_simple_self_signed(vec![host.to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    };
    let files = tempfile::tempdir().unwrap();
    let (pem, key) = (files.path().join("tls.pem"), files.path().join("tls.key"));
    let place = |host: &str| {
        let (certificate, private) = certificate(host);
        fs::write(&pem, certificate).unwrap();
        fs::write(&key, private).unwrap();
    };
    place("localhost");
    let installation = Installation::new(&format!("tls.certificate = {pem:?}\ntls.key = {key:?}"));
    let (mut server, endpoint) = installation.start();
    assert!(endpoint.starts_with("https://"), "{endpoint}");

    fs::write(&pem, "broken").unwrap();
    server.signal("HUP");
    let event = server.logged("the certificate is not renewed");
    assert_eq!(event["level"], Value::from("ERROR"));
    place("localhost");
    server.signal("HUP");
    server.logged("the certificate is renewed");
    server.stop();
}
