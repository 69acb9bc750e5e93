//! Calls: which of a name's functions one can mean.
//!
//! Owns: what a call gives ([`Given`]), and the choice among overloads by number of arguments and types that cannot be. Refuses:
//! to choose where types are not certain: then all that are left are meant.

use crate::analyzer::Analyzer;
use crate::catalog::Function;
use crate::form::{Call, Expr};
use crate::functions;
use crate::names::{Found, Value};
use crate::types::{FIRST_NORMAL_OID, Sides};

/// What a call gives to the function it means.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    /// How many arguments.
    count: usize,
    /// How many more may belong to them: those of WITHIN GROUP stand with other things.
    more: usize,
    /// Each of them has a type of its own: it is no constant that can become any, and no row that can become any composite
    /// (PostgreSQL manual, 10.1).
    typed: bool,
}

impl Given {
    /// A call's.
    pub fn of(call: &Call, analyzer: &Analyzer<'_>) -> Given {
        let typed = |arg: &Expr| analyzer.known_as(arg) == Sides::Typed;
        Given {
            count: call.args.len(),
            more: call.extra.len(),
            typed: call.args.iter().all(typed),
        }
    }
    /// One argument.
    pub fn one(expr: &Expr, analyzer: &Analyzer<'_>) -> Given {
        Given {
            count: 1,
            more: 0,
            typed: analyzer.known_as(expr) == Sides::Typed,
        }
    }
}

impl Analyzer<'_> {
    /// `name(t)` of a relation `t` is its column `name` where there is no function of that name (PostgreSQL manual, 8.16.5).
    pub fn field_as_call(&mut self, call: &Call) -> Option<Value> {
        let ([name], [Expr::Column(path)], []) = (
            call.name.as_slice(),
            call.args.as_slice(),
            call.extra.as_slice(),
        ) else {
            return None;
        };
        let resolved = functions::resolve(&call.name, self.catalog, &self.settings.search_path);
        if resolved.syntax || !resolved.candidates.is_empty() {
            return None;
        }
        match path.as_slice() {
            // A relation that is not known may have no such column: then it is a function that is not known either.
            [table] if self.is_row(table) && self.has_field(table, name) => {
                self.blind = false;
                Some(self.column(&[table.clone(), name.clone()]).computed())
            }
            _ => None,
        }
    }

    /// Whether the innermost relation of this name is known to have this column.
    fn has_field(&self, table: &str, name: &str) -> bool {
        for level in self.levels.iter().rev().filter(|l| !l.hidden) {
            let mut rels = vec![];
            for item in &level.items {
                item.relation(None, table, &mut rels);
            }
            if !rels.is_empty() {
                return rels
                    .iter()
                    .all(|rel| matches!(rel.column(name), Found::Column(_)));
            }
        }
        false
    }

    /// Leaves those out of a name's candidates that a call cannot mean, by the number of its arguments and the types that are
    /// at hand (PostgreSQL manual, 10.3). If that leaves none, nothing is known.
    pub fn narrowed<'c>(&self, all: Vec<&'c Function>, given: Given) -> Vec<&'c Function> {
        if all.len() < 2 || all.iter().all(|f| f.builtin) {
            return all;
        }
        let mut at_hand = None;
        let mut fits = |f: &Function| {
            let plain = given.typed && !f.variadic && f.arguments.len() == given.count;
            f.builtin
                || f.takes(given.count, given.more)
                    && (!plain
                        || f.arguments.iter().all(|oid| {
                            *oid < FIRST_NORMAL_OID
                                || self.catalog.types().can_be(
                                    *oid,
                                    at_hand.get_or_insert_with(|| self.types_at_hand()),
                                )
                        }))
        };
        let fitting: Vec<&Function> = all.iter().copied().filter(|f| fits(f)).collect();
        if fitting.is_empty() { all } else { fitting }
    }
}
