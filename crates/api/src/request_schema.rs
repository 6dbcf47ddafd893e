//! The schemas of the bodies of requests.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AllOfBuilder, Object, ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::schema::{ENTRY_NAME, object};
use crate::shape::{
    base64, description, key, labels, map, optional, optional_ref, path, text, whole, word,
};

pub(crate) type Named = (String, RefOr<Schema>);

/// Every request's schema by its name.
pub(crate) fn request_schemas() -> Vec<Named> {
    let mut all = secret_requests();
    all.push(token_request());
    all.push(unsealing());
    all
}

/// The three inputs of which a request gives exactly one.
fn value_inputs(builder: ObjectBuilder) -> ObjectBuilder {
    let entries = map(
        "Named entries, at most 256. One of three inputs.",
        256,
        ENTRY_NAME,
        base64("1 to 4096 bytes.", 1, 4096),
    );
    builder
        .property(
            "secretString",
            optional(base64(
                "The value, 1 to 4096 bytes. One of three inputs.",
                1,
                4096,
            )),
        )
        .property("secretKeyValues", optional(with_entries(entries)))
        .property("generateSecret", optional_ref("GenerateSecret"))
}

fn with_entries(mut entries: Object) -> Object {
    entries.min_properties = Some(1);
    entries
}

/// An object that has this field and means it, whatever else.
pub(crate) fn having(field: &str, kind: Type) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(field, ObjectBuilder::new().schema_type(kind))
        .required(field)
        .build()
}

fn one_input() -> Schema {
    let one = OneOfBuilder::new()
        .item(having("secretString", Type::String))
        .item(having("secretKeyValues", Type::Object))
        .item(having("generateSecret", Type::Object));
    Schema::OneOf(one.build())
}

fn with_one_input(name: &str, builder: ObjectBuilder) -> Named {
    let fields = value_inputs(builder).schema_type(Type::Object).build();
    let both = AllOfBuilder::new().item(fields).item(one_input()).build();
    (name.to_owned(), Schema::AllOf(both).into())
}

/// An object's schema under its name, where `null` counts as `{}`.
pub(crate) fn optional_object(name: &str, builder: ObjectBuilder) -> Named {
    let whole = optional(builder.schema_type(Type::Object).build());
    (name.to_owned(), whole.into())
}

fn policy() -> Schema {
    optional_ref("AccessPolicy")
}

pub(crate) fn metadata(builder: ObjectBuilder) -> ObjectBuilder {
    builder
        .property(
            "description",
            optional(description("What it is for; at most 1024 characters.")),
        )
        .property("labels", optional(labels("Labels, echoed exactly.")))
        .property(
            "annotations",
            optional(labels("Annotations, echoed exactly.")),
        )
}

fn repeated_path() -> Object {
    optional(path("If given, the same as in the URL."))
}

fn secret_requests() -> Vec<Named> {
    vec![
        with_one_input(
            "CreateSecret",
            metadata(ObjectBuilder::new())
                .property(
                    "path",
                    path("Where the secret will live, as in /app/db/password."),
                )
                .required("path")
                .property(
                    "kmsKeyIdentity",
                    key("Identity or slug of the protecting key."),
                )
                .required("kmsKeyIdentity")
                .property("accessPolicy", policy()),
        ),
        object(
            "GenerateSecret",
            ObjectBuilder::new().property(
                "byteLength",
                optional(whole("How many random bytes; 32 unless given.", 16, 4096)),
            ),
        ),
        with_one_input(
            "PutValue",
            ObjectBuilder::new().property("path", repeated_path()),
        ),
        optional_object(
            "GetValue",
            ObjectBuilder::new()
                .property("path", repeated_path())
                .property(
                    "version",
                    optional(whole("The current version unless given.", 1, i64::MAX)),
                ),
        ),
        object(
            "PolicyUpdate",
            ObjectBuilder::new()
                .property("accessPolicy", policy())
                .required("accessPolicy"),
        ),
    ]
}

fn unsealing() -> Named {
    let share = text("A share of the root key, one line: `strongroom-share-1:` and its digits.");
    object(
        "Unseal",
        ObjectBuilder::new()
            .property("share", share)
            .required("share"),
    )
}

fn token_request() -> Named {
    object(
        "TokenRequest",
        ObjectBuilder::new()
            .property(
                "grant_type",
                word(
                    "The way to a token.",
                    [
                        "client_credentials",
                        "urn:ietf:params:oauth:grant-type:token-exchange",
                    ],
                ),
            )
            .required("grant_type")
            .property("client_id", text("Unless sent by HTTP Basic."))
            .property("client_secret", text("Unless sent by HTTP Basic."))
            .property(
                "scope",
                text("Scopes, separated by blanks; openid asks for an ID token."),
            )
            .property(
                "audience",
                text("For an ID token: whom it is for; the client unless said."),
            )
            .property(
                "project",
                text("The project in which alone the token acts, by identity or slug; an ID token names it."),
            )
            .property(
                "subject_token",
                text("For an exchange: the foreign token, a JWT."),
            )
            .property(
                "subject_token_type",
                word(
                    "For an exchange: what it is; an ID token signs a person in.",
                    [
                        "urn:ietf:params:oauth:token-type:jwt",
                        "urn:ietf:params:oauth:token-type:id_token",
                    ],
                ),
            )
            .property(
                "organisation_id",
                text("For an exchange: the organisation, by identity or slug."),
            )
            .property(
                "service_account_id",
                text(
                    "For an exchange of a jwt: the service account to act as, by identity or slug.",
                ),
            )
            .property(
                "access_token_lifetime",
                text("For an exchange: as in `39600s` or `3600`; from a minute to a day."),
            ),
    )
}
