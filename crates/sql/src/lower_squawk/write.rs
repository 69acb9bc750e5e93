//! INSERT, UPDATE, DELETE, MERGE, COPY.
//!
//! Owns: statements that write rows. Refuses: what newer servers than squawk's grammar knows may mean otherwise (FOR PORTION
//! OF, RETURNING WITH (OLD …), ON CONFLICT DO SELECT).

use squawk_syntax::ast::{self, AstNode};

use super::name::{need, refuse};
use super::{Read, Reader, range};
use crate::form::{
    Assignment, Branch, BranchAction, Conflict, CopyRows, CopySubject, Delete, Endpoint, Expr,
    Insert, Merge, Statement, Target, Update,
};

impl Reader {
    pub(super) fn insert(&mut self, insert: &ast::Insert) -> Read<Insert> {
        let with = self.with(insert.with_clause())?;
        let table = self.path_in(need(insert.relation_name_ref())?.syntax())?;
        let alias = match insert.alias() {
            Some(alias) => Some(self.name(need(alias.name())?.syntax())?),
            None => None,
        };
        let columns = self.plain_columns(insert.column_target_list())?;
        let source = match need(insert.insert_source())? {
            ast::InsertSource::DefaultValues(_) => None,
            ast::InsertSource::SelectVariant(query) => Some(Box::new(self.query(&query)?)),
        };
        Ok(Insert {
            with,
            table,
            alias,
            columns,
            source,
            conflict: insert
                .on_conflict_clause()
                .map(|clause| self.conflict(&clause))
                .transpose()?,
            returning: self.returning(insert.returning_clause())?,
        })
    }

    /// The columns of INSERT by their first part. Subscripts there must be constants: the form has no place for more.
    fn plain_columns(&mut self, list: Option<ast::ColumnTargetList>) -> Read<Vec<String>> {
        let mut columns = Vec::new();
        for target in list.iter().flat_map(|list| list.column_targets()) {
            let (name, subscripts) = self.column_target(&target)?;
            if !subscripts
                .iter()
                .all(|s| matches!(s, Expr::Literal(_) | Expr::Param(_)))
            {
                return refuse("a subscript of an INSERT's column");
            }
            columns.push(name);
        }
        Ok(columns)
    }

    fn column_target(&mut self, target: &ast::ColumnTarget) -> Read<(String, Vec<Expr>)> {
        let name = self.name(need(target.name())?.syntax())?;
        let mut subscripts = Vec::new();
        for accessor in target.accessors() {
            match accessor {
                ast::Accessor::FieldAccessor(field) => self.ledger.syntax(field.syntax()),
                ast::Accessor::IndexAccessor(index) => {
                    subscripts.extend(self.exprs(index.syntax())?);
                }
                ast::Accessor::SliceAccessor(slice) => {
                    subscripts.extend(self.exprs(slice.syntax())?);
                }
            }
        }
        Ok((name, subscripts))
    }

    fn conflict(&mut self, clause: &ast::OnConflictClause) -> Read<Conflict> {
        let target = match clause.conflict_target() {
            None => vec![],
            Some(ast::ConflictTarget::ConflictOnConstraint(constraint)) => {
                self.ledger
                    .syntax(need(constraint.constraint_name_ref())?.syntax());
                vec![]
            }
            Some(ast::ConflictTarget::ConflictOnIndex(index)) => {
                let mut target = Vec::new();
                for item in need(index.conflict_index_item_list())?.conflict_index_items() {
                    // COLLATE and the operator class are left out, wherever squawk hangs them.
                    let collate = item.collate().filter(|collate| collate.expr().is_none());
                    if let Some(collate) = collate {
                        self.ledger.syntax(collate.syntax());
                    }
                    if let Some(class) = item.op_class_ref() {
                        self.ledger.syntax(class.syntax());
                    }
                    target.push(self.expr(&need(item.expr())?)?);
                }
                target.extend(self.filter(index.where_clause())?);
                target
            }
        };
        let (sets, filter) = match need(clause.conflict_action())? {
            ast::ConflictAction::ConflictDoNothing(_) => (vec![], None),
            ast::ConflictAction::ConflictDoUpdateSet(update) => (
                self.assignments(&need(update.set_clause())?)?,
                self.filter(update.where_clause())?,
            ),
            ast::ConflictAction::ConflictDoSelect(_) => return refuse("ON CONFLICT DO SELECT"),
        };
        Ok(Conflict {
            target,
            sets,
            filter,
        })
    }

    fn assignments(&mut self, clause: &ast::SetClause) -> Read<Vec<Assignment>> {
        need(clause.set_column_list())?
            .set_columns()
            .map(|column| match column {
                ast::SetColumn::SetSingleColumn(single) => {
                    let (name, subscripts) = self.column_target(&need(single.column_target())?)?;
                    Ok(Assignment {
                        columns: vec![name],
                        subscripts,
                        value: self.set_expr(&need(single.set_expr())?)?,
                    })
                }
                ast::SetColumn::SetMultipleColumns(multiple) => self.multiple(&multiple),
            })
            .collect()
    }

    fn multiple(&mut self, multiple: &ast::SetMultipleColumns) -> Read<Assignment> {
        let (mut columns, mut subscripts) = (Vec::new(), Vec::new());
        for target in need(multiple.column_target_list())?.column_targets() {
            let (name, more) = self.column_target(&target)?;
            columns.push(name);
            subscripts.extend(more);
        }
        let value = match (multiple.set_expr_list(), multiple.paren_select()) {
            (Some(list), None) => {
                let mut values = list
                    .set_exprs()
                    .map(|expr| self.set_expr(&expr))
                    .collect::<Read<Vec<_>>>()?;
                match (values.len(), list.row_token()) {
                    (1, None) => need(values.pop())?,
                    _ => Expr::Row(values),
                }
            }
            (None, Some(paren)) => {
                let query = self.query(&ast::SelectVariant::ParenSelect(paren))?;
                Expr::Subquery(Box::new(query))
            }
            _ => return refuse("an assignment of an unknown shape"),
        };
        Ok(Assignment {
            columns,
            subscripts,
            value,
        })
    }

    fn set_expr(&mut self, expr: &ast::SetExpr) -> Read<Expr> {
        match (expr.expr(), expr.default_token()) {
            (Some(expr), None) => self.expr(&expr),
            (None, Some(_)) => Ok(Expr::Default),
            _ => refuse("an assignment of an unknown shape"),
        }
    }

    fn returning(&mut self, clause: Option<ast::ReturningClause>) -> Read<Vec<Target>> {
        let Some(clause) = clause else {
            return Ok(vec![]);
        };
        if clause.returning_option_list().is_some() {
            return refuse("RETURNING WITH");
        }
        self.targets(&need(clause.target_list())?)
    }

    fn written(
        &mut self,
        name: Option<ast::RelationName>,
        alias: Option<ast::OptionalAsAlias>,
    ) -> Read<(Vec<String>, Option<String>)> {
        let table = self.path_in(need(need(name)?.relation_name_ref())?.syntax())?;
        let alias = match alias {
            Some(alias) => Some(self.name(need(alias.name())?.syntax())?),
            None => None,
        };
        Ok((table, alias))
    }

    fn filter_or_cursor(
        &mut self,
        clause: Option<ast::WhereClauseOrCurrentOf>,
    ) -> Read<(Option<Expr>, Option<String>)> {
        Ok(match clause {
            None => (None, None),
            Some(ast::WhereClauseOrCurrentOf::WhereClause(clause)) => {
                (self.filter(Some(clause))?, None)
            }
            Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(current)) => {
                let cursor = self.name(need(current.cursor_ref())?.syntax())?;
                (None, Some(cursor))
            }
        })
    }

    pub(super) fn update(&mut self, update: &ast::Update) -> Read<Update> {
        if update.for_portion_of().is_some() {
            return refuse("FOR PORTION OF");
        }
        let with = self.with(update.with_clause())?;
        let (table, alias) = self.written(update.relation_name(), update.alias())?;
        let sets = self.assignments(&need(update.set_clause())?)?;
        let from = self.sources(update.from_clause())?;
        let (filter, current_of) = self.filter_or_cursor(update.where_clause_or_current_of())?;
        Ok(Update {
            with,
            table,
            alias,
            sets,
            from,
            filter,
            current_of,
            returning: self.returning(update.returning_clause())?,
        })
    }

    pub(super) fn delete(&mut self, delete: &ast::Delete) -> Read<Delete> {
        if delete.for_portion_of().is_some() {
            return refuse("FOR PORTION OF");
        }
        let with = self.with(delete.with_clause())?;
        let (table, alias) = self.written(delete.relation_name(), delete.alias())?;
        let using = match delete.using_clause() {
            Some(clause) => clause
                .items()
                .map(|item| self.source(&item))
                .collect::<Read<_>>()?,
            None => vec![],
        };
        let (filter, current_of) = self.filter_or_cursor(delete.where_clause_or_current_of())?;
        Ok(Delete {
            with,
            table,
            alias,
            using,
            filter,
            current_of,
            returning: self.returning(delete.returning_clause())?,
        })
    }

    pub(super) fn merge(&mut self, merge: &ast::Merge) -> Read<Merge> {
        let with = self.with(merge.with_clause())?;
        let name = need(need(merge.table_relation_name())?.table_name_ref())?;
        let table = self.path_in(name.syntax())?;
        let alias = match merge.alias() {
            Some(alias) => Some(self.name(need(alias.name())?.syntax())?),
            None => None,
        };
        let using = need(merge.using_on_clause())?;
        let source = self.source(&need(using.from_list_item())?)?;
        let on = self.expr(&need(need(using.on_clause())?.expr())?)?;
        let branches = merge
            .merge_when_clauses()
            .map(|clause| self.branch(&clause))
            .collect::<Read<_>>()?;
        Ok(Merge {
            with,
            table,
            alias,
            source,
            on,
            branches,
            returning: self.returning(merge.returning_clause())?,
        })
    }

    fn branch(&mut self, clause: &ast::MergeWhenClause) -> Read<Branch> {
        let (condition, action) = match clause {
            ast::MergeWhenClause::MergeWhenMatched(when) => {
                (when.merge_condition(), when.merge_action())
            }
            ast::MergeWhenClause::MergeWhenNotMatchedSource(when) => {
                (when.merge_condition(), when.merge_action())
            }
            ast::MergeWhenClause::MergeWhenNotMatchedTarget(when) => {
                (when.merge_condition(), when.merge_action())
            }
        };
        let condition = condition
            .map(|condition| self.expr(&need(condition.expr())?))
            .transpose()?;
        let action = match need(action)? {
            ast::MergeAction::MergeDoNothing(_) => BranchAction::Nothing,
            ast::MergeAction::MergeDelete(_) => BranchAction::Delete,
            ast::MergeAction::MergeUpdate(update) => {
                BranchAction::Update(self.assignments(&need(update.set_clause())?)?)
            }
            ast::MergeAction::MergeInsert(insert) => {
                let columns = self.plain_columns(insert.column_target_list())?;
                match (insert.values(), insert.default_values()) {
                    (None, Some(_)) => BranchAction::Insert(columns, vec![]),
                    (Some(values), None) => {
                        let mut rows = self.rows(&values)?;
                        match (rows.pop(), rows.is_empty()) {
                            (Some(row), true) => BranchAction::Insert(columns, row),
                            _ => return refuse("MERGE with several rows"),
                        }
                    }
                    _ => return refuse("MERGE of an unknown shape"),
                }
            }
        };
        let by_source = matches!(clause, ast::MergeWhenClause::MergeWhenNotMatchedSource(_));
        Ok(Branch {
            by_source,
            condition,
            action,
        })
    }

    pub(super) fn copy(&mut self, copy: &ast::Copy) -> Read<CopyRows> {
        let subject = match (copy.copy_table(), copy.copy_query()) {
            (Some(table), None) => {
                let name = self.path_in(need(table.table_name_ref())?.syntax())?;
                let mut columns = Vec::new();
                if let Some(list) = table.column_ref_list() {
                    for column in list.column_name_refs() {
                        columns.push(self.name(column.syntax())?);
                    }
                }
                CopySubject::Table(name, columns)
            }
            (None, Some(query)) => {
                let inner = need(query.preparable_stmt())?;
                CopySubject::Statement(Box::new(Statement {
                    kind: self.preparable(&inner)?,
                    range: range(inner.syntax()),
                }))
            }
            _ => return refuse("COPY of an unknown shape"),
        };
        let (from, endpoint) = match need(copy.copy_direction())? {
            ast::CopyDirection::CopyFrom(from) => (
                true,
                match need(from.copy_source())? {
                    ast::CopySource::CopyStdin(_) | ast::CopySource::CopyStdout(_) => {
                        Endpoint::Client
                    }
                    ast::CopySource::CopyProgram(program) => self.endpoint(&program)?,
                },
            ),
            ast::CopyDirection::CopyTo(to) => (
                false,
                match to.copy_target() {
                    Some(ast::CopyTarget::CopyStdout(_)) => Endpoint::Client,
                    Some(ast::CopyTarget::CopyProgram(program)) => self.endpoint(&program)?,
                    None => return refuse("COPY of an unknown shape"),
                },
            ),
        };
        if let Some(options) = copy.copy_option_list() {
            self.modifier(options.syntax())?;
        }
        for option in copy.copy_legacy_options() {
            self.modifier(option.syntax())?;
        }
        Ok(CopyRows {
            subject,
            from,
            endpoint,
            filter: self.filter(copy.where_clause())?,
        })
    }

    fn endpoint(&mut self, program: &ast::CopyProgram) -> Read<Endpoint> {
        self.ledger.syntax(need(program.literal())?.syntax());
        Ok(match program.program_token() {
            Some(_) => Endpoint::Program,
            None => Endpoint::File,
        })
    }
}
