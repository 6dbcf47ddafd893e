//! The schemas of access policies (contract 1.11, 6.1).

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{
    AdditionalProperties, AllOfBuilder, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder,
    OneOfBuilder, Ref, Schema, SchemaType, Type,
};

use crate::schema::object;
use crate::shape::{matching, optional, text, whole, word};

/// The schema of a policy and of its parts, by their names.
pub(crate) fn policy_schemas() -> Vec<(String, RefOr<Schema>)> {
    vec![
        ("AccessPolicy".to_owned(), policy()),
        ("PolicyCondition".to_owned(), condition()),
        object("PolicyStatement", statement()),
    ]
}

/// A policy: nothing, or at least one field that is known.
fn policy() -> RefOr<Schema> {
    let fields = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property(
            "conditions",
            optional_list(Ref::from_schema_name("PolicyCondition"), 64),
        )
        .property(
            "statements",
            optional_list(Ref::from_schema_name("PolicyStatement"), 64),
        );
    let blank = ObjectBuilder::new()
        .schema_type(Type::Object)
        .max_properties(Some(0));
    let known = ["conditions", "statements", "conditionals"]
        .into_iter()
        .fold(AnyOfBuilder::new().item(blank), |any, field| {
            any.item(
                ObjectBuilder::new()
                    .schema_type(Type::Object)
                    .required(field),
            )
        });
    let policy = AllOfBuilder::new()
        .item(fields)
        .item(Schema::AnyOf(known.build()))
        .description(Some(
            "Conditions on address and time, and statements per action and principal. \
             Echoed exactly as given; `null` or an empty object clears it. `conditionals` \
             spells conditions as role bindings do.",
        ));
    Schema::AllOf(policy.build()).into()
}

pub(crate) fn list(of: impl Into<RefOr<Schema>>, min: usize, max: usize) -> ArrayBuilder {
    ArrayBuilder::new()
        .items(of.into())
        .min_items(Some(min))
        .max_items(Some(max))
}

/// A list that can be empty, or `null`.
fn optional_list(of: impl Into<RefOr<Schema>>, max: usize) -> ArrayBuilder {
    list(of, 0, max).schema_type(SchemaType::Array(vec![Type::Array, Type::Null]))
}

fn effect() -> Object {
    word("In any case.", ["Allow", "Deny", "allow", "deny"])
}

fn closed() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

/// An address, or a range of them.
pub(crate) fn address_range() -> Object {
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
    const GROUP: &str = "[0-9a-fA-F]{1,4}";
    let four = format!(r"{OCTET}(\.{OCTET}){{3}}(/(3[0-2]|[12]?[0-9]))?");
    let six = format!("({GROUP}:){{1,6}}(:{GROUP}|:)(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?");
    matching("An address or a range.", format!("^({four}|{six})$"))
}

fn condition() -> RefOr<Schema> {
    let address = closed()
        .property("type", word("By address.", ["ip"]))
        .required("type")
        .property("effect", effect())
        .required("effect")
        .property("cidrs", list(address_range(), 1, 256))
        .required("cidrs");
    let time = closed()
        .property("type", word("By time of day.", ["time"]))
        .required("type")
        .property("effect", effect())
        .required("effect")
        .property("startHour", whole("Where the window begins.", 0, 23))
        .required("startHour")
        .property(
            "endHour",
            whole("Where it ends; not where it begins.", 0, 24),
        )
        .required("endHour")
        .property(
            "timezone",
            optional(text("A name of the tz database; UTC unless given.")),
        );
    Schema::OneOf(OneOfBuilder::new().item(address).item(time).build()).into()
}

fn statement() -> ObjectBuilder {
    let actions = word(
        "An action, in any of the words that clients use for it.",
        [
            "*",
            "secrets:*",
            "getSecretValue",
            "secrets:get-value",
            "secrets:getSecretValue",
            "get-value",
            "read",
            "putSecretValue",
            "secrets:put-value",
            "secrets:putSecretValue",
            "put-value",
            "write",
            "update",
        ],
    );
    let principals = matching(
        "`*`, `user:`, `team:` or `service-account:` with an identity or a name.",
        r"^(\*|(user|team|service-account|serviceAccount|sa):[a-z0-9][a-z0-9._-]{0,254})$",
    );
    closed()
        .property("effect", effect())
        .required("effect")
        .property("actions", optional_list(actions, 256))
        .property("principals", optional_list(principals, 256))
}
