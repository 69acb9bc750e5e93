//! The entry point: a text in, facts out.
//!
//! Owns: what the readers' agreement or disagreement comes to, and the settings from one statement to the next. Refuses to
//! make anything milder than its strictest reading.

use crate::agree::{Agreement, Reading};
use crate::analyzer::{Analyzer, Within};
use crate::budget;
use crate::catalog::Catalog;
use crate::conclude::class_of;
use crate::facts::{Action, Class, Coverage, Facts, Flag, Named, Need, Object, Transaction};
use crate::form::Statement;
use crate::moved;
use crate::parameters;
use crate::read;
use crate::settings::{SearchPath, SettingChange, Settings};
use crate::witness;

/// The facts of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// One a statement, in order; never empty.
    pub statements: Vec<Facts>,
}

impl Analysis {
    /// How many names its facts hold: what it takes to keep them. A short text can have many.
    pub fn names(&self) -> usize {
        self.statements.iter().map(|facts| 1 + facts.names()).sum()
    }
}

/// What each statement of a text does.
///
/// It is total: whatever the bytes, it gives facts, and does not panic. Settings are threaded through: a statement after
/// `SET search_path` is read under the new path. An empty text is one `Session` statement.
pub fn analyze(text: &[u8], settings: &Settings, catalog: &Catalog) -> Analysis {
    budget::begin();
    let statements = match read::decode(text, settings) {
        Err(reason) => vec![unknown(reason.to_owned(), 0..text.len())],
        Ok(decoded) => read::with_room_for(text.len(), || analyze_text(decoded, settings, catalog)),
    };
    Analysis { statements }
}

/// The facts of a decoded text.
fn analyze_text(text: &str, settings: &Settings, catalog: &Catalog) -> Vec<Facts> {
    let readings = match read::read(text, settings.standard_conforming_strings) {
        Err(reason) => return vec![unknown(reason, 0..text.len())],
        Ok(readings) => readings,
    };
    if readings.is_empty() {
        return vec![empty(text.len())];
    }
    let multi = readings.len() > 1;
    let mut settings = settings.clone();
    let mut changed = false;
    let mut all = Vec::with_capacity(readings.len());
    for reading in readings {
        let mut facts = judge(text, reading, &settings, catalog, Within::default());
        let ends = match facts.transaction {
            Some(Transaction::Commit | Transaction::Rollback) => true,
            Some(Transaction::Savepoint) => facts.command == "ROLLBACK",
            Some(Transaction::Begin) | None => false,
        };
        if ends && changed {
            // What was set since may be undone (SET, ROLLBACK) or at its end (SET LOCAL, COMMIT).
            facts.settings.push(SettingChange::AskServer);
        }
        for change in &facts.settings {
            changed |= matches!(
                change,
                SettingChange::SearchPath(_)
                    | SettingChange::AskServer
                    | SettingChange::Temporary(_)
            );
            parameters::after(&mut settings, change, catalog);
        }
        if matches!(
            facts.named,
            Some(Named::Execute { .. } | Named::Fetch { .. })
        ) {
            // What was prepared is judged where it is known; here it may have changed anything.
            settings.search_path = SearchPath::Unknown;
        }
        if multi {
            facts.flags.retain(|f| *f != Flag::LiteralBlind);
            facts.flags.push(Flag::Multi);
            facts.flags.sort();
        } else {
            // All of the text is this statement: so the range says nothing about the length of a literal.
            facts.range = 0..text.len();
        }
        all.push(facts);
    }
    all
}

/// The facts of a text inside functions; what cannot be read is unknown.
pub(crate) fn facts_inside(
    text: &str,
    settings: &Settings,
    catalog: &Catalog,
    within: Within<'_>,
) -> Vec<Facts> {
    read::on_a_large_stack(
        || match read::read(text, settings.standard_conforming_strings) {
            Err(reason) => vec![unknown(reason, 0..text.len())],
            Ok(readings) => readings
                .into_iter()
                .map(|reading| judge(text, reading, settings, catalog, within))
                .collect(),
        },
    )
}

/// The facts of one reading.
fn judge(
    text: &str,
    reading: Reading,
    settings: &Settings,
    catalog: &Catalog,
    within: Within<'_>,
) -> Facts {
    let Reading {
        statement,
        range,
        agreement,
    } = reading;
    let moves = moved::names(text.get(range.clone()).unwrap_or_default());
    let mut facts = match agreement {
        Agreement::Both => facts_of(&statement, range, settings, catalog, within),
        Agreement::SquawkOnly => {
            let own = text.get(range.clone()).unwrap_or_default();
            let mut facts = facts_of(&statement, range, settings, catalog, within);
            mark(&mut facts, Flag::SingleReader);
            // Believed as far as a third witness goes: the class is a write's, and a policy can hold or refuse the flag.
            if facts.needs.iter().any(|n| writes_rows(n.action))
                && !witness::confirms(&statement, own)
            {
                not_understood(&mut facts, "only one grammar reads this write");
            }
            facts
        }
        Agreement::Disagree(other) => {
            let first = facts_of(&statement, range.clone(), settings, catalog, within);
            let second = facts_of(&other, range, settings, catalog, within);
            union(first, second)
        }
        Agreement::Neither(reason) => unknown(reason.to_string(), range),
    };
    let moving = |n: &Need| matches!(n.action, Action::Alter | Action::Drop);
    if facts.needs.iter().any(moving) {
        facts.moves.extend(moves);
    }
    facts
}

/// The facts of one statement.
fn facts_of(
    statement: &Statement,
    range: std::ops::Range<usize>,
    settings: &Settings,
    catalog: &Catalog,
    within: Within<'_>,
) -> Facts {
    let mut analyzer = Analyzer::new(catalog, settings);
    analyzer.inside = within.above.to_vec();
    analyzer.variables = within.variables.to_vec();
    let outcome = analyzer.statement(&statement.kind);
    analyzer.facts(outcome, range)
}

/// Writes that one reader alone is not believed on without the [`witness`]. Definitions and the rest stand on their own
/// needs, which policy holds or refuses as they are.
fn writes_rows(action: Action) -> bool {
    match action {
        Action::Insert | Action::Update | Action::Delete | Action::Merge | Action::CopyIn => true,
        Action::Read
        | Action::Truncate
        | Action::Call
        | Action::Lock
        | Action::CopyOut
        | Action::Create
        | Action::Alter
        | Action::Drop
        | Action::Ddl
        | Action::Dcl
        | Action::Session
        | Action::Admin
        | Action::Unknown => false,
    }
}

/// Both readings at once, the stricter of the two in everything.
fn union(mut first: Facts, second: Facts) -> Facts {
    let same = first.needs == second.needs && first.class == second.class;
    let mild = |facts: &Facts| matches!(facts.class, Class::Session | Class::Read);
    let definitions = |facts: &Facts| matches!(facts.class, Class::Ddl | Class::Dcl | Class::Admin);
    let settled = same && definitions(&first);
    let effect = first.has_effect() || second.has_effect() || !mild(&first) || !mild(&second);
    if first.outputs != second.outputs {
        first.outputs.clear();
    }
    first.needs.extend(second.needs);
    first.needs.sort();
    first.needs.dedup();
    first.uses.extend(second.uses);
    first.uses.sort();
    first.uses.dedup();
    first.writes.extend(second.writes);
    first.writes.sort();
    first.writes.dedup();
    first.functions.extend(second.functions);
    first.functions.sort();
    first.functions.dedup();
    first.flags.extend(second.flags);
    first.flags.retain(|f| *f != Flag::LiteralBlind);
    mark(&mut first, Flag::Disagree);
    if first.settings != second.settings {
        first.settings.extend(second.settings);
        first.settings.push(SettingChange::AskServer);
    }
    first.transaction = first.transaction.or(second.transaction);
    first.class = first.class.max(second.class);
    if first.named != second.named || (effect && !settled) {
        not_understood(&mut first, "two grammars read it differently");
    }
    first.coverage = match (first.coverage, second.coverage) {
        (Coverage::Opaque(reason), _) | (Coverage::Complete, Coverage::Opaque(reason)) => {
            Coverage::Opaque(reason)
        }
        (Coverage::Complete, Coverage::Complete) => {
            Coverage::Opaque("two grammars read it differently".to_owned())
        }
    };
    first
}

/// Adds a flag.
fn mark(facts: &mut Facts, flag: Flag) {
    facts.flags.push(flag);
    facts.flags.sort();
    facts.flags.dedup();
}

/// Adds that it was not understood.
pub(crate) fn not_understood(facts: &mut Facts, why: &str) {
    facts.needs.push(Need {
        action: Action::Unknown,
        object: Object::Database,
    });
    facts.needs.sort();
    facts.needs.dedup();
    facts.flags.retain(|f| *f != Flag::LiteralBlind);
    facts.class = facts.class.max(class_of(&facts.needs));
    if facts.coverage == Coverage::Complete {
        facts.coverage = Coverage::Opaque(why.to_owned());
    }
}

/// What cannot be read.
fn unknown(reason: String, range: std::ops::Range<usize>) -> Facts {
    Facts {
        class: Class::Unknown,
        command: "UNKNOWN".to_owned(),
        range,
        needs: vec![Need {
            action: Action::Unknown,
            object: Object::Database,
        }],
        uses: vec![],
        writes: vec![],
        functions: vec![],
        outputs: vec![],
        flags: vec![],
        coverage: Coverage::Opaque(reason),
        settings: vec![SettingChange::AskServer],
        transaction: None,
        named: None,
        moves: vec!["*".to_owned()],
    }
}

/// A text without a statement.
fn empty(length: usize) -> Facts {
    Facts {
        class: Class::Session,
        command: String::new(),
        range: 0..length,
        needs: vec![Need {
            action: Action::Session,
            object: Object::Database,
        }],
        coverage: Coverage::Complete,
        settings: vec![],
        moves: vec![],
        ..unknown(String::new(), 0..length)
    }
}

/// Settings as a session begins with, for tests and tools: this search path, the server's other defaults.
impl Settings {
    /// With this search path, spelled out as `current_schemas(true)` lists it.
    pub fn with_search_path(path: &[&str], user: &str) -> Settings {
        Settings {
            search_path: SearchPath::Known(path.iter().map(|s| (*s).to_owned()).collect()),
            standard_conforming_strings: true,
            client_encoding: "UTF8".to_owned(),
            user: user.to_owned(),
            temporary: vec![],
            inner_path: None,
            declared: vec![],
        }
    }
}
