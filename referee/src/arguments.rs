//! The arguments that referees take: `--seconds 60`, `--rounds 1000`, `--seed 7`, and words of their own.
//!
//! Owns: [`Arguments`]. Refuses: to guess; an argument that is not understood ends the process with status 2.

use std::time::{Duration, Instant};

/// How long to go on, and from which random seed.
pub struct Arguments {
    /// The seed of all random choices.
    pub seed: u64,
    /// How many rounds at most.
    pub rounds: u64,
    /// When to stop at the latest.
    pub until: Option<Instant>,
    /// Everything else.
    pub words: Vec<String>,
}

impl Arguments {
    /// Those of the process. Without a limit in them, this many rounds.
    pub fn of_process(rounds: u64) -> Arguments {
        let mut found = Arguments {
            seed: 1,
            rounds: u64::MAX,
            until: None,
            words: vec![],
        };
        let mut limited = false;
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut number = || match arguments.next().and_then(|n| n.parse::<u64>().ok()) {
                Some(number) => number,
                None => {
                    eprintln!("{argument} needs a number");
                    std::process::exit(2);
                }
            };
            match argument.as_str() {
                "--seed" => found.seed = number(),
                "--rounds" => (found.rounds, limited) = (number(), true),
                "--seconds" => {
                    found.until = Some(Instant::now() + Duration::from_secs(number()));
                    limited = true;
                }
                other if other.starts_with("--") => {
                    eprintln!("no argument {other}: --seconds, --rounds, --seed");
                    std::process::exit(2);
                }
                _ => found.words.push(argument),
            }
        }
        if !limited {
            found.rounds = rounds;
        }
        found
    }

    /// Whether another round may begin.
    pub fn goes_on(&self, round: u64) -> bool {
        round < self.rounds && self.until.is_none_or(|end| Instant::now() < end)
    }
}
