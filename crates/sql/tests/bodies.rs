//! Functions and views of the users', as a server tells them: what runs when they are called or read.

#![allow(clippy::unwrap_used)]

mod server;

use server::{Client, Server};
use sql::catalog_rows::{self, QUERIES};
use sql::facts::{Class, ColumnUse, Coverage, Place};
use sql::settings::SettingChange;
use sql::{Facts, Settings, analyze};

const DEFINITIONS: &[&str] = &[
    "CREATE TABLE customers (id int, email text)",
    "CREATE TABLE log (t text)",
    "CREATE FUNCTION act(t text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'INSERT INTO log VALUES (1)'; RETURN t; END $$",
    // By another name.
    "CREATE FUNCTION renamed(text) RETURNS SETOF record LANGUAGE c STABLE STRICT AS '$libdir/tablefunc', 'crosstab'",
    "CREATE FUNCTION alias(text, boolean, boolean, text) RETURNS xml LANGUAGE internal IMMUTABLE AS 'query_to_xml'",
    "CREATE FUNCTION plus(int, int) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'int4pl'",
    // Cursors.
    "CREATE FUNCTION given(c refcursor) RETURNS text STABLE LANGUAGE plpgsql AS $$ DECLARE a text; BEGIN FETCH c INTO a; RETURN a; END $$",
    "CREATE FUNCTION own() RETURNS text STABLE LANGUAGE plpgsql AS $$ DECLARE a text; c CURSOR FOR SELECT email FROM customers; BEGIN OPEN c; FETCH c INTO a; CLOSE c; RETURN a; END $$",
    // What is done by reading.
    "CREATE FUNCTION sets() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('search_path', 'other', false); END $$",
    "CREATE VIEW setting AS SELECT set_config('search_path', 'other', false) AS s",
    "CREATE VIEW as_somebody AS SELECT set_config('role', 'postgres', false) AS s",
    "CREATE VIEW reloading AS SELECT pg_reload_conf() AS r",
    "CREATE VIEW of_a_file AS SELECT pg_read_file('/etc/hostname') AS f",
    "CREATE VIEW locking AS SELECT id FROM customers FOR UPDATE",
    "CREATE VIEW over_locking AS SELECT id FROM locking",
    // Whose path.
    "CREATE SCHEMA other",
    "CREATE FUNCTION other.lower(text) RETURNS text LANGUAGE sql AS 'SELECT act($1)'",
    "CREATE FUNCTION lowered(text) RETURNS text STABLE LANGUAGE sql AS 'SELECT lower($1)'",
    "CREATE FUNCTION with_path(text) RETURNS text STABLE LANGUAGE sql SET search_path = pg_catalog AS 'SELECT lower($1)'",
    "CREATE VIEW calling AS SELECT lowered(email) AS x FROM customers",
    "CREATE VIEW over_calling AS SELECT x FROM calling",
    "CREATE VIEW with_paths AS SELECT with_path(email) AS x FROM customers",
    "CREATE FUNCTION by_default(a text DEFAULT lowered('A')) RETURNS text STABLE LANGUAGE sql AS 'SELECT a'",
    "CREATE FUNCTION parts(text) RETURNS SETOF text IMMUTABLE LANGUAGE sql AS 'SELECT regexp_split_to_table($1, '','')'",
    "CREATE VIEW parted AS SELECT id, parts(email) AS part FROM customers",
    "CREATE FUNCTION length(customers) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1 / pg_catalog.length($1.email)'",
    "CREATE FUNCTION atomic() RETURNS text STABLE BEGIN ATOMIC SELECT lowered('A'); END",
];

struct World {
    catalog: sql::Catalog,
}

impl World {
    fn facts(&self, path: &[&str], text: &str) -> Vec<Facts> {
        let settings = Settings::with_search_path(path, "app");
        analyze(text.as_bytes(), &settings, &self.catalog).statements
    }
}

fn world(name: &str) -> Option<World> {
    let Some(server) = Server::start(name) else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return None;
    };
    let mut client = Client::connect(&server);
    for text in DEFINITIONS {
        client.run(text);
    }
    client.run(catalog_rows::SESSION);
    let answers = QUERIES.iter().map(|(_, text)| client.rows(text)).collect();
    let catalog = catalog_rows::build(1, answers).unwrap();
    Some(World { catalog })
}

const USUAL: &[&str] = &["pg_catalog", "public"];
const OTHER: &[&str] = &["other", "pg_catalog", "public"];

#[test]
fn what_a_function_or_view_does_is_not_hidden_by_its_name_or_the_path() {
    let Some(world) = world("bodies") else { return };
    let write = Class::Write;
    for (path, text, class, complete) in [
        (
            USUAL,
            "SELECT * FROM renamed('SELECT 1') AS t (a text)",
            write,
            false,
        ),
        (
            USUAL,
            "SELECT alias('SELECT email FROM customers', true, true, '')",
            write,
            false,
        ),
        (USUAL, "SELECT plus(1, 2)", Class::Read, true),
        (USUAL, "SELECT given('c')", write, false),
        (USUAL, "SELECT own()", Class::Read, true),
        (USUAL, "SELECT s FROM setting", Class::Admin, true),
        (USUAL, "SELECT s FROM as_somebody", Class::Admin, true),
        (USUAL, "SELECT r FROM reloading", Class::Admin, true),
        (USUAL, "SELECT f FROM of_a_file", Class::Admin, false),
        (USUAL, "SELECT id FROM locking", write, true),
        (USUAL, "SELECT id FROM over_locking", write, true),
        (USUAL, "SELECT x FROM over_calling", Class::Read, true),
        (OTHER, "SELECT x FROM over_calling", write, false),
        (OTHER, "SELECT x FROM calling", write, false),
        (OTHER, "SELECT x FROM with_paths", Class::Read, true),
        (USUAL, "SELECT by_default()", Class::Read, true),
        (OTHER, "SELECT by_default()", write, false),
        (USUAL, "SELECT atomic()", Class::Read, true),
        (OTHER, "SELECT atomic()", write, false),
    ] {
        let facts = &world.facts(path, text)[0];
        assert_eq!(facts.class, class, "{text} under {path:?}");
        let known = facts.coverage == Coverage::Complete;
        assert_eq!(
            known, complete,
            "{text} under {path:?}: {:?}",
            facts.coverage
        );
    }
}

/// As many rows as a function gives, and whether it fails, depend on what it is given.
#[test]
fn how_many_rows_a_function_gives_is_decided_by_what_it_is_given() {
    let Some(world) = world("bodies-rows") else {
        return;
    };
    for text in [
        "SELECT count(*) FROM parted",
        "SELECT id, parts(email) FROM customers",
        "SELECT count(*) FROM (SELECT length(c) FROM customers c) q",
    ] {
        let facts = &world.facts(USUAL, text)[0];
        let decides = |u: &ColumnUse| u.column.column == "email" && u.place == Place::Filter;
        assert!(facts.uses.iter().any(decides), "{text}: {:?}", facts.uses);
    }
}

/// Behind it in the same text nobody knows what a name means.
#[test]
fn what_sets_the_path_by_being_called_or_read_is_followed_by_unknown_names() {
    let Some(world) = world("bodies-path") else {
        return;
    };
    for text in ["SELECT sets()", "SELECT s FROM setting"] {
        let all = world.facts(USUAL, &format!("{text}; SELECT t FROM log"));
        assert!(
            all[0].settings.contains(&SettingChange::AskServer),
            "{text}"
        );
        assert!(all[1].has(sql::facts::Flag::UnresolvedName), "{text}");
    }
}
