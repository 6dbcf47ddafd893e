//! Slugs: the short names that people type.

use std::fmt;
use std::str::FromStr;

/// Text that is not a slug.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a slug is 1 to {} characters of a-z, 0-9, `-`, `_` and `.`, starting with a letter or digit",
    Slug::MAX
)]
pub struct SlugError;

/// A short name, unique among its kind in its scope: lower-case letters, digits, `-`, `_`, `.`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(Box<str>);

impl Slug {
    /// The longest slug, in characters.
    pub const MAX: usize = 255;

    /// The slug of a display name: lower case, every run of other characters becomes one `-`.
    ///
    /// Fails where nothing is left, as for a name of punctuation alone.
    pub fn of_name(name: &str) -> Result<Self, SlugError> {
        let mut slug = String::with_capacity(name.len());
        for character in name.chars().flat_map(char::to_lowercase) {
            if character.is_ascii_alphanumeric() {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(Self::MAX);
        slug.trim_end_matches('-').parse()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let legal = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
        let starts_well = text
            .as_bytes()
            .first()
            .is_some_and(u8::is_ascii_alphanumeric);
        if starts_well && text.len() <= Self::MAX && text.bytes().all(legal) {
            Ok(Self(text.into()))
        } else {
            Err(SlugError)
        }
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_its_slug() {
        for (name, slug) in [
            ("Primary Key", "primary-key"),
            ("  a__b  ", "a-b"),
            ("Ünïcode 7", "n-code-7"),
            ("x", "x"),
        ] {
            assert_eq!(Slug::of_name(name).unwrap().as_str(), slug, "{name}");
        }
        assert_eq!(Slug::of_name("---"), Err(SlugError));
        assert_eq!(Slug::of_name(""), Err(SlugError));
        assert_eq!(Slug::of_name(&"é".repeat(300)), Err(SlugError));
        assert_eq!(
            Slug::of_name(&"ab".repeat(300)).unwrap().as_str().len(),
            Slug::MAX
        );
    }

    #[test]
    fn what_is_no_slug_is_refused() {
        for text in ["", "-a", "A", "a/b", "a b", "a\0", "ü"] {
            assert_eq!(text.parse::<Slug>(), Err(SlugError), "{text:?}");
        }
    }
}
