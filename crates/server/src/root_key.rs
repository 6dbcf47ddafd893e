//! The root key, from where the configuration says it is.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use strongroom_crypto::provider::{
    CredentialFile, HeaderError, KeyFile, KeyFileError, KeyText, Passphrase, PassphraseCost,
    PassphraseError, PassphraseHeader, ProviderError, RootKeyProvider,
};
use strongroom_crypto::{Entropy, EntropyError, RootKey};
use strongroom_types::Plaintext;

use crate::config::{Config, PassphraseSource, Provider};

/// The file in the data directory that holds the cost and the salt of the passphrase. No secret.
const HEADER_FILE: &str = "passphrase.header";

/// There is no root key to work with.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyUnavailable {
    /// The provider has none, or guards it badly.
    #[error("the root key cannot be had (root_key.provider = \"{provider}\")")]
    Provider {
        /// Which one.
        provider: &'static str,
        /// Why.
        #[source]
        source: ProviderError,
    },
    /// A variable is not set.
    #[error("the environment variable {variable} is not set; {key} says that it holds {what}")]
    Variable {
        /// Which variable.
        variable: String,
        /// The setting that names it.
        key: &'static str,
        /// What should be in it.
        what: &'static str,
    },
    /// systemd handed over no credentials.
    #[error(
        "$CREDENTIALS_DIRECTORY is not set: start under systemd with \
         LoadCredential={0}:/path/to/key, or choose another root_key.provider"
    )]
    NoCredentials(String),
    /// The passphrase file cannot be read.
    #[error("the passphrase file {} cannot be read (root_key.passphrase_file)", path.display())]
    PassphraseFile {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No file is named to read the passphrase from.
    #[error("root_key.passphrase = \"file\" needs root_key.passphrase_file")]
    NoPassphraseFile,
    /// Nobody answered the prompt.
    #[error(
        "the passphrase cannot be asked for: there is no terminal; set root_key.passphrase to \
         \"file\" or \"environment\""
    )]
    Prompt(#[source] io::Error),
    /// The new passphrase was typed differently the second time.
    #[error("the two passphrases differ; start again")]
    Differ,
    /// The passphrase's header cannot be read or written.
    #[error("{} cannot be {action}; it holds the salt of the passphrase", path.display())]
    HeaderFile {
        /// Which file.
        path: PathBuf,
        /// `read` or `written`.
        action: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The header is damaged.
    #[error("{} is damaged; restore it from a backup", path.display())]
    Header {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: HeaderError,
    },
    /// There is no randomness.
    #[error("no random bytes can be had for a new key")]
    Entropy(#[from] EntropyError),
}

/// What the world offers: the process's environment and terminal, as arguments.
pub trait Surroundings {
    /// The variable's value.
    fn variable(&self, name: &str) -> Option<String>;
    /// Asks for a passphrase, without showing it.
    fn ask(&self, question: &str) -> io::Result<String>;
}

/// The process's own surroundings.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessSurroundings;

impl Surroundings for ProcessSurroundings {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn ask(&self, question: &str) -> io::Result<String> {
        rpassword::prompt_password(question)
    }
}

/// The root key of an installation that exists. May take a good part of a second.
pub fn existing(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<RootKey, RootKeyUnavailable> {
    let provider: Box<dyn RootKeyProvider> = match config.root_key.provider {
        Provider::File => Box::new(KeyFile::new(config.root_key_file())),
        Provider::Environment => Box::new(key_text(config, surroundings)?),
        Provider::Credential => Box::new(credential(config, surroundings)?),
        Provider::Passphrase => {
            let path = config.store.data.join(HEADER_FILE);
            let header = read_header(&path)?;
            let text = passphrase(config, surroundings, "Passphrase: ")?;
            Box::new(protected(header, text)?)
        }
    };
    provided(provider.as_ref())
}

/// The root key of a new installation: made where we keep it, taken where the operator does.
pub fn create(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<RootKey, RootKeyUnavailable> {
    match config.root_key.provider {
        Provider::File => {
            let file = KeyFile::new(config.root_key_file());
            match file.create(entropy) {
                Ok(key) => Ok(key),
                // Prepared beforehand, or left by an `init` that did not come to its end.
                Err(KeyFileError::Exists { .. }) => provided(&file),
                Err(source) => Err(refused("file", source.into())),
            }
        }
        Provider::Environment | Provider::Credential => existing(config, surroundings),
        Provider::Passphrase => {
            let text = passphrase(config, surroundings, "New passphrase: ")?;
            if config.root_key.passphrase == PassphraseSource::Prompt {
                let again = passphrase(config, surroundings, "Again: ")?;
                if !strongroom_crypto::constant_time_eq(text.expose(), again.expose()) {
                    return Err(RootKeyUnavailable::Differ);
                }
            }
            let header = PassphraseHeader::generate(PassphraseCost::default(), entropy)?;
            let provider = protected(header, text)?;
            write_header(&config.store.data.join(HEADER_FILE), &header)?;
            provided(&provider)
        }
    }
}

fn provided(provider: &dyn RootKeyProvider) -> Result<RootKey, RootKeyUnavailable> {
    provider
        .root_key()
        .map_err(|source| refused(provider.name(), source))
}

fn refused(provider: &'static str, source: ProviderError) -> RootKeyUnavailable {
    RootKeyUnavailable::Provider { provider, source }
}

fn protected(header: PassphraseHeader, text: Plaintext) -> Result<Passphrase, RootKeyUnavailable> {
    Passphrase::new(header, text)
        .map_err(|source: PassphraseError| refused("passphrase", source.into()))
}

fn key_text(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<KeyText, RootKeyUnavailable> {
    let name = &config.root_key.variable;
    let text = variable(surroundings, name, "root_key.variable", "the root key")?;
    Ok(KeyText::new(text))
}

fn credential(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<CredentialFile, RootKeyUnavailable> {
    let name = &config.root_key.credential;
    let directory = surroundings
        .variable("CREDENTIALS_DIRECTORY")
        .ok_or_else(|| RootKeyUnavailable::NoCredentials(name.clone()))?;
    Ok(CredentialFile::new(Path::new(&directory).join(name)))
}

fn variable(
    surroundings: &dyn Surroundings,
    name: &str,
    key: &'static str,
    what: &'static str,
) -> Result<Plaintext, RootKeyUnavailable> {
    surroundings
        .variable(name)
        .map(|text| Plaintext::new(text.into_bytes()))
        .ok_or_else(|| RootKeyUnavailable::Variable {
            variable: name.to_owned(),
            key,
            what,
        })
}

fn passphrase(
    config: &Config,
    surroundings: &dyn Surroundings,
    question: &str,
) -> Result<Plaintext, RootKeyUnavailable> {
    let root = &config.root_key;
    match root.passphrase {
        PassphraseSource::Prompt => surroundings
            .ask(question)
            .map(|text| Plaintext::new(text.into_bytes()))
            .map_err(RootKeyUnavailable::Prompt),
        PassphraseSource::Environment => variable(
            surroundings,
            &root.passphrase_variable,
            "root_key.passphrase_variable",
            "the passphrase",
        ),
        PassphraseSource::File => {
            let path = root.passphrase_file.clone();
            let path = path.ok_or(RootKeyUnavailable::NoPassphraseFile)?;
            let mut text = fs::read(&path)
                .map_err(|source| RootKeyUnavailable::PassphraseFile { path, source })?;
            while matches!(text.last(), Some(b'\n' | b'\r')) {
                text.pop();
            }
            Ok(Plaintext::new(text))
        }
    }
}

fn read_header(path: &Path) -> Result<PassphraseHeader, RootKeyUnavailable> {
    let text = fs::read_to_string(path).map_err(|source| RootKeyUnavailable::HeaderFile {
        path: path.to_owned(),
        action: "read",
        source,
    })?;
    text.trim_end()
        .parse()
        .map_err(|source| RootKeyUnavailable::Header {
            path: path.to_owned(),
            source,
        })
}

/// Writes the header where there is none: another salt would make the old data unreadable.
fn write_header(path: &Path, header: &PassphraseHeader) -> Result<(), RootKeyUnavailable> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        writeln!(file, "{header}")?;
        file.sync_all()
    };
    write().map_err(|source| RootKeyUnavailable::HeaderFile {
        path: path.to_owned(),
        action: "written",
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use strongroom_crypto::{Keyring, SystemEntropy};

    use super::*;

    /// Surroundings that a test furnishes.
    #[derive(Default)]
    struct Furnished {
        variables: Vec<(&'static str, String)>,
        answers: RefCell<Vec<&'static str>>,
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
    }

    fn config(provider: Provider) -> (tempfile::TempDir, Config) {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.store.data = directory.path().to_owned();
        config.root_key.provider = provider;
        (directory, config)
    }

    /// Whether both are one key.
    fn same(first: &RootKey, second: &RootKey) -> bool {
        let keyring = Keyring::generate(&SystemEntropy).unwrap();
        let sealed = keyring.seal(first, &SystemEntropy, b"here").unwrap();
        Keyring::open(second, &sealed, b"here").is_ok()
    }

    #[test]
    fn a_key_file_is_made_once_and_found_again() {
        let (_directory, config) = config(Provider::File);
        let none = Furnished::default();
        assert!(existing(&config, &none).is_err());
        let made = create(&config, &none, &SystemEntropy).unwrap();
        assert!(same(&made, &existing(&config, &none).unwrap()));
        assert!(same(
            &made,
            &create(&config, &none, &SystemEntropy).unwrap()
        ));
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
}
