//! Texts that carry the key version that made them (contract 2.5): ciphertexts, signatures, HMACs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use strongroom_types::Version;

/// What comes before the version.
const PREFIX: &str = "thalassa:v";

/// Why a text is none that a key made; for the log, never for the caller.
#[derive(Debug, thiserror::Error)]
pub enum MalformedText {
    /// It does not start with `thalassa:v` and a version.
    #[error("no version prefix")]
    Prefix,
    /// What follows the prefix is not base64.
    #[error("no base64")]
    Base64(#[source] base64::DecodeError),
}

/// `thalassa:v{version}:{base64}`.
pub(super) fn compose(version: Version, bytes: &[u8]) -> String {
    format!("{PREFIX}{version}:{}", STANDARD.encode(bytes))
}

/// The reverse.
pub(super) fn take_apart(text: &str) -> Result<(Version, Vec<u8>), MalformedText> {
    let (version, encoded) = text
        .strip_prefix(PREFIX)
        .and_then(|rest| rest.split_once(':'))
        .ok_or(MalformedText::Prefix)?;
    let version = version.parse().map_err(|_| MalformedText::Prefix)?;
    let bytes = STANDARD.decode(encoded).map_err(MalformedText::Base64)?;
    Ok((version, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_carries_its_version() {
        let version = Version::new(12).unwrap();
        let text = compose(version, b"sealed");
        assert_eq!(text, "thalassa:v12:c2VhbGVk");
        assert_eq!(take_apart(&text).unwrap(), (version, b"sealed".to_vec()));
    }

    #[test]
    fn anything_else_is_malformed() {
        for text in [
            "",
            "thalassa:",
            "thalassa:v",
            "thalassa:v1",
            "thalassa:v0:c2VhbGVk",
            "thalassa:v-1:c2VhbGVk",
            "thalassa:v01:c2VhbGVk",
            "vault:v1:c2VhbGVk",
            "thalassa:v1:c2VhbGV",
            "thalassa:v1:c2Vh bGVk",
            "thalassa:v9223372036854775808:AAAA",
        ] {
            assert!(take_apart(text).is_err(), "{text:?}");
        }
    }
}
