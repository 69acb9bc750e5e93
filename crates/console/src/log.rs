//! The last statements of the session log, as the relation `statements` shows them, and one session's records.
//!
//! Owns: a bounded window over the journal, read on as the log grows. Refuses: to read the whole log for one query, and
//! to keep long texts: [`replay`] has them whole.

use std::collections::{HashMap, VecDeque};

use journal::record::{Outcome, Road};
use journal::{Event, Journal, Record};

use crate::cell::Cell;
use crate::desk::Refusal;
use crate::engine::Rows;

/// How many statements `statements` shows.
pub const STATEMENTS: usize = 10_000;
/// How far back the first look goes, in records.
const WINDOW: u64 = 60_000;
/// A longer text is cut.
const TEXT: usize = 8 * 1024;
const SESSIONS: usize = 20_000;

/// Who a session is.
#[derive(Debug, Clone, Default)]
struct Who {
    user: String,
    agent: String,
    grant: String,
    database: String,
}

#[derive(Debug)]
struct Line {
    session: u64,
    number: u64,
    cells: Vec<Cell>,
}

/// The window.
#[derive(Debug, Default)]
pub struct Log {
    seen: u64,
    lines: VecDeque<Line>,
    who: HashMap<u64, Who>,
}

/// Positions in `cells`, after the columns of `statements`.
const TAGS: usize = 17;

fn unreadable(_: journal::JournalError) -> Refusal {
    Refusal::new("58030", "the session log cannot be read")
}

fn cut(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let mut end = TEXT;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}…", &text[..end])
}

fn time(us: u64) -> Cell {
    Cell::number(us)
}

fn list(values: &[String]) -> Cell {
    Cell::list(values)
}

fn parameters(values: &[Option<String>], whole: bool) -> Cell {
    let items = values
        .iter()
        .map(|v| match v {
            None => serde_json::Value::Null,
            Some(s) if whole => s.clone().into(),
            Some(s) => cut(s).into(),
        })
        .collect();
    Cell::Text(serde_json::Value::Array(items).to_string())
}

fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Hold => "hold",
        Outcome::Deny => "deny",
    }
}

fn road_name(road: Road) -> &'static str {
    match road {
        Road::Query => "query",
        Road::Parse => "parse",
        Road::Execute => "execute",
        Road::Function => "function",
    }
}

impl Log {
    /// Reads on, and gives the rows of `statements`.
    pub fn rows(&mut self, journal: &Journal) -> Result<Rows, Refusal> {
        let last = journal.last_seq();
        let from = (self.seen + 1).max(last.saturating_sub(WINDOW) + 1);
        journal
            .scan(from, &mut |record| {
                self.see(record);
                true
            })
            .map_err(unreadable)?;
        let mut rows = Vec::with_capacity(self.lines.len());
        for line in &self.lines {
            let who = match self.who.get(&line.session) {
                Some(who) => who.clone(),
                None => {
                    let who = whose(journal, line.session)?;
                    if self.who.len() < SESSIONS {
                        self.who.insert(line.session, who.clone());
                    }
                    who
                }
            };
            let mut cells = line.cells.clone();
            for (cell, value) in
                cells
                    .iter_mut()
                    .skip(3)
                    .zip([who.user, who.agent, who.grant, who.database])
            {
                *cell = Cell::Text(value);
            }
            rows.push(cells);
        }
        Ok(rows)
    }

    fn see(&mut self, record: &Record) {
        self.seen = record.seq;
        match &record.event {
            Event::SessionStart {
                user,
                agent,
                grant,
                database,
                ..
            } => {
                if self.who.len() >= SESSIONS {
                    self.who.clear();
                }
                self.who.insert(
                    record.session,
                    Who {
                        user: user.clone(),
                        agent: agent.clone(),
                        grant: grant.clone(),
                        database: database.clone(),
                    },
                );
            }
            // A Parse that was allowed has run nothing; its Execute is the statement.
            Event::Statement {
                road: Road::Parse,
                outcome: Outcome::Allow,
                ..
            } => {}
            Event::Statement { number, .. } => {
                if self.lines.len() >= STATEMENTS {
                    self.lines.pop_front();
                }
                self.lines.push_back(Line {
                    session: record.session,
                    number: *number,
                    cells: statement(record),
                });
            }
            Event::StatementEnd {
                number,
                tags,
                rows,
                masked,
                duration_us,
                error,
            } => {
                let line = self
                    .lines
                    .iter_mut()
                    .rev()
                    .find(|l| l.session == record.session && l.number == *number);
                if let Some(line) = line {
                    let end = [
                        list(tags),
                        Cell::number(*rows),
                        Cell::number(*masked),
                        Cell::number(*duration_us),
                        Cell::text(error.as_deref()),
                    ];
                    for (cell, value) in line.cells.iter_mut().skip(TAGS).zip(end) {
                        *cell = value;
                    }
                }
            }
            Event::SessionEnd { .. } | Event::Hold { .. } | Event::Admin { .. } => {}
        }
    }
}

fn whose(journal: &Journal, session: u64) -> Result<Who, Refusal> {
    let summary = journal.session(session).map_err(unreadable)?;
    Ok(summary
        .map(|s| Who {
            user: s.user,
            agent: s.agent,
            grant: s.grant,
            database: s.database,
        })
        .unwrap_or_default())
}

/// The columns of `statements`; who it was is filled in when it is shown.
fn statement(record: &Record) -> Vec<Cell> {
    let Event::Statement {
        number,
        road,
        text,
        parameters: values,
        class,
        needs,
        labels,
        outcome,
        policies,
        controls,
        policy_generation: _,
        hold,
        refusal,
    } = &record.event
    else {
        return Vec::new();
    };
    vec![
        Cell::number(record.session),
        Cell::number(*number),
        time(record.time_us),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        class.as_str().into(),
        outcome_name(*outcome).into(),
        Cell::Text(cut(text)),
        parameters(values, false),
        list(needs),
        list(labels),
        list(policies),
        list(controls),
        Cell::maybe(*hold),
        Cell::text(refusal.as_deref()),
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        Cell::Null,
        road_name(*road).into(),
    ]
}

/// A line of `replay`, with all but what its event has.
#[derive(Default)]
struct Step {
    event: &'static str,
    number: Option<u64>,
    outcome: Option<&'static str>,
    statement: Option<String>,
    parameters: Option<Cell>,
    hold: Option<u64>,
    policies: Option<Cell>,
    sqlstate: Option<String>,
    rows: Option<u64>,
    masked: Option<u64>,
    duration: Option<u64>,
    detail: String,
}

/// The records of one session, as `replay` shows them.
pub fn replay(journal: &Journal, session: u64) -> Result<Rows, Refusal> {
    let records = journal.session_records(session).map_err(unreadable)?;
    if records.is_empty() {
        return Err(Refusal::new(
            "42704",
            format!("session {session} does not exist"),
        ));
    }
    Ok(records.iter().map(line).collect())
}

fn line(record: &Record) -> Vec<Cell> {
    let step = step(&record.event);
    vec![
        Cell::number(record.seq),
        time(record.time_us),
        step.event.into(),
        Cell::maybe(step.number),
        Cell::text(step.outcome),
        Cell::text(step.statement.as_deref()),
        step.parameters.unwrap_or(Cell::Null),
        Cell::maybe(step.hold),
        step.policies.unwrap_or(Cell::Null),
        Cell::text(step.sqlstate.as_deref()),
        Cell::maybe(step.rows),
        Cell::maybe(step.masked),
        Cell::maybe(step.duration),
        step.detail.as_str().into(),
    ]
}

fn step(event: &Event) -> Step {
    match event {
        Event::SessionStart {
            user,
            agent,
            grant,
            database,
            roles,
            client,
            application,
            tls,
            purpose,
        } => Step {
            event: "start",
            detail: format!(
                "{user} through {agent} (grant {grant}, roles {}) on {database} from {client}{}{}{}",
                roles.join(", "),
                if *tls { ", TLS" } else { "" },
                if application.is_empty() {
                    String::new()
                } else {
                    format!(", {application}")
                },
                purpose
                    .as_ref()
                    .map_or(String::new(), |p| format!(", for: {p}")),
            ),
            ..Step::default()
        },
        Event::Statement {
            number,
            road,
            text,
            parameters: values,
            class,
            needs,
            labels,
            outcome,
            policies,
            controls,
            policy_generation,
            hold,
            refusal,
        } => Step {
            event: match road {
                Road::Parse => "prepare",
                Road::Query | Road::Execute | Road::Function => "statement",
            },
            number: Some(*number),
            outcome: Some(outcome_name(*outcome)),
            statement: Some(text.clone()),
            parameters: Some(parameters(values, true)),
            hold: *hold,
            policies: Some(list(policies)),
            sqlstate: refusal.clone(),
            detail: format!(
                "{class}; needs {}{}{}; policies of generation {policy_generation}",
                needs.join(", "),
                if labels.is_empty() {
                    String::new()
                } else {
                    format!("; labels {}", labels.join(", "))
                },
                if controls.is_empty() {
                    String::new()
                } else {
                    format!("; controls {}", controls.join(", "))
                },
            ),
            ..Step::default()
        },
        Event::StatementEnd {
            number,
            tags,
            rows,
            masked,
            duration_us,
            error,
        } => Step {
            event: "end of statement",
            number: Some(*number),
            sqlstate: error.clone(),
            rows: Some(*rows),
            masked: Some(*masked),
            duration: Some(*duration_us),
            detail: tags.join(", "),
            ..Step::default()
        },
        Event::SessionEnd { reason } => Step {
            event: "end",
            detail: reason.clone(),
            ..Step::default()
        },
        Event::Hold {
            hold,
            state,
            by,
            why,
        } => Step {
            event: "hold",
            hold: Some(*hold),
            detail: format!(
                "{}{}{}",
                crate::verb::state_name(*state),
                by.as_ref().map_or(String::new(), |b| format!(" by {b}")),
                why.as_ref()
                    .filter(|w| !w.is_empty())
                    .map_or(String::new(), |w| format!(": {w}")),
            ),
            ..Step::default()
        },
        Event::Admin { action, by, about } => Step {
            event: "admin",
            detail: format!("{action} by {by}: {about}"),
            ..Step::default()
        },
    }
}
