//! Fields of requests that hold bytes, under any of their names.

use strongroom_types::Plaintext;

use crate::encoding::decode_strict;
use crate::object::{Object, Text};
use crate::request_error::RequestError;

/// The most bytes of a plaintext, an input, or associated data (contract 2.4).
pub(crate) const MAX_BYTES: usize = 65_535;

/// A field that goes by several names, of which at most one may be given; the first is its own.
/// Empty counts as absent.
pub(crate) fn one_of<'a>(
    object: &Object<'a>,
    names: &[&'static str],
) -> Result<Option<(&'static str, Text<'a>)>, RequestError> {
    let mut found = None;
    for name in names {
        let Some(text) = object.text(name)?.filter(|text| !text.is_empty()) else {
            continue;
        };
        if found.is_some() {
            return Err(RequestError::Twice {
                field: format!(
                    "{} (also called {name})",
                    object.named(names.first().unwrap_or(name))
                ),
            });
        }
        found = Some((*name, text));
    }
    Ok(found)
}

/// Bytes in base64, at most [`MAX_BYTES`] of them; none where the field is absent.
pub(crate) fn optional_bytes(
    object: &Object<'_>,
    names: &[&'static str],
) -> Result<Option<Plaintext>, RequestError> {
    let Some((name, text)) = one_of(object, names)? else {
        return Ok(None);
    };
    let field = || object.named(name);
    let bytes = decode_strict(text.as_str());
    let bytes = bytes.ok_or_else(|| RequestError::Base64 { field: field() })?;
    if bytes.len() > MAX_BYTES {
        return Err(RequestError::Size {
            field: field(),
            min: 1,
            max: MAX_BYTES,
            len: bytes.len(),
        });
    }
    Ok(Some(bytes))
}

/// As [`optional_bytes`], of a field that must be there.
pub(crate) fn required_bytes(
    object: &Object<'_>,
    names: &[&'static str],
) -> Result<Plaintext, RequestError> {
    let field = names.first().copied().unwrap_or_default();
    optional_bytes(object, names)?.ok_or(RequestError::Missing { field })
}

/// What a ciphertext is bound to; empty where nothing is given.
pub(crate) fn associated_data(object: &Object<'_>) -> Result<Plaintext, RequestError> {
    let given = optional_bytes(object, &["associatedData", "context"])?;
    Ok(given.unwrap_or_else(|| Plaintext::new(Vec::new())))
}

/// A word that parses, or says which ones do; absent stays absent.
pub(crate) fn parsed<T: std::str::FromStr>(
    object: &Object<'_>,
    names: &[&'static str],
    expected: impl FnOnce() -> String,
) -> Result<Option<T>, RequestError> {
    let Some((field, text)) = one_of(object, names)? else {
        return Ok(None);
    };
    let word = text.as_str().parse().ok();
    word.map(Some).ok_or_else(|| RequestError::Word {
        field,
        expected: expected(),
    })
}
