//! Facts as text: the one spelling that cases and snapshots share. Names in `public` go without it.
#![allow(dead_code)]

use sql::facts::{Coverage, Facts, Flag, Place};

/// The keys of a case, in the order in which a snapshot has them.
pub const KEYS: &[&str] = &[
    "class",
    "command",
    "needs",
    "uses",
    "outputs",
    "writes",
    "functions",
    "flags",
    "blind",
    "coverage",
    "settings",
    "transaction",
    "named",
];

/// Keys whose value is a set: its order says nothing.
fn is_set(key: &str) -> bool {
    matches!(key, "needs" | "uses" | "writes" | "functions" | "flags")
}

/// `class`, `needs` … of facts.
pub fn spelled(facts: &Facts, key: &str) -> String {
    let short = |text: String| text.replace("public.", "");
    let mut list: Vec<String> = match key {
        "class" => return format!("{:?}", facts.class).to_lowercase(),
        "command" => return facts.command.clone(),
        "needs" => facts
            .needs
            .iter()
            .map(|n| format!("{} {}", n.action.name(), short(n.object.to_string())))
            .collect(),
        "uses" => facts
            .uses
            .iter()
            .filter(|u| u.column.schema != "pg_catalog")
            .map(|u| {
                let place = match u.place {
                    Place::OutputPlain => "plain",
                    Place::OutputComputed => "computed",
                    Place::Equality => "equality",
                    Place::Filter => "filter",
                    Place::Stored => "stored",
                };
                format!("{place} {}", short(u.column.to_string()))
            })
            .collect(),
        "outputs" => {
            return facts
                .outputs
                .iter()
                .map(|o| {
                    let from: Vec<String> =
                        o.depends_on.iter().map(|c| short(c.to_string())).collect();
                    let sign = if o.plain { "=" } else { "~" };
                    format!("{} {sign} {}", o.name, from.join(" "))
                        .trim()
                        .to_owned()
                })
                .collect::<Vec<_>>()
                .join(", ");
        }
        "writes" => facts.writes.iter().map(|c| short(c.to_string())).collect(),
        "functions" => facts
            .functions
            .iter()
            .map(|f| format!("{}.{} {:?}", f.schema, f.name, f.kind))
            .collect(),
        "flags" => facts
            .flags
            .iter()
            .map(|f| format!("{f:?}"))
            .filter(|f| f != "LiteralBlind" && f != "Multi")
            .collect(),
        "blind" => return facts.has(Flag::LiteralBlind).to_string(),
        "coverage" => {
            return match &facts.coverage {
                Coverage::Complete => "complete".to_owned(),
                Coverage::Opaque(_) => "opaque".to_owned(),
            };
        }
        "settings" => return format!("{:?}", facts.settings),
        "transaction" => return format!("{:?}", facts.transaction),
        "named" => return format!("{:?}", facts.named),
        other => panic!("no such key: {other}"),
    };
    list.sort();
    list.dedup();
    list.join(", ")
}

/// What a case expects, in the same order.
pub fn sorted(key: &str, text: &str) -> String {
    if !is_set(key) {
        return text.to_owned();
    }
    let mut list: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|t| !t.is_empty())
        .collect();
    list.sort_unstable();
    list.join(", ")
}

/// Whether a key's value goes without saying.
fn is_usual(key: &str, value: &str) -> bool {
    matches!(
        (key, value),
        (_, "" | "[]" | "None") | ("blind", "false") | ("coverage", "complete")
    )
}

/// All that is known, as lines of `key: value`; what goes without saying is left out, and why facts are opaque is said.
pub fn lines(facts: &Facts) -> Vec<(String, String)> {
    let value = |key: &str| match (&facts.coverage, key) {
        (Coverage::Opaque(reason), "coverage") => format!("opaque: {reason}"),
        (_, "class") => {
            let blind = match facts.has(Flag::LiteralBlind) {
                true => ", blind",
                false => "",
            };
            let class = spelled(facts, "class");
            format!("{class}, {}{blind}", facts.command)
        }
        _ => spelled(facts, key),
    };
    KEYS.iter()
        .filter(|key| !matches!(**key, "command" | "blind"))
        .map(|key| ((*key).to_owned(), value(key)))
        .filter(|(key, value)| !is_usual(key, value))
        .collect()
}

/// The lines of a case that expects what was found.
pub fn as_case(statements: &[Facts]) -> String {
    let mut text = String::new();
    for (number, facts) in (1..).zip(statements) {
        for key in KEYS {
            let value = spelled(facts, key);
            if !is_usual(key, &value) {
                let of = match statements {
                    [_] => String::new(),
                    _ => format!("{number}."),
                };
                text.push_str(&format!("=> {of}{key}: {value}\n"));
            }
        }
    }
    text
}

/// What became of one value: what is gone from it, and what is new.
pub fn difference(old: &str, new: &str) -> String {
    let parts = |text: &'_ str| -> Vec<String> { text.split(", ").map(str::to_owned).collect() };
    let (before, after) = (parts(old), parts(new));
    let only = |sign: &str, these: &[String], those: &[String]| -> Vec<String> {
        these
            .iter()
            .filter(|part| !those.contains(part))
            .map(|part| format!("{sign}{part}"))
            .collect()
    };
    let mut changes = only("-", &before, &after);
    changes.extend(only("+", &after, &before));
    if changes.is_empty() {
        return format!("-({old}) +({new})");
    }
    changes.join("  ")
}
