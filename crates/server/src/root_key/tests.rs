//! What the sources of root keys do.

use std::cell::RefCell;
use std::fs;

use strongroom_crypto::{Keyring, SystemEntropy};

use crate::config::PassphraseSource;

use super::*;

/// Surroundings that a test furnishes.
#[derive(Default)]
pub(super) struct Furnished {
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) answers: RefCell<Vec<&'static str>>,
    pub(super) shares: RefCell<Vec<String>>,
    pub(super) shown: RefCell<Vec<String>>,
}

impl Surroundings for Furnished {
    fn variable(&self, name: &str) -> Option<String> {
        self.variables
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, v)| v.clone())
    }

    fn ask(&self, _question: &str) -> io::Result<String> {
        self.answers
            .borrow_mut()
            .pop()
            .map(str::to_owned)
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn share(&self, _question: &str) -> io::Result<String> {
        let next = self.shares.borrow_mut().pop();
        next.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// What is shown are new shares.
    fn show(&self, text: &str) -> io::Result<()> {
        let shares = text
            .lines()
            .filter(|line| line.starts_with("strongroom-share-1:"));
        *self.shown.borrow_mut() = shares.map(str::to_owned).collect();
        Ok(())
    }
}

pub(super) fn config(provider: Provider) -> (tempfile::TempDir, Config) {
    let directory = tempfile::tempdir().unwrap();
    let mut config = Config::default();
    config.store.data = directory.path().to_owned();
    config.root_key.provider = provider;
    config.audit.segment_mebibytes = 1;
    (directory, config)
}

/// Whether the key is that of the provider.
fn same(key: &RootKey, found: &RootKeys) -> bool {
    let keyring = Keyring::generate(&SystemEntropy).unwrap();
    let sealed = keyring.seal(key, &SystemEntropy, b"here").unwrap();
    found.open(&sealed, b"here").is_ok()
}

#[test]
fn a_key_file_is_made_once_and_found_again() {
    let (_directory, config) = config(Provider::File);
    let none = Furnished::default();
    assert!(existing(&config, &none).is_err());
    let made = create(&config, &none, &SystemEntropy).unwrap();
    assert!(same(&made, &existing(&config, &none).unwrap()));
    let again = create(&config, &none, &SystemEntropy).unwrap();
    assert!(same(&made, &RootKeys::only(again)));
}

#[test]
fn a_passphrase_gives_one_key_for_as_long_as_its_header_lives() {
    let (_directory, config) = config(Provider::Passphrase);
    let typed = |answers: &[&'static str]| Furnished {
        answers: RefCell::new(answers.to_vec()),
        ..Furnished::default()
    };
    let (good, bad) = ("correct horse battery", "incorrect horse battery");
    assert!(matches!(
        create(&config, &typed(&[good, bad]), &SystemEntropy),
        Err(RootKeyUnavailable::Differ)
    ));
    let made = create(&config, &typed(&[good, good]), &SystemEntropy).unwrap();
    assert!(same(&made, &existing(&config, &typed(&[good])).unwrap()));
    assert!(!same(&made, &existing(&config, &typed(&[bad])).unwrap()));
    assert!(matches!(
        existing(&config, &typed(&[])),
        Err(RootKeyUnavailable::Prompt(_))
    ));
    assert!(matches!(
        create(&config, &typed(&[good, good]), &SystemEntropy),
        Err(RootKeyUnavailable::HeaderFile {
            action: "written",
            ..
        })
    ));
}

#[test]
fn a_passphrase_file_may_end_in_a_line_break() {
    let (directory, mut config) = config(Provider::Passphrase);
    let path = directory.path().join("phrase");
    fs::write(&path, "correct horse battery\r\n").unwrap();
    config.root_key.passphrase = PassphraseSource::File;
    config.root_key.passphrase_file = Some(path);
    let from_file = create(&config, &Furnished::default(), &SystemEntropy).unwrap();
    config.root_key.passphrase = PassphraseSource::Environment;
    let variables = vec![("STRONGROOM_PASSPHRASE", "correct horse battery".to_owned())];
    let from_variable = existing(
        &config,
        &Furnished {
            variables,
            ..Furnished::default()
        },
    )
    .unwrap();
    assert!(same(&from_file, &from_variable));
}

#[test]
fn a_key_from_outside_is_taken_as_it_is() {
    let (directory, mut config) = config(Provider::Environment);
    let hex = "0123456789abcdef".repeat(4);
    let variables = vec![
        ("STRONGROOM_ROOT_KEY", hex.clone()),
        (
            "CREDENTIALS_DIRECTORY",
            directory.path().to_string_lossy().into_owned(),
        ),
    ];
    let surroundings = Furnished {
        variables,
        ..Furnished::default()
    };
    let from_variable = create(&config, &surroundings, &SystemEntropy).unwrap();
    let credential = directory.path().join("strongroom-root-key");
    fs::write(&credential, hex).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o400)).unwrap();
    }
    config.root_key.provider = Provider::Credential;
    let from_credential = existing(&config, &surroundings).unwrap();
    assert!(same(&from_variable, &from_credential));
}

#[test]
fn what_is_missing_is_named() {
    for (provider, named) in [
        (Provider::File, "root_key.provider"),
        (Provider::Environment, "STRONGROOM_ROOT_KEY"),
        (Provider::Credential, "CREDENTIALS_DIRECTORY"),
        (Provider::Passphrase, "passphrase.header"),
    ] {
        let (_directory, config) = config(provider);
        let error = existing(&config, &Furnished::default())
            .err()
            .unwrap()
            .to_string();
        assert!(error.contains(named), "{error}");
    }
}
