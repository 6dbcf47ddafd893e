//! Key material at rest.

use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::{KeyMaterial, MaterialError, MaterialPlace, number};
use crate::binding::Binding;
use crate::siv::{KEY, SivKey};
use crate::{ContentsError, Entropy, LibraryError, OpenError, SealError};

/// The key that wraps the material of KMS key versions: AES-256-GCM-SIV (RFC 8452).
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::KeyEncryptionKey) -> String { format!("{key:?}") }
/// ```
pub struct KeyEncryptionKey(SivKey);

impl KeyEncryptionKey {
    pub(crate) fn new(key: &[u8; KEY]) -> Result<Self, LibraryError> {
        SivKey::new(key).map(Self)
    }

    pub(crate) fn wrap(
        &self,
        entropy: &dyn Entropy,
        binding: &Binding,
        contents: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.0.seal(entropy, binding, contents)
    }

    pub(crate) fn unwrap(
        &self,
        binding: &Binding,
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        self.0.open(binding, wrapped).map(Zeroizing::new)
    }
}

impl KeyMaterial {
    /// Wraps the material for its place. The type travels with it.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn wrap(
        &self,
        kek: &KeyEncryptionKey,
        entropy: &dyn Entropy,
        place: &MaterialPlace,
    ) -> Result<Vec<u8>, SealError> {
        let secret = self.secret();
        let mut contents = Zeroizing::new(Vec::with_capacity(1 + secret.len()));
        contents.push(number::of(self.key_type()));
        contents.extend_from_slice(secret.expose());
        kek.wrap(entropy, &place.binding(), &contents)
    }

    /// Unwraps material that was wrapped under this key for this very place.
    ///
    /// # Errors
    ///
    /// It was moved, changed, cut off or wrapped under another key, or a later release wrote it.
    pub fn unwrap(
        kek: &KeyEncryptionKey,
        place: &MaterialPlace,
        wrapped: &[u8],
    ) -> Result<Self, OpenError> {
        let contents = kek.unwrap(&place.binding(), wrapped)?;
        let (&found, secret) =
            contents
                .split_first()
                .ok_or(OpenError::Contents(ContentsError::Length {
                    expected: 1,
                    found: 0,
                }))?;
        let key_type = number::key_type(found)
            .ok_or(OpenError::Contents(ContentsError::KeyTypeNumber { found }))?;
        Self::import(key_type, Plaintext::new(secret.to_vec())).map_err(in_contents)
    }
}

/// What an import's refusal means when the bytes come from our own store.
pub(crate) fn in_contents(error: MaterialError) -> OpenError {
    match error {
        MaterialError::Length {
            expected, found, ..
        } => OpenError::Contents(ContentsError::Length { expected, found }),
        MaterialError::Pkcs8 { key_type, reason } => {
            OpenError::Contents(ContentsError::PrivateKey { key_type, reason })
        }
        MaterialError::RsaSize { key_type, found } => {
            let reason = format!("it has {found} bits");
            OpenError::Contents(ContentsError::PrivateKey { key_type, reason })
        }
        MaterialError::Entropy(cause) => OpenError::Library(LibraryError::new(cause)),
        MaterialError::Library(cause) => OpenError::Library(cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{FixedEntropy, flipped, keyring, material};
    use strongroom_types::{KeyId, KeyType, OrganisationId, ProjectId, Region, Version};

    fn region(slug: &str) -> Region {
        Region::declared(&slug.parse().unwrap())
    }

    fn place() -> MaterialPlace {
        MaterialPlace {
            organisation: OrganisationId::from_bytes([1; 16]),
            region: region("nl-01"),
            project: Some(ProjectId::from_bytes([2; 16])),
            key: KeyId::from_bytes([3; 16]),
            version: Version::new(4).unwrap(),
        }
    }

    /// The same place with one field changed, once for every field.
    fn other_places() -> Vec<MaterialPlace> {
        let organisation = OrganisationId::from_bytes([9; 16]);
        let project = Some(ProjectId::from_bytes([9; 16]));
        let key = KeyId::from_bytes([9; 16]);
        let version = Version::new(5).unwrap();
        vec![
            MaterialPlace {
                organisation,
                ..place()
            },
            MaterialPlace {
                region: region("nl-02"),
                ..place()
            },
            MaterialPlace {
                project: None,
                ..place()
            },
            MaterialPlace { project, ..place() },
            MaterialPlace { key, ..place() },
            MaterialPlace { version, ..place() },
        ]
    }

    #[test]
    fn material_unwraps_only_where_it_was_wrapped() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let stranger = keyring();
        for key_type in KeyType::ALL {
            let key = material(key_type);
            let wrapped = key.wrap(kek, &SystemEntropy, &place()).unwrap();

            let again = KeyMaterial::unwrap(kek, &place(), &wrapped).unwrap();
            assert_eq!(again.key_type(), key_type);
            let (one, other) = (key.export_material(), again.export_material());
            assert_eq!(one.expose(), other.expose());
            for other in other_places() {
                let moved = KeyMaterial::unwrap(kek, &other, &wrapped);
                assert!(matches!(moved, Err(OpenError::Unauthentic)), "{other:?}");
            }
            // Every bit of the short ones; of RSA keys, every bit of the head and some after it.
            let step = if wrapped.len() > 400 { 29 } else { 1 };
            let bits = wrapped.len() * 8;
            for bit in (0..256).chain((256..bits).step_by(step)) {
                let changed = flipped(&wrapped, bit);
                assert!(
                    KeyMaterial::unwrap(kek, &place(), &changed).is_err(),
                    "bit {bit}"
                );
            }
            for length in 0..wrapped.len() {
                assert!(KeyMaterial::unwrap(kek, &place(), &wrapped[..length]).is_err());
            }
            assert!(KeyMaterial::unwrap(stranger.key_encryption(), &place(), &wrapped).is_err());
        }
    }

    /// A key of this release must unwrap in every later one. The bytes were also computed with
    /// another implementation of RFC 8452.
    #[test]
    fn the_stored_form_is_pinned() {
        let kek = KeyEncryptionKey::new(&[7; 32]).unwrap();
        let key = KeyMaterial::import(KeyType::Aes256Gcm96, Plaintext::new(vec![9; 32])).unwrap();
        let wrapped = key.wrap(&kek, &FixedEntropy(3), &place()).unwrap();
        assert_eq!(
            data_encoding::HEXLOWER.encode(&wrapped),
            concat!(
                "010303030303030303030303031cc157358175a4cf5f85e9f6e6f77ca2192e8ab8bbe4ed",
                "d4b44f9d1251f5c9bc7f08db4bbab90b206fa8573544a7bac537",
            )
        );
    }

    #[test]
    fn contents_of_a_later_release_are_named() {
        let keys = keyring();
        let kek = keys.key_encryption();
        let unwrap = |contents: &[u8]| {
            let wrapped = kek.0.seal(&SystemEntropy, &place().binding(), contents);
            match KeyMaterial::unwrap(kek, &place(), &wrapped.unwrap()) {
                Err(OpenError::Contents(error)) => Some(error),
                _ => None,
            }
        };
        assert_eq!(
            unwrap(&[]),
            Some(ContentsError::Length {
                expected: 1,
                found: 0
            })
        );
        assert_eq!(
            unwrap(&[99]),
            Some(ContentsError::KeyTypeNumber { found: 99 })
        );
        let key_type = KeyType::Rsa2048;
        let reason = "it is not in DER".to_owned();
        let malformed = ContentsError::PrivateKey { key_type, reason };
        assert_eq!(unwrap(&[number::of(key_type), 1, 2]), Some(malformed));
        let document = material(key_type).export_material();
        let contents = [&[number::of(KeyType::Rsa3072)], document.expose()].concat();
        let smaller = ContentsError::PrivateKey {
            key_type: KeyType::Rsa3072,
            reason: "it has 2048 bits".to_owned(),
        };
        assert_eq!(unwrap(&contents), Some(smaller));
        let short = ContentsError::Length {
            expected: 32,
            found: 2,
        };
        assert_eq!(unwrap(&[2, 1, 2]), Some(short));
    }
}
