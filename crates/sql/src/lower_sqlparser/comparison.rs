//! Comparisons by key words, and functions with a syntax of their own.
//!
//! Owns: their lowering. Refuses: the forms of them that PostgreSQL does not have.

use sqlparser::ast::{BinaryOperator, CeilFloorKind, DateTimeField, Expr as Sql, ExtractSyntax};

use super::expression::{bare, call, not};
use super::operator::{Binary, binary};
use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::Expr;

impl Source<'_> {
    /// Comparisons by key words.
    pub(super) fn comparison(&self, expr: &Sql) -> Lowered<Expr> {
        match expr {
            Sql::InList {
                expr,
                list,
                negated,
            } => {
                let left = Box::new(self.expr(expr)?);
                // `x IN ((SELECT …))` is `x IN (SELECT …)` to PostgreSQL.
                let inner = match list.as_slice() {
                    [one] => match bare(one) {
                        Sql::Subquery(query) => Expr::InQuery(left, Box::new(self.query(query)?)),
                        other => Expr::In(left, vec![self.expr(other)?]),
                    },
                    [] => return refuse("IN () is not PostgreSQL"),
                    several => Expr::In(left, self.exprs(several)?),
                };
                Ok(not(*negated, inner))
            }
            Sql::InSubquery {
                expr,
                subquery,
                negated,
            } => Ok(not(
                *negated,
                Expr::InQuery(Box::new(self.expr(expr)?), Box::new(self.query(subquery)?)),
            )),
            Sql::AnyOp {
                left,
                compare_op: BinaryOperator::Eq,
                right,
                is_some: _,
            } => {
                let left = Box::new(self.expr(left)?);
                Ok(match bare(right) {
                    Sql::Subquery(query) => Expr::InQuery(left, Box::new(self.query(query)?)),
                    other => Expr::In(left, vec![self.expr(other)?]),
                })
            }
            Sql::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            }
            | Sql::AllOp {
                left,
                compare_op,
                right,
            } => {
                let operator = match binary(compare_op)? {
                    Binary::Plain(text) => Expr::operator(&text),
                    Binary::Qualified(path) => Expr::Operator(path),
                    Binary::And | Binary::Or | Binary::Word => {
                        return refuse("ANY or ALL without an operator");
                    }
                };
                Ok(Expr::mix([self.expr(left)?, operator, self.expr(right)?]))
            }
            Sql::Between {
                expr,
                negated: _,
                low,
                high,
            } => self.mix_of(&[expr, low, high]),
            Sql::Like {
                negated: _,
                any,
                expr,
                pattern,
                escape_char,
            }
            | Sql::ILike {
                negated: _,
                any,
                expr,
                pattern,
                escape_char,
            } => {
                absent(!any, "LIKE ANY without an array is not PostgreSQL")?;
                self.pattern(expr, pattern, escape_char.as_deref())
            }
            Sql::SimilarTo {
                negated: _,
                expr,
                pattern,
                escape_char,
            } => self.pattern(expr, pattern, escape_char.as_deref()),
            _ => refuse("not a comparison"),
        }
    }

    pub(super) fn pattern(&self, expr: &Sql, pattern: &Sql, escape: Option<&Sql>) -> Lowered<Expr> {
        let mut parts = vec![self.expr(expr)?, self.expr(pattern)?];
        parts.extend(self.opt_expr(escape)?);
        Ok(Expr::mix(parts))
    }

    /// Functions with a syntax of their own.
    pub(super) fn special_call(&self, expr: &Sql) -> Lowered<Expr> {
        Ok(match expr {
            Sql::Extract {
                field: _,
                syntax: ExtractSyntax::From,
                expr,
            } => call("extract", vec![self.expr(expr)?]),
            Sql::Ceil {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => call("ceil", vec![self.expr(expr)?]),
            Sql::Floor {
                expr,
                field: CeilFloorKind::DateTimeField(DateTimeField::NoDateTime),
            } => call("floor", vec![self.expr(expr)?]),
            Sql::Position { expr, r#in } => {
                call("position", vec![self.expr(expr)?, self.expr(r#in)?])
            }
            Sql::Substring {
                expr,
                substring_from,
                substring_for,
                special: _,
                shorthand,
            } => {
                let mut args = vec![self.expr(expr)?];
                args.extend(self.opt_expr(substring_from.as_deref())?);
                args.extend(self.opt_expr(substring_for.as_deref())?);
                call(if *shorthand { "substr" } else { "substring" }, args)
            }
            Sql::Trim {
                trim_where: _,
                trim_what,
                expr,
                trim_characters,
            } => {
                let mut args = Vec::new();
                args.extend(self.opt_expr(trim_what.as_deref())?);
                args.push(self.expr(expr)?);
                args.extend(self.exprs(trim_characters.as_deref().unwrap_or_default())?);
                call("trim", args)
            }
            Sql::Overlay {
                expr,
                overlay_what,
                overlay_from,
                overlay_for,
            } => {
                let mut args = vec![
                    self.expr(expr)?,
                    self.expr(overlay_what)?,
                    self.expr(overlay_from)?,
                ];
                args.extend(self.opt_expr(overlay_for.as_deref())?);
                call("overlay", args)
            }
            _ => return refuse("a function's syntax that is not PostgreSQL"),
        })
    }
}
