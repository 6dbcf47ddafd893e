//! What a reader of the log asks for (contract 5.1).

use std::fmt::{self, Write};

use strongroom_types::{OrganisationId, ServiceAccountId, UserId};

use crate::entry;
use crate::record::{Principal, Record};

/// The type of resource that the log itself is.
pub(crate) const AUDIT_LOG: &str = "audit_log";

/// Which entries to show. Every condition that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    /// The organisation whose log it is.
    pub organisation: OrganisationId,
    /// Also show what the system itself did.
    pub include_system: bool,
    /// One of these actions; any if empty.
    pub actions: Vec<String>,
    /// One of these types of resource; any if empty.
    pub resource_types: Vec<String>,
    /// Exactly this resource.
    pub resource_identity: Option<String>,
    /// Calls of this person.
    pub user: Option<UserId>,
    /// Calls of this service account.
    pub service_account: Option<ServiceAccountId>,
    /// Calls made in somebody's name. There is no impersonation here, so this finds nothing.
    pub impersonator: Option<String>,
    /// The HTTP status of the call.
    pub status: Option<u16>,
    /// Text that occurs, regardless of case, in the action, the resource, the reason, the path,
    /// the client or the caller. No index helps here: every record is read.
    pub search: Option<String>,
}

impl Filter {
    /// Everything of an organisation but what the system itself did.
    pub fn everything(organisation: OrganisationId) -> Self {
        Self {
            organisation,
            include_system: false,
            actions: Vec::new(),
            resource_types: Vec::new(),
            resource_identity: None,
            user: None,
            service_account: None,
            impersonator: None,
            status: None,
            search: None,
        }
    }

    /// Whether any of the record's entries can be shown.
    pub(crate) fn admits(&self, record: &Record<'_>) -> bool {
        let user = |id: UserId| matches!(&record.principal, Some(Principal::User { id: of, .. }) if *of == id);
        let account = |id: ServiceAccountId| matches!(&record.principal, Some(Principal::ServiceAccount { id: of, .. }) if *of == id);
        record.organisation == Some(self.organisation)
            && (self.include_system || !record.system)
            && self.impersonator.is_none()
            && self.status.is_none_or(|status| status == record.status)
            && self.user.is_none_or(user)
            && self.service_account.is_none_or(account)
    }

    /// Whether this entry of an admitted record is shown.
    pub(crate) fn selects(&self, record: &Record<'_>, index: u16) -> bool {
        let (action, kind) = entry::action_and_type(record, index);
        self.takes(action, kind, record.status)
            && self.resource_identity.as_deref().is_none_or(|identity| {
                entry::resource(record, index)
                    .is_some_and(|resource| resource.identity.as_str() == identity)
            })
            && self
                .search
                .as_deref()
                .is_none_or(|text| mentions(record, index, text))
    }

    /// Whether entries of this action, type of resource and status are shown.
    ///
    /// That the log was read shows only to whoever asks for that type: otherwise each page that is
    /// read would push an entry of it on to the next one (contract 5.1).
    pub(crate) fn takes(&self, action: &str, kind: &str, status: u16) -> bool {
        let asked = |wanted: &[String], it: &str| wanted.iter().any(|wanted| wanted == it);
        let of_reading = kind == AUDIT_LOG && action == "GET" && status < 400;
        (self.actions.is_empty() || asked(&self.actions, action))
            && match self.resource_types.is_empty() {
                true => !of_reading,
                false => asked(&self.resource_types, kind),
            }
    }

    /// Whether the entry's group (organisation, system, status, action, type) decides alone.
    pub(crate) fn is_by_group(&self) -> bool {
        self.resource_identity.is_none()
            && self.user.is_none()
            && self.service_account.is_none()
            && self.search.is_none()
    }
}

/// Whether the text occurs in what the entry shows.
fn mentions(record: &Record<'_>, index: u16, text: &str) -> bool {
    let mut haystack = String::new();
    // Writing to a string cannot fail.
    let _ = describe(record, index, &mut haystack);
    haystack.to_lowercase().contains(&text.to_lowercase())
}

/// Everything that can be searched for, a line each.
fn describe(record: &Record<'_>, index: u16, to: &mut String) -> fmt::Result {
    writeln!(to, "{}", record.id.entry(index))?;
    writeln!(to, "{}", entry::action(record, index))?;
    if let Some(resource) = entry::resource(record, index) {
        writeln!(to, "{}\n{}", resource.kind, resource.identity)?;
    }
    if let Some(event) = entry::event(record, index) {
        writeln!(to, "{}", event.outcome.as_str())?;
        if let Some(reason) = &event.reason {
            writeln!(to, "{reason}")?;
        }
        for detail in &event.details {
            writeln!(to, "{}", detail.value)?;
        }
    }
    writeln!(to, "{}\n{}", record.method, record.path)?;
    for text in [&record.region, &record.request_id].into_iter().flatten() {
        writeln!(to, "{text}")?;
    }
    if let Some(agent) = &record.user_agent {
        writeln!(to, "{agent}")?;
    }
    if let Some(address) = record.client_ip {
        writeln!(to, "{address}")?;
    }
    if let Some(credential) = &record.credential {
        writeln!(to, "{}", credential.id)?;
    }
    match &record.principal {
        Some(Principal::User { id, name, email }) => {
            writeln!(to, "{id}")?;
            for text in [name, email].into_iter().flatten() {
                writeln!(to, "{text}")?;
            }
        }
        Some(Principal::ServiceAccount { id, name, slug }) => {
            writeln!(to, "{id}")?;
            for text in [name, slug].into_iter().flatten() {
                writeln!(to, "{text}")?;
            }
        }
        None => {}
    }
    Ok(())
}

/// Which part of the result to return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Page {
    number: u32,
    limit: u16,
}

/// A page that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// Pages are counted from 1.
    #[error("`page` counts from 1")]
    Number,
    /// The limit is out of range.
    #[error("`limit` must be between 1 and {}", Page::MOST)]
    Limit,
}

impl Page {
    /// Entries on a page where nothing else is asked for.
    pub const USUAL: u16 = 50;
    /// The most entries on a page.
    pub const MOST: u16 = 500;

    /// The page of this number, counted from 1, with at most this many entries.
    ///
    /// # Errors
    ///
    /// The number is 0, or the limit is not within 1 and [`Page::MOST`].
    pub fn new(number: u32, limit: u16) -> Result<Self, PageError> {
        if number == 0 {
            return Err(PageError::Number);
        }
        if limit == 0 || limit > Self::MOST {
            return Err(PageError::Limit);
        }
        Ok(Self { number, limit })
    }

    /// The number, from 1.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The most entries.
    pub fn limit(&self) -> u16 {
        self.limit
    }

    /// How many entries stand before the page.
    pub(crate) fn skip(&self) -> u64 {
        u64::from(self.number - 1) * u64::from(self.limit)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self {
            number: 1,
            limit: Self::USUAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_have_limits() {
        assert_eq!(Page::new(0, 50), Err(PageError::Number));
        assert_eq!(Page::new(1, 0), Err(PageError::Limit));
        assert_eq!(Page::new(1, 501), Err(PageError::Limit));
        assert_eq!(Page::new(1, 50), Ok(Page::default()));
        assert_eq!(Page::new(3, 500).unwrap().skip(), 1000);
        assert_eq!(Page::new(u32::MAX, 500).unwrap().skip(), 2_147_483_647_000);
    }
}
