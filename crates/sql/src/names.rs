//! What names mean inside a statement: values, columns, relations.
//!
//! Owns: [`Value`] (what an expression's value can depend on), [`Rel`] (a relation in FROM) and the lookup of its columns.
//! Refuses: to look into the catalog for relations ([`crate::relations`] does), and to decide what an unknown name means.

use std::rc::Rc;

use crate::budget;
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
        budget::spend(1 + deps.len());
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
    budget::spend(more.len());
    if more.len() > 8 {
        budget::spend(into.len());
        into.extend_from_slice(more);
        into.sort_unstable();
        into.dedup();
        return;
    }
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
            all.extend_from_slice(&col.value.deps);
            all.extend_from_slice(&col.value.via);
        }
        budget::spend(all.len());
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What a copy costs.
    pub fn weight(&self) -> usize {
        let keys = |col: &Col| budget::COLUMN + col.value.deps.len() + col.value.via.len();
        let rest = self.open.as_ref().map_or(0, Vec::len) + self.loose.len();
        self.cols.iter().map(keys).sum::<usize>() + rest
    }

    /// A copy, that is counted.
    pub fn copy(&self) -> Columns {
        budget::spend(self.weight());
        match budget::is_spent() {
            true => Columns {
                open: Some(vec![]),
                ..Columns::default()
            },
            false => self.clone(),
        }
    }

    /// Marks as open.
    pub fn open_with(&mut self, keys: &[Key]) {
        add(self.open.get_or_insert_with(Vec::new), keys);
    }

    /// Renames the first columns, as an alias with column names does. If it is open, which these are is not known: each
    /// name may be any of the columns, and whatever had a name may have it no more.
    pub fn rename(&mut self, names: &[String]) {
        if self.open.is_some() && !names.is_empty() {
            let all = self.all();
            self.cols = names
                .iter()
                .map(|name| Col {
                    name: name.clone(),
                    value: Value::of(all.clone()),
                })
                .collect();
            self.open = Some(all);
            return;
        }
        for (col, name) in self.cols.iter_mut().zip(names) {
            col.name.clone_from(name);
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
    /// What keeps rows of its own, whose columns stand for others too: a parent's, a query's.
    Stored(Rc<Columns>),
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
                Some(index) => {
                    budget::spend(4);
                    Found::Column(Value::column(Key::Base {
                        oid: relation.oid,
                        index,
                    }))
                }
                None if SYSTEM_COLUMNS.contains(&name) => Found::System,
                None => Found::No,
            },
            RelBody::Stored(columns) | RelBody::Columns(columns) => {
                budget::spend(columns.cols.len() / 4);
                let mut found: Option<Value> = None;
                for col in columns.cols.iter().filter(|c| c.name == name) {
                    match &mut found {
                        None => {
                            budget::spend(4 + col.value.deps.len() + col.value.via.len());
                            found = Some(col.value.clone());
                        }
                        Some(value) => value.absorb(&col.value),
                    }
                }
                let stored = matches!(self.body, RelBody::Stored(_));
                match (found, &columns.open) {
                    (Some(value), _) => Found::Column(value),
                    (None, _) if stored && SYSTEM_COLUMNS.contains(&name) => Found::System,
                    (None, None) if columns.loose.is_empty() => Found::No,
                    (None, open) => {
                        budget::spend(columns.loose.len());
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
        if let RelBody::Table(relation) = &self.body {
            budget::spend(relation.columns.len() * budget::COLUMN);
        }
        match &self.body {
            RelBody::Table(relation) => Columns {
                cols: (0u16..)
                    .zip(relation.columns.iter())
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
            RelBody::Stored(columns) | RelBody::Columns(columns) => columns.copy(),
            RelBody::Missing(_, _) => Columns {
                open: Some(vec![]),
                ..Columns::default()
            },
        }
    }

    /// All that a whole row depends on.
    pub fn whole(&self) -> Vec<Key> {
        if let RelBody::Table(relation) = &self.body {
            budget::spend(relation.columns.len());
        }
        match &self.body {
            RelBody::Table(relation) => (0u16..)
                .zip(relation.columns.iter())
                .map(|(index, _)| Key::Base {
                    oid: relation.oid,
                    index,
                })
                .collect(),
            RelBody::Stored(columns) | RelBody::Columns(columns) => columns.all(),
            RelBody::Missing(_, _) => vec![],
        }
    }
}

/// The place of a column in a relation.
pub(crate) fn position(relation: &Relation, name: &str) -> Option<u16> {
    let at = relation.columns.iter().position(|c| c.name == name);
    budget::spend(1 + at.unwrap_or(relation.columns.len()) / 4);
    let at = at?;
    u16::try_from(at).ok()
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
}
