//! How a caller proves who it is (contract 3.1, 3.2).

use std::fmt;

use bytes::Bytes;
use percent_encoding::{NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use reqwest::header::HeaderValue;
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

/// What a personal access token starts with.
const PERSONAL: &[u8] = b"tc_pat_";

/// A credential that cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// Nothing but blanks.
    #[error("the credential is empty")]
    Empty,
    /// Bytes that no header can carry.
    #[error(
        "the credential holds blanks, line breaks or other characters that no token has; \
         check that it was copied whole"
    )]
    Characters,
}

/// A personal token, an access token, or client credentials.
///
/// Its `Debug` says only which kind it is.
pub struct Credential(pub(crate) Kind);

pub(crate) enum Kind {
    /// Nothing is sent.
    None,
    /// Sent with every request as it is.
    Fixed(HeaderValue),
    /// Exchanged for access tokens: the finished form that asks for one, which is wiped on drop.
    Form(Bytes),
}

impl Credential {
    /// None, for what anybody may ask: whether the server is sealed, and to unseal it.
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// A personal access token (`tc_pat_…`) or an access token that was obtained elsewhere.
    ///
    /// A line break at the end, as files have it, is not part of the token.
    pub fn token(token: Plaintext) -> Result<Self, CredentialError> {
        let token = trimmed(&token)?;
        let scheme = if token.starts_with(PERSONAL) {
            "Token"
        } else {
            "Bearer"
        };
        authorization(scheme, token).map(|header| Self(Kind::Fixed(header)))
    }

    /// A service account's client id and secret (RFC 6749, 4.4), exchanged at `/oidc/token`.
    ///
    /// A line break at the end of the secret, as files have it, is not part of it.
    pub fn client_credentials(id: &str, secret: Plaintext) -> Result<Self, CredentialError> {
        let secret = trimmed(&secret)?;
        if id.is_empty() {
            return Err(CredentialError::Empty);
        }
        const ID: &str = "grant_type=client_credentials&client_id=";
        const SECRET: &str = "&client_secret=";
        // A byte takes three at most once it is percent-encoded.
        let room = ID.len() + SECRET.len() + 3 * (id.len() + secret.len());
        let mut form = Zeroizing::new(Vec::with_capacity(room));
        form.extend_from_slice(ID.as_bytes());
        for part in utf8_percent_encode(id, NON_ALPHANUMERIC) {
            form.extend_from_slice(part.as_bytes());
        }
        form.extend_from_slice(SECRET.as_bytes());
        for part in percent_encode(secret, NON_ALPHANUMERIC) {
            form.extend_from_slice(part.as_bytes());
        }
        Ok(Self(Kind::Form(Bytes::from_owner(form))))
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::None => "Credential(none)",
            Kind::Fixed(_) => "Credential(token)",
            Kind::Form(_) => "Credential(client credentials)",
        })
    }
}

fn trimmed(secret: &Plaintext) -> Result<&[u8], CredentialError> {
    let secret = secret.expose().trim_ascii();
    if secret.is_empty() {
        Err(CredentialError::Empty)
    } else if secret.iter().all(u8::is_ascii_graphic) {
        Ok(secret)
    } else {
        Err(CredentialError::Characters)
    }
}

/// The value of the header `Authorization`; its memory is wiped when the last copy is dropped.
pub(crate) fn authorization(scheme: &str, token: &[u8]) -> Result<HeaderValue, CredentialError> {
    let mut text = Zeroizing::new(Vec::with_capacity(scheme.len() + 1 + token.len()));
    text.extend_from_slice(scheme.as_bytes());
    text.push(b' ');
    text.extend_from_slice(token);
    let mut header = HeaderValue::from_maybe_shared(Bytes::from_owner(text))
        .map_err(|_| CredentialError::Characters)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Plaintext {
        Plaintext::new(text.as_bytes().to_vec())
    }

    fn header(token: &str) -> HeaderValue {
        match Credential::token(secret(token)).unwrap().0 {
            Kind::Fixed(header) => header,
            Kind::None | Kind::Form(_) => panic!("a token is no form"),
        }
    }

    #[test]
    fn the_kind_of_token_decides_the_scheme() {
        assert_eq!(header("tc_pat_abc"), "Token tc_pat_abc");
        assert_eq!(header("abc.def"), "Bearer abc.def");
    }

    #[test]
    fn the_line_break_of_a_file_is_not_part_of_a_token() {
        assert_eq!(header("tc_pat_abc\r\n"), "Token tc_pat_abc");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_showing_it() {
        let error = |text| Credential::token(secret(text)).unwrap_err();
        assert_eq!(error(" \n"), CredentialError::Empty);
        for text in ["two words", "line\nbreak", "null\0", "ümlaut"] {
            assert_eq!(error(text), CredentialError::Characters);
            assert!(!error(text).to_string().contains(text));
        }
    }

    #[test]
    fn client_credentials_become_an_escaped_form() {
        let credential = Credential::client_credentials("a&b", secret("x=y+z\n")).unwrap();
        let Kind::Form(form) = credential.0 else {
            panic!("credentials are a form")
        };
        assert_eq!(
            form,
            "grant_type=client_credentials&client_id=a%26b&client_secret=x%3Dy%2Bz"
        );
        let error = Credential::client_credentials("", secret("x")).unwrap_err();
        assert_eq!(error, CredentialError::Empty);
    }

    #[test]
    fn debugging_shows_the_kind_and_nothing_else() {
        let shown = format!("{:?}", Credential::token(secret("hunter2")).unwrap());
        assert_eq!(shown, "Credential(token)");
        assert_eq!(format!("{:?}", header("hunter2")), "Sensitive");
    }
}
