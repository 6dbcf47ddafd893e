//! Random bytes, as an argument.

use std::error::Error;

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

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
}

/// The library's generator (a NIST SP 800-90A CTR_DRBG), seeded by the operating system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemRandom::new().fill(bytes).map_err(EntropyError::new)
    }
}

/// `N` random bytes that are no secret: an identity, a nonce, a salt.
///
/// # Errors
///
/// The source failed.
pub fn random<const N: usize>(entropy: &dyn Entropy) -> Result<[u8; N], EntropyError> {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes)?;
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
    fn a_failing_source_fails_the_draw_and_keeps_its_cause() {
        let error = random::<4>(&NoEntropy).unwrap_err();
        assert!(error.source().is_some());
        assert!(random_secret(&NoEntropy, 4).is_err());
    }
}
