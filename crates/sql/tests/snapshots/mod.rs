//! The corpus and the facts beside it: for each `x.sql` and `x.cases` of `fixtures/sql/postgres`, an `x.facts` with all
//! that is known of each of its statements.
#![allow(dead_code)]

use std::collections::BTreeMap;

use sql::{Catalog, Settings, analyze};

use super::{shop, spelling};

/// Files that are no corpus: the definitions that statements are judged against.
const DEFINITIONS: &[&str] = &["shop.sql", "catalog.sql"];

/// How much of a statement stands above its facts.
const HEADING: usize = 120;

/// A statement of the corpus: what is asserted of it by hand, if anything.
pub struct Case {
    pub statement: String,
    /// Lines of `key: value` after `=>`.
    pub expected: Vec<String>,
}

/// The corpus files, by name.
pub fn files() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(shop::fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".cases") || name.ends_with(".sql"))
        .filter(|name| !DEFINITIONS.contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// The cases of a text: a statement, then lines that begin with `=>`. Lines that begin with `# ` say something to the
/// reader.
pub fn cases(text: &str) -> Vec<Case> {
    let mut all: Vec<Case> = vec![];
    let mut statement = String::new();
    for line in text.lines() {
        if let Some(expected) = line.strip_prefix("=>") {
            if !statement.trim().is_empty() {
                all.push(Case {
                    statement: std::mem::take(&mut statement).trim().to_owned(),
                    expected: vec![],
                });
            }
            let case = all.last_mut().unwrap();
            case.expected.push(expected.trim().to_owned());
        } else if !line.starts_with("# ") {
            statement.push_str(line);
            statement.push('\n');
        }
    }
    all
}

/// The statements of a corpus file: cases, statements parted by `-- next`, or one a line.
pub fn statements(name: &str) -> Vec<String> {
    let text = shop::fixture(name);
    if name.ends_with(".cases") {
        return cases(&text).into_iter().map(|c| c.statement).collect();
    }
    if text.contains("\n-- next\n") {
        return shop::parted(name);
    }
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("--"))
        .map(str::to_owned)
        .collect()
}

/// What is asked of the corpus.
pub fn settings() -> Settings {
    Settings::with_search_path(&["pg_catalog", "public"], "app")
}

/// The facts of one statement: its beginning, and below it lines of `key: value`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    heading: String,
    lines: Vec<(String, String)>,
}

/// A statement on one line, its beginning if it is long.
pub fn heading(statement: &str) -> String {
    let mut line = String::new();
    for word in statement.split_whitespace() {
        line.push_str(if line.is_empty() { "" } else { " " });
        line.push_str(word);
    }
    match line.char_indices().nth(HEADING) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

fn blocks_of(name: &str, catalog: &Catalog) -> Vec<Block> {
    let block = |statement: &String| {
        let analysis = analyze(statement.as_bytes(), &settings(), catalog);
        let several = analysis.statements.len() > 1;
        let lines = (1..).zip(&analysis.statements).flat_map(|(number, facts)| {
            spelling::lines(facts)
                .into_iter()
                .map(move |(key, value)| match several {
                    true => (format!("{number}.{key}"), value),
                    false => (key, value),
                })
        });
        Block {
            heading: heading(statement),
            lines: lines.collect(),
        }
    };
    statements(name).iter().map(block).collect()
}

fn written(name: &str, blocks: &[Block]) -> String {
    let mut text = format!(
        "# What is known of the statements of {name}. Not written by hand: `just review` shows what changed, and\n\
         # `just review --accept` writes it; after a conflict too, whatever stands here.\n"
    );
    for block in blocks {
        text.push_str(&format!("\n{}\n", block.heading));
        for (key, value) in &block.lines {
            text.push_str(&format!("  {key}: {value}\n"));
        }
    }
    text
}

fn read(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = vec![];
    for line in text.lines().skip_while(|l| l.starts_with("# ")) {
        match (line.strip_prefix("  "), blocks.last_mut()) {
            (Some(line), Some(block)) => {
                let (key, value) = line.split_once(": ").unwrap_or((line, ""));
                block.lines.push((key.to_owned(), value.to_owned()));
            }
            _ if line.is_empty() => {}
            _ => blocks.push(Block {
                heading: line.to_owned(),
                lines: vec![],
            }),
        }
    }
    blocks
}

/// What changed from one list of blocks to another; empty where nothing did.
fn changes(old: &[Block], new: &[Block]) -> Vec<String> {
    // Statements that begin alike are told apart by their order.
    let mut before: BTreeMap<&str, Vec<&Block>> = BTreeMap::new();
    for block in old.iter().rev() {
        before.entry(&block.heading).or_default().push(block);
    }
    let mut found = vec![];
    for block in new {
        let known = before.get_mut(block.heading.as_str()).and_then(Vec::pop);
        let mut lines = vec![];
        let empty = vec![];
        let old = known.map_or(&empty, |b| &b.lines);
        let value =
            |lines: &'_ [(String, String)], key: &str| lines.iter().find(|l| l.0 == key).cloned();
        for (key, was) in old {
            match value(&block.lines, key) {
                None => lines.push(format!("  {key}: -{was}")),
                Some((_, is)) if is != *was => {
                    lines.push(format!("  {key}: {}", spelling::difference(was, &is)));
                }
                Some(_) => {}
            }
        }
        for (key, is) in &block.lines {
            if value(old, key).is_none() {
                lines.push(format!("  {key}: +{is}"));
            }
        }
        if !lines.is_empty() {
            let sign = if known.is_some() { "~" } else { "+" };
            found.push(format!("{sign} {}\n{}", block.heading, lines.join("\n")));
        }
    }
    let gone = before.values().flatten();
    found.extend(gone.map(|block| format!("- {}", block.heading)));
    found
}

/// The file beside a corpus file.
fn facts_file(name: &str) -> std::path::PathBuf {
    let stem = name.rsplit_once('.').unwrap().0;
    shop::fixtures().join(format!("{stem}.facts"))
}

/// What changed since the facts were last accepted, by corpus file; and, if wanted, accepts it.
pub fn review(catalog: &Catalog, accept: bool) -> Vec<(String, Vec<String>)> {
    let mut all = vec![];
    for name in files() {
        let path = facts_file(&name);
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let new = blocks_of(&name, catalog);
        let mut found = changes(&read(&text), &new);
        let wanted = written(&name, &new);
        if found.is_empty() && text != wanted {
            found.push("the same facts, written otherwise or in another order".to_owned());
        }
        if accept && text != wanted {
            std::fs::write(&path, wanted).unwrap();
        }
        if !found.is_empty() {
            all.push((name, found));
        }
    }
    all
}
