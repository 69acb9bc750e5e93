//! Knowing under what a statement is judged.
//!
//! Owns: definitions, settings and names brought up to what the server has, by asking it or by waiting for its answers.
//! Refuses: to let a statement be judged by what an answer that is still under way could change.

use std::sync::Arc;

use journal::record::Road;
use sql::catalog_rows::Row;
use wire::postgres::query::Target;
use wire::postgres::{reply, request};

use super::End;
use super::shared::Unanswered;
use super::statement::AHEAD_BYTES;
use super::upward::Upward;
use crate::expect::Expect;
use crate::inject;
use crate::judge::Judged;
use crate::refusal::Refusal;

impl Upward<'_> {
    /// Brings definitions, policies and settings up to date, as far as they can be.
    pub(super) async fn prepare_to_judge(&mut self, bytes: &[u8]) -> Result<(), End> {
        let core = self.core;
        core.gateway.journal.room().await;
        let known = core
            .database
            .fresh()
            .await
            .map_err(|_| End::Refused(Refusal::unreachable(&core.handle.grant.database)))?;
        self.judge_by(known);
        self.unsure = false;
        let (dirty, may_revert) = {
            let shared = core.shared();
            (shared.settings_dirty, shared.settings_in_transaction)
        };
        if self.batch {
            // In the middle of a batch the server cannot be asked. What was set in an earlier one is known by now, and an
            // error, which could undo it, skips the rest of this one.
            self.unsure = dirty;
        } else if dirty || may_revert {
            // What is waited for has to be on its way.
            self.send(bytes).await?;
            self.drain().await?;
            // In a failed transaction nothing is known: the error has undone settings, and ROLLBACK will undo more.
            self.unsure = core.shared().status == reply::IN_FAILED_TRANSACTION;
            if !self.unsure && core.shared().settings_dirty {
                self.refresh_settings().await?;
            }
        }
        Ok(())
    }

    /// Waits until the server has answered everything; meanwhile reads ahead, so that an agent that goes is noticed.
    ///
    /// # Errors
    /// The agent is gone, or the server waits for a COPY stream of the agent's: it would never answer.
    pub(super) async fn drain(&mut self) -> Result<(), End> {
        loop {
            let drained = self.core.drained.notified();
            {
                let shared = self.core.shared();
                if shared.queue.is_empty() {
                    return Ok(());
                }
                if shared.copy_in {
                    return Err(End::Broken("a statement in the middle of COPY"));
                }
            }
            let room = self.ahead.filled().len() < AHEAD_BYTES;
            tokio::select! {
                () = drained => {}
                read = self.ahead.read(&mut self.reader), if room => match read {
                    Ok(0) | Err(_) => return Err(End::Agent),
                    Ok(_) => {}
                }
            }
        }
    }

    /// Waits until the server has said which of several things a name stands for. What made them was sent in earlier
    /// batches, or is asked for with Flush.
    pub(super) async fn settle(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.flush(bytes).await?;
        self.drain().await?;
        Ok(())
    }

    /// Asks the server how text is read, and what names are looked up in, now.
    pub(super) async fn refresh_settings(&mut self) -> Result<(), End> {
        self.core.shared().settings_dirty = false;
        let settings = match self.ask(&[inject::SETTINGS]).await? {
            Ok(rows) => inject::read_settings(&rows),
            // The agent's cancel request, or its session's statement_timeout, was for what it had asked, and met this.
            Err(Unanswered::Cancelled(said)) => {
                self.core.shared().settings_dirty = true;
                self.unsure = true;
                self.cancelled = Some(said);
                return Ok(());
            }
            Err(Unanswered::Refused) => None,
        };
        let settings = settings.ok_or(End::Broken("the server does not tell its settings"))?;
        self.core.judge().set_settings(settings);
        Ok(())
    }

    /// Asks the session's own server, which has answered everything else, one thing behind the other; gives all rows. A simple
    /// Query would cost the agent its unnamed statement and portal (PostgreSQL manual, 55.2.3).
    pub(super) async fn ask(
        &mut self,
        texts: &[&str],
    ) -> Result<Result<Vec<Row>, Unanswered>, End> {
        {
            let mut shared = self.core.shared();
            shared.internal = None;
            shared.expect(Expect::Internal(Vec::new()));
        }
        // Everything before has been sent: there is nothing of the read buffer in what goes out.
        let out = self.out.own(&[]);
        for text in texts {
            request::write_close(out, Target::Portal, inject::NAME);
            request::write_close(out, Target::Statement, inject::NAME);
            request::write_parse(out, inject::NAME, text, &[]);
            request::write_bind(out, inject::NAME, inject::NAME, &[], &[], &[]);
            request::write_execute(out, inject::NAME, 0);
        }
        request::write_close(out, Target::Portal, inject::NAME);
        request::write_close(out, Target::Statement, inject::NAME);
        request::write_sync(out);
        self.send(&[]).await?;
        self.drain().await?;
        let answer = self.core.shared().internal.take();
        Ok(answer.unwrap_or(Err(Unanswered::Refused)))
    }

    /// Answers a message with the server's own words where the question on its behalf was cancelled: so is the message.
    pub(super) fn was_cancelled(&mut self, road: Road, bytes: &[u8]) -> bool {
        let said = self.cancelled.take();
        said.map(|said| self.refuse_with(said, road, bytes))
            .is_some()
    }

    /// What a name of `EXECUTE name` can stand for.
    pub(super) fn prepared_texts(&self) -> impl Fn(&str) -> Option<Vec<Arc<[u8]>>> + use<'_> {
        let core = self.core;
        move |name| {
            let shared = core.shared();
            let texts: Vec<Arc<[u8]>> = shared
                .statements
                .get(name.as_bytes(), shared.batch)
                .map(|p| Arc::clone(&p.text))
                .collect();
            (shared.opaque || !texts.is_empty()).then_some(texts)
        }
    }

    /// Judges a text under what is known; under what is known now, if a name in it is not.
    pub(super) async fn judge(&mut self, text: &[u8], bytes: &[u8]) -> Result<Arc<Judged>, End> {
        let mut judged = self.judge_as_known(text);
        if self.cancelled.is_some() {
            return Ok(judged);
        }
        if judged.runs_by_name {
            // What the name stands for has to be settled, and one thing.
            self.settle(bytes).await?;
            judged = self.judge_as_known(text);
        }
        judged = self.by_own(judged, text, bytes).await?;
        if judged.runs_by_name || self.cancelled.is_some() {
            return Ok(judged);
        }
        let uncommitted = self.core.shared().definitions_in_transaction;
        if judged.unresolved && !uncommitted {
            self.core.database.mark_stale();
        } else if (judged.unnamed || judged.unresolved) && self.core.judge().has_labels() {
            // Somebody else may have made it meanwhile; or nothing on the way back will say where these rows come from. The
            // definitions must be those of this moment.
            let checked = self.core.database.check().await;
            checked.map_err(|_| {
                End::Refused(Refusal::unreachable(&self.core.handle.grant.database))
            })?;
        } else {
            return Ok(judged);
        }
        self.prepare_to_judge(bytes).await?;
        let judged = self.judge_as_known(text);
        self.by_own(judged, text, bytes).await
    }

    /// Judges again by the transaction's own definitions, where these matter. A text that controls the transaction among other
    /// things may go on without them: it is judged by what everybody knows, and all that was moved in it is in doubt.
    async fn by_own(
        &mut self,
        mut judged: Arc<Judged>,
        text: &[u8],
        bytes: &[u8],
    ) -> Result<Arc<Judged>, End> {
        if judged.own_definitions && self.learn_own(bytes).await? {
            judged = self.judge_as_known(text);
        }
        if judged.controls_transaction() && self.forget_own() {
            judged = self.judge_as_known(text);
        }
        Ok(judged)
    }

    pub(super) fn judge_as_known(&self, text: &[u8]) -> Arc<Judged> {
        let prepared = self.prepared_texts();
        if self.unsure {
            return self.core.judge().unsure(text, &prepared);
        }
        let judged = self.core.judge().text(text, &prepared);
        // A text that ends a transaction in its middle goes on under settings that were undone.
        if judged.controls_transaction() && self.core.shared().settings_in_transaction {
            return self.core.judge().unsure(text, &prepared);
        }
        judged
    }
}
