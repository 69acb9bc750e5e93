//! The extended protocol: Parse, Bind, Describe, Execute, Close.
//!
//! Owns: what each of them makes of the names in use, and which need a judgement. Refuses: to execute a portal under
//! anything but what it was bound and described under.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use journal::record::Road;
use wire::postgres::frame::Frame;
use wire::postgres::query::{Bind, Close, Describe, Execute, Parse, Target};
use wire::postgres::request;

use super::End;
use super::named::{MAX_NAMES, Portal, Prepared, lock};
use super::shared::Shared;
use super::statement::{Asked, Way};
use super::upward::Upward;
use crate::expect::{Audience, Expect, Run};
use crate::refusal::Refusal;

impl Upward<'_> {
    pub(super) async fn parse(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let parse = match Parse::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[parse.name], bytes) {
            return Ok(());
        }
        self.prepare_to_judge(bytes).await?;
        self.core.judge().declare(parse.types());
        let judged = self.judge(parse.text, bytes).await?;
        if self.was_cancelled(Road::Parse, bytes) {
            return Ok(());
        }
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

    pub(super) async fn bind(
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
        if self.was_cancelled(Road::Execute, bytes) {
            return Ok(());
        }
        let doubt = {
            let shared = self.core.shared();
            shared.statements.is_in_doubt(bind.statement, shared.batch)
        };
        if doubt {
            self.settle(bytes).await?;
        }
        let mut portal = Arc::new(self.portal_of(&bind, frame.body()));
        if portal.statements.len() > 1 {
            let refusal =
                Refusal::not_understood("what the statement's name stands for is not known");
            self.refuse(&refusal, Road::Execute, bytes);
            return Ok(());
        }
        // Values can be converted, and constants computed, as early as this: what may not run may not be bound.
        // A name that nobody has prepared gets the server's own error; what is not known is judged at Execute.
        let mut judgements = if portal.statements.is_empty() {
            Vec::new()
        } else {
            self.judge_portal(&portal)
        };
        if judgements.iter().any(|j| j.own_definitions) && self.learn_own(bytes).await? {
            portal = Arc::new(self.portal_of(&bind, frame.body()));
            judgements = self.judge_portal(&portal);
        }
        if self.was_cancelled(Road::Execute, bytes) {
            return Ok(());
        }
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

    pub(super) async fn execute(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let execute = match Execute::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Parse, bytes),
        };
        if self.name_is_ambiguous(&[execute.portal], bytes) {
            return Ok(());
        }
        self.prepare_to_judge(bytes).await?;
        let doubt = {
            let shared = self.core.shared();
            shared.portals.is_in_doubt(execute.portal, shared.batch)
        };
        if doubt {
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
        if judgements.iter().any(|j| j.own_definitions) && self.learn_own(bytes).await? {
            judgements = self.judge_portal(&portal);
        }
        if self.was_cancelled(Road::Execute, bytes) {
            return Ok(());
        }
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
        let labels = self.core.judge().has_labels();
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

    pub(super) fn describe(
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

    pub(super) fn close(
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
}

/// The only candidate, if there is just one.
fn one<T>(mut candidates: impl Iterator<Item = T>) -> Option<T> {
    let first = candidates.next()?;
    candidates.next().is_none().then_some(first)
}
