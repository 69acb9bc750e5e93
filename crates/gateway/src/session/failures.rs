//! Errors and notices of the server.
//!
//! Owns: what an error does to the replies that are due, which error is ours to replace, and which text is scrubbed.
//! Refuses: an error that nothing can have caused.

use wire::postgres::frame::Frame;
use wire::postgres::reply::ErrorFields;

use super::End;
use super::downward::{Downward, Fate, Rows, out_of_step};
use super::named::lock;
use super::shared::{Shared, Unanswered};
use crate::expect::Expect;
use crate::scrub;

/// query_canceled (PostgreSQL manual, appendix A).
const CANCELLED: &str = "57014";

impl Downward<'_> {
    pub(super) fn error(
        &mut self,
        shared: &mut Shared,
        frame: &Frame<'_>,
        bytes: &[u8],
    ) -> Result<Fate, End> {
        self.rows = Rows::Unknown;
        let fields = ErrorFields::read(frame.body())?;
        let sqlstate = String::from_utf8_lossy(fields.get(b'C').unwrap_or_default()).into_owned();
        if matches!(fields.get(b'V'), Some(b"FATAL" | b"PANIC")) {
            shared.fatal = true;
            return Ok(Fate::Pass);
        }
        let fate = self.scrubbed(shared, true, frame, bytes)?;
        match shared.queue.front_mut() {
            // Not about a statement: the server is shutting down, or the session is terminated. It closes next.
            None => Ok(fate),
            Some(Expect::PoisonQuery(own)) => {
                let own = std::mem::take(own);
                if own.is_empty() {
                    return Err(out_of_step());
                }
                self.out.own(bytes).extend_from_slice(&own);
                Ok(Fate::Swallow)
            }
            Some(Expect::PoisonParse(own)) => {
                let own = std::mem::take(own);
                self.out.own(bytes).extend_from_slice(&own);
                shared.queue.pop_front();
                self.skip(shared);
                Ok(Fate::Swallow)
            }
            Some(Expect::Query(run) | Expect::Function(run)) => {
                run.error = Some(sqlstate);
                shared.copy_in = false;
                Ok(fate)
            }
            Some(Expect::Internal(_)) => {
                shared.internal = Some(Err(match sqlstate.as_str() {
                    CANCELLED => Unanswered::Cancelled(frame.bytes().to_vec()),
                    _ => Unanswered::Refused,
                }));
                Ok(Fate::Swallow)
            }
            // The commit of an implicit transaction failed; its ReadyForQuery is still to come.
            Some(Expect::Sync(_)) => Ok(fate),
            Some(
                Expect::Parse(_)
                | Expect::Bind(_)
                | Expect::DescribeStatement(_)
                | Expect::DescribePortal(..)
                | Expect::Execute(..)
                | Expect::Close { .. },
            ) => {
                if let Some(Expect::Execute(run, _)) = shared.queue.front_mut() {
                    run.error = Some(sqlstate);
                }
                self.skip(shared);
                Ok(fate)
            }
            Some(Expect::Local(_) | Expect::CopyEnd) => Err(out_of_step()),
        }
    }

    pub(super) fn skip(&self, shared: &mut Shared) {
        for skipped in shared.skip_to_sync() {
            match skipped {
                Expect::Execute(mut run, _)
                | Expect::Query(mut run)
                | Expect::Function(mut run) => {
                    // What came behind the failed one was ignored by the server.
                    run.error.get_or_insert_with(|| "skipped".to_owned());
                    self.end_run(shared, run);
                }
                other => shared.forget(other),
            }
        }
    }

    pub(super) fn notice(
        &mut self,
        shared: &mut Shared,
        frame: &Frame<'_>,
        bytes: &[u8],
    ) -> Result<Fate, End> {
        if let Some(Expect::Internal(_)) = shared.queue.front() {
            return Ok(Fate::Swallow);
        }
        self.scrubbed(shared, false, frame, bytes)
    }

    /// Passes an error or notice, without what may quote labelled values where it may.
    pub(super) fn scrubbed(
        &mut self,
        shared: &mut Shared,
        error: bool,
        frame: &Frame<'_>,
        bytes: &[u8],
    ) -> Result<Fate, End> {
        let of_run = match shared.queue.front() {
            Some(Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run)) => {
                run.judged.scrub
            }
            Some(Expect::Bind(portal) | Expect::DescribePortal(Some(portal), _)) => portal
                .statements
                .iter()
                .any(|s| lock(&s.judged).as_ref().is_none_or(|(_, j)| j.scrub)),
            Some(Expect::PoisonQuery(_) | Expect::PoisonParse(_) | Expect::Internal(_)) => {
                return Ok(Fate::Swallow);
            }
            _ => false,
        };
        if !of_run && !shared.scrub_in_transaction {
            return Ok(Fate::Pass);
        }
        scrub::scrub(error, frame.body(), self.out.own(bytes))?;
        Ok(Fate::Swallow)
    }
}
