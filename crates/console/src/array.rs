//! Arrays of one dimension: as the engine holds them (a JSON array in text), as text, and in binary.
//!
//! Owns: PostgreSQL's array syntax (manual, "Array Input and Output Syntax"), and `array_send` and `array_recv`.
//! Refuses: more dimensions, and bounds that do not begin at 1.

use crate::cell::{Cell, from_binary, mismatch, to_binary, to_text};
use crate::desk::Refusal;
use crate::ty::Ty;

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

/// `array_send`: dimensions, a flag for NULLs, element type, length and lower bound, then each item with its length.
pub fn to_binary_array(cell: &Cell, ty: Ty) -> Result<Vec<u8>, Refusal> {
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

/// `array_recv`, for one dimension.
pub fn from_binary_array(bytes: &[u8], now: i64) -> Option<Cell> {
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
