//! A secret's value as the bytes that are sealed.
//!
//! A string is its own bytes. Named entries are CBOR: an array of name, value, name, value …;
//! the version's format, outside the seal but bound to it, says which of the two it is.

use std::collections::BTreeMap;

use minicbor::{Decoder, Encoder};
use strongroom_types::{EntryName, Plaintext, SecretValue, ValueFormat};

use crate::ValueSettings;

/// A value that is too large, too small or has too many entries (contract 1.8).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A string or an entry without a byte.
    #[error("a value must not be empty")]
    Empty,
    /// A string with more bytes than allowed.
    #[error("a value has at most {max} bytes, decoded")]
    TooLong {
        /// The limit, in bytes.
        max: usize,
    },
    /// No entry at all.
    #[error("secretKeyValues needs at least one entry")]
    NoEntries,
    /// More entries than allowed.
    #[error("secretKeyValues has at most {max} entries")]
    TooManyEntries {
        /// The limit.
        max: usize,
    },
    /// A generated value of a length that is not offered.
    #[error("generateSecret.byteLength is a whole number from 16 to 4096")]
    GeneratedLength,
}

/// The lengths that can be generated, in bytes.
const GENERATED: std::ops::RangeInclusive<usize> = 16..=4096;

pub(super) fn check_generated(bytes: usize) -> Result<usize, ValueError> {
    if GENERATED.contains(&bytes) {
        Ok(bytes)
    } else {
        Err(ValueError::GeneratedLength)
    }
}

pub(super) fn check(value: &SecretValue, limits: &ValueSettings) -> Result<(), ValueError> {
    let fits = |bytes: &Plaintext| match bytes.len() {
        0 => Err(ValueError::Empty),
        length if length > limits.max_bytes => Err(ValueError::TooLong {
            max: limits.max_bytes,
        }),
        _ => Ok(()),
    };
    match value {
        SecretValue::String(bytes) => fits(bytes),
        SecretValue::KeyValue(entries) if entries.is_empty() => Err(ValueError::NoEntries),
        SecretValue::KeyValue(entries) if entries.len() > limits.max_entries => {
            Err(ValueError::TooManyEntries {
                max: limits.max_entries,
            })
        }
        SecretValue::KeyValue(entries) => entries.values().try_for_each(fits),
    }
}

/// The bytes to be sealed, and nothing left of the value elsewhere.
pub(super) fn encode(value: SecretValue) -> Plaintext {
    match value {
        SecretValue::String(bytes) => bytes,
        SecretValue::KeyValue(entries) => {
            // Room for everything at once: a vector that grows would leave copies behind.
            let room = entries
                .iter()
                .map(|(name, value)| name.as_str().len() + value.len() + 18);
            let mut e = Encoder::new(Vec::with_capacity(room.sum::<usize>() + 9));
            // Writing to a vector cannot fail.
            let _ = write_entries(&mut e, &entries);
            Plaintext::new(e.into_writer())
        }
    }
}

fn write_entries(
    e: &mut Encoder<Vec<u8>>,
    entries: &BTreeMap<EntryName, Plaintext>,
) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
    e.array(entries.len() as u64 * 2)?;
    for (name, value) in entries {
        e.str(name.as_str())?.bytes(value.expose())?;
    }
    Ok(())
}

pub(super) fn decode(
    format: ValueFormat,
    bytes: Plaintext,
) -> Result<SecretValue, minicbor::decode::Error> {
    match format {
        ValueFormat::String => Ok(SecretValue::String(bytes)),
        ValueFormat::KeyValue => read_entries(&bytes).map(SecretValue::KeyValue),
    }
}

fn read_entries(
    bytes: &Plaintext,
) -> Result<BTreeMap<EntryName, Plaintext>, minicbor::decode::Error> {
    let mut d = Decoder::new(bytes.expose());
    let wrong = minicbor::decode::Error::message;
    let items = d
        .array()?
        .ok_or_else(|| wrong("entries of unknown number"))?;
    let mut entries = BTreeMap::new();
    for _ in 0..items / 2 {
        let name = d.str()?.parse().map_err(|_| wrong("no entry name"))?;
        entries.insert(name, Plaintext::new(d.bytes()?.to_vec()));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plain(bytes: &[u8]) -> Plaintext {
        Plaintext::new(bytes.to_vec())
    }

    proptest! {
        #[test]
        fn entries_round_trip(
            entries in proptest::collection::btree_map("[A-Za-z0-9_.-]{1,128}", any::<Vec<u8>>(), 0..20)
        ) {
            let value = SecretValue::KeyValue(
                entries.iter().map(|(k, v)| (k.parse().unwrap(), plain(v))).collect(),
            );
            let Ok(SecretValue::KeyValue(back)) = decode(ValueFormat::KeyValue, encode(value)) else {
                panic!("not decoded as entries");
            };
            let back: BTreeMap<String, Vec<u8>> = back
                .iter()
                .map(|(k, v)| (k.as_str().to_owned(), v.expose().to_vec()))
                .collect();
            prop_assert_eq!(back, entries);
        }
    }

    #[test]
    fn limits_hold_at_their_edges() {
        let limits = ValueSettings {
            max_bytes: 4,
            max_entries: 1,
            allow_empty_secret: false,
        };
        let string = |bytes: &[u8]| check(&SecretValue::String(plain(bytes)), &limits);
        assert_eq!(string(b""), Err(ValueError::Empty));
        assert_eq!(string(b"1234"), Ok(()));
        assert_eq!(string(b"12345"), Err(ValueError::TooLong { max: 4 }));
        let entries = |names: &[&str], value: &[u8]| {
            let map = names
                .iter()
                .map(|n| (n.parse().unwrap(), plain(value)))
                .collect();
            check(&SecretValue::KeyValue(map), &limits)
        };
        assert_eq!(entries(&[], b"x"), Err(ValueError::NoEntries));
        assert_eq!(entries(&["a"], b""), Err(ValueError::Empty));
        assert_eq!(entries(&["a"], b"x"), Ok(()));
        assert_eq!(
            entries(&["a", "b"], b"x"),
            Err(ValueError::TooManyEntries { max: 1 })
        );
        assert_eq!(check_generated(15), Err(ValueError::GeneratedLength));
        assert_eq!(check_generated(16), Ok(16));
        assert_eq!(check_generated(4097), Err(ValueError::GeneratedLength));
    }
}
