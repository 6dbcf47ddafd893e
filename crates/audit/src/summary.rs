//! Summaries: what is known of a segment without reading it.
//!
//! A summary is derived from its segment. The writer adds what it writes; whatever is lost or could
//! not be added is found by reading. It holds exact counts per group of entries, marks of the callers
//! and resources that occur, and the places of blocks, so that a page is read backwards without
//! reading the segment.
//!
//! It is kept beside its segment (`.summary`): the CBOR of [`Summary`], then 32 bytes of
//! HMAC-SHA-256 of the label `strongroom/audit/summary/1` and of that CBOR.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use foldhash::fast::RandomState;
use minicbor::{Decode, Encode};
use strongroom_crypto::ChainKey;

use crate::filter::Filter;
use crate::frame::{Frame, Kind, Link};
use crate::header::FRAMES;
use crate::note::{self, Group, Note};
use crate::scan::{self, Place, ReadError};
use crate::segment::Segment;

const LABEL: Link = *b"strongroom/audit/summary/1\0\0\0\0\0\0";

/// Bytes of frames after which a block ends.
const BLOCK: u64 = 128 << 10;

/// The most groups that are counted, and the most callers and resources that are marked. A segment
/// with more is read instead.
const MOST_GROUPS: usize = 4096;
const MOST_MARKS: usize = 32_768;

/// What is known of a segment up to some place.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
pub(crate) struct Summary {
    /// Everything before this offset is covered.
    #[n(0)]
    covered: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    link: Link,
    /// The stretches in which the segment is read.
    #[n(2)]
    pub(crate) blocks: Vec<Block>,
    /// Entries per group, by the group's hash; none if there are too many. Callers can choose their
    /// hashes, so what finds them in memory is seeded.
    #[n(3)]
    groups: Option<HashMap<u64, Count, RandomState>>,
    /// Hashes of the callers and resources that occur; none if there are too many.
    #[n(4)]
    marks: Option<HashSet<u64, RandomState>>,
}

/// A stretch of frames.
#[derive(Debug, Clone, Copy, PartialEq, Encode, Decode)]
pub(crate) struct Block {
    #[n(0)]
    pub(crate) offset: u64,
    /// The link of the frame before.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub(crate) link: Link,
    /// The times of its records, in milliseconds since 1970: least and most.
    #[n(2)]
    pub(crate) times: Option<(i64, i64)>,
}

/// How many entries of a group there are.
#[derive(Debug, Clone, PartialEq, Encode, Decode)]
struct Count {
    #[cbor(n(0), with = "minicbor::bytes")]
    organisation: [u8; 16],
    #[n(1)]
    system: bool,
    #[n(2)]
    status: u16,
    #[n(3)]
    action: String,
    #[n(4)]
    resource_type: String,
    #[n(5)]
    entries: u64,
}

impl Summary {
    /// Of a segment of which nothing was read yet.
    pub(crate) fn of_nothing(segment: &Segment) -> Self {
        Self {
            covered: FRAMES,
            link: segment.header.previous.link,
            blocks: Vec::new(),
            groups: Some(HashMap::default()),
            marks: Some(HashSet::default()),
        }
    }

    /// Reads on up to this offset.
    pub(crate) fn extend(
        &mut self,
        segment: &Segment,
        chain: &ChainKey,
        to: u64,
    ) -> Result<(), ReadError> {
        let from = Place {
            offset: self.covered,
            link: self.link,
        };
        scan::frames(segment, chain, from, to, |_, frame| {
            let note = scan::record(frame)?.map(|record| Note::of(&record));
            self.add(frame, note.as_ref());
            Ok(ControlFlow::Continue(()))
        })
    }

    /// Goes on with frames that follow what is covered, as the writer linked them. The notes of their
    /// records are among these.
    pub(crate) fn add_written(&mut self, mut frames: &[u8], notes: &[(u64, Note)]) {
        let mut notes = notes.iter();
        while let Some(frame) = Frame::parse(frames) {
            let note = match frame.kind {
                Kind::Record => match notes.find(|(sequence, _)| *sequence == frame.sequence) {
                    Some((_, note)) => Some(note),
                    // Whoever asks reads on from here.
                    None => return,
                },
                Kind::Head | Kind::Tombstone => None,
            };
            self.add(&frame, note);
            frames = frames.get(frame.size()..).unwrap_or_default();
        }
    }

    fn add(&mut self, frame: &Frame<'_>, note: Option<&Note>) {
        let offset = self.covered;
        let full = self
            .blocks
            .last()
            .is_none_or(|block| offset - block.offset >= BLOCK);
        if full {
            self.blocks.push(Block {
                offset,
                link: self.link,
                times: None,
            });
        }
        if let Some(note) = note {
            self.add_note(note);
        }
        self.covered = offset + frame.size() as u64;
        self.link = frame.link;
    }

    fn add_note(&mut self, note: &Note) {
        if let Some(block) = self.blocks.last_mut() {
            let at = note.millisecond;
            let (least, most) = block.times.unwrap_or((at, at));
            block.times = Some((least.min(at), most.max(at)));
        }
        if let Some(marks) = &mut self.marks {
            marks.extend(&note.marks);
            if marks.len() > MOST_MARKS {
                self.marks = None;
            }
        }
        for group in &*note.groups {
            self.count(group);
        }
    }

    fn count(&mut self, group: &Group) {
        let Some(counts) = &mut self.groups else {
            return;
        };
        let count = counts
            .entry(group.hash)
            .or_insert_with(|| Count::none_of(group));
        count.entries += 1;
        // Two groups with one hash cannot be told apart: read the segment instead.
        if !count.is_of(group) || counts.len() > MOST_GROUPS {
            self.groups = None;
        }
    }

    /// How many entries the filter selects, where that is known without reading.
    pub(crate) fn matches(&self, filter: &Filter) -> Option<u64> {
        let asked = [
            filter.user.map(|id| note::mark_user(id.as_bytes())),
            filter
                .service_account
                .map(|id| note::mark_account(id.as_bytes())),
            filter
                .resource_identity
                .as_deref()
                .map(note::mark_of_resource),
        ];
        if let Some(marks) = &self.marks
            && asked
                .into_iter()
                .flatten()
                .any(|mark| !marks.contains(&mark))
        {
            return Some(0);
        }
        let entries = self
            .groups
            .as_ref()?
            .values()
            .filter(|count| count.is_selected(filter))
            .map(|count| count.entries)
            .sum();
        (entries == 0 || filter.is_by_group()).then_some(entries)
    }

    /// Whether a record of this millisecond can be in the segment.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        self.blocks
            .iter()
            .filter_map(|block| block.times)
            .reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    }

    /// Where the block before this index ends, and the block itself.
    pub(crate) fn end_of_block(&self, index: usize) -> u64 {
        self.blocks
            .get(index + 1)
            .map_or(self.covered, |next| next.offset)
    }

    /// Whether everything up to this offset is covered.
    pub(crate) fn covers(&self, end: u64) -> bool {
        self.covered == end
    }

    /// The bytes to keep; none if the codec fails, since a summary is only a help.
    pub(crate) fn to_bytes(&self, chain: &ChainKey) -> Option<Vec<u8>> {
        let mut bytes = minicbor::to_vec(self).ok()?;
        let code = chain.link(&LABEL, &bytes);
        bytes.extend_from_slice(&code);
        Some(bytes)
    }

    /// The summary in these bytes, if it is genuine and this segment's.
    pub(crate) fn from_bytes(bytes: &[u8], chain: &ChainKey, segment: &Segment) -> Option<Self> {
        let (body, code) = bytes.split_last_chunk()?;
        chain.verify_link(&LABEL, body, code).ok()?;
        let summary: Self = minicbor::decode(body).ok()?;
        let extent = segment.extent();
        (summary.covered == extent.end && summary.link == extent.last.link).then_some(summary)
    }
}

impl Count {
    fn none_of(group: &Group) -> Self {
        Self {
            organisation: *group.organisation.as_bytes(),
            system: group.system,
            status: group.status,
            action: group.action.clone(),
            resource_type: group.resource_type.clone(),
            entries: 0,
        }
    }

    fn is_of(&self, group: &Group) -> bool {
        self.organisation == *group.organisation.as_bytes()
            && self.system == group.system
            && self.status == group.status
            && self.action == group.action
            && self.resource_type == group.resource_type
    }

    fn is_selected(&self, filter: &Filter) -> bool {
        self.organisation == *filter.organisation.as_bytes()
            && (filter.include_system || !self.system)
            && filter.status.is_none_or(|status| status == self.status)
            && filter.takes(&self.action, &self.resource_type, self.status)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::{Noon, keys};
    use crate::{
        Action, Journal, JournalOptions, Page, Principal, Record, RecordId, Resource, ServiceEvent,
    };
    use strongroom_types::{OrganisationId, ServiceAccountId, Timestamp};

    fn of_many_kinds(number: u64) -> Record<'static> {
        let at = Timestamp::from_millisecond(1_800_000_000_000 + (number * 7919 % 1000) as i64);
        let at = at.unwrap();
        let id = RecordId::new(at, number.to_be_bytes());
        let mut record = Record::new(id, at, "GET", "/", 200 + (number % 3) as u16);
        record.organisation = (!number.is_multiple_of(5))
            .then(|| OrganisationId::from_bytes([(number % 4) as u8; 16]));
        record.system = number.is_multiple_of(7);
        record.principal = (!number.is_multiple_of(6)).then(|| Principal::ServiceAccount {
            id: ServiceAccountId::from_bytes([(number % 50) as u8; 16]),
            name: None,
            slug: None,
        });
        let secret = |number: u64| Resource {
            kind: "secret".into(),
            identity: format!("/{number}").into(),
        };
        record.resource = (!number.is_multiple_of(8)).then(|| secret(number % 100));
        // Now and then a batch: more groups and marks than most have.
        let events = if number.is_multiple_of(40) {
            20
        } else {
            number % 4
        };
        for event in 0..events {
            let action = [Action::SecretGetValue, Action::KmsDecrypt][(event % 2) as usize];
            record.events.push(match event % 3 {
                0 => ServiceEvent::on_call(action),
                1 => ServiceEvent::new(action, Some(secret(event))),
                _ => ServiceEvent::new(action, None),
            });
        }
        record
    }

    #[test]
    fn what_the_writer_adds_is_what_reading_finds() {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions {
            segment_bytes: 64 << 10,
            head_records: 100,
            ..JournalOptions::usual(directory.path())
        };
        let journal = Journal::open(options, Arc::clone(keys()) as _, Arc::new(Noon)).unwrap();
        let writers = |number: u64| {
            for number in number * 500..(number + 1) * 500 {
                let record = of_many_kinds(number);
                let receipt = match number % 2 {
                    0 => journal.append(&record),
                    _ => journal.append_encoded(&record.encode().unwrap()),
                };
                let _durable = receipt.unwrap().wait().unwrap();
            }
        };
        std::thread::scope(|scope| {
            for number in 0..6 {
                scope.spawn(move || writers(number));
            }
        });
        let segments = journal.segments();
        assert!(segments.len() > 5, "{} segments", segments.len());
        journal.close().unwrap();
        for segment in segments {
            let known = segment.summary.lock().summary.clone().unwrap();
            let end = segment.extent().end;
            let mut read = Summary::of_nothing(&segment);
            read.extend(&segment, keys().audit_chain(), end).unwrap();
            assert!(read.covers(end));
            assert_eq!(*known, read);
        }
    }

    #[test]
    fn a_summary_that_is_behind_is_left_for_reading() {
        let directory = tempfile::tempdir().unwrap();
        let options = JournalOptions::usual(directory.path());
        let journal = Journal::open(options, Arc::clone(keys()) as _, Arc::new(Noon)).unwrap();
        let append = |number| {
            let receipt = journal.append(&of_many_kinds(number)).unwrap();
            let _durable = receipt.wait().unwrap();
        };
        let everything = Filter::everything(OrganisationId::from_bytes([1; 16]));
        let total = || journal.query(&everything, Page::default()).unwrap().total;
        let segment = journal.segments().pop().unwrap();
        append(1);
        let before = total();
        // Somebody is reading while the next is written, until the writer has gone on to another.
        let reading = segment.summary.lock();
        append(1);
        append(1);
        drop(reading);
        assert_eq!(total(), 3 * before);
        // From here on the writer adds again.
        append(1);
        journal.close().unwrap();
        let known = segment.summary.lock().summary.clone().unwrap();
        assert!(known.covers(segment.extent().end));
        assert_eq!(known.matches(&everything), Some(4 * before));
    }

    #[test]
    fn a_segment_with_too_many_groups_or_names_is_read_instead() {
        let organisation = OrganisationId::from_bytes([1; 16]);
        let header = crate::header::Header {
            capacity: 0,
            first: 1,
            previous: crate::signed::Head::GENESIS,
            previous_end: 0,
            abandoned: false,
            created: Timestamp::UNIX_EPOCH,
        };
        let segment = Segment::begun(std::path::Path::new("nowhere"), header);
        let at = Timestamp::UNIX_EPOCH;
        let id = RecordId::new(at, [0; 8]);
        let record = |status| Record {
            organisation: Some(organisation),
            ..Record::new(id, at, "GET", "/", status)
        };
        let everything = Filter::everything(organisation);
        let elsewhere = Filter {
            resource_identity: Some("/elsewhere".to_owned()),
            ..everything.clone()
        };
        let mut summary = Summary::of_nothing(&segment);
        for status in 0..MOST_GROUPS as u16 {
            summary.add_note(&Note::of(&record(status)));
        }
        assert_eq!(summary.matches(&everything), Some(MOST_GROUPS as u64));
        summary.add_note(&Note::of(&record(u16::MAX)));
        assert_eq!(summary.matches(&everything), None);
        assert_eq!(summary.matches(&elsewhere), Some(0));
        for name in 0..=MOST_MARKS {
            let path = format!("/{name}");
            let mut record = record(200);
            record.resource = Some(Resource::secret(&path));
            summary.add_note(&Note::of(&record));
        }
        assert_eq!(summary.matches(&elsewhere), None);
    }
}
