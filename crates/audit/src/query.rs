//! Answering readers of the log, from the files.
//!
//! Newest first: by sequence, and within a record by entry, both descending. Totals are exact.
//! Segments whose summary already knows the count are read only where the page lies; the others are
//! read once per filter and then remembered.

use std::collections::{HashMap, HashSet, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;

use parking_lot::Mutex;
use strongroom_types::{EventId, OrganisationId};

use crate::entry::{self, Entry};
use crate::filter::{Filter, Page};
use crate::frame::Frame;
use crate::header::FRAMES;
use crate::id::RecordId;
use crate::keys::JournalKeys;
use crate::record::Record;
use crate::scan::{self, Place, ReadError};
use crate::segment::{Segment, Shelf};
use crate::summary::Summary;

/// How many summaries of finished segments stay in memory, and how many counts.
const MOST_SUMMARIES: usize = 64;
const MOST_COUNTS: usize = 16_384;

/// How often a query begins again because retention took a file away under it.
const ATTEMPTS: usize = 3;

/// A page of entries, and how many there are in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The entries of the page, newest first.
    pub entries: Vec<Entry>,
    /// How many entries the filter selects in all.
    pub total: u64,
    /// The page that was asked for.
    pub page: Page,
}

impl Found {
    /// How many pages there are.
    pub fn pages(&self) -> u64 {
        self.total.div_ceil(self.page.limit().into())
    }
}

/// Reads the segments.
pub(crate) struct Reader {
    shelf: Arc<Shelf>,
    keys: Arc<dyn JournalKeys>,
    /// Finished segments whose summary is in memory, in the order in which they came.
    loaded: Mutex<VecDeque<Arc<Segment>>>,
    /// Counts of finished segments that had to be read for them.
    counts: Mutex<HashMap<(u64, Filter), u64>>,
}

/// The part of a page that is still to be found.
struct Wanted {
    skip: u64,
    left: usize,
    entries: Vec<Entry>,
}

impl Wanted {
    /// Takes a selected entry; whether the page is full.
    fn take(&mut self, entry: impl FnOnce() -> Entry) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
        } else if self.left > 0 {
            self.left -= 1;
            self.entries.push(entry());
        }
        self.left == 0
    }
}

impl Reader {
    pub(crate) fn new(shelf: Arc<Shelf>, keys: Arc<dyn JournalKeys>) -> Self {
        Self {
            shelf,
            keys,
            loaded: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// The entries of a page.
    pub(crate) fn query(&self, filter: &Filter, page: Page) -> Result<Found, ReadError> {
        self.persistently(|| self.try_query(filter, page))
    }

    /// One entry.
    pub(crate) fn find(
        &self,
        organisation: OrganisationId,
        event: EventId,
    ) -> Result<Option<Entry>, ReadError> {
        self.persistently(|| self.try_find(organisation, event))
    }

    fn persistently<T>(&self, attempt: impl Fn() -> Result<T, ReadError>) -> Result<T, ReadError> {
        for _ in 1..ATTEMPTS {
            match attempt() {
                Err(error) if error.is_gone() => {}
                decided => return decided,
            }
        }
        attempt()
    }

    fn try_query(&self, filter: &Filter, page: Page) -> Result<Found, ReadError> {
        let mut wanted = Wanted {
            skip: page.skip(),
            left: page.limit().into(),
            entries: Vec::new(),
        };
        let mut total = 0;
        let mut segments = self.shelf.all();
        if filter.impersonator.is_some() {
            segments.clear();
        }
        for segment in segments.iter().rev() {
            let summary = self.summary(segment)?;
            let known = summary
                .matches(filter)
                .or_else(|| self.known_count(segment, filter));
            match known {
                Some(count) if count <= wanted.skip => {
                    wanted.skip -= count;
                    total += count;
                }
                Some(count) => {
                    total += count;
                    if wanted.left > 0 {
                        self.walk(segment, &summary, filter, &mut wanted, true)?;
                    }
                }
                None => {
                    let count = self.walk(segment, &summary, filter, &mut wanted, false)?;
                    self.remember_count(segment, &summary, filter, count);
                    total += count;
                }
            }
        }
        Ok(Found {
            entries: wanted.entries,
            total,
            page,
        })
    }

    /// Goes through a segment from its end; returns how many entries were selected. With `stop`,
    /// no farther than the page needs.
    fn walk(
        &self,
        segment: &Segment,
        summary: &Summary,
        filter: &Filter,
        wanted: &mut Wanted,
        stop: bool,
    ) -> Result<u64, ReadError> {
        let mut count = 0;
        for (index, block) in summary.blocks.iter().enumerate().rev() {
            let mut selected = Vec::new();
            let from = Place {
                offset: block.offset,
                link: block.link,
            };
            let to = summary.end_of_block(index);
            scan::frames(segment, self.keys.chain(), from, to, |_, frame| {
                select(frame, filter, &mut selected)?;
                Ok(ControlFlow::Continue(()))
            })?;
            count += selected.len() as u64;
            for entry in selected.into_iter().rev() {
                if wanted.take(|| entry) && stop {
                    return Ok(count);
                }
            }
        }
        Ok(count)
    }

    fn try_find(
        &self,
        organisation: OrganisationId,
        event: EventId,
    ) -> Result<Option<Entry>, ReadError> {
        let (id, index) = RecordId::of_entry(event);
        let at = id.millisecond();
        let holds = |(least, most): (i64, i64)| (least..=most).contains(&at);
        for segment in self.shelf.all().iter().rev() {
            if segment.times().is_some_and(|times| !holds(times)) {
                continue;
            }
            let summary = self.summary(segment)?;
            for (number, block) in summary.blocks.iter().enumerate().rev() {
                if !block.times.is_some_and(holds) {
                    continue;
                }
                let to = summary.end_of_block(number);
                if let Some((record, sequence)) = self.find_in(segment, block, to, id)? {
                    let shown =
                        record.organisation == Some(organisation) && index < entry::count(&record);
                    return Ok(shown.then(|| Entry::new(Arc::new(record), sequence, index)));
                }
            }
        }
        Ok(None)
    }

    fn find_in(
        &self,
        segment: &Segment,
        block: &crate::summary::Block,
        to: u64,
        id: RecordId,
    ) -> Result<Option<(Record<'static>, u64)>, ReadError> {
        let mut found = None;
        let from = Place {
            offset: block.offset,
            link: block.link,
        };
        scan::frames(segment, self.keys.chain(), from, to, |_, frame| {
            if let Some(record) = scan::record(frame)?.filter(|record| record.id == id) {
                found = Some((record.into_owned(), frame.sequence));
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Which of these records stand in the journal at or after a sequence.
    pub(crate) fn contains_since(
        &self,
        sequence: u64,
        ids: &HashSet<RecordId>,
    ) -> Result<HashSet<RecordId>, ReadError> {
        let mut found = HashSet::new();
        for segment in self.shelf.all() {
            let extent = segment.extent();
            if extent.last.sequence < sequence || found.len() == ids.len() {
                continue;
            }
            let from = Place {
                offset: FRAMES,
                link: segment.header.previous.link,
            };
            scan::frames(&segment, self.keys.chain(), from, extent.end, |_, frame| {
                if frame.sequence >= sequence
                    && let Some(record) = scan::record(frame)?
                    && ids.contains(&record.id)
                {
                    found.insert(record.id);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(found)
    }

    /// What is known of the segment up to its durable end: from memory, from the file beside it, or
    /// by reading on.
    pub(crate) fn summary(&self, segment: &Arc<Segment>) -> Result<Arc<Summary>, ReadError> {
        let mut known = segment.summary.lock();
        // Under the lock, so that two queries do not both read the same stretch.
        let extent = segment.extent();
        let mut summary = match known.summary.take() {
            Some(summary) => summary,
            None => {
                let stored = extent.finished.then(|| self.stored_summary(segment));
                let stored = stored.flatten();
                known.kept = stored.is_some();
                Arc::new(stored.unwrap_or_else(|| Summary::of_nothing(segment)))
            }
        };
        if !summary.covers(extent.end) {
            Arc::make_mut(&mut summary).extend(segment, self.keys.chain(), extent.end)?;
        }
        if extent.finished && !known.kept {
            self.store_summary(segment, &summary);
            known.kept = true;
        }
        known.summary = Some(Arc::clone(&summary));
        drop(known);
        if extent.finished {
            segment.know_times(summary.times());
            self.keep_few(segment);
        }
        Ok(summary)
    }

    fn stored_summary(&self, segment: &Segment) -> Option<Summary> {
        let bytes = std::fs::read(segment.summary_path()).ok()?;
        Summary::from_bytes(&bytes, self.keys.chain(), segment)
    }

    fn store_summary(&self, segment: &Segment, summary: &Summary) {
        let Some(bytes) = summary.to_bytes(self.keys.chain()) else {
            return;
        };
        // Not synced: a summary that a crash tears does not verify, and is made again.
        if let Err(error) = std::fs::write(segment.summary_path(), bytes) {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the summary of an audit segment cannot be kept");
        }
    }

    fn keep_few(&self, segment: &Arc<Segment>) {
        let mut loaded = self.loaded.lock();
        if loaded.iter().any(|known| Arc::ptr_eq(known, segment)) {
            return;
        }
        loaded.push_back(Arc::clone(segment));
        let least = (loaded.len() > MOST_SUMMARIES)
            .then(|| loaded.pop_front())
            .flatten();
        drop(loaded);
        if let Some(segment) = least {
            segment.summary.lock().summary = None;
        }
    }

    fn known_count(&self, segment: &Segment, filter: &Filter) -> Option<u64> {
        if !segment.extent().finished {
            return None;
        }
        let counts = self.counts.lock();
        counts.get(&(segment.header.first, filter.clone())).copied()
    }

    fn remember_count(&self, segment: &Segment, summary: &Summary, filter: &Filter, count: u64) {
        let extent = segment.extent();
        if !extent.finished || !summary.covers(extent.end) {
            return;
        }
        let mut counts = self.counts.lock();
        if counts.len() >= MOST_COUNTS {
            counts.clear();
        }
        counts.insert((segment.header.first, filter.clone()), count);
    }
}

/// Adds the entries of the frame that the filter selects, in their order.
fn select(frame: &Frame<'_>, filter: &Filter, to: &mut Vec<Entry>) -> Result<(), ReadError> {
    let Some(record) = scan::record(frame)?.filter(|record| filter.admits(record)) else {
        return Ok(());
    };
    let selected: Vec<u16> = (0..entry::count(&record))
        .filter(|&index| filter.selects(&record, index))
        .collect();
    if selected.is_empty() {
        return Ok(());
    }
    let record = Arc::new(record.into_owned());
    let entries = selected
        .into_iter()
        .map(|index| Entry::new(Arc::clone(&record), frame.sequence, index));
    to.extend(entries);
    Ok(())
}
