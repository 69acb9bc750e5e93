//! Rows on their way to the agent: passed, masked, kept, or withheld.
//!
//! Owns: choosing between these by what the server said of the columns. Refuses: to pass a row of a result that was not
//! described where anything is labelled.

use std::sync::Arc;

use wire::postgres::frame::Frame;
use wire::postgres::reply::{self};
use wire::postgres::tag::server as tag;

use super::End;
use super::downward::{Downward, Fate, Rows, count_row, out_of_step};
use super::named::{Portal, Prepared, lock};
use super::shared::Shared;
use crate::database::Known;
use crate::expect::{Audience, Expect};
use crate::judge::decision::OutputLabel;
use crate::masking::{Columns, Plan};
use crate::refusal::Refusal;

impl Downward<'_> {
    /// How rows of the result at the front of the queue leave.
    pub(super) fn choose_rows(&mut self, shared: &mut Shared, bytes: &[u8]) -> Result<(), End> {
        if self.withheld.is_some() {
            return Ok(());
        }
        self.rows = match shared.queue.front() {
            Some(Expect::Internal(_)) => Rows::Keep,
            Some(Expect::Execute(_, portal)) => match self.portal_plan(portal) {
                Some(plan) => self.rows_by(shared, plan, bytes)?,
                // Nobody has said what the columns are: where nothing is labelled, nothing depends on it.
                None if !self.core.judge().has_labels() => Rows::Pass,
                None => return Err(End::Broken("rows of a result that was not described")),
            },
            // A simple query's rows come after their RowDescription, which has chosen already.
            _ => return Err(out_of_step()),
        };
        Ok(())
    }

    pub(super) fn rows_by(
        &mut self,
        shared: &mut Shared,
        plan: Arc<Plan>,
        bytes: &[u8],
    ) -> Result<Rows, End> {
        match &plan.refusal {
            Some(refusal) => {
                self.withhold(shared, refusal.clone(), bytes)?;
                Ok(Rows::Unknown)
            }
            None if plan.masks() => Ok(Rows::Mask(plan)),
            None => Ok(Rows::Pass),
        }
    }

    /// The rows that are about to come may not leave: the agent gets an error in their place, and nothing more up to
    /// ReadyForQuery. That is no lie as long as nothing that runs until then changes anything.
    pub(super) fn withhold(
        &mut self,
        shared: &mut Shared,
        refusal: Refusal,
        bytes: &[u8],
    ) -> Result<(), End> {
        // What is known of the definitions is behind the server: the next statement is judged by newer ones.
        self.core.database.mark_stale();
        let batch = shared.queue.iter().take_while(|e| !e.ends_skipping());
        let effect = |e: &Expect| match e {
            Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) => {
                run.judged.has_effect
            }
            _ => false,
        };
        if shared.status != reply::IDLE || batch.into_iter().any(effect) {
            return Err(End::Refused(refusal));
        }
        refusal.write_error(self.out.own(bytes));
        self.withheld = Some(refusal);
        if let Some(Expect::Query(run)) = shared.queue.front_mut() {
            run.error = Some("TG004".to_owned());
        } else {
            self.skip(shared);
        }
        Ok(())
    }

    pub(super) fn portal_plan(&self, portal: &Portal) -> Option<Arc<Plan>> {
        if let Some(plan) = lock(&portal.plan).as_ref() {
            return Some(Arc::clone(plan));
        }
        let [statement] = portal.statements.as_slice() else {
            return None;
        };
        let epoch = self.core.judge().epoch();
        let plan = match lock(&statement.columns).as_ref() {
            Some((of, columns)) if *of == epoch => Arc::new(columns.plan(Some(&portal.formats))),
            _ => return None,
        };
        *lock(&portal.plan) = Some(Arc::clone(&plan));
        Some(plan)
    }

    pub(super) fn row(
        &mut self,
        shared: &mut Shared,
        frame: &Frame<'_>,
        bytes: &[u8],
    ) -> Result<Fate, End> {
        match &self.rows {
            Rows::Pass => {
                count_row(shared);
                Ok(Fate::Pass)
            }
            Rows::Mask(plan) => {
                let masked = plan.row(
                    &self.core.gateway.mask_key,
                    frame.body(),
                    self.out.own(bytes),
                )?;
                if let Some(Expect::Query(run) | Expect::Execute(run, _)) = shared.queue.front_mut()
                {
                    run.rows += 1;
                    run.masked += masked;
                }
                Ok(Fate::Swallow)
            }
            Rows::Keep => {
                let row = crate::upstream::read_row(frame.body())
                    .map_err(|_| End::Broken("unreadable answer to a query of our own"))?;
                match shared.queue.front_mut() {
                    Some(Expect::Internal(rows)) => rows.push(row),
                    _ => return Err(out_of_step()),
                }
                Ok(Fate::Swallow)
            }
            Rows::Unknown => Err(out_of_step()),
        }
    }

    pub(super) fn described(
        &mut self,
        shared: &mut Shared,
        frame: &Frame<'_>,
        bytes: &[u8],
    ) -> Result<Fate, End> {
        let rows = frame.tag() == tag::ROW_DESCRIPTION;
        if let Some(Expect::Internal(_)) = shared.queue.front() {
            return Ok(Fate::Swallow);
        }
        if let Some(Expect::Query(run)) = shared.queue.front() {
            if !rows {
                return Err(out_of_step());
            }
            let outputs = run
                .judged
                .effects
                .get(run.completed)
                .map(|e| Arc::clone(&e.outputs))
                .unwrap_or_default();
            let run = (run.known.as_deref(), run.judged.reads_cursor());
            self.rows = match self.columns(shared, frame, &outputs, run)? {
                Some(columns) => self.rows_by(shared, Arc::new(columns.plan(None)), bytes)?,
                None => Rows::Pass,
            };
            return Ok(if self.withheld.is_some() {
                Fate::Swallow
            } else {
                Fate::Pass
            });
        }
        match shared.queue.pop_front() {
            Some(Expect::DescribeStatement(statement)) => {
                if let Some(statement) = statement {
                    let (outputs, fetches) = expected(&statement);
                    let columns = if rows {
                        self.columns(shared, frame, &outputs, (None, fetches))?
                    } else {
                        None
                    };
                    let epoch = self.core.judge().epoch();
                    *lock(&statement.columns) =
                        Some((epoch, Arc::new(columns.unwrap_or_default())));
                }
                Ok(Fate::Pass)
            }
            Some(Expect::DescribePortal(portal, audience)) => {
                if let Some(portal) = portal {
                    let first = portal.statements.first();
                    let (outputs, fetches) = first.map(|s| expected(s)).unwrap_or_default();
                    let columns = if rows {
                        let run = (None, portal.cursor || fetches);
                        self.columns(shared, frame, &outputs, run)?
                    } else {
                        None
                    };
                    *lock(&portal.plan) = Some(Arc::new(columns.unwrap_or_default().plan(None)));
                }
                Ok(if audience == Audience::Agent {
                    Fate::Pass
                } else {
                    Fate::Swallow
                })
            }
            _ => Err(out_of_step()),
        }
    }

    /// The labels on a described result; None where nothing in the database is labelled. `run` is what a statement was judged
    /// by, if not by what is known now, and whether it gives what a cursor reads, which may have been made long ago.
    pub(super) fn columns(
        &mut self,
        shared: &Shared,
        frame: &Frame<'_>,
        outputs: &[OutputLabel],
        run: (Option<&Known>, bool),
    ) -> Result<Option<Columns>, End> {
        let judge = self.core.judge();
        let known = run.0.unwrap_or(judge.known());
        if !judge.has_labels() && known.labels.is_empty() {
            return Ok(None);
        }
        let own = shared.definitions_in_transaction;
        let unmasked = |labelled: &crate::label_map::Labelled| judge.unmasked(labelled);
        Ok(Some(Columns::read(
            frame.body(),
            known,
            run.1.then(|| judge.worn()),
            &unmasked,
            outputs,
            own,
        )?))
    }
}

/// What a prepared statement was judged to give, and whether a cursor gives it.
fn expected(statement: &Prepared) -> (Arc<[OutputLabel]>, bool) {
    let judged = lock(&statement.judged);
    let Some((_, judged)) = judged.as_ref() else {
        return (Arc::default(), false);
    };
    let outputs = judged.effects.first().map(|e| Arc::clone(&e.outputs));
    (outputs.unwrap_or_default(), judged.reads_cursor())
}
