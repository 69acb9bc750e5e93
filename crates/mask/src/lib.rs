//! One value in, its masked form out: valid for its type, in the wire format it came in.
//!
//! Owns: the mask methods, and how each PostgreSQL type carries them in text and in binary format.
//! Refuses: I/O, and to guess. Whatever cannot be read for certain as a value of its type becomes NULL, as does
//! whatever the type has no room for. Nothing here panics, whatever the bytes, and nothing here is written to a log.
//!
//! The rule that keeps the two formats together: a method never works on bytes. It works on the value that the bytes
//! stand for (`text` and `binary` read and write it), so that the same value gives the same masked value in both.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod binary;
mod chars;
mod constant;
mod decimal;
mod kind;
mod method;
mod moment;
mod number;
mod pseudonym;
mod text;

pub use method::{Key, MaskError, Method};

use kind::Kind;

/// The format code of a cell (PostgreSQL manual, 55.7, "RowDescription").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// 0.
    Text,
    /// 1.
    Binary,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a NULL must be written as NULL, not as an empty value"]
pub enum Masked {
    /// The masked value has been appended.
    Value,
    /// Nothing has been appended; the cell is to be NULL.
    Null,
}

/// What `redact` puts in place of a value of a character type.
pub const REDACTED: &str = "[redacted]";

/// Appends the masked value to `out`. `value` is a non-NULL cell as on the wire.
///
/// [`Masked::Null`] where the method says so, where the type cannot carry the mask, or where `value` is not a value of
/// its type; `out` is then as it was. Never panics, whatever the bytes.
pub fn mask(
    method: &Method,
    key: &Key,
    type_oid: u32,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Masked {
    let start = out.len();
    match apply(method, key, type_oid, format, value, out) {
        Some(()) => Masked::Value,
        None => {
            out.truncate(start);
            Masked::Null
        }
    }
}

/// None: NULL.
fn apply(
    method: &Method,
    key: &Key,
    type_oid: u32,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
    let kind = Kind::of(type_oid)?;
    match method {
        Method::Null => None,
        Method::Redact => redact(kind, format, out),
        Method::Constant(text) => constant::put(text, kind, format, out),
        Method::Email | Method::Last4 | Method::First1 => match kind {
            Kind::Chars { .. } => {
                chars::put(method, value, out);
                Some(())
            }
            // A JSON string would have to be unescaped to count its characters, and numbers have no room for stars.
            _ => None,
        },
        Method::Hash => pseudonym::put(key, kind, format, value, out),
        Method::Year => moment::put_year(kind, format, value, out),
        Method::Bucket(width) => number::put_bucket(*width, kind, format, value, out),
    }
}

/// `redact` does not look at the value at all, so there is nothing of it that it could show.
fn redact(kind: Kind, format: Format, out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Chars { .. } => out.extend_from_slice(REDACTED.as_bytes()),
        Kind::Json => out.extend_from_slice(b"\"[redacted]\""),
        Kind::Jsonb => kind::put_jsonb(format, b"\"[redacted]\"", out),
        Kind::Bytes => kind::put_bytes(format, REDACTED.as_bytes(), out),
        // A number, date or address that looks like one would be taken for one.
        Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Numeric
        | Kind::Float4
        | Kind::Float8
        | Kind::Bool
        | Kind::Date
        | Kind::Time
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Uuid
        | Kind::Inet { .. } => return None,
    }
    Some(())
}
