//! Statements and what is known of them: the cases in `fixtures/sql/postgres/*.cases`, against the catalogue that
//! PostgreSQL 15 gives for `shop.sql`.
//!
//! A case is a statement, then lines that begin with `=>` and say what must hold; names in `public` go without it.

#![allow(clippy::unwrap_used)]

mod shop;

use sql::facts::{Coverage, Facts, Place};
use sql::{Settings, analyze};

/// `class`, `needs` … of facts, as the cases spell them.
fn spelled(facts: &Facts, key: &str) -> String {
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
        "blind" => return facts.has(sql::facts::Flag::LiteralBlind).to_string(),
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

/// The expected text in the same order.
fn sorted(key: &str, text: &str) -> String {
    if !matches!(key, "needs" | "uses" | "writes" | "functions" | "flags") {
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

#[test]
fn every_case_holds() {
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let mut failures = vec![];
    let mut count = 0;
    for (file, text) in shop::case_files() {
        let mut statement = String::new();
        let mut checked = false;
        for line in text.lines() {
            let Some(expected) = line.strip_prefix("=>") else {
                if line.starts_with("# ") {
                    continue;
                }
                if checked {
                    statement.clear();
                    checked = false;
                }
                if !line.is_empty() || !statement.is_empty() {
                    statement.push_str(line);
                    statement.push('\n');
                }
                continue;
            };
            if !checked {
                count += 1;
            }
            checked = true;
            let (head, expected) = expected.split_once(':').unwrap();
            let head = head.trim();
            // `2.class` is the class of the second statement.
            let (number, key) = match head.split_once('.') {
                Some((n, key)) => (n.parse::<usize>().unwrap(), key),
                None => (1, head),
            };
            let analysis = analyze(statement.trim().as_bytes(), &settings, &catalog);
            let found = match analysis.statements.get(number - 1) {
                Some(facts) => spelled(facts, key),
                None => "no such statement".to_owned(),
            };
            let expected = sorted(key, expected.trim());
            if found != expected {
                let coverage = &analysis.statements[0].coverage;
                failures.push(format!(
                    "{file}: {}\n   {key}: expected {expected}\n   {key}: found    {found}\n   {coverage:?}",
                    statement.trim()
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {count} cases:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count > 200, "only {count} cases were found");
}
