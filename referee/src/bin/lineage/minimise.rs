//! The shortest text that shows the same miss.
//!
//! Owns: cutting tokens out as long as the miss stays. Refuses: more runs than a miss is worth.

use std::time::{Duration, Instant};

use crate::judge::{Clients, Judged, World, judge};
use crate::writes::Made;

/// A shorter statement with a miss of the same kind, where there is one.
pub fn minimise(clients: &mut Clients, world: &World, made: &Made, kind: &str) -> Made {
    cut(clients, world, made, &|judged| {
        judged.misses.iter().any(|(k, _)| *k == kind)
    })
}

/// A shorter statement for which this holds.
pub fn cut(
    clients: &mut Clients,
    world: &World,
    made: &Made,
    holds: &dyn Fn(&Judged) -> bool,
) -> Made {
    let mut tokens = tokens(&made.text);
    let started = Instant::now();
    let mut size = tokens.len() / 2;
    while size > 0 && started.elapsed() < Duration::from_secs(20) {
        let mut at = 0;
        let mut cut = false;
        while at < tokens.len() && started.elapsed() < Duration::from_secs(20) {
            let mut shorter = tokens.clone();
            shorter.drain(at..(at + size).min(tokens.len()));
            let candidate = Made {
                text: shorter.join(" "),
                ..made.clone()
            };
            let judged = judge(clients, world, &candidate);
            if !judged.slow && judged.accepted && holds(&judged) {
                tokens = shorter;
                cut = true;
            } else {
                at += 1;
            }
        }
        if !cut || size > 1 {
            size /= 2;
        }
    }
    Made {
        text: tokens.join(" "),
        ..made.clone()
    }
}

/// A text in pieces: words, strings, what stands between.
fn tokens(text: &str) -> Vec<String> {
    let mut all: Vec<String> = vec![];
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() {
            continue;
        }
        let mut token = c.to_string();
        if c == '\'' || c == '"' {
            for next in chars.by_ref() {
                token.push(next);
                if next == c {
                    break;
                }
            }
        } else if c.is_alphanumeric() || c == '_' {
            while let Some(next) = chars.peek() {
                if !(next.is_alphanumeric() || *next == '_' || *next == '.' || *next == '"') {
                    break;
                }
                token.push(*next);
                chars.next();
            }
            if token.ends_with('.') && chars.peek() == Some(&'*') {
                token.push('*');
                chars.next();
            }
        } else if "+-*/<>=~!@#%^&|?:".contains(c) {
            while let Some(next) = chars.peek() {
                if !"+-*/<>=~!@#%^&|?:".contains(*next) {
                    break;
                }
                token.push(*next);
                chars.next();
            }
        }
        all.push(token);
    }
    all
}
