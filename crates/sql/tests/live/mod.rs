//! The catalog of a real server, and what its statements come to.
#![allow(dead_code)]

use sql::catalog_rows::{self, QUERIES};
use sql::facts::{Class, Coverage};
use sql::{Catalog, Settings, analyze};

use crate::server::{Client, Server};

/// What every database here has: a function with an effect, one that calls it and says it had none, and types.
pub const COMMON: &str = "
    CREATE TABLE log (m text);
    CREATE TABLE people (id int, name text, region varchar(20), paid numeric, at timestamptz);
    CREATE FUNCTION eff(t text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO log VALUES (t); RETURN true; END';
    CREATE FUNCTION imm(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN eff(t); END';
    CREATE TYPE comp AS (a int, b text);
    CREATE TABLE tc (c comp)";

/// The catalog of a database with these objects beside the common ones; None where there is no server.
pub fn catalog(name: &str, objects: &str) -> Option<Catalog> {
    Some(live(name, objects)?.0)
}

/// The same with the server.
pub fn live(name: &str, objects: &str) -> Option<(Catalog, Server, Client)> {
    let Some(server) = Server::start(name) else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return None;
    };
    let mut client = Client::connect(&server);
    client.run(COMMON);
    client.run(objects);
    client.run(catalog_rows::SESSION);
    let answers: Vec<_> = QUERIES.iter().map(|(_, text)| client.rows(text)).collect();
    let catalog = catalog_rows::build(1, answers).unwrap();
    client.run("RESET ALL");
    Some((catalog, server, client))
}

pub fn settings() -> Settings {
    Settings::with_search_path(&["pg_catalog", "public"], "app")
}

/// Whether a text is one that can do something: by what a body was seen to do, or because it cannot be looked into.
pub fn acts(catalog: &Catalog, settings: &Settings, text: &str) -> bool {
    let analysis = analyze(text.as_bytes(), settings, catalog);
    let facts = &analysis.statements[0];
    let opaque = matches!(facts.coverage, Coverage::Opaque(_));
    assert!(!opaque || facts.class >= Class::Write, "{text}: {facts:?}");
    facts.class >= Class::Write
}

/// Each of the first acts, none of the second.
pub fn hold(catalog: &Catalog, attacks: &[&str], honest: &[&str]) {
    for text in attacks {
        assert!(acts(catalog, &settings(), text), "{text}");
    }
    for text in honest {
        assert!(!acts(catalog, &settings(), text), "{text}");
    }
}

/// What any application asks, in every database here.
pub const HONEST: &[&str] = &[
    "SELECT name FROM people WHERE name = 'x' AND id = '1' AND region IN ('a', 'b')",
    "SELECT name || 'x', coalesce(name, '-'), nullif(name, '') FROM people WHERE name LIKE 'a%'",
    "SELECT CASE region WHEN 'eu' THEN 'x' ELSE 'y' END, lower(name) = 'a' FROM people",
    "SELECT id FROM people WHERE (id, name) = (1, 'a') AND id = ANY ('{1,2}') AND paid BETWEEN '1' AND '2'",
    "SELECT id::text, at::date, count(*) FROM people GROUP BY 1, 2 ORDER BY 3 LIMIT 5",
    "SELECT row_to_json(p), to_json(name) FROM people p",
    "SELECT q.name FROM (SELECT name, 'x' AS y FROM people) q WHERE q.y <> 'z'",
    "SELECT name FROM people UNION SELECT 'nobody'",
];
