//! Queries: from what their output columns come.
//!
//! Owns: the walk over WITH, bodies, select lists, grouping and sorting. Refuses: to record outputs as shown: only the
//! statement at the top knows whether they are.

use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::budget;
use crate::facts::{Action, Flag, Object, Place};
use crate::form::{Body, Distinct, Expr, Hidden, Literal, Path, Query, Select};
use crate::names::{Col, Columns, Key, Rel, RelBody, Value, add};
use crate::scope::{Item, Level};

impl<'a> Analyzer<'a> {
    /// Too much of it: the statement is not understood, and the rest is not looked at.
    pub fn entangle(&mut self) {
        budget::exhaust();
        self.opaque(|| "the query is too entangled".to_owned());
        self.need(Action::Unknown, Object::Database);
    }

    /// A query's output columns. Its predicates, sorting and locks are recorded.
    pub fn query(&mut self, query: &Query) -> Columns {
        budget::spend(budget::QUERY);
        if budget::is_spent() {
            self.entangle();
            return Columns {
                open: Some(vec![]),
                ..Columns::default()
            };
        }
        let frames = self.commons.len();
        self.with(&query.with);
        let start = self.needs.len();
        let columns = match &query.body {
            Body::Select(select) => self.select(select, &query.order_by, &query.locks),
            other => {
                let columns = self.body(other);
                self.order_outputs(&columns, &query.order_by);
                columns
            }
        };
        for limit in &query.limits {
            if matches!(limit, Expr::Literal(_)) {
                self.blind = false;
            }
            let value = self.value(limit);
            self.ordered(&value);
        }
        // Of VALUES and set operations the server locks nothing, and takes no names; all that they read is meant.
        let named = matches!(query.body, Body::Select(_));
        if query.locks.iter().any(|names| names.is_empty() || !named) {
            self.lock(start);
        }
        self.commons.truncate(frames);
        columns
    }

    /// FOR UPDATE of all that was read since.
    fn lock(&mut self, start: usize) {
        self.flag(Flag::Locks);
        let tables: Vec<Object> = self.needs[start..]
            .iter()
            .filter(|n| n.action == Action::Read)
            .map(|n| n.object.clone())
            .collect();
        if tables.is_empty() {
            self.need(Action::Lock, Object::Database);
        }
        for table in tables {
            self.need(Action::Lock, table);
        }
    }

    /// A body.
    fn body(&mut self, body: &Body) -> Columns {
        let columns = match body {
            Body::Select(select) => return self.select(select, &[], &[]),
            Body::Query(query) => return self.query(query),
            Body::Values(rows) => self.values_rows(rows),
            Body::Set { all, operands } => self.set_operation(*all, operands),
        };
        self.comes_together(body, &columns);
        columns
    }

    /// UNION, INTERSECT, EXCEPT: by position; the server names no origin.
    fn set_operation(&mut self, all: bool, operands: &[Body]) -> Columns {
        let mut result: Option<Columns> = None;
        for operand in operands {
            let columns = self.body(operand);
            if !all {
                for col in &columns.cols {
                    self.record_equality(&col.value);
                }
                if let Some(open) = &columns.open {
                    self.record_keys(open, Place::Filter);
                }
            }
            match &mut result {
                None => result = Some(columns),
                Some(first) => merge_by_position(first, &columns),
            }
        }
        let mut result = result.unwrap_or_default();
        for col in &mut result.cols {
            col.value = std::mem::take(&mut col.value).computed();
        }
        result
    }

    /// VALUES.
    fn values_rows(&mut self, rows: &[Vec<Expr>]) -> Columns {
        let mut columns = Columns::default();
        for row in rows {
            for (at, expr) in row.iter().enumerate() {
                // Most of what is inserted is literals; they have no say.
                let value = match expr {
                    Expr::Literal(_) | Expr::Param(_) | Expr::Default => Value::none(),
                    other => self.value(other).computed(),
                };
                self.may_tell(expr, &value);
                match columns.cols.get_mut(at) {
                    Some(col) => col.value.absorb(&value),
                    None => columns.cols.push(Col {
                        name: format!("column{}", at + 1),
                        value,
                    }),
                }
            }
        }
        // `t.*` in a row is as many columns as t has, and moves what comes after it.
        let moves = |e: &Expr| matches!(e, Expr::RowOf(_) | Expr::Field(_, None));
        if rows.iter().flatten().any(moves) {
            return Columns {
                open: Some(columns.all()),
                ..Columns::default()
            };
        }
        columns
    }

    /// SELECT, with the ORDER BY and locks of its query.
    fn select(&mut self, select: &Select, order_by: &[Expr], locks: &[Vec<Path>]) -> Columns {
        self.levels.push(Level::default());
        for item in &select.from {
            let item = self.item(item);
            if let Some(level) = self.levels.last_mut() {
                level.items.push(item);
            }
        }
        let outer = std::mem::take(&mut self.windows);
        let windows = self.values(&select.windows);
        self.ordered(&windows);
        if let Some(filter) = &select.filter {
            self.predicate(filter);
        }
        self.windows = windows.deps;
        let pinned = std::mem::replace(&mut self.pinned, pinned(select.filter.as_ref()));
        let columns = self.targets(&select.targets);
        self.pinned = pinned;
        for expr in &select.group_by {
            self.group(expr, &columns);
        }
        if let Some(having) = &select.having {
            self.predicate(having);
        }
        match &select.distinct {
            Distinct::No => {}
            Distinct::Yes => {
                for col in &columns.cols {
                    self.record_equality(&col.value);
                }
                if let Some(open) = &columns.open {
                    self.record_keys(open, Place::Filter);
                }
            }
            Distinct::On(exprs) => {
                for expr in exprs {
                    let value = self.sort_key(expr, &columns);
                    self.record_equality(&value);
                }
            }
        }
        for expr in order_by {
            let value = self.sort_key(expr, &columns);
            self.ordered(&value);
        }
        for name in locks.iter().flatten() {
            self.lock_named(name);
        }
        self.windows = outer;
        self.levels.pop();
        if let Some(into) = &select.into {
            let (schema, name) = self.created(&into.name, into.temporary);
            self.note_temporary(&schema, &name);
            self.need(Action::Create, Object::Table(schema, name));
            self.kept = true;
            self.blind = false;
        }
        columns
    }

    /// FOR UPDATE OF name.
    fn lock_named(&mut self, path: &[String]) {
        self.flag(Flag::Locks);
        let mut ranges = vec![];
        let name = path.last().map_or("", |n| n.as_str());
        if let Some(level) = self.levels.last() {
            let mut rels = vec![];
            for item in &level.items {
                item.relation(None, name, &mut rels);
            }
            ranges.extend(rels.iter().map(|r| r.reads.clone()));
        }
        if ranges.is_empty() {
            self.unresolved();
            self.need(Action::Lock, Object::Database);
        }
        for range in ranges {
            let tables: Vec<Object> = self
                .needs
                .get(range)
                .unwrap_or_default()
                .iter()
                .filter(|n| n.action == Action::Read)
                .map(|n| n.object.clone())
                .collect();
            for table in tables {
                self.need(Action::Lock, table);
            }
        }
    }

    /// ORDER BY of a set operation or VALUES: over its output columns only.
    fn order_outputs(&mut self, columns: &Columns, order_by: &[Expr]) {
        if order_by.is_empty() {
            return;
        }
        let rel = Rel {
            name: String::new(),
            schema: None,
            body: RelBody::Columns(Rc::new(columns.clone())),
            reads: 0..0,
        };
        self.levels.push(Level {
            items: vec![Item::Rel(rel)],
            hidden: false,
        });
        for expr in order_by {
            let value = self.sort_key(expr, columns);
            self.ordered(&value);
        }
        self.levels.pop();
    }
}

/// The columns that a condition holds to one string each.
fn pinned(filter: Option<&Expr>) -> Vec<(Vec<String>, String)> {
    let parts = match filter {
        None => return vec![],
        Some(Expr::And(parts)) => parts.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let mut held = vec![];
    for part in parts {
        if let Expr::Equal(left, right) = part
            && let (Expr::Column(path), Expr::Literal(Literal::String(Some(Hidden(text)))))
            | (Expr::Literal(Literal::String(Some(Hidden(text)))), Expr::Column(path)) =
                (left.as_ref(), right.as_ref())
        {
            held.push((path.clone(), text.clone()));
        }
    }
    held
}

/// Adds the columns of another operand to those of the first, by position.
fn merge_by_position(first: &mut Columns, more: &Columns) {
    budget::spend(first.cols.len());
    if first.open.is_some() || more.open.is_some() {
        let mut all: Vec<Key> = first.all();
        add(&mut all, &more.all());
        budget::spend(first.cols.len() * all.len());
        if budget::is_spent() {
            return;
        }
        for col in &mut first.cols {
            col.value = Value::of(all.clone());
        }
        first.open_with(&all);
        return;
    }
    for (at, col) in more.cols.iter().enumerate() {
        match first.cols.get_mut(at) {
            Some(known) => known.value.absorb(&col.value),
            None => first.cols.push(Col {
                name: col.name.clone(),
                value: col.value.clone(),
            }),
        }
    }
    let loose = first.loose.clone();
    if !loose.is_empty() {
        first.loose = first.all();
    }
}
