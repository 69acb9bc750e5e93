//! WITH: common tables, recursive ones, and those that write.
//!
//! Owns: the scopes of common tables. Refuses: to trust the order of the text where RECURSIVE lets tables name each
//! other: it goes over them until nothing more is learnt.

use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::budget;
use crate::form::{Body, Common, Kind, With};
use crate::names::{Col, Columns, Value};

/// More rounds than columns can come from one table into another, in any honest statement.
const MAX_ROUNDS: usize = 64;

impl Analyzer<'_> {
    /// Opens a scope with these common tables, if there are any. Whoever asked closes it.
    pub fn with(&mut self, with: &With) {
        if with.tables.is_empty() {
            return;
        }
        self.commons.push(vec![]);
        let frame = self.commons.len() - 1;
        if !with.recursive {
            for table in &with.tables {
                let columns = self.common(table);
                self.commons.truncate(frame + 1);
                self.commons[frame].push((table.name.clone(), Rc::new(columns)));
            }
            return;
        }
        for table in &with.tables {
            let unknown = Columns {
                open: Some(vec![]),
                ..Columns::default()
            };
            self.commons[frame].push((table.name.clone(), Rc::new(unknown)));
        }
        let mut round = 0;
        loop {
            let mut changed = false;
            for (at, table) in with.tables.iter().enumerate() {
                if round == 0 {
                    // The part before UNION gives names and number of the columns.
                    let first = self.first_part(table);
                    if let Some(first) = first {
                        self.commons[frame][at].1 = Rc::new(first);
                    }
                }
                let columns = self.common(table);
                self.commons.truncate(frame + 1);
                budget::spend(columns.weight());
                if *self.commons[frame][at].1 != columns {
                    changed = true;
                    self.commons[frame][at].1 = Rc::new(columns);
                }
            }
            round += 1;
            if !changed || budget::is_spent() {
                return;
            }
            if round >= MAX_ROUNDS {
                self.opaque(|| "recursive query too entangled".to_owned());
                return;
            }
        }
    }

    /// The columns of what stands before the first set operator.
    fn first_part(&mut self, table: &Common) -> Option<Columns> {
        let Kind::Query(query) = table.body.as_ref() else {
            return None;
        };
        let Body::Set { operands, .. } = &query.body else {
            return None;
        };
        let frames = self.commons.len();
        self.with(&query.with);
        let part = crate::form::Query {
            with: crate::form::With::default(),
            body: operands.first()?.clone(),
            order_by: vec![],
            limits: vec![],
            locks: vec![],
        };
        let mut columns = self.query(&part);
        self.commons.truncate(frames);
        for col in &mut columns.cols {
            col.value = std::mem::take(&mut col.value).computed();
        }
        Some(finished(columns, table))
    }

    /// The columns of one common table.
    fn common(&mut self, table: &Common) -> Columns {
        self.nested += 1;
        let columns = match table.body.as_ref() {
            Kind::Query(query) => self.query(query),
            Kind::Insert(insert) => self.insert(insert),
            Kind::Update(update) => self.update(update),
            Kind::Delete(delete) => self.delete(delete),
            Kind::Merge(merge) => self.merge_into(merge),
            _ => {
                self.opaque(|| "a common table of an unknown kind".to_owned());
                Columns {
                    open: Some(vec![]),
                    ..Columns::default()
                }
            }
        };
        self.nested -= 1;
        finished(columns, table)
    }
}

/// With the names that WITH gives.
fn finished(mut columns: Columns, table: &Common) -> Columns {
    columns.rename(&table.columns);
    for name in &table.added {
        let value = Value::of(columns.all());
        columns.cols.push(Col {
            name: name.clone(),
            value,
        });
    }
    columns
}
