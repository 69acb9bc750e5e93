//! What the console asks of the running gateway, and the rows it is given.
//!
//! Owns: the [`Desk`] trait and its nouns. Refuses: to know how the gateway does it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use journal::{Journal, Store};

/// A future that a [`Desk`] hands out.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The person at the console, as the gateway authenticated her.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// Her account's name.
    pub name: String,
    /// Roles whose holds she may decide.
    pub roles: Vec<String>,
}

/// Why something was not done: an SQLSTATE and one line for the person who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// SQLSTATE, five characters.
    pub sqlstate: &'static str,
    /// One line.
    pub message: String,
}

impl Refusal {
    /// A refusal.
    pub fn new(sqlstate: &'static str, message: impl Into<String>) -> Refusal {
        Refusal {
            sqlstate,
            message: message.into(),
        }
    }
}

/// A session that is open now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSession {
    /// Its number in the journal.
    pub id: u64,
    /// Grant's name.
    pub grant: String,
    /// Who for.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// Database as in the config.
    pub database: String,
    /// Address and port.
    pub client: String,
    /// `application_name` as the client gave it.
    pub application: String,
    /// Whether the agent's connection is encrypted.
    pub tls: bool,
    /// Microseconds since the epoch.
    pub started_us: u64,
    /// One of `idle`, `active`, `idle in transaction`, `held` …
    pub state: String,
    /// Statements so far.
    pub statements: u64,
    /// The hold it waits for.
    pub hold: Option<u64>,
    /// When its grant ends.
    pub expires_us: u64,
}

/// A database of the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseRow {
    /// Name in the agent's connection string.
    pub name: String,
    /// `postgres` or `mysql`.
    pub protocol: String,
    /// Host, port and database of the server. Never a credential.
    pub upstream: String,
    /// Policy files.
    pub policies: Vec<String>,
    /// Label file.
    pub labels: Option<String>,
    /// How long an agent's connection waits in place.
    pub hold_wait_us: u64,
    /// How long an undecided hold, or an unused approval, lives.
    pub hold_ttl_us: u64,
}

/// A policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyRow {
    /// Its `@id`.
    pub id: String,
    /// Database that names its file.
    pub database: String,
    /// `permit` or `forbid`.
    pub effect: String,
    /// Role of its `@hold`.
    pub hold: Option<String>,
    /// Its `@reason`.
    pub reason: Option<String>,
    /// Its `@control`s.
    pub controls: Vec<String>,
    /// File it was read from.
    pub file: String,
    /// Its text.
    pub text: String,
}

/// A column pattern with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelRow {
    /// Database.
    pub database: String,
    /// Pattern as in the file: `public.customers.email`, `*.*.api_key`.
    pub column: String,
    /// Label.
    pub label: String,
    /// Mask method.
    pub mask: String,
    /// `allow`, `equality` or `deny`.
    pub filter: String,
    /// File it was read from.
    pub file: String,
}

/// An access that a DBA grants from the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRequest {
    /// Who for.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// Database as in the config.
    pub database: String,
    /// Roles; at least one.
    pub roles: Vec<String>,
    /// How long, in microseconds; more than zero.
    pub ttl_us: u64,
    /// Purpose.
    pub purpose: Option<String>,
}

/// What the console can ask of the running gateway. Implemented in the binary.
///
/// The reading methods are called on a thread where blocking is allowed, once a statement and relation. The others are
/// called exactly once for each row of each statement that a person executes; that something was asked once is the
/// console's promise, that it is done at most once is the store's.
pub trait Desk: Send + Sync + 'static {
    /// Holds, grants and accounts.
    fn store(&self) -> &Store;
    /// The session log.
    fn journal(&self) -> &Journal;
    /// Sessions that are open now.
    fn sessions(&self) -> Vec<LiveSession>;
    /// Databases of the config.
    fn databases(&self) -> Vec<DatabaseRow>;
    /// Policies in force.
    fn policies(&self) -> Vec<PolicyRow>;
    /// Labels in force.
    fn labels(&self) -> Vec<LabelRow>;
    /// Approves or rejects a hold; answers with one line of what happened.
    fn decide<'a>(
        &'a self,
        op: &'a Operator,
        hold: u64,
        approve: bool,
        why: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>>;
    /// Ends a session.
    fn terminate<'a>(
        &'a self,
        op: &'a Operator,
        session: u64,
    ) -> BoxFuture<'a, Result<String, Refusal>>;
    /// Revokes a grant and ends its sessions.
    fn revoke<'a>(
        &'a self,
        op: &'a Operator,
        grant: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>>;
    /// Reads policies and labels again.
    fn reload<'a>(&'a self, op: &'a Operator) -> BoxFuture<'a, Result<String, Refusal>>;
    /// Makes a grant; answers with its connection string, which is shown once.
    fn grant_access<'a>(
        &'a self,
        op: &'a Operator,
        request: GrantRequest,
    ) -> BoxFuture<'a, Result<String, Refusal>>;
    /// What today's policy says of a text: one JSON object, as `tollgate explain --json` prints it.
    fn explain<'a>(
        &'a self,
        op: &'a Operator,
        database: &'a str,
        role: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<String, Refusal>>;
}

/// How the console holds on to its desk.
pub type SharedDesk = Arc<dyn Desk>;
