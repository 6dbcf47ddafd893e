//! Ed25519 (RFC 8032): pure, without a context. Signatures have 64 bytes and are deterministic.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use strongroom_types::{KeyType, Plaintext};

use super::{MaterialError, OperationError, PublicKey, SignRequest, pkcs8};
use crate::entropy::random_secret;
use crate::{Entropy, LibraryError};

/// Bytes of the seed that a private key is.
const SEED: usize = 32;

/// An Ed25519 key, ready to sign and to verify.
pub(super) struct Ed25519Key {
    secret: Plaintext,
    pair: Ed25519KeyPair,
    verifier: ParsedPublicKey,
    public: PublicKey,
}

impl Ed25519Key {
    pub(super) fn generate(entropy: &dyn Entropy) -> Result<Self, MaterialError> {
        let seed = random_secret(entropy, SEED)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.expose()).map_err(LibraryError::new)?;
        Self::new(pair)
    }

    pub(super) fn import(secret: &Plaintext) -> Result<Self, MaterialError> {
        pkcs8::whole(KeyType::Ed25519, secret.expose())?;
        Ed25519KeyPair::from_pkcs8(secret.expose())
            .map_err(pkcs8::rejected(KeyType::Ed25519))
            .and_then(Self::new)
    }

    fn new(pair: Ed25519KeyPair) -> Result<Self, MaterialError> {
        // Version 1, without the public key, is what every other implementation reads.
        let document = pair.to_pkcs8v1().map_err(LibraryError::new)?;
        let public = pair.public_key();
        let spki = public.as_der().map_err(LibraryError::new)?;
        Ok(Self {
            secret: Plaintext::new(document.as_ref().to_vec()),
            verifier: ParsedPublicKey::new(&ED25519, public.as_ref()).map_err(LibraryError::new)?,
            public: PublicKey::base64(public.as_ref(), &spki),
            pair,
        })
    }

    pub(super) fn secret(&self) -> &Plaintext {
        &self.secret
    }

    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(super) fn sign(&self, request: &SignRequest<'_>) -> Result<Vec<u8>, OperationError> {
        check(request)?;
        let signature = self.pair.try_sign(request.input);
        Ok(signature.map_err(LibraryError::new)?.as_ref().to_vec())
    }

    pub(super) fn verify(
        &self,
        request: &SignRequest<'_>,
        signature: &[u8],
    ) -> Result<bool, OperationError> {
        check(request)?;
        Ok(self.verifier.verify_sig(request.input, signature).is_ok())
    }
}

fn check(request: &SignRequest<'_>) -> Result<(), OperationError> {
    let key_type = KeyType::Ed25519;
    request.without_context(key_type)?;
    request.without_scheme(key_type)?;
    if request.prehashed {
        return Err(OperationError::Prehashed { key_type });
    }
    Ok(())
}

#[cfg(test)]
mod vectors;
