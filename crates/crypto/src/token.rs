//! Tokens and access credentials: made, recognised, and looked up by their hash.
//!
//! Three types: [`PlainToken`] is the text that its holder gets once, [`TokenHash`] is what the
//! store keeps and finds it by, and [`TokenKind`] is what a text claims to be.

mod access;
mod credential;
mod rotated;

use std::fmt;
use std::hash::{Hash, Hasher};

use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::{Entropy, EntropyError, constant_time_eq};

pub use access::TokenKey;
pub use credential::AccessCredential;

/// Starts every hash of a token, so that no other SHA-256 of ours is one.
const HASH_PURPOSE: &[u8] = b"strongroom/token/1\0";

/// Random bytes of a personal access token, and of an access credential's secret.
const SECRET: usize = 32;

/// Characters of [`SECRET`] bytes in unpadded base64url.
const SECRET_TEXT: usize = 43;

/// Characters of a personal access token's checksum.
const CHECKSUM: usize = 6;

/// Text that is no token of ours. Says nothing about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Another prefix, length or alphabet.
    #[error("this is not a token of this service: it starts with tc_pat_ or tc_at_")]
    Malformed,
    /// An access token that this installation did not make, or that was changed.
    #[error("the access token was not issued by this installation, or has been changed")]
    Unauthentic,
}

/// What a token's text claims to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// A personal access token: random, looked up by its [`TokenHash`].
    Personal,
    /// An access token: sealed claims, opened by [`TokenKey::open`].
    Access,
}

impl TokenKind {
    /// What every token of this kind starts with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Personal => "tc_pat_",
            Self::Access => "tc_at_",
        }
    }

    /// The kind that the text's prefix claims; none for anything else.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        [Self::Personal, Self::Access]
            .into_iter()
            .find(|kind| text.starts_with(kind.prefix()))
    }
}

/// A token or an access secret in the clear, to be shown to its holder once. Wiped on drop.
///
/// ```compile_fail
/// fn show(token: strongroom_crypto::PlainToken) -> String { format!("{token:?}") }
/// ```
/// ```compile_fail
/// fn copy(token: &strongroom_crypto::PlainToken) -> strongroom_crypto::PlainToken { token.clone() }
/// ```
pub struct PlainToken(Zeroizing<String>);

impl PlainToken {
    /// The text. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What the store keeps instead of the text.
    pub fn hash(&self) -> TokenHash {
        hash(self.0.as_bytes())
    }

    /// `prefix`, then the bytes in unpadded base64url.
    fn encode(prefix: &str, bytes: &[u8]) -> Self {
        // Sized beforehand, so that no outgrown buffer is left behind unwiped.
        let length = prefix.len() + BASE64URL_NOPAD.encode_len(bytes.len());
        let mut text = Zeroizing::new(String::with_capacity(length));
        text.push_str(prefix);
        BASE64URL_NOPAD.encode_append(bytes, &mut text);
        Self(text)
    }
}

/// What every invitation code starts with.
const INVITATION: &str = "tc_inv_";

/// A fresh personal access token: `tc_pat_`, 256 random bits and a checksum, 56 characters in all.
///
/// The checksum lets a scanner of source code tell a token from what only looks like one: the first
/// four bytes of the SHA-256 of all that stands before it, in unpadded base64url like the rest.
///
/// # Errors
///
/// No random bytes.
pub fn new_personal_token(entropy: &dyn Entropy) -> Result<PlainToken, EntropyError> {
    checked(TokenKind::Personal.prefix(), entropy)
}

/// A fresh code with which somebody who was invited comes in: `tc_inv_`, and the rest as in a
/// [personal access token](new_personal_token). It proves nobody's identity and is taken once.
///
/// # Errors
///
/// No random bytes.
pub fn new_invitation_code(entropy: &dyn Entropy) -> Result<PlainToken, EntropyError> {
    checked(INVITATION, entropy)
}

/// `prefix`, 256 random bits and the checksum of both.
fn checked(prefix: &str, entropy: &dyn Entropy) -> Result<PlainToken, EntropyError> {
    let mut secret = Zeroizing::new([0; SECRET]);
    entropy.fill(&mut *secret)?;
    let length = prefix.len() + SECRET_TEXT + CHECKSUM;
    let mut text = Zeroizing::new(String::with_capacity(length));
    text.push_str(prefix);
    BASE64URL_NOPAD.encode_append(&*secret, &mut text);
    let checksum = checksum(&text);
    text.push_str(&checksum);
    Ok(PlainToken(text))
}

fn checksum(text: &str) -> String {
    let digest = digest::digest(&digest::SHA256, text.as_bytes());
    BASE64URL_NOPAD.encode(digest.as_ref().get(..4).unwrap_or_default())
}

/// The SHA-256 of a token, with a purpose in front: the key that a token is looked up by.
///
/// A plain hash suffices because every token holds 256 random bits. Compares in constant time.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; 32]);

/// The hash of a token's or an access secret's bytes, whatever they are.
#[must_use]
pub fn hash(secret: &[u8]) -> TokenHash {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(HASH_PURPOSE);
    context.update(secret);
    let mut hash = [0; 32];
    // A SHA-256 digest has 32 bytes, so the two always have the same length.
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    TokenHash(hash)
}

impl TokenHash {
    /// The hash of a presented personal access token, if the text has the form of one.
    ///
    /// # Errors
    ///
    /// Another prefix, length, alphabet or checksum: no such token was ever made. Tokens of the first
    /// releases have no checksum.
    pub fn of_personal_token(text: &str) -> Result<Self, TokenError> {
        let rest = text.strip_prefix(TokenKind::Personal.prefix());
        let rest = rest.ok_or(TokenError::Malformed)?;
        match rest.len() {
            SECRET_TEXT => of_secret(text, rest),
            _ => of_checked(text, rest),
        }
    }

    /// The hash of a presented invitation code, if the text has the form of one.
    ///
    /// # Errors
    ///
    /// Another prefix, length, alphabet or checksum: no such code was ever made.
    pub fn of_invitation_code(text: &str) -> Result<Self, TokenError> {
        let rest = text.strip_prefix(INVITATION);
        of_checked(text, rest.ok_or(TokenError::Malformed)?)
    }

    /// The hash as the store kept it.
    pub const fn from_stored(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes to store.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of a text that ends in a secret and the checksum of all before it.
fn of_checked(text: &str, rest: &str) -> Result<TokenHash, TokenError> {
    let split = rest.split_at_checked(SECRET_TEXT);
    let (secret, sum) = split.ok_or(TokenError::Malformed)?;
    let whole = text.strip_suffix(sum).unwrap_or_default();
    match sum == checksum(whole) {
        true => of_secret(text, secret),
        false => Err(TokenError::Malformed),
    }
}

/// The hash of a text whose secret this is.
fn of_secret(text: &str, secret: &str) -> Result<TokenHash, TokenError> {
    let mut bytes = Zeroizing::new([0; SECRET]);
    BASE64URL_NOPAD
        .decode_mut(secret.as_bytes(), &mut *bytes)
        .map_err(|_| TokenError::Malformed)?;
    Ok(hash(text.as_bytes()))
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        constant_time_eq(&self.0, &other.0)
    }
}

impl Eq for TokenHash {}

impl Hash for TokenHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{FixedEntropy, NoEntropy};
    use data_encoding::HEXLOWER;

    #[test]
    fn a_personal_token_has_its_prefix_and_256_random_bits() {
        let token = new_personal_token(&SystemEntropy).unwrap();
        let secret = token.expose().strip_prefix("tc_pat_").unwrap();
        assert_eq!(secret.len(), SECRET_TEXT + CHECKSUM);
        assert!(
            secret
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(TokenKind::of(token.expose()), Some(TokenKind::Personal));
        let other = new_personal_token(&SystemEntropy).unwrap();
        assert_ne!(token.expose(), other.expose());
        assert!(new_personal_token(&NoEntropy).is_err());
    }

    #[test]
    fn a_presented_token_hashes_like_the_one_that_was_made() {
        let token = new_personal_token(&SystemEntropy).unwrap();
        let presented = TokenHash::of_personal_token(token.expose()).unwrap();
        assert_eq!(presented, token.hash());
        assert_eq!(TokenHash::from_stored(*presented.as_bytes()), presented);
        let other = new_personal_token(&SystemEntropy).unwrap();
        assert_ne!(presented, other.hash());
        assert_eq!(format!("{presented:?}"), "TokenHash(..)");
    }

    #[test]
    fn text_of_another_form_is_no_token() {
        let token = new_personal_token(&FixedEntropy(0)).unwrap();
        let text = token.expose();
        let bare = format!("tc_pat_{}", "A".repeat(43));
        assert_eq!(text, format!("{bare}AVTfPQ"));
        for right in [text, &bare] {
            let known = TokenHash::of_personal_token(right);
            assert_eq!(known, Ok(hash(right.as_bytes())));
        }
        for wrong in [
            String::new(),
            "tc_pat_".to_owned(),
            format!("{text}A"),
            format!(" {text}"),
            format!("{text}\n"),
            text.split_at(text.len() - 1).0.to_owned(),
            format!("{bare}AAAAAA"),
            format!("{bare}A"),
            text.replace("tc_pat_", "tc_at_"),
            text.replace("tc_pat_", "TC_PAT_"),
            // The last character carries two bits that must be zero: one token, one spelling.
            format!("tc_pat_{}B", "A".repeat(42)),
            format!("tc_pat_{}+", "A".repeat(42)),
            format!("tc_pat_{}ä", "A".repeat(41)),
        ] {
            let refused = TokenHash::of_personal_token(&wrong);
            assert_eq!(refused, Err(TokenError::Malformed), "{wrong:?}");
        }
    }

    #[test]
    fn an_invitation_code_is_no_token_and_a_token_no_code() {
        let code = new_invitation_code(&SystemEntropy).unwrap();
        let text = code.expose();
        assert_eq!((text.len(), TokenKind::of(text)), (56, None));
        assert_eq!(TokenHash::of_invitation_code(text), Ok(code.hash()));
        let token = new_personal_token(&SystemEntropy).unwrap();
        let renamed = text.replace("tc_inv_", "tc_pat_");
        for text in [text, &renamed] {
            assert!(TokenHash::of_personal_token(text).is_err());
        }
        // Without its checksum a code is none, either.
        for wrong in [
            token.expose(),
            &renamed,
            text.split_at(50).0,
            &format!("{text}A"),
            "",
        ] {
            assert!(TokenHash::of_invitation_code(wrong).is_err(), "{wrong}");
        }
        assert!(new_invitation_code(&NoEntropy).is_err());
    }

    #[test]
    fn kinds_are_told_by_their_prefix() {
        assert_eq!(TokenKind::of("tc_pat_x"), Some(TokenKind::Personal));
        assert_eq!(TokenKind::of("tc_at_x"), Some(TokenKind::Access));
        for text in ["", "tc_", "tc_pat", "x_tc_at_", "TC_AT_x"] {
            assert_eq!(TokenKind::of(text), None, "{text:?}");
        }
    }

    /// Stored hashes must be found by every later release.
    #[test]
    fn the_hash_is_pinned() {
        assert_eq!(
            HEXLOWER.encode(hash(b"tc_pat_x").as_bytes()),
            "1e41fc6f824249da3c28c56aa9f2fd6d461483f5931bfc2afbbf7298024b22ae"
        );
    }
}
