//! The API's description (OpenAPI 3.1), made from the table of routes.

use http::Method;
use strongroom_api::{ErrorCode, schemas};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{Array, ComponentsBuilder, ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Content, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathsBuilder, RefOr, Required,
    ResponseBuilder,
};

use super::route::{Answer, Parameter, Route};

/// The document, as JSON.
pub fn document() -> String {
    // The document is made of plain data, which always serialises.
    serde_json::to_string(&describe()).unwrap_or_default()
}

fn describe() -> OpenApi {
    let routes = super::routes();
    let mut paths = PathsBuilder::new();
    for route in routes.table() {
        paths = paths.path(
            path(route),
            PathItem::new(method(&route.method), operation(route)),
        );
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

/// A route's URL as OpenAPI has it. A parameter there holds no slash, and yet no other form can
/// say it; the description of the parameter does. A route that shares method and URL with
/// another is told apart by its query, which OpenAPI cannot say either: it goes by a fragment.
fn path(route: &Route) -> String {
    let path = route.template.replace("secret{path}", "secret/{path}");
    match route.only_with {
        Some(parameter) => format!("{path}#{parameter}"),
        None => path,
    }
}

fn method(method: &Method) -> HttpMethod {
    match method.as_str() {
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => HttpMethod::Get,
    }
}

fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(route.name))
        .summary(Some(route.about))
        .tag(tag(route.template))
        .response(route.success.as_str(), success(route.answer));
    for name in in_path(route.template) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(about_segment(name)))
                .schema(Some(text())),
        );
    }
    for parameter in route.parameters {
        operation = operation.parameter(in_query(parameter));
    }
    if let Some(schema) = route.body {
        let content_type = match schema {
            "TokenRequest" => "application/x-www-form-urlencoded",
            _ => "application/json",
        };
        let body = RequestBodyBuilder::new()
            .content(content_type, content(Ref::from_schema_name(schema)))
            .required(Some(if schema == "GetValue" {
                Required::False
            } else {
                Required::True
            }));
        operation = operation.request_body(Some(body.build()));
    }
    if let Some(action) = route.action {
        for (name, about) in [
            (
                "X-Organisation-Identity",
                "The organisation, by identity or slug.",
            ),
            ("X-Project-Identity", "The project, by identity or slug."),
        ] {
            operation = operation.parameter(
                ParameterBuilder::new()
                    .name(name)
                    .parameter_in(ParameterIn::Header)
                    .description(Some(about))
                    .schema(Some(text())),
            );
        }
        for scheme in ["bearer", "token", "basic"] {
            operation = operation.security(SecurityRequirement::new(scheme, Vec::<String>::new()));
        }
        operation = operation.description(Some(permissions(&action)));
    }
    for status in statuses(route) {
        let answer = ResponseBuilder::new()
            .description(meanings(status))
            .content(
                "application/json",
                content(Ref::from_schema_name("ErrorBody")),
            )
            .build();
        operation = operation.response(status.to_string(), answer);
    }
    operation.build()
}

fn permissions(action: &strongroom_authz::ActionFacts) -> String {
    let names: Vec<_> = action
        .permissions
        .iter()
        .map(|permission| permission.as_str())
        .collect();
    match names.as_slice() {
        [] => "Every member of the organisation may.".to_owned(),
        some => format!(
            "Needs `{}` on `{}`.",
            some.join("` or `"),
            action.resource.as_str()
        ),
    }
}

fn tag(template: &str) -> &'static str {
    match template.split('/').nth(2) {
        Some("secrets") => "Secrets",
        Some("kms") => "Keys",
        Some("audit") => "Audit",
        Some("regions") => "Regions",
        _ => "Service",
    }
}

/// The names in a URL's braces.
fn in_path(template: &str) -> impl Iterator<Item = &str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

fn about_segment(name: &str) -> &'static str {
    match name {
        "region" => "The region, by slug or identity.",
        "path" => "The secret's path without its leading slash; its slashes stay as they are.",
        "id" => "The key, by identity or slug.",
        _ => "The entry's eventID.",
    }
}

fn in_query(parameter: &Parameter) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(if parameter.required {
            Required::True
        } else {
            Required::False
        })
        .description(Some(parameter.about))
        .schema(Some(text()))
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .build()
        .into()
}

fn content(schema: impl Into<RefOr<Schema>>) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

fn success(answer: Answer) -> utoipa::openapi::Response {
    let response = ResponseBuilder::new().description("Done.");
    match answer {
        Answer::Nothing => response.build(),
        Answer::One(name) => response
            .content("application/json", content(Ref::from_schema_name(name)))
            .build(),
        Answer::Many(name) => {
            let array = Array::new(Ref::from_schema_name(name));
            response
                .content("application/json", content(Schema::Array(array)))
                .build()
        }
        Answer::Free => {
            let object = ObjectBuilder::new().schema_type(Type::Object).build();
            response
                .content("application/json", content(Schema::Object(object)))
                .build()
        }
    }
}

/// The statuses of refusals that a route can answer with.
fn statuses(route: &Route) -> Vec<u16> {
    if route.action.is_none() && route.body.is_none() {
        return vec![429, 503];
    }
    let mut statuses = vec![400, 401, 429, 500, 503];
    if route.action.is_some() {
        statuses.extend([403, 404]);
    }
    if route.body.is_some() {
        statuses.extend([408, 413]);
    }
    if route
        .action
        .is_some_and(|action| action.kind == strongroom_authz::Kind::Writes)
    {
        statuses.push(409);
    }
    statuses
}

fn meanings(status: u16) -> String {
    let codes = ErrorCode::ALL.iter().filter(|code| code.status() == status);
    codes
        .map(|code| format!("`{}`", code.as_str()))
        .collect::<Vec<_>>()
        .join(", ")
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
        for route in routes.table() {
            let item = &document["paths"][path(route)];
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
        assert_eq!(described, names.len());
    }

    /// The contract's tables 1.1 and 2.1, as far as they are served.
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
                "POST /v1/kms/{region}/keys/{id}/encrypt 200 EncryptWithKey",
                "POST /v1/kms/{region}/keys/{id}/decrypt 200 DecryptWithKey",
                "PATCH /v1/kms/{region}/keys/{id}/rotation 200 ConfigureKeyRotation",
                "POST /v1/kms/{region}/keys/{id}/rotate 200 RotateKey",
                "POST /v1/kms/{region}/keys/{id}/disable 200 DisableKey",
                "POST /v1/kms/{region}/keys/{id}/enable 200 EnableKey",
                "DELETE /v1/kms/{region}/keys/{id} 200 DeleteKey",
                "DELETE /v1/kms/{region}/keys/{id}/cancel-deletion 200 CancelKeyDeletion",
                "GET /v1/audit 200 ListAudit",
                "GET /v1/audit/{eventID} 200 ReadAuditEntry",
                "GET /v1/regions 200 ListRegions",
                "POST /oidc/token 200 -",
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
        {
            assert!(route.action.is_some(), "{}", route.template);
            assert_eq!(
                route.gates.is_empty(),
                !route.template.contains("{region}"),
                "{}",
                route.template
            );
        }
    }
}
