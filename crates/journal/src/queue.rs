//! What waits to be written. Owns the bound on memory, the waking of the writer, and the answers to those who wait.
//! Refuses to block a caller: it says yes or no at once, and offers a future where waiting makes sense. No runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use crate::error::JournalError;
use crate::record::Event;

/// Bytes that a waiting record costs beyond its event.
const ITEM_BYTES: usize = 64;
/// Beyond the soft limit `room()` waits; beyond this multiple of it nothing is taken.
const HARD_FACTOR: usize = 4;

/// One record on its way.
pub(crate) struct Item {
    pub(crate) session: u64,
    pub(crate) time_us: u64,
    pub(crate) event: Event,
    pub(crate) weight: usize,
    pub(crate) done: Option<Acknowledgement>,
}

/// Bounds of the queue.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    pub(crate) one_record: usize,
    pub(crate) read_delay: Duration,
}

pub(crate) struct Queue {
    limits: Limits,
    state: Mutex<State>,
    /// Wakes the writer.
    work: Condvar,
    /// Wakes who waits for a session's number.
    numbers: Condvar,
}

struct State {
    items: Vec<Item>,
    /// When the first of them came.
    since: Option<Instant>,
    /// Queued or being written.
    records: usize,
    bytes: usize,
    /// Somebody waits for what is queued.
    urgent: bool,
    sleep: Sleep,
    closing: bool,
    /// Why nothing is taken any more.
    end: Option<JournalError>,
    room: Vec<Waker>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// The writer works, or has been woken already.
    Awake,
    /// It sleeps until the read delay is over.
    Timed,
    /// It sleeps until something comes.
    Idle,
}

/// What the writer is to do next.
pub(crate) enum Work {
    /// Write these (perhaps none).
    Items(Vec<Item>),
    /// The same, and then stop.
    Last(Vec<Item>),
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Queue {
        Queue {
            limits,
            state: Mutex::new(State {
                items: Vec::new(),
                since: None,
                records: 0,
                bytes: 0,
                urgent: false,
                sleep: Sleep::Awake,
                closing: false,
                end: None,
                room: Vec::new(),
            }),
            work: Condvar::new(),
            numbers: Condvar::new(),
        }
    }

    // Nothing panics while it holds the lock, and a poisoned queue must still be able to say no.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an event in line. With `wait`, the writer starts at once and answers.
    pub(crate) fn push(
        &self,
        session: u64,
        time_us: u64,
        event: Event,
        done: Option<Acknowledgement>,
    ) -> Result<(), JournalError> {
        let weight = event.weight() + ITEM_BYTES;
        if weight > self.limits.one_record {
            return Err(JournalError::TooLong {
                bytes: weight,
                limit: self.limits.one_record,
            });
        }
        let mut state = self.lock();
        if let Some(end) = &state.end {
            return Err(end.clone());
        }
        if state.closing {
            return Err(JournalError::Closed);
        }
        // One record may go over the limit, so that a long one is not starved by short ones.
        if state.records >= HARD_FACTOR * self.limits.records
            || state.bytes >= HARD_FACTOR * self.limits.bytes
        {
            return Err(JournalError::Full);
        }
        state.since.get_or_insert_with(Instant::now);
        state.records += 1;
        state.bytes += weight;
        state.urgent |= done.is_some() || self.is_crowded(&state);
        state.items.push(Item {
            session,
            time_us,
            event,
            weight,
            done,
        });
        self.wake_writer(state);
        Ok(())
    }

    /// Makes the writer run once although nothing is queued.
    pub(crate) fn nudge(&self) {
        let mut state = self.lock();
        state.urgent = true;
        self.wake_writer(state);
    }

    /// Lets the writer finish and stop.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closing = true;
        state.urgent = true;
        self.wake_writer(state);
    }

    fn wake_writer(&self, mut state: MutexGuard<'_, State>) {
        let wake = match state.sleep {
            Sleep::Awake => false,
            Sleep::Timed => state.urgent,
            Sleep::Idle => true,
        };
        if wake {
            state.sleep = Sleep::Awake;
            drop(state);
            self.work.notify_one();
        }
    }

    fn is_crowded(&self, state: &State) -> bool {
        state.records >= self.limits.records / 2 || state.bytes >= self.limits.bytes / 2
    }

    fn has_room(&self, state: &State) -> bool {
        state.end.is_some()
            || state.closing
            || (state.records < self.limits.records && state.bytes < self.limits.bytes)
    }

    /// The writer waits here for work, at the latest until `deadline`. `emptied` is a vector to reuse.
    pub(crate) fn next(&self, deadline: Option<Instant>, emptied: Vec<Item>) -> Work {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let due = match (
                state.since.map(|since| since + self.limits.read_delay),
                deadline,
            ) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            if state.urgent || due.is_some_and(|due| due <= now) {
                break;
            }
            state = match due {
                Some(due) => {
                    state.sleep = Sleep::Timed;
                    let (state, _) = self
                        .work
                        .wait_timeout(state, due - now)
                        .unwrap_or_else(PoisonError::into_inner);
                    state
                }
                None => {
                    state.sleep = Sleep::Idle;
                    self.work
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner)
                }
            };
            state.sleep = Sleep::Awake;
        }
        state.urgent = false;
        state.since = None;
        let items = std::mem::replace(&mut state.items, emptied);
        if state.closing {
            Work::Last(items)
        } else {
            Work::Items(items)
        }
    }

    /// So much is on disk now.
    pub(crate) fn written(&self, records: usize, bytes: usize) {
        let mut state = self.lock();
        state.records -= records.min(state.records);
        state.bytes -= bytes.min(state.bytes);
        if self.has_room(&state) {
            let wakers = std::mem::take(&mut state.room);
            drop(state);
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// Nothing is taken from now on, and what is queued is answered with the reason. The first reason stays.
    pub(crate) fn end(&self, reason: &JournalError) {
        let mut state = self.lock();
        let reason = state.end.get_or_insert_with(|| reason.clone()).clone();
        let items = std::mem::take(&mut state.items);
        let wakers = std::mem::take(&mut state.room);
        state.records = 0;
        state.bytes = 0;
        drop(state);
        for item in items {
            if let Some(done) = item.done {
                done.answer(Err(reason.clone()));
            }
        }
        wakers.into_iter().for_each(Waker::wake);
        self.numbers.notify_all();
    }

    /// Blocks until `ready`, or until nothing will come any more. The writer calls `numbers_changed`.
    pub(crate) fn wait_for_numbers(&self, ready: impl Fn() -> bool) {
        let mut state = self.lock();
        while !ready() && state.end.is_none() {
            state = self
                .numbers
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub(crate) fn numbers_changed(&self) {
        // Taken so that nobody is between looking and sleeping.
        drop(self.lock());
        self.numbers.notify_all();
    }

    /// Records and bytes that are queued or being written.
    pub(crate) fn pending(&self) -> (usize, usize) {
        let state = self.lock();
        (state.records, state.bytes)
    }
}

/// Resolves when the queue is below its soft limit, or when it takes nothing any more (the next append says why).
#[must_use = "a future does nothing unless it is awaited"]
pub struct Room {
    pub(crate) queue: Arc<Queue>,
}

impl Future for Room {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.queue.lock();
        if self.queue.has_room(&state) {
            return Poll::Ready(());
        }
        if !state
            .room
            .iter()
            .any(|waker| waker.will_wake(context.waker()))
        {
            state.room.push(context.waker().clone());
        }
        Poll::Pending
    }
}

/// Resolves when a record, and every record before it, is on disk.
#[must_use = "nothing is known to be on disk before this has resolved"]
pub struct Durable(Answer);

enum Answer {
    Known(Result<(), JournalError>),
    Awaited(Arc<Mutex<Waiting>>),
}

enum Waiting {
    Nobody,
    Somebody(Waker),
    Answered(Result<(), JournalError>),
}

/// The writer's end of a `Durable`. Dropped without an answer, it says that the record is not written.
pub(crate) struct Acknowledgement(Arc<Mutex<Waiting>>);

impl Durable {
    pub(crate) fn pair() -> (Durable, Acknowledgement) {
        let shared = Arc::new(Mutex::new(Waiting::Nobody));
        (
            Durable(Answer::Awaited(Arc::clone(&shared))),
            Acknowledgement(shared),
        )
    }

    pub(crate) fn refused(error: JournalError) -> Durable {
        Durable(Answer::Known(Err(error)))
    }

    /// Blocks the thread until it is known. Not for an async task.
    ///
    /// # Errors
    /// The record could not be written.
    pub fn wait(mut self) -> Result<(), JournalError> {
        struct Unpark(std::thread::Thread);
        impl Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        loop {
            match Pin::new(&mut self).poll(&mut context) {
                Poll::Ready(result) => return result,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

impl Future for Durable {
    type Output = Result<(), JournalError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &self.0 {
            Answer::Known(result) => Poll::Ready(result.clone()),
            Answer::Awaited(shared) => {
                let mut waiting = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if let Waiting::Answered(result) = &*waiting {
                    return Poll::Ready(result.clone());
                }
                *waiting = Waiting::Somebody(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl Acknowledgement {
    pub(crate) fn answer(self, result: Result<(), JournalError>) {
        self.set(result);
    }

    fn set(&self, result: Result<(), JournalError>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*waiting, Waiting::Answered(_)) {
            return;
        }
        let before = std::mem::replace(&mut *waiting, Waiting::Answered(result));
        drop(waiting);
        if let Waiting::Somebody(waker) = before {
            waker.wake();
        }
    }
}

impl Drop for Acknowledgement {
    fn drop(&mut self) {
        self.set(Err(JournalError::write("the writer has stopped")));
    }
}
