//! The API's description (OpenAPI 3.1), made from the table of routes.

use strongroom_api::schemas;
use utoipa::openapi::path::PathItem;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder};

use super::endpoint::{Endpoint, endpoints};

/// The document, as JSON.
pub fn document() -> String {
    // The document is made of plain data, which always serialises.
    serde_json::to_string(&describe()).unwrap_or_default()
}

fn describe() -> OpenApi {
    let routes = super::routes();
    let mut paths = PathsBuilder::new();
    for one in endpoints(&routes) {
        paths = paths.path(one.path(), PathItem::new(one.method(), one.operation()));
    }
    for route in super::sealed::described() {
        let one = Endpoint::alone(&route);
        paths = paths.path(one.path(), PathItem::new(one.method(), one.operation()));
    }
    let mut components = ComponentsBuilder::new();
    for (name, schema) in schemas() {
        components = components.schema(name, schema);
    }
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "A personal access token, or an access token from /oidc/token.",
        ))
        .build();
    let basic = HttpBuilder::new()
        .scheme(HttpAuthScheme::Basic)
        .description(Some("A service account's access key and secret."))
        .build();
    let token = ApiKeyValue::with_description(
        "Authorization",
        "`Token` followed by a token, as some clients send it.",
    );
    let components = components
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("basic", SecurityScheme::Http(basic))
        .security_scheme("token", SecurityScheme::ApiKey(ApiKey::Header(token)))
        .build();
    let info = InfoBuilder::new()
        .title("Strongroom")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("Secrets Manager and Key Management Service."))
        .build();
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components))
        .build()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn parsed() -> Value {
        serde_json::from_str(&document()).unwrap()
    }

    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|inner| references(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| references(inner, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_resolves() {
        let document = parsed();
        let mut found = BTreeSet::new();
        references(&document, &mut found);
        assert!(found.len() > 20, "{found:?}");
        for reference in found {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_route_is_described_once() {
        let document = parsed();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
        let mut names = BTreeSet::new();
        let routes = crate::http::routes();
        for route in routes.table().filter(|route| route.only_with.is_none()) {
            let path = route.template.replace("secret{path}", "secret/{path}");
            let item = &document["paths"][path];
            let operation = &item[route.method.as_str().to_lowercase()];
            assert_eq!(operation["operationId"], route.name, "{}", route.template);
            assert!(names.insert(route.name), "{} is there twice", route.name);
            assert!(route.about.ends_with('.'), "{}", route.name);
            let answers = operation["responses"].as_object().unwrap();
            assert!(
                answers.contains_key(route.success.as_str()),
                "{}",
                route.name
            );
            let secured = operation.get("security").is_some();
            assert_eq!(secured, route.action.is_some(), "{}", route.name);
        }
        let described: usize = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .map(|item| item.as_object().unwrap().len())
            .sum();
        let about_the_seal = crate::http::sealed::described();
        for route in &about_the_seal {
            let method = route.method.as_str().to_lowercase();
            let operation = &document["paths"][route.template][method];
            assert_eq!(operation["operationId"], route.name);
            let refusals = &operation["responses"];
            for status in ["404", "429", "503"] {
                assert!(refusals[status].is_object(), "{}: {status}", route.name);
            }
        }
        assert_eq!(described, names.len() + about_the_seal.len());
    }

    #[test]
    fn routes_that_share_a_url_are_described_together() {
        let document = parsed();
        let both = &document["paths"]["/v1/secrets/{region}/secrets"]["get"];
        let names: Vec<_> = both["parameters"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, ["path", "limit", "after", "pathPrefix"]);
        let replies = &both["responses"]["200"]["content"]["application/json"]["schema"]["oneOf"];
        assert_eq!(replies[0]["$ref"], "#/components/schemas/Browse");
        assert_eq!(replies[1]["items"]["$ref"], "#/components/schemas/Secret");
        let about = both["summary"].as_str().unwrap();
        assert!(about.contains("`pathPrefix`"), "{about}");
    }

    /// The contract's tables 1.1, 2.1 and 4.4, and our own routes of docs/kms.md.
    #[test]
    fn the_routes_are_those_of_the_contract() {
        let routes = crate::http::routes();
        let table: Vec<String> = routes
            .table()
            .map(|route| {
                let action = route.action.map_or("-", |action| action.name);
                format!(
                    "{} {} {} {action}",
                    route.method,
                    route.template,
                    route.success.as_u16()
                )
            })
            .collect();
        assert_eq!(
            table,
            [
                "GET /v1/secrets/{region}/secrets 200 ListSecrets",
                "GET /v1/secrets/{region}/secrets 200 BrowseSecrets",
                "POST /v1/secrets/{region}/secrets 201 CreateSecret",
                "GET /v1/secrets/{region}/secret{path} 200 ReadSecret",
                "PUT /v1/secrets/{region}/secret{path}/policy 200 UpdateSecretPolicy",
                "POST /v1/secrets/{region}/secret{path}/versions 200 PutSecretValue",
                "POST /v1/secrets/{region}/secret{path}/value 200 ReadSecretValue",
                "DELETE /v1/secrets/{region}/secret{path}/versions 204 DestroySecretVersion",
                "DELETE /v1/secrets/{region}/secret{path} 204 DeleteSecret",
                "GET /v1/kms/summary 200 ReadKmsSummary",
                "GET /v1/kms/{region}/keys 200 ListKeys",
                "POST /v1/kms/{region}/keys 201 CreateKey",
                "GET /v1/kms/{region}/keys/{id} 200 ReadKey",
                "GET /v1/kms/{region}/wrapping-key 200 ReadWrappingKey",
                "GET /v1/kms/{region}/keys/{id}/public-key 200 ReadPublicKey",
                "POST /v1/kms/{region}/keys/{id}/encrypt 200 EncryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/decrypt 200 DecryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/sign 200 SignWithKey",
                "POST /v1/kms/{region}/keys/{id}/verify 200 VerifyWithKey",
                "POST /v1/kms/{region}/keys/{id}/hmac 200 HmacWithKey",
                "POST /v1/kms/{region}/keys/{id}/verify-hmac 200 VerifyHmacWithKey",
                "POST /v1/kms/{region}/keys/{id}/export 200 ExportKey",
                "PATCH /v1/kms/{region}/keys/{id}/rotation 200 ConfigureKeyRotation",
                "POST /v1/kms/{region}/keys/{id}/rotate 200 RotateKey",
                "POST /v1/kms/{region}/keys/{id}/disable 200 DisableKey",
                "POST /v1/kms/{region}/keys/{id}/enable 200 EnableKey",
                "DELETE /v1/kms/{region}/keys/{id} 200 DeleteKey",
                "DELETE /v1/kms/{region}/keys/{id}/cancel-deletion 200 CancelKeyDeletion",
                "POST /v1/kms/{region}/keys/{id}/encrypt-batch 200 EncryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/decrypt-batch 200 DecryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/sign-batch 200 SignWithKey",
                "POST /v1/kms/{region}/keys/{id}/verify-batch 200 VerifyWithKey",
                "POST /v1/kms/{region}/keys/{id}/reencrypt 200 ReencryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/data-key 200 EncryptWithKey",
                "POST /v1/kms/{region}/random 200 DrawRandomBytes",
                "GET /v1/audit 200 ListAudit",
                "GET /v1/audit/{eventID} 200 ReadAuditEntry",
                "GET /v1/regions 200 ListRegions",
                "GET /v1/service-accounts 200 ListServiceAccounts",
                "POST /v1/service-accounts 201 CreateServiceAccount",
                "GET /v1/service-accounts/{id} 200 ReadServiceAccount",
                "PUT /v1/service-accounts/{id} 200 UpdateServiceAccount",
                "DELETE /v1/service-accounts/{id} 204 DeleteServiceAccount",
                "GET /v1/service-accounts/{id}/access-credentials 200 ListAccessCredentials",
                "POST /v1/service-accounts/{id}/access-credentials 201 CreateAccessCredential",
                "DELETE /v1/service-accounts/{id}/access-credentials/{cid} 204 DeleteAccessCredential",
                "GET /v1/iam/roles 200 ListRoles",
                "POST /v1/iam/roles 201 CreateRole",
                "GET /v1/iam/roles/{id} 200 ReadRole",
                "DELETE /v1/iam/roles/{id} 204 DeleteRole",
                "POST /v1/iam/roles/{id}/rules 201 AddRoleRule",
                "DELETE /v1/iam/roles/{id}/rules/{rid} 204 RemoveRoleRule",
                "GET /v1/iam/roles/{id}/bindings 200 ListRoleBindings",
                "POST /v1/iam/roles/{id}/bindings 201 CreateRoleBinding",
                "DELETE /v1/iam/roles/{id}/bindings/{bid} 204 DeleteRoleBinding",
                "GET /v1/teams 200 ListTeams",
                "POST /v1/teams 201 CreateTeam",
                "GET /v1/teams/{id} 200 ReadTeam",
                "PUT /v1/teams/{id} 200 UpdateTeam",
                "DELETE /v1/teams/{id} 204 DeleteTeam",
                "POST /v1/teams/{id}/members 201 AddTeamMember",
                "DELETE /v1/teams/{id}/members/{mid} 204 RemoveTeamMember",
                "GET /v1/memberships 200 ListMembers",
                "PUT /v1/memberships/{mid} 200 UpdateMember",
                "DELETE /v1/memberships/{mid} 204 DeleteMember",
                "DELETE /v1/memberships/{mid}/sign-ins 204 EndMemberSignIns",
                "GET /v1/me/organisation-memberships 200 ListOwnMemberships",
                "DELETE /v1/me/sign-ins 204 EndOwnSignIns",
                "GET /v1/invites 200 ListInvites",
                "POST /v1/invites 201 CreateInvite",
                "DELETE /v1/invites/{invite} 204 WithdrawInvite",
                "POST /v1/invites/accept 201 -",
                "GET /v1/me/personal-access-tokens 200 ListOwnTokens",
                "POST /v1/me/personal-access-tokens 201 CreateOwnToken",
                "DELETE /v1/me/personal-access-tokens/{tid} 204 RevokeOwnToken",
                "POST /v1/iam/explain 200 ExplainRights",
                "GET /v1/projects 200 ListProjects",
                "POST /v1/projects 201 CreateProject",
                "GET /v1/projects/{id} 200 ReadProject",
                "PUT /v1/projects/{id} 200 UpdateProject",
                "DELETE /v1/projects/{id} 204 DeleteProject",
                "GET /v1/projects/iam/policies 200 ListPolicies",
                "POST /v1/projects/iam/policies 201 CreatePolicy",
                "GET /v1/projects/iam/policies/resources 200 ListPolicyResources",
                "GET /v1/projects/iam/policies/members 200 ListPolicyMembers",
                "GET /v1/projects/iam/policies/{id} 200 ReadPolicy",
                "PUT /v1/projects/iam/policies/{id} 200 UpdatePolicy",
                "DELETE /v1/projects/iam/policies/{id} 204 DeletePolicy",
                "POST /v1/projects/iam/policies/{id}/rules 201 AddPolicyRule",
                "DELETE /v1/projects/iam/policies/{id}/rules/{rid} 204 RemovePolicyRule",
                "GET /v1/projects/iam/policies/{id}/bindings 200 ListPolicyBindings",
                "POST /v1/projects/iam/policies/{id}/bindings 201 CreatePolicyBinding",
                "PUT /v1/projects/iam/policies/{id}/bindings/{bid} 200 UpdatePolicyBinding",
                "DELETE /v1/projects/iam/policies/{id}/bindings/{bid} 204 DeletePolicyBinding",
                "GET /v1/projects/iam/access-bindings 200 ListAccessBindings",
                "GET /v1/projects/iam/my-access-elevations 200 ListOwnElevations",
                "POST /v1/projects/iam/my-access-elevations 201 RequestElevation",
                "GET /v1/projects/iam/my-access-elevations/{id} 200 ReadOwnElevation",
                "POST /v1/projects/iam/my-access-elevations/{id}/cancel 200 CancelElevation",
                "GET /v1/projects/iam/access-elevations 200 ListElevations",
                "GET /v1/projects/iam/access-elevations/{id} 200 ReadElevation",
                "POST /v1/projects/iam/access-elevations/{id}/approve 200 ApproveElevation",
                "POST /v1/projects/iam/access-elevations/{id}/reject 200 RejectElevation",
                "POST /v1/projects/iam/access-elevations/{id}/revoke 200 RevokeElevation",
                "GET /v1/federated-identity-providers 200 ListFederatedProviders",
                "POST /v1/federated-identity-providers 201 CreateFederatedProvider",
                "GET /v1/federated-identity-providers/{provider} 200 ReadFederatedProvider",
                "PUT /v1/federated-identity-providers/{provider} 200 UpdateFederatedProvider",
                "DELETE /v1/federated-identity-providers/{provider} 204 DeleteFederatedProvider",
                "GET /v1/federated-identities 200 ListFederatedIdentities",
                "POST /v1/federated-identities 201 CreateFederatedIdentity",
                "GET /v1/federated-identities/{federated} 200 ReadFederatedIdentity",
                "PUT /v1/federated-identities/{federated} 200 UpdateFederatedIdentity",
                "DELETE /v1/federated-identities/{federated} 204 DeleteFederatedIdentity",
                "GET /v1/sign-in 200 -",
                "POST /oidc/token 200 -",
                "GET /.well-known/openid-configuration 200 -",
                "GET /.well-known/jwks.json 200 -",
                "GET /healthz 200 -",
                "GET /readyz 200 -",
                "GET /openapi.json 200 -",
            ]
        );
    }

    #[test]
    fn everything_of_an_organisation_needs_permission_and_its_gates() {
        let routes = crate::http::routes();
        for route in routes
            .table()
            .filter(|route| route.template.starts_with("/v1/"))
            // Whoever wants to come in has no credential yet.
            .filter(|route| !["/v1/sign-in", "/v1/invites/accept"].contains(&route.template))
        {
            assert!(route.action.is_some(), "{}", route.template);
            let gated = ["{region}", "/projects/iam/"];
            let gated = gated.iter().any(|part| route.template.contains(part));
            assert_eq!(!route.gates.is_empty(), gated, "{}", route.template);
        }
    }
}
