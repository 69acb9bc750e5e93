//! One value of a row, its PostgreSQL type, and its two forms on the wire.
//!
//! Owns: which types the console speaks ([`Ty`]), and writing and reading values in text and binary format as the
//! manual's "Data Types" and the `…send`/`…recv` functions of PostgreSQL's source lay down. Refuses: to guess. A value
//! that is not of its column's type is an error in binary format.

use crate::desk::Refusal;
use crate::moment;

/// A value as the query engine holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number; also a bool (0, 1), a point in time, a day, a span (microseconds) and an OID.
    Int(i64),
    /// A float.
    Real(f64),
    /// Text; also JSON, and an array as a JSON array.
    Text(String),
}

impl Cell {
    /// Text, or NULL.
    pub fn text(value: Option<&str>) -> Cell {
        value.map_or(Cell::Null, |s| Cell::Text(s.to_owned()))
    }

    /// A number of the journal's.
    pub fn number(value: u64) -> Cell {
        Cell::Int(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// A number of the journal's, or NULL.
    pub fn maybe(value: Option<u64>) -> Cell {
        value.map_or(Cell::Null, Cell::number)
    }

    /// A list of texts.
    pub fn list<S: AsRef<str>>(values: &[S]) -> Cell {
        let items = values
            .iter()
            .map(|v| serde_json::Value::String(v.as_ref().to_owned()))
            .collect();
        Cell::Text(serde_json::Value::Array(items).to_string())
    }

    /// How much memory it takes, roughly.
    pub fn weight(&self) -> usize {
        std::mem::size_of::<Cell>() + if let Cell::Text(s) = self { s.len() } else { 0 }
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<bool> for Cell {
    fn from(value: bool) -> Cell {
        Cell::Int(i64::from(value))
    }
}

/// A type of PostgreSQL's that the console speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ty {
    /// Not known yet: a bare string, NULL, a parameter. Sent as text.
    Unknown,
    /// boolean
    Bool,
    /// smallint
    Int2,
    /// integer
    Int4,
    /// bigint
    Int8,
    /// oid
    Oid,
    /// double precision
    Float8,
    /// text
    Text,
    /// varchar
    Varchar,
    /// name
    Name,
    /// "char"
    Char,
    /// timestamp with time zone
    Timestamptz,
    /// date
    Date,
    /// interval
    Interval,
    /// json
    Json,
    /// text[]
    TextArray,
    /// bigint[]
    Int8Array,
    /// regclass, held as the relation's OID
    Regclass,
    /// regtype, held as the type's OID
    Regtype,
    /// regproc, held as the function's OID
    Regproc,
    /// regnamespace, held as the schema's OID
    Regnamespace,
}

/// Every type, with OID, size on the wire and name (pg_type.dat).
pub const TYPES: [(Ty, u32, i16, &str); 20] = [
    (Ty::Bool, 16, 1, "boolean"),
    (Ty::Char, 18, 1, "\"char\""),
    (Ty::Name, 19, 64, "name"),
    (Ty::Int8, 20, 8, "bigint"),
    (Ty::Int2, 21, 2, "smallint"),
    (Ty::Int4, 23, 4, "integer"),
    (Ty::Regproc, 24, 4, "regproc"),
    (Ty::Text, 25, -1, "text"),
    (Ty::Oid, 26, 4, "oid"),
    (Ty::Json, 114, -1, "json"),
    (Ty::Float8, 701, 8, "double precision"),
    (Ty::TextArray, 1009, -1, "text[]"),
    (Ty::Int8Array, 1016, -1, "bigint[]"),
    (Ty::Varchar, 1043, -1, "character varying"),
    (Ty::Date, 1082, 4, "date"),
    (Ty::Timestamptz, 1184, 8, "timestamp with time zone"),
    (Ty::Interval, 1186, 16, "interval"),
    (Ty::Regclass, 2205, 4, "regclass"),
    (Ty::Regtype, 2206, 4, "regtype"),
    (Ty::Regnamespace, 4089, 4, "regnamespace"),
];

/// The short names of pg_type.typname, where they differ from [`TYPES`].
pub const TYPE_NAMES: [(Ty, &str); 9] = [
    (Ty::Bool, "bool"),
    (Ty::Char, "char"),
    (Ty::Int8, "int8"),
    (Ty::Int2, "int2"),
    (Ty::Int4, "int4"),
    (Ty::Float8, "float8"),
    (Ty::TextArray, "_text"),
    (Ty::Int8Array, "_int8"),
    (Ty::Timestamptz, "timestamptz"),
];

impl Ty {
    fn row(self) -> (u32, i16, &'static str) {
        TYPES
            .iter()
            .find(|(ty, ..)| *ty == self)
            .map_or((25, -1, "text"), |(_, oid, size, name)| (*oid, *size, name))
    }

    /// Its OID.
    pub fn oid(self) -> u32 {
        self.row().0
    }

    /// Its size in pg_type.
    pub fn size(self) -> i16 {
        self.row().1
    }

    /// Its name as `format_type` gives it.
    pub fn name(self) -> &'static str {
        self.row().2
    }

    /// The type of an OID; also of those that are read as if they were one of ours.
    pub fn from_oid(oid: u32) -> Option<Ty> {
        match oid {
            0 | 705 => Some(Ty::Unknown),
            // bpchar, numeric (text only), timestamp, jsonb: read and answered as their nearest.
            1042 => Some(Ty::Varchar),
            700 | 1700 => Some(Ty::Float8),
            1114 => Some(Ty::Timestamptz),
            _ => TYPES
                .iter()
                .find(|(_, o, ..)| *o == oid)
                .map(|(ty, ..)| *ty),
        }
    }

    /// A whole number in the engine and on the wire.
    pub fn is_integer(self) -> bool {
        matches!(self, Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Oid)
    }

    /// An OID that is shown as a name.
    pub fn is_reg(self) -> bool {
        matches!(
            self,
            Ty::Regclass | Ty::Regtype | Ty::Regproc | Ty::Regnamespace
        )
    }

    /// A number.
    pub fn is_number(self) -> bool {
        self.is_integer() || self == Ty::Float8
    }

    /// Text, under any of its names.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Unknown | Ty::Json
        )
    }

    /// An array.
    pub fn is_array(self) -> bool {
        matches!(self, Ty::TextArray | Ty::Int8Array)
    }
}

fn mismatch(ty: Ty) -> Refusal {
    Refusal::new("22P02", format!("a value is not of type {}", ty.name()))
}

/// A float as PostgreSQL writes it.
pub fn format_float(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        (if value > 0.0 { "Infinity" } else { "-Infinity" }).to_owned()
    } else if value != 0.0 && !(1e-5..1e15).contains(&value.abs()) {
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, power)) if power.starts_with('-') => {
                format!("{digits}e-{:0>2}", &power[1..])
            }
            Some((digits, power)) => format!("{digits}e+{power:0>2}"),
            None => text,
        }
    } else {
        format!("{value}")
    }
}

/// Items of an array as the engine holds it.
fn items(json: &str) -> Option<Vec<Option<String>>> {
    let parsed: Vec<serde_json::Value> = serde_json::from_str(json).ok()?;
    Some(
        parsed
            .into_iter()
            .map(|v| match v {
                serde_json::Value::Null => None,
                serde_json::Value::String(s) => Some(s),
                other => Some(other.to_string()),
            })
            .collect(),
    )
}

/// An array as PostgreSQL writes it (manual, "Array Input and Output Syntax").
pub fn format_array(json: &str) -> Option<String> {
    let mut out = String::from("{");
    for (i, item) in items(json)?.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        let Some(item) = item else {
            out.push_str("NULL");
            continue;
        };
        let quoted = item.is_empty()
            || item.eq_ignore_ascii_case("null")
            || item
                .contains(|c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace());
        if quoted {
            out.push('"');
            for c in item.chars() {
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
            out.push('"');
        } else {
            out.push_str(item);
        }
    }
    out.push('}');
    Some(out)
}

/// Reads a one-dimensional array literal into the engine's form.
pub fn parse_array(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut list: Vec<serde_json::Value> = Vec::new();
    let mut chars = inner.chars().peekable();
    if inner.trim().is_empty() {
        return Some("[]".to_owned());
    }
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        let mut item = String::new();
        let mut quoted = false;
        if chars.next_if_eq(&'"').is_some() {
            quoted = true;
            loop {
                match chars.next()? {
                    '"' => break,
                    '\\' => item.push(chars.next()?),
                    c => item.push(c),
                }
            }
            while chars.next_if(|c| c.is_whitespace()).is_some() {}
        } else {
            while let Some(c) = chars.next_if(|c| *c != ',') {
                match c {
                    '{' | '}' | '"' => return None,
                    '\\' => item.push(chars.next()?),
                    c => item.push(c),
                }
            }
            item.truncate(item.trim_end().len());
        }
        list.push(if !quoted && item.eq_ignore_ascii_case("null") {
            serde_json::Value::Null
        } else {
            serde_json::Value::String(item)
        });
        match chars.next() {
            None => break,
            Some(',') => {}
            Some(_) => return None,
        }
    }
    Some(serde_json::Value::Array(list).to_string())
}

/// Writes a value in text format; `None` is NULL. A value that is not of the type is written as it is.
pub fn to_text(cell: &Cell, ty: Ty) -> Option<String> {
    Some(match (cell, ty) {
        (Cell::Null, _) => return None,
        (Cell::Int(v), Ty::Bool) => (if *v != 0 { "t" } else { "f" }).to_owned(),
        (Cell::Int(v), Ty::Timestamptz) => moment::format_timestamptz(*v),
        (Cell::Int(v), Ty::Date) => moment::format_date(*v),
        (Cell::Int(v), Ty::Interval) => moment::format_interval(*v),
        (Cell::Real(v), Ty::Interval) => moment::format_interval(v.round() as i64),
        (Cell::Real(v), Ty::Timestamptz) => moment::format_timestamptz(v.round() as i64),
        (Cell::Int(v), ty) if ty.is_reg() => {
            crate::catalog::reg_to_text(ty, u32::try_from(*v).unwrap_or(0))
        }
        (Cell::Int(v), _) => v.to_string(),
        (Cell::Real(v), ty) if ty.is_integer() => format_float(v.round()),
        (Cell::Real(v), _) => format_float(*v),
        (Cell::Text(s), ty) if ty.is_array() => format_array(s).unwrap_or_else(|| s.clone()),
        (Cell::Text(s), _) => s.clone(),
    })
}

/// Writes a value in binary format; `None` is NULL.
pub fn to_binary(cell: &Cell, ty: Ty) -> Result<Option<Vec<u8>>, Refusal> {
    let whole = |cell: &Cell| match cell {
        Cell::Int(v) => Ok(*v),
        Cell::Real(v) if v.is_finite() && v.abs() < 9.2e18 => Ok(v.round() as i64),
        Cell::Text(s) => s.trim().parse::<i64>().map_err(|_| mismatch(ty)),
        Cell::Real(_) | Cell::Null => Err(mismatch(ty)),
    };
    if *cell == Cell::Null {
        return Ok(None);
    }
    Ok(Some(match ty {
        Ty::Bool => vec![u8::from(whole(cell)? != 0)],
        Ty::Int2 => i16::try_from(whole(cell)?)
            .map_err(|_| mismatch(ty))?
            .to_be_bytes()
            .to_vec(),
        Ty::Int4 => i32::try_from(whole(cell)?)
            .map_err(|_| mismatch(ty))?
            .to_be_bytes()
            .to_vec(),
        Ty::Int8 => whole(cell)?.to_be_bytes().to_vec(),
        Ty::Oid | Ty::Regclass | Ty::Regtype | Ty::Regproc | Ty::Regnamespace => {
            u32::try_from(whole(cell)?)
                .map_err(|_| mismatch(ty))?
                .to_be_bytes()
                .to_vec()
        }
        Ty::Float8 => match cell {
            Cell::Real(v) => v.to_be_bytes().to_vec(),
            other => (whole(other)? as f64).to_be_bytes().to_vec(),
        },
        Ty::Timestamptz => (whole(cell)?.saturating_sub(moment::PG_EPOCH))
            .to_be_bytes()
            .to_vec(),
        Ty::Date => {
            let days = (whole(cell)?.saturating_sub(moment::PG_EPOCH)).div_euclid(moment::DAY);
            i32::try_from(days)
                .map_err(|_| mismatch(ty))?
                .to_be_bytes()
                .to_vec()
        }
        Ty::Interval => {
            let us = whole(cell)?;
            let days = i32::try_from(us / moment::DAY).map_err(|_| mismatch(ty))?;
            let mut out = (us % moment::DAY).to_be_bytes().to_vec();
            out.extend_from_slice(&days.to_be_bytes());
            out.extend_from_slice(&0i32.to_be_bytes());
            out
        }
        Ty::TextArray | Ty::Int8Array => array_binary(cell, ty)?,
        Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Json | Ty::Unknown => {
            to_text(cell, ty).unwrap_or_default().into_bytes()
        }
    }))
}

/// `array_send`: dimensions, a flag for NULLs, element type, length and lower bound, then each item with its length.
fn array_binary(cell: &Cell, ty: Ty) -> Result<Vec<u8>, Refusal> {
    let Cell::Text(json) = cell else {
        return Err(mismatch(ty));
    };
    let list = items(json).ok_or_else(|| mismatch(ty))?;
    let element = if ty == Ty::Int8Array {
        Ty::Int8
    } else {
        Ty::Text
    };
    let count = i32::try_from(list.len()).map_err(|_| mismatch(ty))?;
    let mut out = Vec::new();
    out.extend_from_slice(&i32::from(count > 0).to_be_bytes());
    out.extend_from_slice(&i32::from(list.iter().any(Option::is_none)).to_be_bytes());
    out.extend_from_slice(&element.oid().to_be_bytes());
    if count > 0 {
        out.extend_from_slice(&count.to_be_bytes());
        out.extend_from_slice(&1i32.to_be_bytes());
    }
    for item in list {
        let cell = item.map_or(Cell::Null, Cell::Text);
        match to_binary(&cell, element)? {
            None => out.extend_from_slice(&(-1i32).to_be_bytes()),
            Some(bytes) => {
                let length = i32::try_from(bytes.len()).map_err(|_| mismatch(ty))?;
                out.extend_from_slice(&length.to_be_bytes());
                out.extend_from_slice(&bytes);
            }
        }
    }
    Ok(out)
}

/// Reads a parameter in text format. `now` is for the words `now` and `today`.
pub fn from_text(text: &str, ty: Ty, now: i64) -> Result<Cell, Refusal> {
    let bad = || {
        // The value is the person's own, on her own connection; it goes nowhere else.
        Refusal::new(
            "22P02",
            format!(
                "invalid input syntax for type {}: \"{}\"",
                ty.name(),
                shortened(text)
            ),
        )
    };
    let trimmed = text.trim();
    Ok(match ty {
        Ty::Bool => Cell::from(parse_bool(trimmed).ok_or_else(bad)?),
        Ty::Int2 | Ty::Int4 | Ty::Int8 | Ty::Oid => {
            let value: i64 = trimmed.parse().map_err(|_| bad())?;
            let fits = match ty {
                Ty::Int2 => i16::try_from(value).is_ok(),
                Ty::Int4 => i32::try_from(value).is_ok(),
                Ty::Oid => u32::try_from(value).is_ok(),
                _ => true,
            };
            if !fits {
                return Err(Refusal::new(
                    "22003",
                    format!("value \"{value}\" is out of range for type {}", ty.name()),
                ));
            }
            Cell::Int(value)
        }
        Ty::Float8 => Cell::Real(trimmed.parse().map_err(|_| bad())?),
        Ty::Timestamptz => Cell::Int(moment::parse_timestamptz(text, now).ok_or_else(bad)?),
        Ty::Date => {
            let us = moment::parse_timestamptz(text, now).ok_or_else(bad)?;
            Cell::Int(us - us.rem_euclid(moment::DAY))
        }
        Ty::Interval => Cell::Int(moment::parse_interval(text).ok_or_else(bad)?),
        Ty::TextArray | Ty::Int8Array => Cell::Text(parse_array(text).ok_or_else(bad)?),
        Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Json | Ty::Unknown => {
            Cell::Text(text.to_owned())
        }
        Ty::Regclass | Ty::Regtype | Ty::Regproc | Ty::Regnamespace => {
            crate::catalog::reg_from_text(ty, trimmed).map(|oid| Cell::Int(i64::from(oid)))?
        }
    })
}

/// `t`, `true`, `on`, `yes`, `1` and their opposites (manual, "Boolean Type").
pub fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "t" | "tr" | "tru" | "true" | "y" | "ye" | "yes" | "on" | "1" => Some(true),
        "f" | "fa" | "fal" | "fals" | "false" | "n" | "no" | "of" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    let mut out: String = text.chars().take(60).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}

/// Reads a parameter in binary format.
pub fn from_binary(bytes: &[u8], ty: Ty, declared: u32, now: i64) -> Result<Cell, Refusal> {
    let bad = || {
        Refusal::new(
            "22P03",
            format!(
                "incorrect binary data format for a parameter of type {}",
                ty.name()
            ),
        )
    };
    let long = || {
        <[u8; 8]>::try_from(bytes)
            .map(i64::from_be_bytes)
            .map_err(|_| bad())
    };
    let word = || {
        <[u8; 4]>::try_from(bytes)
            .map(i32::from_be_bytes)
            .map_err(|_| bad())
    };
    Ok(match ty {
        Ty::Bool => match bytes {
            [b] => Cell::from(*b != 0),
            _ => return Err(bad()),
        },
        Ty::Int2 => Cell::Int(i64::from(
            <[u8; 2]>::try_from(bytes)
                .map(i16::from_be_bytes)
                .map_err(|_| bad())?,
        )),
        Ty::Int4 => Cell::Int(i64::from(word()?)),
        Ty::Int8 => Cell::Int(long()?),
        Ty::Oid | Ty::Regclass | Ty::Regtype | Ty::Regproc | Ty::Regnamespace => {
            Cell::Int(i64::from(word()? as u32))
        }
        Ty::Float8 => match (declared, bytes.len()) {
            // numeric has a binary form of its own that the console does not read.
            (1700, _) => return Err(bad()),
            (_, 4) => Cell::Real(f64::from(
                <[u8; 4]>::try_from(bytes)
                    .map(f32::from_be_bytes)
                    .map_err(|_| bad())?,
            )),
            _ => Cell::Real(f64::from_bits(long()? as u64)),
        },
        Ty::Timestamptz => Cell::Int(long()?.checked_add(moment::PG_EPOCH).ok_or_else(bad)?),
        Ty::Date => Cell::Int(
            i64::from(word()?)
                .checked_mul(moment::DAY)
                .and_then(|us| us.checked_add(moment::PG_EPOCH))
                .ok_or_else(bad)?,
        ),
        Ty::Interval => {
            let part = |from: usize, to: usize| bytes.get(from..to).ok_or_else(bad);
            if bytes.len() != 16 {
                return Err(bad());
            }
            let us = i64::from_be_bytes(part(0, 8)?.try_into().map_err(|_| bad())?);
            let days = i32::from_be_bytes(part(8, 12)?.try_into().map_err(|_| bad())?);
            let months = i32::from_be_bytes(part(12, 16)?.try_into().map_err(|_| bad())?);
            let days = i64::from(days) + 30 * i64::from(months);
            Cell::Int(
                days.checked_mul(moment::DAY)
                    .and_then(|d| d.checked_add(us))
                    .ok_or_else(bad)?,
            )
        }
        Ty::TextArray | Ty::Int8Array => array_from_binary(bytes, now).ok_or_else(bad)?,
        Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Json | Ty::Unknown => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Refusal::new("22021", "a parameter is not valid UTF-8"))?;
            from_text(text, ty, now)?
        }
    })
}

/// `array_recv`, for one dimension.
fn array_from_binary(bytes: &[u8], now: i64) -> Option<Cell> {
    let word = |at: usize| {
        bytes
            .get(at..)?
            .first_chunk::<4>()
            .map(|w| i32::from_be_bytes(*w))
    };
    let declared = u32::from_be_bytes(*bytes.get(8..)?.first_chunk::<4>()?);
    let element = Ty::from_oid(declared)?;
    let count = match word(0)? {
        0 if bytes.len() == 12 => return Some(Cell::Text("[]".to_owned())),
        1 => word(12)?,
        _ => return None,
    };
    let mut rest = bytes.get(20..)?;
    let mut list: Vec<serde_json::Value> = Vec::new();
    for _ in 0..count {
        let length = i32::from_be_bytes(*rest.first_chunk::<4>()?);
        rest = rest.get(4..)?;
        if length == -1 {
            list.push(serde_json::Value::Null);
            continue;
        }
        let length = usize::try_from(length).ok()?;
        let cell = from_binary(rest.get(..length)?, element, declared, now).ok()?;
        rest = rest.get(length..)?;
        list.push(match cell {
            Cell::Int(v) if element.is_integer() => v.into(),
            other => to_text(&other, element).map_or(serde_json::Value::Null, Into::into),
        });
    }
    rest.is_empty()
        .then(|| Cell::Text(serde_json::Value::Array(list).to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_have_both_forms() {
        let cases: [(Cell, Ty, &str, &str); 9] = [
            (Cell::Int(1), Ty::Bool, "t", "01"),
            (Cell::Int(-2), Ty::Int8, "-2", "fffffffffffffffe"),
            (Cell::Int(7), Ty::Int4, "7", "00000007"),
            (Cell::Real(1.5), Ty::Float8, "1.5", "3ff8000000000000"),
            (
                Cell::Int(moment::PG_EPOCH + 1),
                Ty::Timestamptz,
                "2000-01-01 00:00:00.000001+00",
                "0000000000000001",
            ),
            (
                Cell::Int(moment::PG_EPOCH + moment::DAY),
                Ty::Date,
                "2000-01-02",
                "00000001",
            ),
            (
                Cell::Int(moment::DAY + 5),
                Ty::Interval,
                "1 day 00:00:00.000005",
                "00000000000000050000000100000000",
            ),
            (Cell::from("é"), Ty::Text, "é", "c3a9"),
            (
                Cell::list(&["a b", ""]),
                Ty::TextArray,
                "{\"a b\",\"\"}",
                "00000001000000000000001900000002000000010000000361206200000000",
            ),
        ];
        for (cell, ty, text, hex) in cases {
            assert_eq!(to_text(&cell, ty).as_deref(), Some(text));
            let bytes = to_binary(&cell, ty).unwrap().unwrap();
            let shown: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
            assert_eq!(shown, hex, "{ty:?}");
            assert_eq!(from_binary(&bytes, ty, ty.oid(), 0).unwrap(), cell);
            assert_eq!(from_text(text, ty, 0).unwrap(), cell);
        }
    }

    proptest! {
        #[test]
        fn arrays_that_are_written_are_read(list in proptest::collection::vec("\\PC{0,12}", 0..6)) {
            let cell = Cell::list(&list);
            let text = to_text(&cell, Ty::TextArray).unwrap();
            prop_assert_eq!(from_text(&text, Ty::TextArray, 0).unwrap(), cell);
        }
        #[test]
        fn no_parameter_panics(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            for (ty, oid, ..) in TYPES {
                let _ = from_binary(&bytes, ty, oid, 0);
                if let Ok(text) = std::str::from_utf8(&bytes) { let _ = from_text(text, ty, 0); }
            }
        }
    }
}
