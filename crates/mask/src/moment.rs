//! Days and times: `year`, and writing a moment in both formats.
//!
//! Owns: the proleptic Gregorian calendar that PostgreSQL uses (manual, B.6). Refuses: the infinities and years BC.
//! The year of a `timestamptz` is that of UTC: a binary value does not tell the session's time zone, and the two
//! formats must agree.

use std::io::Write;

use crate::kind::Kind;
use crate::{Format, binary, text};

const MICROS_A_DAY: i64 = 86_400_000_000;
/// 2000-01-01, PostgreSQL's epoch, in days since 1970-01-01.
const EPOCH_DAYS: i64 = 10_957;

/// A day of the years 1 and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    year: i64,
    month: i64,
    day: i64,
}

impl Day {
    /// None where there is no such day.
    pub(crate) fn new(year: i64, month: i64, day: i64) -> Option<Day> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            _ => return None,
        };
        ((1..=5_874_897).contains(&year) && (1..=last).contains(&day)).then_some(Day {
            year,
            month,
            day,
        })
    }

    /// Days since 2000-01-01 (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
    fn number(self) -> i64 {
        let year = if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468 - EPOCH_DAYS
    }

    /// The year of that day (civil_from_days); None before the year 1.
    fn year_of(number: i64) -> Option<i64> {
        let days = number + EPOCH_DAYS + 719_468;
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        // Counted from March: the last two months are the next year's.
        let after_new_year = i64::from(day_of_year >= 306);
        Some(days.div_euclid(146_097) * 400 + year_of_era + after_new_year)
            .filter(|&year| year >= 1)
    }

    fn put(self, out: &mut Vec<u8>) -> Option<()> {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day).ok()
    }
}

/// A time of day, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock(i64);

impl Clock {
    pub(crate) const MIDNIGHT: Clock = Clock(0);

    /// None where there is no such time. 24:00:00 is one (manual, 8.5).
    pub(crate) fn new(hours: i64, minutes: i64, seconds: i64, micros: i64) -> Option<Clock> {
        let total = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros;
        (hours <= 24 && minutes < 60 && seconds < 60 && total <= MICROS_A_DAY)
            .then_some(Clock(total))
    }

    /// Whole seconds since midnight.
    pub(crate) fn seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    fn put(self, out: &mut Vec<u8>) -> Option<()> {
        let seconds = self.seconds();
        write!(
            out,
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        )
        .ok()?;
        match self.0 % 1_000_000 {
            0 => Some(()),
            micros => write!(out, ".{micros:06}").ok(),
        }
    }
}

/// Appends the first instant of the value's year; None for other types.
pub(crate) fn put_year(kind: Kind, format: Format, value: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let day = match (kind, format) {
        (Kind::Date, Format::Text) => text::date(value)?.number(),
        (Kind::Date, Format::Binary) => binary::date(value)?,
        (Kind::Timestamp, Format::Text) => text::timestamp(value)?.0.number(),
        (Kind::TimestampTz, Format::Text) => {
            let (day, clock, offset) = text::timestamptz(value)?;
            (day.number() * 86_400 + clock.seconds() - offset).div_euclid(86_400)
        }
        (Kind::Timestamp | Kind::TimestampTz, Format::Binary) => {
            binary::timestamp(value)?.div_euclid(MICROS_A_DAY)
        }
        _ => return None,
    };
    put(
        Day::new(Day::year_of(day)?, 1, 1)?,
        Clock::MIDNIGHT,
        kind,
        format,
        out,
    )
}

/// Appends a date, timestamp, or timestamp of UTC.
pub(crate) fn put(
    day: Day,
    clock: Clock,
    kind: Kind,
    format: Format,
    out: &mut Vec<u8>,
) -> Option<()> {
    match format {
        Format::Text => {
            day.put(out)?;
            match kind {
                Kind::Date => {}
                Kind::Timestamp | Kind::TimestampTz => {
                    out.push(b' ');
                    clock.put(out)?;
                    if kind == Kind::TimestampTz {
                        out.extend_from_slice(b"+00");
                    }
                }
                _ => return None,
            }
        }
        Format::Binary => match kind {
            Kind::Date => out.extend_from_slice(&i32::try_from(day.number()).ok()?.to_be_bytes()),
            Kind::Timestamp | Kind::TimestampTz => {
                let micros = day
                    .number()
                    .checked_mul(MICROS_A_DAY)?
                    .checked_add(clock.0)?;
                out.extend_from_slice(&micros.to_be_bytes());
            }
            _ => return None,
        },
    }
    Some(())
}

/// Appends a `time`.
pub(crate) fn put_time(clock: Clock, format: Format, out: &mut Vec<u8>) -> Option<()> {
    match format {
        Format::Text => clock.put(out),
        Format::Binary => {
            out.extend_from_slice(&clock.0.to_be_bytes());
            Some(())
        }
    }
}
