//! A root key from a passphrase: Argon2id (RFC 9106).

mod header;

use std::collections::TryReserveError;

use argon2::{Algorithm, Argon2, Block, Params};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::{ProviderError, RootKeyProvider};
use crate::{LibraryError, RootKey, RootKeyError};

pub use header::{HeaderError, PassphraseCost, PassphraseHeader};

/// Why a passphrase gave no root key.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// Too short to stand against guessing.
    #[error(
        "the passphrase has {found} bytes; use at least {}, such as six random words",
        Passphrase::SHORTEST
    )]
    TooShort {
        /// Bytes given.
        found: usize,
    },
    /// The memory that the header asks for is not there.
    #[error("there is not enough memory to derive the key: {mebibytes} MiB are needed")]
    Memory {
        /// How much is needed.
        mebibytes: u32,
        /// What the allocator said.
        source: TryReserveError,
    },
    /// The derived bytes were refused.
    #[error(transparent)]
    Key(#[from] RootKeyError),
    /// The library failed.
    #[error(transparent)]
    Library(#[from] LibraryError),
}

/// A passphrase with the header that it is used with.
///
/// A wrong passphrase gives another key, which then does not open the keyring.
pub struct Passphrase {
    header: PassphraseHeader,
    text: Plaintext,
}

impl Passphrase {
    /// The shortest passphrase, in bytes.
    pub const SHORTEST: usize = 12;

    /// Takes the passphrase over. Its bytes count exactly as they are: no trimming, no folding.
    ///
    /// # Errors
    ///
    /// It is too short.
    pub fn new(header: PassphraseHeader, text: Plaintext) -> Result<Self, PassphraseError> {
        if text.len() < Self::SHORTEST {
            return Err(PassphraseError::TooShort { found: text.len() });
        }
        Ok(Self { header, text })
    }

    /// Derives the root key. Takes a good part of a second and the header's memory, on purpose.
    fn derive(&self) -> Result<RootKey, PassphraseError> {
        let cost = self.header.cost();
        let params = Params::new(
            cost.memory_kibibytes(),
            cost.passes(),
            cost.lanes(),
            Some(RootKey::LENGTH),
        )
        .map_err(LibraryError::new)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, argon2::Version::V0x13, params);
        let mut key = Zeroizing::new(vec![0; RootKey::LENGTH]);
        let mut memory = scratch(&argon2, cost)?;
        argon2
            .hash_password_into_with_memory(
                self.text.expose(),
                self.header.salt(),
                &mut key,
                &mut *memory,
            )
            .map_err(LibraryError::new)?;
        let key = Plaintext::new(std::mem::take(&mut *key));
        Ok(RootKey::from_bytes(key)?)
    }
}

impl RootKeyProvider for Passphrase {
    fn name(&self) -> &'static str {
        "passphrase"
    }

    fn root_key(&self) -> Result<RootKey, ProviderError> {
        Ok(self.derive()?)
    }
}

/// Working memory, wiped when it is dropped; an error, not an abort, when there is too little.
fn scratch(
    argon2: &Argon2<'_>,
    cost: PassphraseCost,
) -> Result<Zeroizing<Vec<Block>>, PassphraseError> {
    let blocks = argon2.params().block_count();
    let mut memory = Zeroizing::new(Vec::new());
    memory
        .try_reserve_exact(blocks)
        .map_err(|source| PassphraseError::Memory {
            mebibytes: cost.memory_kibibytes().div_ceil(1024),
            source,
        })?;
    memory.resize(blocks, Block::new());
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FixedEntropy, keyring};
    use crate::{Keyring, SystemEntropy};
    use argon2::{AssociatedData, ParamsBuilder};

    fn cheapest() -> PassphraseCost {
        PassphraseCost::new(19 * 1024, 2, 1).unwrap()
    }

    fn root_key(header: PassphraseHeader, text: &str) -> RootKey {
        let text = Plaintext::new(text.as_bytes().to_vec());
        Passphrase::new(header, text).unwrap().root_key().unwrap()
    }

    /// RFC 9106, section 5.3: the library as we build it is Argon2id, version 0x13.
    #[test]
    fn argon2id_gives_the_tag_of_rfc_9106() {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let version = argon2::Version::V0x13;
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, version, params);
        let mut tag = [0; 32];
        argon2
            .unwrap()
            .hash_password_into(&[1; 32], &[2; 16], &mut tag)
            .unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&tag),
            "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659"
        );
    }

    #[test]
    fn only_the_same_passphrase_and_header_give_the_same_key() {
        let header = PassphraseHeader::generate(cheapest(), &SystemEntropy).unwrap();
        let root = root_key(header, "correct horse battery");
        let sealed = keyring().seal(&root, &SystemEntropy, b"i").unwrap();
        let opens = |header: PassphraseHeader, text: &str| {
            Keyring::open(&root_key(header, text), &sealed, b"i").is_ok()
        };
        let stored: PassphraseHeader = header.to_string().parse().unwrap();
        assert!(opens(stored, "correct horse battery"));
        assert!(!opens(stored, "correct horse batterz"));
        assert!(!opens(stored, "correct horse battery "));
        let other = PassphraseHeader::generate(cheapest(), &SystemEntropy).unwrap();
        assert!(!opens(other, "correct horse battery"));
        let dearer = PassphraseCost::new(19 * 1024, 3, 1).unwrap();
        let dearer = PassphraseHeader::from_parts(dearer, *stored.salt());
        assert!(!opens(dearer, "correct horse battery"));
    }

    /// An installation of this release must open in every later one. The key was also computed with
    /// another implementation of RFC 9106.
    #[test]
    fn the_derived_key_is_pinned() {
        let header = PassphraseHeader::from_parts(PassphraseCost::default(), [2; 16]);
        let derived = root_key(header, "correct horse battery");
        let bytes = data_encoding::HEXLOWER
            .decode(b"4251a820c1ced4c588aa4aa99b5f7b6b6e4f1453f5743d8b3c7be7da8a9ad2db")
            .unwrap();
        let expected = RootKey::from_bytes(Plaintext::new(bytes)).unwrap();
        let seal = |key: &RootKey| key.seal(&FixedEntropy(1), "test/1", b"", b"").unwrap();
        assert_eq!(seal(&derived), seal(&expected));
    }

    #[test]
    fn a_short_passphrase_is_refused() {
        let header = PassphraseHeader::from_parts(cheapest(), [2; 16]);
        for (length, fine) in [(0, false), (11, false), (12, true)] {
            let made = Passphrase::new(header, Plaintext::new(vec![b'x'; length]));
            assert_eq!(made.is_ok(), fine, "{length}");
        }
    }
}
