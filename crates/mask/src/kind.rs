//! The types that can carry a mask.
//!
//! Owns: [`Kind`], by the fixed OIDs of PostgreSQL's `pg_type.dat`, and the two containers whose formats differ by a
//! wrapper only (`jsonb`, `bytea`). Refuses: every other type (arrays, enums, composites, ranges, types of extensions,
//! whose OIDs differ from server to server): they cannot carry a mask, and become NULL. A domain never comes this way:
//! the server names its base type in RowDescription.

use crate::Format;

/// A type that can carry some mask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `text`, `varchar`, `bpchar`, `name`, `unknown`: the two formats are the same bytes.
    Chars {
        /// `bpchar`: trailing blanks are padding, and do not count when values are compared.
        padded: bool,
        /// `name`: the longest value.
        max_bytes: usize,
    },
    /// `json`: its text in both formats.
    Json,
    /// `jsonb`: its text, with a version byte in front in binary format.
    Jsonb,
    Bytes,
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Bool,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Uuid,
    /// `inet` and `cidr`.
    Inet {
        cidr: bool,
    },
}

impl Kind {
    /// By `pg_type.oid`.
    pub(crate) fn of(type_oid: u32) -> Option<Kind> {
        const ANY: usize = usize::MAX;
        Some(match type_oid {
            25 | 1043 | 705 => Kind::Chars {
                padded: false,
                max_bytes: ANY,
            },
            1042 => Kind::Chars {
                padded: true,
                max_bytes: ANY,
            },
            19 => Kind::Chars {
                padded: false,
                max_bytes: 63,
            }, // NAMEDATALEN - 1
            114 => Kind::Json,
            3802 => Kind::Jsonb,
            17 => Kind::Bytes,
            21 => Kind::Int2,
            23 => Kind::Int4,
            20 => Kind::Int8,
            1700 => Kind::Numeric,
            700 => Kind::Float4,
            701 => Kind::Float8,
            16 => Kind::Bool,
            1082 => Kind::Date,
            1083 => Kind::Time,
            1114 => Kind::Timestamp,
            1184 => Kind::TimestampTz,
            2950 => Kind::Uuid,
            869 => Kind::Inet { cidr: false },
            650 => Kind::Inet { cidr: true },
            _ => return None,
        })
    }
}

/// jsonb's only version (`jsonb_recv`).
pub(crate) const JSONB_VERSION: u8 = 1;

/// `json` is valid JSON, on one line as jsonb prints it.
pub(crate) fn put_jsonb(format: Format, json: &[u8], out: &mut Vec<u8>) {
    match format {
        Format::Text => {}
        Format::Binary => out.push(JSONB_VERSION),
    }
    out.extend_from_slice(json);
}

/// A `bytea`: raw, or in the hex format (PostgreSQL manual, 8.4.1), which every client reads whatever `bytea_output` is.
pub(crate) fn put_bytes(format: Format, bytes: &[u8], out: &mut Vec<u8>) {
    match format {
        Format::Binary => out.extend_from_slice(bytes),
        Format::Text => {
            out.extend_from_slice(b"\\x");
            put_hex(bytes, out);
        }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn put_hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for &byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
}

/// A JSON string (RFC 8259, section 7).
pub(crate) fn put_json_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=31 => {
                out.extend_from_slice(b"\\u00");
                put_hex(&[byte], out);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}
