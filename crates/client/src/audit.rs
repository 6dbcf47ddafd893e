//! Audit entries (contract 5.1).

use std::collections::HashSet;

use strongroom_api::{AuditEntry, AuditPage};
use strongroom_types::{EventId, ServiceAccountId, UserId};

use crate::ClientError;
use crate::transport::{Call, Transport};

/// The audit entries of the client's organisation.
#[derive(Clone, Copy)]
pub struct Audit<'a> {
    transport: &'a Transport,
}

/// Which entries to show; whatever is given has to match. The default shows every entry that
/// is not of the service's own making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// A text that occurs somewhere in the entry.
    pub search: Option<String>,
    /// The user who called.
    pub user: Option<UserId>,
    /// The service account that called.
    pub service_account: Option<ServiceAccountId>,
    /// One of these actions, such as `secret.get_value`; none means any.
    pub actions: Vec<String>,
    /// One of these types of resource, such as `secret`; none means any.
    pub resource_types: Vec<String>,
    /// The resource, such as a secret's path.
    pub resource: Option<String>,
    /// The HTTP status that the call ended with.
    pub status: Option<u16>,
    /// Whether to show also what the service did by itself.
    pub include_system: bool,
}

impl<'a> Audit<'a> {
    /// The most entries of one page.
    pub const PAGE_LIMIT: u16 = 500;

    pub(crate) const fn new(transport: &'a Transport) -> Self {
        Self { transport }
    }

    /// One page, from 1, of at most `limit` entries (1 to 500), newest first.
    ///
    /// What is recorded while pages are turned moves them on: an entry may occur on two of them, none
    /// is left out. Listing is itself recorded, and moves nothing unless `audit_log` is asked for.
    pub async fn page(
        &self,
        query: &AuditQuery,
        page: u32,
        limit: u16,
    ) -> Result<AuditPage, ClientError> {
        let joined = |list: &[String]| (!list.is_empty()).then(|| list.join(","));
        let call = Call::get("/v1/audit".to_owned())
            .with("page", &page)
            .with("limit", &limit)
            .with_some("searchText", query.search.as_ref())
            .with_some("userIdentity", query.user.as_ref())
            .with_some("serviceAccount", query.service_account.as_ref())
            .with_some("action", joined(&query.actions).as_ref())
            .with_some("resourceType", joined(&query.resource_types).as_ref())
            .with_some("resourceIdentity", query.resource.as_ref())
            .with_some("responseStatus", query.status.as_ref())
            .with_some(
                "includeSystemServices",
                query.include_system.then_some(true).as_ref(),
            );
        self.transport.send(call).await?.json()
    }

    /// The newest entries, at most `count` of them, each once; turns as many pages as that takes.
    pub async fn newest(
        &self,
        query: &AuditQuery,
        count: usize,
    ) -> Result<Vec<AuditEntry>, ClientError> {
        let limit = u16::try_from(count)
            .unwrap_or(u16::MAX)
            .clamp(1, Self::PAGE_LIMIT);
        let mut entries: Vec<AuditEntry> = Vec::new();
        let mut seen = HashSet::new();
        let mut number: u32 = 1;
        while entries.len() < count {
            let page = self.page(query, number, limit).await?;
            let last = page.items.is_empty() || u64::from(number) >= page.total_pages;
            let new = page
                .items
                .into_iter()
                .filter(|entry| seen.insert(entry.event_id.clone()));
            entries.extend(new);
            if last {
                break;
            }
            number = number.saturating_add(1);
        }
        entries.truncate(count);
        Ok(entries)
    }

    /// One entry.
    pub async fn read(&self, event: EventId) -> Result<AuditEntry, ClientError> {
        let call = Call::get(format!("/v1/audit/{event}"));
        self.transport.send(call).await?.json()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answer, Mock};

    fn page(number: u64, pages: u64, ids: &[&str]) -> Answer {
        let items: Vec<_> = ids
            .iter()
            .map(|id| {
                serde_json::json!({
                    "createdAt": "2026-01-02T03:04:05Z", "eventID": id, "action": "GET",
                })
            })
            .collect();
        let body = serde_json::json!({
            "items": items, "totalItems": 9, "totalCount": 9,
            "page": number, "itemsPerPage": 3, "totalPages": pages,
        });
        Answer::json(200, &body.to_string())
    }

    fn ids(entries: &[AuditEntry]) -> Vec<&str> {
        entries
            .iter()
            .map(|entry| entry.event_id.as_str())
            .collect()
    }

    #[tokio::test]
    async fn every_filter_has_its_parameter() {
        let mock = Mock::start([page(1, 1, &[]), page(1, 1, &[])]).await;
        let client = mock.client();
        let user = UserId::from_bytes([1; 16]);
        let account = ServiceAccountId::from_bytes([2; 16]);
        let query = AuditQuery {
            search: Some("a b".to_owned()),
            user: Some(user),
            service_account: Some(account),
            actions: vec!["secret.create".to_owned(), "kms.encrypt".to_owned()],
            resource_types: vec!["secret".to_owned()],
            resource: Some("/app/db".to_owned()),
            status: Some(403),
            include_system: true,
        };
        client.audit().page(&query, 2, 50).await.unwrap();
        client
            .audit()
            .page(&AuditQuery::default(), 1, 1)
            .await
            .unwrap();
        let requests = mock.requests().await;
        assert_eq!(
            requests[0].target(),
            format!(
                "/v1/audit?page=2&limit=50&searchText=a+b&userIdentity={user}\
                 &serviceAccount={account}&action=secret.create%2Ckms.encrypt\
                 &resourceType=secret&resourceIdentity=%2Fapp%2Fdb&responseStatus=403\
                 &includeSystemServices=true"
            )
        );
        assert_eq!(requests[1].target(), "/v1/audit?page=1&limit=1");
    }

    #[tokio::test]
    async fn pages_that_shift_show_each_entry_once() {
        let script = [
            page(1, 3, &["e", "d", "c"]),
            page(2, 3, &["c", "b", "a"]),
            page(3, 3, &["a"]),
        ];
        let mock = Mock::start(script).await;
        let client = mock.client();
        let entries = client
            .audit()
            .newest(&AuditQuery::default(), 100)
            .await
            .unwrap();
        assert_eq!(ids(&entries), ["e", "d", "c", "b", "a"]);
        assert_eq!(mock.requests().await.len(), 3);
    }

    #[tokio::test]
    async fn no_more_pages_are_turned_than_needed() {
        let mock = Mock::start([page(1, 3, &["e", "d", "c"])]).await;
        let client = mock.client();
        let entries = client
            .audit()
            .newest(&AuditQuery::default(), 2)
            .await
            .unwrap();
        assert_eq!(ids(&entries), ["e", "d"]);
        let nothing = client
            .audit()
            .newest(&AuditQuery::default(), 0)
            .await
            .unwrap();
        assert!(nothing.is_empty());
        let requests = mock.requests().await;
        assert_eq!(requests.len(), 1);
        assert_eq!(requests[0].target(), "/v1/audit?page=1&limit=2");
    }

    #[tokio::test]
    async fn one_entry_is_read_by_its_identity() {
        let event = EventId::from_bytes([3; 16]);
        let body =
            format!(r#"{{"createdAt":"2026-01-02T03:04:05Z","eventID":"{event}","action":"GET"}}"#);
        let mock = Mock::start([Answer::json(200, &body)]).await;
        let entry = mock.client().audit().read(event).await.unwrap();
        assert_eq!(entry.event_id, event.to_string());
        let requests = mock.requests().await;
        assert_eq!(requests[0].target(), format!("/v1/audit/{event}"));
    }
}
