//! Secret paths (contract 1.2).

use std::fmt;
use std::str::FromStr;

/// Why a text is no path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing there.
    #[error("the path is empty; a path looks like /app/production/db/password")]
    Empty,
    /// The first character is not a slash.
    #[error("a path starts with a slash, as in /app/production/db/password")]
    NoLeadingSlash,
    /// More than 512 characters.
    #[error("a path has at most {} characters", SecretPath::MAX)]
    TooLong,
    /// A character outside the alphabet.
    #[error("a path holds only letters, digits and the characters / _ - . +")]
    Character,
    /// Two slashes in a row.
    #[error("a path has no empty segment (//)")]
    EmptySegment,
    /// A slash at the end.
    #[error("a path does not end in a slash")]
    TrailingSlash,
    /// A segment that proxies and HTTP stacks rewrite.
    #[error("a path has no segment . or ..")]
    DotSegment,
}

/// What paths, directories and prefixes share: length, leading slash, alphabet, segments.
///
/// The last segment may be empty (a trailing slash); callers that mind say so themselves.
fn check(text: &str) -> Result<(), PathError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'_' | b'-' | b'.' | b'+');
    let rest = match text.strip_prefix('/') {
        Some(rest) => rest,
        None if text.is_empty() => return Err(PathError::Empty),
        None => return Err(PathError::NoLeadingSlash),
    };
    if text.len() > SecretPath::MAX {
        return Err(PathError::TooLong);
    }
    if !text.bytes().all(legal) {
        return Err(PathError::Character);
    }
    let body = rest.strip_suffix('/').unwrap_or(rest);
    for segment in body.split('/') {
        match segment {
            "" if !rest.is_empty() => return Err(PathError::EmptySegment),
            "." | ".." => return Err(PathError::DotSegment),
            _ => {}
        }
    }
    Ok(())
}

/// Where a secret lives: `/app/production/db/password`. Case-sensitive; its identity for life.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretPath(Box<str>);

impl SecretPath {
    /// The longest path, in characters.
    pub const MAX: usize = 512;

    /// The text, starting with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        if text.ends_with('/') {
            return Err(PathError::TrailingSlash);
        }
        Ok(Self(text.into()))
    }
}

/// A directory to browse: `/` or `/app/production/`. Its text always ends in a slash.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Directory(Box<str>);

impl Directory {
    /// The root, `/`.
    pub fn root() -> Self {
        Self("/".into())
    }

    /// The text, with its trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Directory {
    type Err = PathError;

    /// With or without the trailing slash; both name the same directory.
    fn from_str(text: &str) -> Result<Self, PathError> {
        check(text)?;
        if text.ends_with('/') {
            Ok(Self(text.into()))
        } else {
            Ok(Self(format!("{text}/").into()))
        }
    }
}

/// The start of some paths: `/app/prod` covers `/app/production/x`. A plain string prefix.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PathPrefix(Box<str>);

impl PathPrefix {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PathPrefix {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        match check(text) {
            // `/.` and `/a/..` are no paths, yet `/.env` and `/a/..b` start with them.
            Ok(()) => {}
            Err(PathError::DotSegment)
                if text.ends_with('.') && check(&format!("{text}x")).is_ok() => {}
            Err(error) => return Err(error),
        }
        Ok(Self(text.into()))
    }
}

macro_rules! shown_as_text {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}

shown_as_text! { SecretPath Directory PathPrefix }

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn path(text: &str) -> Result<String, PathError> {
        text.parse::<SecretPath>()
            .map(|path| path.as_str().to_owned())
    }

    #[test]
    fn paths_follow_the_contract() {
        for text in [
            "/a",
            "/app/production/db/password",
            "/a/b+c.d_e-F0",
            "/.env",
            "/...",
            "/a/value",
        ] {
            assert_eq!(path(text), Ok(text.to_owned()));
        }
        for (text, error) in [
            ("", PathError::Empty),
            ("/", PathError::TrailingSlash),
            ("a", PathError::NoLeadingSlash),
            ("app/db", PathError::NoLeadingSlash),
            ("/a/", PathError::TrailingSlash),
            ("//", PathError::EmptySegment),
            ("/a//b", PathError::EmptySegment),
            ("/a//", PathError::EmptySegment),
            ("/.", PathError::DotSegment),
            ("/a/../b", PathError::DotSegment),
            ("/a b", PathError::Character),
            ("/a\0", PathError::Character),
            ("/ä", PathError::Character),
            ("/a%2Fb", PathError::Character),
            ("/a?b", PathError::Character),
        ] {
            assert_eq!(path(text), Err(error), "{text:?}");
        }
        let longest = format!("/{}", "x".repeat(SecretPath::MAX - 1));
        assert_eq!(path(&longest), Ok(longest.clone()));
        assert_eq!(path(&format!("{longest}x")), Err(PathError::TooLong));
    }

    #[test]
    fn a_directory_has_one_spelling() {
        for (text, directory) in [("/", "/"), ("/app", "/app/"), ("/app/", "/app/")] {
            assert_eq!(text.parse::<Directory>().unwrap().as_str(), directory);
        }
        assert_eq!("/app//".parse::<Directory>(), Err(PathError::EmptySegment));
        assert_eq!("/..".parse::<Directory>(), Err(PathError::DotSegment));
    }

    #[test]
    fn a_prefix_is_the_start_of_a_path() {
        for text in ["/", "/a", "/a/", "/.", "/a/..", "/a/.b"] {
            assert!(text.parse::<PathPrefix>().is_ok(), "{text}");
        }
        for text in ["", "a", "//", "/a//", "/../", "/./b", "/ "] {
            assert!(text.parse::<PathPrefix>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_but_valid_paths_passes(text in r"[/a.+%\x00 -]{0,12}") {
            let segments_are_fine = text
                .strip_prefix('/')
                .is_some_and(|rest| rest.split('/').all(|s| !matches!(s, "" | "." | "..")));
            let alphabet_is_fine = text.chars().all(|c| matches!(c, '/' | 'a' | '.' | '+' | '-'));
            prop_assert_eq!(path(&text).is_ok(), segments_are_fine && alphabet_is_fine);
        }

        #[test]
        fn every_start_of_a_path_is_a_prefix(text in r"(/[a.+-]{1,5}){1,4}", cut in 1usize..20) {
            prop_assume!(path(&text).is_ok());
            let prefix = text.get(..cut.min(text.len())).unwrap();
            prop_assert!(prefix.parse::<PathPrefix>().is_ok(), "{}", prefix);
        }
    }
}
