//! Tests and choices: IS, IN, ANY, ALL, CASE.
//!
//! Owns: bringing the sides of each to one type. Refuses: comparisons of a row with a subquery, but for equality.

use sqlparser::ast::{BinaryOperator, CaseWhen, Expr, Query};

use super::{Ex, Scope, Translator, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;

impl Translator<'_> {
    pub(super) fn is(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
        test: &str,
        boolean: bool,
    ) -> Result<Ex, Refusal> {
        let sql = if boolean {
            self.boolean(expr, scope, test)?
        } else {
            self.expr(expr, scope)?.sql
        };
        Ok(Ex::new(format!("({sql} {test})"), Ty::Bool, "?column?"))
    }

    pub(super) fn distinct(
        &mut self,
        word: &str,
        left: &Expr,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let (left, right) = (self.expr(left, scope)?, self.expr(right, scope)?);
        let (left, right, _) = self.meet("=", left, right)?;
        Ok(Ex::new(
            format!("({} {word} {})", left.sql, right.sql),
            Ty::Bool,
            "?column?",
        ))
    }

    pub(super) fn in_list(
        &mut self,
        expr: &Expr,
        list: &[Expr],
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let mut left = self.expr(expr, scope)?;
        let mut items = list
            .iter()
            .map(|e| self.expr(e, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let mut ty = left.ty;
        for item in &items {
            ty = super::operator::unify(ty, item.ty).ok_or_else(|| {
                Refusal::new("42883", "operator does not exist between IN and its list")
            })?;
        }
        left = self.coerce(left, ty)?;
        items = items
            .into_iter()
            .map(|i| self.coerce(i, ty))
            .collect::<Result<Vec<_>, _>>()?;
        let list: Vec<String> = items.into_iter().map(|i| i.sql).collect();
        let not = if negated { "NOT " } else { "" };
        Ok(Ex::new(
            format!("({} {not}IN ({}))", left.sql, list.join(", ")),
            Ty::Bool,
            "?column?",
        ))
    }

    pub(super) fn in_subquery(
        &mut self,
        left: Ex,
        query: &Query,
        negated: bool,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let (sql, columns) = self.query(query, Some(scope), None)?;
        let [column] = columns.as_slice() else {
            return Err(Refusal::new("42601", "subquery has too many columns"));
        };
        let ty = super::operator::unify(left.ty, column.ty).ok_or_else(|| {
            Refusal::new(
                "42883",
                "operator does not exist between IN and its subquery",
            )
        })?;
        let left = self.coerce(left, ty)?;
        let not = if negated { "NOT " } else { "" };
        Ok(Ex::new(
            format!("({} {not}IN ({sql}))", left.sql),
            Ty::Bool,
            "?column?",
        ))
    }

    /// `left = ANY (array or subquery)` and ALL.
    pub(super) fn any_or_all(
        &mut self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &Scope<'_>,
        all: bool,
    ) -> Result<Ex, Refusal> {
        let left = self.expr(left, scope)?;
        let mut inner = right;
        while let Expr::Nested(e) = inner {
            inner = e;
        }
        if let Expr::Subquery(query) = inner {
            return match (op, all) {
                (BinaryOperator::Eq, false) => self.in_subquery(left, query, false, scope),
                (BinaryOperator::NotEq, true) => self.in_subquery(left, query, true, scope),
                _ => Err(unsupported("this comparison with a subquery")),
            };
        }
        let array = self.expr(inner, scope)?;
        let array = match array.ty {
            Ty::Unknown if left.ty.is_integer() => self.coerce(array, Ty::Int8Array)?,
            Ty::Unknown => self.coerce(array, Ty::TextArray)?,
            ty if ty.is_array() => array,
            _ => {
                return Err(Refusal::new(
                    "42809",
                    "op ANY/ALL (array) requires array on right side",
                ));
            }
        };
        let word = match op {
            BinaryOperator::Eq => "=",
            BinaryOperator::NotEq => "<>",
            BinaryOperator::Lt => "<",
            BinaryOperator::LtEq => "<=",
            BinaryOperator::Gt => ">",
            BinaryOperator::GtEq => ">=",
            _ => return Err(unsupported("this operator before ANY or ALL")),
        };
        let (value, element) = if array.ty == Ty::Int8Array {
            ("CAST(value AS INTEGER)", Ty::Int8)
        } else {
            ("value", Ty::Text)
        };
        let test = self.compare(word, left, Ex::new(value, element, ""))?.sql;
        let sql = if all {
            format!(
                "(NOT EXISTS (SELECT 1 FROM json_each({}) WHERE NOT {test}))",
                array.sql
            )
        } else {
            format!(
                "EXISTS (SELECT 1 FROM json_each({}) WHERE {test})",
                array.sql
            )
        };
        Ok(Ex::new(
            format!("CASE WHEN {} IS NULL THEN NULL ELSE {sql} END", array.sql),
            Ty::Bool,
            "?column?",
        ))
    }

    pub(super) fn case(
        &mut self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for branch in conditions {
            tests.push(match operand {
                Some(operand) => {
                    let (left, right) = (
                        self.expr(operand, scope)?,
                        self.expr(&branch.condition, scope)?,
                    );
                    self.compare("=", left, right)?.sql
                }
                None => self.boolean(&branch.condition, scope, "CASE/WHEN")?,
            });
            results.push(self.expr(&branch.result, scope)?);
        }
        if let Some(e) = otherwise {
            results.push(self.expr(e, scope)?);
        }
        let (results, ty) = self.alike(results, "CASE")?;
        let mut sql = String::from("CASE");
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {test} THEN {}", result.sql));
        }
        if let (Some(_), Some(last)) = (otherwise, results.last()) {
            sql.push_str(&format!(" ELSE {}", last.sql));
        }
        sql.push_str(" END");
        Ok(Ex::new(format!("({sql})"), ty, "case"))
    }

    /// Brings several expressions to one type.
    pub(crate) fn alike(&mut self, list: Vec<Ex>, what: &str) -> Result<(Vec<Ex>, Ty), Refusal> {
        let mut ty = Ty::Unknown;
        for ex in &list {
            ty = super::operator::unify(ty, ex.ty).ok_or_else(|| {
                Refusal::new(
                    "42804",
                    format!(
                        "{what} types {} and {} cannot be matched",
                        ty.name(),
                        ex.ty.name()
                    ),
                )
            })?;
        }
        if ty == Ty::Unknown {
            ty = Ty::Text;
        }
        let list = list
            .into_iter()
            .map(|ex| self.coerce(ex, ty))
            .collect::<Result<Vec<_>, _>>()?;
        Ok((list, ty))
    }
}
