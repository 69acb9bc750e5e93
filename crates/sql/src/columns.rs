//! Column references: which column a name in an expression means.
//!
//! Owns: the lookup through the scopes, innermost first, as `transformColumnRef` in PostgreSQL's parse_expr.c does it.
//! Refuses: to let a name that could mean several things mean only one.

use crate::analyzer::Analyzer;
use crate::calls::Given;
use crate::catalog::Function;
use crate::form::Expr;
use crate::functions::{self, Effect};
use crate::names::{Found, Key, Value, add};
use crate::scope::Level;
use crate::types::is_any;

impl<'a> Analyzer<'a> {
    /// The value of `a`, `t.a`, `s.t.a`, `d.s.t.a`, or of a whole row.
    pub fn column(&mut self, path: &[String]) -> Value {
        match path {
            [name] => self.bare_column(name),
            [table, name] => self.qualified_column(None, table, name),
            [schema, table, name] | [_, schema, table, name] => {
                self.qualified_column(Some(schema), table, name)
            }
            [.., table, name] => self.unseen_column(None, table, name),
            [] => self.unknown_column(""),
        }
    }

    /// The value of `name`.
    fn bare_column(&mut self, name: &str) -> Value {
        let mut open: Option<Vec<Key>> = None;
        let mut missing: Vec<(String, String)> = vec![];
        let mut system = false;
        let mut found = vec![];
        for at in (0..self.levels.len()).rev() {
            if self.levels[at].hidden {
                continue;
            }
            found.clear();
            for item in &self.levels[at].items {
                item.column(name, &mut found);
            }
            let mut value: Option<Value> = None;
            for one in found.drain(..) {
                match one {
                    Found::Column(v) => match &mut value {
                        None => value = Some(v),
                        Some(first) if *first == v => {}
                        Some(first) => first.absorb(&v),
                    },
                    Found::Open(keys) => add(open.get_or_insert_with(Vec::new), &keys),
                    Found::Missing(schema, table) => missing.push((schema, table)),
                    Found::System => system = true,
                    Found::No => {}
                }
            }
            if let Some(mut value) = value {
                // What an inner scope may hold unseen, the value may come from.
                if at + 1 < self.levels.len() {
                    self.absorb_unseen(&mut value, &open, &missing, name);
                }
                return value;
            }
            if system {
                return Value::none();
            }
        }
        if let Some(mut value) = self.whole_row(None, name) {
            self.absorb_unseen(&mut value, &open, &missing, name);
            return value;
        }
        if open.is_none() && missing.is_empty() {
            return self.unknown_column(name);
        }
        if open.is_none()
            && let [(schema, table)] = missing.as_slice()
        {
            return Value::column(self.name(schema, table, name));
        }
        let mut value = Value::none();
        self.absorb_unseen(&mut value, &open, &missing, name);
        value
    }

    /// Adds what relations with unknown columns could contribute under this name.
    fn absorb_unseen(
        &mut self,
        value: &mut Value,
        open: &Option<Vec<Key>>,
        missing: &[(String, String)],
        name: &str,
    ) {
        if let Some(keys) = open {
            value.absorb(&Value::of(keys.clone()));
        }
        for (schema, table) in missing {
            let key = self.name(schema, table, name);
            value.absorb(&Value::of(vec![key]));
        }
    }

    /// The value of `table.name`.
    fn qualified_column(&mut self, schema: Option<&str>, table: &str, name: &str) -> Value {
        for at in (0..self.levels.len()).rev() {
            if self.levels[at].hidden {
                continue;
            }
            let mut rels = vec![];
            let mut merged = vec![];
            for item in &self.levels[at].items {
                item.relation(schema, table, &mut rels);
                item.join_as(table, &mut merged);
            }
            if rels.is_empty() && merged.is_empty() {
                continue;
            }
            let found: Vec<Found> = rels.iter().map(|r| r.column(name)).collect();
            let mut value: Option<Value> = None;
            let vague = |one: &Found| matches!(one, Found::Open(_) | Found::Missing(..));
            if found.iter().any(vague) && self.may_matter(name) {
                // It may have no such column: then it is a call.
                value = Some(self.attribute(schema, table, name));
            }
            for one in found {
                let next = match one {
                    Found::Column(v) => v,
                    Found::System => Value::none(),
                    Found::Open(keys) => Value::of(keys),
                    Found::Missing(s, t) => Value::column(self.name(&s, &t, name)),
                    Found::No => continue,
                };
                match &mut value {
                    None => value = Some(next),
                    Some(first) => first.absorb(&next),
                }
            }
            for col in merged.iter().filter(|c| c.name == name) {
                match &mut value {
                    None => value = Some(col.value.clone()),
                    Some(first) => first.absorb(&col.value),
                }
            }
            return match value {
                Some(value) => value,
                None => self.attribute(schema, table, name),
            };
        }
        self.unseen_column(schema, table, name)
    }

    /// The value of `table.name` where there is no such table. Whatever row is meant, it may have no such column.
    fn unseen_column(&mut self, schema: Option<&str>, table: &str, name: &str) -> Value {
        let mut value = self.unknown_column(name);
        if self.may_matter(name) {
            value.absorb(&self.attribute(schema, table, name));
        }
        value
    }

    /// Whether a function of this name can do anything but give a value, or gives one of a whole row.
    fn may_matter(&self, name: &str) -> bool {
        let takes_row = |f: &Function| f.arguments.first().is_some_and(|oid| is_any(*oid));
        let matters =
            |f: &Function| !f.builtin || takes_row(f) || functions::effect(f) != Effect::Harmless;
        self.catalog.functions(name).iter().any(matters)
    }

    /// `t.f` where `t` has no column `f`: the server tries the function `f` on the whole row.
    fn attribute(&mut self, schema: Option<&str>, table: &str, name: &str) -> Value {
        let type_ = !self.catalog.types().named(name).is_empty();
        if self.catalog.functions(name).is_empty() && !type_ {
            return self.unknown_column(name);
        }
        let mut value = self.whole_row(schema, table).unwrap_or_default();
        let path = schema.into_iter().chain([table]).map(str::to_owned);
        let row = Expr::RowOf(path.collect());
        let given = Given::one(&row, self);
        self.functional(name, &row, &mut value, given);
        value.plain = false;
        value
    }

    /// The whole row of what is called so, innermost first.
    pub fn whole_row(&mut self, schema: Option<&str>, table: &str) -> Option<Value> {
        for at in (0..self.levels.len()).rev() {
            if self.levels[at].hidden {
                continue;
            }
            let mut rels = vec![];
            let mut merged = vec![];
            for item in &self.levels[at].items {
                item.relation(schema, table, &mut rels);
                item.join_as(table, &mut merged);
            }
            if rels.is_empty() && merged.is_empty() {
                continue;
            }
            let mut keys = vec![];
            let mut missing = vec![];
            for rel in &rels {
                add(&mut keys, &rel.whole());
                if let crate::names::RelBody::Missing(s, t) = &rel.body {
                    missing.push((s.clone(), t.clone()));
                }
            }
            for (s, t) in missing {
                let key = self.name(&s, &t, "*");
                add(&mut keys, &[key]);
            }
            let mut value = Value::of(keys);
            for col in &merged {
                value.absorb(&col.value);
            }
            return Some(value);
        }
        None
    }

    /// A name that nothing in scope has. The server will most likely refuse it; if it knows a column that the catalog does
    /// not, it belongs to one of the relations in scope. A function of that name could take a row whole.
    fn unknown_column(&mut self, name: &str) -> Value {
        self.unresolved();
        let function = !self.catalog.functions(name).is_empty();
        let mut keys = vec![];
        let mut tables = vec![];
        for level in self.levels.iter().filter(|l| !l.hidden) {
            gather(level, &mut |rel| {
                if function {
                    add(&mut keys, &rel.whole());
                }
                match &rel.body {
                    crate::names::RelBody::Table(relation) => {
                        tables.push((relation.schema.clone(), relation.name.clone()));
                    }
                    crate::names::RelBody::Missing(s, t) => tables.push((s.clone(), t.clone())),
                    crate::names::RelBody::Stored(columns)
                    | crate::names::RelBody::Columns(columns) => add(&mut keys, &columns.all()),
                }
            });
        }
        for (schema, table) in tables {
            let key = self.name(&schema, &table, name);
            add(&mut keys, &[key]);
        }
        Value::of(keys)
    }
}

/// Every relation of a level.
fn gather<'a>(level: &Level<'a>, f: &mut dyn FnMut(&crate::names::Rel<'a>)) {
    for item in &level.items {
        item.each(&mut |rel| f(rel));
    }
}
