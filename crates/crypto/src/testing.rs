//! What several tests of this crate share.

use std::sync::OnceLock;

use strongroom_types::KeyType;

use crate::{Entropy, EntropyError, KeyMaterial, Keyring, RootKey, SystemEntropy};

/// A source that always fails.
pub(crate) struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError::new(std::io::Error::other("no entropy here")))
    }
}

/// A source that repeats one byte, so that stored forms can be pinned.
pub(crate) struct FixedEntropy(pub(crate) u8);

impl Entropy for FixedEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(self.0);
        Ok(())
    }
}

pub(crate) fn keyring() -> Keyring {
    Keyring::generate(&SystemEntropy).unwrap()
}

pub(crate) fn root_key() -> RootKey {
    RootKey::generate(&SystemEntropy).unwrap()
}

/// One key of each type for the whole run: an RSA key takes long to make.
pub(crate) fn material(key_type: KeyType) -> &'static KeyMaterial {
    static KEYS: [OnceLock<KeyMaterial>; KeyType::ALL.len()] =
        [const { OnceLock::new() }; KeyType::ALL.len()];
    let place = KeyType::ALL.iter().position(|known| *known == key_type);
    KEYS[place.unwrap()].get_or_init(|| KeyMaterial::generate(key_type, &SystemEntropy).unwrap())
}

/// The bytes with one bit turned over.
pub(crate) fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// Randomness for the other implementation of RSA, where it wants some.
pub(crate) struct Rng;

impl rsa::rand_core::TryRng for Rng {
    type Error = EntropyError;

    fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
        crate::random(&SystemEntropy).map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
        crate::random(&SystemEntropy).map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        SystemEntropy.fill(bytes)
    }
}

impl rsa::rand_core::TryCryptoRng for Rng {}
