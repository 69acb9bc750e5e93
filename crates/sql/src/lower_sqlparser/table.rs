//! CREATE TABLE.
//!
//! Owns: its lowering. Refuses: what other dialects hang on it.

use sqlparser::ast::{
    CreateTable, CreateTableLike, CreateTableLikeKind, Expr as Sql, HiveDistributionStyle,
    HiveFormat,
};

use super::create::computed;
use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Define, Expr, ObjectKind, Verb};

impl Source<'_> {
    /// `PARTITION BY RANGE (a, b)`, which sqlparser reads as a function's call.
    pub(super) fn partition_key(&self, key: &Sql) -> Lowered<Vec<Expr>> {
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

    pub(super) fn create_table(&self, create: &CreateTable) -> Lowered<Define> {
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
