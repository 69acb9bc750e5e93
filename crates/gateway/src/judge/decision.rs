//! What was decided for one text, with everything the journal and the relay need of it, made once and shared.

use std::sync::Arc;

use policy::{PolicyRef, Verdict};
use sql::Analysis;
use sql::facts::{
    Action, Class, Coverage, Facts, FunctionKind, FunctionUse, Named, Need, Object, Transaction,
    Volatility,
};
use sql::settings::SettingChange;

use crate::database::Known;
use crate::refusal::Refusal;

/// The answer for a whole text: the strictest of its statements'.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Send it.
    Allow,
    /// Ask a person.
    Hold {
        /// Role that may approve.
        approver: String,
        /// Policy to show.
        policy: PolicyRef,
    },
    /// Tell the agent why not.
    Refuse(Refusal),
}

/// What running one statement changes in the session or in the database's definitions.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// Settings may have changed: ask the server before the next statement is judged.
    pub settings: bool,
    /// What follows in the same text is read under settings that nobody knows.
    pub lost: bool,
    /// Definitions may have changed.
    pub definitions: bool,
    /// Names that may mean something else from now on.
    pub moves: Arc<[String]>,
    /// Effect on the transaction.
    pub transaction: Option<Transaction>,
    /// Named statements.
    pub named: Option<Named>,
    /// What the output columns can depend on, where labels exist.
    pub outputs: Arc<[OutputLabel]>,
}

impl Effects {
    /// Whether definitions may be others from here on, or names mean something else.
    pub fn defines(&self) -> bool {
        self.definitions || !self.moves.is_empty()
    }
}

/// The label that an output column can carry, as far as the facts know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OutputLabel {
    /// None.
    None,
    /// A plain copy of a labelled column.
    Plain,
}

/// A judged text.
#[derive(Debug)]
pub struct Judged {
    /// Its facts.
    pub analysis: Arc<Analysis>,
    /// The decision.
    pub decision: Decision,
    /// Ids of the policies that decided.
    pub policies: Vec<String>,
    /// Their controls.
    pub controls: Vec<String>,
    /// The strictest class.
    pub class: Class,
    /// (action, object) pairs as text.
    pub needs: Vec<String>,
    /// Labels touched.
    pub labels: Vec<String>,
    /// Must be durable before it is sent.
    pub has_effect: bool,
    /// Labelled columns can be among the output: every portal is described before it runs.
    pub in_reach: bool,
    /// The server's errors and notices may show labelled values.
    pub scrub: bool,
    /// Something in it cannot be looked into, and could leave anything behind in the session.
    pub opaque: bool,
    /// A name in it is not in the catalog.
    pub unresolved: bool,
    /// It may be judged otherwise by definitions that only its session can see.
    pub own_definitions: bool,
    /// It is an EXECUTE or a FETCH: what its result is, is settled when it runs.
    pub by_name: bool,
    /// The texts that its names stand for.
    pub inner: Vec<Arc<[u8]>>,
    /// Rows leave by a road on which the server does not say where they come from: COPY.
    pub unnamed: bool,
    /// It runs what a name stands for, which can change: never remembered.
    pub runs_by_name: bool,
    /// A statement's effects, in order.
    pub effects: Vec<Effects>,
    /// Generation of the policies alone.
    pub policy_generation: u64,
}

impl Judged {
    pub(super) fn new(analysis: Arc<Analysis>, known: &Known) -> Judged {
        Judged {
            analysis,
            decision: Decision::Allow,
            policies: Vec::new(),
            controls: Vec::new(),
            class: Class::Session,
            needs: Vec::new(),
            labels: Vec::new(),
            has_effect: false,
            in_reach: false,
            scrub: false,
            opaque: false,
            unresolved: false,
            own_definitions: false,
            by_name: false,
            inner: Vec::new(),
            unnamed: false,
            runs_by_name: false,
            effects: Vec::new(),
            policy_generation: known.policy_generation,
        }
    }

    pub(super) fn add(
        &mut self,
        facts: &Facts,
        verdict: Verdict,
        touched: Vec<String>,
        known: &Known,
    ) {
        self.class = self.class.max(facts.class);
        self.has_effect |= facts.has_effect();
        let needs: Vec<String> = facts
            .needs
            .iter()
            .map(|n| format!("{} {}", n.action.name(), n.object))
            .collect();
        self.by_name |= matches!(
            facts.named,
            Some(Named::Execute { .. } | Named::Fetch { .. })
        );
        self.unnamed |= facts.needs.iter().any(|n| n.action == Action::CopyOut);
        self.opaque |= is_opaque(facts);
        self.unresolved |= facts.has(sql::facts::Flag::UnresolvedName);
        self.effects.push(effects(facts, known));
        match verdict {
            Verdict::Allow { policies } => self.cite(policies),
            Verdict::Hold { approver, policies } => {
                let shown = policies.first().cloned();
                self.cite(policies);
                if let (Decision::Allow, Some(policy)) = (&self.decision, shown) {
                    self.decision = Decision::Hold { approver, policy };
                } else if let Decision::Hold {
                    approver: other, ..
                } = &self.decision
                {
                    // One hold has one approver. Two roles for one text: it has to be sent in two.
                    if *other != approver {
                        self.refuse(Refusal::not_understood("the statements of one text need approval by different roles; send them one by one"), "hold");
                    }
                }
            }
            Verdict::Deny {
                policies,
                not_understood,
            } => {
                let refusal = match (policies.first(), not_understood) {
                    (_, true) => Refusal::not_understood(&why_unknown(facts)),
                    (Some(p), _) => {
                        Refusal::denied(&p.id, &p.reason, &p.controls, &needs.join(", "))
                    }
                    (None, _) => {
                        Refusal::denied("default", "no policy permits this", &[], &needs.join(", "))
                    }
                };
                self.cite(policies);
                self.stop(refusal);
            }
        }
        self.needs.extend(needs);
        self.labels.extend(touched);
    }

    fn cite(&mut self, policies: Vec<PolicyRef>) {
        for policy in policies {
            self.policies.push(policy.id);
            self.controls.extend(policy.controls);
        }
    }

    fn stop(&mut self, refusal: Refusal) {
        if !matches!(self.decision, Decision::Refuse(_)) {
            self.decision = Decision::Refuse(refusal);
        }
    }

    /// Whether it gives what a cursor reads, which may have been made long ago.
    pub fn reads_cursor(&self) -> bool {
        let fetch = |e: &Effects| matches!(e.named, Some(Named::Fetch { .. }));
        self.effects.iter().any(fetch)
    }

    /// Whether it begins, ends or goes back in a transaction among other things.
    pub fn controls_transaction(&self) -> bool {
        self.effects.len() > 1 && self.effects.iter().any(|e| e.transaction.is_some())
    }

    pub(super) fn refuse(&mut self, refusal: Refusal, by: &str) {
        self.policies.push(by.to_owned());
        self.stop(refusal);
    }

    /// Adds what running by name runs.
    pub(super) fn merge(&mut self, inner: Judged) {
        self.class = self.class.max(inner.class);
        self.has_effect |= inner.has_effect;
        self.in_reach |= inner.in_reach;
        self.scrub |= inner.scrub;
        self.own_definitions |= inner.own_definitions;
        self.opaque |= inner.opaque;
        self.needs.extend(inner.needs);
        self.labels.extend(inner.labels);
        self.policies.extend(inner.policies);
        self.controls.extend(inner.controls);
        if let Some(last) = self.effects.last_mut() {
            for effect in inner.effects {
                last.settings |= effect.settings;
                last.lost |= effect.lost;
                last.definitions |= effect.definitions;
                last.moves = last
                    .moves
                    .iter()
                    .chain(effect.moves.iter())
                    .cloned()
                    .collect();
                last.outputs = effect.outputs;
            }
        }
        match (&self.decision, inner.decision) {
            (_, Decision::Refuse(refusal)) => self.stop(refusal),
            (Decision::Allow, hold @ Decision::Hold { .. }) => self.decision = hold,
            _ => {}
        }
    }

    pub(super) fn finish(&mut self) {
        for list in [
            &mut self.policies,
            &mut self.controls,
            &mut self.needs,
            &mut self.labels,
        ] {
            list.sort();
            list.dedup();
        }
    }

    /// Whether it is sent as it is.
    pub fn is_allowed(&self) -> bool {
        matches!(self.decision, Decision::Allow)
    }

    /// The class as the journal writes it.
    pub fn class_name(&self) -> &'static str {
        match self.class {
            Class::Session => "session",
            Class::Read => "read",
            Class::Write => "write",
            Class::Ddl => "ddl",
            Class::Dcl => "dcl",
            Class::Admin => "admin",
            Class::Unknown => "unknown",
        }
    }
}

fn why_unknown(facts: &Facts) -> String {
    match &facts.coverage {
        Coverage::Opaque(reason) => reason.clone(),
        Coverage::Complete => "the statement is read by one grammar only".to_owned(),
    }
}

/// Built-ins that are opaque read files or run queries; none of them sets or defines anything for later.
fn is_opaque(facts: &Facts) -> bool {
    matches!(facts.coverage, Coverage::Opaque(_))
        || facts
            .functions
            .iter()
            .any(|f| f.kind == FunctionKind::Opaque && f.schema != "pg_catalog")
}

fn effects(facts: &Facts, known: &Known) -> Effects {
    let opaque = is_opaque(facts);
    let settings = opaque
        || facts
            .settings
            .iter()
            .any(|s| !matches!(s, SettingChange::Other(_)));
    let lost = opaque
        || facts
            .settings
            .iter()
            .any(|s| !matches!(s, SettingChange::Other(_) | SettingChange::Temporary(_)));
    let defines = |n: &Need| match n.action {
        Action::Create
        | Action::Alter
        | Action::Drop
        | Action::Ddl
        | Action::Dcl
        | Action::Admin
        | Action::Unknown => true,
        Action::Call => !matches!(&n.object, Object::Function(schema, _) if schema == "pg_catalog"),
        Action::Read
        | Action::Insert
        | Action::Update
        | Action::Delete
        | Action::Truncate
        | Action::Merge
        | Action::Lock
        | Action::CopyIn
        | Action::CopyOut
        | Action::Session => false,
    };
    let outputs = if facts.outputs.iter().any(|o| {
        o.depends_on
            .iter()
            .any(|c| known.labels.column(c).is_some())
    }) {
        let label = |o: &sql::facts::Output| match o.depends_on.as_slice() {
            [one] if o.plain && known.labels.column(one).is_some() => OutputLabel::Plain,
            _ => OutputLabel::None,
        };
        facts.outputs.iter().map(label).collect()
    } else {
        Arc::from([])
    };
    Effects {
        settings,
        lost,
        definitions: opaque || facts.needs.iter().any(defines),
        moves: facts.moves.as_slice().into(),
        transaction: facts.transaction,
        named: facts.named.clone(),
        outputs,
    }
}

/// The facts of something that nobody has judged.
pub(super) fn unknown_facts(why: &str) -> Facts {
    Facts {
        class: Class::Unknown,
        command: "UNKNOWN".into(),
        needs: vec![Need {
            action: Action::Unknown,
            object: Object::Database,
        }],
        functions: Vec::new(),
        coverage: Coverage::Opaque(why.into()),
        ..function_facts(None)
    }
}

/// The facts of a call by OID: what is behind it cannot be looked into.
pub(super) fn function_facts(name: Option<(&str, &str)>) -> Facts {
    let (schema, name) = name.unwrap_or(("", ""));
    let need = if name.is_empty() {
        Need {
            action: Action::Unknown,
            object: Object::Database,
        }
    } else {
        Need {
            action: Action::Call,
            object: Object::Function(schema.to_owned(), name.to_owned()),
        }
    };
    Facts {
        class: Class::Write,
        command: "FUNCTION CALL".into(),
        range: 0..0,
        needs: vec![need],
        uses: Vec::new(),
        writes: Vec::new(),
        functions: vec![FunctionUse {
            schema: schema.to_owned(),
            name: name.to_owned(),
            volatility: Volatility::Unknown,
            kind: FunctionKind::Opaque,
        }],
        outputs: Vec::new(),
        flags: Vec::new(),
        coverage: Coverage::Opaque("a function call message".into()),
        settings: vec![SettingChange::AskServer],
        transaction: None,
        named: None,
        moves: vec!["*".to_owned()],
    }
}
