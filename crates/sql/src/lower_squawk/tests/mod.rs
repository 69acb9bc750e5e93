//! What squawk's tree gets wrong, put right: one test a trap. (How both readers agree is tested in `agree`.)

mod objects;

use super::*;
use crate::form::{Body, Expr, FromItem, JoinKind, Kind, Literal, Query, Select, Target, Verb};

fn one(text: &str) -> Kind {
    let mut all = lower(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(all.len(), 1, "{text}");
    all.remove(0).kind
}

fn query(text: &str) -> Query {
    match one(text) {
        Kind::Query(query) => query,
        other => panic!("{text}: {other:?}"),
    }
}

fn select(text: &str) -> Select {
    match query(text).body {
        Body::Select(select) => *select,
        other => panic!("{text}: {other:?}"),
    }
}

/// The one expression of `SELECT …`.
fn expr(text: &str) -> Expr {
    match select(&format!("SELECT {text}")).targets.as_slice() {
        [Target::Expr(expr, None)] => expr.clone(),
        other => panic!("{text}: {other:?}"),
    }
}

fn refused(text: &str) -> String {
    match lower(text) {
        Err(error) => error.to_string(),
        Ok(read) => panic!("{text}: {read:?}"),
    }
}

fn column(name: &str) -> Expr {
    Expr::Column(vec![name.to_owned()])
}

#[test]
fn with_belongs_to_the_whole_union() {
    let read = query("WITH a AS (SELECT 1) SELECT x FROM a UNION SELECT y FROM b ORDER BY 1");
    assert_eq!(read.with.tables.len(), 1);
    assert_eq!(read.order_by.len(), 1);
    match &read.body {
        Body::Set { operands, .. } => {
            assert!(
                operands.iter().all(|o| matches!(o, Body::Select(_))),
                "{operands:?}"
            );
        }
        other => panic!("{other:?}"),
    }
    let nested = query("(WITH a AS (SELECT 1) SELECT x FROM a) UNION SELECT 1");
    assert!(nested.with.tables.is_empty());
    let inner = query("(WITH a AS (SELECT 1) SELECT x FROM a LIMIT 1)");
    assert_eq!((inner.with.tables.len(), inner.limits.len()), (1, 1));
}

#[test]
fn operators_may_have_a_schema() {
    let operator = Expr::Operator(vec!["s".into(), "=".into()]);
    assert_eq!(
        expr("a OPERATOR(s.=) b"),
        Expr::Mix(vec![column("a"), operator, column("b")])
    );
    assert!(matches!(expr("a OPERATOR(=) b"), Expr::Mix(_)));
    assert_eq!(
        expr("a OPERATOR(\"S\".!=) ANY (b)"),
        Expr::Mix(vec![
            column("a"),
            Expr::Operator(vec!["S".into(), "<>".into()]),
            column("b")
        ])
    );
}

#[test]
fn default_is_no_constant() {
    match one("INSERT INTO t VALUES (DEFAULT, NULL)") {
        Kind::Insert(insert) => assert_eq!(
            insert.source.map(|source| source.body),
            Some(Body::Values(vec![vec![
                Expr::Default,
                Expr::Literal(Literal::Null)
            ]]))
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn is_unknown_names_nothing() {
    for text in [
        "a IS UNKNOWN",
        "a IS NOT UNKNOWN",
        "a IS DOCUMENT",
        "a IS NULL",
        "a ISNULL",
        "a IS NFC NORMALIZED",
    ] {
        assert_eq!(expr(text), Expr::Mix(vec![column("a")]), "{text}");
    }
    assert_eq!(expr("unknown"), column("unknown"));
}

#[test]
fn the_form_of_normalize_is_a_word() {
    for text in ["normalize(a, NFC)", "normalize(a)"] {
        match expr(text) {
            Expr::Call(call) => assert_eq!(call.args, [column("a")], "{text}"),
            other => panic!("{other:?}"),
        }
    }
}

fn joins(item: &FromItem) -> String {
    match item {
        FromItem::Relation { name, .. } => name.join("."),
        FromItem::Join {
            left,
            right,
            kind,
            on,
            using,
            natural,
            ..
        } => {
            let word = match (kind, natural) {
                (JoinKind::Inner, true) => "natural",
                (JoinKind::Inner, false) if on.is_none() && using.is_empty() => "cross",
                (JoinKind::Inner, false) => "join",
                (JoinKind::Left, _) => "left",
                _ => "other",
            };
            format!("({} {word} {})", joins(left), joins(right))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn chains_without_conditions_nest_to_the_left() {
    let table = [
        ("a CROSS JOIN b CROSS JOIN c", "((a cross b) cross c)"),
        (
            "a NATURAL JOIN b NATURAL JOIN c",
            "((a natural b) natural c)",
        ),
        (
            "a CROSS JOIN b NATURAL JOIN c JOIN d ON true",
            "(((a cross b) natural c) join d)",
        ),
        ("a CROSS JOIN b JOIN c ON true", "((a cross b) join c)"),
        (
            "a JOIN b ON true CROSS JOIN c LEFT JOIN d USING (x)",
            "(((a join b) cross c) left d)",
        ),
        ("a JOIN b JOIN c ON true ON true", "(a join (b join c))"),
        ("a JOIN b CROSS JOIN c ON true", "(a join (b cross c))"),
        (
            "a JOIN b CROSS JOIN c JOIN d ON true ON true",
            "(a join ((b cross c) join d))",
        ),
        ("a CROSS JOIN (b CROSS JOIN c)", "(a cross (b cross c))"),
        (
            "a CROSS JOIN (b JOIN c ON true) CROSS JOIN d",
            "((a cross (b join c)) cross d)",
        ),
        (
            "(a CROSS JOIN b) CROSS JOIN c CROSS JOIN d",
            "(((a cross b) cross c) cross d)",
        ),
    ];
    for (text, expected) in table {
        let select = select(&format!("SELECT FROM {text}"));
        assert_eq!(joins(&select.from[0]), expected, "{text}");
    }
}

#[test]
fn words_that_are_calls_are_no_tables() {
    let select = select("SELECT FROM current_date d, LOCALTIME, \"current_date\", x.current_date");
    let calls: Vec<bool> = select
        .from
        .iter()
        .map(|item| matches!(item, FromItem::Function { .. }))
        .collect();
    assert_eq!(calls, [true, true, false, false]);
    assert!(matches!(expr("current_user"), Expr::Call(_)));
    assert_eq!(expr("\"current_user\""), column("current_user"));
}

#[test]
fn precedence_is_the_servers() {
    // Left and right are the same expression to PostgreSQL.
    let same = [
        ("a BETWEEN b AND c OR d", "(a BETWEEN b AND c) OR d"),
        ("a BETWEEN b + 1 AND c = d", "(a BETWEEN (b + 1) AND c) = d"),
        (
            "a NOT BETWEEN 1 AND 2 AND c BETWEEN 3 AND 4",
            "(a NOT BETWEEN 1 AND 2) AND (c BETWEEN 3 AND 4)",
        ),
        ("a BETWEEN b = c AND d", "a BETWEEN (b = c) AND d"),
        ("a IS NULL = b", "(a IS NULL) = b"),
        ("a = b ISNULL", "(a = b) ISNULL"),
        ("a = b IS NULL", "(a = b) IS NULL"),
        (
            "a = b IS DISTINCT FROM c = d",
            "(a = b) IS DISTINCT FROM (c = d)",
        ),
        ("a -> 'b' = 'c'", "(a -> 'b') = 'c'"),
        ("a = b -> 'c'", "a = (b -> 'c')"),
        ("a = b + c AND d", "(a = (b + c)) AND d"),
        ("NOT a = b", "NOT (a = b)"),
        ("NOT a IN (1, 2) OR b", "(NOT (a IN (1, 2))) OR b"),
        ("NOT a AND b", "(NOT a) AND b"),
        ("- a = b", "(- a) = b"),
        ("@ a + b = c", "(@ (a + b)) = c"),
        ("a LIKE b || c = d", "(a LIKE (b || c)) = d"),
        ("a IN (1) = b", "(a IN (1)) = b"),
        ("a = b AT TIME ZONE c", "a = (b AT TIME ZONE c)"),
        ("a OR b AND c", "a OR (b AND c)"),
        (
            "a < b AND c >= d OR e <> f",
            "((a < b) AND (c >= d)) OR (e <> f)",
        ),
        ("a = ANY (b) AND c", "(a = ANY (b)) AND c"),
        ("a LIKE b ESCAPE c AND d", "(a LIKE b ESCAPE c) AND d"),
        ("a::int = b", "(a::int) = b"),
    ];
    for (text, meant) in same {
        assert_eq!(expr(text), expr(meant), "{text}");
    }
}

#[test]
fn in_and_any() {
    let list = |parts: &[Expr]| Expr::In(Box::new(column("a")), parts.to_vec());
    assert_eq!(expr("a IN (b)"), list(&[column("b")]));
    assert_eq!(expr("a = ANY (b)"), list(&[column("b")]));
    assert_eq!(expr("a IN (b, c)"), list(&[column("b"), column("c")]));
    assert_eq!(
        expr("a NOT IN (b)"),
        Expr::Not(Box::new(list(&[column("b")])))
    );
    for text in [
        "a IN (SELECT 1)",
        "a IN ((SELECT 1))",
        "a = ANY (SELECT 1)",
        "a = SOME ((SELECT 1))",
    ] {
        assert!(matches!(expr(text), Expr::InQuery(..)), "{text}");
    }
    for text in [
        "a = ALL (SELECT 1)",
        "a > ANY (SELECT 1)",
        "a > ALL (b)",
        "a OPERATOR(pg_catalog.=) ANY (b)",
    ] {
        assert!(matches!(expr(text), Expr::Mix(_)), "{text}");
    }
}

#[test]
fn names_are_folded_and_unquoted() {
    let select = select("SELECT Foo, \"Foo\", \"a\"\"b\", ÄB FROM S.\"T\"");
    let names: Vec<Expr> = ["foo", "Foo", "a\"b", "Äb"].map(column).into();
    let read: Vec<Expr> = select
        .targets
        .into_iter()
        .map(|target| match target {
            Target::Expr(expr, None) => expr,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(read, names);
    assert!(matches!(&select.from[0], FromItem::Relation { name, .. } if *name == ["s", "T"]));
    let long = "x".repeat(70);
    assert_eq!(expr(&long), column(&long[..63]));
}

#[test]
fn errors_are_asked_for() {
    for text in [
        "SELECT 1 FROM",
        "SELECT 'a' 'b'",
        "SELEC 1",
        "SELECT 1 year",
        "SELECT * FROM t WHERE",
        ")",
    ] {
        refused(text);
    }
}

#[test]
fn what_is_not_accounted_for_is_refused() {
    // A tree in which something was claimed by nothing, or twice.
    let parse = SourceFile::parse("SELECT a, 1 FROM year");
    let statement = parse.tree().stmts().next().unwrap();
    let settle = |skip: Option<&str>, double: bool| {
        let mut ledger = Ledger::default();
        for element in statement.syntax().descendants_with_tokens() {
            if let Some(token) = element.as_token().filter(|t| Some(t.text()) != skip) {
                ledger.claim(token);
            }
        }
        if double {
            ledger.syntax(statement.syntax());
        }
        ledger
            .settle(statement.syntax())
            .map_err(|error| error.to_string())
    };
    assert_eq!(settle(None, false), Ok(()));
    assert_eq!(
        settle(Some("a"), false),
        Err("identifier not accounted for".into())
    );
    assert_eq!(
        settle(Some("year"), false),
        Err("a key word as a name not accounted for".into())
    );
    assert_eq!(
        settle(Some("1"), false),
        Err("a constant not accounted for".into())
    );
    assert!(settle(None, true).is_err());
}

#[test]
fn a_bad_body_of_a_routine_does_not_hide_the_routine() {
    for text in [
        "CREATE FUNCTION s.f() RETURNS int LANGUAGE plpgsql AS $$ this is no plpgsql $$",
        "CREATE FUNCTION s.f() RETURNS int LANGUAGE sql AS 'selec 1'",
    ] {
        match one(text) {
            Kind::Define(define) => {
                assert_eq!(
                    (define.verb, define.names),
                    (Verb::Create, vec![vec!["s".into(), "f".into()]])
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(one("DO $$ nonsense here $$"), Kind::Do);
}

#[test]
fn tokens_are_cut_as_the_server_does() {
    refused("SELECT 1\u{a0}FROM t");
    assert!(lower("SELECT a:b FROM t").is_err());
    lower("SELECT f(a:=-1), a[1:2], a::int, 1.5e3, .5").unwrap();
    lower("SELECT 'a'\n\t'b', E'a'\n'b', U&'a' UESCAPE '!', $a$b$a$").unwrap();
}
