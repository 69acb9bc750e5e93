//! FROM.
//!
//! Owns: the lowering of `TableWithJoins` and `TableFactor`. Refuses: table functions and hints of other dialects,
//! XMLTABLE and JSON_TABLE (left to the other reader), and a join without a condition.

use sqlparser::ast::{
    Ident, Join as SqlJoin, JoinConstraint, JoinOperator, TableFactor, TableFunctionArgs,
    TableSample, TableSampleKind, TableSampleMethod, TableSampleModifier, TableSampleQuantity,
    TableSampleSeed, TableSampleSeedModifier, TableWithJoins,
};

use super::call::call_of;
use super::expression::call;
use super::source::Source;
use super::{Lowered, absent, literal, refuse};
use crate::form::{Alias, Expr, FromItem, JoinKind, Path};

impl Source<'_> {
    /// The items of FROM or USING.
    pub(super) fn items(&self, items: &[TableWithJoins]) -> Lowered<Vec<FromItem>> {
        items.iter().map(|item| self.item(item)).collect()
    }

    fn item(&self, item: &TableWithJoins) -> Lowered<FromItem> {
        let TableWithJoins { relation, joins } = item;
        let mut whole = self.table_factor(relation)?;
        for SqlJoin {
            relation,
            global,
            join_operator,
        } in joins
        {
            absent(!global, "GLOBAL JOIN is not PostgreSQL")?;
            whole = self.join(whole, self.table_factor(relation)?, join_operator)?;
        }
        Ok(whole)
    }

    fn join(&self, left: FromItem, right: FromItem, operator: &JoinOperator) -> Lowered<FromItem> {
        let (kind, constraint, cross) = match operator {
            JoinOperator::Join(on) | JoinOperator::Inner(on) => (JoinKind::Inner, on, false),
            JoinOperator::Left(on) | JoinOperator::LeftOuter(on) => (JoinKind::Left, on, false),
            JoinOperator::Right(on) | JoinOperator::RightOuter(on) => (JoinKind::Right, on, false),
            JoinOperator::FullOuter(on) => (JoinKind::Full, on, false),
            JoinOperator::CrossJoin(on) => (JoinKind::Inner, on, true),
            JoinOperator::Semi(_)
            | JoinOperator::LeftSemi(_)
            | JoinOperator::RightSemi(_)
            | JoinOperator::Anti(_)
            | JoinOperator::LeftAnti(_)
            | JoinOperator::RightAnti(_)
            | JoinOperator::CrossApply
            | JoinOperator::OuterApply
            | JoinOperator::AsOf {
                match_condition: _,
                constraint: _,
            }
            | JoinOperator::StraightJoin(_)
            | JoinOperator::ArrayJoin
            | JoinOperator::LeftArrayJoin
            | JoinOperator::InnerArrayJoin => return refuse("a join that is not PostgreSQL"),
        };
        let mut on = None;
        let mut using = Vec::new();
        let mut natural = false;
        match constraint {
            JoinConstraint::None if cross => {}
            _ if cross => return refuse("CROSS JOIN with a condition is not PostgreSQL"),
            JoinConstraint::None => return refuse("a join without a condition is not PostgreSQL"),
            JoinConstraint::On(condition) => on = Some(self.expr(condition)?),
            JoinConstraint::Natural => natural = true,
            JoinConstraint::Using(columns) => {
                for column in columns {
                    using.push(self.single(column)?);
                }
            }
        }
        let (left, right) = (Box::new(left), Box::new(right));
        Ok(FromItem::Join {
            left,
            right,
            kind,
            on,
            using,
            natural,
            alias: None,
        })
    }

    /// One relation, function, query or join in brackets.
    pub(super) fn table_factor(&self, factor: &TableFactor) -> Lowered<FromItem> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                with_hints,
                version,
                with_ordinality,
                partitions,
                json_path,
                sample,
                index_hints,
            } => {
                absent(
                    with_hints.is_empty() && index_hints.is_empty(),
                    "hints are not PostgreSQL",
                )?;
                absent(
                    version.is_none() && partitions.is_empty() && json_path.is_none(),
                    "a relation at a time or place",
                )?;
                let alias = self.alias(alias.as_ref())?;
                match args {
                    Some(TableFunctionArgs { args, settings }) => {
                        absent(settings.is_none(), "SETTINGS is not PostgreSQL")?;
                        absent(sample.is_none(), "TABLESAMPLE of a function")?;
                        let call = call_of(self.function_name(name)?, self.arguments(args)?);
                        Ok(function(
                            vec![Expr::Call(Box::new(call))],
                            *with_ordinality,
                            alias,
                        ))
                    }
                    None => {
                        absent(!with_ordinality, "WITH ORDINALITY of a relation")?;
                        let sample = self.sample(sample.as_ref())?;
                        Ok(FromItem::Relation {
                            name: self.path(name)?,
                            alias,
                            sample,
                        })
                    }
                }
            }
            TableFactor::Derived {
                lateral,
                subquery,
                alias,
                sample,
            } => {
                absent(sample.is_none(), "TABLESAMPLE of a query")?;
                let query = Box::new(self.query(subquery)?);
                Ok(FromItem::Query {
                    query,
                    lateral: *lateral,
                    alias: self.alias(alias.as_ref())?,
                })
            }
            TableFactor::Function {
                lateral: _,
                name,
                args,
                with_ordinality,
                alias,
            } => {
                let call = call_of(self.function_name(name)?, self.arguments(args)?);
                Ok(function(
                    vec![Expr::Call(Box::new(call))],
                    *with_ordinality,
                    self.alias(alias.as_ref())?,
                ))
            }
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset,
                with_offset_alias,
                with_ordinality,
            } => {
                absent(
                    !with_offset && with_offset_alias.is_none(),
                    "WITH OFFSET is not PostgreSQL",
                )?;
                let call = call("unnest", self.exprs(array_exprs)?);
                Ok(function(
                    vec![call],
                    *with_ordinality,
                    self.alias(alias.as_ref())?,
                ))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias,
            } => {
                let mut item = self.item(table_with_joins)?;
                if let Some(outer) = self.alias(alias.as_ref())? {
                    match &mut item {
                        FromItem::Join {
                            alias: inner @ None,
                            using,
                            ..
                        } if using.is_empty() || inner.is_none() => {
                            *inner = Some(outer);
                        }
                        _ => return refuse("an alias of what is no join"),
                    }
                }
                match item {
                    FromItem::Join { .. } => Ok(item),
                    _ => refuse("brackets around what is no join"),
                }
            }
            TableFactor::TableFunction { expr: _, alias: _ }
            | TableFactor::JsonTable {
                json_expr: _,
                json_path: _,
                columns: _,
                alias: _,
            }
            | TableFactor::OpenJsonTable { .. }
            | TableFactor::Pivot { .. }
            | TableFactor::Unpivot { .. }
            | TableFactor::UnpivotExpr { .. }
            | TableFactor::MatchRecognize { .. }
            | TableFactor::XmlTable { .. }
            | TableFactor::SemanticView { .. } => refuse("an item of FROM that is not read here"),
        }
    }

    /// `TABLESAMPLE bernoulli (10) REPEATABLE (1)`.
    fn sample(&self, sample: Option<&TableSampleKind>) -> Lowered<Vec<Expr>> {
        let sample = match sample {
            None => return Ok(vec![]),
            Some(TableSampleKind::AfterTableAlias(sample)) => sample,
            Some(TableSampleKind::BeforeTableAlias(_)) => {
                return refuse("TABLESAMPLE before the alias");
            }
        };
        let TableSample {
            modifier,
            name,
            quantity,
            seed,
            bucket,
            offset,
        } = sample.as_ref();
        absent(
            matches!(modifier, TableSampleModifier::TableSample),
            "SAMPLE is not PostgreSQL",
        )?;
        absent(
            bucket.is_none() && offset.is_none(),
            "BUCKET and OFFSET are not PostgreSQL",
        )?;
        let method = match name {
            Some(TableSampleMethod::Bernoulli) => "bernoulli",
            Some(TableSampleMethod::System) => "system",
            Some(TableSampleMethod::Row | TableSampleMethod::Block) | None => {
                return refuse("a method of TABLESAMPLE that is not PostgreSQL");
            }
        };
        let Some(TableSampleQuantity {
            parenthesized: true,
            value,
            unit: None,
        }) = quantity
        else {
            return refuse("a quantity of TABLESAMPLE that is not PostgreSQL");
        };
        let mut exprs = vec![call(method, vec![self.expr(value)?])];
        if let Some(TableSampleSeed { modifier, value }) = seed {
            absent(
                matches!(modifier, TableSampleSeedModifier::Repeatable),
                "SEED is not PostgreSQL",
            )?;
            exprs.push(literal::value(value)?);
        }
        Ok(exprs)
    }

    /// The table of UPDATE, DELETE or MERGE, with its alias.
    pub(super) fn written_table(&self, table: &TableFactor) -> Lowered<(Path, Option<String>)> {
        match self.table_factor(table)? {
            FromItem::Relation {
                name,
                alias,
                sample,
            } => {
                absent(sample.is_empty(), "TABLESAMPLE of a table that is written")?;
                match alias {
                    None => Ok((name, None)),
                    Some(Alias {
                        name: alias,
                        columns,
                    }) => {
                        absent(
                            columns.is_empty(),
                            "column names of a table that is written",
                        )?;
                        Ok((name, Some(alias)))
                    }
                }
            }
            FromItem::Function { .. } | FromItem::Query { .. } | FromItem::Join { .. } => {
                refuse("a write to what is no table")
            }
        }
    }

    /// Names in a list that the form leaves out.
    pub(super) fn unused_names(&self, names: &[Ident]) -> Lowered<()> {
        self.names(names).map(|_| ())
    }
}

fn function(calls: Vec<Expr>, ordinality: bool, alias: Option<Alias>) -> FromItem {
    FromItem::Function {
        calls,
        ordinality,
        alias,
        columns: vec![],
    }
}
