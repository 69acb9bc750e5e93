//! Subscripts and fields of values.
//!
//! Owns: the lowering of `CompoundFieldAccess`. Refuses: steps in a slice, and fields that are no names.

use sqlparser::ast::{AccessExpr, Expr as Sql, Function, FunctionArguments, Ident, Subscript};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::Expr;

impl Source<'_> {
    /// `(x).name`, `f(x).name`, `a[1]`, `t.a[1].b`.
    pub(super) fn access(&self, root: &Sql, chain: &[AccessExpr]) -> Lowered<Expr> {
        let mut chain = chain.iter().peekable();
        // Names up to the first subscript are one column.
        let mut value = match root {
            Sql::Identifier(first) => {
                let mut parts: Vec<&Ident> = vec![first];
                while let Some(AccessExpr::Dot(Sql::Identifier(part))) =
                    chain.next_if(|link| matches!(link, AccessExpr::Dot(Sql::Identifier(_))))
                {
                    parts.push(part);
                }
                Expr::Column(self.path_of(&parts)?)
            }
            Sql::Function(Function {
                args: FunctionArguments::None,
                ..
            }) => {
                return refuse("a field of a key word that is a function");
            }
            other => self.expr(other)?,
        };
        for link in chain {
            value = match link {
                AccessExpr::Dot(Sql::Identifier(field)) => {
                    Expr::Field(Box::new(value), Some(self.label(field)?))
                }
                AccessExpr::Dot(_) => return refuse("a field that is no name"),
                AccessExpr::Subscript(subscript) => self.subscript(value, subscript)?,
            };
        }
        Ok(value)
    }

    fn subscript(&self, value: Expr, subscript: &Subscript) -> Lowered<Expr> {
        let mut parts = vec![value];
        match subscript {
            Subscript::Index { index } => parts.push(self.expr(index)?),
            Subscript::Slice {
                lower_bound,
                upper_bound,
                stride,
            } => {
                absent(stride.is_none(), "a slice with a step is not PostgreSQL")?;
                parts.extend(self.opt_expr(lower_bound.as_ref())?);
                parts.extend(self.opt_expr(upper_bound.as_ref())?);
            }
        }
        Ok(Expr::mix(parts))
    }
}
