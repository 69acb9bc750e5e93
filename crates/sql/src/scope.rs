//! What a FROM offers to the names around it.
//!
//! Owns: [`Item`], a relation or a join, the lookups in it, and [`Level`], the FROM of one query. Refuses: to look beyond its own
//! level.

use std::collections::HashSet;

use crate::budget;
use crate::names::{Col, Columns, Found, Rel, add};

/// One item of FROM.
#[derive(Debug, Clone)]
pub(crate) enum Item<'a> {
    /// A relation.
    Rel(Rel<'a>),
    /// A join: both sides keep their names; merged columns come first and hide those they are made of.
    Join {
        /// Left.
        left: Box<Item<'a>>,
        /// Right.
        right: Box<Item<'a>>,
        /// The columns of USING or NATURAL.
        merged: Vec<Col>,
        /// Its name: of `USING (…) AS x`, or of the join in parentheses.
        name: Option<String>,
    },
}

impl<'a> Item<'a> {
    /// Every relation in it, left to right.
    pub fn each<'s>(&'s self, f: &mut dyn FnMut(&'s Rel<'a>)) {
        match self {
            Item::Rel(rel) => f(rel),
            Item::Join { left, right, .. } => {
                left.each(f);
                right.each(f);
            }
        }
    }

    /// Looks up a column without a qualifier: what all that could be meant give.
    pub fn column(&self, name: &str, out: &mut Vec<Found>) {
        match self {
            Item::Rel(rel) => match rel.column(name) {
                Found::No => {}
                found => out.push(found),
            },
            Item::Join {
                left,
                right,
                merged,
                ..
            } => match merged.iter().find(|c| c.name == name) {
                Some(col) => {
                    budget::spend(merged.len() / 4 + col.value.deps.len());
                    out.push(Found::Column(col.value.clone()));
                }
                None => {
                    budget::spend(1 + merged.len() / 4);
                    left.column(name, out);
                    right.column(name, out);
                }
            },
        }
    }

    /// The columns that `*` stands for.
    pub fn columns(&self) -> Columns {
        match self {
            Item::Rel(rel) => rel.columns(),
            Item::Join {
                left,
                right,
                merged,
                ..
            } => {
                let (left, right) = (left.columns(), right.columns());
                budget::spend(merged.len() * budget::COLUMN + left.cols.len() + right.cols.len());
                let names: HashSet<&str> = merged.iter().map(|m| m.name.as_str()).collect();
                let hidden = |c: &Col| names.contains(c.name.as_str());
                let mut cols = merged.clone();
                cols.extend(left.cols.into_iter().filter(|c| !hidden(c)));
                cols.extend(right.cols.into_iter().filter(|c| !hidden(c)));
                let mut all = Columns {
                    cols,
                    open: left.open,
                    loose: left.loose,
                };
                if let Some(more) = right.open {
                    all.open_with(&more);
                }
                add(&mut all.loose, &right.loose);
                all
            }
        }
    }

    /// The relation called so, with its schema if that is written. Several only in statements the server refuses.
    pub fn relation<'s>(&'s self, schema: Option<&str>, name: &str, out: &mut Vec<&'s Rel<'a>>) {
        self.each(&mut |rel| {
            budget::spend(1);
            if rel.name == name && (schema.is_none() || schema == rel.schema.as_deref()) {
                out.push(rel);
            }
        });
    }

    /// The columns of joins called so. (`USING (…) AS x` shows only the merged columns under that name, a join in
    /// parentheses `AS x` all of them; the form does not tell one from the other.)
    pub fn join_as(&self, alias: &str, out: &mut Vec<Col>) {
        if let Item::Join {
            left, right, name, ..
        } = self
        {
            if name.as_deref() == Some(alias) {
                out.extend(self.columns().cols);
            }
            left.join_as(alias, out);
            right.join_as(alias, out);
        }
    }
}

/// One level of names: the FROM of one query.
#[derive(Debug, Clone, Default)]
pub(crate) struct Level<'a> {
    /// Its items so far.
    pub items: Vec<Item<'a>>,
    /// Not to be seen from inside what is being read (a subquery in FROM without LATERAL).
    pub hidden: bool,
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::names::{Key, RelBody, Value};

    fn base(index: u16) -> Key {
        Key::Base { oid: 1, index }
    }

    #[test]
    fn merged_columns_hide_what_they_are_made_of() {
        let rel = |name: &str, index| {
            Item::Rel(Rel {
                name: name.into(),
                schema: None,
                body: RelBody::Columns(Rc::new(Columns {
                    cols: vec![Col {
                        name: "id".into(),
                        value: Value::column(base(index)),
                    }],
                    ..Columns::default()
                })),
                reads: 0..0,
            })
        };
        let merged = vec![Col {
            name: "id".into(),
            value: Value::column(base(1)),
        }];
        let join = Item::Join {
            left: Box::new(rel("a", 1)),
            right: Box::new(rel("b", 2)),
            merged,
            name: None,
        };
        let mut found = vec![];
        join.column("id", &mut found);
        assert_eq!(found, vec![Found::Column(Value::column(base(1)))]);
        assert_eq!(join.columns().cols.len(), 1);
    }
}
