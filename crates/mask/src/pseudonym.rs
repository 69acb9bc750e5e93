//! `hash`: keyed pseudonyms (HMAC-SHA-256, RFC 2104), so that joins in the reader's head still work.
//!
//! Owns: which values count as the same, and the form a pseudonym has in each type. Refuses: types with so few values
//! that a pseudonym would give them away by how often they come (`bool`), or that have no form to spare (dates, addresses).

use hmac::Mac;

use crate::decimal::Decimal;
use crate::decimal::put_whole;
use crate::kind::{JSONB_VERSION, Kind, put_bytes, put_hex, put_jsonb};
use crate::{Format, Key, binary, number, text};

/// What a value is hashed as: equal values of different families never meet by accident.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Family {
    Chars = b't',
    Json = b'j',
    Whole = b'n',
    Fraction = b'd',
    Float = b'f',
    Uuid = b'u',
    Bytes = b'b',
}

/// Numbers up to 2^53 survive every client, also those that know only doubles.
const INT8_BITS: u32 = 53;
/// Whole numbers that a float4 can tell apart.
const FLOAT4_BITS: u32 = 24;

/// Appends the pseudonym; None for types that have none.
pub(crate) fn put(
    key: &Key,
    kind: Kind,
    format: Format,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Option<()> {
    match kind {
        Kind::Chars { padded, .. } => {
            put_word(
                &digest(
                    key,
                    Family::Chars,
                    if padded { unpadded(value) } else { value },
                ),
                out,
            );
        }
        Kind::Json => put_json_word(&digest(key, Family::Json, value), out),
        Kind::Jsonb => {
            let value = match format {
                Format::Text => value,
                Format::Binary => value.strip_prefix(&[JSONB_VERSION])?,
            };
            put_jsonb(format, b"", out);
            put_json_word(&digest(key, Family::Json, value), out);
        }
        Kind::Int2 | Kind::Int4 | Kind::Int8 => {
            let value = number::read_int(kind, format, value)?;
            let bits = match kind {
                Kind::Int2 => 15,
                Kind::Int4 => 31,
                _ => INT8_BITS,
            };
            let digest = digest(key, Family::Whole, &value.to_be_bytes());
            number::put_int(
                i64::try_from(bits_of(&digest, bits)).ok()?,
                kind,
                format,
                out,
            )?;
        }
        Kind::Numeric => {
            let digest = Decimal::read(format, value, |value| {
                Some(match value.as_int() {
                    Some(whole) => digest(key, Family::Whole, &whole.to_be_bytes()),
                    None => {
                        let mut hmac = key.hmac();
                        hmac.update(&[Family::Fraction as u8, u8::from(value.negative)]);
                        hmac.update(value.whole.as_bytes());
                        hmac.update(b".");
                        hmac.update(value.fraction.as_bytes());
                        hmac.finalize().into_bytes().into()
                    }
                })
            })?;
            put_whole(false, bits_of(&digest, INT8_BITS).into(), format, out)?;
        }
        Kind::Float4 | Kind::Float8 => {
            let value = number::read_float(kind, format, value)?;
            let value = if value == 0.0 { 0.0 } else { value }; // -0 equals 0
            let bits = if kind == Kind::Float4 {
                FLOAT4_BITS
            } else {
                INT8_BITS
            };
            let digest = digest(key, Family::Float, &value.to_be_bytes());
            number::put_float(bits_of(&digest, bits) as f64, kind, format, out)?;
        }
        Kind::Uuid => {
            let value = match format {
                Format::Text => text::uuid(value)?,
                Format::Binary => binary::uuid(value)?,
            };
            let digest = digest(key, Family::Uuid, &value);
            let mut uuid: [u8; 16] = digest.get(..16)?.try_into().ok()?;
            // Version 8, "vendor-specific", and the variant (RFC 9562, sections 5.8 and 4.1).
            uuid[6] = uuid[6] & 0x0f | 0x80;
            uuid[8] = uuid[8] & 0x3f | 0x80;
            put_uuid(&uuid, format, out);
        }
        Kind::Bytes => {
            let mut hmac = key.hmac();
            hmac.update(&[Family::Bytes as u8]);
            match format {
                Format::Text => text::bytes(value, |byte| hmac.update(&[byte]))?,
                Format::Binary => hmac.update(value),
            }
            put_bytes(format, hmac.finalize().into_bytes().get(..16)?, out);
        }
        Kind::Bool
        | Kind::Date
        | Kind::Time
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Inet { .. } => return None,
    }
    Some(())
}

/// Of the family's letter and the value.
fn digest(key: &Key, family: Family, value: &[u8]) -> [u8; 32] {
    let mut hmac = key.hmac();
    hmac.update(&[family as u8]);
    hmac.update(value);
    hmac.finalize().into_bytes().into()
}

/// A whole number of that many bits.
fn bits_of(digest: &[u8; 32], bits: u32) -> u64 {
    let first = digest
        .iter()
        .take(8)
        .fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    first >> (64 - bits)
}

/// `h_` and sixteen hexadecimal digits.
fn put_word(digest: &[u8; 32], out: &mut Vec<u8>) {
    out.extend_from_slice(b"h_");
    put_hex(&digest[..8], out);
}

fn put_json_word(digest: &[u8; 32], out: &mut Vec<u8>) {
    out.push(b'"');
    put_word(digest, out);
    out.push(b'"');
}

/// `character(n)` is compared without its trailing blanks (PostgreSQL manual, 8.3).
fn unpadded(value: &[u8]) -> &[u8] {
    let end = value
        .iter()
        .rposition(|&b| b != b' ')
        .map_or(0, |last| last + 1);
    &value[..end]
}

/// `uuid_out`'s form, or the bytes.
pub(crate) fn put_uuid(uuid: &[u8; 16], format: Format, out: &mut Vec<u8>) {
    match format {
        Format::Binary => out.extend_from_slice(uuid),
        Format::Text => {
            for (at, byte) in uuid.iter().enumerate() {
                if matches!(at, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                put_hex(&[*byte], out);
            }
        }
    }
}
