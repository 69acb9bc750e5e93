//! The corpus at the command line: adds a case, shows what changed in the facts of all statements.
//!
//!     just case "SELECT email FROM customers" [reads.cases]     appends it with its facts, to be looked at
//!     just review                                               shows what is not as it was accepted
//!     just review --accept                                      accepts it

#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "../tests/shop/mod.rs"]
mod shop;
#[path = "../tests/snapshots/mod.rs"]
mod snapshots;
#[path = "../tests/spelling/mod.rs"]
mod spelling;

use std::process::ExitCode;

use sql::{Class, analyze};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["case", statement] => add(statement, None),
        ["case", statement, file] => add(statement, Some(file)),
        ["review"] => review(false),
        ["review", "--accept"] => review(true),
        _ => {
            println!("corpus case 'SELECT …' [file.cases] | corpus review [--accept]");
            ExitCode::from(2)
        }
    }
}

/// Appends a case that expects what is found.
fn add(statement: &str, file: Option<&str>) -> ExitCode {
    let statement = statement.trim();
    let known = snapshots::files()
        .iter()
        .filter(|name| name.ends_with(".cases"))
        .any(|name| {
            snapshots::statements(name)
                .iter()
                .any(|known| known == statement)
        });
    let facts = analyze(
        statement.as_bytes(),
        &snapshots::settings(),
        &shop::catalog(),
    )
    .statements;
    let strictest = facts.iter().map(|f| f.class).max().unwrap();
    let file = file.unwrap_or(match strictest {
        Class::Read => "reads.cases",
        Class::Write => "writes.cases",
        Class::Session | Class::Ddl | Class::Dcl | Class::Admin => "commands.cases",
        Class::Unknown => "holes.cases",
    });
    let readable = !statement.is_empty()
        && !statement
            .lines()
            .any(|l| l.starts_with("=>") || l.starts_with("# "));
    if !file.ends_with(".cases") || !readable || known {
        println!("not added: a case is a statement that no .cases file has yet, in a .cases file");
        return ExitCode::FAILURE;
    }
    let case = format!("\n{statement}\n{}", spelling::as_case(&facts));
    let path = shop::fixtures().join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    std::fs::write(&path, text + &case).unwrap();
    println!(
        "{case}\nThat is in {file} now. Is it right? Keep the lines that matter; then: just review --accept"
    );
    ExitCode::SUCCESS
}

/// Shows what changed.
fn review(accept: bool) -> ExitCode {
    let changed = snapshots::review(&shop::catalog(), accept);
    let mut count = 0;
    for (file, changes) in &changed {
        println!("== {file}");
        for change in changes {
            println!("{change}");
        }
        count += changes.len();
    }
    match (count, accept) {
        (0, _) => println!("all facts are as they were accepted"),
        (_, true) => println!("\n{count} changes accepted"),
        (_, false) => println!("\n{count} changes; `just review --accept` keeps them"),
    }
    match count == 0 || accept {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
