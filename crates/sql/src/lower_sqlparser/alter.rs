//! Columns and constraints of tables, and ALTER TABLE.
//!
//! Owns: their lowering. Refuses: options of other dialects; partitions attached and detached (left to the other reader).

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation, CheckConstraint, ColumnDef,
    ColumnOption, ColumnOptionDef, ConstraintUsingIndex, DataType, ExcludeConstraint,
    ExcludeConstraintElement, ExcludeConstraintOperator, ForValues, ForeignKeyConstraint, Owner,
    PartitionBoundValue, PrimaryKeyConstraint, RenameTableNameKind, ReplicaIdentity,
    TableConstraint, UniqueConstraint,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Define, ObjectKind, Verb};

impl Source<'_> {
    /// A column of CREATE TABLE or ADD COLUMN.
    pub(super) fn column_def(
        &self,
        column: &ColumnDef,
        typeless: bool,
        define: &mut Define,
    ) -> Lowered<()> {
        let ColumnDef {
            name,
            data_type,
            options,
        } = column;
        self.name(name)?;
        if !(typeless && matches!(data_type, DataType::Unspecified)) {
            self.data_type(data_type)?;
        }
        for ColumnOptionDef { name, option } in options {
            if let Some(name) = name {
                self.name(name)?;
            }
            self.column_option(option, define)?;
        }
        Ok(())
    }

    fn column_option(&self, option: &ColumnOption, define: &mut Define) -> Lowered<()> {
        match option {
            ColumnOption::Null | ColumnOption::NotNull => Ok(()),
            ColumnOption::Default(expr) => {
                define.expressions.push(self.expr(expr)?);
                Ok(())
            }
            ColumnOption::PrimaryKey(key) => self.primary_key(key),
            ColumnOption::Unique(key) => self.unique_key(key),
            ColumnOption::ForeignKey(key) => self.foreign_key(key, define),
            ColumnOption::Check(check) => self.check(check, define),
            ColumnOption::Collation(name) => self.collation(name).map(|_| ()),
            ColumnOption::Generated {
                generated_as: _,
                sequence_options,
                generation_expr,
                generation_expr_mode: _,
                generated_keyword: _,
            } => {
                self.sequence_options(sequence_options.as_deref().unwrap_or_default())?;
                define
                    .expressions
                    .extend(self.opt_expr(generation_expr.as_ref())?);
                Ok(())
            }
            ColumnOption::Materialized(_)
            | ColumnOption::Ephemeral(_)
            | ColumnOption::Alias(_)
            | ColumnOption::DialectSpecific(_)
            | ColumnOption::CharacterSet(_)
            | ColumnOption::Comment(_)
            | ColumnOption::OnUpdate(_)
            | ColumnOption::Options(_)
            | ColumnOption::Identity(_)
            | ColumnOption::OnConflict(_)
            | ColumnOption::Policy(_)
            | ColumnOption::Tags(_)
            | ColumnOption::Srid(_)
            | ColumnOption::Invisible => refuse("a column's option of another dialect"),
        }
    }

    /// A constraint of a table.
    pub(super) fn table_constraint(
        &self,
        constraint: &TableConstraint,
        define: &mut Define,
    ) -> Lowered<()> {
        match constraint {
            TableConstraint::Unique(key) => self.unique_key(key),
            TableConstraint::PrimaryKey(key) => self.primary_key(key),
            TableConstraint::ForeignKey(key) => self.foreign_key(key, define),
            TableConstraint::Check(check) => self.check(check, define),
            TableConstraint::PrimaryKeyUsingIndex(ConstraintUsingIndex {
                name,
                index_name,
                characteristics: _,
            })
            | TableConstraint::UniqueUsingIndex(ConstraintUsingIndex {
                name,
                index_name,
                characteristics: _,
            }) => {
                name.iter()
                    .try_for_each(|name| self.name(name).map(|_| ()))?;
                self.name(index_name).map(|_| ())
            }
            TableConstraint::Exclude(exclude) => self.exclude(exclude, define),
            TableConstraint::Index(_) | TableConstraint::FulltextOrSpatial(_) => {
                refuse("a constraint of another dialect")
            }
        }
    }

    fn primary_key(&self, key: &PrimaryKeyConstraint) -> Lowered<()> {
        let PrimaryKeyConstraint {
            name,
            index_name,
            index_type,
            columns,
            include,
            index_options,
            characteristics: _,
        } = key;
        absent(
            index_name.is_none() && index_type.is_none() && index_options.is_empty(),
            "a key of another dialect",
        )?;
        name.iter()
            .try_for_each(|name| self.name(name).map(|_| ()))?;
        self.unused_names(include)?;
        self.key_columns(columns)
    }

    fn unique_key(&self, key: &UniqueConstraint) -> Lowered<()> {
        let UniqueConstraint {
            name,
            index_name,
            index_type_display: _,
            index_type,
            columns,
            include,
            index_options,
            characteristics: _,
            nulls_distinct: _,
        } = key;
        absent(
            index_name.is_none() && index_type.is_none() && index_options.is_empty(),
            "a key of another dialect",
        )?;
        name.iter()
            .try_for_each(|name| self.name(name).map(|_| ()))?;
        self.unused_names(include)?;
        self.key_columns(columns)
    }

    fn foreign_key(&self, key: &ForeignKeyConstraint, define: &mut Define) -> Lowered<()> {
        let ForeignKeyConstraint {
            name,
            index_name,
            columns,
            foreign_table,
            referred_columns,
            on_delete: _,
            on_update: _,
            match_kind: _,
            characteristics: _,
        } = key;
        absent(index_name.is_none(), "a key of another dialect")?;
        name.iter()
            .try_for_each(|name| self.name(name).map(|_| ()))?;
        self.unused_names(columns)?;
        self.unused_names(referred_columns)?;
        define.relations.push(self.path(foreign_table)?);
        Ok(())
    }

    fn check(&self, check: &CheckConstraint, define: &mut Define) -> Lowered<()> {
        let CheckConstraint {
            name,
            expr,
            no_inherit: _,
            enforced: _,
        } = check;
        name.iter()
            .try_for_each(|name| self.name(name).map(|_| ()))?;
        define.expressions.push(self.expr(expr)?);
        Ok(())
    }

    fn exclude(&self, exclude: &ExcludeConstraint, define: &mut Define) -> Lowered<()> {
        let ExcludeConstraint {
            name,
            index_method,
            elements,
            include,
            where_clause,
            characteristics: _,
        } = exclude;
        for name in [name, index_method].into_iter().flatten() {
            self.name(name)?;
        }
        for ExcludeConstraintElement { column, operator } in elements {
            define
                .expressions
                .extend(self.index_columns(std::slice::from_ref(column))?);
            match operator {
                ExcludeConstraintOperator::Token(_) => {}
                ExcludeConstraintOperator::PGOperator(_) => return refuse("OPERATOR() in EXCLUDE"),
            }
        }
        self.unused_names(include)?;
        define
            .expressions
            .extend(self.opt_expr(where_clause.as_deref())?);
        Ok(())
    }

    /// FOR VALUES.
    pub(super) fn partition_bounds(&self, values: &ForValues, define: &mut Define) -> Lowered<()> {
        match values {
            ForValues::In(exprs) => define.expressions.extend(self.exprs(exprs)?),
            ForValues::From { from, to } => {
                for bound in from.iter().chain(to) {
                    match bound {
                        PartitionBoundValue::Expr(expr) => {
                            define.expressions.push(self.expr(expr)?)
                        }
                        PartitionBoundValue::MinValue | PartitionBoundValue::MaxValue => {}
                    }
                }
            }
            ForValues::With {
                modulus: _,
                remainder: _,
            }
            | ForValues::Default => {}
        }
        Ok(())
    }

    /// ALTER TABLE.
    pub(super) fn alter_table(&self, alter: &AlterTable) -> Lowered<Define> {
        let AlterTable {
            name,
            if_exists: _,
            only: _,
            operations,
            location,
            on_cluster,
            table_type,
            end_token: _,
        } = alter;
        absent(
            location.is_none() && on_cluster.is_none() && table_type.is_none(),
            "ALTER TABLE of another dialect",
        )?;
        let mut define = Define::new(Verb::Alter, ObjectKind::Table, vec![self.path(name)?]);
        for operation in operations {
            self.alter_operation(operation, &mut define)?;
        }
        Ok(define)
    }

    fn alter_operation(&self, operation: &AlterTableOperation, define: &mut Define) -> Lowered<()> {
        match operation {
            AlterTableOperation::AddConstraint { constraint, not_valid: _ } => self.table_constraint(constraint, define),
            AlterTableOperation::AddColumn { column_keyword: _, if_not_exists: _, column_def, column_position } => {
                absent(column_position.is_none(), "FIRST and AFTER are not PostgreSQL")?;
                self.column_def(column_def, false, define)
            }
            AlterTableOperation::DropColumn { has_column_keyword: _, column_names, if_exists: _, drop_behavior: _ } => {
                match column_names.as_slice() {
                    [name] => self.name(name).map(|_| ()),
                    _ => refuse("DROP COLUMN of several columns is not PostgreSQL"),
                }
            }
            AlterTableOperation::DropConstraint { if_exists: _, name, drop_behavior: _ }
            | AlterTableOperation::ValidateConstraint { name }
            | AlterTableOperation::DisableRule { name }
            | AlterTableOperation::DisableTrigger { name }
            | AlterTableOperation::EnableAlwaysRule { name }
            | AlterTableOperation::EnableAlwaysTrigger { name }
            | AlterTableOperation::EnableReplicaRule { name }
            | AlterTableOperation::EnableReplicaTrigger { name }
            | AlterTableOperation::EnableRule { name }
            // ALL and USER are key words here.
            | AlterTableOperation::EnableTrigger { name } => self.label(name).map(|_| ()),
            AlterTableOperation::EnableRowLevelSecurity
            | AlterTableOperation::DisableRowLevelSecurity
            | AlterTableOperation::ForceRowLevelSecurity
            | AlterTableOperation::NoForceRowLevelSecurity
            | AlterTableOperation::SetLogged
            | AlterTableOperation::SetUnlogged => Ok(()),
            AlterTableOperation::ReplicaIdentity { identity } => match identity {
                ReplicaIdentity::Nothing | ReplicaIdentity::Full | ReplicaIdentity::Default => Ok(()),
                ReplicaIdentity::Index(name) => self.name(name).map(|_| ()),
            },
            AlterTableOperation::RenameColumn { old_column_name, new_column_name } => {
                self.name(old_column_name)?;
                self.name(new_column_name).map(|_| ())
            }
            AlterTableOperation::RenameConstraint { old_name, new_name } => {
                self.name(old_name)?;
                self.name(new_name).map(|_| ())
            }
            AlterTableOperation::RenameTable { table_name } => match table_name {
                RenameTableNameKind::To(name) => self.single(name).map(|_| ()),
                RenameTableNameKind::As(_) => refuse("RENAME AS is not PostgreSQL"),
            },
            AlterTableOperation::AlterColumn { column_name, op } => {
                self.name(column_name)?;
                self.alter_column(op, define)
            }
            AlterTableOperation::OwnerTo { new_owner } => {
                define.ownership = true;
                match new_owner {
                    Owner::Ident(name) => self.label(name).map(|_| ()),
                    Owner::CurrentRole | Owner::CurrentUser | Owner::SessionUser => Ok(()),
                }
            }
            AlterTableOperation::SetOptionsParens { options } => self.sql_options(options),
            AlterTableOperation::AttachPartition { .. }
            | AlterTableOperation::DetachPartition { .. }
            | AlterTableOperation::AddProjection { .. }
            | AlterTableOperation::DropProjection { .. }
            | AlterTableOperation::MaterializeProjection { .. }
            | AlterTableOperation::ClearProjection { .. }
            | AlterTableOperation::FreezePartition { .. }
            | AlterTableOperation::UnfreezePartition { .. }
            | AlterTableOperation::DropPrimaryKey { .. }
            | AlterTableOperation::DropForeignKey { .. }
            | AlterTableOperation::DropIndex { .. }
            | AlterTableOperation::RenamePartitions { .. }
            | AlterTableOperation::AddPartitions { .. }
            | AlterTableOperation::DropPartitions { .. }
            | AlterTableOperation::ChangeColumn { .. }
            | AlterTableOperation::ModifyColumn { .. }
            | AlterTableOperation::SwapWith { .. }
            | AlterTableOperation::SetTblProperties { .. }
            | AlterTableOperation::ClusterBy { .. }
            | AlterTableOperation::DropClusteringKey
            | AlterTableOperation::AlterSortKey { .. }
            | AlterTableOperation::SuspendRecluster
            | AlterTableOperation::ResumeRecluster
            | AlterTableOperation::Refresh { .. }
            | AlterTableOperation::Suspend
            | AlterTableOperation::Resume
            | AlterTableOperation::Algorithm { .. }
            | AlterTableOperation::Lock { .. }
            | AlterTableOperation::AutoIncrement { .. } => refuse("ALTER TABLE of another dialect"),
        }
    }

    fn alter_column(&self, operation: &AlterColumnOperation, define: &mut Define) -> Lowered<()> {
        match operation {
            AlterColumnOperation::SetNotNull
            | AlterColumnOperation::DropNotNull
            | AlterColumnOperation::DropDefault => Ok(()),
            AlterColumnOperation::SetDefault { value } => {
                define.expressions.push(self.expr(value)?);
                Ok(())
            }
            AlterColumnOperation::SetDataType {
                data_type,
                using,
                had_set: _,
            } => {
                self.data_type(data_type)?;
                define.expressions.extend(self.opt_expr(using.as_ref())?);
                Ok(())
            }
            AlterColumnOperation::AddGenerated {
                generated_as: _,
                sequence_options,
            } => self.sequence_options(sequence_options.as_deref().unwrap_or_default()),
        }
    }
}
