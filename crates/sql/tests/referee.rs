//! A real PostgreSQL as referee: for every case that gives rows, the server's own description of the result (names, number
//! and origin of the columns) must agree with the facts; and every relation that the server locks to understand a
//! statement must be among its needs.
//!
//! Where no server is installed, the test says so and passes.

#![allow(clippy::unwrap_used)]

mod shop;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use sql::facts::{Class, Facts};
use sql::{Settings, analyze};

/// A server of its own, gone when dropped.
struct Server {
    bin: PathBuf,
    dir: PathBuf,
}

/// Root may not run a server: then `postgres` does.
fn command(program: &Path) -> Command {
    let root = std::process::Command::new("id")
        .arg("-u")
        .output()
        .unwrap()
        .stdout
        == b"0\n";
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

impl Server {
    fn start(name: &str) -> Option<Server> {
        let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
            .ok()?
            .map(|e| e.unwrap().path())
            .collect();
        versions.sort();
        let bin = versions.pop()?.join("bin");
        let dir = PathBuf::from(format!("/tmp/sql-referee-{name}-{}", std::process::id()));
        assert!(
            command(Path::new("mkdir"))
                .arg(&dir)
                .status()
                .unwrap()
                .success()
        );
        let server = Server { bin, dir };
        let quiet = |c: &mut Command| assert!(c.output().unwrap().status.success(), "{c:?}");
        quiet(
            command(&server.bin.join("initdb"))
                .arg("-D")
                .arg(server.data())
                .args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]),
        );
        quiet(
            command(&server.bin.join("pg_ctl"))
                .arg("-D")
                .arg(server.data())
                .args(["-w", "-l"])
                .arg(server.dir.join("log"))
                .arg("-o")
                .arg(format!(
                    "-k {} -c listen_addresses= -c fsync=off",
                    server.dir.display()
                ))
                .arg("start"),
        );
        Some(server)
    }
    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = command(&self.bin.join("pg_ctl"))
            .arg("-D")
            .arg(self.data())
            .args(["-m", "immediate", "stop"])
            .output();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// As much of the protocol as a referee needs.
struct Client(UnixStream);

/// A column as the server describes it.
#[derive(Debug)]
struct Field {
    name: String,
    table: u32,
    column: i16,
}

impl Client {
    fn connect(server: &Server) -> Client {
        let mut stream = UnixStream::connect(server.dir.join(".s.PGSQL.5432")).unwrap();
        let body = b"\0\x03\0\0user\0postgres\0database\0postgres\0\0";
        stream
            .write_all(&(body.len() as u32 + 4).to_be_bytes())
            .unwrap();
        stream.write_all(body).unwrap();
        let mut client = Client(stream);
        client.until_ready();
        client
    }
    fn message(&mut self, tag: u8, body: &[u8]) {
        self.0.write_all(&[tag]).unwrap();
        self.0
            .write_all(&(body.len() as u32 + 4).to_be_bytes())
            .unwrap();
        self.0.write_all(body).unwrap();
    }
    fn until_ready(&mut self) -> Vec<(u8, Vec<u8>)> {
        let mut all = vec![];
        loop {
            let mut head = [0; 5];
            self.0.read_exact(&mut head).unwrap();
            let length = u32::from_be_bytes(head[1..].try_into().unwrap()) - 4;
            let mut body = vec![0; length as usize];
            self.0.read_exact(&mut body).unwrap();
            if head[0] == b'Z' {
                return all;
            }
            all.push((head[0], body));
        }
    }
    fn run(&mut self, text: &str) -> Vec<Vec<String>> {
        self.message(b'Q', format!("{text}\0").as_bytes());
        let mut rows = vec![];
        for (tag, body) in self.until_ready() {
            assert_ne!(tag, b'E', "{text}: {}", String::from_utf8_lossy(&body));
            if tag == b'D' {
                let mut row = vec![];
                let mut at = 2;
                while at < body.len() {
                    let length = i32::from_be_bytes(body[at..at + 4].try_into().unwrap());
                    at += 4;
                    let end = at + usize::try_from(length.max(0)).unwrap();
                    row.push(String::from_utf8(body[at..end].to_vec()).unwrap());
                    at = end;
                }
                rows.push(row);
            }
        }
        rows
    }
    /// The server's description of a statement, or its refusal.
    fn describe(&mut self, text: &str) -> Result<Vec<Field>, String> {
        self.message(b'P', format!("\0{text}\0\0\0").as_bytes());
        self.message(b'D', b"S\0");
        self.message(b'S', b"");
        let mut fields = vec![];
        for (tag, body) in self.until_ready() {
            if tag == b'E' {
                return Err(String::from_utf8_lossy(&body).replace('\0', " "));
            }
            if tag == b'T' {
                let mut rest = &body[2..];
                while !rest.is_empty() {
                    let end = rest.iter().position(|b| *b == 0).unwrap();
                    let name = String::from_utf8(rest[..end].to_vec()).unwrap();
                    rest = &rest[end + 1..];
                    let table = u32::from_be_bytes(rest[..4].try_into().unwrap());
                    let column = i16::from_be_bytes(rest[4..6].try_into().unwrap());
                    rest = &rest[18..];
                    fields.push(Field {
                        name,
                        table,
                        column,
                    });
                }
            }
        }
        Ok(fields)
    }
}

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
        let mut text = all[random.below(all.len())].clone();
        for _ in 0..=random.below(3) {
            if text.is_empty() {
                break;
            }
            let other = &all[random.below(all.len())];
            let word = other[random.below(other.len())].clone();
            let at = random.below(text.len());
            match random.below(4) {
                0 => {
                    text.remove(at);
                }
                1 => text.insert(at, word),
                2 => text[at] = word,
                _ => {
                    let again = text[at].clone();
                    text.insert(at, again);
                }
            }
        }
        let text = text.concat();
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

/// Enough of a generator of numbers, the same ones every time.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }
}

/// Words as a tokenizer would roughly cut them.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let mut last = ' ';
    for c in text.trim().chars() {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if word(c) && word(last) {
            words.last_mut().unwrap().push(c);
        } else {
            words.push(c.to_string());
        }
        last = c;
    }
    words
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
