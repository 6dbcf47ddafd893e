//! Kinds and states of keys.

use std::fmt;
use std::str::FromStr;

/// A key type's name that this service does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown key type; known are: {}", KeyType::ALL.map(KeyType::as_str).join(", "))]
pub struct UnknownKeyType;

/// What a key is for, which decides the operations it offers (contract 2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// Authenticated encryption with a symmetric key.
    Aead,
    /// RSA: encryption and signatures.
    Rsa,
    /// ECDSA signatures.
    Ecdsa,
    /// Ed25519 signatures.
    Ed25519,
    /// Keyed hashes.
    Hmac,
}

impl KeyFamily {
    /// Whether keys of this family do that (the table of contract 2.4).
    pub const fn offers(self, operation: KeyOperation) -> bool {
        match operation {
            KeyOperation::Encrypt | KeyOperation::Decrypt => matches!(self, Self::Aead | Self::Rsa),
            KeyOperation::Sign | KeyOperation::Verify | KeyOperation::PublicKey => {
                matches!(self, Self::Rsa | Self::Ecdsa | Self::Ed25519)
            }
            KeyOperation::Hmac | KeyOperation::VerifyHmac => matches!(self, Self::Hmac),
            KeyOperation::Import => !matches!(self, Self::Hmac),
        }
    }
}

/// What can be asked of a key, depending on its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyOperation {
    /// Encrypting.
    Encrypt,
    /// Decrypting.
    Decrypt,
    /// Signing.
    Sign,
    /// Verifying a signature.
    Verify,
    /// Making an HMAC.
    Hmac,
    /// Verifying an HMAC.
    VerifyHmac,
    /// Showing the public key.
    PublicKey,
    /// Bringing one's own material.
    Import,
}

impl KeyOperation {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Encrypt,
        Self::Decrypt,
        Self::Sign,
        Self::Verify,
        Self::Hmac,
        Self::VerifyHmac,
        Self::PublicKey,
        Self::Import,
    ];

    /// Words that finish the sentence "a key of this type cannot …".
    const fn as_words(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Sign => "sign",
            Self::Verify => "verify signatures",
            Self::Hmac => "make HMACs",
            Self::VerifyHmac => "verify HMACs",
            Self::PublicKey => "show a public key",
            Self::Import => "be imported",
        }
    }
}

impl fmt::Display for KeyOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_words())
    }
}

/// The thirteen key types of contract 2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are the field's own")]
pub enum KeyType {
    Aes128Gcm96,
    Aes256Gcm96,
    ChaCha20Poly1305,
    Rsa2048,
    Rsa3072,
    Rsa4096,
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
    Hmac,
    HmacSha256,
    HmacSha512,
}

impl KeyType {
    /// All of them, in the contract's order.
    pub const ALL: [Self; 13] = [
        Self::Aes128Gcm96,
        Self::Aes256Gcm96,
        Self::ChaCha20Poly1305,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::EcdsaP521,
        Self::Ed25519,
        Self::Hmac,
        Self::HmacSha256,
        Self::HmacSha512,
    ];

    /// The canonical name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Aes128Gcm96 => "aes128-gcm96",
            Self::Aes256Gcm96 => "aes256-gcm96",
            Self::ChaCha20Poly1305 => "chacha20-poly1305",
            Self::Rsa2048 => "rsa-2048",
            Self::Rsa3072 => "rsa-3072",
            Self::Rsa4096 => "rsa-4096",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::EcdsaP521 => "ecdsa-p521",
            Self::Ed25519 => "ed25519",
            Self::Hmac => "hmac",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha512 => "hmac-sha512",
        }
    }

    /// What the key is for.
    pub const fn family(self) -> KeyFamily {
        match self {
            Self::Aes128Gcm96 | Self::Aes256Gcm96 | Self::ChaCha20Poly1305 => KeyFamily::Aead,
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => KeyFamily::Rsa,
            Self::EcdsaP256 | Self::EcdsaP384 | Self::EcdsaP521 => KeyFamily::Ecdsa,
            Self::Ed25519 => KeyFamily::Ed25519,
            Self::Hmac | Self::HmacSha256 | Self::HmacSha512 => KeyFamily::Hmac,
        }
    }

    /// Whether keys of this type do that.
    pub const fn offers(self, operation: KeyOperation) -> bool {
        self.family().offers(operation)
    }
}

impl FromStr for KeyType {
    type Err = UnknownKeyType;

    /// The canonical names and those of older clients (`ec-p256`, contract 2.4).
    fn from_str(text: &str) -> Result<Self, UnknownKeyType> {
        match text {
            "ec-p256" => Ok(Self::EcdsaP256),
            "ec-p384" => Ok(Self::EcdsaP384),
            "ec-p521" => Ok(Self::EcdsaP521),
            _ => Self::ALL
                .into_iter()
                .find(|known| known.as_str() == text)
                .ok_or(UnknownKeyType),
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a key stands in its life (contract 2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyStatus {
    /// Every operation of its type works.
    Active,
    /// No cryptographic operation works until it is enabled again.
    Disabled,
    /// It will be removed for good at its scheduled time, unless that is cancelled.
    PendingDeletion,
}

impl KeyStatus {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::PendingDeletion => "pending_deletion",
        }
    }
}

impl fmt::Display for KeyStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_to_its_type() {
        for known in KeyType::ALL {
            assert_eq!(known.as_str().parse(), Ok(known));
        }
        assert_eq!("ec-p384".parse(), Ok(KeyType::EcdsaP384));
        assert_eq!("AES256-GCM96".parse::<KeyType>(), Err(UnknownKeyType));
    }

    #[test]
    fn the_operations_are_those_of_the_contract() {
        for known in KeyType::ALL {
            let expected = match known.family() {
                KeyFamily::Aead => "encrypt, decrypt, be imported",
                KeyFamily::Rsa => {
                    "encrypt, decrypt, sign, verify signatures, show a public key, be imported"
                }
                KeyFamily::Ecdsa | KeyFamily::Ed25519 => {
                    "sign, verify signatures, show a public key, be imported"
                }
                KeyFamily::Hmac => "make HMACs, verify HMACs",
            };
            let offered = KeyOperation::ALL
                .into_iter()
                .filter(|one| known.offers(*one));
            let offered: Vec<String> = offered.map(|one| one.to_string()).collect();
            assert_eq!(offered.join(", "), expected, "{known}");
        }
    }
}
