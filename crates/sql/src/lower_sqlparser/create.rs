//! CREATE, DROP and COMMENT.
//!
//! Owns: their lowering. Refuses: what other dialects hang on CREATE TABLE.

use sqlparser::ast::{
    CommentObject, CreateExtension, CreateIndex, CreateTable, CreateTableLike, CreateTableLikeKind,
    CreateTableOptions, CreateView, DataType, DropDomain, DropExtension, DropFunction, DropPolicy,
    DropTrigger, Expr as Sql, FunctionDesc, HiveDistributionStyle, HiveFormat, Ident, IndexColumn,
    ObjectName, ObjectType, OperateFunctionArg, OrderByExpr, SchemaName, SequenceOptions,
    SqlOption, Statement as SqlStatement, ViewColumnDef,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Define, Expr, ObjectKind, Path, Verb};

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

    fn comment(&self, object: &CommentObject, name: &ObjectName) -> Lowered<Define> {
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
    fn table_of_column(&self, column: &ObjectName) -> Lowered<Path> {
        let mut path = self.path(column)?;
        path.pop();
        if path.is_empty() {
            refuse("a column without its table")
        } else {
            Ok(path)
        }
    }

    /// A name or a string that the form leaves out.
    pub(super) fn word(&self, ident: &Ident) -> Lowered<()> {
        if ident.quote_style == Some('\'') {
            self.claim(ident.span.start);
            return Ok(());
        }
        self.label(ident).map(|_| ())
    }

    fn drop(&self, statement: &SqlStatement) -> Lowered<Define> {
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

    fn drop_routines(&self, what: ObjectKind, routines: &[FunctionDesc]) -> Lowered<Define> {
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

    /// `fillfactor = 70`: names and constants that the form leaves out.
    fn option_expr(&self, option: &Sql) -> Lowered<()> {
        match option {
            Sql::BinaryOp {
                left,
                op: sqlparser::ast::BinaryOperator::Eq,
                right,
            } => {
                self.option_expr(left)?;
                self.option_expr(right)
            }
            Sql::Identifier(name) => self.label(name).map(|_| ()),
            Sql::Value(_) => Ok(()),
            _ => refuse("an option that is an expression"),
        }
    }

    /// `WITH (fillfactor = 70)`.
    pub(super) fn sql_options(&self, options: &[SqlOption]) -> Lowered<()> {
        for option in options {
            match option {
                SqlOption::KeyValue { key, value } => {
                    self.label(key)?;
                    self.option_expr(value)?;
                }
                SqlOption::Ident(key) => {
                    self.label(key)?;
                }
                SqlOption::Clustered(_)
                | SqlOption::Partition { .. }
                | SqlOption::Comment(_)
                | SqlOption::TableSpace(_)
                | SqlOption::NamedParenthesizedList(_) => {
                    return refuse("an option of another dialect");
                }
            }
        }
        Ok(())
    }

    fn options(&self, options: &CreateTableOptions) -> Lowered<()> {
        match options {
            CreateTableOptions::None => Ok(()),
            CreateTableOptions::With(options) => self.sql_options(options),
            CreateTableOptions::Options(_)
            | CreateTableOptions::Plain(_)
            | CreateTableOptions::TableProperties(_) => refuse("options of another dialect"),
        }
    }

    /// `PARTITION BY RANGE (a, b)`, which sqlparser reads as a function's call.
    fn partition_key(&self, key: &Sql) -> Lowered<Vec<Expr>> {
        let Sql::Function(function) = key else {
            return refuse("PARTITION BY of what is no method");
        };
        absent(
            ["range", "list", "hash"]
                .iter()
                .any(|method| self.is_bare_word(&function.name, method)),
            "PARTITION BY a method that is not PostgreSQL",
        )?;
        match self.call(function)? {
            Expr::Call(call) if call.extra.is_empty() => {
                Ok(call.args.into_iter().filter_map(computed).collect())
            }
            _ => refuse("PARTITION BY with clauses"),
        }
    }

    /// Numbers.
    pub(super) fn sequence_options(&self, options: &[SequenceOptions]) -> Lowered<()> {
        for option in options {
            match option {
                SequenceOptions::IncrementBy(n, _)
                | SequenceOptions::StartWith(n, _)
                | SequenceOptions::Cache(n) => {
                    self.number(n)?;
                }
                SequenceOptions::MinValue(n) | SequenceOptions::MaxValue(n) => {
                    n.iter().try_for_each(|n| self.number(n))?;
                }
                SequenceOptions::Cycle(_) => {}
            }
        }
        Ok(())
    }

    fn number(&self, number: &Sql) -> Lowered<()> {
        match number {
            Sql::Value(_) => Ok(()),
            Sql::UnaryOp { op: _, expr } if matches!(expr.as_ref(), Sql::Value(_)) => Ok(()),
            _ => refuse("an option that is an expression"),
        }
    }

    fn create_table(&self, create: &CreateTable) -> Lowered<Define> {
        let CreateTable {
            or_replace,
            temporary,
            unlogged: _,
            external,
            dynamic,
            global: _,
            if_not_exists: _,
            transient,
            volatile,
            iceberg,
            snapshot,
            name,
            columns,
            constraints,
            hive_distribution,
            hive_formats,
            table_options,
            file_format,
            location,
            query,
            without_rowid,
            like,
            clone,
            version,
            comment,
            on_commit: _,
            on_cluster,
            primary_key,
            order_by,
            partition_by,
            cluster_by,
            clustered_by,
            inherits,
            partition_of,
            for_values,
            strict,
            copy_grants,
            enable_schema_evolution,
            change_tracking,
            data_retention_time_in_days,
            max_data_extension_time_in_days,
            default_ddl_collation,
            with_aggregation_policy,
            with_row_access_policy,
            with_storage_lifecycle_policy,
            with_tags,
            external_volume,
            with_connection,
            base_location,
            catalog,
            catalog_sync,
            storage_serialization_policy,
            target_lag,
            warehouse,
            refresh_mode,
            initialize,
            require_user,
            diststyle,
            distkey,
            sortkey,
            backup,
            multiset,
            fallback,
            with_data: _,
        } = create;
        let hive = hive_formats.as_ref().is_none_or(|formats| {
            let HiveFormat {
                row_format,
                serde_properties,
                storage,
                location,
            } = formats;
            row_format.is_none()
                && serde_properties.is_none()
                && storage.is_none()
                && location.is_none()
        }) && matches!(hive_distribution, HiveDistributionStyle::NONE);
        let modifiers = [
            *or_replace,
            *external,
            *dynamic,
            *transient,
            *volatile,
            *iceberg,
            *snapshot,
            *without_rowid,
        ];
        let more = [*strict, *copy_grants, *require_user];
        let rest = hive
            && !modifiers.contains(&true)
            && !more.contains(&true)
            && file_format.is_none()
            && location.is_none()
            && clone.is_none()
            && version.is_none()
            && comment.is_none()
            && on_cluster.is_none()
            && primary_key.is_none()
            && order_by.is_none()
            && cluster_by.is_none()
            && clustered_by.is_none()
            && enable_schema_evolution.is_none()
            && change_tracking.is_none()
            && data_retention_time_in_days.is_none()
            && max_data_extension_time_in_days.is_none()
            && default_ddl_collation.is_none()
            && with_aggregation_policy.is_none()
            && with_row_access_policy.is_none()
            && with_storage_lifecycle_policy.is_none()
            && with_tags.is_none()
            && external_volume.is_none()
            && with_connection.is_none()
            && base_location.is_none()
            && catalog.is_none()
            && catalog_sync.is_none()
            && storage_serialization_policy.is_none()
            && target_lag.is_none()
            && warehouse.is_none()
            && refresh_mode.is_none()
            && initialize.is_none()
            && diststyle.is_none()
            && distkey.is_none()
            && sortkey.is_none()
            && backup.is_none()
            && multiset.is_none()
            && fallback.is_none();
        absent(rest, "CREATE TABLE of another dialect")?;
        self.options(table_options)?;
        let mut define = Define::new(Verb::Create, ObjectKind::Table, vec![self.path(name)?]);
        define.temporary = *temporary;
        if let Some(parent) = partition_of {
            define.relations.push(self.path(parent)?);
        }
        match like {
            None => {}
            Some(CreateTableLikeKind::Parenthesized(CreateTableLike { name, defaults: _ })) => {
                define.relations.push(self.path(name)?);
            }
            Some(CreateTableLikeKind::Plain(_)) => {
                return refuse("CREATE TABLE … LIKE is not PostgreSQL");
            }
        }
        for column in columns {
            self.column_def(column, query.is_some(), &mut define)?;
        }
        for constraint in constraints {
            self.table_constraint(constraint, &mut define)?;
        }
        if let Some(key) = partition_by {
            define.expressions.extend(self.partition_key(key)?);
        }
        if let Some(values) = for_values {
            self.partition_bounds(values, &mut define)?;
        }
        define
            .relations
            .extend(self.paths(inherits.as_deref().unwrap_or_default())?);
        define.query = query
            .as_ref()
            .map(|query| self.query(query).map(Box::new))
            .transpose()?;
        Ok(define)
    }
}

/// What is no plain column of the table itself.
fn computed(expr: Expr) -> Option<Expr> {
    match expr {
        Expr::Column(path) if path.len() == 1 => None,
        other => Some(other),
    }
}
