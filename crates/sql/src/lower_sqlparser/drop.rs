//! DROP and COMMENT.
//!
//! Owns: their lowering. Refuses: objects and forms of other dialects.

use sqlparser::ast::{
    CommentObject, DropDomain, DropExtension, DropFunction, DropPolicy, DropTrigger, FunctionDesc,
    ObjectName, ObjectType, OperateFunctionArg, Statement as SqlStatement,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Define, ObjectKind, Path, Verb};

impl Source<'_> {
    pub(super) fn comment(&self, object: &CommentObject, name: &ObjectName) -> Lowered<Define> {
        let what = match object {
            CommentObject::Collation => ObjectKind::Other,
            CommentObject::Column => ObjectKind::Column,
            CommentObject::Database => ObjectKind::Database,
            CommentObject::Domain => ObjectKind::Domain,
            CommentObject::Extension => ObjectKind::Extension,
            CommentObject::Function => ObjectKind::Function,
            CommentObject::Index => ObjectKind::Index,
            CommentObject::MaterializedView => ObjectKind::MaterializedView,
            CommentObject::Procedure => ObjectKind::Procedure,
            CommentObject::Role => ObjectKind::Role,
            CommentObject::Schema => ObjectKind::Schema,
            CommentObject::Sequence => ObjectKind::Sequence,
            CommentObject::Table => ObjectKind::Table,
            CommentObject::Type => ObjectKind::Type,
            CommentObject::View => ObjectKind::View,
            CommentObject::User => return refuse("COMMENT ON USER is not PostgreSQL"),
        };
        let mut define = Define::new(Verb::Comment, what, vec![self.path(name)?]);
        if what == ObjectKind::Column {
            define.on = Some(self.table_of_column(name)?);
        }
        Ok(define)
    }

    /// `s.t` of `s.t.c`.
    pub(super) fn table_of_column(&self, column: &ObjectName) -> Lowered<Path> {
        let mut path = self.path(column)?;
        path.pop();
        if path.is_empty() {
            refuse("a column without its table")
        } else {
            Ok(path)
        }
    }

    pub(super) fn drop(&self, statement: &SqlStatement) -> Lowered<Define> {
        match statement {
            SqlStatement::Drop {
                object_type,
                if_exists: _,
                names,
                cascade: _,
                restrict: _,
                purge,
                temporary,
                table,
            } => {
                absent(
                    !purge && !temporary && table.is_none(),
                    "DROP of another dialect",
                )?;
                let what = match object_type {
                    ObjectType::Collation => ObjectKind::Other,
                    ObjectType::Table => ObjectKind::Table,
                    ObjectType::View => ObjectKind::View,
                    ObjectType::MaterializedView => ObjectKind::MaterializedView,
                    ObjectType::Index => ObjectKind::Index,
                    ObjectType::Schema => ObjectKind::Schema,
                    ObjectType::Database => ObjectKind::Database,
                    ObjectType::Role | ObjectType::User => ObjectKind::Role,
                    ObjectType::Sequence => ObjectKind::Sequence,
                    ObjectType::Type => ObjectKind::Type,
                    ObjectType::Stage | ObjectType::Stream | ObjectType::Warehouse => {
                        return refuse("DROP of another dialect");
                    }
                };
                Ok(Define::new(Verb::Drop, what, self.paths(names)?))
            }
            SqlStatement::DropFunction(DropFunction {
                if_exists: _,
                func_desc,
                drop_behavior: _,
            }) => self.drop_routines(ObjectKind::Function, func_desc),
            SqlStatement::DropProcedure {
                if_exists: _,
                proc_desc,
                drop_behavior: _,
            } => self.drop_routines(ObjectKind::Procedure, proc_desc),
            SqlStatement::DropDomain(DropDomain {
                if_exists: _,
                name,
                drop_behavior: _,
            }) => Ok(Define::new(
                Verb::Drop,
                ObjectKind::Domain,
                vec![self.path(name)?],
            )),
            SqlStatement::DropExtension(DropExtension {
                names,
                if_exists: _,
                cascade_or_restrict: _,
            }) => {
                let names = self
                    .names(names)?
                    .into_iter()
                    .map(|name| vec![name])
                    .collect();
                Ok(Define::new(Verb::Drop, ObjectKind::Extension, names))
            }
            SqlStatement::DropPolicy(DropPolicy {
                if_exists: _,
                name,
                table_name,
                drop_behavior: _,
            }) => {
                let define =
                    Define::new(Verb::Drop, ObjectKind::Policy, vec![vec![self.name(name)?]]);
                Ok(Define {
                    on: Some(self.path(table_name)?),
                    ..define
                })
            }
            SqlStatement::DropTrigger(DropTrigger {
                if_exists: _,
                trigger_name,
                table_name: Some(table),
                option: _,
            }) => {
                let define = Define::new(
                    Verb::Drop,
                    ObjectKind::Trigger,
                    vec![self.path(trigger_name)?],
                );
                Ok(Define {
                    on: Some(self.path(table)?),
                    ..define
                })
            }
            _ => refuse("a definition that is not read here"),
        }
    }

    pub(super) fn drop_routines(
        &self,
        what: ObjectKind,
        routines: &[FunctionDesc],
    ) -> Lowered<Define> {
        let mut names = Vec::new();
        for FunctionDesc { name, args } in routines {
            names.push(self.path(name)?);
            for OperateFunctionArg {
                mode: _,
                name,
                data_type,
                default_expr,
            } in args.iter().flatten()
            {
                absent(default_expr.is_none(), "a default in a signature")?;
                if let Some(name) = name {
                    self.label(name)?;
                }
                self.data_type(data_type)?;
            }
        }
        Ok(Define::new(Verb::Drop, what, names))
    }
}
