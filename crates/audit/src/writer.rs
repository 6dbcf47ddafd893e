//! The writer: one thread that takes whatever is queued, links it, writes it with one call, syncs
//! once, and wakes those who wait.
//!
//! After a failed write or sync the segment is never touched again, since nobody can say what of
//! it is on disk. The journal is then unavailable until a fresh segment stands and reads back.

use std::io::{self, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use strongroom_types::{Clock, Timestamp};

use crate::batch::Batch;
use crate::disk::{Disk, DiskFile};
use crate::fault::WriteFault;
use crate::finished::Finished;
use crate::frame::{self, Kind};
use crate::gather::{Gather, Gathering};
use crate::header::{Ended, FOOTER, FRAMES, Footer, Header};
use crate::keys::JournalKeys;
use crate::note::Note;
use crate::options::JournalOptions;
use crate::queue::{Queue, Settled, Work};
use crate::segment::{Segment, Shelf};
use crate::signed::{Head, SignedHead};
use crate::spare::{Spare, Spares};

/// When the writer does what nobody asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    /// Frames between two signed heads.
    pub(crate) head_frames: u64,
    /// Time between two signed heads, while there are frames.
    pub(crate) head_interval: Duration,
    /// The first pause after a fault; doubles up to `backoff_most`.
    pub(crate) backoff: Duration,
    pub(crate) backoff_most: Duration,
}

impl Schedule {
    pub(crate) fn of(options: &JournalOptions) -> Self {
        Self {
            head_frames: options.head_records,
            head_interval: options.head_interval,
            backoff: options.backoff,
            backoff_most: options.deadline,
        }
    }
}

/// What the writer works with.
pub(crate) struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) directory: PathBuf,
    pub(crate) keys: Arc<dyn JournalKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) capacity: u64,
    pub(crate) schedule: Schedule,
    pub(crate) queue: Arc<Queue>,
    pub(crate) spares: Arc<Spares>,
    pub(crate) finished: Arc<Finished>,
    pub(crate) shelf: Arc<Shelf>,
    /// How the segment before the next one ended.
    pub(crate) predecessor: Predecessor,
    /// At most one for each fault since a segment stood.
    pub(crate) untidy: Vec<Untidy>,
    /// The last durable frame.
    pub(crate) head: Head,
    /// When the last head was signed, and the sequence up to which nothing new needs one.
    pub(crate) signed: (Timestamp, u64),
    pub(crate) active: Option<Active>,
    pub(crate) wakers: Vec<Waker>,
    pub(crate) gathering: Gathering,
    /// What the last write says about the next.
    pub(crate) gather: Option<Gather>,
}

/// How a segment ended, as its successor's header says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Predecessor {
    pub(crate) end: u64,
    pub(crate) abandoned: bool,
}

impl Predecessor {
    /// Before the first segment.
    pub(crate) const NONE: Self = Self {
        end: 0,
        abandoned: false,
    };
}

/// The file of an abandoned segment, to be cut where it ends once a successor stands. Not before: a
/// segment that was cut and has no footer counts as damaged while it is the newest.
pub(crate) struct Untidy {
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) end: u64,
}

/// The segment being written.
pub(crate) struct Active {
    file: Box<dyn DiskFile>,
    segment: Arc<Segment>,
    offset: u64,
}

impl Active {
    /// The bytes of frames that still fit before the footer.
    fn room(&self) -> u64 {
        let capacity = self.segment.header.capacity;
        capacity.saturating_sub(self.offset + FOOTER as u64)
    }
}

impl Writer {
    /// Runs until the journal is closed.
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        loop {
            if self.active.is_none() && !self.recover() {
                break;
            }
            let unsigned = self.head.sequence > self.signed.1;
            let idle = unsigned.then_some(self.schedule.head_interval);
            let due = || self.head_is_due();
            let gather = self.gather;
            match self.queue.take(&mut batch, due, idle, gather) {
                Work::Group { next, head } => {
                    self.gathering.learn(next, Instant::now());
                    if let Err(fault) = self.write_group(&mut batch, head) {
                        self.fault(fault);
                    }
                    self.queue.end_write();
                }
                Work::Idle => {}
                Work::Red(fault) => self.fault(fault),
                Work::Closing => break,
            }
        }
        let ended = self.finish(Ended::Closed);
        self.spares.close();
        self.queue.end(ended.map_err(Arc::new));
    }

    /// Writes what was queued, over several segments if it must.
    fn write_group(&mut self, batch: &mut Batch, head: Option<u64>) -> Result<(), Arc<WriteFault>> {
        let mut rest = batch.frames.as_mut_slice();
        while let Some((_, first)) = frame::first(rest) {
            let bytes = match &self.active {
                Some(active) => fitting(rest, active.room(), active.offset == FRAMES),
                None => 0,
            };
            if bytes == 0 {
                self.rotate(first)?;
                continue;
            }
            let Some((part, left)) = rest.split_at_mut_checked(bytes) else {
                break;
            };
            rest = left;
            self.write_part(part, &batch.notes, None)?;
        }
        match head {
            Some(sequence) => self.write_head(sequence),
            None => Ok(()),
        }
    }

    /// Links, writes and syncs frames that fit, and wakes those who wait for them. The notes of their
    /// records are among these.
    fn write_part(
        &mut self,
        part: &mut [u8],
        notes: &[(u64, Note)],
        signed: Option<SignedHead>,
    ) -> Result<(), Arc<WriteFault>> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let (head, frames) = link(part, self.head, &*self.keys);
        active
            .file
            .write_all(part)
            .map_err(|source| WriteFault::Write { source })?;
        let began = Instant::now();
        active
            .file
            .sync_data()
            .map_err(|source| WriteFault::Sync { source })?;
        let bytes = part.len() as u64;
        let offset = active.offset;
        active.offset += bytes;
        let settled = Settled {
            head,
            signed,
            frames,
            bytes,
        };
        let (segment, end) = (&active.segment, active.offset);
        // A write that the watchdog gave up does not count, even though it came through.
        let sync = (began, Instant::now());
        let next = self
            .queue
            .settle(settled, &mut self.wakers, || segment.grow(end, head))?;
        // Behind the wakers: none of those who were just answered waits for it.
        segment.add_to_summary(offset, part, notes);
        self.gather = self.gathering.plan(frames, sync, next);
        self.head = head;
        Ok(())
    }

    fn head_is_due(&self) -> bool {
        let (at, covered) = self.signed;
        let unsigned = self.head.sequence.saturating_sub(covered);
        let age = self.clock.now().duration_since(at);
        unsigned > 0
            && (unsigned >= self.schedule.head_frames
                || age.unsigned_abs() >= self.schedule.head_interval)
    }

    fn sign(&mut self) -> Result<SignedHead, WriteFault> {
        let at = self.clock.now();
        let signed = SignedHead::sign(self.head, at, self.keys.signer())
            .map_err(|source| WriteFault::Sign { source })?;
        self.signed = (at, self.head.sequence);
        Ok(signed)
    }

    /// Adds a frame that signs everything before it.
    fn write_head(&mut self, sequence: u64) -> Result<(), Arc<WriteFault>> {
        let room = self.active.as_ref().map_or(0, Active::room);
        if room < frame::size(SignedHead::BYTES) as u64 {
            self.rotate(sequence)?;
        }
        let signed = self.sign()?;
        let mut frame = Vec::with_capacity(frame::size(SignedHead::BYTES));
        frame::push(&mut frame, Kind::Head, sequence, &signed.to_bytes());
        self.write_part(&mut frame, &[], Some(signed))?;
        self.signed.1 = self.head.sequence;
        Ok(())
    }

    /// Ends the active segment in order: footer, length, sync.
    fn finish(&mut self, ended: Ended) -> Result<Option<SignedHead>, WriteFault> {
        if self.active.is_none() {
            return Ok(None);
        }
        let head = self.sign()?;
        let Some(active) = &mut self.active else {
            return Ok(None);
        };
        let footer = Footer { ended, head }.to_bytes(self.keys.chain());
        let length = active.offset + footer.len() as u64;
        (|| {
            active.file.write_all(&footer)?;
            // A file that is cut must have its footer, whatever the disk writes first.
            active.file.sync_data()?;
            active.file.set_length(length)?;
            active.file.sync_all()
        })()
        .map_err(|source| WriteFault::Finish { source })?;
        self.leave(false);
        Ok(Some(head))
    }

    /// Ends the active segment and begins the one whose first frame is this.
    fn rotate(&mut self, first: u64) -> Result<(), WriteFault> {
        self.finish(Ended::Filled)?;
        self.begin(first)
    }

    /// The active segment, if any, is not written any more.
    fn leave(&mut self, abandoned: bool) {
        let Some(Active { file, segment, .. }) = self.active.take() else {
            return;
        };
        let end = segment.extent().end;
        segment.finish();
        if end == FRAMES && segment.header.first == self.queue.next() {
            // The next attempt has the same name and replaces it: its own predecessor stays.
            return;
        }
        self.predecessor = Predecessor { end, abandoned };
        if abandoned {
            self.untidy.push(Untidy { file, end });
        }
        self.finished.push(segment);
    }

    /// Puts a fresh segment in place and reads its header back.
    pub(crate) fn begin(&mut self, first: u64) -> Result<(), WriteFault> {
        let spare = self
            .spares
            .take()
            .map_err(|source| WriteFault::Prepare { source })?;
        let header = Header {
            capacity: self.capacity,
            first,
            previous: self.head,
            previous_end: self.predecessor.end,
            abandoned: self.predecessor.abandoned,
            created: self.clock.now(),
        };
        let segment = Segment::begun(&self.directory, header);
        let block = header.to_block(self.keys.chain());
        let Spare { path, mut file } = spare;
        let placed =
            write_header(&mut *file, &block).and_then(|()| self.disk.rename(&path, &segment.path));
        if let Err(source) = placed {
            // Only tidying: a spare that stays behind is removed at the next start.
            let _ = self.disk.remove(&path);
            return Err(WriteFault::Begin { source });
        }
        // From here on the file is the newest of the journal, whether it will be used or not.
        let segment = Arc::new(segment);
        self.shelf.push(Arc::clone(&segment));
        self.queue.count_segment();
        self.active = Some(Active {
            file,
            segment,
            offset: FRAMES,
        });
        self.check_begun(&block)
    }

    fn check_begun(&mut self, block: &[u8]) -> Result<(), WriteFault> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let begin = |source| WriteFault::Begin { source };
        self.disk.sync_directory(&self.directory).map_err(begin)?;
        let read_back = read_header(&mut *active.file, block.len()).map_err(begin)?;
        if read_back != block {
            return Err(WriteFault::ReadBack);
        }
        for Untidy { mut file, end } in self.untidy.drain(..) {
            // What stands behind the end does not count either way.
            let _ = file.set_length(end);
        }
        Ok(())
    }

    /// Everything in flight failed; the segment is left as it is.
    fn fault(&mut self, fault: Arc<WriteFault>) {
        tracing::error!(
            error = &*fault as &dyn std::error::Error,
            sequence = self.head.sequence,
            "the audit journal is unavailable"
        );
        self.queue.fail(fault);
        self.leave(true);
    }

    /// Tries fresh segments until one stands; false if the journal is closed before.
    fn recover(&mut self) -> bool {
        let mut pause = self.schedule.backoff;
        loop {
            if self.queue.pause(pause) {
                return false;
            }
            match self.begin(self.queue.next()) {
                Ok(()) => {
                    tracing::info!("the audit journal is available again, in a fresh segment");
                    self.queue.recovered();
                    return true;
                }
                Err(fault) => {
                    let error = &fault as &dyn std::error::Error;
                    tracing::warn!(error, "the audit journal is still unavailable");
                    self.leave(true);
                    pause = pause.saturating_mul(2).min(self.schedule.backoff_most);
                }
            }
        }
    }
}

/// How many bytes of whole frames fit. A segment that is still empty takes one frame of any size.
fn fitting(frames: &[u8], room: u64, empty: bool) -> usize {
    let mut fit = 0;
    let mut rest = frames;
    while let Some((size, _)) = frame::first(rest) {
        let alone = empty && fit == 0;
        if !alone && (fit + size) as u64 > room {
            break;
        }
        fit += size;
        rest = rest.get(size..).unwrap_or_default();
    }
    fit
}

/// Fills in positions and links; returns the new head and how many frames there were.
fn link(part: &mut [u8], head: Head, keys: &dyn JournalKeys) -> (Head, u64) {
    let mut head = head;
    let mut position = 0;
    let mut rest = part;
    while let Some((size, sequence)) = frame::first(rest) {
        let Some((frame, left)) = rest.split_at_mut_checked(size) else {
            break;
        };
        frame::seal(frame, position, keys.chain(), &mut head.link);
        head.sequence = sequence;
        position += 1;
        rest = left;
    }
    (head, position.into())
}

fn write_header(file: &mut dyn DiskFile, block: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(block)?;
    file.sync_data()
}

/// Reads the header back, and leaves the file where frames begin.
fn read_header(file: &mut dyn DiskFile, length: usize) -> io::Result<Vec<u8>> {
    let mut block = vec![0; length];
    file.seek(SeekFrom::Start(0))?;
    file.read_exact(&mut block)?;
    Ok(block)
}
