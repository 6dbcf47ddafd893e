//! Labels and annotations.

use std::collections::BTreeMap;

use crate::text::is_foreign_to_text;

/// Labels that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// More entries than allowed.
    #[error("at most {max} entries are allowed")]
    TooMany {
        /// The limit.
        max: usize,
    },
    /// A key that is empty, too long or has control characters.
    #[error("a key must have 1 to {max} characters and no control characters")]
    Key {
        /// The limit, in characters.
        max: usize,
    },
    /// A value that is too long or has control characters other than line breaks and tabs.
    #[error(
        "the value of `{key}` must have at most {max} characters and no control characters other \
         than line breaks and tabs"
    )]
    Value {
        /// The entry's key.
        key: String,
        /// The limit, in characters.
        max: usize,
    },
}

/// How many labels, and how long (contract 7; configurable).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelLimits {
    /// Entries in one map.
    pub entries: usize,
    /// Characters in a key.
    pub key: usize,
    /// Characters in a value.
    pub value: usize,
}

impl Default for LabelLimits {
    fn default() -> Self {
        Self {
            entries: 64,
            key: 128,
            value: 1024,
        }
    }
}

/// A map of short texts, echoed exactly as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(BTreeMap<String, String>);

impl Labels {
    /// The labels, if they are within the limits.
    pub fn new(map: BTreeMap<String, String>, limits: &LabelLimits) -> Result<Self, LabelError> {
        if map.len() > limits.entries {
            return Err(LabelError::TooMany {
                max: limits.entries,
            });
        }
        let fits = |text: &str, max: usize| text.chars().count() <= max;
        for (key, value) in &map {
            let is_plain = !key.chars().any(char::is_control);
            if key.is_empty() || !fits(key, limits.key) || !is_plain {
                return Err(LabelError::Key { max: limits.key });
            }
            let is_text = !value.chars().any(is_foreign_to_text);
            if !fits(value, limits.value) || !is_text {
                return Err(LabelError::Value {
                    key: key.clone(),
                    max: limits.value,
                });
            }
        }
        Ok(Self(map))
    }

    /// The map.
    pub const fn as_map(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    /// Labels read back from a row, which were checked when they were written: a limit that was
    /// lowered since must not make them unreadable.
    pub const fn from_stored(map: BTreeMap<String, String>) -> Self {
        Self(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(key: &str, value: &str) -> BTreeMap<String, String> {
        BTreeMap::from([(key.to_owned(), value.to_owned())])
    }

    #[test]
    fn limits_hold() {
        let limits = LabelLimits {
            entries: 1,
            key: 2,
            value: 3,
        };
        assert!(Labels::new(one("ab", "abc"), &limits).is_ok());
        assert!(Labels::new(one("ab", ""), &limits).is_ok());
        assert_eq!(
            Labels::new(one("", "x"), &limits),
            Err(LabelError::Key { max: 2 })
        );
        assert_eq!(
            Labels::new(one("abc", "x"), &limits),
            Err(LabelError::Key { max: 2 })
        );
        assert!(matches!(
            Labels::new(one("ab", "abcd"), &limits),
            Err(LabelError::Value { max: 3, .. })
        ));
        let two = BTreeMap::from([("a".into(), "".into()), ("b".into(), "".into())]);
        assert_eq!(
            Labels::new(two, &limits),
            Err(LabelError::TooMany { max: 1 })
        );
    }

    #[test]
    fn a_value_may_have_lines_and_a_key_none() {
        let limits = LabelLimits::default();
        assert!(Labels::new(one("note", "first\r\n\tsecond"), &limits).is_ok());
        for (key, value) in [("a\nb", "x"), ("a", "x\0"), ("a", "\u{1b}[2J")] {
            assert!(
                Labels::new(one(key, value), &limits).is_err(),
                "{key:?}: {value:?}"
            );
        }
    }
}
