//! Statements of tools and of honest users: they must pass as what they are.

#![allow(clippy::unwrap_used)]

mod shop;

use sql::facts::{Action, Class, Coverage};
use sql::{Settings, analyze};

/// What psql's backslash commands, pg_dump, drivers and object mappers ask of the catalogue is reading, and nothing else.
#[test]
fn tools_only_read() {
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let mut failures = vec![];
    let mut count = 0;
    for statement in shop::parted("tools.sql")
        .iter()
        .chain(&shop::parted("drivers.sql"))
    {
        count += 1;
        let first = statement
            .split_whitespace()
            .next()
            .unwrap_or("")
            .to_ascii_uppercase();
        let copies_in = first == "COPY" && statement.to_ascii_lowercase().contains(" from stdin");
        for facts in analyze(statement.as_bytes(), &settings, &catalog).statements {
            let allowed = match first.as_str() {
                "COPY" if copies_in => facts.class == Class::Write,
                // What they do beside asking.
                "COPY" | "LOCK" | "VACUUM" | "ANALYZE" | "REINDEX" | "CREATE" | "DROP"
                | "ALTER" | "TRUNCATE" | "UPDATE" | "INSERT" | "DELETE" => {
                    facts.class != Class::Unknown
                }
                _ => {
                    matches!(facts.class, Class::Read | Class::Session)
                        && facts.coverage == Coverage::Complete
                        && facts.needs.iter().all(|n| {
                            matches!(
                                n.action,
                                Action::Read | Action::Session | Action::CopyOut | Action::Lock
                            )
                        })
                }
            };
            if !allowed {
                failures.push(format!(
                    "{}\n   {:?} {:?}\n   {:?}",
                    statement.trim(),
                    facts.class,
                    facts.coverage,
                    facts
                        .needs
                        .iter()
                        .filter(|n| n.action != Action::Read)
                        .map(|n| format!("{} {}", n.action.name(), n.object))
                        .collect::<Vec<_>>()
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 400, "only {count} statements were found");
}

/// Honest statements are understood, and queries stay reads.
#[test]
fn honest_statements_are_understood() {
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let mut failures = vec![];
    let mut kind = "";
    let text = shop::fixture("honest.sql");
    let mut count = 0;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("--@ ") {
            kind = name.trim();
            continue;
        }
        if line.starts_with("--") || line.trim().is_empty() {
            continue;
        }
        count += 1;
        let facts = analyze(line.as_bytes(), &settings, &catalog)
            .statements
            .remove(0);
        let understood = facts.class != Class::Unknown;
        if !understood {
            failures.push(format!(
                "{kind}: {line}\n   {:?} {:?}",
                facts.coverage, facts.flags
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count}:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
