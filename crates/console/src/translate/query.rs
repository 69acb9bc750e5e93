//! Queries: WITH, set operations, VALUES, ORDER BY, LIMIT.
//!
//! Owns: everything around a SELECT, which is in `select.rs`. Refuses: statements that change relations, also inside
//! WITH; locks.

use sqlparser::ast::{
    self, Expr, LimitClause, OrderByExpr, OrderByKind, Query, SetExpr, SetOperator, SetQuantifier,
};

use super::{Cte, Ex, Output, Scope, Source, Translator, fold, quote, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;

/// A translated query: its SQL, and what its columns are called. In the engine they are `c1`, `c2` …
pub(crate) type Translated = (String, Vec<Ex>);

impl Translator<'_> {
    /// The outermost query.
    pub(crate) fn top(&mut self, query: &Query) -> Result<(String, Vec<Output>), Refusal> {
        let mut outputs = Vec::new();
        let (sql, engine) = self.query(query, None, Some(&mut outputs))?;
        if outputs.is_empty() {
            outputs = engine
                .iter()
                .enumerate()
                .map(|(i, ex)| output(ex, i))
                .collect();
        }
        Ok((sql, outputs))
    }

    /// A query. `acts` is given for the outermost one only: there it takes the columns where a verb acts among them.
    pub(crate) fn query(
        &mut self,
        query: &Query,
        outer: Option<&Scope<'_>>,
        acts: Option<&mut Vec<Output>>,
    ) -> Result<Translated, Refusal> {
        let Query {
            with,
            body,
            order_by,
            limit_clause,
            fetch,
            locks,
            for_clause,
            settings,
            format_clause,
            pipe_operators,
        } = query;
        if for_clause.is_some()
            || settings.is_some()
            || format_clause.is_some()
            || !pipe_operators.is_empty()
        {
            return Err(unsupported("this clause"));
        }
        if !locks.is_empty() {
            return Err(unsupported("FOR UPDATE: its relations are read-only"));
        }
        let known = self.ctes.len();
        let result = self.deeper(|t| {
            let mut sql = String::new();
            if let Some(with) = with {
                sql.push_str(&t.with(with, outer)?);
            }
            let orders = match order_by {
                None => &[][..],
                Some(o) if o.interpolate.is_some() => return Err(unsupported("INTERPOLATE")),
                Some(o) => match &o.kind {
                    OrderByKind::Expressions(list) => list.as_slice(),
                    OrderByKind::All(_) => return Err(unsupported("ORDER BY ALL")),
                },
            };
            let columns = match body.as_ref() {
                SetExpr::Select(select) => {
                    let (text, columns) = t.select(select, orders, outer, acts)?;
                    sql.push_str(&text);
                    columns
                }
                other => {
                    let (text, columns) = t.body(other, outer)?;
                    sql.push_str(&text);
                    sql.push_str(&t.order_of_set(orders, &columns)?);
                    columns
                }
            };
            sql.push_str(&t.limits(limit_clause.as_ref(), fetch.as_ref(), outer)?);
            Ok((sql, columns))
        });
        self.ctes.truncate(known);
        result
    }

    fn with(&mut self, with: &ast::With, outer: Option<&Scope<'_>>) -> Result<String, Refusal> {
        let mut list = Vec::new();
        for cte in &with.cte_tables {
            if cte.from.is_some() {
                return Err(unsupported("WITH … FROM"));
            }
            let name = fold(&cte.alias.name);
            let renamed: Vec<String> = cte.alias.columns.iter().map(|c| fold(&c.name)).collect();
            if with.recursive {
                // The first arm gives the types; then the whole can refer to itself.
                if let SetExpr::SetOperation { left, .. } = cte.query.body.as_ref() {
                    let wanted = self.wanted.len();
                    if let Ok((_, columns)) = self.body(left, outer) {
                        let columns = named(&columns, &renamed)?;
                        self.ctes.push(Cte {
                            name: name.clone(),
                            columns,
                        });
                    } else {
                        self.wanted.truncate(wanted);
                    }
                }
            }
            let (sql, columns) = self.query(&cte.query, outer, None)?;
            let columns = named(&columns, &renamed)?;
            let names: Vec<String> = (1..=columns.len()).map(|i| format!("c{i}")).collect();
            list.push(format!(
                "{} ({}) AS ({sql})",
                quote(&format!("cte:{name}")),
                names.join(", ")
            ));
            self.ctes.push(Cte { name, columns });
        }
        Ok(format!(
            "WITH {}{} ",
            if with.recursive { "RECURSIVE " } else { "" },
            list.join(", ")
        ))
    }

    /// What a set operation is made of.
    fn body(&mut self, body: &SetExpr, outer: Option<&Scope<'_>>) -> Result<Translated, Refusal> {
        self.deeper(|t| match body {
            SetExpr::Select(select) => t.select(select, &[], outer, None),
            SetExpr::Query(query) => {
                let (sql, columns) = t.query(query, outer, None)?;
                Ok((format!("SELECT * FROM ({sql})"), columns))
            }
            SetExpr::Values(values) => t.values(values, outer),
            SetExpr::SetOperation {
                left,
                op,
                set_quantifier,
                right,
            } => {
                let (left_sql, left_columns) = t.arm(left, outer)?;
                let (right_sql, right_columns) = t.arm(right, outer)?;
                let word = match (op, set_quantifier) {
                    (SetOperator::Union, SetQuantifier::All) => "UNION ALL",
                    (SetOperator::Union, SetQuantifier::None | SetQuantifier::Distinct) => "UNION",
                    (SetOperator::Intersect, SetQuantifier::None | SetQuantifier::Distinct) => "INTERSECT",
                    (SetOperator::Except, SetQuantifier::None | SetQuantifier::Distinct) => "EXCEPT",
                    _ => return Err(unsupported("this set operation")),
                };
                if left_columns.len() != right_columns.len() {
                    return Err(Refusal::new(
                        "42601",
                        format!("each {word} query must have the same number of columns"),
                    ));
                }
                let columns = left_columns
                    .into_iter()
                    .zip(right_columns)
                    .map(|(l, r)| {
                        let ty = super::operator::unify(l.ty, r.ty).ok_or_else(|| {
                            Refusal::new(
                                "42804",
                                format!("{word} types {} and {} cannot be matched", l.ty.name(), r.ty.name()),
                            )
                        })?;
                        Ok(Ex::new(l.sql, ty, &l.name))
                    })
                    .collect::<Result<Vec<_>, Refusal>>()?;
                Ok((format!("{left_sql} {word} {right_sql}"), columns))
            }
            SetExpr::Table(_) => Err(unsupported("TABLE inside a query: write SELECT * FROM")),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => Err(Refusal::new(
                "25006",
                "the console's relations are read-only: APPROVE, REJECT, GRANT ACCESS … change things",
            )),
        })
    }

    /// SQLite reads set operations from left to right and knows no parentheses around them.
    fn arm(&mut self, body: &SetExpr, outer: Option<&Scope<'_>>) -> Result<Translated, Refusal> {
        let (sql, columns) = self.body(body, outer)?;
        Ok(match body {
            SetExpr::SetOperation { .. } => (format!("SELECT * FROM ({sql})"), columns),
            _ => (sql, columns),
        })
    }

    fn values(
        &mut self,
        values: &ast::Values,
        outer: Option<&Scope<'_>>,
    ) -> Result<Translated, Refusal> {
        let scope = Scope::within(outer);
        let mut rows: Vec<Vec<Ex>> = Vec::new();
        for row in &values.rows {
            let row = row
                .content
                .iter()
                .map(|e| self.expr(e, &scope))
                .collect::<Result<Vec<_>, _>>()?;
            if rows.first().is_some_and(|first| first.len() != row.len()) {
                return Err(Refusal::new(
                    "42601",
                    "VALUES lists must all be the same length",
                ));
            }
            rows.push(row);
        }
        let width = rows.first().map_or(0, Vec::len);
        let mut columns = Vec::new();
        for i in 0..width {
            let mut ty = Ty::Unknown;
            for ex in rows.iter().filter_map(|row| row.get(i)) {
                ty = super::operator::unify(ty, ex.ty)
                    .ok_or_else(|| Refusal::new("42804", "VALUES types cannot be matched"))?;
            }
            columns.push(Ex::new(
                format!("c{}", i + 1),
                ty,
                &format!("column{}", i + 1),
            ));
        }
        let mut lines = Vec::new();
        for row in rows {
            let cells = row
                .into_iter()
                .zip(&columns)
                .enumerate()
                .map(|(i, (ex, column))| {
                    Ok(format!("{} AS c{}", self.coerce(ex, column.ty)?.sql, i + 1))
                })
                .collect::<Result<Vec<_>, Refusal>>()?;
            lines.push(format!("SELECT {}", cells.join(", ")));
        }
        Ok((lines.join(" UNION ALL "), columns))
    }

    /// ORDER BY of a set operation: positions and names only.
    fn order_of_set(&mut self, list: &[OrderByExpr], columns: &[Ex]) -> Result<String, Refusal> {
        let outputs: Vec<Output> = columns
            .iter()
            .enumerate()
            .map(|(i, ex)| output(ex, i))
            .collect();
        let mut out = Vec::new();
        for item in list {
            let key = match &item.expr {
                Expr::Value(_) => self.position(&item.expr, &outputs, "ORDER BY")?,
                Expr::Identifier(ident) => {
                    named_output(&outputs, &fold(ident)).ok_or_else(|| {
                        Refusal::new(
                            "42703",
                            format!("column \"{}\" does not exist", fold(ident)),
                        )
                    })?
                }
                _ => return Err(unsupported("expressions in ORDER BY of a set operation")),
            };
            out.push(format!("{key}{}", direction(item)?));
        }
        Ok(if out.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", out.join(", "))
        })
    }

    /// A bare number in ORDER BY or GROUP BY is the position of an output column.
    pub(super) fn position(
        &mut self,
        expr: &Expr,
        outputs: &[Output],
        clause: &str,
    ) -> Result<String, Refusal> {
        let Expr::Value(value) = expr else {
            return Err(unsupported("this position"));
        };
        let ast::Value::Number(text, _) = &value.value else {
            return Err(Refusal::new(
                "42601",
                format!("non-integer constant in {clause}"),
            ));
        };
        let outside = || {
            Refusal::new(
                "42P10",
                format!("{clause} position {text} is not in select list"),
            )
        };
        let at: usize = text.parse().map_err(|_| outside())?;
        let output = at
            .checked_sub(1)
            .and_then(|i| outputs.get(i))
            .ok_or_else(outside)?;
        engine_position(output).ok_or_else(|| unsupported(format!("{clause} the answer of a verb")))
    }

    fn limits(
        &mut self,
        clause: Option<&LimitClause>,
        fetch: Option<&ast::Fetch>,
        outer: Option<&Scope<'_>>,
    ) -> Result<String, Refusal> {
        let scope = Scope::within(outer);
        let number = |t: &mut Self, expr: &Expr| -> Result<String, Refusal> {
            let ex = t.expr(expr, &scope)?;
            Ok(t.coerce(ex, Ty::Int8)?.sql)
        };
        let (mut limit, mut skip) = (None, None);
        match clause {
            None => {}
            Some(LimitClause::LimitOffset {
                limit: l,
                offset,
                limit_by,
            }) => {
                if !limit_by.is_empty() {
                    return Err(unsupported("LIMIT BY"));
                }
                if let Some(expr) = l {
                    limit = Some(number(self, expr)?);
                }
                if let Some(offset) = offset {
                    skip = Some(number(self, &offset.value)?);
                }
            }
            Some(LimitClause::OffsetCommaLimit { .. }) => {
                return Err(unsupported("LIMIT #,#: use LIMIT … OFFSET …"));
            }
        }
        if let Some(fetch) = fetch {
            if fetch.with_ties || fetch.percent {
                return Err(unsupported("this FETCH"));
            }
            limit = Some(match &fetch.quantity {
                Some(expr) => number(self, expr)?,
                None => "1".to_owned(),
            });
        }
        Ok(match (limit, skip) {
            (None, None) => String::new(),
            // A NULL limit is none; SQLite takes a negative one for that.
            (Some(l), None) => format!(" LIMIT ifnull({l}, -1)"),
            (l, Some(s)) => format!(
                " LIMIT ifnull({}, -1) OFFSET ifnull({s}, 0)",
                l.unwrap_or_else(|| "-1".to_owned())
            ),
        })
    }
}

/// Names of a query's columns after an alias list.
pub(crate) fn named(columns: &[Ex], renamed: &[String]) -> Result<Vec<(String, Ty)>, Refusal> {
    if renamed.len() > columns.len() {
        return Err(Refusal::new(
            "42P10",
            format!(
                "{} columns available but {} columns specified",
                columns.len(),
                renamed.len()
            ),
        ));
    }
    Ok(columns
        .iter()
        .enumerate()
        .map(|(i, ex)| (renamed.get(i).unwrap_or(&ex.name).clone(), ex.ty))
        .collect())
}

pub(super) fn output(ex: &Ex, at: usize) -> Output {
    Output {
        name: ex.name.clone(),
        ty: ex.ty,
        origin: ex.origin,
        source: Source::Engine(at),
    }
}

fn engine_position(output: &Output) -> Option<String> {
    match output.source {
        Source::Engine(at) => Some((at + 1).to_string()),
        Source::Act(..) => None,
    }
}

pub(super) fn named_output(outputs: &[Output], name: &str) -> Option<String> {
    outputs
        .iter()
        .find(|o| o.name == name)
        .and_then(engine_position)
}

/// PostgreSQL sorts NULL above everything; SQLite below.
pub(crate) fn direction(item: &OrderByExpr) -> Result<String, Refusal> {
    if item.with_fill.is_some() {
        return Err(unsupported("WITH FILL"));
    }
    let descending = match &item.options.sort {
        None | Some(ast::OrderBySort::Asc) => false,
        Some(ast::OrderBySort::Desc) => true,
        Some(_) => return Err(unsupported("ORDER BY … USING")),
    };
    let first = item.options.nulls_first.unwrap_or(descending);
    Ok(format!(
        "{} NULLS {}",
        if descending { " DESC" } else { "" },
        if first { "FIRST" } else { "LAST" }
    ))
}
