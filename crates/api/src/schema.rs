//! The schemas of every body, for the OpenAPI document.
//!
//! Replies derive theirs; requests and bodies with secrets, which serde never sees, describe
//! themselves here.

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, Object, ObjectBuilder, Ref, Schema, SchemaFormat, Type,
};

use crate::{
    AuditEntry, AuditPage, AuditPrincipal, Browse, EncryptReply, ErrorBody, KmsKey, KmsKeyVersion,
    PutReply, Region, RegionRef, Secret, SecretVersion, Summary, SummaryRegion, Time, TokenRefusal,
    TokenReply,
};

/// Every schema by its name; references between them all resolve.
pub fn schemas() -> Vec<(String, RefOr<Schema>)> {
    let mut all = vec![
        named::<Time>(),
        named::<ErrorBody>(),
        named::<Secret>(),
        named::<SecretVersion>(),
        named::<Browse>(),
        named::<RegionRef>(),
        named::<Region>(),
        named::<PutReply>(),
        named::<KmsKey>(),
        named::<KmsKeyVersion>(),
        named::<Summary>(),
        named::<SummaryRegion>(),
        named::<EncryptReply>(),
        named::<AuditPage>(),
        named::<AuditEntry>(),
        named::<AuditPrincipal>(),
        named::<TokenReply>(),
        named::<TokenRefusal>(),
    ];
    all.extend(requests());
    all.extend(values());
    all
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

fn object(name: &str, builder: ObjectBuilder) -> (String, RefOr<Schema>) {
    (
        name.to_owned(),
        builder.schema_type(Type::Object).build().into(),
    )
}

fn text(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(what))
        .build()
}

fn base64(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Byte)))
        .content_encoding("base64")
        .description(Some(what))
        .build()
}

fn flag(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(what))
        .build()
}

fn number(what: &str, min: i64, max: i64) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(min))
        .maximum(Some(max))
        .description(Some(what))
        .build()
}

fn map_of(values: Object, what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::RefOr(RefOr::T(Schema::Object(
            values,
        )))))
        .description(Some(what))
        .build()
}

fn labels(what: &str) -> Object {
    map_of(text("A short text."), what)
}

/// The three inputs of which a request gives exactly one.
fn value_inputs(builder: ObjectBuilder) -> ObjectBuilder {
    let entries = map_of(base64("1 to 4096 bytes."), "Named entries, at most 256.");
    builder
        .property(
            "secretString",
            base64("The value, 1 to 4096 bytes. One of three inputs."),
        )
        .property("secretKeyValues", entries)
        .property("generateSecret", Ref::from_schema_name("GenerateSecret"))
}

fn policy() -> Ref {
    Ref::from_schema_name("AccessPolicy")
}

fn metadata(builder: ObjectBuilder) -> ObjectBuilder {
    builder
        .property(
            "description",
            text("What it is for; at most 1024 characters."),
        )
        .property("labels", labels("Labels, echoed exactly."))
        .property("annotations", labels("Annotations, echoed exactly."))
}

fn requests() -> Vec<(String, RefOr<Schema>)> {
    let period = || number("How often the key rotates, in days.", 1, 3650);
    vec![
        object(
            "CreateSecret",
            metadata(value_inputs(
                ObjectBuilder::new()
                    .property(
                        "path",
                        text("Where the secret will live, as in /app/db/password."),
                    )
                    .required("path")
                    .property(
                        "kmsKeyIdentity",
                        text("Identity or slug of the protecting key."),
                    )
                    .required("kmsKeyIdentity"),
            ))
            .property("accessPolicy", policy()),
        ),
        object(
            "GenerateSecret",
            ObjectBuilder::new().property(
                "byteLength",
                number("How many random bytes; 32 unless given.", 16, 4096),
            ),
        ),
        object(
            "PutValue",
            value_inputs(
                ObjectBuilder::new().property("path", text("If given, the same as in the URL.")),
            ),
        ),
        object(
            "GetValue",
            ObjectBuilder::new()
                .property("path", text("If given, the same as in the URL."))
                .property(
                    "version",
                    number("The current version unless given.", 1, i64::MAX),
                ),
        ),
        object(
            "PolicyUpdate",
            ObjectBuilder::new()
                .property("accessPolicy", policy())
                .required("accessPolicy"),
        ),
        object(
            "AccessPolicy",
            ObjectBuilder::new()
                .description(Some(
                    "Conditions on address and time, and statements per action and principal. \
                     Echoed exactly as given; `null` or an empty object clears it.",
                ))
                .property("conditions", array_of_objects())
                .property("statements", array_of_objects()),
        ),
        object(
            "CreateKey",
            metadata(
                ObjectBuilder::new()
                    .property(
                        "name",
                        text("What people will call it; 1 to 255 characters."),
                    )
                    .required("name")
                    .property(
                        "keyType",
                        text("What it is for; aes256-gcm96 unless given."),
                    )
                    .property(
                        "exportAllowed",
                        flag("Whether its material may be exported."),
                    )
                    .property("keyRotationEnabled", flag("Whether it rotates by itself."))
                    .property("rotationPeriodInDays", period()),
            ),
        ),
        object(
            "Rotation",
            ObjectBuilder::new()
                .property(
                    "keyRotationEnabled",
                    flag("Whether the key rotates by itself."),
                )
                .property("rotationPeriodInDays", period()),
        ),
        object(
            "Encrypt",
            ObjectBuilder::new()
                .property("plaintext", base64("1 to 65535 bytes."))
                .required("plaintext")
                .property("keyVersion", text("The latest version unless given.")),
        ),
        object(
            "Decrypt",
            ObjectBuilder::new()
                .property("ciphertext", text("As an encrypt call answered it."))
                .required("ciphertext"),
        ),
        object(
            "TokenRequest",
            ObjectBuilder::new()
                .property("grant_type", text("client_credentials"))
                .required("grant_type")
                .property("client_id", text("Unless sent by HTTP Basic."))
                .property("client_secret", text("Unless sent by HTTP Basic."))
                .property("scope", text("Scopes, separated by blanks.")),
        ),
    ]
}

fn array_of_objects() -> utoipa::openapi::schema::Array {
    utoipa::openapi::schema::ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::Object).build())
        .build()
}

fn values() -> Vec<(String, RefOr<Schema>)> {
    let entries = map_of(base64("The entry's bytes."), "Named entries, or absent.");
    vec![
        object(
            "SecretValue",
            ObjectBuilder::new()
                .property("path", text("The secret."))
                .required("path")
                .property("version", number("The version that was read.", 1, i64::MAX))
                .required("version")
                .property("secretString", base64("The value, or absent."))
                .property("secretKeyValues", entries)
                .property("kmsKeyIdentity", text("The key that opened it."))
                .required("kmsKeyIdentity")
                .property("kmsKeyVersion", text("The version of that key."))
                .required("kmsKeyVersion"),
        ),
        object(
            "DecryptReply",
            ObjectBuilder::new()
                .property("plaintext", base64("The bytes that were encrypted."))
                .required("plaintext")
                .property("keyVersion", text("The version of the key that was used."))
                .required("keyVersion"),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn references(value: &serde_json::Value, found: &mut BTreeSet<String>) {
        match value {
            serde_json::Value::Object(map) => {
                if let Some(target) = map.get("$ref").and_then(|target| target.as_str()) {
                    found.insert(target.to_owned());
                }
                map.values().for_each(|inner| references(inner, found));
            }
            serde_json::Value::Array(items) => {
                items.iter().for_each(|inner| references(inner, found));
            }
            _ => {}
        }
    }

    #[test]
    fn every_reference_resolves_and_every_name_is_unique() {
        let all = schemas();
        let names: BTreeSet<String> = all
            .iter()
            .map(|(name, _)| format!("#/components/schemas/{name}"))
            .collect();
        assert_eq!(names.len(), all.len());
        let mut found = BTreeSet::new();
        for (_, schema) in &all {
            references(&serde_json::to_value(schema).unwrap(), &mut found);
        }
        assert!(found.len() > 5, "{found:?}");
        assert!(found.is_subset(&names), "{:?}", found.difference(&names));
    }

    #[test]
    fn names_are_those_of_the_contract() {
        let text = serde_json::to_string(&schemas()).unwrap();
        for name in [
            "kmsKeyIdentity",
            "createdAt",
            "rotationPeriodInDays",
            "eventID",
            "projectId",
        ] {
            assert!(text.contains(&format!("\"{name}\"")), "{name}");
        }
        assert!(!text.contains("\"created_at\""));
    }
}
