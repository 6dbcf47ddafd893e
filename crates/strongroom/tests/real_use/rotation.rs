//! A new root key, and another place for it, while the server runs and across crashes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use strongroom_testkit::ServerProcess;

use crate::common::{Server, binary, complaint, printed, strongroom};
use crate::installation::{Installation, create, reveal};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// `strongroom root migrate` from the installation's configuration to another one in its home.
fn migrate(installation: &Installation, to: &str) -> Command {
    let mut command = installation.command(&["root", "migrate"]);
    command.arg("--to").arg(installation.home().join(to));
    command
}

/// Writes a configuration with these lines more beside the installation's own.
fn another(installation: &Installation, name: &str, settings: &str) {
    let own = fs::read_to_string(installation.config()).unwrap();
    let path = installation.home().join(name);
    fs::write(path, format!("{own}\n{settings}\n")).unwrap();
}

fn serves(installation: &Installation, server: &Server) {
    let owner = installation.owner(server);
    assert_eq!(reveal(&owner, "/kept", 1), "over it all");
}

#[test]
fn a_running_server_goes_over_to_a_new_root_key() {
    let installation = Installation::new("");
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "over it all");
    let socket = installation.data().join("control.sock");
    let mode = fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = installation.data().join("root.key");
    let old = fs::read(&file).unwrap();
    let said = printed(installation.command(&["root", "rotate"]));
    assert!(said.contains("a new one"), "{said}");
    let new = fs::read(&file).unwrap();
    assert_ne!(old, new);
    serves(&installation, &server);
    server.kill();
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
    assert!(!socket.exists());
    fs::write(&file, &old).unwrap();
    let error = complaint(installation.command(&["root", "rotate"]), 1);
    assert!(error.contains("does not open the keyring"), "{error}");
    fs::write(&file, &new).unwrap();
    // Without a server the command goes to the store itself.
    printed(installation.command(&["root", "rotate"]));
    assert_ne!(fs::read(&file).unwrap(), new);
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
}

#[test]
fn a_command_that_is_killed_at_any_moment_does_no_harm() {
    let installation = Installation::new("");
    let mut server = installation.start();
    create(&installation.owner(&server), "/kept", "over it all");
    for round in 0..24_u64 {
        let mut command = installation.command(&["root", "rotate"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        // sleeps: another process offers nothing to wait for
        std::thread::sleep(std::time::Duration::from_millis(round * 2));
        let _gone = child.kill();
        child.wait().unwrap();
        if round % 4 == 3 {
            server.kill();
            server = installation.start();
        }
        serves(&installation, &server);
    }
    printed(installation.command(&["root", "rotate"]));
    server.kill();
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
}

#[test]
fn a_server_that_is_killed_under_a_command_does_no_harm() {
    let installation = Installation::new("");
    let mut server = installation.start();
    create(&installation.owner(&server), "/kept", "over it all");
    for round in 0..10_u64 {
        let mut command = installation.command(&["root", "rotate"]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // sleeps: another process offers nothing to wait for
        std::thread::sleep(std::time::Duration::from_millis(round * 3));
        server.kill();
        // Whether the command came to its end is open; that the installation opens is not.
        child.wait().unwrap();
        server = installation.start();
        serves(&installation, &server);
    }
    server.stop();
}

#[test]
fn a_running_server_goes_over_to_a_root_key_elsewhere_and_back() {
    let mut installation = Installation::new("");
    installation.set("NEW_KEY", KEY);
    let settings = "root_key.provider = \"environment\"\nroot_key.variable = \"NEW_KEY\"";
    another(&installation, "environment.toml", settings);
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "over it all");
    let said = printed(migrate(&installation, "environment.toml"));
    assert!(said.contains("environment.toml"), "{said}");
    // A second run finds that all is done.
    printed(migrate(&installation, "environment.toml"));
    serves(&installation, &server);
    server.stop();
    let error = complaint(installation.command(&["server"]), 1);
    assert!(error.contains("the root key does not open"), "{error}");

    fs::rename(
        installation.home().join("environment.toml"),
        installation.config(),
    )
    .unwrap();
    let server = installation.start();
    serves(&installation, &server);
    let error = complaint(installation.command(&["root", "rotate"]), 2);
    assert!(error.contains("root migrate"), "{error}");
    fs::remove_file(installation.data().join("root.key")).unwrap();
    let own = fs::read_to_string(installation.config()).unwrap();
    let file = own.replace("\"environment\"", "\"file\"");
    fs::write(installation.home().join("file.toml"), file).unwrap();
    printed(migrate(&installation, "file.toml"));
    server.kill();
    let mut command = strongroom(&["server", "--config"]);
    command.arg(installation.home().join("file.toml"));
    let server = Server::run(command);
    serves(&installation, &server);
    server.stop();
}

#[test]
fn what_cannot_be_migrated_is_refused_with_a_reason() {
    let installation = Installation::new("");
    another(&installation, "same.toml", "");
    let error = complaint(migrate(&installation, "same.toml"), 2);
    assert!(error.contains("root rotate"), "{error}");
    let own = fs::read_to_string(installation.config()).unwrap();
    let moved = own.replace("/data\"", "/other\"");
    fs::write(installation.home().join("moved.toml"), moved).unwrap();
    let error = complaint(migrate(&installation, "moved.toml"), 2);
    assert!(error.contains("store.data"), "{error}");
}

#[test]
fn each_change_of_the_root_key_is_in_the_journal() {
    let mut installation = Installation::new("");
    installation.set("NEW_KEY", KEY);
    let settings = "root_key.provider = \"environment\"\nroot_key.variable = \"NEW_KEY\"";
    another(&installation, "environment.toml", settings);
    // The name of the call, and that of the event in it.
    let rotations = || installation.journalled("root_key.rotate") / 2;
    let migrations = || installation.journalled("root_key.migrate") / 2;
    let server = installation.start();
    printed(installation.command(&["root", "rotate"]));
    server.stop();
    assert_eq!((rotations(), migrations()), (1, 0));
    // Without a server the command writes the record itself.
    printed(installation.command(&["root", "rotate"]));
    assert_eq!((rotations(), migrations()), (2, 0));
    let server = installation.start();
    printed(migrate(&installation, "environment.toml"));
    // Nothing was left to do, so there is nothing to record.
    printed(migrate(&installation, "environment.toml"));
    server.stop();
    assert_eq!((rotations(), migrations()), (2, 1));
    let mut verify = strongroom(&["audit", "verify", "--config"]);
    verify.arg(installation.home().join("environment.toml"));
    printed({
        verify.env("NEW_KEY", KEY);
        verify
    });
}

#[test]
fn a_change_that_cannot_be_recorded_is_not_made() {
    let installation = Installation::new("");
    let (journal, aside) = (
        installation.data().join("audit"),
        installation.home().join("aside"),
    );
    let key = fs::read(installation.data().join("root.key")).unwrap();
    fs::rename(&journal, &aside).unwrap();
    fs::write(&journal, "no directory").unwrap();
    let error = complaint(installation.command(&["root", "rotate"]), 1);
    assert!(error.contains("audit journal"), "{error}");
    assert_eq!(fs::read(installation.data().join("root.key")).unwrap(), key);
    assert!(!installation.data().join("root.key.next").exists());
    fs::remove_file(&journal).unwrap();
    fs::rename(&aside, &journal).unwrap();
    installation.start().stop();
}

#[test]
fn a_server_to_try_things_on_goes_over_to_a_new_root_key_too() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let plan = || ServerProcess::plan(binary()).data(&data);
    let server = plan().start();
    let config = home.path().join("strongroom.toml");
    fs::write(&config, format!("store.data = {data:?}\n")).unwrap();
    let old = fs::read(data.join("root.key")).unwrap();
    let mut rotate = strongroom(&["root", "rotate", "--config"]);
    rotate.arg(&config);
    printed(rotate);
    assert_ne!(fs::read(data.join("root.key")).unwrap(), old);
    server.stop_well();
    plan().start().stop_well();
}
