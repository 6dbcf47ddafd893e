//! Private keys as PKCS#8 documents (RFC 5208).

use aws_lc_rs::error::KeyRejected;
use strongroom_types::KeyType;

use super::MaterialError;

/// The tag of a SEQUENCE in DER (X.690).
const SEQUENCE: u8 = 0x30;

/// Refuses what is not one DER document from the first byte to the last: the library's parser
/// stops at the end of the document, and would let anything follow it.
pub(super) fn whole(key_type: KeyType, der: &[u8]) -> Result<(), MaterialError> {
    let reason = match document_len(der) {
        Some(length) if length == der.len() => return Ok(()),
        Some(_) => "it is cut off, or other bytes follow it",
        None => "it is not in DER",
    };
    Err(MaterialError::Pkcs8 {
        key_type,
        reason: reason.to_owned(),
    })
}

pub(super) fn rejected(key_type: KeyType) -> impl Fn(KeyRejected) -> MaterialError {
    move |refusal| MaterialError::Pkcs8 {
        key_type,
        reason: refusal.to_string(),
    }
}

/// Bytes of the SEQUENCE that starts here, with its head. Private keys have a length of at most
/// two bytes.
fn document_len(der: &[u8]) -> Option<usize> {
    let (head, length) = match der {
        [SEQUENCE, short @ 0..=0x7f, ..] => (2, usize::from(*short)),
        [SEQUENCE, 0x81, length, ..] => (3, usize::from(*length)),
        [SEQUENCE, 0x82, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        _ => return None,
    };
    Some(head + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_document_passes() {
        let sized = |head: &[u8], rest: usize| [head, &vec![0; rest]].concat();
        for (good, head, rest) in [
            (true, &[0x30, 0x00][..], 0),
            (true, &[0x30, 0x7f], 127),
            (true, &[0x30, 0x81, 0x80], 128),
            (true, &[0x30, 0x82, 0x01, 0x00], 256),
            (false, &[], 0),
            (false, &[0x30], 0),
            (false, &[0x30, 0x05], 4),
            (false, &[0x30, 0x05], 6),
            (false, &[0x30, 0x81], 0),
            (false, &[0x30, 0x80], 2),
            (false, &[0x30, 0x83, 0, 0, 1], 1),
            (false, &[0x31, 0x01], 1),
        ] {
            let passes = whole(KeyType::Rsa2048, &sized(head, rest)).is_ok();
            assert_eq!(passes, good, "{head:?} and {rest}");
        }
    }
}
