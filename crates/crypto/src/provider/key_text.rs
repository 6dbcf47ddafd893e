//! A root key as text: what an environment variable holds.

use data_encoding::{BASE64, BASE64_NOPAD, DecodeError, Encoding, HEXLOWER_PERMISSIVE};
use strongroom_types::Plaintext;

use super::{ProviderError, RootKeyProvider};
use crate::{RootKey, RootKeyError};

/// Why text is no root key. Never quotes it.
#[derive(Debug, thiserror::Error)]
pub enum KeyTextError {
    /// Another length than 32 bytes have in either encoding.
    #[error(
        "the root key text has {found} characters; 32 bytes are 44 characters of base64 or 64 \
         of hex (try: openssl rand -base64 32)"
    )]
    Form {
        /// Characters there, without blanks around them.
        found: usize,
    },
    /// A character that does not belong there.
    #[error("the root key text is neither base64 nor hex")]
    Encoding(#[source] DecodeError),
    /// The bytes are no root key.
    #[error(transparent)]
    Key(#[from] RootKeyError),
}

/// A root key given as text: standard base64 (with or without padding) or hex of 32 bytes.
///
/// Blanks and line ends around it do not matter. This crate reads no environment: the caller
/// passes the text.
pub struct KeyText(Plaintext);

impl KeyText {
    /// Takes the text over.
    pub fn new(text: Plaintext) -> Self {
        Self(text)
    }
}

impl RootKeyProvider for KeyText {
    fn name(&self) -> &'static str {
        "environment"
    }

    fn root_key(&self) -> Result<RootKey, ProviderError> {
        Ok(parse(self.0.expose())?)
    }
}

pub(super) fn parse(text: &[u8]) -> Result<RootKey, KeyTextError> {
    let text = text.trim_ascii();
    let encoding: Encoding = match text.len() {
        43 => BASE64_NOPAD,
        44 => BASE64,
        64 => HEXLOWER_PERMISSIVE,
        found => return Err(KeyTextError::Form { found }),
    };
    let bytes = encoding.decode(text).map_err(KeyTextError::Encoding)?;
    Ok(RootKey::from_bytes(Plaintext::new(bytes))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keyring;
    use crate::{Keyring, SystemEntropy};

    fn key(text: &str) -> Result<RootKey, ProviderError> {
        KeyText::new(Plaintext::new(text.as_bytes().to_vec())).root_key()
    }

    #[test]
    fn every_spelling_gives_the_same_key() {
        let bytes: Vec<u8> = (100..132).collect();
        let root = RootKey::from_bytes(Plaintext::new(bytes.clone())).unwrap();
        let sealed = keyring().seal(&root, &SystemEntropy, b"i").unwrap();
        let base64 = BASE64.encode(&bytes);
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        for text in [
            base64.clone(),
            base64.trim_end_matches('=').to_owned(),
            format!("  {base64}\r\n"),
            hex.to_uppercase(),
            hex,
        ] {
            let root = key(&text).unwrap();
            assert!(Keyring::open(&root, &sealed, b"i").is_ok(), "{text:?}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for (text, length) in [("", 0), ("AAAA", 4), ("0".repeat(63).as_str(), 63)] {
            assert!(matches!(
                key(text),
                Err(ProviderError::KeyText(KeyTextError::Form { found })) if found == length
            ));
        }
        let canary = format!("{}!", "x".repeat(63));
        match key(&canary) {
            Err(ProviderError::KeyText(error @ KeyTextError::Encoding(_))) => {
                assert!(!format!("{error} {error:?}").contains("xxx"));
            }
            _ => panic!("it was not refused for its encoding"),
        }
        // The last character carries two bits that must be zero.
        assert!(matches!(
            key(&format!("{}B", "A".repeat(42))),
            Err(ProviderError::KeyText(KeyTextError::Encoding(_)))
        ));
        // 44 characters that spell only 31 bytes.
        assert!(matches!(
            key(&format!("{}==", "A".repeat(42))),
            Err(ProviderError::KeyText(KeyTextError::Key(
                RootKeyError::Length { found: 31 }
            )))
        ));
        assert!(matches!(
            key(&"0".repeat(64)),
            Err(ProviderError::KeyText(KeyTextError::Key(
                RootKeyError::Blank
            )))
        ));
    }
}
