//! One agent's session: two directions over one state.
//!
//! Owns: [`Session`], from a finished log-in to its end, and [`Core`], what both directions share. [`upward`] carries what
//! the agent says, [`downward`] what the server answers; both are futures of one task, so that a session has one owner and
//! ends as a whole. Refuses: to outlive its grant, either of its connections, or a state that it does not understand.

pub mod downward;
mod extended;
mod failures;
pub mod named;
pub mod outgoing;
mod own;
mod parameters;
mod portals;
mod rows;
mod settling;
pub mod shared;
mod simple;
pub mod statement;
pub mod upward;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use journal::{Event, Grant};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, watch};
use tracing::{info, warn};
use wire::postgres::reply;

use crate::cancel::{Registered, Target};
use crate::database::Database;
use crate::gateway::Gateway;
use crate::handshake::Connection;
use crate::judge::Judge;
use crate::refusal::Refusal;
use crate::stream::{Buffer, Writer};
use crate::upstream::Upstream;
use named::lock;
use shared::Shared;

/// What others can know of, and do to, a live session.
#[derive(Debug)]
pub struct Handle {
    /// Number.
    pub id: u64,
    /// Its grant.
    pub grant: Grant,
    /// Address and port of the agent.
    pub client: String,
    /// `application_name` at the start.
    pub application: String,
    /// Whether the agent's connection is encrypted.
    pub tls: bool,
    /// Microseconds since the epoch.
    pub started_us: u64,
    /// Statements so far.
    pub statements: AtomicU64,
    /// Whether it waits for approval, and of which hold.
    pub waits_for: AtomicU64,
    /// Set once to end it.
    pub end: watch::Sender<Option<Refusal>>,
}

impl Handle {
    /// Ends the session with this reason; the first reason stands.
    pub fn end(&self, reason: Refusal) {
        self.end.send_if_modified(|current| {
            let first = current.is_none();
            if first {
                *current = Some(reason);
            }
            first
        });
    }
}

/// A session that is known and not written down yet: it is forgotten where that comes to nothing.
#[derive(Debug)]
pub struct Coming<'g>(Option<(&'g Gateway, u64)>);

impl<'g> Coming<'g> {
    /// Of this number.
    pub fn of(gateway: &'g Gateway, session: u64) -> Coming<'g> {
        Coming(Some((gateway, session)))
    }

    /// It is written down.
    pub fn has_come(mut self) {
        self.0 = None;
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if let Some((gateway, session)) = self.0 {
            gateway.forget(session);
        }
    }
}

/// A finished log-in: everything a session is made of but its connection.
#[derive(Debug)]
pub struct Login {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The database.
    pub database: Arc<Database>,
    /// The session on the server.
    pub upstream: Upstream,
    /// The judge, with the settings as the server has them.
    pub judge: Judge,
    /// For others.
    pub handle: Arc<Handle>,
    /// Our cancel key.
    pub key: Registered,
    /// What it reaches.
    pub target: Arc<Target>,
    /// What is sent to the agent to begin with: AuthenticationOk up to ReadyForQuery.
    pub greeting: Vec<u8>,
}

/// What both directions share.
#[derive(Debug)]
pub struct Core {
    /// The gateway.
    pub gateway: Arc<Gateway>,
    /// The database.
    pub database: Arc<Database>,
    /// For others.
    pub handle: Arc<Handle>,
    /// What a cancel request reaches.
    pub target: Arc<Target>,
    judge: Mutex<Judge>,
    shared: Mutex<Shared>,
    /// Upward has put something of our own into the queue.
    pub local: Notify,
    /// Downward has emptied the queue, or has the answer to a query of our own.
    pub drained: Notify,
}

impl Core {
    /// The judge. Never held across an await.
    pub fn judge(&self) -> std::sync::MutexGuard<'_, Judge> {
        lock(&self.judge)
    }
    /// The shared state. Never held across an await; never taken while… the judge's lock may be held.
    pub fn shared(&self) -> std::sync::MutexGuard<'_, Shared> {
        lock(&self.shared)
    }
}

/// Why a session ends.
#[derive(Debug)]
pub enum End {
    /// The agent said good-bye or went away.
    Agent,
    /// The server went away.
    Server,
    /// We end it, and say why.
    Refused(Refusal),
    /// A message that cannot be understood: the two sides' states are no longer known.
    Broken(&'static str),
}

impl From<wire::WireError> for End {
    fn from(_: wire::WireError) -> Self {
        End::Broken("malformed message")
    }
}

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// A session that is ready to run.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    login: Login,
}

impl Session {
    /// From a connection and its log-in.
    pub fn new(connection: Connection, login: Login) -> Session {
        Session { connection, login }
    }

    /// Runs to the end. Both connections, the cancel key and the place in the registry are given back, whatever happens.
    pub async fn run(self) {
        let Session { connection, login } = self;
        let Login {
            gateway,
            database,
            upstream,
            judge,
            handle,
            key,
            target,
            greeting,
        } = login;
        let (agent_reader, mut agent_writer) = connection.stream.split();
        let (server_reader, server_writer) = upstream.stream.split();
        // Batches count from 1: 0 is for what belongs to none.
        let shared = Shared {
            status: reply::IDLE,
            batch: 1,
            ..Shared::default()
        };
        let core = Core {
            gateway: Arc::clone(&gateway),
            database,
            handle: Arc::clone(&handle),
            target,
            judge: Mutex::new(judge),
            shared: Mutex::new(shared),
            local: Notify::new(),
            drained: Notify::new(),
        };
        let mut ended = handle.end.subscribe();
        let end = if agent_writer.write_all(&greeting).await.is_err()
            || agent_writer.flush().await.is_err()
        {
            End::Agent
        } else {
            tokio::select! {
                // In this order: an end that is due comes before anything else that is ready.
                biased;
                reason = wait_for_end(&mut ended) => End::Refused(reason),
                () = expiry(&handle.grant) => End::Refused(Refusal::ended("the grant has expired")),
                end = upward::run(&core, agent_reader, connection.buffer, server_writer) => end,
                end = downward::run(&core, server_reader, upstream.buffer, &mut agent_writer) => end,
            }
        };
        drop(key);
        core.finish(&end);
        let said = core.shared().fatal;
        farewell(&end, said, &mut agent_writer).await;
        gateway.forget(handle.id);
        if !matches!(end, End::Server) {
            core.stop_server().await;
        }
    }
}

async fn wait_for_end(ended: &mut watch::Receiver<Option<Refusal>>) -> Refusal {
    loop {
        if let Some(reason) = ended.borrow_and_update().clone() {
            return reason;
        }
        if ended.changed().await.is_err() {
            return Refusal::ended("the gateway is shutting down");
        }
    }
}

/// Ends at the grant's expiry, by the wall clock: a clock that is set forward ends it earlier, one that is set back does
/// not prolong it by more than a minute.
async fn expiry(grant: &Grant) {
    let end = UNIX_EPOCH + Duration::from_micros(grant.expires_us);
    while let Ok(left) = end.duration_since(std::time::SystemTime::now()) {
        tokio::time::sleep(left.min(Duration::from_secs(60))).await;
    }
}

/// The last message, if the agent is there to read it. The server's side closes as its halves are dropped.
async fn farewell(end: &End, said: bool, writer: &mut Writer) {
    let refusal = match end {
        End::Agent => None,
        // The server's own last word was passed on.
        End::Server if said => None,
        End::Server => Some(Refusal::server_gone()),
        End::Refused(refusal) => Some(refusal.clone()),
        End::Broken(what) => Some(Refusal::protocol(what)),
    };
    let goodbye = async {
        if let Some(refusal) = refusal {
            let mut out = Vec::new();
            refusal.write_fatal(&mut out);
            writer.write_all(&out).await?;
            writer.flush().await?;
        }
        writer.shutdown().await
    };
    let _ = tokio::time::timeout(FAREWELL, goodbye).await;
}

impl Core {
    fn finish(&self, end: &End) {
        let reason = match end {
            End::Agent => "client closed".to_owned(),
            End::Server => "server closed".to_owned(),
            End::Refused(refusal) => refusal.message().to_owned(),
            End::Broken(what) => {
                warn!(session = self.handle.id, "ended: {what}");
                format!("protocol: {what}")
            }
        };
        info!(
            session = self.handle.id,
            grant = self.handle.grant.name,
            "session ended: {reason}"
        );
        // The session is over either way; a journal that cannot write has said so to the operator itself.
        let _ = self
            .gateway
            .journal
            .append(self.handle.id, Event::SessionEnd { reason });
    }

    /// A server notices that its client is gone only when it next writes: what still runs is cancelled.
    async fn stop_server(&self) {
        if self.shared().queue.is_empty() {
            return;
        }
        let target = &self.target;
        let cancelled =
            crate::upstream::cancel(&target.upstream, target.process_id, &target.secret).await;
        if let Err(e) = cancelled {
            warn!(
                session = self.handle.id,
                "what it ran could not be cancelled: {e}"
            );
        }
    }

    /// The next statement's number.
    pub fn next_statement(&self) -> u64 {
        self.handle.statements.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// An empty buffer to read ahead into, while a statement waits.
pub fn ahead() -> Buffer {
    Buffer::default()
}
