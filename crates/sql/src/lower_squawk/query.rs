//! Queries.
//!
//! Owns: SELECT, VALUES, TABLE, set operations, WITH and what comes after a body. squawk hangs a WITH on the left operand of a
//! UNION: it belongs to the whole. Refuses: clauses where the server's grammar has none.

use squawk_syntax::ast::{self, AstNode};

use super::expression::query_in;
use super::name::{need, refuse};
use super::{Read, Reader};
use crate::form::{
    Body, Common, Distinct, Expr, Kind, Path, Query, Select, SelectInto, Target, With,
};

impl Reader {
    /// A query, normal.
    pub(super) fn query(&mut self, query: &ast::SelectVariant) -> Read<Query> {
        let (with, body) = match query {
            ast::SelectVariant::CompoundSelect(compound) => self.compound(compound)?,
            other => self.operand(other)?,
        };
        let mut read = Query {
            with,
            body,
            order_by: vec![],
            limits: vec![],
            locks: vec![],
        };
        self.tail(query, &mut read)?;
        Ok(read.normal())
    }

    /// One operand of a set operation, or a query that is none: its WITH and its body, without what comes after it.
    fn operand(&mut self, query: &ast::SelectVariant) -> Read<(With, Body)> {
        let with_clause = match query {
            ast::SelectVariant::Select(select) => select.with_clause(),
            ast::SelectVariant::SelectInto(select) => select.with_clause(),
            ast::SelectVariant::Values(values) => values.with_clause(),
            ast::SelectVariant::Table(table) => table.with_clause(),
            ast::SelectVariant::ParenSelect(paren) => paren.with_clause(),
            ast::SelectVariant::CompoundSelect(_) => None,
        };
        let with = self.with(with_clause)?;
        let body = match query {
            ast::SelectVariant::Select(select) => self.select(select)?,
            ast::SelectVariant::SelectInto(select) => self.select_into(select)?,
            ast::SelectVariant::Values(values) => Body::Values(self.rows(values)?),
            ast::SelectVariant::Table(table) => {
                let name = need(table.relation_name())?;
                Body::table(self.path_in(need(name.relation_name_ref())?.syntax())?)
            }
            ast::SelectVariant::ParenSelect(paren) => {
                let inner = need(paren.select())?;
                Body::operand(self.query(&inner)?)
            }
            ast::SelectVariant::CompoundSelect(compound) => {
                let (with, body) = self.compound(compound)?;
                if compound.tail_clauses().next().is_some() {
                    return refuse("ORDER BY or LIMIT before a set operation");
                }
                return Ok((with, body));
            }
        };
        Ok((with, body))
    }

    /// A set operation. Only its first operand may begin with a WITH, which then is that of the whole.
    fn compound(&mut self, compound: &ast::CompoundSelect) -> Read<(With, Body)> {
        // Down the left side in a loop: it may be long.
        let mut steps = Vec::new();
        let mut at = compound.clone();
        let first = loop {
            let op = need(at.op())?;
            let all = match &op {
                ast::CompoundOp::Union(union) => {
                    matches!(union.all_or_distinct(), Some(ast::AllOrDistinct::All(_)))
                }
                ast::CompoundOp::Intersect(_) | ast::CompoundOp::Except(_) => false,
            };
            steps.push((all, operand_of(need(at.rhs_operand())?)?));
            match operand_of(need(at.lhs_operand())?)? {
                ast::SelectVariant::CompoundSelect(inner) => {
                    if inner.tail_clauses().next().is_some() {
                        return refuse("ORDER BY or LIMIT before a set operation");
                    }
                    at = inner;
                }
                other => break other,
            }
        };
        let (with, mut body) = self.bare_operand(&first)?;
        for (all, right) in steps.iter().rev() {
            let (inner, right) = self.bare_operand(right)?;
            if !inner.tables.is_empty() {
                return refuse("WITH after a set operation");
            }
            body = Body::set(body, *all, right);
        }
        Ok((with, body))
    }

    fn bare_operand(&mut self, query: &ast::SelectVariant) -> Read<(With, Body)> {
        match tail_of(query).next().is_some() {
            true => refuse("ORDER BY or LIMIT before a set operation"),
            false => self.operand(query),
        }
    }

    fn select(&mut self, select: &ast::Select) -> Read<Body> {
        if select.filter_clause().is_some() {
            return refuse("FILTER after a query");
        }
        let (distinct, targets) = self.select_clause(need(select.select_clause())?)?;
        let select = Select {
            distinct,
            targets,
            into: None,
            from: self.sources(select.from_clause())?,
            filter: self.filter(select.where_clause())?,
            group_by: self.group_by(select.group_by_clause())?,
            having: self.having(select.having_clause())?,
            windows: self.windows(select.window_clause())?,
        };
        Ok(Body::Select(Box::new(select)))
    }

    fn select_into(&mut self, select: &ast::SelectInto) -> Read<Body> {
        if select.filter_clause().is_some() {
            return refuse("FILTER after a query");
        }
        let (distinct, targets) = self.select_clause(need(select.select_clause())?)?;
        let into = need(select.into_clause())?;
        let name = self.path_in(need(into.table_name())?.syntax())?;
        let temporary = matches!(into.persistence(), Some(ast::Persistence::Temp(_)));
        let select = Select {
            distinct,
            targets,
            into: Some(SelectInto { name, temporary }),
            from: self.sources(select.from_clause())?,
            filter: self.filter(select.where_clause())?,
            group_by: self.group_by(select.group_by_clause())?,
            having: self.having(select.having_clause())?,
            windows: self.windows(select.window_clause())?,
        };
        Ok(Body::Select(Box::new(select)))
    }

    fn select_clause(&mut self, clause: ast::SelectClause) -> Read<(Distinct, Vec<Target>)> {
        if clause.select_token().is_none() {
            return refuse("PERFORM");
        }
        let distinct = match clause.select_quantifier() {
            None | Some(ast::SelectQuantifier::All(_)) => Distinct::No,
            Some(ast::SelectQuantifier::DistinctClause(distinct)) => match distinct.distinct_on() {
                None => Distinct::Yes,
                Some(on) => Distinct::On(self.exprs(on.syntax())?),
            },
        };
        let targets = match clause.target_list() {
            Some(list) => self.targets(&list)?,
            None => vec![],
        };
        Ok((distinct, targets))
    }

    /// A select list, or RETURNING's.
    pub(super) fn targets(&mut self, list: &ast::TargetList) -> Read<Vec<Target>> {
        list.targets().map(|target| self.target(&target)).collect()
    }

    fn target(&mut self, target: &ast::Target) -> Read<Target> {
        let Some(expr) = target.expr() else {
            return match target.star_token() {
                Some(_) => Ok(Target::Star(vec![])),
                None => refuse("an empty target"),
            };
        };
        let read = self.expr(&expr)?;
        let alias = match target.as_name() {
            Some(name) => Some(self.name(need(name.name())?.syntax())?),
            None => None,
        };
        match (read, &expr, alias) {
            // `t.*`, but not `(t.*)`.
            (Expr::RowOf(path), ast::Expr::FieldExpr(_), None) => Ok(Target::Star(path)),
            (Expr::RowOf(_), ast::Expr::FieldExpr(_), Some(_)) => refuse("a star with an alias"),
            (read, _, alias) => Ok(Target::Expr(read, alias)),
        }
    }

    /// VALUES.
    pub(super) fn rows(&mut self, values: &ast::Values) -> Read<Vec<Vec<Expr>>> {
        need(values.row_list())?
            .rows()
            .map(|row| self.exprs(row.syntax()))
            .collect()
    }

    /// WHERE.
    pub(super) fn filter(&mut self, clause: Option<ast::WhereClause>) -> Read<Option<Expr>> {
        clause
            .map(|clause| self.expr(&need(clause.expr())?))
            .transpose()
    }

    fn having(&mut self, clause: Option<ast::HavingClause>) -> Read<Option<Expr>> {
        clause
            .map(|clause| self.expr(&need(clause.expr())?))
            .transpose()
    }

    fn group_by(&mut self, clause: Option<ast::GroupByClause>) -> Read<Vec<Expr>> {
        let mut flat = Vec::new();
        if let Some(clause) = clause {
            for item in need(clause.group_by_list())?.group_bys() {
                self.grouping(&item, &mut flat)?;
            }
        }
        Ok(flat)
    }

    fn grouping(&mut self, item: &ast::GroupBy, flat: &mut Vec<Expr>) -> Read<()> {
        let exprs = match item {
            ast::GroupBy::GroupingExpr(one) => vec![self.expr(&need(one.expr())?)?],
            ast::GroupBy::GroupingRollup(rollup) => self.exprs(rollup.syntax())?,
            ast::GroupBy::GroupingCube(cube) => self.exprs(cube.syntax())?,
            ast::GroupBy::GroupingSets(sets) => {
                for item in sets.group_bys() {
                    self.grouping(&item, flat)?;
                }
                return Ok(());
            }
        };
        for expr in exprs {
            match expr {
                Expr::Row(parts) => flat.extend(parts),
                one => flat.push(one),
            }
        }
        Ok(())
    }

    fn windows(&mut self, clause: Option<ast::WindowClause>) -> Read<Vec<Expr>> {
        match clause {
            Some(clause) => self.expressions_in(clause.syntax()),
            None => Ok(vec![]),
        }
    }

    /// ORDER BY.
    pub(super) fn order_by(&mut self, clause: &ast::OrderByClause) -> Read<Vec<Expr>> {
        let mut all = Vec::new();
        for sort in need(clause.sort_by_list())?.sort_bys() {
            all.push(self.expr(&need(sort.expr())?)?);
            if let Some(ast::SortOrder::SortUsing(using)) = sort.sort_order() {
                // By itself: the expression stays what it is, a position perhaps.
                let operator = self.sort_operator(&using)?;
                if !matches!(&operator[..], [.., name] if ["<", ">"].contains(&name.as_str()))
                    || matches!(&operator[..], [.., schema, _] if schema != "pg_catalog")
                {
                    all.push(Expr::mix([Expr::Operator(operator)]));
                }
            }
        }
        Ok(all)
    }

    /// ORDER BY, LIMIT, OFFSET, FETCH and locks.
    fn tail(&mut self, query: &ast::SelectVariant, read: &mut Query) -> Read<()> {
        let (mut limit, mut offset) = (None, None);
        for clause in tail_of(query) {
            match clause {
                ast::SelectTailClause::OrderByClause(order) if read.order_by.is_empty() => {
                    read.order_by = self.order_by(&order)?;
                }
                ast::SelectTailClause::LimitClause(clause) if limit.is_none() => {
                    limit = Some(match need(clause.limit_value())? {
                        ast::LimitValue::All(_) => None,
                        ast::LimitValue::Expr(expr) => Some(self.expr(&expr)?),
                    });
                }
                ast::SelectTailClause::FetchClause(clause) if limit.is_none() => {
                    limit = Some(match clause.expr() {
                        Some(expr) => Some(self.expr(&expr)?),
                        None => None,
                    });
                }
                ast::SelectTailClause::OffsetClause(clause) if offset.is_none() => {
                    offset = Some(self.expr(&need(clause.expr())?)?);
                }
                ast::SelectTailClause::LockingClause(lock) => {
                    let names = match lock.locking_of() {
                        Some(of) => self.lock_names(&of)?,
                        None => vec![],
                    };
                    read.locks.push(names);
                }
                ast::SelectTailClause::OrderByClause(_)
                | ast::SelectTailClause::LimitClause(_)
                | ast::SelectTailClause::FetchClause(_)
                | ast::SelectTailClause::OffsetClause(_) => return refuse("a clause twice"),
            }
        }
        read.limits.extend(limit.flatten());
        read.limits.extend(offset);
        Ok(())
    }

    fn lock_names(&mut self, of: &ast::LockingOf) -> Read<Vec<Path>> {
        let mut names = Vec::new();
        for expr in self.exprs(of.syntax())? {
            match expr {
                Expr::Column(path) => names.push(path),
                _ => return refuse("a lock of something else than a table"),
            }
        }
        Ok(names)
    }

    /// WITH.
    pub(super) fn with(&mut self, clause: Option<ast::WithClause>) -> Read<With> {
        let Some(clause) = clause else {
            return Ok(With::default());
        };
        Ok(With {
            recursive: clause.recursive_token().is_some(),
            tables: clause
                .with_tables()
                .map(|table| self.common(&table))
                .collect::<Read<_>>()?,
        })
    }

    fn common(&mut self, table: &ast::WithTable) -> Read<Common> {
        let name = self.name(need(table.name())?.syntax())?;
        let columns = match table.column_list() {
            Some(list) => self.columns(&list)?,
            None => vec![],
        };
        let body = match need(table.query())? {
            ast::WithQuery::Insert(insert) => Kind::Insert(self.insert(&insert)?),
            ast::WithQuery::Update(update) => Kind::Update(self.update(&update)?),
            ast::WithQuery::Delete(delete) => Kind::Delete(self.delete(&delete)?),
            ast::WithQuery::Merge(merge) => Kind::Merge(self.merge(&merge)?),
            query @ (ast::WithQuery::Select(_)
            | ast::WithQuery::Values(_)
            | ast::WithQuery::CompoundSelect(_)
            | ast::WithQuery::ParenSelect(_)
            | ast::WithQuery::Table(_)) => {
                let query = need(ast::SelectVariant::cast(query.syntax().clone()))?;
                Kind::Query(self.query(&query)?)
            }
        };
        let mut added = Vec::new();
        if let Some(search) = table.search_clause() {
            self.ledger.syntax(need(search.columns())?.syntax());
            let set = need(need(search.set_column())?.column_name_ref())?;
            added.push(self.name(set.syntax())?);
        }
        if let Some(cycle) = table.cycle_clause() {
            self.ledger.syntax(need(cycle.columns())?.syntax());
            let set = need(cycle.set_column())?;
            added.push(self.name(need(set.column_name_ref())?.syntax())?);
            if let Some(to) = set.column_to() {
                self.modifier(to.syntax())?;
            }
            let path = need(need(cycle.path())?.column_name_ref())?;
            added.push(self.name(path.syntax())?);
        }
        Ok(Common {
            name,
            columns,
            body: Box::new(body),
            added,
        })
    }

    /// Names of columns in parentheses.
    pub(super) fn columns(&mut self, list: &ast::ColumnList) -> Read<Vec<String>> {
        list.column_names()
            .map(|name| self.name(name.syntax()))
            .collect()
    }
}

/// An operand: also one in parentheses that squawk took for those of an expression.
fn operand_of(operand: ast::CompoundSelectOperand) -> Read<ast::SelectVariant> {
    match operand {
        ast::CompoundSelectOperand::SelectVariant(query) => Ok(query),
        // As such it would keep its own ORDER BY; the operand in it must have none.
        ast::CompoundSelectOperand::ParenExpr(paren) => {
            let mut paren = paren;
            let inner = loop {
                match query_in(&paren) {
                    Some(inner) => break inner,
                    None => paren = need(paren.syntax().children().find_map(ast::ParenExpr::cast))?,
                }
            };
            match tail_of(&inner).next().is_some() {
                true => refuse("a query in parentheses of an unknown shape"),
                false => Ok(inner),
            }
        }
    }
}

fn tail_of(query: &ast::SelectVariant) -> ast::AstChildren<ast::SelectTailClause> {
    match query {
        ast::SelectVariant::Select(query) => query.tail_clauses(),
        ast::SelectVariant::SelectInto(query) => query.tail_clauses(),
        ast::SelectVariant::Values(query) => query.tail_clauses(),
        ast::SelectVariant::Table(query) => query.tail_clauses(),
        ast::SelectVariant::ParenSelect(query) => query.tail_clauses(),
        ast::SelectVariant::CompoundSelect(query) => query.tail_clauses(),
    }
}
