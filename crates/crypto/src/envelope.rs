//! Envelope encryption of secret values: a fresh data key for every version.

use aws_lc_rs::aead::AES_256_GCM;
use strongroom_types::{KeyId, Plaintext, Scope, SecretPath, Version};

use crate::aead::Cipher;
use crate::binding::Binding;
use crate::entropy::random_secret;
use crate::{DecryptError, EncryptError, Entropy, KeyMaterial};

const DATA_KEY_PURPOSE: &str = "strongroom/data-key/1";
const VALUE_PURPOSE: &str = "strongroom/value/1";

/// The one format so far, of both parts: format byte ‖ nonce (12) ‖ ciphertext ‖ tag (16).
const FORMAT: u8 = 1;

/// Bytes of a data key: AES-256.
const DATA_KEY: usize = 32;

/// Everything that an envelope is bound to. Sealed for one place, it opens nowhere else.
#[derive(Debug, Clone, Copy)]
pub struct EnvelopePlace<'a> {
    /// Organisation, region and project of the secret.
    pub scope: &'a Scope,
    /// The secret's path.
    pub path: &'a SecretPath,
    /// Random bytes drawn when the secret was created, so that a secret that is deleted and made
    /// again at the same path shares nothing with its predecessor.
    pub incarnation: [u8; 16],
    /// The version of the secret.
    pub version: Version,
    /// The KMS key that wraps the data key.
    pub key: KeyId,
    /// The version of that key.
    pub key_version: Version,
}

impl EnvelopePlace<'_> {
    fn binding(&self, purpose: &'static str) -> Binding {
        let project = self.scope.project.as_ref();
        Binding::new(purpose)
            .field(self.scope.organisation.as_bytes())
            .field(self.scope.region.as_str().as_bytes())
            .optional(project.map(|project| &project.as_bytes()[..]))
            .field(self.path.as_str().as_bytes())
            .field(&self.incarnation)
            .number(self.version.get())
            .field(self.key.as_bytes())
            .number(self.key_version.get())
    }
}

/// One sealed value: the data key, wrapped by a KMS key version, and the value under the data key.
///
/// Both parts are ciphertext. Erasing either one destroys the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The data key under the KMS key version.
    pub wrapped_data_key: Vec<u8>,
    /// The value under the data key (AES-256-GCM).
    pub ciphertext: Vec<u8>,
}

impl Envelope {
    /// Seals a value under a fresh data key. Counts as one encryption of the KMS key version.
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn seal(
        material: &KeyMaterial,
        entropy: &dyn Entropy,
        place: &EnvelopePlace<'_>,
        value: &[u8],
    ) -> Result<Self, EncryptError> {
        let data_key = random_secret(entropy, DATA_KEY)?;
        let mut wrapped_data_key = vec![FORMAT];
        wrapped_data_key.extend(material.encrypt(
            entropy,
            place.binding(DATA_KEY_PURPOSE).as_bytes(),
            data_key.expose(),
        )?);
        let ciphertext = Cipher::new(&AES_256_GCM, data_key.expose())?.seal(
            entropy,
            place.binding(VALUE_PURPOSE).as_bytes(),
            &[FORMAT],
            value,
        )?;
        Ok(Self {
            wrapped_data_key,
            ciphertext,
        })
    }

    /// The value, if both parts were sealed for this very place under this material.
    ///
    /// # Errors
    ///
    /// The same error for everything that can be wrong.
    pub fn open(
        &self,
        material: &KeyMaterial,
        place: &EnvelopePlace<'_>,
    ) -> Result<Plaintext, DecryptError> {
        let data_key = material.decrypt(
            place.binding(DATA_KEY_PURPOSE).as_bytes(),
            body(&self.wrapped_data_key)?,
        )?;
        Cipher::new(&AES_256_GCM, data_key.expose())
            .map_err(|_| DecryptError)?
            .open(
                place.binding(VALUE_PURPOSE).as_bytes(),
                body(&self.ciphertext)?,
            )
            .map(Plaintext::new)
            .map_err(|_| DecryptError)
    }
}

fn body(part: &[u8]) -> Result<&[u8], DecryptError> {
    part.strip_prefix(&[FORMAT]).ok_or(DecryptError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{FixedEntropy, NoEntropy, flipped};
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use strongroom_types::{KeyType, OrganisationId, ProjectId, Region};

    fn material() -> KeyMaterial {
        KeyMaterial::generate(KeyType::Aes256Gcm96, &SystemEntropy).unwrap()
    }

    fn scope() -> Scope {
        Scope {
            organisation: OrganisationId::from_bytes([1; 16]),
            region: Region::declared(&"nl-01".parse().unwrap()),
            project: None,
        }
    }

    fn number(number: u64) -> Version {
        Version::new(number).unwrap()
    }

    /// Runs a check on one place, and on that place with each single field changed.
    fn with_places(check: impl Fn(&EnvelopePlace<'_>, &[(&str, EnvelopePlace<'_>)])) {
        let scope = scope();
        let path: SecretPath = "/app/db".parse().unwrap();
        let place = EnvelopePlace {
            scope: &scope,
            path: &path,
            incarnation: [2; 16],
            version: number(3),
            key: KeyId::from_bytes([4; 16]),
            key_version: number(5),
        };
        let organisation = OrganisationId::from_bytes([9; 16]);
        let organisation = &Scope {
            organisation,
            ..scope.clone()
        };
        let region = Region::declared(&"nl-02".parse().unwrap());
        let region = &Scope {
            region,
            ..scope.clone()
        };
        let project = Some(ProjectId::from_bytes([9; 16]));
        let project = &Scope {
            project,
            ..scope.clone()
        };
        let longer = &"/app/db2".parse().unwrap();
        let key = KeyId::from_bytes([9; 16]);
        let others = [
            (
                "organisation",
                EnvelopePlace {
                    scope: organisation,
                    ..place
                },
            ),
            (
                "region",
                EnvelopePlace {
                    scope: region,
                    ..place
                },
            ),
            (
                "project",
                EnvelopePlace {
                    scope: project,
                    ..place
                },
            ),
            (
                "path",
                EnvelopePlace {
                    path: longer,
                    ..place
                },
            ),
            (
                "incarnation",
                EnvelopePlace {
                    incarnation: [9; 16],
                    ..place
                },
            ),
            (
                "version",
                EnvelopePlace {
                    version: number(9),
                    ..place
                },
            ),
            ("key", EnvelopePlace { key, ..place }),
            (
                "key version",
                EnvelopePlace {
                    key_version: number(9),
                    ..place
                },
            ),
            // The two numbers changed places.
            (
                "both versions",
                EnvelopePlace {
                    version: number(5),
                    key_version: number(3),
                    ..place
                },
            ),
        ];
        check(&place, &others);
    }

    #[test]
    fn an_envelope_opens_only_where_it_was_sealed() {
        with_places(|place, others| {
            let key = material();
            let envelope = Envelope::seal(&key, &SystemEntropy, place, b"value").unwrap();
            assert_eq!(envelope.open(&key, place).unwrap().expose(), b"value");
            for (field, other) in others {
                assert!(envelope.open(&key, other).is_err(), "{field}");
            }
            assert!(envelope.open(&material(), place).is_err());
        });
    }

    #[test]
    fn each_layer_is_bound_by_itself() {
        with_places(|place, others| {
            let key = material();
            let data_key = random_secret(&SystemEntropy, DATA_KEY).unwrap();
            let inner = Cipher::new(&AES_256_GCM, data_key.expose()).unwrap();
            // Someone who holds the data key rewraps it for another place: the value still knows
            // where it belongs.
            for (field, other) in others {
                let mut wrapped_data_key = vec![FORMAT];
                let binding = other.binding(DATA_KEY_PURPOSE);
                let wrapped = key.encrypt(&SystemEntropy, binding.as_bytes(), data_key.expose());
                wrapped_data_key.extend(wrapped.unwrap());
                let binding = place.binding(VALUE_PURPOSE);
                let ciphertext = inner.seal(&SystemEntropy, binding.as_bytes(), &[FORMAT], b"v");
                let ciphertext = ciphertext.unwrap();
                let envelope = Envelope {
                    wrapped_data_key,
                    ciphertext,
                };
                assert!(envelope.open(&key, other).is_err(), "{field}");
                assert!(envelope.open(&key, place).is_err(), "{field}");
            }
        });
    }

    #[test]
    fn parts_of_two_envelopes_do_not_mix() {
        with_places(|place, _| {
            let key = material();
            let seal = || Envelope::seal(&key, &SystemEntropy, place, b"value").unwrap();
            let (first, second) = (seal(), seal());
            assert_ne!(first, second);
            let mixed = Envelope {
                ciphertext: second.ciphertext,
                ..first
            };
            assert!(mixed.open(&key, place).is_err());
        });
    }

    #[test]
    fn every_bit_counts() {
        with_places(|place, _| {
            let key = material();
            let envelope = Envelope::seal(&key, &SystemEntropy, place, b"value").unwrap();
            for bit in 0..envelope.wrapped_data_key.len() * 8 {
                let wrapped_data_key = flipped(&envelope.wrapped_data_key, bit);
                let changed = Envelope {
                    wrapped_data_key,
                    ..envelope.clone()
                };
                assert!(changed.open(&key, place).is_err(), "key bit {bit}");
            }
            for bit in 0..envelope.ciphertext.len() * 8 {
                let ciphertext = flipped(&envelope.ciphertext, bit);
                let changed = Envelope {
                    ciphertext,
                    ..envelope.clone()
                };
                assert!(changed.open(&key, place).is_err(), "value bit {bit}");
            }
            let empty = Envelope {
                wrapped_data_key: Vec::new(),
                ciphertext: Vec::new(),
            };
            assert!(empty.open(&key, place).is_err());
        });
    }

    /// A secret of this release must open in every later one. The bytes were also computed with
    /// another implementation of NIST SP 800-38D.
    #[test]
    fn the_stored_form_is_pinned() {
        with_places(|place, _| {
            let key = KeyMaterial::import(KeyType::Aes256Gcm96, Plaintext::new(vec![7; 32]));
            let envelope = Envelope::seal(&key.unwrap(), &FixedEntropy(3), place, b"value");
            let envelope = envelope.unwrap();
            assert_eq!(
                HEXLOWER.encode(&envelope.wrapped_data_key),
                concat!(
                    "0103030303030303030303030326fda000592b5d417943405fe854fc0fee3fe3ecb79697",
                    "732cdd84b2e0e643bba366cfbb553376493b04501952f62531",
                )
            );
            assert_eq!(
                HEXLOWER.encode(&envelope.ciphertext),
                "01030303030303030303030303835723bd928db09d5e483517fbad7a68fda4f18e1c"
            );
        });
    }

    #[test]
    fn without_entropy_nothing_is_sealed() {
        with_places(|place, _| {
            let sealed = Envelope::seal(&material(), &NoEntropy, place, b"value");
            assert!(matches!(sealed, Err(EncryptError::Entropy(_))));
        });
    }

    proptest! {
        #[test]
        fn every_value_round_trips(value: Vec<u8>) {
            with_places(|place, _| {
                let key = material();
                let envelope = Envelope::seal(&key, &SystemEntropy, place, &value).unwrap();
                assert_eq!(envelope.open(&key, place).unwrap().expose(), &value[..]);
                assert_eq!(envelope.ciphertext.len(), 1 + 12 + value.len() + 16);
            });
        }
    }
}
