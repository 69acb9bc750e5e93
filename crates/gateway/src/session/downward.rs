//! What the server answers, to the agent.
//!
//! Owns: keeping replies in step with what was sent ([`Expect`]), masking rows, scrubbing errors, and noticing what a
//! statement changed. Refuses: to pass a reply that nothing is known to have asked for.

use std::sync::Arc;

use journal::Event;
use tokio::io::AsyncWrite;
use wire::postgres::frame::{self, Frame, MAX_FRAME_BYTES};
use wire::postgres::reply::{self};
use wire::postgres::tag::server as tag;

use super::named::lock;
use super::outgoing::Outgoing;
use super::shared::Shared;
use super::{Core, End};
use crate::expect::{Expect, Made, Moment, Run};
use crate::inject;
use crate::judge::decision::Effects;
use crate::masking::Plan;
use crate::refusal::Refusal;
use crate::stream::{Buffer, Reader};
use sql::facts::{Named, Transaction};

/// One turn sends at most about this much before it reads again.
const TURN_BYTES: usize = 256 * 1024;

/// Runs until the server is gone or something is wrong.
pub async fn run(
    core: &Core,
    mut reader: Reader,
    mut buffer: Buffer,
    writer: &mut (impl AsyncWrite + Unpin),
) -> End {
    let mut downward = Downward {
        core,
        out: Outgoing::default(),
        rows: Rows::Unknown,
        rest: 0,
        withheld: None,
        more: false,
    };
    loop {
        let turn = downward.turn(&buffer);
        let sent = downward.out.send(buffer.filled(), writer).await;
        match turn {
            Err(end) => return end,
            Ok(_) if sent.is_err() => return End::Agent,
            Ok(used) => buffer.consume(used),
        }
        if std::mem::take(&mut downward.more) {
            continue;
        }
        core.gateway.journal.room().await;
        tokio::select! {
            read = buffer.read(&mut reader) => match read {
                Ok(0) | Err(_) => return End::Server,
                Ok(_) => {}
            },
            () = core.local.notified() => {}
        }
    }
}

/// How the rows of the present result leave.
#[derive(Debug)]
pub(super) enum Rows {
    /// Not looked at yet.
    Unknown,
    /// As they are.
    Pass,
    /// Masked.
    Mask(Arc<Plan>),
    /// Not at all: they are the answer to a query of our own.
    Keep,
}

pub(super) struct Downward<'c> {
    pub(super) core: &'c Core,
    pub(super) out: Outgoing,
    pub(super) rows: Rows,
    /// Bytes of a frame that is passed piece by piece and has not come to its end.
    rest: usize,
    /// A turn ended with frames left over.
    more: bool,
    /// Why what the server sends is thrown away, up to its ReadyForQuery.
    pub(super) withheld: Option<Refusal>,
}

/// What to do with a frame.
pub(super) enum Fate {
    Pass,
    Swallow,
}

impl Downward<'_> {
    /// Deals with every whole frame that is there; gives the bytes used.
    fn turn(&mut self, buffer: &Buffer) -> Result<usize, End> {
        let core = self.core;
        let mut shared = core.shared();
        let bytes = buffer.filled();
        let mut at = 0;
        if self.rest > 0 {
            at = self.rest.min(bytes.len());
            self.out.pass(bytes, 0..at);
            self.rest -= at;
        }
        self.locals(&mut shared, bytes);
        while at < bytes.len() {
            if self.out.len() >= TURN_BYTES {
                self.more = true;
                break;
            }
            let Some(head) = frame::head(&bytes[at..], MAX_FRAME_BYTES)? else {
                break;
            };
            if head.tag == tag::DATA_ROW && matches!(self.rows, Rows::Unknown) {
                self.choose_rows(&mut shared, bytes)?;
            }
            if bytes.len() - at < head.len {
                // A large row or piece of a COPY that nobody has to look at does not wait to be whole.
                let passes = match head.tag {
                    tag::DATA_ROW => matches!(self.rows, Rows::Pass),
                    tag::COPY_DATA => true,
                    _ => false,
                };
                if !passes {
                    break;
                }
                if head.tag == tag::DATA_ROW {
                    count_row(&mut shared);
                }
                self.out.pass(bytes, at..bytes.len());
                self.rest = head.len - (bytes.len() - at);
                at = bytes.len();
                break;
            }
            let Some(frame) = frame::frame(&bytes[at..], MAX_FRAME_BYTES)? else {
                break;
            };
            match self.frame(&mut shared, &frame, bytes)? {
                Fate::Pass => self.out.pass(bytes, at..at + head.len),
                Fate::Swallow => {}
            }
            at += head.len;
            if head.tag != tag::DATA_ROW {
                self.locals(&mut shared, bytes);
            }
        }
        if shared.queue.is_empty() {
            core.drained.notify_one();
        }
        Ok(at)
    }

    /// Sends what is ours to say at this place.
    fn locals(&mut self, shared: &mut Shared, bytes: &[u8]) {
        loop {
            match shared.queue.front() {
                Some(Expect::Local(_)) => {
                    if let Some(Expect::Local(own)) = shared.queue.pop_front() {
                        self.out.own(bytes).extend_from_slice(&own);
                    }
                }
                Some(Expect::CopyEnd) => {
                    shared.queue.pop_front();
                }
                _ => return,
            }
        }
    }

    fn frame(&mut self, shared: &mut Shared, frame: &Frame<'_>, bytes: &[u8]) -> Result<Fate, End> {
        if let Some(refusal) = &self.withheld {
            match frame.tag() {
                tag::READY_FOR_QUERY if reply::ready_status(frame.body())? == reply::IDLE => {
                    self.withheld = None;
                }
                // The server's transaction goes on, and the agent was told that its statement failed.
                tag::READY_FOR_QUERY => return Err(End::Refused(refusal.clone())),
                tag::PARAMETER_STATUS | tag::NOTIFICATION_RESPONSE => {}
                _ => return Ok(Fate::Swallow),
            }
        }
        match frame.tag() {
            tag::DATA_ROW => self.row(shared, frame, bytes),
            tag::COMMAND_COMPLETE | tag::EMPTY_QUERY_RESPONSE | tag::PORTAL_SUSPENDED => {
                self.completed(shared, frame)
            }
            tag::READY_FOR_QUERY => self.ready(shared, frame),
            tag::PARSE_COMPLETE | tag::BIND_COMPLETE | tag::CLOSE_COMPLETE => {
                acknowledged(shared, frame.tag())
            }
            tag::ROW_DESCRIPTION | tag::NO_DATA => self.described(shared, frame, bytes),
            tag::PARAMETER_DESCRIPTION => match shared.queue.front() {
                Some(Expect::DescribeStatement(_)) => Ok(Fate::Pass),
                _ => Err(out_of_step()),
            },
            tag::ERROR_RESPONSE => self.error(shared, frame, bytes),
            tag::NOTICE_RESPONSE => self.notice(shared, frame, bytes),
            tag::PARAMETER_STATUS => {
                let (name, _) = reply::parameter_status(frame.body())?;
                let ours = matches!(shared.queue.front(), Some(Expect::Internal(_)));
                if ours && inject::TOLD.contains(&name) {
                    // Set for a question of our own, and set back behind it.
                    return Ok(Fate::Swallow);
                }
                // These change how texts are read; whoever changed them, ask before judging the next one.
                if matches!(
                    name,
                    b"client_encoding"
                        | b"standard_conforming_strings"
                        | b"search_path"
                        | b"session_authorization"
                ) {
                    shared.settings_dirty = true;
                }
                Ok(Fate::Pass)
            }
            tag::NOTIFICATION_RESPONSE => Ok(Fate::Pass),
            tag::COPY_IN_RESPONSE => match shared.queue.front() {
                Some(Expect::Query(_) | Expect::Execute(..)) => {
                    if !shared.begin_copy_in() {
                        return Err(End::Broken("a statement in the middle of COPY"));
                    }
                    // Nobody may wait for the end of this.
                    self.core.drained.notify_one();
                    Ok(Fate::Pass)
                }
                _ => Err(out_of_step()),
            },
            tag::COPY_OUT_RESPONSE | tag::COPY_DATA | tag::COPY_DONE => {
                match shared.queue.front() {
                    Some(Expect::Query(_) | Expect::Execute(..)) => Ok(Fate::Pass),
                    _ => Err(out_of_step()),
                }
            }
            tag::FUNCTION_CALL_RESPONSE => match shared.queue.front() {
                Some(Expect::Function(_)) => Ok(Fate::Pass),
                _ => Err(out_of_step()),
            },
            // Authentication, BackendKeyData, NegotiateProtocolVersion, CopyBothResponse and whatever is unknown: none has a
            // place in a session.
            _ => Err(End::Broken("unexpected message from the server")),
        }
    }

    /// A statement has ended well, or a portal has paused.
    fn completed(&mut self, shared: &mut Shared, frame: &Frame<'_>) -> Result<Fate, End> {
        self.rows = Rows::Unknown;
        let is_complete = frame.tag() == tag::COMMAND_COMPLETE;
        let command = if is_complete {
            String::from_utf8_lossy(reply::command_tag(frame.body())?).into_owned()
        } else {
            String::new()
        };
        let (effects, before, made) = match shared.queue.front_mut() {
            Some(Expect::Internal(_)) => return Ok(Fate::Swallow),
            Some(Expect::Query(run) | Expect::Execute(run, _)) => {
                let effects = run.judged.effects.get(run.completed).cloned();
                let (done, left): (Vec<_>, Vec<_>) = std::mem::take(&mut run.makes)
                    .into_iter()
                    .partition(|(at, _)| *at == run.completed);
                run.makes = left;
                run.completed += 1;
                if is_complete {
                    run.tags.push(command);
                }
                (effects, run.before, done)
            }
            _ => return Err(out_of_step()),
        };
        for (_, made) in made {
            match made {
                Made::Statement(p) => shared.statements.confirm(&p.name, &p),
                Made::Cursor(p) => shared.portals.confirm(&p.name, &p),
            }
        }
        if is_complete {
            self.apply(shared, effects, before);
        }
        if matches!(shared.queue.front(), Some(Expect::Execute(..)))
            && let Some(Expect::Execute(run, portal)) = shared.queue.pop_front()
        {
            if is_complete {
                // What the approval was for has happened.
                *lock(&portal.spent) = None;
            }
            self.end_run(shared, run);
        }
        Ok(Fate::Pass)
    }

    /// Takes note of what a statement has changed.
    fn apply(&self, shared: &mut Shared, effects: Option<Effects>, before: Moment) {
        let Some(effects) = effects else {
            // More results than statements were judged (a rule that rewrites): whatever it was, ask and load anew.
            shared.settings_dirty = true;
            shared.definitions += 1;
            self.core.database.mark_stale();
            return;
        };
        if effects.settings {
            shared.settings_dirty = true;
            shared.settings_in_transaction = true;
        }
        if effects.defines() {
            shared.define(&effects.moves);
            self.core.database.mark_stale();
        }
        if effects.transaction.is_some() {
            shared.definitions += 1;
            let committed = effects.transaction == Some(Transaction::Commit);
            if committed && shared.definitions_in_transaction {
                // Where another has begun with it, nothing else says so.
                self.core.database.mark_stale();
            }
        }
        if effects.transaction == Some(Transaction::Savepoint) && shared.settings_in_transaction {
            shared.settings_dirty = true;
        }
        match effects.named {
            Some(Named::Deallocate(Some(name))) => {
                shared
                    .statements
                    .drop_before(name.as_bytes(), before.statements);
            }
            Some(Named::Deallocate(None)) => shared.statements.clear_before(before.statements),
            Some(Named::Close(Some(name))) => {
                shared.portals.drop_before(name.as_bytes(), before.portals);
            }
            Some(Named::Close(None)) => shared.portals.clear_before(before.portals),
            Some(
                Named::Prepare { .. }
                | Named::Execute { .. }
                | Named::Declare { .. }
                | Named::Fetch { .. },
            )
            | None => {}
        }
    }

    fn ready(&mut self, shared: &mut Shared, frame: &Frame<'_>) -> Result<Fate, End> {
        self.rows = Rows::Unknown;
        let status = reply::ready_status(frame.body())?;
        shared.status = status;
        let fate = match shared.queue.pop_front() {
            Some(Expect::Query(run) | Expect::Function(run)) => {
                if status == reply::IDLE {
                    shared.portals.clear_before(run.before.portals);
                }
                self.end_run(shared, run);
                Fate::Pass
            }
            Some(Expect::PoisonQuery(left)) if left.is_empty() => Fate::Pass,
            Some(Expect::Sync(before)) => {
                if status == reply::IDLE {
                    shared.portals.clear_before(before);
                }
                Fate::Pass
            }
            Some(Expect::Internal(rows)) => {
                shared.internal.get_or_insert(Ok(rows));
                self.core.drained.notify_one();
                Fate::Swallow
            }
            // Among them a poison that did not fail: then nobody knows what the server has run.
            _ => return Err(out_of_step()),
        };
        if status == reply::IDLE {
            if std::mem::take(&mut shared.settings_in_transaction) {
                shared.settings_dirty = true;
            }
            if shared.definitions_in_transaction {
                self.core.database.mark_stale();
            }
            shared.forget_definitions();
            // What was sent since may need it.
            shared.scrub_in_transaction =
                shared.scrub_in_transaction && shared.queue.iter().any(needs_scrubbing);
        }
        Ok(fate)
    }

    pub(super) fn end_run(&self, shared: &mut Shared, run: Run) {
        shared.settle(&run);
        let event = Event::StatementEnd {
            number: run.number,
            tags: run.tags,
            rows: run.rows,
            masked: run.masked,
            duration_us: u64::try_from(run.started.elapsed().as_micros()).unwrap_or(u64::MAX),
            error: run.error,
        };
        // It has happened already; that the journal cannot write stops the next statement.
        let _ = self.core.gateway.journal.append(self.core.handle.id, event);
    }
}

fn needs_scrubbing(expect: &Expect) -> bool {
    match expect {
        Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) => run.judged.scrub,
        _ => false,
    }
}

pub(super) fn count_row(shared: &mut Shared) {
    if let Some(Expect::Query(run) | Expect::Execute(run, _)) = shared.queue.front_mut() {
        run.rows += 1;
    }
}

fn acknowledged(shared: &mut Shared, which: u8) -> Result<Fate, End> {
    if let Some(Expect::Internal(_)) = shared.queue.front() {
        return Ok(Fate::Swallow);
    }
    match (which, shared.queue.pop_front()) {
        (tag::PARSE_COMPLETE, Some(Expect::Parse(statement))) => {
            shared.statements.confirm(&statement.name, &statement)
        }
        (tag::BIND_COMPLETE, Some(Expect::Bind(portal))) => {
            shared.portals.confirm(&portal.name, &portal)
        }
        (
            tag::CLOSE_COMPLETE,
            Some(Expect::Close {
                statement: true,
                name,
                before,
            }),
        ) => {
            shared.statements.drop_before(&name, before);
        }
        (
            tag::CLOSE_COMPLETE,
            Some(Expect::Close {
                statement: false,
                name,
                before,
            }),
        ) => shared.portals.drop_before(&name, before),
        _ => return Err(out_of_step()),
    }
    Ok(Fate::Pass)
}

pub(super) fn out_of_step() -> End {
    End::Broken("the server's answers are out of step")
}
