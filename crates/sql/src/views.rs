//! Views, seen through to the tables below them.
//!
//! Owns: the analysis of view definitions, by the same readers as any statement, and its cache in the catalog.
//! Refuses: views deeper than [`MAX_DEPTH`] and definitions that the readers do not agree on; those are opaque.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

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
    inner_path: None,
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
    /// It changes settings when it is read.
    sets: bool,
    /// It calls functions whose bodies hang on the caller's search path.
    ran_bodies: bool,
}

/// Views already looked into, by OID, and by the settings where these matter; shared by the clones of a catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct ViewCache(Arc<Mutex<Kept>>);

/// What is remembered.
#[derive(Debug, Default)]
struct Kept {
    plain: HashMap<u32, Arc<View>>,
    under: HashMap<(u32, Settings), Arc<View>>,
}

/// Views kept under settings; more, and keeping starts afresh.
const MAX_KEPT: usize = 4096;

impl ViewCache {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    fn get(&self, oid: u32, settings: &Settings) -> Option<Arc<View>> {
        let kept = self.lock();
        let plain = kept.plain.get(&oid);
        plain
            .or_else(|| kept.under.get(&(oid, settings.clone())))
            .cloned()
    }
    fn put(&self, oid: u32, settings: Settings, view: &Arc<View>) {
        let mut kept = self.lock();
        if !view.ran_bodies {
            kept.plain.insert(oid, view.clone());
            return;
        }
        if kept.under.len() >= MAX_KEPT {
            kept.under.clear();
        }
        kept.under.insert((oid, settings), view.clone());
    }
}

/// Looks into a view, or remembers having done so.
fn look(view: &Relation, catalog: &Catalog, caller: &Settings, depth: usize) -> Option<Arc<View>> {
    let settings = Settings {
        temporary: caller.temporary.clone(),
        inner_path: Some(caller.path_of_bodies().clone()),
        ..SETTINGS.clone()
    };
    if let Some(known) = catalog.views().get(view.oid, &settings) {
        return Some(known);
    }
    if depth >= MAX_DEPTH || budget::is_spent() {
        return None;
    }
    let definition = view.definition.as_deref()?;
    let found = Arc::new(expand(definition, catalog, &settings, depth)?);
    if budget::is_spent() {
        // It is too much for this text, not for another one.
        return None;
    }
    catalog.views().put(view.oid, settings, &found);
    Some(found)
}

/// Analyses a definition.
fn expand(definition: &str, catalog: &Catalog, settings: &Settings, depth: usize) -> Option<View> {
    let room = definition.len();
    crate::read::with_room_for(room, || expand_here(definition, catalog, settings, depth))
}

/// The same, on a stack that is large enough for the definition: what names the view may be short.
fn expand_here(
    definition: &str,
    catalog: &Catalog,
    settings: &Settings,
    depth: usize,
) -> Option<View> {
    let statement = crate::read::agreed(definition)?;
    let Kind::Query(query) = &statement.kind else {
        return None;
    };
    let mut inner = Analyzer::new(catalog, settings);
    inner.depth = depth + 1;
    let columns = inner.query(query);
    inner.settle_types();
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
        sets: !inner.changes.is_empty(),
        ran_bodies: inner.ran_bodies,
    })
}

impl<'a> Analyzer<'a> {
    /// The columns of a view's query; what reading it needs and uses is recorded.
    pub fn import_view(&mut self, view: &'a Relation) -> Option<Columns> {
        let found = look(view, self.catalog, self.settings, self.depth)?;
        self.ran_bodies |= found.ran_bodies;
        if found.sets {
            self.may_change_settings();
            self.blind = false;
        }
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
        let found = look(view, catalog, &SETTINGS, 0)?;
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
