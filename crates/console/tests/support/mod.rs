//! A gateway's desk over a real store and journal, and a console to connect to.
//!
//! Owns: what the tests share. The desk counts what it is asked, so that a test can say "exactly once".

#![allow(dead_code)]

use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use console::{
    BoxFuture, DatabaseRow, Desk, GrantRequest, LabelRow, LiveSession, Operator, PolicyRow, Refusal,
};
use journal::record::{Event, Outcome, Road};
use journal::{Dba, Grant, Hold, HoldState, Journal, JournalConfig, Store, Verifier};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use wire::postgres::{auth, frame, startup};

/// What must never be seen.
pub const VERIFIER: &str = "SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2FsdA==$c3RvcmVk:c2VydmVy";

pub fn now_us() -> u64 {
    u64::try_from(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_micros(),
    )
    .unwrap()
}

pub struct TestDesk {
    store: Store,
    journal: Journal,
    live: Mutex<Vec<LiveSession>>,
    /// Everything that was asked of it, in order.
    pub asked: Mutex<Vec<String>>,
}

impl TestDesk {
    fn note(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }

    pub fn store_for_tests(&self) -> &Store {
        &self.store
    }

    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Desk for TestDesk {
    fn store(&self) -> &Store {
        &self.store
    }
    fn journal(&self) -> &Journal {
        &self.journal
    }
    fn sessions(&self) -> Vec<LiveSession> {
        self.live.lock().unwrap().clone()
    }
    fn databases(&self) -> Vec<DatabaseRow> {
        vec![DatabaseRow {
            name: "shop".into(),
            protocol: "postgres".into(),
            upstream: "127.0.0.1:5432/shop".into(),
            policies: vec!["policies/agents.cedar".into()],
            labels: Some("policies/shop.labels.toml".into()),
            hold_wait_us: 60_000_000,
            hold_ttl_us: 86_400_000_000,
        }]
    }
    fn policies(&self) -> Vec<PolicyRow> {
        vec![PolicyRow {
            id: "schema-changes-wait".into(),
            database: "shop".into(),
            effect: "forbid".into(),
            hold: Some("dba".into()),
            reason: Some("Schema changes wait for a DBA".into()),
            controls: vec!["SOC2:CC8.1".into()],
            file: "policies/agents.cedar".into(),
            text: "forbid (principal, action, resource);".into(),
        }]
    }
    fn labels(&self) -> Vec<LabelRow> {
        vec![LabelRow {
            database: "shop".into(),
            column: "public.customers.email".into(),
            label: "email".into(),
            mask: "email".into(),
            filter: "equality".into(),
            file: "policies/shop.labels.toml".into(),
        }]
    }
    fn decide<'a>(
        &'a self,
        op: &'a Operator,
        hold: u64,
        approve: bool,
        why: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            let word = if approve { "approve" } else { "reject" };
            self.note(format!("{word} {hold} {why}"));
            let (store, by, why) = (self.store.clone(), op.name.clone(), why.to_owned());
            tokio::task::spawn_blocking(move || {
                store.decide_hold(hold, approve, &by, &why, now_us())
            })
            .await
            .unwrap()
            .map(|h| {
                format!(
                    "hold {} {}",
                    h.id,
                    if approve { "approved" } else { "rejected" }
                )
            })
            .map_err(|e| Refusal::new("55000", e.to_string()))
        })
    }
    fn terminate<'a>(
        &'a self,
        _: &'a Operator,
        session: u64,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            self.note(format!("terminate {session}"));
            Ok(format!("session {session} ended"))
        })
    }
    fn revoke<'a>(
        &'a self,
        _: &'a Operator,
        grant: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            self.note(format!("revoke {grant}"));
            self.store
                .revoke_grant(grant, now_us())
                .map(|g| format!("{} revoked", g.name))
                .map_err(|e| Refusal::new("42704", e.to_string()))
        })
    }
    fn reload<'a>(&'a self, _: &'a Operator) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            self.note("reload".into());
            Ok("1 policy, 1 label".into())
        })
    }
    fn grant_access<'a>(
        &'a self,
        op: &'a Operator,
        r: GrantRequest,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            self.note(format!("grant {r:?} by {}", op.name));
            Ok(format!(
                "postgres://{}.x:secret@127.0.0.1:6432/{}",
                r.agent, r.database
            ))
        })
    }
    fn explain<'a>(
        &'a self,
        _: &'a Operator,
        database: &'a str,
        role: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>> {
        Box::pin(async move {
            self.note(format!("explain {database} {role} {text}"));
            Ok(r#"{"database":"shop","verdict":"allow"}"#.into())
        })
    }
}

/// A statement that waits.
pub fn hold(user: &str, text: &str) -> Hold {
    Hold {
        id: 0,
        state: HoldState::Held,
        session: 1,
        grant: "claude-code.k7f3q2".into(),
        user: user.into(),
        agent: "claude-code".into(),
        database: "shop".into(),
        text: text.into(),
        parameters: vec![],
        fingerprint: format!("{:0>64}", text.len()),
        search_path: "public".into(),
        class: "ddl alter".into(),
        needs: vec!["alter public.customers".into()],
        approver: "dba".into(),
        policy: "schema-changes-wait".into(),
        reason: "Schema changes wait for a DBA".into(),
        controls: vec!["SOC2:CC8.1".into()],
        created_us: now_us() - 5_000_000,
        expires_us: now_us() + 3_600_000_000,
        decided_us: None,
        decided_by: None,
        why: None,
    }
}

/// A console on a port of its own.
pub struct Console {
    pub desk: Arc<TestDesk>,
    pub port: u16,
    pub stop: watch::Sender<bool>,
    _dir: tempfile::TempDir,
}

impl Console {
    /// With three holds (the third is dana's own), a session in the log, and a grant.
    pub async fn start() -> Console {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::open(
            dir.path(),
            JournalConfig {
                read_delay: Duration::from_millis(1),
                ..JournalConfig::default()
            },
        )
        .unwrap();
        let store = Store::open(dir.path()).unwrap();
        store
            .put_dba(&Dba {
                name: "dana".into(),
                roles: vec!["dba".into()],
                verifier: Verifier(VERIFIER.into()),
            })
            .unwrap();
        store
            .create_grant(&Grant {
                name: "claude-code.k7f3q2".into(),
                user: "alice@example.com".into(),
                agent: "claude-code".into(),
                database: "shop".into(),
                roles: vec!["reader".into(), "migrator".into()],
                purpose: Some("release".into()),
                verifier: Verifier(VERIFIER.into()),
                created_us: now_us(),
                created_by: "cli".into(),
                expires_us: now_us() + 3_600_000_000,
                revoked_us: None,
            })
            .unwrap();
        for (user, text) in [
            (
                "alice@example.com",
                "ALTER TABLE customers ADD COLUMN tier text",
            ),
            ("alice@example.com", "DROP TABLE old_orders;\n-- it's gone"),
            ("dana@example.com", "CREATE INDEX ON orders (customer_id)"),
        ] {
            store.create_hold(hold(user, text)).unwrap();
        }
        let session = write_session(&journal).await;
        let live = LiveSession {
            id: session + 1,
            grant: "claude-code.k7f3q2".into(),
            user: "alice@example.com".into(),
            agent: "claude-code".into(),
            database: "shop".into(),
            client: "127.0.0.1:40000".into(),
            application: "psql".into(),
            tls: true,
            started_us: now_us(),
            state: "held".into(),
            statements: 3,
            hold: Some(1),
            expires_us: now_us() + 3_600_000_000,
        };
        let desk = Arc::new(TestDesk {
            store,
            journal,
            live: Mutex::new(vec![live]),
            asked: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stop, shutdown) = watch::channel(false);
        let accept = Arc::clone(&desk);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (desk, shutdown) = (Arc::clone(&accept), shutdown.clone());
                tokio::spawn(async move {
                    let _ended = welcome(stream, desk, shutdown).await;
                });
            }
        });
        Console {
            desk,
            port,
            stop,
            _dir: dir,
        }
    }

    /// Runs psql until it has written `mark` so often, then ends it.
    pub async fn watch(&self, input: &str, mark: &'static str, times: usize) -> String {
        let mut command = self.command("dana", &[]);
        let input = input.to_owned();
        tokio::task::spawn_blocking(move || {
            use std::io::{Read, Write};
            let mut child = command.spawn().expect("psql is needed for these tests");
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(input.as_bytes()).unwrap();
            let mut stdout = child.stdout.take().unwrap();
            let mut text = String::new();
            let mut chunk = [0u8; 4096];
            while text.matches(mark).count() < times {
                let count = stdout.read(&mut chunk).unwrap();
                assert!(count > 0, "psql ended: {text}");
                text.push_str(&String::from_utf8_lossy(&chunk[..count]));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            text
        })
        .await
        .unwrap()
    }

    fn command(&self, user: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new("psql");
        command
            .args([
                "-X",
                "-h",
                "127.0.0.1",
                "-p",
                &self.port.to_string(),
                "-U",
                user,
                "-d",
                "tollgate",
            ])
            .args(arguments)
            .env("PAGER", "cat")
            .env("PGCONNECT_TIMEOUT", "20")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs psql with these lines as its input; gives stdout, stderr, and whether it succeeded.
    pub async fn psql_as(
        &self,
        user: &str,
        arguments: &[&str],
        input: &str,
    ) -> (String, String, bool) {
        let mut command = self.command(user, arguments);
        let input = input.to_owned();
        tokio::task::spawn_blocking(move || {
            use std::io::Write;
            let mut child = command.spawn().expect("psql is needed for these tests");
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(input.as_bytes()).unwrap();
            drop(stdin);
            let out = child.wait_with_output().unwrap();
            (
                String::from_utf8(out.stdout).unwrap(),
                String::from_utf8(out.stderr).unwrap(),
                out.status.success(),
            )
        })
        .await
        .unwrap()
    }

    /// Rows only, unaligned; nothing may be said on stderr.
    pub async fn rows(&self, input: &str) -> String {
        let (out, err, _) = self.psql_as("dana", &["-At", "-F", "|"], input).await;
        assert_eq!(err, "", "for {input}\n{out}");
        out.trim_end().to_owned()
    }

    /// As a person sees it.
    pub async fn page(&self, input: &str) -> String {
        let (out, err, _) = self.psql_as("dana", &[], input).await;
        assert_eq!(err, "", "for {input}\n{out}");
        out
    }

    /// What psql says on stderr, with SQLSTATEs.
    pub async fn error(&self, input: &str) -> String {
        let (_, err, _) = self
            .psql_as("dana", &["-At", "-v", "VERBOSITY=verbose"], input)
            .await;
        err
    }
}

/// Startup without a password; TLS is declined.
async fn welcome(
    mut stream: TcpStream,
    desk: Arc<TestDesk>,
    shutdown: watch::Receiver<bool>,
) -> std::io::Result<()> {
    let mut input = Vec::new();
    let user = loop {
        let mut chunk = [0u8; 4096];
        let count = stream.read(&mut chunk).await?;
        if count == 0 {
            return Ok(());
        }
        input.extend_from_slice(&chunk[..count]);
        let Some(packet) = frame::startup_frame(&input).unwrap() else {
            continue;
        };
        let length = packet.len();
        let user = match startup::opening(packet.body()).unwrap() {
            startup::Opening::Startup(s) => Some(s.get("user").unwrap().to_owned()),
            _ => None,
        };
        input.drain(..length);
        match user {
            Some(user) => break user,
            None => stream.write_all(b"N").await?,
        }
    };
    let mut out = Vec::new();
    auth::write_auth_ok(&mut out);
    stream.write_all(&out).await?;
    let operator = Operator {
        roles: if user == "intern" {
            vec![]
        } else {
            vec!["dba".into()]
        },
        name: user,
    };
    console::serve(
        stream,
        input,
        (42, vec![1, 2, 3, 4]),
        operator,
        desk,
        shutdown,
    )
    .await
}

async fn write_session(journal: &Journal) -> u64 {
    let session = journal.next_session();
    let statement = |number, text: &str, outcome, refusal: Option<&str>| Event::Statement {
        number,
        road: Road::Query,
        text: text.into(),
        parameters: vec![],
        class: "read".into(),
        needs: vec!["read public.customers".into()],
        labels: vec!["email".into()],
        outcome,
        policies: vec!["agents-read".into()],
        controls: vec![],
        policy_generation: 1,
        hold: None,
        refusal: refusal.map(Into::into),
    };
    let end = |number, rows| Event::StatementEnd {
        number,
        tags: vec![format!("SELECT {rows}")],
        rows,
        masked: rows,
        duration_us: 1_500,
        error: None,
    };
    for event in [
        Event::SessionStart {
            user: "alice@example.com".into(),
            agent: "claude-code".into(),
            grant: "claude-code.k7f3q2".into(),
            database: "shop".into(),
            roles: vec!["reader".into()],
            client: "127.0.0.1:39999".into(),
            application: "psql".into(),
            tls: false,
            purpose: None,
        },
        statement(1, "SELECT email FROM customers", Outcome::Allow, None),
        end(1, 3),
        statement(2, "DELETE FROM customers", Outcome::Deny, Some("42501")),
        statement(3, "SELECT count(*) FROM customers", Outcome::Allow, None),
        end(3, 1),
    ] {
        journal.append(session, event).unwrap();
    }
    journal
        .append_durable(
            session,
            Event::SessionEnd {
                reason: "client closed".into(),
            },
        )
        .await
        .unwrap();
    session
}
