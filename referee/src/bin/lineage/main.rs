//! Lineage, held against a live server: a generated statement is run over tables that differ in one cell, and whatever
//! changes in its answer has to be explained by its facts.
//!
//! Owns: the run and its figures. Refuses: to pass a change that nothing explains.
//!
//! `lineage --queries 100000 --seed 1 --seconds 600 --threads 2`; `lineage --show 7` prints the statement of a seed;
//! `lineage --text 'SELECT …'` judges one.

mod aggregates;
mod calls;
mod conditions;
mod containers;
mod expressions;
mod figures;
mod from;
mod judge;
mod minimise;
mod queries;
mod schema;
mod scope;
mod selects;
mod writes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use figures::Figures;
use judge::{Clients, World, judge};
use referee::server::Server;
use writes::Made;

/// What was asked for.
struct Asked {
    queries: u64,
    seconds: u64,
    seed: u64,
    threads: usize,
    /// Misses to print.
    most: usize,
    text: Option<String>,
    /// Print examples of what is not complete.
    examples: bool,
}

fn asked() -> Asked {
    let mut asked = Asked {
        queries: 10_000,
        seconds: 3600,
        seed: 1,
        threads: 2,
        most: 20,
        text: None,
        examples: false,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().unwrap_or_default();
        let number = || {
            value
                .parse::<u64>()
                .unwrap_or_else(|_| panic!("{word} wants a number"))
        };
        match word.as_str() {
            "--queries" => asked.queries = number(),
            "--seconds" => asked.seconds = number(),
            "--seed" => asked.seed = number(),
            "--threads" => asked.threads = number() as usize,
            "--most" => asked.most = number() as usize,
            "--examples" => asked.examples = number() > 0,
            "--text" => asked.text = Some(value),
            "--show" => {
                println!("{}", writes::make(number()).text);
                std::process::exit(0);
            }
            other => panic!("no option {other}"),
        }
    }
    asked
}

fn main() {
    let asked = asked();
    let server = Server::start("lineage");
    let mut client = server.connect();
    client
        .batch_execute("CREATE DATABASE writes")
        .expect("a database");
    schema::make(&mut server.connect_to("postgres", "writes"));
    let variants = schema::make(&mut client);
    // A table that was updated is planned otherwise than one that was not, and rows come in another order.
    client.batch_execute("VACUUM FULL").expect("a vacuum");
    let values = judge::values(&mut client, &variants);
    let world = World {
        catalog: referee::catalog(&mut client, 1).expect("a catalogue"),
        settings: sql::Settings::with_search_path(&["pg_catalog", "v0", "common"], "postgres"),
        variants,
        values,
    };
    let connect = || {
        let one = |database: &str| {
            let mut client = server.connect_to("postgres", database);
            client
                // A sort that does not fit into memory puts equals in another order where another column is wider.
                .batch_execute(
                    "SET statement_timeout = '2s'; SET lock_timeout = '5s'; SET work_mem = '256MB'",
                )
                .expect("settings");
            client
        };
        Clients {
            reader: one("postgres"),
            writer: one("writes"),
        }
    };
    if let Some(text) = asked.text {
        let look = if text.contains(" made ") { "made" } else { "" };
        let made = Made {
            text,
            named: schema::NAMES.to_vec(),
            look,
        };
        println!("{:#?}", judge(&mut connect(), &world, &made));
        println!(
            "{:#?}",
            sql::analyze(made.text.as_bytes(), &world.settings, &world.catalog)
        );
        return;
    }
    let next = AtomicU64::new(0);
    let started = Instant::now();
    let all = Mutex::new(Figures::with_examples(asked.examples));
    std::thread::scope(|scope| {
        for _ in 0..asked.threads.max(1) {
            scope.spawn(|| {
                let mut clients = connect();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= asked.queries || started.elapsed() > Duration::from_secs(asked.seconds)
                    {
                        return;
                    }
                    let seed = asked.seed.wrapping_mul(1_000_003).wrapping_add(at);
                    let made = writes::make(seed);
                    let mut judged = judge(&mut clients, &world, &made);
                    if !judged.misses.is_empty() && !matches!(made.look, "" | "made") {
                        clients.tidy(&world);
                        judged = judge(&mut clients, &world, &made);
                    }
                    let fresh = all.lock().unwrap().add(&made, &judged, seed);
                    if let Some(kind) = fresh {
                        let seen = all.lock().unwrap().shown;
                        if seen < asked.most {
                            let least = minimise::minimise(&mut clients, &world, &made, kind);
                            let again = judge(&mut clients, &world, &least);
                            let mut all = all.lock().unwrap();
                            all.shown += 1;
                            println!(
                                "MISS {kind} (seed {seed}): {}\n  {:?}",
                                least.text,
                                again.misses.first()
                            );
                        }
                    }
                    if asked.examples
                        && let Some(reason) = judged.opaque.clone()
                        && !["function ", "only one"]
                            .iter()
                            .any(|k| reason.starts_with(k))
                        && all.lock().unwrap().examples_of(&reason) <= 5
                    {
                        let least = minimise::cut(&mut clients, &world, &made, &|j| {
                            j.opaque.as_deref() == Some(&*reason)
                        });
                        println!("{reason} (seed {seed}): {}", least.text);
                    }
                    if at % 20_000 == 19_999 {
                        let _ = clients.writer.batch_execute("RESET search_path");
                        let _ = clients.writer.batch_execute("VACUUM");
                    }
                }
            });
        }
    });
    let all = all.into_inner().unwrap();
    all.print(started.elapsed());
    drop(server);
    std::process::exit(i32::from(all.misses > 0));
}
