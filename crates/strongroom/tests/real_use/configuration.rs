//! What the configuration says, and what the server makes of it.

use std::net::TcpListener;
use std::process::Command;

use strongroom_testkit::Web;

use crate::common::{complaint, printed};
use crate::installation::{Installation, create, reveal};

fn check(installation: &Installation) -> Command {
    installation.command(&["server", "--check"])
}

#[test]
fn what_nobody_knows_is_refused_by_name() {
    let installation = Installation::new("");
    for (settings, named) in [
        ("server.listen_at = \"x\"", "listen_at"),
        ("sever.listen = \"x\"", "sever"),
        ("limits.connections = \"many\"", "connections"),
        ("logging.level = \"loud\"", "loud"),
        ("limits.idle_seconds = 0", "limits.idle_seconds"),
        ("tls.key = \"HOME/key.pem\"", "tls.certificate"),
    ] {
        installation.configure(settings);
        for command in [check(&installation), installation.command(&["server"])] {
            let error = complaint(command, 2);
            assert!(error.contains(named), "{settings}: {error}");
        }
    }
    installation.configure("");
    assert!(printed(check(&installation)).contains("is valid"));
}

#[test]
fn others_are_not_spoken_to_in_plain_http_unless_allowed() {
    let mut installation = Installation::new("");
    installation.set("STRONGROOM__SERVER__LISTEN", "0.0.0.0:8460");
    let error = complaint(check(&installation), 2);
    for named in ["0.0.0.0:8460", "tls.certificate", "server.allow_plain_http"] {
        assert!(error.contains(named), "{error}");
    }
    installation.set("STRONGROOM__SERVER__ALLOW_PLAIN_HTTP", "true");
    assert!(printed(check(&installation)).contains("is valid"));
}

#[test]
fn the_environment_overrides_the_file() {
    let mut installation = Installation::new("metrics.enabled = true\nlogging.level = \"off\"");
    installation.set("STRONGROOM__LOGGING__LEVEL", "debug");
    let server = installation.start();
    let web = Web::new(&server.endpoint);
    web.get("/metrics").expect(200);
    let log = server.stop();
    assert!(log.contains("\"level\":\"INFO\""), "{log}");

    installation.set("STRONGROOM__METRICS__ENABLED", "false");
    let server = installation.start();
    Web::new(&server.endpoint).get("/metrics").expect(404);
    server.stop();

    installation.set("STRONGROOM__METRICS__ENABELD", "false");
    assert!(complaint(check(&installation), 2).contains("enabeld"));
}

#[test]
fn probes_and_metrics_are_served_without_credentials() {
    // The port is free now and, as nothing else here asks for it, still free in a moment.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let installation = Installation::new(&format!("metrics.listen = \"{free}\""));
    let server = installation.start();
    let owner = installation.owner(&server);
    create(&owner, "/counted", "value");
    assert_eq!(reveal(&owner, "/counted", 1), "value");
    let main = Web::new(&server.endpoint);
    for probe in ["/healthz", "/readyz"] {
        assert_eq!(main.get(probe).expect(200).json()["status"], "ok");
    }
    main.get("/metrics").expect(404);
    let metrics = Web::new(&format!("http://{free}"));
    let page = metrics.get("/metrics").expect(200);
    let counted = page.text().lines().any(|line| {
        line.starts_with("strongroom_http_requests_total{")
            && line.contains("secret{path}/value")
            && line.ends_with(" 1")
    });
    assert!(counted, "{}", page.text());
    assert!(
        !page.text().contains("/counted"),
        "metrics name routes, never paths"
    );
    metrics.get("/healthz").expect(404);
    metrics.get("/v1/secrets/nl-01/secrets").expect(404);
    server.stop();
}

#[test]
fn one_data_directory_has_one_server() {
    let installation = Installation::new("");
    let server = installation.start();
    let owner = installation.owner(&server);
    create(&owner, "/mine", "alone");
    for words in [&["server"][..], &["audit", "verify"]] {
        let error = complaint(installation.command(words), 1);
        assert!(error.contains("in use by another process"), "{error}");
    }
    assert_eq!(reveal(&owner, "/mine", 1), "alone");
    server.stop();
}
