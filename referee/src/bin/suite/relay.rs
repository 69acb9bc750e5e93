//! One session of psql, passed on to the server message by message.
//!
//! Owns: [`session`]: what is asked of the server before and after each statement, on the same session (its search path, its
//! definitions, whether a transaction got a number), and the outcome. Refuses: to change a byte of what psql sends.

use std::io::{Error, Result};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use sql::catalog::{Catalog, CatalogBuilder};
use sql::catalog_rows::Row;
use sql::facts::{Class, Facts, Flag, Object};
use sql::settings::SearchPath;
use sql::{Settings, analyze};

use crate::Shared;
use crate::definitions;
use crate::described::{Field, differences, fields};
use crate::tally::{self, Seen};
use crate::wire::{Frame, Stream};

const CANCEL: u32 = 80_877_102;
const TLS: u32 = 80_877_103;
const GSS: u32 = 80_877_104;

/// The state of the session, the transaction's number if it has one, and the number that the next transaction of anybody
/// will get (PostgreSQL manual, 9.27.7): nothing else writes on this server, so it moves only with what the session does.
const STATE: &str = "SELECT pg_catalog.array_to_string(pg_catalog.current_schemas(true), pg_catalog.chr(1)), current_user, \
     pg_catalog.pg_current_xact_id_if_assigned(), pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()), \
     (SELECT pg_catalog.string_agg(c.relname, pg_catalog.chr(1)) FROM pg_catalog.pg_class c \
     WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())";

struct Session<'a> {
    psql: Stream,
    server: Stream,
    shared: &'a Shared,
    /// `I`, `T` or `E` (ReadyForQuery).
    transaction: u8,
    conforming: bool,
    encoding: String,
    catalog: Catalog,
    generation: u64,
    /// The definitions may have changed since they were read.
    stale: bool,
}

/// A list as [`STATE`] joins it.
fn names(text: String) -> Vec<String> {
    text.split('\u{1}').map(str::to_owned).collect()
}

/// What [`STATE`] says.
struct State {
    path: Vec<String>,
    user: String,
    number: Option<String>,
    next: Option<String>,
    /// The session's own temporary relations.
    temporary: Vec<String>,
}

/// What came of a message.
struct Outcome {
    fields: Vec<Field>,
    failed: bool,
    completions: usize,
}

/// Serves one connection of psql until it ends.
pub fn session(psql: UnixStream, shared: &Shared) -> Result<()> {
    let mut psql = Stream::new(psql)?;
    let mut server = Stream::new(UnixStream::connect(&shared.server)?)?;
    let startup = loop {
        let startup = psql.startup()?;
        match startup.first_chunk().map(|code| u32::from_be_bytes(*code)) {
            Some(TLS | GSS) => psql.raw(b"N")?,
            Some(CANCEL) => {
                server.write(None, &startup)?;
                return server.flush();
            }
            _ => break startup,
        }
    };
    server.write(None, &startup)?;
    let mut session = Session {
        psql,
        server,
        shared,
        transaction: b'I',
        conforming: true,
        encoding: "UTF8".to_owned(),
        catalog: CatalogBuilder::new(0).build(),
        generation: 0,
        stale: true,
    };
    session.answers()?;
    while let Some(frame) = session.psql.read()? {
        match frame.tag {
            b'Q' => session.query(&frame)?,
            b'X' => break,
            // The extended protocol (`\gdesc`): nothing of it is run. Function calls (`\lo_import`).
            b'S' | b'F' => {
                session.pass(&frame)?;
                session.answers()?;
            }
            _ => session.pass(&frame)?,
        }
    }
    session.server.write(Some(b'X'), &[])?;
    session.server.flush()
}

impl Session<'_> {
    fn pass(&mut self, frame: &Frame) -> Result<()> {
        self.server.write(Some(frame.tag), &frame.body)
    }

    /// Passes on what the server says until it is ready again.
    fn answers(&mut self) -> Result<Outcome> {
        let mut outcome = Outcome {
            fields: vec![],
            failed: false,
            completions: 0,
        };
        self.server.flush()?;
        loop {
            let frame = self.heard()?;
            self.psql.write(Some(frame.tag), &frame.body)?;
            match frame.tag {
                b'E' => outcome.failed = true,
                b'T' => outcome.fields = fields(&frame.body),
                b'C' | b'I' => outcome.completions += 1,
                b'G' => {
                    self.psql.flush()?;
                    self.rows_from_psql()?;
                }
                b'Z' => {
                    self.psql.flush()?;
                    return Ok(outcome);
                }
                _ => {}
            }
        }
    }

    /// COPY FROM STDIN: psql speaks until it says that it is done.
    fn rows_from_psql(&mut self) -> Result<()> {
        loop {
            let frame = self
                .psql
                .read()?
                .ok_or_else(|| Error::other("psql is gone"))?;
            self.pass(&frame)?;
            if matches!(frame.tag, b'c' | b'f') {
                return self.server.flush();
            }
        }
    }

    /// A message of the server's, with what it says about the session taken in.
    fn heard(&mut self) -> Result<Frame> {
        let frame = self
            .server
            .read()?
            .ok_or_else(|| Error::other("the server is gone"))?;
        match frame.tag {
            b'Z' => self.transaction = frame.body.first().copied().unwrap_or(b'E'),
            b'S' => match frame.strings().as_slice() {
                [name, value, ..] if name == "standard_conforming_strings" => {
                    self.conforming = value == "on"
                }
                [name, value, ..] if name == "client_encoding" => self.encoding = value.clone(),
                _ => {}
            },
            _ => {}
        }
        Ok(frame)
    }

    /// Runs a statement of our own. What else the server has to say goes to psql.
    fn ask(&mut self, text: &str) -> Result<Vec<Row>> {
        let mut body = text.as_bytes().to_vec();
        body.push(0);
        self.server.write(Some(b'Q'), &body)?;
        self.server.flush()?;
        let (mut rows, mut failure) = (vec![], None);
        loop {
            let frame = self.heard()?;
            match frame.tag {
                b'D' => rows.push(frame.row()),
                b'E' => failure = Some(frame.strings().join(" ")),
                b'A' => self.psql.write(Some(frame.tag), &frame.body)?,
                b'Z' => break,
                _ => {}
            }
        }
        match failure {
            None => Ok(rows),
            Some(failure) => Err(Error::other(format!("{failure}: {text}"))),
        }
    }

    fn state(&mut self) -> Result<State> {
        let mut row = self.ask(STATE)?.pop().unwrap_or_default().into_iter();
        let mut next = || row.next().flatten();
        Ok(State {
            path: next().map_or_else(Vec::new, names),
            user: next().unwrap_or_default(),
            number: next(),
            next: next(),
            temporary: next().map_or_else(Vec::new, names),
        })
    }

    /// Reads the definitions, in a transaction or part of one that leaves nothing behind.
    fn refresh(&mut self) -> Result<()> {
        let (begin, end) = match self.transaction {
            b'I' => ("BEGIN", "ROLLBACK"),
            _ => ("SAVEPOINT suite", "ROLLBACK TO suite; RELEASE suite"),
        };
        self.ask(begin)?;
        self.ask("SET LOCAL search_path = ''")?;
        self.generation += 1;
        let shared = self.shared;
        self.catalog = definitions::load(&shared.own, self.generation, |text| self.ask(text))?;
        self.ask(end)?;
        self.stale = false;
        Ok(())
    }

    /// A Query message.
    fn query(&mut self, frame: &Frame) -> Result<()> {
        let text = frame.body.strip_suffix(&[0]).unwrap_or(&frame.body);
        let kind = tally::kind(text);
        let counted = kind.is_some() && self.transaction != b'E';
        let (before, facts, took) = if counted {
            let before = self.state()?;
            if self.stale {
                self.refresh()?;
            }
            let settings = Settings {
                search_path: SearchPath::Known(before.path.clone()),
                standard_conforming_strings: self.conforming,
                client_encoding: self.encoding.clone(),
                user: before.user.clone(),
                temporary: before.temporary.clone(),
                inner_path: None,
                declared: vec![],
            };
            let begun = Instant::now();
            let facts = analyze(text, &settings, &self.catalog).statements;
            (Some(before), facts, begun.elapsed())
        } else {
            (None, vec![], Default::default())
        };
        let transaction = self.transaction;
        self.pass(frame)?;
        let outcome = self.answers()?;
        self.stale |= !counted || facts.iter().any(may_define);
        let Some(before) = before else {
            return Ok(());
        };
        let mild = facts.iter().all(leaves_nothing);
        let mut wrote = false;
        if mild && !outcome.failed && self.transaction == transaction {
            let after = self.state()?;
            wrote = match transaction {
                b'I' => after.next != before.next,
                _ => before.number.is_none() && after.number.is_some(),
            };
        }
        let differs = match (facts.as_slice(), outcome.failed) {
            ([one], false) => differences(one, &outcome.fields, &self.catalog),
            _ => vec![],
        };
        let mut tally = self
            .shared
            .tally
            .lock()
            .map_err(|_| Error::other("a session panicked"))?;
        let file = self
            .shared
            .file
            .lock()
            .map(|f| f.clone())
            .unwrap_or_default();
        tally.add(Seen {
            text,
            facts: &facts,
            file: &file,
            accepted: !outcome.failed,
            completions: outcome.completions,
            wrote,
            differs,
            took,
        });
        Ok(())
    }
}

/// Whether definitions may be others once it has run.
fn may_define(facts: &Facts) -> bool {
    !matches!(facts.class, Class::Read)
        && facts.needs.iter().any(|need| {
            use sql::facts::Action;
            !matches!(
                need.action,
                Action::Read
                    | Action::Insert
                    | Action::Update
                    | Action::Delete
                    | Action::Merge
                    | Action::CopyIn
                    | Action::CopyOut
                    | Action::Lock
            )
        })
}

/// Whether a statement should not so much as get a transaction's number: what is called a read, but for locks, functions
/// that give the number itself away, and temporary tables (ON COMMIT DELETE ROWS empties those that were read).
fn leaves_nothing(facts: &Facts) -> bool {
    let numbered = ["txid_current", "pg_current_xact_id"];
    matches!(facts.class, Class::Read | Class::Session)
        && !facts.has(Flag::Locks)
        && !facts
            .functions
            .iter()
            .any(|f| numbered.contains(&f.name.as_str()))
        && !facts.needs.iter().any(|need| match &need.object {
            Object::Table(schema, _) => schema.starts_with("pg_temp"),
            _ => false,
        })
}
