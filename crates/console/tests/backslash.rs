//! psql 15's own commands, and the macros that the console sends it.

#![allow(clippy::unwrap_used)]

mod support;

use support::Console;

#[tokio::test(flavor = "multi_thread")]
async fn describing() {
    let c = Console::start().await;
    let relations = c.page("\\dt\n").await;
    for name in [
        "held",
        "holds",
        "sessions",
        "statements",
        "grants",
        "databases",
        "policies",
        "labels",
        "macros",
    ] {
        assert!(
            relations.contains(&format!(" public | {name} ")),
            "{relations}"
        );
    }
    assert_eq!(relations, c.page("\\d\n").await);
    let held = c.page("\\d held\n").await;
    assert!(held.contains("Table \"public.held\""), "{held}");
    assert!(held.contains(" id          | bigint "), "{held}");
    assert!(
        held.contains(" created     | timestamp with time zone "),
        "{held}"
    );
    assert!(held.contains(" needs       | text[] "), "{held}");
    let more = c.page("\\d+ held\n\\dt+ held\n").await;
    assert!(
        more.contains("how long it has waited")
            && more.contains("statements that wait for a decision now")
    );
    let databases = c.page("\\l\n\\l+\n").await;
    assert!(
        databases.contains(" shop     | tollgate | UTF8 "),
        "{databases}"
    );
    let roles = c.page("\\du\n\\dg\n").await;
    assert!(
        roles.contains(" dana      |              | {dba}"),
        "{roles}"
    );
    let functions = c.page("\\df\n\\df+ approve\n").await;
    assert!(
        functions.contains(" public | approve        | text "),
        "{functions}"
    );
    assert!(
        functions.contains("hold bigint, why text DEFAULT NULL"),
        "{functions}"
    );
    assert!(c.page("\\dn\n").await.contains(" public | tollgate"));
    assert!(
        c.page("\\conninfo\n")
            .await
            .contains("database \"tollgate\" as user \"dana\"")
    );
    for quiet in [
        "\\dp",
        "\\z held",
        "\\dx",
        "\\dT",
        "\\dD",
        "\\db",
        "\\dp grants",
        "\\dt pg_catalog.*",
        "\\dtS",
        "\\encoding",
    ] {
        c.page(&format!("{quiet}\n")).await;
    }
    for nothing in ["\\dv", "\\di", "\\ds", "\\dm", "\\drds"] {
        let (_, err, _) = c.psql_as("dana", &[], &format!("{nothing}\n")).await;
        assert!(err.starts_with("Did not find any "), "{nothing}: {err}");
    }
    let (_, err, _) = c.psql_as("dana", &[], "\\d nothing\n").await;
    assert!(
        err.starts_with("Did not find any relation named \"nothing\""),
        "{err}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn showing() {
    let c = Console::start().await;
    let wide = c
        .page("\\x\nSELECT id, statement FROM held WHERE id = 1;\n")
        .await;
    assert!(
        wide.contains("-[ RECORD 1 ]") && wide.contains("statement | ALTER TABLE"),
        "{wide}"
    );
    // It goes on until it is stopped; psql 15 says the time above each table.
    let watched = c
        .watch("SELECT count(*) AS n FROM held \\watch 0.1\n", "(1 row)", 3)
        .await;
    assert!(watched.matches("(every 0.1s)").count() >= 3, "{watched}");
    let shown = c
        .page("SELECT id, created, needs, waiting, true AS t, 1.5 AS f FROM held \\gdesc\n")
        .await;
    for line in [
        "id      | bigint",
        "created | timestamp with time zone",
        "needs   | text[]",
        "waiting | interval",
        "t       | boolean",
        "f       | double precision",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    let crosstab = c
        .page("SELECT agent, state, count(*) FROM holds GROUP BY 1, 2 \\crosstabview\n")
        .await;
    assert!(crosstab.contains("claude-code"), "{crosstab}");
    // Many statements in one string, an empty one, a comment.
    assert_eq!(c.rows("SELECT 1; ; -- nothing\nSELECT 2;\n").await, "1\n2");
    let (out, err, ok) = c.psql_as("dana", &["-At", "-c", ""], "").await;
    assert!(ok && out.is_empty() && err.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn macros() {
    let c = Console::start().await;
    let page = c
        .page(
            "TABLE macros \\gset\n:held\n:show 1\n:show 2;\n:holds\n:sessions\n:statements\n:grants\n\
             :approve 1 'looks fine';\n:reject 2 'it''s not';\n:replay 1;\n:explain shop reader 'select 1';\n:terminate 2;\n:show 1\n",
        )
        .await;
    assert!(
        page.contains("| ALTER TABLE customers ADD COLUMN tier text"),
        "{page}"
    );
    assert!(
        page.contains("hold 1: held\n  who         alice@example.com through claude-code"),
        "{page}"
    );
    assert!(page.contains("    DROP TABLE old_orders;\n    -- it's gone\n\nAPPROVE 2 'why';   or   REJECT 2 'why';"), "{page}");
    assert!(
        page.contains("hold 1: approved\n") && page.contains("  saying      looks fine\n"),
        "{page}"
    );
    assert_eq!(
        c.desk.asked(),
        [
            "approve 1 looks fine",
            "reject 2 it's not",
            "explain shop reader select 1",
            "terminate 2"
        ]
    );
    let (_, err, _) = c
        .psql_as("dana", &[], "TABLE macros \\gset\n:show 77\n")
        .await;
    assert!(err.contains("hold 77 does not exist"), "{err}");
    let watched = c.watch("TABLE macros \\gset\n:watch\n", "(1 row)", 1).await;
    assert!(watched.contains("CREATE INDEX"), "{watched}");
}
