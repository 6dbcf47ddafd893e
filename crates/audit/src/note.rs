//! Notes: what the summary of a segment needs of a record, taken while the record is at hand.
//!
//! The writer adds them to the summary, so that nobody has to read the segment for it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use smallvec::SmallVec;
use strongroom_types::OrganisationId;

use crate::entry;
use crate::event::Resource;
use crate::hash::Hash;
use crate::record::{Principal, Record};

/// How many combinations of groups each thread remembers, and of how many entries at most.
const MOST_KNOWN: usize = 1024;
const MOST_ENTRIES: usize = 8;

/// What a record says to a summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Note {
    /// When the call began, in milliseconds since 1970.
    pub(crate) millisecond: i64,
    /// The marks of who called and of what it was about.
    pub(crate) marks: SmallVec<[u64; 4]>,
    /// The groups of its entries; none without an organisation.
    pub(crate) groups: Arc<[Group]>,
}

impl Note {
    /// What this record says.
    pub(crate) fn of(record: &Record<'_>) -> Self {
        let caller = record.principal.as_ref().map(mark_of);
        let on = std::iter::once(&record.resource)
            .chain(record.events.iter().map(|event| &event.resource))
            .flatten()
            .map(|resource: &Resource<'_>| mark_of_resource(resource.identity.as_str()));
        Self {
            millisecond: record.id.millisecond(),
            marks: caller.into_iter().chain(on).collect(),
            groups: groups(record),
        }
    }
}

/// What entries have in common that differ in nothing that a group decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) hash: u64,
    pub(crate) organisation: OrganisationId,
    pub(crate) system: bool,
    pub(crate) status: u16,
    pub(crate) action: String,
    pub(crate) resource_type: String,
}

impl Group {
    fn of(record: &Record<'_>, index: u16, organisation: OrganisationId) -> Self {
        let (action, kind) = entry::action_and_type(record, index);
        let hash = hash_of(record, organisation)
            .with(action.as_bytes())
            .with(kind.as_bytes());
        Self {
            hash: hash.finish(),
            organisation,
            system: record.system,
            status: record.status,
            action: action.to_owned(),
            resource_type: kind.to_owned(),
        }
    }

    fn is_of(&self, record: &Record<'_>, index: u16) -> bool {
        let (action, kind) = entry::action_and_type(record, index);
        Some(self.organisation) == record.organisation
            && self.system == record.system
            && self.status == record.status
            && self.action == action
            && self.resource_type == kind
    }
}

/// The groups of a record's entries. The same few come again and again, so they are remembered.
fn groups(record: &Record<'_>) -> Arc<[Group]> {
    thread_local! {
        static KNOWN: RefCell<HashMap<u64, Arc<[Group]>, RandomState>> =
            RefCell::default();
    }
    let Some(organisation) = record.organisation else {
        return Arc::default();
    };
    let entries = 0..entry::count(record);
    let made = || {
        let groups = entries.clone();
        groups.map(|index| Group::of(record, index, organisation))
    };
    if entries.len() > MOST_ENTRIES {
        return made().collect();
    }
    let hash = entries
        .clone()
        .map(|index| entry::action_and_type(record, index))
        .fold(hash_of(record, organisation), |hash, (action, kind)| {
            hash.with(action.as_bytes()).with(kind.as_bytes())
        })
        .finish();
    let same = |known: &[Group]| {
        known.len() == entries.len()
            && known
                .iter()
                .zip(entries.clone())
                .all(|(group, index)| group.is_of(record, index))
    };
    KNOWN.with_borrow_mut(|known| {
        if let Some(groups) = known.get(&hash).filter(|groups| same(groups)) {
            return Arc::clone(groups);
        }
        if known.len() >= MOST_KNOWN {
            known.clear();
        }
        let groups: Arc<[Group]> = made().collect();
        known.insert(hash, Arc::clone(&groups));
        groups
    })
}

fn hash_of(record: &Record<'_>, organisation: OrganisationId) -> Hash {
    Hash::new()
        .with(organisation.as_bytes())
        .with(&[u8::from(record.system)])
        .with(&record.status.to_le_bytes())
}

fn mark_of(principal: &Principal<'_>) -> u64 {
    match principal {
        Principal::User { id, .. } => mark_user(id.as_bytes()),
        Principal::ServiceAccount { id, .. } => mark_account(id.as_bytes()),
    }
}

/// The mark of a person.
pub(crate) fn mark_user(id: &[u8; 16]) -> u64 {
    Hash::new().with(b"u").with(id).finish()
}

/// The mark of a service account.
pub(crate) fn mark_account(id: &[u8; 16]) -> u64 {
    Hash::new().with(b"s").with(id).finish()
}

/// The mark of a resource.
pub(crate) fn mark_of_resource(identity: &str) -> u64 {
    Hash::new().with(b"r").with(identity.as_bytes()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, ServiceEvent};
    use crate::id::RecordId;
    use strongroom_types::{Timestamp, UserId};

    /// What is marked on disk must be found by later releases.
    #[test]
    fn the_hash_is_pinned() {
        assert_eq!(
            mark_of_resource("/app/production/a"),
            998_808_498_402_678_984
        );
        assert_eq!(mark_user(&[7; 16]), 10_842_314_420_845_342_813);
    }

    fn record(status: u16, events: usize) -> Record<'static> {
        let at = Timestamp::from_millisecond(1_800_000_000_123).unwrap();
        let mut record = Record::new(RecordId::new(at, [1; 8]), at, "GET", "/a", status);
        record.organisation = Some(OrganisationId::from_bytes([2; 16]));
        record.resource = Some(Resource::secret("/b"));
        let event = ServiceEvent::on_call(Action::SecretGetValue);
        record.events = vec![event; events];
        record
    }

    #[test]
    fn a_note_has_one_group_for_each_entry() {
        let mut record = record(200, 1);
        record.principal = Some(Principal::User {
            id: UserId::from_bytes([3; 16]),
            name: None,
            email: None,
        });
        record.events.push(ServiceEvent::new(
            Action::KmsDecrypt,
            Some(Resource::secret("/c")),
        ));
        let note = Note::of(&record);
        assert_eq!(note.millisecond, 1_800_000_000_123);
        let marks = [
            mark_user(&[3; 16]),
            mark_of_resource("/b"),
            mark_of_resource("/c"),
        ];
        assert_eq!(note.marks.as_slice(), marks);
        let groups: Vec<_> = note
            .groups
            .iter()
            .map(|group| {
                (
                    group.action.as_str(),
                    group.resource_type.as_str(),
                    group.status,
                )
            })
            .collect();
        assert_eq!(
            groups,
            [
                ("GET", "secret", 200),
                ("secret.get_value", "secret", 200),
                ("kms.decrypt", "secret", 200)
            ]
        );
        record.organisation = None;
        assert!(Note::of(&record).groups.is_empty());
    }

    #[test]
    fn groups_are_remembered_and_never_taken_for_others() {
        let first = Note::of(&record(200, 1));
        assert!(Arc::ptr_eq(
            &first.groups,
            &Note::of(&record(200, 1)).groups
        ));
        assert_ne!(first.groups, Note::of(&record(403, 1)).groups);
        assert_eq!(Note::of(&record(200, 2)).groups.len(), 3);
        // More than are remembered, of both kinds.
        assert_eq!(
            Note::of(&record(200, 2 * MOST_ENTRIES)).groups.len(),
            2 * MOST_ENTRIES + 1
        );
        for status in 0..3 * MOST_KNOWN as u16 {
            let note = Note::of(&record(status, 0));
            assert_eq!(
                note.groups
                    .iter()
                    .map(|group| group.status)
                    .collect::<Vec<_>>(),
                [status]
            );
        }
        assert_eq!(Note::of(&record(200, 1)), first);
    }
}
