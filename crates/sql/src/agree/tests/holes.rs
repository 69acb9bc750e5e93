//! What sqlparser alone would wave through, each class of holes by name.

use super::*;

/// The text's readings, none of which both readers agree on, or which have the right meaning all the same.
fn relations(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for reading in readings(text) {
        if !matches!(reading.agreement, Agreement::Neither(_)) {
            all.extend(Named::of(&reading.statement).relations);
        }
    }
    all
}

fn nobody_agrees(text: &str) -> Vec<Reading> {
    let all = readings(text);
    for reading in &all {
        assert!(
            !matches!(reading.agreement, Agreement::Both),
            "{text}: {reading:?}"
        );
    }
    all
}

#[test]
fn end_is_a_label_and_hides_nothing() {
    let all = readings("SELECT 1 END; DROP TABLE t");
    assert_eq!(all.len(), 2);
    assert!(matches!(all[0].agreement, Agreement::SquawkOnly), "{all:?}");
    assert!(matches!(&all[1].statement.kind, Kind::Define(drop) if drop.names == [["t"]]));

    nobody_agrees("SELECT a END FROM secrets");
    assert_eq!(relations("SELECT a END FROM secrets"), ["secrets"]);
    nobody_agrees("SELECT * FROM t END, secrets");
}

#[test]
fn into_makes_a_table() {
    for text in ["SELECT INTO n FROM t", "SELECT INTO n"] {
        let all = nobody_agrees(text);
        let Kind::Query(query) = &all[0].statement.kind else {
            panic!("{all:?}");
        };
        assert!(
            matches!(&query.body, crate::form::Body::Select(s) if s.into.is_some()),
            "{text}"
        );
    }
}

#[test]
fn key_words_are_no_names() {
    let table: &[(&str, &[&str])] = &[
        ("SELECT FOR UPDATE", &[]),
        ("SELECT * FROM ONLY t", &["t"]),
        ("SELECT * FROM ONLY (t)", &["t"]),
        ("SELECT * FROM ONLY t AS u, v", &["t", "v"]),
        ("SELECT a COLLATE FROM t", &["t"]),
        ("SELECT WHERE (a)", &[]),
        ("DELETE FROM ONLY t", &["t"]),
        ("UPDATE ONLY t SET a = 1", &["t"]),
        ("TABLE t", &["t"]),
        ("CREATE TABLE n AS TABLE t", &["n", "t"]),
    ];
    for (text, expected) in table {
        nobody_agrees(text);
        assert_eq!(relations(text), *expected, "{text}");
    }
}

#[test]
fn other_dialects_swallow_nothing() {
    // `TOP (f())` is a call of top in PostgreSQL.
    for text in [
        "SELECT TOP (f()) FROM t",
        "SELECT TOP (f()) a FROM t",
        "SELECT SQL_CALC_FOUND_ROWS (f()) FROM t",
    ] {
        for reading in readings(text) {
            match reading.agreement {
                Agreement::Neither(_) => {}
                _ => assert!(
                    Named::of(&reading.statement).functions.contains("f"),
                    "{text}: {reading:?}"
                ),
            }
        }
    }
    for text in [
        "SELECT * FROM t QUALIFY a = 1",
        "SELECT * FROM t PREWHERE a",
        "SELECT * FROM t LIMIT 1, 2",
        "SELECT `a` FROM t",
        "SELECT * EXCLUDE (a) FROM t",
        "SELECT * EXCEPT (a) FROM t",
        "FROM t SELECT a",
        "SELECT a:b FROM t",
        "SELECT a FROM t@link",
        "SELECT # comment\n 1",
        "REPLACE INTO t VALUES (1)",
        "INSERT OVERWRITE t SELECT 1",
        "SELECT * FROM t LATERAL VIEW f(a) x",
        "DELETE t FROM t",
        "UPDATE t, u SET a = 1",
        "USE x",
    ] {
        nobody_agrees(text);
    }
}

#[test]
fn typed_constants_are_no_columns() {
    for text in ["SELECT pg_lsn '0/1'", "SELECT mood 'ok' FROM t"] {
        for reading in nobody_agrees(text) {
            assert!(
                Named::of(&reading.statement)
                    .columns
                    .iter()
                    .all(|c| c == "t"),
                "{reading:?}"
            );
        }
    }
}

#[test]
fn escaped_names_are_decoded() {
    let text = r#"SELECT * FROM U&"d\0061ta""#;
    nobody_agrees(text);
    assert_eq!(relations(text), ["data"]);
    // With UESCAPE, squawk takes calls for tables: not read at all.
    let text = r#"SELECT * FROM U&"d!0061ta" UESCAPE '!'"#;
    assert!(relations(text).is_empty());
    for reading in readings(text) {
        assert!(matches!(reading.agreement, Agreement::Neither(_)));
    }
}

#[test]
fn strings_that_go_on_hide_nothing() {
    let text = "SELECT 'a'\n', secrets WHERE x = ' FROM t";
    assert_eq!(relations(text), ["t"]);
    for text in [
        "SELECT 'a'\n  -- x\n  'b', c FROM t",
        "SELECT E'\\', secrets -- ' FROM t",
        "SELECT $a$ x $b$ FROM t $a$, c FROM u",
    ] {
        for reading in readings(text) {
            let named = Named::of(&reading.statement);
            assert!(!named.relations.contains("secrets"), "{text}");
        }
    }
}

#[test]
fn unusual_blanks_are_letters() {
    // The server takes every byte above 127 for a letter: `a\u{a0}FROM` is one word.
    for blank in [
        "\u{a0}", "\u{2003}", "\u{3000}", "\u{feff}", "\u{85}", "\u{1680}", "\u{b}", "\u{200b}",
    ] {
        let text = format!("SELECT a{blank}FROM{blank}t");
        let Ok(scan) = crate::scan::scan(text.as_bytes(), true) else {
            continue;
        };
        for reading in read(&text, &scan) {
            let hidden = match reading.agreement {
                Agreement::Neither(_) => false,
                _ => Named::of(&reading.statement).relations.contains("t"),
            };
            assert!(!hidden, "{blank:?}: {reading:?}");
        }
    }
}

#[test]
fn what_a_visitor_forgets_is_there() {
    let table: &[(&str, &[&str])] = &[
        ("COPY t TO STDOUT", &["t"]),
        ("COPY (SELECT * FROM a, b) TO STDOUT", &["a", "b"]),
        ("DROP TABLE a, b", &["a", "b"]),
        ("GRANT SELECT ON a, b TO c", &["a", "b"]),
        (
            "SELECT (a, b) OVERLAPS ((SELECT c FROM s), d) FROM t",
            &["s", "t"],
        ),
        (
            "SELECT * FROM t TABLESAMPLE system ((SELECT 1 FROM s))",
            &["s", "t"],
        ),
        ("SELECT 1 FROM t LIMIT (SELECT a FROM s)", &["s", "t"]),
        (
            "SELECT sum(a) OVER (ORDER BY (SELECT 1 FROM s)) FROM t",
            &["s", "t"],
        ),
        (
            "SELECT sum(a) FILTER (WHERE EXISTS (SELECT FROM s)) FROM t",
            &["s", "t"],
        ),
        ("SELECT a[(SELECT 1 FROM s)] FROM t", &["s", "t"]),
        (
            "SELECT 1 FROM t WINDOW w AS (ORDER BY (SELECT 1 FROM s))",
            &["s", "t"],
        ),
        (
            "SELECT 1 FROM t GROUP BY ROLLUP ((SELECT 1 FROM s))",
            &["s", "t"],
        ),
        (
            "SELECT DISTINCT ON ((SELECT 1 FROM s)) 1 FROM t",
            &["s", "t"],
        ),
        ("INSERT INTO t VALUES ((SELECT 1 FROM s))", &["s", "t"]),
        ("UPDATE t SET a[(SELECT 1 FROM s)] = 1", &["s", "t"]),
        ("VALUES ((SELECT 1 FROM s))", &["s"]),
        ("EXECUTE p ((SELECT 1 FROM s))", &["s"]),
        ("CALL p((SELECT 1 FROM s))", &["s"]),
        (
            "SELECT CASE (SELECT 1 FROM a) WHEN (SELECT 1 FROM b) THEN (SELECT 1 FROM c) ELSE (SELECT 1 FROM d) END",
            &["a", "b", "c", "d"],
        ),
        (
            "SELECT xmlelement(name x, xmlattributes((SELECT 1 FROM a) AS b), (SELECT 1 FROM c))",
            &["a", "c"],
        ),
        (
            "SELECT substring((SELECT 1 FROM a) FROM (SELECT 1 FROM b) FOR (SELECT 1 FROM c))",
            &["a", "b", "c"],
        ),
        (
            "SELECT * FROM a JOIN b ON EXISTS (SELECT FROM c)",
            &["a", "b", "c"],
        ),
        (
            "SELECT * FROM ROWS FROM (f((SELECT 1 FROM a)), g(2))",
            &["a"],
        ),
        (
            "SELECT * FROM xmltable((SELECT 1 FROM a) PASSING (SELECT 1 FROM b) COLUMNS c int PATH 'x' DEFAULT (SELECT 1 FROM d))",
            &["a", "b", "d"],
        ),
        (
            "MERGE INTO t USING s ON (SELECT true FROM a) WHEN MATCHED AND (SELECT true FROM b) THEN UPDATE SET x = (SELECT 1 FROM c)",
            &["a", "b", "c", "s", "t"],
        ),
    ];
    for (text, expected) in table {
        let mut found = relations(text);
        found.sort();
        assert_eq!(found, *expected, "{text}");
    }
    let functions =
        Named::of(&readings("SELECT * FROM unnest(f(1)) u, LATERAL g()")[0].statement).functions;
    assert_eq!(
        functions.into_iter().collect::<Vec<_>>(),
        ["f", "g", "unnest"]
    );
}

#[test]
fn statements_that_cannot_be_counted_are_one_unread_text() {
    for text in [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE t; SELECT (1;2)",
        "SELECT 1); DROP TABLE t; (SELECT 2",
    ] {
        let all = readings(text);
        assert_eq!(all.len(), 1, "{text}: {all:?}");
        assert!(matches!(all[0].agreement, Agreement::Neither(_)), "{text}");
        assert_eq!(all[0].range, 0..text.len());
    }
    let all = readings(
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; DROP TABLE t",
    );
    assert_eq!(all.len(), 2, "{all:?}");
}

#[test]
fn reasons_hold_no_constants() {
    for text in [
        "SELECT 'sesame' FROM",
        "SELECT FROM WHERE 'sesame'",
        "FOO 'sesame'",
        "SET x = E'sesame'",
    ] {
        for reading in readings(text) {
            match reading.agreement {
                Agreement::Neither(reason) => assert!(!reason.contains("sesame"), "{reason}"),
                other => assert!(!format!("{other:?}").contains("sesame"), "{other:?}"),
            }
            assert!(!format!("{:?}", reading.statement).contains("sesame"));
        }
    }
}
