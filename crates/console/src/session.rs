//! One console session: its settings, its transaction, and running statements.
//!
//! Owns: transaction status, and asking the desk: each verb once for each row of each statement that is executed, in
//! order, after every row has passed the checks that can be made beforehand. Refuses: to undo. What a verb has done
//! stays done when a transaction is rolled back, and she is told so.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::bench::Bench;
use crate::cell::Cell;
use crate::control::Control;
use crate::desk::{Desk, Operator, Refusal};
use crate::fill;
use crate::prepared::{Outcome, Prepared, Work, arguments};
use crate::settings::{LONGEST_STATEMENT, Settings, is_reported};
use crate::token;
use crate::translate::{Plan, Setting, Source};
use crate::verb::{Call, Verb};

/// Transaction status as ReadyForQuery reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No transaction.
    Idle,
    /// In one.
    Open,
    /// In one that has failed.
    Failed,
}

impl Status {
    /// The byte of ReadyForQuery.
    pub fn byte(self) -> u8 {
        match self {
            Status::Idle => b'I',
            Status::Open => b'T',
            Status::Failed => b'E',
        }
    }
}

/// A refusal, with what else there is to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// SQLSTATE and message.
    pub refusal: Refusal,
    /// DETAIL.
    pub detail: Option<String>,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Failure {
        Failure {
            refusal,
            detail: None,
        }
    }
}

/// What goes to the client beside a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Aside {
    /// A NoticeResponse of severity WARNING.
    Warning(&'static str, String),
    /// A ParameterStatus.
    Status(String, String),
}

/// A session.
pub struct Session {
    operator: Operator,
    desk: Arc<dyn Desk>,
    bench: Bench,
    settings: Settings,
    status: Status,
    /// Settings as they were when the transaction began.
    before: Option<Settings>,
    savepoints: Vec<String>,
    /// Whether a verb has acted in this transaction.
    acted: bool,
    /// What is to be said beside the next result.
    pub asides: Vec<Aside>,
}

/// Savepoints of one transaction.
const MAX_SAVEPOINTS: usize = 1_000;

impl Session {
    /// Begins a session.
    pub fn begin(operator: Operator, desk: Arc<dyn Desk>) -> std::io::Result<Session> {
        Ok(Session {
            bench: Bench::start(Arc::clone(&desk))?,
            settings: Settings::of(&operator.name),
            operator,
            desk,
            status: Status::Idle,
            before: None,
            savepoints: Vec::new(),
            acted: false,
            asides: Vec::new(),
        })
    }

    /// What time it is, in microseconds since the epoch.
    pub fn now_us(&self) -> i64 {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
    }

    /// Transaction status.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// A statement failed: so has the transaction it is in.
    pub fn fail(&mut self) {
        if self.status == Status::Open {
            self.status = Status::Failed;
        }
    }

    /// Prepares every statement of a text, before the first one runs.
    pub async fn prepare(
        &self,
        text: String,
        declared: Vec<u32>,
    ) -> Result<Vec<Prepared>, Refusal> {
        let setting = Setting {
            user: self.operator.name.clone(),
            settings: self.settings.all().to_vec(),
        };
        self.bench
            .run(LONGEST_STATEMENT, move |_| {
                token::statements(&text)?
                    .iter()
                    .map(|statement| Prepared::new(statement, &declared, &setting))
                    .collect()
            })
            .await
    }

    /// Whether a statement may run in a transaction that has failed.
    pub fn admit(&self, prepared: &Prepared) -> Result<(), Refusal> {
        if self.status == Status::Failed && !prepared.ends_transaction() {
            return Err(Refusal::new(
                "25P02",
                "current transaction is aborted, commands ignored until end of transaction block",
            ));
        }
        Ok(())
    }

    /// Runs a statement, once.
    pub async fn execute(
        &mut self,
        prepared: &Prepared,
        parameters: Vec<Cell>,
    ) -> Result<Outcome, Failure> {
        self.admit(prepared)?;
        match &prepared.work {
            Work::Empty => Ok(Outcome::default()),
            Work::Query(plan) => self.query(plan, parameters).await,
            Work::Act(verb, list) => {
                let call = Call::new(*verb, arguments(list, &parameters))?;
                let mut answers = self.act(vec![call]).await?;
                Ok(Outcome {
                    rows: answers
                        .pop()
                        .map(|cell| vec![vec![cell]])
                        .unwrap_or_default(),
                    tag: Some(verb.tag().to_owned()),
                })
            }
            Work::Control(control) => Ok(self.control(control)?),
        }
    }

    async fn query(&mut self, plan: &Plan, parameters: Vec<Cell>) -> Result<Outcome, Failure> {
        let now_us = self.now_us();
        let settings = self.settings.all().to_vec();
        let engine_plan = plan.clone();
        let rows = self
            .bench
            .run(self.settings.statement_timeout(), move |tools| {
                let around = fill::surroundings(tools.desk.as_ref(), &settings)?;
                let (desk, log) = (&tools.desk, &mut tools.log);
                let mut fill = |wanted: &_| {
                    fill::fill(wanted, desk.as_ref(), log, &around, &parameters, now_us)
                };
                tools
                    .engine
                    .run(&engine_plan, &parameters, now_us, around.clone(), &mut fill)
            })
            .await?;
        if !plan.acts() {
            return Ok(Outcome { rows, tag: None });
        }
        // Every row is here; now the verbs, row by row, in the order of the select list.
        let verbs: Vec<(Verb, &Vec<usize>)> = plan
            .columns
            .iter()
            .filter_map(|c| match &c.source {
                Source::Act(verb, from) => Some((*verb, from)),
                Source::Engine(_) => None,
            })
            .collect();
        let mut calls = Vec::new();
        for row in &rows {
            for (verb, from) in &verbs {
                let arguments = from
                    .iter()
                    .map(|i| row.get(*i).cloned().unwrap_or(Cell::Null))
                    .collect();
                calls.push(Call::new(*verb, arguments)?);
            }
        }
        let mut answers = self.act(calls).await?.into_iter();
        let rows = rows
            .into_iter()
            .map(|row| {
                plan.columns
                    .iter()
                    .map(|column| match &column.source {
                        Source::Engine(i) => row.get(*i).cloned().unwrap_or(Cell::Null),
                        Source::Act(..) => answers.next().unwrap_or(Cell::Null),
                    })
                    .collect()
            })
            .collect();
        Ok(Outcome { rows, tag: None })
    }

    /// Asks the desk: first whether anything stands against any of the calls, then each of them, once.
    async fn act(&mut self, calls: Vec<Call>) -> Result<Vec<Cell>, Failure> {
        let calls = Arc::new(calls);
        let (checked, operator) = (Arc::clone(&calls), self.operator.clone());
        self.bench
            .run(LONGEST_STATEMENT, move |tools| {
                checked
                    .iter()
                    .try_for_each(|call| call.preflight(tools.desk.as_ref(), &operator))
            })
            .await?;
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls.iter() {
            self.acted = true;
            match call.perform(self.desk.as_ref(), &self.operator).await {
                Ok(answer) => answers.push(answer),
                Err(refusal) => {
                    let done = answers.len();
                    return Err(Failure {
                        refusal,
                        detail: (done > 0).then(|| {
                            format!("{done} of {} were done before, and stay done.", calls.len())
                        }),
                    });
                }
            }
        }
        Ok(answers)
    }

    fn warn(&mut self, sqlstate: &'static str, message: impl Into<String>) {
        self.asides.push(Aside::Warning(sqlstate, message.into()));
    }

    fn control(&mut self, control: &Control) -> Result<Outcome, Refusal> {
        let tag = match control {
            Control::Begin(tag) => {
                if self.status == Status::Idle {
                    self.status = Status::Open;
                    self.before = Some(self.settings.clone());
                    self.acted = false;
                } else {
                    self.warn("25001", "there is already a transaction in progress");
                }
                (*tag).to_owned()
            }
            Control::Commit => self.end(true),
            Control::Rollback => self.end(false),
            Control::Savepoint(name) => {
                self.inside("SAVEPOINT")?;
                if self.savepoints.len() >= MAX_SAVEPOINTS {
                    return Err(Refusal::new("53400", "too many savepoints"));
                }
                self.savepoints.push(name.clone());
                "SAVEPOINT".to_owned()
            }
            Control::Release(name) => {
                self.inside("RELEASE SAVEPOINT")?;
                let at = self.savepoint(name)?;
                self.savepoints.truncate(at);
                "RELEASE".to_owned()
            }
            Control::RollbackTo(name) => {
                self.inside("ROLLBACK TO SAVEPOINT")?;
                let at = self.savepoint(name)?;
                self.savepoints.truncate(at + 1);
                self.status = Status::Open;
                self.warn_of_what_stays();
                "ROLLBACK".to_owned()
            }
            Control::Set(name, value) => {
                self.set(name, value.as_deref())?;
                "SET".to_owned()
            }
            Control::Reset(Some(name)) => {
                self.set(name, None)?;
                "RESET".to_owned()
            }
            Control::Reset(None) => {
                self.replace(Settings::of(&self.operator.name));
                "RESET".to_owned()
            }
            Control::Show(name) => return self.show(name.as_deref()),
            Control::Deallocate(None) => "DEALLOCATE ALL".to_owned(),
            Control::Deallocate(Some(_)) => "DEALLOCATE".to_owned(),
            Control::Discard => {
                if self.status != Status::Idle {
                    return Err(Refusal::new(
                        "25001",
                        "DISCARD ALL cannot run inside a transaction block",
                    ));
                }
                self.replace(Settings::of(&self.operator.name));
                "DISCARD ALL".to_owned()
            }
            Control::Nothing(tag) => (*tag).to_owned(),
        };
        Ok(Outcome {
            rows: Vec::new(),
            tag: Some(tag),
        })
    }

    fn inside(&self, what: &str) -> Result<(), Refusal> {
        if self.status == Status::Idle {
            return Err(Refusal::new(
                "25P01",
                format!("{what} can only be used in transaction blocks"),
            ));
        }
        Ok(())
    }

    fn savepoint(&self, name: &str) -> Result<usize, Refusal> {
        self.savepoints
            .iter()
            .rposition(|s| s == name)
            .ok_or_else(|| Refusal::new("3B001", format!("savepoint \"{name}\" does not exist")))
    }

    /// COMMIT of a failed transaction is a ROLLBACK, as in PostgreSQL.
    fn end(&mut self, commit: bool) -> String {
        let kept = commit && self.status != Status::Failed;
        if self.status == Status::Idle {
            self.warn("25P01", "there is no transaction in progress");
        } else if !kept {
            self.warn_of_what_stays();
            if let Some(before) = self.before.take() {
                self.replace(before);
            }
        }
        self.status = Status::Idle;
        self.before = None;
        self.savepoints.clear();
        self.acted = false;
        (if kept { "COMMIT" } else { "ROLLBACK" }).to_owned()
    }

    fn warn_of_what_stays(&mut self) {
        if self.acted {
            self.warn("01000", "what was approved, rejected, granted, revoked or ended in this transaction stays so");
        }
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Refusal> {
        self.settings.set(name, value, &self.operator.name)?;
        if is_reported(name) {
            let (name, value) = self.settings.show(name)?;
            let aside = Aside::Status(name.to_owned(), value.to_owned());
            self.asides.push(aside);
        }
        Ok(())
    }

    fn replace(&mut self, settings: Settings) {
        for (name, value) in settings.reported() {
            if self.settings.show(name).is_ok_and(|(_, old)| old != value) {
                self.asides.push(Aside::Status(name.clone(), value.clone()));
            }
        }
        self.settings = settings;
    }

    fn show(&self, name: Option<&str>) -> Result<Outcome, Refusal> {
        let rows = match name {
            Some(name) => vec![vec![Cell::from(self.settings.show(name)?.1)]],
            None => self
                .settings
                .all()
                .iter()
                .map(|(name, value)| vec![Cell::from(name.as_str()), Cell::from(value.as_str())])
                .collect(),
        };
        Ok(Outcome {
            rows,
            tag: Some("SHOW".to_owned()),
        })
    }
}
