//! The `Authorization` header (contract 3.1).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

/// What the header says, not yet checked.
pub(super) enum Presented<'a> {
    /// `Bearer` or `Token`, with either kind of token.
    Token(&'a str),
    /// `Basic`, with an id and a secret.
    Basic {
        /// The id; public.
        id: String,
        /// The secret.
        secret: Plaintext,
    },
    /// A header, in no form that is understood.
    Malformed,
    /// No header.
    Nothing,
}

impl<'a> Presented<'a> {
    /// Reads the header. Scheme names are compared without regard to case (RFC 9110, 11.1).
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else {
            return Self::Nothing;
        };
        // Two headers are two answers to the question who calls.
        if values.next().is_some() {
            return Self::Malformed;
        }
        let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
            return Self::Malformed;
        };
        let rest = rest.trim();
        if rest.is_empty() {
            Self::Malformed
        } else if scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token") {
            Self::Token(rest)
        } else if scheme.eq_ignore_ascii_case("basic") {
            basic(rest).unwrap_or(Self::Malformed)
        } else {
            Self::Malformed
        }
    }
}

fn basic<'a>(text: &str) -> Option<Presented<'a>> {
    let mut pair = Zeroizing::new(Vec::with_capacity(text.len()));
    STANDARD.decode_vec(text, &mut pair).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (id, secret) = pair.split_at(colon);
    let id = std::str::from_utf8(id).ok()?.to_owned();
    let secret = Plaintext::new(secret.get(1..)?.to_vec());
    Some(Presented::Basic { id, secret })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read(value: &str) -> String {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        show(&headers)
    }

    fn show(headers: &HeaderMap) -> String {
        match Presented::of(headers) {
            Presented::Token(token) => format!("token {token}"),
            Presented::Basic { id, secret } => {
                format!("basic {id} {}", String::from_utf8_lossy(secret.expose()))
            }
            Presented::Malformed => "malformed".to_owned(),
            Presented::Nothing => "nothing".to_owned(),
        }
    }

    #[test]
    fn every_scheme_is_read_in_any_case() {
        for scheme in ["Bearer", "bearer", "BEARER", "Token", "token"] {
            assert_eq!(read(&format!("{scheme} tc_pat_x")), "token tc_pat_x");
        }
        assert_eq!(read("Basic aWQ6c2U6Y3JldA=="), "basic id se:cret");
        assert_eq!(read("basic aWQ6"), "basic id ");
    }

    #[test]
    fn anything_else_is_malformed() {
        for value in [
            "Bearer",
            "Bearer  ",
            "tc_pat_x",
            "Digest x",
            "Basic !!",
            "Basic aWQ=",
            "B x",
        ] {
            assert_eq!(read(value), "malformed", "{value}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(show(&headers), "nothing");
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        headers.append(header::AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert_eq!(show(&headers), "malformed");
        headers.clear();
        headers.insert(
            header::AUTHORIZATION,
            HeaderValue::from_bytes(b"Bearer \xff").unwrap(),
        );
        assert_eq!(show(&headers), "malformed");
    }
}
