//! The root key, from where the configuration says it is.

//!
//! [`existing`] finds the key of an installation, [`create`] makes the first one, and the steps
//! from [`Opened`] to [`Replaced`] change it.

mod change;
mod control;
mod drafts;
mod file;
mod hsm;
mod keys;
mod passphrase;
mod row;
mod shares;
mod unavailable;

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use strongroom_crypto::provider::{
    CredentialFile, KeyFile, KeyFileError, KeyText, ProviderError, RootKeyProvider,
};
use strongroom_crypto::{Entropy, RootKey};
use strongroom_types::Plaintext;

use crate::config::{Config, Provider};
use drafts::Place;

pub use change::{ChangeError, Changing, NewRoot, Opened, Prepared, Replaced};
pub use control::{Control, ControlError};
pub use keys::{RootKeys, Which};
pub use row::{AccessError, Change, KeyringAccess, KeyringRow, ReplaceError};
pub use shares::{Assembly, Progress};
pub use unavailable::RootKeyUnavailable;

/// Room for a line with a share, so that reading it leaves no copies behind.
const LONGEST_LINE: usize = 256;

/// What the world offers: the process's environment and terminal, as arguments.
pub trait Surroundings {
    /// The variable's value.
    fn variable(&self, name: &str) -> Option<String>;
    /// Asks for a passphrase, without showing it.
    fn ask(&self, question: &str) -> io::Result<String>;
    /// Takes a share: from the terminal, without showing it, or the next line of what is piped in.
    fn share(&self, question: &str) -> io::Result<String>;
    /// Shows text that the operator has to keep, at once.
    fn show(&self, text: &str) -> io::Result<()>;
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

    fn share(&self, question: &str) -> io::Result<String> {
        let input = io::stdin();
        if input.is_terminal() {
            return rpassword::prompt_password(question);
        }
        let mut line = String::with_capacity(LONGEST_LINE);
        match input.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line),
        }
    }

    fn show(&self, text: &str) -> io::Result<()> {
        let mut output = io::stdout();
        output.write_all(text.as_bytes())?;
        output.flush()
    }
}

/// The root key of an installation that exists, and the next one if it is being changed. May take a
/// good part of a second.
///
/// # Errors
///
/// The provider has none, or guards it badly.
pub fn existing(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<RootKeys, RootKeyUnavailable> {
    match config.root_key.provider {
        Provider::File => file::existing(&Place::new(config.root_key_file())),
        Provider::Environment => Ok(RootKeys::only(provided(&key_text(config, surroundings)?)?)),
        Provider::Credential => Ok(RootKeys::only(provided(&credential(
            config,
            surroundings,
        )?)?)),
        Provider::Passphrase => passphrase::existing(config, surroundings),
        Provider::Shamir => shares::existing(config, surroundings),
        Provider::Pkcs11 => hsm::existing(config, surroundings),
    }
}

/// The root key of a new installation: made where we keep it, taken where the operator does.
///
/// # Errors
///
/// As for [`existing`]; or the new key cannot be written down.
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
        Provider::Environment => provided(&key_text(config, surroundings)?),
        Provider::Credential => provided(&credential(config, surroundings)?),
        Provider::Passphrase => passphrase::create(config, surroundings, entropy),
        Provider::Shamir => shares::create(config, surroundings, entropy),
        Provider::Pkcs11 => {
            let new = hsm::draft(config, surroundings, entropy)?;
            hsm::place(config).promote()?;
            Ok(new.key)
        }
    }
}

/// Whether we can make a new root key of this provider: not where the operator keeps it.
///
/// # Errors
///
/// It is kept elsewhere.
pub fn can_be_renewed(config: &Config) -> Result<(), RootKeyUnavailable> {
    match config.root_key.provider {
        Provider::Environment => Err(RootKeyUnavailable::KeptElsewhere("environment")),
        Provider::Credential => Err(RootKeyUnavailable::KeptElsewhere("credential")),
        Provider::File | Provider::Passphrase | Provider::Shamir | Provider::Pkcs11 => Ok(()),
    }
}

/// Whether both configurations say that one and the same place has the root key.
pub fn is_same_place(one: &Config, other: &Config) -> bool {
    let (ones, others) = (&one.root_key, &other.root_key);
    ones.provider == others.provider
        && match ones.provider {
            Provider::File => one.root_key_file() == other.root_key_file(),
            Provider::Environment => ones.variable == others.variable,
            Provider::Credential => ones.credential == others.credential,
            Provider::Passphrase | Provider::Shamir => ones == others,
            Provider::Pkcs11 => {
                let place = |it: &crate::config::RootKey| {
                    let it = it.clone();
                    (it.module, it.token, it.slot, it.key_label)
                };
                place(ones) == place(others)
            }
        }
}

/// A new root key of the same provider, with its draft on the disk.
///
/// # Errors
///
/// The provider keeps its keys elsewhere, or the draft cannot be written.
pub fn renewed(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<NewRoot, RootKeyUnavailable> {
    match config.root_key.provider {
        Provider::File => file::draft(Place::new(config.root_key_file()), entropy),
        Provider::Environment => Err(RootKeyUnavailable::KeptElsewhere("environment")),
        Provider::Credential => Err(RootKeyUnavailable::KeptElsewhere("credential")),
        Provider::Passphrase => passphrase::draft(config, surroundings, entropy),
        Provider::Shamir => shares::draft(config, surroundings, entropy),
        Provider::Pkcs11 => hsm::draft(config, surroundings, entropy),
    }
}

/// The root key of a provider to go over to: taken if it is there, made as a draft otherwise.
///
/// # Errors
///
/// As for [`existing`] and [`renewed`].
pub fn destined(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<NewRoot, RootKeyUnavailable> {
    let taken = |key| NewRoot { key, place: None };
    match config.root_key.provider {
        Provider::File => {
            let place = Place::new(config.root_key_file());
            match KeyFile::new(place.current()).read() {
                Ok(key) => Ok(taken(key)),
                Err(KeyFileError::Missing { .. }) => file::draft(place, entropy),
                Err(source) => Err(refused("file", source.into())),
            }
        }
        Provider::Environment => provided(&key_text(config, surroundings)?).map(taken),
        Provider::Credential => provided(&credential(config, surroundings)?).map(taken),
        Provider::Passphrase => passphrase::draft(config, surroundings, entropy),
        Provider::Shamir => shares::draft(config, surroundings, entropy),
        Provider::Pkcs11 => hsm::draft(config, surroundings, entropy),
    }
}

/// Removes a draft of this provider's that no change is using. Only for who has the right to touch
/// drafts, and knows that the keyring is not under it.
///
/// # Errors
///
/// The disk refuses.
pub fn discard_draft(_right: &Changing, config: &Config) -> Result<(), RootKeyUnavailable> {
    match config.root_key.provider {
        Provider::File => Place::new(config.root_key_file()).discard(),
        Provider::Passphrase => passphrase::place(config).discard(),
        Provider::Shamir => shares::place(config).discard(),
        Provider::Pkcs11 => hsm::place(config).discard(),
        Provider::Environment | Provider::Credential => Ok(()),
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

#[cfg(test)]
mod crashes;
#[cfg(test)]
mod tests;
