//! The journal: the public face of writing and reading.

use std::cell::RefCell;
use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::Mutex;
use strongroom_types::{Clock, EventId, OrganisationId, Timestamp};

use crate::disk::{Disk, LocalDisk};
use crate::encoding::EncodedRecord;
use crate::entry::Entry;
use crate::fault::{AppendError, WriteFault};
use crate::filter::{Filter, Page};
use crate::finished::Finished;
use crate::frame::Kind;
use crate::gather::Gathering;
use crate::id::RecordId;
use crate::keys::JournalKeys;
use crate::note::Note;
use crate::options::JournalOptions;
use crate::query::{Found, Reader};
use crate::queue::{Counters, Queue};
use crate::receipt::Receipt;
use crate::record::Record;
use crate::recovery::{self, OpenError, Recovered};
use crate::retention::{self, ExpireError, Expired};
use crate::scan::ReadError;
use crate::segment::Shelf;
use crate::signed::{Head, SignedHead};
use crate::spare::{self, Spares};
use crate::watchdog::{self, Leash};
use crate::writer::{Schedule, Writer};

/// The audit journal of one installation. Clones are the same journal.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    options: JournalOptions,
    disk: Arc<dyn Disk>,
    keys: Arc<dyn JournalKeys>,
    clock: Arc<dyn Clock>,
    queue: Arc<Queue>,
    spares: Arc<Spares>,
    finished: Arc<Finished>,
    shelf: Arc<Shelf>,
    reader: Arc<Reader>,
    leash: Arc<Leash>,
    helpers: Mutex<Vec<JoinHandle<()>>>,
    /// One expiry at a time.
    expiring: Mutex<()>,
    /// Held while the journal is open.
    _lock: File,
}

/// Why the journal did not end in order. It opens again, as after a crash.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// The disk did not answer in time.
    #[error("the audit journal could not be closed in time")]
    Deadline,
    /// The end could not be written.
    #[error("the audit journal could not be closed in order")]
    Fault {
        /// What happened.
        #[source]
        cause: Arc<WriteFault>,
    },
}

impl Journal {
    /// Opens the journal of a directory, or begins one. Reads the newest segment, goes on after its
    /// last whole record, and begins a fresh segment.
    ///
    /// # Errors
    ///
    /// It is in use, was changed or damaged, or the disk refuses.
    pub fn open(
        options: JournalOptions,
        keys: Arc<dyn JournalKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        Self::open_on(Arc::new(LocalDisk), options, keys, clock)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        options: JournalOptions,
        keys: Arc<dyn JournalKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OpenError> {
        options.check()?;
        let directory = options.directory.as_path();
        let lock = recovery::lock(directory)?;
        let listing = recovery::list(directory).map_err(|source| OpenError::Disk {
            path: directory.to_owned(),
            source,
        })?;
        let recovered = recovery::recover(&*disk, directory, &listing.segments, keys.chain())?;
        if recovered.head.sequence < options.reached {
            return Err(OpenError::Shortened {
                expected: options.reached,
                found: recovered.head.sequence,
            });
        }
        let (spare, number) = spare::first(&*disk, &options, listing)?;
        let Recovered {
            segments,
            predecessor,
            untidy,
            head,
            next,
            signed,
        } = recovered;
        let shelf = Arc::new(Shelf::of(segments));
        let queue = Arc::new(Queue::new(options.queue_bytes, head, next, signed));
        let spares = Arc::new(Spares::new());
        spares.put(Ok(spare));
        let finished = Arc::<Finished>::default();
        let mut writer = Writer {
            disk: Arc::clone(&disk),
            directory: directory.to_owned(),
            keys: Arc::clone(&keys),
            clock: Arc::clone(&clock),
            capacity: options.segment_bytes,
            schedule: Schedule::of(&options),
            queue: Arc::clone(&queue),
            spares: Arc::clone(&spares),
            finished: Arc::clone(&finished),
            shelf: Arc::clone(&shelf),
            predecessor,
            untidy,
            head,
            signed: (clock.now(), signed.map_or(0, |signed| signed.head.sequence)),
            active: None,
            wakers: Vec::new(),
            gathering: Gathering::default(),
            gather: None,
        };
        writer.begin(next).map_err(|fault| OpenError::Begin {
            source: Arc::new(fault),
        })?;
        let reader = Arc::new(Reader::new(Arc::clone(&shelf), Arc::clone(&keys)));
        let inner = Inner {
            options,
            disk,
            keys,
            clock,
            queue,
            spares,
            finished,
            shelf,
            reader,
            leash: Arc::default(),
            helpers: Mutex::default(),
            expiring: Mutex::default(),
            _lock: lock,
        };
        inner.start(writer, number)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Queues a record. It is encoded before any lock is taken.
    ///
    /// # Errors
    ///
    /// At once, where the journal cannot take it: the disk is failing, the queue is full, the
    /// journal is closed, or the record is too large.
    pub fn append(&self, record: &Record<'_>) -> Result<Receipt, AppendError> {
        thread_local! {
            static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        BUFFER.with_borrow_mut(|buffer| {
            buffer.clear();
            record
                .encode_into(buffer)
                .map_err(|source| AppendError::Record {
                    cause: Arc::new(source),
                })?;
            self.push(Kind::Record, buffer, Some(Note::of(record)))
        })
    }

    /// Queues a record that was encoded before: the copy of an outbox row.
    ///
    /// # Errors
    ///
    /// As for [`Journal::append`].
    pub fn append_encoded(&self, record: &EncodedRecord) -> Result<Receipt, AppendError> {
        self.push(Kind::Record, record.as_bytes(), Some(record.note().clone()))
    }

    fn push(&self, kind: Kind, payload: &[u8], note: Option<Note>) -> Result<Receipt, AppendError> {
        let queue = &self.inner.queue;
        let sequence = queue.append(kind, payload, note)?;
        Ok(Receipt::new(Arc::clone(queue), sequence))
    }

    /// Waits until every record queued so far is decided: durable, or failed. Whoever dropped a
    /// receipt can then learn from [`Journal::contains_since`] what became of the record.
    pub async fn settled(&self) {
        let queue = &self.inner.queue;
        let last = queue.next().saturating_sub(1);
        // How it ended is not asked here.
        let _decided = Receipt::new(Arc::clone(queue), last).await;
    }

    /// Which of these records stand in the journal at or after a sequence. Blocks; tells which
    /// outbox rows were copied before a start, or by an attempt that was given up.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn contains_since(
        &self,
        sequence: u64,
        ids: &HashSet<RecordId>,
    ) -> Result<HashSet<RecordId>, ReadError> {
        self.inner.reader.contains_since(sequence, ids)
    }

    /// The newest durable frame.
    pub fn head(&self) -> Head {
        self.inner.queue.head()
    }

    /// The newest signed head since the journal was opened, or from the newest segment before.
    pub fn signed_head(&self) -> Option<SignedHead> {
        self.inner.queue.signed_head()
    }

    /// Whether records are taken.
    pub fn healthy(&self) -> bool {
        self.fault().is_none()
    }

    /// Why records are not taken.
    pub fn fault(&self) -> Option<Arc<WriteFault>> {
        self.inner.queue.red()
    }

    /// What the journal has done since it was opened.
    pub fn counters(&self) -> Counters {
        self.inner.queue.counters()
    }

    /// A page of the entries that the filter selects, newest first. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn query(&self, filter: &Filter, page: Page) -> Result<Found, ReadError> {
        self.inner.reader.query(filter, page)
    }

    /// One entry of an organisation's log. Blocks while it reads.
    ///
    /// # Errors
    ///
    /// The journal cannot be read.
    pub fn find(
        &self,
        organisation: OrganisationId,
        event: EventId,
    ) -> Result<Option<Entry>, ReadError> {
        self.inner.reader.find(organisation, event)
    }

    #[cfg(test)]
    pub(crate) fn segments(&self) -> Vec<Arc<crate::segment::Segment>> {
        self.inner.shelf.all()
    }

    /// Drops the segments in which every record was written before this instant. Blocks. The
    /// tombstone that says so is durable before the first file is removed.
    ///
    /// # Errors
    ///
    /// The tombstone could not be recorded, or a file could not be removed.
    pub fn expire(&self, before: Timestamp) -> Result<Expired, ExpireError> {
        let inner = &*self.inner;
        let _one_at_a_time = inner.expiring.lock();
        let Some(plan) = retention::plan(&inner.shelf.all(), before) else {
            return Ok(Expired::default());
        };
        let tombstone = plan.tombstone(inner.clock.now(), inner.keys.signer())?;
        let _durable = self
            .push(Kind::Tombstone, &tombstone.to_bytes(), None)
            .and_then(Receipt::wait)
            .map_err(|source| ExpireError::Tombstone { source })?;
        plan.carry_out(&*inner.disk, &inner.options.directory, &inner.shelf)
    }

    /// Drains what is queued, signs the end, and closes the journal for all its clones. Blocks.
    ///
    /// # Errors
    ///
    /// The disk failed or took longer than the deadline.
    pub fn close(self) -> Result<(), CloseError> {
        self.inner.close()
    }
}

impl Inner {
    fn start(&self, writer: Writer, mut number: u64) -> Result<(), OpenError> {
        let mut helpers = self.helpers.lock();
        let mut start = |name: &str, work: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.to_owned());
            let handle = thread
                .spawn(work)
                .map_err(|source| OpenError::Thread { source })?;
            helpers.push(handle);
            Ok::<_, OpenError>(())
        };
        let (spares, disk) = (Arc::clone(&self.spares), Arc::clone(&self.disk));
        let (directory, capacity) = (self.options.directory.clone(), self.options.segment_bytes);
        let preparing = move || {
            while spares.wanted() {
                spares.put(spare::prepare(&*disk, &directory, number, capacity));
                number += 1;
            }
        };
        let (finished, reader) = (Arc::clone(&self.finished), Arc::clone(&self.reader));
        let (queue, leash, deadline) = (
            Arc::clone(&self.queue),
            Arc::clone(&self.leash),
            self.options.deadline,
        );
        start("audit-spares", Box::new(preparing))?;
        start(
            "audit-summaries",
            Box::new(move || finished.summarise_all(&reader)),
        )?;
        start(
            "audit-watchdog",
            Box::new(move || watchdog::watch(&queue, &leash, deadline)),
        )?;
        start("audit-writer", Box::new(move || writer.run()))
    }

    fn close(&self) -> Result<(), CloseError> {
        self.queue.close();
        let ended = self.queue.await_end(self.options.deadline);
        self.spares.close();
        self.finished.close();
        self.leash.release();
        let helpers = std::mem::take(&mut *self.helpers.lock());
        let Some(ended) = ended else {
            // The disk hangs: its threads end when it answers.
            return Err(CloseError::Deadline);
        };
        for helper in helpers {
            // A helper that panicked has said so already.
            let _ = helper.join();
        }
        ended.map_err(|cause| CloseError::Fault { cause })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the audit journal was not closed in order");
        }
    }
}
