//! ORDER BY, GROUP BY, DISTINCT ON: positions, names and expressions.
//!
//! Owns: the rules by which the server tells them apart (`findTargetlistEntrySQL92` in parse_clause.c): an integer is a
//! position; a bare name is an output's name to ORDER BY and DISTINCT ON, a column of FROM first to GROUP BY. Refuses: to
//! choose where FROM is not fully known; then it is both.

use crate::analyzer::Analyzer;
use crate::budget;
use crate::form::Expr;
use crate::names::{Columns, Found, Value};
use crate::predicates::as_position;

impl Analyzer<'_> {
    /// One item of GROUP BY: a position, an input column, else an output's name, else an expression.
    pub fn group(&mut self, expr: &Expr, columns: &Columns) {
        budget::spend(1 + columns.cols.len() / 4);
        let value = match (expr, as_position(expr)) {
            (_, Some(at)) => self.position(at, columns),
            (Expr::Column(path), None) if path.len() == 1 => {
                match columns.cols.iter().find(|c| c.name == path[0]) {
                    Some(col) => match self.sees(&path[0]) {
                        Seen::Surely => self.value(expr),
                        Seen::Not => col.value.clone(),
                        Seen::Perhaps => {
                            let mut value = self.value(expr);
                            value.absorb(&col.value);
                            value
                        }
                    },
                    None => self.value(expr),
                }
            }
            _ => self.value(expr),
        };
        self.record_equality(&value);
    }

    /// One item of ORDER BY or DISTINCT ON: a position, an output's name, else an expression.
    pub fn sort_key(&mut self, expr: &Expr, columns: &Columns) -> Value {
        budget::spend(1 + columns.cols.len() / 4);
        if budget::is_spent() {
            return Value::none();
        }
        match (expr, as_position(expr)) {
            (_, Some(at)) => self.position(at, columns),
            (Expr::Column(path), None) if path.len() == 1 => {
                match columns.cols.iter().find(|c| c.name == path[0]) {
                    Some(col) => col.value.clone(),
                    None if columns.open.is_some() || !columns.loose.is_empty() => {
                        let mut value = self.value(expr);
                        value.absorb(&Value::of(columns.open.clone().unwrap_or_default()));
                        value.absorb(&Value::of(columns.loose.clone()));
                        value
                    }
                    None => self.value(expr),
                }
            }
            _ => self.value(expr),
        }
    }

    /// An output by its position.
    fn position(&mut self, at: usize, columns: &Columns) -> Value {
        self.blind = false;
        match columns.cols.get(at) {
            Some(col) if columns.open.is_none() => col.value.clone(),
            _ => Value::of(columns.all()),
        }
    }

    /// Whether the innermost level has a column of this name.
    fn sees(&self, name: &str) -> Seen {
        let mut found = vec![];
        if let Some(level) = self.levels.last() {
            for item in &level.items {
                item.column(name, &mut found);
            }
        }
        if found.iter().any(|f| matches!(f, Found::Column(_))) {
            Seen::Surely
        } else if found.is_empty() {
            Seen::Not
        } else {
            Seen::Perhaps
        }
    }
}

/// Whether a name is a column of FROM.
enum Seen {
    Surely,
    Perhaps,
    Not,
}
