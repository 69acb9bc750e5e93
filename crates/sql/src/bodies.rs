//! Functions of the users', seen through to what their bodies read, write and call.
//!
//! Owns: [`Body`], what the catalog says of a function's inside, and what it comes to for a caller. Refuses: what is made while it
//! runs, settings and transactions changed inside, recursion, names that the catalog does not have, and languages that nobody
//! here reads; such a function is opaque, as every function of a user's once was.
//!
//! A body in SQL or PL/pgSQL is read by the same readers as any statement, under the search path that it runs with: its own,
//! where the definition sets one, else the caller's (PostgreSQL manual, CREATE FUNCTION, "SET configuration_parameter").
//! What is written in C, or names a function of the server's own, only a superuser can have made (CREATE FUNCTION, Notes):
//! with her word that it is immutable, or stable in C, it counts as the server's own functions do.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::analyze::facts_inside;
use crate::analyzer::Within;
use crate::budget;
use crate::catalog::{Catalog, Function};
use crate::facts::{
    Class, Column, ColumnUse, Coverage, Facts, Flag, FunctionUse, Need, Object, Place, Volatility,
};
use crate::functions::{self, Effect};
use crate::lower_squawk::plpgsql;
use crate::operators::RECORDS;
use crate::read;
use crate::settings::{SearchPath, SettingChange, Settings};

/// What a function of the users' is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// SQL text, read when it runs (`pg_proc.prosrc`).
    Sql(String),
    /// SQL that was read when it was defined (`pg_get_function_sqlbody`): names are spelled out.
    Parsed(String),
    /// PL/pgSQL text.
    Plpgsql(String),
    /// A symbol in a library (`LANGUAGE c`), which is what it does, whatever it is called.
    C(String),
    /// Another name for a function of the server's own (`LANGUAGE internal`), by the symbol of that.
    Internal(String),
    /// An aggregate, with the OIDs of the functions that it runs.
    Aggregate(Vec<u32>),
}

/// A body, and the settings that the definition brings along (`pg_proc.proconfig`, `name=value`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// What it is made of.
    pub body: Body,
    /// Its own settings.
    pub settings: Vec<String>,
    /// The expressions that stand in for arguments left out (`pg_get_expr(proargdefaults)`), parted by commas.
    pub defaults: Option<String>,
}

/// Functions in functions in functions: beyond this nobody looks.
const MAX_DEPTH: usize = 8;

/// Bodies kept; more, and keeping starts afresh.
const MAX_KEPT: usize = 4096;

/// What a body comes to for its caller.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// What it needs beside the call.
    pub needs: Vec<Need>,
    /// Uses inside that have a place of their own (predicates, what is stored).
    pub uses: Vec<ColumnUse>,
    /// Every column that the result can depend on.
    pub shows: Vec<Column>,
    /// What it calls.
    pub functions: Vec<FunctionUse>,
    /// Flags of the statements inside that hold for the caller too.
    pub flags: Vec<Flag>,
    /// Volatile, and known to do nothing.
    pub harmless: bool,
}

impl Seen {
    fn add(&mut self, more: &Seen) {
        self.needs.extend(more.needs.iter().cloned());
        self.uses.extend(more.uses.iter().cloned());
        self.shows.extend(more.shows.iter().cloned());
        self.functions.extend(more.functions.iter().cloned());
        self.flags.extend(more.flags.iter().copied());
    }
}

/// Bodies already looked into, by OID and the settings they were read under; shared by the clones of a catalog.
#[derive(Debug, Clone, Default)]
pub(crate) struct BodyCache(Arc<Mutex<Kept>>);

/// None is a body that cannot be seen through.
type Kept = HashMap<(u32, Settings), Option<Arc<Seen>>>;

/// What calling it does beyond its result, if its body can be seen through. `above` are the functions that it is called in.
pub(crate) fn look(
    function: &Function,
    catalog: &Catalog,
    settings: &Settings,
    above: &[u32],
) -> Option<Arc<Seen>> {
    let inside = catalog.inside(function.oid)?;
    if above.len() >= MAX_DEPTH || above.contains(&function.oid) {
        return None;
    }
    let key = (function.oid, own_settings(inside, settings)?);
    if let Some(known) = catalog.bodies().lock().get(&key) {
        return known.clone();
    }
    let mut within = above.to_vec();
    within.push(function.oid);
    let found = see(function, inside, catalog, &key.1, &within)
        .and_then(|seen| with_defaults(seen, inside, catalog, settings, &within))
        .map(Arc::new);
    if budget::is_spent() {
        return None;
    }
    // Kept also where nothing was seen: who fails because it is called in itself does so from everywhere, and a body is read
    // once, however often it is called.
    let mut kept = catalog.bodies().lock();
    if kept.len() >= MAX_KEPT {
        kept.clear();
    }
    kept.insert(key, found.clone());
    found
}

impl BodyCache {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Arguments that are left out run what stands in for them.
fn with_defaults(
    mut seen: Seen,
    inside: &Inside,
    catalog: &Catalog,
    settings: &Settings,
    above: &[u32],
) -> Option<Seen> {
    if let Some(defaults) = &inside.defaults {
        let settings = spelled_out(settings);
        let text = format!("SELECT {defaults}");
        seen.add(&merged([text.as_str()], catalog, &settings, above)?);
        seen.harmless = false;
    }
    Some(seen)
}

/// The settings that a body runs under.
fn own_settings(inside: &Inside, caller: &Settings) -> Option<Settings> {
    let mut settings = Settings {
        search_path: caller.path_of_bodies().clone(),
        inner_path: None,
        declared: vec![],
        ..caller.clone()
    };
    for setting in &inside.settings {
        let (name, value) = setting.split_once('=')?;
        if name != "search_path" {
            return None;
        }
        settings.search_path = SearchPath::Known(path(value)?);
    }
    match (&settings.search_path, &inside.body) {
        (SearchPath::Unknown, _) => None,
        (SearchPath::Known(_), Body::Parsed(_)) => Some(spelled_out(&settings)),
        (SearchPath::Known(_), _) => Some(settings),
    }
}

/// The settings of a text that the server prints with all names spelled out: what it calls runs as the caller's does.
pub(crate) fn spelled_out(caller: &Settings) -> Settings {
    Settings {
        search_path: SearchPath::Known(vec!["pg_catalog".to_owned()]),
        inner_path: Some(caller.path_of_bodies().clone()),
        declared: vec![],
        ..caller.clone()
    }
}

/// A list of schemas as the server keeps it: names, quoted where they need it. `$user` is whoever owns the function.
fn path(value: &str) -> Option<Vec<String>> {
    let mut schemas = vec![];
    for part in value.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let plain = part
            .strip_prefix('"')
            .and_then(|p| p.strip_suffix('"'))
            .unwrap_or(part);
        let honest = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !plain.is_empty() && !plain.chars().all(honest) {
            return None;
        }
        if !plain.is_empty() {
            schemas.push(plain.to_owned());
        }
    }
    // What is not in the list is searched before it (PostgreSQL manual, 20.11.1, `search_path`).
    for first in ["pg_catalog", "pg_temp"] {
        if !schemas.iter().any(|s| s == first) {
            schemas.insert(0, first.to_owned());
        }
    }
    Some(schemas)
}

fn see(
    function: &Function,
    inside: &Inside,
    catalog: &Catalog,
    settings: &Settings,
    above: &[u32],
) -> Option<Seen> {
    match &inside.body {
        Body::C(symbol) => {
            let unlisted = [symbol, &function.name]
                .iter()
                .all(|name| functions::listed(name.as_str()).is_none());
            let word = function.volatility <= Volatility::Stable;
            let harmless = functions::harmless_in_c(&function.name);
            (unlisted && (word || harmless)).then(|| Seen {
                harmless,
                ..Seen::default()
            })
        }
        Body::Internal(symbol) => {
            // Most of the server's functions are called as their symbols are; of another nothing is known.
            let own = catalog.functions(symbol).iter().filter(|f| f.builtin);
            let harmless = own.clone().count() > 0
                && own
                    .clone()
                    .all(|f| functions::effect(f) == Effect::Harmless);
            let word = function.volatility == Volatility::Immutable;
            (harmless && word).then(Seen::default)
        }
        Body::Aggregate(parts) => {
            let mut seen = Seen::default();
            for oid in parts {
                let part = catalog.function(*oid)?;
                if functions::effect(part) == Effect::Harmless {
                    continue;
                }
                let more = look(part, catalog, settings, above)?;
                if part.volatility >= Volatility::Volatile {
                    return None;
                }
                seen.add(&more);
            }
            Some(seen)
        }
        Body::Sql(text) => merged([text.as_str()], catalog, settings, above),
        Body::Parsed(text) => merged([parsed(text)?.as_str()], catalog, settings, above),
        Body::Plpgsql(text) => {
            let pieces = read::on_a_large_stack(|| plpgsql::pieces(text)).ok()?;
            let texts = pieces.texts.iter().map(String::as_str);
            merged_with(texts, catalog, settings, above, &pieces.variables)
        }
    }
}

/// The statements of a body as the server prints it: `RETURN expression` or `BEGIN ATOMIC … END`.
fn parsed(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(expression) = text.strip_prefix("RETURN ") {
        return Some(format!("SELECT {expression}"));
    }
    let statements = text.strip_prefix("BEGIN ATOMIC")?.strip_suffix("END")?;
    Some(statements.to_owned())
}

/// All that these texts do.
fn merged<'t>(
    texts: impl IntoIterator<Item = &'t str>,
    catalog: &Catalog,
    settings: &Settings,
    above: &[u32],
) -> Option<Seen> {
    merged_with(texts, catalog, settings, above, &[])
}

/// The same, with variables of types that these names are of.
fn merged_with<'t>(
    texts: impl IntoIterator<Item = &'t str>,
    catalog: &Catalog,
    settings: &Settings,
    above: &[u32],
    variables: &[String],
) -> Option<Seen> {
    let mut seen = Seen::default();
    for text in texts {
        let within = Within { above, variables };
        for facts in facts_inside(text, settings, catalog, within) {
            if !is_plain(&facts, catalog) {
                return None;
            }
            let known = |column: &Column| {
                let relation = catalog.relation(&column.schema, &column.table);
                column.column == "*"
                    || relation.is_some_and(|r| r.columns.iter().any(|c| c.name == column.column))
            };
            for used in facts.uses.into_iter().filter(|u| known(&u.column)) {
                seen.shows.push(used.column.clone());
                if !matches!(used.place, Place::OutputPlain | Place::OutputComputed) {
                    seen.uses.push(used);
                }
            }
            seen.needs.extend(
                facts
                    .needs
                    .into_iter()
                    .filter(|n| n.object != Object::Database),
            );
            seen.functions.extend(facts.functions);
            let held =
                |flag: &Flag| matches!(flag, Flag::RevealsData | Flag::Locks | Flag::NoWhere);
            seen.flags.extend(facts.flags.into_iter().filter(held));
        }
    }
    seen.shows.sort();
    seen.shows.dedup();
    // What is put into a record from one statement may be set anew by another.
    let held = |need: &Need| catalog.holds_checked(&need.object);
    let records = variables.iter().any(|name| name == RECORDS);
    (!records || !seen.needs.iter().any(held)).then_some(seen)
}

/// Whether a statement inside a body is one whose facts are all there is to it.
fn is_plain(facts: &Facts, catalog: &Catalog) -> bool {
    let there = |need: &Need| match &need.object {
        Object::Table(schema, name) => catalog.relation(schema, name).is_some(),
        Object::Function(..) | Object::Database => true,
        Object::Schema(_) => false,
    };
    matches!(facts.class, Class::Read | Class::Write)
        && facts.coverage == Coverage::Complete
        && facts.transaction.is_none()
        && facts.named.is_none()
        && facts
            .settings
            .iter()
            .all(|s| matches!(s, SettingChange::Other(_)))
        && !facts.has(Flag::Disagree)
        && !facts.has(Flag::ServerFile)
        && facts.needs.iter().all(there)
}
