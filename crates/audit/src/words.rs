//! Words that records use again and again, as numbers.
//!
//! A word takes one or two bytes of a record instead of its letters. The numbers are a promise to
//! every journal that was ever written: words are added at the end, and never moved or removed. So a
//! release reads every journal of earlier ones; one that wrote a newer word is refused, not guessed.

/// The words, by number.
const WORDS: [&str; 71] = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "secret",
    "kms_key",
    "personal_access_token",
    "access_token",
    "access_credential",
    "secret.get_value",
    "secret.put_value",
    "secret.create",
    "kms.decrypt",
    "kms.encrypt",
    "version",
    "keyVersion",
    "valueFormat",
    "kmsKeyIdentity",
    "keySlug",
    "keyType",
    "string",
    "binary",
    "aes256-gcm96",
    "aes128-gcm96",
    "chacha20-poly1305",
    "Content-Type",
    "application/json",
    "Accept",
    "*/*",
    "iam",
    "access_policy",
    "kms_key_state",
    "fault",
    "secret.update_policy",
    "secret.destroy_version",
    "secret.delete",
    "kms.sign",
    "kms.verify",
    "kms.hmac",
    "kms.verify_hmac",
    "kms.rotate",
    "kms.rotate.scheduled",
    "kms.export",
    "auth.token.issued",
    "auth.token.failed",
    "rsa-2048",
    "rsa-3072",
    "rsa-4096",
    "ecdsa-p256",
    "ecdsa-p384",
    "ecdsa-p521",
    "ed25519",
    "hmac",
    "hmac-sha256",
    "hmac-sha512",
    "X-Forwarded-For",
    "X-Request-Id",
    "Referer",
    "plaintextBytes",
    "ciphertextBytes",
    "inputBytes",
    "valid",
    "items",
    "failed",
    "invalid",
    "materialBytes",
    "takenRaw",
    "because",
    "true",
    "false",
];

/// Slots of the table: enough that few words share one.
const SLOTS: usize = 256;
const FREE: u8 = u8::MAX;

/// Where each word stands in [`WORDS`], by its hash; where the slot was taken, in the next free one.
#[expect(
    clippy::indexing_slicing,
    reason = "a slip stops the compiler, not the program"
)]
const TABLE: [u8; SLOTS] = {
    let mut table = [FREE; SLOTS];
    let mut number = 0;
    while number < WORDS.len() {
        let mut slot = slot(WORDS[number].as_bytes());
        while table[slot] != FREE {
            slot = (slot + 1) % SLOTS;
        }
        table[slot] = number as u8;
        number += 1;
    }
    table
};

/// A hash of the length and three letters: words differ in them, other texts do no harm.
const fn slot(text: &[u8]) -> usize {
    let (front, back) = text.split_at(text.len() / 2);
    match (front, back) {
        ([first, ..], [middle, .., last]) => {
            (text.len() * 7 + *first as usize * 31 + *middle as usize * 13 + *last as usize * 3)
                % SLOTS
        }
        _ => text.len(),
    }
}

/// Letters of the longest word.
#[expect(
    clippy::indexing_slicing,
    reason = "a slip stops the compiler, not the program"
)]
const LONGEST: usize = {
    let (mut longest, mut number) = (0, 0);
    while number < WORDS.len() {
        if WORDS[number].len() > longest {
            longest = WORDS[number].len();
        }
        number += 1;
    }
    longest
};

/// The number of a word.
pub(crate) fn number(text: &str) -> Option<u8> {
    // Paths, identities and the like: most texts are no words, and too long for one.
    if text.len() > LONGEST {
        return None;
    }
    let mut slot = slot(text.as_bytes());
    loop {
        let number = TABLE.get(slot).copied().filter(|number| *number != FREE)?;
        if WORDS.get(usize::from(number)) == Some(&text) {
            return Some(number);
        }
        slot = (slot + 1) % SLOTS;
    }
}

/// The word with this number.
pub(crate) fn word(number: u8) -> Option<&'static str> {
    WORDS.get(usize::from(number)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_and_nothing_else() {
        for (place, text) in WORDS.iter().enumerate() {
            assert_eq!(number(text), Some(place as u8), "{text}");
            assert_eq!(word(place as u8), Some(*text));
        }
        for text in ["", "x", "secrets", "Secret", "kms.decryp", "POSt"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(word(WORDS.len() as u8), None);
    }

    #[test]
    fn a_word_is_found_in_few_steps() {
        let steps = |text: &&str| {
            let home = slot(text.as_bytes());
            (0..SLOTS)
                .find(|step| TABLE[(home + step) % SLOTS] == number(text).unwrap())
                .unwrap()
        };
        assert!(WORDS.iter().map(steps).max() < Some(8));
    }

    /// The first words of the first release: if one moves, old journals read wrong.
    #[test]
    fn numbers_are_pinned() {
        assert_eq!(word(0), Some("GET"));
        assert_eq!(word(10), Some("secret.get_value"));
        assert_eq!(word(23), Some("aes256-gcm96"));
        assert_eq!(word(70), Some("false"));
    }
}
