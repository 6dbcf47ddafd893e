//! The schemas of the bodies of requests about policies and access elevations (contract 4.4).

use utoipa::openapi::schema::{
    AdditionalProperties, Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, Schema, Type,
};

use crate::manage_schema::{naming, naming_change, time};
use crate::policy_schema::{address_range, list};
use crate::request_schema::{Named, metadata, optional_object};
use crate::schema::object;
use crate::shape::{description, flag, matching, name, optional, optional_ref, text, whole, word};

/// Every request's schema by its name.
pub(crate) fn iam_policy_requests() -> Vec<Named> {
    vec![
        object("CreateIamPolicy", policy(naming())),
        object("UpdateIamPolicy", policy(naming_change())),
        object("CreateIamPolicyBinding", binding()),
        object("UpdateIamPolicyBinding", ending(naming_change())),
        object("CreateAccessElevation", elevation()),
        optional_object("ReviewAccessElevation", review()),
        object("PolicyConditionals", conditionals()),
        (
            "ResourceTypeName".to_owned(),
            text("A resource type.").into(),
        ),
        (
            "IamPolicyCondition".to_owned(),
            Schema::OneOf(
                OneOfBuilder::new()
                    .item(address())
                    .item(time_of_day())
                    .build(),
            )
            .into(),
        ),
    ]
}

fn policy(described: ObjectBuilder) -> ObjectBuilder {
    described
        .property(
            "replicateToChildren",
            optional(flag("Whether it counts in the projects below, too.")),
        )
        .property("conditionals", optional_ref("PolicyConditionals"))
}

fn binding() -> ObjectBuilder {
    let described = metadata(ObjectBuilder::new())
        .property("name", optional(name("What it is called, or nothing.")))
        .property(
            "userIdentity",
            optional(text("The member who gets it. One of two.")),
        )
        .property(
            "serviceAccountIdentity",
            optional(text("The service account that gets it. One of two.")),
        );
    ending(described)
}

/// Something that can end.
fn ending(described: ObjectBuilder) -> ObjectBuilder {
    described
        .property(
            "expiresAt",
            optional(time("When it ends, which is in the future.")),
        )
        .property(
            "duration",
            optional(matching(
                "After which time it ends; instead of expiresAt.",
                "^([1-9][0-9]{0,2}[dhms])?$",
            )),
        )
}

fn elevation() -> ObjectBuilder {
    ending(metadata(ObjectBuilder::new()))
        .property("policyIdentity", text("The policy, by identity or slug."))
        .required("policyIdentity")
        .property("reason", description("Why it is needed; not empty."))
        .required("reason")
}

fn review() -> ObjectBuilder {
    ObjectBuilder::new().property(
        "reviewNote",
        optional(description(
            "Why it was decided so; at most 1024 characters.",
        )),
    )
}

fn closed() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}

fn conditions(what: &str) -> Array {
    ArrayBuilder::new()
        .items(Ref::from_schema_name("IamPolicyCondition"))
        .max_items(Some(64))
        .description(Some(what))
        .build()
}

fn conditionals() -> ObjectBuilder {
    closed()
        .property(
            "allowed",
            conditions("Where there are any, a call must meet one."),
        )
        .property("denied", conditions("A call must meet none."))
}

fn address() -> ObjectBuilder {
    closed()
        .property("type", word("By address.", ["ip"]))
        .required("type")
        .property("ips", list(address_range(), 1, 256))
        .required("ips")
}

fn time_of_day() -> ObjectBuilder {
    let window = closed()
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
    closed()
        .property("type", word("By time of day.", ["time"]))
        .required("type")
        .property("time", window)
        .required("time")
}
