//! The console through the real psql.

#![allow(clippy::unwrap_used)]

mod support;

use support::Console;

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dba_asks() {
    let c = Console::start().await;
    let cases = [
        (
            "SELECT id, \"user\", statement FROM held ORDER BY id LIMIT 1",
            "1|alice@example.com|ALTER TABLE customers ADD COLUMN tier text",
        ),
        (
            "SELECT user, grant, agent FROM held WHERE id = 1",
            "alice@example.com|claude-code.k7f3q2|claude-code",
        ),
        ("SELECT count(*) FROM held", "3"),
        (
            "SELECT count(*), max(id) FROM holds WHERE state = 'held' AND statement ILIKE '%drop%'",
            "1|2",
        ),
        (
            "SELECT id FROM held WHERE waiting > interval '1 second' AND created > now() - interval '1 hour' ORDER BY id DESC",
            "3\n2\n1",
        ),
        ("SELECT id FROM held WHERE created > now()", ""),
        (
            "SELECT id FROM held WHERE 'alter public.customers' = ANY(needs) AND id IN (1, 3) ORDER BY 1",
            "1\n3",
        ),
        (
            "WITH x AS (SELECT database, count(*) AS n FROM holds GROUP BY database) SELECT * FROM x WHERE n > 1",
            "shop|3",
        ),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 4) SELECT sum(n) FROM t",
            "10",
        ),
        (
            "SELECT id, row_number() OVER (PARTITION BY agent ORDER BY id DESC) AS r FROM held ORDER BY r",
            "3|1\n2|2\n1|3",
        ),
        (
            "SELECT h.id, g.roles FROM held h JOIN grants g ON g.name = h.grant WHERE h.id = 2",
            "2|{reader,migrator}",
        ),
        (
            "SELECT h.id, s.state FROM held h LEFT JOIN sessions s ON s.hold = h.id ORDER BY 1",
            "1|held\n2|\n3|",
        ),
        (
            "SELECT a.id, b.id FROM held a JOIN held b USING (id, agent) WHERE id = 1",
            "1|1",
        ),
        (
            "SELECT number, outcome, refusal, rows, duration FROM statements ORDER BY number",
            "1|allow||3|00:00:00.0015\n2|deny|42501||\n3|allow||1|00:00:00.0015",
        ),
        (
            "SELECT DISTINCT \"user\", agent, database FROM statements",
            "alice@example.com|claude-code|shop",
        ),
        (
            "SELECT state, count(*) FILTER (WHERE tls) AS tls, string_agg(client, ',' ORDER BY id) FROM sessions GROUP BY state ORDER BY state",
            "ended|0|127.0.0.1:39999\nheld|1|127.0.0.1:40000",
        ),
        (
            "SELECT id, tls, ended_because FROM sessions ORDER BY id",
            "1||client closed\n2|t|",
        ),
        (
            "SELECT name, state, purpose, roles[1], cardinality(roles) FROM grants",
            "claude-code.k7f3q2|active|release|reader|2",
        ),
        (
            "SELECT name, upstream, hold_wait, hold_ttl, sessions, held FROM databases",
            "shop|127.0.0.1:5432/shop|00:01:00|1 day|1|3",
        ),
        (
            "SELECT id, hold, controls FROM policies",
            "schema-changes-wait|dba|{SOC2:CC8.1}",
        ),
        (
            "TABLE labels",
            "shop|public.customers.email|email|email|equality|policies/shop.labels.toml",
        ),
        ("TABLE held ORDER BY id DESC LIMIT 0", ""),
        (
            "SELECT event, number, outcome, rows FROM replay(1) WHERE event <> 'start' ORDER BY seq LIMIT 2",
            "statement|1|allow|\nend of statement|1||3",
        ),
        ("REPLAY 1", "*"),
        (
            "SELECT 1 + 2 * 3, 7 / 2, 7 % 4, 'a' || 1, 1.5, true, NULL, 'x' = 'y'",
            "7|3|3|a1|1.5|t||f",
        ),
        (
            "SELECT date_trunc('day', timestamptz '2025-11-22 18:17:05')::date, extract(hour from timestamptz '2025-11-22 18:17:05'), to_char(timestamptz '2025-11-22 18:17', 'YYYY-MM-DD HH24:MI')",
            "2025-11-22|18|2025-11-22 18:17",
        ),
        (
            "SELECT CASE WHEN id = 1 THEN 'one' ELSE 'more' END, coalesce(decided_by, '-'), split_part(grant, '.', 1) FROM holds ORDER BY id LIMIT 1",
            "one|-|claude-code",
        ),
        (
            "SELECT current_user, current_database(), current_schema, pg_typeof(id) FROM held LIMIT 1",
            "dana|tollgate|public|bigint",
        ),
        (
            "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) v(n, s) ORDER BY n DESC",
            "2|b\n1|a",
        ),
        (
            "SELECT n FROM generate_series(1, 3) n ORDER BY n DESC",
            "3\n2\n1",
        ),
        (
            "SELECT unnest.unnest FROM grants, unnest(roles) ORDER BY 1",
            "migrator\nreader",
        ),
        (
            "SELECT id FROM held WHERE EXISTS (SELECT 1 FROM grants g WHERE g.name = held.grant) UNION SELECT 9 ORDER BY id DESC",
            "9\n3\n2\n1",
        ),
        (
            "SELECT json_build_object('n', id, 'who', \"user\") FROM held WHERE id = 1",
            r#"{"n":1,"who":"alice@example.com"}"#,
        ),
        (
            "SELECT statement ~ '^ALTER', statement !~* 'alter', length(statement) FROM held WHERE id = 1",
            "t|f|42",
        ),
        (
            "SELECT array_agg(id ORDER BY id DESC), bool_or(id > 2), avg(id), min(created) = min(created) FROM held",
            "{3,2,1}|t|2|t",
        ),
        ("SHOW timezone", "UTC"),
        (
            "SET application_name = 'x'; SHOW application_name",
            "SET\nx",
        ),
    ];
    let mut wrong = Vec::new();
    for (query, expected) in cases {
        let (out, err, _) = c
            .psql_as("dana", &["-At", "-F", "|"], &format!("{query};\n"))
            .await;
        let got = format!("{err}{}", out.trim_end());
        if (expected != "*" || !err.is_empty()) && got != expected {
            wrong.push(format!(
                "{query}\n  got      {got:?}\n  expected {expected:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        c.desk.asked().is_empty(),
        "asking for rows asks nothing of the desk"
    );
}
