//! Access tokens: claims that travel sealed, so that no node keeps them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{PlainToken, TokenError, TokenKind};
use crate::binding::Binding;
use crate::siv::{KEY, SivKey};
use crate::{Entropy, LibraryError, SealError};

const PURPOSE: &str = "strongroom/access-token/1";

/// The longest text that is looked at: longer ones were never issued.
const LONGEST: usize = 8192;

/// The key that seals the claims of access tokens: AES-256-GCM-SIV (RFC 8452).
///
/// The token is `tc_at_` and the unpadded base64url of format byte ‖ nonce ‖ ciphertext ‖ tag.
/// Claims are neither readable nor changeable for the holder. Expiry is the claims' business.
///
/// ```compile_fail
/// fn show(key: strongroom_crypto::TokenKey) -> String { format!("{key:?}") }
/// ```
pub struct TokenKey(SivKey);

impl TokenKey {
    pub(crate) fn new(key: &[u8; KEY]) -> Result<Self, LibraryError> {
        SivKey::new(key).map(Self)
    }

    /// A token that carries these claims. Keep them short: a header has to hold them, and
    /// [`TokenKey::open`] looks at no text above 8,192 characters (about 6,100 bytes of claims).
    ///
    /// # Errors
    ///
    /// No random bytes, or the library failed.
    pub fn seal(&self, entropy: &dyn Entropy, claims: &[u8]) -> Result<PlainToken, SealError> {
        let sealed = self.0.seal(entropy, &Binding::new(PURPOSE), claims)?;
        Ok(PlainToken::encode(TokenKind::Access.prefix(), &sealed))
    }

    /// The claims of a token that this key made.
    ///
    /// # Errors
    ///
    /// It is no access token, or another key made it, or it was changed.
    pub fn open(&self, text: &str) -> Result<Vec<u8>, TokenError> {
        let sealed = text
            .strip_prefix(TokenKind::Access.prefix())
            .filter(|sealed| sealed.len() <= LONGEST - TokenKind::Access.prefix().len())
            .ok_or(TokenError::Malformed)?;
        // Every call pays for this: of the two libraries of base64 here, the faster one.
        let sealed = URL_SAFE_NO_PAD
            .decode(sealed)
            .map_err(|_| TokenError::Malformed)?;
        self.0
            .open(&Binding::new(PURPOSE), &sealed)
            .map_err(|_| TokenError::Unauthentic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use crate::testing::{FixedEntropy, NoEntropy, flipped, keyring};
    use proptest::prelude::*;

    fn encoded(bytes: &[u8]) -> String {
        format!("tc_at_{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    proptest! {
        #[test]
        fn claims_come_back_only_from_an_unchanged_token(
            claims: Vec<u8>,
            bit: proptest::sample::Index,
        ) {
            let keys = keyring();
            let key = keys.access_tokens();
            let token = key.seal(&SystemEntropy, &claims).unwrap();
            prop_assert_eq!(key.open(token.expose()), Ok(claims));
            let text = token.expose().strip_prefix("tc_at_").unwrap();
            let sealed = URL_SAFE_NO_PAD.decode(text).unwrap();
            let changed = encoded(&flipped(&sealed, bit.index(sealed.len() * 8)));
            prop_assert_eq!(key.open(&changed), Err(TokenError::Unauthentic));
            let cut = encoded(&sealed[..bit.index(sealed.len())]);
            prop_assert_eq!(key.open(&cut), Err(TokenError::Unauthentic));
            let stranger = keyring();
            let elsewhere = stranger.access_tokens().open(token.expose());
            prop_assert_eq!(elsewhere, Err(TokenError::Unauthentic));
        }
    }

    #[test]
    fn text_of_another_form_is_refused() {
        let keys = keyring();
        let key = keys.access_tokens();
        let token = key.seal(&SystemEntropy, b"claims").unwrap();
        let long = encoded(&vec![1; 7000]);
        for text in [
            "",
            "tc_pat_AAAA",
            "tc_at_!",
            "tc_at_AAA=",
            &format!("{} ", token.expose()),
            &long,
        ] {
            assert_eq!(key.open(text), Err(TokenError::Malformed), "{text:?}");
        }
        assert_eq!(key.open("tc_at_"), Err(TokenError::Unauthentic));
        assert!(key.seal(&NoEntropy, b"claims").is_err());
    }

    #[test]
    fn long_claims_open_up_to_the_limit() {
        let keys = keyring();
        let key = keys.access_tokens();
        let token = key.seal(&SystemEntropy, &[7; 6100]).unwrap();
        assert!(token.expose().len() <= LONGEST);
        assert_eq!(key.open(token.expose()).unwrap(), [7; 6100]);
    }

    /// Issued tokens must open in a later release. Computed with another implementation of
    /// RFC 8452.
    #[test]
    fn the_form_of_a_token_is_pinned() {
        let key = TokenKey::new(&[7; 32]).unwrap();
        let token = key.seal(&FixedEntropy(3), b"claims").unwrap();
        assert_eq!(
            token.expose(),
            "tc_at_AQMDAwMDAwMDAwMDA4XiZPpyvq73V3olLwU1Tj3KX6QWopo"
        );
    }

    #[test]
    fn a_row_of_the_store_is_no_token() {
        let keys = keyring();
        let row = keys.storage().seal(&SystemEntropy, b"", b"claims").unwrap();
        let open = keys.access_tokens().open(&encoded(row.as_stored()));
        assert_eq!(open, Err(TokenError::Unauthentic));
    }
}
