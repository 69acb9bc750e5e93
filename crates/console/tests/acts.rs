//! What a DBA does: each verb once for each row of each statement, and never otherwise. Through the real psql.

#![allow(clippy::unwrap_used)]

mod support;

use journal::HoldState;
use support::{Console, VERIFIER, hold};

fn state(c: &Console, id: u64) -> HoldState {
    c.desk.store_for_tests().hold(id).unwrap().unwrap().state
}

#[tokio::test(flavor = "multi_thread")]
async fn commands() {
    let c = Console::start().await;
    assert_eq!(c.rows("APPROVE 1 'looks fine';\n").await, "hold 1 approved");
    assert_eq!(
        c.rows("REJECT 2 'use CONCURRENTLY';\n").await,
        "hold 2 rejected"
    );
    assert_eq!(
        c.rows("TERMINATE 7;\nRELOAD;\n").await,
        "session 7 ended\n1 policy, 1 label"
    );
    assert_eq!(
        c.rows("GRANT ACCESS TO 'bob@example.com' AGENT cursor DATABASE shop ROLE reader FOR '8h' PURPOSE 'x';\n").await,
        "postgres://cursor.x:secret@127.0.0.1:6432/shop"
    );
    assert_eq!(
        c.rows("REVOKE ACCESS 'claude-code.k7f3q2';\n").await,
        "claude-code.k7f3q2 revoked"
    );
    assert!(
        c.rows("EXPLAIN POLICY shop reader 'select 1';\n")
            .await
            .contains("\"verdict\": \"allow\"")
    );
    assert_eq!(
        c.desk.asked(),
        [
            "approve 1 looks fine",
            "reject 2 use CONCURRENTLY",
            "terminate 7",
            "reload",
            "grant GrantRequest { user: \"bob@example.com\", agent: \"cursor\", database: \"shop\", roles: [\"reader\"], \
             ttl_us: 28800000000, purpose: Some(\"x\") } by dana",
            "revoke claude-code.k7f3q2",
            "explain shop reader select 1",
        ]
    );
    assert_eq!(
        c.rows(
            "SELECT id, state, decided_by, why FROM holds WHERE decided IS NOT NULL ORDER BY id;\n"
        )
        .await,
        "1|approved|dana|looks fine\n2|rejected|dana|use CONCURRENTLY"
    );
    assert_eq!(c.rows("SELECT state FROM grants;\n").await, "revoked");
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_act_once_a_row() {
    let c = Console::start().await;
    c.desk
        .store_for_tests()
        .create_hold(hold("bob@example.com", "DROP TABLE x"))
        .unwrap();
    // WHERE, ORDER BY and LIMIT have their say first; what stands beside the verb is from before it acted.
    assert_eq!(
        c.rows(
            "SELECT id, approve(id, 'batch ' || id) AS done, state FROM holds \
             WHERE statement LIKE 'ALTER%' OR statement LIKE 'DROP%' ORDER BY id DESC LIMIT 2;\n"
        )
        .await,
        "4|hold 4 approved|held\n2|hold 2 approved|held"
    );
    assert_eq!(c.desk.asked(), ["approve 4 batch 4", "approve 2 batch 2"]);
    assert_eq!(c.rows("SELECT reload();\n").await, "1 policy, 1 label");
    assert_eq!(
        c.rows("SELECT approve(id, 'none') FROM held WHERE false;\n")
            .await,
        ""
    );
    // \gexec: a statement a row, as text.
    assert_eq!(
        c.rows("SELECT format('REJECT %s %L', id, 'it''s late') FROM held WHERE id = 1 \\gexec\n")
            .await,
        "hold 1 rejected"
    );
    assert_eq!(c.desk.asked().last().unwrap(), "reject 1 it's late");
    assert_eq!(c.desk.asked().len(), 4);
    // \gset and :variables.
    assert_eq!(
        c.rows("SELECT max(id) AS n FROM holds \\gset\nSELECT :n, :'n';\n")
            .await,
        "4|4"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acts_anywhere_else() {
    let c = Console::start().await;
    for statement in [
        "SELECT 1 WHERE approve(1, 'x') = 'y'",
        "SELECT approve(1, 'x') || '!'",
        "SELECT upper(approve(1, 'x'))",
        "SELECT CASE WHEN true THEN approve(1, 'x') END",
        "SELECT coalesce(NULL, approve(1, 'x'))",
        "SELECT (SELECT approve(1, 'x'))",
        "SELECT * FROM (SELECT approve(1, 'x')) s",
        "WITH s AS (SELECT approve(1, 'x')) SELECT 1",
        "SELECT * FROM approve(1, 'x')",
        "SELECT approve(1, 'x') UNION SELECT 'a'",
        "SELECT 'a' UNION SELECT approve(1, 'x')",
        "SELECT DISTINCT approve(1, 'x')",
        "SELECT approve(1, 'x') GROUP BY 1",
        "SELECT approve(max(id), 'x') FROM held GROUP BY agent",
        "SELECT id FROM held ORDER BY approve(id, 'x')",
        "SELECT approve(id, 'x') FROM held ORDER BY 1",
        "SELECT 1 LIMIT length(approve(1, 'x'))",
        "VALUES (approve(1, 'x'))",
        "SELECT count(*) FILTER (WHERE approve(1, 'x') = '') FROM held",
        "SELECT lag(approve(1, 'x')) OVER () FROM held",
        "SELECT 1 WHERE EXISTS (SELECT approve(1, 'x'))",
        "SELECT approve(approve(1, 'x')::int8, 'x')",
        "(SELECT approve(1, 'x'))",
        "SELECT replay(1)",
        "APPROVE SESSION 7 FOR '30 minutes' 'release'",
    ] {
        let error = c.error(&format!("{statement};\n")).await;
        assert!(error.starts_with("ERROR:  "), "{statement}: {error}");
        assert!(
            error.contains("0A000") || error.contains("42601"),
            "{statement}: {error}"
        );
    }
    for (statement, code) in [
        ("SELECT approve('x', 'y')", "22P02"),
        ("SELECT approve()", "42883"),
        ("SELECT approve(1, 'x', 'y')", "42883"),
        ("SELECT approve(NULL, 'x')", "22004"),
        ("SELECT approve(0, 'x')", "22023"),
        ("SELECT approve(id, 'x') FROM nowhere", "42P01"),
        ("APPROVE 99 'x'", "42704"),
        ("APPROVE 3 'my own'", "42501"),
        (
            "GRANT ACCESS TO a AGENT b DATABASE c ROLE d FOR 'ever'",
            "22007",
        ),
        ("REVOKE ACCESS 'nobody.x'", "42704"),
        ("DELETE FROM held", "25006"),
        ("COPY held TO STDOUT", "0A000"),
        ("SELECT verifier FROM grants", "42703"),
    ] {
        let error = c.error(&format!("{statement};\n")).await;
        assert!(
            error.contains(&format!("ERROR:  {code}: ")),
            "{statement}: {error}"
        );
    }
    assert_eq!(c.desk.asked(), ["revoke nobody.x"]);
    assert_eq!(state(&c, 1), HoldState::Held);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_anywhere_means_nothing_was_done() {
    let c = Console::start().await;
    // One text, a mistake in its second statement.
    let (_, err, ok) = c
        .psql_as("dana", &["-At", "-c", "APPROVE 1 'x'; SELEC 1"], "")
        .await;
    assert!(!ok && err.contains("syntax error"), "{err}");
    // A row that cannot be approved stands against all rows.
    let error = c
        .error("SELECT approve(id, 'all') FROM held ORDER BY id;\n")
        .await;
    assert!(
        error.contains("42501") && error.contains("your own request"),
        "{error}"
    );
    // psql asks what a statement would return, without running it.
    let shown = c
        .page("SELECT approve(1, 'x') AS a, id FROM held \\gdesc\n")
        .await;
    assert!(
        shown.contains(" a      | text") && shown.contains(" id     | bigint"),
        "{shown}"
    );
    assert!(c.desk.asked().is_empty());
    // One text that is right acts in order.
    assert_eq!(
        c.psql_as("dana", &["-At", "-c", "APPROVE 1 'x'; REJECT 2 'y'"], "")
            .await
            .0,
        "hold 1 approved\nhold 2 rejected\n"
    );
    // The desk refuses the second of two: what was done before is said.
    c.desk
        .store_for_tests()
        .create_hold(hold("bob@example.com", "DROP TABLE y"))
        .unwrap();
    let error = c.error("SELECT approve(4, 'a'), approve(4, 'b');\n").await;
    assert!(
        error.contains("DETAIL:  1 of 2 were done before, and stay done."),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not() {
    let c = Console::start().await;
    let (_, err, _) = c
        .psql_as("intern", &["-At"], "APPROVE 1 'x';\nREJECT 1 'x';\n")
        .await;
    assert_eq!(
        err.matches("hold 1 is for role dba to decide").count(),
        2,
        "{err}"
    );
    // Her own request she may take back by rejecting it, not approve.
    assert_eq!(
        c.rows("REJECT 3 'changed my mind';\n").await,
        "hold 3 rejected"
    );
    assert_eq!(c.desk.asked().len(), 1);
    // Decided is decided.
    let error = c.error("REJECT 3 'again';\n").await;
    assert!(
        error.contains("55000") && error.contains("already rejected"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_are_reported_truthfully() {
    let c = Console::start().await;
    let (out, err, _) = c
        .psql_as(
            "dana",
            &["-At", "-v", "PROMPT1=", "-v", "ON_ERROR_STOP=0"],
            "BEGIN;\nAPPROVE 1 'x';\nROLLBACK;\nSELECT state FROM holds WHERE id = 1;\n\
             BEGIN;\nSELECT nothing;\nSELECT 1;\nCOMMIT;\nCOMMIT;\n\
             BEGIN; SAVEPOINT a; SELECT nope; ROLLBACK TO a; SELECT 5; COMMIT;\n",
        )
        .await;
    assert!(
        out.contains("BEGIN\nhold 1 approved\nROLLBACK\napproved\n"),
        "{out}"
    );
    assert!(out.contains("BEGIN\nROLLBACK\nCOMMIT\n"), "{out}");
    assert!(out.ends_with("ROLLBACK\n5\nCOMMIT\n"), "{out}");
    assert!(
        err.contains("WARNING:  what was approved, rejected, granted, revoked or ended"),
        "{err}"
    );
    assert!(err.contains("current transaction is aborted"), "{err}");
    assert!(err.contains("there is no transaction in progress"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_verifier_is_shown() {
    let c = Console::start().await;
    let mut all = String::new();
    for relation in [
        "held",
        "holds",
        "sessions",
        "statements",
        "grants",
        "databases",
        "policies",
        "labels",
        "macros",
        "pg_roles",
        "pg_settings",
    ] {
        all.push_str(&c.rows(&format!("TABLE {relation};\n")).await);
    }
    assert!(
        !all.contains("SCRAM") && !all.contains(&VERIFIER[20..40]),
        "{all}"
    );
}
