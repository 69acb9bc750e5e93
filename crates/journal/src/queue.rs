//! What waits to be written. Owns the bound on memory and the waking of the writer. Refuses to block a caller: it says yes or no at once, and offers a future where waiting makes sense. No runtime.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::durable::Acknowledgement;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::Durable;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Bell(AtomicUsize);
    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn event(bytes: usize) -> Event {
        Event::SessionEnd {
            reason: "x".repeat(bytes),
        }
    }

    fn queue() -> Arc<Queue> {
        Arc::new(Queue::new(Limits {
            records: 10,
            bytes: 100_000,
            one_record: 60_000,
            read_delay: Duration::from_millis(1),
        }))
    }

    fn push(queue: &Queue, bytes: usize) -> Result<(), JournalError> {
        queue.push(1, 0, event(bytes), None)
    }

    #[test]
    fn room_is_waited_for_beyond_the_soft_limit_and_nothing_is_taken_beyond_the_hard_one() {
        let bell = Arc::new(Bell(AtomicUsize::new(0)));
        let waker = Waker::from(Arc::clone(&bell));
        let mut context = Context::from_waker(&waker);
        for (bytes, soft, hard) in [(10, 10, 40), (50_000, 2, 8)] {
            let queue = queue();
            let mut room = Room {
                queue: Arc::clone(&queue),
            };
            for taken in 0..hard {
                let ready = Pin::new(&mut room).poll(&mut context).is_ready();
                assert_eq!(ready, taken < soft, "{taken} of {bytes} bytes");
                push(&queue, bytes).unwrap();
            }
            assert_eq!(push(&queue, bytes), Err(JournalError::Full));
            let Work::Items(items) = queue.next(None, Vec::new()) else {
                panic!("nobody closed it")
            };
            // Taken by the writer, but not on disk: it still counts.
            assert_eq!(push(&queue, bytes), Err(JournalError::Full));
            assert!(Pin::new(&mut room).poll(&mut context).is_pending());
            let rung = bell.0.load(Ordering::SeqCst);
            queue.written(
                items.len() - soft,
                items[soft..].iter().map(|item| item.weight).sum(),
            );
            assert_eq!(
                bell.0.load(Ordering::SeqCst),
                rung,
                "still at the soft limit"
            );
            queue.written(1, items[0].weight);
            assert_eq!(
                bell.0.load(Ordering::SeqCst),
                rung + 1,
                "one waiter, however often it asked"
            );
            assert!(Pin::new(&mut room).poll(&mut context).is_ready());
            push(&queue, bytes).unwrap();
        }
    }

    #[test]
    fn the_end_answers_everyone_and_everyone_after() {
        let failed = JournalError::write("no space left");
        let queue = queue();
        let (first, done) = Durable::pair();
        queue.push(1, 0, event(1), Some(done)).unwrap();
        let Work::Items(items) = queue.next(None, Vec::new()) else {
            panic!("nobody closed it")
        };
        let (second, done) = Durable::pair();
        queue.push(1, 0, event(1), Some(done)).unwrap();
        queue.end(&failed);
        assert_eq!(second.wait(), Err(failed.clone()));
        drop(items);
        assert!(first.wait().is_err(), "dropped without an answer");
        assert_eq!(push(&queue, 1), Err(failed.clone()));
        queue.wait_for_numbers(|| false);
        queue.end(&JournalError::Closed);
        assert_eq!(push(&queue, 1), Err(failed), "the first reason stays");
    }
}
