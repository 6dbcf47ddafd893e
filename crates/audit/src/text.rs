//! Bounded text: what a record may carry of what a caller sent.

use std::borrow::Cow;
use std::fmt;

use minicbor::data::Type;
use minicbor::decode::{Decode, Decoder, Error as DecodeError};
use minicbor::encode::{Encode, Encoder, Write};

use crate::words;

/// Text of at most `MAX` bytes, borrowed where it can be.
///
/// In a record, a word that is used again and again is its number. Longer text is cut at the last
/// whole character that fits, so that no caller can grow a record without bound. Nothing is escaped
/// or normalised.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<'a, const MAX: usize = 512>(Cow<'a, str>);

/// A path or the identity of a resource: long enough for every secret path.
pub type LongText<'a> = Text<'a, 2048>;

/// A user agent or the value of a header.
pub type ShortText<'a> = Text<'a, 256>;

impl<const MAX: usize> Text<'_, MAX> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The same text, borrowing nothing.
    pub fn into_owned(self) -> Text<'static, MAX> {
        Text(Cow::Owned(self.0.into_owned()))
    }
}

/// The longest start of the text that ends between characters and fits.
fn cut(text: &str, max: usize) -> &str {
    match text.split_at_checked(text.floor_char_boundary(max)) {
        Some((kept, _)) => kept,
        None => text,
    }
}

impl<'a, const MAX: usize> From<&'a str> for Text<'a, MAX> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(cut(text, MAX)))
    }
}

impl<const MAX: usize> From<String> for Text<'_, MAX> {
    fn from(mut text: String) -> Self {
        text.truncate(text.floor_char_boundary(MAX));
        Self(Cow::Owned(text))
    }
}

impl<const MAX: usize> fmt::Display for Text<'_, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> fmt::Debug for Text<'_, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<C, const MAX: usize> Encode<C> for Text<'_, MAX> {
    fn encode<W: Write>(
        &self,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match words::number(&self.0) {
            Some(number) => e.u8(number)?.ok(),
            None => e.str(&self.0)?.ok(),
        }
    }
}

impl<'a, 'b: 'a, C, const MAX: usize> Decode<'b, C> for Text<'a, MAX> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        if d.datatype()? != Type::U8 {
            return Ok(Self::from(d.str()?));
        }
        let word = words::word(d.u8()?);
        word.map(Self::from)
            .ok_or_else(|| DecodeError::message("a word of a later release"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(Text::<4>::from("abc").as_str(), "abc");
        assert_eq!(Text::<4>::from("abcdef").as_str(), "abcd");
        assert_eq!(Text::<4>::from("abcéf").as_str(), "abc");
        assert_eq!(Text::<4>::from("éééé".to_owned()).as_str(), "éé");
        assert_eq!(Text::<4>::from("").as_str(), "");
    }
}
