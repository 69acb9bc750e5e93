//! Settings of a console session: what SHOW answers, SET accepts, and drivers are told of.
//!
//! Owns: the list. Most settings of PostgreSQL's mean nothing here; they are kept and shown, no more. Refuses: a value
//! that would make the console say something untrue: another encoding, time zone or date style than the one it writes.

use std::time::Duration;

use crate::desk::Refusal;
use crate::moment;

/// Name, first value, and whether drivers are told (ParameterStatus: manual, "Asynchronous Operations").
const FIRST: &[(&str, &str, bool)] = &[
    ("server_version", "", true),
    ("server_encoding", "UTF8", true),
    ("client_encoding", "UTF8", true),
    ("application_name", "", true),
    ("default_transaction_read_only", "off", true),
    ("in_hot_standby", "off", true),
    ("is_superuser", "off", true),
    ("session_authorization", "", true),
    ("DateStyle", "ISO, MDY", true),
    ("IntervalStyle", "postgres", true),
    ("TimeZone", "UTC", true),
    ("integer_datetimes", "on", true),
    ("standard_conforming_strings", "on", true),
    ("bytea_output", "hex", false),
    ("client_min_messages", "notice", false),
    ("default_transaction_isolation", "read committed", false),
    ("extra_float_digits", "1", false),
    ("lc_collate", "C", false),
    ("lc_ctype", "C", false),
    ("lc_messages", "C", false),
    ("max_identifier_length", "63", false),
    ("search_path", "public", false),
    ("server_version_num", "150000", false),
    ("statement_timeout", "15s", false),
    ("transaction_isolation", "read committed", false),
    ("transaction_read_only", "off", false),
];

/// Settings that say what the console is.
const FIXED: &[&str] = &[
    "server_version",
    "server_version_num",
    "server_encoding",
    "is_superuser",
    "session_authorization",
    "integer_datetimes",
    "in_hot_standby",
    "lc_collate",
    "lc_ctype",
    "max_identifier_length",
];

/// A statement's time in the query engine, at most.
pub const LONGEST_STATEMENT: Duration = Duration::from_secs(15);

/// A session keeps at most so many settings of its own invention.
const MOST: usize = 100;
const LONGEST: usize = 1_024;

/// The version that psql and drivers are told: they choose their queries by it.
pub fn server_version() -> String {
    format!("15.0 (Tollgate {})", env!("CARGO_PKG_VERSION"))
}

/// Settings of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    values: Vec<(String, String)>,
}

impl Settings {
    /// What a session of this person begins with.
    pub fn of(user: &str) -> Settings {
        Settings {
            values: FIRST
                .iter()
                .map(|(name, value, _)| ((*name).to_owned(), first(name, value, user)))
                .collect(),
        }
    }

    /// All of them, in order.
    pub fn all(&self) -> &[(String, String)] {
        &self.values
    }

    /// Those that drivers are told of.
    pub fn reported(&self) -> impl Iterator<Item = &(String, String)> {
        self.values.iter().filter(|(name, _)| is_reported(name))
    }

    /// What SHOW answers: the setting's own name, and its value.
    pub fn show(&self, name: &str) -> Result<(&str, &str), Refusal> {
        self.values
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .ok_or_else(|| unknown(name))
    }

    /// How long a statement may take.
    pub fn statement_timeout(&self) -> Duration {
        self.show("statement_timeout")
            .ok()
            .and_then(|(_, value)| timeout(value))
            .unwrap_or(LONGEST_STATEMENT)
    }

    /// Sets one; None is its first value.
    pub fn set(&mut self, name: &str, value: Option<&str>, user: &str) -> Result<(), Refusal> {
        let known = FIRST.iter().find(|(n, ..)| n.eq_ignore_ascii_case(name));
        let value = match (value, known) {
            (Some(value), _) => value.to_owned(),
            (None, Some((name, value, _))) => first(name, value, user),
            (None, None) => {
                self.values.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
                return Ok(());
            }
        };
        if value.len() > LONGEST
            || name.len() > LONGEST
            || value.contains('\0')
            || name.contains('\0')
        {
            return Err(Refusal::new("22023", "the value is too long"));
        }
        let value = checked(name, value, self)?;
        let full = self.values.len() >= FIRST.len() + MOST;
        match self
            .values
            .iter_mut()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
        {
            Some((_, slot)) => *slot = value,
            None if full => {
                return Err(Refusal::new("53400", "too many settings"));
            }
            None => self.values.push((name.to_ascii_lowercase(), value)),
        }
        Ok(())
    }
}

/// Whether drivers are told of a setting.
pub fn is_reported(name: &str) -> bool {
    FIRST
        .iter()
        .any(|(n, _, reported)| *reported && n.eq_ignore_ascii_case(name))
}

fn first(name: &str, value: &str, user: &str) -> String {
    match name {
        "server_version" => server_version(),
        "session_authorization" => user.to_owned(),
        _ => value.to_owned(),
    }
}

/// A bare number counts milliseconds; 0 is the longest there is.
fn timeout(value: &str) -> Option<Duration> {
    let us = match value.trim().parse::<i64>() {
        Ok(ms) => ms.checked_mul(1_000)?,
        Err(_) => moment::parse_interval(value)?,
    };
    match u64::try_from(us).ok()? {
        0 => Some(LONGEST_STATEMENT),
        us => Some(Duration::from_micros(us)),
    }
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(
        "42704",
        format!("unrecognized configuration parameter \"{name}\""),
    )
}

/// The value as it is kept, where it is one that the console can keep to.
fn checked(name: &str, value: String, now: &Settings) -> Result<String, Refusal> {
    let lower = value.to_ascii_lowercase();
    let only = |kept: &str, accepted: bool| {
        if accepted {
            Ok(kept.to_owned())
        } else {
            Err(Refusal::new(
                "0A000",
                format!("the console has {name} = {kept} only"),
            ))
        }
    };
    match name.to_ascii_lowercase().as_str() {
        "client_encoding" => only(
            "UTF8",
            matches!(lower.as_str(), "utf8" | "utf-8" | "unicode"),
        ),
        "timezone" => only(
            "UTC",
            matches!(
                lower.as_str(),
                "utc" | "gmt" | "etc/utc" | "0" | "z" | "uct"
            ),
        ),
        "datestyle" => only(
            "ISO, MDY",
            lower.split(',').next().is_some_and(|w| w.trim() == "iso"),
        ),
        "statement_timeout" => match timeout(&value) {
            Some(limit) if limit <= LONGEST_STATEMENT => Ok(value),
            Some(_) => Err(Refusal::new(
                "22023",
                "a statement of the console's has at most 15s",
            )),
            None => Err(Refusal::new(
                "22023",
                "statement_timeout is a time: '500ms', '5s'",
            )),
        },
        "intervalstyle" => only("postgres", lower == "postgres"),
        "standard_conforming_strings" => {
            only("on", matches!(lower.as_str(), "on" | "true" | "1" | "yes"))
        }
        lower_name if FIXED.contains(&lower_name) => {
            let same = now.show(name).is_ok_and(|(_, kept)| kept == value);
            if same {
                Ok(value)
            } else {
                Err(Refusal::new(
                    "55P02",
                    format!("parameter \"{name}\" cannot be changed"),
                ))
            }
        }
        _ => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_and_what_is_refused() {
        let mut s = Settings::of("dana");
        s.set("application_name", Some("psql"), "dana").unwrap();
        assert_eq!(
            s.show("APPLICATION_NAME").unwrap(),
            ("application_name", "psql")
        );
        s.set("application_name", None, "dana").unwrap();
        assert_eq!(s.show("application_name").unwrap().1, "");
        s.set("client_encoding", Some("unicode"), "dana").unwrap();
        for (name, value) in [
            ("client_encoding", "LATIN1"),
            ("TimeZone", "Europe/Berlin"),
            ("datestyle", "German"),
            ("server_version", "16"),
            ("session_authorization", "root"),
            ("statement_timeout", "1h"),
            ("statement_timeout", "-1"),
        ] {
            assert!(s.set(name, Some(value), "dana").is_err(), "{name}");
        }
        s.set("statement_timeout", Some("250"), "dana").unwrap();
        assert_eq!(s.statement_timeout(), Duration::from_millis(250));
        s.set("statement_timeout", Some("0"), "dana").unwrap();
        assert_eq!(s.statement_timeout(), LONGEST_STATEMENT);
        for i in 0..MOST {
            s.set(&format!("my.x{i}"), Some("1"), "dana").unwrap();
        }
        assert_eq!(
            s.set("my.y", Some("1"), "dana").unwrap_err().sqlstate,
            "53400"
        );
        assert_eq!(s.show("nothing").unwrap_err().sqlstate, "42704");
    }
}
