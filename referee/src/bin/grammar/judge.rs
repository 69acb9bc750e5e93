//! One text before both: the real grammar's tree, and our facts.
//!
//! Owns: [`Judge`] and [`Finding`]. Refuses: to hold against the facts that they are too strict; that is counted.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use sql::facts::{Class, Coverage, Facts, Flag};
use sql::settings::SettingChange;
use sql::{Analysis, Catalog, Settings, analyze, fingerprint};

use crate::demand::Demand;
use crate::literals;
use crate::told;
use crate::tree::{self, Node, Value};

/// A disagreement on the mild side.
#[derive(Debug)]
pub struct Finding {
    /// What kind it is: stays while the text is made smaller.
    pub kind: String,
    /// For the reader.
    pub detail: String,
}

/// What came of a text.
#[derive(Debug)]
pub enum Verdict {
    /// The real grammar refuses it; whether we call it a read.
    Refused { read: bool },
    /// The real grammar accepts it.
    Accepted {
        /// Why a statement of it is unknown to us, if one is: kind of statement and reason.
        unknown: Option<(String, String)>,
        findings: Vec<Finding>,
        /// Pairs of nodes in its tree, as hashes: what is new in it is worth keeping as a seed.
        pairs: Vec<u64>,
    },
}

pub struct Judge {
    pub catalog: Catalog,
    pub settings: Settings,
}

impl Judge {
    /// Our facts; none where the analysis panics.
    pub fn analyze(&self, text: &str) -> Option<Analysis> {
        catch_unwind(AssertUnwindSafe(|| {
            analyze(text.as_bytes(), &self.settings, &self.catalog)
        }))
        .ok()
    }

    pub fn text(&self, text: &str) -> Verdict {
        let parsed = match pg_query::parse(text) {
            Ok(parsed) => parsed,
            Err(_) => {
                let read = self.analyze(text).is_some_and(|a| {
                    a.statements.iter().any(|f| f.class == Class::Read)
                        && a.statements.iter().all(|f| f.class <= Class::Read)
                });
                return Verdict::Refused { read };
            }
        };
        let debug = format!("{:?}", parsed.protobuf.stmts);
        let mut findings = vec![];
        let mut unknown = None;
        let mut pairs = vec![];
        let Some(statements) = tree::read(&debug) else {
            findings.push(finding(
                "unread tree",
                "the referee cannot read the tree".into(),
            ));
            return Verdict::Accepted {
                unknown,
                findings,
                pairs,
            };
        };
        let statements = statements.nodes();
        match self.analyze(text) {
            None => findings.push(finding("panic", "the analysis panics".into())),
            Some(analysis) => {
                self.statements(text, &statements, &analysis, &mut findings, &mut unknown);
                if let [facts] = analysis.statements.as_slice()
                    && facts.has(Flag::LiteralBlind)
                {
                    literals::exchanged(self, text, facts, &debug, &mut findings);
                }
            }
        }
        for statement in &statements {
            gather_pairs(statement, &mut pairs);
        }
        Verdict::Accepted {
            unknown,
            findings,
            pairs,
        }
    }

    fn statements(
        &self,
        text: &str,
        statements: &[&Node],
        analysis: &Analysis,
        findings: &mut Vec<Finding>,
        unknown: &mut Option<(String, String)>,
    ) {
        let facts = &analysis.statements;
        if let [whole] = facts.as_slice()
            && whole.class == Class::Unknown
        {
            let kind = statements.first().map_or("nothing", |s| kind_of(s));
            *unknown = Some((kind.to_owned(), reason(whole)));
            return;
        }
        if statements.is_empty() && facts.len() == 1 {
            if facts[0].class > Class::Session {
                findings.push(finding("empty", "no statement, and a class".into()));
            }
            return;
        }
        if statements.len() != facts.len() {
            let detail = format!(
                "{} statements, facts have {}",
                statements.len(),
                facts.len()
            );
            findings.push(finding("count", detail));
            return;
        }
        let mut moved = false;
        for (statement, facts) in statements.iter().zip(facts) {
            if statements.len() > 1 {
                boundaries(text, statement, &facts.range, findings);
            }
            if facts.class == Class::Unknown {
                unknown.get_or_insert((kind_of(statement).to_owned(), reason(facts)));
                continue;
            }
            let Some(inner) = statement.node("stmt") else {
                continue;
            };
            for demand in told::demands(inner, &self.catalog) {
                if !demand.is_met(facts) && !(moved && self.is_found_by_path(&demand)) {
                    let detail = format!(
                        "{demand:?} is not met: {:?} {:?} {:?} {:?}",
                        facts.class, facts.needs, facts.flags, facts.coverage
                    );
                    findings.push(finding(&demand.kind(), detail));
                }
            }
            moved |= facts
                .settings
                .iter()
                .any(|s| !matches!(s, SettingChange::Other(_)));
        }
    }

    /// Whether it is for a function of the users' that the search path has to lead to.
    fn is_found_by_path(&self, demand: &Demand) -> bool {
        let users = |name: &str| self.catalog.functions(name).iter().all(|f| !f.builtin);
        matches!(demand, Demand::Function(name) if name.schema.is_empty() && users(&name.name))
    }
}

pub fn finding(kind: &str, detail: String) -> Finding {
    Finding {
        kind: kind.to_owned(),
        detail,
    }
}

/// What our range leaves out of the real grammar's statement may be space and comments only.
fn boundaries(text: &str, statement: &Node, ours: &Range<usize>, findings: &mut Vec<Finding>) {
    let start = usize::try_from(statement.number("stmt_location")).unwrap_or(0);
    let end = match usize::try_from(statement.number("stmt_len")).unwrap_or(0) {
        0 => text.len(),
        length => start + length,
    };
    let inside = start <= ours.start && ours.start < ours.end && ours.end <= end;
    let blank = |range: Range<usize>| {
        text.get(range)
            .and_then(|t| pg_query::parse(t).ok())
            .is_some_and(|t| t.protobuf.stmts.is_empty())
    };
    if !inside || !blank(start..ours.start) || !blank(ours.end..end) {
        let detail = format!("the statement is {start}..{end}, facts have {ours:?}");
        findings.push(finding("boundaries", detail));
    }
}

fn kind_of<'a>(statement: &'a Node) -> &'a str {
    statement.node("stmt").map_or("nothing", |s| s.name)
}

fn reason(facts: &Facts) -> String {
    match &facts.coverage {
        Coverage::Complete => "complete".to_owned(),
        Coverage::Opaque(reason) => reason.clone(),
    }
}

/// Hashes of (parent, field, child), each once.
fn gather_pairs(node: &Node, pairs: &mut Vec<u64>) {
    for (field, value) in &node.fields {
        match value {
            Value::Word(word) if word.starts_with(char::is_uppercase) => {
                pairs.push(hash(&[node.name, field, word]));
            }
            value => {
                for child in value.nodes() {
                    pairs.push(hash(&[node.name, field, child.name]));
                    gather_pairs(child, pairs);
                }
            }
        }
    }
}

/// FNV-1a.
pub fn hash(words: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for word in words {
        for byte in word.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// Figures by word.
#[derive(Default)]
pub struct Counts(HashMap<String, u64>);

impl Counts {
    pub fn add(&mut self, word: String) {
        *self.0.entry(word).or_default() += 1;
    }

    /// The most frequent first.
    pub fn sorted(&self) -> Vec<(&str, u64)> {
        let mut all: Vec<(&str, u64)> = self.0.iter().map(|(k, n)| (k.as_str(), *n)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        all
    }
}

/// Whether both texts are of one fingerprint.
pub fn same_shape(a: &str, b: &str) -> bool {
    match (fingerprint(a.as_bytes()), fingerprint(b.as_bytes())) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}
