//! The state that all sessions share, and the log-ins.
//!
//! Owns: [`Gateway`]: databases, journal, holds, live sessions; and who gets a session.
//! Refuses: a session to anyone whose grant is not good at this very moment, for this very database.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use journal::{Dba, Event, Grant, Journal, Store};
use policy::{Context, Principal, Verdict};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};
use wire::postgres::{auth, reply};

use crate::cancel::{CancelKeys, Target};
use crate::database::Database;
use crate::handshake::{self, Connection, HandshakeError, Hello};
use crate::hold::HoldDesk;
use crate::inject;
use crate::judge::{Judge, Who, now_us};
use crate::refusal::Refusal;
use crate::session::{Coming, Handle, Login};
use crate::tls::ServerTls;
use crate::upstream::{self, Upstream, UpstreamError};

/// The DBA's virtual database.
pub const CONSOLE: &str = "tollgate";

/// How often holds and grants are looked through for what has expired.
const SWEEP: Duration = Duration::from_secs(1);

/// A DBA who has proven who she is.
#[derive(Debug)]
pub struct ConsoleLogin {
    /// Her connection; AuthenticationOk has been sent.
    pub connection: Connection,
    /// Her account.
    pub dba: Dba,
    /// The cancel key to tell her client.
    pub key: (u32, Vec<u8>),
}

/// Who serves the console. The gateway knows nothing of it but that it takes over a connection.
pub trait ConsoleServer: Send + Sync {
    /// Serves a DBA to the end of her session.
    fn serve(&self, login: ConsoleLogin) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Everything sessions share.
pub struct Gateway {
    /// By the name in the agent's connection string.
    pub databases: HashMap<String, Arc<Database>>,
    /// Grants, accounts, holds.
    pub store: Store,
    /// The log.
    pub journal: Journal,
    /// Held statements.
    pub holds: HoldDesk,
    /// Cancel keys.
    pub cancel_keys: Arc<CancelKeys>,
    /// For masks that hash.
    pub mask_key: mask::Key,
    mock_key: [u8; 32],
    console: std::sync::OnceLock<Arc<dyn ConsoleServer>>,
    sessions: Mutex<BTreeMap<u64, Arc<Handle>>>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// Over databases that are open. Nothing happens by itself yet.
    pub fn new(databases: Vec<Database>, store: Store, journal: Journal) -> Arc<Gateway> {
        let named = |d: Database| (d.config.name.clone(), Arc::new(d));
        Arc::new(Gateway {
            databases: databases.into_iter().map(named).collect(),
            holds: HoldDesk::new(store.clone(), journal.clone()),
            cancel_keys: Arc::new(CancelKeys::default()),
            mask_key: mask::Key::new(store.mask_key()),
            mock_key: store.mock_key(),
            console: std::sync::OnceLock::new(),
            sessions: Mutex::new(BTreeMap::new()),
            store,
            journal,
        })
    }

    /// Says who serves the console; once.
    pub fn set_console(&self, console: Arc<dyn ConsoleServer>) {
        let _ = self.console.set(console);
    }

    /// Background work: watches definitions, and ends what has expired. Runs until dropped.
    pub async fn housekeeping(self: Arc<Self>) {
        let mut watchers = tokio::task::JoinSet::new();
        for database in self.databases.values() {
            let database = Arc::clone(database);
            watchers.spawn(async move { database.watch().await });
        }
        let mut every = tokio::time::interval(SWEEP);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            every.tick().await;
            if let Err(e) = self.holds.expire().await {
                warn!("holds cannot be looked through: {e}");
            }
            self.end_revoked();
        }
    }

    /// Sessions whose grant was revoked, whoever revoked it.
    fn end_revoked(&self) {
        for handle in self.live() {
            match self.store.grant(&handle.grant.name) {
                Ok(Some(grant)) if grant.revoked_us.is_none() => {}
                Ok(_) => handle.end(Refusal::ended("the grant was revoked")),
                Err(e) => warn!("grants cannot be read: {e}"),
            }
        }
    }

    // --- live sessions -----------------------------------------------------------------------------------------------

    /// Live sessions, by number.
    pub fn live(&self) -> Vec<Arc<Handle>> {
        self.sessions().values().cloned().collect()
    }

    /// Ends one; false where there is none of that number.
    pub fn end(&self, session: u64, reason: Refusal) -> bool {
        let handle = self.sessions().get(&session).cloned();
        handle.is_some_and(|handle| {
            handle.end(reason);
            true
        })
    }

    /// Ends all sessions of a grant.
    pub fn end_grant(&self, grant: &str, why: &str) {
        for handle in self.live().iter().filter(|h| h.grant.name == grant) {
            handle.end(Refusal::ended(why));
        }
    }

    /// Ends all.
    pub fn end_all(&self, why: &str) {
        for handle in self.live() {
            handle.end(Refusal::ended(why));
        }
    }

    /// A session is over.
    pub fn forget(&self, session: u64) {
        self.sessions().remove(&session);
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Arc<Handle>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // --- log-ins -------------------------------------------------------------------------------------------------------

    /// Lets an agent in, up to a session on the server.
    ///
    /// # Errors
    /// See [`HandshakeError`]; the refusal is not sent yet.
    pub async fn agent_login(
        self: &Arc<Self>,
        connection: &mut Connection,
        hello: Hello,
        tls: Option<&ServerTls>,
    ) -> Result<Login, HandshakeError> {
        let grant = self
            .store
            .grant(&hello.user)
            .map_err(|_| Refusal::journal_down())?;
        let verifier = grant.as_ref().map(|g| g.verifier.0.as_str());
        let end_point = tls.and_then(|t| t.end_point.as_deref());
        let unknown = Refusal::no_access("the grant is unknown, expired or revoked");
        if let Err(e) = handshake::prove(
            connection,
            &hello.user,
            verifier,
            &self.mock_key,
            end_point,
            unknown.clone(),
        )
        .await
        {
            self.note_failure(&hello, connection, &e);
            return Err(e);
        }
        let grant = grant.ok_or(unknown)?;
        let database = self.may_enter(&grant, &hello)?;
        let known = database
            .fresh()
            .await
            .map_err(|_| Refusal::unreachable(&grant.database))?;
        let who = who(&grant, &hello, connection);
        let session = self.journal.next_session();
        let policies = known.rules.policies.narrow(&who.principal);
        if let Verdict::Deny { policies, .. } | Verdict::Hold { policies, .. } = policies.connect(
            &Context {
                now_us: now_us(),
                ..who.context.clone()
            },
            &grant.database,
        ) {
            let (id, reason) = policies
                .first()
                .map_or(("default", "no policy permits this"), |p| {
                    (&p.id, &p.reason)
                });
            return Err(Refusal::no_access(&format!("denied by policy {id}: {reason}")).into());
        }

        let (upstream, settings) = self.enter(&database, &hello, policies.may_write()).await?;
        let judge = Judge::new(session, who, known, settings);
        startup_settings(&judge, &hello)?;

        let target = Arc::new(Target {
            session,
            upstream: database.config.upstream.clone(),
            process_id: upstream.process_id,
            secret: upstream.secret.clone(),
            waiting: Notify::new(),
            is_waiting: false.into(),
        });
        // A key of 32 bytes where the client's protocol version has room for it (PostgreSQL manual, 55.2.8).
        let key = self
            .cancel_keys
            .register(if hello.minor >= 2 { 32 } else { 4 }, Arc::clone(&target));
        let handle = Arc::new(Handle {
            id: session,
            client: connection.peer.to_string(),
            application: hello.application().to_owned(),
            tls: connection.stream.is_tls(),
            started_us: now_us(),
            statements: AtomicU64::new(0),
            waits_for: AtomicU64::new(0),
            end: watch::Sender::new(None),
            grant,
        });
        // Known before it is written down: what the log has and nobody knows has ended.
        self.sessions().insert(session, Arc::clone(&handle));
        let coming = Coming::of(self, session);
        self.record_start(&handle).await?;
        coming.has_come();
        // Revoked while we logged in? From here on the sweep would see it; before, nobody has.
        match self.store.grant(&handle.grant.name) {
            Ok(Some(now)) if now.revoked_us.is_none() => {}
            _ => handle.end(Refusal::ended("the grant was revoked")),
        }
        info!(
            session,
            grant = handle.grant.name,
            client = handle.client,
            "session started"
        );
        let greeting = greeting(&upstream, &key.secret, key.process_id);
        Ok(Login {
            gateway: Arc::clone(self),
            database,
            upstream,
            judge,
            handle,
            key,
            target,
            greeting,
        })
    }

    /// Whether this grant is good now, for this database.
    fn may_enter(&self, grant: &Grant, hello: &Hello) -> Result<Arc<Database>, Refusal> {
        if grant.revoked_us.is_some() {
            return Err(Refusal::no_access("the grant was revoked"));
        }
        if grant.expires_us <= now_us() {
            return Err(Refusal::no_access("the grant has expired"));
        }
        if grant.database != hello.database {
            return Err(Refusal::no_access(&format!(
                "the grant is for another database than \"{}\"",
                hello.database
            )));
        }
        self.databases
            .get(&grant.database)
            .cloned()
            .ok_or_else(|| Refusal::no_access("the grant's database is not served any more"))
    }

    /// A session on the server, with what the agent wants set, and the settings that texts are read under. Where no policy
    /// permits the grant to write, the server is made to vouch for it.
    async fn enter(
        &self,
        database: &Database,
        hello: &Hello,
        may_write: bool,
    ) -> Result<(Upstream, sql::Settings), Refusal> {
        let failed = |e: UpstreamError| {
            warn!(
                database = database.config.name,
                "no session on the server: {e}"
            );
            match &e {
                UpstreamError::Refused { sqlstate } => match sqlstate.as_str() {
                    "53300" => Refusal::server_busy("53300", &database.config.name),
                    "57P03" => Refusal::server_busy("57P03", &database.config.name),
                    // The agent's own settings: unknown (42704), or with a bad value (22023), or not allowed (42501, 55P02).
                    "42704" | "22023" | "42501" | "55P02" => Refusal::bad_setting(),
                    _ => Refusal::unreachable(&database.config.name),
                },
                _ => Refusal::unreachable(&database.config.name),
            }
        };
        let mut parameters = hello.settings.clone();
        if !may_write {
            upstream::read_only(&mut parameters);
        }
        let mut up = upstream::connect(&database.config.upstream, &parameters)
            .await
            .map_err(failed)?;
        let rows = upstream::rows(&mut up, inject::SETTINGS)
            .await
            .map_err(failed)?;
        let settings = inject::read_settings(&rows)
            .ok_or_else(|| Refusal::unreachable(&database.config.name))?;
        Ok((up, settings))
    }

    async fn record_start(&self, handle: &Handle) -> Result<(), Refusal> {
        let grant = &handle.grant;
        let event = Event::SessionStart {
            user: grant.user.clone(),
            agent: grant.agent.clone(),
            grant: grant.name.clone(),
            database: grant.database.clone(),
            roles: grant.roles.clone(),
            client: handle.client.clone(),
            application: handle.application.clone(),
            tls: handle.tls,
            purpose: grant.purpose.clone(),
        };
        self.journal
            .append_durable(handle.id, event)
            .await
            .map_err(|_| Refusal::journal_down())
    }

    fn note_failure(&self, hello: &Hello, connection: &Connection, error: &HandshakeError) {
        if let HandshakeError::Refused(refusal) = error {
            let about = format!(
                "{} on {}: {}",
                hello.user,
                hello.database,
                refusal.sqlstate()
            );
            let event = Event::Admin {
                action: "auth failed".into(),
                by: connection.peer.to_string(),
                about,
            };
            // That the journal is down is said to the next one who gets further than this.
            let _ = self.journal.append(0, event);
        }
    }

    /// Lets a DBA in.
    ///
    /// # Errors
    /// See [`HandshakeError`]; the refusal has been sent.
    pub async fn console_login(
        &self,
        mut connection: Connection,
        hello: Hello,
        tls: Option<&ServerTls>,
    ) -> Result<ConsoleLogin, HandshakeError> {
        match self.console_proof(&mut connection, &hello, tls).await {
            Ok(dba) => {
                let mut secret = vec![0u8; if hello.minor >= 2 { 32 } else { 4 }];
                handshake::random(&mut secret);
                Ok(ConsoleLogin {
                    connection,
                    dba,
                    key: (std::process::id(), secret),
                })
            }
            Err(e) => {
                self.note_failure(&hello, &connection, &e);
                Err(handshake::tell(&mut connection, e).await)
            }
        }
    }

    async fn console_proof(
        &self,
        connection: &mut Connection,
        hello: &Hello,
        tls: Option<&ServerTls>,
    ) -> Result<Dba, HandshakeError> {
        let dba = self
            .store
            .dba(&hello.user)
            .map_err(|_| Refusal::journal_down())?;
        let verifier = dba.as_ref().map(|d| d.verifier.0.as_str());
        let end_point = tls.and_then(|t| t.end_point.as_deref());
        let wrong = Refusal::wrong_password(&hello.user);
        handshake::prove(
            connection,
            &hello.user,
            verifier,
            &self.mock_key,
            end_point,
            wrong.clone(),
        )
        .await?;
        let mut out = Vec::new();
        auth::write_auth_ok(&mut out);
        connection.send(&out).await?;
        Ok(dba.ok_or(wrong)?)
    }

    /// Serves a DBA.
    pub async fn console(&self, login: ConsoleLogin) {
        if let Some(console) = self.console.get() {
            console.serve(login).await;
        }
    }
}

fn who(grant: &Grant, hello: &Hello, connection: &Connection) -> Who {
    Who {
        principal: Principal {
            grant: grant.name.clone(),
            user: grant.user.clone(),
            agent: grant.agent.clone(),
            roles: grant.roles.clone(),
        },
        context: Context {
            now_us: now_us(),
            client: connection.peer.ip(),
            application: hello.application().to_owned(),
            tls: connection.stream.is_tls(),
            purpose: grant.purpose.clone(),
            expires_us: grant.expires_us,
        },
        database: grant.database.clone(),
    }
}

/// A setting in the startup packet does what SET does, and is judged as SET is.
fn startup_settings(judge: &Judge, hello: &Hello) -> Result<(), Refusal> {
    for (name, value) in &hello.settings {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        if name.is_empty()
            || !name.chars().all(plain)
            || name.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        {
            return Err(Refusal::bad_setting());
        }
        let text = format!(
            "SET {name} = '{}'",
            value.replace('\'', "''").replace('\\', "\\\\")
        );
        let judged = judge.startup(text.as_bytes());
        if let crate::judge::Decision::Refuse(refusal) = &judged.decision {
            return Err(refusal.clone());
        }
        if !judged.is_allowed() {
            return Err(Refusal::bad_setting());
        }
    }
    Ok(())
}

/// What the server said at its log-in, with our own cancel key.
fn greeting(upstream: &Upstream, secret: &[u8], process_id: u32) -> Vec<u8> {
    let mut out = Vec::new();
    auth::write_auth_ok(&mut out);
    for (name, value) in &upstream.parameters {
        reply::write_parameter_status(&mut out, name, value);
    }
    reply::write_backend_key(&mut out, process_id, secret);
    out.extend_from_slice(&upstream.notices);
    reply::write_ready(&mut out, reply::IDLE);
    out
}
