//! INSERT, UPDATE, DELETE, MERGE: what they write, read and give back.
//!
//! Owns: their needs and the uses of columns in them. Refuses: to count a look at the target's rows as part of the write: as
//! for the server (PostgreSQL manual, GRANT), WHERE and RETURNING on a table read it.

use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::facts::{Action, Flag, Object, Place};
use crate::form::{
    Assignment, BranchAction, Conflict, Delete, Expr, FromItem, Insert, Merge, Path, Target,
    Update, With,
};
use crate::names::{Columns, Key, Rel, RelBody, Value, position};
use crate::relations::{Named, is_system};
use crate::scope::{Item, Level};

/// The table that a statement writes.
struct Written {
    /// What it means.
    objects: Vec<Object>,
    /// The OIDs of those in the catalog.
    oids: Vec<u32>,
}

impl<'a> Analyzer<'a> {
    /// INSERT: the columns of RETURNING.
    pub fn insert(&mut self, insert: &Insert) -> Columns {
        let frames = self.open(&insert.with);
        let written = self.written(&insert.table, Action::Insert);
        let columns: Vec<String> = if insert.columns.is_empty() {
            self.all_columns(&written)
        } else {
            insert.columns.clone()
        };
        let source = match &insert.source {
            Some(query) => self.query(query),
            None => Columns::default(),
        };
        for col in &source.cols {
            self.record(&col.value, Place::Stored);
        }
        if let Some(open) = &source.open {
            self.record_keys(open, Place::Stored);
        }
        // Columns that are named are written, whether there are values for all of them or not.
        let count = if source.open.is_some() || !insert.columns.is_empty() {
            columns.len()
        } else {
            source.cols.len()
        };
        self.write(&written, &columns[..count.min(columns.len())]);
        let alias = insert.alias.as_deref();
        let returned = self.inside(&insert.table, alias, &insert.returning, |this| {
            if let Some(conflict) = &insert.conflict {
                this.conflict(conflict, &written, &columns, &source);
            }
        });
        if !insert.returning.is_empty()
            || insert.conflict.as_ref().is_some_and(|c| !c.sets.is_empty())
        {
            self.need_objects(Action::Read, &written.objects);
        }
        self.commons.truncate(frames);
        returned
    }

    /// ON CONFLICT. `excluded` holds what was to be inserted, not what is stored.
    fn conflict(
        &mut self,
        conflict: &Conflict,
        written: &Written,
        columns: &[String],
        source: &Columns,
    ) {
        for expr in &conflict.target {
            self.predicate_of_index(expr);
        }
        if conflict.sets.is_empty() {
            return;
        }
        self.need_objects(Action::Update, &written.objects);
        let mut excluded = Columns {
            open: source.open.clone(),
            ..Columns::default()
        };
        for name in self.all_columns(written) {
            let at = columns.iter().position(|c| *c == name);
            let value = match &source.open {
                // Which of them is inserted where is not known.
                Some(_) => Some(Value::of(source.all())),
                None => at
                    .and_then(|at| source.cols.get(at))
                    .map(|c| c.value.clone().computed()),
            };
            excluded.cols.push(crate::names::Col {
                name,
                value: value.unwrap_or_default(),
            });
        }
        let body = if written.oids.is_empty() {
            RelBody::Columns(Rc::new(Columns {
                open: Some(source.all()),
                ..Columns::default()
            }))
        } else {
            RelBody::Columns(Rc::new(excluded))
        };
        let rel = Rel {
            name: "excluded".to_owned(),
            schema: None,
            body,
            reads: 0..0,
        };
        // Qualified only: a bare name means the table's column.
        self.levels.insert(
            self.levels.len().saturating_sub(1),
            Level {
                items: vec![Item::Rel(rel)],
                hidden: false,
            },
        );
        self.assign(&conflict.sets, written);
        if let Some(filter) = &conflict.filter {
            self.predicate(filter);
        }
        let at = self.levels.len().saturating_sub(2);
        self.levels.remove(at);
    }

    /// What names a unique index: it tells whether a value is there.
    fn predicate_of_index(&mut self, expr: &Expr) {
        let value = self.value(expr);
        self.record_equality(&value);
    }

    /// UPDATE: the columns of RETURNING.
    pub fn update(&mut self, update: &Update) -> Columns {
        let frames = self.open(&update.with);
        let written = self.written(&update.table, Action::Update);
        let reads = reads_target(&update.returning, update.filter.is_some())
            || update
                .sets
                .iter()
                .any(|s| !crate::predicates::is_constant(&s.value));
        let returned = self.inside(
            &update.table,
            update.alias.as_deref(),
            &update.returning,
            |this| {
                this.items_beside(&update.from);
                if update.current_of.is_none() && !this.picks_rows(update.filter.as_ref()) {
                    this.flag(Flag::NoWhere);
                }
                this.assign(&update.sets, &written);
                if let Some(filter) = &update.filter {
                    this.predicate(filter);
                }
            },
        );
        if reads {
            self.need_objects(Action::Read, &written.objects);
        }
        self.commons.truncate(frames);
        returned
    }

    /// DELETE: the columns of RETURNING.
    pub fn delete(&mut self, delete: &Delete) -> Columns {
        let frames = self.open(&delete.with);
        let written = self.written(&delete.table, Action::Delete);
        let returned = self.inside(
            &delete.table,
            delete.alias.as_deref(),
            &delete.returning,
            |this| {
                this.items_beside(&delete.using);
                if delete.current_of.is_none() && !this.picks_rows(delete.filter.as_ref()) {
                    this.flag(Flag::NoWhere);
                }
                if let Some(filter) = &delete.filter {
                    this.predicate(filter);
                }
            },
        );
        if reads_target(&delete.returning, delete.filter.is_some()) {
            self.need_objects(Action::Read, &written.objects);
        }
        self.commons.truncate(frames);
        returned
    }

    /// MERGE: the columns of RETURNING.
    pub fn merge_into(&mut self, merge: &Merge) -> Columns {
        let frames = self.open(&merge.with);
        let written = self.written(&merge.table, Action::Merge);
        self.blind = false;
        let returned = self.inside(
            &merge.table,
            merge.alias.as_deref(),
            &merge.returning,
            |this| {
                this.items_beside(std::slice::from_ref(&merge.source));
                if !this.picks_to_merge(merge) {
                    this.flag(Flag::NoWhere);
                }
                this.predicate(&merge.on);
                for branch in &merge.branches {
                    if let Some(condition) = &branch.condition {
                        this.predicate(condition);
                    }
                    match &branch.action {
                        BranchAction::Nothing => {}
                        BranchAction::Delete => this.need_objects(Action::Delete, &written.objects),
                        BranchAction::Update(sets) => {
                            this.need_objects(Action::Update, &written.objects);
                            this.assign(sets, &written);
                        }
                        BranchAction::Insert(columns, values) => {
                            this.need_objects(Action::Insert, &written.objects);
                            let mut named = columns.clone();
                            if named.is_empty() {
                                named = this.all_columns(&written);
                                named.truncate(values.len());
                            }
                            let value = this.values(values);
                            this.record(&value, Place::Stored);
                            this.write(&written, &named);
                        }
                    }
                }
            },
        );
        self.need_objects(Action::Read, &written.objects);
        self.commons.truncate(frames);
        returned
    }

    /// Opens the scope of a WITH; gives what to truncate to.
    fn open(&mut self, with: &With) -> usize {
        let frames = self.commons.len();
        self.with(with);
        frames
    }

    /// Runs the body of a write with its target in scope, then RETURNING.
    fn inside(
        &mut self,
        table: &[String],
        alias: Option<&str>,
        returning: &[Target],
        body: impl FnOnce(&mut Self),
    ) -> Columns {
        let target = self.target(table, alias);
        self.levels.push(Level {
            items: vec![Item::Rel(target)],
            hidden: false,
        });
        body(self);
        let columns = self.returning(table, returning);
        self.levels.pop();
        columns
    }

    /// RETURNING: also `old.a` and `new.a` from PostgreSQL 18.
    fn returning(&mut self, table: &[String], returning: &[Target]) -> Columns {
        if returning.is_empty() {
            return Columns::default();
        }
        if self.nested > 0 {
            // What was stored comes back under the target's name, and the query around may choose rows by it.
            let stored: Vec<Key> = self
                .uses
                .iter()
                .filter(|(_, place)| *place == Place::Stored)
                .map(|(key, _)| *key)
                .collect();
            self.record_keys(&stored, Place::Filter);
        }
        let outer: Vec<Item<'a>> = ["old", "new"]
            .iter()
            .map(|name| {
                let columns = Rc::new(self.target(table, None).columns());
                let body = RelBody::Columns(columns);
                Item::Rel(Rel {
                    name: (*name).to_owned(),
                    schema: None,
                    body,
                    reads: 0..0,
                })
            })
            .collect();
        let at = self.levels.len().saturating_sub(1);
        self.levels.insert(
            at,
            Level {
                items: outer,
                hidden: false,
            },
        );
        let columns = self.targets(returning);
        self.levels.remove(at);
        columns
    }

    /// The items of FROM or USING beside the target.
    fn items_beside(&mut self, items: &[FromItem]) {
        for item in items {
            let item = self.item(item);
            if let Some(level) = self.levels.last_mut() {
                level.items.push(item);
            }
        }
    }

    /// The target as a relation in scope, without a need.
    pub fn target(&mut self, path: &[String], alias: Option<&str>) -> Rel<'a> {
        let (needs, flags) = (self.needs.len(), self.flags.clone());
        let mut rel = self.read(path);
        // That it can be read is decided by whether it is; what lies below a view stays needed.
        let mut own: Vec<_> = self.needs.drain(needs..).collect();
        self.flags = flags;
        if let RelBody::Columns(_) = rel.body {
            own.retain(|n| crate::views::reads(n).is_none());
            self.needs.extend(own);
        }
        rel.reads = 0..0;
        if let Some(alias) = alias {
            rel.name = alias.to_owned();
            rel.schema = None;
        }
        rel
    }

    /// The need to write a table, and what lies below it if it is a view.
    fn written(&mut self, path: &Path, action: Action) -> Written {
        let mut objects = self.objects(path);
        let mut oids = vec![];
        if let Named::Relations(relations) = self.relation(path) {
            for relation in relations {
                oids.push(relation.oid);
                for below in self.below(relation) {
                    objects.push(below);
                }
            }
        }
        self.need_objects(action, &objects);
        let system = |o: &Object| matches!(o, Object::Table(schema, _) if is_system(schema));
        if objects.iter().any(system) {
            // Writing to pg_settings is SET, and a catalogue's rows are definitions.
            self.need(Action::Admin, Object::Database);
            self.may_change_settings();
            self.blind = false;
        }
        Written { objects, oids }
    }

    /// The tables that a view reads: what is written to the view is written to one of them.
    fn below(&mut self, relation: &'a crate::catalog::Relation) -> Vec<Object> {
        let mut probe = Analyzer::new(self.catalog, self.settings);
        probe.depth = self.depth;
        if relation.kind != crate::catalog::RelationKind::View
            || probe.import_view(relation).is_none()
        {
            return vec![];
        }
        let tables = probe.needs.iter().filter(|n| n.action == Action::Read);
        tables.map(|n| n.object.clone()).collect()
    }

    /// A need for each.
    fn need_objects(&mut self, action: Action, objects: &[Object]) {
        for object in objects {
            self.need(action, object.clone());
        }
    }

    /// The target's columns in order.
    fn all_columns(&self, written: &Written) -> Vec<String> {
        let relation = written
            .oids
            .first()
            .and_then(|oid| self.catalog.relation_by_oid(*oid));
        relation
            .map(|r| r.columns.iter().map(|c| c.name.clone()).collect())
            .unwrap_or_default()
    }

    /// Records columns as written; through a view, those below it.
    fn write(&mut self, written: &Written, columns: &[String]) {
        let mut keys: Vec<Key> = vec![];
        for name in columns {
            let mut known = false;
            for oid in &written.oids {
                let Some(relation) = self.catalog.relation_by_oid(*oid) else {
                    continue;
                };
                let Some(index) = position(relation, name) else {
                    continue;
                };
                keys.push(Key::Base { oid: *oid, index });
                known = true;
                let mut probe = Analyzer::new(self.catalog, self.settings);
                probe.depth = self.depth;
                if relation.kind == crate::catalog::RelationKind::View
                    && let Some(view) = probe.import_view(relation)
                    && let Some(col) = view.cols.get(usize::from(index))
                {
                    keys.extend(
                        col.value
                            .deps
                            .iter()
                            .filter(|k| matches!(k, Key::Base { .. })),
                    );
                }
            }
            if !known {
                for object in &written.objects {
                    if let Object::Table(schema, table) = object {
                        let key = self.name(schema, table, name);
                        keys.push(key);
                    }
                }
            }
        }
        self.writes.extend(keys);
    }

    /// SET: the columns are written, the values are stored.
    fn assign(&mut self, sets: &[Assignment], written: &Written) {
        for set in sets {
            self.write(written, &set.columns);
            let mut value = self.value(&set.value);
            for subscript in &set.subscripts {
                let next = self.value(subscript);
                value.absorb(&next);
            }
            self.record(&value, Place::Stored);
        }
    }
}

/// Whether a write looks at its target's rows.
fn reads_target(returning: &[Target], filtered: bool) -> bool {
    filtered || !returning.is_empty()
}
