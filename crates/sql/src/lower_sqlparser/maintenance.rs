//! TRUNCATE, LOCK, ANALYZE, VACUUM.
//!
//! Owns: their lowering. Refuses: options of other dialects.

use sqlparser::ast::{
    Analyze, Lock, LockTableTarget, Truncate, TruncateTableTarget, VacuumStatement,
};

use super::source::Source;
use super::{Lowered, absent};
use crate::form::{Kind, Maintenance};

impl Source<'_> {
    /// TRUNCATE.
    pub(super) fn truncate(&self, truncate: &Truncate) -> Lowered<Kind> {
        let Truncate {
            table_names,
            partitions,
            table: _,
            if_exists,
            identity: _,
            cascade: _,
            on_cluster,
        } = truncate;
        absent(
            partitions.is_none() && !if_exists && on_cluster.is_none(),
            "TRUNCATE in a form of another dialect",
        )?;
        let tables = table_names
            .iter()
            .map(
                |TruncateTableTarget {
                     name,
                     only: _,
                     has_asterisk: _,
                 }| self.path(name),
            )
            .collect::<Lowered<_>>()?;
        Ok(Kind::Truncate(tables))
    }

    /// LOCK TABLE.
    pub(super) fn lock(&self, lock: &Lock) -> Lowered<Kind> {
        let Lock {
            tables,
            lock_mode: _,
            nowait: _,
        } = lock;
        let tables = tables
            .iter()
            .map(
                |LockTableTarget {
                     name,
                     only: _,
                     has_asterisk: _,
                 }| self.path(name),
            )
            .collect::<Lowered<_>>()?;
        Ok(Kind::Lock(tables))
    }

    /// ANALYZE.
    pub(super) fn analyze(&self, analyze: &Analyze) -> Lowered<Kind> {
        let Analyze {
            table_name,
            partitions,
            for_columns,
            columns,
            cache_metadata,
            noscan,
            compute_statistics,
            has_table_keyword,
        } = analyze;
        absent(
            partitions.is_none() && !for_columns && !cache_metadata,
            "ANALYZE in a form of another dialect",
        )?;
        absent(
            !noscan && !compute_statistics && !has_table_keyword,
            "ANALYZE in a form of another dialect",
        )?;
        self.unused_names(columns)?;
        let tables = table_name
            .iter()
            .map(|name| self.path(name))
            .collect::<Lowered<_>>()?;
        Ok(Kind::Maintenance(Maintenance {
            command: "ANALYZE",
            tables,
        }))
    }

    /// VACUUM.
    pub(super) fn vacuum(&self, vacuum: &VacuumStatement) -> Lowered<Kind> {
        let VacuumStatement {
            full: _,
            sort_only,
            delete_only,
            reindex,
            recluster,
            table_name,
            threshold,
            boost,
        } = vacuum;
        absent(
            !sort_only && !delete_only && !reindex && !recluster,
            "VACUUM in a form of another dialect",
        )?;
        absent(
            threshold.is_none() && !boost,
            "VACUUM in a form of another dialect",
        )?;
        let tables = table_name
            .iter()
            .map(|name| self.path(name))
            .collect::<Lowered<_>>()?;
        Ok(Kind::Maintenance(Maintenance {
            command: "VACUUM",
            tables,
        }))
    }
}
