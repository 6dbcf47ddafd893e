//! The form of everything sealed under a long-lived key of ours: format byte ‖ AES-256-GCM-SIV.

use aws_lc_rs::aead::AES_256_GCM_SIV;

use crate::aead::{Cipher, Unopened};
use crate::binding::Binding;
use crate::{Entropy, LibraryError, OpenError, SealError};

/// The one format so far: format byte ‖ nonce (12) ‖ ciphertext ‖ tag (16), RFC 8452.
pub(crate) const FORMAT: u8 = 1;

/// Bytes of such a key.
pub(crate) const KEY: usize = 32;

/// A long-lived key. Fresh inner keys for each nonce and misuse resistance (RFC 8452, section 9)
/// make about 2^48 random nonces under one key safe, which plain GCM does not allow.
pub(crate) struct SivKey(Cipher);

impl SivKey {
    pub(crate) fn new(key: &[u8; KEY]) -> Result<Self, LibraryError> {
        Cipher::new(&AES_256_GCM_SIV, key).map(Self)
    }

    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        binding: &Binding,
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.0
            .seal(entropy, binding.as_bytes(), &[FORMAT], plaintext)
    }

    pub(crate) fn open(&self, binding: &Binding, sealed: &[u8]) -> Result<Vec<u8>, OpenError> {
        match sealed.split_first() {
            Some((&FORMAT, body)) => {
                self.0
                    .open(binding.as_bytes(), body)
                    .map_err(|error| match error {
                        Unopened::Truncated => OpenError::Truncated,
                        Unopened::Unauthentic => OpenError::Unauthentic,
                    })
            }
            Some((&found, _)) => Err(OpenError::UnknownFormat { found }),
            None => Err(OpenError::Truncated),
        }
    }
}
