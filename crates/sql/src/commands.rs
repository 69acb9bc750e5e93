//! Statements that are neither queries nor writes: definitions, privileges, maintenance, COPY.
//!
//! Owns: what they need. Refuses: to tell harmless definitions from others; policy does.

use crate::analyzer::Analyzer;
use crate::facts::{Action, Flag, Object, Place};
use crate::form::{
    CopyRows, CopySubject, Define, Endpoint, Execute, Maintenance, ObjectKind, Privileges, Verb,
};
use crate::names::{Columns, Key, Rel};
use crate::relations::Named;
use crate::scope::{Item, Level};
use crate::settings::{SettingChange, is_temporary};

impl<'a> Analyzer<'a> {
    /// CREATE, ALTER, DROP and kin.
    pub fn define(&mut self, define: &Define) {
        self.blind = false;
        self.making.defines = define.query.is_none() && define.execute.is_none();
        if self.settings.has_temporary() && !define.temporary {
            // What reads a temporary relation is temporary; what goes, or changes its name, uncovers what it hid.
            self.changes.push(SettingChange::AskServer);
        }
        let action = match define.verb {
            Verb::Create => Action::Create,
            Verb::Alter => Action::Alter,
            Verb::Drop => Action::Drop,
            Verb::Comment => Action::Ddl,
            Verb::SecurityLabel => Action::Dcl,
        };
        let start = self.needs.len();
        match define.what {
            ObjectKind::Role => self.need(Action::Dcl, Object::Database),
            ObjectKind::Replication | ObjectKind::Tablespace | ObjectKind::Foreign => {
                self.need(action, Object::Database);
                self.need(Action::Admin, Object::Database);
            }
            ObjectKind::Database | ObjectKind::EventTrigger | ObjectKind::Extension => {
                self.need(action, Object::Database);
            }
            ObjectKind::LargeObject | ObjectKind::Other => self.need(action, Object::Database),
            ObjectKind::Schema => {
                // The path may have named it all along.
                self.may_change_settings();
                for name in &define.names {
                    self.need(
                        action,
                        Object::Schema(name.last().cloned().unwrap_or_default()),
                    );
                }
            }
            ObjectKind::Function
            | ObjectKind::Procedure
            | ObjectKind::Routine
            | ObjectKind::Aggregate => {
                for name in &define.names {
                    self.define_function(action, define.verb, name);
                }
            }
            ObjectKind::Type | ObjectKind::Domain | ObjectKind::Statistics => {
                for name in &define.names {
                    let (schema, _) = self.created(name, false);
                    self.need(action, Object::Schema(schema));
                }
            }
            ObjectKind::Trigger
            | ObjectKind::Rule
            | ObjectKind::Policy
            | ObjectKind::Column
            | ObjectKind::Constraint => {}
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Index
            | ObjectKind::Sequence => self.define_relations(action, define),
        }
        if let Some(table) = &define.on {
            self.need_each(
                match action {
                    // COMMENT ON COLUMN, SECURITY LABEL ON COLUMN.
                    Action::Ddl | Action::Dcl => action,
                    _ => Action::Alter,
                },
                table,
            );
        }
        if self.needs.len() == start {
            self.need(action, Object::Database);
        }
        for relation in &define.relations {
            self.need_each(Action::Alter, relation);
        }
        for function in &define.functions {
            let (schema, name) = self.created(function, false);
            self.need(Action::Call, Object::Function(schema, name));
        }
        if define.ownership {
            self.need(Action::Dcl, Object::Database);
        }
        self.define_expressions(define);
        if let Some(reason) = runs_later(define) {
            self.opaque(|| reason.to_owned());
        }
        if let Some(query) = &define.query {
            let columns = self.query(query);
            self.kept = true;
            self.store(&columns);
        }
        if let Some(execute) = &define.execute {
            self.execute_args(execute);
        }
    }

    /// A function that is defined. Overloads are taken together.
    fn define_function(&mut self, action: Action, verb: Verb, path: &[String]) {
        let name = path.last().cloned().unwrap_or_default();
        let mut schemas: Vec<String> = vec![];
        if path.len() == 1 && verb != Verb::Create {
            let resolved =
                crate::functions::resolve(path, self.catalog, &self.settings.search_path);
            schemas.extend(resolved.candidates.iter().map(|f| f.schema.clone()));
            schemas.dedup();
        }
        if schemas.is_empty() {
            let (schema, _) = self.created(path, false);
            schemas.push(schema);
        }
        for schema in schemas {
            self.need(action, Object::Function(schema, name.clone()));
        }
    }

    /// Tables, views, indexes, sequences.
    fn define_relations(&mut self, action: Action, define: &Define) {
        if define.verb != Verb::Create {
            for name in &define.names {
                self.need_each(action, name);
            }
            return;
        }
        // An index lives where its table lives.
        let home = match (&define.on, define.what) {
            (Some(table), ObjectKind::Index) => {
                self.objects(table).into_iter().find_map(|o| match o {
                    Object::Table(schema, _) => Some(schema),
                    Object::Database | Object::Schema(_) | Object::Function(_, _) => None,
                })
            }
            _ => None,
        };
        if define.names.is_empty() {
            let schema = home.clone().unwrap_or_else(|| self.home());
            self.need(Action::Create, Object::Schema(schema));
        }
        for name in &define.names {
            let (schema, name) = match (&home, name.as_slice()) {
                (Some(home), [name]) => (home.clone(), name.clone()),
                _ => self.created(name, define.temporary),
            };
            if define.what != ObjectKind::Index {
                self.note_temporary(&schema, &name);
            }
            self.need(Action::Create, Object::Table(schema, name));
        }
    }

    /// A relation that is made in the session's temporary schema hides others of its name from now on.
    pub fn note_temporary(&mut self, schema: &str, name: &str) {
        if is_temporary(schema) {
            self.changes.push(SettingChange::Temporary(name.to_owned()));
        }
    }

    /// Defaults, checks, conditions: functions in them run later, columns in them are the table's own.
    fn define_expressions(&mut self, define: &Define) {
        if define.expressions.is_empty() {
            return;
        }
        let known = !self.flags.contains(&Flag::UnresolvedName);
        let mut items = vec![];
        for name in define.on.iter().chain(&define.names) {
            if let Named::Relations(relations) = self.relation(name) {
                for relation in relations {
                    items.push(Item::Rel(Rel {
                        name: relation.name.clone(),
                        schema: Some(relation.schema.clone()),
                        body: crate::names::RelBody::Table(relation),
                        reads: 0..0,
                    }));
                }
            }
        }
        self.levels.push(Level {
            items,
            hidden: false,
        });
        for expr in &define.expressions {
            let value = self.value(expr);
            match define.what {
                // An index keeps its values to itself; but how many rows it has, and whether making it fails, shows.
                ObjectKind::Index | ObjectKind::Trigger | ObjectKind::Rule | ObjectKind::Policy => {
                    self.record(&value, Place::Filter);
                }
                // A generated column, or a changed type, copies values.
                _ => self.record(&value, Place::Stored),
            }
        }
        self.levels.pop();
        // Columns that are being defined, and NEW and OLD, are not in the catalog.
        self.flags.retain(|f| !known || *f != Flag::UnresolvedName);
    }

    /// Records that these are kept where no mask reaches.
    pub fn store(&mut self, columns: &Columns) {
        for col in &columns.cols {
            self.record(&col.value, Place::Stored);
        }
        if let Some(open) = &columns.open {
            self.record_keys(open, Place::Stored);
        }
    }

    /// The arguments of EXECUTE.
    pub fn execute_args(&mut self, execute: &Execute) {
        self.blind = false;
        self.making.executes = true;
        let value = self.values(&execute.args);
        self.record(&value, Place::Stored);
    }

    /// GRANT, REVOKE and kin.
    pub fn privileges(&mut self, privileges: &Privileges) {
        self.blind = false;
        // Schemas that may not be used are not searched.
        self.may_change_settings();
        let start = self.needs.len();
        for name in &privileges.names {
            match privileges.what {
                ObjectKind::Table
                | ObjectKind::View
                | ObjectKind::MaterializedView
                | ObjectKind::Sequence
                | ObjectKind::Index => {
                    self.need_each(Action::Dcl, name);
                }
                ObjectKind::Schema => {
                    self.need(
                        Action::Dcl,
                        Object::Schema(name.last().cloned().unwrap_or_default()),
                    );
                }
                ObjectKind::Function
                | ObjectKind::Procedure
                | ObjectKind::Routine
                | ObjectKind::Aggregate => {
                    self.define_function(Action::Dcl, Verb::Alter, name);
                }
                ObjectKind::Type
                | ObjectKind::Domain
                | ObjectKind::Extension
                | ObjectKind::Trigger
                | ObjectKind::EventTrigger
                | ObjectKind::Rule
                | ObjectKind::Policy
                | ObjectKind::Role
                | ObjectKind::Database
                | ObjectKind::Tablespace
                | ObjectKind::Column
                | ObjectKind::Constraint
                | ObjectKind::Statistics
                | ObjectKind::Replication
                | ObjectKind::Foreign
                | ObjectKind::LargeObject
                | ObjectKind::Other => self.need(Action::Dcl, Object::Database),
            }
        }
        if self.needs.len() == start {
            self.need(Action::Dcl, Object::Database);
        }
    }

    /// VACUUM and kin.
    pub fn maintenance(&mut self, maintenance: &Maintenance) {
        self.blind = false;
        let action = if maintenance.command == "REINDEX" {
            Action::Ddl
        } else {
            Action::Admin
        };
        for table in &maintenance.tables {
            self.need_each(action, table);
        }
        if maintenance.tables.is_empty() {
            self.need(action, Object::Database);
        }
    }

    /// COPY.
    pub fn copy(&mut self, copy: &CopyRows) {
        self.blind = false;
        if copy.endpoint != Endpoint::Client {
            self.flag(Flag::ServerFile);
            self.need(Action::Admin, Object::Database);
        }
        match &copy.subject {
            CopySubject::Table(path, columns) if copy.from => self.copy_in(path, columns, copy),
            CopySubject::Table(path, columns) => {
                let rel = self.read(path);
                for object in self.objects(path) {
                    self.need(Action::CopyOut, object);
                }
                self.levels.push(Level {
                    items: vec![Item::Rel(rel.clone())],
                    hidden: false,
                });
                if columns.is_empty() {
                    let value = crate::names::Value::of(rel.whole());
                    self.record(&value, Place::Stored);
                } else {
                    for column in columns {
                        let value = self.column(std::slice::from_ref(column));
                        self.record(&value, Place::Stored);
                    }
                }
                self.levels.pop();
            }
            CopySubject::Statement(statement) => {
                let start = self.needs.len();
                let outcome = self.statement(&statement.kind);
                if let Some(columns) = &outcome.columns {
                    self.store(columns);
                }
                let tables: Vec<Object> = self.needs[start..]
                    .iter()
                    .filter(|n| n.action == Action::Read)
                    .map(|n| n.object.clone())
                    .collect();
                if tables.is_empty() {
                    self.need(Action::CopyOut, Object::Database);
                }
                for table in tables {
                    self.need(Action::CopyOut, table);
                }
                if copy.from {
                    // The server refuses it; so nothing here is known to be mild.
                    self.need(Action::Unknown, Object::Database);
                }
            }
        }
    }

    /// COPY … FROM.
    fn copy_in(&mut self, path: &[String], columns: &[String], copy: &CopyRows) {
        for object in self.objects(path) {
            self.need(Action::CopyIn, object.clone());
            self.need(Action::Insert, object);
        }
        self.copied_into(path, columns);
        if let Some(filter) = &copy.filter {
            // It looks at the rows that come in, not at stored ones, and calls functions. The server takes no subquery here;
            // should one come to be taken, what it reads decides.
            let target = self.target(path, None);
            self.levels.push(Level {
                items: vec![Item::Rel(target)],
                hidden: false,
            });
            let mut value = self.value(filter);
            self.levels.pop();
            let own = match self.relation(path) {
                Named::Relations(all) => all.iter().map(|r| r.oid).collect(),
                Named::Missing(..) => vec![],
            };
            let stored = |key: &Key| !matches!(key, Key::Base { oid, .. } if own.contains(oid));
            value.deps.retain(stored);
            self.record(&value, Place::Filter);
        }
    }

    /// The columns that COPY FROM writes.
    fn copied_into(&mut self, path: &[String], columns: &[String]) {
        if let crate::relations::Named::Relations(relations) = self.relation(path) {
            for relation in relations {
                for (index, column) in (0u16..).zip(relation.columns.iter()) {
                    if columns.is_empty() || columns.contains(&column.name) {
                        self.writes.push(crate::names::Key::Base {
                            oid: relation.oid,
                            index,
                        });
                    }
                }
            }
        }
    }
}

/// Why a definition brings something to be run later that is not looked into, if it does. A statement that sets it off
/// shows nothing of it.
fn runs_later(define: &Define) -> Option<&'static str> {
    match define.verb {
        Verb::Create | Verb::Alter => {}
        Verb::Drop | Verb::Comment | Verb::SecurityLabel => return None,
    }
    let brings_functions = !define.functions.is_empty();
    match define.what {
        ObjectKind::Rule => Some("a rule runs other statements later"),
        ObjectKind::Trigger | ObjectKind::EventTrigger => Some("a trigger runs a function later"),
        ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine => {
            Some("the body of a function runs later")
        }
        ObjectKind::Aggregate => Some("an aggregate runs other functions later"),
        // Other statements on the table work out its expressions.
        ObjectKind::Policy => Some("the expressions of a policy run later"),
        ObjectKind::Extension => Some("an extension brings functions that cannot be looked into"),
        // Operators and their classes, casts, conversions, languages, types with functions of their own.
        ObjectKind::Other | ObjectKind::Type if brings_functions => Some("it runs functions later"),
        // Its elements are not looked into: triggers, views.
        ObjectKind::Schema if !define.relations.is_empty() || brings_functions => {
            Some("what is made in the schema is not looked into")
        }
        ObjectKind::Table
        | ObjectKind::View
        | ObjectKind::MaterializedView
        | ObjectKind::Index
        | ObjectKind::Sequence
        | ObjectKind::Schema
        | ObjectKind::Type
        | ObjectKind::Domain
        | ObjectKind::Role
        | ObjectKind::Database
        | ObjectKind::Tablespace
        | ObjectKind::Column
        | ObjectKind::Constraint
        | ObjectKind::Statistics
        | ObjectKind::Replication
        | ObjectKind::Foreign
        | ObjectKind::LargeObject
        | ObjectKind::Other => None,
    }
}
