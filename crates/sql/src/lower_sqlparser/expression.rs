//! Expressions.
//!
//! Owns: the lowering of `Expr`. Refuses: what only other dialects have. Long chains of operators nest to the left in
//! sqlparser's tree; they are walked down in a loop, so that depth is spent on brackets only.

use sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, CastKind, Expr as Sql, Interval, TypedString, UnaryOperator,
    Value, ValueWithSpan,
};

use super::operator::{Binary, binary, unary};
use super::source::Source;
use super::{Lowered, absent, literal, refuse};
use crate::form::{Call, Expr, Path};

impl Source<'_> {
    /// An expression.
    pub(super) fn expr(&self, expr: &Sql) -> Lowered<Expr> {
        match expr {
            Sql::Identifier(ident) => self.lone_word(ident),
            Sql::CompoundIdentifier(parts) => Ok(Expr::Column(
                self.path_of(&parts.iter().collect::<Vec<_>>())?,
            )),
            Sql::CompoundFieldAccess { root, access_chain } => self.access(root, access_chain),
            Sql::Value(value) => literal::value(value),
            Sql::Nested(inner) => self.expr(inner),
            Sql::BinaryOp {
                left: _,
                op: _,
                right: _,
            } => self.chain(expr),
            Sql::UnaryOp {
                op: UnaryOperator::Not,
                expr,
            } => Ok(Expr::Not(Box::new(self.expr(expr)?))),
            Sql::UnaryOp { op, expr } => Ok(Expr::mix([unary(*op)?, self.expr(expr)?])),
            Sql::Function(function) => self.call(function),
            Sql::Cast {
                kind: CastKind::Cast | CastKind::DoubleColon,
                expr,
                data_type,
                format,
            } => {
                absent(format.is_none(), "CAST with FORMAT is not PostgreSQL")?;
                Ok(Expr::Cast(
                    Box::new(self.expr(expr)?),
                    self.data_type(data_type)?,
                ))
            }
            Sql::TypedString(typed) => self.typed_string(typed),
            Sql::Interval(interval) => self.interval(interval),
            Sql::Subquery(query) => Ok(Expr::Subquery(Box::new(self.query(query)?))),
            Sql::Exists { subquery, negated } => {
                Ok(not(*negated, Expr::Exists(Box::new(self.query(subquery)?))))
            }
            Sql::Tuple(items) => Ok(Expr::Row(self.exprs(items)?)),
            Sql::Array(Array { elem, named: true }) => Ok(Expr::Array(self.array_elements(elem)?)),
            Sql::Case {
                case_token: _,
                end_token: _,
                operand,
                conditions,
                else_result,
            } => self.case(operand.as_deref(), conditions, else_result.as_deref()),
            Sql::QualifiedWildcard(name, _) => Ok(Expr::RowOf(self.path(name)?)),
            Sql::InList { .. }
            | Sql::InSubquery { .. }
            | Sql::AnyOp { .. }
            | Sql::AllOp { .. }
            | Sql::Between { .. }
            | Sql::Like { .. }
            | Sql::ILike { .. }
            | Sql::SimilarTo { .. } => self.comparison(expr),
            Sql::IsFalse(inner)
            | Sql::IsNotFalse(inner)
            | Sql::IsTrue(inner)
            | Sql::IsNotTrue(inner)
            | Sql::IsNull(inner)
            | Sql::IsNotNull(inner)
            | Sql::IsUnknown(inner)
            | Sql::IsNotUnknown(inner)
            | Sql::IsJson {
                expr: inner,
                kind: _,
                unique_keys: _,
                negated: _,
            }
            | Sql::IsNormalized {
                expr: inner,
                form: _,
                negated: _,
            } => Ok(Expr::mix([self.expr(inner)?])),
            Sql::IsDistinctFrom(left, right) | Sql::IsNotDistinctFrom(left, right) => {
                self.mix_of(&[left, right])
            }
            Sql::AtTimeZone {
                timestamp,
                time_zone,
            } => self.mix_of(&[timestamp, time_zone]),
            Sql::Collate { expr, collation } => {
                self.collation(collation)?;
                Ok(Expr::mix([self.expr(expr)?]))
            }
            Sql::Extract { .. }
            | Sql::Ceil { .. }
            | Sql::Floor { .. }
            | Sql::Position { .. }
            | Sql::Substring { .. }
            | Sql::Trim { .. }
            | Sql::Overlay { .. } => self.special_call(expr),
            Sql::Cast {
                kind: CastKind::TryCast | CastKind::SafeCast,
                ..
            }
            | Sql::Array(Array {
                elem: _,
                named: false,
            })
            | Sql::JsonAccess { .. }
            | Sql::InUnnest { .. }
            | Sql::RLike { .. }
            | Sql::Convert { .. }
            | Sql::Prefixed { .. }
            | Sql::GroupingSets(_)
            | Sql::Cube(_)
            | Sql::Rollup(_)
            | Sql::Struct { .. }
            | Sql::Named { .. }
            | Sql::Dictionary(_)
            | Sql::Map(_)
            | Sql::MatchAgainst { .. }
            | Sql::Wildcard(_)
            | Sql::OuterJoin(_)
            | Sql::Prior(_)
            | Sql::Lambda(_)
            | Sql::MemberOf(_) => {
                refuse("an expression that is not PostgreSQL, or has no place here")
            }
        }
    }

    /// Several expressions.
    pub(super) fn exprs(&self, exprs: &[Sql]) -> Lowered<Vec<Expr>> {
        exprs.iter().map(|expr| self.expr(expr)).collect()
    }

    /// An optional expression.
    pub(super) fn opt_expr(&self, expr: Option<&Sql>) -> Lowered<Option<Expr>> {
        expr.map(|expr| self.expr(expr)).transpose()
    }

    /// Several expressions that make one value by key words alone.
    pub(super) fn mix_of(&self, exprs: &[&Sql]) -> Lowered<Expr> {
        Ok(Expr::mix(
            exprs
                .iter()
                .map(|expr| self.expr(expr))
                .collect::<Lowered<Vec<_>>>()?,
        ))
    }

    /// A word on its own: a column, DEFAULT, or one of the functions without brackets that sqlparser does not know.
    fn lone_word(&self, ident: &sqlparser::ast::Ident) -> Lowered<Expr> {
        if ident.quote_style.is_none() {
            match ident.value.to_ascii_lowercase().as_str() {
                "default" => return Ok(Expr::Default),
                word @ ("current_role" | "current_schema") => return Ok(call(word, vec![])),
                _ => {}
            }
        }
        Ok(Expr::Column(vec![self.name(ident)?]))
    }

    /// Binary operators, down the left side.
    fn chain(&self, expr: &Sql) -> Lowered<Expr> {
        // From the last operator to the first one.
        let mut links: Vec<(&BinaryOperator, &Sql)> = Vec::new();
        let mut first = expr;
        while let Sql::BinaryOp { left, op, right } = first {
            links.push((op, right));
            first = left;
        }
        let mut whole = self.expr(first)?;
        // What is being put together, and its parts so far; `whole` is not in use meanwhile.
        let mut open: Option<(Gather, Vec<Expr>)> = None;
        for (op, right) in links.into_iter().rev() {
            let right = self.expr(right)?;
            let (gather, more) = match binary(op)? {
                Binary::And => (Gather::And, vec![right]),
                Binary::Or => (Gather::Or, vec![right]),
                Binary::Word => (Gather::Mix, vec![right]),
                Binary::Qualified(path) => (Gather::Mix, vec![Expr::Operator(path), right]),
                Binary::Plain(text) if text == "=" => {
                    if let Some((gather, parts)) = open.take() {
                        whole = gather.finish(parts);
                    }
                    whole = Expr::binary(whole, "=", right);
                    continue;
                }
                Binary::Plain(text) => (Gather::Mix, vec![Expr::operator(&text), right]),
            };
            let mut parts = match open.take() {
                Some((same, parts)) if same == gather => parts,
                Some((other, parts)) => vec![other.finish(parts)],
                None => vec![std::mem::replace(&mut whole, Expr::Default)],
            };
            parts.extend(more);
            open = Some((gather, parts));
        }
        Ok(match open {
            Some((gather, parts)) => gather.finish(parts),
            None => whole,
        })
    }

    /// `date '…'`, `bool 't'`: a cast.
    fn typed_string(&self, typed: &TypedString) -> Lowered<Expr> {
        let TypedString {
            data_type,
            value,
            uses_odbc_syntax,
        } = typed;
        absent(!uses_odbc_syntax, "{d '…'} is not PostgreSQL")?;
        string_only(value)?;
        Ok(Expr::Cast(
            Box::new(literal::value(value)?),
            self.data_type(data_type)?,
        ))
    }

    /// `INTERVAL '…' DAY`.
    fn interval(&self, interval: &Interval) -> Lowered<Expr> {
        let Interval {
            value,
            leading_field: _,
            leading_precision: _,
            last_field: _,
            fractional_seconds_precision: _,
        } = interval;
        let Sql::Value(value) = value.as_ref() else {
            return refuse("INTERVAL of what is no string");
        };
        string_only(value)?;
        let bounds = ["between", "and", "range", "rows", "groups"];
        if bounds.iter().any(|w| self.after(value.span.start, w)) {
            // A string as the bound of a frame: sqlparser takes it for an interval.
            return literal::value(value);
        }
        Ok(Expr::Cast(
            Box::new(literal::value(value)?),
            vec!["interval".to_owned()],
        ))
    }

    /// ARRAY's elements; inner brackets, and an ARRAY in it, are no arrays of their own.
    fn array_elements(&self, elements: &[Sql]) -> Lowered<Vec<Expr>> {
        let mut flat = Vec::new();
        for element in elements {
            match element {
                Sql::Array(Array { elem, named: false }) => flat.extend(self.array_elements(elem)?),
                other => match self.expr(other)? {
                    Expr::Array(inner) => flat.extend(inner),
                    one => flat.push(one),
                },
            }
        }
        Ok(flat)
    }

    fn case(
        &self,
        operand: Option<&Sql>,
        conditions: &[CaseWhen],
        default: Option<&Sql>,
    ) -> Lowered<Expr> {
        let mut parts = Vec::new();
        parts.extend(self.opt_expr(operand)?);
        for CaseWhen { condition, result } in conditions {
            parts.push(self.expr(condition)?);
            parts.push(self.expr(result)?);
        }
        Ok(Expr::Case(parts, self.opt_expr(default)?.map(Box::new)))
    }

    /// A collation is nothing to us, but a name it must be.
    pub(super) fn collation(&self, name: &sqlparser::ast::ObjectName) -> Lowered<Path> {
        self.path(name)
    }
}

/// A call by a plain name.
pub(super) fn call(name: &str, args: Vec<Expr>) -> Expr {
    Expr::Call(Box::new(Call {
        name: vec![name.to_owned()],
        args,
        extra: vec![],
    }))
}

/// An expression without the brackets around it.
pub(super) fn bare(mut expr: &Sql) -> &Sql {
    while let Sql::Nested(inner) = expr {
        expr = inner;
    }
    expr
}

/// NOT, where it is there.
pub(super) fn not(negated: bool, expr: Expr) -> Expr {
    if negated {
        Expr::Not(Box::new(expr))
    } else {
        expr
    }
}

/// What a chain of operators becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gather {
    And,
    Or,
    Mix,
}

impl Gather {
    fn finish(self, parts: Vec<Expr>) -> Expr {
        match self {
            Gather::And => Expr::and(parts),
            Gather::Or => Expr::or(parts),
            Gather::Mix => Expr::mix(parts),
        }
    }
}

/// What stands after a type's name must be a string: `date 5` is a column with an alias to nobody.
fn string_only(value: &ValueWithSpan) -> Lowered<()> {
    match &value.value {
        Value::SingleQuotedString(_)
        | Value::EscapedStringLiteral(_)
        | Value::UnicodeStringLiteral(_)
        | Value::DollarQuotedString(_) => Ok(()),
        _ => refuse("a type's name before what is no string"),
    }
}
