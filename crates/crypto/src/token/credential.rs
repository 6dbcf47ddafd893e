//! Access credentials of service accounts: a name and a secret, also OAuth client id and secret.

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::{PlainToken, SECRET};
use crate::{Entropy, EntropyError, random};

/// What every access key starts with, so that scanners and people recognise it.
const PREFIX: &str = "TCAK";

/// A fresh access credential, to be shown to its holder once.
pub struct AccessCredential {
    /// The name: `TCAK` and 80 random bits in base 32, 20 characters. No secret.
    pub access_key: String,
    /// The secret: 256 random bits in unpadded base64url, 43 characters. The store keeps its
    /// [`hash`](PlainToken::hash).
    pub access_secret: PlainToken,
}

impl AccessCredential {
    /// Draws a new credential.
    ///
    /// # Errors
    ///
    /// No random bytes.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let name: [u8; 10] = random(entropy)?;
        let mut secret = Zeroizing::new([0; SECRET]);
        entropy.fill(&mut *secret)?;
        Ok(Self {
            access_key: format!("{PREFIX}{}", BASE32_NOPAD.encode(&name)),
            access_secret: PlainToken::encode("", &*secret),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::NoEntropy;
    use crate::{SystemEntropy, token};

    #[test]
    fn a_credential_has_its_lengths_and_alphabets() {
        let made = AccessCredential::generate(&SystemEntropy).unwrap();
        assert_eq!(made.access_key.len(), 20);
        assert!(made.access_key.starts_with("TCAK"));
        assert!(
            made.access_key
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        );
        let secret = made.access_secret.expose();
        assert_eq!(secret.len(), 43);
        assert!(
            secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(made.access_secret.hash(), token::hash(secret.as_bytes()));
    }

    #[test]
    fn every_credential_differs() {
        let first = AccessCredential::generate(&SystemEntropy).unwrap();
        let second = AccessCredential::generate(&SystemEntropy).unwrap();
        assert_ne!(first.access_key, second.access_key);
        assert_ne!(first.access_secret.expose(), second.access_secret.expose());
        assert!(AccessCredential::generate(&NoEntropy).is_err());
    }
}
