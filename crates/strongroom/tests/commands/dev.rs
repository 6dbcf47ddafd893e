//! `strongroom dev`.

use std::fs;
use std::io::{BufRead, Read};
use std::os::unix::fs::PermissionsExt;

use crate::process::{Server, complaint, get, printed, strongroom};

const FIELDS: [&str; 8] = [
    "endpoint",
    "organisation",
    "region",
    "token",
    "clientId",
    "clientSecret",
    "kmsKeyIdentity",
    "project",
];

#[test]
fn it_prints_one_line_and_the_key_that_it_names_is_active() {
    let (server, made) = Server::dev(None);
    for field in FIELDS {
        assert!(
            made[field].as_str().is_some_and(|value| !value.is_empty()),
            "{field}"
        );
    }
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    let (status, key) = get(
        &format!(
            "{}/v1/kms/nl-01/keys/{}",
            text("endpoint"),
            text("kmsKeyIdentity")
        ),
        &[
            ("Authorization", &format!("Bearer {}", text("token"))),
            ("X-Organisation-Identity", &text("organisation")),
        ],
    );
    assert_eq!(status, 200, "{key}");
    let key: serde_json::Value = serde_json::from_str(&key).unwrap();
    assert_eq!(
        (&key["status"], &key["keyType"]),
        (&"active".into(), &"aes256-gcm96".into())
    );
    assert_eq!(server.stop(), "", "nothing after the line");
}

#[test]
fn kept_data_keeps_its_credentials_to_itself() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let (server, mut first) = Server::dev(Some(&data));
    server.stop();
    let kept = data.join("dev.json");
    assert_eq!(
        fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let (server, mut second) = Server::dev(Some(&data));
    let (old, new) = (first["endpoint"].take(), second["endpoint"].take());
    assert!(old.is_string() && new.is_string());
    assert_eq!(first, second);
    server.stop();
    printed(&["audit", "verify", "--data", data.to_str().unwrap()]);
}

#[test]
fn data_of_its_own_goes_away() {
    let scratch = tempfile::tempdir().unwrap();
    let mut command = strongroom(&["dev", "--json", "--listen", "127.0.0.1:0"]);
    command.env("TMPDIR", scratch.path());
    let mut server = Server::start(command);
    let mut line = String::new();
    server.output.read_line(&mut line).unwrap();
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 1);
    server.stop();
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn what_init_made_is_not_a_playground() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data").to_str().unwrap().to_owned();
    printed(&["init", "--data", &data]);
    let error = complaint(&["dev", "--listen", "127.0.0.1:0", "--data", &data], 2);
    assert!(error.contains("dev.json"), "{error}");
}

#[test]
fn other_machines_are_kept_out() {
    let error = complaint(&["dev", "--listen", "0.0.0.0:0"], 2);
    assert!(error.contains("0.0.0.0:0"), "{error}");
}

#[test]
fn for_people_it_prints_recipes_that_work_as_pasted() {
    let mut server = Server::start(strongroom(&["dev", "--listen", "127.0.0.1:0"]));
    let mut text = String::new();
    while !text.contains("# Delete the secret") {
        assert!(server.output.read_line(&mut text).unwrap() > 0, "{text}");
    }
    let commands = text.split_once("# Create a secret").unwrap().1;
    let (commands, _) = commands.split_once("# Reveal one version").unwrap();
    let pasted = std::process::Command::new("bash")
        .args(["-ec", &format!("# {commands}")])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&pasted.stdout);
    assert!(
        pasted.status.success(),
        "{}",
        String::from_utf8_lossy(&pasted.stderr)
    );
    assert!(
        said.contains("\"secretString\":\"Y29ycmVjdCBob3JzZQ==\""),
        "{said}"
    );
    server.signal("TERM");
    server.output.read_to_string(&mut text).unwrap();
}

#[test]
fn the_environment_says_what_else_it_should_do() {
    let mut command = strongroom(&["dev", "--json", "--listen", "127.0.0.1:0"]);
    command.env("STRONGROOM__ISSUER__URL", "http://127.0.0.1:8460");
    let mut server = Server::start(command);
    let mut line = String::new();
    server.output.read_line(&mut line).unwrap();
    let made: serde_json::Value = serde_json::from_str(&line).unwrap();
    let endpoint = made["endpoint"].as_str().unwrap();
    let (status, found) = get(&format!("{endpoint}/.well-known/openid-configuration"), &[]);
    assert_eq!(status, 200, "{found}");
    server.stop();
    let mut command = strongroom(&["dev", "--listen", "127.0.0.1:0"]);
    let output = command
        .env("STRONGROOM__ISSUER__ULR", "x")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("ulr"));
}
