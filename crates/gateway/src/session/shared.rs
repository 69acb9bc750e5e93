//! What the two directions of a session both need to know.
//!
//! Owns: [`Shared`], behind one lock that is never held across an await, and the queue of expected replies.
//! Refuses: I/O.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use wire::postgres::reply;

use super::named::{Names, Portal, Prepared};
use sql::facts::Named;

use crate::expect::{Expect, Made, Moment, Run};
use crate::hold::Spent;

/// Names in doubt at once; with more, all names are.
const MAX_MOVED: usize = 1_000;

/// Why a query of our own has no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// It was cancelled, by the agent or by a time limit of its session: what the server said, a whole frame.
    Cancelled(Vec<u8>),
    /// The server said anything else.
    Refused,
}

/// Both directions' knowledge of the session.
#[derive(Debug, Default)]
pub struct Shared {
    /// Replies that are due, in order.
    pub queue: VecDeque<Expect>,
    /// Status of the last ReadyForQuery; 0 before the first.
    pub status: u8,
    /// After an error in the extended protocol, until the reply to Sync: the server ignores everything else.
    pub skipping: bool,
    /// The server reads a COPY stream from the agent.
    pub copy_in: bool,
    /// Counts the batches of extended messages: it moves at each Sync.
    pub batch: u64,
    /// Statements of Parse messages and of PREPARE: the server keeps them under the same names.
    pub statements: Names<Prepared>,
    /// Portals of Bind messages and cursors of DECLARE: the same names, too.
    pub portals: Names<Portal>,
    /// The server has sent its last word.
    pub fatal: bool,
    /// Something ran that could have prepared statements which nobody saw (a function may EXECUTE 'PREPARE …').
    pub opaque: bool,
    /// Counts what may have changed the meaning of a name: what a portal that runs by name was described as holds for
    /// as long as this stands still.
    pub names: u64,
    /// The settings may not be those that texts are read under.
    pub settings_dirty: bool,
    /// They may change back when the transaction ends.
    pub settings_in_transaction: bool,
    /// Definitions were changed in the open transaction.
    pub definitions_in_transaction: bool,
    /// Counts what may have changed definitions, or undone such a change: what the session was told of its own holds for as
    /// long as this stands still.
    pub definitions: u64,
    /// Names that may mean something else since, until they can be looked up; `*` is any.
    pub moved_in_transaction: Arc<BTreeSet<String>>,
    /// Errors and notices are scrubbed until the transaction ends.
    pub scrub_in_transaction: bool,
    /// The answer to a query of our own.
    pub internal: Option<Result<Vec<Vec<Option<String>>>, Unanswered>>,
}

impl Shared {
    /// Expects a reply, unless the server will ignore what was sent.
    pub fn expect(&mut self, expect: Expect) {
        if self.skipping {
            if expect.ends_skipping() {
                self.skipping = false;
            } else {
                self.forget(expect);
                return;
            }
        }
        self.queue.push_back(expect);
    }

    /// An error in the extended protocol: everything up to the next Sync is ignored by the server.
    pub fn skip_to_sync(&mut self) -> Vec<Expect> {
        let mut skipped = Vec::new();
        self.copy_in = false;
        while let Some(front) = self.queue.pop_front() {
            if front.ends_skipping() {
                self.queue.push_front(front);
                return skipped;
            }
            match front {
                // Ours to say, whatever the server does.
                Expect::Local(_) => {}
                other => skipped.push(other),
            }
        }
        self.skipping = true;
        skipped
    }

    /// The server has not done what was expected.
    pub fn forget(&mut self, expect: Expect) {
        match expect {
            Expect::Parse(p) => self.statements.fail(&p.name, &p),
            Expect::Bind(p) => self.portals.fail(&p.name, &p),
            Expect::Internal(_) => self.internal = Some(Err(Unanswered::Refused)),
            Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) => {
                self.settle(&run)
            }
            _ => {}
        }
    }

    /// What a command that did not complete would have made is not there.
    pub fn settle(&mut self, run: &Run) {
        for (_, made) in run.makes.iter().filter(|(at, _)| *at >= run.completed) {
            match made {
                Made::Statement(p) => self.statements.fail(&p.name, p),
                Made::Cursor(p) => self.portals.fail(&p.name, p),
            }
        }
    }

    /// Takes note of changed definitions.
    pub fn define(&mut self, moves: &[String]) {
        self.definitions += 1;
        self.definitions_in_transaction = true;
        self.move_names(moves);
    }

    /// Takes note of names that mean nothing certain until the transaction ends.
    fn move_names(&mut self, names: &[String]) {
        if names.is_empty() || self.moved_in_transaction.contains("*") {
            return;
        }
        let mut moved = BTreeSet::clone(&self.moved_in_transaction);
        moved.extend(names.iter().cloned());
        if moved.len() > MAX_MOVED {
            moved = BTreeSet::from(["*".to_owned()]);
        }
        self.moved_in_transaction = Arc::new(moved);
    }

    /// A transaction has ended: what it defined can be looked up. What was sent since may define more.
    pub fn forget_definitions(&mut self) {
        self.definitions += 1;
        self.definitions_in_transaction = false;
        self.moved_in_transaction = Arc::default();
        let runs = self.queue.iter().filter_map(|expect| match expect {
            Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) => Some(run),
            _ => None,
        });
        let due: Vec<_> = runs.map(|run| Arc::clone(&run.judged)).collect();
        for effects in due.iter().flat_map(|judged| &judged.effects) {
            if effects.defines() {
                self.define(&effects.moves);
            }
        }
    }

    /// Takes note of what a statement may change, before it is sent: what comes behind it is judged by that.
    pub fn begin(&mut self, run: &mut Run, text: &[u8]) {
        run.before = Moment {
            statements: self.statements.now(),
            portals: self.portals.now(),
        };
        self.scrub_in_transaction |= run.judged.scrub;
        self.opaque |= run.judged.opaque;
        self.names += u64::from(run.judged.opaque);
        for (at, effects) in run.judged.effects.iter().enumerate() {
            if effects.settings || effects.transaction.is_some() && self.settings_in_transaction {
                self.settings_dirty = true;
            }
            self.settings_in_transaction |= effects.settings;
            if effects.defines() {
                self.define(&effects.moves);
            }
            self.definitions += u64::from(effects.transaction.is_some());
            match &effects.named {
                None | Some(Named::Execute { .. } | Named::Fetch { .. }) => continue,
                Some(Named::Deallocate(_) | Named::Close(_)) => {}
                Some(Named::Prepare { name, inner, .. }) => {
                    let inner = text.get(inner.clone()).unwrap_or(text);
                    let statement = Arc::new(Prepared::new(name.as_bytes(), inner.into()));
                    self.statements
                        .add(name.as_bytes(), 0, Arc::clone(&statement));
                    run.makes.push((at, Made::Statement(statement)));
                }
                Some(Named::Declare { name }) => {
                    let cursor = Arc::new(Portal::cursor(name.as_bytes()));
                    self.portals.add(name.as_bytes(), 0, Arc::clone(&cursor));
                    run.makes.push((at, Made::Cursor(cursor)));
                }
            }
            self.names += 1;
        }
    }

    /// Whether the session is outside any transaction and nothing is under way.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty() && self.status == reply::IDLE
    }

    /// Whether the session is in a transaction that has failed, and nothing is under way.
    pub fn is_failed(&self) -> bool {
        self.queue.is_empty() && self.status == reply::IN_FAILED_TRANSACTION
    }

    /// The server copies in: Syncs up to the agent's CopyDone do not count (PostgreSQL manual, 55.2.6).
    /// False where something else was sent into the stream: the server ends the COPY with an error and never answers it.
    pub fn begin_copy_in(&mut self) -> bool {
        self.copy_in = true;
        let mut at = 1;
        while at < self.queue.len() {
            match self.queue.get(at) {
                Some(Expect::Sync(_)) => {
                    self.queue.remove(at);
                }
                Some(Expect::CopyEnd) => {
                    self.queue.remove(at);
                    self.copy_in = false;
                    return true;
                }
                Some(Expect::Local(_)) => at += 1,
                _ => return false,
            }
        }
        true
    }

    /// Keeps an approval until it has been used by its statement.
    pub fn keep(portal: &Portal, spent: Spent) {
        *super::named::lock(&portal.spent) = Some(spent);
    }
}
