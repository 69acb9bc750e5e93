//! Every name in a form: what the tests hold against the server's own view.

use std::collections::BTreeSet;

use crate::form::*;

/// The names of a statement, by their last part.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Named {
    pub relations: BTreeSet<String>,
    pub functions: BTreeSet<String>,
    pub columns: BTreeSet<String>,
    /// A star, a whole row or a NATURAL JOIN: columns without a name.
    pub stars: bool,
}

impl Named {
    pub(super) fn of(statement: &Statement) -> Named {
        let mut named = Named::default();
        named.kind(&statement.kind);
        named
    }

    fn relation(&mut self, path: &Path) {
        self.relations.extend(path.last().cloned());
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Query(query) => self.query(query),
            Kind::Insert(insert) => {
                self.with(&insert.with);
                self.relation(&insert.table);
                self.columns.extend(insert.columns.iter().cloned());
                self.stars |= insert.columns.is_empty();
                if let Some(source) = &insert.source {
                    self.query(source);
                }
                if let Some(conflict) = &insert.conflict {
                    // EXCLUDED is a whole row.
                    self.stars |= !conflict.sets.is_empty();
                    self.exprs(&conflict.target);
                    self.sets(&conflict.sets);
                    self.exprs(&conflict.filter);
                }
                self.targets(&insert.returning);
            }
            Kind::Update(update) => {
                self.with(&update.with);
                self.relation(&update.table);
                self.sets(&update.sets);
                update.from.iter().for_each(|item| self.item(item));
                self.exprs(&update.filter);
                self.targets(&update.returning);
            }
            Kind::Delete(delete) => {
                self.with(&delete.with);
                self.relation(&delete.table);
                delete.using.iter().for_each(|item| self.item(item));
                self.exprs(&delete.filter);
                self.targets(&delete.returning);
            }
            Kind::Merge(merge) => {
                self.with(&merge.with);
                self.relation(&merge.table);
                self.item(&merge.source);
                self.expr(&merge.on);
                for branch in &merge.branches {
                    self.exprs(&branch.condition);
                    match &branch.action {
                        BranchAction::Nothing | BranchAction::Delete => {}
                        BranchAction::Update(sets) => self.sets(sets),
                        BranchAction::Insert(columns, values) => {
                            self.columns.extend(columns.iter().cloned());
                            self.exprs(values);
                        }
                    }
                }
                self.targets(&merge.returning);
            }
            Kind::Copy(copy) => match &copy.subject {
                CopySubject::Table(table, _) => self.relation(table),
                CopySubject::Statement(inner) => self.kind(&inner.kind),
            },
            Kind::Define(define) => {
                for path in define
                    .names
                    .iter()
                    .chain(&define.relations)
                    .chain(&define.on)
                {
                    self.relation(path);
                }
                for path in &define.functions {
                    self.functions.extend(path.last().cloned());
                }
                self.exprs(&define.expressions);
                if let Some(query) = &define.query {
                    self.query(query);
                }
            }
            Kind::Privileges(privileges) => {
                privileges.names.iter().for_each(|path| self.relation(path));
            }
            Kind::Maintenance(work) => work.tables.iter().for_each(|path| self.relation(path)),
            Kind::Truncate(tables) | Kind::Lock(tables) => {
                tables.iter().for_each(|path| self.relation(path));
            }
            Kind::Refresh(view) => self.relation(view),
            Kind::Prepare { inner, .. } | Kind::Explain { inner, .. } => self.kind(&inner.kind),
            Kind::Declare { query, .. } => self.query(query),
            Kind::Execute(execute) => self.exprs(&execute.args),
            Kind::Call(call) => self.call(call),
            _ => {}
        }
    }

    fn with(&mut self, with: &With) {
        with.tables.iter().for_each(|table| self.kind(&table.body));
    }

    fn sets(&mut self, sets: &[Assignment]) {
        for set in sets {
            self.columns.extend(set.columns.iter().cloned());
            self.exprs(&set.subscripts);
            self.expr(&set.value);
        }
    }

    fn targets(&mut self, targets: &[Target]) {
        for target in targets {
            match target {
                Target::Star(_) => self.stars = true,
                Target::Expr(expr, _) => self.expr(expr),
            }
        }
    }

    fn query(&mut self, query: &Query) {
        self.with(&query.with);
        self.body(&query.body);
        self.exprs(&query.order_by);
        self.exprs(&query.limits);
    }

    fn body(&mut self, body: &Body) {
        match body {
            Body::Select(select) => {
                if let Distinct::On(exprs) = &select.distinct {
                    self.exprs(exprs);
                }
                self.targets(&select.targets);
                select.from.iter().for_each(|item| self.item(item));
                self.exprs(&select.filter);
                self.exprs(&select.group_by);
                self.exprs(&select.having);
                self.exprs(&select.windows);
            }
            Body::Set { operands, .. } => operands.iter().for_each(|operand| self.body(operand)),
            Body::Values(rows) => rows.iter().for_each(|row| self.exprs(row)),
            Body::Query(query) => self.query(query),
        }
    }

    fn item(&mut self, item: &FromItem) {
        match item {
            FromItem::Relation {
                name,
                alias,
                sample,
            } => {
                self.relation(name);
                // A name may stand for a whole row.
                self.columns.extend(name.last().cloned());
                self.columns
                    .extend(alias.iter().map(|alias| alias.name.clone()));
                self.exprs(sample);
            }
            FromItem::Function { calls, .. } => self.exprs(calls),
            FromItem::Query { query, .. } => self.query(query),
            FromItem::Join {
                left,
                right,
                on,
                using,
                natural,
                ..
            } => {
                self.item(left);
                self.item(right);
                self.exprs(on);
                self.columns.extend(using.iter().cloned());
                self.stars |= natural;
            }
        }
    }

    fn exprs<'e>(&mut self, exprs: impl IntoIterator<Item = &'e Expr>) {
        exprs.into_iter().for_each(|expr| self.expr(expr));
    }

    fn call(&mut self, call: &Call) {
        self.functions.extend(call.name.last().cloned());
        self.exprs(&call.args);
        self.exprs(&call.extra);
    }

    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::Column(path) => self.columns.extend(path.iter().cloned()),
            Expr::RowOf(_) => self.stars = true,
            Expr::Literal(_) | Expr::Param(_) | Expr::Default | Expr::Operator(_) => {}
            Expr::Call(call) => self.call(call),
            Expr::Cast(inner, _) | Expr::Not(inner) => self.expr(inner),
            Expr::Field(inner, name) => {
                self.expr(inner);
                self.columns.extend(name.clone());
                self.functions.extend(name.clone());
            }
            Expr::Equal(left, right) => {
                self.expr(left);
                self.expr(right);
            }
            Expr::In(left, list) => {
                self.expr(left);
                self.exprs(list);
            }
            Expr::InQuery(left, query) => {
                self.expr(left);
                self.query(query);
            }
            Expr::Subquery(query) | Expr::Exists(query) | Expr::ArrayQuery(query) => {
                self.query(query);
            }
            Expr::And(parts)
            | Expr::Or(parts)
            | Expr::Row(parts)
            | Expr::Array(parts)
            | Expr::Mix(parts) => self.exprs(parts),
            Expr::Case(parts, last) => {
                self.exprs(parts);
                self.exprs(last.as_deref());
            }
        }
    }
}
