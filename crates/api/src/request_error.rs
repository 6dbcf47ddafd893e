//! Why a request cannot be understood.

use strongroom_types::{EntryNameError, LabelError, PathError, SlugError, TextError};

use crate::ErrorCode;

/// Why a request cannot be understood. Always status 400; never holds content of the request
/// other than names of fields and entries.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The body is not JSON.
    #[error("the body is not valid JSON at line {line}, column {column}{hint}")]
    Syntax {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// What probably went wrong, starting with a colon; may be empty.
        hint: &'static str,
    },
    /// The body, or a field of it, is JSON but no object.
    #[error("{field} must be a JSON object")]
    NotAnObject {
        /// `the body` or the field's name.
        field: String,
    },
    /// A name that occurs twice in one object.
    #[error("`{field}` occurs twice")]
    Twice {
        /// The field.
        field: String,
    },
    /// A field of another type.
    #[error("`{field}` must be {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// A required field that is not there.
    #[error("`{field}` is required")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A text that is no base64.
    #[error(
        "`{field}` is not standard base64 with padding and without line breaks; \
         encode the bytes with `base64 -w0`"
    )]
    Base64 {
        /// The field.
        field: String,
    },
    /// No value input, or more than one.
    #[error(
        "give exactly one of `secretString`, `secretKeyValues` and `generateSecret`; {found} given"
    )]
    Inputs {
        /// `none is` or `several are`.
        found: &'static str,
    },
    /// Bytes of a forbidden length.
    #[error("`{field}` must have {min} to {max} bytes after decoding, it has {len}")]
    Size {
        /// The field.
        field: String,
        /// The least length, in bytes.
        min: usize,
        /// The greatest length, in bytes.
        max: usize,
        /// The length found.
        len: usize,
    },
    /// More entries than allowed.
    #[error("`{field}` must have 1 to {max} entries, it has {len}")]
    Entries {
        /// The field.
        field: &'static str,
        /// The greatest number of entries.
        max: usize,
        /// The number found.
        len: usize,
    },
    /// An entry's name outside the alphabet.
    #[error("`{field}` has an entry whose name does not fit: {source}")]
    EntryName {
        /// The field.
        field: &'static str,
        /// Why.
        source: EntryNameError,
    },
    /// A number out of its range.
    #[error("`{field}` must be a whole number from {min} to {max}")]
    Range {
        /// The field.
        field: String,
        /// The least.
        min: u64,
        /// The greatest.
        max: u64,
    },
    /// A text that is no path.
    #[error("`{field}`: {source}")]
    Path {
        /// The field, or `path` for the URL's.
        field: &'static str,
        /// Why.
        source: PathError,
    },
    /// Two places name two paths.
    #[error("`path` in the {place} names another secret than the URL; send it once, or the same")]
    PathDiffers {
        /// `body` or `query`.
        place: &'static str,
    },
    /// A text that is neither identity nor slug.
    #[error("`{field}` must be an identity or a slug: {source}")]
    Reference {
        /// The field.
        field: &'static str,
        /// Why.
        source: SlugError,
    },
    /// A name or description that does not fit.
    #[error("`{field}`: {source}")]
    Text {
        /// The field.
        field: &'static str,
        /// Why.
        source: TextError,
    },
    /// Labels or annotations that do not fit.
    #[error("`{field}`: {source}")]
    Labels {
        /// The field.
        field: &'static str,
        /// Why.
        source: LabelError,
    },
    /// A text that is none of the words that are understood.
    #[error("`{field}` must be {expected}")]
    Word {
        /// The field.
        field: &'static str,
        /// The words, or what they are.
        expected: String,
    },
    /// A field that is understood, in a use that is not offered.
    #[error("`{field}` is not supported: {instead}")]
    Unsupported {
        /// The field.
        field: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A query parameter that is missing, doubled or malformed.
    #[error("query parameter `{name}` {problem}")]
    Query {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it, as the rest of the sentence.
        problem: &'static str,
    },
    /// A query parameter that is no number of this range.
    #[error("query parameter `{name}` must be a whole number from 1 to {max}")]
    Count {
        /// The parameter.
        name: &'static str,
        /// The highest that it may be.
        max: usize,
    },
    /// A URL whose percent encoding is broken or hides control characters.
    #[error("the URL path has a percent escape that is malformed or not UTF-8")]
    Escape,
}

impl RequestError {
    /// Which entry of the error catalogue this is.
    pub const fn code(&self) -> ErrorCode {
        match self {
            Self::Syntax { .. }
            | Self::NotAnObject { .. }
            | Self::Twice { .. }
            | Self::Type { .. }
            | Self::Missing { .. }
            | Self::Range { .. }
            | Self::Reference { .. }
            | Self::Text { .. }
            | Self::Labels { .. }
            | Self::Word { .. } => ErrorCode::InvalidRequest,
            Self::Base64 { .. } => ErrorCode::InvalidBase64,
            Self::Inputs { .. }
            | Self::Size { .. }
            | Self::Entries { .. }
            | Self::EntryName { .. } => ErrorCode::InvalidValue,
            Self::Path { .. } | Self::PathDiffers { .. } | Self::Escape => ErrorCode::InvalidPath,
            Self::Query { .. } | Self::Count { .. } => ErrorCode::InvalidQuery,
            Self::Unsupported { .. } => ErrorCode::NotSupported,
        }
    }
}
