//! Statements that the facts call reads, run on a live server in a transaction that may only read.
//!
//! Owns: the run over the corpus, over texts made from it, and its figures. Refuses: to pass a read that the server calls a
//! write, and one that leaves a trace which a read-only transaction does not stop.
//!
//! `readonly --rounds 20000 --seed 1 [directory of .sql files]`; `readonly 'SELECT 1'` runs this text.

#[path = "../grammar/mutate.rs"]
#[allow(dead_code)]
mod mutate;
#[path = "../grammar/seeds.rs"]
#[allow(dead_code)]
mod seeds;
mod trace;
#[path = "../grammar/words.rs"]
#[allow(dead_code)]
mod words;

use std::collections::BTreeMap;
use std::path::Path;

use postgres::Client;
use referee::arguments::Arguments;
use referee::random::Random;
use referee::server::Server;
use referee::shop;
use sql::facts::{Action, Class, Facts};
use sql::{Catalog, Settings};
use trace::Watch;

/// Rows, so that functions over them run.
const ROWS: &str =
    "INSERT INTO customers (id, name, email, card_number, city, tags, profile) VALUES (1, 'ann', 'a@x', '4111', 'Rome', '{a,b}', '{\"a\": 1}'), (2, 'bob', 'b@y', NULL, NULL, NULL, '[1]');
     INSERT INTO orders VALUES (1, 1, 10, 'paid', 'n', now()), (2, 2, 20, 'new', NULL, now());
     INSERT INTO order_items VALUES (1, 1, 1, 2, 3), (2, 1, 2, 1, 5); INSERT INTO products VALUES (1, 'p', 1, '{}'), (2, 'q', 2, NULL);
     INSERT INTO staff VALUES (1, 's', 's@x', 100, 'k', NULL), (2, 't', 't@x', 50, 'l', 1); INSERT INTO guesses VALUES (1, 'a@x', 'g'), (2, 'z', 'h');
     INSERT INTO events VALUES (1, '2024-05-05'); INSERT INTO \"Sales\".\"Orders\" VALUES (1, 'c@x', 3); INSERT INTO tenant.customers VALUES (1, 's');
     INSERT INTO tenant.notes VALUES (1, 'b'); REFRESH MATERIALIZED VIEW cities;";

/// SQLSTATE of what a read-only transaction refuses.
const READ_ONLY: &str = "25006";

/// What a run came to.
#[derive(Debug, Default)]
struct Figures {
    texts: usize,
    reads: usize,
    sessions: usize,
    succeeded: usize,
    lost: usize,
    failed: BTreeMap<String, usize>,
    misses: usize,
}

/// A server to run on, and what is known of it.
struct Run {
    server: Server,
    client: Client,
    watch: Watch,
    catalog: Catalog,
    settings: Settings,
    figures: Figures,
    /// What was looked at last, where nothing has run since.
    seen: Option<Vec<String>>,
}

fn main() {
    let arguments = Arguments::of_process(6_000);
    let server = Server::start("readonly");
    let mut client = server.connect();
    client
        .batch_execute(&shop::fixture("shop.sql"))
        .expect("the fixture's definitions");
    client.batch_execute(ROWS).expect("rows");
    client.batch_execute("VACUUM FREEZE").expect("VACUUM");
    client.batch_execute("CHECKPOINT").expect("CHECKPOINT");
    let catalog = referee::catalog(&mut client, 1).expect("a catalogue");
    let watch = Watch::over(server.connect(), server.connect());
    let mut run = Run {
        client: fresh(&server),
        server,
        watch,
        catalog,
        settings: Settings::with_search_path(&["pg_catalog", "public"], "postgres"),
        figures: Figures::default(),
        seen: None,
    };
    let mut pool = seeds::seeds();
    for word in &arguments.words {
        if Path::new(word).is_dir() {
            pool.extend(statements(Path::new(word)));
        } else {
            pool = vec![word.clone()];
        }
    }
    let corpus = pool.len();
    let mut random = Random::new(arguments.seed);
    for text in &pool {
        run.text(text);
    }
    let mut round = 0;
    while corpus > 1 && arguments.goes_on(round) {
        let text = mutate::mutated(&pool, &mut random);
        run.text(&text);
        round += 1;
    }
    println!("corpus of {corpus} texts, {round} made from it");
    println!("{:#?}", run.figures);
    let misses = run.figures.misses;
    drop(run);
    std::process::exit(i32::from(misses > 0));
}

/// A session with limits.
fn fresh(server: &Server) -> Client {
    let mut client = server.connect();
    client
        .batch_execute("SET statement_timeout = '700ms'; SET lock_timeout = '300ms'; SET client_min_messages = error")
        .expect("settings");
    client
}

/// The statements of a directory's files.
fn statements(directory: &Path) -> Vec<String> {
    let mut all = vec![];
    let Ok(entries) = std::fs::read_dir(directory) else {
        return all;
    };
    for entry in entries.flatten() {
        if entry.path().extension().is_some_and(|e| e == "sql")
            && let Ok(text) = std::fs::read_to_string(entry.path())
        {
            all.extend(text.split(";\n").map(str::to_owned));
        }
    }
    all
}

impl Run {
    /// Runs a text whose facts call it a read, or harmless to the session.
    fn text(&mut self, text: &str) {
        self.figures.texts += 1;
        let analysis = sql::analyze(text.as_bytes(), &self.settings, &self.catalog);
        let [facts] = analysis.statements.as_slice() else {
            return;
        };
        let session = match facts.class {
            Class::Read => false,
            // What ends the transaction, or runs what was named before, has no place in it.
            Class::Session if facts.transaction.is_none() && facts.named.is_none() => true,
            _ => return,
        };
        if session {
            self.figures.sessions += 1;
        } else {
            self.figures.reads += 1;
        }
        let copies = facts.needs.iter().any(|n| n.action == Action::CopyOut);
        let before = match self.seen.take() {
            Some(seen) => seen,
            None => self.watch.look(),
        };
        let state = self.run(text, copies);
        match state.as_deref() {
            None => self.figures.succeeded += 1,
            Some(READ_ONLY) => self.miss(text, facts, "the server calls it a write"),
            Some(other) => *self.figures.failed.entry(other.to_owned()).or_default() += 1,
        }
        let after = self.watch.look();
        if before != after {
            // The server has work of its own; twice in a row it is the statement's.
            let before = self.watch.look();
            self.run(text, copies);
            let after = self.watch.look();
            if before != after {
                self.miss(text, facts, &trace::difference(&before, &after));
            }
        } else {
            self.seen = Some(after);
        }
        if session {
            // LISTEN, SET and the like are for the session, which ends here.
            self.client = fresh(&self.server);
        }
    }

    /// Runs a text read-only; its SQLSTATE, if it fails.
    fn run(&mut self, text: &str, copies: bool) -> Option<String> {
        if self.client.batch_execute("BEGIN READ ONLY").is_err() {
            self.client = fresh(&self.server);
            return Some("lost".to_owned());
        }
        let result = if copies {
            self.client.copy_out(text).map(|mut rows| {
                let _ = std::io::copy(&mut rows, &mut std::io::sink());
            })
        } else {
            self.client.simple_query(text).map(|_| ())
        };
        let state = match &result {
            Ok(()) => None,
            Err(error) => match error.as_db_error() {
                Some(db) => Some(db.code().code().to_owned()),
                None => Some("protocol".to_owned()),
            },
        };
        if state.as_deref() == Some("protocol") || self.client.batch_execute("ROLLBACK").is_err() {
            self.figures.lost += 1;
            self.client = fresh(&self.server);
        }
        state
    }

    fn miss(&mut self, text: &str, facts: &Facts, what: &str) {
        self.figures.misses += 1;
        if self.figures.misses <= 20 {
            println!("MISS {what} ({:?}): {}", facts.class, text.trim());
        }
    }
}
