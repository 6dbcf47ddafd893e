//! The schemes and hash functions of RSA signatures that the library has.

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaParameters, RsaSignatureEncoding,
};
use strongroom_types::{HashAlgorithm, KeyType, SignatureScheme};

use super::super::{OperationError, SignRequest};
use crate::LibraryError;

/// The hash functions of signatures. The library signs with no other.
const HASHES: [HashAlgorithm; 3] = [
    HashAlgorithm::Sha256,
    HashAlgorithm::Sha384,
    HashAlgorithm::Sha512,
];

/// One scheme with one hash function.
pub(super) struct Suite {
    scheme: SignatureScheme,
    pub(super) hash: HashAlgorithm,
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

    /// What the request asks for: PSS and SHA-256 where it is silent.
    pub(super) fn chosen(
        &self,
        key_type: KeyType,
        request: &SignRequest<'_>,
    ) -> Result<(&'static Suite, &ParsedPublicKey), OperationError> {
        request.without_context(key_type)?;
        let scheme = request.scheme.unwrap_or_default();
        let hash = request.hash.unwrap_or(HashAlgorithm::Sha256);
        self.0
            .iter()
            .find(|(suite, _)| suite.scheme == scheme && suite.hash == hash)
            .map(|(suite, key)| (*suite, key))
            .ok_or(OperationError::Hash {
                key_type,
                hash,
                offered: &HASHES,
            })
    }
}
