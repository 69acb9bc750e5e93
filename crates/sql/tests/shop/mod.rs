//! The catalogue of `fixtures/sql/postgres/shop.sql`, and the files beside it.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use sql::catalog::{Catalog, CatalogBuilder};
use sql::catalog_rows::{self, QUERIES, Row};

/// Where the fixtures are.
pub fn fixtures() -> PathBuf {
    // The referees, which lie elsewhere, have this module too.
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|above| above.join("fixtures/sql/postgres"))
        .find(|path| path.is_dir())
        .unwrap()
}

/// One of them.
pub fn fixture(name: &str) -> String {
    std::fs::read_to_string(fixtures().join(name)).unwrap()
}

/// The statements of a file that parts them by `-- next`.
pub fn parted(name: &str) -> Vec<String> {
    let text = fixture(name);
    let body: Vec<&str> = text.lines().skip_while(|l| l.starts_with("--")).collect();
    body.join("\n")
        .split("-- next\n")
        .map(str::to_owned)
        .collect()
}

/// The files of cases, by name.
pub fn case_files() -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".cases"))
        .map(|name| (name.clone(), fixture(&name)))
        .collect();
    files.sort();
    files
}

/// The catalogue.
pub fn catalog() -> Catalog {
    builder().build()
}

/// The catalogue, for a test to add to.
pub fn builder() -> CatalogBuilder {
    catalog_rows::builder(1, answers(&fixture("catalog.txt"))).unwrap()
}

/// A server's answers to the catalog's queries as they are kept in `catalog.txt`: a line `== name` before each, a row a
/// line, cells parted by tabs, with the escapes of COPY (PostgreSQL manual, COPY, Text Format).
pub fn answers(text: &str) -> Vec<Vec<Row>> {
    let mut all: Vec<Vec<Row>> = vec![];
    for line in text.lines().filter(|l| !l.starts_with('#')) {
        match line.strip_prefix("== ") {
            Some(name) => {
                assert_eq!(name, QUERIES[all.len()].0);
                all.push(vec![]);
            }
            None => all
                .last_mut()
                .unwrap()
                .push(line.split('\t').map(unescaped).collect()),
        }
    }
    all
}

/// The opposite.
pub fn written(answers: &[Vec<Row>]) -> String {
    let mut text = String::new();
    for ((name, _), rows) in QUERIES.iter().zip(answers) {
        text.push_str(&format!("== {name}\n"));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|c| escaped(c.as_deref())).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
    }
    text
}

fn escaped(cell: Option<&str>) -> String {
    cell.map_or("\\N".to_owned(), |c| {
        c.replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\t', "\\t")
    })
}

fn unescaped(cell: &str) -> Option<String> {
    if cell == "\\N" {
        return None;
    }
    let mut text = String::new();
    let mut chars = cell.chars();
    while let Some(c) = chars.next() {
        text.push(match c {
            '\\' => match chars.next().unwrap() {
                'n' => '\n',
                't' => '\t',
                other => other,
            },
            other => other,
        });
    }
    Some(text)
}
