//! The audit log: `GET /v1/audit` and one entry of it (contract 5.1, 5.2).

use http::{Method, StatusCode};
use serde_json::Value as Json;
use strongroom_api::{
    AuditContext, AuditEntry, AuditPage, AuditPrincipal, ErrorCode, RequestError,
};
use strongroom_audit::{Entry, Filter, Found, Page, Principal, Record, ServiceEvent, Value};
use strongroom_authz as authz;
use strongroom_types::OrganisationId;

use super::guard::{Granted, Parts, Request, Target};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Parameter, Route, Routes};

const fn parameter(name: &'static str, about: &'static str) -> Parameter {
    Parameter {
        name,
        about,
        required: false,
    }
}

const PARAMETERS: &[Parameter] = &[
    parameter("page", "Which page, from 1."),
    parameter("limit", "Entries on a page, at most 500; 50 unless given."),
    parameter("searchText", "Only entries that mention this."),
    parameter("userIdentity", "Only calls of this user."),
    parameter("serviceAccount", "Only calls of this service account."),
    parameter(
        "impersonatorIdentity",
        "Only calls made by this principal in another's name.",
    ),
    parameter("action", "Only these actions, joined by commas."),
    parameter(
        "resourceType",
        "Only these types of resource, joined by commas.",
    ),
    parameter("resourceIdentity", "Only this resource."),
    parameter(
        "organizationIdentity",
        "Must be the organisation of the call.",
    ),
    parameter(
        "includeSystemServices",
        "Whether to show what the service did by itself.",
    ),
    parameter("responseStatus", "Only calls that ended with this status."),
];

/// Adds the routes.
pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(
            Route::new(Method::GET, "/v1/audit", "listAudit")
                .about("Lists audit entries, newest first.")
                .reads(PARAMETERS)
                .answers(StatusCode::OK, Answer::One("AuditPage")),
            list,
        )
        .add(
            Route::new(Method::GET, "/v1/audit/{eventID}", "readAuditEntry")
                .about("Shows one audit entry.")
                .answers(StatusCode::OK, Answer::One("AuditEntry")),
            read,
        )
}

async fn list(granted: Granted<List>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        input,
        ..
    } = granted;
    let filter = input.filter(*grant.scope())?;
    let found = engine
        .audit()
        .list(grant, &call, filter, input.page)
        .await?;
    Reply::json(found, show_page)
}

async fn read(granted: Granted<Read>) -> Result<Reply, Refusal> {
    let Granted {
        engine,
        call,
        grant,
        ..
    } = granted;
    let entry = engine.audit().read(grant, &call).await?;
    Reply::json(entry, |entry| show_entry(&entry))
}

struct Read;

impl Request for Read {
    type Action = authz::ReadAuditEntry;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let event = parts.url.event();
        Ok((
            event.ok_or_else(|| Refusal::of(ErrorCode::AuditEntryNotFound))?,
            Self,
        ))
    }
}

/// What a caller looks for.
struct List {
    /// A filter for some organisation, which is filled in when it is known.
    filter: Filter,
    /// The organisation that the query names, if it names one.
    organisation: Option<OrganisationId>,
    page: Page,
}

impl List {
    /// The filter for the organisation of the call. Another one cannot be looked into from here.
    fn filter(&self, organisation: OrganisationId) -> Result<Filter, RequestError> {
        if self.organisation.is_some_and(|named| named != organisation) {
            return Err(RequestError::Query {
                name: "organizationIdentity",
                problem: "must be the organisation of the call",
            });
        }
        Ok(Filter {
            organisation,
            ..self.filter.clone()
        })
    }
}

impl Request for List {
    type Action = authz::ListAudit;
    const HAS_BODY: bool = false;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let url = &parts.url;
        let text = |name| {
            let value = url.parameter(name)?.filter(|value| !value.is_empty());
            Ok::<_, RequestError>(value.map(|value| value.into_owned()))
        };
        let list = |name| {
            let joined = text(name)?.unwrap_or_default();
            let parts = joined
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty());
            Ok::<_, RequestError>(parts.map(str::to_owned).collect::<Vec<_>>())
        };
        let filter = Filter {
            include_system: url.flag("includeSystemServices")?,
            actions: list("action")?,
            resource_types: list("resourceType")?,
            resource_identity: text("resourceIdentity")?,
            user: identity(text("userIdentity")?, "userIdentity")?,
            service_account: identity(text("serviceAccount")?, "serviceAccount")?,
            impersonator: text("impersonatorIdentity")?,
            status: url
                .count("responseStatus", 999)?
                .and_then(|status| status.try_into().ok()),
            search: text("searchText")?,
            ..Filter::everything(OrganisationId::from_bytes([0; 16]))
        };
        let organisation = identity(text("organizationIdentity")?, "organizationIdentity")?;
        let number = url.count("page", u32::MAX as usize)?.unwrap_or(1);
        let limit = url
            .count("limit", usize::from(Page::MOST))?
            .unwrap_or(Page::USUAL.into());
        let out_of_range = RequestError::Query {
            name: "limit",
            problem: "must be from 1 to 500",
        };
        let page = match (number.try_into(), limit.try_into()) {
            (Ok(number), Ok(limit)) => Page::new(number, limit).map_err(|_| out_of_range)?,
            _ => return Err(out_of_range.into()),
        };
        let list = Self {
            filter,
            organisation,
            page,
        };
        Ok(((), list))
    }
}

fn identity<I: std::str::FromStr>(
    text: Option<String>,
    name: &'static str,
) -> Result<Option<I>, RequestError> {
    let wrong = |_| RequestError::Query {
        name,
        problem: "must be an identity",
    };
    text.as_deref().map(str::parse).transpose().map_err(wrong)
}

fn show_page(found: Found) -> AuditPage {
    AuditPage {
        items: found.entries.iter().map(show_entry).collect(),
        total_items: found.total,
        page: found.page.number().into(),
        items_per_page: found.page.limit().into(),
        total_pages: found.pages(),
        total_count: found.total,
    }
}

fn show_entry(entry: &Entry) -> AuditEntry {
    let record = entry.record();
    let (user, account) = principals(record.principal.as_ref());
    AuditEntry {
        created_at: entry.at().into(),
        event_id: entry.id().to_string(),
        user_identity: user.as_ref().and_then(|user| user.subject.clone()),
        user,
        service_account_identity: account
            .as_ref()
            .and_then(|account| account.identity.clone()),
        service_account: account,
        organization_identity: record
            .organisation
            .map(|organisation| organisation.to_string()),
        project_id: record.project.map(|project| project.to_string()),
        action: entry.action().to_owned(),
        description: None,
        resource_type: entry.resource().map(|resource| resource.kind.to_string()),
        resource_identity: entry
            .resource()
            .map(|resource| resource.identity.to_string()),
        context: Some(context(record, entry.event())),
    }
}

fn principals(
    principal: Option<&Principal<'_>>,
) -> (Option<AuditPrincipal>, Option<AuditPrincipal>) {
    let nobody = AuditPrincipal {
        identity: None,
        subject: None,
        name: None,
        email: None,
        slug: None,
    };
    match principal {
        Some(Principal::User { id, name, email }) => {
            let user = AuditPrincipal {
                subject: Some(id.to_string()),
                name: name.as_ref().map(ToString::to_string),
                email: email.as_ref().map(ToString::to_string),
                ..nobody
            };
            (Some(user), None)
        }
        Some(Principal::ServiceAccount { id, name, slug }) => {
            let account = AuditPrincipal {
                identity: Some(id.to_string()),
                name: name.as_ref().map(ToString::to_string),
                slug: slug.as_ref().map(ToString::to_string),
                ..nobody
            };
            (None, Some(account))
        }
        None => (None, None),
    }
}

/// The circumstances of a call, and for a service event its own details (contract 5.2, 5.4).
fn context(record: &Record<'_>, event: Option<&ServiceEvent<'_>>) -> AuditContext {
    let mut context = AuditContext::new();
    let mut put = |name: &str, value: Option<Json>| {
        if let Some(value) = value {
            context.insert(name.to_owned(), value);
        }
    };
    put(
        "client_ip",
        record.client_ip.map(|address| address.to_string().into()),
    );
    put(
        "user_agent",
        record
            .user_agent
            .as_ref()
            .map(|agent| agent.to_string().into()),
    );
    put(
        "request_id",
        record.request_id.as_ref().map(|id| id.to_string().into()),
    );
    put("status", Some(record.status.into()));
    put(
        "credentials_id",
        record
            .credential
            .as_ref()
            .map(|used| used.id.to_string().into()),
    );
    put(
        "credentials_type",
        record
            .credential
            .as_ref()
            .map(|used| used.kind.to_string().into()),
    );
    put(
        "region",
        record
            .region
            .as_ref()
            .map(|region| region.to_string().into()),
    );
    let Some(event) = event else {
        put("method", Some(record.method.to_string().into()));
        put("path", Some(record.path.to_string().into()));
        put("url", Some(record.path.to_string().into()));
        // In milliseconds, with fractions.
        put(
            "duration",
            Some((record.duration_us as f64 / 1000.0).into()),
        );
        let headers = record.headers.iter();
        let headers: AuditContext = headers
            .map(|header| (header.name.to_string(), header.value.to_string().into()))
            .collect();
        put(
            "headers",
            (!headers.is_empty()).then_some(Json::Object(headers)),
        );
        return context;
    };
    put("outcome", Some(event.outcome.as_str().into()));
    put(
        "reason",
        event
            .reason
            .as_ref()
            .map(|reason| reason.to_string().into()),
    );
    for detail in &event.details {
        let value = match &detail.value {
            Value::Number(number) => (*number).into(),
            Value::Bool(flag) => (*flag).into(),
            text @ (Value::Text(_) | Value::Key(_) | Value::Project(_)) => text.to_string().into(),
        };
        put(detail.name.as_str(), Some(value));
    }
    context
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Uri};
    use strongroom_api::Rules;

    use super::*;
    use crate::http::url::Url;

    fn read(query: &str) -> Result<List, u16> {
        let uri: Uri = format!("/v1/audit?{query}").parse().unwrap();
        let (headers, rules) = (HeaderMap::new(), Rules::default());
        let parts = Parts {
            url: Url::of(&uri),
            headers: &headers,
            body: b"",
            rules: &rules,
        };
        List::read(&parts)
            .map(|(_, list)| list)
            .map_err(|refusal| refusal.code().status())
    }

    #[test]
    fn every_parameter_is_read() {
        let account = strongroom_types::ServiceAccountId::from_bytes([1; 16]);
        let list = read(&format!(
            "page=2&limit=100&searchText=a+b&action=POST,secret.create&resourceType=secret\
             &resourceIdentity=%2Fa&includeSystemServices=true&responseStatus=403\
             &serviceAccount={account}"
        ));
        let List { filter, page, .. } = list.ok().unwrap();
        assert_eq!((page.number(), page.limit()), (2, 100));
        assert_eq!(filter.search.as_deref(), Some("a b"));
        assert_eq!(filter.actions, ["POST", "secret.create"]);
        assert_eq!(filter.resource_types, ["secret"]);
        assert_eq!(filter.resource_identity.as_deref(), Some("/a"));
        assert_eq!(filter.service_account, Some(account));
        assert!(filter.include_system);
        assert_eq!(filter.status, Some(403));
    }

    #[test]
    fn defaults_and_limits() {
        let page = read("").ok().unwrap().page;
        assert_eq!((page.number(), page.limit()), (1, 50));
        for query in [
            "page=0",
            "page=4294967296",
            "limit=501",
            "limit=x",
            "responseStatus=1000",
            "userIdentity=me",
            "includeSystemServices=1",
        ] {
            assert_eq!(read(query).err(), Some(400), "{query}");
        }
    }
}
