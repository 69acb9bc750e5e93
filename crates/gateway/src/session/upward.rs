//! What the agent says, to the server.
//!
//! Owns: which message needs a judgement, and what becomes of one that is refused: the server's transaction ends up where a
//! failed statement would have left it. Refuses: to send a Query, Parse, Execute or function call without a permit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use journal::record::Road;
use sha2::{Digest, Sha256};
use wire::postgres::frame::{self, Frame, MAX_FRAME_BYTES};
use wire::postgres::query::{Bind, Close, Describe, Execute, FunctionCall, Parse, Query, Target};
use wire::postgres::tag::client as tag;
use wire::postgres::{reply, request};

use super::named::{MAX_NAMES, Portal, Prepared, lock};
use super::outgoing::Outgoing;
use super::shared::Shared;
use super::statement::{Asked, Way};
use super::{Core, End};
use crate::expect::{Audience, Expect, Run};
use crate::inject;
use crate::judge::Judged;
use crate::judge::permit::Permit;
use crate::refusal::Refusal;
use crate::stream::{Buffer, Reader, Writer};

/// PostgreSQL's NAMEDATALEN, less its end.
const MAX_NAME_BYTES: usize = 63;

/// The agent's direction.
pub(super) struct Upward<'c> {
    pub(super) core: &'c Core,
    pub(super) reader: Reader,
    /// Read while a statement waited.
    pub(super) ahead: Buffer,
    writer: Writer,
    out: Outgoing,
    /// Extended messages were sent since the last Sync.
    batch: bool,
    /// A message of this batch was refused: nothing counts until Sync.
    skipping: bool,
    /// The settings that a text will be read under are not known.
    pub(super) unsure: bool,
    /// Bytes of a frame that is passed piece by piece and has not come to its end.
    rest: usize,
    /// … and whether they are thrown away instead.
    rest_skipped: bool,
}

/// Runs until the agent is gone or something is wrong.
pub async fn run(core: &Core, reader: Reader, mut buffer: Buffer, writer: Writer) -> End {
    let mut upward = Upward {
        core,
        reader,
        ahead: super::ahead(),
        writer,
        out: Outgoing::default(),
        batch: false,
        skipping: false,
        unsure: false,
        rest: 0,
        rest_skipped: false,
    };
    loop {
        match upward.turn(&buffer).await {
            Ok(used) => buffer.consume(used),
            Err(end) => {
                // Terminate, if that is what came, is sent with what was before it.
                let _ = upward.send(buffer.filled()).await;
                return end;
            }
        }
        if !upward.ahead.filled().is_empty() {
            buffer.append(&upward.ahead.take());
            continue;
        }
        match buffer.read(&mut upward.reader).await {
            Ok(0) | Err(_) => return End::Agent,
            Ok(_) => {}
        }
    }
}

impl Upward<'_> {
    /// Deals with every whole frame that is there, and sends; gives the bytes used.
    async fn turn(&mut self, buffer: &Buffer) -> Result<usize, End> {
        let bytes = buffer.filled();
        let mut at = 0;
        if self.rest > 0 {
            at = self.rest.min(bytes.len());
            if !self.rest_skipped {
                self.out.pass(bytes, 0..at);
            }
            self.rest -= at;
        }
        while at < bytes.len() {
            let Some(head) = frame::head(&bytes[at..], MAX_FRAME_BYTES)? else {
                break;
            };
            if bytes.len() - at < head.len {
                if head.tag != tag::COPY_DATA {
                    break;
                }
                // A piece of a COPY stream need not be whole to be passed on.
                self.rest_skipped = self.skipping;
                if !self.skipping {
                    self.out.pass(bytes, at..bytes.len());
                }
                self.rest = head.len - (bytes.len() - at);
                at = bytes.len();
                break;
            }
            let Some(frame) = frame::frame(&bytes[at..], MAX_FRAME_BYTES)? else {
                break;
            };
            self.frame(frame, bytes, at).await?;
            at += head.len;
        }
        self.send(bytes).await?;
        Ok(at)
    }

    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.out
            .send(bytes, &mut self.writer)
            .await
            .map_err(|_| End::Server)
    }

    /// Sends, and has the server answer what it was sent: it keeps replies of an extended batch to itself until asked.
    pub(super) async fn flush(&mut self, bytes: &[u8]) -> Result<(), End> {
        if self.batch {
            request::write_flush(self.out.own(bytes));
        }
        self.send(bytes).await
    }

    async fn frame(&mut self, frame: Frame<'_>, bytes: &[u8], at: usize) -> Result<(), End> {
        let range = at..at + frame.len();
        match frame.tag() {
            tag::TERMINATE => {
                self.out.pass(bytes, range);
                return Err(End::Agent);
            }
            tag::SYNC => {
                frame_is_empty(&frame)?;
                self.skipping = false;
                self.batch = false;
                let mut shared = self.core.shared();
                shared.batch += 1;
                // While the server copies in, it ignores Sync.
                if !shared.copy_in {
                    let now = shared.portals.now();
                    shared.expect(Expect::Sync(now));
                }
                drop(shared);
                self.out.pass(bytes, range);
            }
            _ if self.skipping => {}
            tag::QUERY => self.query(frame, bytes).await?,
            tag::PARSE => self.parse(frame, bytes).await?,
            tag::BIND => self.bind(&frame, bytes, range).await?,
            tag::EXECUTE => self.execute(frame, bytes).await?,
            tag::FUNCTION_CALL => self.function(frame, bytes).await?,
            tag::DESCRIBE => self.describe(&frame, bytes, range)?,
            tag::CLOSE => self.close(&frame, bytes, range)?,
            tag::FLUSH => {
                frame_is_empty(&frame)?;
                self.out.pass(bytes, range);
            }
            tag::COPY_DATA => self.out.pass(bytes, range),
            tag::COPY_DONE | tag::COPY_FAIL => {
                let mut shared = self.core.shared();
                if shared.copy_in {
                    shared.copy_in = false;
                } else if !shared.queue.is_empty() {
                    shared.expect(Expect::CopyEnd);
                }
                drop(shared);
                self.out.pass(bytes, range);
            }
            _ => return Err(End::Broken("unexpected message from the client")),
        }
        Ok(())
    }

    // --- judging ---------------------------------------------------------------------------------------------------

    /// Brings definitions, policies and settings up to date, as far as they can be.
    pub(super) async fn prepare_to_judge(&mut self, bytes: &[u8]) -> Result<(), End> {
        let core = self.core;
        core.gateway.journal.room().await;
        let known = core
            .database
            .fresh()
            .await
            .map_err(|_| End::Refused(Refusal::unreachable(&core.handle.grant.database)))?;
        core.judge().update(&known);
        let uncommitted = core.shared().definitions_in_transaction;
        core.judge().set_uncommitted(uncommitted);
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
            self.drain().await;
            // In a failed transaction nothing is known: the error has undone settings, and ROLLBACK will undo more.
            self.unsure = core.shared().status == reply::IN_FAILED_TRANSACTION;
            if !self.unsure && core.shared().settings_dirty {
                self.refresh_settings().await?;
            }
        }
        Ok(())
    }

    /// Waits until the server has answered everything.
    async fn drain(&self) {
        loop {
            let drained = self.core.drained.notified();
            if self.core.shared().queue.is_empty() {
                return;
            }
            drained.await;
        }
    }

    /// Waits until the server has said which of several things a name stands for. What made them was sent in earlier
    /// batches, or is asked for with Flush.
    async fn settle(&mut self, bytes: &[u8]) -> Result<(), End> {
        self.flush(bytes).await?;
        self.drain().await;
        Ok(())
    }

    /// Asks the server how text is read, and what names are looked up in, now.
    async fn refresh_settings(&mut self) -> Result<(), End> {
        let core = self.core;
        {
            let mut shared = core.shared();
            shared.settings_dirty = false;
            shared.internal = None;
            shared.expect(Expect::Internal(Vec::new()));
        }
        // Everything before has been sent: there is nothing of the read buffer in what goes out.
        request::write_query(self.out.own(&[]), inject::SETTINGS);
        self.send(&[]).await?;
        self.drain().await;
        let answer = core.shared().internal.take();
        match answer {
            Some(Ok(rows)) => match inject::read_settings(&rows) {
                Some(settings) => {
                    core.judge().set_settings(settings);
                    Ok(())
                }
                None => Err(End::Broken("the server does not tell its settings")),
            },
            _ => Err(End::Broken("the server does not tell its settings")),
        }
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
    async fn judge(&mut self, text: &[u8], bytes: &[u8]) -> Result<Arc<Judged>, End> {
        let judged = self.judge_as_known(text);
        if judged.runs_by_name {
            // What the name stands for has to be settled, and one thing.
            self.settle(bytes).await?;
            return Ok(self.judge_as_known(text));
        }
        let uncommitted = self.core.shared().definitions_in_transaction;
        if judged.unresolved && !uncommitted {
            self.core.database.mark_stale();
        } else if judged.unnamed && !self.core.judge().known().labels.is_empty() {
            // Nothing on the way back will say where these rows come from: the definitions must be those of this moment.
            let checked = self.core.database.check().await;
            checked.map_err(|_| {
                End::Refused(Refusal::unreachable(&self.core.handle.grant.database))
            })?;
        } else {
            return Ok(judged);
        }
        self.prepare_to_judge(bytes).await?;
        Ok(self.judge_as_known(text))
    }

    fn judge_as_known(&self, text: &[u8]) -> Arc<Judged> {
        let prepared = self.prepared_texts();
        if self.unsure {
            return self.core.judge().unsure(text, &prepared);
        }
        let judged = self.core.judge().text(text, &prepared);
        // A text that ends a transaction in its middle goes on under settings that were undone.
        let ends =
            judged.effects.len() > 1 && judged.effects.iter().any(|e| e.transaction.is_some());
        if ends && self.core.shared().settings_in_transaction {
            return self.core.judge().unsure(text, &prepared);
        }
        judged
    }

    // --- sending ---------------------------------------------------------------------------------------------------

    /// Sends the frame that a permit was made for, and expects its reply.
    fn send_permitted(
        &mut self,
        permit: Permit<'_>,
        expect: Expect,
        text: &[u8],
        bytes: &[u8],
    ) -> Result<(), End> {
        let frame = permit
            .spend(self.core.handle.id)
            .ok_or(End::Broken("a permit of another session"))?;
        let start = frame.bytes().as_ptr() as usize - bytes.as_ptr() as usize;
        let mut expect = expect;
        let mut shared = self.core.shared();
        if let Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) = &mut expect {
            shared.begin(run, text);
        }
        shared.expect(expect);
        drop(shared);
        self.out.pass(bytes, start..start + frame.len());
        Ok(())
    }

    /// Puts a refusal where the answer would have been.
    fn refuse(&mut self, refusal: &Refusal, road: Road, bytes: &[u8]) {
        let mut error = Vec::new();
        refusal.write_error(&mut error);
        let mut shared = self.core.shared();
        let simple = road == Road::Query || road == Road::Function;
        if simple && shared.is_idle() && !self.batch {
            // Nothing to fail on the server: not a byte of it goes there.
            reply::write_ready(&mut error, reply::IDLE);
            shared.expect(Expect::Local(error));
            drop(shared);
            self.core.local.notify_one();
            return;
        }
        if simple {
            shared.expect(Expect::PoisonQuery(error));
            request::write_query(self.out.own(bytes), inject::POISON);
            return;
        }
        self.skipping = true;
        if shared.is_idle() && !self.batch {
            // The batch has not begun for the server; Sync will bring its ReadyForQuery.
            shared.expect(Expect::Local(error));
            drop(shared);
            self.core.local.notify_one();
        } else {
            shared.expect(Expect::PoisonParse(error));
            request::write_parse(self.out.own(bytes), b"tollgate", inject::POISON, &[]);
        }
    }

    /// The server cuts names of statements and portals at 63 bytes (NAMEDATALEN), and reads them in the client's encoding:
    /// two that differ on the wire can be one to it. Those on which all agree are let through.
    fn name_is_ambiguous(&mut self, names: &[&[u8]], bytes: &[u8]) -> bool {
        let ambiguous = names
            .iter()
            .any(|n| n.len() > MAX_NAME_BYTES || !n.is_ascii());
        if ambiguous {
            let refusal = Refusal::not_understood("a name of more than 63 bytes, or not in ASCII");
            self.refuse(&refusal, Road::Parse, bytes);
        }
        ambiguous
    }

    /// The server answers a message that it cannot read with an error, and goes on.
    fn malformed(&mut self, road: Road, bytes: &[u8]) -> Result<(), End> {
        self.refuse(&Refusal::protocol("invalid message format"), road, bytes);
        Ok(())
    }

    // --- messages --------------------------------------------------------------------------------------------------

    async fn query(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let query = match Query::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Query, bytes),
        };
        self.prepare_to_judge(bytes).await?;
        let judged = self.judge(query.text, bytes).await?;
        let asked = Asked {
            road: Road::Query,
            text: query.text,
            parameters: &[],
            parameter_bytes: &[],
        };
        let (permit, run) = match self.clear(&judged, asked, bytes).await? {
            Way::Refused(refusal) => {
                self.refuse(&refusal, Road::Query, bytes);
                return Ok(());
            }
            Way::Clear { number } => (
                self.core.judge().permit(&judged, frame),
                Run::new(number, judged),
            ),
            Way::Approved {
                number,
                again,
                spent,
            } => (
                self.core.judge().permit_approved(&again, &spent, frame),
                Run::new(number, again),
            ),
        };
        let permit = permit.ok_or(End::Broken("a statement without a permit"))?;
        self.batch = false;
        self.send_permitted(permit, Expect::Query(run), query.text, bytes)
    }

    async fn parse(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let parse = match Parse::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[parse.name], bytes) {
            return Ok(());
        }
        self.prepare_to_judge(bytes).await?;
        let judged = self.judge(parse.text, bytes).await?;
        let asked = Asked {
            road: Road::Parse,
            text: parse.text,
            parameters: &[],
            parameter_bytes: &[],
        };
        if self.core.shared().statements.count() >= MAX_NAMES {
            self.refuse(
                &Refusal::too_many("prepared statements"),
                Road::Parse,
                bytes,
            );
            return Ok(());
        }
        if let Way::Refused(refusal) = self.clear(&judged, asked, bytes).await? {
            self.refuse(&refusal, Road::Parse, bytes);
            return Ok(());
        }
        let permit = self
            .core
            .judge()
            .permit_definition(&judged, frame)
            .ok_or(End::Broken("a statement without a permit"))?;
        let mut statement = Prepared::new(parse.name, parse.text.into());
        statement.types = parse.types().flat_map(u32::to_be_bytes).collect();
        let statement = Arc::new(statement);
        *lock(&statement.judged) = Some((self.core.judge().epoch(), judged));
        {
            let mut shared = self.core.shared();
            shared.names += 1;
            let batch = shared.batch;
            shared
                .statements
                .add(parse.name, batch, Arc::clone(&statement));
        }
        self.batch = true;
        self.send_permitted(permit, Expect::Parse(statement), &[], bytes)
    }

    async fn bind(
        &mut self,
        frame: &Frame<'_>,
        bytes: &[u8],
        range: std::ops::Range<usize>,
    ) -> Result<(), End> {
        let bind = match Bind::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[bind.portal, bind.statement], bytes) {
            return Ok(());
        }
        self.prepare_to_judge(bytes).await?;
        if self.core.shared().statements.is_in_doubt(bind.statement) {
            self.settle(bytes).await?;
        }
        let portal = Arc::new(self.portal_of(&bind, frame.body()));
        if portal.statements.len() > 1 {
            let refusal =
                Refusal::not_understood("what the statement's name stands for is not known");
            self.refuse(&refusal, Road::Execute, bytes);
            return Ok(());
        }
        // Values can be converted, and constants computed, as early as this: what may not run may not be bound.
        // A name that nobody has prepared gets the server's own error; what is not known is judged at Execute.
        let judgements = if portal.statements.is_empty() {
            Vec::new()
        } else {
            self.judge_portal(&portal)
        };
        let held = judgements.iter().any(|j| !j.is_allowed());
        portal
            .bound
            .store(self.core.judge().epoch(), Ordering::SeqCst);
        portal.held.store(held, Ordering::SeqCst);
        for judged in judgements {
            if let crate::judge::Decision::Refuse(refusal) = &judged.decision {
                let asked = Asked {
                    road: Road::Execute,
                    text: portal.statements.first().map_or(b"", |s| &s.text),
                    parameters: &portal.parameters,
                    parameter_bytes: &[],
                };
                if let Way::Refused(said) = self.clear(&judged, asked, bytes).await? {
                    self.refuse(&said, Road::Execute, bytes);
                } else {
                    self.refuse(refusal, Road::Execute, bytes);
                }
                return Ok(());
            }
        }
        let describe = self.must_describe(&portal);
        let mut shared = self.core.shared();
        if shared.portals.count() >= MAX_NAMES {
            drop(shared);
            self.refuse(&Refusal::too_many("portals"), Road::Execute, bytes);
            return Ok(());
        }
        let batch = shared.batch;
        shared.portals.add(bind.portal, batch, Arc::clone(&portal));
        shared.expect(Expect::Bind(Arc::clone(&portal)));
        self.batch = true;
        self.out.pass(bytes, range);
        if describe {
            shared.expect(Expect::DescribePortal(Some(portal), Audience::Gateway));
            request::write_describe(self.out.own(bytes), Target::Portal, bind.portal);
        }
        Ok(())
    }

    fn portal_of(&self, bind: &Bind<'_>, body: &[u8]) -> Portal {
        let shared = self.core.shared();
        let statements: Vec<Arc<Prepared>> = shared
            .statements
            .get(bind.statement, shared.batch)
            .cloned()
            .collect();
        let parameters = shown_all(
            bind.parameters()
                .enumerate()
                .map(|(at, v)| (v, bind.parameter_format(at))),
        );
        // From the statement's name on: formats and values exactly as they came (the portal's name is no part of it).
        let names = bind.portal.len() + 1 + bind.statement.len() + 1;
        let parameter_digest = match bind.parameter_count() {
            0 => None,
            // The types that Parse named decide what the bytes mean.
            _ => Some(
                statements
                    .iter()
                    .fold(Sha256::new(), |hash, s| hash.chain_update(&s.types))
                    .chain_update(body.get(names..).unwrap_or_default())
                    .finalize()
                    .into(),
            ),
        };
        Portal {
            name: bind.portal.into(),
            statements,
            parameters,
            parameter_digest,
            formats: bind.result_formats().collect(),
            plan: std::sync::Mutex::new(None),
            cursor: false,
            bound: AtomicU64::new(0),
            held: AtomicBool::new(false),
            names: shared.names,
            started: AtomicBool::new(false),
            spent: std::sync::Mutex::new(None),
        }
    }

    /// The judgements, under what is known now, of everything a portal can be of.
    fn judge_portal(&self, portal: &Portal) -> Vec<Arc<Judged>> {
        let epoch = self.core.judge().epoch();
        if portal.statements.is_empty() {
            return vec![
                self.core
                    .judge()
                    .unknown("the statement of this portal is not known"),
            ];
        }
        let each = portal.statements.iter().map(|statement| {
            if let Some((of, judged)) = lock(&statement.judged).as_ref()
                && *of == epoch
                && !self.unsure
                && !judged.runs_by_name
                && self.core.judge().may_remember()
            {
                return Arc::clone(judged);
            }
            let judged = self.judge_as_known(&statement.text);
            if !self.unsure {
                *lock(&statement.judged) = Some((epoch, Arc::clone(&judged)));
            }
            judged
        });
        each.collect()
    }

    /// Whether the server has to say what the columns of this portal are before its rows can leave.
    fn must_describe(&self, portal: &Portal) -> bool {
        let judge = self.core.judge();
        if judge.known().labels.is_empty() {
            return false;
        }
        let epoch = judge.epoch();
        match portal.statements.as_slice() {
            [statement] => {
                let reach = lock(&statement.judged)
                    .as_ref()
                    .is_none_or(|(_, judged)| judged.in_reach);
                let fresh = lock(&statement.columns)
                    .as_ref()
                    .is_some_and(|(of, _)| *of == epoch);
                reach || !fresh
            }
            _ => true,
        }
    }

    async fn execute(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let execute = match Execute::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[execute.portal], bytes) {
            return Ok(());
        }
        self.prepare_to_judge(bytes).await?;
        if self.core.shared().portals.is_in_doubt(execute.portal) {
            self.settle(bytes).await?;
        }
        let mut candidates: Vec<Arc<Portal>> = {
            let shared = self.core.shared();
            shared
                .portals
                .get(execute.portal, shared.batch)
                .cloned()
                .collect()
        };
        let portal = match (candidates.pop(), candidates.is_empty()) {
            (Some(portal), true) => portal,
            (None, _) => Arc::new(Portal::cursor(execute.portal)),
            (Some(_), false) => {
                // A pipeline in which a Bind of this name may still fail: nobody can say yet which portal this is.
                self.refuse(
                    &Refusal::not_understood("the portal's name is used twice in one pipeline"),
                    Road::Execute,
                    bytes,
                );
                return Ok(());
            }
        };
        let mut judgements = self.judge_portal(&portal);
        judgements.sort_by_key(|j| match j.decision {
            crate::judge::Decision::Refuse(_) => 0,
            crate::judge::Decision::Hold { .. } => 1,
            crate::judge::Decision::Allow => 2,
        });
        let Some(judged) = judgements.into_iter().next() else {
            return Err(End::Broken("a portal without a judgement"));
        };
        // The server has planned it when it was bound, under the definitions and settings of then.
        let moved =
            !portal.cursor && portal.bound.load(Ordering::SeqCst) != self.core.judge().epoch();
        let held = portal.held.load(Ordering::SeqCst)
            || matches!(judged.decision, crate::judge::Decision::Hold { .. });
        if moved && held && !matches!(judged.decision, crate::judge::Decision::Refuse(_)) {
            let why =
                "definitions or settings have changed since the portal was bound; bind it again";
            self.refuse(&Refusal::not_understood(why), Road::Execute, bytes);
            return Ok(());
        }
        let labels = !self.core.judge().known().labels.is_empty();
        let renamed = portal.names != self.core.shared().names;
        if labels && judged.by_name && !portal.cursor && renamed {
            // The server has described this portal as what its name stood for when it was bound.
            let why =
                "what the portal runs by name may have changed since it was bound; bind it again";
            self.refuse(&Refusal::not_understood(why), Road::Execute, bytes);
            return Ok(());
        }
        let text = portal
            .statements
            .first()
            .map(|s| Arc::clone(&s.text))
            .unwrap_or_else(|| Arc::from(&b""[..]));
        let asked = Asked {
            road: Road::Execute,
            text: &text,
            parameters: &portal.parameters,
            parameter_bytes: portal
                .parameter_digest
                .as_ref()
                .map_or(&[], |d| d.as_slice()),
        };
        // A portal that paused at its row limit goes on under the approval that it began by.
        let (permit, run) = if let (true, Some(spent)) =
            (portal.started.load(Ordering::SeqCst), &*lock(&portal.spent))
        {
            let prepared = self.prepared_texts();
            let again = Arc::new(self.core.judge().approved(
                &text,
                &prepared,
                &spent.hold().approver,
            ));
            let number = self.core.next_statement();
            (
                self.core.judge().permit_approved(&again, spent, frame),
                Some(Run::new(number, again)),
            )
        } else {
            (None, None)
        };
        let (permit, run) = match (permit, run) {
            (Some(permit), Some(run)) => (Some(permit), run),
            _ => match self.clear(&judged, asked, bytes).await? {
                Way::Refused(refusal) => {
                    self.refuse(&refusal, Road::Execute, bytes);
                    return Ok(());
                }
                Way::Clear { number } => (
                    self.core.judge().permit(&judged, frame),
                    Run::new(number, judged),
                ),
                Way::Approved {
                    number,
                    again,
                    spent,
                } => {
                    let permit = self.core.judge().permit_approved(&again, &spent, frame);
                    Shared::keep(&portal, spent);
                    (permit, Run::new(number, again))
                }
            },
        };
        let permit = permit.ok_or(End::Broken("a statement without a permit"))?;
        portal.started.store(true, Ordering::SeqCst);
        if portal.cursor && labels {
            self.core.shared().expect(Expect::DescribePortal(
                Some(Arc::clone(&portal)),
                Audience::Gateway,
            ));
            request::write_describe(self.out.own(bytes), Target::Portal, execute.portal);
        }
        self.batch = true;
        self.send_permitted(permit, Expect::Execute(run, portal), &text, bytes)
    }

    fn describe(
        &mut self,
        frame: &Frame<'_>,
        bytes: &[u8],
        range: std::ops::Range<usize>,
    ) -> Result<(), End> {
        let describe = match Describe::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[describe.name], bytes) {
            return Ok(());
        }
        let mut shared = self.core.shared();
        let expect = match describe.target {
            Target::Statement => Expect::DescribeStatement(one(shared
                .statements
                .get(describe.name, shared.batch)
                .cloned())),
            Target::Portal => Expect::DescribePortal(
                one(shared.portals.get(describe.name, shared.batch).cloned()),
                Audience::Agent,
            ),
        };
        shared.expect(expect);
        drop(shared);
        self.batch = true;
        self.out.pass(bytes, range);
        Ok(())
    }

    fn close(
        &mut self,
        frame: &Frame<'_>,
        bytes: &[u8],
        range: std::ops::Range<usize>,
    ) -> Result<(), End> {
        let close = match Close::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[close.name], bytes) {
            return Ok(());
        }
        let mut shared = self.core.shared();
        let statement = matches!(close.target, Target::Statement);
        shared.names += 1;
        let before = if statement {
            shared.statements.now()
        } else {
            shared.portals.now()
        };
        shared.expect(Expect::Close {
            statement,
            name: close.name.into(),
            before,
        });
        drop(shared);
        self.batch = true;
        self.out.pass(bytes, range);
        Ok(())
    }

    async fn function(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let call = match FunctionCall::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Function, bytes),
        };
        self.prepare_to_judge(bytes).await?;
        let judged = Arc::new(self.core.judge().function(call.oid));
        let text = judged.needs.join(", ");
        let parameters = shown_all(
            call.arguments()
                .enumerate()
                .map(|(at, v)| (v, call.argument_format(at))),
        );
        let asked = Asked {
            road: Road::Function,
            text: text.as_bytes(),
            parameters: &parameters,
            parameter_bytes: frame.body(),
        };
        let (permit, run) = match self.clear(&judged, asked, bytes).await? {
            Way::Refused(refusal) => {
                self.refuse(&refusal, Road::Function, bytes);
                return Ok(());
            }
            Way::Clear { number } => (
                self.core.judge().permit(&judged, frame),
                Run::new(number, judged),
            ),
            // An approval is for a text; a call by number has none that could be judged again.
            Way::Approved { .. } => (None, Run::new(0, judged)),
        };
        let permit = permit.ok_or(End::Broken("a call without a permit"))?;
        self.batch = false;
        self.send_permitted(permit, Expect::Function(run), &[], bytes)
    }
}

/// The only candidate, if there is just one.
fn one<T>(mut candidates: impl Iterator<Item = T>) -> Option<T> {
    let first = candidates.next()?;
    candidates.next().is_none().then_some(first)
}

fn frame_is_empty(frame: &Frame<'_>) -> Result<(), End> {
    if frame.body().is_empty() {
        Ok(())
    } else {
        Err(End::Broken("invalid message format"))
    }
}

/// Most bytes of one parameter, and of all of one statement, that are written down; of the rest their number is.
const SHOWN_BYTES: usize = 16 * 1024;
const SHOWN_TOTAL_BYTES: usize = 256 * 1024;

/// Values with their formats, for the journal and for a DBA.
fn shown_all<'a>(values: impl Iterator<Item = (Option<&'a [u8]>, i16)>) -> Vec<Option<String>> {
    let mut left = SHOWN_TOTAL_BYTES;
    let one = |(value, format): (Option<&[u8]>, i16)| {
        value.map(|value| {
            let text = shown(value, format, left);
            left = left.saturating_sub(text.len());
            text
        })
    };
    values.map(one).collect()
}

/// A parameter for the journal and for a DBA: text as text, binary as `\x…`.
fn shown(value: &[u8], format: i16, left: usize) -> String {
    let cut = &value[..value.len().min(SHOWN_BYTES).min(left)];
    let mut text = if format == 0 {
        String::from_utf8_lossy(cut).into_owned()
    } else {
        cut.iter().fold(String::from("\\x"), |text, byte| {
            text + &format!("{byte:02x}")
        })
    };
    if cut.len() < value.len() {
        text.push_str(&format!("… ({} bytes)", value.len()));
    }
    text
}
