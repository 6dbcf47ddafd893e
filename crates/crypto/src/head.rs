//! Signing the heads of the audit chain, so that others can check them without any key.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::LibraryError;
use crate::binding::Binding;
use crate::siv::KEY;

const PURPOSE: &str = "strongroom/audit-head/1";

/// Signs chain heads with Ed25519 (RFC 8032).
///
/// ```compile_fail
/// fn show(signer: strongroom_crypto::HeadSigner) -> String { format!("{signer:?}") }
/// ```
pub struct HeadSigner {
    pair: Ed25519KeyPair,
    public: [u8; HeadSigner::PUBLIC_KEY],
}

/// Why a head was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The library failed.
    #[error("the audit head was not signed")]
    Library(#[source] LibraryError),
}

/// A signature that is not this key's over this head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature of the audit head does not verify under this public key")]
pub struct HeadError;

impl HeadSigner {
    /// Bytes of a public key.
    pub const PUBLIC_KEY: usize = 32;
    /// Bytes of a signature.
    pub const SIGNATURE: usize = 64;

    pub(crate) fn new(seed: &[u8; KEY]) -> Result<Self, LibraryError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(LibraryError::new)?;
        let public = pair.public_key().as_ref();
        let public = public.try_into().map_err(LibraryError::new)?;
        Ok(Self { pair, public })
    }

    /// The public key, to publish and to keep beside the evidence.
    pub fn public_key(&self) -> [u8; Self::PUBLIC_KEY] {
        self.public
    }

    /// Signs a head, whatever bytes describe it. The purpose is part of what is signed.
    ///
    /// # Errors
    ///
    /// The library failed.
    pub fn sign(&self, head: &[u8]) -> Result<[u8; Self::SIGNATURE], SignError> {
        self.pair
            .try_sign(statement(head).as_bytes())
            .map_err(LibraryError::new)
            .and_then(|signature| signature.as_ref().try_into().map_err(LibraryError::new))
            .map_err(SignError::Library)
    }
}

/// Checks the signature over a head. Needs nothing secret.
///
/// # Errors
///
/// The head, the signature or the public key is another one.
pub fn verify_head(
    public: &[u8; HeadSigner::PUBLIC_KEY],
    head: &[u8],
    signature: &[u8; HeadSigner::SIGNATURE],
) -> Result<(), HeadError> {
    UnparsedPublicKey::new(&ED25519, public)
        .verify(statement(head).as_bytes(), signature)
        .map_err(|_| HeadError)
}

fn statement(head: &[u8]) -> Binding {
    Binding::new(PURPOSE).field(head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{flipped, keyring};
    use data_encoding::HEXLOWER;

    #[test]
    fn the_seed_gives_the_public_key_of_rfc_8032() {
        let seed = HEXLOWER
            .decode(b"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
            .unwrap();
        let signer = HeadSigner::new(&seed.try_into().unwrap()).unwrap();
        assert_eq!(
            HEXLOWER.encode(&signer.public_key()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
        );
    }

    #[test]
    fn only_the_signed_head_verifies() {
        let keys = keyring();
        let signer = keys.audit_signer();
        let signature = signer.sign(b"head").unwrap();
        let public = signer.public_key();
        assert_eq!(verify_head(&public, b"head", &signature), Ok(()));
        assert_eq!(verify_head(&public, b"heap", &signature), Err(HeadError));
        let stranger = keyring().audit_signer().public_key();
        assert_eq!(verify_head(&stranger, b"head", &signature), Err(HeadError));
        for bit in 0..512 {
            let changed = flipped(&signature, bit).try_into().unwrap();
            assert_eq!(
                verify_head(&public, b"head", &changed),
                Err(HeadError),
                "bit {bit}"
            );
        }
    }

    /// Published heads must verify for ever. Computed with another implementation of RFC 8032.
    #[test]
    fn the_signed_statement_is_pinned() {
        let signature = HeadSigner::new(&[5; 32]).unwrap().sign(b"head").unwrap();
        assert_eq!(
            HEXLOWER.encode(&signature),
            concat!(
                "64221816be9b4e212489e2e47ac7823046867a14f74e16476fe4715c5f70f3c092660ce8",
                "bd620cc31b803668f69569920baf6ab3a2d945a4f1e917e632c5270e",
            )
        );
    }

    #[test]
    fn a_bare_signature_over_the_head_is_not_enough() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap();
        let public = HeadSigner::new(&[5; 32]).unwrap().public_key();
        let bare = pair.try_sign(b"head").unwrap().as_ref().try_into().unwrap();
        assert_eq!(verify_head(&public, b"head", &bare), Err(HeadError));
    }
}
