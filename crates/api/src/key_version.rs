//! The version of a key, in its spellings (contract 2.1).

use strongroom_types::Version;

use crate::object::{Object, whole_part};
use crate::request_error::RequestError;

/// A key version as text: `3` or `v3`.
pub fn parse_key_version(text: &str) -> Option<Version> {
    text.strip_prefix('v').unwrap_or(text).parse().ok()
}

/// The field `keyVersion`: `"3"`, `3`, `3.0` or `"v3"`; empty counts as absent.
pub(crate) fn read_key_version(object: &Object<'_>) -> Result<Option<Version>, RequestError> {
    let Some(raw) = object.raw("keyVersion").map(|raw| raw.get()) else {
        return Ok(None);
    };
    let text = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or_else(|| whole_part(raw));
    if matches!(text, "" | "null") {
        return Ok(None);
    }
    let expected = "a version, as in \"3\"";
    let wrong = || RequestError::Type {
        field: object.named("keyVersion"),
        expected,
    };
    parse_key_version(text).map(Some).ok_or_else(wrong)
}
