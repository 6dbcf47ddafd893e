//! The audit log: `GET /v1/audit` and one entry of it (contract 5.1, 5.2).

use http::{Method, StatusCode};
use strongroom_api::{ErrorCode, RequestError};
use strongroom_audit::{Filter, Page};
use strongroom_authz as authz;
use strongroom_types::{OrganisationId, ServiceAccountId, UserId};

use super::audit_views;
use super::guard::{Granted, Parts, Request, Target};
use super::refusal::Refusal;
use super::reply::Reply;
use super::route::{Answer, Parameter, Route, Routes, Shape};

const PARAMETERS: &[Parameter] = &[
    Parameter::new("page", Shape::Count(u32::MAX as i64), "Which page, from 1."),
    Parameter::new(
        "limit",
        Shape::Count(Page::MOST as i64),
        "Entries on a page, at most 500; 50 unless given.",
    ),
    Parameter::new("searchText", Shape::Text, "Only entries that mention this."),
    Parameter::new(
        "userIdentity",
        Shape::Identity(UserId::PREFIX),
        "Only calls of this user.",
    ),
    Parameter::new(
        "serviceAccount",
        Shape::Identity(ServiceAccountId::PREFIX),
        "Only calls of this service account.",
    ),
    Parameter::new(
        "impersonatorIdentity",
        Shape::Text,
        "Only calls made by this principal in another's name.",
    ),
    Parameter::new(
        "action",
        Shape::Text,
        "Only these actions, joined by commas.",
    ),
    Parameter::new(
        "resourceType",
        Shape::Text,
        "Only these types of resource, joined by commas. That the log was read is shown only for `audit_log`.",
    ),
    Parameter::new("resourceIdentity", Shape::Text, "Only this resource."),
    Parameter::new(
        "organizationIdentity",
        Shape::Identity(OrganisationId::PREFIX),
        "Must be the organisation of the call.",
    ),
    Parameter::new(
        "includeSystemServices",
        Shape::Flag,
        "Whether to show what the service did by itself.",
    ),
    Parameter::new(
        "responseStatus",
        Shape::Count(HIGHEST_STATUS as i64),
        "Only calls that ended with this status.",
    ),
];

/// The highest status that HTTP has room for.
const HIGHEST_STATUS: usize = 999;

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
    let (engine, call, grant, input) = granted.parts();
    let filter = input.filter(*grant.scope())?;
    let found = engine
        .audit()
        .list(grant, &call, filter, input.page)
        .await?;
    Reply::json(found, audit_views::page)
}

async fn read(granted: Granted<Read>) -> Result<Reply, Refusal> {
    let (engine, call, grant, _) = granted.parts();
    let entry = engine.audit().read(grant, &call).await?;
    Reply::json(entry, |entry| audit_views::entry(&entry))
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
        let list = |name| {
            let joined = url.text(name)?.unwrap_or_default();
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
            resource_identity: url.text("resourceIdentity")?,
            user: identity(url.text("userIdentity")?, "userIdentity")?,
            service_account: identity(url.text("serviceAccount")?, "serviceAccount")?,
            impersonator: url.text("impersonatorIdentity")?,
            status: url
                .count("responseStatus", HIGHEST_STATUS)?
                .and_then(|status| status.try_into().ok()),
            search: url.text("searchText")?,
            ..Filter::everything(OrganisationId::from_bytes([0; 16]))
        };
        let organisation = identity(url.text("organizationIdentity")?, "organizationIdentity")?;
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
