//! What was seen, counted.
//!
//! Owns: kinds of statements, causes, the report. Refuses: to round anything in the project's favour: a percentage is cut,
//! not rounded.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use sql::facts::{Class, Coverage, Facts, Flag};

/// Kinds that must be understood at least to this share, in hundredths of a percent.
const TARGETS: [(&[&str], u64); 2] = [
    (&["SELECT", "WITH", "VALUES", "TABLE", "EXPLAIN"], 9_950),
    (&["INSERT", "UPDATE", "DELETE", "MERGE", "COPY"], 9_700),
];

/// One message of psql's.
pub struct Seen<'a> {
    pub text: &'a [u8],
    pub facts: &'a [Facts],
    /// Its name, and its text with blanks and comments taken out.
    pub file: &'a (String, String),
    pub accepted: bool,
    /// How many statements the server says it has run.
    pub completions: usize,
    /// It is called a read, and wrote.
    pub wrote: bool,
    /// How the result was not as the facts have it, and whether that is about where values come from.
    pub differs: Vec<(bool, String)>,
    pub took: Duration,
}

#[derive(Default)]
struct Count {
    n: u64,
    complete: u64,
    single_reader: u64,
    /// Opaque, by class.
    opaque: BTreeMap<&'static str, u64>,
    unknown: u64,
}

#[derive(Default)]
pub struct Tally {
    /// By origin (the file, or psql and variables) and kind.
    counts: BTreeMap<(bool, &'static str), Count>,
    /// Why not complete: kind, outcome, cause.
    causes: BTreeMap<(&'static str, &'static str, String), (u64, String)>,
    /// Contradictions between the facts and the server.
    unsound: Vec<String>,
    /// Columns that are called otherwise than the facts say, and the like.
    inexact: BTreeMap<String, (u64, String)>,
    rejected: u64,
    took: Duration,
    lines: Vec<String>,
}

/// The kind of a text's first statement, if it is one that is counted.
pub fn kind(text: &[u8]) -> Option<&'static str> {
    let bare = bare(&String::from_utf8_lossy(text));
    let word = bare
        .trim_start_matches(['(', ' ', ';'])
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    TARGETS
        .iter()
        .flat_map(|(kinds, _)| kinds.iter())
        .find(|kind| **kind == word)
        .copied()
}

/// A text without comments, every run of blanks as one.
pub fn bare(text: &str) -> String {
    let mut bare = String::with_capacity(text.len());
    let mut rest = text;
    let mut quote = None;
    while let Some(c) = rest.chars().next() {
        match quote {
            Some(q) if c == q => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if rest.starts_with("--") => {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            None if rest.starts_with("/*") => {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            _ => {}
        }
        match c.is_whitespace() {
            true if bare.ends_with(' ') || bare.is_empty() => {}
            true => bare.push(' '),
            false => bare.push(c),
        }
        rest = &rest[c.len_utf8()..];
    }
    bare
}

fn class_word(class: Class) -> &'static str {
    match class {
        Class::Session => "session",
        Class::Read => "read",
        Class::Write => "write",
        Class::Ddl => "ddl",
        Class::Dcl => "dcl",
        Class::Admin => "admin",
        Class::Unknown => "unknown",
    }
}

/// A reason without the names in it.
fn cause(reason: &str) -> String {
    let words: Vec<&str> = reason.split(' ').collect();
    match words.as_slice() {
        [
            what @ ("function" | "operator" | "procedure" | "view"),
            _,
            rest @ ..,
        ] => {
            format!("{what} … {}", rest.join(" "))
        }
        ["a", "cast", "to", _, rest @ ..] => format!("a cast to … {}", rest.join(" ")),
        _ => reason.to_owned(),
    }
}

fn percent(part: u64, of: u64) -> String {
    let hundredths = (part * 10_000).checked_div(of).unwrap_or(10_000);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

impl Count {
    fn known(&self) -> u64 {
        self.n - self.unknown
    }
    fn merge(&mut self, other: &Count) {
        self.n += other.n;
        self.complete += other.complete;
        self.single_reader += other.single_reader;
        self.unknown += other.unknown;
        for (class, n) in &other.opaque {
            *self.opaque.entry(class).or_default() += n;
        }
    }
}

impl Tally {
    /// Counts a message.
    pub fn add(&mut self, seen: Seen) {
        self.took += seen.took;
        if !seen.accepted {
            self.rejected += 1;
            return;
        }
        let whole = String::from_utf8_lossy(seen.text);
        let line = bare(&whole);
        let in_file = seen.file.1.contains(line.trim());
        let multi = seen.facts.len() > 1;
        if seen.wrote {
            self.unsound
                .push(format!("{}: called a read, wrote: {line}", seen.file.0));
        }
        if seen.completions != seen.facts.len() {
            self.unsound.push(format!(
                "{}: {} statements seen, {} run: {line}",
                seen.file.0,
                seen.facts.len(),
                seen.completions
            ));
        }
        for (serious, what) in seen.differs {
            if serious {
                self.unsound
                    .push(format!("{}: {what}: {line}", seen.file.0));
            } else {
                let entry = self.inexact.entry(what);
                entry.or_insert_with(|| (0, line.clone())).0 += 1;
            }
        }
        for facts in seen.facts {
            let part = seen.text.get(facts.range.clone()).unwrap_or_default();
            let part = if multi { part } else { seen.text };
            let Some(kind) = kind(part) else { continue };
            let count = self.counts.entry((in_file, kind)).or_default();
            count.n += 1;
            count.single_reader += u64::from(facts.has(Flag::SingleReader));
            let (outcome, reason) = match (&facts.coverage, facts.class) {
                (Coverage::Complete, _) => {
                    count.complete += 1;
                    match facts.has(Flag::SingleReader) {
                        true => ("single reader", "only squawk reads it"),
                        false => continue,
                    }
                }
                (Coverage::Opaque(reason), Class::Unknown) => {
                    count.unknown += 1;
                    ("unknown", reason.as_str())
                }
                (Coverage::Opaque(reason), class) => {
                    *count.opaque.entry(class_word(class)).or_default() += 1;
                    ("opaque", reason.as_str())
                }
            };
            let text = bare(&String::from_utf8_lossy(part));
            self.lines.push(format!(
                "{}\t{kind}\t{outcome}\t{}\t{reason}\t{}\t{text}",
                seen.file.0,
                class_word(facts.class),
                facts
                    .flags
                    .iter()
                    .map(|f| format!("{f:?}"))
                    .collect::<Vec<_>>()
                    .join(",")
            ));
            if outcome != "single reader" {
                let entry = self
                    .causes
                    .entry((kind, outcome, cause(reason)))
                    .or_insert_with(|| (0, text));
                entry.0 += 1;
            }
        }
    }

    /// Whether every target is met, by what stands in the files, and nothing contradicts the server.
    pub fn good(&self) -> bool {
        self.unsound.is_empty()
            && TARGETS.iter().all(|(kinds, target)| {
                let all = self.sum(true, kinds);
                all.known() * 10_000 >= all.n * target
            })
    }

    fn sum(&self, in_file: bool, kinds: &[&str]) -> Count {
        let mut all = Count::default();
        for kind in kinds {
            if let Some(count) = self.counts.get(&(in_file, *kind)) {
                all.merge(count);
            }
        }
        all
    }

    /// Every statement that is not completely understood by both readers, a line each.
    pub fn details(&self, path: &Path) -> std::io::Result<()> {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for line in &self.lines {
            writeln!(file, "{line}")?;
        }
        file.flush()
    }

    /// The report, as Markdown.
    pub fn report(&self) -> String {
        let mut out = String::new();
        for (in_file, title) in [
            (true, "As they stand in the suite's files"),
            (
                false,
                "psql's own (backslash commands), and those with variables in them",
            ),
        ] {
            let _ = writeln!(
                out,
                "\n{title}:\n\n| | n | complete | of these one reader | opaque, class sure | unknown | understood |\n|---|---|---|---|---|---|---|"
            );
            for (kinds, target) in TARGETS {
                for kind in kinds {
                    row(&mut out, kind, &self.sum(in_file, &[kind]));
                }
                let title = format!("**together** (target {})", percent(target, 10_000));
                row(&mut out, &title, &self.sum(in_file, kinds));
            }
        }
        let _ = writeln!(out, "\nNot complete, by cause:\n");
        let mut causes: Vec<_> = self.causes.iter().collect();
        causes.sort_by_key(|(key, (n, _))| (std::cmp::Reverse(key.1), std::cmp::Reverse(*n)));
        for ((kind, outcome, cause), (n, example)) in causes {
            let example: String = example.chars().take(150).collect();
            let _ = writeln!(out, "- {n} {kind} {outcome}: {cause}\n    {example}");
        }
        let _ = writeln!(
            out,
            "\n{} messages that the server refused are not counted. Analysis took {:.1?} in all.",
            self.rejected, self.took,
        );
        let _ = writeln!(
            out,
            "\nContradictions between the facts and the server: {}",
            self.unsound.len()
        );
        for line in self.unsound.iter().take(60) {
            let line: String = line.chars().take(300).collect();
            let _ = writeln!(out, "- {line}");
        }
        let inexact: u64 = self.inexact.values().map(|(n, _)| n).sum();
        let _ = writeln!(
            out,
            "\nColumns called otherwise than the facts say, and the like: {inexact}"
        );
        for (what, (n, example)) in &self.inexact {
            let example: String = example.chars().take(120).collect();
            let _ = writeln!(out, "- {n} {what}: {example}");
        }
        out
    }
}

fn row(out: &mut String, title: &str, count: &Count) {
    if count.n == 0 {
        return;
    }
    let opaque: Vec<String> = count
        .opaque
        .iter()
        .map(|(c, n)| format!("{n} {c}"))
        .collect();
    let _ = writeln!(
        out,
        "| {title} | {} | {} | {} | {} | {} | {} |",
        count.n,
        count.complete,
        count.single_reader,
        if opaque.is_empty() {
            "0".to_owned()
        } else {
            opaque.join(", ")
        },
        count.unknown,
        percent(count.known(), count.n)
    );
}
