//! Keys of access tokens that replace each other, wrapped to be stored.

use zeroize::Zeroizing;

use super::TokenKey;
use crate::binding::Binding;
use crate::siv::KEY;
use crate::{ContentsError, Entropy, KeyEncryptionKey, OpenError, SealError};

const PURPOSE: &str = "strongroom/token-key/1";

impl TokenKey {
    /// A fresh key, and the same wrapped to be stored under this identity.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn fresh(
        kek: &KeyEncryptionKey,
        entropy: &dyn Entropy,
        identity: &[u8; 16],
    ) -> Result<(Self, Vec<u8>), SealError> {
        let mut key = Zeroizing::new([0; KEY]);
        entropy.fill(&mut *key)?;
        let wrapped = kek.wrap(entropy, &binding(identity), &*key)?;
        Ok((Self::new(&key)?, wrapped))
    }

    /// Unwraps a key that was wrapped under this key for this very identity.
    ///
    /// # Errors
    ///
    /// It was moved, changed, cut off or wrapped under another key, or a later release wrote it.
    pub fn unwrap(
        kek: &KeyEncryptionKey,
        identity: &[u8; 16],
        wrapped: &[u8],
    ) -> Result<Self, OpenError> {
        let contents = kek.unwrap(&binding(identity), wrapped)?;
        let wrong_length = |_| {
            OpenError::Contents(ContentsError::Length {
                expected: KEY,
                found: contents.len(),
            })
        };
        let key: &[u8; KEY] = contents.as_slice().try_into().map_err(wrong_length)?;
        Ok(Self::new(key)?)
    }
}

fn binding(identity: &[u8; 16]) -> Binding {
    Binding::new(PURPOSE).field(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{NoEntropy, flipped, keyring};

    const HERE: &[u8; 16] = &[1; 16];

    #[test]
    fn a_stored_key_opens_what_it_sealed_and_nothing_else() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let (key, wrapped) = TokenKey::fresh(kek, &SystemEntropy, HERE).unwrap();
        let token = key.seal(&SystemEntropy, b"claims").unwrap();
        let again = TokenKey::unwrap(kek, HERE, &wrapped).unwrap();
        assert_eq!(again.open(token.expose()).unwrap(), b"claims");
        assert!(keys.access_tokens().open(token.expose()).is_err());
        let (other, _) = TokenKey::fresh(kek, &SystemEntropy, HERE).unwrap();
        assert!(other.open(token.expose()).is_err());
    }

    #[test]
    fn a_wrapped_key_opens_only_as_it_was_and_where_it_was() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let (_, wrapped) = TokenKey::fresh(kek, &SystemEntropy, HERE).unwrap();
        assert!(TokenKey::unwrap(keyring().key_encryption(), HERE, &wrapped).is_err());
        assert!(TokenKey::unwrap(kek, &[2; 16], &wrapped).is_err());
        for bit in 0..wrapped.len() * 8 {
            let changed = flipped(&wrapped, bit);
            assert!(TokenKey::unwrap(kek, HERE, &changed).is_err(), "bit {bit}");
        }
        let short = kek.wrap(&SystemEntropy, &binding(HERE), &[1; 31]).unwrap();
        assert!(matches!(
            TokenKey::unwrap(kek, HERE, &short),
            Err(OpenError::Contents(ContentsError::Length { .. }))
        ));
        assert!(TokenKey::fresh(kek, &NoEntropy, HERE).is_err());
    }
}
