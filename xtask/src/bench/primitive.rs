//! The library alone: how often one core does an operation without any server around it.

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_ASN1_SIGNING,
    ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, ParsedPublicKey,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair, VerificationAlgorithm,
};
use aws_lc_rs::{hmac, rand};
use strongroom_types::KeyType;

use super::runs::median;

/// What is encrypted, signed or authenticated, in bytes: a key for data, or a digest.
pub(crate) const INPUT: usize = 32;
/// How many measurements there are; the median counts.
const SLICES: u32 = 3;
/// How long the operation runs at least between two looks at the clock.
const BETWEEN_LOOKS: Duration = Duration::from_millis(1);
/// More are never done between two looks at the clock.
const MOST_AT_ONCE: u32 = 1 << 20;

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Work {
    /// Encrypts under a fresh random nonce.
    Encrypt,
    /// Decrypts.
    Decrypt,
    /// Makes an HMAC.
    Hmac,
    /// Hashes and signs; RSA with PSS.
    Sign,
    /// Verifies with a public key that is parsed already.
    Verify,
}

impl Work {
    /// Its word in the API and on the command line.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Encrypt => "encrypt",
            Self::Decrypt => "decrypt",
            Self::Hmac => "hmac",
            Self::Sign => "sign",
            Self::Verify => "verify",
        }
    }
}

/// How the measurement is started; the benchmark does it.
#[derive(clap::Args)]
pub(crate) struct Options {
    work: Work,
    key_type: KeyType,
    /// How long one of the measurements takes.
    #[arg(long, default_value_t = 250)]
    milliseconds: u64,
}

/// Why there is no rate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PrimitiveError {
    /// The benchmark has no such operation.
    #[error("there is nothing to measure for {0} with a key of type {1}")]
    Unknown(&'static str, KeyType),
    /// An operation failed.
    #[error("the library failed")]
    Library(#[from] Unspecified),
}

type Operation = Box<dyn FnMut() -> Result<(), Unspecified>>;

/// Prints how often per second this core does the operation.
pub(crate) fn print(options: &Options) -> Result<(), PrimitiveError> {
    let mut operation = operation(options.work, options.key_type)?;
    let slice = Duration::from_millis(options.milliseconds.max(1));
    println!("{{\"rate\":{}}}", rate(&mut operation, slice)?);
    Ok(())
}

fn operation(work: Work, key_type: KeyType) -> Result<Operation, PrimitiveError> {
    Ok(match (work, key_type) {
        (Work::Encrypt, KeyType::Aes256Gcm96) => encrypting()?,
        (Work::Decrypt, KeyType::Aes256Gcm96) => decrypting()?,
        (Work::Hmac, KeyType::HmacSha256) => hashing()?,
        (Work::Sign, _) => {
            let (signer, input) = (Signer::generate(work, key_type)?, input()?);
            Box::new(move || {
                signer
                    .sign(&input)
                    .map(|signature| drop(black_box(signature)))
            })
        }
        (Work::Verify, _) => {
            let (signer, input) = (Signer::generate(work, key_type)?, input()?);
            let (signature, key) = (signer.sign(&input)?, signer.verifier()?);
            Box::new(move || key.verify_sig(black_box(&input), &signature))
        }
        (work, key_type) => return Err(PrimitiveError::Unknown(work.as_str(), key_type)),
    })
}

fn input() -> Result<[u8; INPUT], Unspecified> {
    let mut input = [0; INPUT];
    rand::fill(&mut input)?;
    Ok(input)
}

fn encrypting() -> Result<Operation, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &input()?)?;
    let (input, mut buffer) = (input()?, Vec::new());
    Ok(Box::new(move || {
        buffer.clear();
        buffer.extend_from_slice(&input);
        let nonce = key.seal_in_place_append_tag(Aad::empty(), black_box(&mut buffer))?;
        black_box(nonce);
        Ok(())
    }))
}

fn decrypting() -> Result<Operation, Unspecified> {
    let key = RandomizedNonceKey::new(&AES_256_GCM, &input()?)?;
    let mut sealed = input()?.to_vec();
    let nonce = *key
        .seal_in_place_append_tag(Aad::empty(), &mut sealed)?
        .as_ref();
    let mut buffer = Vec::new();
    Ok(Box::new(move || {
        buffer.clear();
        buffer.extend_from_slice(&sealed);
        let nonce = Nonce::assume_unique_for_key(nonce);
        key.open_in_place(nonce, Aad::empty(), black_box(&mut buffer))
            .map(|opened| {
                black_box(opened);
            })
    }))
}

fn hashing() -> Result<Operation, Unspecified> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &input()?);
    let input = input()?;
    Ok(Box::new(move || {
        black_box(hmac::sign(&key, black_box(&input)));
        Ok(())
    }))
}

/// A private key.
enum Signer {
    Rsa(Box<RsaKeyPair>, SystemRandom),
    Ecdsa(
        EcdsaKeyPair,
        SystemRandom,
        &'static dyn VerificationAlgorithm,
    ),
    Ed25519(Ed25519KeyPair),
}

impl Signer {
    fn generate(work: Work, key_type: KeyType) -> Result<Self, PrimitiveError> {
        let rsa = |size| {
            let pair = RsaKeyPair::generate(size)?;
            Ok(Self::Rsa(Box::new(pair), SystemRandom::new()))
        };
        let ecdsa = |signing: &'static EcdsaSigningAlgorithm, verification| {
            let pair = EcdsaKeyPair::generate(signing)?;
            Ok(Self::Ecdsa(pair, SystemRandom::new(), verification))
        };
        match key_type {
            KeyType::Rsa2048 => rsa(KeySize::Rsa2048),
            KeyType::Rsa3072 => rsa(KeySize::Rsa3072),
            KeyType::Rsa4096 => rsa(KeySize::Rsa4096),
            KeyType::EcdsaP256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING, &ECDSA_P256_SHA256_ASN1),
            KeyType::EcdsaP384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING, &ECDSA_P384_SHA384_ASN1),
            KeyType::EcdsaP521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING, &ECDSA_P521_SHA512_ASN1),
            KeyType::Ed25519 => Ok(Self::Ed25519(Ed25519KeyPair::generate()?)),
            other => Err(PrimitiveError::Unknown(work.as_str(), other)),
        }
    }

    fn sign(&self, input: &[u8]) -> Result<Vec<u8>, Unspecified> {
        Ok(match self {
            Self::Rsa(pair, random) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PSS_SHA256, random, input, &mut signature)?;
                signature
            }
            Self::Ecdsa(pair, random, _) => pair.sign(random, input)?.as_ref().to_vec(),
            Self::Ed25519(pair) => pair.try_sign(input)?.as_ref().to_vec(),
        })
    }

    fn verifier(&self) -> Result<ParsedPublicKey, Unspecified> {
        let parsed = match self {
            Self::Rsa(pair, _) => {
                ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, pair.public_key())
            }
            Self::Ecdsa(pair, _, algorithm) => ParsedPublicKey::new(*algorithm, pair.public_key()),
            Self::Ed25519(pair) => ParsedPublicKey::new(&ED25519, pair.public_key()),
        };
        Ok(parsed?)
    }
}

/// Operations per second. The clock is looked at so rarely that it costs nothing.
fn rate(operation: &mut Operation, slice: Duration) -> Result<f64, Unspecified> {
    let mut at_once = 1;
    while at_once < MOST_AT_ONCE && run(operation, at_once)? < BETWEEN_LOOKS {
        at_once *= 2;
    }
    let mut rates = Vec::new();
    for _ in 0..SLICES {
        let (mut done, mut took) = (0.0, Duration::ZERO);
        while took < slice {
            took += run(operation, at_once)?;
            done += f64::from(at_once);
        }
        rates.push(done / took.as_secs_f64());
    }
    Ok(median(&mut rates))
}

/// How long so many take.
fn run(operation: &mut Operation, times: u32) -> Result<Duration, Unspecified> {
    let started = Instant::now();
    for _ in 0..times {
        operation()?;
    }
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_works_and_has_a_rate() {
        let all = [
            (Work::Encrypt, KeyType::Aes256Gcm96),
            (Work::Decrypt, KeyType::Aes256Gcm96),
            (Work::Hmac, KeyType::HmacSha256),
            (Work::Sign, KeyType::Rsa2048),
            (Work::Verify, KeyType::Rsa2048),
            (Work::Sign, KeyType::EcdsaP384),
            (Work::Verify, KeyType::EcdsaP384),
            (Work::Verify, KeyType::Ed25519),
        ];
        for (work, key_type) in all {
            let mut operation = operation(work, key_type).unwrap();
            assert!(rate(&mut operation, Duration::from_millis(1)).unwrap() > 1.0);
        }
    }

    #[test]
    fn what_a_key_cannot_do_has_no_rate() {
        for (work, key_type) in [
            (Work::Sign, KeyType::Aes256Gcm96),
            (Work::Encrypt, KeyType::Ed25519),
        ] {
            assert!(matches!(
                operation(work, key_type),
                Err(PrimitiveError::Unknown(..))
            ));
        }
    }
}
