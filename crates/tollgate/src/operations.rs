//! What the command line and the console do to the state: one place, whether or not the server runs.
//!
//! Owns: [`Request`] and [`Answer`], and doing them over store and journal. Refuses: passwords; only verifiers get here.

use journal::{Dba, Event, Grant, Journal, Record, SessionSummary, Store, Verifier};
use serde::{Deserialize, Serialize};

use crate::secret;

/// What can be asked, over the control socket or in place.
#[derive(Debug, Serialize, Deserialize)]
pub enum Request {
    /// Make a grant.
    Grant(NewGrant),
    /// Revoke one.
    Revoke {
        /// Its name.
        grant: String,
        /// Who does it.
        by: String,
    },
    /// Grants, verifiers left out.
    Grants,
    /// Add or change a DBA's account.
    AddDba {
        /// Name.
        name: String,
        /// Roles.
        roles: Vec<String>,
        /// SCRAM verifier.
        verifier: Verifier,
    },
    /// Remove one.
    RemoveDba {
        /// Name.
        name: String,
    },
    /// Names and roles.
    Dbas,
    /// Sessions of the log.
    Sessions,
    /// All records of one.
    Replay {
        /// Its number.
        session: u64,
    },
    /// Check the chain.
    Verify,
    /// Read policies and labels again; only while the server runs.
    Reload,
}

/// A grant to make.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct NewGrant {
    /// Who for.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// Database.
    pub database: String,
    /// Roles.
    pub roles: Vec<String>,
    /// Microseconds from now.
    pub ttl_us: u64,
    /// Purpose.
    pub purpose: Option<String>,
    /// Who makes it.
    pub by: String,
}

/// The answer.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// A grant was made; its secret is told once, here.
    Granted {
        /// Name.
        name: String,
        /// Secret.
        secret: String,
        /// Where agents connect.
        address: String,
        /// When it ends.
        expires_us: u64,
    },
    /// One line of what happened.
    Done(String),
    /// Grants (verifiers blank).
    Grants(Vec<Grant>),
    /// Names and roles.
    Dbas(Vec<(String, Vec<String>)>),
    /// Sessions: id, user, agent, grant, database, start, end, statements, denied, held, rows, masked.
    Sessions(Vec<SessionLine>),
    /// Records.
    Records(Vec<Record>),
    /// Records in the chain, its last hash, and where it is broken.
    Verified {
        /// How many hold.
        records: u64,
        /// Hex.
        hash: String,
        /// The first that does not.
        broken: Option<String>,
    },
    /// It was not done. `finding` decides between exit status 1 and 2.
    Failed(String),
}

/// A session in a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct SessionLine {
    pub session: u64,
    pub user: String,
    pub agent: String,
    pub grant: String,
    pub database: String,
    pub client: String,
    pub start: String,
    pub end: Option<String>,
    pub end_reason: Option<String>,
    pub statements: u64,
    pub denied: u64,
    pub held: u64,
    pub rows: u64,
    pub masked: u64,
}

impl From<SessionSummary> for SessionLine {
    fn from(s: SessionSummary) -> Self {
        SessionLine {
            session: s.id,
            user: s.user,
            agent: s.agent,
            grant: s.grant,
            database: s.database,
            client: s.client,
            start: crate::answer::time(s.start_us),
            end: s.end_us.map(crate::answer::time),
            end_reason: s.end_reason,
            statements: s.statements,
            denied: s.denied,
            held: s.held,
            rows: s.rows,
            masked: s.masked,
        }
    }
}

/// The state, open in this process.
pub struct Operations {
    /// Grants, accounts, holds.
    pub store: Store,
    /// The log.
    pub journal: Journal,
    /// Databases of the config.
    pub databases: Vec<String>,
    /// Where agents connect.
    pub address: String,
}

impl Operations {
    /// Does it. Blocks: it may wait for the disk.
    pub fn handle(&self, request: Request) -> Answer {
        self.try_handle(request).unwrap_or_else(Answer::Failed)
    }

    fn try_handle(&self, request: Request) -> Result<Answer, String> {
        let failed = |e: &dyn std::fmt::Display| e.to_string();
        Ok(match request {
            Request::Grant(new) => self.grant(&new)?,
            Request::Revoke { grant, by } => {
                self.store
                    .revoke_grant(&grant, gateway::judge::now_us())
                    .map_err(|e| failed(&e))?;
                self.note("revoke", &by, &grant)?;
                Answer::Done(format!(
                    "grant {grant} is revoked; its open sessions are ended"
                ))
            }
            Request::Grants => {
                let blank = |mut g: Grant| {
                    g.verifier = Verifier(String::new());
                    g
                };
                Answer::Grants(
                    self.store
                        .grants()
                        .map_err(|e| failed(&e))?
                        .into_iter()
                        .map(blank)
                        .collect(),
                )
            }
            Request::AddDba {
                name,
                roles,
                verifier,
            } => {
                let about = format!("{name} ({})", roles.join(", "));
                let replaced = self
                    .store
                    .put_dba(&Dba {
                        name: name.clone(),
                        roles,
                        verifier,
                    })
                    .map_err(|e| failed(&e))?;
                self.note("dba add", "command line", &about)?;
                Answer::Done(format!(
                    "account {name} {}",
                    if replaced { "was changed" } else { "was added" }
                ))
            }
            Request::RemoveDba { name } => {
                self.store.remove_dba(&name).map_err(|e| failed(&e))?;
                self.note("dba remove", "command line", &name)?;
                Answer::Done(format!("account {name} was removed"))
            }
            Request::Dbas => Answer::Dbas(
                self.store
                    .dbas()
                    .map_err(|e| failed(&e))?
                    .into_iter()
                    .map(|d| (d.name, d.roles))
                    .collect(),
            ),
            Request::Sessions => Answer::Sessions(
                self.journal
                    .sessions()
                    .map_err(|e| failed(&e))?
                    .into_iter()
                    .map(Into::into)
                    .collect(),
            ),
            Request::Replay { session } => {
                let records = self
                    .journal
                    .session_records(session)
                    .map_err(|e| failed(&e))?;
                if records.is_empty() {
                    return Err(format!("there is no session {session} in the log"));
                }
                Answer::Records(records)
            }
            Request::Verify => {
                let checked = self.journal.verify().map_err(|e| failed(&e))?;
                Answer::Verified {
                    records: checked.records,
                    hash: checked.hash,
                    broken: checked.broken.map(|b| b.to_string()),
                }
            }
            Request::Reload => {
                return Err("the server does not run, so there is nothing to reload".into());
            }
        })
    }

    fn grant(&self, new: &NewGrant) -> Result<Answer, String> {
        if !self.databases.contains(&new.database) {
            return Err(format!(
                "there is no database \"{}\" in the config; there is {}",
                new.database,
                self.databases.join(", ")
            ));
        }
        // The name is the user of a URL, and what a policy calls the agent.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        if new.agent.is_empty() || new.agent.len() > 64 || !new.agent.chars().all(plain) {
            return Err("an agent's name is 1 to 64 letters, digits, - and _".into());
        }
        if new.user.is_empty() || new.roles.is_empty() || new.roles.iter().any(String::is_empty) {
            return Err("a grant needs a user and at least one role".into());
        }
        if new.ttl_us == 0 {
            return Err("a grant needs a time to live, like 8h".into());
        }
        let now = gateway::judge::now_us();
        let secret = secret::word(32);
        let mut grant = Grant {
            name: String::new(),
            user: new.user.clone(),
            agent: new.agent.clone(),
            database: new.database.clone(),
            roles: new.roles.clone(),
            purpose: new.purpose.clone(),
            verifier: secret::verifier(&secret),
            created_us: now,
            created_by: new.by.clone(),
            expires_us: now.saturating_add(new.ttl_us),
            revoked_us: None,
        };
        loop {
            grant.name = format!("{}.{}", new.agent, secret::word(6));
            match self.store.create_grant(&grant) {
                Ok(()) => break,
                Err(journal::StoreError::NameTaken(_)) => {}
                Err(e) => return Err(e.to_string()),
            }
        }
        let about = format!(
            "{} for {} on {} as {}",
            grant.name,
            grant.user,
            grant.database,
            grant.roles.join(", ")
        );
        self.note("grant", &new.by, &about)?;
        Ok(Answer::Granted {
            name: grant.name,
            secret,
            address: self.address.clone(),
            expires_us: grant.expires_us,
        })
    }

    fn note(&self, action: &str, by: &str, about: &str) -> Result<(), String> {
        let event = Event::Admin {
            action: action.into(),
            by: by.into(),
            about: about.into(),
        };
        self.journal.append(0, event).map_err(|e| e.to_string())
    }
}
