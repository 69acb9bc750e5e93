//! The catalogue of the fixtures is what a server says of `shop.sql`, by the very queries that the gateway asks.
//!
//! To make `catalog.txt` anew:  REWRITE=1 cargo test -p sql --test catalog

#![allow(clippy::unwrap_used)]

mod server;
mod shop;

use server::{Client, Server};
use sql::catalog_rows::{self, QUERIES};

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
