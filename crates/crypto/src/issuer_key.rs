//! The keys that this installation signs its own tokens with: ES256, which is ECDSA over P-256 with
//! SHA-256 and a signature of both numbers in fixed width (RFC 7518, section 3.4; FIPS 186-5).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use strongroom_types::KeyType;

use crate::binding::Binding;
use crate::{ContentsError, Entropy, KeyEncryptionKey, LibraryError, OpenError, SealError};

const PURPOSE: &str = "strongroom/issuer-key/1";

/// A key that signs tokens which others verify with its public half.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::IssuerKey) -> String { format!("{key:?}") }
/// ```
pub struct IssuerKey {
    pair: EcdsaKeyPair,
    x: [u8; Self::COORDINATE],
    y: [u8; Self::COORDINATE],
}

impl IssuerKey {
    /// Bytes of each coordinate of the public point.
    pub const COORDINATE: usize = 32;

    /// A fresh key from the library's own generator, and the same wrapped to be stored under this
    /// identity.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn fresh(
        kek: &KeyEncryptionKey,
        entropy: &dyn Entropy,
        identity: &[u8; 16],
    ) -> Result<(Self, Vec<u8>), SealError> {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING);
        let pair = pair.map_err(LibraryError::new)?;
        let document = pair.to_pkcs8v1().map_err(LibraryError::new)?;
        let wrapped = kek.wrap(entropy, &binding(identity), document.as_ref())?;
        Ok((Self::of(pair)?, wrapped))
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
        let document = kek.unwrap(&binding(identity), wrapped)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &document);
        let pair = pair.map_err(|rejected| {
            OpenError::Contents(ContentsError::PrivateKey {
                key_type: KeyType::EcdsaP256,
                reason: rejected.to_string(),
            })
        })?;
        Ok(Self::of(pair)?)
    }

    fn of(pair: EcdsaKeyPair) -> Result<Self, LibraryError> {
        // The uncompressed form of SEC 1, section 2.3.3: 4, x, y.
        let point = pair.public_key().as_ref();
        let coordinates = point.get(1..).unwrap_or_default();
        let (x, y) = coordinates.split_at(coordinates.len() / 2);
        Ok(Self {
            x: x.try_into().map_err(LibraryError::new)?,
            y: y.try_into().map_err(LibraryError::new)?,
            pair,
        })
    }

    /// The coordinates of the public point, to publish.
    pub const fn public_point(&self) -> (&[u8; Self::COORDINATE], &[u8; Self::COORDINATE]) {
        (&self.x, &self.y)
    }

    /// Signs a message, as ES256 does.
    ///
    /// # Errors
    ///
    /// The library failed.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, LibraryError> {
        let signature = self.pair.sign(&SystemRandom::new(), message);
        Ok(signature.map_err(LibraryError::new)?.as_ref().to_vec())
    }
}

fn binding(identity: &[u8; 16]) -> Binding {
    Binding::new(PURPOSE).field(identity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{NoEntropy, flipped, keyring};
    use crate::{ForeignKey, JwsAlgorithm, SystemEntropy};

    const HERE: &[u8; 16] = &[1; 16];

    #[test]
    fn what_it_signs_verifies_with_what_it_publishes_also_after_it_was_stored() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let (key, wrapped) = IssuerKey::fresh(kek, &SystemEntropy, HERE).unwrap();
        let again = IssuerKey::unwrap(kek, HERE, &wrapped).unwrap();
        assert_eq!(key.public_point(), again.public_point());
        let (x, y) = key.public_point();
        let public = ForeignKey::p256(x, y).unwrap();
        for key in [&key, &again] {
            let signature = key.sign(b"message").unwrap();
            assert_eq!(signature.len(), 64);
            let verify = |message| public.verify(JwsAlgorithm::Es256, message, &signature);
            assert!(verify(b"message").is_ok());
            assert!(verify(b"massage").is_err());
        }
    }

    #[test]
    fn a_wrapped_key_opens_only_as_it_was_and_where_it_was() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let (_, wrapped) = IssuerKey::fresh(kek, &SystemEntropy, HERE).unwrap();
        let stranger = keyring();
        assert!(IssuerKey::unwrap(stranger.key_encryption(), HERE, &wrapped).is_err());
        assert!(IssuerKey::unwrap(kek, &[2; 16], &wrapped).is_err());
        for bit in 0..wrapped.len() * 8 {
            let changed = flipped(&wrapped, bit);
            assert!(IssuerKey::unwrap(kek, HERE, &changed).is_err(), "bit {bit}");
        }
        assert!(IssuerKey::fresh(kek, &NoEntropy, HERE).is_err());
    }

    #[test]
    fn contents_that_are_no_key_are_named() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let wrapped = kek.wrap(&SystemEntropy, &binding(HERE), b"no key").unwrap();
        assert!(matches!(
            IssuerKey::unwrap(kek, HERE, &wrapped),
            Err(OpenError::Contents(ContentsError::PrivateKey { .. }))
        ));
    }
}
