//! What the fuzz targets share: fixed keys, and ways to turn bytes into cases.
//!
//! A target panics when a property breaks; that is how libFuzzer learns of it.

use std::sync::OnceLock;

use strongroom_crypto::{KeyMaterial, WrappingKey};
use strongroom_types::{KeyFamily, KeyType, Plaintext};

/// The fixed key of a type, the same in every run, so that a finding can be played again. It is
/// published and guards nothing.
pub fn key(key_type: KeyType) -> &'static KeyMaterial {
    static KEYS: [OnceLock<KeyMaterial>; KeyType::ALL.len()] =
        [const { OnceLock::new() }; KeyType::ALL.len()];
    let place = KeyType::ALL.iter().position(|known| *known == key_type);
    let place = place.expect("ALL holds every type");
    KEYS[place].get_or_init(|| {
        if key_type.family() == KeyFamily::Hmac {
            return KeyMaterial::generate(key_type, &Fixed).expect("enough bytes");
        }
        KeyMaterial::import(key_type, material(key_type)).expect("a fixed key is a good one")
    })
}

/// The material of a fixed key, as an import takes it.
pub fn material(key_type: KeyType) -> Plaintext {
    let bytes: &[u8] = match key_type {
        KeyType::Aes128Gcm96 => &[7; 16],
        KeyType::Rsa2048 => include_bytes!("../keys/rsa-2048.der"),
        KeyType::Rsa3072 => include_bytes!("../keys/rsa-3072.der"),
        KeyType::Rsa4096 => include_bytes!("../keys/rsa-4096.der"),
        KeyType::EcdsaP256 => include_bytes!("../keys/ecdsa-p256.der"),
        KeyType::EcdsaP384 => include_bytes!("../keys/ecdsa-p384.der"),
        KeyType::EcdsaP521 => include_bytes!("../keys/ecdsa-p521.der"),
        KeyType::Ed25519 => include_bytes!("../keys/ed25519.der"),
        _ => &[7; 32],
    };
    Plaintext::new(bytes.to_vec())
}

/// The fixed wrapping key: the one of RSA-4096.
pub fn wrapping_key() -> &'static WrappingKey {
    static KEY: OnceLock<WrappingKey> = OnceLock::new();
    KEY.get_or_init(|| {
        WrappingKey::import(&material(KeyType::Rsa4096)).expect("a fixed key is a good one")
    })
}

/// Randomness that is the same every time.
pub struct Fixed;

impl strongroom_crypto::Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), strongroom_crypto::EntropyError> {
        bytes.fill(3);
        Ok(())
    }
}

/// One of `choices`, and the rest of the input.
pub fn pick<'a, T: Copy>(choices: &[T], input: &'a [u8]) -> Option<(T, &'a [u8])> {
    let (first, rest) = input.split_first()?;
    let choice = choices.get(usize::from(*first) % choices.len())?;
    Some((*choice, rest))
}

/// Something genuine, spoilt as the input says: each of its bytes turns bits of the genuine one in
/// the same place, and what goes beyond is appended. `None` where that changes nothing.
pub fn spoilt(genuine: &[u8], input: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = genuine.to_vec();
    for (byte, mask) in bytes.iter_mut().zip(input) {
        *byte ^= mask;
    }
    bytes.extend(input.iter().skip(genuine.len()));
    (bytes != genuine).then_some(bytes)
}
