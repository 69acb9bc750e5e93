//! Predicates: which columns decide what rows come back, and how.
//!
//! Owns: the split into equality and other looks, and what counts as a condition at all. Refuses: to weigh the
//! condition itself; `id > 0` is a condition.

use crate::analyzer::Analyzer;
use crate::facts::Place;
use crate::form::{Expr, Literal};
use crate::names::Value;
use crate::types::Sides;

impl Analyzer<'_> {
    /// Records what a condition looks at.
    pub fn predicate(&mut self, expr: &Expr) {
        match expr {
            Expr::And(parts) | Expr::Or(parts) => {
                for part in parts {
                    self.predicate(part);
                }
            }
            Expr::Not(inner) => {
                if matches!(inner.as_ref(), Expr::In(..) | Expr::InQuery(..)) {
                    self.bare_operator("<>");
                }
                self.predicate(inner);
            }
            Expr::Equal(left, right) => {
                let sides = self.sides(left, right);
                self.met("=", sides);
                if is_constant(expr) {
                    self.blind = false;
                }
                self.equality(left, right);
            }
            Expr::In(left, list) => {
                let sides = self.beside_each(left, list);
                self.met("=", sides);
                if is_constant(expr) {
                    self.blind = false;
                }
                self.compared(left, sides);
                for item in list {
                    self.compared(item, sides);
                }
            }
            Expr::InQuery(left, query) => {
                let sides = self.beside_query(left);
                self.met("=", sides);
                self.compared(left, sides);
                let columns = self.query(query);
                if sides != Sides::Typed {
                    self.makes(&Expr::Default, &Value::of(columns.all()), false);
                }
                for col in &columns.cols {
                    self.record_equality(&col.value);
                }
                if let Some(open) = &columns.open {
                    self.record_keys(open, Place::Filter);
                }
            }
            Expr::Column(_)
            | Expr::RowOf(_)
            | Expr::Literal(_)
            | Expr::Param(_)
            | Expr::Default
            | Expr::Call(_)
            | Expr::Cast(_, _)
            | Expr::Subquery(_)
            | Expr::Exists(_)
            | Expr::ArrayQuery(_)
            | Expr::Row(_)
            | Expr::Array(_)
            | Expr::Case(_, _)
            | Expr::Field(_, _)
            | Expr::Operator(_)
            | Expr::Mix(_) => {
                if is_constant(expr) {
                    self.blind = false;
                }
                let value = self.value(expr);
                self.record(&value, Place::Filter);
            }
        }
    }

    /// Two sides of `=`; rows side by side.
    fn equality(&mut self, left: &Expr, right: &Expr) {
        match (left, right) {
            (Expr::Row(a), Expr::Row(b)) if a.len() == b.len() => {
                for (left, right) in a.iter().zip(b) {
                    self.equality(left, right);
                }
            }
            (left, right) => {
                let sides = self.sides(left, right);
                self.compared(left, sides);
                self.compared(right, sides);
            }
        }
    }

    /// One side of a comparison for equality.
    fn compared(&mut self, side: &Expr, sides: Sides) {
        if let Expr::Row(parts) = side {
            for part in parts {
                self.compared(part, sides);
            }
            return;
        }
        let value = self.value(side);
        if sides != Sides::Typed {
            self.makes(side, &value, true);
        }
        self.record_equality(&value);
    }

    /// Records that rows are ordered or cut by a value.
    pub fn ordered(&mut self, value: &Value) {
        self.record(value, Place::Filter);
    }
}

/// Whether no column, and no query, has a say in it.
pub(crate) fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::RowOf(_) => false,
        Expr::Subquery(_) | Expr::Exists(_) | Expr::ArrayQuery(_) | Expr::InQuery(_, _) => false,
        Expr::Literal(_) | Expr::Param(_) | Expr::Default | Expr::Operator(_) => true,
        Expr::Call(call) => call.args.iter().chain(&call.extra).all(is_constant),
        Expr::Cast(inner, _) | Expr::Not(inner) | Expr::Field(inner, _) => is_constant(inner),
        Expr::Equal(left, right) => is_constant(left) && is_constant(right),
        Expr::In(left, list) => is_constant(left) && list.iter().all(is_constant),
        Expr::And(parts)
        | Expr::Or(parts)
        | Expr::Row(parts)
        | Expr::Array(parts)
        | Expr::Mix(parts) => parts.iter().all(is_constant),
        Expr::Case(parts, otherwise) => parts.iter().chain(otherwise.as_deref()).all(is_constant),
    }
}

/// Functions that give no error whatever their arguments' values are. Short on purpose: an error that depends on a value
/// tells the value bit by bit (`json_build_object` refuses a NULL key, `sum` overflows …).
const NEVER_FAIL: &[&str] = &[
    "btrim",
    "coalesce",
    "count",
    "length",
    "lower",
    "ltrim",
    "max",
    "min",
    "nullif",
    "rank",
    "row_number",
    "rtrim",
    "trim",
    "upper",
];

/// Whether working out an expression can end in an error that depends on the values in it (and may quote them).
pub(crate) fn can_fail(expr: &Expr) -> bool {
    match expr {
        Expr::Column(_) | Expr::RowOf(_) | Expr::Literal(_) | Expr::Param(_) | Expr::Default => {
            false
        }
        Expr::Call(call) => {
            let name = call.name.last().map_or("", |n| n.as_str());
            !NEVER_FAIL.contains(&name) || call.args.iter().chain(&call.extra).any(can_fail)
        }
        Expr::Cast(inner, target) => {
            let harmless = matches!(target.last().map(String::as_str), Some("text" | "varchar"));
            !harmless || can_fail(inner)
        }
        Expr::And(parts) | Expr::Or(parts) | Expr::Row(parts) | Expr::Array(parts) => {
            parts.iter().any(can_fail)
        }
        Expr::Case(parts, otherwise) => parts.iter().chain(otherwise.as_deref()).any(can_fail),
        // `(x).f` may be a call of f.
        Expr::Field(_, Some(_)) => true,
        Expr::Not(inner) | Expr::Field(inner, None) => can_fail(inner),
        Expr::Equal(left, right) => can_fail(left) || can_fail(right),
        Expr::In(left, list) => can_fail(left) || list.iter().any(can_fail),
        Expr::Mix(parts) => parts.iter().any(can_fail),
        Expr::Operator(path) => {
            !matches!(path.as_slice(), [o] if matches!(o.as_str(), "<" | ">" | "<=" | ">=" | "<>"))
        }
        Expr::Exists(_) | Expr::Subquery(_) | Expr::ArrayQuery(_) | Expr::InQuery(_, _) => true,
    }
}

/// Whether an item of ORDER BY, GROUP BY or DISTINCT ON is a position; which column, from 0. One that there is not is beyond
/// all.
pub(crate) fn as_position(expr: &Expr) -> Option<usize> {
    match expr {
        Expr::Literal(Literal::Integer(n)) => {
            let at = usize::try_from(*n).ok().and_then(|n| n.checked_sub(1));
            Some(at.unwrap_or(usize::MAX))
        }
        _ => None,
    }
}
