//! The root key from a passphrase: where its text comes from, and the header with its salt.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use strongroom_crypto::provider::{Passphrase, PassphraseCost, PassphraseError, PassphraseHeader};
use strongroom_crypto::{Entropy, RootKey};
use strongroom_types::Plaintext;

use super::drafts::Place;
use super::{NewRoot, RootKeyUnavailable, RootKeys, Surroundings, provided, refused, variable};
use crate::config::{Config, PassphraseSource};

/// The file in the data directory that holds the cost and the salt of the passphrase. No secret.
const HEADER_FILE: &str = "passphrase.header";

/// Where the header lies.
pub(super) fn place(config: &Config) -> Place {
    Place::new(config.store.data.join(HEADER_FILE))
}

/// The key of the passphrase with the header, and with its draft if there is one. The draft is read
/// first: if it takes the header's place meanwhile, the header that is read after it is the new one.
pub(super) fn existing(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<RootKeys, RootKeyUnavailable> {
    let place = place(config);
    let next = found(read_header(&place.next()))?;
    let current = match next {
        Some(_) => found(read_header(place.current()))?,
        None => Some(read_header(place.current())?),
    };
    let text = text(config, surroundings, "Passphrase: ")?;
    let key = |header: Option<PassphraseHeader>| {
        let copy = || Plaintext::new(text.expose().to_vec());
        header
            .map(|header| provided(&protected(header, copy())?))
            .transpose()
    };
    Ok(RootKeys {
        current: key(current)?,
        next: key(next)?,
        place: Some(place),
    })
}

/// The key of a new passphrase, with a header where there was none.
pub(super) fn create(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<RootKey, RootKeyUnavailable> {
    let (header, provider) = chosen(config, surroundings, entropy)?;
    write_header(place(config).current(), &header)?;
    provided(&provider)
}

/// The same, with the header's draft only.
pub(super) fn draft(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<NewRoot, RootKeyUnavailable> {
    let (header, provider) = chosen(config, surroundings, entropy)?;
    let (key, place) = (provided(&provider)?, place(config));
    place.write_next(&format!("{header}\n"))?;
    Ok(NewRoot {
        key,
        place: Some(place),
    })
}

fn chosen(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<(PassphraseHeader, Passphrase), RootKeyUnavailable> {
    let phrase = text(config, surroundings, "New passphrase: ")?;
    if config.root_key.passphrase == PassphraseSource::Prompt {
        let again = text(config, surroundings, "Again: ")?;
        if !strongroom_crypto::constant_time_eq(phrase.expose(), again.expose()) {
            return Err(RootKeyUnavailable::Differ);
        }
    }
    let header = PassphraseHeader::generate(PassphraseCost::default(), entropy)?;
    Ok((header, protected(header, phrase)?))
}

/// What is there; nothing if there is no file.
fn found(
    header: Result<PassphraseHeader, RootKeyUnavailable>,
) -> Result<Option<PassphraseHeader>, RootKeyUnavailable> {
    match header {
        Err(RootKeyUnavailable::HeaderFile { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}

fn protected(header: PassphraseHeader, text: Plaintext) -> Result<Passphrase, RootKeyUnavailable> {
    Passphrase::new(header, text)
        .map_err(|source: PassphraseError| refused("passphrase", source.into()))
}

fn text(
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
