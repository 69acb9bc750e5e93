//! One statement, run over every schema that differs, held against its facts.
//!
//! Owns: what was seen, what counts as a change, and what explains it. Refuses: to explain anything by coverage: what is
//! opaque is counted and not judged.

use std::collections::{BTreeMap, HashMap};

use postgres::{Client, SimpleQueryMessage};
use sql::catalog::RelationKind;
use sql::facts::{Class, Coverage, Facts, Flag, Place};
use sql::{Catalog, Settings};

use crate::schema::{Variant, below};
use crate::writes::Made;

/// What is known beforehand.
pub struct World {
    pub catalog: Catalog,
    pub settings: Settings,
    pub variants: Vec<Variant>,
    /// The values of each column, by schema, table and column, as text.
    pub values: HashMap<(String, String), Vec<Option<String>>>,
}

/// What a statement gave.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    Failed(String, String),
    Rows {
        names: Vec<String>,
        rows: Vec<Vec<Option<String>>>,
        count: u64,
        looked: Vec<String>,
        look: Vec<Vec<Option<String>>>,
    },
}

/// What judging a statement came to.
#[derive(Debug, Default, Clone)]
pub struct Judged {
    /// The server takes it, on `v0`.
    pub accepted: bool,
    /// Ran too long: not judged.
    pub slow: bool,
    /// Its SQLSTATE on `v0`, where it failed.
    pub state: String,
    /// Why it is not complete, if it is not.
    pub opaque: Option<String>,
    pub disagree: bool,
    pub class: Option<Class>,
    /// Outputs were known.
    pub listed: bool,
    /// Schemas in which something changed; those explained by deciding about rows, by an output, by storing.
    pub changes: usize,
    pub by_filter: usize,
    pub by_output: usize,
    pub by_stored: usize,
    /// Pairs of an output and a column it depends on, of columns that were changed; and those seen to matter.
    pub pairs: usize,
    pub pairs_seen: usize,
    pub loose: bool,
    /// What nothing explains: kind and words.
    pub misses: Vec<(&'static str, String)>,
    /// Not wrong, and worth knowing.
    pub notes: Vec<&'static str>,
}

/// Two connections: what is written, and rolled back, leaves its tables larger, and plans other than they were; so nothing
/// is written where queries are run.
pub struct Clients {
    pub reader: Client,
    pub writer: Client,
}

impl Clients {
    /// Makes tables as small again as they were, for what is written.
    pub fn tidy(&mut self, world: &World) {
        let mut text = String::from("RESET search_path;");
        for variant in std::iter::once("v0").chain(world.variants.iter().map(|v| v.schema.as_str()))
        {
            for table in [
                "people", "orders", "email", "mail_old", "logs_a", "logs_b", "gen", "sink",
            ] {
                text += &format!("VACUUM FULL {variant}.{table};");
            }
        }
        for one in text.split(';') {
            let _ = self.writer.batch_execute(one);
        }
    }
}

/// Runs and judges.
pub fn judge(clients: &mut Clients, world: &World, made: &Made) -> Judged {
    let client = if matches!(made.look, "" | "made") {
        &mut clients.reader
    } else {
        &mut clients.writer
    };
    let mut judged = Judged::default();
    let base = run(client, "v0", made);
    if let Seen::Failed(state, _) = &base {
        judged.state = state.clone();
        if state.starts_with("42")
            || state == "57014"
            || state.starts_with("0A")
            || state == "54001"
        {
            judged.slow = state == "57014";
            return judged;
        }
    }
    judged.accepted = true;
    let analysis = sql::analyze(made.text.as_bytes(), &world.settings, &world.catalog);
    let [facts] = analysis.statements.as_slice() else {
        judged.misses.push((
            "statements",
            format!("{} statements", analysis.statements.len()),
        ));
        return judged;
    };
    judged.class = Some(facts.class);
    judged.disagree = facts.has(Flag::Disagree);
    if let Coverage::Opaque(reason) = &facts.coverage {
        judged.opaque = Some(reason.clone());
    }
    judged.listed = !facts.outputs.is_empty();
    shape(client, world, made, facts, &base, &mut judged);
    plain(world, "v0", facts, &base, &mut judged);
    let mut mattered: BTreeMap<(usize, usize), bool> = BTreeMap::new();
    let tables: Vec<&str> = made.named.iter().flat_map(|n| below(n)).copied().collect();
    for variant in &world.variants {
        if !tables.contains(&variant.table) {
            continue;
        }
        let seen = run(client, &variant.schema, made);
        if matches!(&seen, Seen::Failed(state, _) if state == "57014") {
            judged.slow = true;
            return judged;
        }
        plain(world, &variant.schema, facts, &seen, &mut judged);
        compare(variant, facts, &base, &seen, &mut judged, &mut mattered);
    }
    judged.pairs = mattered.len();
    judged.pairs_seen = mattered.values().filter(|m| **m).count();
    judged.loose = mattered.values().any(|m| !m);
    judged.misses.dedup();
    judged
}

/// Whether a column of the facts stands for the changed one.
fn means(variant: &Variant, column: &sql::facts::Column) -> bool {
    column.schema == "v0"
        && (column.column == "*" && variant.is_meant_by(&column.table, variant.column)
            || variant.is_meant_by(&column.table, &column.column))
}

/// Holds one schema's result against that of `v0`.
fn compare(
    variant: &Variant,
    facts: &Facts,
    base: &Seen,
    seen: &Seen,
    judged: &mut Judged,
    mattered: &mut BTreeMap<(usize, usize), bool>,
) {
    let places: Vec<Place> = facts
        .uses
        .iter()
        .filter(|u| means(variant, &u.column))
        .map(|u| u.place)
        .collect();
    let decides = places
        .iter()
        .any(|p| matches!(p, Place::Equality | Place::Filter));
    let stored = places.contains(&Place::Stored);
    let computed = places.contains(&Place::OutputComputed);
    let what = format!("{}.{}", variant.table, variant.column);
    for (at, output) in facts.outputs.iter().enumerate() {
        for (which, column) in output.depends_on.iter().enumerate() {
            if means(variant, column) {
                mattered.entry((at, which)).or_insert(false);
            }
        }
    }
    if base == seen {
        return;
    }
    judged.changes += 1;
    let (
        Seen::Rows {
            rows, look, count, ..
        },
        Seen::Rows {
            rows: other,
            look: looked_other,
            count: other_count,
            looked,
            ..
        },
    ) = (base, seen)
    else {
        // An error that comes or goes, or says something else.
        if decides {
            judged.by_filter += 1;
        } else if computed || stored {
            judged.by_output += 1;
        } else {
            judged.misses.push((
                "error",
                format!("{what} decides about an error: {base:?} against {seen:?}"),
            ));
        }
        return;
    };
    for (row, next) in rows.iter().zip(other) {
        for (at, (a, b)) in row.iter().zip(next).enumerate() {
            if a != b
                && let Some(output) = facts.outputs.get(at)
            {
                for (which, column) in output.depends_on.iter().enumerate() {
                    if means(variant, column) {
                        mattered.insert((at, which), true);
                    }
                }
            }
        }
    }
    if decides {
        judged.by_filter += 1;
        return;
    }
    if rows.len() != other.len() || count != other_count {
        judged.misses.push((
            "rows",
            format!(
                "{what} decides about the number of rows: {} against {}",
                rows.len(),
                other.len()
            ),
        ));
        return;
    }
    for (row, next) in rows.iter().zip(other) {
        for (at, (a, b)) in row.iter().zip(next).enumerate() {
            if a == b {
                continue;
            }
            let known = if facts.outputs.is_empty() {
                !places.is_empty()
            } else {
                facts
                    .outputs
                    .get(at)
                    .is_some_and(|o| o.depends_on.iter().any(|c| means(variant, c)))
            };
            if !known && stored {
                // RETURNING shows what was stored.
                judged.by_stored += 1;
                return;
            }
            if !known {
                judged.misses.push((
                    "output",
                    format!("{what} is seen in output {}: {a:?} against {b:?}", at + 1),
                ));
                return;
            }
        }
    }
    if rest(variant, looked, look) != rest(variant, looked, looked_other) {
        if stored {
            judged.by_stored += 1;
            return;
        }
        judged
            .misses
            .push(("stored", format!("{what} is seen in what was written")));
        return;
    }
    judged.by_output += 1;
}

/// What was written, without the changed column itself, in whichever order.
fn rest(
    variant: &Variant,
    names: &[String],
    rows: &[Vec<Option<String>>],
) -> Vec<Vec<Option<String>>> {
    let table = names.first().cloned().unwrap_or_default();
    let own = |name: &str| variant.is_meant_by(&table, name);
    let mut kept: Vec<Vec<Option<String>>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .zip(&names[1..])
                .filter(|(_, n)| !own(n))
                .map(|(v, _)| v.clone())
                .collect()
        })
        .collect();
    kept.sort();
    kept
}

/// Whether outputs are as many, and are called, as the server says; and whether it names an origin for what is plain.
fn shape(
    client: &mut Client,
    world: &World,
    made: &Made,
    facts: &Facts,
    base: &Seen,
    judged: &mut Judged,
) {
    let Seen::Rows { names, .. } = base else {
        return;
    };
    if facts.outputs.is_empty() {
        return;
    }
    if names.len() != facts.outputs.len() {
        judged.misses.push((
            "shape",
            format!(
                "the server has {} columns, the facts {}",
                names.len(),
                facts.outputs.len()
            ),
        ));
        return;
    }
    for (name, output) in names.iter().zip(&facts.outputs) {
        if *name != output.name {
            judged.notes.push("another name");
        }
    }
    if made.look.is_empty() {
        if client
            .batch_execute("SET search_path = v0, common")
            .is_err()
        {
            return;
        }
        let Ok(prepared) = client.prepare(&made.text) else {
            return;
        };
        for (column, output) in prepared.columns().iter().zip(&facts.outputs) {
            match (column.table_oid(), output.plain) {
                (None, true) => judged.misses.push((
                    "origin",
                    format!("the server names no origin for {}", output.name),
                )),
                (Some(oid), false)
                    if world
                        .catalog
                        .relation_by_oid(oid)
                        .is_some_and(|r| r.kind == RelationKind::Table) =>
                {
                    judged.notes.push("the server names an origin");
                }
                _ => {}
            }
        }
    }
}

/// Whether what is plain is a value of its column.
fn plain(world: &World, schema: &str, facts: &Facts, seen: &Seen, judged: &mut Judged) {
    let Seen::Rows { rows, .. } = seen else {
        return;
    };
    if facts.class != Class::Read {
        return;
    }
    for (at, output) in facts.outputs.iter().enumerate() {
        let ([column], true) = (output.depends_on.as_slice(), output.plain) else {
            continue;
        };
        let key = (
            schema.to_owned(),
            format!("{}.{}", column.table, column.column),
        );
        let Some(values) = world.values.get(&key) else {
            continue;
        };
        let strange = rows
            .iter()
            .filter_map(|r| r.get(at))
            .find(|v| v.is_some() && !values.contains(v));
        if let Some(strange) = strange {
            judged.misses.push((
                "plain",
                format!("output {} is no value of {}: {strange:?}", at + 1, key.1),
            ));
            return;
        }
    }
}

/// Runs a statement in a schema.
fn run(client: &mut Client, schema: &str, made: &Made) -> Seen {
    let text = &made.text;
    let result = if made.look.is_empty() {
        client.simple_query(&format!("SET search_path = {schema}, common; {text}"))
    } else {
        let result = client.simple_query(&format!(
            "BEGIN; SET LOCAL search_path = {schema}, common; {text}; SELECT * FROM {}; ROLLBACK",
            made.look
        ));
        if result.is_err() {
            let _ = client.batch_execute("ROLLBACK");
        }
        result
    };
    let messages = match result {
        Ok(messages) => messages,
        Err(error) => {
            let (state, message) = match error.as_db_error() {
                Some(db) => (db.code().code().to_owned(), db.message().to_owned()),
                None => panic!("{text}: {error}"),
            };
            return Seen::Failed(state, message);
        }
    };
    let skip = if made.look.is_empty() { 1 } else { 2 };
    let mut parts: Vec<(Vec<String>, Vec<Vec<Option<String>>>, u64)> = vec![];
    let (mut names, mut rows) = (vec![], vec![]);
    for message in messages {
        match message {
            SimpleQueryMessage::RowDescription(columns) => {
                names = columns.iter().map(|c| c.name().to_owned()).collect()
            }
            SimpleQueryMessage::Row(row) => rows.push(
                (0..row.len())
                    .map(|at| row.get(at).map(str::to_owned))
                    .collect(),
            ),
            SimpleQueryMessage::CommandComplete(count) => {
                parts.push((std::mem::take(&mut names), std::mem::take(&mut rows), count))
            }
            _ => {}
        }
    }
    let mut parts = parts.into_iter().skip(skip);
    let (names, rows, count) = parts.next().unwrap_or_default();
    let (mut looked, look, _) = if made.look.is_empty() {
        Default::default()
    } else {
        parts.next().unwrap_or_default()
    };
    looked.insert(0, made.look.to_owned());
    Seen::Rows {
        names,
        rows,
        count,
        looked,
        look,
    }
}

/// The values of every column in every schema.
pub fn values(
    client: &mut Client,
    variants: &[Variant],
) -> HashMap<(String, String), Vec<Option<String>>> {
    let mut all = HashMap::new();
    let schemas = std::iter::once("v0".to_owned()).chain(variants.iter().map(|v| v.schema.clone()));
    for schema in schemas {
        for table in [
            "people", "orders", "email", "mail_old", "logs", "logs_a", "logs_b", "gen", "sink",
        ] {
            let messages = client
                .simple_query(&format!("SELECT * FROM {schema}.{table}"))
                .expect("a table");
            for message in messages {
                if let SimpleQueryMessage::Row(row) = message {
                    for (at, column) in row.columns().iter().enumerate() {
                        let key = (schema.clone(), format!("{table}.{}", column.name()));
                        all.entry(key)
                            .or_insert_with(Vec::new)
                            .push(row.get(at).map(str::to_owned));
                    }
                }
            }
        }
    }
    all
}
