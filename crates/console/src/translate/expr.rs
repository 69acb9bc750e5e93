//! Expressions other than operators and calls.
//!
//! Owns: literals, columns, predicates, CASE, subqueries, arrays, casts. Refuses: every node it does not name.

use sqlparser::ast::{
    self, AccessExpr, BinaryOperator, CaseWhen, DataType, Expr, Query, Subscript, Value,
};

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

    fn is(
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

    fn distinct(
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

    fn in_list(
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

    fn in_subquery(
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
    fn any_or_all(
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

    fn case(
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

    fn array(&mut self, list: &[Expr], scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let items = list
            .iter()
            .map(|e| self.expr(e, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let (items, element) = self.alike(items, "ARRAY")?;
        let ty = if element.is_integer() {
            Ty::Int8Array
        } else {
            Ty::TextArray
        };
        let items = items
            .into_iter()
            .map(|ex| {
                if ty == Ty::TextArray {
                    self.as_text(ex)
                } else {
                    Ok(ex)
                }
            })
            .collect::<Result<Vec<_>, _>>()?;
        let list: Vec<String> = items.into_iter().map(|i| i.sql).collect();
        Ok(Ex::new(
            format!("json_array({})", list.join(", ")),
            ty,
            "array",
        ))
    }

    /// `ARRAY(SELECT …)`.
    pub(crate) fn array_of(&mut self, query: &Query, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let (sql, columns) = self.query(query, Some(scope), None)?;
        let [column] = columns.as_slice() else {
            return Err(Refusal::new(
                "42601",
                "subquery must return only one column",
            ));
        };
        let ty = if column.ty.is_integer() {
            Ty::Int8Array
        } else {
            Ty::TextArray
        };
        let inner = self.as_text(Ex::new("c1", column.ty, ""))?.sql;
        let value = if ty == Ty::Int8Array {
            "c1"
        } else {
            inner.as_str()
        };
        Ok(Ex::new(
            format!("(SELECT json_group_array({value}) FROM ({sql}))"),
            ty,
            "array",
        ))
    }

    /// `array[1]`.
    fn access(
        &mut self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let array = self.expr(root, scope)?;
        let [AccessExpr::Subscript(Subscript::Index { index })] = chain else {
            return Err(unsupported("this subscript"));
        };
        let element = match array.ty {
            Ty::TextArray => Ty::Text,
            Ty::Int8Array => Ty::Int8,
            _ => {
                return Err(Refusal::new(
                    "42804",
                    format!("cannot subscript type {}", array.ty.name()),
                ));
            }
        };
        let index = self.expr(index, scope)?;
        let index = self.coerce(index, Ty::Int8)?;
        Ok(Ex::new(
            format!("tg_array_item({}, {})", array.sql, index.sql),
            element,
            &array.name,
        ))
    }

    fn interval(&mut self, interval: &ast::Interval, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let mut value = self.expr(&interval.value, scope)?;
        if interval.last_field.is_some() {
            return Err(unsupported("INTERVAL … TO …"));
        }
        if let (Some(field), Some(Cell::Text(text))) = (&interval.leading_field, &value.literal) {
            let text = format!("{text} {field}");
            value = Ex::new(string(&text), Ty::Unknown, "interval");
            value.literal = Some(Cell::Text(text));
        }
        let mut ex = self.cast(value, Ty::Interval)?;
        ex.name = "interval".to_owned();
        Ok(ex)
    }

    /// Only UTC, which changes nothing but that the zone is no longer shown.
    fn at_time_zone(&mut self, expr: &Expr, zone: &Expr, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let zone = self.expr(zone, scope)?;
        match &zone.literal {
            Some(Cell::Text(z))
                if matches!(
                    z.to_ascii_lowercase().as_str(),
                    "utc" | "gmt" | "z" | "etc/utc"
                ) => {}
            _ => return Err(unsupported("time zones other than UTC")),
        }
        let ex = self.expr(expr, scope)?;
        let mut ex = self.coerce(ex, Ty::Timestamptz)?;
        ex.name = "timezone".to_owned();
        ex.origin = (0, 0);
        Ok(ex)
    }

    pub(crate) fn extract(&mut self, field: &str, ex: Ex) -> Result<Ex, Refusal> {
        let function = match ex.ty {
            Ty::Interval => "tg_extract_interval",
            Ty::Timestamptz | Ty::Date => "tg_extract",
            _ => {
                return Err(Refusal::new(
                    "42883",
                    format!("cannot extract from {}", ex.ty.name()),
                ));
            }
        };
        Ok(Ex::new(
            format!("{function}({}, {})", string(field), ex.sql),
            Ty::Float8,
            "extract",
        ))
    }

    fn rounded(&mut self, function: &str, expr: &Expr, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        let ex = self.expr(expr, scope)?;
        let ex = self.coerce(ex, Ty::Float8)?;
        Ok(Ex::new(
            format!("{function}({})", ex.sql),
            Ty::Float8,
            function,
        ))
    }

    fn substring(
        &mut self,
        expr: &Expr,
        from: Option<&Expr>,
        length: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let mut numbers = Vec::new();
        for part in [from, length] {
            numbers.push(match part {
                Some(e) => {
                    let ex = self.expr(e, scope)?;
                    Some(self.coerce(ex, Ty::Int8)?.sql)
                }
                None => None,
            });
        }
        let text = self.expr(expr, scope)?;
        let text = self.coerce(text, Ty::Text)?.sql;
        let from = numbers
            .first()
            .cloned()
            .flatten()
            .unwrap_or_else(|| "1".to_owned());
        let sql = match numbers.get(1).cloned().flatten() {
            Some(length) => format!("substr({text}, {from}, {length})"),
            None => format!("substr({text}, {from})"),
        };
        Ok(Ex::new(sql, Ty::Text, "substring"))
    }

    fn trim(
        &mut self,
        expr: &Expr,
        side: Option<ast::TrimWhereField>,
        what: Option<&Expr>,
        characters: Option<&[Expr]>,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        let function = match side {
            None | Some(ast::TrimWhereField::Both) => "trim",
            Some(ast::TrimWhereField::Leading) => "ltrim",
            Some(ast::TrimWhereField::Trailing) => "rtrim",
        };
        let text = self.expr(expr, scope)?;
        let text = self.coerce(text, Ty::Text)?.sql;
        let what = match (what, characters) {
            (Some(w), _) | (None, Some([w])) => {
                let ex = self.expr(w, scope)?;
                self.coerce(ex, Ty::Text)?.sql
            }
            _ => "' '".to_owned(),
        };
        let name = if function == "trim" {
            "btrim"
        } else {
            function
        };
        Ok(Ex::new(
            format!("{function}({text}, {what})"),
            Ty::Text,
            name,
        ))
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
    crate::catalog::type_named(&name)
        .ok_or_else(|| Refusal::new("42704", format!("type \"{name}\" does not exist")))
}
