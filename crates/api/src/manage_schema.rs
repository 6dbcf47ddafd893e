//! The schemas of the bodies of requests about an organisation's directory (contract 4.4).

use strongroom_types::Networks;
use utoipa::openapi::Ref;
use utoipa::openapi::schema::{
    Array, ArrayBuilder, KnownFormat, Object, ObjectBuilder, SchemaFormat, SchemaType, Type,
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
        token_reply(),
        object("AddRule", rule()),
        object("CreateRoleBinding", binding()),
        object("AddTeamMember", team_member()),
        object("Explain", explain()),
        object("UpdateMembership", membership()),
        object("CreateInvite", invite()),
        object("AcceptInvite", acceptance()),
        invite_reply(),
        joined_reply(),
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
pub(crate) fn naming() -> ObjectBuilder {
    metadata(ObjectBuilder::new())
        .property(
            "name",
            name("What people will call it; 1 to 255 characters."),
        )
        .required("name")
}

pub(crate) fn naming_change() -> ObjectBuilder {
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

pub(crate) fn time(what: &str) -> Object {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some(what))
        .build()
}

fn access_credential() -> ObjectBuilder {
    ObjectBuilder::new()
        .property(
            "name",
            or_empty(optional(name("What it is called, or nothing."))),
        )
        .property("description", optional(description("What it is for.")))
        .property(
            "expiresAt",
            optional(time("When it ends; never, unless given.")),
        )
        .property(
            "scopes",
            maybe(scopes("What it is limited to; empty means nothing.")),
        )
        .property("allowedIps", maybe(networks()))
}

/// Also the empty text, and names that make no slug.
fn or_empty(mut text: Object) -> Object {
    text.min_length = None;
    text.pattern = Some(r"^[^\u0000-\u001f\u007f-\u009f]*$".to_owned());
    text
}

/// Also `null`, which is none.
fn maybe(mut list: Array) -> Array {
    list.schema_type = SchemaType::Array(vec![Type::Array, Type::Null]);
    list
}

fn networks() -> Array {
    ArrayBuilder::new()
        .items(text(
            "An address, or a range in CIDR notation such as 10.0.0.0/8.",
        ))
        .max_items(Some(Networks::MOST))
        .description(Some("Where it may be used from; empty means anywhere."))
        .build()
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
            maybe(scopes("What it is limited to; empty means nothing.")),
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
        .property("role", membership_role())
        .required("role")
}

fn membership_role() -> Object {
    let what = "OWNER holds everything, MEMBER what it is given.";
    word(what, ["OWNER", "MEMBER"])
}

fn invite() -> ObjectBuilder {
    let reference = |what| optional(text(what));
    ObjectBuilder::new()
        .property("email", email())
        .required("email")
        .property("role", optional(membership_role()))
        .property(
            "joinTeamOnAccept",
            reference("The team that they will join, by identity or slug."),
        )
        .property(
            "rolebindingOnAccept",
            reference(
                "The role that they will get, by identity, slug, or the name of a system one.",
            ),
        )
        .property(
            "expiresAt",
            optional(time(
                "When the invitation ends; after a week, unless given.",
            )),
        )
        .property(
            "duration",
            optional(text("After how long it ends, as in 24h or 7d.")),
        )
}

fn email() -> Object {
    let mut email = text("Whom: their e-mail address.");
    email.max_length = Some(254);
    email
}

fn acceptance() -> ObjectBuilder {
    ObjectBuilder::new()
        .property("code", text("The code of the invitation."))
        .required("code")
        .property(
            "name",
            optional(name("What you are called; your address, unless given.")),
        )
}

fn invite_reply() -> Named {
    object(
        "InviteReply",
        ObjectBuilder::new()
            .property("inviteCode", text("What names the invitation."))
            .required("inviteCode")
            .property("expiresAt", time("When it ends."))
            .required("expiresAt")
            .property(
                "acceptCode",
                text("What lets them in once, shown this once."),
            )
            .required("acceptCode"),
    )
}

fn joined_reply() -> Named {
    let membership = Ref::from_schema_name("Membership");
    object(
        "JoinedReply",
        ObjectBuilder::new()
            .property("membership", membership)
            .required("membership")
            .property("token", text("A personal access token, shown this once."))
            .required("token"),
    )
}

fn explain() -> ObjectBuilder {
    let given = |what| optional(text(what));
    ObjectBuilder::new()
        .property(
            "resource",
            text("The type of the thing, in the words of rules."),
        )
        .required("resource")
        .property(
            "permission",
            text("What is to be done to it, in the words of rules."),
        )
        .required("permission")
        .property(
            "resourceIdentity",
            given("The thing: a secret's path, else an identity or slug; any, unless given."),
        )
        .property(
            "userIdentity",
            given("The member whose rights it is about; the caller, unless given."),
        )
        .property(
            "serviceAccountIdentity",
            given("The service account whose rights it is about, instead of a member."),
        )
        .property(
            "projectIdentity",
            given(
                "In which project, by identity or slug; as the call's header says, unless given.",
            ),
        )
        .property(
            "region",
            given("Where secrets and keys are; the only region, unless given."),
        )
        .property(
            "clientIp",
            given("From which address; the call's own for the caller, unless given."),
        )
        .property("time", optional(time("When; now, unless given.")))
}

fn parent() -> Object {
    optional(text(
        "The project that it is part of, by identity or slug; empty means none.",
    ))
}

fn token_reply() -> Named {
    object(
        "PersonalTokenReply",
        ObjectBuilder::new()
            .property("identity", text("The token's identity."))
            .required("identity")
            .property("token", text("The token, shown this once."))
            .required("token")
            .property(
                "scopes",
                scopes("What it is limited to; empty means nothing."),
            )
            .required("scopes"),
    )
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
