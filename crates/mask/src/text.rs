//! Values in text format, as PostgreSQL's output functions print them.
//!
//! Owns: reading them. Refuses: forms that only an input function takes (`1e3` as an integer, `yesterday`), and dates
//! in a `DateStyle` other than ISO, whose day and month cannot be told apart.

use crate::moment::{Clock, Day};

/// ASCII only: all that is read here is.
fn ascii(value: &[u8]) -> Option<&str> {
    std::str::from_utf8(value).ok().filter(|t| t.is_ascii())
}

/// `int2out`, `int4out`, `int8out`.
pub(crate) fn int(value: &[u8]) -> Option<i64> {
    ascii(value)?.parse().ok()
}

/// `float8out`; None for NaN and the infinities.
pub(crate) fn float8(value: &[u8]) -> Option<f64> {
    ascii(value)?.parse().ok().filter(|f: &f64| f.is_finite())
}

/// `float4out`; None for NaN and the infinities.
pub(crate) fn float4(value: &[u8]) -> Option<f32> {
    ascii(value)?.parse().ok().filter(|f: &f32| f.is_finite())
}

/// `numeric_out`: sign, digits before the point, digits behind it. None for NaN and the infinities.
pub(crate) fn decimal(value: &[u8]) -> Option<(bool, &str, &str)> {
    let text = ascii(value)?;
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(fraction) && !(whole.is_empty() && fraction.is_empty())).then_some((
        negative,
        whole.trim_start_matches('0'),
        fraction.trim_end_matches('0'),
    ))
}

/// `uuid_out`: 32 hexadecimal digits, grouped.
pub(crate) fn uuid(value: &[u8]) -> Option<[u8; 16]> {
    let mut digits = value.iter().filter(|&&b| b != b'-');
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = hex_digit(*digits.next()?)? << 4 | hex_digit(*digits.next()?)?;
    }
    digits.next().is_none().then_some(bytes)
}

/// `byteaout` in either format (PostgreSQL manual, 8.4), byte by byte into `take`.
pub(crate) fn bytes(value: &[u8], mut take: impl FnMut(u8)) -> Option<()> {
    if let Some(hex) = value.strip_prefix(b"\\x") {
        let pairs = hex.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        for pair in pairs {
            take(hex_digit(pair[0])? << 4 | hex_digit(pair[1])?);
        }
        return Some(());
    }
    let mut rest = value;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'\\' {
            take(byte);
        } else if let Some(after) = rest.strip_prefix(b"\\") {
            take(b'\\');
            rest = after;
        } else {
            let (octal, after) = rest.split_at_checked(3)?;
            let number = octal.iter().try_fold(0u32, |sum, b| {
                matches!(b, b'0'..=b'7').then(|| sum * 8 + u32::from(b - b'0'))
            })?;
            take(u8::try_from(number).ok()?);
            rest = after;
        }
    }
    Some(())
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// `date_out` in ISO style. None for the infinities and for years BC.
pub(crate) fn date(value: &[u8]) -> Option<Day> {
    day(ascii(value)?)
}

/// `timestamp_out` in ISO style.
pub(crate) fn timestamp(value: &[u8]) -> Option<(Day, Clock)> {
    let (date, time) = ascii(value)?.split_once([' ', 'T'])?;
    Some((day(date)?, clock(time)?))
}

/// `timestamptz_out` in ISO style: the local day and time, and the seconds east of UTC.
pub(crate) fn timestamptz(value: &[u8]) -> Option<(Day, Clock, i64)> {
    let (date, rest) = ascii(value)?.split_once([' ', 'T'])?;
    if let Some(time) = rest.strip_suffix('Z') {
        return Some((day(date)?, clock(time)?, 0));
    }
    let sign_at = rest.find(['+', '-'])?;
    let (time, zone) = rest.split_at_checked(sign_at)?;
    let offset = clock(zone.get(1..)?)?.seconds();
    Some((
        day(date)?,
        clock(time)?,
        if zone.starts_with('-') {
            -offset
        } else {
            offset
        },
    ))
}

/// `time_out`.
pub(crate) fn time(value: &[u8]) -> Option<Clock> {
    clock(ascii(value)?)
}

fn day(text: &str) -> Option<Day> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some()
        || !(4..=7).contains(&year.len())
        || month.len() != 2
        || day.len() != 2
    {
        return None;
    }
    Day::new(number(year)?, number(month)?, number(day)?)
}

/// `HH`, `HH:MM`, `HH:MM:SS`, `HH:MM:SS.ffffff`.
fn clock(text: &str) -> Option<Clock> {
    let (text, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut parts = text.split(':');
    let mut part = || match parts.next() {
        None => Some(0),
        Some(two) if two.len() == 2 => number(two),
        Some(_) => None,
    };
    let (hours, minutes, seconds) = (part()?, part()?, part()?);
    if parts.next().is_some() || fraction.len() > 6 {
        return None;
    }
    let micros = number(fraction)? * 10i64.pow(6 - u32::try_from(fraction.len()).ok()?);
    Clock::new(hours, minutes, seconds, micros)
}

/// Digits only: `parse` alone would take a sign.
fn number(digits: &str) -> Option<i64> {
    digits
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| digits.parse().ok())
        .flatten()
}
