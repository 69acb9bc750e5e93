//! One statement on its way from "judged" to "may be sent".
//!
//! Owns: writing it down, and waiting for a person where policy says so. Refuses: to let anything be sent that is not
//! written down, or to use an approval for conditions other than those that hold now.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use journal::record::{Outcome, Road};
use journal::{Event, Hold, HoldState};
use sha2::{Digest, Sha256};
use sql::settings::SearchPath;

use super::End;
use super::upward::Upward;
use crate::expect::Expect;
use crate::hold::{Identity, Spent};
use crate::judge::{Decision, Judged, now_us};
use crate::refusal::{self, Refusal};

/// While a statement waits, at most this much of what the agent sends on is read ahead.
pub(super) const AHEAD_BYTES: usize = 1024 * 1024;

/// A statement as it came.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The road.
    pub road: Road,
    /// Exact text.
    pub text: &'a [u8],
    /// For the journal and the DBA.
    pub parameters: &'a [Option<String>],
    /// As they came.
    pub parameter_bytes: &'a [u8],
}

/// How it may go on.
#[derive(Debug)]
pub enum Way {
    /// As it was judged.
    Clear {
        /// Its number in the journal.
        number: u64,
    },
    /// By an approval: judged again, with what the approver may lift taken away.
    Approved {
        /// Its number in the journal.
        number: u64,
        /// The new judgement.
        again: Arc<Judged>,
        /// The approval, used up.
        spent: Spent,
    },
    /// Not at all.
    Refused(Refusal),
}

impl Upward<'_> {
    /// Writes a judged statement down, and waits where it must.
    ///
    /// # Errors
    /// The agent went away while it waited.
    pub(super) async fn clear(
        &mut self,
        judged: &Arc<Judged>,
        asked: Asked<'_>,
        buffer: &[u8],
    ) -> Result<Way, End> {
        let number = self.core.next_statement();
        match &judged.decision {
            Decision::Allow => Ok(
                match self
                    .record(number, judged, asked, Outcome::Allow, None, None)
                    .await
                {
                    Ok(()) => Way::Clear { number },
                    Err(refusal) => Way::Refused(refusal),
                },
            ),
            Decision::Refuse(refusal) => {
                let written = self
                    .record(
                        number,
                        judged,
                        asked,
                        Outcome::Deny,
                        None,
                        Some(refusal.sqlstate()),
                    )
                    .await;
                Ok(Way::Refused(
                    written.err().unwrap_or_else(|| refusal.clone()),
                ))
            }
            Decision::Hold { .. } if asked.road == Road::Parse => Ok(
                match self
                    .record(number, judged, asked, Outcome::Hold, None, None)
                    .await
                {
                    Ok(()) => Way::Clear { number },
                    Err(refusal) => Way::Refused(refusal),
                },
            ),
            // A call by number has no text that a person could read, or that could be judged again.
            Decision::Hold { policy, .. } if asked.road == Road::Function => {
                let refusal = Refusal::denied(
                    &policy.id,
                    &policy.reason,
                    &policy.controls,
                    &judged.needs.join(", "),
                );
                let written = self
                    .record(
                        number,
                        judged,
                        asked,
                        Outcome::Deny,
                        None,
                        Some(refusal.sqlstate()),
                    )
                    .await;
                Ok(Way::Refused(written.err().unwrap_or(refusal)))
            }
            // Nobody is asked about what the server would not run anyway.
            Decision::Hold { .. } if self.core.shared().is_failed() => {
                Ok(Way::Refused(Refusal::aborted()))
            }
            Decision::Hold { .. } if self.unsure => Ok(Way::Refused(Refusal::not_understood(
                "settings were changed in this batch; end it with Sync before a statement that needs approval",
            ))),
            Decision::Hold { approver, policy } => {
                let (approver, policy) = (approver.clone(), policy.clone());
                self.hold(number, judged, asked, &approver, &policy, buffer)
                    .await
            }
        }
    }

    async fn record(
        &self,
        number: u64,
        judged: &Judged,
        asked: Asked<'_>,
        outcome: Outcome,
        hold: Option<u64>,
        refusal: Option<&str>,
    ) -> Result<(), Refusal> {
        let event = Event::Statement {
            number,
            road: asked.road,
            text: recorded(asked.text),
            parameters: asked.parameters.to_vec(),
            class: judged.class_name().to_owned(),
            needs: judged.needs.clone(),
            labels: judged.labels.clone(),
            outcome,
            policies: judged.policies.clone(),
            controls: judged.controls.clone(),
            policy_generation: judged.policy_generation,
            hold,
            refusal: refusal.map(str::to_owned),
        };
        let journal = &self.core.gateway.journal;
        let session = self.core.handle.id;
        // A read may be on disk a moment later; anything else, and every refusal, before anybody hears of it.
        let written =
            if outcome == Outcome::Allow && !judged.has_effect || asked.road == Road::Parse {
                journal.append(session, event)
            } else {
                journal.append_durable(session, event).await
            };
        written.map_err(|_| Refusal::journal_down())
    }

    async fn hold(
        &mut self,
        number: u64,
        judged: &Arc<Judged>,
        asked: Asked<'_>,
        approver: &str,
        policy: &policy::PolicyRef,
        buffer: &[u8],
    ) -> Result<Way, End> {
        // What runs by name is approved as what the name stands for, and shown as that.
        let whole = match whole_text(judged, asked.text) {
            Some(whole) => whole,
            None => {
                return Ok(Way::Refused(Refusal::not_understood(
                    "what the statement's name stands for is not known",
                )));
            }
        };
        let shown = Asked {
            text: &whole,
            ..asked
        };
        let desk = &self.core.gateway.holds;
        let settings = self.settings_text();
        let grant = &self.core.handle.grant;
        let identity = Identity {
            database: &grant.database,
            grant: &grant.name,
            text: &whole,
            parameters: asked.parameter_bytes,
            settings: &settings,
        };
        let fingerprint = identity.fingerprint();
        // An approval from before, for the identical statement?
        match desk.approved(&grant.name, &fingerprint).await {
            Ok(Some(hold)) => {
                return self
                    .use_approval(buffer, number, judged, asked, &hold)
                    .await;
            }
            Ok(None) => {}
            Err(_) => return Ok(Way::Refused(Refusal::journal_down())),
        }
        let wanted = self.wanted(judged, shown, approver, policy, fingerprint, settings);
        let Ok((hold, mut decided)) = desk.ask(wanted).await else {
            return Ok(Way::Refused(Refusal::journal_down()));
        };
        if let Err(refusal) = self
            .record(number, judged, asked, Outcome::Hold, Some(hold.id), None)
            .await
        {
            return Ok(Way::Refused(refusal));
        }
        // What was judged before goes to the server now, and the agent hears that it has to wait.
        self.flush(buffer).await?;
        let wait = self.core.database.config.hold_wait;
        let mut notice = Vec::new();
        refusal::held_notice(
            &mut notice,
            hold.id,
            &policy.id,
            &policy.reason,
            approver,
            wait.as_secs(),
        );
        self.core.shared().expect(Expect::Local(notice));
        self.core.local.notify_one();

        let outcome = self.wait(&mut decided, wait, hold.id).await;
        match outcome? {
            Waited::Decided(hold) => match hold.state {
                HoldState::Approved => {
                    self.use_approval(buffer, number, judged, asked, &hold)
                        .await
                }
                HoldState::Rejected => Ok(Way::Refused(Refusal::rejected(
                    hold.id,
                    &hold.policy,
                    hold.decided_by.as_deref().unwrap_or("a DBA"),
                    hold.why.as_deref().unwrap_or(""),
                ))),
                HoldState::Held | HoldState::Spent | HoldState::Expired | HoldState::Withdrawn => {
                    Ok(Way::Refused(self.still_held(&hold)))
                }
            },
            Waited::TimeUp => Ok(Way::Refused(self.still_held(&hold))),
            Waited::Cancelled => {
                // Should it have been decided in this moment, an approval stays for the identical statement.
                let _ = self.core.gateway.holds.withdraw(hold.id).await;
                Ok(Way::Refused(Refusal::cancelled()))
            }
        }
    }

    fn still_held(&self, hold: &Hold) -> Refusal {
        let expires = humantime::format_rfc3339_seconds(
            std::time::UNIX_EPOCH + Duration::from_micros(hold.expires_us),
        )
        .to_string();
        Refusal::held(
            hold.id,
            &hold.policy,
            &hold.reason,
            &hold.approver,
            &expires,
        )
    }

    /// Decides again, under what is known now, and uses the approval up if that leaves nothing in the way.
    async fn use_approval(
        &mut self,
        buffer: &[u8],
        number: u64,
        before: &Arc<Judged>,
        asked: Asked<'_>,
        hold: &Hold,
    ) -> Result<Way, End> {
        self.prepare_to_judge(buffer).await?;
        let mut again = self.judge_approved(asked.text, &hold.approver);
        let own = again.own_definitions && !again.controls_transaction();
        if own && self.learn_own(buffer).await? {
            again = self.judge_approved(asked.text, &hold.approver);
        }
        if self.cancelled.take().is_some() {
            return Ok(Way::Refused(Refusal::cancelled()));
        }
        if self.unsure || self.settings_text() != hold.search_path {
            return Ok(Way::Refused(self.still_held(hold)));
        }
        if let Decision::Refuse(refusal) = &again.decision {
            self.core_record(
                number,
                &again,
                asked,
                Outcome::Deny,
                hold.id,
                Some(refusal.sqlstate()),
            )
            .await;
            return Ok(Way::Refused(refusal.clone()));
        }
        if !again.is_allowed() || before.class != again.class {
            return Ok(Way::Refused(self.still_held(hold)));
        }
        let spent = match self
            .core
            .gateway
            .holds
            .spend(self.core.handle.id, hold.id, &hold.fingerprint)
            .await
        {
            Ok(spent) => spent,
            // Somebody else's identical statement of the same grant was faster, or time ran out.
            Err(_) => return Ok(Way::Refused(self.still_held(hold))),
        };
        match self
            .record(number, &again, asked, Outcome::Allow, Some(hold.id), None)
            .await
        {
            Ok(()) => Ok(Way::Approved {
                number,
                again,
                spent,
            }),
            Err(refusal) => Ok(Way::Refused(refusal)),
        }
    }

    fn judge_approved(&self, text: &[u8], approver: &str) -> Arc<Judged> {
        let prepared = self.prepared_texts();
        Arc::new(self.core.judge().approved(text, &prepared, approver))
    }

    async fn core_record(
        &self,
        number: u64,
        judged: &Judged,
        asked: Asked<'_>,
        outcome: Outcome,
        hold: u64,
        refusal: Option<&str>,
    ) {
        // The refusal itself is what the agent hears; that the journal is down is said at its next statement.
        let _ = self
            .record(number, judged, asked, outcome, Some(hold), refusal)
            .await;
    }

    /// The settings that change what a held statement means, spelled out.
    pub(super) fn settings_text(&self) -> String {
        let judge = self.core.judge();
        let settings = judge.settings();
        let path = match &settings.search_path {
            SearchPath::Known(schemas) => schemas.join(", "),
            SearchPath::Unknown => "(unknown)".to_owned(),
        };
        let path = match settings.temporary.as_slice() {
            [] => path,
            own => format!("{path}; temporary {}", own.join(", ")),
        };
        if settings.standard_conforming_strings {
            path
        } else {
            format!("{path}; standard_conforming_strings off")
        }
    }

    fn wanted(
        &self,
        judged: &Judged,
        asked: Asked<'_>,
        approver: &str,
        policy: &policy::PolicyRef,
        fingerprint: String,
        settings: String,
    ) -> Hold {
        let grant = &self.core.handle.grant;
        let now = now_us();
        let ttl = u64::try_from(self.core.database.config.hold_ttl.as_micros()).unwrap_or(u64::MAX);
        Hold {
            id: 0,
            state: HoldState::Held,
            session: self.core.handle.id,
            grant: grant.name.clone(),
            user: grant.user.clone(),
            agent: grant.agent.clone(),
            database: grant.database.clone(),
            text: String::from_utf8_lossy(asked.text).into_owned(),
            parameters: asked.parameters.to_vec(),
            fingerprint,
            search_path: settings,
            class: judged.class_name().to_owned(),
            needs: judged.needs.clone(),
            approver: approver.to_owned(),
            policy: policy.id.clone(),
            reason: policy.reason.clone(),
            controls: policy.controls.clone(),
            created_us: now,
            expires_us: now.saturating_add(ttl),
            decided_us: None,
            decided_by: None,
            why: None,
        }
    }

    /// Waits for a decision, the end of the time, a cancel request, or the agent's end.
    async fn wait(
        &mut self,
        decided: &mut tokio::sync::oneshot::Receiver<Hold>,
        wait: Duration,
        hold: u64,
    ) -> Result<Waited, End> {
        let core = self.core;
        let deadline = tokio::time::sleep(wait);
        // Made before anybody is told that there is a wait, and once for all of it: no request falls into a gap.
        let cancelled = core.target.waiting.notified();
        tokio::pin!(deadline, cancelled);
        let _waiting = Waiting::begin(self, hold);
        loop {
            let room = self.ahead.filled().len() < AHEAD_BYTES;
            tokio::select! {
                // In this order: nothing is run for an agent that is gone or has cancelled, however it was decided since.
                biased;
                read = self.ahead.read(&mut self.reader), if room => match read {
                    Ok(0) | Err(_) => return Err(End::Agent),
                    Ok(_) => {}
                },
                () = &mut cancelled => return Ok(Waited::Cancelled),
                hold = &mut *decided => return hold.map(|h| Waited::Decided(Box::new(h))).map_err(|_| End::Refused(Refusal::ended("the gateway is shutting down"))),
                () = &mut deadline => return Ok(Waited::TimeUp),
            }
        }
    }
}

/// The text with what it runs by name; None where that is not one thing.
fn whole_text<'a>(judged: &Judged, text: &'a [u8]) -> Option<std::borrow::Cow<'a, [u8]>> {
    match judged.inner.as_slice() {
        [] => Some(text.into()),
        [one] => Some([text, b"\n-- runs: ", one].concat().into()),
        _ => None,
    }
}

/// The longest text that is written down whole; of a longer one its beginning, length and hash are.
const MAX_RECORDED_BYTES: usize = 8 * 1024 * 1024;
const RECORDED_HEAD_BYTES: usize = 64 * 1024;

fn recorded(text: &[u8]) -> String {
    if text.len() <= MAX_RECORDED_BYTES {
        return String::from_utf8_lossy(text).into_owned();
    }
    let head = String::from_utf8_lossy(&text[..RECORDED_HEAD_BYTES]);
    let hash: String = Sha256::digest(text)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    format!("{head}… ({} bytes, SHA-256 {hash})", text.len())
}

enum Waited {
    Decided(Box<Hold>),
    TimeUp,
    Cancelled,
}

/// Marks a session as waiting, so that a cancel request comes to us and not to the server.
struct Waiting<'c>(&'c super::Core);

impl<'c> Waiting<'c> {
    fn begin(upward: &Upward<'c>, hold: u64) -> Waiting<'c> {
        upward.core.target.is_waiting.store(true, Ordering::SeqCst);
        upward.core.handle.waits_for.store(hold, Ordering::SeqCst);
        Waiting(upward.core)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.target.is_waiting.store(false, Ordering::SeqCst);
        self.0.handle.waits_for.store(0, Ordering::SeqCst);
    }
}
