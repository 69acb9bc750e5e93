//! Statements about the session: transactions, prepared statements, cursors, EXPLAIN, and short ones.
//!
//! Owns: all of those. Refuses: shapes that the server has not.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::name::{need, refuse};
use super::{Read, Reader, range};
use crate::form::{Call, Control, Execute, Kind, Maintenance, Path, Statement};

impl Reader {
    pub(super) fn begin(&mut self, begin: &ast::Begin) -> Read<Kind> {
        Ok(Kind::Transaction(Control::Begin {
            read_write: read_write(begin.transaction_mode_list()),
        }))
    }

    pub(super) fn commit(&mut self, commit: &ast::Commit) -> Read<Kind> {
        self.ledger.syntax(commit.syntax());
        Ok(Kind::Transaction(match commit {
            ast::Commit::CommitTransaction(_) => Control::Commit,
            ast::Commit::CommitPrepared(_) => Control::CommitPrepared,
        }))
    }

    pub(super) fn rollback(&mut self, rollback: &ast::Rollback) -> Read<Kind> {
        self.ledger.syntax(rollback.syntax());
        Ok(Kind::Transaction(match rollback {
            ast::Rollback::RollbackTransaction(_) => Control::Rollback,
            ast::Rollback::RollbackToSavepoint(_) => Control::RollbackTo,
            ast::Rollback::RollbackPrepared(_) => Control::RollbackPrepared,
        }))
    }

    pub(super) fn transaction(&mut self, statement: &ast::Stmt) -> Read<Kind> {
        self.ledger.syntax(statement.syntax());
        Ok(Kind::Transaction(match statement {
            ast::Stmt::SavepointCreate(_) => Control::Savepoint,
            ast::Stmt::ReleaseSavepoint(_) => Control::Release,
            ast::Stmt::PrepareTransaction(_) => Control::PrepareTransaction,
            _ => return refuse("transaction control of an unknown kind"),
        }))
    }

    pub(super) fn discard(&mut self, discard: &ast::Discard) -> Read<Kind> {
        let word = match need(discard.discard_target())? {
            ast::DiscardTarget::DiscardAll(_) => "all",
            ast::DiscardTarget::DiscardPlans(_) => "plans",
            ast::DiscardTarget::DiscardSequences(_) => "sequences",
            ast::DiscardTarget::DiscardTemp(_) => "temp",
        };
        Ok(Kind::Discard(word.to_owned()))
    }

    pub(super) fn prepare(&mut self, prepare: &ast::Prepare) -> Read<Kind> {
        let name = self.name(need(prepare.name())?.syntax())?;
        let mut types = Vec::new();
        if let Some(params) = prepare.param_list() {
            self.expressions_in(params.syntax())?;
            for param in params.syntax().children() {
                let ty = param.children().find_map(ast::Type::cast);
                // Claimed above, with the rest.
                types.push(Reader::default().type_name(&need(ty)?)?);
            }
        }
        let inner = need(prepare.stmt())?;
        Ok(Kind::Prepare {
            name,
            types,
            inner: Box::new(Statement {
                kind: self.preparable(&inner)?,
                range: range(inner.syntax()),
            }),
        })
    }

    pub(super) fn execute(&mut self, execute: &ast::Execute) -> Read<Execute> {
        Ok(Execute {
            name: self.name(need(execute.prepared_statement_ref())?.syntax())?,
            args: self.arguments(execute.arg_list())?,
        })
    }

    pub(super) fn deallocate(&mut self, deallocate: &ast::Deallocate) -> Read<Kind> {
        match (deallocate.prepared_statement_ref(), deallocate.all_token()) {
            (Some(name), None) => Ok(Kind::Deallocate(Some(self.name(name.syntax())?))),
            (None, Some(_)) => Ok(Kind::Deallocate(None)),
            _ => refuse("DEALLOCATE of an unknown shape"),
        }
    }

    pub(super) fn declare(&mut self, declare: &ast::Declare) -> Read<Kind> {
        Ok(Kind::Declare {
            name: self.name(need(declare.cursor())?.syntax())?,
            query: Box::new(self.query(&need(declare.query())?)?),
        })
    }

    pub(super) fn fetch(
        &mut self,
        cursor: Option<ast::CursorRef>,
        action: Option<ast::CursorAction>,
    ) -> Read<Kind> {
        if let Some(action) = action {
            self.modifier(action.syntax())?;
        }
        Ok(Kind::Fetch(self.name(need(cursor)?.syntax())?))
    }

    pub(super) fn close(&mut self, close: &ast::Close) -> Read<Kind> {
        match (close.cursor_ref(), close.all_token()) {
            (Some(name), None) => Ok(Kind::Close(Some(self.name(name.syntax())?))),
            (None, Some(_)) => Ok(Kind::Close(None)),
            _ => refuse("CLOSE of an unknown shape"),
        }
    }

    pub(super) fn explain(&mut self, explain: &ast::Explain) -> Read<Kind> {
        let analyze = match explain.explain_mode() {
            None | Some(ast::ExplainMode::ExplainVerbose(_)) => false,
            Some(ast::ExplainMode::ExplainAnalyze(_)) => true,
            Some(ast::ExplainMode::ExplainOptionList(list)) => {
                let mut analyze = false;
                for option in list.explain_options() {
                    self.modifier(option.syntax())?;
                    let name = need(option.explain_option_name())?;
                    let name = name.syntax().text().to_string().replace('"', "");
                    if name.eq_ignore_ascii_case("analyze") || name.eq_ignore_ascii_case("analyse")
                    {
                        analyze = option.explain_option_value().is_none_or(|value| {
                            let value = value.syntax().text().to_string().to_ascii_lowercase();
                            !matches!(value.as_str(), "off" | "false" | "0")
                        });
                    }
                }
                analyze
            }
        };
        let inner = need(explain.explain_stmt())?;
        Ok(Kind::Explain {
            analyze,
            inner: Box::new(self.explained(&inner)?),
        })
    }

    pub(super) fn unlisten(&mut self, unlisten: &ast::Unlisten) -> Read<Kind> {
        match (unlisten.channel_ref(), unlisten.star_token()) {
            (Some(name), None) => Ok(Kind::Unlisten(Some(self.name(name.syntax())?))),
            (None, Some(_)) => Ok(Kind::Unlisten(None)),
            _ => refuse("UNLISTEN of an unknown shape"),
        }
    }

    pub(super) fn notify(&mut self, notify: &ast::Notify) -> Read<Kind> {
        if let Some(payload) = notify.literal() {
            self.ledger.syntax(payload.syntax());
        }
        Ok(Kind::Notify(
            self.name(need(notify.channel_ref())?.syntax())?,
        ))
    }

    pub(super) fn call_statement(&mut self, call: &ast::Call) -> Read<Kind> {
        Ok(Kind::Call(Call {
            name: self.path_in(need(call.procedure_name_ref())?.syntax())?,
            args: self.arguments(call.arg_list())?,
            extra: vec![],
        }))
    }

    pub(super) fn truncate(&mut self, truncate: &ast::Truncate) -> Read<Kind> {
        let mut tables = Vec::new();
        for table in need(truncate.table_list())?.table_relation_names() {
            tables.push(self.path_in(need(table.table_name_ref())?.syntax())?);
        }
        Ok(Kind::Truncate(tables))
    }

    pub(super) fn lock(&mut self, lock: &ast::Lock) -> Read<Kind> {
        let mut tables = Vec::new();
        for table in need(lock.relation_list())?.relation_names() {
            tables.push(self.path_in(need(table.relation_name_ref())?.syntax())?);
        }
        Ok(Kind::Lock(tables))
    }

    /// The relations that a maintenance command names, wherever they stand; the rest is options.
    pub(super) fn maintenance(
        &mut self,
        command: &'static str,
        statement: &ast::Stmt,
    ) -> Read<Kind> {
        let reindexed = |kind| command == "REINDEX" && kind == SyntaxKind::INDEX_REF;
        let mut tables: Vec<Path> = Vec::new();
        for node in statement.syntax().descendants() {
            if node.kind() == SyntaxKind::TABLE_NAME_REF || reindexed(node.kind()) {
                // Claimed below, with the rest.
                tables.push(Reader::default().path_in(&node)?);
            }
        }
        self.modifier(statement.syntax())?;
        Ok(Kind::Maintenance(Maintenance { command, tables }))
    }
}

pub(super) fn read_write(modes: Option<ast::TransactionModeList>) -> bool {
    modes.is_some_and(|modes| {
        modes
            .transaction_modes()
            .any(|mode| matches!(mode, ast::TransactionMode::ReadWrite(_)))
    })
}
