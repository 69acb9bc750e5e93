//! FROM: relations, functions, subqueries, joins.
//!
//! Owns: what each item offers to the names around it. Refuses: to know what the offered columns are used for.

use std::collections::HashSet;
use std::rc::Rc;

use crate::analyzer::Analyzer;
use crate::budget;
use crate::facts::{Action, Object, Place};
use crate::form::{Alias, Expr, FromItem, JoinKind, Query};
use crate::functions;
use crate::names::{Col, Columns, Found, Key, Rel, RelBody, Value, add};
use crate::scope::{Item, Level};

impl<'a> Analyzer<'a> {
    /// One item of FROM. What stands before it in the same FROM is on the innermost level.
    pub fn item(&mut self, item: &FromItem) -> Item<'a> {
        if budget::is_spent() {
            return Item::Rel(nothing());
        }
        match item {
            FromItem::Relation {
                name,
                alias,
                sample,
            } => {
                for (at, expr) in sample.iter().enumerate() {
                    if let (0, Expr::Call(call)) = (at, expr) {
                        // The method is no function that a name finds: only its arguments count. REPEATABLE's is one.
                        let value = self.values(&call.args);
                        self.ordered(&value);
                    } else {
                        let value = self.value(expr);
                        self.ordered(&value);
                    }
                    self.blind = false;
                }
                let rel = self.source(name);
                Item::Rel(aliased(rel, alias.as_ref()))
            }
            FromItem::Function {
                calls,
                ordinality,
                alias,
                columns,
            } => self.function_item(calls, *ordinality, alias.as_ref(), columns),
            FromItem::Query {
                query,
                lateral,
                alias,
            } => Item::Rel(self.derived(query, *lateral, alias.as_ref())),
            FromItem::Join {
                left,
                right,
                kind,
                on,
                using,
                natural,
                alias,
            } => self.join(
                left,
                right,
                *kind,
                on.as_ref(),
                using,
                *natural,
                alias.as_ref(),
            ),
        }
    }

    /// A relation by name: a common table, or one of the database.
    fn source(&mut self, path: &[String]) -> Rel<'a> {
        if let [name] = path {
            for frame in self.commons.iter().rev() {
                budget::spend(1 + frame.len() / 4);
                if let Some((_, columns)) = frame.iter().rev().find(|(n, _)| n == name) {
                    let body = RelBody::Columns(columns.clone());
                    return Rel {
                        name: name.clone(),
                        schema: None,
                        body,
                        reads: 0..0,
                    };
                }
            }
        }
        self.read(path)
    }

    /// A subquery in FROM.
    fn derived(&mut self, query: &Query, lateral: bool, alias: Option<&Alias>) -> Rel<'a> {
        let start = self.needs.len();
        let before = self.levels.last().map(|l| l.hidden);
        if let Some(level) = self.levels.last_mut() {
            level.hidden = !lateral;
        }
        self.nested += 1;
        let columns = self.query(query);
        self.nested -= 1;
        if let (Some(level), Some(before)) = (self.levels.last_mut(), before) {
            level.hidden = before;
        }
        let rel = Rel {
            name: String::new(),
            schema: None,
            body: RelBody::Columns(Rc::new(columns)),
            reads: start..self.needs.len(),
        };
        aliased(rel, alias)
    }

    /// Functions in FROM.
    fn function_item(
        &mut self,
        calls: &[Expr],
        ordinality: bool,
        alias: Option<&Alias>,
        declared: &[String],
    ) -> Item<'a> {
        let name = calls
            .first()
            .map(|c| crate::naming::of(c).text)
            .unwrap_or_default();
        let mut columns = Columns::default();
        let mut given = Value::none();
        for call in calls {
            let value = self.value(call).computed();
            // What it is given decides how many rows it gives: `generate_series(1, salary)`.
            self.ordered(&value);
            given.absorb(&value);
            let deps = value.deps;
            let function = match call {
                Expr::Call(call) => call.name.last().map_or("", |n| n.as_str()),
                _ => "",
            };
            match functions::result_columns(function) {
                Some(names) if declared.is_empty() => {
                    budget::spend(names.len() * (budget::COLUMN + deps.len()));
                    let single = alias.map_or(name.as_str(), |a| a.name.as_str());
                    columns.cols.extend(names.iter().map(|n| Col {
                        name: if n.is_empty() {
                            single.to_owned()
                        } else {
                            (*n).to_owned()
                        },
                        value: Value::of(deps.clone()),
                    }));
                }
                _ => columns.open_with(&deps),
            }
        }
        let all = columns.all();
        budget::spend((declared.len() + columns.cols.len()) * (budget::COLUMN + all.len()));
        if budget::is_spent() {
            return Item::Rel(nothing());
        }
        // The form does not keep their types.
        self.untyped |= !declared.is_empty() || name.contains("_to_record");
        let mut known: Vec<Col> = declared
            .iter()
            .map(|n| Col {
                name: n.clone(),
                value: Value::of(all.clone()),
            })
            .collect();
        if !known.is_empty() && calls.len() == 1 {
            // XMLTABLE, JSON_TABLE, a list of column definitions: those are all there are.
            columns.open = None;
        }
        columns.cols.append(&mut known);
        if ordinality {
            columns.cols.push(Col {
                name: "ordinality".to_owned(),
                value: given.computed(),
            });
        }
        let rel = Rel {
            name,
            schema: None,
            body: RelBody::Columns(Rc::new(columns)),
            reads: 0..0,
        };
        Item::Rel(aliased(rel, alias))
    }

    /// A join.
    #[allow(clippy::too_many_arguments)]
    fn join(
        &mut self,
        left: &FromItem,
        right: &FromItem,
        kind: JoinKind,
        on: Option<&Expr>,
        using: &[String],
        natural: bool,
        alias: Option<&Alias>,
    ) -> Item<'a> {
        let start = self.needs.len();
        let left = self.item(left);
        // The left side is in sight of a lateral right side.
        if let Some(level) = self.levels.last_mut() {
            level.items.push(left);
        }
        let right = self.item(right);
        let left = match self.levels.last_mut().and_then(|l| l.items.pop()) {
            Some(left) => left,
            None => return right,
        };
        let names: Vec<String> = if natural {
            self.common_names(&left, &right)
        } else {
            using.to_vec()
        };
        let mut merged = vec![];
        for name in names {
            if budget::is_spent() {
                break;
            }
            merged.push(self.merge(&left, &right, kind, &name));
        }
        let hides = using.is_empty();
        let name = alias.filter(|_| !hides).map(|a| a.name.clone());
        let join = Item::Join {
            left: Box::new(left),
            right: Box::new(right),
            merged,
            name,
        };
        let join = match on {
            None => join,
            Some(on) => {
                self.levels.push(Level {
                    items: vec![join],
                    hidden: false,
                });
                self.predicate(on);
                match self.levels.pop().and_then(|mut l| l.items.pop()) {
                    Some(join) => join,
                    None => return Item::Rel(nothing()),
                }
            }
        };
        match alias {
            Some(alias) if hides => {
                let rel = Rel {
                    name: String::new(),
                    schema: None,
                    body: RelBody::Columns(Rc::new(self.listed(&join))),
                    reads: start..self.needs.len(),
                };
                Item::Rel(aliased(rel, Some(alias)))
            }
            _ => join,
        }
    }

    /// The columns of an item, those of unknown relations as one of any name.
    fn listed(&mut self, item: &Item<'a>) -> Columns {
        if budget::is_spent() {
            return Columns::default();
        }
        let mut columns = item.columns();
        let mut missing = vec![];
        item.each(&mut |rel| {
            if let RelBody::Missing(schema, table) = &rel.body {
                missing.push((schema.clone(), table.clone()));
            }
        });
        for (schema, table) in missing {
            let key = self.name(&schema, &table, "*");
            columns.open_with(&[key]);
        }
        columns
    }

    /// The columns of a NATURAL JOIN. Where a side's columns are not all known, anything may be compared.
    fn common_names(&mut self, left: &Item<'a>, right: &Item<'a>) -> Vec<String> {
        let (a, b) = (self.listed(left), self.listed(right));
        if a.open.is_some() || b.open.is_some() {
            for side in [&a, &b] {
                let all = side.all();
                self.record_keys(&all, Place::Filter);
            }
        }
        let names: HashSet<&str> = b.cols.iter().map(|c| c.name.as_str()).collect();
        a.cols
            .iter()
            .filter(|c| names.contains(c.name.as_str()))
            .map(|c| c.name.clone())
            .collect()
    }

    /// A column of USING: compared on both sides; its value is that of one side, of both in a full join.
    fn merge(&mut self, left: &Item<'a>, right: &Item<'a>, kind: JoinKind, name: &str) -> Col {
        self.bare_operator("=");
        let a = self.side(left, name);
        let b = self.side(right, name);
        self.record_equality(&a);
        self.record_equality(&b);
        // Columns of different types are brought to one type: then the server names no origin.
        let alike = self.same_type(&a, &b);
        let value = match kind {
            JoinKind::Inner | JoinKind::Left if alike => a,
            JoinKind::Right if alike => b,
            JoinKind::Inner | JoinKind::Left => a.computed(),
            JoinKind::Right => b.computed(),
            JoinKind::Full => {
                let mut both = a.computed();
                both.absorb(&b);
                both
            }
        };
        Col {
            name: name.to_owned(),
            value,
        }
    }

    /// Whether both are columns as they are, of one type.
    fn same_type(&self, a: &Value, b: &Value) -> bool {
        let of = |value: &Value| match value.deps.as_slice() {
            [Key::Base { oid, index }] if value.plain => {
                let relation = self.catalog.relation_by_oid(*oid)?;
                Some(relation.columns.get(usize::from(*index))?.type_oid)
            }
            _ => None,
        };
        match (of(a), of(b)) {
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// One side's column of that name.
    fn side(&mut self, item: &Item<'a>, name: &str) -> Value {
        let mut found = vec![];
        item.column(name, &mut found);
        let mut value: Option<Value> = None;
        for one in found {
            let next = match one {
                Found::Column(value) => value,
                Found::Open(keys) => Value::of(keys),
                Found::Missing(schema, table) => Value::column(self.name(&schema, &table, name)),
                Found::System | Found::No => continue,
            };
            match &mut value {
                None => value = Some(next),
                Some(first) => first.absorb(&next),
            }
        }
        value.unwrap_or_else(|| {
            self.unresolved();
            let mut all = vec![];
            item.each(&mut |rel| add(&mut all, &rel.whole()));
            Value::of(all)
        })
    }

    /// The object a new relation is: schema and name.
    pub fn created(&self, path: &[String], temporary: bool) -> (String, String) {
        let name = path.last().cloned().unwrap_or_default();
        let schema = match path {
            [.., schema, _] => schema.clone(),
            _ if temporary => "pg_temp".to_owned(),
            _ => self.home(),
        };
        (schema, name)
    }

    /// Needs for each object a name means.
    pub fn need_each(&mut self, action: Action, path: &[String]) -> Vec<Object> {
        let objects = self.objects(path);
        for object in &objects {
            self.need(action, object.clone());
        }
        objects
    }
}

/// A relation under its alias.
fn aliased<'a>(mut rel: Rel<'a>, alias: Option<&Alias>) -> Rel<'a> {
    let Some(alias) = alias else { return rel };
    if !alias.name.is_empty() {
        rel.name = alias.name.clone();
        rel.schema = None;
    }
    if !alias.columns.is_empty() && !matches!(rel.body, RelBody::Missing(_, _)) {
        let mut columns = rel.columns();
        columns.rename(&alias.columns);
        rel.body = RelBody::Columns(Rc::new(columns));
    }
    rel
}

/// A relation without columns.
fn nothing<'a>() -> Rel<'a> {
    Rel {
        name: String::new(),
        schema: None,
        body: RelBody::Columns(Rc::new(Columns {
            open: Some(vec![]),
            ..Columns::default()
        })),
        reads: 0..0,
    }
}
