//! Functions that SQLite does not have, for the SQL that [`crate::translate`] writes. Their names begin with `tg_`.
//!
//! Owns: what they compute. Refuses: any effect. Each is a function of its arguments, of the time the statement began
//! and of the catalogue; SQLite may call it as often as it likes.

mod array;
mod text;
mod time;

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use regex::Regex;
use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use crate::catalog::{self, Surroundings};
use crate::cell::{self, Cell, Ty};
use crate::desk::Refusal;
use crate::name;

/// What functions share within one console session.
#[derive(Default)]
pub struct Shared {
    /// When the statement began, in microseconds since the epoch.
    pub now: AtomicI64,
    /// What the catalogue shows.
    pub around: Mutex<Surroundings>,
    patterns: Mutex<HashMap<String, Regex>>,
}

const MAX_PATTERNS: usize = 100;
const MAX_SERIES: usize = 100_000;
/// No function makes a longer text.
const MAX_TEXT: usize = 4 * 1024 * 1024;

/// Marks an error text that carries an SQLSTATE of ours.
const MARK: char = '\u{1}';

/// A refusal on its way through SQLite, which only carries text.
#[derive(Debug)]
struct Carried(Refusal);

impl std::fmt::Display for Carried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MARK}{}{MARK}{}", self.0.sqlstate, self.0.message)
    }
}

impl std::error::Error for Carried {}

/// SQLSTATEs that functions here return; the carried text is turned back into one of them.
const STATES: [&str; 12] = [
    "22P02", "22003", "22012", "22023", "42704", "54000", "42P01", "42883", "3F000", "2201B",
    "22007", "22021",
];

/// The refusal that a text of SQLite's carries.
pub fn carried(text: &str) -> Option<Refusal> {
    let rest = &text[text.find(MARK)? + MARK.len_utf8()..];
    let (state, message) = rest.split_once(MARK)?;
    let state = STATES.into_iter().find(|s| *s == state)?;
    Some(Refusal::new(state, message))
}

type Answer = Result<Cell, Refusal>;

fn get(ctx: &Context<'_>, at: usize) -> Cell {
    if at >= ctx.len() {
        return Cell::Null;
    }
    from_engine(ctx.get_raw(at))
}

/// A value of SQLite's.
pub fn from_engine(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(v) => Cell::Int(v),
        ValueRef::Real(v) => Cell::Real(v),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            Cell::Text(String::from_utf8_lossy(bytes).into_owned())
        }
    }
}

/// A value for SQLite.
pub fn to_engine(cell: Cell) -> Value {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(v) => Value::Integer(v),
        Cell::Real(v) => Value::Real(v),
        Cell::Text(s) => Value::Text(s),
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(s) => s.clone(),
        Cell::Int(v) => v.to_string(),
        Cell::Real(v) => cell::format_float(*v),
        Cell::Null => String::new(),
    }
}

fn whole(cell: &Cell) -> i64 {
    match cell {
        Cell::Int(v) => *v,
        Cell::Real(v) => *v as i64,
        Cell::Text(s) => s.trim().parse().unwrap_or(0),
        Cell::Null => 0,
    }
}

fn id(cell: &Cell) -> u32 {
    u32::try_from(whole(cell)).unwrap_or(0)
}

fn list(cell: &Cell) -> Vec<serde_json::Value> {
    match cell {
        Cell::Text(s) => serde_json::from_str(s).unwrap_or_default(),
        Cell::Null | Cell::Int(_) | Cell::Real(_) => Vec::new(),
    }
}

fn item_text(value: &serde_json::Value) -> Option<String> {
    match value {
        serde_json::Value::Null => None,
        serde_json::Value::String(s) => Some(s.clone()),
        other => Some(other.to_string()),
    }
}

fn array(items: Vec<serde_json::Value>) -> Cell {
    Cell::Text(serde_json::Value::Array(items).to_string())
}

/// Registers one function. `strict`: NULL for any argument gives NULL.
fn add(
    db: &Connection,
    name: &str,
    arguments: i32,
    strict: bool,
    f: impl Fn(&[Cell]) -> Answer + Send + 'static,
) -> rusqlite::Result<()> {
    db.create_scalar_function(name, arguments, FunctionFlags::SQLITE_UTF8, move |ctx| {
        let cells: Vec<Cell> = (0..ctx.len()).map(|i| get(ctx, i)).collect();
        if strict && cells.contains(&Cell::Null) {
            return Ok(ToSqlOutput::Owned(Value::Null));
        }
        match f(&cells) {
            Ok(Cell::Text(s)) if s.len() > MAX_TEXT => {
                Err(Refusal::new("54000", "a value is too long"))
            }
            other => other,
        }
        .map(|cell| ToSqlOutput::Owned(to_engine(cell)))
        .map_err(|refusal| rusqlite::Error::UserFunctionError(Box::new(Carried(refusal))))
    })
}

fn at(cells: &[Cell], i: usize) -> &Cell {
    cells.get(i).unwrap_or(&Cell::Null)
}

/// Registers all of them.
pub fn register(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    conversions(db, shared)?;
    time::register(db, shared)?;
    text::register(db, shared)?;
    array::register(db)?;
    catalogue(db, shared)?;
    crate::sheet::register(db)
}

fn conversions(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let clock = Arc::clone(shared);
    add(db, "tg_in", 2, true, move |c| {
        let ty = Ty::from_oid(id(at(c, 1))).unwrap_or(Ty::Text);
        cell::from_text(&text(at(c, 0)), ty, clock.now.load(Ordering::Relaxed))
    })?;
    add(db, "tg_out", 2, true, |c| {
        let ty = Ty::from_oid(id(at(c, 1))).unwrap_or(Ty::Text);
        let out = match (ty, at(c, 0)) {
            // `true::text` is a word, where a boolean column shows a letter.
            (Ty::Bool, Cell::Int(v)) => Some((if *v != 0 { "true" } else { "false" }).to_owned()),
            (_, value) => cell::to_text(value, ty),
        };
        Ok(out.map_or(Cell::Null, Cell::Text))
    })?;
    add(db, "tg_divide", 3, true, |c| {
        let divide = text(at(c, 0)) == "/";
        let by_zero = || Refusal::new("22012", "division by zero");
        let range = || Refusal::new("22003", "bigint out of range");
        Ok(match (at(c, 1), at(c, 2)) {
            (Cell::Int(_), Cell::Int(0)) => return Err(by_zero()),
            (Cell::Int(a), Cell::Int(b)) if divide => {
                Cell::Int(a.checked_div(*b).ok_or_else(range)?)
            }
            (Cell::Int(a), Cell::Int(b)) => Cell::Int(a.checked_rem(*b).unwrap_or(0)),
            (a, b) => {
                let float = |cell: &Cell| match cell {
                    Cell::Real(v) => *v,
                    other => whole(other) as f64,
                };
                if float(b) == 0.0 {
                    return Err(by_zero());
                }
                Cell::Real(if divide {
                    float(a) / float(b)
                } else {
                    float(a) % float(b)
                })
            }
        })
    })?;
    add(db, "tg_greatest", -1, false, |c| {
        Ok(extreme(c, std::cmp::Ordering::Greater))
    })?;
    add(db, "tg_least", -1, false, |c| {
        Ok(extreme(c, std::cmp::Ordering::Less))
    })?;
    add(db, "tg_size", 1, true, |c| {
        let mut value = whole(at(c, 0));
        for unit in ["bytes", "kB", "MB", "GB"] {
            if value.abs() < 10_240 {
                return Ok(Cell::Text(format!("{value} {unit}")));
            }
            value = (value + 512) / 1024;
        }
        Ok(Cell::Text(format!("{value} TB")))
    })
}

/// GREATEST and LEAST pass over NULLs.
fn extreme(cells: &[Cell], wanted: std::cmp::Ordering) -> Cell {
    let order = |a: &Cell, b: &Cell| match (a, b) {
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
        (a, b) => {
            let float = |c: &Cell| {
                if let Cell::Real(v) = c {
                    *v
                } else {
                    whole(c) as f64
                }
            };
            float(a).total_cmp(&float(b))
        }
    };
    cells
        .iter()
        .filter(|c| **c != Cell::Null)
        .fold(Cell::Null, |best, c| {
            if best == Cell::Null || order(c, &best) == wanted {
                c.clone()
            } else {
                best
            }
        })
}

fn catalogue(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let around = Arc::clone(shared);
    add(db, "tg_role", 1, true, move |c| {
        let around = around.around.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Cell::Text(catalog::role_name(id(at(c, 0)), &around)))
    })?;
    add(db, "tg_format_type", 1, true, |c| {
        Ok(match Ty::from_oid(id(at(c, 0))) {
            Some(Ty::Unknown) => "-".into(),
            Some(ty) => ty.name().into(),
            None => "???".into(),
        })
    })?;
    add(db, "tg_visible", 1, true, |c| {
        let found = crate::relation::by_oid(id(at(c, 0)));
        Ok(Cell::from(found.is_some_and(|r| {
            r.schema != crate::relation::Schema::Information
        })))
    })?;
    let optional = |text: Option<String>| Ok(text.map_or(Cell::Null, Cell::Text));
    add(db, "tg_function_arguments", 1, true, move |c| {
        optional(name::function_arguments(id(at(c, 0))))
    })?;
    add(db, "tg_function_result", 1, true, move |c| {
        optional(name::function_result(id(at(c, 0))))
    })?;
    add(db, "tg_function_definition", 1, true, move |c| {
        let oid = id(at(c, 0));
        optional(
            name::function_arguments(oid)
                .and(name::description(oid, 0).map(|d| format!("-- {d}\n"))),
        )
    })?;
    add(db, "tg_no_hold", 1, true, |c| {
        Err(Refusal::new(
            "42704",
            format!("hold {} does not exist", text(at(c, 0))),
        ))
    })?;
    add(db, "tg_description", 2, true, |c| {
        let column = usize::try_from(whole(at(c, 1))).unwrap_or(0);
        Ok(Cell::text(name::description(id(at(c, 0)), column)))
    })
}
