//! Whether a condition picks rows of the table that is written.
//!
//! Owns: the answer behind [`Flag::NoWhere`]. Refuses: to weigh a condition; `id > 0` picks rows. What no column of the table
//! has a say in does not, whatever other tables or subqueries it asks: it is true for all rows or for none.
//!
//! [`Flag::NoWhere`]: crate::facts::Flag::NoWhere

use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::budget;
use crate::form::{BranchAction, Expr, Merge};
use crate::names::{Columns, Key, RelBody, Value};
use crate::scope::Item;

/// No relation has it: it stands for the table that is written.
const TARGET: u32 = 0;

/// A column of the target, by its place; the last for those that are not known.
fn mark(at: usize) -> Key {
    Key::Base {
        oid: TARGET,
        index: u16::try_from(at).unwrap_or(u16::MAX),
    }
}

fn is_mark(key: &Key) -> bool {
    matches!(key, Key::Base { oid: TARGET, .. })
}

/// What it costs to look at a condition with another analyzer: it starts from a copy of all that is in scope.
fn probe_size(analyzer: &Analyzer<'_>) -> usize {
    let items: usize = analyzer.levels.iter().map(|l| l.items.len()).sum();
    let tables: usize = analyzer.commons.iter().map(Vec::len).sum();
    budget::QUERY + (items + tables) * budget::COLUMN + analyzer.named.len() * budget::NAMED
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(_))
}

impl<'a> Analyzer<'a> {
    /// Whether a WHERE picks rows of the target, which is the first item of the innermost level. `true`, `1 = 1`, `id = id`,
    /// `x = 5 OR true`, `(SELECT true)`, `other.id = 1` do not.
    pub fn picks_rows(&mut self, filter: Option<&Expr>) -> bool {
        let Some(filter) = filter else { return false };
        if self.bounded {
            return true;
        }
        let mut probe = Analyzer::new(self.catalog, self.settings);
        probe.bounded = true;
        budget::spend(probe_size(self));
        probe.named = self.named.clone();
        probe.commons = self.commons.clone();
        probe.levels = self.levels.clone();
        let target = probe.levels.last_mut().and_then(|l| l.items.first_mut());
        let Some(Item::Rel(target)) = target else {
            return false;
        };
        let mut marked = target.columns();
        for (at, col) in marked.cols.iter_mut().enumerate() {
            col.value = Value::column(mark(at));
        }
        // System columns, and what the catalog does not know.
        marked.open = Some(vec![mark(usize::MAX)]);
        target.body = RelBody::Columns(Rc::new(Columns {
            loose: vec![],
            ..marked
        }));
        let picks = probe.picks(filter);
        self.blind &= probe.blind;
        picks
    }

    /// Whether each change and each deletion of a MERGE is of picked rows.
    pub fn picks_to_merge(&mut self, merge: &Merge) -> bool {
        let on = self.picks_rows(Some(&merge.on));
        merge.branches.iter().all(|branch| match &branch.action {
            BranchAction::Nothing | BranchAction::Insert(_, _) => true,
            BranchAction::Delete | BranchAction::Update(_) => {
                (on && !branch.by_source) || self.picks_rows(branch.condition.as_ref())
            }
        })
    }

    fn picks(&mut self, expr: &Expr) -> bool {
        match expr {
            Expr::And(parts) => parts.iter().any(|p| self.picks(p)),
            Expr::Or(parts) => parts.iter().all(|p| self.picks(p)),
            Expr::Not(inner) => self.picks(inner),
            Expr::Equal(left, right) => {
                let (a, b) = (self.value(left), self.value(right));
                let same = left == right || (a.plain && a == b);
                let (a, b) = (a.deps.iter().any(is_mark), b.deps.iter().any(is_mark));
                if a && b && !is_column(left) {
                    // `id + 1 = id + 1` is true, `id + 1 = id + 2` is not.
                    self.blind = false;
                }
                !same && (a || b)
            }
            other => {
                let before = self.uses.len();
                let value = self.value(other);
                // EXISTS has no value of its own: what it asks of the table is among the uses.
                let asked = self.uses[before..].iter().map(|(key, _)| key);
                value.deps.iter().chain(asked).any(is_mark)
            }
        }
    }
}
