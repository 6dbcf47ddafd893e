//! The root key, from each of the places where it may be kept.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::common::{complaint, files};
use crate::installation::{Installation, create, reveal};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const OTHER: &str = "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100";

/// Writes a file that only its owner may read.
fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Serves, stops, serves again: what was kept is there.
fn is_of_use(installation: &Installation) {
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "over a restart");
    server.stop();
    let server = installation.start();
    let owner = installation.owner(&server);
    assert_eq!(reveal(&owner, "/kept", 1), "over a restart");
    server.stop();
}

/// Nothing is served, the reason is said, and nothing on the disk is touched.
fn is_refused(installation: &Installation, code: i32, reason: &str) {
    let before = installation.contents();
    for words in [&["server"][..], &["audit", "verify"], &["audit", "head"]] {
        let error = complaint(installation.command(words), code);
        assert!(error.contains(reason), "{words:?}: {error}");
        for dump in ["Os {", "Err(", "source:"] {
            assert!(!error.contains(dump), "a debug dump: {error}");
        }
    }
    let after = installation.contents();
    let names =
        |contents: &std::collections::BTreeMap<_, _>| contents.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    for (name, bytes) in before {
        assert!(after[&name] == bytes, "{} was changed", name.display());
    }
}

const WRONG: &str = "the root key does not open this installation's keyring";

#[test]
fn a_file_elsewhere() {
    let installation = Installation::new("root_key.file = \"HOME/elsewhere.key\"");
    let file = installation.home().join("elsewhere.key");
    assert!(!installation.data().join("root.key").exists());
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    is_of_use(&installation);

    let other = Installation::new("");
    let key = fs::read_to_string(&file).unwrap();
    private(
        &file,
        &fs::read_to_string(other.data().join("root.key")).unwrap(),
    );
    is_refused(&installation, 1, WRONG);
    private(&file, "no key");
    is_refused(&installation, 1, "elsewhere.key");
    private(&file, &key);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    is_refused(&installation, 1, "elsewhere.key");
    fs::remove_file(&file).unwrap();
    is_refused(&installation, 1, "elsewhere.key");
    private(&file, &key);
    is_of_use_again(&installation);
}

/// The right key opens it still, after all the wrong ones.
fn is_of_use_again(installation: &Installation) {
    let server = installation.start();
    let owner = installation.owner(&server);
    assert_eq!(reveal(&owner, "/kept", 1), "over a restart");
    server.stop();
}

#[test]
fn the_environment() {
    let settings = "root_key.provider = \"environment\"\nroot_key.variable = \"VAULT_KEY\"";
    let mut installation = Installation::with(settings, &[("VAULT_KEY", KEY)], |_| ());
    is_of_use(&installation);
    installation.set("VAULT_KEY", OTHER);
    is_refused(&installation, 1, WRONG);
    installation.set("VAULT_KEY", "0011223344");
    is_refused(&installation, 1, "root_key.provider = \"environment\"");
    installation.set("VAULT_KEY", KEY);
    is_of_use_again(&installation);
}

#[test]
fn a_passphrase_in_a_file() {
    let settings = "root_key.provider = \"passphrase\"\nroot_key.passphrase = \"file\"\n\
                    root_key.passphrase_file = \"HOME/phrase\"";
    let installation = Installation::with(settings, &[], |home| {
        private(&home.join("phrase"), "correct horse battery staple\n");
    });
    is_of_use(&installation);
    let phrase = installation.home().join("phrase");
    private(&phrase, "incorrect horse battery staple");
    is_refused(&installation, 1, WRONG);
    fs::remove_file(&phrase).unwrap();
    is_refused(&installation, 1, "root_key.passphrase_file");
    private(&phrase, "correct horse battery staple");
    is_of_use_again(&installation);
}

#[test]
fn a_credential_of_the_service_manager() {
    let settings = "root_key.provider = \"credential\"";
    let environment = [("CREDENTIALS_DIRECTORY", "HOME/credentials")];
    let installation = Installation::with(settings, &environment, |home| {
        fs::create_dir(home.join("credentials")).unwrap();
        private(&home.join("credentials/strongroom-root-key"), KEY);
    });
    is_of_use(&installation);
    let file = installation.home().join("credentials/strongroom-root-key");
    private(&file, OTHER);
    is_refused(&installation, 1, WRONG);
    fs::remove_file(&file).unwrap();
    is_refused(&installation, 1, "strongroom-root-key");
    private(&file, KEY);
    is_of_use_again(&installation);
}

#[test]
fn a_second_init_changes_nothing() {
    let installation = Installation::new("");
    is_of_use(&installation);
    let before = installation.contents();
    for _ in 0..2 {
        let error = complaint(installation.command(&["init"]), 2);
        assert!(error.contains("already holds an installation"), "{error}");
    }
    assert!(
        before == installation.contents(),
        "the second init changed something"
    );
    is_of_use_again(&installation);
}

#[test]
fn an_unfinished_init_is_not_served() {
    let installation = Installation::new("");
    fs::remove_file(installation.data().join("strongroom.data")).unwrap();
    for words in [["server"], ["init"]] {
        let error = complaint(installation.command(&words), 2);
        assert!(error.contains("begun and not finished"), "{error}");
    }
    assert!(
        files(&installation.data()).len() > 3,
        "and nothing of it is removed"
    );
}
