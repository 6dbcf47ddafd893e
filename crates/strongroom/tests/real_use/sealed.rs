//! A root key in shares: the server starts sealed, and shares open it.

use std::io::Write;
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use strongroom_testkit::Web;

use crate::common::{Server, printed, strongroom};
use crate::installation::{Installation, create, reveal};

const SETTINGS: &str =
    "root_key.provider = \"shamir\"\nroot_key.threshold = 2\nroot_key.shares = 3";

/// The shares among what was printed.
fn shares(said: &str) -> Vec<String> {
    let lines = said.lines();
    let shares = lines.filter(|line| line.starts_with("strongroom-share-1:"));
    shares.map(str::to_owned).collect()
}

/// Runs a command with this standard input.
fn fed(mut command: Command, input: &str) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    // A command that asks for nothing may be gone by now.
    let _unread = pipe.write_all(input.as_bytes());
    drop(pipe);
    child.wait_with_output().unwrap()
}

fn unseal(server: &Server, shares: &[String]) -> Output {
    let mut command = strongroom(&["unseal", "--endpoint"]);
    command.arg(&server.endpoint);
    fed(command, &shares.join("\n"))
}

fn give(server: &Server, share: &str, status: u16) -> Value {
    let stranger = Web::new(&server.endpoint);
    let call = stranger.post("/v1/sys/unseal");
    call.json(&json!({"share": share})).expect(status).json()
}

#[test]
fn a_server_is_sealed_until_enough_shares_came() {
    let (installation, said) = Installation::and_what_was_said(SETTINGS);
    let shares = shares(&said);
    assert_eq!(shares.len(), 3);
    let server = installation.start();
    let stranger = Web::new(&server.endpoint);
    assert_eq!(stranger.get("/healthz").expect(200).json()["status"], "ok");
    stranger.get("/metrics").expect(200);
    for path in [
        "/readyz",
        "/v1/regions",
        "/v1/secrets/nl-01/secrets",
        "/other",
    ] {
        assert_eq!(
            stranger.get(path).expect(503).json()["code"],
            "sealed",
            "{path}"
        );
    }
    let status = || stranger.get("/v1/sys/seal-status").expect(200).json();
    let sealed =
        |progress| json!({"sealed": true, "threshold": 2, "shares": 3, "progress": progress});
    assert_eq!(status(), sealed(0));

    let other = Installation::and_what_was_said(SETTINGS).1;
    let foreign = self::shares(&other).remove(0);
    let mistyped = shares[0].replace(':', ":a");
    let refusals: Vec<_> = ["", "x", &foreign, &mistyped]
        .map(|wrong| give(&server, wrong, 400)["message"].clone())
        .into();
    assert!(
        refusals.windows(2).all(|pair| pair[0] == pair[1]),
        "an oracle: {refusals:?}"
    );
    for body in [
        json!({}),
        json!({"share": 1}),
        json!({"share": "x", "y": 1}),
        json!([]),
    ] {
        let answer = stranger
            .post("/v1/sys/unseal")
            .json(&body)
            .expect(400)
            .json();
        assert_eq!(answer["code"], "invalid_request");
    }
    let long = "a".repeat(2000);
    assert_eq!(give(&server, &long, 413)["code"], "body_too_large");
    stranger.get("/v1/sys/unseal").expect(405);
    assert_eq!(status(), sealed(0));

    for _ in 0..2 {
        assert_eq!(give(&server, &shares[2], 200), sealed(1));
    }
    assert_eq!(give(&server, &shares[0], 200)["sealed"], false);
    assert_eq!(status()["sealed"], false);
    stranger.get("/readyz").expect(200);
    create(&installation.owner(&server), "/kept", "behind the seal");
    let log = server.stop();
    for share in &shares {
        let digits = share.strip_prefix("strongroom-share-1:").unwrap();
        assert!(!log.contains(digits), "a share is in the log");
        assert_eq!(installation.journalled(digits), 0);
    }
    // Four that are none, two times the same one, and the last that was needed.
    let events = ["invalid_share", "seal.share", "seal.open"];
    let counted = events.map(|event| installation.journalled(event));
    assert_eq!(counted, [4, 7, 1]);
    assert_eq!(installation.journalled("/v1/sys/unseal"), 7);
    assert_eq!(installation.journalled(foreign.get(19..40).unwrap()), 0);

    let server = installation.start();
    let first = unseal(&server, &shares[..1]);
    assert!(String::from_utf8_lossy(&first.stdout).contains("1 of the 2"));
    let second = unseal(&server, &shares[1..2]);
    assert_eq!(String::from_utf8_lossy(&second.stdout), "open\n");
    assert_eq!(
        reveal(&installation.owner(&server), "/kept", 1),
        "behind the seal"
    );
    server.stop();
}

#[test]
fn new_shares_replace_the_old_ones() {
    let (installation, said) = Installation::and_what_was_said(SETTINGS);
    let old = shares(&said);
    let server = installation.start();
    unseal(&server, &old);
    create(&installation.owner(&server), "/kept", "behind the seal");
    let rotated = fed(installation.command(&["root", "rotate"]), &old.join("\n"));
    assert!(rotated.status.success(), "{rotated:?}");
    let new = shares(&String::from_utf8(rotated.stdout).unwrap());
    assert_eq!(new.len(), 3);
    assert_eq!(
        reveal(&installation.owner(&server), "/kept", 1),
        "behind the seal"
    );
    server.kill();
    let server = installation.start();
    let refused = unseal(&server, &old);
    assert_eq!(refused.status.code(), Some(1));
    let opened = unseal(&server, &new[1..]);
    assert!(opened.status.success(), "{opened:?}");
    assert_eq!(
        reveal(&installation.owner(&server), "/kept", 1),
        "behind the seal"
    );
    let few = fed(installation.command(&["root", "rotate"]), &new[0]);
    assert_eq!(few.status.code(), Some(1));
    server.stop();
}

#[test]
fn who_asks_too_often_about_the_seal_has_to_wait() {
    let (installation, _) = Installation::and_what_was_said(SETTINGS);
    let server = installation.start();
    let stranger = Web::new(&server.endpoint);
    let limited = (0..100).any(|_| {
        let answer = stranger.get("/v1/sys/seal-status").send();
        answer.status == 429
    });
    assert!(limited);
    stranger.get("/healthz").expect(200);
    server.stop();
}

#[test]
fn an_installation_goes_over_to_shares() {
    let installation = Installation::new("");
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the seal");
    let own = std::fs::read_to_string(installation.config()).unwrap();
    let target = installation.home().join("shares.toml");
    std::fs::write(&target, format!("{own}\n{SETTINGS}\n")).unwrap();
    let mut command = installation.command(&["root", "migrate"]);
    command.arg("--to").arg(&target);
    let shares = shares(&printed(command));
    server.stop();
    std::fs::rename(&target, installation.config()).unwrap();
    let server = installation.start();
    unseal(&server, &shares);
    assert_eq!(
        reveal(&installation.owner(&server), "/kept", 1),
        "behind the seal"
    );
    server.stop();
}

#[test]
fn who_hangs_up_after_the_last_share_has_opened_the_server() {
    let (installation, said) = Installation::and_what_was_said(SETTINGS);
    let shares = shares(&said);
    let server = installation.start();
    give(&server, &shares[0], 200);
    let body = json!({"share": shares[1]}).to_string();
    let address = server.endpoint.strip_prefix("http://").unwrap();
    let stranger = Web::new(&server.endpoint);
    let begun = Instant::now();
    while stranger.get("/v1/sys/seal-status").expect(200).json()["sealed"] != false {
        assert!(begun.elapsed() < Duration::from_secs(60), "it stays sealed");
        // Again, because who hangs up before the server has read the request was never there.
        let mut stream = TcpStream::connect(address).unwrap();
        let head = format!(
            "POST /v1/sys/unseal HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        drop(stream);
        // sleeps: another process offers nothing to wait for
        std::thread::sleep(Duration::from_millis(1_000));
    }
    stranger.get("/readyz").expect(200);
    server.stop();
    assert_eq!(installation.journalled("seal.open"), 1);
}
