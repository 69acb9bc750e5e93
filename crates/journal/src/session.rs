//! One session in a line. Owns what is counted of it, and the index that finds its records.
//!
//! Each segment has an index of its own, from a session's number to the summary of that session's records *in that
//! segment*. It is written at checkpoints and worked out again from the records after one. It is derived: the chain does
//! not cover it, `verify` compares it with the records.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::error::JournalError;
use crate::record::{Event, Outcome, Road};

/// Longer names are cut in the summary (not in the log): sled keeps a value whole only while it is small.
const NAME_BYTES: usize = 256;

/// What the log says of a session as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSummary {
    /// Its number.
    pub id: u64,
    /// Who for. Empty where the log no longer has its start; so are the next five.
    pub user: String,
    /// Which agent.
    pub agent: String,
    /// The grant's name.
    pub grant: String,
    /// Database as in the config.
    pub database: String,
    /// Address and port.
    pub client: String,
    /// `application_name`.
    pub application: String,
    /// Time of its first record, in microseconds since the epoch.
    pub start_us: u64,
    /// Time of its end. None: it goes on, or the gateway died under it.
    pub end_us: Option<u64>,
    /// Why it ended.
    pub end_reason: Option<String>,
    /// Statements judged. A Parse that was allowed has run nothing and is not counted; its Execute is.
    pub statements: u64,
    /// Those denied.
    pub denied: u64,
    /// Those held.
    pub held: u64,
    /// Rows sent to the agent.
    pub rows: u64,
    /// Cells masked among them.
    pub masked: u64,
    /// Its first record.
    pub first_seq: u64,
    /// Its last record so far.
    pub last_seq: u64,
}

impl SessionSummary {
    fn new(id: u64) -> SessionSummary {
        SessionSummary {
            id,
            ..SessionSummary::default()
        }
    }

    /// Counts one more record of it. Records that it has counted already are passed over.
    pub(crate) fn fold(&mut self, seq: u64, time_us: u64, event: &Event) {
        if seq <= self.last_seq {
            return;
        }
        if self.first_seq == 0 {
            self.first_seq = seq;
            self.start_us = time_us;
        }
        self.last_seq = seq;
        match event {
            Event::SessionStart {
                user,
                agent,
                grant,
                database,
                roles: _,
                client,
                application,
                tls: _,
                purpose: _,
            } => {
                self.user = short(user);
                self.agent = short(agent);
                self.grant = short(grant);
                self.database = short(database);
                self.client = short(client);
                self.application = short(application);
            }
            Event::Statement { road, outcome, .. } => {
                let counts = !matches!((road, outcome), (Road::Parse, Outcome::Allow));
                self.statements += u64::from(counts);
                match outcome {
                    Outcome::Allow => {}
                    Outcome::Hold => self.held += 1,
                    Outcome::Deny => self.denied += 1,
                }
            }
            Event::StatementEnd { rows, masked, .. } => {
                self.rows = self.rows.saturating_add(*rows);
                self.masked = self.masked.saturating_add(*masked);
            }
            Event::SessionEnd { reason } => {
                self.end_us = Some(time_us);
                self.end_reason = Some(short(reason));
            }
            Event::Hold { .. } | Event::Admin { .. } => {}
        }
    }

    /// Adds what a later segment says of the same session.
    pub(crate) fn absorb(&mut self, later: SessionSummary) {
        if self.grant.is_empty() && !later.grant.is_empty() {
            self.user = later.user;
            self.agent = later.agent;
            self.grant = later.grant;
            self.database = later.database;
            self.client = later.client;
            self.application = later.application;
        }
        self.end_us = later.end_us.or(self.end_us);
        self.end_reason = later.end_reason.or(self.end_reason.take());
        self.statements += later.statements;
        self.denied += later.denied;
        self.held += later.held;
        self.rows = self.rows.saturating_add(later.rows);
        self.masked = self.masked.saturating_add(later.masked);
        self.last_seq = later.last_seq;
    }
}

fn short(name: &str) -> String {
    name[..name.floor_char_boundary(NAME_BYTES)].to_owned()
}

/// The index of the segment being written, as far as it is ahead of what is on disk.
#[derive(Default)]
pub(crate) struct Live {
    entries: HashMap<u64, (SessionSummary, bool)>,
}

impl Live {
    /// Counts a record. `index` is the segment's, for what is known already.
    pub(crate) fn fold(
        &mut self,
        index: &sled::Tree,
        session: u64,
        seq: u64,
        time_us: u64,
        event: &Event,
    ) -> Result<(), JournalError> {
        if session == 0 {
            return Ok(());
        }
        let (summary, dirty) = match self.entries.entry(session) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => {
                let known = load(index, session)?.unwrap_or_else(|| SessionSummary::new(session));
                entry.insert((known, false))
            }
        };
        summary.fold(seq, time_us, event);
        *dirty = true;
        Ok(())
    }

    /// What is to be written to the index.
    pub(crate) fn take_changes(&mut self) -> Result<sled::Batch, JournalError> {
        let mut batch = sled::Batch::default();
        for (id, (summary, dirty)) in &mut self.entries {
            if std::mem::take(dirty) {
                let json = serde_json::to_vec(summary).map_err(JournalError::write)?;
                batch.insert(&id.to_be_bytes()[..], json);
            }
        }
        Ok(batch)
    }

    /// Forgets the ended sessions whose changes are written. Not before the index has them: a reader looks here first
    /// and then there.
    pub(crate) fn forget_ended(&mut self) {
        self.entries
            .retain(|_, (summary, dirty)| *dirty || summary.end_us.is_none());
    }

    /// A new segment begins with an empty index.
    pub(crate) fn clear(&mut self) {
        self.entries.clear();
    }

    pub(crate) fn get(&self, session: u64) -> Option<&SessionSummary> {
        self.entries.get(&session).map(|(summary, _)| summary)
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &SessionSummary> {
        self.entries.values().map(|(summary, _)| summary)
    }
}

/// One entry of an index. An entry that cannot be read counts as none: the log itself is what matters.
pub(crate) fn load(
    index: &sled::Tree,
    session: u64,
) -> Result<Option<SessionSummary>, JournalError> {
    let value = index
        .get(session.to_be_bytes())
        .map_err(|error| JournalError::damaged(0, error))?;
    Ok(value.and_then(|json| serde_json::from_slice(&json).ok()))
}

/// The lowest and the highest session of an index.
pub(crate) fn range(index: &sled::Tree) -> Result<Option<(u64, u64)>, JournalError> {
    let number = |key: &[u8]| <[u8; 8]>::try_from(key).map_or(0, u64::from_be_bytes);
    let unreadable = |error| JournalError::damaged(0, error);
    let ends = (
        index.first().map_err(unreadable)?,
        index.last().map_err(unreadable)?,
    );
    Ok(match ends {
        (Some((low, _)), Some((high, _))) => Some((number(&low), number(&high))),
        _ => None,
    })
}

/// A whole index.
pub(crate) fn load_all(index: &sled::Tree) -> Result<HashMap<u64, SessionSummary>, JournalError> {
    let mut all = HashMap::new();
    for entry in index {
        let (_, json) = entry.map_err(|error| JournalError::damaged(0, error))?;
        if let Ok(summary) = serde_json::from_slice::<SessionSummary>(&json) {
            all.insert(summary.id, summary);
        }
    }
    Ok(all)
}

/// The summary of some records of one segment, worked out from scratch.
pub(crate) fn fold_into(
    all: &mut HashMap<u64, SessionSummary>,
    session: u64,
    seq: u64,
    time_us: u64,
    event: &Event,
) {
    if session != 0 {
        all.entry(session)
            .or_insert_with(|| SessionSummary::new(session))
            .fold(seq, time_us, event);
    }
}
