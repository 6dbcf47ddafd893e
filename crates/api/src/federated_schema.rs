//! The schemas of requests for providers and federated identities.

use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};

use crate::federated_identity::{AudienceMode, MOST_AUDIENCES, SCOPES};
use crate::request_schema::{Named, metadata};
use crate::schema::object;
use crate::shape::{key, matching, name, optional, text, word};

/// What a name looks like that is not blank.
const VISIBLE: &str = r"\S";
/// An https URL without user and fragment; an issuer has no query either.
const HTTPS: &str = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[A-Za-z0-9/._~-]*)?$";

pub(crate) fn federated_requests() -> Vec<Named> {
    vec![
        object(
            "CreateFederatedProvider",
            provider()
                .required("name")
                .property(
                    "providerIssuer",
                    matching(
                        "The `iss` of its tokens; unique in the organisation.",
                        HTTPS,
                    ),
                )
                .required("providerIssuer"),
        ),
        object("UpdateFederatedProvider", provider()),
        object(
            "CreateFederatedIdentity",
            identity()
                .required("name")
                .property(
                    "serviceAccountIdentity",
                    key("The service account, by identity or slug."),
                )
                .required("serviceAccountIdentity")
                .property("providerIdentity", text("The provider, by identity."))
                .required("providerIdentity")
                .property(
                    "providerSubject",
                    matching(
                        "A pattern over `sub`; `*` is any run of characters.",
                        VISIBLE,
                    ),
                )
                .required("providerSubject")
                .required("trustedAudiences")
                .required("allowedScopes"),
        ),
        object(
            "UpdateFederatedIdentity",
            identity().property(
                "status",
                word("Revoked is for good.", ["active", "inactive", "revoked"]),
            ),
        ),
    ]
}

fn provider() -> ObjectBuilder {
    metadata(ObjectBuilder::new())
        .property("name", name("What people call it."))
        .property(
            "providerJwksUri",
            optional(text(
                "Where its keys are, instead of where its discovery document says.",
            )),
        )
        .property(
            "localJwks",
            document("Its public keys, as a JSON Web Key Set: then nothing is fetched."),
        )
        .property(
            "status",
            word("Whether its tokens count.", ["active", "inactive"]),
        )
}

fn identity() -> ObjectBuilder {
    let modes = AudienceMode::ALL.map(AudienceMode::as_str);
    metadata(ObjectBuilder::new())
        .property("name", name("What people call it."))
        .property(
            "trustedAudiences",
            list("The audiences that count.", MOST_AUDIENCES, text("An audience.")),
        )
        .property(
            "audienceMatchMode",
            word("How the token's audiences must meet the trusted ones.", modes),
        )
        .property(
            "allowedScopes",
            list(
                "What access tokens are limited to.",
                SCOPES.len(),
                word("A scope.", SCOPES),
            ),
        )
        .property("expiresAt", optional(text("When it ends, in the form of RFC 3339.")))
        .property(
            "conditions",
            document("What further claims must be: texts, which may hold `*`, numbers, flags, or arrays of these."),
        )
}

fn document(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .description(Some(what))
        .build()
}

fn list(what: &str, max: usize, item: Object) -> Schema {
    let items = ArrayBuilder::new()
        .items(item)
        .min_items(Some(1))
        .max_items(Some(max))
        .description(Some(what));
    Schema::Array(items.build())
}
