//! Statements that the journal signs with Ed25519 (RFC 8032), so that someone without the chain
//! key can check them: heads, and tombstones of what retention dropped.
//!
//! The signature covers a purpose, then the fields as they stand, as one statement that
//! [`strongroom_crypto::verify_head`] checks. Integers are little-endian, instants are microseconds
//! since 1970 (signed).
//!
//! | Signed head (112 bytes) | Bytes | Field |
//! |---|---|---|
//! | 0 | 8 | sequence of the last frame that it covers |
//! | 8 | 32 | link of that frame |
//! | 40 | 8 | when it was signed |
//! | 48 | 64 | signature over `strongroom/audit/head/1` ‖ 0 ‖ bytes 0–47 |
//!
//! | Tombstone (120 bytes) | Bytes | Field |
//! |---|---|---|
//! | 0 | 8 | sequence of the first frame that was dropped |
//! | 8 | 8 | sequence of the last frame that was dropped |
//! | 16 | 32 | link of the last frame that was dropped |
//! | 48 | 8 | when it was signed |
//! | 56 | 64 | signature over `strongroom/audit/tombstone/1` ‖ 0 ‖ bytes 0–55 |

use strongroom_crypto::{HeadError, HeadSigner, SignError, verify_head};
use strongroom_types::Timestamp;

use crate::bytes::Fields;
use crate::frame::Link;

const HEAD_PURPOSE: &[u8] = b"strongroom/audit/head/1\0";
const TOMBSTONE_PURPOSE: &[u8] = b"strongroom/audit/tombstone/1\0";

/// An Ed25519 signature.
type Signature = [u8; 64];

/// Where the chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The sequence of the newest frame; 0 before the first.
    pub sequence: u64,
    /// The link of that frame.
    pub link: [u8; 32],
}

impl Head {
    pub(crate) const GENESIS: Self = Self {
        sequence: 0,
        link: crate::frame::GENESIS,
    };
}

/// A head with a signature: whoever keeps a copy elsewhere can later tell whether the journal
/// still contains everything up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedHead {
    /// The head.
    pub head: Head,
    /// When it was signed.
    pub at: Timestamp,
    signature: Signature,
}

impl SignedHead {
    /// Its length as bytes.
    pub const BYTES: usize = 112;

    pub(crate) fn sign(head: Head, at: Timestamp, signer: &HeadSigner) -> Result<Self, SignError> {
        let signature = signer.sign(&Self::statement(head, at))?;
        Ok(Self {
            head,
            at,
            signature,
        })
    }

    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// Another key signed it, or it was changed.
    pub fn verify(&self, public_key: &[u8; 32]) -> Result<(), HeadError> {
        let statement = Self::statement(self.head, self.at);
        verify_head(public_key, &statement, &self.signature)
    }

    /// The bytes to keep elsewhere, as in the table of the format.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        push_head(&mut bytes, self.head, self.at);
        bytes.extend_from_slice(&self.signature);
        fixed(&bytes)
    }

    /// The signed head in these bytes. The signature is not checked.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        Some(Self {
            head: Head {
                sequence: fields.u64()?,
                link: fields.array()?,
            },
            at: Timestamp::from_microsecond(fields.i64()?).ok()?,
            signature: fields.array()?,
        })
    }

    fn statement(head: Head, at: Timestamp) -> Vec<u8> {
        let mut statement = HEAD_PURPOSE.to_vec();
        push_head(&mut statement, head, at);
        statement
    }
}

fn push_head(bytes: &mut Vec<u8>, head: Head, at: Timestamp) {
    bytes.extend_from_slice(&head.sequence.to_le_bytes());
    bytes.extend_from_slice(&head.link);
    bytes.extend_from_slice(&at.as_microsecond().to_le_bytes());
}

/// What retention dropped: every frame from `first` to `last`, after which the chain goes on from
/// `link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone {
    /// The first sequence that was dropped.
    pub first: u64,
    /// The last sequence that was dropped, and its link: the anchor of what remains.
    pub last: Head,
    /// When it was signed.
    pub at: Timestamp,
    signature: Signature,
}

impl Tombstone {
    /// Its length as bytes.
    pub const BYTES: usize = 120;

    pub(crate) fn sign(
        first: u64,
        last: Head,
        at: Timestamp,
        signer: &HeadSigner,
    ) -> Result<Self, SignError> {
        let signature = signer.sign(&Self::statement(first, last, at))?;
        Ok(Self {
            first,
            last,
            at,
            signature,
        })
    }

    /// Checks the signature.
    ///
    /// # Errors
    ///
    /// Another key signed it, or it was changed.
    pub fn verify(&self, public_key: &[u8; 32]) -> Result<(), HeadError> {
        let statement = Self::statement(self.first, self.last, self.at);
        verify_head(public_key, &statement, &self.signature)
    }

    /// The bytes, as in the table of the format.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = Vec::with_capacity(Self::BYTES);
        bytes.extend_from_slice(&self.first.to_le_bytes());
        push_head(&mut bytes, self.last, self.at);
        bytes.extend_from_slice(&self.signature);
        fixed(&bytes)
    }

    /// The tombstone in these bytes. The signature is not checked.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let mut fields = Fields::of(bytes);
        Some(Self {
            first: fields.u64()?,
            last: Head {
                sequence: fields.u64()?,
                link: fields.array::<32>()? as Link,
            },
            at: Timestamp::from_microsecond(fields.i64()?).ok()?,
            signature: fields.array()?,
        })
    }

    fn statement(first: u64, last: Head, at: Timestamp) -> Vec<u8> {
        let mut statement = TOMBSTONE_PURPOSE.to_vec();
        statement.extend_from_slice(&first.to_le_bytes());
        push_head(&mut statement, last, at);
        statement
    }
}

/// The bytes as an array; both callers build exactly as many as there are.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::keys;

    #[test]
    fn a_signed_head_round_trips_and_no_bit_of_it_can_change() {
        let keys = keys();
        let public = keys.audit_signer().public_key();
        let head = Head {
            sequence: 7,
            link: [3; 32],
        };
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let signed = SignedHead::sign(head, at, keys.audit_signer()).unwrap();
        let bytes = signed.to_bytes();
        assert_eq!(SignedHead::from_bytes(&bytes), Some(signed));
        assert!(signed.verify(&public).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes;
            changed[at] ^= 1;
            let refused =
                SignedHead::from_bytes(&changed).is_none_or(|head| head.verify(&public).is_err());
            assert!(refused, "byte {at}");
        }
    }

    #[test]
    fn a_tombstone_round_trips_and_no_bit_of_it_can_change() {
        let keys = keys();
        let public = keys.audit_signer().public_key();
        let last = Head {
            sequence: 70,
            link: [3; 32],
        };
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let stone = Tombstone::sign(1, last, at, keys.audit_signer()).unwrap();
        let bytes = stone.to_bytes();
        assert_eq!(Tombstone::from_bytes(&bytes), Some(stone));
        assert!(stone.verify(&public).is_ok());
        for at in 0..bytes.len() {
            let mut changed = bytes;
            changed[at] ^= 1;
            let refused =
                Tombstone::from_bytes(&changed).is_none_or(|stone| stone.verify(&public).is_err());
            assert!(refused, "byte {at}");
        }
    }
}
