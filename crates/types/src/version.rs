//! Version numbers.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;

/// A number that is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a version is a whole number from 1 to 9223372036854775807")]
pub struct VersionError;

/// The number of a secret's or key's version: from 1, counted up, never reused.
///
/// At most 2^63 - 1, so that every client can hold it in a signed 64-bit integer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(NonZeroU64);

impl Version {
    /// The first version of anything.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The version with this number.
    pub const fn new(number: u64) -> Result<Self, VersionError> {
        match NonZeroU64::new(number) {
            Some(number) if number.get() <= i64::MAX as u64 => Ok(Self(number)),
            _ => Err(VersionError),
        }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0.get()
    }

    /// The version after this one; an error at the end of the range.
    pub const fn next(self) -> Result<Self, VersionError> {
        Self::new(self.get().saturating_add(1))
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Digits only: no sign, no blanks, no leading zero.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
            return Err(VersionError);
        }
        text.parse().map_err(|_| VersionError).and_then(Self::new)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_positive_signed_numbers_are_versions() {
        assert_eq!(Version::new(0), Err(VersionError));
        assert_eq!(Version::new(1), Ok(Version::FIRST));
        assert_eq!(Version::new(1 << 63), Err(VersionError));
        let last = Version::new(i64::MAX as u64).unwrap();
        assert_eq!(last.next(), Err(VersionError));
        for text in [
            "",
            "0",
            "-1",
            "+1",
            " 1",
            "01",
            "1.0",
            "9223372036854775808",
            "x",
        ] {
            assert_eq!(text.parse::<Version>(), Err(VersionError), "{text:?}");
        }
        assert_eq!("42".parse::<Version>().unwrap().get(), 42);
    }
}
