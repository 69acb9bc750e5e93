//! The journal's front. Owns opening and closing it; what it says of itself is in `reader` and `verify`.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::chain::Hash;
use crate::checkpoint::Checkpoint;
use crate::chunk::{self, Go};
use crate::directory::Claim;
use crate::durable::Durable;
use crate::error::JournalError;
use crate::queue::{Limits, Queue, Room};
use crate::record::Event;
use crate::segment::{Segment, Segments};
use crate::session::Live;
use crate::verify::Follow;
use crate::writer::{NUMBERS_LOW, Writer};

/// How the journal behaves.
#[derive(Debug, Clone)]
pub struct JournalConfig {
    /// A record that nobody waits for is on disk at the latest so long after it came, and the time of one write.
    pub read_delay: Duration,
    /// Records waiting to be written at which `room()` begins to wait. At four times as many nothing is taken.
    pub queue_records: usize,
    /// The same in bytes.
    pub queue_bytes: usize,
    /// The largest record taken, about.
    pub record_bytes: usize,
    /// A segment is closed at so many records.
    pub segment_records: u64,
    /// And at so many bytes of records.
    pub segment_bytes: u64,
    /// The checkpoint file is at most so far behind.
    pub checkpoint_every: Duration,
    /// sled's page cache, for each open segment.
    pub cache_bytes: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        JournalConfig {
            read_delay: Duration::from_millis(50),
            queue_records: 16_384,
            queue_bytes: 8 << 20,
            record_bytes: 16 << 20,
            segment_records: 1_000_000,
            segment_bytes: 512 << 20,
            checkpoint_every: Duration::from_secs(1),
            cache_bytes: 8 << 20,
        }
    }
}

/// The session log. A handle; clones share one log. The directory is released when the last one is gone.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

/// What the writer and the readers have in common.
pub(crate) struct Shared {
    pub(crate) config: JournalConfig,
    pub(crate) segments: Segments,
    pub(crate) queue: Arc<Queue>,
    /// The last record on disk.
    tail: Mutex<Tail>,
    /// The segment being written.
    active: Mutex<Active>,
    /// The last session number given out.
    pub(crate) given: AtomicU64,
    /// Numbers up to here may be given out: the checkpoint file says so.
    pub(crate) ceiling: AtomicU64,
    // Last, so that sled is gone when it is released.
    pub(crate) claim: Claim,
}

#[derive(Clone, Copy)]
pub(crate) struct Tail {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
}

pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) live: Live,
}

impl Shared {
    pub(crate) fn tail(&self) -> Tail {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_tail(&self, tail: Tail) {
        *self.tail.lock().unwrap_or_else(PoisonError::into_inner) = tail;
    }

    pub(crate) fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Journal {
    /// Opens the log in `state_dir/journal`, creating both where they are missing, and checks that it ends where it
    /// says: the records from the last checkpoint on are walked.
    ///
    /// # Errors
    /// The directory is in use or cannot be used, or the log is not what it was.
    pub fn open(state_dir: &Path, config: JournalConfig) -> Result<Journal, JournalError> {
        let claim = Claim::take(state_dir, "journal")?;
        let dir = claim.path();
        let segments = Segments::find(dir, config.cache_bytes)?;
        let checkpoint = match (Checkpoint::read(dir)?, segments.firsts().is_empty()) {
            (Some(checkpoint), _) => checkpoint,
            // The checkpoint comes before the first segment, so that a segment without one is a sign.
            (None, true) => {
                let checkpoint = Checkpoint {
                    seq: 0,
                    hash: Hash::genesis(),
                    sessions: 0,
                };
                checkpoint.write(dir)?;
                checkpoint
            }
            (None, false) => {
                return Err(JournalError::Checkpoint {
                    path: Checkpoint::path(dir),
                    what: "is missing".into(),
                });
            }
        };
        let segment = match segments.firsts().last() {
            Some(&first) => segments.open(first)?,
            None if checkpoint.seq == 0 => segments.create(1)?,
            None => {
                return Err(JournalError::ShorterThanCheckpoint {
                    dir: dir.to_owned(),
                    last: 0,
                    checkpoint: checkpoint.seq,
                });
            }
        };
        let (tail, live) = resume(dir, &segments, &segment, &checkpoint)?;
        let queue = Arc::new(Queue::new(Limits {
            records: config.queue_records,
            bytes: config.queue_bytes,
            one_record: config.record_bytes,
            read_delay: config.read_delay,
        }));
        let shared = Arc::new(Shared {
            claim,
            config,
            segments,
            queue,
            tail: Mutex::new(tail),
            active: Mutex::new(Active { segment, live }),
            given: AtomicU64::new(checkpoint.sessions),
            ceiling: AtomicU64::new(checkpoint.sessions),
        });
        let writer = Writer::new(Arc::clone(&shared), checkpoint)?;
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run())
            .map_err(JournalError::write)?;
        Ok(Journal {
            inner: Arc::new(Inner {
                shared,
                writer: Mutex::new(Some(thread)),
            }),
        })
    }

    /// Records an event; it is on disk soon. Never blocks. `session` is 0 for what belongs to none.
    ///
    /// # Errors
    /// The log cannot be written any more, is closed, or is so far behind that the bound on memory would be broken.
    /// The event is then not recorded, and what it stands for must not happen.
    pub fn append(&self, session: u64, event: Event) -> Result<(), JournalError> {
        self.shared().queue.push(session, now_us(), event, None)
    }

    /// Records an event and says when it is on disk, with everything that was recorded before it. Never blocks; the
    /// record is on its way before the future is polled, and stays so if the future is dropped.
    pub fn append_durable(&self, session: u64, event: Event) -> Durable {
        let (durable, done) = Durable::pair();
        match self
            .shared()
            .queue
            .push(session, now_us(), event, Some(done))
        {
            Ok(()) => durable,
            Err(error) => Durable::refused(error),
        }
    }

    /// Waits while the log is behind. Whoever awaits this before taking on more work keeps `append` from failing.
    pub fn room(&self) -> Room {
        Room {
            queue: Arc::clone(&self.shared().queue),
        }
    }

    /// Records and bytes that are not on disk yet.
    #[must_use]
    pub fn pending(&self) -> (usize, usize) {
        self.shared().queue.pending()
    }

    /// The number of the last record on disk; 0 in an empty log.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.shared().tail().seq
    }

    /// A number for a new session: never given out before, by any process. Numbers rise; a crash leaves a gap. Blocks
    /// for a few milliseconds where hundreds of sessions come at once.
    #[must_use]
    pub fn next_session(&self) -> u64 {
        let shared = self.shared();
        let number = shared.given.fetch_add(1, Ordering::SeqCst) + 1;
        if number + NUMBERS_LOW > shared.ceiling.load(Ordering::SeqCst) {
            shared.queue.nudge();
            // Where the log cannot be written this returns too; nothing can be recorded under the number then.
            shared
                .queue
                .wait_for_numbers(|| shared.ceiling.load(Ordering::SeqCst) >= number);
        }
        number
    }

    /// Writes what is queued and stops writing; reading still works. Returns when it is on disk, or cannot be.
    pub fn close(&self) {
        self.inner.close();
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.inner.shared
    }
}

impl Inner {
    fn close(&self) {
        self.shared.queue.close();
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = writer.take() {
            // A panic of the thread has ended the queue already.
            let _ = thread.join();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Finds the log's end and checks it against the checkpoint.
fn resume(
    dir: &Path,
    segments: &Segments,
    segment: &Segment,
    checkpoint: &Checkpoint,
) -> Result<(Tail, Live), JournalError> {
    let last = chunk::last_seq(&segment.records)?.unwrap_or(segment.first.saturating_sub(1));
    if last < checkpoint.seq {
        return Err(JournalError::ShorterThanCheckpoint {
            dir: dir.to_owned(),
            last,
            checkpoint: checkpoint.seq,
        });
    }
    let mut live = Live::default();
    let mut follow = Follow::from(checkpoint);
    for (first, end) in segments.covering(checkpoint.seq.max(1), last) {
        let part = segments.open(first)?;
        follow.enter(first)?;
        chunk::walk(
            &part.records,
            checkpoint.seq.max(first),
            end,
            &mut |stored| {
                follow.see(stored)?;
                // A sealed segment's index was complete before the next segment was made.
                if stored.seq > checkpoint.seq && first == segment.first {
                    let event = stored.event()?;
                    live.fold(
                        &segment.sessions,
                        stored.session(),
                        stored.seq,
                        stored.time_us(),
                        &event,
                    )?;
                }
                Ok(Go::On)
            },
        )?;
    }
    let hash = follow.finish(last)?;
    Ok((Tail { seq: last, hash }, live))
}

fn now_us() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
        })
}
