//! The routes of one method and URL, as OpenAPI describes them: as one operation.

use http::Method;
use strongroom_api::{ErrorCode, shape};
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn, ParameterStyle,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{
    Array, ArrayBuilder, ObjectBuilder, OneOfBuilder, Ref, Schema, Type,
};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, RefOr, Required, Response, ResponseBuilder};

use super::route::{Answer, Parameter, Route, Routes, Shape};

/// A route, with those of the same method and URL that only a query parameter tells from it.
pub(super) struct Endpoint<'a> {
    route: &'a Route,
    variants: Vec<&'a Route>,
}

/// The endpoints, in the order of the table.
pub(super) fn endpoints(routes: &Routes) -> impl Iterator<Item = Endpoint<'_>> {
    let own = routes.table().filter(|route| route.only_with.is_none());
    own.map(|route| {
        let same = |other: &&Route| {
            other.only_with.is_some()
                && other.method == route.method
                && other.template == route.template
        };
        let variants = routes.table().filter(same).collect();
        Endpoint { route, variants }
    })
}

impl<'a> Endpoint<'a> {
    /// A route that shares its method and URL with no other.
    pub(super) const fn alone(route: &'a Route) -> Self {
        Self {
            route,
            variants: Vec::new(),
        }
    }
}

impl Endpoint<'_> {
    /// The URL as OpenAPI has it. A parameter there holds no slash, and yet no other form can say
    /// it; the description of the parameter does.
    pub(super) fn path(&self) -> String {
        self.route.template.replace("secret{path}", "secret/{path}")
    }

    pub(super) fn method(&self) -> HttpMethod {
        method(&self.route.method)
    }

    /// What it does, takes and answers.
    pub(super) fn operation(&self) -> Operation {
        let route = self.route;
        let mut operation = OperationBuilder::new()
            .operation_id(Some(route.name))
            .summary(Some(self.about()))
            .tag(tag(route.template))
            .request_body(route.body.map(body))
            .response(route.success.as_str(), self.success());
        for parameter in self.parameters() {
            operation = operation.parameter(parameter);
        }
        if let Some(action) = route.action {
            for scheme in ["bearer", "token", "basic"] {
                let none = Vec::<String>::new();
                operation = operation.security(SecurityRequirement::new(scheme, none));
            }
            operation = operation.description(Some(permissions(&action)));
        }
        for status in statuses(route) {
            let answer = ResponseBuilder::new()
                .description(meanings(status))
                .content("application/json", named("ErrorBody"));
            operation = operation.response(status.to_string(), answer.build());
        }
        operation.build()
    }

    fn about(&self) -> String {
        let others = self.variants.iter().filter_map(|route| {
            let parameter = route.only_with?;
            Some(format!(" With `{parameter}`: {}", route.about))
        });
        std::iter::once(self.route.about.to_owned())
            .chain(others)
            .collect()
    }

    fn parameters(&self) -> Vec<ParameterBuilder> {
        let mut all: Vec<_> = in_path(self.route.template).map(segment).collect();
        let mut queries = self.route.parameters.to_vec();
        for parameter in self.variants.iter().flat_map(|route| route.parameters) {
            if !queries.contains(parameter) {
                queries.push(*parameter);
            }
        }
        all.extend(queries.iter().map(in_query));
        if self.route.action.is_some() {
            all.extend(scope());
        }
        all
    }

    fn success(&self) -> Response {
        let response = ResponseBuilder::new().description("Done.");
        let mut answers: Vec<_> = schema_of(self.route.answer).into_iter().collect();
        answers.extend(
            self.variants
                .iter()
                .filter_map(|route| schema_of(route.answer)),
        );
        let schema = match answers.len() {
            0 | 1 => answers.pop(),
            _ => {
                let one = answers
                    .into_iter()
                    .fold(OneOfBuilder::new(), OneOfBuilder::item);
                Some(Schema::OneOf(one.build()).into())
            }
        };
        match schema {
            Some(schema) => response
                .content("application/json", content(schema))
                .build(),
            None => response.build(),
        }
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

/// The schemas of bodies that a call can go without.
const OPTIONAL: [&str; 11] = [
    "ReviewAccessElevation",
    "CreateAccessCredential",
    "NamingChange",
    "UpdateProject",
    "UpdateFederatedProvider",
    "UpdateFederatedIdentity",
    "GetValue",
    "Rotation",
    "Export",
    "DrawDataKey",
    "DrawRandom",
];

fn body(schema: &'static str) -> RequestBody {
    let content_type = match schema {
        "TokenRequest" => "application/x-www-form-urlencoded",
        _ => "application/json",
    };
    let required = if OPTIONAL.contains(&schema) {
        Required::False
    } else {
        Required::True
    };
    RequestBodyBuilder::new()
        .content(content_type, named(schema))
        .required(Some(required))
        .build()
}

/// The headers that say whose things a call is about.
fn scope() -> impl Iterator<Item = ParameterBuilder> {
    let headers = [
        (
            "X-Organisation-Identity",
            "The organisation, by identity or slug.",
        ),
        ("X-Project-Identity", "The project, by identity or slug."),
    ];
    headers.into_iter().map(|(name, about)| {
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .schema(Some(shape::text(about)))
    })
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
        Some("service-accounts") => "Service accounts",
        Some("iam") => "Roles",
        Some("teams") => "Teams",
        Some("memberships" | "invites" | "me" | "sign-in") => "Members",
        Some("projects") if template.contains("/iam/") => "Policies",
        Some("projects") => "Projects",
        Some("federated-identity-providers" | "federated-identities") => "Federation",
        Some("sys") => "Seal",
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
        "id" => "What the call is about, by identity or slug.",
        "rid" => "The rule, by identity.",
        "bid" => "The binding, by identity.",
        "mid" => "The member, by the user's identity.",
        "tid" => "The token, by identity.",
        "cid" => "The access credential, by identity.",
        "provider" | "federated" => "Its identity.",
        _ => "The entry's eventID.",
    }
}

fn segment(name: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .schema(Some(shape::text(about_segment(name))))
}

fn in_query(parameter: &Parameter) -> ParameterBuilder {
    let required = if parameter.required {
        Required::True
    } else {
        Required::False
    };
    let builder = ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .schema(Some(held(parameter)));
    if parameter.shape == Shape::Named {
        return builder
            .style(Some(ParameterStyle::DeepObject))
            .explode(Some(true));
    }
    builder
}

/// The schema of what a parameter holds.
fn held(parameter: &Parameter) -> Schema {
    let about = parameter.about;
    Schema::Object(match parameter.shape {
        Shape::Several => {
            let each = ArrayBuilder::new().items(shape::text(about));
            let some = usize::from(parameter.required);
            return Schema::Array(each.min_items(Some(some)).max_items(Some(64)).build());
        }
        Shape::Text => shape::text(about),
        Shape::Flag => shape::flag(about),
        Shape::Count(max) => shape::whole(about, 1, max),
        Shape::Path => shape::path(about),
        Shape::Directory => shape::directory(about),
        Shape::Prefix => shape::path_prefix(about),
        Shape::Identity(prefix) => shape::identity(about, prefix),
        Shape::Named => shape::labels(about),
    })
}

fn content(schema: impl Into<RefOr<Schema>>) -> Content {
    ContentBuilder::new().schema(Some(schema)).build()
}

fn named(schema: &'static str) -> Content {
    content(Ref::from_schema_name(schema))
}

fn schema_of(answer: Answer) -> Option<RefOr<Schema>> {
    match answer {
        Answer::Nothing => None,
        Answer::One(name) => Some(Ref::from_schema_name(name).into()),
        Answer::Many(name) => Some(Schema::Array(Array::new(Ref::from_schema_name(name))).into()),
        Answer::Free => Some(
            ObjectBuilder::new()
                .schema_type(Type::Object)
                .build()
                .into(),
        ),
    }
}

/// The statuses of refusals that a route can answer with.
fn statuses(route: &Route) -> Vec<u16> {
    // Whether the server issues ID tokens is up to its operator.
    if route.template.starts_with("/.well-known/") {
        return vec![404, 429, 500, 503];
    }
    // Only a server whose root key is in shares has a seal.
    let may_be_missing = route.template.starts_with("/v1/sys/");
    if route.action.is_none() && route.body.is_none() {
        let mut statuses = vec![429, 503];
        statuses.extend(may_be_missing.then_some(404));
        if !route.parameters.is_empty() {
            statuses.extend([400, 404, 500]);
        }
        return statuses;
    }
    if may_be_missing {
        return vec![400, 404, 408, 413, 429, 503];
    }
    let mut statuses = vec![400, 429, 500, 503];
    statuses.extend(match route.action {
        Some(_) => [401, 403, 404].as_slice(),
        // What lets somebody in is in the body: a client's secret, or the code of an invitation.
        None if route.template == "/oidc/token" => &[401, 409],
        None => &[404, 409],
    });
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
