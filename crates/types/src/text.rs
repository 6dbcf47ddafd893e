//! Names and descriptions that people write.

use std::fmt;
use std::str::FromStr;

/// Free text that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but blanks.
    #[error("it must not be empty")]
    Empty,
    /// Too many characters.
    #[error("it must have at most {max} characters")]
    TooLong {
        /// The limit, in characters.
        max: usize,
    },
    /// A control character other than a line break or a tab.
    #[error("it must not contain control characters")]
    Control,
}

fn check(text: &str, max: usize) -> Result<(), TextError> {
    if text.chars().count() > max {
        return Err(TextError::TooLong { max });
    }
    if text.chars().any(is_foreign_to_text) {
        return Err(TextError::Control);
    }
    Ok(())
}

/// Whether it is a control character other than a line break or a tab.
pub(crate) fn is_foreign_to_text(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\r' | '\t')
}

/// The name that people see: 1–255 characters, not blank.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DisplayName(Box<str>);

/// What a thing is for: at most 1,024 characters, possibly none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Description(Box<str>);

impl DisplayName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DisplayName {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        check(text, 255)?;
        Ok(Self(text.into()))
    }
}

impl Description {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Description {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        check(text, 1024)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_count_characters() {
        assert!("é".repeat(255).parse::<DisplayName>().is_ok());
        assert_eq!(
            "é".repeat(256).parse::<DisplayName>(),
            Err(TextError::TooLong { max: 255 })
        );
        assert_eq!("  ".parse::<DisplayName>(), Err(TextError::Empty));
        assert_eq!("a\0".parse::<DisplayName>(), Err(TextError::Control));
        assert!("".parse::<Description>().is_ok());
        assert!("two\nlines".parse::<Description>().is_ok());
        assert!("x".repeat(1025).parse::<Description>().is_err());
    }
}
