//! One authenticated cipher with its key expanded, in the form nonce ‖ ciphertext ‖ tag.

use aws_lc_rs::aead::{Aad, Algorithm, LessSafeKey, Nonce, UnboundKey};

use crate::{Entropy, LibraryError, SealError, random};

/// Bytes of a nonce, the same for all our ciphers.
pub(crate) const NONCE: usize = 12;
/// Bytes of an authentication tag, the same for all our ciphers.
pub(crate) const TAG: usize = 16;

/// A cipher and its expanded key; the library cleanses it when it is dropped.
pub(crate) struct Cipher(LessSafeKey);

/// Why a ciphertext did not open.
pub(crate) enum Unopened {
    /// Too short to hold a nonce and a tag.
    Truncated,
    /// Another key, other associated data, or changed bytes.
    Unauthentic,
}

impl Cipher {
    /// Expands the key, whose length must be the algorithm's.
    pub(crate) fn new(algorithm: &'static Algorithm, key: &[u8]) -> Result<Self, LibraryError> {
        UnboundKey::new(algorithm, key)
            .map(|key| Self(LessSafeKey::new(key)))
            .map_err(LibraryError::new)
    }

    /// `head` ‖ nonce ‖ ciphertext ‖ tag under a fresh random nonce. The head is not sealed.
    pub(crate) fn seal(
        &self,
        entropy: &dyn Entropy,
        aad: &[u8],
        head: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let nonce = random(entropy)?;
        self.seal_with(nonce, aad, head, plaintext)
            .map_err(SealError::Library)
    }

    /// The plaintext of nonce ‖ ciphertext ‖ tag.
    pub(crate) fn open(&self, aad: &[u8], body: &[u8]) -> Result<Vec<u8>, Unopened> {
        let (nonce, rest) = body
            .split_first_chunk::<NONCE>()
            .ok_or(Unopened::Truncated)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG>().ok_or(Unopened::Truncated)?;
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let mut plaintext = vec![0; ciphertext.len()];
        // On failure the library leaves zeros behind, so nothing unverified needs wiping here.
        self.0
            .open_separate_gather(nonce, Aad::from(aad), ciphertext, tag, &mut plaintext)
            .map_err(|_| Unopened::Unauthentic)?;
        Ok(plaintext)
    }

    /// Seals under a given nonce: only for `seal` and for test vectors.
    fn seal_with(
        &self,
        nonce: [u8; NONCE],
        aad: &[u8],
        head: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, LibraryError> {
        let mut sealed = Vec::with_capacity(head.len() + NONCE + plaintext.len() + TAG);
        sealed.extend_from_slice(head);
        sealed.extend_from_slice(&nonce);
        let body = sealed.len();
        sealed.resize(body + plaintext.len() + TAG, 0);
        // Both splits lie inside the buffer that was just sized for them.
        let (ciphertext, tag) = sealed.split_at_mut(body).1.split_at_mut(plaintext.len());
        self.0
            .seal_out_of_place_scatter(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                plaintext,
                ciphertext,
                &[],
                tag,
            )
            .map_err(LibraryError::new)?;
        Ok(sealed)
    }
}

#[cfg(test)]
mod vectors;
