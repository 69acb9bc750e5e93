//! The facts of a statement, once all is collected; and the words for it.
//!
//! Owns: the class, which follows from the needs, and the command's name. Refuses: to leave a statement without a need.

use crate::analyzer::Analyzer;
use crate::budget;
use crate::classify::Outcome;
use crate::facts::{Action, Class, Coverage, Facts, Flag, Need, Object, Output};
use crate::form::{Define, ObjectKind, Verb};
use crate::revealing::reveals;

impl Analyzer<'_> {
    /// The facts, once all is collected.
    pub fn facts(mut self, outcome: Outcome, range: std::ops::Range<usize>) -> Facts {
        let outputs: Vec<Output> = match &outcome.columns {
            Some(columns) => self.outputs(columns),
            None => vec![],
        };
        self.settle_types();
        if self.needs.is_empty() {
            // `SELECT 1` reads, from nothing in particular.
            self.need(Action::Read, Object::Database);
        }
        let uses = self.column_uses();
        if budget::is_spent() {
            self.entangle();
        }
        if uses.iter().any(|u| reveals(&u.column)) {
            self.flag(Flag::RevealsData);
        }
        self.needs.sort();
        self.needs.dedup();
        self.functions.sort();
        self.functions.dedup();
        let class = class_of(&self.needs).max(outcome.class.unwrap_or(Class::Session));
        let writes = self.columns_of(&self.writes);
        let blind = self.blind
            && matches!(class, Class::Read | Class::Write)
            && self.changes.is_empty()
            && outcome.named.is_none()
            && self.opaque.is_none();
        if blind {
            self.flag(Flag::LiteralBlind);
        }
        self.flags.sort();
        self.flags.dedup();
        Facts {
            class,
            command: outcome.command,
            range,
            needs: self.needs,
            uses,
            writes,
            functions: self.functions,
            outputs,
            flags: self.flags,
            coverage: match self.opaque {
                None => Coverage::Complete,
                Some(reason) => Coverage::Opaque(reason),
            },
            settings: self.changes,
            transaction: outcome.transaction,
            named: outcome.named,
            moves: vec![],
        }
    }
}

/// The strictest class among needs.
pub(crate) fn class_of(needs: &[Need]) -> Class {
    needs
        .iter()
        .map(|need| match need.action {
            Action::Session => Class::Session,
            Action::Read | Action::CopyOut => Class::Read,
            // Row locks are written into the rows, and a transaction that may only read refuses them (PostgreSQL manual,
            // SET TRANSACTION).
            Action::Lock
            | Action::Insert
            | Action::Update
            | Action::Delete
            | Action::Truncate
            | Action::Merge
            | Action::Call
            | Action::CopyIn => Class::Write,
            Action::Create | Action::Alter | Action::Drop | Action::Ddl => Class::Ddl,
            Action::Dcl => Class::Dcl,
            Action::Admin => Class::Admin,
            Action::Unknown => Class::Unknown,
        })
        .max()
        .unwrap_or(Class::Session)
}

/// `CREATE TABLE`, `DROP INDEX` …
pub(crate) fn definition_word(define: &Define) -> String {
    let verb = match define.verb {
        Verb::Create => "CREATE",
        Verb::Alter => "ALTER",
        Verb::Drop => "DROP",
        Verb::Comment => return "COMMENT".to_owned(),
        Verb::SecurityLabel => return "SECURITY LABEL".to_owned(),
    };
    let made_of_rows = define.query.is_some() || define.execute.is_some();
    let what = match define.what {
        ObjectKind::Table if made_of_rows => "TABLE AS",
        ObjectKind::Table => "TABLE",
        ObjectKind::View => "VIEW",
        ObjectKind::MaterializedView => "MATERIALIZED VIEW",
        ObjectKind::Index => "INDEX",
        ObjectKind::Sequence => "SEQUENCE",
        ObjectKind::Schema => "SCHEMA",
        ObjectKind::Function => "FUNCTION",
        ObjectKind::Procedure => "PROCEDURE",
        ObjectKind::Routine => "ROUTINE",
        ObjectKind::Aggregate => "AGGREGATE",
        ObjectKind::Type => "TYPE",
        ObjectKind::Domain => "DOMAIN",
        ObjectKind::Extension => "EXTENSION",
        ObjectKind::Trigger => "TRIGGER",
        ObjectKind::EventTrigger => "EVENT TRIGGER",
        ObjectKind::Rule => "RULE",
        ObjectKind::Policy => "POLICY",
        ObjectKind::Role => "ROLE",
        ObjectKind::Database => "DATABASE",
        ObjectKind::Tablespace => "TABLESPACE",
        ObjectKind::Column => "COLUMN",
        ObjectKind::Constraint => "CONSTRAINT",
        ObjectKind::Statistics => "STATISTICS",
        ObjectKind::Replication => "PUBLICATION",
        ObjectKind::Foreign => "SERVER",
        ObjectKind::LargeObject => "LARGE OBJECT",
        ObjectKind::Other => "OBJECT",
    };
    format!("{verb} {what}")
}
