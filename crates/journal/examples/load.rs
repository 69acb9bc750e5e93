//! How fast the journal is here: `cargo run --release -p journal --example load -- [producers] [outstanding] [seconds]`.
//!
//! Every producer keeps so many durable records outstanding.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use journal::record::{Outcome, Road};
use journal::{Event, Journal, JournalConfig};

fn statement(number: u64) -> Event {
    Event::Statement {
        number,
        road: Road::Execute,
        text: "SELECT abalance FROM pgbench_accounts WHERE aid = $1".to_owned(),
        parameters: vec![Some(number.to_string())],
        class: "read".to_owned(),
        needs: vec!["read public.pgbench_accounts".to_owned()],
        labels: Vec::new(),
        outcome: Outcome::Allow,
        policies: vec!["agents-read".to_owned()],
        controls: Vec::new(),
        policy_generation: 1,
        hold: None,
        refusal: None,
    }
}

fn proc_status(field: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap();
    line[field.len() + 1..].trim().to_owned()
}

fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

fn main() {
    let argument = |at: usize, default: u64| {
        std::env::args()
            .nth(at)
            .map_or(default, |text| text.parse().unwrap())
    };
    let (producers, outstanding, seconds) = (argument(1, 32), argument(2, 16), argument(3, 5));
    let state = std::env::temp_dir().join(format!("journal-load-{}", std::process::id()));
    let journal = Journal::open(&state, JournalConfig::default()).unwrap();

    let events: Vec<Event> = (0..4000).map(statement).collect();
    let begin = Instant::now();
    for event in events {
        journal.append(1, event).unwrap();
    }
    println!("append: {} ns each", begin.elapsed().as_nanos() / 4000);

    journal.append_durable(1, statement(0)).wait().unwrap();

    let stop = AtomicBool::new(false);
    let (begin, cpu, first) = (Instant::now(), cpu_seconds(), journal.last_seq());
    let payload = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for producer in 0..producers {
            let (journal, stop, payload) = (&journal, &stop, &payload);
            scope.spawn(move || {
                let mut waiting = VecDeque::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let event = statement(number);
                    if number % 64 == 0 {
                        payload.fetch_add(
                            64 * serde_json::to_vec(&event).unwrap().len() as u64,
                            Ordering::Relaxed,
                        );
                    }
                    waiting.push_back(journal.append_durable(producer + 1, event));
                    if waiting.len() as u64 >= outstanding {
                        waiting.pop_front().unwrap().wait().unwrap();
                    }
                }
                for one in waiting {
                    one.wait().unwrap();
                }
            });
        }
        std::thread::sleep(Duration::from_secs(seconds));
        stop.store(true, Ordering::Relaxed);
    });
    let records = journal.last_seq() - first;
    let took = begin.elapsed().as_secs_f64();
    println!(
        "{records} records in {took:.1} s: {:.0}/s, {:.2} us of CPU each (with their producers)",
        records as f64 / took,
        (cpu_seconds() - cpu) * 1e6 / records as f64
    );
    println!(
        "memory now {}, at most {}",
        proc_status("VmRSS"),
        proc_status("VmHWM")
    );
    let begin = Instant::now();
    drop(journal);
    println!("closed in {:?}", begin.elapsed());
    let disk = std::process::Command::new("du")
        .args(["-sb"])
        .arg(&state)
        .output()
        .unwrap();
    let disk: f64 = String::from_utf8_lossy(&disk.stdout)
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap();
    println!(
        "disk / payload: {:.2}",
        disk / payload.load(Ordering::Relaxed) as f64
    );
    let begin = Instant::now();
    let journal = Journal::open(&state, JournalConfig::default()).unwrap();
    println!(
        "opened in {:?}, memory {}",
        begin.elapsed(),
        proc_status("VmRSS")
    );
    let begin = Instant::now();
    let verification = journal.verify().unwrap();
    println!(
        "verified {} in {:?}: {:?}",
        verification.records,
        begin.elapsed(),
        verification.broken
    );
    let begin = Instant::now();
    println!(
        "{} sessions listed in {:?}",
        journal.sessions().unwrap().len(),
        begin.elapsed()
    );
    drop(journal);
    std::fs::remove_dir_all(state).unwrap();
}
