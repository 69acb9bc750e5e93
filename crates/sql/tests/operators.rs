//! Operators of the user's under names that keywords and bare signs stand for.

#![allow(clippy::unwrap_used)]

mod shop;

use sql::facts::Coverage;
use sql::{Settings, analyze};

/// Whether the statement is opaque where an operator of this name is the user's.
fn opaque_with(operator: &str, text: &str) -> bool {
    let mut builder = shop::builder();
    builder.operator(operator);
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let analysis = analyze(text.as_bytes(), &settings, &builder.build());
    matches!(analysis.statements[0].coverage, Coverage::Opaque(_))
}

#[test]
fn every_road_to_an_operator_is_seen() {
    let cases = [
        ("=", "SELECT id FROM guesses WHERE email = 'x'"),
        ("=", "SELECT email = 'x' FROM guesses"),
        ("=", "SELECT id FROM guesses WHERE email IN ('x', 'y')"),
        ("=", "SELECT email IN ('x', 'y') FROM guesses"),
        ("<>", "SELECT id FROM guesses WHERE email NOT IN ('x', 'y')"),
        (
            "=",
            "SELECT id FROM guesses WHERE email IN (SELECT note FROM guesses)",
        ),
        ("=", "SELECT id FROM guesses WHERE email = ANY (ARRAY['x'])"),
        ("=", "SELECT nullif(email, 'x') FROM guesses"),
        ("=", "SELECT CASE email WHEN 'x' THEN 1 END FROM guesses"),
        ("=", "SELECT a.id FROM guesses a JOIN guesses b USING (id)"),
        ("=", "SELECT 1 FROM guesses a NATURAL JOIN guesses b"),
        (
            "=",
            "SELECT id FROM guesses WHERE email IS DISTINCT FROM 'x'",
        ),
        ("~~", "SELECT id FROM guesses WHERE email LIKE 'x%'"),
        ("!~~", "SELECT id FROM guesses WHERE email NOT LIKE 'x%'"),
        ("~~*", "SELECT email ILIKE 'x%' FROM guesses"),
        ("~", "SELECT id FROM guesses WHERE email SIMILAR TO 'x%'"),
        (">=", "SELECT id FROM guesses WHERE id BETWEEN 1 AND 2"),
        ("<", "SELECT id FROM guesses WHERE id < ALL (ARRAY[1])"),
        ("<", "SELECT id FROM guesses WHERE (id, email) < (1, 'x')"),
        ("@", "SELECT @ id FROM guesses"),
        ("||", "SELECT id FROM guesses ORDER BY email || note"),
        ("||", "UPDATE guesses SET note = email || note WHERE id = 1"),
    ];
    for (operator, text) in cases {
        assert!(opaque_with(operator, text), "{operator}: {text}");
        assert!(!opaque_with("<~~~>", text), "{text}");
    }
}
