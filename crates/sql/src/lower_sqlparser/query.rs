//! Queries.
//!
//! Owns: the lowering of `Query`, its WITH, bodies and select lists. Refuses: clauses of other dialects; and TABLE,
//! whose names sqlparser keeps without their quotes.

use sqlparser::ast::{
    Cte, Fetch, LimitClause, LockClause, Offset, OrderBy, OrderByKind, Parens, Query as SqlQuery,
    SetExpr, SetOperator, SetQuantifier, TableAlias, Values, With as SqlWith,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Body, Common, Expr, Kind, Path, Query, With};

impl Source<'_> {
    /// A query that is a query: no INSERT, UPDATE, DELETE or MERGE.
    pub(super) fn query(&self, query: &SqlQuery) -> Lowered<Query> {
        match self.query_or_write(query)? {
            Kind::Query(query) => Ok(query),
            _ => refuse("a write where a query should be"),
        }
    }

    /// WITH and what follows it.
    pub(super) fn query_or_write(&self, query: &SqlQuery) -> Lowered<Kind> {
        let SqlQuery {
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
        absent(
            for_clause.is_none(),
            "FOR XML, JSON, BROWSE are not PostgreSQL",
        )?;
        absent(
            settings.is_none() && format_clause.is_none(),
            "SETTINGS and FORMAT are not PostgreSQL",
        )?;
        absent(pipe_operators.is_empty(), "|> is not PostgreSQL")?;
        let with = self.with(with.as_ref())?;
        let write = match body.as_ref() {
            SetExpr::Insert(inner)
            | SetExpr::Update(inner)
            | SetExpr::Delete(inner)
            | SetExpr::Merge(inner) => {
                let bare = order_by.is_none()
                    && limit_clause.is_none()
                    && fetch.is_none()
                    && locks.is_empty();
                absent(bare, "ORDER BY, LIMIT or FOR after a write")?;
                self.write(inner)?
            }
            SetExpr::Select(_)
            | SetExpr::Query(_)
            | SetExpr::SetOperation { .. }
            | SetExpr::Values(_)
            | SetExpr::Table(_) => {
                let query = Query {
                    with,
                    body: self.body(body)?,
                    order_by: self.order_by(order_by.as_ref())?,
                    limits: self.limits(limit_clause.as_ref(), fetch.as_ref())?,
                    locks: self.locks(locks)?,
                };
                return Ok(Kind::Query(query.normal()));
            }
        };
        with_before(with, write)
    }

    fn with(&self, with: Option<&SqlWith>) -> Lowered<With> {
        let Some(SqlWith {
            with_token: _,
            recursive,
            cte_tables,
        }) = with
        else {
            return Ok(With::default());
        };
        let mut tables = Vec::new();
        for Cte {
            alias,
            query,
            from,
            materialized: _,
            closing_paren_token: _,
        } in cte_tables
        {
            absent(from.is_none(), "a common table with FROM is not PostgreSQL")?;
            let TableAlias {
                explicit: _,
                name: _,
                columns,
                at: _,
            } = alias;
            absent(
                columns.iter().all(|c| c.data_type.is_none()),
                "types in a common table's columns",
            )?;
            let Some(alias) = self.alias(Some(alias))? else {
                return refuse("a common table without a name");
            };
            tables.push(Common {
                name: alias.name,
                columns: alias.columns,
                body: Box::new(self.query_or_write(query)?),
                added: vec![],
            });
        }
        Ok(With {
            recursive: *recursive,
            tables,
        })
    }

    fn body(&self, body: &SetExpr) -> Lowered<Body> {
        match body {
            SetExpr::Select(select) => Ok(Body::Select(Box::new(self.select(select)?))),
            SetExpr::Query(query) => Ok(Body::operand(self.query(query)?)),
            SetExpr::Values(values) => Ok(Body::Values(self.values(values)?)),
            SetExpr::SetOperation { .. } => self.set_operation(body),
            SetExpr::Table(_) => refuse("TABLE"),
            SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_) => {
                refuse("a write where a query should be")
            }
        }
    }

    /// Set operations, down the left side.
    fn set_operation(&self, body: &SetExpr) -> Lowered<Body> {
        let mut links = Vec::new();
        let mut first = body;
        while let SetExpr::SetOperation {
            left,
            op,
            set_quantifier,
            right,
        } = first
        {
            let all = match (op, set_quantifier) {
                (SetOperator::Minus, _) => return refuse("MINUS is not PostgreSQL"),
                (
                    _,
                    SetQuantifier::ByName
                    | SetQuantifier::AllByName
                    | SetQuantifier::DistinctByName,
                ) => {
                    return refuse("BY NAME is not PostgreSQL");
                }
                (SetOperator::Union, SetQuantifier::All) => true,
                (
                    SetOperator::Union | SetOperator::Except | SetOperator::Intersect,
                    SetQuantifier::All | SetQuantifier::Distinct | SetQuantifier::None,
                ) => false,
            };
            links.push((all, right));
            first = left;
        }
        let mut every_all = true;
        let mut operands = Vec::new();
        let mut push = |operand: Body| match operand {
            Body::Set {
                all,
                operands: inner,
            } => {
                operands.extend(inner);
                all
            }
            other => {
                operands.push(other);
                true
            }
        };
        every_all &= push(self.body(first)?);
        for (all, right) in links.into_iter().rev() {
            every_all &= all & push(self.body(right)?);
        }
        Ok(Body::Set {
            all: every_all,
            operands,
        })
    }

    /// The rows of VALUES.
    pub(super) fn values(&self, values: &Values) -> Lowered<Vec<Vec<Expr>>> {
        let Values {
            explicit_row,
            value_keyword,
            rows,
        } = values;
        absent(
            !explicit_row && !value_keyword,
            "VALUES ROW and VALUE are not PostgreSQL",
        )?;
        rows.iter()
            .map(
                |Parens {
                     opening_token: _,
                     content,
                     closing_token: _,
                 }| self.exprs(content),
            )
            .collect()
    }

    fn order_by(&self, order_by: Option<&OrderBy>) -> Lowered<Vec<Expr>> {
        let Some(OrderBy { kind, interpolate }) = order_by else {
            return Ok(vec![]);
        };
        absent(interpolate.is_none(), "INTERPOLATE is not PostgreSQL")?;
        match kind {
            OrderByKind::Expressions(keys) => self.sort_keys(keys),
            OrderByKind::All(_) => refuse("ORDER BY ALL is not PostgreSQL"),
        }
    }

    fn limits(&self, clause: Option<&LimitClause>, fetch: Option<&Fetch>) -> Lowered<Vec<Expr>> {
        let mut limits = Vec::new();
        let mut offsets = None;
        match clause {
            Some(LimitClause::LimitOffset {
                limit,
                offset,
                limit_by,
            }) => {
                absent(limit_by.is_empty(), "LIMIT BY is not PostgreSQL")?;
                limits.extend(self.opt_expr(limit.as_ref())?);
                if let Some(Offset { value, rows: _ }) = offset {
                    offsets = Some(self.expr(value)?);
                }
            }
            Some(LimitClause::OffsetCommaLimit {
                offset: _,
                limit: _,
            }) => {
                return refuse("LIMIT with a comma is not PostgreSQL");
            }
            None => {}
        }
        if let Some(Fetch {
            with_ties: _,
            percent,
            quantity,
        }) = fetch
        {
            absent(!percent, "FETCH PERCENT is not PostgreSQL")?;
            limits.extend(self.opt_expr(quantity.as_ref())?);
        }
        limits.extend(offsets);
        Ok(limits)
    }

    fn locks(&self, locks: &[LockClause]) -> Lowered<Vec<Vec<Path>>> {
        locks
            .iter()
            .map(
                |LockClause {
                     lock_type: _,
                     of,
                     nonblock: _,
                 }| {
                    of.iter()
                        .map(|name| self.path(name))
                        .collect::<Lowered<Vec<_>>>()
                },
            )
            .collect()
    }
}

/// A WITH before a write belongs to it.
fn with_before(with: With, write: Kind) -> Lowered<Kind> {
    if with.tables.is_empty() {
        return Ok(write);
    }
    let mut write = write;
    let own = match &mut write {
        Kind::Insert(insert) => &mut insert.with,
        Kind::Update(update) => &mut update.with,
        Kind::Delete(delete) => &mut delete.with,
        Kind::Merge(merge) => &mut merge.with,
        _ => return refuse("WITH before what takes none"),
    };
    if !own.tables.is_empty() {
        return refuse("WITH twice");
    }
    *own = with;
    Ok(write)
}
