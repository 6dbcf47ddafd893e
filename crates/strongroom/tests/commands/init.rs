//! `strongroom init`, and the server on what it made.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::process::{complaint, printed, run, strongroom};

/// The word after a label in what `init` printed.
pub(crate) fn shown(output: &str, label: &str) -> String {
    let line = output.lines().find(|line| line.starts_with(label)).unwrap();
    line.strip_prefix(label)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .to_owned()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn an_installation_is_made_once_and_belongs_to_its_owner() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let path = data.to_str().unwrap();
    let output = printed(&["init", "--data", path, "--organisation", "Example & Sons"]);
    assert!(
        shown(&output, "organisation").starts_with("org-"),
        "{output}"
    );
    assert!(output.contains("(example-sons)"), "{output}");
    let token = shown(&output, "owner token");
    assert!(token.starts_with("tc_pat_"), "{output}");
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&data.join("root.key")), 0o600);

    let error = complaint(&["init", "--data", path], 2);
    assert!(error.contains("already holds an installation"), "{error}");
    assert!(!error.contains(&token));

    // The token is nowhere in the data, in no form that a search for it finds.
    for entry in walk(&data) {
        let bytes = fs::read(&entry).unwrap();
        let found = bytes
            .windows(token.len())
            .any(|window| window == token.as_bytes());
        assert!(!found, "the token is in {}", entry.display());
    }
}

fn walk(directory: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(walk(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_place_and_a_name_are_needed() {
    let error = complaint(&["init"], 2);
    assert!(
        error.contains("--config") && error.contains("--data"),
        "{error}"
    );
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let path = data.to_str().unwrap();
    let error = complaint(&["init", "--data", path, "--organisation", "!!!"], 2);
    assert!(error.contains("--organisation"), "{error}");
    assert!(!data.exists());
}

#[test]
fn the_root_key_may_come_from_outside() {
    let parent = tempfile::tempdir().unwrap();
    let data = parent.path().join("data");
    let init = |key: Option<&str>| {
        let mut command = strongroom(&["init", "--data"]);
        command
            .arg(&data)
            .env("STRONGROOM__ROOT_KEY__PROVIDER", "environment");
        key.map(|key| command.env("STRONGROOM_ROOT_KEY", key));
        command.output().unwrap()
    };
    let missing = init(None);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("STRONGROOM_ROOT_KEY is not set"));
    assert!(init(Some(&"0123456789abcdef".repeat(4))).status.success());
    assert!(!data.join("root.key").exists());
}

#[test]
fn another_installations_key_does_not_open_this_one() {
    let parent = tempfile::tempdir().unwrap();
    let (one, other) = (parent.path().join("one"), parent.path().join("other"));
    for data in [&one, &other] {
        assert!(
            run(&["init", "--data", data.to_str().unwrap()])
                .status
                .success()
        );
    }
    fs::copy(other.join("root.key"), one.join("root.key")).unwrap();
    let error = complaint(&["audit", "verify", "--data", one.to_str().unwrap()], 1);
    assert!(error.contains("the root key does not open"), "{error}");
}
