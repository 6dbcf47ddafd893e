//! Summaries: what is known of a segment without reading it.
//!
//! A summary is derived from its segment and may be lost: it is made again by reading. It holds
//! exact counts per group of entries, marks of the callers and resources that occur, and the places
//! of blocks, so that a page is read backwards without reading the segment.
//!
//! It is kept beside its segment (`.summary`): the CBOR of [`Summary`], then 32 bytes of
//! HMAC-SHA-256 of the label `strongroom/audit/summary/1` and of that CBOR.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::ops::ControlFlow;

use minicbor::{Decode, Encode};
use strongroom_crypto::ChainKey;
use strongroom_types::OrganisationId;

use crate::codec;
use crate::encoding::RecordError;
use crate::event::Resource;
use crate::filter::Filter;
use crate::frame::{Frame, Kind, Link};
use crate::hash::{AsIs, Hash};
use crate::header::FRAMES;
use crate::id::RecordId;
use crate::record::Principal;
use crate::scan::{self, Place, ReadError};
use crate::segment::Segment;
use crate::text::Text;

const LABEL: Link = *b"strongroom/audit/summary/1\0\0\0\0\0\0";

/// Bytes of frames after which a block ends.
const BLOCK: u64 = 128 << 10;

/// The most groups that are counted, and the most callers and resources that are marked. A segment
/// with more is read instead.
const MOST_GROUPS: usize = 4096;
const MOST_MARKS: usize = 32_768;

/// What is known of a segment up to some place.
#[derive(Debug, Clone, Encode, Decode)]
pub(crate) struct Summary {
    /// Everything before this offset is covered.
    #[n(0)]
    covered: u64,
    #[cbor(n(1), with = "minicbor::bytes")]
    link: Link,
    /// The stretches in which the segment is read.
    #[n(2)]
    pub(crate) blocks: Vec<Block>,
    /// Entries per group, by the group's hash; none if there are too many.
    #[n(3)]
    groups: Option<HashMap<u64, Group, BuildHasherDefault<AsIs>>>,
    /// Hashes of the callers and resources that occur; none if there are too many.
    #[n(4)]
    marks: Option<HashSet<u64, BuildHasherDefault<AsIs>>>,
}

/// A stretch of frames.
#[derive(Debug, Clone, Copy, Encode, Decode)]
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

/// Entries that differ in nothing that a group decides.
#[derive(Debug, Clone, Encode, Decode)]
struct Group {
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
        scan::frames(segment, chain, from, to, |offset, frame| {
            self.add(offset, frame)?;
            Ok(ControlFlow::Continue(()))
        })
    }

    fn add(&mut self, offset: u64, frame: &Frame<'_>) -> Result<(), ReadError> {
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
        if frame.kind == Kind::Record {
            let outline = Outline::decode(frame.payload).map_err(|source| ReadError::Record {
                sequence: frame.sequence,
                source,
            })?;
            self.add_record(&outline);
        }
        self.covered = offset + frame.size() as u64;
        self.link = frame.link;
        Ok(())
    }

    fn add_record(&mut self, outline: &Outline<'_>) {
        if let Some(block) = self.blocks.last_mut() {
            let at = outline.id.millisecond();
            let (least, most) = block.times.unwrap_or((at, at));
            block.times = Some((least.min(at), most.max(at)));
        }
        if let Some(principal) = &outline.principal {
            self.mark(mark_of(principal));
        }
        self.add_entry(outline, &outline.method, outline.resource.as_ref());
        for event in &outline.events {
            let resource = match event.on_call {
                true => outline.resource.as_ref(),
                false => event.resource.as_ref(),
            };
            self.add_entry(outline, &event.action, resource);
        }
    }

    fn mark(&mut self, mark: u64) {
        if let Some(marks) = &mut self.marks {
            marks.insert(mark);
            if marks.len() > MOST_MARKS {
                self.marks = None;
            }
        }
    }

    fn add_entry(&mut self, outline: &Outline<'_>, action: &Text<'_>, on: Option<&Resource<'_>>) {
        if let Some(resource) = on {
            self.mark(mark_of_resource(resource.identity.as_str()));
        }
        let (Some(groups), Some(organisation)) = (&mut self.groups, &outline.organisation) else {
            return;
        };
        let (action, kind) = (action.as_str(), on.map_or("", |on| on.kind.as_str()));
        let hash = Hash::new()
            .with(organisation.as_bytes())
            .with(&[u8::from(outline.system)])
            .with(&outline.status.to_le_bytes())
            .with(action.as_bytes())
            .with(kind.as_bytes());
        let group = groups.entry(hash.finish()).or_insert_with(|| Group {
            organisation: *organisation.as_bytes(),
            system: outline.system,
            status: outline.status,
            action: action.to_owned(),
            resource_type: kind.to_owned(),
            entries: 0,
        });
        group.entries += 1;
        let same = group.organisation == *organisation.as_bytes()
            && group.system == outline.system
            && group.status == outline.status
            && group.action == action
            && group.resource_type == kind;
        // Two groups with one hash cannot be told apart: read the segment instead.
        if !same || groups.len() > MOST_GROUPS {
            self.groups = None;
        }
    }

    /// How many entries the filter selects, where that is known without reading.
    pub(crate) fn matches(&self, filter: &Filter) -> Option<u64> {
        let asked = [
            filter.user.map(|id| mark_user(id.as_bytes())),
            filter.service_account.map(|id| mark_account(id.as_bytes())),
            filter.resource_identity.as_deref().map(mark_of_resource),
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
            .filter(|group| group.is_selected(filter))
            .map(|group| group.entries)
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

impl Group {
    fn is_selected(&self, filter: &Filter) -> bool {
        self.organisation == *filter.organisation.as_bytes()
            && (filter.include_system || !self.system)
            && filter.status.is_none_or(|status| status == self.status)
            && filter.takes_action(&self.action)
            && filter.takes_type(&self.resource_type)
    }
}

/// What a summary needs of a record: reading only this costs half as much. The keys are those of
/// [`Record`](crate::Record) and [`ServiceEvent`](crate::ServiceEvent).
#[derive(Decode)]
#[cbor(map)]
struct Outline<'a> {
    #[cbor(n(0), with = "codec::identity")]
    id: RecordId,
    #[cbor(n(2), with = "codec::maybe_identity", has_nil)]
    organisation: Option<OrganisationId>,
    #[cbor(n(3), default)]
    system: bool,
    #[n(4)]
    status: u16,
    #[b(6)]
    method: Text<'a>,
    #[b(8)]
    principal: Option<Principal<'a>>,
    #[b(15)]
    resource: Option<Resource<'a>>,
    #[cbor(b(17), default)]
    events: Vec<EventOutline<'a>>,
}

#[derive(Decode)]
#[cbor(map)]
struct EventOutline<'a> {
    #[b(0)]
    action: Text<'a>,
    #[b(1)]
    resource: Option<Resource<'a>>,
    #[cbor(n(5), default)]
    on_call: bool,
}

impl<'a> Outline<'a> {
    fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        minicbor::decode(bytes).map_err(RecordError::from)
    }
}

fn mark_of(principal: &Principal<'_>) -> u64 {
    match principal {
        Principal::User { id, .. } => mark_user(id.as_bytes()),
        Principal::ServiceAccount { id, .. } => mark_account(id.as_bytes()),
    }
}

fn mark_user(id: &[u8; 16]) -> u64 {
    Hash::new().with(b"u").with(id).finish()
}

fn mark_account(id: &[u8; 16]) -> u64 {
    Hash::new().with(b"s").with(id).finish()
}

fn mark_of_resource(identity: &str) -> u64 {
    Hash::new().with(b"r").with(identity.as_bytes()).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is marked on disk must be found by later releases.
    #[test]
    fn the_hash_is_pinned() {
        assert_eq!(
            mark_of_resource("/app/production/a"),
            998_808_498_402_678_984
        );
        assert_eq!(mark_user(&[7; 16]), 10_842_314_420_845_342_813);
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
            created: strongroom_types::Timestamp::UNIX_EPOCH,
        };
        let segment = Segment::begun(std::path::Path::new("nowhere"), header);
        let outline = |status| Outline {
            id: RecordId::from_bytes([0; 16]),
            organisation: Some(organisation),
            system: false,
            status,
            method: "GET".into(),
            principal: None,
            resource: None,
            events: Vec::new(),
        };
        let everything = Filter::everything(organisation);
        let elsewhere = Filter {
            resource_identity: Some("/elsewhere".to_owned()),
            ..everything.clone()
        };
        let mut summary = Summary::of_nothing(&segment);
        for status in 0..MOST_GROUPS as u16 {
            summary.add_record(&outline(status));
        }
        assert_eq!(summary.matches(&everything), Some(MOST_GROUPS as u64));
        summary.add_record(&outline(u16::MAX));
        assert_eq!(summary.matches(&everything), None);
        assert_eq!(summary.matches(&elsewhere), Some(0));
        for name in 0..=MOST_MARKS {
            let path = format!("/{name}");
            let mut outline = outline(200);
            outline.resource = Some(Resource::secret(&path));
            summary.add_record(&outline);
        }
        assert_eq!(summary.matches(&elsewhere), None);
    }
}
