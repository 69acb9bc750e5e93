//! Functions that run without being called by their names: operators and checks of domains of the users', and overloads that a
//! type chooses. Each text is a write where one can run, and beside it stand honest ones that are reads.

#![allow(clippy::unwrap_used)]

mod live;
mod server;

use live::{HONEST, acts, catalog, hold, settings};
use sql::analyze;
use sql::facts::Coverage;

#[test]
fn what_builds_json_casts_to_it_by_itself() {
    let objects = "CREATE TYPE en AS ENUM ('a', 'b');
        CREATE FUNCTION en_json(en) RETURNS json LANGUAGE sql STABLE AS 'SELECT eff(''j'')::text::json';
        CREATE CAST (en AS json) WITH FUNCTION en_json(en);
        CREATE TABLE ent (e en, x int)";
    let Some(catalog) = catalog("types-json", objects) else {
        return;
    };
    let attacks = [
        "SELECT to_json('a'::en)",
        "SELECT row_to_json(t) FROM ent t",
        "SELECT json_agg(e) FROM ent",
        "SELECT jsonb_build_object('k', e) FROM ent",
        "SELECT (e).to_json FROM ent",
        "SELECT e::json FROM ent",
    ];
    hold(&catalog, &attacks, HONEST);
    let honest = ["SELECT e FROM ent WHERE e = 'a'", "SELECT e::text FROM ent"];
    hold(&catalog, &[], &honest);
}

/// Operators between a composite and a number.
const OPERATORS: &str = "
    CREATE TYPE jt AS (j int);
    CREATE FUNCTION opc(comp, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN eff(''op''); END';
    CREATE OPERATOR === (LEFTARG = comp, RIGHTARG = int, FUNCTION = opc);
    CREATE FUNCTION jeq(jt, int) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN eff(''jeq''); END';
    CREATE OPERATOR = (LEFTARG = jt, RIGHTARG = int, FUNCTION = jeq);
    CREATE FUNCTION g12() RETURNS TABLE (c comp, d int) LANGUAGE sql STABLE AS 'SELECT ROW(1, ''a'')::comp, 1'";

#[test]
fn a_constant_or_a_row_becomes_what_an_operator_takes() {
    let Some(catalog) = catalog("types-operators", OPERATORS) else {
        return;
    };
    let attacks = [
        "SELECT '(1,x)' === 1",
        "SELECT name FROM people WHERE NULL === id",
        "SELECT '(1,x)'::unknown === 1",
        "SELECT '(1,x)' COLLATE \"C\" === 1",
        "SELECT '(1,x)' === ANY (ARRAY[1])",
        "SELECT ROW(1) = 1",
        "SELECT name FROM people WHERE ROW(1) = 1",
        "SELECT name FROM people WHERE ROW(1) IN (1)",
        "SELECT nullif(ROW(1), 1)",
        "SELECT q = 1 FROM (SELECT 1 AS a) q",
        "SELECT ROW(1) IS DISTINCT FROM 1",
        "SELECT CASE ROW(1) WHEN 1 THEN 2 END",
        "SELECT c === 1 FROM tc",
    ];
    hold(&catalog, &attacks, HONEST);
    let honest = [
        "SELECT c FROM tc",
        "SELECT id FROM people WHERE (id, name) IN ((1, 'a'))",
        "SELECT id === 1 FROM people",
    ];
    hold(&catalog, &[], &honest);
}

/// Two overloads each, one harmless.
const OVERLOADS: &str = "
    CREATE FUNCTION ff(int, comp) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''ff''); RETURN ''''; END';
    CREATE FUNCTION ff(text, text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';
    CREATE FUNCTION f11(comp) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM eff(''f11''); RETURN ''''; END';
    CREATE FUNCTION f11(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';
    CREATE FUNCTION g12() RETURNS TABLE (c comp, d int) LANGUAGE sql STABLE AS 'SELECT ROW(1, ''a'')::comp, 1';
    CREATE FUNCTION g12o(OUT c comp, OUT d int) LANGUAGE sql STABLE AS 'SELECT ROW(1, ''a'')::comp, 1'";

#[test]
fn a_constant_or_a_row_becomes_what_an_overload_takes() {
    let Some(catalog) = catalog("types-overloads", OVERLOADS) else {
        return;
    };
    let attacks = [
        "SELECT ff(1, '(1,x)' COLLATE \"C\")",
        "SELECT ff(1, '(1,x)'::unknown)",
        "SELECT ff(1, q) FROM (SELECT 1, 'x'::text) q",
        "SELECT f11(q) FROM (SELECT 1 AS a, 'x'::text AS b) q",
        "SELECT f11(q.*) FROM (SELECT 1 AS a, 'x'::text AS b) q",
        "SELECT (q).f11 FROM (SELECT 1 AS a, 'x'::text AS b) q",
        "SELECT q.f11 FROM (SELECT 1 AS a, 'x'::text AS b) q",
        "PREPARE p (comp) AS SELECT f11(coalesce($1))",
    ];
    hold(&catalog, &attacks, HONEST);
    hold(
        &catalog,
        &[],
        &[
            "SELECT f11(id) FROM people",
            "SELECT ff(name, name) FROM people",
        ],
    );
}

#[test]
fn columns_that_a_function_gives_have_types() {
    let objects = format!(
        "{OVERLOADS};{}",
        OPERATORS.replace("CREATE FUNCTION g12", "CREATE FUNCTION g13")
    );
    let Some(catalog) = catalog("types-results", &objects) else {
        return;
    };
    let attacks = [
        "SELECT f11(x.c) FROM g12() x",
        "SELECT x.c === 1 FROM g12() x",
        "SELECT f11((g12o()).c)",
    ];
    hold(&catalog, &attacks, HONEST);
    hold(
        &catalog,
        &[],
        &["SELECT x.d + 1 FROM g12() x", "SELECT f11(1)"],
    );
}

/// Types that a Parse message declares are in no text.
#[test]
fn a_declared_parameter_is_of_its_type() {
    let objects = format!("{OVERLOADS}; CREATE DOMAIN dom AS text CHECK (imm(VALUE))");
    let Some(catalog) = catalog("types-declared", &objects) else {
        return;
    };
    let of = |name: &str| {
        let columns = &catalog.relation("public", name).unwrap().columns;
        settings().declaring(columns.iter().map(|c| c.type_oid))
    };
    let text = "SELECT f11(coalesce($1))";
    assert!(!acts(&catalog, &settings(), text));
    assert!(!acts(&catalog, &of("people"), text));
    assert!(acts(&catalog, &of("tc"), text));
    let unknown = settings().declaring([4_000_000_000]);
    assert!(acts(&catalog, &unknown, "SELECT $1"));
}

/// Domains whose checks run what cannot be looked into, and tables and functions that have values of them.
const DOMAINS: &str = "
    CREATE DOMAIN dom AS text CHECK (imm(VALUE));
    CREATE FUNCTION opf(text, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN eff($1); END';
    CREATE OPERATOR @@@@ (LEFTARG = text, RIGHTARG = int, FUNCTION = opf);
    CREATE DOMAIN dop AS text CHECK (VALUE @@@@ 1);
    CREATE DOMAIN dd AS text CHECK ((VALUE::dom) IS NOT NULL);
    CREATE SEQUENCE s;
    CREATE DOMAIN dnext AS int CHECK (nextval('s') > 0);
    CREATE DOMAIN plain AS text CHECK (VALUE ~ '^a' AND length(VALUE) < 10 AND VALUE <> current_date::text);
    CREATE TABLE td (id int, x dom, a dom[], p plain, ps plain[]);
    CREATE FUNCTION k8o(OUT x dom, OUT y int) LANGUAGE plpgsql STABLE AS 'BEGIN x := ''k''; END';
    CREATE FUNCTION rett() RETURNS SETOF td LANGUAGE sql STABLE AS 'SELECT 5, ''r'', ''{}''::text[], ''a'', ''{}''::text[]';
    CREATE FUNCTION retp() RETURNS SETOF people LANGUAGE sql STABLE AS 'SELECT * FROM people';
    CREATE FUNCTION retrec() RETURNS record LANGUAGE sql STABLE AS 'SELECT 1, ''rr''::text';
    CREATE FUNCTION h7() RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE x dom := ''h''; BEGIN RETURN ''k''; END';
    CREATE FUNCTION h8(a text) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE x td.x%TYPE; BEGIN x := a; RETURN ''k''; END';
    CREATE FUNCTION h9(a text) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE r td%ROWTYPE; BEGIN r.x := a; RETURN ''k''; END';
    CREATE FUNCTION h10(t text) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE r record; BEGIN SELECT * INTO r FROM td; r.x := t; RETURN ''k''; END';
    CREATE FUNCTION names() RETURNS text LANGUAGE plpgsql STABLE AS
        'DECLARE s text := ''''; r record; BEGIN FOR r IN SELECT * FROM people LOOP s := s || r.name; END LOOP; RETURN s; END'";

#[test]
fn a_check_runs_wherever_a_value_is_made() {
    let Some(catalog) = catalog("types-domains", DOMAINS) else {
        return;
    };
    let attacks = [
        "SELECT 'abc'::dop",
        "SELECT 'abc'::dd",
        "SELECT 5::dnext",
        "SELECT json_populate_record(td, '{\"x\":\"z\"}') FROM td",
        "SELECT array_append(a, 'z') FROM td",
        "SELECT a || '{z}' FROM td",
        "SELECT id FROM td WHERE a = '{z}'",
        "SELECT id FROM td WHERE a @> '{z}'",
        "SELECT id FROM td WHERE a IN ('{z}')",
        "SELECT id FROM td WHERE '{z}' IN (SELECT a FROM td)",
        "SELECT array_remove(a, 'z'), array_position(a, 'z') FROM td",
        "SELECT array_cat(a, '{z}') FROM td",
        "SELECT width_bucket('z', a) FROM td",
        "SELECT lag(x, 1, 'z') OVER () FROM td",
        "SELECT coalesce(a, '{z}') FROM td",
        "SELECT CASE WHEN true THEN '{z}' ELSE a END FROM td",
        "SELECT a FROM td UNION ALL SELECT '{z}'",
        "SELECT * FROM (VALUES ('{z}'), ((SELECT a FROM td))) v",
        "SELECT '{\"(1,z,)\"}'::_td",
        "SELECT * FROM retrec() AS (a int, b dom)",
        "SELECT * FROM retrec() AS q (a int, b dom)",
        "SELECT k8o()",
        "SELECT * FROM rett()",
        "SELECT h7()",
        "SELECT h8('z')",
        "SELECT h9('z')",
        "SELECT h10('z')",
        "PREPARE p (dom) AS SELECT $1",
        "SELECT (name).dom FROM people",
    ];
    hold(&catalog, &attacks, HONEST);
    let honest = [
        "SELECT id, x, a FROM td WHERE x = 'ok' AND x LIKE 'o%' AND x IN ('a', 'b')",
        "SELECT x || 'a', coalesce(x, '-'), lower(x) FROM td WHERE lower(x) = 'ok'",
        "SELECT 'abc'::plain, array_append(ps, 'a') || '{a}' FROM (SELECT ps FROM td) q",
        "INSERT INTO people (name) SELECT x FROM td WHERE a IS NOT NULL",
        "SELECT * FROM retp()",
        "SELECT names()",
        "PREPARE p (int, text) AS SELECT $1 + 1, $2",
    ];
    for text in honest {
        let analysis = analyze(text.as_bytes(), &settings(), &catalog);
        assert_eq!(
            analysis.statements[0].coverage,
            Coverage::Complete,
            "{text}"
        );
    }
}

/// Types in a long chain, overloads and calls by the thousand: what is at hand is worked out once, and what it costs is counted.
#[test]
fn many_types_and_many_calls_are_read_in_time() {
    let mut objects = String::from("CREATE TYPE n0 AS (a int);");
    for at in 1..1500 {
        objects.push_str(&format!("CREATE TYPE n{at} AS (a n{});", at - 1));
    }
    for at in 0..100 {
        objects.push_str(&format!(
            "CREATE FUNCTION many(n{at}) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';"
        ));
    }
    objects.push_str(
        "CREATE FUNCTION many(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT ''x''';",
    );
    objects.push_str(OPERATORS);
    objects.push_str("; CREATE TABLE chained (v n3)");
    let Some(catalog) = catalog("types-many", &objects) else {
        return;
    };
    let calls = vec!["many(id + 1)"; 2500].join(", ");
    let text = format!("SELECT {calls} FROM people, chained");
    let before = hundredths();
    analyze(text.as_bytes(), &settings(), &catalog);
    let taken = hundredths() - before;
    assert!(taken < 1_000, "{taken} hundredths of a second");
}

/// The processor's time that this thread has taken; what else runs is nothing to it (proc(5), /proc/pid/stat).
fn hundredths() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let number = |at| fields.split_whitespace().nth(at).unwrap().parse::<u64>();
    number(11).unwrap() + number(12).unwrap()
}
