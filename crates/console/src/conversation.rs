//! What is answered to each message of a client.
//!
//! Owns: prepared statements, portals and their limits, and the order of replies (PostgreSQL manual, "Extended Query").
//! Refuses: to run a portal's statement a second time: it runs when its portal is first executed, to the end, and what
//! it returned is handed out from there.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use wire::postgres::query::{Bind, ClientMessage, Close, Describe, Execute, Parse, Target};
use wire::postgres::reply;
use wire::postgres::row::{Field, RowWriter, write_row_description};
use wire::postgres::values::{BINARY, TEXT};

use crate::cell::{self, Cell};
use crate::control::Control;
use crate::desk::{Desk, Operator, Refusal};
use crate::prepared::{Outcome, Prepared, Work};
use crate::session::{Aside, Failure, Session, Status};
use crate::translate::Output;

/// What the loop does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Goes on.
    Go,
    /// Sends what there is.
    Send,
    /// Ends the connection.
    Leave,
}

const MAX_STATEMENTS: usize = 1_000;
const MAX_PORTALS: usize = 100;

/// A statement with its parameters.
struct Portal {
    prepared: Arc<Prepared>,
    parameters: Vec<Cell>,
    formats: Vec<i16>,
    /// What it returned and how much of it has been handed out; None before it has run.
    ran: Option<(Outcome, usize)>,
}

/// One connection's conversation.
pub struct Conversation {
    session: Session,
    statements: HashMap<Vec<u8>, Arc<Prepared>>,
    portals: HashMap<Vec<u8>, Portal>,
    /// After an error in the extended protocol everything up to Sync is passed over.
    skipping: bool,
}

fn utf8(bytes: &[u8]) -> Result<String, Refusal> {
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Refusal::new("22021", "invalid byte sequence for encoding \"UTF8\""))
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).chars().take(63).collect()
}

impl Conversation {
    /// Begins.
    pub fn begin(operator: Operator, desk: Arc<dyn Desk>) -> io::Result<Conversation> {
        Ok(Conversation {
            session: Session::begin(operator, desk)?,
            statements: HashMap::new(),
            portals: HashMap::new(),
            skipping: false,
        })
    }

    /// What follows AuthenticationOk.
    pub fn greet(&self, out: &mut Vec<u8>, process_id: u32, secret: &[u8]) {
        for (name, value) in self.session.settings().reported() {
            reply::write_parameter_status(out, name, value);
        }
        reply::write_backend_key(out, process_id, secret);
        reply::write_ready(out, self.session.status().byte());
    }

    /// Answers one message.
    pub async fn answer(&mut self, message: ClientMessage<'_>, out: &mut Vec<u8>) -> Next {
        if self.skipping {
            match message {
                ClientMessage::Sync | ClientMessage::Terminate => {}
                _ => return Next::Go,
            }
        }
        let result = match message {
            ClientMessage::Terminate => return Next::Leave,
            ClientMessage::Query(query) => {
                self.simple(query.text, out).await;
                return Next::Send;
            }
            ClientMessage::Sync => {
                self.skipping = false;
                self.forget_portals();
                reply::write_ready(out, self.session.status().byte());
                return Next::Send;
            }
            ClientMessage::Flush => return Next::Send,
            ClientMessage::Parse(parse) => self.parse(parse, out).await,
            ClientMessage::Bind(bind) => self.bind(bind, out),
            ClientMessage::Describe(describe) => self.describe(describe, out),
            ClientMessage::Execute(execute) => self.run(execute, out).await,
            ClientMessage::Close(close) => {
                self.close(close, out);
                Ok(())
            }
            ClientMessage::FunctionCall(_) => {
                let refusal = Refusal::new(
                    "0A000",
                    "the console does not support function calls: use SELECT",
                );
                self.fail(out, &refusal.into());
                reply::write_ready(out, self.session.status().byte());
                return Next::Send;
            }
            // Left over from a COPY that was refused: passed over, as PostgreSQL does.
            ClientMessage::CopyData(_) | ClientMessage::CopyDone | ClientMessage::CopyFail(_) => {
                Ok(())
            }
        };
        if let Err(failure) = result {
            self.fail(out, &failure);
            self.skipping = true;
        }
        Next::Go
    }

    fn fail(&mut self, out: &mut Vec<u8>, failure: &Failure) {
        self.asides(out);
        let mut fields = vec![
            (b'S', "ERROR"),
            (b'V', "ERROR"),
            (b'C', failure.refusal.sqlstate),
            (b'M', failure.refusal.message.as_str()),
        ];
        if let Some(detail) = &failure.detail {
            fields.push((b'D', detail));
        }
        reply::write_error(out, &fields);
        self.session.fail();
    }

    /// Warnings and changed settings.
    fn asides(&mut self, out: &mut Vec<u8>) {
        for aside in self.session.asides.drain(..) {
            match aside {
                Aside::Warning(code, message) => reply::write_notice(
                    out,
                    &[
                        (b'S', "WARNING"),
                        (b'V', "WARNING"),
                        (b'C', code),
                        (b'M', &message),
                    ],
                ),
                Aside::Status(name, value) => reply::write_parameter_status(out, name, value),
            }
        }
    }

    /// Portals live as long as their transaction.
    fn forget_portals(&mut self) {
        if self.session.status() == Status::Idle {
            self.portals.clear();
        }
    }

    async fn simple(&mut self, text: &[u8], out: &mut Vec<u8>) {
        if let Err(failure) = self.simple_statements(text, out).await {
            self.fail(out, &failure);
        }
        self.forget_portals();
        reply::write_ready(out, self.session.status().byte());
    }

    async fn simple_statements(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        let list = self.session.prepare(utf8(text)?, Vec::new()).await?;
        if list.is_empty() {
            reply::write_empty_query(out);
        }
        for prepared in list {
            if !prepared.parameters.is_empty() {
                return Err(Refusal::new("42P02", "there is no parameter $1").into());
            }
            let outcome = self.session.execute(&prepared, Vec::new()).await?;
            self.forget(&prepared.work);
            self.asides(out);
            if let Some(columns) = &prepared.columns {
                write_row_description(out, &fields(columns, &[]));
                write_rows(out, columns, &[], &outcome.rows)?;
            }
            reply::write_command_complete(out, tag(&outcome, outcome.rows.len()));
        }
        Ok(())
    }

    /// What DEALLOCATE, DISCARD and the end of a transaction take away.
    fn forget(&mut self, work: &Work) {
        match work {
            Work::Control(Control::Deallocate(None)) => self.statements.clear(),
            Work::Control(Control::Deallocate(Some(name))) => {
                self.statements.remove(name.as_bytes());
            }
            Work::Control(Control::Discard) => {
                self.statements.clear();
                self.portals.clear();
            }
            Work::Control(_) | Work::Query(_) | Work::Act(..) | Work::Empty => {}
        }
    }

    async fn parse(&mut self, parse: Parse<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        let name = parse.name.to_vec();
        if !name.is_empty() && self.statements.contains_key(&name) {
            return Err(Refusal::new(
                "42P05",
                format!("prepared statement \"{}\" already exists", shown(&name)),
            )
            .into());
        }
        if self.statements.len() >= MAX_STATEMENTS {
            return Err(Refusal::new("53400", "too many prepared statements").into());
        }
        let mut list = self
            .session
            .prepare(utf8(parse.text)?, parse.types().collect())
            .await?;
        if list.len() > 1 {
            return Err(Refusal::new(
                "42601",
                "cannot insert multiple commands into a prepared statement",
            )
            .into());
        }
        let prepared = list.pop().unwrap_or_else(Prepared::empty);
        self.session.admit(&prepared)?;
        self.statements.insert(name, Arc::new(prepared));
        reply::write_parse_complete(out);
        Ok(())
    }

    fn statement(&self, name: &[u8]) -> Result<Arc<Prepared>, Refusal> {
        self.statements.get(name).cloned().ok_or_else(|| {
            Refusal::new(
                "26000",
                format!("prepared statement \"{}\" does not exist", shown(name)),
            )
        })
    }

    fn bind(&mut self, bind: Bind<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        let prepared = self.statement(bind.statement)?;
        self.session.admit(&prepared)?;
        if bind.parameter_count() != prepared.parameters.len() {
            return Err(Refusal::new(
                "08P01",
                format!(
                    "bind message supplies {} parameters, but the statement requires {}",
                    bind.parameter_count(),
                    prepared.parameters.len()
                ),
            )
            .into());
        }
        let now = self.session.now_us();
        let mut parameters = Vec::new();
        for (i, (value, (ty, oid))) in bind.parameters().zip(&prepared.parameters).enumerate() {
            parameters.push(match (value, bind.parameter_format(i)) {
                (None, _) => Cell::Null,
                (Some(bytes), TEXT) => cell::from_text(&utf8(bytes)?, *ty, now)?,
                (Some(bytes), BINARY) => cell::from_binary(bytes, *ty, *oid, now)?,
                (Some(_), code) => {
                    return Err(
                        Refusal::new("22023", format!("unsupported format code: {code}")).into(),
                    );
                }
            });
        }
        let width = prepared.columns.as_ref().map_or(0, Vec::len);
        let listed = bind.result_formats().count();
        if listed > 1 && listed != width {
            return Err(Refusal::new(
                "08P01",
                format!("bind message has {listed} result formats but query has {width} columns"),
            )
            .into());
        }
        let formats: Vec<i16> = (0..width).map(|i| bind.result_format(i)).collect();
        if formats.iter().any(|f| *f != TEXT && *f != BINARY) {
            return Err(Refusal::new("22023", "unsupported format code").into());
        }
        let name = bind.portal.to_vec();
        if !name.is_empty() && self.portals.contains_key(&name) {
            return Err(Refusal::new(
                "42P03",
                format!("cursor \"{}\" already exists", shown(&name)),
            )
            .into());
        }
        if self.portals.len() >= MAX_PORTALS {
            return Err(Refusal::new("53400", "too many portals").into());
        }
        self.portals.insert(
            name,
            Portal {
                prepared,
                parameters,
                formats,
                ran: None,
            },
        );
        reply::write_bind_complete(out);
        Ok(())
    }

    fn describe(&mut self, describe: Describe<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        let (columns, formats) = match describe.target {
            Target::Statement => {
                let prepared = self.statement(describe.name)?;
                let types: Vec<u32> = prepared.parameters.iter().map(|(_, oid)| *oid).collect();
                reply::write_parameter_description(out, &types);
                (prepared.columns.clone(), Vec::new())
            }
            Target::Portal => {
                let portal = self
                    .portals
                    .get(describe.name)
                    .ok_or_else(|| no_portal(describe.name))?;
                (portal.prepared.columns.clone(), portal.formats.clone())
            }
        };
        match columns {
            Some(columns) => write_row_description(out, &fields(&columns, &formats)),
            None => reply::write_no_data(out),
        }
        Ok(())
    }

    async fn run(&mut self, execute: Execute<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
        let name = execute.portal;
        let mut portal = self.portals.remove(name).ok_or_else(|| no_portal(name))?;
        if let Work::Empty = portal.prepared.work {
            reply::write_empty_query(out);
            self.portals.insert(name.to_vec(), portal);
            return Ok(());
        }
        self.session.admit(&portal.prepared)?;
        let (outcome, from) = match portal.ran.take() {
            Some(ran) if portal.prepared.columns.is_some() => ran,
            // A statement without rows has nothing left to give.
            Some(_) => {
                return Err(Refusal::new(
                    "55000",
                    format!("portal \"{}\" cannot be run", shown(name)),
                )
                .into());
            }
            None => {
                let parameters = std::mem::take(&mut portal.parameters);
                let outcome = self.session.execute(&portal.prepared, parameters).await?;
                self.forget(&portal.prepared.work);
                (outcome, 0)
            }
        };
        self.asides(out);
        let mut to = outcome.rows.len();
        if let Some(columns) = &portal.prepared.columns {
            // 0, and what would be negative, is no limit.
            let limit = usize::try_from(execute.max_rows).unwrap_or(0);
            if limit > 0 && execute.max_rows <= i32::MAX.unsigned_abs() {
                to = to.min(from.saturating_add(limit));
            }
            let rows = outcome.rows.get(from..to).unwrap_or(&[]);
            write_rows(out, columns, &portal.formats, rows)?;
        }
        if to < outcome.rows.len() {
            reply::write_portal_suspended(out);
        } else {
            reply::write_command_complete(out, tag(&outcome, to - from));
        }
        portal.ran = Some((outcome, to));
        self.portals.insert(name.to_vec(), portal);
        Ok(())
    }

    fn close(&mut self, close: Close<'_>, out: &mut Vec<u8>) {
        match close.target {
            Target::Statement => {
                self.statements.remove(close.name);
            }
            Target::Portal => {
                self.portals.remove(close.name);
            }
        }
        reply::write_close_complete(out);
    }
}

fn no_portal(name: &[u8]) -> Refusal {
    Refusal::new(
        "34000",
        format!("portal \"{}\" does not exist", shown(name)),
    )
}

fn tag(outcome: &Outcome, rows: usize) -> String {
    outcome
        .tag
        .clone()
        .unwrap_or_else(|| format!("SELECT {rows}"))
}

fn fields<'a>(columns: &'a [Output], formats: &[i16]) -> Vec<Field<'a>> {
    columns
        .iter()
        .enumerate()
        .map(|(i, column)| Field {
            name: column.name.as_bytes(),
            table: column.origin.0,
            column: column.origin.1,
            type_oid: column.ty.oid(),
            type_size: column.ty.size(),
            type_modifier: -1,
            format: formats.get(i).copied().unwrap_or(TEXT),
        })
        .collect()
}

fn write_rows(
    out: &mut Vec<u8>,
    columns: &[Output],
    formats: &[i16],
    rows: &[Vec<Cell>],
) -> Result<(), Refusal> {
    let width =
        u16::try_from(columns.len()).map_err(|_| Refusal::new("54011", "too many columns"))?;
    for row in rows {
        let mut writer = RowWriter::begin(out, width);
        for (i, (column, cell)) in columns.iter().zip(row).enumerate() {
            if formats.get(i) == Some(&BINARY) {
                writer.cell(cell::to_binary(cell, column.ty)?.as_deref());
            } else {
                writer.cell(cell::to_text(cell, column.ty).as_deref().map(str::as_bytes));
            }
        }
        writer.finish();
    }
    Ok(())
}
