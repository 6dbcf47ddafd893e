//! Secret values and what is said of their versions.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::Plaintext;

/// Whether a version's value can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VersionStatus {
    /// The value is there.
    Active,
    /// The value and its wrapped data key were erased; the history entry remains.
    Destroyed,
}

impl VersionStatus {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Destroyed => "destroyed",
        }
    }
}

/// The shape of a version's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueFormat {
    /// One string of bytes.
    String,
    /// Named entries.
    KeyValue,
}

impl ValueFormat {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::KeyValue => "keyValue",
        }
    }
}

/// A secret's value, in the clear.
pub enum SecretValue {
    /// One string of bytes.
    String(Plaintext),
    /// Named entries, in the order of their names.
    KeyValue(BTreeMap<EntryName, Plaintext>),
}

impl SecretValue {
    /// The shape of this value.
    pub const fn format(&self) -> ValueFormat {
        match self {
            Self::String(_) => ValueFormat::String,
            Self::KeyValue(_) => ValueFormat::KeyValue,
        }
    }
}

/// Text that cannot name an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an entry name is 1 to 128 characters of letters, digits, `_`, `.` and `-`")]
pub struct EntryNameError;

/// The name of one entry of a key-value secret: 1–128 of `[A-Za-z0-9_.-]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryName(Box<str>);

impl EntryName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryName {
    type Err = EntryNameError;

    fn from_str(text: &str) -> Result<Self, EntryNameError> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
        if (1..=128).contains(&text.len()) && text.bytes().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(EntryNameError)
        }
    }
}

impl fmt::Debug for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entry_names_have_a_small_alphabet() {
        assert!("A-z_0.9".parse::<EntryName>().is_ok());
        assert!("x".repeat(128).parse::<EntryName>().is_ok());
        for text in ["", "a b", "a/b", "ü", "a\0"] {
            assert!(text.parse::<EntryName>().is_err(), "{text:?}");
        }
        assert!("x".repeat(129).parse::<EntryName>().is_err());
    }
}
