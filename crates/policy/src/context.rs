//! Who asks, from where, and about what: the context of a question.
//!
//! Owns: [`Principal`], [`Context`], and the attributes that a policy finds under `context`. Refuses: to build an
//! attribute that no policy mentions, because a dozen of them cost more than the decision.

use std::net::IpAddr;

use cedar_policy::RestrictedExpression;
use sql::Facts;
use sql::facts::{Class, Coverage, Flag};

/// Who a session belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The grant's name.
    pub grant: String,
    /// The user it was made for.
    pub user: String,
    /// The agent it was made for.
    pub agent: String,
    /// Its roles.
    pub roles: Vec<String>,
}

/// What is known of every question of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// Now, in microseconds since 1970.
    pub now_us: u64,
    /// The client's address.
    pub client: IpAddr,
    /// `application_name`.
    pub application: String,
    /// Whether the client's connection is encrypted.
    pub tls: bool,
    /// The grant's purpose.
    pub purpose: Option<String>,
    /// When the grant ends, in microseconds since 1970.
    pub expires_us: u64,
}

/// A set of attributes of the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Attributes(u16);

/// Those that are known of every question, and those of a statement.
pub(crate) const NAMES: [&str; 13] = [
    "now",
    "client",
    "application",
    "tls",
    "purpose",
    "expires",
    "class",
    "command",
    "has_where",
    "estimated_rows",
    "flags",
    "labels",
    "opaque",
];

impl Attributes {
    pub(crate) const ALL: Attributes = Attributes((1 << NAMES.len()) - 1);

    /// One of them; all where the name is not known, so that nothing can be missing.
    pub(crate) fn named(name: &str) -> Attributes {
        match NAMES.iter().position(|&n| n == name) {
            Some(at) => Attributes(1 << at),
            None => Attributes::ALL,
        }
    }

    pub(crate) fn and(self, other: Attributes) -> Attributes {
        Attributes(self.0 | other.0)
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.0 & Attributes::named(name).0 != 0
    }
}

/// A statement, as far as the context tells of it.
pub(crate) struct Statement<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) labels: &'a [String],
}

/// The Cedar context with these attributes. None where one of them cannot be said in Cedar: nothing can be asked then.
pub(crate) fn build(
    wanted: Attributes,
    context: &Context,
    statement: Option<&Statement<'_>>,
) -> Option<cedar_policy::Context> {
    use RestrictedExpression as E;
    if wanted == Attributes::default() {
        return Some(cedar_policy::Context::empty());
    }
    let mut pairs: Vec<(String, E)> = Vec::new();
    let mut add = |name: &str, value: &dyn Fn() -> E| {
        if wanted.has(name) {
            pairs.push((name.to_owned(), value()));
        }
    };
    let string = |s: &str| E::new_string(s.to_owned());
    add("now", &|| E::new_datetime(datetime(context.now_us)));
    add("client", &|| {
        E::new_ip(context.client.to_canonical().to_string())
    });
    add("application", &|| string(&context.application));
    add("tls", &|| E::new_bool(context.tls));
    if let Some(purpose) = &context.purpose {
        add("purpose", &|| string(purpose));
    }
    add("expires", &|| E::new_datetime(datetime(context.expires_us)));
    if let Some(Statement { facts, labels }) = statement {
        add("class", &|| string(class(facts.class)));
        add("command", &|| string(&facts.command));
        add("has_where", &|| E::new_bool(!facts.has(Flag::NoWhere)));
        add("flags", &|| {
            E::new_set(facts.flags.iter().map(|&f| string(flag(f))))
        });
        add("labels", &|| E::new_set(labels.iter().map(|l| string(l))));
        add("opaque", &|| {
            E::new_bool(facts.coverage != Coverage::Complete)
        });
    }
    cedar_policy::Context::from_pairs(pairs).ok()
}

/// The word of a class in `context.class`, the same as in `explain`.
fn class(class: Class) -> &'static str {
    match class {
        Class::Session => "session",
        Class::Read => "read",
        Class::Write => "write",
        Class::Ddl => "ddl",
        Class::Dcl => "dcl",
        Class::Admin => "admin",
        Class::Unknown => "unknown",
    }
}

/// Every word that `context.class` can be.
pub(crate) const CLASSES: [&str; 7] =
    ["session", "read", "write", "ddl", "dcl", "admin", "unknown"];

/// The word of a flag in `context.flags`, the same as in `explain`.
fn flag(flag: Flag) -> &'static str {
    match flag {
        Flag::NoWhere => "no_where",
        Flag::Locks => "locks",
        Flag::Multi => "multi",
        Flag::RevealsData => "reveals_data",
        Flag::SingleReader => "single_reader",
        Flag::Disagree => "disagree",
        Flag::ServerFile => "server_file",
        Flag::Analyze => "analyze",
        Flag::UnresolvedName => "unresolved_name",
        Flag::Explain => "explain",
        Flag::LiteralBlind => "literal_blind",
    }
}

/// Every word that `context.flags` can hold.
pub(crate) const FLAGS: [&str; 11] = [
    "no_where",
    "locks",
    "multi",
    "reveals_data",
    "single_reader",
    "disagree",
    "server_file",
    "analyze",
    "unresolved_name",
    "explain",
    "literal_blind",
];

/// As Cedar's `datetime` reads it: UTC, milliseconds, four digits of a year. What is later is the last moment of 9999.
fn datetime(micros: u64) -> String {
    const LAST_MS: u64 = 253_402_300_799_999;
    let ms = (micros / 1000).min(LAST_MS);
    let (days, of_day) = (ms / 86_400_000, ms % 86_400_000);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days, for days since 1970 only.
    let shifted = days + 719_468;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = shifted / 146_097 * 400 + year_of_era + u64::from(month <= 2);
    let (s, millis) = (of_day / 1000, of_day % 1000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        s / 3600,
        s / 60 % 60,
        s % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_said_as_cedar_reads_them() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
            (1_735_689_599_999_999, "2024-12-31T23:59:59.999Z"),
            (u64::MAX, "9999-12-31T23:59:59.999Z"),
        ];
        for (micros, expected) in cases {
            assert_eq!(datetime(micros), expected);
        }
    }

    #[test]
    fn words_are_those_of_explain() {
        let flags = [
            Flag::NoWhere,
            Flag::Locks,
            Flag::Multi,
            Flag::RevealsData,
            Flag::SingleReader,
            Flag::Disagree,
            Flag::ServerFile,
            Flag::Analyze,
            Flag::UnresolvedName,
            Flag::Explain,
            Flag::LiteralBlind,
        ];
        for (word, shown) in FLAGS.into_iter().zip(flags) {
            assert_eq!(
                (word, serde_json::json!(shown)),
                (flag(shown), serde_json::json!(word))
            );
        }
        let classes = [
            Class::Session,
            Class::Read,
            Class::Write,
            Class::Ddl,
            Class::Dcl,
            Class::Admin,
            Class::Unknown,
        ];
        for (word, shown) in CLASSES.into_iter().zip(classes) {
            assert_eq!(
                (word, serde_json::json!(shown)),
                (class(shown), serde_json::json!(word))
            );
        }
    }
}
