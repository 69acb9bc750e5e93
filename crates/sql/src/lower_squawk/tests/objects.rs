//! Definitions, privileges and settings.

use super::*;

#[test]
fn definitions_name_their_objects() {
    let table: &[(&str, &str, &str, &str, &str)] = &[
        (
            "CREATE TABLE a.t (x int REFERENCES u, LIKE v) INHERITS (w)",
            "a.t",
            "",
            "u v w",
            "",
        ),
        (
            "CREATE TABLE t PARTITION OF p FOR VALUES FROM (MINVALUE) TO (10)",
            "t",
            "",
            "p",
            "",
        ),
        ("CREATE INDEX i ON s.t (lower(x))", "i", "s.t", "", ""),
        (
            "CREATE TRIGGER g BEFORE INSERT ON t EXECUTE FUNCTION s.f('a', b)",
            "g",
            "t",
            "",
            "s.f",
        ),
        (
            "CREATE RULE r AS ON INSERT TO t DO INSTEAD (INSERT INTO x VALUES (1); DELETE FROM y)",
            "r",
            "t",
            "x y",
            "",
        ),
        (
            "CREATE POLICY p ON t USING (a IN (SELECT b FROM u))",
            "p",
            "t",
            "",
            "",
        ),
        (
            "CREATE AGGREGATE a (int) (sfunc = s.plus, stype = int)",
            "a",
            "",
            "",
            "s.plus",
        ),
        (
            "CREATE OPERATOR === (leftarg = int, function = int4eq)",
            "",
            "",
            "",
            "int4eq",
        ),
        (
            "CREATE CAST (text AS int) WITH FUNCTION f(text)",
            "",
            "",
            "",
            "f",
        ),
        (
            "CREATE FUNCTION f(a s.t.x%TYPE) RETURNS int BEGIN ATOMIC SELECT y FROM u; END",
            "f",
            "",
            "s.t u",
            "",
        ),
        ("CREATE SEQUENCE q OWNED BY s.t.a", "q", "", "s.t", ""),
        (
            "CREATE SCHEMA z CREATE TABLE t (x int) CREATE VIEW v AS SELECT * FROM u",
            "z",
            "",
            "t v u",
            "",
        ),
        (
            "CREATE PUBLICATION p FOR TABLE a (x), s.b",
            "p",
            "",
            "a s.b",
            "",
        ),
        ("CREATE STATISTICS ON a, b FROM t", "", "t", "", ""),
        (
            "ALTER TABLE ONLY s.t ATTACH PARTITION u FOR VALUES IN (1), ADD FOREIGN KEY (a) REFERENCES v",
            "s.t",
            "",
            "u v",
            "",
        ),
        ("ALTER TABLE t RENAME TO u", "t", "", "", ""),
        ("ALTER SEQUENCE q OWNED BY t.a", "q", "", "t", ""),
        ("ALTER TRIGGER g ON t RENAME TO h", "g", "t", "", ""),
        ("ALTER EXTENSION e ADD TABLE t", "e", "", "t", ""),
        ("DROP TABLE a, s.b CASCADE", "a s.b", "", "", ""),
        ("DROP FUNCTION f(int), s.g", "f s.g", "", "", ""),
        ("DROP TRIGGER g ON s.t", "g", "s.t", "", ""),
        ("COMMENT ON COLUMN s.t.a IS 'x'", "s.t.a", "s.t", "", ""),
        ("COMMENT ON CONSTRAINT c ON s.t IS 'x'", "c", "s.t", "", ""),
        ("COMMENT ON TABLE s.t IS NULL", "s.t", "", "", ""),
    ];
    let words = |paths: &[Vec<String>]| {
        paths
            .iter()
            .map(|path| path.join("."))
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (text, names, on, relations, functions) in table {
        let Kind::Define(define) = one(text) else {
            panic!("{text}");
        };
        assert_eq!(words(&define.names), *names, "{text}");
        assert_eq!(words(define.on.as_slice()), *on, "{text}");
        assert_eq!(words(&define.relations), *relations, "{text}");
        assert_eq!(words(&define.functions), *functions, "{text}");
    }
}

#[test]
fn privileges_name_their_objects() {
    let table = [
        ("GRANT SELECT (a), UPDATE ON s.t, u TO x", "s.t u"),
        ("GRANT ALL ON ALL TABLES IN SCHEMA a, b TO x", "a b"),
        ("GRANT r, CURRENT_USER TO x", "r current_user"),
        ("REVOKE EXECUTE ON FUNCTION f(int), s.g FROM x", "f s.g"),
        (
            "ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO x",
            "a",
        ),
        ("DROP OWNED BY a, b", "a b"),
    ];
    for (text, names) in table {
        let Kind::Privileges(privileges) = one(text) else {
            panic!("{text}");
        };
        let read: Vec<String> = privileges.names.iter().map(|path| path.join(".")).collect();
        assert_eq!(read.join(" "), names, "{text}");
    }
}

#[test]
fn settings_have_plain_values() {
    let values = |text: &str| match one(text) {
        Kind::Set(set) => {
            let values = set
                .values
                .map(|all| all.into_iter().map(|v| v.0).collect::<Vec<_>>());
            (set.name, set.local, values)
        }
        other => panic!("{other:?}"),
    };
    let some = |all: &[&str]| Some(all.iter().map(|v| v.to_string()).collect::<Vec<_>>());
    assert_eq!(
        values("SET search_path TO a, \"B\", 'c'"),
        ("search_path".into(), false, some(&["a", "B", "c"]))
    );
    assert_eq!(
        values("SET LOCAL \"Search_Path\" = DEFAULT"),
        ("search_path".into(), true, None)
    );
    assert_eq!(
        values("SET App.Tenant = 'It''s'"),
        ("app.tenant".into(), false, some(&["It's"]))
    );
    assert_eq!(values("SET x = -1"), ("x".into(), false, some(&["-1"])));
    assert_eq!(values("SET x TO ON"), ("x".into(), false, some(&["on"])));
    assert_eq!(
        values("SET TIME ZONE LOCAL"),
        ("timezone".into(), false, None)
    );
    assert_eq!(
        values("SET TIME ZONE INTERVAL '1' HOUR"),
        ("timezone".into(), false, some(&[]))
    );
    assert_eq!(
        values("SET ROLE NONE"),
        ("role".into(), false, some(&["none"]))
    );
    assert_eq!(
        values("SET SCHEMA 'a'"),
        ("search_path".into(), false, some(&["a"]))
    );
    assert_eq!(
        values("SET NAMES 'LATIN1'"),
        ("client_encoding".into(), false, some(&["LATIN1"]))
    );
    assert_eq!(values("SET NAMES"), ("client_encoding".into(), false, None));
    refused("SET x = E'a'");
    refused("SET x = $$a$$");
    refused("SET NAMES 'a' FROM t");
    refused("SET NAMES 'a'; DROP TABLE t");
}
