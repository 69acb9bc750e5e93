//! What names mean inside a statement: columns, the relations of a FROM, scopes around each other.
//!
//! Owns: [`Value`] (what an expression's value can depend on), [`Item`] (what a FROM offers) and the lookups in them.
//! Refuses: to look into the catalog for relations ([`crate::relations`] does), and to decide what an unknown name means.

use std::rc::Rc;

use crate::catalog::Relation;

/// A base column, small. [`Key::Named`] points into the analyzer's list of columns that no catalog entry stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    /// Column `index` (not attribute number) of the relation with this OID.
    Base { oid: u32, index: u16 },
    /// A column known by name only.
    Named(u32),
}

/// What a value depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Value {
    /// Base columns, sorted, each once.
    pub deps: Vec<Key>,
    /// The columns of views it came through, sorted; they count among `deps` once something is computed.
    pub via: Vec<Key>,
    /// It is one column as it is, and the server says which.
    pub plain: bool,
}

impl Value {
    /// Depends on no column.
    pub fn none() -> Value {
        Value::default()
    }

    /// One column as it is.
    pub fn column(key: Key) -> Value {
        Value {
            deps: vec![key],
            via: vec![],
            plain: true,
        }
    }

    /// Computed from these.
    pub fn of(deps: Vec<Key>) -> Value {
        let mut deps = deps;
        deps.sort_unstable();
        deps.dedup();
        Value {
            deps,
            via: vec![],
            plain: false,
        }
    }

    /// The same, but no longer one column as it is.
    pub fn computed(mut self) -> Value {
        if !self.via.is_empty() {
            let via = std::mem::take(&mut self.via);
            add(&mut self.deps, &via);
        }
        self.plain = false;
        self
    }

    /// Adds what another value depends on; the result is computed.
    pub fn absorb(&mut self, other: &Value) {
        if self.plain || !self.via.is_empty() {
            *self = std::mem::take(self).computed();
        }
        add(&mut self.deps, &other.deps);
        add(&mut self.deps, &other.via);
    }
}

/// Adds keys to a sorted set of keys.
pub(crate) fn add(into: &mut Vec<Key>, more: &[Key]) {
    for key in more {
        if let Err(at) = into.binary_search(key) {
            into.insert(at, *key);
        }
    }
}

/// A column of something in FROM, or of a query's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Col {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
}

/// The columns of a query or a derived relation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Those known, in order.
    pub cols: Vec<Col>,
    /// There may be more, of unknown names and places, that depend on these.
    pub open: Option<Vec<Key>>,
    /// The server may call some of the columns differently; those depend on these.
    pub loose: Vec<Key>,
}

impl Columns {
    /// All that any of the columns depends on.
    pub fn all(&self) -> Vec<Key> {
        let mut all = self.open.clone().unwrap_or_default();
        for col in &self.cols {
            add(&mut all, &col.value.deps);
            add(&mut all, &col.value.via);
        }
        all
    }

    /// Marks as open.
    pub fn open_with(&mut self, keys: &[Key]) {
        add(self.open.get_or_insert_with(Vec::new), keys);
    }

    /// Renames the first columns, as an alias with column names does. Names beyond the known columns are added if it is
    /// open.
    pub fn rename(&mut self, names: &[String]) {
        for (at, name) in names.iter().enumerate() {
            if let Some(col) = self.cols.get_mut(at) {
                col.name = name.clone();
            } else if let Some(open) = &self.open {
                self.cols.push(Col {
                    name: name.clone(),
                    value: Value::of(open.clone()),
                });
            }
        }
    }
}

/// A relation in FROM.
#[derive(Debug, Clone)]
pub(crate) struct Rel<'a> {
    /// What it is called in the statement.
    pub name: String,
    /// Its schema, where it may be written before the name.
    pub schema: Option<String>,
    /// Its columns.
    pub body: RelBody<'a>,
    /// Where the tables it stands for are found in the list of needs (for `FOR UPDATE OF`).
    pub reads: std::ops::Range<usize>,
}

/// Where a relation's columns come from.
#[derive(Debug, Clone)]
pub(crate) enum RelBody<'a> {
    /// A base table under its own column names.
    Table(&'a Relation),
    /// Anything else.
    Columns(Rc<Columns>),
    /// Not in the catalog: any column may exist. The object it would be.
    Missing(String, String),
}

/// What a lookup of a column in a relation gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// It is there.
    Column(Value),
    /// It is a column that every table has.
    System,
    /// It may be there.
    Open(Vec<Key>),
    /// It is not in the catalog's table, or in a table that the catalog does not know.
    Missing(String, String),
    /// It is not there.
    No,
}

/// Columns that every table has (PostgreSQL manual 5.5).
const SYSTEM_COLUMNS: &[&str] = &["ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"];

impl Rel<'_> {
    /// Looks a column up.
    pub fn column(&self, name: &str) -> Found {
        match &self.body {
            RelBody::Table(relation) => match position(relation, name) {
                Some(index) => Found::Column(Value::column(Key::Base {
                    oid: relation.oid,
                    index,
                })),
                None if SYSTEM_COLUMNS.contains(&name) => Found::System,
                None => Found::No,
            },
            RelBody::Columns(columns) => {
                let mut found: Option<Value> = None;
                for col in columns.cols.iter().filter(|c| c.name == name) {
                    match &mut found {
                        None => found = Some(col.value.clone()),
                        Some(value) => value.absorb(&col.value),
                    }
                }
                match (found, &columns.open) {
                    (Some(value), _) => Found::Column(value),
                    (None, None) if columns.loose.is_empty() => Found::No,
                    (None, open) => {
                        let mut keys = columns.loose.clone();
                        add(&mut keys, open.as_deref().unwrap_or_default());
                        Found::Open(keys)
                    }
                }
            }
            RelBody::Missing(_, _) if SYSTEM_COLUMNS.contains(&name) => Found::System,
            RelBody::Missing(schema, table) => Found::Missing(schema.clone(), table.clone()),
        }
    }

    /// Its columns as a list.
    pub fn columns(&self) -> Columns {
        match &self.body {
            RelBody::Table(relation) => Columns {
                cols: (0u16..)
                    .zip(&relation.columns)
                    .map(|(index, c)| Col {
                        name: c.name.clone(),
                        value: Value::column(Key::Base {
                            oid: relation.oid,
                            index,
                        }),
                    })
                    .collect(),
                ..Columns::default()
            },
            RelBody::Columns(columns) => (**columns).clone(),
            RelBody::Missing(_, _) => Columns {
                open: Some(vec![]),
                ..Columns::default()
            },
        }
    }

    /// All that a whole row depends on.
    pub fn whole(&self) -> Vec<Key> {
        match &self.body {
            RelBody::Table(relation) => (0u16..)
                .zip(&relation.columns)
                .map(|(index, _)| Key::Base {
                    oid: relation.oid,
                    index,
                })
                .collect(),
            RelBody::Columns(columns) => columns.all(),
            RelBody::Missing(_, _) => vec![],
        }
    }
}

/// The place of a column in a relation.
pub(crate) fn position(relation: &Relation, name: &str) -> Option<u16> {
    let at = relation.columns.iter().position(|c| c.name == name)?;
    u16::try_from(at).ok()
}

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
                Some(col) => out.push(Found::Column(col.value.clone())),
                None => {
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
                let hidden = |c: &Col| merged.iter().any(|m| m.name == c.name);
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
    use super::*;

    fn base(index: u16) -> Key {
        Key::Base { oid: 1, index }
    }

    #[test]
    fn a_computed_value_keeps_the_view_it_came_through() {
        let value = Value {
            deps: vec![base(1)],
            via: vec![base(0)],
            plain: true,
        };
        assert_eq!(
            value.computed(),
            Value {
                deps: vec![base(0), base(1)],
                via: vec![],
                plain: false
            }
        );
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
