//! Random bytes, as an argument.

use std::cell::RefCell;
use std::error::Error;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

/// Bytes for public use that a thread draws at once.
const AHEAD: usize = 1024;

/// The source of random bytes failed, so nothing was generated or sealed.
#[derive(Debug, thiserror::Error)]
#[error("the source of random bytes failed; nothing was generated")]
pub struct EntropyError(#[source] Box<dyn Error + Send + Sync>);

impl EntropyError {
    /// The failure with its cause, for a source of one's own.
    pub fn new(cause: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(cause))
    }
}

/// A source of random bytes. Production has exactly one: [`SystemEntropy`].
pub trait Entropy: Send + Sync + 'static {
    /// Fills the whole buffer with bytes that nobody can predict.
    ///
    /// # Errors
    ///
    /// The source failed. The buffer then holds nothing of use.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError>;

    /// The same for bytes that everybody may see once they are used: identities, nonces, salts.
    /// Such bytes may be drawn ahead of their use; secrets never are.
    ///
    /// # Errors
    ///
    /// As for [`Entropy::fill`].
    fn fill_public(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        self.fill(bytes)
    }
}

/// The library's generator (a NIST SP 800-90A CTR_DRBG), seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemRandom::new().fill(bytes).map_err(EntropyError::new)
    }

    /// From a draw of 1 KiB per thread: one draw costs as much as sealing a small row.
    fn fill_public(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        thread_local! {
            static DRAWN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        if bytes.len() > AHEAD {
            return self.fill(bytes);
        }
        DRAWN.with_borrow_mut(|drawn| {
            if drawn.len() < bytes.len() {
                let mut fresh = vec![0; AHEAD];
                self.fill(&mut fresh)?;
                *drawn = fresh;
            }
            // Taken bytes leave the buffer, so that none is used twice.
            let left = drawn.len() - bytes.len();
            if let Some(taken) = drawn.get(left..) {
                bytes.copy_from_slice(taken);
            }
            drawn.truncate(left);
            Ok(())
        })
    }
}

/// `N` random bytes that are no secret: an identity, a nonce, a salt.
///
/// # Errors
///
/// The source failed.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill_public(&mut bytes)?;
    Ok(bytes)
}

/// `length` random bytes that are a secret: a key, or a value that the service generates.
///
/// # Errors
///
/// The source failed.
pub fn random_secret(entropy: &dyn Entropy, length: usize) -> Result<Plaintext, EntropyError> {
    let mut bytes = Zeroizing::new(vec![0; length]);
    entropy.fill(&mut bytes)?;
    Ok(Plaintext::new(std::mem::take(&mut *bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NoEntropy;

    #[test]
    fn every_draw_differs() {
        let first: [u8; 32] = random(&SystemEntropy).unwrap();
        let second: [u8; 32] = random(&SystemEntropy).unwrap();
        assert_ne!(first, second);
        let secret = random_secret(&SystemEntropy, 48).unwrap();
        assert_eq!(secret.len(), 48);
        assert!(secret.expose().iter().any(|byte| *byte != 0));
    }

    #[test]
    fn no_byte_that_was_drawn_ahead_is_used_twice() {
        let mut seen = std::collections::HashSet::new();
        for _ in 0..AHEAD {
            assert!(seen.insert(random::<12>(&SystemEntropy).unwrap()));
            assert!(seen.insert(random::<8>(&SystemEntropy).map(wide).unwrap()));
        }
        let large = random::<{ AHEAD + 1 }>(&SystemEntropy).unwrap();
        assert!(large.iter().any(|byte| *byte != 0));
    }

    fn wide(bytes: [u8; 8]) -> [u8; 12] {
        let mut wide = [0; 12];
        wide[..8].copy_from_slice(&bytes);
        wide
    }

    #[test]
    fn a_failing_source_fails_the_draw_and_keeps_its_cause() {
        let error = random::<4>(&NoEntropy).unwrap_err();
        assert!(error.source().is_some());
        assert!(random_secret(&NoEntropy, 4).is_err());
    }
}
