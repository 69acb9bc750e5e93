//! Casts of the users', written or not: each text is a write where one can run, and beside it stand honest ones that are reads.

#![allow(clippy::unwrap_used)]

mod live;
mod server;

use live::{HONEST, acts, catalog, hold, live, settings};
use server::Client;
use sql::facts::{Class, Coverage};
use sql::{Catalog, analyze};

/// Each of these leaves a row in the log, on the server, and is known to do what cannot be looked into.
fn run_unseen(client: &mut Client, catalog: &Catalog, attacks: &[&str]) {
    for text in attacks {
        client.run("BEGIN");
        for part in text.split("; ") {
            client.run(part);
        }
        assert!(!client.rows("SELECT m FROM log").is_empty(), "{text}");
        client.run("ROLLBACK; DEALLOCATE ALL");
        let analysis = analyze(text.as_bytes(), &settings(), catalog);
        let facts = &analysis.statements[0];
        assert!(matches!(facts.coverage, Coverage::Opaque(_)), "{text}");
        assert!(facts.class >= Class::Write, "{text}");
    }
}

/// Types that values become unasked, in any place where one is wanted; `ct` by assignment only.
const UNASKED: &str = "
    CREATE FUNCTION note(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (t); RETURN 1; END';
    CREATE TYPE cu AS (n int);
    CREATE TYPE cv AS (n int);
    CREATE TYPE ct AS (n int);
    CREATE TYPE holder AS (inner_one cu);
    CREATE DOMAIN dcu AS cu;
    CREATE FUNCTION int_cu(int) RETURNS cu LANGUAGE plpgsql AS 'BEGIN PERFORM note(''int''); RETURN ROW(1)::cu; END';
    CREATE FUNCTION text_cu(text) RETURNS cu LANGUAGE plpgsql AS 'BEGIN PERFORM note(''text''); RETURN ROW(1)::cu; END';
    CREATE FUNCTION cu_cv(cu) RETURNS cv LANGUAGE plpgsql AS 'BEGIN PERFORM note(''cv''); RETURN ROW(1)::cv; END';
    CREATE FUNCTION int_ct(int) RETURNS ct LANGUAGE plpgsql AS 'BEGIN PERFORM note(''ct''); RETURN ROW(1)::ct; END';
    CREATE CAST (int AS cu) WITH FUNCTION int_cu(int) AS IMPLICIT;
    CREATE CAST (text AS cu) WITH FUNCTION text_cu(text) AS IMPLICIT;
    CREATE CAST (cu AS cv) WITH FUNCTION cu_cv(cu) AS IMPLICIT;
    CREATE CAST (int AS ct) WITH FUNCTION int_ct(int) AS ASSIGNMENT;
    CREATE FUNCTION takes(cu) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION takes_domain(dcu) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION takes_all(cu[]) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION takes_more(int, VARIADIC cu[]) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION takes_none(int, cu DEFAULT 1) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION takes_row(holder) RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION gives_ct() RETURNS ct LANGUAGE sql STABLE AS 'SELECT 1';
    CREATE FUNCTION sets_ct() RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE x ct; BEGIN x := 1; RETURN ''k''; END';
    CREATE FUNCTION ct_default(int, ct DEFAULT 1) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN 1; END';
    CREATE FUNCTION same(cu, cu) RETURNS boolean LANGUAGE internal IMMUTABLE AS 'record_eq';
    CREATE OPERATOR #=# (LEFTARG = cu, RIGHTARG = cu, FUNCTION = same);
    CREATE AGGREGATE counted(cu) (SFUNC = int8inc_any, STYPE = int8, INITCOND = '0');
    CREATE TABLE both_of (u cu, v cv, t ct, id int);
    CREATE TABLE kept (t ct, id int);
    INSERT INTO people VALUES (1, 'a', 'eu', 1, now());
    INSERT INTO both_of VALUES (NULL, NULL, NULL, 1);
    CREATE DOMAIN crowd AS people[];
    CREATE TYPE crowds AS (a people[], b crowd);
    CREATE VIEW taken AS SELECT takes(id) AS n FROM people;
    CREATE VIEW seen AS SELECT id FROM people";

#[test]
fn a_value_becomes_of_a_type_unasked_only_where_one_is_wanted() {
    let Some((catalog, _server, mut client)) = live("types-unasked", UNASKED) else {
        return;
    };
    let attacks = [
        "SELECT takes(1)",
        "SELECT takes(id) FROM people",
        "SELECT takes(name) FROM people",
        "SELECT takes_domain(id) FROM people",
        "SELECT takes_all(ARRAY[id]) FROM people",
        "SELECT takes_more(1, 2, 3)",
        "SELECT takes_none(1)",
        "SELECT takes_row(ROW(id)) FROM people",
        "SELECT 1 #=# id FROM people",
        "SELECT id FROM people WHERE name #=# name",
        "SELECT counted(id) FROM people",
        "SELECT id FROM people ORDER BY takes(id)",
        "WITH x AS (SELECT id FROM people) SELECT takes(id) FROM x",
        "SELECT n FROM taken",
        "SELECT id::cu FROM people",
        "SELECT id::dcu FROM people",
        "SELECT ARRAY[id]::cu[] FROM people",
        "SELECT ROW(id)::holder FROM people",
        "SELECT v FROM both_of UNION ALL SELECT id::text::cu FROM people",
        "SELECT coalesce(v, ROW(1)::cu) FROM both_of",
        "SELECT CASE id WHEN 2 THEN v ELSE ROW(1)::cu END FROM both_of",
        "SELECT gives_ct()",
        "SELECT sets_ct()",
        "SELECT ct_default(1)",
        "INSERT INTO both_of (u) SELECT id FROM people",
        "INSERT INTO both_of (t) VALUES (1)",
        "UPDATE both_of SET u = id",
        "CREATE TABLE made AS SELECT takes(id) FROM people",
    ];
    run_unseen(&mut client, &catalog, &attacks);
    let declared = |text: &str, name: &str| {
        let columns = &catalog.relation("public", "both_of").unwrap().columns;
        let column = columns.iter().find(|c| c.name == name).unwrap();
        acts(&catalog, &settings().declaring([column.type_oid]), text)
    };
    for name in ["u", "v", "t"] {
        assert!(declared("EXECUTE p(1)", name), "{name}");
    }
    assert!(!declared("EXECUTE p(1)", "id"));
    let honest = [
        "SELECT id + 1, name FROM people WHERE id IN (1, 2) AND name > 'a' GROUP BY id, name HAVING count(*) > 1",
        "SELECT id, t FROM kept WHERE id = 1 ORDER BY id",
        "SELECT max(id), string_agg(name, ',') FROM people JOIN seen USING (id)",
        "SELECT id FROM seen",
        "SELECT CASE WHEN id = 1 THEN 'a' ELSE name END, ARRAY[1, id], (SELECT 1) FROM people",
        "SELECT to_json(1), row_to_json(p) FROM people p",
        "SELECT 1",
    ];
    hold(&catalog, &[], HONEST);
    hold(&catalog, &[], &honest);
    for text in [
        "INSERT INTO people (id, name) VALUES (1, 'x')",
        "UPDATE people SET id = 1",
    ] {
        let analysis = analyze(text.as_bytes(), &settings(), &catalog);
        assert_eq!(
            analysis.statements[0].coverage,
            Coverage::Complete,
            "{text}"
        );
    }
}

/// Casts by assignment alone: to what syntax takes, and to what a parameter turns out to be.
const ASSIGNED: &str = "
    CREATE FUNCTION note(t text) RETURNS int LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (t); RETURN 1; END';
    CREATE TYPE cb AS (n int);
    CREATE TYPE ct AS (n int);
    CREATE FUNCTION cb_bool(cb) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM note(''b''); RETURN true; END';
    CREATE FUNCTION cb_int8(cb) RETURNS int8 LANGUAGE plpgsql AS 'BEGIN PERFORM note(''i''); RETURN 1; END';
    CREATE FUNCTION cb_text(cb) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM note(''t''); RETURN ''<a/>''; END';
    CREATE FUNCTION int_ct(int) RETURNS ct LANGUAGE plpgsql AS 'BEGIN PERFORM note(''c''); RETURN ROW(1)::ct; END';
    CREATE CAST (cb AS boolean) WITH FUNCTION cb_bool(cb) AS ASSIGNMENT;
    CREATE CAST (cb AS int8) WITH FUNCTION cb_int8(cb) AS ASSIGNMENT;
    CREATE CAST (cb AS text) WITH FUNCTION cb_text(cb) AS ASSIGNMENT;
    CREATE CAST (int AS ct) WITH FUNCTION int_ct(int) AS ASSIGNMENT;
    CREATE TABLE tb (c cb, id int);
    CREATE TABLE kept (t ct, id int);
    INSERT INTO people VALUES (1, 'a', 'eu', 1, now());
    INSERT INTO tb VALUES (ROW(1), 1);
    INSERT INTO kept VALUES (ROW(1), 1);
    CREATE VIEW w AS SELECT id FROM tb WHERE c";

#[test]
fn syntax_takes_what_can_be_assigned_to_it() {
    let Some((catalog, _server, mut client)) = live("casts-assigned", ASSIGNED) else {
        return;
    };
    let attacks = [
        "SELECT id FROM tb WHERE c",
        "SELECT id FROM tb WHERE NOT c",
        "SELECT c AND true FROM tb",
        "SELECT c IS TRUE, CASE WHEN c THEN 1 END FROM tb",
        "SELECT count(*) FILTER (WHERE c) FROM tb",
        "SELECT count(*) FROM tb GROUP BY c HAVING c",
        "SELECT 1 FROM tb a JOIN tb b ON a.c",
        "SELECT id FROM tb WHERE (SELECT c FROM tb LIMIT 1)",
        "SELECT id FROM people LIMIT (SELECT c FROM tb)",
        "SELECT id FROM people OFFSET (SELECT c FROM tb)",
        "SELECT id FROM tb FETCH FIRST (SELECT c FROM tb) ROWS ONLY",
        "SELECT sum(id) OVER (ROWS BETWEEN (SELECT c FROM tb) PRECEDING AND CURRENT ROW) FROM people",
        "SELECT id FROM w",
        "COPY (SELECT id FROM tb WHERE c) TO STDOUT",
        "EXPLAIN ANALYZE SELECT id FROM tb WHERE c",
        "SELECT xmlparse(CONTENT c) FROM tb",
        "PREPARE p AS SELECT coalesce(t, $1) FROM kept; EXECUTE p(1)",
    ];
    run_unseen(&mut client, &catalog, &attacks);
    let inner = "SELECT coalesce(t, $1) FROM kept";
    assert!(acts(&catalog, &settings(), inner));
    let honest = [
        "SELECT c, id FROM tb WHERE id = 1",
        "SELECT t FROM kept WHERE id = $1",
        "SELECT id, $1 FROM people WHERE name = $2",
    ];
    hold(&catalog, &[], HONEST);
    hold(&catalog, &[], &honest[2..]);
}

#[test]
fn a_cast_is_somebody_s_under_every_name() {
    let objects = "CREATE TYPE c1 AS (a int);
        CREATE TYPE c2 AS (b int);
        CREATE FUNCTION c1_c2(c1) RETURNS c2 LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN ROW(1)::c2; END';
        CREATE CAST (c1 AS c2) WITH FUNCTION c1_c2(c1);
        CREATE DOMAIN dc2 AS c2;
        CREATE TYPE c3 AS (x c2);
        CREATE TABLE t1 (v c1, id int);
        CREATE TYPE ca AS (a int);
        CREATE FUNCTION ca_vc(ca) RETURNS varchar LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN ''''; END';
        CREATE FUNCTION ca_tz(ca) RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN now(); END';
        CREATE FUNCTION ca_tt(ca) RETURNS timetz LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN now(); END';
        CREATE FUNCTION ca_f4(ca) RETURNS float4 LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN 1; END';
        CREATE FUNCTION ca_vb(ca) RETURNS varbit LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN ''1''; END';
        CREATE FUNCTION ca_bp(ca) RETURNS bpchar LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN ''1''; END';
        CREATE CAST (ca AS varchar) WITH FUNCTION ca_vc(ca);
        CREATE CAST (ca AS timestamptz) WITH FUNCTION ca_tz(ca);
        CREATE CAST (ca AS timetz) WITH FUNCTION ca_tt(ca);
        CREATE CAST (ca AS float4) WITH FUNCTION ca_f4(ca);
        CREATE CAST (ca AS varbit) WITH FUNCTION ca_vb(ca);
        CREATE CAST (ca AS bpchar) WITH FUNCTION ca_bp(ca);
        CREATE DOMAIN dtz AS timestamptz;
        CREATE TABLE cat (v ca)";
    let Some(catalog) = catalog("types-casts", objects) else {
        return;
    };
    let attacks = [
        "SELECT v::c2 FROM t1",
        "SELECT v::dc2 FROM t1",
        "SELECT ROW(v)::c3 FROM t1",
        "SELECT ARRAY[v]::c2[] FROM t1",
        "PREPARE p (c1) AS SELECT $1::c2",
        "SELECT v::timestamp with time zone FROM cat",
        "SELECT v::time with time zone FROM cat",
        "SELECT v::float(10) FROM cat",
        "SELECT v::bit varying FROM cat",
        "SELECT v::nchar FROM cat",
        "SELECT v::national character FROM cat",
        "SELECT v::national character varying FROM cat",
        "SELECT v::nchar varying FROM cat",
        "SELECT v::character varying FROM cat",
        "SELECT ARRAY[v]::_varchar FROM cat",
        "SELECT v::dtz FROM cat",
    ];
    hold(&catalog, &attacks, HONEST);
    let honest = [
        "SELECT id::text FROM t1",
        "SELECT id::c2 FROM t1",
        "SELECT v FROM cat",
        "SELECT v::text FROM t1",
    ];
    hold(&catalog, &[], &honest);
}

#[test]
fn a_function_s_result_and_its_variables_are_assigned() {
    let objects = "CREATE FUNCTION comp_text(comp) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''c''); RETURN ''''; END';
        CREATE CAST (comp AS text) WITH FUNCTION comp_text(comp) AS ASSIGNMENT;
        CREATE FUNCTION g6(c comp) RETURNS text LANGUAGE sql STABLE AS 'SELECT c';
        CREATE FUNCTION g7(c comp) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE t text; BEGIN t := c; RETURN ''k''; END';
        CREATE FUNCTION g8() RETURNS text LANGUAGE sql STABLE AS 'SELECT c FROM tc';
        CREATE FUNCTION g9(n text) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE t text; BEGIN t := n; RETURN t; END'";
    let Some(catalog) = catalog("types-assigned", objects) else {
        return;
    };
    let attacks = [
        "SELECT g6(c) FROM tc",
        "SELECT g7(c) FROM tc",
        "SELECT g8()",
        "INSERT INTO people (name) SELECT c FROM tc",
    ];
    hold(&catalog, &attacks, HONEST);
    hold(
        &catalog,
        &[],
        &["SELECT c FROM tc", "SELECT g9(name) FROM people"],
    );
}
