//! The root key in a file of its own.

use std::path::Path;

use strongroom_crypto::Entropy;
use strongroom_crypto::provider::{KeyFile, KeyFileError};

use super::drafts::Place;
use super::{NewRoot, RootKeyUnavailable, RootKeys, refused};

/// The key file and its draft. The draft is read first: if it takes the file's place meanwhile, the
/// file that is read after it is the new one.
pub(super) fn existing(place: &Place) -> Result<RootKeys, RootKeyUnavailable> {
    let read = |path: &Path| match KeyFile::new(path).read() {
        Ok(key) => Ok(Ok(key)),
        Err(error @ KeyFileError::Missing { .. }) => Ok(Err(error)),
        Err(error) => Err(refused("file", error.into())),
    };
    let next = read(&place.next())?.ok();
    let current = match read(place.current())? {
        Ok(key) => Some(key),
        Err(error) if next.is_none() => return Err(refused("file", error.into())),
        Err(_) => None,
    };
    Ok(RootKeys {
        current,
        next,
        place: Some(place.clone()),
    })
}

pub(super) fn draft(place: Place, entropy: &dyn Entropy) -> Result<NewRoot, RootKeyUnavailable> {
    let made = KeyFile::new(place.next()).create(entropy);
    let key = made.map_err(|source| refused("file", source.into()))?;
    Ok(NewRoot {
        key,
        place: Some(place),
    })
}
