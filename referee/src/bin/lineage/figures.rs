//! What a run came to.
//!
//! Owns: the counts. Refuses: to judge.

use std::collections::BTreeMap;
use std::time::Duration;

use sql::facts::Class;

use crate::judge::Judged;
use crate::writes::Made;

/// Counts of a run.
#[derive(Debug, Default)]
pub struct Figures {
    pub misses: usize,
    pub shown: usize,
    /// Print examples of what is not complete.
    examples: bool,
    made: usize,
    accepted: usize,
    failed: usize,
    slow: usize,
    complete: usize,
    listed: usize,
    unknown: usize,
    disagree: usize,
    writes: usize,
    changed: usize,
    changes: usize,
    by_filter: usize,
    by_output: usize,
    by_stored: usize,
    pairs: usize,
    pairs_seen: usize,
    loose: usize,
    refused: BTreeMap<String, usize>,
    states: BTreeMap<String, usize>,
    causes: BTreeMap<String, usize>,
    kinds: BTreeMap<&'static str, usize>,
    opaque_misses: usize,
    notes: BTreeMap<&'static str, usize>,
}

impl Figures {
    /// None yet.
    pub fn with_examples(examples: bool) -> Figures {
        Figures {
            examples,
            ..Figures::default()
        }
    }

    /// Counts one; the kind of its miss, if it has one.
    pub fn add(&mut self, made: &Made, judged: &Judged, seed: u64) -> Option<&'static str> {
        self.made += 1;
        self.slow += usize::from(judged.slow);
        if !judged.accepted {
            *self.refused.entry(judged.state.clone()).or_default() += 1;
            return None;
        }
        self.accepted += 1;
        self.failed += usize::from(!judged.state.is_empty());
        if !judged.state.is_empty() {
            *self.states.entry(judged.state.clone()).or_default() += 1;
        }
        self.writes += usize::from(!made.look.is_empty());
        self.disagree += usize::from(judged.disagree);
        self.unknown += usize::from(judged.class == Some(Class::Unknown));
        for note in &judged.notes {
            *self.notes.entry(note).or_default() += 1;
            if self.examples && self.notes[note] <= 12 {
                println!("{note} (seed {seed}): {}", made.text);
            }
        }
        if let Some(reason) = &judged.opaque {
            // Causes, not names.
            *self.causes.entry(reason.clone()).or_default() += 1;
            self.opaque_misses += usize::from(!judged.misses.is_empty());
            // What one reader alone understands of a write is judged all the same.
            if !reason.starts_with("only one grammar") {
                return None;
            }
        } else {
            self.complete += 1;
        }
        self.listed += usize::from(judged.listed);
        self.changed += usize::from(judged.changes > 0);
        self.changes += judged.changes;
        self.by_filter += judged.by_filter;
        self.by_output += judged.by_output;
        self.by_stored += judged.by_stored;
        self.pairs += judged.pairs;
        self.pairs_seen += judged.pairs_seen;
        self.loose += usize::from(judged.loose);
        let (kind, _) = judged.misses.first()?;
        self.misses += 1;
        *self.kinds.entry(kind).or_default() += 1;
        (self.kinds[kind] <= 6).then_some(*kind)
    }

    /// How often a cause came.
    pub fn examples_of(&self, cause: &str) -> usize {
        self.causes.get(cause).copied().unwrap_or(0)
    }

    /// Prints them.
    pub fn print(&self, took: Duration) {
        let refused: usize = self.refused.values().sum();
        println!(
            "statements made {}, in {} s; refused by the server {refused} {:?}",
            self.made,
            took.as_secs(),
            self.refused
        );
        println!(
            "judged {}: {} fail while they run {:?}, {} write, {} ran too long; class unknown {}, read in two ways {}",
            self.accepted,
            self.failed,
            self.states,
            self.writes,
            self.slow,
            self.unknown,
            self.disagree
        );
        println!(
            "complete {}, of which {} with outputs listed; opaque {} (with something unexplained {}), by cause:",
            self.complete,
            self.listed,
            self.accepted - self.complete,
            self.opaque_misses
        );
        for (cause, count) in &self.causes {
            println!("  {count:6}  {cause}");
        }
        println!(
            "changes seen {} (in {} statements): explained by a column that decides about rows {}, by outputs {}, by what is stored {}",
            self.changes, self.changed, self.by_filter, self.by_output, self.by_stored
        );
        println!(
            "an output depends on a changed column: {} pairs, seen to matter {}; statements with one that never did {}",
            self.pairs, self.pairs_seen, self.loose
        );
        println!("notes {:?}", self.notes);
        println!("misses {} {:?}", self.misses, self.kinds);
    }
}
