//! `constant`: the same text for every value, read as a value of the column's type.
//!
//! Owns: what a text from a label file means in each type. Refuses: a text that is not a value of the type: the cell
//! becomes NULL.

use std::net::IpAddr;

use crate::decimal::Decimal;
use crate::kind::{Kind, put_bytes, put_json_string, put_jsonb};
use crate::{Format, moment, number, pseudonym, text};

/// Appends the constant.
pub(crate) fn put(constant: &str, kind: Kind, format: Format, out: &mut Vec<u8>) -> Option<()> {
    let value = constant.trim().as_bytes();
    match kind {
        Kind::Chars { max_bytes, .. } => {
            if constant.len() > max_bytes {
                return None;
            }
            out.extend_from_slice(constant.as_bytes());
        }
        Kind::Json => put_json_string(constant, out),
        Kind::Jsonb => {
            put_jsonb(format, b"", out);
            put_json_string(constant, out);
        }
        Kind::Bytes => put_bytes(format, constant.as_bytes(), out),
        Kind::Int2 | Kind::Int4 | Kind::Int8 => {
            number::put_int(
                number::read_int(kind, Format::Text, value)?,
                kind,
                format,
                out,
            )?;
        }
        Kind::Float4 | Kind::Float8 => {
            number::put_float(
                number::read_float(kind, Format::Text, value)?,
                kind,
                format,
                out,
            )?;
        }
        Kind::Numeric => Decimal::from_text(value)?.put(format, out)?,
        Kind::Bool => {
            let truth = match constant.trim() {
                "true" | "t" => true,
                "false" | "f" => false,
                _ => return None,
            };
            out.push(match (format, truth) {
                (Format::Text, true) => b't',
                (Format::Text, false) => b'f',
                (Format::Binary, truth) => u8::from(truth),
            });
        }
        Kind::Date => {
            let day = text::date(value)?;
            moment::put(day, moment::Clock::MIDNIGHT, kind, format, out)?;
        }
        Kind::Timestamp | Kind::TimestampTz => {
            // A day alone is its midnight; a constant has no zone but UTC.
            let (day, clock) = match text::date(value) {
                Some(day) => (day, moment::Clock::MIDNIGHT),
                None => text::timestamp(value)?,
            };
            moment::put(day, clock, kind, format, out)?;
        }
        Kind::Time => moment::put_time(text::time(value)?, format, out)?,
        Kind::Uuid => pseudonym::put_uuid(&text::uuid(value)?, format, out),
        Kind::Inet { cidr } => put_address(constant.trim().parse().ok()?, cidr, format, out),
    }
    Some(())
}

/// A host: `inet_out` leaves its mask length out, `cidr_out` does not. In binary: family, mask length, whether it is a
/// cidr, number of bytes, bytes (`network_send`).
fn put_address(address: IpAddr, cidr: bool, format: Format, out: &mut Vec<u8>) {
    let (family, bits, v4, v6);
    let bytes: &[u8] = match address {
        IpAddr::V4(address) => {
            (family, bits, v4) = (2, 32, address.octets());
            &v4
        }
        IpAddr::V6(address) => {
            (family, bits, v6) = (3, 128, address.octets());
            &v6
        }
    };
    match format {
        Format::Text => {
            out.extend_from_slice(address.to_string().as_bytes());
            if cidr {
                out.extend_from_slice(format!("/{bits}").as_bytes());
            }
        }
        Format::Binary => {
            out.extend_from_slice(&[
                family,
                bits,
                u8::from(cidr),
                if bits == 32 { 4 } else { 16 },
            ]);
            out.extend_from_slice(bytes);
        }
    }
}
