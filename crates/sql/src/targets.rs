//! Select lists: what each output column depends on, and what it is called.
//!
//! Owns: targets, `*`, the fields of rows. Refuses: to list columns that are not all known; the list is then open.

use crate::analyzer::Analyzer;
use crate::facts::Place;
use crate::form::{Expr, Target};
use crate::names::{Col, Columns, Rel, RelBody, Value, add};
use crate::naming;
use crate::predicates::can_fail;

/// PostgreSQL's MaxTupleAttributeNumber: no select list has more columns.
const MAX_COLUMNS: usize = 1664;

impl<'a> Analyzer<'a> {
    /// A select list, or RETURNING.
    pub fn targets(&mut self, targets: &[Target]) -> Columns {
        let mut columns = Columns::default();
        for target in targets {
            if columns.cols.len() > MAX_COLUMNS {
                // Nested `SELECT *, *` doubles at each level; the server refuses it, and nothing more is worked out here.
                self.entangle();
                return Columns {
                    open: Some(vec![]),
                    ..Columns::default()
                };
            }
            match target {
                Target::Star(path) => self.star(path, &mut columns),
                Target::Expr(Expr::Field(inner, None), _) => self.fields(inner, &mut columns),
                Target::Expr(expr, alias) => {
                    let (value, known) = match expr {
                        Expr::Subquery(query) => {
                            let inner = self.query(query);
                            let name = inner.cols.first().filter(|_| inner.loose.is_empty());
                            (Value::of(inner.all()), name.map(|c| c.name.clone()))
                        }
                        other => (self.value(other), None),
                    };
                    self.may_tell(expr, &value);
                    let name = match alias.clone().or(known) {
                        Some(alias) => alias,
                        None => {
                            let name = naming::of(expr);
                            if !name.sure {
                                add(&mut columns.loose, &value.deps);
                                add(&mut columns.loose, &value.via);
                            }
                            name.text
                        }
                    };
                    columns.cols.push(Col { name, value });
                }
            }
        }
        if columns.cols.len() > MAX_COLUMNS {
            self.entangle();
            return Columns {
                open: Some(vec![]),
                ..Columns::default()
            };
        }
        columns
    }

    /// A column of a query in FROM and the like: asked for or not, the server may work it out; an error would tell.
    pub fn may_tell(&mut self, expr: &Expr, value: &Value) {
        if self.nested > 0 && self.depth == 0 && can_fail(expr) {
            self.record(value, Place::Filter);
        }
    }

    /// `*` and `t.*`.
    fn star(&mut self, path: &[String], columns: &mut Columns) {
        let mut items: Vec<Columns> = vec![];
        let mut missing: Vec<(String, String)> = vec![];
        let note = |rel: &Rel<'a>, missing: &mut Vec<(String, String)>| {
            if let RelBody::Missing(schema, table) = &rel.body {
                missing.push((schema.clone(), table.clone()));
            }
        };
        if path.is_empty() {
            if let Some(level) = self.levels.last() {
                for item in &level.items {
                    items.push(item.columns());
                    item.each(&mut |rel| note(rel, &mut missing));
                }
            }
        } else {
            let (schema, table) = match path {
                [.., schema, table] => (Some(schema.as_str()), table.as_str()),
                [table] => (None, table.as_str()),
                [] => (None, ""),
            };
            for level in self.levels.iter().rev().filter(|l| !l.hidden) {
                let mut rels = vec![];
                let mut merged = vec![];
                for item in &level.items {
                    item.relation(schema, table, &mut rels);
                    item.join_as(table, &mut merged);
                }
                if rels.is_empty() && merged.is_empty() {
                    continue;
                }
                for rel in rels {
                    items.push(rel.columns());
                    note(rel, &mut missing);
                }
                if !merged.is_empty() {
                    // Which of them the server shows is not known here.
                    let open = Columns {
                        cols: merged,
                        ..Columns::default()
                    }
                    .all();
                    items.push(Columns {
                        open: Some(open),
                        ..Columns::default()
                    });
                }
                break;
            }
            if items.is_empty() {
                let value = self.column(path);
                columns.open_with(&value.computed().deps);
                return;
            }
        }
        for item in items {
            columns.cols.extend(item.cols);
            add(&mut columns.loose, &item.loose);
            if let Some(open) = item.open {
                columns.open_with(&open);
            }
        }
        for (schema, table) in missing {
            let key = self.name(&schema, &table, "*");
            columns.open_with(&[key]);
        }
    }

    /// `(x).*`: the fields of a row in scope, or of a value whose type is not known here.
    fn fields(&mut self, inner: &Expr, columns: &mut Columns) {
        if let Expr::Column(path) = inner
            && let [table] = path.as_slice()
            && self.is_row(table)
        {
            let start = columns.cols.len();
            self.star(path, columns);
            for col in &mut columns.cols[start..] {
                col.value = std::mem::take(&mut col.value).computed();
            }
            return;
        }
        let value = self.value(inner).computed();
        columns.open_with(&value.deps);
    }
}
