//! The schemas of requests for providers and federated identities.

use utoipa::openapi::schema::{ArrayBuilder, Object, ObjectBuilder, Schema, SchemaType, Type};

use crate::federated_identity::{AudienceMode, MOST_AUDIENCES};
use crate::naming::SCOPES;
use crate::request_schema::{Named, metadata, optional_object};
use crate::schema::object;
use crate::shape::{key, matching, optional, text, word};

/// A line or some, not all blank.
const NAME: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*$";
/// A pattern over subjects.
const SUBJECT: &str = r"^[^\u0000-\u001f\u007f-\u009f]+$";
/// A client at a provider, or none.
const CLIENT: &str = r"^[!-~]{0,255}$";
/// A scope.
const SCOPE: &str = r"^[!#-\[\]-~]{1,255}$";
/// An https URL without user and fragment; an issuer has no query either.
const HTTPS: &str = r"^https://[A-Za-z0-9.-]+(:[0-9]{1,4})?(/[A-Za-z0-9/._~-]*)?$";

pub(crate) fn federated_requests() -> Vec<Named> {
    vec![
        object("CreateFederatedProvider", create_provider()),
        optional_object(
            "UpdateFederatedProvider",
            provider().property("name", optional(name())),
        ),
        object("CreateFederatedIdentity", create_identity()),
        optional_object("UpdateFederatedIdentity", update_identity()),
    ]
}

fn name() -> Object {
    let mut name = matching("What people call it.", NAME);
    (name.min_length, name.max_length) = (Some(1), Some(255));
    name
}

/// One of some words; an empty text counts as not given.
fn choice<'a>(what: &str, words: impl IntoIterator<Item = &'a str>) -> Object {
    optional(word(what, words.into_iter().chain([""])))
}

fn provider() -> ObjectBuilder {
    metadata(ObjectBuilder::new())
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
            choice("Whether its tokens count.", ["active", "inactive"]),
        )
        .property("signIn", sign_in())
}

fn sign_in() -> Object {
    let scopes = ArrayBuilder::new()
        .items(matching("A scope.", SCOPE))
        .min_items(Some(1))
        .max_items(Some(16))
        .description(Some(
            "What to ask for, openid among it; openid and email unless given.",
        ));
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .property(
            "clientId",
            optional(matching(
                "The public client of the command line; empty ends signing in.",
                CLIENT,
            )),
        )
        .property("scopes", scopes)
        .property(
            "verifiedClaim",
            optional(matching(
                "The claim that vouches for the e-mail address, if not email_verified.",
                CLIENT,
            )),
        )
        .description(Some("How people sign in through it."))
        .build()
}

fn create_provider() -> ObjectBuilder {
    let issuer = "The `iss` of its tokens; unique in the organisation.";
    provider()
        .property("name", name())
        .required("name")
        .property("providerIssuer", matching(issuer, HTTPS))
        .required("providerIssuer")
}

fn identity() -> ObjectBuilder {
    let modes = AudienceMode::ALL.map(AudienceMode::as_str);
    metadata(ObjectBuilder::new())
        .property(
            "audienceMatchMode",
            choice(
                "How the token's audiences must meet the trusted ones; `any` unless given.",
                modes,
            ),
        )
        .property(
            "expiresAt",
            optional(text("When it ends, in the form of RFC 3339.")),
        )
        .property(
            "conditions",
            document(
                "What further claims must be: texts, which may hold `*`, numbers, flags, or arrays \
                 of these.",
            ),
        )
}

fn create_identity() -> ObjectBuilder {
    let (account, subject) = (
        "The service account, by identity or slug.",
        "A pattern over `sub`; `*` is any run of characters.",
    );
    identity()
        .property("name", name())
        .required("name")
        .property("serviceAccountIdentity", key(account))
        .required("serviceAccountIdentity")
        .property("providerIdentity", text("The provider, by identity."))
        .required("providerIdentity")
        .property("providerSubject", matching(subject, SUBJECT))
        .required("providerSubject")
        .property("trustedAudiences", audiences(Type::Array.into()))
        .required("trustedAudiences")
        .property("allowedScopes", scopes(Type::Array.into()))
        .required("allowedScopes")
}

fn update_identity() -> ObjectBuilder {
    let kept = || SchemaType::Array(vec![Type::Array, Type::Null]);
    let statuses = ["active", "inactive", "revoked"];
    identity()
        .property("name", optional(name()))
        .property("trustedAudiences", audiences(kept()))
        .property("allowedScopes", scopes(kept()))
        .property("status", choice("Revoked is for good.", statuses))
}

fn audiences(kind: SchemaType) -> Schema {
    let item = matching("An audience.", SUBJECT);
    list("The audiences that count.", MOST_AUDIENCES, item, kind)
}

fn scopes(kind: SchemaType) -> Schema {
    let item = word("A scope.", SCOPES);
    list(
        "What access tokens are limited to.",
        SCOPES.len(),
        item,
        kind,
    )
}

fn document(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Array(vec![Type::Object, Type::Null]))
        .description(Some(what))
        .build()
}

fn list(what: &str, max: usize, item: Object, kind: SchemaType) -> Schema {
    let items = ArrayBuilder::new()
        .schema_type(kind)
        .items(item)
        .min_items(Some(1))
        .max_items(Some(max))
        .description(Some(what));
    Schema::Array(items.build())
}
