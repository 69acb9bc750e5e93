//! Expressions other than operators and calls.
//!
//! Owns: literals, columns, predicates, CASE, subqueries, arrays, casts. Refuses: every node it does not name.

use sqlparser::ast::{self, DataType, Expr, Value};

use super::{Ex, Scope, Translator, fold, literal, parts, string, unsupported};
use crate::cell::{Cell, Ty};
use crate::desk::Refusal;

impl Translator<'_> {
    /// Any expression.
    pub(crate) fn expr(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        self.deeper(|t| t.expr_here(expr, scope))
    }

    fn expr_here(&mut self, expr: &Expr, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        match expr {
            Expr::Identifier(ident) => self.bare(ident, scope),
            Expr::CompoundIdentifier(idents) => {
                let names: Vec<String> = idents.iter().map(fold).collect();
                match names.as_slice() {
                    [item, column] => scope.qualified(item, column),
                    [_, item, column] => scope.qualified(item, column),
                    _ => Err(unsupported("this qualified name")),
                }
            }
            Expr::Value(value) => self.value(&value.value),
            Expr::Nested(inner) => self.expr(inner, scope),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            Expr::UnaryOp { op, expr } => self.unary(op, expr, scope),
            Expr::IsTrue(e) => self.is(e, scope, "IS TRUE", true),
            Expr::IsNotTrue(e) => self.is(e, scope, "IS NOT TRUE", true),
            Expr::IsFalse(e) => self.is(e, scope, "IS FALSE", true),
            Expr::IsNotFalse(e) => self.is(e, scope, "IS NOT FALSE", true),
            Expr::IsNull(e) => self.is(e, scope, "IS NULL", false),
            Expr::IsNotNull(e) => self.is(e, scope, "IS NOT NULL", false),
            Expr::IsUnknown(e) => self.is(e, scope, "IS NULL", true),
            Expr::IsNotUnknown(e) => self.is(e, scope, "IS NOT NULL", true),
            Expr::IsDistinctFrom(l, r) => self.distinct("IS NOT", l, r, scope),
            Expr::IsNotDistinctFrom(l, r) => self.distinct("IS", l, r, scope),
            Expr::InList {
                expr,
                list,
                negated,
            } => self.in_list(expr, list, *negated, scope),
            Expr::InSubquery {
                expr,
                subquery,
                negated,
            } => {
                let left = self.expr(expr, scope)?;
                self.in_subquery(left, subquery, *negated, scope)
            }
            Expr::Between {
                expr,
                negated,
                low,
                high,
            } => {
                let low_side = (self.expr(expr, scope)?, self.expr(low, scope)?);
                let high_side = (self.expr(expr, scope)?, self.expr(high, scope)?);
                let low = self.compare(">=", low_side.0, low_side.1)?.sql;
                let high = self.compare("<=", high_side.0, high_side.1)?.sql;
                let not = if *negated { "NOT " } else { "" };
                Ok(Ex::new(
                    format!("({not}({low} AND {high}))"),
                    Ty::Bool,
                    "?column?",
                ))
            }
            Expr::Like {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => {
                let (left, right) = (self.expr(expr, scope)?, self.expr(pattern, scope)?);
                self.matches(if *negated { "!~~" } else { "~~" }, left, right)
            }
            Expr::ILike {
                negated,
                any: false,
                expr,
                pattern,
                escape_char: None,
            } => {
                let (left, right) = (self.expr(expr, scope)?, self.expr(pattern, scope)?);
                self.matches(if *negated { "!~~*" } else { "~~*" }, left, right)
            }
            Expr::AnyOp {
                left,
                compare_op,
                right,
                is_some: _,
            } => self.any_or_all(left, compare_op, right, scope, false),
            Expr::AllOp {
                left,
                compare_op,
                right,
            } => self.any_or_all(left, compare_op, right, scope, true),
            Expr::Cast {
                kind: ast::CastKind::Cast | ast::CastKind::DoubleColon,
                expr,
                data_type,
                format: None,
            } => {
                let ty = type_of(data_type)?;
                let ex = self.expr(expr, scope)?;
                self.cast(ex, ty)
            }
            Expr::TypedString(typed) => {
                let ty = type_of(&typed.data_type)?;
                let ex = self.value(&typed.value.value)?;
                self.cast(ex, ty)
            }
            Expr::Interval(interval) => self.interval(interval, scope),
            Expr::AtTimeZone {
                timestamp,
                time_zone,
            } => self.at_time_zone(timestamp, time_zone, scope),
            Expr::Extract { field, expr, .. } => {
                let field = field.to_string();
                let ex = self.expr(expr, scope)?;
                self.extract(&field, ex)
            }
            Expr::Ceil {
                expr,
                field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
            } => self.rounded("ceil", expr, scope),
            Expr::Floor {
                expr,
                field: ast::CeilFloorKind::DateTimeField(ast::DateTimeField::NoDateTime),
            } => self.rounded("floor", expr, scope),
            Expr::Position { expr, r#in } => {
                let (needle, hay) = (self.expr(expr, scope)?, self.expr(r#in, scope)?);
                let (needle, hay) = (self.coerce(needle, Ty::Text)?, self.coerce(hay, Ty::Text)?);
                Ok(Ex::new(
                    format!("instr({}, {})", hay.sql, needle.sql),
                    Ty::Int4,
                    "position",
                ))
            }
            Expr::Substring {
                expr,
                substring_from,
                substring_for,
                ..
            } => self.substring(
                expr,
                substring_from.as_deref(),
                substring_for.as_deref(),
                scope,
            ),
            Expr::Trim {
                expr,
                trim_where,
                trim_what,
                trim_characters,
            } => self.trim(
                expr,
                *trim_where,
                trim_what.as_deref(),
                trim_characters.as_deref(),
                scope,
            ),
            // Texts are compared byte by byte here, whatever the collation.
            Expr::Collate { expr, collation: _ } => self.expr(expr, scope),
            Expr::Function(function) => self.call(function, scope),
            Expr::Case {
                operand,
                conditions,
                else_result,
                ..
            } => self.case(
                operand.as_deref(),
                conditions,
                else_result.as_deref(),
                scope,
            ),
            Expr::Exists { subquery, negated } => {
                let (sql, _) = self.query(subquery, Some(scope), None)?;
                let not = if *negated { "NOT " } else { "" };
                Ok(Ex::new(
                    format!("({not}EXISTS ({sql}))"),
                    Ty::Bool,
                    "exists",
                ))
            }
            Expr::Subquery(query) => {
                let (sql, columns) = self.query(query, Some(scope), None)?;
                match columns.as_slice() {
                    [one] => Ok(Ex::new(format!("({sql})"), one.ty, &one.name)),
                    _ => Err(Refusal::new(
                        "42601",
                        "subquery must return only one column",
                    )),
                }
            }
            Expr::Array(array) => self.array(&array.elem, scope),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.access(root, access_chain, scope)
            }
            _ => Err(unsupported("this expression")),
        }
    }

    /// A bare name: a column, or one of the words that PostgreSQL calls without parentheses.
    fn bare(&mut self, ident: &ast::Ident, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let name = fold(ident);
        if let Some(ex) = scope.column(&name)? {
            return Ok(ex);
        }
        if ident.quote_style.is_none()
            && let Some(ex) = self.word(&name)
        {
            return Ok(ex);
        }
        // `SELECT s FROM generate_series(1, 3) s`: the item's only column.
        if let Some(item) = scope.item(&name) {
            if let [only] = item.columns.as_slice() {
                return Ok(only.ex());
            }
            return Err(unsupported(format!(
                "whole rows: name the columns of \"{name}\""
            )));
        }
        Err(Refusal::new(
            "42703",
            format!("column \"{name}\" does not exist"),
        ))
    }

    fn value(&mut self, value: &Value) -> Result<Ex, Refusal> {
        let text = match value {
            Value::Number(digits, _) => return number(digits),
            Value::Boolean(b) => return Ok(Ex::new(if *b { "1" } else { "0" }, Ty::Bool, "bool")),
            Value::Null => {
                let mut ex = Ex::new("NULL", Ty::Unknown, "?column?");
                ex.literal = Some(Cell::Null);
                return Ok(ex);
            }
            Value::Placeholder(name) => return self.placeholder(name),
            Value::SingleQuotedString(s)
            | Value::EscapedStringLiteral(s)
            | Value::UnicodeStringLiteral(s) => s.clone(),
            Value::DollarQuotedString(s) => s.value.clone(),
            _ => return Err(unsupported("this kind of literal")),
        };
        if text.contains('\0') {
            return Err(Refusal::new(
                "22021",
                "a string must not contain a zero byte",
            ));
        }
        let mut ex = Ex::new(string(&text), Ty::Unknown, "?column?");
        ex.literal = Some(Cell::Text(text));
        Ok(ex)
    }

    fn placeholder(&mut self, name: &str) -> Result<Ex, Refusal> {
        let bad = || Refusal::new("42P02", format!("there is no parameter {name}"));
        let number: u16 = name
            .strip_prefix('$')
            .and_then(|n| n.parse().ok())
            .ok_or_else(bad)?;
        let at = usize::from(number).checked_sub(1).ok_or_else(bad)?;
        // SQLite numbers parameters up to 32766.
        if number > 32_766 {
            return Err(bad());
        }
        while self.parameters.len() <= at {
            self.parameters.push(Ty::Unknown);
        }
        let ty = self.parameters.get(at).copied().unwrap_or(Ty::Unknown);
        let mut ex = Ex::new(format!("?{number}"), ty, "?column?");
        ex.parameter = Some(at);
        Ok(ex)
    }
}

fn number(digits: &str) -> Result<Ex, Refusal> {
    let (cell, ty) = match digits.parse::<i64>() {
        Ok(v) if i32::try_from(v).is_ok() => (Cell::Int(v), Ty::Int4),
        Ok(v) => (Cell::Int(v), Ty::Int8),
        Err(_) => {
            let value: f64 = digits
                .parse()
                .map_err(|_| Refusal::new("42601", format!("not a number: {digits}")))?;
            (Cell::Real(value), Ty::Float8)
        }
    };
    let mut ex = Ex::new(literal(&cell), ty, "?column?");
    ex.literal = Some(cell);
    Ok(ex)
}

/// The console's type for a type of the syntax tree.
pub(crate) fn type_of(data_type: &DataType) -> Result<Ty, Refusal> {
    if let DataType::Array(
        ast::ArrayElemTypeDef::SquareBracket(inner, _)
        | ast::ArrayElemTypeDef::AngleBracket(inner)
        | ast::ArrayElemTypeDef::Parenthesis(inner),
    ) = data_type
    {
        let element = type_of(inner)?;
        return Ok(if element.is_integer() {
            Ty::Int8Array
        } else {
            Ty::TextArray
        });
    }
    let name = match data_type {
        DataType::Custom(name, _) => parts(name)?.pop().unwrap_or_default(),
        DataType::Char(_) | DataType::Character(_) => "bpchar".to_owned(),
        DataType::Timestamp(..) => "timestamptz".to_owned(),
        DataType::Numeric(_) | DataType::Decimal(_) => "numeric".to_owned(),
        other => {
            // `VARCHAR(10)`, `DOUBLE PRECISION`, `INTERVAL`: the words before a bracket.
            let text = other.to_string().to_ascii_lowercase();
            text.split('(').next().unwrap_or("").trim().to_owned()
        }
    };
    crate::name::type_named(&name)
        .ok_or_else(|| Refusal::new("42704", format!("type \"{name}\" does not exist")))
}
