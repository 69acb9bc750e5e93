//! A statement that is ready to run, and what running it gives.
//!
//! Owns: preparing, which has no effect whatever the statement; and the shape of a result. Refuses: to run.

use crate::cell::{Cell, Ty};
use crate::command::{self, Argument, Command};
use crate::control::Control;
use crate::desk::Refusal;
use crate::engine::Rows;
use crate::token::Statement;
use crate::translate::{self, Output, Plan, Setting, Source};
use crate::verb::Verb;

/// What a prepared statement does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Nothing: the text was empty.
    Empty,
    /// A query, perhaps with verbs in its select list.
    Query(Plan),
    /// One verb.
    Act(Verb, Vec<Argument>),
    /// Transaction and session control.
    Control(Control),
}

/// A statement that is ready to run.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// What it does.
    pub work: Work,
    /// Types of its parameters, and the OIDs to report for them: what the driver declared, where it did.
    pub parameters: Vec<(Ty, u32)>,
    /// Columns of its rows; None where it returns none.
    pub columns: Option<Vec<Output>>,
}

/// What a statement returned.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Its rows, in the columns of [`Prepared::columns`].
    pub rows: Rows,
    /// Command tag; None for `SELECT n`.
    pub tag: Option<String>,
}

fn column(name: &str, ty: Ty, at: usize) -> Output {
    Output {
        name: name.to_owned(),
        ty,
        origin: (0, 0),
        source: Source::Engine(at),
    }
}

impl Prepared {
    /// Of an empty text.
    pub fn empty() -> Prepared {
        Prepared {
            work: Work::Empty,
            parameters: Vec::new(),
            columns: None,
        }
    }

    /// Reads and translates one statement. `declared` are the OIDs a driver gave; 0 for none.
    pub fn new(
        statement: &Statement<'_>,
        declared: &[u32],
        setting: &Setting,
    ) -> Result<Prepared, Refusal> {
        let types = declared
            .iter()
            .map(|oid| {
                Ty::from_oid(*oid).ok_or_else(|| {
                    Refusal::new("0A000", format!("the console has no type with OID {oid}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        match command::read(statement)? {
            Command::Query(text) => {
                let plan = translate::translate(&text, &types, setting)?;
                Ok(Prepared {
                    parameters: reported(&plan.parameters, declared),
                    columns: Some(plan.columns.clone()),
                    work: Work::Query(plan),
                })
            }
            Command::Act(verb, arguments) => {
                let mut wanted = types;
                for (argument, (_, ty, _)) in arguments.iter().zip(verb.arguments()) {
                    if let Argument::Parameter(at) = argument {
                        if wanted.len() <= *at {
                            wanted.resize(*at + 1, Ty::Unknown);
                        }
                        if let Some(slot) = wanted.get_mut(*at)
                            && *slot == Ty::Unknown
                        {
                            *slot = *ty;
                        }
                    }
                }
                for ty in &mut wanted {
                    if *ty == Ty::Unknown {
                        *ty = Ty::Text;
                    }
                }
                Ok(Prepared {
                    parameters: reported(&wanted, declared),
                    columns: Some(vec![column(verb.name(), verb.result(), 0)]),
                    work: Work::Act(verb, arguments),
                })
            }
            Command::Control(control) => Ok(Prepared {
                parameters: reported(&types, declared),
                columns: match &control {
                    Control::Show(None) => Some(vec![
                        column("name", Ty::Text, 0),
                        column("setting", Ty::Text, 1),
                    ]),
                    Control::Show(Some(name)) => {
                        Some(vec![column(&shown_name(name, setting), Ty::Text, 0)])
                    }
                    _ => None,
                },
                work: Work::Control(control),
            }),
        }
    }

    /// Whether it may run in a transaction that has failed: what ends it, and nothing at all.
    pub fn ends_transaction(&self) -> bool {
        matches!(
            self.work,
            Work::Empty
                | Work::Control(Control::Commit | Control::Rollback | Control::RollbackTo(_))
        )
    }
}

/// `SHOW timezone` has a column `TimeZone`.
fn shown_name(name: &str, setting: &Setting) -> String {
    setting
        .settings
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map_or_else(|| name.to_owned(), |(n, _)| n.clone())
}

fn reported(types: &[Ty], declared: &[u32]) -> Vec<(Ty, u32)> {
    types
        .iter()
        .enumerate()
        .map(|(i, ty)| {
            let oid = declared
                .get(i)
                .copied()
                .filter(|oid| *oid != 0)
                .unwrap_or(ty.oid());
            (*ty, oid)
        })
        .collect()
}

/// The arguments of a verb, once parameters have values.
pub fn arguments(list: &[Argument], parameters: &[Cell]) -> Vec<Cell> {
    list.iter()
        .map(|argument| match argument {
            Argument::Value(cell) => cell.clone(),
            Argument::Parameter(at) => parameters.get(*at).cloned().unwrap_or(Cell::Null),
        })
        .collect()
}
