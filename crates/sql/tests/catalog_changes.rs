//! What is asked for after a change comes to the same catalog as asking for everything.

#![allow(clippy::unwrap_used)]

mod server;

use server::{Client, Server};
use sql::Catalog;
use sql::catalog_changes::{Asker, Changes, Pulse, SNAPSHOT, query_since};
use sql::catalog_rows::{self, QUERIES};

/// A look as the gateway takes it.
struct Look {
    snapshot: String,
    pulse: Pulse,
    catalog: Catalog,
}

fn whole(client: &mut Client) -> Catalog {
    let answers = QUERIES.iter().map(|(_, text)| client.rows(text)).collect();
    catalog_rows::build(1, answers).unwrap()
}

fn pulse(client: &mut Client, since: &str, asker: Asker) -> Pulse {
    Pulse::read(client.rows(&query_since(since, asker).unwrap())).unwrap()
}

/// The catalog after these changes, and how many of its parts were asked for.
fn changed(client: &mut Client, known: &Catalog, changes: &Changes) -> (Catalog, usize) {
    let queries = catalog_rows::queries_since(known, changes, false);
    let asked = queries.iter().flatten().count();
    let mut ask = |query: Option<String>| query.map(|query| client.rows(&query));
    let answers = queries.into_iter().map(&mut ask).collect();
    let catalog = catalog_rows::build_since(known, changes, 1, answers).unwrap();
    (catalog, asked)
}

/// The catalog after `last`, and how many of its parts were asked for.
fn look(client: &mut Client, last: Option<&Look>) -> (Look, usize) {
    let snapshot = client.run(SNAPSHOT)[0][0].clone();
    let since = last.map_or(&snapshot, |last| &last.snapshot);
    let pulse = pulse(client, since, Asker::Reader);
    let none = Catalog::default();
    let known = last.map_or(&none, |last| &last.catalog);
    let changes = match last {
        None => Some(Changes::all()),
        Some(last) => pulse.changes_since(&last.pulse),
    };
    let (catalog, asked) = match changes {
        None => (known.clone(), 0),
        Some(changes) => changed(client, known, &changes),
    };
    let found = Look {
        snapshot,
        pulse,
        catalog,
    };
    (found, asked)
}

/// Definitions, each on top of those before.
const STEPS: &[&str] = &[
    "CREATE TABLE a (id int PRIMARY KEY, mail text, n numeric)",
    "CREATE VIEW v AS SELECT id, mail FROM a ;; CREATE VIEW w AS SELECT mail FROM v ;; CREATE MATERIALIZED VIEW m AS SELECT n FROM a",
    "CREATE TABLE b (LIKE a) ;; CREATE TABLE c () INHERITS (a)",
    "ALTER TABLE a RENAME mail TO email",
    "ALTER TABLE a RENAME TO aa",
    "ALTER VIEW v RENAME COLUMN id TO number",
    "ALTER TABLE aa ADD g text GENERATED ALWAYS AS (lower(email)) STORED",
    "ALTER TABLE aa DROP COLUMN g, ADD o int ;; ALTER TABLE aa ALTER o TYPE text",
    "ALTER TABLE c NO INHERIT aa",
    "ALTER TABLE c INHERIT aa",
    "CREATE SCHEMA s ;; ALTER TABLE b SET SCHEMA s",
    "ALTER SCHEMA s RENAME TO t",
    "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT $1' ;; CREATE FUNCTION p() RETURNS int STABLE BEGIN ATOMIC SELECT count(email)::int FROM aa; END",
    "ALTER TABLE aa RENAME email TO e",
    "ALTER FUNCTION f(int) RENAME TO ff",
    "CREATE VIEW called AS SELECT ff(id) AS x FROM aa",
    "ALTER FUNCTION ff(int) RENAME TO fff",
    "ALTER FUNCTION fff(int) STABLE SECURITY DEFINER",
    "CREATE OR REPLACE FUNCTION fff(int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "CREATE TYPE mood AS ENUM ('sad', 'glad') ;; CREATE TYPE pair AS (x int, y mood) ;; CREATE DOMAIN d AS text",
    "ALTER TABLE aa ADD m mood, ADD p pair[]",
    "CREATE VIEW typed AS SELECT 'sad'::mood AS feeling, id FROM aa",
    "ALTER TYPE mood RENAME TO humour",
    "CREATE TABLE plain (x int) ;; CREATE VIEW of_types AS SELECT NULL::plain AS r, NULL::humour[] AS a, NULL::pair AS p, ARRAY[]::d[] AS ds",
    "ALTER TYPE humour RENAME TO humours",
    "ALTER TABLE plain RENAME TO plains",
    "ALTER TYPE pair RENAME TO pairs",
    "ALTER DOMAIN d RENAME TO dd",
    "CREATE COLLATION mine FROM \"C\" ;; CREATE VIEW collated AS SELECT e COLLATE mine AS e FROM aa",
    "ALTER COLLATION mine RENAME TO yours",
    "CREATE TEXT SEARCH CONFIGURATION plainly (COPY = simple) ;; CREATE VIEW searched AS SELECT to_tsvector('plainly', e) AS v FROM aa",
    "ALTER TEXT SEARCH CONFIGURATION plainly RENAME TO plainer",
    "ALTER TYPE pairs RENAME TO pair ;; ALTER DOMAIN dd RENAME TO d ;; ALTER TYPE humours RENAME TO humour",
    "CREATE FUNCTION to_plains(text) RETURNS plains LANGUAGE sql AS 'SELECT NULL::plains' ;; CREATE CAST (text AS plains) WITH FUNCTION to_plains(text)",
    "ALTER TABLE plains RENAME TO plain",
    "DROP VIEW of_types ;; DROP VIEW searched ;; DROP VIEW collated ;; DROP TABLE plain CASCADE ;; DROP COLLATION yours",
    "ALTER TYPE pair ADD ATTRIBUTE z int",
    "CREATE TYPE lone AS (x int, y text)",
    "ALTER TYPE lone ALTER ATTRIBUTE y TYPE d",
    "CREATE DOMAIN e AS d ;; CREATE DOMAIN q AS text",
    "CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END' ;; ALTER DOMAIN q ADD CONSTRAINT watched CHECK (spy(VALUE))",
    "ALTER DOMAIN q DROP CONSTRAINT watched",
    "CREATE TYPE span AS RANGE (subtype = float8)",
    "CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)",
    "CREATE VIEW operated AS SELECT id OPERATOR(public.===) 1 AS same FROM aa",
    "CREATE CAST (text AS humour) WITH INOUT AS ASSIGNMENT",
    "CREATE TRIGGER late BEFORE UPDATE ON aa FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
    "DROP TRIGGER late ON aa",
    "CREATE RULE nothing AS ON DELETE TO aa DO INSTEAD NOTHING",
    "DROP RULE nothing ON aa",
    "CREATE TABLE logs (at date) PARTITION BY RANGE (at) ;; CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
    "ALTER TABLE logs DETACH PARTITION logs_1",
    "CREATE AGGREGATE total(int) (SFUNC = int4pl, STYPE = int)",
    "CREATE TEMP TABLE mine (i int)",
    "CREATE OR REPLACE VIEW v AS SELECT id AS number, e AS mail, n FROM aa",
    "DROP VIEW operated ;; DROP OPERATOR === (int, int) ;; DROP CAST (text AS humour)",
    "DROP AGGREGATE total(int) ;; DROP FUNCTION p()",
    "DROP TABLE c ;; CREATE TABLE c (id int)",
    "TRUNCATE aa ;; VACUUM FULL aa",
    "BEGIN ;; SAVEPOINT x ;; CREATE TABLE gone () ;; ROLLBACK TO x ;; CREATE TABLE kept (a int) ;; COMMIT",
    "DROP SCHEMA t CASCADE ;; DROP TABLE aa CASCADE",
    "DROP TYPE pair, span, lone ;; DROP DOMAIN e, q, d ;; DROP TYPE humour",
];

#[test]
fn what_changed_comes_to_the_same_as_everything() {
    let Some(server) = Server::start("changes") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    let mut agent = Client::connect(&server);
    client.run(catalog_rows::SESSION);
    let (mut last, _) = look(&mut client, None);
    // Its number is taken before anything else, and it ends after all: what is newer than it is newer all along.
    let mut old = Client::connect(&server);
    for round in 0..2 {
        if round == 1 {
            old.run("BEGIN; SELECT pg_current_xact_id()");
        }
        for step in STEPS {
            for text in step.split(" ;; ") {
                agent.run(text);
            }
            let (next, _) = look(&mut client, Some(&last));
            assert!(next.catalog.is_same(&whole(&mut client)), "after {step}");
            last = next;
        }
        agent.run("DROP SCHEMA public CASCADE");
        agent.run("CREATE SCHEMA public");
        agent.run("DISCARD ALL");
    }
    old.run("COMMIT");
}

/// In one transaction that changes everything, in subtransactions, while others go on: what it sees itself.
#[test]
fn what_a_transaction_changed_comes_to_the_same_as_everything_that_it_sees() {
    let Some(server) = Server::start("changes-own") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let (mut client, mut agent) = (Client::connect(&server), Client::connect(&server));
    let mut other = Client::connect(&server);
    client.run(catalog_rows::SESSION);
    agent.run("CREATE TABLE before (a int); CREATE VIEW v_before AS SELECT a FROM before");
    let (mut last, _) = look(&mut client, None);
    agent.run("BEGIN");
    for (at, step) in STEPS.iter().enumerate() {
        // PostgreSQL 15 makes no subtransaction behind the last of these.
        let apart = ["VACUUM", "COMMIT", "DROP CONSTRAINT"];
        if apart.iter().any(|word| step.contains(word)) {
            continue;
        }
        agent.run("SAVEPOINT s");
        for text in step.split(" ;; ") {
            agent.run(text);
        }
        match at % 3 {
            0 => agent.run("RELEASE SAVEPOINT s"),
            1 => {
                agent.run("SAVEPOINT t");
                agent.run("CREATE TABLE undone (a int)");
                agent.run("ROLLBACK TO SAVEPOINT t")
            }
            _ => other.run("SELECT pg_current_xact_id()"),
        };
        if at % 10 == 9 {
            other.run(&format!("CREATE TABLE theirs_{at} (a int)"));
            (last, _) = look(&mut client, Some(&last));
        }
        agent.run("SET LOCAL search_path = ''");
        let newer = pulse(&mut agent, &last.snapshot, Asker::Writer);
        let changes = newer.changes_since(&last.pulse).unwrap();
        let (catalog, _) = changed(&mut agent, &last.catalog, &changes);
        assert!(catalog.is_same(&whole(&mut agent)), "after {step}");
        agent.run("SET LOCAL search_path = public");
    }
}

#[test]
fn nothing_is_asked_where_nothing_changed_and_little_where_little_did() {
    let Some(server) = Server::start("changes-few") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    let mut agent = Client::connect(&server);
    client.run(catalog_rows::SESSION);
    agent.run("CREATE TABLE a (id int)");
    let (last, all) = look(&mut client, None);
    assert_eq!(all, QUERIES.len());
    agent.run("INSERT INTO a VALUES (1)");
    agent.run("VACUUM ANALYZE a");
    let (last, asked) = look(&mut client, Some(&last));
    assert_eq!(asked, 0);
    agent.run("CREATE TABLE b (id int)");
    let (last, asked) = look(&mut client, Some(&last));
    assert!(asked < all, "{asked} of {all}");
    assert!(last.catalog.relation("public", "b").is_some());
}

/// A view over a table that somebody has locked against everyone is not told, and nobody waits for it.
#[test]
fn what_is_locked_is_not_waited_for() {
    let Some(server) = Server::start("changes-locked") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(catalog_rows::SESSION);
    client.run("SET lock_timeout = '5s'");
    let mut agent = Client::connect(&server);
    agent.run("CREATE TABLE a (id int); CREATE VIEW v AS SELECT id FROM a; CREATE VIEW w AS SELECT id FROM v; CREATE TABLE b (id int); CREATE VIEW x AS SELECT id FROM b");
    agent.run("CREATE FUNCTION p() RETURNS bigint STABLE BEGIN ATOMIC SELECT count(*) FROM a; END");
    for how in ["LOCK TABLE a", "LOCK TABLE a, v"] {
        let mut holder = Client::connect(&server);
        holder.run("BEGIN");
        holder.run(how);
        let (last, _) = look(&mut client, None);
        let untold = |name: &str| last.catalog.relation("public", name).unwrap().is_untold();
        assert!(last.catalog.is_incomplete());
        assert!(untold("v") && !untold("x"), "{how}");
        assert_eq!(untold("w"), how.contains('v'));
        let function = &last.catalog.functions("p")[0];
        assert!(last.catalog.inside(function.oid).is_none());
        holder.run("COMMIT");
        let changes = Changes::only_untold();
        let queries = catalog_rows::queries_since(&last.catalog, &changes, false);
        let answers = queries.into_iter().map(|q| q.map(|q| client.rows(&q)));
        let catalog = catalog_rows::build_since(&last.catalog, &changes, 2, answers.collect());
        assert!(catalog.unwrap().is_same(&whole(&mut client)));
    }
}
