//! Each hole that was found in this reader has a case here by name. The forms themselves are tested against the other
//! reader's over a corpus.

use proptest::prelude::*;

use super::lower;
use crate::form::{Body, Expr, FromItem, Kind, Literal, Statement, Target};

fn read(text: &str) -> Result<Vec<Statement>, String> {
    stacker::grow(64 << 20, || lower(text)).map_err(|e| e.to_string())
}

fn refused(text: &str) {
    let read = read(text);
    assert!(read.is_err(), "{text}: {read:?}");
}

fn kinds(text: &str) -> Vec<Kind> {
    read(text)
        .unwrap_or_else(|e| panic!("{text}: {e}"))
        .into_iter()
        .map(|s| s.kind)
        .collect()
}

/// The first target's expression and alias, and the items of FROM, of a plain SELECT.
fn select(text: &str) -> (Option<Target>, Vec<FromItem>) {
    match kinds(text).into_iter().next() {
        Some(Kind::Query(query)) => match query.body {
            Body::Select(select) => (select.targets.into_iter().next(), select.from),
            other => panic!("{text}: {other:?}"),
        },
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn end_does_not_end_the_text() {
    assert_eq!(kinds("SELECT 1; DROP TABLE t").len(), 2);
    refused("SELECT 1 END; DROP TABLE t");
    refused("SELECT a END FROM secrets");
    refused("SELECT 1 END");
    assert_eq!(kinds("SELECT 1 AS end; DROP TABLE t").len(), 2);
}

#[test]
fn an_empty_select_list_does_not_make_its_clause_a_column() {
    refused("SELECT INTO n FROM t");
    refused("SELECT FOR UPDATE");
    refused("SELECT WHERE (SELECT true FROM secrets)");
    refused("SELECT WHERE (true)");
    refused("SELECT HAVING (true)");
    refused("SELECT LIMIT (1)");
}

#[test]
fn only_is_no_table() {
    refused("SELECT * FROM ONLY t");
    refused("SELECT * FROM ONLY (t)");
    refused("UPDATE ONLY t SET a = 1");
    refused("DELETE FROM ONLY t");
    refused("DELETE FROM ONLY t AS x");
}

#[test]
fn key_words_that_postgresql_reserves_are_no_names() {
    for text in [
        "SELECT a COLLATE FROM t",
        "SELECT user.a FROM t",
        "SELECT * FROM user",
        "SELECT * FROM t AS where",
        "SELECT * FROM t AS left",
        "SELECT * FROM end",
        "SELECT any(a) FROM t",
        "SELECT some FROM t",
        "SELECT lateral FROM t",
        "SELECT symmetric",
        "SELECT placing(a)",
        "SELECT select",
        "SELECT analyze(a) FROM t",
        "SELECT system_user",
        "SELECT (VALUES (1))",
        "SELECT values (1)",
        "SELECT xmlparse(a)",
        "SELECT treat(a AS b)",
        "INSERT INTO table VALUES (1)",
        "UPDATE user SET a = 1",
        "WITH end AS (SELECT 1) SELECT * FROM end",
    ] {
        refused(text);
    }
    // Quoted, or where PostgreSQL takes any word, they are names.
    for text in [
        "SELECT \"user\" FROM \"select\"",
        "SELECT t.end, t.user FROM t",
        "SELECT 1 AS select",
        "SELECT left('a', 1)",
        "SELECT position, time, interval, timestamp FROM t",
    ] {
        assert_eq!(kinds(text).len(), 1, "{text}");
    }
}

#[test]
fn words_of_other_dialects_swallow_nothing() {
    for text in [
        "SELECT TOP (f()) FROM t",
        "SELECT TOP 1 a FROM t",
        "SELECT * FROM t SAMPLE 10",
        "SELECT * EXCEPT (a) FROM t",
        "SELECT * EXCLUDE a FROM t",
        "SELECT * REPLACE (1 AS a) FROM t",
        "SELECT * FROM t QUALIFY a = 1",
        "SELECT * FROM t PIVOT (sum(a) FOR b IN (1))",
        "SELECT * FROM t LIMIT 1, 2",
        "SELECT * FROM t LIMIT 1 BY a",
        "SELECT * FROM t FOR XML AUTO",
        "SELECT * FROM t WITH (NOLOCK)",
        "SELECT * FROM t CROSS APPLY f(a)",
        "SELECT * FROM t SEMI JOIN u ON true",
        "SELECT * FROM t STRAIGHT_JOIN u",
        "SELECT * FROM t JOIN u",
        "SELECT * FROM t LEFT JOIN u",
        "SELECT * FROM t AT (TIMESTAMP => 1)",
        "SELECT * FROM TABLE(f())",
        "SELECT * FROM t |> WHERE a",
        "FROM t",
        "FROM t SELECT a",
        "SELECT a REGEXP b",
        "SELECT a RLIKE b",
        "SELECT a DIV b",
        "SELECT a XOR b",
        "SELECT a == b",
        "SELECT a <=> b",
        "SELECT try_cast(a AS int)",
        "SELECT convert(a, char)",
        "SELECT [1, 2]",
        "SELECT {'a': 1}",
        "SELECT x -> x + 1 FROM (SELECT (x) -> x) t END",
        "SELECT `a`",
        "SELECT PRIOR a FROM t CONNECT BY PRIOR a = b",
        "SELECT a FROM t GROUP BY ALL",
        "SELECT a FROM t ORDER BY ALL",
        "SELECT 1 MINUS SELECT 2",
        "SELECT 1 UNION BY NAME SELECT 2",
        "INSERT t VALUES (1)",
        "INSERT IGNORE INTO t VALUES (1)",
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = 1",
        "INSERT INTO t SET a = 1",
        "INSERT OVERWRITE t VALUES (1)",
        "REPLACE INTO t VALUES (1)",
        "UPDATE t, u SET a = 1",
        "UPDATE t JOIN u ON true SET a = 1",
        "UPDATE t SET a = 1 LIMIT 1",
        "DELETE t FROM t",
        "DELETE t WHERE a = 1",
        "DELETE FROM t LIMIT 1",
        "SHOW TABLES",
        "SHOW GLOBAL search_path",
        "SHOW SESSION search_path",
        "SHOW search_path a",
        "SET GLOBAL a = 1",
        "SET @a = 1",
        "USE a",
        "KILL 1",
        "PRAGMA a",
        "DESCRIBE t",
        "EXPLAIN t",
        "BEGIN TRAN",
        "BEGIN IMMEDIATE",
        "BEGIN SELECT 1; END",
        "CREATE TABLE t LIKE u",
        "CREATE TABLE t CLONE u",
        "CREATE OR REPLACE TABLE t (a int)",
        "TRUNCATE TABLE IF EXISTS t",
    ] {
        refused(text);
    }
}

#[test]
fn a_type_before_a_string_is_a_cast_or_nothing() {
    // `pg_lsn '0/1'` is read as a column with an alias in quotes.
    refused("SELECT pg_lsn '0/1'");
    refused("SELECT inet '::1'");
    refused("SELECT date 5");
    refused("SELECT interval a DAY FROM t");
    refused("SELECT interval (SELECT a FROM secrets) DAY");
    let (target, _) = select("SELECT date '2020-01-01'");
    assert!(matches!(target, Some(Target::Expr(Expr::Cast(_, path), None)) if path == ["date"]));
}

#[test]
fn strings_are_cut_where_postgresql_cuts_them() {
    refused("SELECT U&\"x\"");
    refused("SELECT U&\"d!0061t\" UESCAPE '!'");
    refused("SELECT 'a'\n'b'");
    refused("SELECT 'a' 'b'");
    refused("SELECT 1a");
    refused("SELECT \"a\"\"b\" 'c'");
    let (target, _) = select("SELECT 'it''s; DROP TABLE t'");
    assert_eq!(
        target,
        Some(Target::Expr(
            Expr::Literal(Literal::string("it's; DROP TABLE t")),
            None
        ))
    );
    let (target, _) = select("SELECT E'\\'; DROP TABLE t --'");
    assert_eq!(
        target,
        Some(Target::Expr(Expr::Literal(Literal::String(None)), None))
    );
    let (target, _) = select("SELECT '\\'");
    assert_eq!(
        target,
        Some(Target::Expr(Expr::Literal(Literal::string("\\")), None))
    );
    assert_eq!(kinds("SELECT /* /* */ ; */ 1 -- ; DROP TABLE t").len(), 1);
}

#[test]
fn operators_run_into_a_sign_are_not_one_operator() {
    let mix = |text: &str| match select(text).0 {
        Some(Target::Expr(expr, None)) => expr,
        other => panic!("{text}: {other:?}"),
    };
    for operator in ["<", "+", "*"] {
        assert_eq!(
            mix(&format!("SELECT a{operator}-1")),
            mix(&format!("SELECT a {operator} - 1")),
            "{operator}"
        );
    }
    assert_eq!(mix("SELECT a=-1"), mix("SELECT a = - 1"));
    refused("SELECT a>=-1");
    refused("SELECT a OPERATOR(<-) b");
    refused("SELECT a OPERATOR(s.=) b");
    refused("SELECT a OPERATOR(\"pg_catalog\".=) b");
}

#[test]
fn functions_in_grouping_sets_are_not_rollup() {
    refused("SELECT a FROM t GROUP BY GROUPING SETS (rollup (a, b))");
    refused("SELECT a FROM t GROUP BY GROUPING SETS (cube (a), ())");
}

#[test]
fn functions_in_from_and_tables_everywhere_are_seen() {
    let (_, from) = select("SELECT * FROM unnest(ARRAY[1])");
    assert!(matches!(from.as_slice(), [FromItem::Function { .. }]));
    let (_, from) = select("SELECT * FROM secrets(1)");
    assert!(matches!(from.as_slice(), [FromItem::Function { .. }]));
    refused("SELECT * FROM current_date");
    refused("CREATE TABLE n AS TABLE secrets");
    refused("TABLE secrets");
}

#[test]
fn every_field_of_other_tools_rows_is_refused() {
    refused("SELECT t.$1 FROM t");
    refused("SELECT t.'a' FROM t");
    refused("SELECT ?");
    refused("SELECT :a");
    refused("SELECT 1 AS 'a'");
    refused("SELECT 'a' FROM t AS 'b'");
}

#[test]
fn ranges_point_at_the_statements_and_at_those_within() {
    let text = " SELECT 1 ;\nPREPARE p (int) AS /* x */ SELECT $1 ; EXPLAIN (ANALYZE, COSTS off) DELETE FROM t; COPY (SELECT 2) TO STDOUT";
    let statements = read(text).unwrap();
    let outer: Vec<&str> = statements.iter().map(|s| &text[s.range.clone()]).collect();
    assert_eq!(
        outer,
        [
            "SELECT 1",
            "PREPARE p (int) AS /* x */ SELECT $1",
            "EXPLAIN (ANALYZE, COSTS off) DELETE FROM t",
            "COPY (SELECT 2) TO STDOUT"
        ]
    );
    let inner: Vec<&str> = statements
        .iter()
        .filter_map(|s| match &s.kind {
            Kind::Prepare { inner, .. } | Kind::Explain { inner, .. } => Some(inner.range.clone()),
            Kind::Copy(copy) => match &copy.subject {
                crate::form::CopySubject::Statement(inner) => Some(inner.range.clone()),
                crate::form::CopySubject::Table(..) => None,
            },
            _ => None,
        })
        .map(|range| &text[range])
        .collect();
    assert_eq!(inner, ["SELECT $1", "DELETE FROM t", "SELECT 2"]);
}

#[test]
fn the_deepest_texts_that_pass_the_scanner_do_not_exhaust_the_stack() {
    let shapes: &[fn(usize) -> String] = &[
        |n| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n)),
        |n| format!("SELECT {}1{}", "f(".repeat(n), ")".repeat(n)),
        |n| format!("SELECT {}1{}", "ARRAY[".repeat(n), "]".repeat(n)),
        |n| {
            format!(
                "SELECT * FROM {}t{}",
                "(SELECT * FROM ".repeat(n),
                ") x".repeat(n)
            )
        },
        |n| format!("SELECT {}1 END", "CASE WHEN a THEN 1 ELSE ".repeat(n)),
        |n| format!("SELECT {}true", "NOT ".repeat(n)),
        |n| format!("SELECT {}1", "- ".repeat(n)),
        |n| format!("SELECT 1{}", " + 1".repeat(n)),
        |n| format!("SELECT a{}", "::int".repeat(n)),
        |n| format!("SELECT a{}", " IS NULL".repeat(n)),
        |n| format!("SELECT a{}", "[1]".repeat(n)),
        |n| format!("SELECT a{}", " COLLATE \"C\"".repeat(n)),
        |n| format!("SELECT true{}", " AND a = 1".repeat(n)),
        |n| format!("SELECT true{}", " OR a = 1".repeat(n)),
        |n| {
            format!(
                "SELECT * FROM t{}{}",
                " JOIN t".repeat(n),
                " ON true".repeat(n)
            )
        },
        |n| format!("SELECT 1{}", " UNION SELECT 1".repeat(n)),
        |n| format!("{}SELECT 1", "EXPLAIN ".repeat(n)),
        |n| format!("{}SELECT 1", "PREPARE a AS ".repeat(n)),
    ];
    for shape in shapes {
        for n in [10, 40, 60, 120, 500, 900, 9_000] {
            let text = shape(n);
            if crate::scan::scan(text.as_bytes(), true).is_ok() {
                let _ = read(&text);
            }
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn any_words_are_read_or_refused(words in proptest::collection::vec(prop_oneof![
        Just("SELECT"), Just("FROM"), Just("("), Just(")"), Just(","), Just("t"), Just("a"), Just("WHERE"), Just("="),
        Just("1"), Just("'x'"), Just("END"), Just("CASE"), Just("WITH"), Just("AS"), Just("INSERT INTO"), Just("VALUES"),
        Just("JOIN"), Just("ON"), Just("::"), Just("["), Just("]"), Just("."), Just("*"), Just("UNION"), Just("ONLY"),
        Just("SET"), Just("COPY"), Just("STDIN"), Just(";"), Just("ROW"), Just("ARRAY"), Just("NOT"), Just("$1"), Just("-"),
    ], 0..25)) {
        let _ = read(&words.join(" "));
    }
}
