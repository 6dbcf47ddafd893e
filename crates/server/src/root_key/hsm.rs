//! The root key that a hardware security module wraps: the file with it, and the PIN.

use std::fs;
use std::io;
use std::path::Path;

use strongroom_crypto::Entropy;
use strongroom_crypto::provider::{Hsm, HsmPlace, HsmToken, Missing, WrappedRoot};
use strongroom_types::Plaintext;

use super::drafts::Place;
use super::{NewRoot, RootKeyUnavailable, RootKeys, Surroundings, refused, variable};
use crate::config::{Config, PinSource};

/// The file in the data directory that holds the wrapped root key. No secret without the module.
const HEADER_FILE: &str = "pkcs11.header";

/// Where it lies.
pub(super) fn place(config: &Config) -> Place {
    Place::new(config.store.data.join(HEADER_FILE))
}

/// The root key of the file, and of its draft if there is one. The draft is read first: if it takes
/// the file's place meanwhile, the file that is read after it is the new one.
pub(super) fn existing(
    config: &Config,
    surroundings: &dyn Surroundings,
) -> Result<RootKeys, RootKeyUnavailable> {
    let place = place(config);
    let next = found(read(&place.next()))?;
    let current = match next {
        Some(_) => found(read(place.current()))?,
        None => Some(read(place.current())?),
    };
    let keys = module(config, surroundings)?.unwrap([current.as_ref(), next.as_ref()]);
    let [current, next] = keys.map_err(|source| refused("pkcs11", source.into()))?;
    Ok(RootKeys {
        current,
        next,
        place: Some(place),
    })
}

/// A new root key, wrapped, in the file's draft.
pub(super) fn draft(
    config: &Config,
    surroundings: &dyn Surroundings,
    entropy: &dyn Entropy,
) -> Result<NewRoot, RootKeyUnavailable> {
    let missing = match config.root_key.generate {
        true => Missing::Make,
        false => Missing::Fail,
    };
    let made = module(config, surroundings)?.generate(missing, entropy);
    let (wrapped, key) = made.map_err(|source| refused("pkcs11", source.into()))?;
    let place = place(config);
    place.write_next(&format!("{wrapped}\n"))?;
    Ok(NewRoot {
        key,
        place: Some(place),
    })
}

fn module(config: &Config, surroundings: &dyn Surroundings) -> Result<Hsm, RootKeyUnavailable> {
    let root = &config.root_key;
    let module = root.module.clone();
    let token = match (&root.token, root.slot) {
        (_, Some(slot)) => HsmToken::Slot(slot),
        (Some(label), None) => HsmToken::Label(label.clone()),
        (None, None) => return Err(RootKeyUnavailable::NoModule("root_key.token")),
    };
    let place = HsmPlace {
        module: module.ok_or(RootKeyUnavailable::NoModule("root_key.module"))?,
        token,
        key: root.key_label.clone(),
    };
    Ok(Hsm::new(place, pin(config, surroundings)?))
}

fn pin(config: &Config, surroundings: &dyn Surroundings) -> Result<Plaintext, RootKeyUnavailable> {
    let root = &config.root_key;
    match root.pin {
        PinSource::Prompt => surroundings
            .ask("PIN of the token: ")
            .map(|text| Plaintext::new(text.into_bytes()))
            .map_err(RootKeyUnavailable::PinPrompt),
        PinSource::Environment => variable(
            surroundings,
            &root.pin_variable,
            "root_key.pin_variable",
            "the token's PIN",
        ),
        PinSource::File => {
            let path = root.pin_file.as_deref();
            pin_file(path.ok_or(RootKeyUnavailable::NoModule("root_key.pin_file"))?)
        }
        PinSource::Credential => {
            let name = &root.pin_credential;
            let directory = surroundings
                .variable("CREDENTIALS_DIRECTORY")
                .ok_or_else(|| RootKeyUnavailable::NoCredentials(name.clone()))?;
            pin_file(&Path::new(&directory).join(name))
        }
    }
}

/// The PIN in a file. A line break at its end does not count: no token takes one for a digit.
fn pin_file(path: &Path) -> Result<Plaintext, RootKeyUnavailable> {
    let mut text = fs::read(path).map_err(|source| RootKeyUnavailable::PinFile {
        path: path.to_owned(),
        source,
    })?;
    while matches!(text.last(), Some(b'\n' | b'\r')) {
        text.pop();
    }
    Ok(Plaintext::new(text))
}

fn read(path: &Path) -> Result<WrappedRoot, RootKeyUnavailable> {
    let text = fs::read_to_string(path).map_err(|source| RootKeyUnavailable::Replacing {
        path: path.to_owned(),
        action: "read; it holds the wrapped root key",
        source,
    })?;
    text.trim_end()
        .parse()
        .map_err(|source| RootKeyUnavailable::WrappedRoot {
            path: path.to_owned(),
            source,
        })
}

/// What is there; nothing if there is no file.
fn found(
    wrapped: Result<WrappedRoot, RootKeyUnavailable>,
) -> Result<Option<WrappedRoot>, RootKeyUnavailable> {
    match wrapped {
        Err(RootKeyUnavailable::Replacing { source, .. })
            if source.kind() == io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        outcome => outcome.map(Some),
    }
}
