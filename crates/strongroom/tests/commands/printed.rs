//! What the binary prints.

use crate::process::{complaint, printed, run};

#[test]
fn the_example_configuration_is_valid() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("strongroom.toml");
    std::fs::write(&file, printed(&["config"])).unwrap();
    let file = file.to_str().unwrap();
    assert!(printed(&["server", "--config", file, "--check"]).contains("is valid"));
}

#[test]
fn a_wrong_configuration_is_explained() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("strongroom.toml");
    let path = file.to_str().unwrap();
    let check = ["server", "--config", path, "--check"];
    for (text, named) in [
        ("[server]\nlisten_at = \"x\"", "listen_at"),
        ("[server]\nlisten = \"0.0.0.0:1\"", "tls.certificate"),
        ("[tls]\ncertificate = \"/none\"\nkey = \"/none\"", "/none"),
    ] {
        std::fs::write(&file, text).unwrap();
        let error = complaint(&check, 2);
        assert!(error.contains(named), "{error}");
    }
    assert!(complaint(&["server", "--config", "/none.toml"], 2).contains("/none.toml"));
}

#[test]
fn the_environment_is_heard() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("strongroom.toml");
    std::fs::write(&file, "").unwrap();
    let output = crate::process::strongroom(&["server", "--check", "--config"])
        .arg(&file)
        .env("STRONGROOM__SERVER__LISTEN", "192.0.2.1:1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("192.0.2.1:1"));
}

#[test]
fn the_interface_is_described() {
    let document: serde_json::Value = serde_json::from_str(&printed(&["openapi"])).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(document["paths"].as_object().unwrap().len() > 10);
}

#[test]
fn pages_for_the_documentation_are_rendered() {
    assert!(printed(&["config-docs"]).starts_with("# Configuration"));
    assert!(printed(&["recipes"]).contains("```sh\ncurl "));
}

#[test]
fn an_unknown_command_is_a_usage_error() {
    assert_eq!(run(&["sreve"]).status.code(), Some(2));
    assert_eq!(run(&[]).status.code(), Some(2));
}
