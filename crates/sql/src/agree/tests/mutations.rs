//! Honest statements with tokens left out, put in and changed places.
//!
//! What holds for every one of them is tested here. Whether the server sees a relation that the form does not is asked of
//! a real PostgreSQL by the ignored test: `TOLLGATE_TEST_PG='host=… user=… dbname=…' cargo test -p sql -- --ignored`.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::scan::{Kind as Piece, Lexer};

/// Words that readers trip over.
const WORDS: &[&str] = &[
    "END",
    "INTO",
    "ONLY",
    "COLLATE",
    "FOR",
    "UPDATE",
    "TABLE",
    "WITH",
    "AS",
    "FROM",
    "WHERE",
    "UNION",
    "ALL",
    "VALUES",
    "SELECT",
    "LATERAL",
    "ROWS",
    "CROSS JOIN",
    "NATURAL JOIN",
    "JOIN",
    "ON",
    "USING",
    "TOP",
    "FINAL",
    "QUALIFY",
    "SAMPLE",
    "TABLESAMPLE",
    "WINDOW",
    "OVER",
    "FILTER",
    "IS",
    "NOT",
    "NULL",
    "UNKNOWN",
    "BETWEEN",
    "AND",
    "OR",
    "IN",
    "EXISTS",
    "ANY",
    "ARRAY",
    "ROW",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "CAST",
    "INTERVAL",
    "DATE",
    "LIMIT",
    "OFFSET",
    "FETCH FIRST ROW",
    "ORDER BY",
    "GROUP BY",
    "DISTINCT",
    "RETURNING",
    "DEFAULT",
    "SET",
    "secrets",
    "secrets.a",
    "(SELECT a FROM secrets)",
    "leak(1)",
    ", secrets",
    "s",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "*",
    "=",
    "-",
    "::",
    "::secrets",
    "->",
    "'x'",
    "1",
    "$1",
    "\"x\"",
    "U&\"secrets\"",
    "E'\\''",
    ";",
    "--\n",
    "/**/",
    "'a'\n'b'",
    "OPERATOR(pg_catalog.=)",
    "ISNULL",
    "current_date",
    "SYMMETRIC",
    "EXCEPT",
    "INTERSECT",
    "PARTITION",
    "LIKE",
    "AT TIME ZONE",
];

#[derive(Debug, Clone)]
enum Change {
    Leave(usize),
    Put(usize, usize),
    Swap(usize, usize),
    Twice(usize),
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let place = 0..200_usize;
    let change = prop_oneof![
        place.clone().prop_map(Change::Leave),
        (place.clone(), 0..WORDS.len()).prop_map(|(at, word)| Change::Put(at, word)),
        (place.clone(), 0..WORDS.len()).prop_map(|(at, word)| Change::Put(at, word)),
        (place.clone(), place.clone()).prop_map(|(a, b)| Change::Swap(a, b)),
        place.prop_map(Change::Twice),
    ];
    prop::collection::vec(change, 1..4)
}

fn mutated(text: &str, changes: &[Change]) -> String {
    let mut tokens = Vec::new();
    let mut lexer = Lexer::new(text.as_bytes(), true);
    while let Ok(Some(token)) = lexer.next() {
        if !matches!(token.kind, Piece::Space | Piece::Comment) {
            tokens.push(text[token.start..token.end].to_owned());
        }
    }
    for change in changes {
        let n = tokens.len().max(1);
        match change {
            Change::Leave(at) if !tokens.is_empty() => drop(tokens.remove(at % n)),
            Change::Put(at, word) => {
                tokens.insert(at % (tokens.len() + 1), WORDS[*word].to_owned())
            }
            Change::Swap(a, b) if !tokens.is_empty() => tokens.swap(a % n, b % n),
            Change::Twice(at) if !tokens.is_empty() => {
                tokens.insert(at % n, tokens[at % n].clone())
            }
            _ => {}
        }
    }
    tokens.join(" ")
}

/// Queries and writes: of these the server can be asked.
fn seeds() -> Vec<String> {
    honest()
        .into_iter()
        .filter(|(section, text)| section != "utility" && !text.starts_with("EXPLAIN"))
        .map(|(_, text)| text)
        .collect()
}

proptest! {
    #![proptest_config(Config { cases: 1_500, failure_persistence: None, ..Config::default() })]

    /// No text panics; every byte belongs to a reading or to nothing; what is claimed by both is one statement.
    #[test]
    fn mutations_are_read_or_refused(seed in 0..10_000_usize, changes in changes()) {
        let honest = honest();
        let text = mutated(&honest[seed % honest.len()].1, &changes);
        if let Ok(scan) = crate::scan::scan(text.as_bytes(), true) {
            let readings = stacker::grow(16 << 20, || read(&text, &scan));
            prop_assert!(readings.len() == scan.statements.len() || readings.len() == 1);
            for reading in &readings {
                prop_assert!(text.get(reading.range.clone()).is_some());
                if !matches!(reading.agreement, Agreement::Neither(_)) {
                    prop_assert_eq!(&reading.range, &reading.statement.range);
                }
            }
        }
    }
}

/// The relations, columns and functions that PostgreSQL finds in a query or write, by making a view or a rule of it.
const SERVER: &str = r#"
CREATE OR REPLACE FUNCTION pg_temp.found(statement text) RETURNS text LANGUAGE plpgsql AS $f$
DECLARE result text;
BEGIN
  BEGIN
    IF statement ~* '^\W*(select|values|table|with)' THEN
      BEGIN
        EXECUTE 'CREATE VIEW probe.v AS ' || statement;
      EXCEPTION WHEN duplicate_column OR invalid_table_definition THEN
        EXECUTE 'CREATE VIEW probe.v AS SELECT 1 FROM (' || statement || E'\n) q';
      END;
    ELSE
      EXECUTE 'CREATE RULE v AS ON INSERT TO probe.dummy DO INSTEAD ' || statement;
    END IF;
    SELECT string_agg(DISTINCT item, ' ') INTO result FROM (
      SELECT CASE WHEN d.refclassid = 'pg_proc'::regclass THEN 'f:' || p.proname
                  WHEN d.refobjsubid > 0 THEN 'r:' || c.relname || ' c:' || a.attname
                  ELSE 'r:' || c.relname END AS item
      FROM pg_depend d JOIN pg_rewrite w ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
      LEFT JOIN pg_class c ON d.refclassid = 'pg_class'::regclass AND c.oid = d.refobjid
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
      LEFT JOIN pg_proc p ON d.refclassid = 'pg_proc'::regclass AND p.oid = d.refobjid
      WHERE (w.ev_class = to_regclass('probe.v') OR w.ev_class = 'probe.dummy'::regclass)
        AND (c.oid IS NOT NULL AND c.relkind <> 'c' AND c.relname NOT IN ('v', 'dummy') OR p.oid IS NOT NULL)) x;
    RAISE EXCEPTION USING ERRCODE = 'ZZ001', MESSAGE = coalesce(result, '-');
  EXCEPTION WHEN SQLSTATE 'ZZ001' THEN RETURN SQLERRM;
            WHEN OTHERS THEN RETURN NULL;
  END;
END $f$;
"#;

const SCHEMA: &str = "
DROP SCHEMA IF EXISTS probe CASCADE; CREATE SCHEMA probe; SET search_path = probe, public;
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE addr AS (street text, city text);
CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, name text, mood text, home addr, tags text[], data jsonb, created_at timestamptz, total numeric, note text, a int, b int, x int);
CREATE TABLE orders (id int, customer_id int, total numeric, note text, placed date, a int, b int);
CREATE TABLE parts (id int, v text); CREATE TABLE secrets (a int, s text, id int); CREATE TABLE dummy (z int);
CREATE TABLE a (x int, y int, a int); CREATE TABLE b (x int, y int); CREATE TABLE c (x int, y int); CREATE TABLE d (x int, y int); CREATE TABLE e (x int);
CREATE TABLE t (a int, b int, c int, d int, x xml); CREATE TABLE u (a int, c int);
CREATE FUNCTION leak(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION add(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE order_no;
";

#[test]
#[ignore = "asks a PostgreSQL named in TOLLGATE_TEST_PG"]
fn the_server_sees_nothing_that_the_form_does_not() {
    let server = std::env::var("TOLLGATE_TEST_PG").unwrap();
    let count: usize =
        std::env::var("TOLLGATE_TEST_MUTATIONS").map_or(20_000, |n| n.parse().unwrap());
    let seeds = seeds();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        match std::env::var("TOLLGATE_TEST_SEED") {
            Ok(seed) => TestRng::from_seed(RngAlgorithm::ChaCha, &seed.repeat(32).as_bytes()[..32]),
            Err(_) => TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        },
    );
    let strategy = (0..seeds.len(), changes());
    let mut texts: Vec<String> = seeds.clone();
    while texts.len() < count {
        let (seed, changes) = strategy.new_tree(&mut runner).unwrap().current();
        let text = mutated(&seeds[seed], &changes);
        if crate::scan::scan(text.as_bytes(), true).is_ok() && !text.contains('\0') {
            texts.push(text);
        }
    }

    let answers = ask(&server, &texts);
    assert_eq!(answers.len(), texts.len());
    let (mut hidden, mut figures) = (Vec::new(), BTreeMap::new());
    for (text, answer) in texts.iter().zip(&answers) {
        let Some(answer) = answer else { continue };
        let readings = readings(text);
        let all = readings
            .iter()
            .map(|reading| (reading, Named::of(&reading.statement)));
        let mut named = Named::default();
        let mut word = "";
        for (reading, one) in all {
            word = match reading.agreement {
                Agreement::Both => "both",
                Agreement::SquawkOnly => "squawk only",
                Agreement::Disagree(_) => "disagree",
                Agreement::Neither(_) => "neither",
            };
            named.relations.extend(one.relations);
            named.functions.extend(one.functions);
            named.columns.extend(one.columns);
            named.stars |= one.stars;
        }
        *figures.entry(word).or_insert(0) += 1;
        if word == "neither" {
            continue;
        }
        for item in answer.split(' ') {
            let seen = match item.split_once(':') {
                // What a reg* constant names is found later, from its value.
                Some(("r", name)) => {
                    named.relations.contains(name) || text.contains(&format!("'{name}'"))
                }
                Some(("f", name)) => named.functions.contains(name) || named.columns.contains(name),
                Some(("c", name)) => {
                    named.stars || named.columns.contains(name) || whole_row(&named)
                }
                _ => true,
            };
            if !seen {
                hidden.push(format!("{word}: {item} hidden in {text}"));
            }
        }
    }
    eprintln!("{figures:?}; {} texts", texts.len());
    assert!(
        hidden.is_empty(),
        "{} hidden:\n{}",
        hidden.len(),
        hidden.join("\n")
    );
}

/// A relation's or alias's name used as a value stands for all its columns; [`Named`] cannot tell.
fn whole_row(named: &Named) -> bool {
    named
        .relations
        .iter()
        .any(|name| named.columns.contains(name))
}

/// The server's answers, in order; none where it takes the statement for an error.
fn ask(server: &str, texts: &[String]) -> Vec<Option<String>> {
    let mut psql = Command::new("psql")
        .args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-P",
            "null=~",
            "-d",
            server,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = psql.stdin.take().unwrap();
    let script: String = texts
        .iter()
        .map(|text| format!("SELECT pg_temp.found($TOLLGATE${text}$TOLLGATE$);\n"))
        .collect();
    let script = format!("SET client_min_messages = error;\n{SCHEMA}{SERVER}{script}");
    let writer = std::thread::spawn(move || input.write_all(script.as_bytes()).unwrap());
    let output = psql.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| (line != "~").then(|| line.to_owned()))
        .collect()
}
