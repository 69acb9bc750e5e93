//! `to_char` of a point in time.
//!
//! Owns: the patterns people use (manual, "Template Patterns for Date/Time Formatting"). Refuses: modifiers, and
//! patterns for numbers.

use crate::moment::{Parts, days_from_civil, parts};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// `to_char(timestamptz, format)` with the patterns people use; text in double quotes stands for itself.
pub fn to_char(us: i64, format: &str) -> String {
    let p = parts(us);
    let mut out = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        if first == '"' {
            let inner = &rest[1..];
            let end = inner.find('"').unwrap_or(inner.len());
            out.push_str(&inner[..end]);
            rest = inner.get(end + 1..).unwrap_or("");
            continue;
        }
        match pattern(&p, rest) {
            Some((length, piece)) => {
                out.push_str(&piece);
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

fn pattern(p: &Parts, rest: &str) -> Option<(usize, String)> {
    let starts = |word: &str| {
        rest.as_bytes()
            .get(..word.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
    };
    let weekday = DAYS[(p.days + 4).rem_euclid(7) as usize];
    let month = MONTHS[(p.month - 1).rem_euclid(12) as usize];
    let twelve = if p.hour % 12 == 0 { 12 } else { p.hour % 12 };
    let table: [(&str, String); 19] = [
        ("YYYY", format!("{:04}", p.year)),
        ("YY", format!("{:02}", p.year.rem_euclid(100))),
        ("HH24", format!("{:02}", p.hour)),
        ("HH12", format!("{twelve:02}")),
        ("HH", format!("{twelve:02}")),
        ("MI", format!("{:02}", p.minute)),
        ("MM", format!("{:02}", p.month)),
        ("SS", format!("{:02}", p.second)),
        ("MS", format!("{:03}", p.micro / 1000)),
        ("US", format!("{:06}", p.micro)),
        (
            "DDD",
            format!("{:03}", p.days - days_from_civil(p.year, 1, 1) + 1),
        ),
        ("DD", format!("{:02}", p.day)),
        ("MONTH", cased(rest, &format!("{month:<9}"))),
        ("MON", cased(rest, &month[..3])),
        ("DAY", cased(rest, &format!("{weekday:<9}"))),
        ("DY", cased(rest, &weekday[..3])),
        ("AM", (if p.hour < 12 { "AM" } else { "PM" }).to_owned()),
        ("PM", (if p.hour < 12 { "AM" } else { "PM" }).to_owned()),
        ("TZ", "UTC".to_owned()),
    ];
    table
        .into_iter()
        .find(|(word, _)| starts(word))
        .map(|(word, piece)| (word.len(), piece))
}

/// A name in the case of the pattern that asked for it: `MON`, `Mon`, `mon`.
fn cased(pattern: &str, name: &str) -> String {
    let mut letters = pattern.chars();
    let first = letters.next().is_some_and(char::is_uppercase);
    let second = letters.next().is_some_and(char::is_uppercase);
    match (first, second) {
        (true, true) => name.to_uppercase(),
        (true, false) => name.to_owned(),
        (false, _) => name.to_lowercase(),
    }
}
