//! The schemas of every body, for the OpenAPI document.
//!
//! Replies derive theirs; requests and bodies with secrets, which serde never sees, are described
//! by hand: requests in `request_schema`, access policies in `policy_schema`.

use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, ObjectBuilder, Ref, Schema, Type};

use crate::federated_schema::federated_requests;
use crate::iam_policy_schema::iam_policy_requests;
use crate::key_schema::key_requests;
use crate::manage_schema::manage_requests;
use crate::policy_schema::policy_schemas;
use crate::request_schema::request_schemas;
use crate::shape::{base64, map, text, whole};
use crate::{
    AccessCredential, AppUser, AuditEntry, AuditPage, AuditPrincipal, BatchAnswer, BatchReply,
    Browse, Described, EncryptReply, ErrorBody, ExplainedBinding, ExplainedPolicy,
    ExplainedPrincipal, ExplainedRule, Explanation, FederatedIdentity, FederatedProvider,
    HmacReply, Invite, IssuerDiscovery, JsonWebKey, JsonWebKeySet, KmsKey, KmsKeyVersion,
    Membership, MissingRight, NamedRef, Organisation, PersonalToken, Project, PublicKeys, PutReply,
    Region, RegionRef, Role, RoleBinding, RoleRule, SealStatus, Secret, SecretVersion,
    ServiceAccount, ServiceAccountRef, SignReply, Summary, SummaryRegion, Team, TeamMember, Time,
    TokenRefusal, TokenReply, VerifyReply, WrappingKey,
};
use crate::{
    AccessElevation, IamPolicy, IamPolicyBinding, ProjectMember, ProjectMemberAccess,
    ResourceAccess, ResourceAccessBinding,
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
        named::<SignReply>(),
        named::<VerifyReply>(),
        named::<HmacReply>(),
        named::<PublicKeys>(),
        named::<WrappingKey>(),
        named::<BatchReply>(),
        named::<BatchAnswer>(),
        named::<AuditPage>(),
        named::<AuditEntry>(),
        named::<AuditPrincipal>(),
        named::<TokenReply>(),
        named::<TokenRefusal>(),
        named::<IssuerDiscovery>(),
        named::<JsonWebKeySet>(),
        named::<JsonWebKey>(),
        named::<SealStatus>(),
        named::<Described>(),
        named::<AppUser>(),
        named::<ServiceAccount>(),
        named::<NamedRef>(),
        named::<Role>(),
        named::<RoleRule>(),
        named::<RoleBinding>(),
        named::<Team>(),
        named::<TeamMember>(),
        named::<Membership>(),
        named::<Organisation>(),
        named::<Invite>(),
        named::<Project>(),
        named::<PersonalToken>(),
        named::<AccessCredential>(),
        named::<FederatedProvider>(),
        named::<FederatedIdentity>(),
        named::<ServiceAccountRef>(),
        named::<Explanation>(),
        named::<ExplainedPrincipal>(),
        named::<ExplainedRule>(),
        named::<ExplainedBinding>(),
        named::<ExplainedPolicy>(),
        named::<MissingRight>(),
        named::<crate::SignIn>(),
        named::<crate::SignInOptions>(),
        named::<crate::SignInProvider>(),
    ];
    all.extend(request_schemas());
    all.extend(key_requests());
    all.extend(manage_requests());
    all.extend(federated_requests());
    all.extend(iam_policy_replies());
    all.extend(iam_policy_requests());
    all.extend(policy_schemas());
    all.extend(values());
    all.extend(key_values());
    all
}

/// What calls about policies and access elevations answer.
fn iam_policy_replies() -> Vec<(String, RefOr<Schema>)> {
    vec![
        named::<IamPolicy>(),
        named::<IamPolicyBinding>(),
        named::<AccessElevation>(),
        named::<ProjectMember>(),
        named::<ProjectMemberAccess>(),
        named::<ResourceAccess>(),
        named::<ResourceAccessBinding>(),
    ]
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

/// An object's schema under its name.
pub(crate) fn object(name: &str, builder: ObjectBuilder) -> (String, RefOr<Schema>) {
    (
        name.to_owned(),
        builder.schema_type(Type::Object).build().into(),
    )
}

/// What an entry of a key-value secret can be called.
pub(crate) const ENTRY_NAME: &str = "^[A-Za-z0-9_.-]{1,128}$";

fn values() -> Vec<(String, RefOr<Schema>)> {
    let entries = map(
        "Named entries, or absent.",
        256,
        ENTRY_NAME,
        base64("The entry's bytes.", 1, 4096),
    );
    vec![object(
        "SecretValue",
        ObjectBuilder::new()
            .property("path", text("The secret."))
            .required("path")
            .property("version", whole("The version that was read.", 1, i64::MAX))
            .required("version")
            .property("secretString", base64("The value, or absent.", 0, 4096))
            .property("secretKeyValues", entries)
            .property("kmsKeyIdentity", text("The key that opened it."))
            .required("kmsKeyIdentity")
            .property("kmsKeyVersion", text("The version of that key."))
            .required("kmsKeyVersion"),
    )]
}

/// What key operations answer with that must not be kept.
fn key_values() -> Vec<(String, RefOr<Schema>)> {
    vec![
        object(
            "DecryptReply",
            ObjectBuilder::new()
                .property(
                    "plaintext",
                    base64("The bytes that were encrypted.", 0, 65_535),
                )
                .required("plaintext")
                .property("keyVersion", text("The version of the key that was used."))
                .required("keyVersion"),
        ),
        object(
            "DecryptBatchReply",
            ObjectBuilder::new()
                .property("items", Array::new(Ref::from_schema_name("DecryptAnswer")))
                .required("items"),
        ),
        object(
            "DecryptAnswer",
            ObjectBuilder::new()
                .property("plaintext", base64("What was encrypted.", 0, 65_535))
                .property("keyVersion", text("The version of the key that was used."))
                .property(
                    "code",
                    text("Why there is no plaintext: a code of the catalogue."),
                )
                .property("message", text("Why there is no plaintext, for people.")),
        ),
        object(
            "ExportReply",
            ObjectBuilder::new()
                .property(
                    "keyMaterial",
                    base64("Raw bytes, or a PKCS#8 document in PEM.", 16, 8192),
                )
                .required("keyMaterial")
                .property("keyVersion", text("The version that this is."))
                .required("keyVersion"),
        ),
        object(
            "DataKey",
            ObjectBuilder::new()
                .property(
                    "plaintext",
                    base64(
                        "The key; absent where only its wrapped form was asked for.",
                        16,
                        128,
                    ),
                )
                .property("ciphertext", text("The key, encrypted with this one."))
                .required("ciphertext")
                .property("keyVersion", text("The version of the key that was used."))
                .required("keyVersion"),
        ),
        object(
            "RandomBytes",
            ObjectBuilder::new()
                .property("randomBytes", base64("The bytes.", 1, 65_535))
                .required("randomBytes"),
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
