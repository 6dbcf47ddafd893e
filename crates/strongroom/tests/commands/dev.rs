//! `strongroom dev`.

use std::fs;
use std::io::{BufRead, Read};
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

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

/// The recipes as `dev` prints them, each with the comment above it.
fn recipes(server: &mut Server) -> Vec<String> {
    let mut text = String::new();
    while !text.contains("# Delete the secret") || !text.ends_with("\n\n") {
        assert!(server.output.read_line(&mut text).unwrap() > 0, "{text}");
    }
    let (_, recipes) = text.split_once("\n# Create a secret").unwrap();
    let recipes = format!("# Create a secret{recipes}");
    let recipes = recipes.split("\n# ");
    recipes.map(|recipe| format!("# {recipe}\n")).collect()
}

/// What a shell answers to this text: one JSON value for each command that has an answer.
fn pasted(text: &str) -> Vec<Value> {
    let shell = std::process::Command::new("bash")
        .args(["-euc", text])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&shell.stderr);
    assert!(shell.status.success() && errors.is_empty(), "{errors}");
    let answers = serde_json::Deserializer::from_slice(&shell.stdout).into_iter();
    answers.map(|answer| answer.unwrap()).collect()
}

#[test]
fn for_people_it_prints_recipes_that_work_as_pasted() {
    let mut server = Server::start(strongroom(&["dev", "--listen", "127.0.0.1:0"]));
    let recipes = recipes(&mut server);
    assert_eq!(recipes.len(), 8, "{recipes:#?}");
    let path = "/app/production/db-password";
    let (horse, staple) = ("Y29ycmVjdCBob3JzZQ==", "YmF0dGVyeSBzdGFwbGU=");

    // All at once. The last two have no answer unless something is wrong.
    let answers = pasted(&recipes.concat());
    let [created, current, added, first, level, guarded] = answers.as_slice() else {
        panic!("{answers:#?}");
    };
    assert_eq!(
        (&created["path"], &created["currentVersion"]),
        (&json!(path), &json!(1))
    );
    assert_eq!(current["secretString"], horse);
    assert_eq!(added["version"], 2);
    assert_eq!(
        (&first["version"], &first["secretString"]),
        (&json!(1), &json!(horse))
    );
    assert_eq!(level["secrets"][0]["path"], path);
    assert_eq!(guarded["accessPolicy"]["conditions"][0]["type"], "ip");

    // It deleted what it made, so it can be made once more; this time one looks after each step.
    let [
        create,
        reveal,
        add,
        reveal_one,
        browse,
        policy,
        destroy,
        delete,
    ] = recipes.as_slice()
    else {
        panic!("{recipes:#?}");
    };
    assert_eq!(pasted(browse)[0]["secrets"], json!([]), "deleted");
    assert_eq!(pasted(&[create.as_str(), add].concat()).len(), 2);
    assert_eq!(pasted(reveal)[0]["secretString"], staple, "added");
    pasted(policy);
    assert_eq!(pasted(reveal)[0]["secretString"], staple, "let in");
    assert_eq!(pasted(destroy), [json!(null); 0]);
    let gone = &pasted(reveal_one)[0];
    assert_eq!(gone["code"], "version_not_found", "{gone}");
    assert_eq!(pasted(reveal)[0]["secretString"], staple, "the other one");
    assert_eq!(pasted(delete), [json!(null); 0]);
    let gone = &pasted(reveal)[0];
    assert_eq!(gone["code"], "secret_not_found", "{gone}");
    server.signal("TERM");
    let mut rest = String::new();
    server.output.read_to_string(&mut rest).unwrap();
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
