//! Entries: what a reader of the log sees. One record shows as one generic entry and one entry for
//! each of its service events.

use std::sync::Arc;

use strongroom_types::{EventId, Timestamp};

use crate::event::{Resource, ServiceEvent};
use crate::record::Record;

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    record: Arc<Record<'static>>,
    sequence: u64,
    index: u16,
}

impl Entry {
    pub(crate) fn new(record: Arc<Record<'static>>, sequence: u64, index: u16) -> Self {
        Self {
            record,
            sequence,
            index,
        }
    }

    /// The entry's identity: the record's, with the entry's number in the last two bytes.
    pub fn id(&self) -> EventId {
        self.record.id.entry(self.index)
    }

    /// When the call began.
    pub fn at(&self) -> Timestamp {
        self.record.at
    }

    /// The place of the record in the journal.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// The call that the entry tells of.
    pub fn record(&self) -> &Record<'static> {
        &self.record
    }

    /// The service event; none for the generic entry.
    pub fn event(&self) -> Option<&ServiceEvent<'static>> {
        event(&self.record, self.index)
    }

    /// The HTTP method for the generic entry, the event's action otherwise.
    pub fn action(&self) -> &str {
        action(&self.record, self.index)
    }

    /// What was acted on.
    pub fn resource(&self) -> Option<&Resource<'static>> {
        resource(&self.record, self.index)
    }
}

/// How many entries a record shows as.
pub(crate) fn count(record: &Record<'_>) -> u16 {
    // Encoding refuses more events than fit.
    u16::try_from(record.events.len() + 1).unwrap_or(u16::MAX)
}

pub(crate) fn event<'r, 'a>(record: &'r Record<'a>, index: u16) -> Option<&'r ServiceEvent<'a>> {
    record.events.get(usize::from(index).checked_sub(1)?)
}

pub(crate) fn action<'r>(record: &'r Record<'_>, index: u16) -> &'r str {
    match event(record, index) {
        Some(event) => event.action.as_str(),
        None => record.method.as_str(),
    }
}

/// What was done, and to what type of resource.
pub(crate) fn action_and_type<'r>(record: &'r Record<'_>, index: u16) -> (&'r str, &'r str) {
    let kind = resource(record, index).map_or("", |on| on.kind.as_str());
    (action(record, index), kind)
}

pub(crate) fn resource<'r, 'a>(record: &'r Record<'a>, index: u16) -> Option<&'r Resource<'a>> {
    match event(record, index) {
        Some(event) if !event.on_call => event.resource.as_ref(),
        _ => record.resource.as_ref(),
    }
}
