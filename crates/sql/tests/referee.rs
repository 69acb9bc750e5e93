//! A real PostgreSQL as referee: for every case that gives rows, the server's own description of the result (names, number
//! and origin of the columns) must agree with the facts; and every relation that the server locks to understand a
//! statement must be among its needs.
//!
//! Where no server is installed, the test says so and passes.

#![allow(clippy::unwrap_used)]

mod mutations;
mod server;
mod shop;

use std::collections::HashMap;

use mutations::{Random, mutated, words};
use server::{Client, Server};
use sql::facts::{Class, Facts};
use sql::{Settings, analyze};

/// Statements of the cases and of the honest corpus.
fn statements() -> Vec<String> {
    let mut all: Vec<String> = vec![];
    for (_, text) in shop::case_files() {
        for block in text.split("\n\n") {
            let lines: Vec<&str> = block
                .lines()
                .filter(|l| !l.starts_with("=>") && !l.starts_with("# "))
                .collect();
            all.push(lines.join("\n"));
        }
    }
    all.extend(
        shop::fixture("honest.sql")
            .lines()
            .filter(|l| !l.starts_with("--"))
            .map(str::to_owned),
    );
    all.extend(shop::parted("tools.sql"));
    all.extend(shop::parted("drivers.sql"));
    all
}

#[test]
fn the_server_describes_what_the_facts_say() {
    let Some(server) = Server::start("outputs") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(&shop::fixture("shop.sql"));
    let columns = columns_by_number(&mut client);
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let (mut described, mut plain, mut origins) = (0, 0, 0);
    let mut failures = vec![];
    for statement in statements() {
        let analysis = analyze(statement.as_bytes(), &settings, &catalog);
        let [facts] = analysis.statements.as_slice() else {
            continue;
        };
        let Ok(fields) = client.describe(&statement) else {
            continue;
        };
        let mut fail = |what: String| failures.push(format!("{}\n   {what}", statement.trim()));
        if facts.class == Class::Unknown {
            continue;
        }
        if facts.named.is_some() || facts.command == "SHOW" || facts.outputs.is_empty() {
            // A result whose columns are not known in advance is judged by its uses alone.
            for field in &fields {
                if let Some(origin) = columns.get(&(field.table, field.column))
                    && facts.named.is_none()
                    && !facts
                        .uses
                        .iter()
                        .any(|u| u.column.to_string() == *origin || u.column.column == "*")
                {
                    fail(format!("{origin} is shown and not among the uses"));
                }
            }
            continue;
        }
        described += 1;
        if fields.len() != facts.outputs.len() {
            fail(format!(
                "{} columns, facts have {}",
                fields.len(),
                facts.outputs.len()
            ));
            continue;
        }
        for (field, output) in fields.iter().zip(&facts.outputs) {
            if field.name != output.name
                && !["varchar", "bpchar", "timestamptz", "timetz"].contains(&field.name.as_str())
            {
                let vague = [
                    "timezone",
                    "is_normalized",
                    "ltrim",
                    "rtrim",
                    "?column?",
                    "btrim",
                ];
                if !vague.contains(&field.name.as_str()) {
                    fail(format!(
                        "column {:?}, facts call it {:?}",
                        field.name, output.name
                    ));
                }
            }
            match columns.get(&(field.table, field.column)) {
                Some(origin) => {
                    origins += 1;
                    // A view's own column is among the uses, the base column it comes from among the outputs' origins.
                    let known = output.depends_on.iter().any(|c| c.to_string() == *origin)
                        || facts.uses.iter().any(|u| u.column.to_string() == *origin);
                    if !known {
                        fail(format!(
                            "{} comes from {origin}, facts know {:?}",
                            field.name, output.depends_on
                        ));
                    }
                }
                None if output.plain && field.table == 0 => {
                    fail(format!(
                        "{} is plain by the facts, and of no origin by the server",
                        field.name
                    ));
                }
                None => {}
            }
            plain += usize::from(output.plain);
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {described}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    eprintln!("{described} results described, {plain} plain columns, {origins} with an origin");
    assert!(described > 150);
}

/// What a server that has understood a statement has locked: every relation of the users' that is in it, views and what
/// lies below them.
fn locked(client: &mut Client, statement: &str) -> Option<Vec<String>> {
    client.run("BEGIN");
    let understood = client.describe(statement).is_ok();
    let rows = if understood {
        client.run(
            "SELECT n.nspname || '.' || c.relname FROM pg_lock_status() l JOIN pg_class c ON c.oid = l.relation \
             JOIN pg_namespace n ON n.oid = c.relnamespace WHERE l.pid = pg_backend_pid() \
             AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema')",
        )
    } else {
        vec![]
    };
    client.run("ROLLBACK");
    understood.then(|| rows.into_iter().map(|mut row| row.remove(0)).collect())
}

/// The first statement's facts fall short of what the server locked for it.
fn shortfall(facts: &Facts, locked: &[String]) -> Option<String> {
    // Partitions are locked with their parent.
    let missing = locked.iter().find(|name| {
        *name != "public.events_2024" && !facts.needs.iter().any(|n| n.object.to_string() == **name)
    })?;
    Some(format!("{missing} is not needed: {:?}", facts.needs))
}

#[test]
fn the_server_locks_nothing_that_is_not_needed() {
    let Some(server) = Server::start("locks") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(&shop::fixture("shop.sql"));
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let mut failures = vec![];
    let (mut understood, mut locks) = (0, 0);
    for statement in statements() {
        let Some(locked) = locked(&mut client, &statement) else {
            continue;
        };
        understood += 1;
        locks += locked.len();
        let analysis = analyze(statement.as_bytes(), &settings, &catalog);
        let [facts] = analysis.statements.as_slice() else {
            continue;
        };
        if facts.class != Class::Unknown
            && let Some(what) = shortfall(facts, &locked)
        {
            failures.push(format!("{}\n   {what}", statement.trim()));
        }
    }
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    eprintln!("{understood} statements understood by the server, {locks} locks");
    assert!(understood > 500 && locks > 300);
}

/// Statements with words taken out, put in, exchanged, doubled: of those that the server still understands, none may lock a
/// relation, or show a column, that the facts do not have.
#[test]
fn mutations_are_never_milder_than_the_server_has_them() {
    let Some(server) = Server::start("mutations") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(&shop::fixture("shop.sql"));
    let columns = columns_by_number(&mut client);
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let all: Vec<Vec<String>> = statements()
        .iter()
        .filter(|s| s.len() < 600)
        .map(|s| words(s))
        .filter(|w| !w.is_empty())
        .collect();
    let rounds: usize = std::env::var("SQL_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4000);
    let mut random = Random(0x5eed);
    let mut failures = vec![];
    let (mut understood, mut unknown) = (0, 0);
    for _ in 0..rounds {
        let text = mutated(&all, &mut random);
        let first = text
            .split_whitespace()
            .next()
            .unwrap_or("")
            .to_ascii_uppercase();
        if text.contains('\0')
            || ![
                "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "VALUES", "TABLE",
                "(SELECT",
            ]
            .contains(&first.as_str())
        {
            continue;
        }
        let Some(locked) = locked(&mut client, &text) else {
            continue;
        };
        understood += 1;
        let analysis = analyze(text.as_bytes(), &settings, &catalog);
        let Some(facts) = analysis.statements.iter().find(|f| f.range.len() > 1) else {
            continue;
        };
        if analysis
            .statements
            .iter()
            .any(|f| f.class == Class::Unknown)
        {
            unknown += 1;
            continue;
        }
        if let Some(what) = shortfall(facts, &locked) {
            failures.push(format!("{}\n   {what}", text.trim()));
        }
        for field in client.describe(&text).unwrap_or_default() {
            if let Some(origin) = columns.get(&(field.table, field.column))
                && !facts
                    .uses
                    .iter()
                    .any(|u| u.column.to_string() == *origin || u.column.column == "*")
            {
                failures.push(format!(
                    "{}\n   {origin} is shown and not among the uses",
                    text.trim()
                ));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    eprintln!(
        "{rounds} mutations, {understood} understood by the server, {unknown} of those unknown to us"
    );
    assert!(understood * 20 > rounds);
}

/// A role that may not read `customers.email`: where the facts see no use of it, the server must not either. (Of statements
/// with one SELECT: the server counts columns of subqueries that nobody asks for, the facts do not.)
#[test]
fn no_use_of_a_column_is_overlooked() {
    let Some(server) = Server::start("columns") else {
        eprintln!("no PostgreSQL server is installed: skipped");
        return;
    };
    let mut client = Client::connect(&server);
    client.run(&shop::fixture("shop.sql"));
    client.run(
        "CREATE ROLE limited; GRANT USAGE ON SCHEMA tenant, \"Sales\" TO limited; \
         GRANT ALL ON ALL TABLES IN SCHEMA public, tenant, \"Sales\" TO limited; REVOKE SELECT ON customers FROM limited; \
         GRANT SELECT (id, name, phone, card_number, city, home, tags, profile, created_at) ON customers TO limited",
    );
    let catalog = shop::catalog();
    let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
    let all: Vec<Vec<String>> = statements()
        .iter()
        .filter(|s| s.len() < 600 && s.contains("customers"))
        .map(|s| words(s))
        .filter(|w| !w.is_empty())
        .collect();
    let rounds: usize = std::env::var("SQL_MUTATIONS")
        .ok()
        .and_then(|n| n.parse().ok())
        .unwrap_or(4000);
    let mut random = Random(7);
    let mut failures = vec![];
    let (mut explained, mut refused) = (0, 0);
    for round in 0..rounds + all.len() {
        let text = match all.get(round) {
            Some(whole) => whole.concat(),
            None => mutated(&all, &mut random),
        };
        let upper = text.to_ascii_uppercase();
        let first = upper.split_whitespace().next().unwrap_or("");
        if !["SELECT", "INSERT", "UPDATE", "DELETE", "MERGE"].contains(&first)
            || upper.matches("SELECT").count() > 1
            // The limited role may not read these either.
            || ["XMIN", "XMAX", "CMIN", "CMAX", "CTID", "TABLEOID"].iter().any(|c| upper.contains(c))
            || upper.contains("TABLE")
            // `name(c)` gives one column, and asks for the privilege to read the whole row.
            || ["ID(", "NAME(", "PHONE(", "CITY(", "HOME(", "TAGS(", "PROFILE(", "CREATED_AT("].iter().any(|c| upper.contains(c))
            || text.contains(['\0', ';'])
        {
            continue;
        }
        let analysis = analyze(text.as_bytes(), &settings, &catalog);
        let facts = &analysis.statements[0];
        client.run("BEGIN; SET LOCAL ROLE limited");
        client.message(b'Q', format!("EXPLAIN {text}\0").as_bytes());
        let answers = client.until_ready();
        client.run("ROLLBACK");
        let error = answers
            .iter()
            .find(|(tag, _)| *tag == b'E')
            .map(|(_, b)| String::from_utf8_lossy(b).into_owned());
        match error {
            None => explained += 1,
            Some(error) if error.contains("permission denied for table customers") => {
                refused += 1;
                let seen = facts.class == Class::Unknown
                    || facts
                        .uses
                        .iter()
                        .any(|u| u.column.to_string() == "public.customers.email");
                if !seen {
                    failures.push(format!("{}\n   {:?}", text.trim(), facts.uses));
                }
            }
            Some(_) => {}
        }
    }
    assert!(
        failures.is_empty(),
        "{}:\n{}",
        failures.len(),
        failures.join("\n")
    );
    eprintln!("{explained} statements explained, {refused} refused for the column");
    assert!(refused > 50);
}

/// Names of columns by the OID of their relation and their number.
fn columns_by_number(client: &mut Client) -> HashMap<(u32, i16), String> {
    client
        .run(
            "SELECT a.attrelid, a.attnum, n.nspname || '.' || c.relname || '.' || a.attname FROM pg_attribute a \
             JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0",
        )
        .into_iter()
        .map(|r| ((r[0].parse().unwrap(), r[1].parse().unwrap()), r[2].clone()))
        .collect()
}
