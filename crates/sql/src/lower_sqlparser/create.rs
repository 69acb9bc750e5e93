//! CREATE, DROP and COMMENT.
//!
//! Owns: their lowering. Refuses: what other dialects hang on CREATE TABLE.

use sqlparser::ast::{
    CreateExtension, CreateIndex, CreateView, DataType, IndexColumn, OrderByExpr, SchemaName,
    Statement as SqlStatement, ViewColumnDef,
};

use super::source::Source;
use super::{Lowered, absent};
use crate::form::{Define, Expr, ObjectKind, Verb};

impl Source<'_> {
    /// A definition.
    pub(super) fn define(&self, statement: &SqlStatement) -> Lowered<Define> {
        match statement {
            SqlStatement::CreateTable(create) => self.create_table(create),
            SqlStatement::CreateView(create) => self.create_view(create),
            SqlStatement::CreateIndex(create) => self.create_index(create),
            SqlStatement::CreateSchema {
                schema_name,
                or_replace,
                if_not_exists: _,
                with,
                options,
                default_collate_spec,
                clone,
            } => {
                absent(
                    !or_replace && with.is_none() && options.is_none(),
                    "CREATE SCHEMA of another dialect",
                )?;
                absent(
                    default_collate_spec.is_none() && clone.is_none(),
                    "CREATE SCHEMA of another dialect",
                )?;
                let (name, ownership) = match schema_name {
                    SchemaName::Simple(name) => (self.path(name)?, false),
                    SchemaName::UnnamedAuthorization(owner) => (vec![self.name(owner)?], true),
                    SchemaName::NamedAuthorization(name, owner) => {
                        self.name(owner)?;
                        (self.path(name)?, true)
                    }
                };
                Ok(Define {
                    ownership,
                    ..Define::new(Verb::Create, ObjectKind::Schema, vec![name])
                })
            }
            SqlStatement::CreateSequence {
                temporary,
                if_not_exists: _,
                name,
                data_type,
                sequence_options,
                owned_by,
            } => {
                if let Some(data_type) = data_type {
                    self.data_type(data_type)?;
                }
                self.sequence_options(sequence_options)?;
                let mut define =
                    Define::new(Verb::Create, ObjectKind::Sequence, vec![self.path(name)?]);
                define.temporary = *temporary;
                if let Some(column) = owned_by
                    && !self.is_bare_word(column, "none")
                {
                    define.relations.push(self.table_of_column(column)?);
                }
                Ok(define)
            }
            SqlStatement::CreateExtension(CreateExtension {
                name,
                if_not_exists: _,
                cascade: _,
                schema,
                version,
            }) => {
                for word in [schema, version].into_iter().flatten() {
                    self.word(word)?;
                }
                Ok(Define::new(
                    Verb::Create,
                    ObjectKind::Extension,
                    vec![vec![self.name(name)?]],
                ))
            }
            SqlStatement::Comment {
                object_type,
                object_name,
                comment: _,
                if_exists,
            } => {
                absent(!if_exists, "COMMENT IF EXISTS is not PostgreSQL")?;
                self.comment(object_type, object_name)
            }
            _ => self.drop(statement),
        }
    }

    /// Types that only tell which function is meant.
    pub(super) fn types_only(&self, types: &[DataType]) -> Lowered<()> {
        types
            .iter()
            .try_for_each(|data_type| self.data_type(data_type).map(|_| ()))
    }

    fn create_view(&self, create: &CreateView) -> Lowered<Define> {
        let CreateView {
            or_alter,
            or_replace: _,
            materialized,
            secure,
            name,
            name_before_not_exists,
            columns,
            query,
            options,
            cluster_by,
            comment,
            with_no_schema_binding,
            if_not_exists: _,
            temporary,
            copy_grants,
            to,
            params,
        } = create;
        absent(
            !or_alter && !secure && !name_before_not_exists && !copy_grants,
            "CREATE VIEW of another dialect",
        )?;
        absent(
            cluster_by.is_empty() && comment.is_none() && !with_no_schema_binding,
            "CREATE VIEW of another dialect",
        )?;
        absent(
            to.is_none() && params.is_none(),
            "CREATE VIEW of another dialect",
        )?;
        self.options(options)?;
        for ViewColumnDef {
            name,
            data_type,
            options,
        } in columns
        {
            absent(
                data_type.is_none() && options.is_none(),
                "types of a view's columns",
            )?;
            self.name(name)?;
        }
        let what = if *materialized {
            ObjectKind::MaterializedView
        } else {
            ObjectKind::View
        };
        Ok(Define {
            temporary: *temporary,
            query: Some(Box::new(self.query(query)?)),
            ..Define::new(Verb::Create, what, vec![self.path(name)?])
        })
    }

    fn create_index(&self, create: &CreateIndex) -> Lowered<Define> {
        let CreateIndex {
            name,
            table_name,
            using: _,
            columns,
            unique: _,
            concurrently: _,
            r#async,
            if_not_exists: _,
            include,
            nulls_distinct: _,
            with,
            predicate,
            index_options,
            alter_options,
        } = create;
        absent(
            !r#async && index_options.is_empty() && alter_options.is_empty(),
            "CREATE INDEX of another dialect",
        )?;
        for option in with {
            self.option_expr(option)?;
        }
        let mut define = Define::new(
            Verb::Create,
            ObjectKind::Index,
            self.opt_paths(name.as_ref())?,
        );
        define.on = Some(self.path(table_name)?);
        define.expressions.extend(self.index_columns(columns)?);
        self.unused_names(include)?;
        define
            .expressions
            .extend(self.opt_expr(predicate.as_ref())?);
        Ok(define)
    }

    /// The expressions of an index; its plain columns are left out.
    pub(super) fn index_columns(&self, columns: &[IndexColumn]) -> Lowered<Vec<Expr>> {
        let mut exprs = Vec::new();
        for IndexColumn {
            column,
            operator_class,
        } in columns
        {
            let OrderByExpr {
                expr,
                options: _,
                with_fill,
            } = column;
            absent(with_fill.is_none(), "WITH FILL is not PostgreSQL")?;
            if let Some(class) = operator_class {
                self.path(class)?;
            }
            exprs.extend(computed(self.expr(expr)?));
        }
        Ok(exprs)
    }

    /// The columns of a key, which the form leaves out.
    pub(super) fn key_columns(&self, columns: &[IndexColumn]) -> Lowered<()> {
        absent(
            self.index_columns(columns)?.is_empty(),
            "an expression in a key is not PostgreSQL",
        )
    }
}

/// What is no plain column of the table itself.
pub(super) fn computed(expr: Expr) -> Option<Expr> {
    match expr {
        Expr::Column(path) if path.len() == 1 => None,
        other => Some(other),
    }
}
