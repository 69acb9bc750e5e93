//! Relations by name: common tables, the search path, views seen through.
//!
//! Owns: the lookup of a relation, the way the server does it (PostgreSQL manual 5.9.3), and what reading one needs.
//! Refuses: to guess a schema where the search path is not known; then every relation of that name is meant.

use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::budget;
use crate::catalog::{Relation, RelationKind};
use crate::facts::{Action, Flag, Object};
use crate::names::{Col, Columns, Key, Rel, RelBody, Value, add, position};
use crate::settings::{SearchPath, is_temporary};

/// What a name means.
pub(crate) enum Named<'a> {
    /// These relations of the catalog; several only where the search path is not known.
    Relations(Vec<&'a Relation>),
    /// None: it would be looked for, or made, here.
    Missing(String, String),
}

/// A schema of the server's own, whose views are taken as they are.
pub(crate) fn is_system(schema: &str) -> bool {
    schema == "pg_catalog" || schema == "information_schema" || schema == "pg_toast"
}

/// The schemas of TOAST tables, which hold the long values of any table (PostgreSQL manual, TOAST).
fn keeps_values(schema: &str) -> bool {
    schema.starts_with("pg_toast")
}

impl<'a> Analyzer<'a> {
    /// Looks a relation up.
    pub fn relation(&self, path: &[String]) -> Named<'a> {
        match path {
            [name] => match &self.settings.search_path {
                SearchPath::Known(schemas) => {
                    for schema in schemas {
                        if is_temporary(schema) {
                            match self.temporary(schema, name) {
                                Some(named) => return named,
                                None => continue,
                            }
                        }
                        if let Some(relation) = self.catalog.relation(schema, name) {
                            return Named::Relations(vec![relation]);
                        }
                    }
                    Named::Missing(self.home(), name.clone())
                }
                SearchPath::Unknown => {
                    let all = self.catalog.relations_named(name);
                    if all.is_empty() {
                        Named::Missing(String::new(), name.clone())
                    } else {
                        Named::Relations(all)
                    }
                }
            },
            [schema, name] | [_, schema, name] if schema == "pg_temp" => {
                let own = match &self.settings.search_path {
                    SearchPath::Known(schemas) => schemas.iter().find(|s| is_temporary(s)),
                    SearchPath::Unknown => None,
                };
                own.and_then(|own| self.temporary(own, name))
                    .unwrap_or_else(|| Named::Missing(schema.clone(), name.clone()))
            }
            [schema, name] | [_, schema, name] => match self.catalog.relation(schema, name) {
                Some(relation) => Named::Relations(vec![relation]),
                None => Named::Missing(schema.clone(), name.clone()),
            },
            _ => Named::Missing(String::new(), path.last().cloned().unwrap_or_default()),
        }
    }

    /// A relation of the session's own temporary schema; of one that only the session can see yet, no more than that it is
    /// there. What the catalog has beside may be gone again.
    fn temporary(&self, schema: &str, name: &str) -> Option<Named<'a>> {
        if !self.settings.temporary.iter().any(|t| t == name) {
            return None;
        }
        Some(match self.catalog.relation(schema, name) {
            Some(relation) => Named::Relations(vec![relation]),
            None => Named::Missing("pg_temp".to_owned(), name.to_owned()),
        })
    }

    /// The schema in which an unqualified new object is made; empty where it is not known.
    pub fn home(&self) -> String {
        match &self.settings.search_path {
            SearchPath::Known(schemas) => {
                // The server puts the temporary schema and pg_catalog before all others unasked, and makes nothing there. Only
                // where somebody wrote it does the temporary one come behind pg_catalog.
                let asked = schemas.iter().skip_while(|s| *s != "pg_catalog");
                let temporary = asked.clone().find(|s| !is_system(s));
                let temporary = temporary.filter(|s| is_temporary(s));
                let plain = || {
                    let mut all = schemas.iter();
                    all.find(|s| !is_system(s) && !is_temporary(s))
                };
                temporary.or_else(plain).cloned().unwrap_or_default()
            }
            SearchPath::Unknown => String::new(),
        }
    }

    /// The objects a name means, for needs. An unknown name is flagged.
    pub fn objects(&mut self, path: &[String]) -> Vec<Object> {
        match self.relation(path) {
            Named::Relations(relations) => {
                let mut objects: Vec<Object> = relations
                    .iter()
                    .map(|r| Object::Table(r.schema.clone(), r.name.clone()))
                    .collect();
                if path.len() == 1 && self.settings.search_path == SearchPath::Unknown {
                    self.unresolved();
                    objects.push(Object::Table(String::new(), path[0].clone()));
                }
                objects
            }
            Named::Missing(schema, name) => {
                self.unresolved();
                vec![Object::Table(schema, name)]
            }
        }
    }

    /// A relation that is read: needs and columns.
    pub fn read(&mut self, path: &[String]) -> Rel<'a> {
        let start = self.needs.len();
        let shown = path.last().cloned().unwrap_or_default();
        let (schema, body) = match self.relation(path) {
            Named::Missing(schema, name) => {
                self.unresolved();
                self.note_hidden(&schema, &name);
                self.need(Action::Read, Object::Table(schema.clone(), name.clone()));
                (Some(schema.clone()), RelBody::Missing(schema, name))
            }
            Named::Relations(relations) => {
                if path.len() == 1 && self.settings.search_path == SearchPath::Unknown {
                    self.unresolved();
                    self.need(Action::Read, Object::Table(String::new(), path[0].clone()));
                    (None, RelBody::Columns(Rc::new(self.any_of(&relations))))
                } else if let [relation] = relations.as_slice() {
                    (Some(relation.schema.clone()), self.read_one(relation))
                } else {
                    (None, RelBody::Columns(Rc::new(self.any_of(&relations))))
                }
            }
        };
        Rel {
            name: shown,
            schema,
            body,
            reads: start..self.needs.len(),
        }
    }

    /// Reads one relation of the catalog.
    fn read_one(&mut self, relation: &'a Relation) -> RelBody<'a> {
        self.need(
            Action::Read,
            Object::Table(relation.schema.clone(), relation.name.clone()),
        );
        self.note_revealing(relation);
        match relation.kind {
            RelationKind::View if !is_system(&relation.schema) => {
                RelBody::Columns(Rc::new(self.through_view(relation)))
            }
            RelationKind::MaterializedView => RelBody::Stored(Rc::new(self.through_view(relation))),
            RelationKind::Table if !relation.parents.is_empty() => {
                RelBody::Stored(Rc::new(self.with_parents(relation)))
            }
            RelationKind::Table
            | RelationKind::View
            | RelationKind::Sequence
            | RelationKind::Index
            | RelationKind::Composite => RelBody::Table(relation),
        }
    }

    /// The columns of a partition or child table: what is said of a parent's column is said of the child's.
    fn with_parents(&self, relation: &'a Relation) -> Columns {
        let mut columns = Rel {
            name: String::new(),
            schema: None,
            body: RelBody::Table(relation),
            reads: 0..0,
        }
        .columns();
        let mut above = relation.parents.clone();
        let mut seen = vec![relation.oid];
        while let Some(oid) = above.pop() {
            let Some(parent) = self
                .catalog
                .relation_by_oid(oid)
                .filter(|_| !seen.contains(&oid))
            else {
                continue;
            };
            seen.push(oid);
            above.extend(&parent.parents);
            for col in &mut columns.cols {
                if let Some(index) = position(parent, &col.name) {
                    add(&mut col.value.via, &[Key::Base { oid, index }]);
                }
            }
        }
        columns
    }

    /// Flags TOAST tables. What other system relations show is in `revealing`.
    fn note_revealing(&mut self, relation: &Relation) {
        if keeps_values(&relation.schema) {
            self.flag(Flag::RevealsData);
        }
    }

    /// Flags what the catalog leaves out and what holds values of others' tables: TOAST, temporary tables of other
    /// sessions. Without a schema a TOAST table is found by its name, or because its schema is on the path.
    fn note_hidden(&mut self, schema: &str, name: &str) {
        let on_path = match &self.settings.search_path {
            SearchPath::Known(schemas) => schemas.iter().any(|s| keeps_values(s)),
            SearchPath::Unknown => false,
        };
        if keeps_values(schema)
            || schema.starts_with("pg_temp_")
            || name.starts_with("pg_toast_")
            || on_path
        {
            self.flag(Flag::RevealsData);
        }
    }

    /// The columns of whichever of several relations is meant: by name, from any of them.
    fn any_of(&mut self, relations: &[&'a Relation]) -> Columns {
        let mut merged = Columns {
            open: Some(vec![]),
            ..Columns::default()
        };
        for relation in relations {
            let columns = match self.read_one(relation) {
                RelBody::Stored(columns) | RelBody::Columns(columns) => columns.copy(),
                body => Rel {
                    name: String::new(),
                    schema: None,
                    body,
                    reads: 0..0,
                }
                .columns(),
            };
            if let Some(open) = &mut merged.open {
                add(open, &columns.all());
            }
            budget::spend(columns.cols.len() * (1 + merged.cols.len() / 4));
            for col in columns.cols {
                match merged.cols.iter_mut().find(|c| c.name == col.name) {
                    Some(known) => known.value.absorb(&col.value),
                    None => merged.cols.push(Col {
                        name: col.name,
                        value: col.value.computed(),
                    }),
                }
            }
        }
        merged
    }

    /// The columns of a view as they follow from the tables below it.
    fn through_view(&mut self, view: &'a Relation) -> Columns {
        let columns = self.import_view(view);
        if view.is_untold() {
            // To be asked for again.
            self.unresolved();
        }
        let own = |name: &str| {
            position(view, name).map(|index| Key::Base {
                oid: view.oid,
                index,
            })
        };
        match columns {
            Some(columns) if columns.open.is_none() && columns.cols.len() == view.columns.len() => {
                let cols = view
                    .columns
                    .iter()
                    .zip(columns.cols)
                    .map(|(column, col)| {
                        let mut value = col.value;
                        if let Some(key) = own(&column.name) {
                            if value.plain {
                                add(&mut value.via, &[key]);
                            } else {
                                add(&mut value.deps, &[key]);
                            }
                        }
                        Col {
                            name: column.name.clone(),
                            value,
                        }
                    })
                    .collect();
                Columns {
                    cols,
                    ..Columns::default()
                }
            }
            other => {
                // The definition could not be followed: each column may depend on all it reads.
                self.opaque(|| format!("view {}.{} cannot be looked into", view.schema, view.name));
                let all = other.map(|c| c.all()).unwrap_or_default();
                budget::spend(view.columns.len() * (budget::COLUMN + all.len()));
                let cols = view
                    .columns
                    .iter()
                    .map(|column| {
                        let mut deps = all.clone();
                        if let Some(key) = own(&column.name) {
                            add(&mut deps, &[key]);
                        }
                        Col {
                            name: column.name.clone(),
                            value: Value::of(deps),
                        }
                    })
                    .collect();
                Columns {
                    cols,
                    ..Columns::default()
                }
            }
        }
    }
}
