//! Reading the log. Owns the roads from a number to records. Shows only what is on disk; says nothing about whether it
//! was tampered with (that is `verify`).

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::chunk::{self, Go, Stored};
use crate::error::JournalError;
use crate::journal::{Journal, Shared};
use crate::record::Record;
use crate::session::{self, SessionSummary};

impl Journal {
    /// Shows the records from `from_seq` on, in order, up to the one that was last when it began, until `see` says
    /// false. Blocks; opens sealed segments one by one.
    ///
    /// # Errors
    /// A segment cannot be opened, or a record cannot be read.
    pub fn scan(
        &self,
        from_seq: u64,
        see: &mut dyn FnMut(&Record) -> bool,
    ) -> Result<(), JournalError> {
        let last = self.shared().tail().seq;
        self.shared().scan(from_seq.max(1), last, &mut |stored| {
            Ok(if see(&stored.record()?) {
                Go::On
            } else {
                Go::Stop
            })
        })
    }

    /// Every record of one session, in order; empty where the log knows none. Reads only where the session was.
    ///
    /// # Errors
    /// A segment cannot be opened, or a record cannot be read.
    pub fn session_records(&self, session: u64) -> Result<Vec<Record>, JournalError> {
        let shared = self.shared();
        let tail = shared.tail().seq;
        let mut records = Vec::new();
        for first in shared.segments.firsts() {
            let Some(part) = shared.summary_in(first, session)? else {
                continue;
            };
            shared.scan(part.first_seq, part.last_seq.min(tail), &mut |stored| {
                if stored.session() == session {
                    records.push(stored.record()?);
                }
                Ok(Go::On)
            })?;
        }
        Ok(records)
    }

    /// Every session of the log in a line, by number.
    ///
    /// # Errors
    /// A segment cannot be opened or read.
    pub fn sessions(&self) -> Result<Vec<SessionSummary>, JournalError> {
        let shared = self.shared();
        let mut all = BTreeMap::<u64, SessionSummary>::new();
        for first in shared.segments.firsts() {
            for (id, part) in shared.summaries_in(first)? {
                match all.entry(id) {
                    std::collections::btree_map::Entry::Occupied(mut entry) => {
                        entry.get_mut().absorb(part)
                    }
                    std::collections::btree_map::Entry::Vacant(entry) => {
                        entry.insert(part);
                    }
                }
            }
        }
        Ok(all.into_values().collect())
    }

    /// One session in a line.
    ///
    /// # Errors
    /// A segment cannot be opened or read.
    pub fn session(&self, session: u64) -> Result<Option<SessionSummary>, JournalError> {
        let shared = self.shared();
        let mut whole: Option<SessionSummary> = None;
        for first in shared.segments.firsts() {
            if let Some(part) = shared.summary_in(first, session)? {
                match &mut whole {
                    Some(whole) => whole.absorb(part),
                    None => whole = Some(part),
                }
            }
        }
        Ok(whole)
    }
}

impl Shared {
    fn scan(
        &self,
        from: u64,
        last: u64,
        see: &mut dyn FnMut(&Stored<'_>) -> Result<Go, JournalError>,
    ) -> Result<(), JournalError> {
        let mut stopped = false;
        for (first, end) in self.segments.covering(from, last) {
            let segment = self.segments.open(first)?;
            chunk::walk(&segment.records, from.max(first), end, &mut |stored| {
                if stored.seq < from {
                    return Ok(Go::On);
                }
                let go = see(stored)?;
                stopped = go == Go::Stop;
                Ok(go)
            })?;
            if stopped {
                break;
            }
        }
        Ok(())
    }

    /// What one segment says of a session: its index on disk, or the writer's, whichever has seen more.
    fn summary_in(&self, first: u64, session: u64) -> Result<Option<SessionSummary>, JournalError> {
        let (sealed, live) = {
            let active = self.active();
            // One that was made this moment is listed before it is the active one, and not sealed.
            match first.cmp(&active.segment.first) {
                Ordering::Less => (true, None),
                Ordering::Equal => (false, active.live.get(session).cloned()),
                Ordering::Greater => (false, None),
            }
        };
        if sealed && !self.segments.may_know(first, session)? {
            return Ok(None);
        }
        let stored = session::load(&self.segments.open(first)?.sessions, session)?;
        Ok(match (live, stored) {
            (Some(live), Some(stored)) if stored.last_seq > live.last_seq => Some(stored),
            (Some(live), _) => Some(live),
            (None, stored) => stored,
        })
    }

    /// The same for all its sessions.
    pub(crate) fn summaries_in(
        &self,
        first: u64,
    ) -> Result<BTreeMap<u64, SessionSummary>, JournalError> {
        let live: Vec<SessionSummary> = {
            let active = self.active();
            if active.segment.first == first {
                active.live.all().cloned().collect()
            } else {
                Vec::new()
            }
        };
        let mut all: BTreeMap<_, _> = session::load_all(&self.segments.open(first)?.sessions)?
            .into_iter()
            .collect();
        for summary in live {
            match all.get(&summary.id) {
                Some(stored) if stored.last_seq > summary.last_seq => {}
                _ => {
                    all.insert(summary.id, summary);
                }
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::journal::JournalConfig;
    use crate::record::Event;

    #[test]
    fn a_segment_seen_in_the_moment_it_is_made_is_not_remembered_as_empty() {
        let state = tempfile::tempdir().unwrap();
        let journal = Journal::open(state.path(), JournalConfig::default()).unwrap();
        let end = || Event::SessionEnd {
            reason: "client closed".to_owned(),
        };
        journal.append_durable(1, end()).wait().unwrap();
        let shared = journal.shared();
        // As the writer does it: listed first, made the active one then.
        let next = shared.segments.create(2).unwrap();
        assert_eq!(journal.session(2).unwrap(), None);
        let mut live = session::Live::default();
        live.fold(&next.sessions, 2, 2, 0, &end()).unwrap();
        next.sessions
            .apply_batch(live.take_changes().unwrap())
            .unwrap();
        assert!(shared.segments.may_know(2, 2).unwrap());
    }
}
