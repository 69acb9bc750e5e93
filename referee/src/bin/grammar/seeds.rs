//! The texts to begin with: the corpus of the repository, and every find.
//!
//! Owns: [`seeds`]. Refuses: an empty corpus.

use referee::shop;

use crate::words::STATEMENTS;

/// Every statement of the corpus.
pub fn seeds() -> Vec<String> {
    let mut all: Vec<String> = STATEMENTS.iter().map(|s| (*s).to_owned()).collect();
    let Ok(directory) = std::fs::read_dir(shop::fixtures()) else {
        return all;
    };
    let mut names: Vec<String> = directory
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    for name in names {
        if name.ends_with(".cases") {
            all.extend(cases(&shop::fixture(&name)));
        } else if name.ends_with(".sql") && name != "catalog.sql" {
            let text = shop::fixture(&name);
            if text.contains("\n-- next\n") {
                all.extend(shop::parted(&name));
            } else {
                all.extend(
                    text.lines()
                        .filter(|l| !l.starts_with("--"))
                        .map(str::to_owned),
                );
            }
        }
    }
    all.retain(|s| !s.trim().is_empty());
    all
}

/// Statements of a file of any SQL: parted where the real grammar parts them, or at the ends of lines after a semicolon.
pub fn of_file(path: &str) -> Vec<String> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            eprintln!("{path}: {error}");
            std::process::exit(2);
        }
    };
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with('\\')).collect();
    lines
        .join("\n")
        .split(";\n")
        .map(str::to_owned)
        .filter(|s| !s.trim().is_empty() && s.len() < 3000)
        .collect()
}

/// The statements of a file of cases: lines up to those that begin with `=>`.
fn cases(text: &str) -> Vec<String> {
    let mut all = vec![];
    let mut statement = String::new();
    for line in text.lines() {
        if line.starts_with("=>") {
            if !statement.trim().is_empty() {
                all.push(statement.trim().to_owned());
            }
            statement.clear();
        } else if !line.starts_with("# ") {
            statement.push_str(line);
            statement.push('\n');
        }
    }
    all
}
