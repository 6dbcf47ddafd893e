//! Audit entries as the API shows them (contract 5.2).

use serde_json::Value as Json;
use strongroom_api::{AuditContext, AuditEntry, AuditPage, AuditPrincipal};
use strongroom_audit::{Entry, Found, Principal, Record, ServiceEvent, Value};

/// A page of entries.
pub(super) fn page(found: Found) -> AuditPage {
    AuditPage {
        items: found.entries.iter().map(entry).collect(),
        total_items: found.total,
        page: found.page.number().into(),
        items_per_page: found.page.limit().into(),
        total_pages: found.pages(),
        total_count: found.total,
    }
}

/// One entry.
pub(super) fn entry(entry: &Entry) -> AuditEntry {
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
    let mut context = circumstances(record);
    context.extend(event.map_or_else(|| of_request(record), of_event));
    context
}

fn put(context: &mut AuditContext, name: &str, value: Option<impl Into<Json>>) {
    if let Some(value) = value {
        context.insert(name.to_owned(), value.into());
    }
}

fn shown<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

/// What a call's own entry and its service events share.
fn circumstances(record: &Record<'_>) -> AuditContext {
    let mut context = AuditContext::new();
    let used = record.credential.as_ref();
    put(&mut context, "client_ip", shown(record.client_ip.as_ref()));
    put(
        &mut context,
        "user_agent",
        shown(record.user_agent.as_ref()),
    );
    put(
        &mut context,
        "request_id",
        shown(record.request_id.as_ref()),
    );
    put(&mut context, "status", Some(record.status));
    put(
        &mut context,
        "credentials_id",
        shown(used.map(|used| &used.id)),
    );
    put(
        &mut context,
        "credentials_type",
        shown(used.map(|used| &used.kind)),
    );
    put(&mut context, "region", shown(record.region.as_ref()));
    context
}

/// What only a call's own entry says.
fn of_request(record: &Record<'_>) -> AuditContext {
    let mut context = AuditContext::new();
    put(&mut context, "method", Some(record.method.to_string()));
    put(&mut context, "path", Some(record.path.to_string()));
    put(&mut context, "url", Some(record.path.to_string()));
    // In milliseconds, with fractions.
    put(
        &mut context,
        "duration",
        Some(record.duration_us as f64 / 1000.0),
    );
    let headers: AuditContext = record
        .headers
        .iter()
        .map(|header| (header.name.to_string(), header.value.to_string().into()))
        .collect();
    put(
        &mut context,
        "headers",
        (!headers.is_empty()).then_some(headers),
    );
    context
}

fn of_event(event: &ServiceEvent<'_>) -> AuditContext {
    let mut context = AuditContext::new();
    put(&mut context, "outcome", Some(event.outcome.as_str()));
    put(&mut context, "reason", shown(event.reason.as_ref()));
    for detail in &event.details {
        let value = match &detail.value {
            Value::Number(number) => (*number).into(),
            Value::Bool(flag) => (*flag).into(),
            text @ (Value::Text(_) | Value::Key(_) | Value::Project(_)) => text.to_string().into(),
        };
        put(&mut context, detail.name.as_str(), Some::<Json>(value));
    }
    context
}
