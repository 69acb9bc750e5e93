//! Statements and what is known of them: the corpus of `fixtures/sql/postgres`, against the catalogue that PostgreSQL 15
//! gives for `shop.sql`.
//!
//! A case (`*.cases`) is a statement, then lines that begin with `=>` and say what must hold. All that is known of every
//! statement of the corpus stands beside it (`*.facts`), as it was last accepted.

#![allow(clippy::unwrap_used)]

mod shop;
mod snapshots;
mod spelling;

use sql::analyze;

#[test]
fn every_case_holds() {
    let catalog = shop::catalog();
    let settings = snapshots::settings();
    let mut failures = vec![];
    let mut count = 0;
    for (file, text) in shop::case_files() {
        for case in snapshots::cases(&text) {
            count += 1;
            let analysis = analyze(case.statement.as_bytes(), &settings, &catalog);
            for expected in &case.expected {
                let (head, expected) = expected.split_once(':').unwrap();
                // `2.class` is the class of the second statement.
                let (number, key) = match head.split_once('.') {
                    Some((n, key)) => (n.parse::<usize>().unwrap(), key),
                    None => (1, head),
                };
                let found = match analysis.statements.get(number - 1) {
                    Some(facts) => spelling::spelled(facts, key),
                    None => "no such statement".to_owned(),
                };
                let expected = spelling::sorted(key, expected.trim());
                if found != expected {
                    let coverage = &analysis.statements[0].coverage;
                    failures.push(format!(
                        "{file}: {}\n   {key}: expected {expected}\n   {key}: found    {found}\n   {coverage:?}",
                        case.statement
                    ));
                }
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

#[test]
fn facts_are_as_they_were_accepted() {
    let changed = snapshots::review(&shop::catalog(), false);
    let text: Vec<String> = changed
        .iter()
        .map(|(file, changes)| {
            let shown = &changes[..changes.len().min(20)];
            format!("== {file}: {} changes\n{}", changes.len(), shown.join("\n"))
        })
        .collect();
    assert!(
        text.is_empty(),
        "the facts of these statements changed (`just review --accept` keeps them):\n{}",
        text.join("\n")
    );
}
