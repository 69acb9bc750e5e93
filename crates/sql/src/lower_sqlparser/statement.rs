//! Statements.
//!
//! Owns: the choice of what a statement is. Refuses: statements of other dialects, and those whose tree says too little
//! (they are left to the other reader).

use sqlparser::ast::{
    AnalyzeFormatKind, CloseCursor, DescribeAlias, DiscardObject, Expr as Sql, Function,
    FunctionArguments, Ident, ObjectName, Statement as SqlStatement, UtilityOption, Value,
    ValueWithSpan,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Call, Control, Execute, Expr, Kind, Maintenance, Path, Statement};

impl Source<'_> {
    /// A statement whose first token has this number.
    pub(super) fn statement(&self, statement: &SqlStatement, first: usize) -> Lowered<Kind> {
        match statement {
            SqlStatement::Query(query) => self.query_or_write(query),
            SqlStatement::Insert(_)
            | SqlStatement::Update(_)
            | SqlStatement::Delete(_)
            | SqlStatement::Merge(_) => self.write(statement),
            SqlStatement::Copy {
                source,
                to,
                target,
                options,
                legacy_options,
                values,
            } => {
                absent(values.is_empty(), "rows after COPY")?;
                self.copy(first, source, *to, target, options, legacy_options)
            }
            SqlStatement::Explain {
                describe_alias,
                analyze,
                verbose: _,
                query_plan,
                estimate,
                statement,
                format,
                options,
            } => {
                absent(
                    matches!(describe_alias, DescribeAlias::Explain),
                    "DESCRIBE is not PostgreSQL",
                )?;
                absent(
                    !query_plan && !estimate,
                    "EXPLAIN QUERY PLAN and ESTIMATE are not PostgreSQL",
                )?;
                match format {
                    None => {}
                    Some(AnalyzeFormatKind::Keyword(_) | AnalyzeFormatKind::Assignment(_)) => {
                        return refuse("EXPLAIN FORMAT without brackets is not PostgreSQL");
                    }
                }
                self.explain(first, *analyze, options.as_deref(), statement)
            }
            SqlStatement::Prepare {
                name,
                data_types,
                statement,
            } => {
                let name = self.name(name)?;
                let types = data_types.iter().map(|t| self.data_type(t));
                let types = types.collect::<Lowered<Vec<_>>>()?;
                let Some(before) = self.find_word(first, "as") else {
                    return refuse("PREPARE without AS");
                };
                Ok(Kind::Prepare {
                    name,
                    types,
                    inner: Box::new(self.inner(statement, before + 1, self.len())?),
                })
            }
            SqlStatement::Execute {
                name,
                parameters,
                has_parentheses,
                immediate,
                into,
                using,
                output,
                default,
            } => {
                absent(
                    !immediate && into.is_empty() && using.is_empty(),
                    "EXECUTE IMMEDIATE, INTO, USING",
                )?;
                absent(
                    !output && !default,
                    "EXECUTE with OUTPUT or DEFAULT is not PostgreSQL",
                )?;
                absent(
                    *has_parentheses || parameters.is_empty(),
                    "EXECUTE without brackets is not PostgreSQL",
                )?;
                let Some(name) = name else {
                    return refuse("EXECUTE without a name");
                };
                Ok(Kind::Execute(Execute {
                    name: self.single(name)?,
                    args: self.exprs(parameters)?,
                }))
            }
            SqlStatement::Deallocate { name, prepare: _ } => {
                Ok(Kind::Deallocate(self.name_or_all(name)?))
            }
            SqlStatement::Declare { stmts } => self.declare(stmts),
            SqlStatement::Fetch {
                name,
                direction: _,
                position: _,
                into,
            } => {
                absent(into.is_none(), "FETCH INTO is for PL/pgSQL")?;
                Ok(Kind::Fetch(self.name(name)?))
            }
            SqlStatement::Close { cursor } => Ok(Kind::Close(match cursor {
                CloseCursor::All => None,
                CloseCursor::Specific { name } => Some(self.name(name)?),
            })),
            SqlStatement::Set(set) => self.set(set),
            SqlStatement::Reset(reset) => self.reset(&reset.reset),
            SqlStatement::ShowVariable { variable } => self.show(first, variable),
            SqlStatement::StartTransaction { .. } => self.begin(statement),
            SqlStatement::Commit {
                chain: _,
                end: _,
                modifier,
            } => {
                absent(modifier.is_none(), "a modifier of COMMIT is not PostgreSQL")?;
                Ok(Kind::Transaction(Control::Commit))
            }
            SqlStatement::Rollback {
                chain: _,
                savepoint,
            } => Ok(Kind::Transaction(match savepoint {
                None => Control::Rollback,
                Some(name) => {
                    self.name(name)?;
                    Control::RollbackTo
                }
            })),
            SqlStatement::Savepoint { name } => {
                self.name(name)?;
                Ok(Kind::Transaction(Control::Savepoint))
            }
            SqlStatement::ReleaseSavepoint { name } => {
                self.name(name)?;
                Ok(Kind::Transaction(Control::Release))
            }
            SqlStatement::Call(function) => self.call_statement(function).map(Kind::Call),
            SqlStatement::LISTEN { channel } => Ok(Kind::Listen(self.name(channel)?)),
            SqlStatement::UNLISTEN { channel } => Ok(Kind::Unlisten(match channel {
                Ident {
                    value,
                    quote_style: None,
                    span: _,
                } if value == "*" => None,
                name => Some(self.name(name)?),
            })),
            SqlStatement::NOTIFY {
                channel,
                payload: _,
            } => Ok(Kind::Notify(self.name(channel)?)),
            SqlStatement::Discard { object_type } => Ok(Kind::Discard(
                match object_type {
                    DiscardObject::ALL => "all",
                    DiscardObject::PLANS => "plans",
                    DiscardObject::SEQUENCES => "sequences",
                    DiscardObject::TEMP => "temp",
                }
                .to_owned(),
            )),
            SqlStatement::Truncate(truncate) => self.truncate(truncate),
            SqlStatement::Lock(lock) => self.lock(lock),
            SqlStatement::Load { extension_name } => match extension_name {
                Ident {
                    value: _,
                    quote_style: Some('\''),
                    span: _,
                } => Ok(Kind::Maintenance(Maintenance {
                    command: "LOAD",
                    tables: vec![],
                })),
                _ => refuse("LOAD of what is no file"),
            },
            SqlStatement::Analyze(analyze) => self.analyze(analyze),
            SqlStatement::Vacuum(vacuum) => self.vacuum(vacuum),
            SqlStatement::Comment { .. }
            | SqlStatement::CreateTable(_)
            | SqlStatement::CreateView(_)
            | SqlStatement::CreateIndex(_)
            | SqlStatement::CreateSchema { .. }
            | SqlStatement::CreateSequence { .. }
            | SqlStatement::CreateExtension(_)
            | SqlStatement::Drop { .. }
            | SqlStatement::DropFunction(_)
            | SqlStatement::DropProcedure { .. }
            | SqlStatement::DropDomain(_)
            | SqlStatement::DropExtension(_)
            | SqlStatement::DropPolicy(_)
            | SqlStatement::DropTrigger(_) => self.define(statement).map(Kind::Define),
            SqlStatement::AlterTable(alter) => self.alter_table(alter).map(Kind::Define),
            SqlStatement::Grant(grant) => self.grant(grant).map(Kind::Privileges),
            SqlStatement::Revoke(revoke) => self.revoke(revoke).map(Kind::Privileges),
            // Definitions that the other reader knows better.
            SqlStatement::CreateRole(_)
            | SqlStatement::CreateServer(_)
            | SqlStatement::CreatePolicy(_)
            | SqlStatement::CreateOperator(_)
            | SqlStatement::CreateOperatorFamily(_)
            | SqlStatement::CreateOperatorClass(_)
            | SqlStatement::CreateTextSearch(_)
            | SqlStatement::CreateCollation(_)
            | SqlStatement::CreateDatabase { .. }
            | SqlStatement::CreateFunction(_)
            | SqlStatement::CreateTrigger(_)
            | SqlStatement::CreateProcedure { .. }
            | SqlStatement::CreateDomain(_)
            | SqlStatement::CreateType { .. }
            | SqlStatement::CreateUser(_)
            | SqlStatement::AlterSchema(_)
            | SqlStatement::AlterIndex { .. }
            | SqlStatement::AlterView { .. }
            | SqlStatement::AlterFunction(_)
            | SqlStatement::AlterType(_)
            | SqlStatement::AlterCollation(_)
            | SqlStatement::AlterOperator(_)
            | SqlStatement::AlterOperatorFamily(_)
            | SqlStatement::AlterOperatorClass(_)
            | SqlStatement::AlterTextSearch(_)
            | SqlStatement::AlterRole { .. }
            | SqlStatement::AlterPolicy(_)
            | SqlStatement::AlterUser(_)
            | SqlStatement::DropOperator(_)
            | SqlStatement::DropOperatorFamily(_)
            | SqlStatement::DropOperatorClass(_) => refuse("a definition that is not read here"),
            // Other dialects.
            SqlStatement::Msck(_)
            | SqlStatement::Install { .. }
            | SqlStatement::Directory { .. }
            | SqlStatement::Case(_)
            | SqlStatement::If(_)
            | SqlStatement::While(_)
            | SqlStatement::Raise(_)
            | SqlStatement::CopyIntoSnowflake { .. }
            | SqlStatement::Open(_)
            | SqlStatement::CreateVirtualTable { .. }
            | SqlStatement::CreateSecret { .. }
            | SqlStatement::CreateConnector(_)
            | SqlStatement::AlterConnector { .. }
            | SqlStatement::AlterSession { .. }
            | SqlStatement::AttachDatabase { .. }
            | SqlStatement::AttachDuckDBDatabase { .. }
            | SqlStatement::DetachDuckDBDatabase { .. }
            | SqlStatement::DropSecret { .. }
            | SqlStatement::DropConnector { .. }
            | SqlStatement::Flush { .. }
            | SqlStatement::ShowFunctions { .. }
            | SqlStatement::ShowStatus { .. }
            | SqlStatement::ShowVariables { .. }
            | SqlStatement::ShowCreate { .. }
            | SqlStatement::ShowColumns { .. }
            | SqlStatement::ShowCatalogs { .. }
            | SqlStatement::ShowDatabases { .. }
            | SqlStatement::ShowProcessList { .. }
            | SqlStatement::ShowSchemas { .. }
            | SqlStatement::ShowCharset(_)
            | SqlStatement::ShowObjects(_)
            | SqlStatement::ShowTables { .. }
            | SqlStatement::ShowViews { .. }
            | SqlStatement::ShowCollation { .. }
            | SqlStatement::Use(_)
            | SqlStatement::CreateMacro { .. }
            | SqlStatement::CreateStage { .. }
            | SqlStatement::CreateFileFormat { .. }
            | SqlStatement::CreateWarehouse(_)
            | SqlStatement::Assert { .. }
            | SqlStatement::Deny(_)
            | SqlStatement::Kill { .. }
            | SqlStatement::ExplainTable { .. }
            | SqlStatement::Cache { .. }
            | SqlStatement::UNCache { .. }
            | SqlStatement::Pragma { .. }
            | SqlStatement::LockTables { .. }
            | SqlStatement::UnlockTables
            | SqlStatement::Unload { .. }
            | SqlStatement::OptimizeTable { .. }
            | SqlStatement::LoadData { .. }
            | SqlStatement::RenameTable(_)
            | SqlStatement::List(_)
            | SqlStatement::Put { .. }
            | SqlStatement::Remove(_)
            | SqlStatement::RaisError { .. }
            | SqlStatement::Throw(_)
            | SqlStatement::Print(_)
            | SqlStatement::WaitFor(_)
            | SqlStatement::Return(_)
            | SqlStatement::ExportData(_) => refuse("a statement that is not PostgreSQL"),
        }
    }

    /// A statement within a statement, from one token to before another.
    fn inner(&self, statement: &SqlStatement, first: usize, end: usize) -> Lowered<Statement> {
        Ok(Statement {
            range: self.bytes(first..end)?,
            kind: self.statement(statement, first)?,
        })
    }

    fn name_or_all(&self, name: &Ident) -> Lowered<Option<String>> {
        match name {
            Ident {
                value,
                quote_style: None,
                span: _,
            } if value.eq_ignore_ascii_case("all") => Ok(None),
            name => Ok(Some(self.name(name)?)),
        }
    }

    /// EXPLAIN: where the explained statement begins is found among the tokens.
    fn explain(
        &self,
        first: usize,
        analyze: bool,
        options: Option<&[UtilityOption]>,
        statement: &SqlStatement,
    ) -> Lowered<Kind> {
        let mut analyze = analyze;
        let mut begin = first + 1;
        if let Some(options) = options {
            for UtilityOption { name, arg } in options {
                let word = self.label(name)?.to_ascii_lowercase();
                if word == "analyze" || word == "analyse" {
                    analyze |= !arg.as_ref().is_some_and(is_off);
                }
                if let Some(Sql::Identifier(value)) = arg {
                    self.label(value)?;
                }
            }
            let Some(close) = self.closing(begin) else {
                return refuse("EXPLAIN without its bracket");
            };
            begin = close + 1;
        } else {
            while ["analyze", "analyse", "verbose"]
                .iter()
                .any(|word| self.is_word(begin, word))
            {
                begin += 1;
            }
        }
        Ok(Kind::Explain {
            analyze,
            inner: Box::new(self.inner(statement, begin, self.len())?),
        })
    }

    fn call_statement(&self, function: &Function) -> Lowered<Call> {
        absent(
            matches!(function.args, FunctionArguments::List(_)),
            "CALL without brackets is not PostgreSQL",
        )?;
        match self.call(function)? {
            Expr::Call(call) => Ok(*call),
            _ => refuse("CALL of what is no procedure"),
        }
    }

    /// A path as it stands, for statements that name one relation.
    pub(super) fn opt_paths(&self, name: Option<&ObjectName>) -> Lowered<Vec<Path>> {
        name.map(|name| self.path(name)).into_iter().collect()
    }
}

/// A plain off, false or 0.
fn is_off(arg: &Sql) -> bool {
    match arg {
        Sql::Identifier(Ident {
            value,
            quote_style: None,
            span: _,
        }) => value.eq_ignore_ascii_case("off") || value.eq_ignore_ascii_case("false"),
        Sql::Value(ValueWithSpan {
            value: Value::Boolean(on),
            span: _,
        }) => !on,
        Sql::Value(ValueWithSpan {
            value: Value::Number(digits, false),
            span: _,
        }) => digits == "0",
        _ => false,
    }
}
