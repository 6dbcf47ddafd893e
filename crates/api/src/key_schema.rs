//! The schemas of the bodies of requests about keys.

use serde_json::Value;
use strongroom_types::{HashAlgorithm, KeyType, SignatureScheme, WrapHash};
use utoipa::openapi::schema::{
    AllOfBuilder, AnyOfBuilder, Array, Object, ObjectBuilder, OneOf, OneOfBuilder, Schema,
    SchemaType, Type,
};

use crate::batch::MAX_BATCH;
use crate::request_schema::{Named, having, metadata, optional_object};
use crate::schema::object;
use crate::shape::{base64, flag, key, matching, name, optional, text, whole, word};

fn period() -> Object {
    optional(whole("How often the key rotates, in days.", 1, 3650))
}

/// The schema of a new key. One that rotates by itself needs to be told how often.
fn create_key() -> Schema {
    let types = KeyType::ALL.map(KeyType::as_str);
    let fields = metadata(ObjectBuilder::new())
        .schema_type(Type::Object)
        .property(
            "name",
            name("What people will call it; 1 to 255 characters."),
        )
        .required("name")
        .property(
            "keyType",
            optional(word("What it is for; aes256-gcm96 unless given.", types)),
        )
        .property(
            "exportAllowed",
            optional(flag("Whether its material may be exported.")),
        )
        .property(
            "keyRotationEnabled",
            optional(flag("Whether it rotates by itself.")),
        )
        .property("rotationPeriodInDays", period())
        .property(
            "hashFunction",
            optional(word(
                "The hash function of an import's wrap; sha256 unless given.",
                WrapHash::ALL.map(WrapHash::as_str),
            )),
        )
        .property(
            "allowRotation",
            optional(flag("Whether an imported key may rotate later.")),
        )
        .property(
            "importKeyMaterial",
            optional(text("Wrapped material in base64, to bring one's own key.")),
        );
    let off = ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Boolean, Type::Null]))
        .enum_values(Some([Value::Bool(false), Value::Null]));
    let unless_off = AnyOfBuilder::new()
        .item(having("rotationPeriodInDays", Type::Integer))
        .item(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .property("keyRotationEnabled", off),
        );
    let both = AllOfBuilder::new()
        .item(fields)
        .item(Schema::AnyOf(unless_off.build()));
    Schema::AllOf(both.build())
}

/// What signing and verifying take alike.
fn signed() -> ObjectBuilder {
    let schemes = [SignatureScheme::Pss, SignatureScheme::Pkcs1v15].map(SignatureScheme::as_str);
    ObjectBuilder::new()
        .property("input", base64("The message, or its digest.", 1, 65_535))
        .required("input")
        .property(
            "prehashed",
            optional(flag("Whether the input is a digest already.")),
        )
        .property("hashAlgorithm", hash())
        .property(
            "signatureAlgorithm",
            optional(word("How an RSA key signs; pss unless given.", schemes)),
        )
}

fn hash() -> Object {
    let names = HashAlgorithm::ALL.map(HashAlgorithm::as_str);
    let what = "The hash function; the key type's own unless given. SHA-256 and sha2-256 are \
                spellings of sha256.";
    optional(word(what, names))
}

fn bound(what: &str) -> Object {
    optional(base64(what, 0, 65_535))
}

fn version() -> OneOf {
    OneOfBuilder::new()
        .item(matching(
            "In digits, or as in v3.",
            "^(v?[1-9][0-9]{0,17})?$",
        ))
        .item(whole("As a number.", 1, i64::MAX))
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .description(Some("The latest version unless given."))
        .build()
}

fn encrypt() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("plaintext", base64("1 to 65535 bytes.", 1, 65_535))
        .required("plaintext")
        .property("keyVersion", Schema::OneOf(version()))
        .property(
            "associatedData",
            bound("What the ciphertext is bound to; also called context."),
        )
}

fn decrypt() -> ObjectBuilder {
    ObjectBuilder::new()
        .property(
            "ciphertext",
            matching("As an encrypt call answered it.", "^.+$"),
        )
        .required("ciphertext")
        .property(
            "associatedData",
            bound("What the ciphertext was bound to; also called context."),
        )
}

fn sign() -> ObjectBuilder {
    signed().property("keyVersion", Schema::OneOf(version()))
}

fn verify() -> ObjectBuilder {
    signed()
        .property("signature", matching("As a sign call answered it.", "^.+$"))
        .required("signature")
}

fn hmac() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("input", base64("The message.", 1, 65_535))
        .required("input")
        .property("algorithm", hash())
}

/// Many of these in one call.
fn batch(name: &str, item: ObjectBuilder) -> Named {
    let mut items = Array::new(item.schema_type(Type::Object).build());
    (items.min_items, items.max_items) = (Some(1), Some(MAX_BATCH));
    let builder = ObjectBuilder::new()
        .property("items", Schema::Array(items))
        .required("items");
    object(name, builder)
}

/// Every request about keys, by its name.
pub(crate) fn key_requests() -> Vec<Named> {
    let oldest = whole("The oldest version that still decrypts.", 1, i64::MAX);
    let mut all = vec![
        ("CreateKey".to_owned(), create_key().into()),
        optional_object(
            "Rotation",
            ObjectBuilder::new()
                .property(
                    "keyRotationEnabled",
                    optional(flag("Whether the key rotates by itself.")),
                )
                .property("rotationPeriodInDays", period())
                .property("minDecryptionVersion", optional(oldest)),
        ),
        object("Encrypt", encrypt()),
        object("Decrypt", decrypt()),
        object("Sign", sign()),
        object("Verify", verify()),
        object(
            "Hmac",
            hmac().property("keyVersion", Schema::OneOf(version())),
        ),
        object(
            "VerifyHmac",
            hmac()
                .property("hmac", matching("As an hmac call answered it.", "^.+$"))
                .required("hmac"),
        ),
        optional_object(
            "Export",
            ObjectBuilder::new().property("keyVersion", Schema::OneOf(version())),
        ),
        batch("EncryptBatch", encrypt()),
        batch("DecryptBatch", decrypt()),
        batch("SignBatch", sign()),
        batch("VerifyBatch", verify()),
    ];
    all.extend(own_requests());
    all
}

/// What is ours beside the contract.
fn own_requests() -> Vec<Named> {
    vec![
        object(
            "Reencrypt",
            decrypt()
                .property(
                    "targetKey",
                    optional(key("The new key; the same unless given.")),
                )
                .property("keyVersion", Schema::OneOf(version()))
                .property(
                    "targetAssociatedData",
                    bound("What the new ciphertext is bound to; the same unless given."),
                ),
        ),
        optional_object(
            "DrawDataKey",
            ObjectBuilder::new()
                .property(
                    "bytes",
                    optional(whole("Its length; 32 unless given.", 16, 128)),
                )
                .property("keyVersion", Schema::OneOf(version()))
                .property(
                    "associatedData",
                    bound("What the wrapped form is bound to; also called context."),
                )
                .property(
                    "wrappedOnly",
                    optional(flag("Whether only the wrapped form is answered.")),
                ),
        ),
        optional_object(
            "DrawRandom",
            ObjectBuilder::new().property(
                "bytes",
                optional(whole("How many; 32 unless given.", 1, 65_535)),
            ),
        ),
    ]
}
