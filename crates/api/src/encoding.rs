//! Base64, as values travel (RFC 4648 section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use crate::RequestError;

/// How strictly a value's text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Only canonical, padded, standard base64 without line breaks is accepted.
    #[default]
    Strict,
    /// Text that is no base64 is taken as it stands, in UTF-8, for clients that send raw text
    /// (contract 6.2). Line breaks inside base64 are skipped.
    Lenient,
}

/// Bytes that are public (signatures, ciphertexts) as standard base64 with padding.
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Decodes `text` into memory that is wiped on drop. Only the canonical form passes: standard
/// alphabet, padding, no blanks, no trailing bits.
pub(crate) fn decode_strict(text: &str) -> Option<Plaintext> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 4 * 3 + 3));
    STANDARD.decode_vec(text, &mut bytes).ok()?;
    Some(Plaintext::new(std::mem::take(&mut *bytes)))
}

/// Decodes the text of `field`; says whether it was taken raw (only in lenient mode).
pub(crate) fn decode(
    text: &str,
    encoding: Encoding,
    field: impl FnOnce() -> String,
) -> Result<(Plaintext, bool), RequestError> {
    if let Some(bytes) = decode_strict(text) {
        return Ok((bytes, false));
    }
    match encoding {
        Encoding::Strict => Err(RequestError::Base64 { field: field() }),
        Encoding::Lenient => {
            let joined: Zeroizing<String> =
                Zeroizing::new(text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect());
            Ok(decode_strict(&joined)
                .filter(|bytes| !bytes.is_empty())
                .map_or_else(
                    || (Plaintext::new(text.as_bytes().to_vec()), true),
                    |b| (b, false),
                ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strict(text: &str) -> Option<Vec<u8>> {
        decode_strict(text).map(|bytes| bytes.expose().to_vec())
    }

    #[test]
    fn only_the_canonical_form_is_base64() {
        assert_eq!(strict("aGk="), Some(b"hi".to_vec()));
        assert_eq!(strict(""), Some(vec![]));
        assert_eq!(strict("+/+/"), Some(vec![0xfb, 0xff, 0xbf]));
        for text in [
            "aGk", "aGl=", "aGk=\n", " aGk=", "aG k=", "-_-_", "aGk==", "=", "a", "ü",
        ] {
            assert_eq!(strict(text), None, "{text:?}");
        }
    }

    #[test]
    fn strict_refusals_name_the_field_and_the_fix() {
        let error = decode("hunter2", Encoding::Strict, || "secretString".into())
            .err()
            .unwrap();
        let message = error.to_string();
        assert!(
            message.contains("`secretString`") && message.contains("base64 -w0"),
            "{message}"
        );
        assert!(!message.contains("hunter2"));
    }

    #[test]
    fn lenient_takes_raw_text_and_says_so() {
        let read = |text: &str| {
            let (bytes, raw) = decode(text, Encoding::Lenient, String::new).unwrap();
            (bytes.expose().to_vec(), raw)
        };
        assert_eq!(read("pass word!"), (b"pass word!".to_vec(), true));
        assert_eq!(read("aGk="), (b"hi".to_vec(), false));
        assert_eq!(read("aG\nk=\n"), (b"hi".to_vec(), false));
        assert_eq!(read("\n"), (b"\n".to_vec(), true));
    }

    proptest! {
        #[test]
        fn every_value_round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(strict(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn what_decodes_is_the_encoding_of_its_bytes(text in "[A-Za-z0-9+/=]{0,12}") {
            if let Some(bytes) = strict(&text) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }
    }
}
