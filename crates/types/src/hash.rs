//! Hash functions and signature schemes by name.

use std::fmt;
use std::str::FromStr;

/// A hash function's name that keys do not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown hash function; known are sha224, sha256, sha384 and sha512, also written like \
     SHA-256, SHA_256 or sha2-256"
)]
pub struct UnknownHash;

/// A hash function's name that wraps of imported keys do not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "this hash function is not offered for the wrap of an imported key; offered are sha256, \
     sha224, sha384, sha512 and sha1, also written like SHA-256, SHA_256 or sha2-256"
)]
pub struct UnknownWrapHash;

/// A signature scheme's name that this service does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown signature scheme; known are pss and pkcs1v15")]
pub struct UnknownScheme;

/// The hash functions of signatures and MACs: the SHA-2 family (FIPS 180-4).
///
/// Not every key type uses each of them. SHA-1 is not among them: it no longer resists collisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum HashAlgorithm {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl HashAlgorithm {
    /// All of them, from the shortest to the longest.
    pub const ALL: [Self; 4] = [Self::Sha224, Self::Sha256, Self::Sha384, Self::Sha512];

    /// The canonical name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    /// Bytes of a digest.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

impl FromStr for HashAlgorithm {
    type Err = UnknownHash;

    /// `sha256`, `sha-256`, `sha_256`, `sha2-256`, `sha2_256`, in any case; so for the others.
    fn from_str(text: &str) -> Result<Self, UnknownHash> {
        let rest = after_sha(text).ok_or(UnknownHash)?;
        let size = ["2-", "2_", "-", "_"]
            .into_iter()
            .find_map(|separator| rest.strip_prefix(separator))
            .unwrap_or(rest);
        match size {
            "224" => Ok(Self::Sha224),
            "256" => Ok(Self::Sha256),
            "384" => Ok(Self::Sha384),
            "512" => Ok(Self::Sha512),
            _ => Err(UnknownHash),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The hash functions of the RSA-OAEP wrap around an imported key (contract 2.6), used for MGF1 too.
///
/// SHA-1 is safe here, since OAEP does not need it to resist collisions (RFC 8017, appendix B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum WrapHash {
    Sha1,
    Sha224,
    #[default]
    Sha256,
    Sha384,
    Sha512,
}

impl WrapHash {
    /// All of them, from the shortest to the longest.
    pub const ALL: [Self; 5] = [
        Self::Sha1,
        Self::Sha224,
        Self::Sha256,
        Self::Sha384,
        Self::Sha512,
    ];

    /// The canonical name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

impl FromStr for WrapHash {
    type Err = UnknownWrapHash;

    /// As [`HashAlgorithm`], and `sha1`, `sha-1`, `sha_1` in any case.
    fn from_str(text: &str) -> Result<Self, UnknownWrapHash> {
        if let Some("1" | "-1" | "_1") = after_sha(text) {
            return Ok(Self::Sha1);
        }
        match text.parse() {
            Ok(HashAlgorithm::Sha224) => Ok(Self::Sha224),
            Ok(HashAlgorithm::Sha256) => Ok(Self::Sha256),
            Ok(HashAlgorithm::Sha384) => Ok(Self::Sha384),
            Ok(HashAlgorithm::Sha512) => Ok(Self::Sha512),
            Err(UnknownHash) => Err(UnknownWrapHash),
        }
    }
}

impl fmt::Display for WrapHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an RSA key signs (RFC 8017, section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SignatureScheme {
    /// RSASSA-PSS, with a salt as long as the hash and MGF1 over the same hash.
    #[default]
    Pss,
    /// RSASSA-PKCS1-v1_5, for those who must have it.
    Pkcs1v15,
}

impl SignatureScheme {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pss => "pss",
            Self::Pkcs1v15 => "pkcs1v15",
        }
    }
}

impl FromStr for SignatureScheme {
    type Err = UnknownScheme;

    fn from_str(text: &str) -> Result<Self, UnknownScheme> {
        [Self::Pss, Self::Pkcs1v15]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or(UnknownScheme)
    }
}

impl fmt::Display for SignatureScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What follows `sha`, in any case.
fn after_sha(text: &str) -> Option<&str> {
    let (head, rest) = text.split_at_checked(3)?;
    head.eq_ignore_ascii_case("sha").then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_hash_is_the_same_hash() {
        for known in HashAlgorithm::ALL {
            let bits = known.digest_len() * 8;
            assert_eq!(known.as_str(), format!("sha{bits}"));
            for word in ["sha", "SHA", "Sha"] {
                for separator in ["", "-", "_", "2-", "2_"] {
                    let text = format!("{word}{separator}{bits}");
                    assert_eq!(text.parse(), Ok(known), "{text}");
                }
            }
        }
    }

    #[test]
    fn other_hashes_are_refused_with_the_list_of_those_that_work() {
        for text in [
            "",
            "sha",
            "sha1",
            "SHA-1",
            "md5",
            "sha3-256",
            "sha2256",
            "sha--256",
            "sha256 ",
            "256",
            "sha512/256",
            "sha512-256",
            "é256",
            "shå256",
        ] {
            assert_eq!(text.parse::<HashAlgorithm>(), Err(UnknownHash), "{text:?}");
        }
        let message = UnknownHash.to_string();
        for known in HashAlgorithm::ALL {
            assert!(message.contains(known.as_str()));
        }
    }

    #[test]
    fn a_wrap_also_takes_sha1_and_says_what_it_takes() {
        for known in WrapHash::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
            assert_eq!(known.as_str().to_uppercase().parse(), Ok(known));
            assert!(UnknownWrapHash.to_string().contains(known.as_str()));
        }
        for text in ["SHA-1", "sha_1", "Sha1"] {
            assert_eq!(text.parse(), Ok(WrapHash::Sha1));
        }
        assert_eq!("SHA2-512".parse(), Ok(WrapHash::Sha512));
        for text in ["", "sha2-1", "sha11", "sha3-256"] {
            assert_eq!(text.parse::<WrapHash>(), Err(UnknownWrapHash), "{text:?}");
        }
    }

    #[test]
    fn schemes_are_known_by_their_names() {
        assert_eq!("pss".parse(), Ok(SignatureScheme::Pss));
        assert_eq!("pkcs1v15".parse(), Ok(SignatureScheme::Pkcs1v15));
        assert_eq!("PSS".parse::<SignatureScheme>(), Err(UnknownScheme));
    }
}
