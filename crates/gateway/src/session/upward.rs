//! What the agent says, to the server.
//!
//! Owns: which message needs a judgement, and what becomes of one that is refused: the server's transaction ends up where a
//! failed statement would have left it. Refuses: to send a Query, Parse, Execute or function call without a permit.

use std::sync::Arc;

use journal::record::Road;
use wire::postgres::frame::{self, Frame, MAX_FRAME_BYTES};
use wire::postgres::tag::client as tag;
use wire::postgres::{reply, request};

use super::outgoing::Outgoing;
use super::own::Own;
use super::{Core, End};
use crate::expect::Expect;
use crate::inject;
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
    pub(super) out: Outgoing,
    /// Extended messages were sent since the last Sync.
    pub(super) batch: bool,
    /// A message of this batch was refused: nothing counts until Sync.
    pub(super) skipping: bool,
    /// The settings that a text will be read under are not known.
    pub(super) unsure: bool,
    /// A question of our own was cancelled: what the server said.
    pub(super) cancelled: Option<Vec<u8>>,
    /// Definitions that only this session can see.
    pub(super) own: Own,
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
        own: Own::default(),
        cancelled: None,
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
            tag::QUERY
            | tag::PARSE
            | tag::BIND
            | tag::EXECUTE
            | tag::DESCRIBE
            | tag::CLOSE
            | tag::FUNCTION_CALL
                if self.core.shared().copy_in =>
            {
                return Err(End::Broken("a statement in the middle of COPY"));
            }
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

    /// Sends the frame that a permit was made for, and expects its reply.
    pub(super) fn send_permitted(
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
        let known = Arc::clone(self.core.judge().known());
        let mut shared = self.core.shared();
        if let Expect::Query(run) | Expect::Execute(run, _) | Expect::Function(run) = &mut expect {
            run.known = Some(known);
            shared.begin(run, text);
        }
        shared.expect(expect);
        drop(shared);
        self.out.pass(bytes, start..start + frame.len());
        Ok(())
    }

    /// Puts a refusal where the answer would have been.
    pub(super) fn refuse(&mut self, refusal: &Refusal, road: Road, bytes: &[u8]) {
        let mut error = Vec::new();
        refusal.write_error(&mut error);
        self.refuse_with(error, road, bytes);
    }

    /// The same, with an ErrorResponse that is whole.
    pub(super) fn refuse_with(&mut self, mut error: Vec<u8>, road: Road, bytes: &[u8]) {
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
    pub(super) fn name_is_ambiguous(&mut self, names: &[&[u8]], bytes: &[u8]) -> bool {
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
    pub(super) fn malformed(&mut self, road: Road, bytes: &[u8]) -> Result<(), End> {
        self.refuse(&Refusal::protocol("invalid message format"), road, bytes);
        Ok(())
    }
}

fn frame_is_empty(frame: &Frame<'_>) -> Result<(), End> {
    if frame.body().is_empty() {
        Ok(())
    } else {
        Err(End::Broken("invalid message format"))
    }
}
