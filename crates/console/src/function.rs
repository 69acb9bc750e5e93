//! Functions that SQLite does not have, for the SQL that [`crate::translate`] writes. Their names begin with `tg_`.
//!
//! Owns: what they compute. Refuses: any effect. Each is a function of its arguments, of the time the statement began
//! and of the catalogue; SQLite may call it as often as it likes.

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
use crate::moment;

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
    times(db, shared)?;
    texts(db, shared)?;
    arrays(db)?;
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

fn times(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let clock = Arc::clone(shared);
    add(db, "tg_now", 0, false, move |_| {
        Ok(Cell::Int(clock.now.load(Ordering::Relaxed)))
    })?;
    let unknown =
        |field: &Cell| Refusal::new("22023", format!("unit \"{}\" not recognized", text(field)));
    add(db, "tg_trunc", 2, true, move |c| {
        moment::trunc(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Int)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_trunc_interval", 2, true, move |c| {
        moment::trunc_interval(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Int)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_extract", 2, true, move |c| {
        moment::extract(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Real)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_extract_interval", 2, true, move |c| {
        moment::extract_interval(&text(at(c, 0)), whole(at(c, 1)))
            .map(Cell::Real)
            .ok_or_else(|| unknown(at(c, 0)))
    })?;
    add(db, "tg_to_char", 2, true, |c| {
        Ok(Cell::Text(moment::to_char(
            whole(at(c, 0)),
            &text(at(c, 1)),
        )))
    })
}

impl Shared {
    /// Whether a text matches a pattern, compiled once.
    fn matches(&self, pattern: &str, text: &str) -> Result<bool, Refusal> {
        let mut patterns = self.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = patterns.get(pattern) {
            return Ok(regex.is_match(text));
        }
        let regex = compile(pattern)?;
        let answer = regex.is_match(text);
        if patterns.len() >= MAX_PATTERNS {
            patterns.clear();
        }
        patterns.insert(pattern.to_owned(), regex);
        Ok(answer)
    }
}

fn compile(pattern: &str) -> Result<Regex, Refusal> {
    regex::RegexBuilder::new(pattern)
        .size_limit(1 << 20)
        .build()
        .map_err(|_| Refusal::new("2201B", "invalid regular expression"))
}

/// LIKE as a regular expression: `%`, `_`, and a backslash that takes the next character as it is.
fn like(pattern: &str) -> String {
    let mut out = String::from("(?s)^");
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => out.push_str(".*"),
            '_' => out.push('.'),
            '\\' => out.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            c => out.push_str(&regex::escape(&c.to_string())),
        }
    }
    out.push('$');
    out
}

fn texts(db: &Connection, shared: &Arc<Shared>) -> rusqlite::Result<()> {
    let patterns = Arc::clone(shared);
    add(db, "tg_match", 3, true, move |c| {
        let op = text(at(c, 0));
        let (negated, op) = match op.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, op.as_str()),
        };
        let pattern = text(at(c, 2));
        let mut pattern = if op.starts_with("~~") {
            like(&pattern)
        } else {
            pattern
        };
        if op.ends_with('*') {
            pattern = format!("(?i){pattern}");
        }
        Ok(Cell::from(
            patterns.matches(&pattern, &text(at(c, 1)))? != negated,
        ))
    })?;
    add(db, "tg_left", 2, true, |c| {
        let (s, n) = (text(at(c, 0)), whole(at(c, 1)));
        let length = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
        let keep = if n < 0 { length.saturating_add(n) } else { n };
        Ok(Cell::Text(
            s.chars().take(usize::try_from(keep).unwrap_or(0)).collect(),
        ))
    })?;
    add(db, "tg_right", 2, true, |c| {
        let (s, n) = (text(at(c, 0)), whole(at(c, 1)));
        let length = i64::try_from(s.chars().count()).unwrap_or(i64::MAX);
        let skip = if n < 0 {
            n.saturating_neg()
        } else {
            length.saturating_sub(n)
        };
        Ok(Cell::Text(
            s.chars().skip(usize::try_from(skip).unwrap_or(0)).collect(),
        ))
    })?;
    add(db, "tg_split_part", 3, true, |c| {
        let (s, by, n) = (text(at(c, 0)), text(at(c, 1)), whole(at(c, 2)));
        let wanted = usize::try_from(n - 1)
            .map_err(|_| Refusal::new("22023", "field position must be from 1"))?;
        let part = if by.is_empty() {
            Some(s.as_str()).filter(|_| wanted == 0)
        } else {
            s.split(by.as_str()).nth(wanted)
        };
        Ok(part.unwrap_or("").into())
    })?;
    add(db, "tg_regexp_replace", -1, true, |c| {
        let (s, pattern, with, flags) = (
            text(at(c, 0)),
            text(at(c, 1)),
            text(at(c, 2)),
            text(at(c, 3)),
        );
        let pattern = if flags.contains('i') {
            format!("(?i){pattern}")
        } else {
            pattern
        };
        let regex = compile(&pattern)?;
        // PostgreSQL writes \1 where the crate writes ${1}.
        let with = compile(r"\\([0-9&])")?
            .replace_all(&with.replace('$', "$$"), |m: &regex::Captures<'_>| match m
                .get(1)
                .map_or("", |g| g.as_str())
            {
                "&" => "${0}".to_owned(),
                digit => format!("${{{digit}}}"),
            })
            .into_owned();
        let times = if flags.contains('g') { 0 } else { 1 };
        Ok(Cell::Text(
            regex.replacen(&s, times, with.as_str()).into_owned(),
        ))
    })?;
    add(db, "tg_quote_ident", 1, true, |c| {
        Ok(Cell::Text(quote_ident(&text(at(c, 0)))))
    })?;
    add(db, "tg_quote_literal", 1, true, |c| {
        Ok(Cell::Text(quote_literal(&text(at(c, 0)))))
    })?;
    add(db, "tg_concat", -1, false, |c| {
        Ok(Cell::Text(c.iter().map(text).collect()))
    })?;
    add(db, "tg_concat_ws", -1, false, |c| match c.split_first() {
        Some((by, rest)) if *by != Cell::Null => {
            let parts: Vec<String> = rest
                .iter()
                .filter(|c| **c != Cell::Null)
                .map(text)
                .collect();
            Ok(Cell::Text(parts.join(&text(by))))
        }
        _ => Ok(Cell::Null),
    })?;
    add(db, "tg_format", -1, false, |c| match c.split_first() {
        Some((Cell::Null, _)) | None => Ok(Cell::Null),
        Some((pattern, rest)) => format(&text(pattern), rest).map(Cell::Text),
    })
}

fn quote_ident(s: &str) -> String {
    let plain = s.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && s.chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain {
        s.to_owned()
    } else {
        format!("\"{}\"", s.replace('"', "\"\""))
    }
}

fn quote_literal(s: &str) -> String {
    let doubled = s.replace('\'', "''");
    if s.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// `format('%s %I %L', …)`, which `\gexec` lives on.
fn format(pattern: &str, arguments: &[Cell]) -> Result<String, Refusal> {
    let mut out = String::new();
    let mut chars = pattern.chars();
    let mut next = arguments.iter();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let kind = chars.next();
        if kind == Some('%') {
            out.push('%');
            continue;
        }
        let argument = next
            .next()
            .ok_or_else(|| Refusal::new("22023", "too few arguments for format()"))?;
        match kind {
            Some('s') => out.push_str(&text(argument)),
            Some('I') if *argument != Cell::Null => out.push_str(&quote_ident(&text(argument))),
            Some('L') if *argument == Cell::Null => out.push_str("NULL"),
            Some('L') => out.push_str(&quote_literal(&text(argument))),
            _ => {
                return Err(Refusal::new(
                    "22023",
                    "unrecognized format() type specifier",
                ));
            }
        }
    }
    Ok(out)
}

fn arrays(db: &Connection) -> rusqlite::Result<()> {
    add(db, "tg_array_op", 3, true, |c| {
        let (a, b) = (list(at(c, 1)), list(at(c, 2)));
        let within = |small: &[serde_json::Value], large: &[serde_json::Value]| {
            small.iter().all(|v| large.contains(v))
        };
        Ok(Cell::from(match text(at(c, 0)).as_str() {
            "@>" => within(&b, &a),
            "<@" => within(&a, &b),
            _ => a.iter().any(|v| b.contains(v)),
        }))
    })?;
    add(db, "tg_array_cat", 2, false, |c| {
        let part = |cell: &Cell| match cell {
            Cell::Text(s) if s.starts_with('[') => list(cell),
            Cell::Null => Vec::new(),
            Cell::Int(v) => vec![serde_json::Value::from(*v)],
            other => vec![serde_json::Value::String(text(other))],
        };
        if at(c, 0) == &Cell::Null && at(c, 1) == &Cell::Null {
            return Ok(Cell::Null);
        }
        let mut items = part(at(c, 0));
        items.extend(part(at(c, 1)));
        Ok(array(items))
    })?;
    add(db, "tg_array_item", 2, true, |c| {
        let index = usize::try_from(whole(at(c, 1)) - 1).ok();
        let items = list(at(c, 0));
        Ok(match index.and_then(|i| items.get(i)) {
            Some(serde_json::Value::Number(n)) => n.as_i64().map_or(Cell::Null, Cell::Int),
            Some(value) => item_text(value).map_or(Cell::Null, Cell::Text),
            None => Cell::Null,
        })
    })?;
    add(db, "tg_array_to_string", -1, false, |c| {
        if *at(c, 0) == Cell::Null || *at(c, 1) == Cell::Null {
            return Ok(Cell::Null);
        }
        let null = Some(at(c, 2)).filter(|n| **n != Cell::Null).map(text);
        let parts: Vec<String> = list(at(c, 0))
            .iter()
            .filter_map(|v| item_text(v).or_else(|| null.clone()))
            .collect();
        Ok(Cell::Text(parts.join(&text(at(c, 1)))))
    })?;
    add(db, "tg_string_to_array", 2, true, |c| {
        let (s, by) = (text(at(c, 0)), text(at(c, 1)));
        let parts: Vec<serde_json::Value> = if s.is_empty() {
            Vec::new()
        } else if by.is_empty() {
            vec![s.into()]
        } else {
            s.split(by.as_str()).map(serde_json::Value::from).collect()
        };
        Ok(array(parts))
    })?;
    add(db, "tg_array_remove", 2, false, |c| {
        if *at(c, 0) == Cell::Null {
            return Ok(Cell::Null);
        }
        let gone = Some(at(c, 1)).filter(|n| **n != Cell::Null).map(text);
        Ok(array(
            list(at(c, 0))
                .into_iter()
                .filter(|v| item_text(v) != gone)
                .collect(),
        ))
    })?;
    add(db, "tg_series", 3, true, |c| {
        let (from, to, step) = (whole(at(c, 0)), whole(at(c, 1)), whole(at(c, 2)));
        if step == 0 {
            return Err(Refusal::new("22023", "step size cannot equal zero"));
        }
        let mut items = Vec::new();
        let mut value = from;
        while if step > 0 { value <= to } else { value >= to } {
            if items.len() >= MAX_SERIES {
                return Err(Refusal::new(
                    "54000",
                    "a series has at most 100,000 values here",
                ));
            }
            items.push(serde_json::Value::from(value));
            match value.checked_add(step) {
                Some(v) => value = v,
                None => break,
            }
        }
        Ok(array(items))
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
        optional(catalog::function_arguments(id(at(c, 0))))
    })?;
    add(db, "tg_function_result", 1, true, move |c| {
        optional(catalog::function_result(id(at(c, 0))))
    })?;
    add(db, "tg_function_definition", 1, true, move |c| {
        let oid = id(at(c, 0));
        optional(
            catalog::function_arguments(oid)
                .and(catalog::description(oid, 0).map(|d| format!("-- {d}\n"))),
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
        Ok(Cell::text(catalog::description(id(at(c, 0)), column)))
    })
}
