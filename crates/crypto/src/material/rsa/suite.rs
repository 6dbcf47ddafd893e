//! The schemes and hash functions of RSA signatures that the library has.

use aws_lc_rs::digest::Digest;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use strongroom_types::{HashAlgorithm, KeyType, SignatureScheme};

use super::super::{OperationError, SignRequest};
use super::sha224;
use crate::LibraryError;

/// One scheme with one hash function.
pub(super) struct Suite {
    scheme: SignatureScheme,
    hash: HashAlgorithm,
    pub(super) signing: &'static RsaSignatureEncoding,
    verification: &'static RsaParameters,
}

static SUITES: [Suite; 6] = [
    Suite {
        scheme: SignatureScheme::Pss,
        hash: HashAlgorithm::Sha256,
        signing: &RSA_PSS_SHA256,
        verification: &RSA_PSS_2048_8192_SHA256,
    },
    Suite {
        scheme: SignatureScheme::Pss,
        hash: HashAlgorithm::Sha384,
        signing: &RSA_PSS_SHA384,
        verification: &RSA_PSS_2048_8192_SHA384,
    },
    Suite {
        scheme: SignatureScheme::Pss,
        hash: HashAlgorithm::Sha512,
        signing: &RSA_PSS_SHA512,
        verification: &RSA_PSS_2048_8192_SHA512,
    },
    Suite {
        scheme: SignatureScheme::Pkcs1v15,
        hash: HashAlgorithm::Sha256,
        signing: &RSA_PKCS1_SHA256,
        verification: &RSA_PKCS1_2048_8192_SHA256,
    },
    Suite {
        scheme: SignatureScheme::Pkcs1v15,
        hash: HashAlgorithm::Sha384,
        signing: &RSA_PKCS1_SHA384,
        verification: &RSA_PKCS1_2048_8192_SHA384,
    },
    Suite {
        scheme: SignatureScheme::Pkcs1v15,
        hash: HashAlgorithm::Sha512,
        signing: &RSA_PKCS1_SHA512,
        verification: &RSA_PKCS1_2048_8192_SHA512,
    },
];

/// What a request asks for, with the digest to be signed.
pub(super) enum Choice<'a> {
    /// A suite of the library, and the public key for it.
    Library(&'static Suite, &'a ParsedPublicKey, Digest),
    /// SHA-224, which the library signs nothing with.
    Sha224(SignatureScheme, Digest),
}

/// The public key, parsed for each suite.
pub(super) struct Verifiers(Vec<(&'static Suite, ParsedPublicKey)>);

impl Verifiers {
    /// From an `RSAPublicKey` or a `SubjectPublicKeyInfo` in DER.
    pub(super) fn new(public: &[u8]) -> Result<Self, LibraryError> {
        let parse = |suite: &'static Suite| {
            let key = ParsedPublicKey::new(suite.verification, public);
            key.map(|key| (suite, key)).map_err(LibraryError::new)
        };
        SUITES.iter().map(parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether a signature is right. The key is given in DER too, for SHA-224.
    pub(super) fn verify(
        &self,
        key_type: KeyType,
        spki: &[u8],
        request: &SignRequest<'_>,
        signature: &[u8],
    ) -> Result<bool, OperationError> {
        match self.chosen(key_type, request)? {
            Choice::Library(_, key, digest) => {
                Ok(key.verify_digest_sig(&digest, signature).is_ok())
            }
            Choice::Sha224(scheme, digest) => {
                sha224::verify(key_type, spki, scheme, digest.as_ref(), signature)
            }
        }
    }

    /// What the request asks for: PSS and SHA-256 where it is silent.
    pub(super) fn chosen(
        &self,
        key_type: KeyType,
        request: &SignRequest<'_>,
    ) -> Result<Choice<'_>, OperationError> {
        request.without_context(key_type)?;
        let scheme = request.scheme.unwrap_or_default();
        let hash = request.hash.unwrap_or(HashAlgorithm::Sha256);
        let digest = request.digest(hash)?;
        let mut suites = self.0.iter();
        Ok(
            match suites.find(|(suite, _)| suite.scheme == scheme && suite.hash == hash) {
                Some((suite, key)) => Choice::Library(suite, key, digest),
                None => Choice::Sha224(scheme, digest),
            },
        )
    }
}
