//! Which statement it is.
//!
//! Owns: the dispatch over every statement that squawk knows. Refuses: those that no server up to PostgreSQL 18 has
//! (property graphs, REPACK), whose meaning nobody could check.

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode};

use super::name::{need, refuse};
use super::{Read, Reader, range};
use crate::form::{Kind, ObjectKind, Statement};

impl Reader {
    /// A statement.
    pub(super) fn statement(&mut self, statement: &ast::Stmt) -> Read<Statement> {
        Ok(Statement {
            kind: self.kind(statement)?,
            range: range(statement.syntax()),
        })
    }

    fn kind(&mut self, statement: &ast::Stmt) -> Read<Kind> {
        use ast::Stmt;
        match statement {
            Stmt::Select(_)
            | Stmt::SelectInto(_)
            | Stmt::Values(_)
            | Stmt::Table(_)
            | Stmt::CompoundSelect(_)
            | Stmt::ParenSelect(_) => {
                let query = need(ast::SelectVariant::cast(statement.syntax().clone()))?;
                Ok(Kind::Query(self.query(&query)?))
            }
            Stmt::Insert(insert) => Ok(Kind::Insert(self.insert(insert)?)),
            Stmt::Update(update) => Ok(Kind::Update(self.update(update)?)),
            Stmt::Delete(delete) => Ok(Kind::Delete(self.delete(delete)?)),
            Stmt::Merge(merge) => Ok(Kind::Merge(self.merge(merge)?)),
            Stmt::Copy(copy) => Ok(Kind::Copy(self.copy(copy)?)),

            Stmt::Begin(begin) => self.begin(begin),
            Stmt::Commit(commit) => self.commit(commit),
            Stmt::Rollback(rollback) => self.rollback(rollback),
            Stmt::SavepointCreate(_) | Stmt::ReleaseSavepoint(_) | Stmt::PrepareTransaction(_) => {
                self.transaction(statement)
            }
            Stmt::SetTransaction(set) => self.set_transaction(set),
            Stmt::SetConstraints(set) => {
                self.ledger.syntax(set.syntax());
                Ok(Kind::SetConstraints)
            }
            Stmt::Set(set) => self.set(set),
            Stmt::SetRole(set) => self.set_role(set),
            Stmt::SetSessionAuth(set) => self.set_session_authorization(set),
            Stmt::Reset(reset) => self.reset(reset),
            Stmt::ResetRole(_) => Ok(Kind::Reset(Some("role".to_owned()))),
            Stmt::ResetSessionAuth(_) => Ok(Kind::Reset(Some("session_authorization".to_owned()))),
            Stmt::Show(show) => self.show(show),
            Stmt::Discard(discard) => self.discard(discard),
            Stmt::Prepare(prepare) => self.prepare(prepare),
            Stmt::Execute(execute) => Ok(Kind::Execute(self.execute(execute)?)),
            Stmt::Deallocate(deallocate) => self.deallocate(deallocate),
            Stmt::Declare(declare) => self.declare(declare),
            Stmt::Fetch(fetch) => self.fetch(fetch.cursor_ref(), fetch.cursor_action()),
            Stmt::Move(fetch) => self.fetch(fetch.cursor_ref(), fetch.cursor_action()),
            Stmt::Close(close) => self.close(close),
            Stmt::Explain(explain) => self.explain(explain),
            Stmt::Listen(listen) => Ok(Kind::Listen(self.name(need(listen.channel())?.syntax())?)),
            Stmt::Unlisten(unlisten) => self.unlisten(unlisten),
            Stmt::Notify(notify) => self.notify(notify),
            Stmt::Call(call) => self.call_statement(call),
            Stmt::Do(block) => {
                self.ledger.syntax(block.syntax());
                Ok(Kind::Do)
            }
            Stmt::Truncate(truncate) => self.truncate(truncate),
            Stmt::Lock(lock) => self.lock(lock),
            Stmt::Refresh(refresh) => {
                let view = need(refresh.view_ref())?;
                Ok(Kind::Refresh(self.path_in(view.syntax())?))
            }

            Stmt::Vacuum(_) => self.maintenance("VACUUM", statement),
            Stmt::Analyze(_) => self.maintenance("ANALYZE", statement),
            Stmt::Cluster(_) => self.maintenance("CLUSTER", statement),
            Stmt::Reindex(_) => self.maintenance("REINDEX", statement),
            Stmt::Checkpoint(_) => self.maintenance("CHECKPOINT", statement),
            Stmt::Load(_) => self.maintenance("LOAD", statement),
            Stmt::AlterSystem(_) => self.maintenance("ALTER SYSTEM", statement),

            Stmt::Grant(grant) => self.grant(
                grant.privileges(),
                grant.on_privilege_objects_clause(),
                statement,
            ),
            Stmt::Revoke(revoke) => self.grant(
                revoke.privileges(),
                revoke.on_privilege_objects_clause(),
                statement,
            ),
            Stmt::AlterDefaultPrivileges(alter) => self.default_privileges(alter),
            Stmt::DropOwned(_) | Stmt::Reassign(_) => self.owned(statement.syntax()),

            Stmt::CommentOn(_) => self.comment(statement.syntax()),
            Stmt::SecurityLabel(_) => self.security_label(statement.syntax()),

            Stmt::CreateTable(_) => self.create(statement, ObjectKind::Table),
            Stmt::CreateTableAs(_) => self.create(statement, ObjectKind::Table),
            Stmt::CreateForeignTable(_) => self.create(statement, ObjectKind::Table),
            Stmt::CreateView(_) => self.create(statement, ObjectKind::View),
            Stmt::CreateMaterializedView(_) => self.create(statement, ObjectKind::MaterializedView),
            Stmt::CreateIndex(_) => self.create(statement, ObjectKind::Index),
            Stmt::CreateSequence(_) => self.create(statement, ObjectKind::Sequence),
            Stmt::CreateSchema(_) => self.create(statement, ObjectKind::Schema),
            Stmt::CreateFunction(_) => self.create(statement, ObjectKind::Function),
            Stmt::CreateProcedure(_) => self.create(statement, ObjectKind::Procedure),
            Stmt::CreateAggregate(_) => self.create(statement, ObjectKind::Aggregate),
            Stmt::CreateType(_) => self.create(statement, ObjectKind::Type),
            Stmt::CreateDomain(_) => self.create(statement, ObjectKind::Domain),
            Stmt::CreateExtension(_) => self.create(statement, ObjectKind::Extension),
            Stmt::CreateTrigger(_) => self.create(statement, ObjectKind::Trigger),
            Stmt::CreateEventTrigger(_) => self.create(statement, ObjectKind::EventTrigger),
            Stmt::CreateRule(_) => self.create(statement, ObjectKind::Rule),
            Stmt::CreatePolicy(_) => self.create(statement, ObjectKind::Policy),
            Stmt::CreateRole(_)
            | Stmt::CreateUser(_)
            | Stmt::CreateGroup(_)
            | Stmt::CreateUserMapping(_) => self.create(statement, ObjectKind::Role),
            Stmt::CreateDatabase(_) => self.create(statement, ObjectKind::Database),
            Stmt::CreateTablespace(_) => self.create(statement, ObjectKind::Tablespace),
            Stmt::CreateStatistics(_) => self.create(statement, ObjectKind::Statistics),
            Stmt::CreatePublication(_) | Stmt::CreateSubscription(_) => {
                self.create(statement, ObjectKind::Replication)
            }
            Stmt::CreateServer(_)
            | Stmt::CreateForeignDataWrapper(_)
            | Stmt::ImportForeignSchema(_) => self.create(statement, ObjectKind::Foreign),
            Stmt::CreateAccessMethod(_)
            | Stmt::CreateCast(_)
            | Stmt::CreateCollation(_)
            | Stmt::CreateConversion(_)
            | Stmt::CreateLanguage(_)
            | Stmt::CreateOperator(_)
            | Stmt::CreateOperatorClass(_)
            | Stmt::CreateOperatorFamily(_)
            | Stmt::CreateTextSearchConfiguration(_)
            | Stmt::CreateTextSearchDictionary(_)
            | Stmt::CreateTextSearchParser(_)
            | Stmt::CreateTextSearchTemplate(_)
            | Stmt::CreateTransform(_) => self.create(statement, ObjectKind::Other),

            Stmt::AlterTable(_) | Stmt::AlterForeignTable(_) => {
                self.alter(statement, ObjectKind::Table)
            }
            Stmt::AlterView(_) => self.alter(statement, ObjectKind::View),
            Stmt::AlterMaterializedView(_) => self.alter(statement, ObjectKind::MaterializedView),
            Stmt::AlterIndex(_) => self.alter(statement, ObjectKind::Index),
            Stmt::AlterSequence(_) => self.alter(statement, ObjectKind::Sequence),
            Stmt::AlterSchema(_) => self.alter(statement, ObjectKind::Schema),
            Stmt::AlterFunction(_) => self.alter(statement, ObjectKind::Function),
            Stmt::AlterProcedure(_) => self.alter(statement, ObjectKind::Procedure),
            Stmt::AlterRoutine(_) => self.alter(statement, ObjectKind::Routine),
            Stmt::AlterAggregate(_) => self.alter(statement, ObjectKind::Aggregate),
            Stmt::AlterType(_) => self.alter(statement, ObjectKind::Type),
            Stmt::AlterDomain(_) => self.alter(statement, ObjectKind::Domain),
            Stmt::AlterExtension(_) => self.alter(statement, ObjectKind::Extension),
            Stmt::AlterTrigger(_) => self.alter(statement, ObjectKind::Trigger),
            Stmt::AlterEventTrigger(_) => self.alter(statement, ObjectKind::EventTrigger),
            Stmt::AlterRule(_) => self.alter(statement, ObjectKind::Rule),
            Stmt::AlterPolicy(_) => self.alter(statement, ObjectKind::Policy),
            Stmt::AlterRole(_)
            | Stmt::AlterUser(_)
            | Stmt::AlterGroup(_)
            | Stmt::AlterUserMapping(_) => self.alter(statement, ObjectKind::Role),
            Stmt::AlterDatabase(_) => self.alter(statement, ObjectKind::Database),
            Stmt::AlterTablespace(_) => self.alter(statement, ObjectKind::Tablespace),
            Stmt::AlterStatistics(_) => self.alter(statement, ObjectKind::Statistics),
            Stmt::AlterPublication(_) | Stmt::AlterSubscription(_) => {
                self.alter(statement, ObjectKind::Replication)
            }
            Stmt::AlterServer(_) | Stmt::AlterForeignDataWrapper(_) => {
                self.alter(statement, ObjectKind::Foreign)
            }
            Stmt::AlterLargeObject(_) => self.alter(statement, ObjectKind::LargeObject),
            Stmt::AlterCollation(_)
            | Stmt::AlterConversion(_)
            | Stmt::AlterLanguage(_)
            | Stmt::AlterOperator(_)
            | Stmt::AlterOperatorClass(_)
            | Stmt::AlterOperatorFamily(_)
            | Stmt::AlterTextSearchConfiguration(_)
            | Stmt::AlterTextSearchDictionary(_)
            | Stmt::AlterTextSearchParser(_)
            | Stmt::AlterTextSearchTemplate(_) => self.alter(statement, ObjectKind::Other),

            Stmt::DropTable(_) | Stmt::DropForeignTable(_) => {
                self.drop(statement, ObjectKind::Table, SyntaxKind::TABLE_NAME_REF)
            }
            Stmt::DropView(_) => self.drop(statement, ObjectKind::View, SyntaxKind::VIEW_REF),
            Stmt::DropMaterializedView(_) => self.drop(
                statement,
                ObjectKind::MaterializedView,
                SyntaxKind::VIEW_REF,
            ),
            Stmt::DropIndex(_) => self.drop(statement, ObjectKind::Index, SyntaxKind::INDEX_REF),
            Stmt::DropSequence(_) => {
                self.drop(statement, ObjectKind::Sequence, SyntaxKind::SEQUENCE_REF)
            }
            Stmt::DropSchema(_) => self.drop(statement, ObjectKind::Schema, SyntaxKind::SCHEMA_REF),
            Stmt::DropFunction(_) => self.drop(
                statement,
                ObjectKind::Function,
                SyntaxKind::FUNCTION_SIG_LIST,
            ),
            Stmt::DropProcedure(_) => self.drop(
                statement,
                ObjectKind::Procedure,
                SyntaxKind::PROCEDURE_SIG_LIST,
            ),
            Stmt::DropRoutine(_) => {
                self.drop(statement, ObjectKind::Routine, SyntaxKind::ROUTINE_SIG_LIST)
            }
            Stmt::DropAggregate(_) => {
                self.drop(statement, ObjectKind::Aggregate, SyntaxKind::AGGREGATE)
            }
            Stmt::DropType(_) => self.drop(statement, ObjectKind::Type, SyntaxKind::TYPE_NAME_REF),
            Stmt::DropDomain(_) => self.drop(statement, ObjectKind::Domain, SyntaxKind::DOMAIN_REF),
            Stmt::DropExtension(_) => {
                self.drop(statement, ObjectKind::Extension, SyntaxKind::EXTENSION_REF)
            }
            Stmt::DropTrigger(_) => {
                self.drop(statement, ObjectKind::Trigger, SyntaxKind::TRIGGER_REF)
            }
            Stmt::DropEventTrigger(_) => self.drop(
                statement,
                ObjectKind::EventTrigger,
                SyntaxKind::EVENT_TRIGGER_REF,
            ),
            Stmt::DropRule(_) => self.drop(statement, ObjectKind::Rule, SyntaxKind::RULE_REF),
            Stmt::DropPolicy(_) => self.drop(statement, ObjectKind::Policy, SyntaxKind::POLICY_REF),
            Stmt::DropRole(_) | Stmt::DropUser(_) | Stmt::DropGroup(_) => {
                self.drop(statement, ObjectKind::Role, SyntaxKind::ROLE_REF)
            }
            Stmt::DropUserMapping(_) => {
                self.drop(statement, ObjectKind::Role, SyntaxKind::ROLE_REF)
            }
            Stmt::DropDatabase(_) => {
                self.drop(statement, ObjectKind::Database, SyntaxKind::DATABASE_REF)
            }
            Stmt::DropTablespace(_) => self.drop(
                statement,
                ObjectKind::Tablespace,
                SyntaxKind::TABLESPACE_REF,
            ),
            Stmt::DropStatistics(_) => self.drop(
                statement,
                ObjectKind::Statistics,
                SyntaxKind::STATISTICS_REF,
            ),
            Stmt::DropPublication(_) => self.drop(
                statement,
                ObjectKind::Replication,
                SyntaxKind::PUBLICATION_REF,
            ),
            Stmt::DropSubscription(_) => self.drop(
                statement,
                ObjectKind::Replication,
                SyntaxKind::SUBSCRIPTION_REF,
            ),
            Stmt::DropServer(_) => {
                self.drop(statement, ObjectKind::Foreign, SyntaxKind::SERVER_REF)
            }
            Stmt::DropForeignDataWrapper(_) => self.drop(
                statement,
                ObjectKind::Foreign,
                SyntaxKind::FOREIGN_DATA_WRAPPER_REF,
            ),
            Stmt::DropAccessMethod(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::ACCESS_METHOD_REF)
            }
            Stmt::DropCast(_) => self.drop(statement, ObjectKind::Other, SyntaxKind::CAST_SIG),
            Stmt::DropCollation(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::COLLATION_REF)
            }
            Stmt::DropConversion(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::CONVERSION_REF)
            }
            Stmt::DropLanguage(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::LANGUAGE_REF)
            }
            Stmt::DropOperator(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::OP_SIG_LIST)
            }
            Stmt::DropOperatorClass(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::OP_CLASS_REF)
            }
            Stmt::DropOperatorFamily(_) => {
                self.drop(statement, ObjectKind::Other, SyntaxKind::OP_FAMILY_REF)
            }
            Stmt::DropTextSearchConfig(_) => self.drop(
                statement,
                ObjectKind::Other,
                SyntaxKind::TEXT_SEARCH_CONFIGURATION_REF,
            ),
            Stmt::DropTextSearchDict(_) => self.drop(
                statement,
                ObjectKind::Other,
                SyntaxKind::TEXT_SEARCH_DICTIONARY_REF,
            ),
            Stmt::DropTextSearchParser(_) => self.drop(
                statement,
                ObjectKind::Other,
                SyntaxKind::TEXT_SEARCH_PARSER_REF,
            ),
            Stmt::DropTextSearchTemplate(_) => self.drop(
                statement,
                ObjectKind::Other,
                SyntaxKind::TEXT_SEARCH_TEMPLATE_REF,
            ),
            Stmt::DropTransform(_) => self.drop(statement, ObjectKind::Other, SyntaxKind::CAST_SIG),

            Stmt::CreatePropertyGraph(_)
            | Stmt::AlterPropertyGraph(_)
            | Stmt::DropPropertyGraph(_) => refuse("property graphs"),
            Stmt::Repack(_) => refuse("REPACK"),
            Stmt::EmptyStmt(_) => refuse("an empty statement"),
        }
    }

    /// What PREPARE and COPY (…) hold.
    pub(super) fn preparable(&mut self, statement: &ast::PreparableStmt) -> Read<Kind> {
        match statement {
            ast::PreparableStmt::Insert(insert) => Ok(Kind::Insert(self.insert(insert)?)),
            ast::PreparableStmt::Update(update) => Ok(Kind::Update(self.update(update)?)),
            ast::PreparableStmt::Delete(delete) => Ok(Kind::Delete(self.delete(delete)?)),
            ast::PreparableStmt::Merge(merge) => Ok(Kind::Merge(self.merge(merge)?)),
            ast::PreparableStmt::Select(_)
            | ast::PreparableStmt::SelectInto(_)
            | ast::PreparableStmt::Values(_)
            | ast::PreparableStmt::Table(_)
            | ast::PreparableStmt::CompoundSelect(_)
            | ast::PreparableStmt::ParenSelect(_) => {
                let query = need(ast::SelectVariant::cast(statement.syntax().clone()))?;
                Ok(Kind::Query(self.query(&query)?))
            }
        }
    }

    /// What EXPLAIN holds.
    pub(super) fn explained(&mut self, statement: &ast::ExplainStmt) -> Read<Statement> {
        let whole = need(ast::Stmt::cast(statement.syntax().clone()))?;
        self.statement(&whole)
    }
}
