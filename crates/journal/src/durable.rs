//! The answer to who waits for a record. Owns the one moment at which it becomes known. A future without a runtime: the
//! writer is a thread, its callers are tasks of whatever runtime, or threads.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::error::JournalError;

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
