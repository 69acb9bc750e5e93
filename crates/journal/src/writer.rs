//! The one thread that writes. Owns the order of records, the chain, and the moment at which something counts as
//! written: queue -> one batch -> flush -> fdatasync -> answer. sled is slower with a second writer.
//!
//! After a failed write it stops for good. What sled would make of a disk that failed once and works again is not
//! known, and statements are refused meanwhile; a restart looks at what is really there.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::checkpoint::Checkpoint;
use crate::chunk::Packer;
use crate::durable::Acknowledgement;
use crate::error::JournalError;
use crate::journal::{Shared, Tail};
use crate::queue::{Item, Work};
use crate::record::Event;
use crate::recovery::guarded;
use crate::segment::Segment;

/// One batch for sled; a longer one costs memory and gains nothing.
const BATCH_BYTES: usize = 1 << 20;
/// Session numbers are reserved in blocks, so that giving one out costs no write.
const NUMBERS_BLOCK: u64 = 64;
/// The next block is asked for when fewer are left.
pub(crate) const NUMBERS_LOW: u64 = 32;
/// A vector of waiting records longer than this is given back after a rush.
const SPARE_ITEMS: usize = 8192;

/// A record of a batch that is not on disk yet.
struct Packed {
    session: u64,
    seq: u64,
    time_us: u64,
    event: Event,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    segment: Arc<Segment>,
    segment_bytes: u64,
    packer: Packer,
    checkpoint: Checkpoint,
    checkpoint_at: Instant,
    /// Of the batch being filled: its records, for the index, and who waits for them.
    packed: Vec<Packed>,
    answers: Vec<Acknowledgement>,
    records: usize,
    weight: usize,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, checkpoint: Checkpoint) -> Result<Writer, JournalError> {
        let segment = Arc::clone(&shared.active().segment);
        let segment_bytes = segment
            .sled
            .db
            .size_on_disk()
            .map_err(|error| JournalError::directory(shared.claim.path(), error))?;
        let tail = shared.tail();
        Ok(Writer {
            segment,
            segment_bytes,
            packer: Packer::new(tail.seq, tail.hash),
            checkpoint,
            checkpoint_at: Instant::now(),
            packed: Vec::new(),
            answers: Vec::new(),
            records: 0,
            weight: 0,
            shared,
        })
    }

    pub(crate) fn run(mut self) {
        let queue = Arc::clone(&self.shared.queue);
        let reason = match catch_unwind(AssertUnwindSafe(|| self.work())) {
            Ok(Ok(())) => JournalError::Closed,
            Ok(Err(error)) => error,
            Err(_) => JournalError::write("the writer panicked"),
        };
        // First nothing is taken any more, then those who wait hear of it.
        queue.end(&reason);
        for answer in self.answers.drain(..) {
            answer.answer(Err(reason.clone()));
        }
    }

    fn work(&mut self) -> Result<(), JournalError> {
        let mut spare = Vec::new();
        loop {
            self.make_checkpoint(false)?;
            let behind = self.shared.tail().seq != self.checkpoint.seq;
            let deadline = behind.then(|| self.checkpoint_at + self.shared.config.checkpoint_every);
            let (items, last) = match self.shared.queue.next(deadline, spare) {
                Work::Items(items) => (items, false),
                Work::Last(items) => (items, true),
            };
            spare = self.write(items)?;
            if last {
                return self.make_checkpoint(true);
            }
        }
    }

    /// Writes them in batches; gives the empty vector back.
    fn write(&mut self, mut items: Vec<Item>) -> Result<Vec<Item>, JournalError> {
        for item in items.drain(..) {
            let done = self.pack(item);
            if done.is_err() || self.packer.bytes() >= BATCH_BYTES {
                // An error must close the queue before the items behind it are dropped, and with them answered.
                done.and_then(|()| self.commit())
                    .inspect_err(|error| self.shared.queue.end(error))?;
            }
        }
        self.commit()?;
        items.shrink_to(SPARE_ITEMS);
        Ok(items)
    }

    fn pack(&mut self, item: Item) -> Result<(), JournalError> {
        self.records += 1;
        self.weight += item.weight;
        self.answers.extend(item.done);
        let seq = self.packer.push(item.time_us, item.session, &item.event)?;
        self.packed.push(Packed {
            session: item.session,
            seq,
            time_us: item.time_us,
            event: item.event,
        });
        Ok(())
    }

    /// What was packed is on disk: it may be told of, by number and by session at once.
    fn show(&mut self, tail: Tail) -> Result<(), JournalError> {
        let mut active = self.shared.active();
        self.shared.set_tail(tail);
        for one in self.packed.drain(..) {
            active.live.fold(
                &self.segment.sessions,
                one.session,
                one.seq,
                one.time_us,
                &one.event,
            )?;
        }
        self.packed.shrink_to(SPARE_ITEMS);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        if self.records == 0 {
            return Ok(());
        }
        let (batch, bytes) = self.packer.take();
        guarded(|| {
            self.segment
                .records
                .apply_batch(batch)
                .map_err(JournalError::write)
        })?;
        self.segment.sled.sync()?;
        let tail = Tail {
            seq: self.packer.seq(),
            hash: self.packer.hash(),
        };
        self.show(tail)?;
        for answer in self.answers.drain(..) {
            answer.answer(Ok(()));
        }
        self.shared.queue.written(self.records, self.weight);
        self.records = 0;
        self.weight = 0;
        self.segment_bytes += bytes as u64;
        self.rotate_if_full(tail.seq)
    }

    fn rotate_if_full(&mut self, seq: u64) -> Result<(), JournalError> {
        let config = &self.shared.config;
        let records = (seq + 1).saturating_sub(self.segment.first);
        if records < config.segment_records && self.segment_bytes < config.segment_bytes {
            return Ok(());
        }
        // Seals it: its index is complete, and the checkpoint names its last record, before there is a next one.
        self.write_checkpoint(self.checkpoint.sessions)?;
        let segment = guarded(|| self.shared.segments.create(seq + 1))?;
        let mut active = self.shared.active();
        active.live.clear();
        active.segment = Arc::clone(&segment);
        drop(active);
        self.segment = segment;
        self.segment_bytes = 0;
        Ok(())
    }

    fn make_checkpoint(&mut self, last: bool) -> Result<(), JournalError> {
        let given = self.shared.given.load(Ordering::SeqCst);
        let numbers = if last {
            // A clean end leaves no gap in the numbers.
            given
        } else if given + NUMBERS_LOW >= self.checkpoint.sessions {
            given + NUMBERS_BLOCK
        } else {
            self.checkpoint.sessions
        };
        let behind = self.shared.tail().seq != self.checkpoint.seq;
        let due = last || self.checkpoint_at.elapsed() >= self.shared.config.checkpoint_every;
        if numbers != self.checkpoint.sessions || (behind && due) {
            self.write_checkpoint(numbers)?;
        }
        Ok(())
    }

    fn write_checkpoint(&mut self, sessions: u64) -> Result<(), JournalError> {
        let changes = self.shared.active().live.take_changes()?;
        guarded(|| {
            self.segment
                .sessions
                .apply_batch(changes)
                .map_err(JournalError::write)
        })?;
        self.shared.active().live.forget_ended();
        self.segment.sled.sync()?;
        let tail = self.shared.tail();
        self.checkpoint = Checkpoint {
            seq: tail.seq,
            hash: tail.hash,
            sessions,
        };
        self.checkpoint.write(self.shared.claim.path())?;
        self.checkpoint_at = Instant::now();
        self.shared.ceiling.store(sessions, Ordering::SeqCst);
        self.shared.queue.numbers_changed();
        Ok(())
    }
}
