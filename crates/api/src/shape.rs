//! The schemas of single fields and parameters, with the limits that the parsers keep to.
//!
//! Patterns are in the dialect that JSON Schema asks for (ECMA-262) and use nothing that other
//! dialects lack, look-around least of all.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, OneOfBuilder, Ref, Schema,
    SchemaFormat, SchemaType, Type,
};

/// One segment of a path: the alphabet, but neither `.` nor `..`.
const SEGMENT: &str = r"(\.*[A-Za-z0-9_+-][A-Za-z0-9_.+-]*|\.{3,})";
/// What a slug looks like. Every identity of a key looks like one, too.
const SLUG: &str = "^[a-z0-9][a-z0-9._-]{0,254}$";
/// Text of one line without control characters.
const LINE: &str = r"^[^\u0000-\u001f\u007f-\u009f]*$";
/// Text of some lines: control characters are only tabs and line breaks.
const LINES: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// A line of which letters or digits are left for a slug.
const NAME: &str = r"^[^\u0000-\u001f\u007f-\u009f]*[A-Za-z0-9][^\u0000-\u001f\u007f-\u009f]*$";
/// A path has at most this many characters.
const LONGEST_PATH: usize = 512;

fn string() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// Any text.
pub fn text(what: &str) -> Object {
    string().description(Some(what)).build()
}

/// Text that matches a pattern.
pub fn matching(what: &str, pattern: impl Into<String>) -> Object {
    string()
        .pattern(Some(pattern))
        .description(Some(what))
        .build()
}

/// One of some words.
pub fn word<'a>(what: &str, words: impl IntoIterator<Item = &'a str>) -> Object {
    string()
        .enum_values(Some(words))
        .description(Some(what))
        .build()
}

/// The same or `null`, which counts as not given.
pub fn optional(mut one: Object) -> Object {
    one.schema_type = match one.schema_type {
        SchemaType::Type(only) => SchemaType::Array(vec![only, Type::Null]),
        other => other,
    };
    if let Some(words) = &mut one.enum_values {
        words.push(serde_json::Value::Null);
    }
    one
}

/// Something that is described elsewhere, or `null`.
pub fn optional_ref(schema: &str) -> Schema {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let one = OneOfBuilder::new().item(null);
    Schema::OneOf(one.item(Ref::from_schema_name(schema)).build())
}

/// `true` or `false`.
pub fn flag(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(what))
        .build()
}

/// A whole number from `min` to `max`.
pub fn whole(what: &str, min: i64, max: i64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(min))
        .maximum(Some(max))
        .description(Some(what))
        .build()
}

/// `min` to `max` bytes in base64 (RFC 4648 section 4).
pub fn base64(what: &str, min: usize, max: usize) -> Object {
    string()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Byte)))
        .content_encoding("base64")
        .min_length(Some(min.div_ceil(3) * 4))
        .max_length(Some(max.div_ceil(3) * 4))
        .description(Some(what))
        .build()
}

fn path_like(what: &str, pattern: String) -> Object {
    string()
        .pattern(Some(pattern))
        .min_length(Some(1))
        .max_length(Some(LONGEST_PATH))
        .description(Some(what))
        .build()
}

/// A secret's path (contract 1.2).
pub fn path(what: &str) -> Object {
    path_like(what, format!("^(/{SEGMENT})+$"))
}

/// A directory of secrets, with or without its last slash.
pub fn directory(what: &str) -> Object {
    path_like(what, format!("^(/|(/{SEGMENT})+/?)$"))
}

/// The start of some paths.
pub fn path_prefix(what: &str) -> Object {
    path_like(what, format!("^/({SEGMENT}/)*[A-Za-z0-9_.+-]*$"))
}

/// The identity of a thing whose identities start with `prefix`; or nothing, which counts as not
/// given.
pub fn identity(what: &str, prefix: &str) -> Object {
    // 26 characters hold 130 bits, so that the last two are always zero.
    const DIGIT: &str = "[0-9a-hjkmnp-tv-z]";
    matching(what, format!("^({prefix}-{DIGIT}{{25}}[048cgmrw])?$"))
}

/// The identity or slug of a key.
pub fn key(what: &str) -> Object {
    matching(what, SLUG)
}

/// The name of a thing, which its slug is made of: at most 255 characters.
pub fn name(what: &str) -> Object {
    string()
        .pattern(Some(NAME))
        .min_length(Some(1))
        .max_length(Some(255))
        .description(Some(what))
        .build()
}

/// What a thing is for, in at most 1,024 characters.
pub fn description(what: &str) -> Object {
    string()
        .pattern(Some(LINES))
        .max_length(Some(1024))
        .description(Some(what))
        .build()
}

/// A map, of at most `max` entries, from texts that match a pattern.
pub fn map(what: &str, max: usize, names: &str, values: Object) -> Object {
    let names = string().pattern(Some(names)).min_length(Some(1));
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .max_properties(Some(max))
        .property_names(Some(Schema::Object(names.max_length(Some(128)).build())))
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            values,
        )))))
        .description(Some(what))
        .build()
}

/// Labels and annotations.
pub fn labels(what: &str) -> Object {
    let value = string().pattern(Some(LINE)).max_length(Some(1024)).build();
    map(what, 64, LINE, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(object: Object) -> serde_json::Value {
        serde_json::to_value(object).unwrap()
    }

    #[test]
    fn limits_are_said() {
        assert_eq!(
            json(path("x"))["maxLength"],
            strongroom_types::SecretPath::MAX
        );
        assert_eq!(json(base64("x", 1, 4096))["minLength"], 4);
        assert_eq!(json(base64("x", 1, 4096))["maxLength"], 5464);
        let labels = json(labels("x"));
        let limits = strongroom_types::LabelLimits::default();
        assert_eq!(labels["maxProperties"], limits.entries);
        assert_eq!(labels["propertyNames"]["maxLength"], limits.key);
        assert_eq!(labels["additionalProperties"]["maxLength"], limits.value);
    }

    #[test]
    fn what_is_optional_can_be_null() {
        assert_eq!(json(flag("x"))["type"], "boolean");
        let flag = json(optional(flag("x")));
        assert_eq!(flag["type"], serde_json::json!(["boolean", "null"]));
        let word = json(optional(word("x", ["a"])));
        assert_eq!(word["enum"], serde_json::json!(["a", null]));
    }
}
