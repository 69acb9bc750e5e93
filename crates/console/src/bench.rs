//! A console session's own thread, where parsing, the query engine and the store's and journal's blocking calls happen.
//!
//! Owns: the thread, its large stack (a parser's tree is read and dropped there: deep ones need room), and the time
//! limit. Refuses: to act. Verbs are asked by the session itself, so that a time limit never cuts one short.

use std::io;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rusqlite::InterruptHandle;
use tokio::sync::oneshot;

use crate::desk::{Desk, Refusal};
use crate::engine::Engine;
use crate::log::Log;

const STACK: usize = 64 * 1024 * 1024;

/// What lives on the thread.
pub struct Tools {
    /// The query engine.
    pub engine: Engine,
    /// The window over the session log.
    pub log: Log,
    /// The gateway.
    pub desk: Arc<dyn Desk>,
}

type Job = Box<dyn FnOnce(&mut Tools) + Send>;

/// The session's end of the thread. The thread ends when this is dropped.
pub struct Bench {
    jobs: mpsc::Sender<Job>,
    interrupt: InterruptHandle,
}

impl Bench {
    /// Starts the thread.
    pub fn start(desk: Arc<dyn Desk>) -> io::Result<Bench> {
        let engine = Engine::open().map_err(|refusal| io::Error::other(refusal.message))?;
        let interrupt = engine.interrupt();
        let (jobs, queue) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name("console".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let mut tools = Tools {
                    engine,
                    log: Log::default(),
                    desk,
                };
                while let Ok(job) = queue.recv() {
                    job(&mut tools);
                }
            })?;
        Ok(Bench { jobs, interrupt })
    }

    /// Runs one job and waits for it; past the limit the query engine is told to stop.
    pub async fn run<T: Send + 'static>(
        &self,
        limit: Duration,
        job: impl FnOnce(&mut Tools) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let gone = || Refusal::new("XX000", "the console's query engine has ended");
        let (done, mut answer) = oneshot::channel();
        self.jobs
            .send(Box::new(move |tools| {
                // Nobody waits any more when the connection is gone.
                let _unheard = done.send(job(tools));
            }))
            .map_err(|_| gone())?;
        let mut patience = limit;
        loop {
            match tokio::time::timeout(patience, &mut answer).await {
                Ok(result) => return result.map_err(|_| gone())?,
                Err(_) => {
                    self.interrupt.interrupt();
                    patience = Duration::from_secs(1);
                }
            }
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // A query that nobody waits for any more.
        self.interrupt.interrupt();
    }
}
