//! One line of the session log.

use serde::{Deserialize, Serialize};

/// A record as it is stored. `seq` counts from 1 without gaps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Position in the log.
    pub seq: u64,
    /// Microseconds since the Unix epoch, when it was handed to the journal.
    pub time_us: u64,
    /// The session it belongs to; 0 for none.
    pub session: u64,
    /// What happened.
    pub event: Event,
}

/// How a statement was judged, in the journal's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Sent to the server.
    Allow,
    /// Waits for a decision.
    Hold,
    /// Refused.
    Deny,
}

/// The road a statement came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Road {
    /// Simple Query.
    Query,
    /// Parse (judged; nothing runs yet).
    Parse,
    /// Execute of a portal.
    Execute,
    /// Function call message.
    Function,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A session begins.
    SessionStart {
        /// Who for.
        user: String,
        /// Which agent.
        agent: String,
        /// The grant's name.
        grant: String,
        /// Database as in the config.
        database: String,
        /// The grant's roles.
        roles: Vec<String>,
        /// Address and port.
        client: String,
        /// `application_name` as the client gave it.
        application: String,
        /// Whether the agent's connection is encrypted.
        tls: bool,
        /// The grant's purpose.
        purpose: Option<String>,
    },
    /// A statement (or a text of several) was judged. Before its effect where it has one.
    Statement {
        /// Counts within the session, from 1.
        number: u64,
        /// The road.
        road: Road,
        /// The exact text.
        text: String,
        /// Parameters of Bind as text; None for NULL. Binary ones as `\x…`. Empty for other roads.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        parameters: Vec<Option<String>>,
        /// `read`, `write` … the strictest of the text.
        class: String,
        /// (action, object) pairs as text: `read public.customers`.
        needs: Vec<String>,
        /// Labels touched.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        labels: Vec<String>,
        /// The verdict.
        outcome: Outcome,
        /// Ids of the policies that decided.
        policies: Vec<String>,
        /// Their controls.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        controls: Vec<String>,
        /// Generation of the policy set.
        policy_generation: u64,
        /// The hold it waits for, or that let it pass.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<u64>,
        /// SQLSTATE of the refusal.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refusal: Option<String>,
    },
    /// A statement that was sent has ended.
    StatementEnd {
        /// Its number.
        number: u64,
        /// Command tags, in order (`SELECT 3`).
        tags: Vec<String>,
        /// Rows sent to the agent.
        rows: u64,
        /// Cells masked among them.
        masked: u64,
        /// Microseconds from sending to the end.
        duration_us: u64,
        /// SQLSTATE of the server's error.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    },
    /// A session ends.
    SessionEnd {
        /// Why: `client closed`, `server closed`, `grant expired`, `terminated by dana` …
        reason: String,
    },
    /// A hold changed: created, approved, rejected, spent, expired, withdrawn.
    Hold {
        /// Its number.
        hold: u64,
        /// The new state.
        state: crate::hold::HoldState,
        /// Who (a DBA's name), where a person decided.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<String>,
        /// What she said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// A grant was made or revoked, an account added, policies loaded, a console command run …
    Admin {
        /// The verb: `grant`, `revoke`, `dba add`, `reload`, `terminate`, `start`, `stop`, `auth failed` …
        action: String,
        /// Who or what did it.
        by: String,
        /// What it was about. Never a secret.
        about: String,
    },
}

impl Event {
    /// About how many bytes it holds, for bounding the queue. Counts what a client can make long.
    #[must_use]
    pub fn weight(&self) -> usize {
        fn words(list: &[String]) -> usize {
            list.iter().map(|word| word.len() + 24).sum()
        }
        fn maybe(word: &Option<String>) -> usize {
            word.as_ref().map_or(0, String::len)
        }
        size_of::<Event>()
            + match self {
                Event::SessionStart {
                    user,
                    agent,
                    grant,
                    database,
                    roles,
                    client,
                    application,
                    tls: _,
                    purpose,
                } => {
                    let strings = [user, agent, grant, database, client, application];
                    strings.iter().map(|word| word.len()).sum::<usize>()
                        + words(roles)
                        + maybe(purpose)
                }
                Event::Statement {
                    number: _,
                    road: _,
                    text,
                    parameters,
                    class,
                    needs,
                    labels,
                    outcome: _,
                    policies,
                    controls,
                    policy_generation: _,
                    hold: _,
                    refusal,
                } => {
                    text.len()
                        + parameters
                            .iter()
                            .map(|value| maybe(value) + 24)
                            .sum::<usize>()
                        + class.len()
                        + words(needs)
                        + words(labels)
                        + words(policies)
                        + words(controls)
                        + maybe(refusal)
                }
                Event::StatementEnd {
                    number: _,
                    tags,
                    rows: _,
                    masked: _,
                    duration_us: _,
                    error,
                } => words(tags) + maybe(error),
                Event::SessionEnd { reason } => reason.len(),
                Event::Hold {
                    hold: _,
                    state: _,
                    by,
                    why,
                } => maybe(by) + maybe(why),
                Event::Admin { action, by, about } => action.len() + by.len() + about.len(),
            }
    }
}
