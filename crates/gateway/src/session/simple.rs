//! The simple protocol: Query and FunctionCall.
//!
//! Owns: one text, or one call, from frame to permit. Refuses: to send either without.

use std::sync::Arc;

use journal::record::Road;
use wire::postgres::frame::Frame;
use wire::postgres::query::{FunctionCall, Query};

use super::End;
use super::parameters::shown_all;
use super::statement::{Asked, Way};
use super::upward::Upward;
use crate::expect::{Expect, Run};

impl Upward<'_> {
    pub(super) async fn query(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let query = match Query::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Query, bytes),
        };
        self.prepare_to_judge(bytes).await?;
        let judged = self.judge(query.text, bytes).await?;
        if self.was_cancelled(Road::Query, bytes) {
            return Ok(());
        }
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

    pub(super) async fn function(&mut self, frame: Frame<'_>, bytes: &[u8]) -> Result<(), End> {
        let call = match FunctionCall::read(frame.body()) {
            Ok(message) => message,
            Err(_) => return self.malformed(Road::Function, bytes),
        };
        self.prepare_to_judge(bytes).await?;
        if self.was_cancelled(Road::Function, bytes) {
            return Ok(());
        }
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
