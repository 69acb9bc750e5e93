//! Views, seen through to the tables below them.
//!
//! Owns: the analysis of view definitions, by the same readers as any statement, and its cache in the catalog.
//! Refuses: views deeper than [`MAX_DEPTH`] and definitions that the readers do not agree on; those are opaque.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::analyzer::Analyzer;
use crate::budget;
use crate::catalog::{Catalog, Relation};
use crate::facts::{Action, Column, Flag, FunctionUse, Need, Object, Output, Place};
use crate::form::Kind;
use crate::names::{Columns, Key, Value, add};
use crate::settings::{SearchPath, Settings};

/// Views in views in views: no honest schema is deeper.
const MAX_DEPTH: usize = 32;

/// `pg_get_viewdef` gives definitions as read with an empty search path.
static SETTINGS: LazyLock<Settings> = LazyLock::new(|| Settings {
    search_path: SearchPath::Known(vec!["pg_catalog".to_owned()]),
    standard_conforming_strings: true,
    client_encoding: "UTF8".to_owned(),
    user: String::new(),
    temporary: vec![],
    declared: vec![],
});

/// What reading a view comes to. The keys of columns that the catalog does not know count in `named`.
#[derive(Debug, Default)]
pub(crate) struct View {
    columns: Columns,
    named: Vec<Column>,
    needs: Vec<Need>,
    uses: Vec<(Key, Place)>,
    functions: Vec<FunctionUse>,
    flags: Vec<Flag>,
    opaque: Option<String>,
}

/// Views already looked into, by OID; shared by the clones of a catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct ViewCache(Arc<Mutex<HashMap<u32, Arc<View>>>>);

impl ViewCache {
    fn get(&self, oid: u32) -> Option<Arc<View>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&oid)
            .cloned()
    }
    fn put(&self, oid: u32, view: &Arc<View>) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(oid, view.clone());
    }
}

/// Looks into a view, or remembers having done so.
fn look(view: &Relation, catalog: &Catalog, depth: usize) -> Option<Arc<View>> {
    if let Some(known) = catalog.views().get(view.oid) {
        return Some(known);
    }
    if depth >= MAX_DEPTH || budget::is_spent() {
        return None;
    }
    let definition = view.definition.as_deref()?;
    let found = Arc::new(expand(definition, catalog, depth)?);
    if budget::is_spent() {
        // It is too much for this text, not for another one.
        return None;
    }
    catalog.views().put(view.oid, &found);
    Some(found)
}

/// Analyses a definition.
fn expand(definition: &str, catalog: &Catalog, depth: usize) -> Option<View> {
    let room = definition.len();
    crate::read::with_room_for(room, || expand_here(definition, catalog, depth))
}

/// The same, on a stack that is large enough for the definition: what names the view may be short.
fn expand_here(definition: &str, catalog: &Catalog, depth: usize) -> Option<View> {
    let statement = crate::read::agreed(definition)?;
    let Kind::Query(query) = &statement.kind else {
        return None;
    };
    let mut inner = Analyzer::new(catalog, &SETTINGS);
    inner.depth = depth + 1;
    let columns = inner.query(query);
    inner.settle_types();
    if inner
        .needs
        .iter()
        .any(|n| !matches!(n.action, Action::Read | Action::Call))
    {
        return None;
    }
    // Each once: a view that reads another one twice must not hand on everything twice.
    inner.needs.sort();
    inner.needs.dedup();
    inner.uses.sort_unstable();
    inner.uses.dedup();
    inner.functions.sort();
    inner.functions.dedup();
    Some(View {
        columns,
        named: inner.named,
        needs: inner.needs,
        uses: inner.uses,
        functions: inner.functions,
        flags: inner.flags,
        opaque: inner.opaque,
    })
}

impl<'a> Analyzer<'a> {
    /// The columns of a view's query; what reading it needs and uses is recorded.
    pub fn import_view(&mut self, view: &'a Relation) -> Option<Columns> {
        let found = look(view, self.catalog, self.depth)?;
        budget::spend(found.uses.len() + found.functions.len() * budget::COLUMN);
        budget::spend(found.needs.len() * budget::COLUMN);
        if budget::is_spent() {
            return None;
        }
        for need in &found.needs {
            self.need(need.action, need.object.clone());
        }
        let map: Vec<Key> = found
            .named
            .iter()
            .map(|c| self.name(&c.schema, &c.table, &c.column))
            .collect();
        let here = |key: Key| match key {
            Key::Base { .. } => key,
            Key::Named(at) => usize::try_from(at)
                .ok()
                .and_then(|at| map.get(at))
                .copied()
                .unwrap_or(key),
        };
        self.uses
            .extend(found.uses.iter().map(|(key, place)| (here(*key), *place)));
        self.functions.extend(found.functions.iter().cloned());
        for flag in &found.flags {
            self.flag(*flag);
        }
        if let Some(reason) = &found.opaque {
            self.opaque(|| reason.clone());
        }
        let translate = |keys: &[Key]| {
            let mut out = vec![];
            add(&mut out, &keys.iter().map(|k| here(*k)).collect::<Vec<_>>());
            out
        };
        let mut columns = found.columns.copy();
        if !map.is_empty() {
            for col in &mut columns.cols {
                col.value = Value {
                    deps: translate(&col.value.deps),
                    via: translate(&col.value.via),
                    plain: col.value.plain,
                };
            }
            columns.open = columns.open.map(|keys| translate(&keys));
        }
        Some(columns)
    }
}

/// Base columns (with plain or computed) behind each column of a view, for spreading labels: one entry a view column.
/// `None` where its definition is missing or cannot be looked into.
pub fn view_columns(view: &Relation, catalog: &Catalog) -> Option<Vec<Output>> {
    budget::begin();
    crate::read::on_a_large_stack(|| {
        let found = look(view, catalog, 0)?;
        if found.opaque.is_some()
            || found.columns.open.is_some()
            || found.columns.cols.len() != view.columns.len()
        {
            return None;
        }
        let settings = &*SETTINGS;
        let mut reader = Analyzer::new(catalog, settings);
        reader.named = found.named.clone();
        let outputs = view
            .columns
            .iter()
            .zip(&found.columns.cols)
            .map(|(column, col)| {
                let mut output = reader.output(col);
                output.name = column.name.clone();
                output
            });
        Some(outputs.collect())
    })
}

/// Whether a need is one of reading this relation.
pub(crate) fn reads(need: &Need) -> Option<(&str, &str)> {
    match (&need.action, &need.object) {
        (Action::Read, Object::Table(schema, name)) => Some((schema, name)),
        _ => None,
    }
}
