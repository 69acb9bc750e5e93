//! Honest statements are read; alike where both grammars can.

use super::*;

#[test]
fn honest_statements_are_read_as_their_section_says() {
    let mut wrong = Vec::new();
    for (section, text) in honest() {
        let readings = readings(&text);
        let agreement = match readings.as_slice() {
            [one] => &one.agreement,
            _ => panic!("{} readings of {text}", readings.len()),
        };
        let right = matches!(
            (section.as_str(), agreement),
            ("query" | "write", Agreement::Both)
                | ("single", Agreement::SquawkOnly)
                | ("utility", Agreement::Both | Agreement::SquawkOnly)
        );
        if !right {
            wrong.push(format!("{section}: {text}\n    {agreement:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Definitions that migrations are made of: one reader alone would not do for them.
#[test]
fn everyday_definitions_are_read_by_both() {
    let everyday = [
        "CREATE TABLE t (id int)",
        "CREATE TABLE IF NOT EXISTS audit.t (id serial PRIMARY KEY, a text NOT NULL DEFAULT 'x')",
        "CREATE TABLE t AS SELECT * FROM customers",
        "CREATE VIEW v AS SELECT * FROM customers",
        "CREATE INDEX ON customers (email)",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON public.customers (lower(email)) WHERE id > 3",
        "ALTER TABLE customers ADD COLUMN x int",
        "ALTER TABLE customers DROP COLUMN x",
        "ALTER TABLE customers RENAME TO people",
        "ALTER TABLE customers ALTER COLUMN email SET NOT NULL",
        "DROP TABLE IF EXISTS public.customers, orders CASCADE",
        "DROP INDEX i",
        "TRUNCATE customers",
        "GRANT SELECT ON customers TO reader",
        "REVOKE SELECT ON customers FROM reader",
        "CREATE SCHEMA a",
    ];
    for text in everyday {
        let readings = readings(text);
        assert!(
            matches!(readings.as_slice(), [one] if matches!(one.agreement, Agreement::Both)),
            "{text}: {readings:?}"
        );
    }
}

#[test]
fn what_postgresqls_tools_send_is_read() {
    let (mut both, mut alone) = (0, 0);
    for text in fixture("tools.sql").split("\n-- next\n") {
        for reading in readings(text) {
            match reading.agreement {
                Agreement::Both => both += 1,
                Agreement::SquawkOnly => alone += 1,
                other => panic!("{text}: {other:?}"),
            }
        }
    }
    assert!(both >= 265, "{both} by both, {alone} by squawk alone");
}

#[test]
fn several_statements_have_their_ranges() {
    let text = " SELECT 1 ;; /* a; */ DELETE FROM t -- b;\n; PREPARE p AS SELECT 'x;y';";
    let found: Vec<&str> = readings(text)
        .into_iter()
        .map(|reading| {
            assert!(matches!(reading.agreement, Agreement::Both), "{reading:?}");
            assert_eq!(reading.statement.range, reading.range);
            &text[reading.range]
        })
        .collect();
    assert_eq!(
        found,
        ["SELECT 1", "DELETE FROM t", "PREPARE p AS SELECT 'x;y'"]
    );

    let readings = readings("SELECT 1; PREPARE p AS\n  SELECT 2");
    match &readings[1].statement.kind {
        Kind::Prepare { inner, .. } => assert_eq!(inner.range, 25..33),
        other => panic!("{other:?}"),
    }
}

#[test]
fn ranges_inside_a_folded_statement_are_those_of_the_text() {
    let list: Vec<String> = (0..20_000).map(|n| n.to_string()).collect();
    let text = format!(
        "SELECT 1; PREPARE p AS SELECT a FROM t WHERE a IN ({}) AND b = 1",
        list.join(", ")
    );
    let readings = readings(&text);
    let [_, prepare] = readings.as_slice() else {
        panic!("{} readings", readings.len());
    };
    assert!(matches!(prepare.agreement, Agreement::Both));
    match &prepare.statement.kind {
        Kind::Prepare { inner, .. } => {
            assert!(text[inner.range.clone()].starts_with("SELECT a"));
            assert_eq!(inner.range.end, text.len());
        }
        other => panic!("{other:?}"),
    }
}
