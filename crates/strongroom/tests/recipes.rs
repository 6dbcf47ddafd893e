//! The commands of the README, as a shell runs them against a real server, and those that `dev`
//! prints, pasted as they are.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use strongroom_testkit::ServerProcess;

fn server() -> ServerProcess {
    ServerProcess::start(Path::new(env!("CARGO_BIN_EXE_strongroom")))
}

/// The shell commands between the README's markers, in their order.
fn recipes() -> Vec<String> {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, rest) = readme.split_once("<!-- recipes -->").unwrap();
    let (between, _) = rest.split_once("<!-- /recipes -->").unwrap();
    let blocks = between.split("```sh\n").skip(1);
    blocks
        .map(|block| block.split_once("\n```").unwrap().0.to_owned())
        .collect()
}

/// What a command prints; it has to end well.
fn bash(script: &str, variables: &[(&str, &str)]) -> String {
    let output = Command::new("bash")
        .args(["-euc", script])
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{error}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_readme_works_from_top_to_bottom() {
    let server = server();
    let details = &server.details;
    let variables = [
        ("ENDPOINT", details.endpoint.as_str()),
        ("TOKEN", &details.token),
        ("ORGANISATION", &details.organisation),
        ("KMS_KEY", &details.kms_key_identity),
    ];
    let recipes = recipes();
    let run = |word: &str| -> Value {
        let found: Vec<_> = recipes
            .iter()
            .filter(|recipe| recipe.contains(word))
            .collect();
        assert_eq!(found.len(), 1, "{word:?} is in {} recipes", found.len());
        let printed = bash(found[0], &variables);
        if printed.is_empty() {
            return Value::Null;
        }
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    };
    assert_eq!(recipes.len(), 8);
    let path = "/app/production/db-password";
    let (horse, staple) = ("Y29ycmVjdCBob3JzZQ==", "YmF0dGVyeSBzdGFwbGU=");

    let created = run("\"description\"");
    assert_eq!(
        (&created["path"], &created["currentVersion"]),
        (&json!(path), &json!(1))
    );
    assert_eq!(created["kmsKey"]["identity"], *details.kms_key_identity);
    let reveal = &recipes[1];
    let revealed = || -> Value { serde_json::from_str(&bash(reveal, &variables)).unwrap() };
    assert_eq!(
        (&revealed()["version"], &revealed()["secretString"]),
        (&json!(1), &json!(horse))
    );
    assert_eq!(run("battery staple")["version"], 2);
    assert_eq!(
        (&revealed()["version"], &revealed()["secretString"]),
        (&json!(2), &json!(staple))
    );
    let first = run("{\"version\": 1}");
    assert_eq!(
        (&first["version"], &first["secretString"]),
        (&json!(1), &json!(horse))
    );
    let level = run("path=/app/production/");
    assert_eq!(level["path"], "/app/production/");
    assert_eq!(level["secrets"][0]["path"], path);
    let guarded = run("accessPolicy");
    assert_eq!(guarded["accessPolicy"]["conditions"][0]["type"], "ip");
    assert_eq!(revealed()["secretString"], staple, "this machine is let in");
    assert_eq!(run("versions?version=1"), Value::Null);
    let owner = server.owner();
    let versions = owner.metadata(path)["versions"].clone();
    assert_eq!(versions[0]["status"], "destroyed");
    assert_eq!(bash(&recipes[7], &variables), "");
    owner
        .get(&strongroom_testkit::api::secret(path))
        .expect(404);
    server.stop_well();
}

#[test]
fn the_readme_reads_the_line_that_dev_prints() {
    let server = server();
    let made = &server.details;
    for (field, value) in [
        ("endpoint", &made.endpoint),
        ("organisation", &made.organisation),
        ("token", &made.token),
        ("clientId", &made.client_id),
        ("clientSecret", &made.client_secret),
        ("project", &made.project),
    ] {
        assert!(
            !value.is_empty() && !value.contains(char::is_whitespace),
            "{field}"
        );
    }
    assert_eq!(made.region, "nl-01");
    // Everything in the line works: project, client id and secret.
    server
        .owner()
        .in_project(&made.project)
        .get(strongroom_testkit::api::SECRETS)
        .expect(200);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        made.client_id, made.client_secret
    );
    let token = server
        .web()
        .post("/oidc/token")
        .form(&form)
        .expect(200)
        .json();
    let client = server
        .web()
        .with(token["access_token"].as_str().unwrap(), &made.organisation);
    client
        .create("/by/client", &made.kms_key_identity, "v")
        .expect(201);
    assert_eq!(client.value_of("/by/client"), "v");
}

#[test]
fn data_that_is_kept_survives_a_stop_and_a_crash() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let start = || {
        ServerProcess::plan(Path::new(env!("CARGO_BIN_EXE_strongroom")))
            .data(&data)
            .start()
    };
    let server = start();
    server
        .owner()
        .create("/a", &server.details.kms_key_identity, "v")
        .expect(201);
    server.stop_well();
    let server = start();
    server.owner().put_value("/a", "w").expect(200);
    server.kill();
    let server = start();
    assert_eq!(server.owner().value_of("/a"), "w");
    let actions = server
        .owner()
        .audit("action=secret.create,secret.put_value");
    assert_eq!(actions.len(), 2);
    server.stop_well();
}

#[test]
fn a_filled_directory_is_served() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let binary = Path::new(env!("CARGO_BIN_EXE_strongroom"));
    let seeded = strongroom_testkit::seed::seed(binary, &data, 300, 3).unwrap();
    let server = ServerProcess::plan(binary)
        .data(&data)
        .level("debug")
        .start();
    let mut paths = server.owner().paths("/load/");
    let mut expected: Vec<_> = (0..seeded.secrets)
        .map(strongroom_testkit::seed::path)
        .collect();
    paths.sort();
    expected.sort();
    assert_eq!(paths, expected);
    for token in &seeded.tokens {
        let caller = server.web().with(token, &seeded.details.organisation);
        let body = caller.reveal(&expected[7]).expect(200).json();
        assert_eq!(
            strongroom_testkit::from_b64(body["secretString"].as_str().unwrap()).len(),
            32
        );
    }
    assert!(server.log().contains("\"ready\""));
    server.stop_well();
}
