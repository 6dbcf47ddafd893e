//! JSON objects from outside, read field by field.
//!
//! Request bodies are not read by derived deserialisers for two reasons: their errors quote the
//! offending content, which may be a secret, and they do not name the field. Every error here
//! names the field and says nothing of its content.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::error::Category;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::RequestError;

/// A JSON object whose fields are still text. Unknown fields are kept and ignored.
pub struct Object<'a> {
    /// Where this object stands in the body: empty, or `outer.`.
    within: String,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Object<'a> {
    /// Reads a body. An empty one reads as `{}` (contract 1.10), and so does `null`.
    pub fn parse(body: &'a [u8]) -> Result<Self, RequestError> {
        if body.trim_ascii().is_empty() {
            return Ok(Self {
                within: String::new(),
                fields: Vec::new(),
            });
        }
        let raw: &'a RawValue =
            serde_json::from_slice(body).map_err(|error| syntax(body, &error))?;
        Self::of(raw, String::new(), "the body")
    }

    pub(crate) fn of(raw: &'a RawValue, within: String, name: &str) -> Result<Self, RequestError> {
        if raw.get() == "null" {
            return Ok(Self {
                within,
                fields: Vec::new(),
            });
        }
        if !raw.get().starts_with('{') {
            return Err(RequestError::NotAnObject {
                field: name.to_owned(),
            });
        }
        let mut deserializer = serde_json::Deserializer::from_str(raw.get());
        let fields = deserializer
            .deserialize_map(FieldsVisitor)
            .map_err(|error| syntax(raw.get().as_bytes(), &error))?;
        let object = Self { within, fields };
        object.refuse_doubles()?;
        Ok(object)
    }

    fn refuse_doubles(&self) -> Result<(), RequestError> {
        let mut names: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        let double = names.windows(2).find_map(|pair| match pair {
            [one, other] if one == other => Some(*one),
            _ => None,
        });
        double.map_or(Ok(()), |name| {
            Err(RequestError::Twice {
                field: self.named(name),
            })
        })
    }

    /// A field's name as messages show it.
    pub fn named(&self, name: &str) -> String {
        // A name can be anything; what could upset a terminal or fill a log is left out.
        let plain = name.chars().filter(|c| !c.is_control()).take(128);
        self.within.chars().chain(plain).collect()
    }

    /// The field as it was written; `None` where it is absent (`null` is present).
    pub fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.fields
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, raw)| *raw)
    }

    /// The fields, in the order in which they were written.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&str, &'a RawValue)> + '_ {
        self.fields.iter().map(|(name, raw)| (name.as_ref(), *raw))
    }

    /// The field, unless absent or `null`.
    pub(crate) fn given(&self, name: &str) -> Option<&'a RawValue> {
        self.raw(name).filter(|raw| raw.get() != "null")
    }

    /// A text; borrowed where it holds no escapes, wiped on drop where it does.
    pub fn text(&self, name: &str) -> Result<Option<Text<'a>>, RequestError> {
        self.given(name)
            .map(|raw| self.text_of(name, raw))
            .transpose()
    }

    /// The text in `raw`, which is this object's field `name`.
    pub fn text_of(&self, name: &str, raw: &'a RawValue) -> Result<Text<'a>, RequestError> {
        let wrong = || RequestError::Type {
            field: self.named(name),
            expected: "a string",
        };
        if let Ok(text) = serde_json::from_str::<&'a str>(raw.get()) {
            return Ok(Text::Borrowed(text));
        }
        let text: String = serde_json::from_str(raw.get()).map_err(|_| wrong())?;
        Ok(Text::Owned(Zeroizing::new(text)))
    }

    /// A text that is not empty.
    pub fn required_text(&self, name: &'static str) -> Result<Text<'a>, RequestError> {
        self.text(name)?
            .filter(|text| !text.is_empty())
            .ok_or(RequestError::Missing { field: name })
    }

    /// `true` or `false`.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, RequestError> {
        match self.given(name).map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(RequestError::Type {
                field: self.named(name),
                expected: "true or false",
            }),
        }
    }

    /// A whole number between two others, in digits. As in JSON Schema, `7.0` is one, too; an
    /// exponent is not understood.
    pub fn number(&self, name: &str, min: u64, max: u64) -> Result<Option<u64>, RequestError> {
        let Some(raw) = self.given(name) else {
            return Ok(None);
        };
        if !raw
            .get()
            .starts_with(|c: char| c.is_ascii_digit() || c == '-')
        {
            let expected = "a whole number";
            return Err(RequestError::Type {
                field: self.named(name),
                expected,
            });
        }
        let number = whole_part(raw.get())
            .parse()
            .ok()
            .filter(|number| (min..=max).contains(number));
        number.map(Some).ok_or_else(|| RequestError::Range {
            field: self.named(name),
            min,
            max,
        })
    }

    /// An object inside this one.
    pub fn object(&self, name: &str) -> Result<Option<Self>, RequestError> {
        let Some(raw) = self.given(name) else {
            return Ok(None);
        };
        let field = self.named(name);
        Self::of(raw, format!("{field}."), &format!("`{field}`")).map(Some)
    }

    /// A map of texts (labels, annotations); absent reads as empty.
    pub fn texts(&self, name: &str) -> Result<BTreeMap<String, String>, RequestError> {
        let Some(object) = self.object(name)? else {
            return Ok(BTreeMap::new());
        };
        object
            .fields()
            .map(|(key, raw)| {
                Ok((
                    key.to_owned(),
                    object.text_of(key, raw)?.as_str().to_owned(),
                ))
            })
            .collect()
    }
}

/// A number without a fraction of nothing but zeros, which some languages write for whole numbers.
pub(crate) fn whole_part(number: &str) -> &str {
    match number.split_once('.') {
        Some((whole, zeros)) if zeros.bytes().all(|digit| digit == b'0') => whole,
        _ => number,
    }
}

/// A text of a request.
pub enum Text<'a> {
    /// A part of the body.
    Borrowed(&'a str),
    /// A text that had escapes, wiped on drop because it may be a secret.
    Owned(Zeroizing<String>),
}

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.as_str().is_empty()
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            fields.push((name.0, map.next_value()?));
        }
        Ok(fields)
    }
}

/// A field's name, borrowed where it holds no escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a text begins with that is no JSON although its author sees some.
const GZIP: &[u8] = &[0x1f, 0x8b];
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

fn syntax(text: &[u8], error: &serde_json::Error) -> RequestError {
    let hint = match error.classify() {
        _ if text.starts_with(GZIP) => ": it is compressed; send it as it is",
        _ if text.starts_with(BYTE_ORDER_MARK) => {
            ": it begins with a byte order mark; leave it out"
        }
        Category::Eof => ": it ends too early",
        // The one message that people meet: `base64` without `-w0` put line breaks into a string.
        _ if error.to_string().starts_with("control character") => {
            ": a string holds a line break; encode values with `base64 -w0`"
        }
        _ => "",
    };
    RequestError::Syntax {
        line: error.line(),
        column: error.column(),
        hint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str, read: impl Fn(&Object<'_>) -> Result<(), RequestError>) -> String {
        Object::parse(body.as_bytes())
            .and_then(|object| read(&object))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn nothing_is_an_empty_object() {
        for body in ["", " \n", "null", "{}"] {
            assert_eq!(
                Object::parse(body.as_bytes()).unwrap().fields().len(),
                0,
                "{body:?}"
            );
        }
    }

    #[test]
    fn what_is_no_object_is_refused_without_its_content() {
        for body in ["[\"hunter2\"]", "\"hunter2\"", "7", "true"] {
            let message = message(body, |_| Ok(()));
            assert_eq!(message, "the body must be a JSON object", "{body}");
        }
        for body in [
            "{\"a\":hunter2}",
            "{",
            "{\"a\":1,}",
            "{'a':1}",
            "{\"a\":1} x",
        ] {
            let message = message(body, |_| Ok(()));
            assert!(
                message.starts_with("the body is not valid JSON at line 1"),
                "{message}"
            );
            assert!(!message.contains("hunter2"), "{message}");
        }
    }

    #[test]
    fn a_line_break_in_a_string_hints_at_its_cause() {
        let message = message("{\"secretString\":\"QUFB\nQUFB\"}", |_| Ok(()));
        assert!(message.contains("base64 -w0"), "{message}");
    }

    #[test]
    fn what_its_author_does_not_see_is_named() {
        let hint = |body: &[u8]| Object::parse(body).err().unwrap().to_string();
        assert!(hint(b"\x1f\x8b\x08\0").contains("compressed"));
        assert!(hint(b"\xef\xbb\xbf{}").contains("byte order mark"));
    }

    #[test]
    fn wrong_types_name_the_field_and_not_the_content() {
        let body = r#"{"a":"hunter2","b":17,"c":{"d":[1]}}"#;
        assert_eq!(
            message(body, |o| o.boolean("a").map(drop)),
            "`a` must be true or false"
        );
        assert_eq!(
            message(body, |o| o.number("a", 0, 9).map(drop)),
            "`a` must be a whole number"
        );
        assert_eq!(
            message(body, |o| o.text("b").map(drop)),
            "`b` must be a string"
        );
        assert_eq!(
            message(body, |o| o.object("b").map(drop)),
            "`b` must be a JSON object"
        );
        assert_eq!(
            message(body, |o| o.texts("c").map(drop)),
            "`c.d` must be a string"
        );
        assert_eq!(
            message(body, |o| o.required_text("z").map(drop)),
            "`z` is required"
        );
    }

    #[test]
    fn a_field_given_twice_is_refused() {
        assert_eq!(
            message(r#"{"a":1,"b":2,"a":3}"#, |_| Ok(())),
            "`a` occurs twice"
        );
        assert_eq!(
            message(r#"{"a":1,"\u0061":3}"#, |_| Ok(())),
            "`a` occurs twice"
        );
    }

    #[test]
    fn numbers_are_whole_and_in_range() {
        let read = |text: &str| {
            let body = format!("{{\"n\":{text}}}");
            Object::parse(body.as_bytes())
                .unwrap()
                .number("n", 1, i64::MAX as u64)
                .ok()
                .flatten()
        };
        assert_eq!(read("1"), Some(1));
        assert_eq!(read("9223372036854775807"), Some(i64::MAX as u64));
        assert_eq!(read("138.0"), Some(138));
        assert_eq!(read("7.000"), Some(7));
        for text in [
            "0",
            "-1",
            "0.0",
            "-1.0",
            "1.5",
            "1.05",
            "1e3",
            "9223372036854775808",
            "\"1\"",
            "true",
            "null",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn texts_with_escapes_are_read() {
        let object = Object::parse(br#"{"a":"x\u002by","b":"x+y"}"#).unwrap();
        assert_eq!(object.text("a").unwrap().unwrap().as_str(), "x+y");
        assert!(matches!(
            object.text("b").unwrap().unwrap(),
            Text::Borrowed("x+y")
        ));
    }

    #[test]
    fn control_characters_of_a_name_stay_out_of_messages() {
        let message = message(r#"{"\u001b[2J":1,"\u001b[2J":2}"#, |_| Ok(()));
        assert_eq!(message, "`[2J` occurs twice");
    }
}
