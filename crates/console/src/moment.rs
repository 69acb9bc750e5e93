//! Points in time, days and spans, as the console's query engine holds them: whole microseconds in an `i64`.
//!
//! Owns: reading and writing them the way PostgreSQL does with `DateStyle = ISO`, `IntervalStyle = postgres` and
//! `TimeZone = UTC` (manual, "Date/Time Types" and "Date/Time Functions and Operators"). Refuses: other time zones,
//! and to ask what time it is. A month in a span counts as 30 days, a year as 365.25, as PostgreSQL does when it
//! compares spans or takes their epoch.

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
/// Microseconds of a day.
pub const DAY: i64 = 24 * HOUR;
/// Microseconds from 1970-01-01 to 2000-01-01, where PostgreSQL's binary formats begin to count.
pub const PG_EPOCH: i64 = 10_957 * DAY;

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar (Howard Hinnant's `days_from_civil`).
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Its inverse.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// A point in time taken apart.
pub struct Parts {
    /// Year.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// Microseconds of the second.
    pub micro: i64,
    /// Days since 1970-01-01.
    pub days: i64,
}

/// Takes a point in time apart.
pub fn parts(us: i64) -> Parts {
    let days = us.div_euclid(DAY);
    let rest = us.rem_euclid(DAY);
    let (year, month, day) = civil_from_days(days);
    Parts {
        year,
        month,
        day,
        hour: rest / HOUR,
        minute: rest / MINUTE % 60,
        second: rest / SECOND % 60,
        micro: rest % SECOND,
        days,
    }
}

fn push_fraction(out: &mut String, micro: i64) {
    if micro != 0 {
        let digits = format!("{micro:06}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// `2025-11-22 18:17:05.25+00`.
pub fn format_timestamptz(us: i64) -> String {
    let p = parts(us);
    let mut out = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        p.year, p.month, p.day, p.hour, p.minute, p.second
    );
    push_fraction(&mut out, p.micro);
    out.push_str("+00");
    out
}

/// `2025-11-22`.
pub fn format_date(us: i64) -> String {
    let p = parts(us);
    format!("{:04}-{:02}-{:02}", p.year, p.month, p.day)
}

/// `1 day 02:03:04.5`.
pub fn format_interval(us: i64) -> String {
    let mut out = String::new();
    let days = us / DAY;
    let rest = us % DAY;
    if days != 0 {
        out.push_str(&format!("{days} day{}", if days == 1 { "" } else { "s" }));
    }
    if rest != 0 || days == 0 {
        if !out.is_empty() {
            out.push(' ');
        }
        if rest < 0 {
            out.push('-');
        }
        let rest = rest.abs();
        out.push_str(&format!(
            "{:02}:{:02}:{:02}",
            rest / HOUR,
            rest / MINUTE % 60,
            rest / SECOND % 60
        ));
        push_fraction(&mut out, rest % SECOND);
    }
    out
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<i64> {
    if !digits.contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn parse_clock(text: &str) -> Option<i64> {
    let mut pieces = text.splitn(3, ':');
    let hour = number(pieces.next()?, 1..=2)?;
    let minute = number(pieces.next()?, 2..=2)?;
    let (second, micro) = match pieces.next() {
        None => (0, 0),
        Some(s) => {
            let (whole, fraction) = s.split_once('.').unwrap_or((s, ""));
            let micro = if fraction.is_empty() {
                0
            } else {
                number(format!("{fraction:0<6}").get(..6)?, 6..=6)?
            };
            (number(whole, 2..=2)?, micro)
        }
    };
    if hour > 24
        || minute > 59
        || second > 60
        || (hour == 24 && (minute, second, micro) != (0, 0, 0))
    {
        return None;
    }
    Some(hour * HOUR + minute * MINUTE + second * SECOND + micro)
}

fn parse_offset(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") || text.is_empty() {
        return Some(0);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some((h, m)) => (number(h, 1..=2)?, number(m, 2..=2)?),
        None if rest.len() == 4 => (
            number(rest.get(..2)?, 2..=2)?,
            number(rest.get(2..)?, 2..=2)?,
        ),
        None => (number(rest, 1..=2)?, 0),
    };
    Some(sign * (hours * HOUR + minutes * MINUTE))
}

/// Reads a point in time; `now` is for the words `now`, `today`, `yesterday`, `tomorrow`.
pub fn parse_timestamptz(text: &str, now: i64) -> Option<i64> {
    let text = text.trim();
    let midnight = now - now.rem_euclid(DAY);
    match text.to_ascii_lowercase().as_str() {
        "now" => return Some(now),
        "today" => return Some(midnight),
        "yesterday" => return Some(midnight - DAY),
        "tomorrow" => return Some(midnight + DAY),
        "epoch" => return Some(0),
        _ => {}
    }
    let cut = text.find(['T', 't', ' ']).unwrap_or(text.len());
    let (date, rest) = text.split_at(cut);
    let mut pieces = date.splitn(3, '-');
    let year = number(pieces.next()?, 4..=4)?;
    let month = number(pieces.next()?, 1..=2)?;
    let day = number(pieces.next()?, 1..=2)?;
    let days = days_from_civil(year, month, day);
    if !(1..=12).contains(&month) || civil_from_days(days) != (year, month, day) {
        return None;
    }
    let rest = rest.get(1..).unwrap_or("").trim();
    if rest.is_empty() {
        return Some(days * DAY);
    }
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.'))
        .unwrap_or(rest.len());
    let (clock, offset) = rest.split_at(end);
    Some(days * DAY + parse_clock(clock)? - parse_offset(offset.trim())?)
}

fn unit(word: &str) -> Option<f64> {
    let micros = match word.to_ascii_lowercase().as_str() {
        "us" | "usec" | "usecs" | "microsecond" | "microseconds" => 1,
        "ms" | "msec" | "msecs" | "millisecond" | "milliseconds" => 1000,
        "s" | "sec" | "secs" | "second" | "seconds" => SECOND,
        "m" | "min" | "mins" | "minute" | "minutes" => MINUTE,
        "h" | "hr" | "hrs" | "hour" | "hours" => HOUR,
        "d" | "day" | "days" => DAY,
        "w" | "week" | "weeks" => 7 * DAY,
        "mon" | "mons" | "month" | "months" => 30 * DAY,
        "y" | "yr" | "yrs" | "year" | "years" => DAY / 4 * 1461,
        _ => return None,
    };
    Some(micros as f64)
}

/// Reads a span: `5 minutes`, `1 day 02:03:04`, `8h30m`, `-2 hours`, `3 days ago`.
pub fn parse_interval(text: &str) -> Option<i64> {
    let mut total: f64 = 0.0;
    let mut any = false;
    let mut rest = text.trim();
    let mut ago = false;
    while !rest.is_empty() {
        if rest.eq_ignore_ascii_case("ago") {
            ago = true;
            break;
        }
        let (sign, body) = match rest.as_bytes().first()? {
            b'-' => (-1.0, &rest[1..]),
            b'+' => (1.0, &rest[1..]),
            _ => (1.0, rest),
        };
        let end = body
            .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'))
            .unwrap_or(body.len());
        let (figure, tail) = body.split_at(end);
        if figure.contains(':') {
            total += sign * parse_span_clock(figure)?;
            rest = tail.trim_start();
        } else {
            let value: f64 = figure.parse().ok()?;
            let tail = tail.trim_start();
            let end = tail
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(tail.len());
            let (word, after) = tail.split_at(end);
            let scale = if word.is_empty() && after.is_empty() && !any {
                SECOND as f64
            } else {
                unit(word)?
            };
            total += sign * value * scale;
            rest = after.trim_start();
        }
        any = true;
    }
    if !any || !total.is_finite() || total.abs() > 9.0e18 {
        return None;
    }
    let total = total.round() as i64;
    Some(if ago { -total } else { total })
}

/// A clock in a span may have more than 24 hours.
fn parse_span_clock(text: &str) -> Option<f64> {
    let mut pieces = text.splitn(3, ':');
    let hours = number(pieces.next()?, 1..=9)? as f64;
    let minutes = number(pieces.next()?, 1..=2)? as f64;
    let seconds: f64 = match pieces.next() {
        Some(s) => s.parse().ok()?,
        None => 0.0,
    };
    if minutes >= 60.0 || seconds >= 61.0 {
        return None;
    }
    Some(hours * HOUR as f64 + minutes * MINUTE as f64 + seconds * SECOND as f64)
}

/// `date_trunc(field, …)`.
pub fn trunc(field: &str, us: i64) -> Option<i64> {
    let p = parts(us);
    let on = |step: i64| us.saturating_sub(us.rem_euclid(step));
    let midnight = |days: i64| days.saturating_mul(DAY);
    Some(match field.trim().to_ascii_lowercase().as_str() {
        "microsecond" | "microseconds" => us,
        "millisecond" | "milliseconds" => on(1000),
        "second" | "seconds" => on(SECOND),
        "minute" | "minutes" => on(MINUTE),
        "hour" | "hours" => on(HOUR),
        "day" | "days" => on(DAY),
        // 1970-01-01 was a Thursday; a week begins on Monday (ISO 8601).
        "week" | "weeks" => midnight(p.days - (p.days + 3).rem_euclid(7)),
        "month" | "months" => midnight(days_from_civil(p.year, p.month, 1)),
        "quarter" => midnight(days_from_civil(p.year, (p.month - 1) / 3 * 3 + 1, 1)),
        "year" | "years" => midnight(days_from_civil(p.year, 1, 1)),
        _ => return None,
    })
}

/// `date_trunc(field, …)` of a span.
pub fn trunc_interval(field: &str, us: i64) -> Option<i64> {
    let step = match field.trim().to_ascii_lowercase().as_str() {
        "microsecond" | "microseconds" => 1,
        "millisecond" | "milliseconds" => 1000,
        "second" | "seconds" => SECOND,
        "minute" | "minutes" => MINUTE,
        "hour" | "hours" => HOUR,
        "day" | "days" => DAY,
        _ => return None,
    };
    Some(us / step * step)
}

/// `extract(field from timestamptz)`.
pub fn extract(field: &str, us: i64) -> Option<f64> {
    let p = parts(us);
    let year_start = days_from_civil(p.year, 1, 1);
    Some(match field.trim().to_ascii_lowercase().as_str() {
        "epoch" => us as f64 / SECOND as f64,
        "year" | "years" => p.year as f64,
        "quarter" => ((p.month - 1) / 3 + 1) as f64,
        "month" | "months" => p.month as f64,
        "day" | "days" => p.day as f64,
        "hour" | "hours" => p.hour as f64,
        "minute" | "minutes" => p.minute as f64,
        "second" | "seconds" => p.second as f64 + p.micro as f64 / SECOND as f64,
        "millisecond" | "milliseconds" => p.second as f64 * 1000.0 + p.micro as f64 / 1000.0,
        "microsecond" | "microseconds" => (p.second * SECOND + p.micro) as f64,
        "dow" => (p.days + 4).rem_euclid(7) as f64,
        "isodow" => ((p.days + 3).rem_euclid(7) + 1) as f64,
        "doy" => (p.days - year_start + 1) as f64,
        _ => return None,
    })
}

/// `extract(field from interval)`.
pub fn extract_interval(field: &str, us: i64) -> Option<f64> {
    let rest = us % DAY;
    Some(match field.trim().to_ascii_lowercase().as_str() {
        "epoch" => us as f64 / SECOND as f64,
        "day" | "days" => (us / DAY) as f64,
        "hour" | "hours" => (rest / HOUR) as f64,
        "minute" | "minutes" => (rest / MINUTE % 60) as f64,
        "second" | "seconds" => (rest % MINUTE) as f64 / SECOND as f64,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::to_char::to_char;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_like_postgresql() {
        let cases = [
            ("1970-01-01", 0, "1970-01-01 00:00:00+00"),
            (
                "2000-02-29 12:00",
                951_825_600 * SECOND,
                "2000-02-29 12:00:00+00",
            ),
            (
                "2025-11-22T18:17:05.25Z",
                1_763_835_425_250_000,
                "2025-11-22 18:17:05.25+00",
            ),
            (
                "2025-11-22 18:17:05+02",
                1_763_828_225_000_000,
                "2025-11-22 16:17:05+00",
            ),
        ];
        for (text, us, shown) in cases {
            assert_eq!(parse_timestamptz(text, 0), Some(us), "{text}");
            assert_eq!(format_timestamptz(us), shown);
        }
        for bad in [
            "",
            "x",
            "2025-13-01",
            "2025-02-30",
            "2025-01-01 25:00",
            "20250101",
            "2025-01-01 1",
            "2025-01-01 00:00:00.é",
        ] {
            assert_eq!(parse_timestamptz(bad, 0), None, "{bad}");
        }
    }

    #[test]
    fn spans() {
        let cases = [
            ("5 minutes", 5 * MINUTE, "00:05:00"),
            ("8h30m", 8 * HOUR + 30 * MINUTE, "08:30:00"),
            ("1 day 02:03:04.5", DAY + 7_384_500_000, "1 day 02:03:04.5"),
            ("-2 hours", -2 * HOUR, "-02:00:00"),
            ("3 days ago", -3 * DAY, "-3 days"),
            ("1.5 hours", 90 * MINUTE, "01:30:00"),
            ("0", 0, "00:00:00"),
        ];
        for (text, us, shown) in cases {
            assert_eq!(parse_interval(text), Some(us), "{text}");
            assert_eq!(format_interval(us), shown);
        }
        for bad in [
            "",
            "x",
            "5 parsecs",
            "1 2",
            "99999999999999999999 years",
            "--1 h",
        ] {
            assert_eq!(parse_interval(bad), None, "{bad}");
        }
    }

    #[test]
    fn to_char_patterns() {
        let us = 1_763_835_425_250_000;
        assert_eq!(
            to_char(us, "YYYY-MM-DD HH24:MI:SS.MS"),
            "2025-11-22 18:17:05.250"
        );
        assert_eq!(
            to_char(us, "Dy DD Mon, HH12:MI PM \"Z\""),
            "Sat 22 Nov, 06:17 PM Z"
        );
        assert_eq!(
            trunc("week", us).map(format_date).as_deref(),
            Some("2025-11-17")
        );
        assert_eq!(extract("isodow", us), Some(6.0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(us in -4_000_000_000_000_000i64..200_000_000_000_000_000) {
            prop_assert_eq!(parse_timestamptz(&format_timestamptz(us), 0), Some(us));
        }
        #[test]
        fn a_span_that_is_written_is_read(us in -4_000_000_000_000_000i64..4_000_000_000_000_000) {
            // Within the 53 bits that a float carries; a day and a clock of different sign are never mixed.
            let text = format_interval(us);
            if us >= 0 { prop_assert_eq!(parse_interval(&text), Some(us)); }
        }
        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = parse_timestamptz(&text, 0);
            let _ = parse_interval(&text);
            let _ = to_char(0, &text);
        }
        #[test]
        fn nor_does_any_point_in_time(us in any::<i64>()) {
            for field in ["week", "day", "month", "quarter", "year", "second", "epoch", "doy", "isodow"] {
                let _ = (trunc(field, us), extract(field, us), trunc_interval(field, us), extract_interval(field, us));
            }
            let _ = (format_timestamptz(us), format_interval(us), to_char(us, "YYYY Mon Day HH12 DDD"));
        }
    }
}
