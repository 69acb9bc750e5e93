//! Numbers: `bucket`, and writing a number in both formats.
//!
//! Owns: rounding. Refuses: what is not finite, and numbers of more than 38 digits.

use std::io::Write;

use crate::decimal::{Decimal, put_whole};
use crate::kind::Kind;
use crate::{Format, binary, text};

/// Rounds towards zero, so that the result fits wherever the value did.
fn bucket(value: u128, width: Option<u64>) -> u128 {
    let width = match width {
        Some(width) => u128::from(width.max(2)),
        // The leading digit stays; of a number below ten nothing does.
        None => 10u128.saturating_pow(value.checked_ilog10().unwrap_or(0).max(1)),
    };
    value - value % width
}

/// Appends the bucket of a number; None for other types.
pub(crate) fn put_bucket(
    width: Option<u64>,
    kind: Kind,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
    match kind {
        Kind::Int2 | Kind::Int4 | Kind::Int8 => {
            let value = read_int(kind, format, value)?;
            let size = i128::try_from(bucket(u128::from(value.unsigned_abs()), width)).ok()?;
            put_int(
                if value < 0 { -size } else { size }.try_into().ok()?,
                kind,
                format,
                out,
            )
        }
        Kind::Numeric => Decimal::read(format, value, |value| {
            put_whole(value.negative, bucket(value.whole()?, width), format, out)
        }),
        Kind::Float8 | Kind::Float4 => {
            let value = read_float(kind, format, value)?;
            // Below this the integer part fits, and is exact.
            if value.abs() >= 1e38 {
                return None;
            }
            let size = bucket(value.abs() as u128, width) as f64;
            put_float(
                if value < 0.0 && size > 0.0 {
                    -size
                } else {
                    size
                },
                kind,
                format,
                out,
            )
        }
        Kind::Chars { .. }
        | Kind::Json
        | Kind::Jsonb
        | Kind::Bytes
        | Kind::Bool
        | Kind::Date
        | Kind::Time
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Uuid
        | Kind::Inet { .. } => None,
    }
}

/// An `int2`, `int4` or `int8`; None when it is out of the type's range.
pub(crate) fn read_int(kind: Kind, format: Format, value: &[u8]) -> Option<i64> {
    let size = int_bytes(kind)?;
    let read = match format {
        Format::Text => text::int(value)?,
        Format::Binary => binary::int(value).filter(|_| value.len() == size)?,
    };
    fits(read, size).then_some(read)
}

fn int_bytes(kind: Kind) -> Option<usize> {
    match kind {
        Kind::Int2 => Some(2),
        Kind::Int4 => Some(4),
        Kind::Int8 => Some(8),
        _ => None,
    }
}

fn fits(value: i64, size: usize) -> bool {
    match size {
        2 => i16::try_from(value).is_ok(),
        4 => i32::try_from(value).is_ok(),
        _ => true,
    }
}

/// Appends an `int2`, `int4` or `int8`; None when it does not fit.
pub(crate) fn put_int(value: i64, kind: Kind, format: Format, out: &mut Vec<u8>) -> Option<()> {
    let size = int_bytes(kind)?;
    if !fits(value, size) {
        return None;
    }
    match format {
        Format::Text => write!(out, "{value}").ok()?,
        Format::Binary => out.extend_from_slice(value.to_be_bytes().get(8 - size..)?),
    }
    Some(())
}

/// A `float4` or `float8`, finite.
pub(crate) fn read_float(kind: Kind, format: Format, value: &[u8]) -> Option<f64> {
    match (kind, format) {
        (Kind::Float8, Format::Text) => text::float8(value),
        (Kind::Float8, Format::Binary) => binary::float8(value),
        (Kind::Float4, Format::Text) => text::float4(value).map(f64::from),
        (Kind::Float4, Format::Binary) => binary::float4(value).map(f64::from),
        _ => None,
    }
}

/// Appends a `float4` or `float8`; None when it is not finite there.
pub(crate) fn put_float(value: f64, kind: Kind, format: Format, out: &mut Vec<u8>) -> Option<()> {
    // Rust prints the shortest digits that read back as the same number, as PostgreSQL does since version 12.
    match kind {
        Kind::Float8 if value.is_finite() => match format {
            Format::Text => write!(out, "{value}").ok()?,
            Format::Binary => out.extend_from_slice(&value.to_be_bytes()),
        },
        Kind::Float4 if (value as f32).is_finite() => match format {
            Format::Text => write!(out, "{}", value as f32).ok()?,
            Format::Binary => out.extend_from_slice(&(value as f32).to_be_bytes()),
        },
        _ => return None,
    }
    Some(())
}
