//! How far the readers agree: honest statements, what tools send, the known holes, and mutations.

mod depth;
mod holes;
mod honest;
mod mutations;
mod named;

use super::*;
use named::Named;

/// Reads on a stack as large as the crate's callers arrange.
fn readings(text: &str) -> Vec<Reading> {
    stacker::grow(64 << 20, || {
        let scan = crate::scan::scan(text.as_bytes(), true).unwrap();
        read(text, &scan)
    })
}

fn fixture(name: &str) -> String {
    let path = format!(
        "{}/../../fixtures/sql/postgres/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

/// The statements of honest.sql with their sections.
fn honest() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut all = Vec::new();
    for line in fixture("honest.sql").lines() {
        match line.strip_prefix("--@ ") {
            Some(name) => section = name.to_owned(),
            None if line.is_empty() || line.starts_with("--") => {}
            None => all.push((section.clone(), line.to_owned())),
        }
    }
    all
}
