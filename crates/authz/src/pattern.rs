//! Patterns over the names of resources (contract 4.1).

use std::fmt;
use std::str::FromStr;

/// Text that is no pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing there; leave the list out to mean every resource.
    #[error("it is empty; leave the list out to mean every resource")]
    Empty,
    /// Longer than any name could be.
    #[error("it has more than {} characters", Pattern::MAX)]
    TooLong,
    /// A control character, which no name has.
    #[error("it holds a control character")]
    Control,
}

/// A name with wildcards: `/app/production/*`.
///
/// `*` stands for any run of characters, also none and also slashes. Everything else is literal,
/// and the whole name must match: `/app/*` does not match `/app`. It is never a regular
/// expression, and matching takes time linear in the name's length, so that nobody can write a
/// rule that is slow to check.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    text: Box<str>,
    form: Form,
}

/// What the text says, taken apart once.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Form {
    /// No star: the name itself.
    Literal,
    /// What stands before the first star, between stars, and after the last one.
    Wild {
        start: Box<str>,
        middle: Box<[Box<str>]>,
        end: Box<str>,
    },
}

impl Pattern {
    /// The longest pattern, in bytes: twice the longest path.
    pub const MAX: usize = 1024;

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let Form::Wild { start, middle, end } = &self.form else {
            return *self.text == *name;
        };
        let Some(rest) = name.strip_prefix(&**start) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(&**end) else {
            return false;
        };
        // The leftmost find of each piece leaves the most for the next: no need to go back.
        for piece in middle {
            match rest.split_once(&**piece) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }

    /// What every matching name starts with: the text up to the first star.
    pub fn literal_prefix(&self) -> &str {
        match &self.form {
            Form::Literal => &self.text,
            Form::Wild { start, .. } => start,
        }
    }

    /// The name itself, where it has no star.
    pub(crate) fn literal(&self) -> Option<&str> {
        matches!(self.form, Form::Literal).then_some(&*self.text)
    }

    /// Whether its only star stands at its end, so that all matches that starts as it does.
    pub(crate) fn is_all_below(&self) -> bool {
        matches!(&self.form, Form::Wild { middle, end, .. } if middle.is_empty() && end.is_empty())
    }

    /// Whether every name matches.
    pub fn matches_everything(&self) -> bool {
        matches!(&self.form, Form::Wild { start, middle, end }
            if start.is_empty() && middle.is_empty() && end.is_empty())
    }

    /// Whether every name that `other` matches is matched by this one too.
    ///
    /// A star of `other` may stand for a character that this pattern does not mention, and then
    /// only a star of this one can take it. As no literal is a star, matching `other`'s own text
    /// asks exactly that.
    pub fn covers(&self, other: &Self) -> bool {
        self.matches(&other.text)
    }

    /// Whether every name that starts with `prefix` matches.
    pub fn covers_all_below(&self, prefix: &str) -> bool {
        self.matches(&format!("{prefix}*"))
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > Self::MAX {
            return Err(PatternError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Control);
        }
        let form = match (text.split_once('*'), text.rsplit_once('*')) {
            (Some((start, rest)), Some((_, end))) => Form::Wild {
                start: start.into(),
                middle: rest
                    .strip_suffix(end)
                    .unwrap_or(rest)
                    .split('*')
                    .filter(|piece| !piece.is_empty())
                    .map(Into::into)
                    .collect(),
                end: end.into(),
            },
            _ => Form::Literal,
        };
        Ok(Self {
            text: text.into(),
            form,
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_is_any_run_and_all_else_is_literal() {
        for (text, name, expected) in [
            ("/app/*", "/app/db", true),
            ("/app/*", "/app/prod/db", true),
            ("/app/*", "/app/", true),
            ("/app/*", "/app", false),
            ("/app/*", "/application", false),
            ("/app*", "/application", true),
            ("/app", "/app", true),
            ("/app", "/app/db", false),
            ("/app", "/APP", false),
            ("*", "", true),
            ("*", "/anything/at all", true),
            ("**", "x", true),
            ("*/password", "/app/password", true),
            ("*/password", "/app/password/x", false),
            ("/a*/b*/c", "/a1/b2/b3/c", true),
            ("/a*/b*/c", "/a1/b2/b3/d", false),
            ("ab*ba", "aba", false),
            ("ab*ba", "abba", true),
            ("a*b*b", "ab", false),
            ("/a.c", "/abc", false),
            ("/a+", "/aa", false),
            ("/[ab]", "/a", false),
            ("/a?", "/ab", false),
            ("^/a$", "/a", false),
        ] {
            assert_eq!(pattern(text).matches(name), expected, "{text} on {name}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        assert_eq!("".parse::<Pattern>(), Err(PatternError::Empty));
        assert_eq!("/a\n".parse::<Pattern>(), Err(PatternError::Control));
        assert_eq!(
            "x".repeat(1025).parse::<Pattern>(),
            Err(PatternError::TooLong)
        );
        assert!("x".repeat(1024).parse::<Pattern>().is_ok());
    }

    #[test]
    fn one_pattern_covers_another_when_nothing_escapes_it() {
        for (wide, narrow, expected) in [
            ("*", "/app/*", true),
            ("/app/*", "/app/prod/*", true),
            ("/app/*", "/app/*", true),
            ("/app/*", "/app/x", true),
            ("/app/*", "/app*", false),
            ("/app/prod/*", "/app/*", false),
            ("/app/x", "/app/*", false),
            ("/a*b", "/a*c*b", true),
            ("/a*c*b", "/a*b", false),
        ] {
            assert_eq!(
                pattern(wide).covers(&pattern(narrow)),
                expected,
                "{wide} ⊇ {narrow}"
            );
        }
        assert!(pattern("/app/*").covers_all_below("/app/prod/"));
        assert!(!pattern("/app/*").covers_all_below("/app"));
        assert!(!pattern("/app/*/x").covers_all_below("/app/prod/"));
        assert!(pattern("**").matches_everything());
        assert!(!pattern("/*").matches_everything());
    }

    /// The definition, word for word, and slow.
    fn naive(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern.first(), name.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                naive(&pattern[1..], name) || (!name.is_empty() && naive(pattern, &name[1..]))
            }
            (Some(p), Some(n)) if p == n => naive(&pattern[1..], &name[1..]),
            _ => false,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn matching_agrees_with_the_definition(text in "[ab/*]{1,9}", name in "[ab/]{0,12}") {
            let expected = naive(text.as_bytes(), name.as_bytes());
            prop_assert_eq!(pattern(&text).matches(&name), expected);
        }

        #[test]
        fn a_name_made_from_a_pattern_matches_and_starts_as_promised(
            text in "[ab/*]{1,9}", fill in "[abc/]{0,4}",
        ) {
            let pattern = pattern(&text);
            let name = text.replace('*', &fill);
            prop_assert!(pattern.matches(&name));
            prop_assert!(name.starts_with(pattern.literal_prefix()));
        }

        #[test]
        fn what_a_covered_pattern_matches_the_covering_one_matches(
            wide in "[ab*]{1,5}", narrow in "[ab*]{1,5}", name in "[ab]{0,8}",
        ) {
            let (wide, narrow) = (pattern(&wide), pattern(&narrow));
            if wide.covers(&narrow) && narrow.matches(&name) {
                prop_assert!(wide.matches(&name));
            }
        }

        /// The other direction: with a letter that no pattern has, a star cannot be imitated.
        #[test]
        fn an_uncovered_pattern_matches_something_else(
            wide in "[ab*]{1,5}", narrow in "[ab*]{1,5}",
        ) {
            let (wide, narrow) = (pattern(&wide), pattern(&narrow));
            let witness = narrow.as_str().replace('*', "z");
            prop_assert_eq!(wide.covers(&narrow), wide.matches(&witness));
        }
    }
}
