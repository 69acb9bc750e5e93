//! One value of a row, its PostgreSQL type, and its two forms on the wire.
//!
//! Owns: writing and reading values in text and binary format as the
//! manual's "Data Types" and the `…send`/`…recv` functions of PostgreSQL's source lay down. Refuses: to guess. A value
//! that is not of its column's type is an error in binary format.

use crate::array::{format_array, from_binary_array, parse_array, to_binary_array};
use crate::desk::Refusal;
use crate::moment;
pub use crate::ty::{TYPE_NAMES, TYPES, Ty};

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

pub fn mismatch(ty: Ty) -> Refusal {
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
            crate::name::reg_to_text(ty, u32::try_from(*v).unwrap_or(0))
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
        Ty::TextArray | Ty::Int8Array => to_binary_array(cell, ty)?,
        Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Json | Ty::Unknown => {
            to_text(cell, ty).unwrap_or_default().into_bytes()
        }
    }))
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
            crate::name::reg_from_text(ty, trimmed).map(|oid| Cell::Int(i64::from(oid)))?
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
        Ty::TextArray | Ty::Int8Array => from_binary_array(bytes, now).ok_or_else(bad)?,
        Ty::Text | Ty::Varchar | Ty::Name | Ty::Char | Ty::Json | Ty::Unknown => {
            let text = std::str::from_utf8(bytes)
                .map_err(|_| Refusal::new("22021", "a parameter is not valid UTF-8"))?;
            from_text(text, ty, now)?
        }
    })
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
