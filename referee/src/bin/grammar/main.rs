//! A differential fuzzer: PostgreSQL's own grammar (libpg_query) against the facts.
//!
//! `grammar --seconds 600 --seed 1` makes texts out of the corpus, and prints each that the real grammar accepts and
//! the facts have too mild, made as small as it can be; at the end, figures. `grammar 'SELECT 1'` judges this text;
//! `grammar @file.sql --rounds 1000` has more to begin with.
//!
//! Owns: the loop and the figures. Refuses: to end well where there was a disagreement.

mod catalog;
mod demand;
mod judge;
mod literals;
mod minimise;
mod mutate;
mod names;
mod rules;
mod seeds;
mod told;
mod tree;
mod words;

use std::collections::HashSet;

use judge::{Counts, Judge, Verdict};
use referee::arguments::Arguments;
use referee::random::Random;
use referee::shop;
use sql::Settings;

/// How many disagreements of one kind are shown.
const SHOWN: u64 = 5;

fn main() {
    let arguments = Arguments::of_process(20_000);
    let judge = Judge {
        catalog: shop::catalog(),
        settings: Settings::with_search_path(&["pg_catalog", "public"], "app"),
    };
    let (files, texts): (Vec<&String>, Vec<&String>) =
        arguments.words.iter().partition(|w| w.starts_with('@'));
    for text in &texts {
        show(&judge, text);
    }
    if !texts.is_empty() {
        return;
    }
    std::panic::set_hook(Box::new(|_| {}));
    let mut run = Run::default();
    let mut pool = seeds::seeds();
    for file in files {
        pool.extend(seeds::of_file(&file[1..]));
    }
    let mut random = Random::new(arguments.seed);
    let honest = pool.len();
    let mut round = 0;
    while arguments.goes_on(round) {
        // First every seed as it is.
        let text = match pool.get(round as usize) {
            Some(seed) if (round as usize) < honest => seed.clone(),
            _ => mutate::mutated(&pool, &mut random),
        };
        if run.text(&judge, &text, (round as usize) < honest) {
            pool.push(text);
        }
        round += 1;
    }
    run.report(pool.len() - honest);
    if run.mild > 0 {
        std::process::exit(1);
    }
}

/// The figures.
#[derive(Default)]
struct Run {
    tried: u64,
    accepted: u64,
    understood: u64,
    mild: u64,
    refused_reads: u64,
    unknown: Counts,
    kinds: Counts,
    seen: HashSet<String>,
    pairs: HashSet<u64>,
}

impl Run {
    /// Judges a text; whether it is new and worth keeping.
    fn text(&mut self, judge: &Judge, text: &str, seed: bool) -> bool {
        // The real grammar reads up to the first zero byte, which no client can send inside a text.
        if text.contains('\0') {
            return false;
        }
        self.tried += 1;
        let (unknown, findings, pairs) = match judge.text(text) {
            Verdict::Refused { read } => {
                self.refused_reads += u64::from(read);
                return false;
            }
            Verdict::Accepted {
                unknown,
                findings,
                pairs,
            } => (unknown, findings, pairs),
        };
        self.accepted += 1;
        match unknown {
            None => self.understood += 1,
            Some((kind, reason)) => {
                if std::env::var_os("REFEREE_UNKNOWN")
                    .is_some_and(|w| reason.contains(&*w.to_string_lossy()))
                {
                    println!("unknown, {reason}: {text}");
                }
                self.unknown.add(format!(
                    "{}{kind}: {reason}",
                    if seed { "(seed) " } else { "" }
                ));
            }
        }
        for finding in findings {
            self.mild += 1;
            self.kinds.add(finding.kind.clone());
            let kind = finding.kind.as_str();
            let shown = self
                .kinds
                .sorted()
                .iter()
                .find(|(k, _)| *k == kind)
                .map_or(0, |(_, n)| *n);
            if shown > SHOWN * 20 {
                continue;
            }
            let small = minimise::minimised(text, |t| disagrees(judge, t, kind));
            if self.seen.insert(format!("{kind} {small}")) && shown <= SHOWN * 4 {
                println!("-- {kind}");
                println!("{small}");
                for f in findings_of(judge, &small)
                    .into_iter()
                    .filter(|f| f.kind == kind)
                    .take(1)
                {
                    println!("   {}", f.detail);
                }
            }
        }
        let mut new = false;
        for pair in pairs {
            new |= self.pairs.insert(pair);
        }
        new && !seed && text.len() < 1500
    }

    fn report(&self, kept: usize) {
        println!();
        println!(
            "{} texts, {} accepted by the real grammar, {} of these understood",
            self.tried, self.accepted, self.understood
        );
        println!(
            "{} disagreements on the mild side; {kept} texts kept for what was new in them",
            self.mild
        );
        println!(
            "{} texts that the real grammar refuses are reads to us",
            self.refused_reads
        );
        for (kind, number) in self.kinds.sorted() {
            println!("  {number:8} {kind}");
        }
        let strict = self.accepted - self.understood;
        println!(
            "{strict} unknown ({:.2}% of what is accepted), by cause:",
            100.0 * strict as f64 / self.accepted.max(1) as f64
        );
        for (cause, number) in self.unknown.sorted().into_iter().take(60) {
            println!("  {number:8} {cause}");
        }
    }
}

fn findings_of(judge: &Judge, text: &str) -> Vec<judge::Finding> {
    match judge.text(text) {
        Verdict::Accepted { findings, .. } => findings,
        Verdict::Refused { .. } => vec![],
    }
}

fn disagrees(judge: &Judge, text: &str, kind: &str) -> bool {
    findings_of(judge, text).iter().any(|f| f.kind == kind)
}

/// One text in full.
fn show(judge: &Judge, text: &str) {
    println!("{:#?}", judge.text(text));
    for facts in judge.analyze(text).into_iter().flat_map(|a| a.statements) {
        println!("{facts:#?}");
    }
}
