//! From text to decision: facts, policy and labels brought together.
//!
//! Owns: [`Judge`], one a session, with its caches, and the only mint of [`permit::Permit`].
//! Refuses: to answer from a cache whose policies, definitions or settings are not those in force.

pub mod decision;
mod doubt;
pub mod labels;
pub mod permit;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use policy::{Context, Principal, SessionPolicies};
use sql::facts::{Facts, Flag, Named};
use sql::settings::SearchPath;
use sql::{Analysis, Fingerprint, Settings};
use wire::postgres::frame::Frame;

use crate::database::{Known, is_blind};
use crate::label_map::Worn;
pub use decision::{Decision, Judged};
use doubt::Names;
use permit::Permit;

/// Texts and shapes remembered a session; at the limit all are forgotten.
const MAX_REMEMBERED: usize = 512;
/// Longer texts are not remembered.
const MAX_REMEMBERED_BYTES: usize = 4096;
/// Nor are judgements whose facts hold more names than this.
const MAX_REMEMBERED_NAMES: usize = 1_000;

/// Microseconds since the Unix epoch.
pub fn now_us() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX))
}

/// What a name of `EXECUTE name` can stand for; None where nobody can have prepared anything under it.
pub type Texts<'a> = &'a dyn Fn(&str) -> Option<Vec<Arc<[u8]>>>;

/// Who a session is for: all that stays the same while it lives.
#[derive(Debug, Clone)]
pub struct Who {
    /// The principal.
    pub principal: Principal,
    /// The context; `now_us` is set anew for each question.
    pub context: Context,
    /// Database as in the config.
    pub database: String,
}

/// Judges the statements of one session.
#[derive(Debug)]
pub struct Judge {
    who: Who,
    session: u64,
    /// Narrowed policies, and the generation they are of.
    policies: Arc<SessionPolicies>,
    time_matters: bool,
    known: Arc<Known>,
    settings: Settings,
    exact: HashMap<Box<[u8]>, Arc<Judged>>,
    shapes: HashMap<Fingerprint, Arc<Judged>>,
    epoch: u64,
    /// Definitions were changed in the open transaction, which only this session can see.
    uncommitted: bool,
    /// Names that may mean something else since then.
    moved: Arc<BTreeSet<String>>,
    /// Labels that columns had in this session and have no more: a cursor may still read them as they were.
    worn: Worn,
}

impl Judge {
    /// A judge for a session.
    pub fn new(session: u64, who: Who, known: Arc<Known>, settings: Settings) -> Judge {
        let policies = known.rules.policies.narrow(&who.principal);
        let time_matters = known.rules.policies.mentions_time();
        Judge {
            who,
            session,
            policies,
            time_matters,
            known,
            settings,
            exact: HashMap::new(),
            shapes: HashMap::new(),
            epoch: 1,
            uncommitted: false,
            moved: Arc::default(),
            worn: Worn::default(),
        }
    }

    /// What the answers are based on.
    pub fn known(&self) -> &Arc<Known> {
        &self.known
    }

    /// Whether anything is labelled, or was in this session.
    pub fn has_labels(&self) -> bool {
        !self.known.labels.is_empty() || !self.worn.is_empty()
    }

    /// What a column may have been when a cursor over it was made.
    pub fn worn(&self) -> &Worn {
        &self.worn
    }

    /// The settings texts are read under.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Goes on under what is known now.
    pub fn update(&mut self, known: &Arc<Known>) {
        if known.generation == self.known.generation {
            return;
        }
        self.known.wear(known, &mut self.worn);
        if known.policy_generation != self.known.policy_generation {
            self.policies = known.rules.policies.narrow(&self.who.principal);
            self.time_matters = known.rules.policies.mentions_time();
        }
        self.known = Arc::clone(known);
        self.forget();
    }

    /// Goes on with types that parameters are declared to be of: whatever this session prepared under whatever name, values of
    /// them may be in it. They are never forgotten, since a prepared statement lives as long as its session.
    pub fn declare(&mut self, types: impl IntoIterator<Item = u32>) {
        let known = self.settings.declared.clone();
        let settings = self.settings.declaring(known.into_iter().chain(types));
        if settings != self.settings {
            self.settings = settings;
            self.forget();
        }
    }

    /// The same, with those that a text declares itself. Gives whether there are new ones.
    fn declare_all(&mut self, analysis: &Analysis) -> bool {
        let before = self.epoch;
        for facts in &analysis.statements {
            if let Some(Named::Prepare { declared, .. }) = &facts.named {
                self.declare(declared.iter().copied());
            }
        }
        self.epoch != before
    }

    /// Goes on under other settings.
    pub fn set_settings(&mut self, settings: Settings) {
        let settings = settings.declaring(self.settings.declared.iter().copied());
        if settings != self.settings {
            self.settings = settings;
            self.forget();
        }
    }

    /// Counts what answers depend on: two answers of one epoch are based on the same definitions, policies and settings.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Whether an answer holds for as long as its epoch.
    pub fn may_remember(&self) -> bool {
        !self.time_matters
    }

    /// The answer for something that is not known to be anything.
    pub fn unknown(&self, why: &str) -> Arc<Judged> {
        let analysis = Arc::new(Analysis {
            statements: vec![decision::unknown_facts(why)],
        });
        Arc::new(self.judge(&analysis, &self.settings, &|_| None, None, None, 0))
    }

    /// Goes on with, or without, definitions that only this session can see.
    pub fn set_uncommitted(&mut self, uncommitted: bool, moved: Arc<BTreeSet<String>>) {
        if uncommitted != self.uncommitted || moved != self.moved {
            self.uncommitted = uncommitted;
            self.moved = moved;
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.epoch += 1;
        self.exact.clear();
        self.shapes.clear();
    }

    fn context(&self) -> Context {
        Context {
            now_us: now_us(),
            ..self.who.context.clone()
        }
    }

    /// Judges a text. `prepared` gives the texts that a name may stand for (`EXECUTE name`).
    pub fn text(&mut self, text: &[u8], prepared: Texts<'_>) -> Arc<Judged> {
        let small = text.len() <= MAX_REMEMBERED_BYTES;
        if small && let Some(found) = self.exact.get(text) {
            return Arc::clone(found);
        }
        let shape = sql::fingerprint(text);
        if let Some(found) = shape.and_then(|s| self.shapes.get(&s)) {
            return Arc::clone(found);
        }
        let analysis = self.known.analyze(text, &self.settings);
        let judged = Arc::new(self.judge(&analysis, &self.settings, prepared, None, None, 0));
        let large = analysis.names() > MAX_REMEMBERED_NAMES;
        if self.declare_all(&analysis) || self.time_matters || judged.runs_by_name || large {
            return judged;
        }
        match shape {
            Some(shape) if is_blind(&analysis) => {
                if self.shapes.len() >= MAX_REMEMBERED {
                    self.shapes.clear();
                }
                self.shapes.insert(shape, Arc::clone(&judged));
            }
            _ if small => {
                if self.exact.len() >= MAX_REMEMBERED {
                    self.exact.clear();
                }
                self.exact.insert(text.into(), Arc::clone(&judged));
            }
            _ => {}
        }
        judged
    }

    /// Judges a text of which nobody knows under what settings it will be read: in a failed transaction, or behind a change
    /// of settings in the middle of a batch.
    pub fn unsure(&mut self, text: &[u8], prepared: Texts<'_>) -> Arc<Judged> {
        // These are what `standard_conforming_strings` and `client_encoding` make a difference to.
        if text.iter().any(|b| *b == b'\\' || !b.is_ascii()) {
            return self.unknown("the settings that it would be read under are not known before this transaction, or batch, ends");
        }
        let settings = Settings {
            search_path: SearchPath::Unknown,
            ..self.settings.clone()
        };
        let analysis = self.known.analyze(text, &settings);
        let judged = Arc::new(self.judge(&analysis, &settings, prepared, None, None, 0));
        self.declare_all(&analysis);
        judged
    }

    /// Judges a text again, with the holds that `approver` may lift taken away: what an approval really permits.
    pub fn approved(&self, text: &[u8], prepared: Texts<'_>, approver: &str) -> Judged {
        let analysis = self.known.analyze(text, &self.settings);
        self.judge(&analysis, &self.settings, prepared, Some(approver), None, 0)
    }

    /// Judges a `SET` that stands for a setting of the startup packet.
    pub fn startup(&self, text: &[u8]) -> Judged {
        let analysis = self.known.analyze(text, &self.settings);
        self.judge(&analysis, &self.settings, &|_| None, None, None, 0)
    }

    /// Judges a call by function OID (the fast path of protocol 3, PostgreSQL manual, 55.2.5).
    pub fn function(&self, oid: u32) -> Judged {
        let name = self.known.catalog.function_by_oid(oid);
        let facts = decision::function_facts(name);
        let analysis = Arc::new(Analysis {
            statements: vec![facts],
        });
        self.judge(&analysis, &self.settings, &|_| None, None, None, 0)
    }

    fn judge(
        &self,
        analysis: &Arc<Analysis>,
        settings: &Settings,
        prepared: Texts<'_>,
        lifted: Option<&str>,
        above: Option<&Names>,
        depth: u8,
    ) -> Judged {
        let context = self.context();
        let mut judged = Judged::new(Arc::clone(analysis), &self.known);
        let mut names = above.cloned().unwrap_or_else(|| Names {
            changed: self.uncommitted,
            lost: false,
            moved: BTreeSet::clone(&self.moved),
        });
        // Names are looked up where nobody knows: before the text, or behind a SET in it that cannot be followed.
        names.lost |= settings.search_path == SearchPath::Unknown;
        let mut seen = 0;
        for facts in &analysis.statements {
            names.learn(judged.effects.get(seen..).unwrap_or_default());
            seen = judged.effects.len();
            self.judge_one(facts, &context, lifted, &names, &mut judged);
            if facts
                .named
                .as_ref()
                .and_then(name_of)
                .is_some_and(|n| !n.is_ascii())
            {
                let why = "the name of a prepared statement or cursor is not in ASCII";
                judged.refuse(crate::refusal::Refusal::not_understood(why), "names");
            }
            let Some(Named::Execute { name, stored }) = &facts.named else {
                continue;
            };
            judged.runs_by_name = true;
            // The server will say that there is none.
            let Some(texts) = prepared(name) else {
                continue;
            };
            if texts.is_empty() {
                // Should there be one, nobody has judged it.
                self.judge_one(
                    &decision::unknown_facts(
                        "EXECUTE of a name that was not prepared in this session",
                    ),
                    &context,
                    lifted,
                    &Names::default(),
                    &mut judged,
                );
                judged.effects.pop();
            }
            for text in texts {
                // An EXECUTE cannot be prepared by PREPARE, so that this ends at once on a real server.
                if depth >= 2 {
                    judged.refuse(
                        crate::refusal::Refusal::not_understood("EXECUTE of an EXECUTE"),
                        "execute",
                    );
                    break;
                }
                judged.inner.push(Arc::clone(&text));
                let inner = self.known.analyze(&text, settings);
                let inner = self.judge(&inner, settings, prepared, lifted, Some(&names), depth + 1);
                if *stored && !inner.labels.is_empty() {
                    judged.refuse(
                        crate::refusal::Refusal::would_reveal(
                            &inner.labels[0],
                            "the result of EXECUTE is stored",
                        ),
                        "labels",
                    );
                }
                judged.merge(inner);
            }
        }
        judged.finish();
        judged
    }

    fn judge_one(
        &self,
        facts: &Facts,
        context: &Context,
        lifted: Option<&str>,
        names: &Names,
        judged: &mut Judged,
    ) {
        let touched = labels::touched(facts, &self.known);
        let verdict = self
            .policies
            .decide(context, &self.who.database, facts, &touched, lifted);
        judged.add(facts, verdict, touched, &self.known);
        if self.known.labels.is_empty() {
            return;
        }
        let shown = |labelled: &crate::label_map::Labelled| self.unmasked(labelled);
        if let Some(refusal) = labels::check(facts, &self.known, &shown) {
            judged.refuse(refusal, "labels");
        }
        let hidden = names.hide(facts, &self.known, &self.settings);
        judged.own_definitions |= self.uncommitted && (hidden || Names::matter(facts));
        if hidden && let Some(label) = labels::any_hidden(&self.known, &shown) {
            let why = "it computes with names whose meaning is not known before this transaction, or batch, ends";
            judged.refuse(crate::refusal::Refusal::would_reveal(&label, why), "labels");
        }
        if labels::in_reach(facts, &self.known) {
            judged.in_reach = true;
        }
        judged.scrub |= labels::needs_scrubbing(facts, &self.known);
    }

    /// Whether the session may see a label's values as they are.
    pub fn unmasked(&self, labelled: &crate::label_map::Labelled) -> bool {
        self.policies.unmask(
            &self.context(),
            &self.who.database,
            &labelled.column,
            &labelled.label.name,
        )
    }

    /// The permit for a frame whose judgement is Allow; None for any other.
    pub fn permit<'f>(&self, judged: &Judged, frame: Frame<'f>) -> Option<Permit<'f>> {
        matches!(judged.decision, Decision::Allow).then(|| Permit::mint(self.session, frame))
    }

    /// The permit to *define* a statement that will be judged again when it is executed: a Parse runs nothing, so that one
    /// whose execution would be held may be prepared and described.
    pub fn permit_definition<'f>(&self, judged: &Judged, frame: Frame<'f>) -> Option<Permit<'f>> {
        matches!(judged.decision, Decision::Allow | Decision::Hold { .. })
            .then(|| Permit::mint(self.session, frame))
    }

    /// The permit that an approval gives: for the very frame whose text was judged again as `again`, and only where that
    /// says Allow. `spent` is the proof that the hold was spent for it.
    pub fn permit_approved<'f>(
        &self,
        again: &Judged,
        spent: &crate::hold::Spent,
        frame: Frame<'f>,
    ) -> Option<Permit<'f>> {
        (matches!(again.decision, Decision::Allow) && spent.session() == self.session)
            .then(|| Permit::mint(self.session, frame))
    }
}

fn name_of(named: &Named) -> Option<&str> {
    match named {
        Named::Prepare { name, .. }
        | Named::Execute { name, .. }
        | Named::Declare { name }
        | Named::Fetch { name } => Some(name),
        Named::Deallocate(name) | Named::Close(name) => name.as_deref(),
    }
}

/// Whether a statement leaves the two grammars in doubt and has an effect; for the journal's eye.
pub fn in_doubt(facts: &Facts) -> bool {
    facts.has(Flag::Disagree) || facts.has(Flag::SingleReader)
}
