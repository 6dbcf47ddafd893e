//! The wrapped root key as it is kept. No secret without the module.

use std::fmt;
use std::str::FromStr;

use data_encoding::{BASE64, DecodeError};

/// Starts the text: what it is, and the number of its format.
const PREFIX: &str = "strongroom-pkcs11-1:";
/// Bytes of a nonce of AES-GCM.
pub(super) const NONCE: usize = 12;

/// Why text is no wrapped root key.
#[derive(Debug, thiserror::Error)]
pub enum WrappedRootError {
    /// The text has another form.
    #[error("it does not have the form {PREFIX}base64")]
    Form,
    /// What follows is no base64.
    #[error("what follows {PREFIX} is not base64")]
    Base64(#[source] DecodeError),
    /// There is too little or too much of it.
    #[error("it has {0} bytes, which cannot be a nonce and a wrapped root key")]
    Length(usize),
}

/// A root key that a hardware security module wrapped: nonce, ciphertext and tag of AES-GCM.
///
/// As text, `strongroom-pkcs11-1:` and all of it in base64.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRoot {
    nonce: [u8; NONCE],
    ciphertext: Vec<u8>,
}

impl WrappedRoot {
    pub(super) const fn new(nonce: [u8; NONCE], ciphertext: Vec<u8>) -> Self {
        Self { nonce, ciphertext }
    }

    pub(super) const fn nonce(&self) -> &[u8; NONCE] {
        &self.nonce
    }

    pub(super) fn ciphertext(&self) -> &[u8] {
        &self.ciphertext
    }
}

impl fmt::Display for WrappedRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.nonce.to_vec();
        bytes.extend_from_slice(&self.ciphertext);
        write!(f, "{PREFIX}{}", BASE64.encode(&bytes))
    }
}

impl FromStr for WrappedRoot {
    type Err = WrappedRootError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix(PREFIX).ok_or(WrappedRootError::Form)?;
        let bytes = BASE64.decode(text.as_bytes());
        let bytes = bytes.map_err(WrappedRootError::Base64)?;
        match bytes.split_first_chunk() {
            // A module may add to the ciphertext, but nothing sensible is longer than this.
            Some((nonce, rest)) if (1..=256).contains(&rest.len()) => {
                Ok(Self::new(*nonce, rest.to_vec()))
            }
            _ => Err(WrappedRootError::Length(bytes.len())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let wrapped = WrappedRoot::new([7; NONCE], (0..48).collect());
        let text = wrapped.to_string();
        assert!(text.starts_with("strongroom-pkcs11-1:BwcHBwcHBwcHBwcH"));
        assert_eq!(text.parse::<WrappedRoot>().unwrap(), wrapped);
    }

    #[test]
    fn anything_else_is_refused() {
        let text = |bytes: usize| format!("{PREFIX}{}", BASE64.encode(&vec![1; bytes]));
        assert!(matches!(
            "strongroom-pkcs11-2:AAAA".parse::<WrappedRoot>(),
            Err(WrappedRootError::Form)
        ));
        assert!(matches!(
            format!("{PREFIX}A").parse::<WrappedRoot>(),
            Err(WrappedRootError::Base64(_))
        ));
        for bytes in [0, NONCE, NONCE + 257] {
            assert!(matches!(
                text(bytes).parse::<WrappedRoot>(),
                Err(WrappedRootError::Length(found)) if found == bytes
            ));
        }
        assert!(text(NONCE + 48).parse::<WrappedRoot>().is_ok());
    }
}
