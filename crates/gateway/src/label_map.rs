//! Labels on the columns that really exist.
//!
//! Owns: which column, by name and by the server's own numbers (table OID and attribute number), carries which label;
//! spread to partitions, inheritance children, and the views and materialized views that show it.
//! Refuses: to forget. A labelled column that is renamed outside keeps its label, by its number.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use policy::labels::{Label, Labels};
use sql::Catalog;
use sql::catalog::{Relation, RelationKind};
use sql::facts::Column;

/// A label with what it does.
#[derive(Debug)]
pub struct Labelled {
    /// The label.
    pub label: Label,
    /// Its mask.
    pub method: mask::Method,
    /// The base column that policies are asked about.
    pub column: Column,
}

/// What a column of the server's, found by number, is.
#[derive(Debug, Clone)]
pub enum Origin {
    /// The labelled column itself, or a plain copy of it in a view.
    Plain(Arc<Labelled>),
    /// A view's expression over it: it can only be refused.
    Computed(Arc<Labelled>),
}

/// All of it, for one catalog and one label file.
#[derive(Debug, Default)]
pub struct LabelMap {
    by_name: HashMap<Column, Arc<Labelled>>,
    by_number: HashMap<u32, HashMap<i16, Origin>>,
    tables: HashSet<(String, String)>,
}

/// What columns were once, by the server's numbers.
pub type Worn = HashMap<(u32, i16), Origin>;

/// A label's column by number, kept from load to load.
pub type Sticky = HashMap<(u32, i16), Stuck>;

/// What is kept of it.
#[derive(Debug, Clone)]
pub struct Stuck {
    /// The label.
    label: String,
    /// What the column was called then: by another name it has no other label.
    column: Column,
    /// It had the label from a parent, or from what it is computed from: its rows hold those values.
    pub spread: bool,
}

impl LabelMap {
    /// Finds every labelled column. `sticky` holds what was labelled before, and is brought up to date.
    pub fn build(catalog: &Catalog, labels: &Labels, sticky: &mut Sticky) -> LabelMap {
        let mut map = LabelMap::default();
        if labels.columns.is_empty() {
            sticky.clear();
            return map;
        }
        for relation in catalog
            .relations()
            .iter()
            .filter(|r| r.kind == RelationKind::Table || r.kind == RelationKind::MaterializedView)
        {
            for column in relation.columns.iter() {
                let named = labels.label_of(&relation.schema, &relation.name, &column.name);
                let at = (relation.oid, column.number);
                let stuck = sticky.get(&at).filter(|s| !s.spread);
                if named.is_none() && stuck.is_none() {
                    continue;
                }
                let now = Column {
                    schema: relation.schema.clone(),
                    table: relation.name.clone(),
                    column: column.name.clone(),
                };
                let known = stuck.and_then(|s| labels.labels.iter().find(|l| l.name == s.label));
                let renamed = stuck.is_some_and(|s| s.column != now);
                let label = match renamed {
                    true => known.or(named),
                    false => named.or(known),
                };
                if let Some(label) = label {
                    map.add(relation, column.number, &column.name, label);
                    if known.is_none() || !renamed {
                        let stuck = Stuck {
                            label: label.name.clone(),
                            column: now,
                            spread: false,
                        };
                        sticky.insert(at, stuck);
                    }
                }
            }
        }
        map.spread_to_generated(catalog, sticky);
        map.spread_to_relatives(catalog, sticky);
        map.keep_spread(catalog, labels, sticky);
        map.spread_to_views(catalog, labels);
        map
    }

    fn add(&mut self, relation: &Relation, number: i16, name: &str, label: &Label) {
        // The binary has refused words that the mask crate does not know; should one come through, nothing is shown.
        let method = mask::Method::parse(&label.mask, label.value.as_deref())
            .or_else(|_| mask::Method::parse("null", None));
        let Ok(method) = method else { return };
        let column = Column {
            schema: relation.schema.clone(),
            table: relation.name.clone(),
            column: name.to_owned(),
        };
        let labelled = Arc::new(Labelled {
            label: label.clone(),
            method,
            column: column.clone(),
        });
        self.put(relation, number, column, Origin::Plain(labelled));
    }

    fn put(&mut self, relation: &Relation, number: i16, column: Column, origin: Origin) {
        let (Origin::Plain(labelled) | Origin::Computed(labelled)) = &origin;
        self.by_name.insert(column, Arc::clone(labelled));
        self.by_number
            .entry(relation.oid)
            .or_default()
            .insert(number, origin);
        self.tables
            .insert((relation.schema.clone(), relation.name.clone()));
    }

    /// A column that the server computes from a labelled one shows it.
    fn spread_to_generated(&mut self, catalog: &Catalog, sticky: &mut Sticky) {
        for (oid, number, source) in catalog.generated() {
            let (Some(origin), None) = (
                self.origin(*oid, *source).cloned(),
                self.origin(*oid, *number),
            ) else {
                continue;
            };
            let Some(relation) = catalog.relation_by_oid(*oid) else {
                continue;
            };
            if let Some(own) = relation.columns.iter().find(|c| c.number == *number) {
                let column = Column {
                    schema: relation.schema.clone(),
                    table: relation.name.clone(),
                    column: own.name.clone(),
                };
                stick(sticky, (*oid, *number), &column, &origin);
                self.put(relation, *number, column, origin);
            }
        }
    }

    /// A row of a parent is stored in a child and can be read there, and a child's is read with its parent's.
    fn spread_to_relatives(&mut self, catalog: &Catalog, sticky: &mut Sticky) {
        // Inheritance is acyclic and shallow; a pass a level until nothing new is found.
        loop {
            let mut found = Vec::new();
            for child in catalog.relations() {
                for parent in child
                    .parents
                    .iter()
                    .filter_map(|oid| catalog.relation_by_oid(*oid))
                {
                    for column in parent.columns.iter() {
                        let Some(own) = child.columns.iter().find(|c| c.name == column.name) else {
                            continue;
                        };
                        match (
                            self.origin(parent.oid, column.number),
                            self.origin(child.oid, own.number),
                        ) {
                            (Some(origin), None) => found.push((child, own, origin.clone(), true)),
                            (None, Some(origin)) => {
                                found.push((parent, column, origin.clone(), false));
                            }
                            _ => {}
                        }
                    }
                }
            }
            if found.is_empty() {
                return;
            }
            for (child, own, origin, stays) in found {
                let column = Column {
                    schema: child.schema.clone(),
                    table: child.name.clone(),
                    column: own.name.clone(),
                };
                if stays {
                    stick(sticky, (child.oid, own.number), &column, &origin);
                }
                self.put(child, own.number, column, origin);
            }
        }
    }

    /// Who had a label from another and has it no more still has the rows.
    fn keep_spread(&mut self, catalog: &Catalog, labels: &Labels, sticky: &Sticky) {
        for ((oid, number), stuck) in sticky.iter().filter(|(_, stuck)| stuck.spread) {
            let label = labels.labels.iter().find(|l| l.name == stuck.label);
            let relation = catalog.relation_by_oid(*oid);
            let (Some(label), Some(relation), None) = (label, relation, self.origin(*oid, *number))
            else {
                continue;
            };
            if let Some(own) = relation.columns.iter().find(|c| c.number == *number) {
                self.add(relation, *number, &own.name, label);
            }
        }
    }

    /// A view's column is its own number to the server: plain copies keep the label, expressions are refused.
    fn spread_to_views(&mut self, catalog: &Catalog, labels: &Labels) {
        // Materialized views first, and again after them: they are tables to the views over them.
        for _ in 0..8 {
            let before = self.by_number.values().map(HashMap::len).sum::<usize>();
            for view in catalog
                .relations()
                .iter()
                .filter(|r| r.definition.is_some() || r.is_untold())
            {
                self.label_view(view, catalog, labels);
            }
            if self.by_number.values().map(HashMap::len).sum::<usize>() == before {
                return;
            }
        }
    }

    fn label_view(&mut self, view: &Relation, catalog: &Catalog, labels: &Labels) {
        let columns = sql::view_columns(view, catalog);
        for (at, own) in view.columns.iter().enumerate() {
            if self.origin(view.oid, own.number).is_some() {
                continue;
            }
            let column = Column {
                schema: view.schema.clone(),
                table: view.name.clone(),
                column: own.name.clone(),
            };
            if let Some(label) = labels.label_of(&view.schema, &view.name, &own.name) {
                self.add(view, own.number, &own.name, label);
                continue;
            }
            let origin = match &columns {
                Some(outputs) => outputs.get(at).and_then(|output| {
                    let labelled = output.depends_on.iter().find_map(|c| self.by_name.get(c))?;
                    Some(if output.plain {
                        Origin::Plain(Arc::clone(labelled))
                    } else {
                        Origin::Computed(Arc::clone(labelled))
                    })
                }),
                // A definition that cannot be read could show anything that is labelled.
                None => self
                    .any()
                    .map(|labelled| Origin::Computed(Arc::clone(labelled))),
            };
            if let Some(origin) = origin {
                self.put(view, own.number, column, origin);
            }
        }
    }

    fn any(&self) -> Option<&Arc<Labelled>> {
        self.by_name.values().min_by(|a, b| a.column.cmp(&b.column))
    }

    /// Whether nothing at all is labelled.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// By name.
    pub fn column(&self, column: &Column) -> Option<&Arc<Labelled>> {
        self.by_name.get(column)
    }

    /// By the server's numbers.
    pub fn origin(&self, table: u32, column: i16) -> Option<&Origin> {
        self.by_number.get(&table)?.get(&column)
    }

    /// All of them.
    pub fn origins(&self) -> impl Iterator<Item = (u32, i16, &Origin)> {
        self.by_number.iter().flat_map(|(table, columns)| {
            let each = columns.iter();
            each.map(|(column, origin)| (*table, *column, origin))
        })
    }

    /// Whether a table has a labelled column.
    pub fn touches(&self, schema: &str, table: &str) -> bool {
        // Two owned strings a look-up would be an allocation on a warm path; label sets are small.
        self.tables.iter().any(|(s, t)| s == schema && t == table)
    }

    /// Every labelled column.
    pub fn iter(&self) -> impl Iterator<Item = (&Column, &Arc<Labelled>)> {
        self.by_name.iter()
    }
}
/// Keeps a label that a column has from another one.
fn stick(sticky: &mut Sticky, at: (u32, i16), column: &Column, origin: &Origin) {
    let (Origin::Plain(labelled) | Origin::Computed(labelled)) = origin;
    let (label, column) = (labelled.label.name.clone(), column.clone());
    sticky.entry(at).or_insert(Stuck {
        label,
        column,
        spread: true,
    });
}
