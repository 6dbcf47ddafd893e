//! A server that logs everything, in either format, ended in either way.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use strongroom_testkit::{Details, ServerProcess, from_b64};

use crate::client::Client;
use crate::common::{Server, binary, printed, shown, strongroom};
use crate::errors;
use crate::life;
use crate::marks::Marks;

/// An installation with a service account, and nothing on its disk that may be read there.
fn installation(home: &Path) -> (PathBuf, Details) {
    let data = home.join("data");
    ServerProcess::plan(binary())
        .data(&data)
        .start()
        .stop_well();
    // `dev` keeps credentials and the root key beside its data, by design; nobody else does.
    let kept = data.join("dev.json");
    let details = serde_json::from_slice(&fs::read(&kept).unwrap()).unwrap();
    fs::remove_file(kept).unwrap();
    fs::rename(data.join("root.key"), home.join("root.key")).unwrap();
    (data, details)
}

fn configuration(home: &Path, data: &Path, format: &str) -> PathBuf {
    let file = home.join("strongroom.toml");
    let key = home.join("root.key");
    let text = format!(
        "server.listen = \"127.0.0.1:0\"\nstore.data = {data:?}\nroot_key.file = {key:?}\n\
         audit.segment_mebibytes = 1\nlogging.level = \"trace\"\nlogging.format = \"{format}\"\n"
    );
    fs::write(&file, text).unwrap();
    file
}

/// The credentials of the installation and its root key are marks, too.
fn mark_credentials(marks: &mut Marks, details: &Details, root_key: &str) {
    marks.add("the owner's token", details.token.as_bytes());
    marks.add("the client secret", details.client_secret.as_bytes());
    let (_, key) = root_key.trim().split_once(':').unwrap();
    marks.add("the root key", &from_b64(key));
}

/// All pages of the audit log, with what the service did by itself.
fn audit(client: &Client) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let number = pages.len() + 1;
        let path = format!("/v1/audit?limit=500&includeSystemServices=true&page={number}");
        let page = client.owner.get(&path).expect(200).json();
        let last = page["totalPages"].as_u64().unwrap();
        pages.push(page);
        if pages.len() as u64 >= last {
            return pages;
        }
    }
}

#[test]
fn no_secret_shows_anywhere() {
    let home = tempfile::tempdir().unwrap();
    let (data, mut details) = installation(home.path());
    let mut marks = Marks::default();
    let root_key = fs::read_to_string(home.path().join("root.key")).unwrap();
    mark_credentials(&mut marks, &details, &root_key);
    life::mark(&mut marks);
    errors::mark(&mut marks);

    for (format, is_killed) in [("text", false), ("json", true)] {
        let server = Server::start(&configuration(home.path(), &data, format));
        details.endpoint.clone_from(&server.endpoint);
        let mut client = Client::new(details.clone());
        life::live(&mut client, &mut marks, format);
        errors::make(&mut client);
        let metrics = client.web.get("/metrics").expect(200);
        assert!(metrics.text().contains("strongroom_http_requests_total"));
        client.keep("/metrics", &metrics);
        for page in audit(&client) {
            marks.absent_from("the audit log", page.to_string());
        }
        // While the server runs, and after it ended.
        marks.absent_below(&data);
        let log = if is_killed {
            server.kill()
        } else {
            server.stop()
        };
        let length = marks.absent_below(&data);
        assert!(length > 1 << 20, "{length} bytes are no data directory");
        assert!(
            log.lines().count() > 100,
            "this is no log of everything:\n{log}"
        );
        marks.absent_from("the log", &log);
        assert!(
            log.contains("/v1/secrets/"),
            "the log tells of no request:\n{log}"
        );
        assert!(client.answers.len() > 500, "{}", client.answers.len());
        for (call, answer) in &client.answers {
            marks.absent_from(&format!("the answer to {call}"), answer);
        }
    }
    // The search does see what is there to be seen: a path stands in the journal as it is.
    let mut visible = Marks::default();
    visible.add("a path", b"/v1/secrets/nl-01/secret/errors/versions");
    let journal = crate::common::files(&data.join("audit"));
    let found = journal
        .iter()
        .filter(|file| !visible.found_in(&fs::read(file).unwrap()).is_empty());
    assert!(found.count() > 0, "the journal was not searched");
}

#[test]
fn a_passphrase_stays_in_its_file() {
    let home = tempfile::tempdir().unwrap();
    let (data, phrase) = (home.path().join("data"), home.path().join("phrase"));
    let passphrase = "canary passphrase 8c1f of a careful operator";
    fs::write(&phrase, passphrase).unwrap();
    let file = home.path().join("strongroom.toml");
    let text = format!(
        "server.listen = \"127.0.0.1:0\"\nstore.data = {data:?}\nlogging.level = \"trace\"\n\
         audit.segment_mebibytes = 1\nroot_key.provider = \"passphrase\"\n\
         root_key.passphrase = \"file\"\nroot_key.passphrase_file = {phrase:?}\n"
    );
    fs::write(&file, text).unwrap();
    let mut init = strongroom(&["init", "--config"]);
    init.arg(&file);
    let said = printed(init);
    let mut marks = Marks::default();
    marks.add("the passphrase", passphrase.as_bytes());
    marks.absent_from("what init prints", &said);
    marks.add("the owner's token", shown(&said, "owner token").as_bytes());
    marks.absent_below(&data);
    let log = Server::start(&file).stop();
    marks.absent_from("the log", &log);
    marks.absent_below(&data);

    // A mistyped one is not repeated either.
    let mistyped = "canary passphrase 9d2e mistyped by its operator";
    fs::write(&phrase, mistyped).unwrap();
    marks.add("the mistyped passphrase", mistyped.as_bytes());
    let mut server = strongroom(&["server", "--config"]);
    server.arg(&file);
    let error = crate::common::complaint(server, 1);
    marks.absent_from("the complaint", &error);
}

#[test]
fn a_root_key_in_the_environment_stays_there() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let quarter = "5ca1ab1e0ddba11f";
    let key = quarter.repeat(4);
    let mut marks = Marks::default();
    marks.add("the root key", key.as_bytes());
    let mut init = strongroom(&["init", "--data"]);
    init.arg(&data);
    init.env("STRONGROOM__ROOT_KEY__PROVIDER", "environment");
    init.env("STRONGROOM_ROOT_KEY", &key);
    marks.absent_from("what init prints", printed(init));
    let file = home.path().join("strongroom.toml");
    let text = format!("server.listen = \"127.0.0.1:0\"\nstore.data = {data:?}\n");
    fs::write(&file, text).unwrap();
    let mut server = strongroom(&["server", "--config"]);
    server.arg(&file);
    server.env("STRONGROOM__ROOT_KEY__PROVIDER", "environment");
    server.env("STRONGROOM__LOGGING__LEVEL", "trace");
    server.env("STRONGROOM_ROOT_KEY", &key);
    marks.absent_from("the log", Server::run(server).stop());
    marks.absent_below(&data);

    // Nor is one that is none repeated.
    let broken = format!("not-hexadecimal-{}", quarter.repeat(3));
    marks.add("what is no root key", broken.as_bytes());
    let mut server = strongroom(&["server", "--config"]);
    server.arg(&file);
    server.env("STRONGROOM__ROOT_KEY__PROVIDER", "environment");
    server.env("STRONGROOM_ROOT_KEY", &broken);
    marks.absent_from("the complaint", crate::common::complaint(server, 1));
}
