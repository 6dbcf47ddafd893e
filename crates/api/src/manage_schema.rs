//! The schemas of the bodies of requests about an organisation's directory (contract 4.4).

use utoipa::openapi::schema::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, Type,
};

use crate::naming::SCOPES;
use crate::request_schema::{Named, metadata, optional_object};
use crate::schema::object;
use crate::shape::{description, name, optional, text, word};

/// Every request's schema by its name.
pub(crate) fn manage_requests() -> Vec<Named> {
    vec![
        object("Naming", naming()),
        optional_object("NamingChange", naming_change()),
        optional_object("CreateAccessCredential", access_credential()),
        credential_reply(),
        object("AddRule", rule()),
        object("CreateRoleBinding", binding()),
        object("AddTeamMember", team_member()),
        object("UpdateMembership", membership()),
        object(
            "CreateProject",
            naming().property("parentProjectIdentity", parent()),
        ),
        optional_object(
            "UpdateProject",
            naming_change().property("parentProjectIdentity", parent()),
        ),
    ]
}

/// A new thing, with its name and all that is said about it.
fn naming() -> ObjectBuilder {
    metadata(ObjectBuilder::new())
        .property(
            "name",
            name("What people will call it; 1 to 255 characters."),
        )
        .required("name")
}

fn naming_change() -> ObjectBuilder {
    metadata(ObjectBuilder::new()).property(
        "name",
        optional(name("What people will call it; as before unless given.")),
    )
}

fn scopes(what: &str) -> Array {
    ArrayBuilder::new()
        .items(word("A scope.", SCOPES))
        .max_items(Some(SCOPES.len()))
        .description(Some(what))
        .build()
}

fn time(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(what))
        .build()
}

fn access_credential() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("name", optional(name("What it is called, or nothing.")))
        .property("description", optional(description("What it is for.")))
        .property(
            "expiresAt",
            optional(time("When it ends; never, unless given.")),
        )
        .property(
            "scopes",
            scopes("What it is limited to; empty means nothing."),
        )
}

fn words(what: &str, max: usize) -> Array {
    ArrayBuilder::new()
        .items(text("A word or pattern."))
        .max_items(Some(max))
        .description(Some(what))
        .build()
}

fn rule() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("resources", words("Resource types; `*` means all.", 64))
        .required("resources")
        .property(
            "resourceIdentities",
            words("Names or patterns; none means all.", 256),
        )
        .property("permissions", words("Permissions; `*` means all.", 64))
        .required("permissions")
        .property("note", optional(description("Why it is there.")))
}

fn binding() -> ObjectBuilder {
    let grantee = |what| optional(text(what));
    metadata(ObjectBuilder::new())
        .property("name", optional(name("What it is called, or nothing.")))
        .property(
            "userIdentity",
            grantee("The member who gets it. One of three."),
        )
        .property(
            "teamIdentity",
            grantee("The team that gets it. One of three."),
        )
        .property(
            "serviceAccountIdentity",
            grantee("The service account that gets it. One of three."),
        )
        .property(
            "scopes",
            scopes("What it is limited to; empty means nothing."),
        )
}

fn team_member() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("userIdentity", text("The member who joins."))
        .required("userIdentity")
        .property(
            "role",
            optional(text("What they are in it: a word that decides nothing.")),
        )
}

fn membership() -> ObjectBuilder {
    ObjectBuilder::new()
        .property(
            "role",
            word(
                "OWNER holds everything, MEMBER what it is given.",
                ["OWNER", "MEMBER"],
            ),
        )
        .required("role")
}

fn parent() -> Object {
    optional(text(
        "The project that it is part of, by identity or slug; empty means none.",
    ))
}

fn credential_reply() -> Named {
    object(
        "AccessCredentialReply",
        ObjectBuilder::new()
            .property("identity", text("The credential."))
            .required("identity")
            .property("accessKey", text("The client id."))
            .required("accessKey")
            .property("accessSecret", text("The client secret, shown this once."))
            .required("accessSecret")
            .property(
                "scopes",
                scopes("What it is limited to; empty means nothing."),
            )
            .required("scopes"),
    )
}
