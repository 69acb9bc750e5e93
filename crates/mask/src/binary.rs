//! Values in binary format, as PostgreSQL's send functions write them.
//!
//! Owns: reading them. Refuses: a value of any other length than its type has.

use std::fmt::Write;

/// `int2send`, `int4send`, `int8send`: the length tells which.
pub(crate) fn int(value: &[u8]) -> Option<i64> {
    Some(match value.len() {
        2 => i16::from_be_bytes(value.try_into().ok()?).into(),
        4 => i32::from_be_bytes(value.try_into().ok()?).into(),
        8 => i64::from_be_bytes(value.try_into().ok()?),
        _ => return None,
    })
}

/// `float8send`; None for NaN and the infinities.
pub(crate) fn float8(value: &[u8]) -> Option<f64> {
    Some(f64::from_be_bytes(value.try_into().ok()?)).filter(|f| f.is_finite())
}

/// `float4send`; None for NaN and the infinities.
pub(crate) fn float4(value: &[u8]) -> Option<f32> {
    Some(f32::from_be_bytes(value.try_into().ok()?)).filter(|f| f.is_finite())
}

/// `uuid_send`.
pub(crate) fn uuid(value: &[u8]) -> Option<[u8; 16]> {
    value.try_into().ok()
}

/// `date_send`: days since 2000-01-01. None for the infinities.
pub(crate) fn date(value: &[u8]) -> Option<i64> {
    let days = i32::from_be_bytes(value.try_into().ok()?);
    (days != i32::MIN && days != i32::MAX).then_some(days.into())
}

/// `timestamp_send`, `timestamptz_send`: microseconds since 2000-01-01 (UTC). None for the infinities.
pub(crate) fn timestamp(value: &[u8]) -> Option<i64> {
    let micros = i64::from_be_bytes(value.try_into().ok()?);
    (micros != i64::MIN && micros != i64::MAX).then_some(micros)
}

/// `numeric_send`, printed as `numeric_out` would without its trailing zeros. None for NaN and the infinities.
///
/// Four 16-bit words (number of digits, weight of the first, sign, display scale), then digits of base 10000.
/// At most 131072 characters: the weight has 16 bits.
pub(crate) fn put_decimal_text(value: &[u8], out: &mut String) -> Option<()> {
    let mut words = value
        .chunks_exact(2)
        .map(|w| u16::from_be_bytes([w[0], w[1]]));
    let (count, weight, sign, _scale) =
        (words.next()?, words.next()?, words.next()?, words.next()?);
    if value.len() != 8 + 2 * usize::from(count) || (sign != 0 && sign != 0x4000) {
        return None;
    }
    if sign == 0x4000 {
        out.push('-');
    }
    let mut at = i32::from(weight.cast_signed());
    if at < 0 {
        out.push_str("0.");
        (at + 1..0).for_each(|_| out.push_str("0000"));
    }
    for digit in words {
        if digit > 9999 {
            return None;
        }
        if at == -1 && weight.cast_signed() >= 0 {
            out.push('.');
        }
        write!(out, "{digit:04}").ok()?;
        at -= 1;
    }
    (0..=at).for_each(|_| out.push_str("0000"));
    Some(())
}
