//! Definitions that only this session can see: those of its open transaction.
//!
//! Owns: asking the session's own server for what differs from what everybody sees, and how long the answer holds. Refuses: to
//! ask in the middle of a batch, in a transaction whose snapshot is older than what is known, and where nobody needs the answer;
//! what is in doubt stays so.

use std::sync::Arc;

use sql::catalog_changes::{Asker, Pulse, query_since};
use sql::catalog_rows::{self, Row};
use wire::postgres::reply;

use super::End;
use super::shared::Unanswered;
use super::upward::Upward;
use crate::database::{Basis, Known};
use crate::inject;

/// What was learnt last.
#[derive(Debug, Default)]
pub(super) struct Own {
    /// When it was asked for, in the time of `Shared::definitions`, and the generation that everybody knew then.
    asked: (u64, u64),
    /// None where there was no answer.
    known: Option<Arc<Known>>,
}

impl Own {
    /// What is known at this moment beside what everybody knows.
    pub fn at(&self, definitions: u64, all: &Known) -> Option<Arc<Known>> {
        let known = self.known.as_ref()?;
        (self.asked == (definitions, all.generation)).then(|| Arc::clone(known))
    }
}

impl Upward<'_> {
    /// Asks for the definitions of the open transaction, and judges by them from here on. False where they are not to be had.
    ///
    /// # Errors
    /// One of the two sides is gone.
    pub(super) async fn learn_own(&mut self, bytes: &[u8]) -> Result<bool, End> {
        if self.batch || self.unsure {
            return Ok(false);
        }
        // What is waited for has to be on its way.
        self.send(bytes).await?;
        self.drain().await?;
        let (definitions, ended, open) = {
            let shared = self.core.shared();
            (
                shared.definitions,
                !shared.definitions_in_transaction,
                shared.status == reply::IN_TRANSACTION,
            )
        };
        if ended {
            // By now everybody can see them.
            self.prepare_to_judge(bytes).await?;
            return Ok(true);
        }
        if !open {
            return Ok(false);
        }
        if self.own.asked == (definitions, self.core.database.latest().generation) {
            return Ok(false);
        }
        let Some(basis) = self.core.database.basis().await else {
            return Ok(false);
        };
        let asked = (definitions, basis.known.generation);
        let known = self.own_definitions(basis).await?;
        self.own = Own { asked, known };
        if self.own.known.is_none() {
            return Ok(false);
        }
        self.prepare_to_judge(bytes).await?;
        Ok(self.own.known.as_ref().is_some_and(|own| {
            let judge = self.core.judge();
            judge.known().generation == own.generation
        }))
    }

    /// Judges by what everybody knows, and by what was learnt beside it as far as that still holds.
    pub(super) fn judge_by(&mut self, all: Arc<Known>) {
        let core = self.core;
        let schemas = core.judge().known().schemas;
        let (definitions, uncommitted, moved) = {
            let shared = core.shared();
            let moved = Arc::clone(&shared.moved_in_transaction);
            (shared.definitions, shared.definitions_in_transaction, moved)
        };
        if !uncommitted {
            self.own = Own::default();
        }
        let (known, moved) = match self.own.at(definitions, &all) {
            // Nothing is in doubt but what even the session's own server does not have.
            Some(own) => (own, Arc::default()),
            None => (all, moved),
        };
        core.judge().set_uncommitted(uncommitted, moved);
        core.judge().update(&known);
        if schemas != known.schemas {
            // What the search path comes to may be something else.
            core.shared().settings_dirty = true;
        }
    }

    /// Judges by what everybody knows from here on, until there is something new to ask for. False where it did already.
    pub(super) fn forget_own(&mut self) -> bool {
        if self.own.known.take().is_none() {
            return false;
        }
        self.judge_by(self.core.database.latest());
        true
    }

    /// What everybody knows, and what this session's transaction has made of it. None where the server does not say.
    async fn own_definitions(&mut self, basis: Basis) -> Result<Option<Arc<Known>>, End> {
        let Some(since) = query_since(&basis.found.snapshot, Asker::Writer) else {
            return Ok(None);
        };
        let Some(before) = self.ask_within(&since).await?.and_then(Pulse::read) else {
            return Ok(None);
        };
        let Some(changes) = before.changes_since(&basis.found.pulse) else {
            return Ok(Some(Arc::clone(&basis.known)));
        };
        let earlier = Arc::clone(&basis.found.catalog);
        let mut answers = Vec::new();
        for query in catalog_rows::queries_since(&earlier, &changes, false) {
            answers.push(match query {
                Some(query) => match self.ask_within(&query).await? {
                    Some(rows) => Some(rows),
                    None => return Ok(None),
                },
                None => None,
            });
        }
        // Each answer was of its own moment: they fit together where nothing moved between the first and the last.
        let after = self.ask_within(&since).await?.and_then(Pulse::read);
        if after.as_ref() != Some(&before) {
            return Ok(None);
        }
        let generation = earlier.generation();
        let catalog = catalog_rows::build_since(&earlier, &changes, generation, answers);
        Ok(catalog.map(|catalog| basis.with(Arc::new(catalog))))
    }

    /// Asks a query over definitions in the agent's transaction, and leaves that as it was.
    async fn ask_within(&mut self, query: &str) -> Result<Option<Vec<Row>>, End> {
        let mut rows = match self.ask(&inject::within_transaction(query)).await? {
            Ok(rows) => rows,
            Err(why) => {
                let back = self.ask(&inject::BACK).await?;
                match (why, back) {
                    // It was for what the agent had asked. Where it came before the savepoint, the transaction has failed with it.
                    (Unanswered::Cancelled(said), _) => self.cancelled = Some(said),
                    (Unanswered::Refused, Ok(_)) => {}
                    (Unanswered::Refused, Err(_)) => {
                        let what = "the transaction cannot go on behind a question";
                        return Err(End::Broken(what));
                    }
                }
                return Ok(None);
            }
        };
        if rows.is_empty() {
            return Ok(None);
        }
        // Others see in one snapshot what everybody saw before, and would take it for what is there now.
        let isolation = rows.remove(0).pop().flatten();
        let committed = isolation.as_deref() == Some("read committed");
        Ok(committed.then_some(rows))
    }
}
