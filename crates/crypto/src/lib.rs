//! Algorithms, envelopes, key material and root key providers; the only room that names a crypto
//! library.
//!
//! Nothing below the protocol level is written here but Shamir's scheme, for which there is no
//! library in constant time: every other primitive is the library's, and this crate decides which
//! one is used where, what each ciphertext is bound to, and who may hold a key.
//!
//! ```text
//! root key ──seals──▶ keyring ─┬─ storage key ──────────seals──▶ every bookkeeping row
//! (provider)                   ├─ key-encryption key ───wraps──▶ KMS key versions, wrapping keys, keys of tokens
//!                              │                                   └─wrap─▶ data key per secret
//!                              │                                              └─seals─▶ the value
//!                              ├─ audit chain key ──────links──▶ audit frames
//!                              ├─ audit signing seed ───signs──▶ chain heads
//!                              └─ access token key ─────seals──▶ claims of access tokens
//! ```
//!
//! | Algorithm | Where | Reference | Limit |
//! |---|---|---|---|
//! | AES-256-GCM-SIV | rows, keyring, KMS key versions and the keys of tokens at rest, access tokens | RFC 8452 | about 2^48 messages under one key before a random nonce repeats, and a repetition only tells whether two messages were equal (section 9); 2^36 bytes each |
//! | AES-256-GCM | secret values, KMS keys | NIST SP 800-38D | 2^32 messages under one key with random nonces (section 8.3), 2^36 - 32 bytes each; a data key seals one message |
//! | AES-128-GCM | KMS keys | NIST SP 800-38D | as above |
//! | ChaCha20-Poly1305 | KMS keys | RFC 8439 | 96-bit random nonces, hence the same 2^32 messages; 2^38 - 64 bytes each |
//! | RSAES-OAEP, SHA-256 with MGF1 over it | KMS keys | RFC 8017, section 7.1 | plaintexts of the modulus less 66 bytes: 190, 318 or 446 |
//! | RSASSA-PSS, RSASSA-PKCS1-v1_5 | KMS keys | RFC 8017, section 8; FIPS 186-5, section 5 | 2048, 3072 or 4096 bits (112, 128, about 140 bits of strength, NIST SP 800-57); SHA-224, SHA-256, SHA-384 or SHA-512; the salt is as long as the hash |
//! | ECDSA over P-256, P-384, P-521 | KMS keys | FIPS 186-5, section 6; NIST SP 800-186 | about 2^128, 2^192, 2^256 work, or half the digest's bits if those are fewer; signatures in DER |
//! | RSAES-OAEP, one hash for it and MGF1, then AES-256-KWP | imported keys | RFC 8017, section 7.1; RFC 5649, NIST SP 800-38F | a target of at most 8177 bytes; SHA-1, SHA-224, SHA-256, SHA-384 or SHA-512, no label |
//! | HMAC-SHA-224, -256, -384, -512 | KMS keys | RFC 2104, FIPS 198-1 | keys of 32 or 64 bytes; forging needs at least 2^112 work; never truncated |
//! | HMAC-SHA-256 | audit chain | RFC 2104, FIPS 198-1 | none in practice; forging needs about 2^128 work |
//! | ECDSA over P-256 with SHA-256 (ES256) | ID tokens | RFC 7518, section 3.4; FIPS 186-5 | about 2^128 work; both numbers in fixed width |
//! | RSASSA-PKCS1-v1_5, RSASSA-PSS, ECDSA, Ed25519, verifying only | tokens of other issuers | RFC 7518, RFC 8037 | keys that others chose: RSA from 2048 bits, P-256, P-384, Ed25519 |
//! | SHA-256 | token hashes | FIPS 180-4 | only over values of 256 random bits, never over passwords |
//! | Ed25519 | signed audit heads, KMS keys | RFC 8032 | none in practice; pure, without context |
//! | Shamir's secret sharing over GF(256) | root key in shares | Shamir 1979; draft-mcgrew-tss-03 | 2 to 255 shares; fewer than the threshold tell nothing; our own code, in constant time |
//! | SHA-256 | checksums and hashes of shares | FIPS 180-4 | a share has 256 random bits |
//! | Argon2id (version 0x13) | root key from a passphrase | RFC 9106 | at least 19 MiB and two passes; 64 MiB, three passes, four lanes by default |
//!
//! **What every byte string starts with.** Each stored form has a leading format byte (the texts
//! have a leading word), and each ciphertext is bound to a purpose and a place through its
//! associated data, so that nothing opens anywhere but where it was sealed.
//!
//! **What happens to keys.** Key bytes live in [`Plaintext`](strongroom_types::Plaintext) or
//! zeroizing buffers; the library cleanses its expanded keys when it frees them. No key type can
//! be printed, copied or serialised.

pub mod entropy;
pub mod provider;
pub mod token;

mod aead;
mod binding;
mod chain;
mod compare;
mod envelope;
#[cfg(test)]
mod guarantees;
mod head;
mod import;
mod issuer_key;
mod jws;
mod keyring;
mod library;
mod material;
#[cfg(test)]
mod nist;
mod root;
mod sealed;
mod siv;
mod storage;
#[cfg(test)]
mod testing;

pub use chain::{BrokenLink, ChainKey};
pub use compare::constant_time_eq;
pub use entropy::{Entropy, EntropyError, SystemEntropy, random, random_secret};
pub use envelope::{Envelope, EnvelopePlace};
pub use head::{HeadError, HeadSigner, SignError, verify_head};
pub use import::{
    ImportError, ImportTarget, TargetError, WrapForImportError, WrappingKey, wrap_for_import,
};
pub use issuer_key::IssuerKey;
pub use jws::{ForeignKey, ForeignKeyError, JwsAlgorithm, SignatureRefused, UnsupportedAlgorithm};
pub use keyring::{Keyring, KeyringError};
pub use library::LibraryError;
pub use material::{
    DecryptError, EncryptError, KeyEncryptionKey, KeyMaterial, MaterialError, MaterialPlace,
    OperationError, PublicKey, SignRequest,
};
pub use root::{RootKey, RootKeyError};
pub use sealed::{ContentsError, OpenError, SealError, Sealed};
pub use storage::StorageKey;
pub use token::{
    AccessCredential, PlainToken, TokenError, TokenHash, TokenKey, TokenKind, new_invitation_code,
    new_personal_token,
};
