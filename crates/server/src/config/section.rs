//! One section of the configuration: a struct whose keys carry their own documentation.
//!
//! The documentation of a key is the doc comment of its field. The tables in
//! `docs/configuration.md` and the annotated example are rendered from it, so they cannot drift.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;

/// What is known of one key.
#[derive(Debug, Clone, Copy)]
pub struct KeyDoc {
    /// The name in the file.
    pub name: &'static str,
    /// What the value looks like, in words.
    pub kind: &'static str,
    /// Whether it may be left out without a default standing in.
    pub optional: bool,
    /// The doc comment, line by line.
    pub doc: &'static [&'static str],
    /// How to show a value for a key that has no default.
    pub example: &'static str,
}

impl KeyDoc {
    /// The doc comment as one paragraph.
    pub fn paragraph(&self) -> String {
        joined(self.doc)
    }
}

/// A struct of keys with documentation.
pub trait Section: Serialize + Default {
    /// The doc comment of the section, line by line.
    const ABOUT: &'static [&'static str];
    /// Its keys, in order.
    const KEYS: &'static [KeyDoc];
}

/// Lines of a doc comment as one paragraph.
pub(super) fn joined(lines: &[&str]) -> String {
    lines
        .iter()
        .map(|line| line.trim())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What a value looks like.
pub(super) trait Kind {
    /// In words, for the documentation.
    const NAME: &'static str;
    /// Whether the key may be absent.
    const OPTIONAL: bool = false;
    /// A value, as written in TOML, for keys without a default.
    const EXAMPLE: &'static str;
}

macro_rules! kinds {
    ($($kind:ty: $name:literal, $example:literal;)*) => {
        $(impl Kind for $kind {
            const NAME: &'static str = $name;
            const EXAMPLE: &'static str = $example;
        })*
    };
}

kinds! {
    bool: "boolean", "true";
    u8: "integer", "1";
    u16: "integer", "1";
    u32: "integer", "1";
    u64: "integer", "1";
    usize: "integer", "1";
    f64: "number", "1.0";
    String: "text", "\"text\"";
    PathBuf: "path", "\"/path/to/file\"";
    SocketAddr: "address:port", "\"127.0.0.1:8461\"";
    Vec<super::proxies::Network>: "list of networks", "[\"10.0.0.0/8\"]";
}

impl<T: Kind> Kind for Option<T> {
    const NAME: &'static str = T::NAME;
    const OPTIONAL: bool = true;
    const EXAMPLE: &'static str = T::EXAMPLE;
}

/// Declares one section: every key has a doc comment, a type and a default.
macro_rules! section {
    (
        $(#[doc = $about:literal])+
        pub struct $name:ident {
            $(
                $(#[doc = $doc:literal])+
                pub $key:ident: $kind:ty = $default:expr,
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, serde::Deserialize, serde::Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                pub $key: $kind,
            )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::section::Section for $name {
            const ABOUT: &'static [&'static str] = &[$($about),+];
            const KEYS: &'static [$crate::config::section::KeyDoc] = &[
                $($crate::config::section::KeyDoc {
                    name: stringify!($key),
                    kind: <$kind as $crate::config::section::Kind>::NAME,
                    optional: <$kind as $crate::config::section::Kind>::OPTIONAL,
                    doc: &[$($doc),+],
                    example: <$kind as $crate::config::section::Kind>::EXAMPLE,
                },)+
            ];
        }
    };
}

/// Declares a setting that is one of a few words.
macro_rules! choice {
    (
        $(#[doc = $about:literal])+
        pub enum $name:ident: $words:literal {
            $( $(#[$meta:meta])+ $variant:ident, )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, serde::Serialize)]
        #[serde(rename_all = "lowercase")]
        pub enum $name { $( $(#[$meta])+ $variant, )+ }

        impl $crate::config::section::Kind for $name {
            const NAME: &'static str = $words;
            const EXAMPLE: &'static str = $words;
        }
    };
}

pub(super) use {choice, section};
