//! INSERT, UPDATE, DELETE, MERGE.
//!
//! Owns: their lowering. Refuses: forms of other dialects, and a table named only (`ONLY` read as a name, or as the key
//! word before an alias).

use sqlparser::ast::{
    Assignment as SqlAssignment, AssignmentTarget, ConflictTarget, Delete as SqlDelete, DoUpdate,
    FromTable, Insert as SqlInsert, Merge as SqlMerge, MergeAction, MergeClause, MergeClauseKind,
    MergeInsertExpr, MergeInsertKind, MergeUpdateExpr, MergeUpdateKind, OnConflict,
    OnConflictAction, OnInsert, OutputClause, SelectItem, Statement as SqlStatement,
    TableAliasWithoutColumns, TableObject, TableWithJoins, Update as SqlUpdate,
    UpdateTableFromKind,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{
    Assignment, Branch, BranchAction, Conflict, Delete, Expr, Insert, Kind, Merge, Path, Target,
    Update, With,
};

impl Source<'_> {
    /// A write as the body of a query.
    pub(super) fn write(&self, statement: &SqlStatement) -> Lowered<Kind> {
        match statement {
            SqlStatement::Insert(insert) => self.insert(insert).map(Kind::Insert),
            SqlStatement::Update(update) => self.update(update).map(Kind::Update),
            SqlStatement::Delete(delete) => self.delete(delete).map(Kind::Delete),
            SqlStatement::Merge(merge) => self.merge(merge).map(Kind::Merge),
            _ => refuse("not a write"),
        }
    }

    /// INSERT.
    pub(super) fn insert(&self, insert: &SqlInsert) -> Lowered<Insert> {
        let SqlInsert {
            insert_token: _,
            optimizer_hints: _,
            or,
            ignore,
            into,
            table,
            table_alias,
            columns,
            overwrite,
            source,
            assignments,
            partitioned,
            after_columns,
            has_table_keyword,
            on,
            returning,
            output,
            replace_into,
            priority,
            insert_alias,
            settings,
            format_clause,
            multi_table_insert_type,
            multi_table_into_clauses,
            multi_table_when_clauses,
            multi_table_else_clause,
        } = insert;
        absent(
            *into && !has_table_keyword,
            "INSERT without INTO is not PostgreSQL",
        )?;
        absent(
            or.is_none() && !ignore && !overwrite && !replace_into,
            "INSERT OR, IGNORE, OVERWRITE, REPLACE",
        )?;
        absent(
            assignments.is_empty() && priority.is_none() && insert_alias.is_none(),
            "INSERT … SET, AS new",
        )?;
        absent(
            partitioned.is_none() && after_columns.is_empty() && output.is_none(),
            "PARTITION and OUTPUT",
        )?;
        absent(
            settings.is_none() && format_clause.is_none(),
            "SETTINGS and FORMAT are not PostgreSQL",
        )?;
        absent(
            multi_table_insert_type.is_none()
                && multi_table_into_clauses.is_empty()
                && multi_table_when_clauses.is_empty()
                && multi_table_else_clause.is_none(),
            "INSERT into several tables is not PostgreSQL",
        )?;
        let alias = match table_alias {
            None => None,
            Some(TableAliasWithoutColumns {
                explicit: true,
                alias,
            }) => Some(self.name(alias)?),
            Some(TableAliasWithoutColumns {
                explicit: false,
                alias: _,
            }) => {
                return refuse("an alias of INSERT without AS is not PostgreSQL");
            }
        };
        let TableObject::TableName(table) = table else {
            return refuse("INSERT into what is no table");
        };
        Ok(Insert {
            with: With::default(),
            table: self.path(table)?,
            alias,
            columns: columns
                .iter()
                .map(|c| self.column_target(c))
                .collect::<Lowered<_>>()?,
            source: source
                .as_ref()
                .map(|query| self.query(query).map(Box::new))
                .transpose()?,
            conflict: match on {
                None => None,
                Some(OnInsert::OnConflict(conflict)) => Some(self.conflict(conflict)?),
                Some(OnInsert::DuplicateKeyUpdate(_)) => {
                    return refuse("ON DUPLICATE KEY is not PostgreSQL");
                }
                // The type may grow.
                Some(_) => return refuse("a clause of INSERT that is not known"),
            },
            returning: self.returning(returning.as_deref())?,
        })
    }

    fn conflict(&self, conflict: &OnConflict) -> Lowered<Conflict> {
        let OnConflict {
            conflict_target,
            action,
        } = conflict;
        let target = match conflict_target {
            None => vec![],
            Some(ConflictTarget::Columns(columns)) => self
                .names(columns)?
                .into_iter()
                .map(|column| Expr::Column(vec![column]))
                .collect(),
            Some(ConflictTarget::OnConstraint(name)) => {
                self.path(name)?;
                vec![]
            }
        };
        let (sets, filter) = match action {
            OnConflictAction::DoNothing => (vec![], None),
            OnConflictAction::DoUpdate(DoUpdate {
                assignments,
                selection,
            }) => (
                self.assignments(assignments)?,
                self.opt_expr(selection.as_ref())?,
            ),
        };
        Ok(Conflict {
            target,
            sets,
            filter,
        })
    }

    fn assignments(&self, assignments: &[SqlAssignment]) -> Lowered<Vec<Assignment>> {
        assignments
            .iter()
            .map(|SqlAssignment { target, value }| {
                let columns = match target {
                    AssignmentTarget::ColumnName(name) => vec![self.column_target(name)?],
                    AssignmentTarget::Tuple(names) => names
                        .iter()
                        .map(|name| self.column_target(name))
                        .collect::<Lowered<_>>()?,
                };
                Ok(Assignment {
                    columns,
                    subscripts: vec![],
                    value: self.expr(value)?,
                })
            })
            .collect()
    }

    /// RETURNING.
    fn returning(&self, items: Option<&[SelectItem]>) -> Lowered<Vec<Target>> {
        items.map_or_else(|| Ok(vec![]), |items| self.targets(items))
    }

    fn table_alone(&self, table: &TableWithJoins) -> Lowered<(Path, Option<String>)> {
        let TableWithJoins { relation, joins } = table;
        absent(joins.is_empty(), "a write to a join is not PostgreSQL")?;
        self.written_table(relation)
    }

    /// UPDATE.
    pub(super) fn update(&self, update: &SqlUpdate) -> Lowered<Update> {
        let SqlUpdate {
            update_token: _,
            optimizer_hints: _,
            table,
            assignments,
            from,
            selection,
            returning,
            output,
            or,
            order_by,
            limit,
        } = update;
        absent(
            output.is_none() && or.is_none(),
            "UPDATE OR and OUTPUT are not PostgreSQL",
        )?;
        absent(
            order_by.is_empty() && limit.is_none(),
            "UPDATE … LIMIT is not PostgreSQL",
        )?;
        let (table, alias) = self.table_alone(table)?;
        Ok(Update {
            with: With::default(),
            table,
            alias,
            sets: self.assignments(assignments)?,
            from: match from {
                None => vec![],
                Some(UpdateTableFromKind::AfterSet(items)) => self.items(items)?,
                Some(UpdateTableFromKind::BeforeSet(_)) => {
                    return refuse("FROM before SET is not PostgreSQL");
                }
            },
            filter: self.opt_expr(selection.as_ref())?,
            current_of: None,
            returning: self.returning(returning.as_deref())?,
        })
    }

    /// DELETE.
    pub(super) fn delete(&self, delete: &SqlDelete) -> Lowered<Delete> {
        let SqlDelete {
            delete_token: _,
            optimizer_hints: _,
            tables,
            from,
            using,
            selection,
            returning,
            output,
            order_by,
            limit,
        } = delete;
        absent(
            tables.is_empty() && output.is_none(),
            "DELETE of several tables is not PostgreSQL",
        )?;
        absent(
            order_by.is_empty() && limit.is_none(),
            "DELETE … LIMIT is not PostgreSQL",
        )?;
        let (table, alias) = match from {
            FromTable::WithFromKeyword(tables) => match tables.as_slice() {
                [table] => self.table_alone(table)?,
                _ => return refuse("DELETE of several tables is not PostgreSQL"),
            },
            FromTable::WithoutKeyword(_) => return refuse("DELETE without FROM is not PostgreSQL"),
        };
        Ok(Delete {
            with: With::default(),
            table,
            alias,
            using: self.items(using.as_deref().unwrap_or_default())?,
            filter: self.opt_expr(selection.as_ref())?,
            current_of: None,
            returning: self.returning(returning.as_deref())?,
        })
    }

    /// MERGE.
    pub(super) fn merge(&self, merge: &SqlMerge) -> Lowered<Merge> {
        let SqlMerge {
            merge_token: _,
            optimizer_hints: _,
            into,
            table,
            source,
            on,
            clauses,
            output,
        } = merge;
        absent(*into, "MERGE without INTO is not PostgreSQL")?;
        let (table, alias) = self.written_table(table)?;
        let returning = match output {
            None => vec![],
            Some(OutputClause::Returning {
                returning_token: _,
                select_items,
            }) => self.targets(select_items)?,
            Some(OutputClause::Output {
                output_token: _,
                select_items: _,
                into_table: _,
            }) => {
                return refuse("OUTPUT is not PostgreSQL");
            }
        };
        Ok(Merge {
            with: With::default(),
            table,
            alias,
            source: self.table_factor(source)?,
            on: self.expr(on)?,
            branches: clauses
                .iter()
                .map(|clause| self.branch(clause))
                .collect::<Lowered<_>>()?,
            returning,
        })
    }

    fn branch(&self, clause: &MergeClause) -> Lowered<Branch> {
        let MergeClause {
            when_token: _,
            clause_kind,
            predicate,
            action,
        } = clause;
        let by_source = match clause_kind {
            MergeClauseKind::Matched
            | MergeClauseKind::NotMatched
            | MergeClauseKind::NotMatchedByTarget => false,
            MergeClauseKind::NotMatchedBySource => true,
        };
        let action = match action {
            MergeAction::Delete { delete_token: _ } => BranchAction::Delete,
            MergeAction::DoNothing {
                do_token: _,
                nothing_token: _,
            } => BranchAction::Nothing,
            MergeAction::Update(MergeUpdateExpr {
                update_token: _,
                kind,
                update_predicate,
                delete_predicate,
            }) => {
                absent(
                    update_predicate.is_none() && delete_predicate.is_none(),
                    "WHERE in a branch of MERGE",
                )?;
                match kind {
                    MergeUpdateKind::Set(assignments) => {
                        BranchAction::Update(self.assignments(assignments)?)
                    }
                    MergeUpdateKind::Wildcard => return refuse("UPDATE * is not PostgreSQL"),
                }
            }
            MergeAction::Insert(MergeInsertExpr {
                insert_token: _,
                columns,
                kind_token: _,
                kind,
                insert_predicate,
            }) => {
                absent(insert_predicate.is_none(), "WHERE in a branch of MERGE")?;
                let columns = columns
                    .iter()
                    .map(|c| self.column_target(c))
                    .collect::<Lowered<Vec<_>>>()?;
                match kind {
                    MergeInsertKind::Values(values) => {
                        let mut rows = self.values(values)?;
                        match (rows.pop(), rows.is_empty()) {
                            (Some(row), true) => BranchAction::Insert(columns, row),
                            _ => return refuse("several rows in a branch of MERGE"),
                        }
                    }
                    MergeInsertKind::Row | MergeInsertKind::Wildcard => {
                        return refuse("INSERT ROW and INSERT * are not PostgreSQL");
                    }
                }
            }
        };
        Ok(Branch {
            by_source,
            condition: self.opt_expr(predicate.as_ref())?,
            action,
        })
    }
}
