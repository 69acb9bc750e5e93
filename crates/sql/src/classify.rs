//! What a statement is, by what it does.
//!
//! Owns: the exhaustive walk over kinds of statements, and the class that follows from the needs. Refuses: the first word
//! of a statement as evidence of anything but its name.

use crate::analyzer::Analyzer;
use crate::calls::Given;
use crate::conclude::definition_word;
use crate::facts::{
    Action, Class, Flag, FunctionKind, FunctionUse, Named, Need, Object, Transaction, Volatility,
};
use crate::form::{Body, Control, Distinct, Execute, Expr, Kind, Query, Statement, Target};
use crate::names::Columns;
use crate::settings::SettingChange;

/// What walking over a statement gives beside what the analyzer collected.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The command's word.
    pub command: String,
    /// The result's columns, not yet recorded as shown.
    pub columns: Option<Columns>,
    /// Effect on the transaction.
    pub transaction: Option<Transaction>,
    /// Named statements and cursors.
    pub named: Option<Named>,
    /// The mildest class it can have.
    pub class: Option<Class>,
}

impl Outcome {
    fn of(command: &str) -> Outcome {
        Outcome {
            command: command.to_owned(),
            ..Outcome::default()
        }
    }
    fn rows(command: &str, columns: Columns) -> Outcome {
        Outcome {
            command: command.to_owned(),
            columns: Some(columns),
            class: Some(Class::Read),
            ..Outcome::default()
        }
    }
}

impl Analyzer<'_> {
    /// Walks over a statement.
    pub fn statement(&mut self, kind: &Kind) -> Outcome {
        let reads_only = matches!(kind, Kind::Query(_));
        let writes_rows = matches!(kind, Kind::Insert(_) | Kind::Update(_) | Kind::Delete(_));
        if !reads_only && !writes_rows {
            self.blind = false;
        }
        match kind {
            Kind::Query(query) => {
                self.certain = runs_once(query);
                let columns = self.query(query);
                Outcome::rows(if self.kept { "SELECT INTO" } else { "SELECT" }, columns)
            }
            Kind::Insert(insert) => {
                let columns = self.insert(insert);
                Outcome::rows("INSERT", columns)
            }
            Kind::Update(update) => {
                let columns = self.update(update);
                Outcome::rows("UPDATE", columns)
            }
            Kind::Delete(delete) => {
                let columns = self.delete(delete);
                Outcome::rows("DELETE", columns)
            }
            Kind::Merge(merge) => {
                let columns = self.merge_into(merge);
                Outcome::rows("MERGE", columns)
            }
            Kind::Copy(copy) => {
                self.copy(copy);
                Outcome::of("COPY")
            }
            Kind::Define(define) => {
                self.define(define);
                let named = define.execute.as_ref().map(|e| Named::Execute {
                    name: e.name.clone(),
                    stored: true,
                });
                Outcome {
                    named,
                    ..Outcome::of(&definition_word(define))
                }
            }
            Kind::Privileges(privileges) => {
                self.privileges(privileges);
                Outcome::of("GRANT")
            }
            Kind::Maintenance(maintenance) => {
                self.maintenance(maintenance);
                Outcome::of(maintenance.command)
            }
            Kind::Truncate(tables) => {
                for table in tables {
                    self.need_each(Action::Truncate, table);
                }
                Outcome::of("TRUNCATE")
            }
            Kind::Lock(tables) => {
                self.flag(Flag::Locks);
                for table in tables {
                    self.need_each(Action::Lock, table);
                }
                Outcome::of("LOCK")
            }
            Kind::Refresh(view) => {
                self.need_each(Action::Ddl, view);
                Outcome::of("REFRESH MATERIALIZED VIEW")
            }
            Kind::Set(set) => {
                self.set(set);
                Outcome::of("SET")
            }
            Kind::SetTransaction {
                read_write,
                session,
                ..
            } => {
                let action = if *read_write {
                    Action::Admin
                } else {
                    Action::Session
                };
                self.need(action, Object::Database);
                if *session {
                    self.changes.push(SettingChange::Other(
                        "default_transaction_read_only".to_owned(),
                    ));
                }
                Outcome::of("SET TRANSACTION")
            }
            Kind::SetConstraints => self.session("SET CONSTRAINTS"),
            Kind::Reset(name) => {
                self.reset(name.as_deref());
                Outcome::of("RESET")
            }
            Kind::Show(_) => self.session("SHOW"),
            Kind::Transaction(control) => self.control(control),
            Kind::Prepare { name, types, inner } => {
                let declared = self.declared_types(types);
                let outcome = self.statement(&inner.kind);
                self.changes.clear();
                let named = Named::Prepare {
                    name: name.clone(),
                    inner: inner.range.clone(),
                    declared,
                };
                // What it runs later may not be what it names today.
                Outcome {
                    command: "PREPARE".to_owned(),
                    named: Some(named),
                    transaction: None,
                    ..outcome
                }
            }
            Kind::Execute(execute) => self.execute(execute),
            Kind::Deallocate(name) => {
                let outcome = self.session("DEALLOCATE");
                Outcome {
                    named: Some(Named::Deallocate(name.clone())),
                    ..outcome
                }
            }
            Kind::Declare { name, query } => {
                let columns = self.query(query);
                if !self.changes.is_empty() {
                    // It runs row by row, with each FETCH.
                    self.need(Action::Admin, Object::Database);
                    self.may_change_settings();
                }
                let outcome = Outcome::rows("DECLARE CURSOR", columns);
                Outcome {
                    named: Some(Named::Declare { name: name.clone() }),
                    ..outcome
                }
            }
            Kind::Fetch(name) => {
                let outcome = self.session("FETCH");
                Outcome {
                    named: Some(Named::Fetch { name: name.clone() }),
                    ..outcome
                }
            }
            Kind::Close(name) => {
                let outcome = self.session("CLOSE CURSOR");
                Outcome {
                    named: Some(Named::Close(name.clone())),
                    ..outcome
                }
            }
            Kind::Explain { analyze, inner } => self.explain(*analyze, inner),
            Kind::Call(call) => {
                let mut value = self.values(call.args.iter().chain(&call.extra));
                self.call_by_name(&call.name, &mut value, Given::of(call, self));
                let name = call.name.join(".");
                self.opaque(|| format!("procedure {name} cannot be looked into"));
                self.may_change_settings();
                if !self.needs.iter().any(|n| n.action == Action::Call) {
                    self.need(Action::Call, Object::Database);
                }
                Outcome::of("CALL")
            }
            Kind::Do => {
                self.need(Action::Call, Object::Database);
                self.opaque(|| "a DO block cannot be looked into".to_owned());
                // It may do what it likes to the session too.
                self.may_change_settings();
                Outcome::of("DO")
            }
            Kind::Listen(_) => self.session("LISTEN"),
            Kind::Unlisten(_) => self.session("UNLISTEN"),
            Kind::Notify(_) => {
                let (schema, name) = ("pg_catalog".to_owned(), "pg_notify".to_owned());
                self.need(Action::Call, Object::Function(schema.clone(), name.clone()));
                let volatility = Volatility::Volatile;
                self.functions.push(FunctionUse {
                    schema,
                    name,
                    volatility,
                    kind: FunctionKind::Opaque,
                });
                Outcome::of("NOTIFY")
            }
            Kind::Discard(what) => {
                let outcome = self.session("DISCARD");
                if what == "plans" || what == "sequences" {
                    return outcome;
                }
                self.changes.push(SettingChange::AskServer);
                let named = (what == "all").then_some(Named::Deallocate(None));
                Outcome { named, ..outcome }
            }
        }
    }

    /// A session command.
    fn session(&mut self, command: &str) -> Outcome {
        self.need(Action::Session, Object::Database);
        Outcome::of(command)
    }

    /// EXECUTE.
    fn execute(&mut self, execute: &Execute) -> Outcome {
        self.execute_args(execute);
        let outcome = self.session("EXECUTE");
        Outcome {
            named: Some(Named::Execute {
                name: execute.name.clone(),
                stored: false,
            }),
            ..outcome
        }
    }

    /// Transaction control. Two-phase commit leaves locks behind, or ends what another session began.
    fn control(&mut self, control: &Control) -> Outcome {
        let (command, action, transaction) = match control {
            Control::Begin { read_write: true } => {
                ("BEGIN", Action::Admin, Some(Transaction::Begin))
            }
            Control::Begin { read_write: false } => {
                ("BEGIN", Action::Session, Some(Transaction::Begin))
            }
            Control::Commit => ("COMMIT", Action::Session, Some(Transaction::Commit)),
            Control::Rollback => ("ROLLBACK", Action::Session, Some(Transaction::Rollback)),
            Control::Savepoint => ("SAVEPOINT", Action::Session, Some(Transaction::Savepoint)),
            Control::Release => ("RELEASE", Action::Session, Some(Transaction::Savepoint)),
            Control::RollbackTo => ("ROLLBACK", Action::Session, Some(Transaction::Savepoint)),
            Control::PrepareTransaction => (
                "PREPARE TRANSACTION",
                Action::Admin,
                Some(Transaction::Commit),
            ),
            Control::CommitPrepared => ("COMMIT PREPARED", Action::Admin, None),
            Control::RollbackPrepared => ("ROLLBACK PREPARED", Action::Admin, None),
        };
        self.need(action, Object::Database);
        Outcome {
            transaction,
            ..Outcome::of(command)
        }
    }

    /// EXPLAIN: with ANALYZE it does what it explains; without, it reads what that would read or write.
    fn explain(&mut self, analyze: bool, inner: &Statement) -> Outcome {
        let start = self.needs.len();
        let outcome = self.statement(&inner.kind);
        self.flag(Flag::Explain);
        if let (true, Some(columns)) = (self.kept, &outcome.columns) {
            // SELECT INTO; the plan itself shows no values.
            let columns = columns.clone();
            self.store(&columns);
            self.kept = false;
        }
        if analyze {
            self.flag(Flag::Analyze);
        } else {
            self.changes.clear();
            self.writes.clear();
            self.flags.retain(|f| *f != Flag::NoWhere);
            let planned: Vec<Need> = self.needs.drain(start..).filter_map(planned).collect();
            self.needs.extend(planned);
        }
        let mut plan = Columns::default();
        plan.cols.push(crate::names::Col {
            name: "QUERY PLAN".to_owned(),
            value: Default::default(),
        });
        let named = match outcome.named {
            Some(Named::Execute { name, stored }) => Some(Named::Execute {
                name,
                stored: stored && analyze,
            }),
            _ => None,
        };
        Outcome {
            named,
            ..Outcome::rows("EXPLAIN", plan)
        }
    }
}

/// Whether each item of the select list is a call, run once, by itself: nothing around it can keep it from running.
fn runs_once(query: &Query) -> bool {
    let Body::Select(select) = &query.body else {
        return false;
    };
    query.is_bare()
        && select.from.is_empty()
        && select.filter.is_none()
        && select.having.is_none()
        && select.group_by.is_empty()
        && select.distinct == Distinct::No
        && select
            .targets
            .iter()
            .all(|t| matches!(t, Target::Expr(Expr::Call(_), _)))
}

/// What planning alone needs of a need.
fn planned(need: Need) -> Option<Need> {
    let read = |object| {
        Some(Need {
            action: Action::Read,
            object,
        })
    };
    match need.action {
        Action::Insert | Action::Update | Action::Delete | Action::Merge => read(need.object),
        // The new table of SELECT INTO is not made.
        Action::Create => None,
        Action::Read
        | Action::Truncate
        | Action::Call
        | Action::Lock
        | Action::CopyIn
        | Action::CopyOut
        | Action::Alter
        | Action::Drop
        | Action::Ddl
        | Action::Dcl
        | Action::Session
        | Action::Admin
        | Action::Unknown => Some(need),
    }
}
