//! The catalogue of the fixtures is what a server says of `shop.sql`, by the very queries that the gateway asks.
//!
//! To make `catalog.txt` anew:  REWRITE=1 cargo test -p sql --test catalog

#![allow(clippy::unwrap_used)]

mod server;
mod shop;

use server::{Client, Server};
use sql::catalog_rows::{self, QUERIES};
use sql::facts::Coverage;
use sql::{Settings, analyze};

#[test]
fn the_fixture_is_what_a_server_answers() {
    let Some(server) = Server::start("catalog") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    let version = client.run("SELECT current_setting('server_version_num')::int / 10000");
    let head = format!("# PostgreSQL {}", version[0][0]);
    client.run(&shop::fixture("shop.sql"));
    client.run(catalog_rows::SESSION);
    let answers: Vec<_> = QUERIES.iter().map(|(_, text)| client.rows(text)).collect();
    let text = format!("{head}\n{}", shop::written(&answers));
    let kept = shop::fixture("catalog.txt");
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(shop::fixtures().join("catalog.txt"), &text).unwrap();
    } else if kept.lines().next() != Some(head.as_str()) {
        eprintln!("the server is another version than the fixture's: skipped");
    } else {
        let other = text.lines().zip(kept.lines()).find(|(a, b)| a != b);
        assert_eq!(other, None, "make it anew: see the top of this file");
        assert_eq!(text.len(), kept.len());
    }
}

/// A domain's check runs where a value is made one, not where one is read.
#[test]
fn a_check_of_somebody_s_is_a_call_of_it() {
    let Some(server) = Server::start("domains") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(
        "CREATE TABLE t (id int, name text);
         CREATE FUNCTION spy(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
         CREATE DOMAIN d AS text CHECK (spy(VALUE));
         CREATE DOMAIN harmless AS text CHECK (VALUE <> '');
         CREATE TYPE pair AS (a int, b d);
         CREATE TABLE u (id int, mail d, pairs pair[], h harmless)",
    );
    client.run(catalog_rows::SESSION);
    let answers: Vec<_> = QUERIES.iter().map(|(_, text)| client.rows(text)).collect();
    let catalog = catalog_rows::build(1, answers).unwrap();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let opaque = |text: &str| {
        let analysis = analyze(text.as_bytes(), &settings, &catalog);
        matches!(analysis.statements[0].coverage, Coverage::Opaque(_))
    };
    for text in [
        "SELECT name::d FROM t",
        "SELECT '(1,x)'::pair",
        "SELECT array_in('{x}', 'd'::regtype::oid, -1)",
        "SELECT domain_in('x', t.oid, -1) FROM pg_type t",
        "SELECT ('x').d",
        "SELECT '{}'::pair[]",
        "INSERT INTO u (mail) SELECT name FROM t",
        "INSERT INTO u (mail) VALUES ($1)",
        "UPDATE u SET pairs = '{}' WHERE id = 1",
        "COPY u FROM STDIN",
        "SELECT * FROM jsonb_populate_record(NULL::u, '{}')",
        "SELECT * FROM json_to_record('{}') AS x (a d)",
        "SELECT * FROM xmltable('/a' PASSING '<a/>'::xml COLUMNS x d)",
    ] {
        assert!(opaque(text), "{text}");
    }
    for text in [
        "SELECT mail, pairs FROM u WHERE mail = $1",
        "SELECT name::harmless FROM t",
        "DELETE FROM u WHERE id = 1",
        "INSERT INTO t VALUES (1, 'x')",
        "SELECT id FROM t WHERE (id, name) IN (($1, $2), (1, 'a'))",
    ] {
        assert!(!opaque(text), "{text}");
    }
}

/// The server's own functions by their volatility, one a line; the lists of `function_table.rs` are held against them.
#[test]
fn the_server_s_functions_are_those_listed() {
    let Some(server) = Server::start("functions") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    let version = client.run("SELECT current_setting('server_version_num')::int / 10000");
    let mut text = format!(
        "# The functions of PostgreSQL {} (pg_proc), the most volatile of each name. Made by: just catalog\n",
        version[0][0]
    );
    for row in client.run(
        "SELECT max(provolatile::text), proname FROM pg_proc WHERE oid < 16384 AND pronamespace = 'pg_catalog'::regnamespace \
         GROUP BY proname ORDER BY proname COLLATE \"C\"",
    ) {
        text.push_str(&format!("{} {}\n", row[0], row[1]));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/data/functions.txt");
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(path, &text).unwrap();
    } else if kept.lines().next() == text.lines().next() {
        assert!(kept == text, "make it anew: see the top of this file");
    }
}
