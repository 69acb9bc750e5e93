//! FROM: relations, common table expressions, subqueries, functions that return rows, joins.
//!
//! Owns: what brings columns into scope. Refuses: LATERAL subqueries, NATURAL joins, samples.

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, JoinConstraint, JoinOperator, TableAlias, TableFactor,
    TableWithJoins,
};

use super::scope::{Item, Visible};
use super::{Ex, ReplayOf, Scope, Translator, Wanted, fold, parts, quote, unsupported};
use crate::cell::{Cell, Ty};
use crate::desk::Refusal;
use crate::relation::{self, Schema};
use crate::verb::Verb;

impl Translator<'_> {
    /// The whole clause, ` FROM …` or nothing.
    pub(crate) fn from(
        &mut self,
        list: &[TableWithJoins],
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let mut pieces = Vec::new();
        for item in list {
            pieces.push(self.joined(item, scope)?);
        }
        Ok(match pieces.len() {
            0 => String::new(),
            1 => format!(" FROM {}", pieces.join("")),
            // A comma binds less than JOIN in PostgreSQL, the same in SQLite: parentheses keep it so.
            _ => {
                let pieces: Vec<String> = pieces
                    .into_iter()
                    .zip(list)
                    .map(|(sql, item)| {
                        if item.joins.is_empty() {
                            sql
                        } else {
                            format!("({sql})")
                        }
                    })
                    .collect();
                format!(" FROM {}", pieces.join(" CROSS JOIN "))
            }
        })
    }

    fn joined(&mut self, item: &TableWithJoins, scope: &mut Scope<'_>) -> Result<String, Refusal> {
        let mut sql = self.factor(&item.relation, scope)?;
        for join in &item.joins {
            if join.global {
                return Err(unsupported("GLOBAL JOIN"));
            }
            let before = scope.items.len();
            let right = self.factor(&join.relation, scope)?;
            let (word, constraint) = match &join.join_operator {
                JoinOperator::Join(c) | JoinOperator::Inner(c) => ("JOIN", c),
                JoinOperator::Left(c) | JoinOperator::LeftOuter(c) => ("LEFT JOIN", c),
                JoinOperator::Right(c) | JoinOperator::RightOuter(c) => ("RIGHT JOIN", c),
                JoinOperator::FullOuter(c) => ("FULL JOIN", c),
                JoinOperator::CrossJoin(c) => ("CROSS JOIN", c),
                _ => return Err(unsupported("this kind of join")),
            };
            let on = match constraint {
                JoinConstraint::None => String::new(),
                JoinConstraint::On(condition) => {
                    format!(" ON {}", self.boolean(condition, scope, "JOIN/ON")?)
                }
                JoinConstraint::Using(names) => {
                    let names = names
                        .iter()
                        .map(|n| parts(n).map(|mut p| p.pop().unwrap_or_default()))
                        .collect::<Result<Vec<_>, _>>()?;
                    format!(" ON {}", self.using(&names, before, scope)?)
                }
                JoinConstraint::Natural => return Err(unsupported("NATURAL JOIN: use USING")),
            };
            sql.push_str(&format!(" {word} {right}{on}"));
        }
        Ok(sql)
    }

    /// USING: equal columns of both sides, merged into one.
    fn using(
        &mut self,
        names: &[String],
        before: usize,
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let mut conditions = Vec::new();
        for name in names {
            let missing = || {
                Refusal::new(
                    "42703",
                    format!("column \"{name}\" specified in USING clause does not exist"),
                )
            };
            let find = |items: &[Item]| {
                items
                    .iter()
                    .flat_map(|i| &i.columns)
                    .find(|c| &c.name == name && !c.merged)
                    .cloned()
            };
            let left = scope
                .joined
                .iter()
                .find(|c| &c.name == name)
                .cloned()
                .or_else(|| find(scope.items.get(..before).unwrap_or(&[])))
                .ok_or_else(missing)?;
            let right = find(scope.items.get(before..).unwrap_or(&[])).ok_or_else(missing)?;
            let condition = self.compare("=", left.ex(), right.ex())?;
            conditions.push(condition.sql);
            for column in scope.items.iter_mut().flat_map(|i| &mut i.columns) {
                if &column.name == name {
                    column.merged = true;
                }
            }
            scope.joined.retain(|c| &c.name != name);
            scope.joined.push(Visible {
                name: name.clone(),
                sql: format!("coalesce({}, {})", left.sql, right.sql),
                ty: left.ty,
                origin: (0, 0),
                merged: false,
            });
        }
        Ok(conditions.join(" AND "))
    }

    fn factor(&mut self, factor: &TableFactor, scope: &mut Scope<'_>) -> Result<String, Refusal> {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args: None,
                with_hints,
                version: None,
                with_ordinality: false,
                partitions,
                json_path: None,
                sample: None,
                index_hints,
            } if with_hints.is_empty() && partitions.is_empty() && index_hints.is_empty() => {
                self.relation(&parts(name)?, alias.as_ref(), scope)
            }
            TableFactor::Table {
                name,
                alias,
                args: Some(args),
                with_ordinality: false,
                sample: None,
                version: None,
                ..
            } => self.rows_of(&parts(name)?, &args.args, alias.as_ref(), scope),
            TableFactor::Function {
                lateral: _,
                name,
                args,
                with_ordinality: false,
                alias,
            } => self.rows_of(&parts(name)?, args, alias.as_ref(), scope),
            TableFactor::Derived {
                lateral: false,
                subquery,
                alias,
                sample: None,
            } => {
                // A subquery in FROM does not see its neighbours, only what is around the whole query.
                let (sql, columns) = self.query(subquery, scope.outer, None)?;
                let (name, renamed) = self.alias(alias.as_ref(), "subquery", scope);
                let columns = super::query::named(&columns, &renamed)?;
                scope.add(numbered(&name, columns))?;
                Ok(format!("({sql}) AS {}", quote(&name)))
            }
            TableFactor::NestedJoin {
                table_with_joins,
                alias: None,
            } => Ok(format!("({})", self.joined(table_with_joins, scope)?)),
            TableFactor::Derived { lateral: true, .. } => Err(unsupported("LATERAL")),
            TableFactor::UNNEST {
                alias,
                array_exprs,
                with_offset: false,
                with_offset_alias: None,
                with_ordinality: false,
            } => self.rows_from(
                "unnest",
                &array_exprs.iter().collect::<Vec<_>>(),
                alias.as_ref(),
                scope,
            ),
            _ => Err(unsupported("this item of FROM")),
        }
    }

    /// The alias, or a name that nothing else has.
    fn alias(
        &self,
        alias: Option<&TableAlias>,
        default: &str,
        scope: &Scope<'_>,
    ) -> (String, Vec<String>) {
        match alias {
            Some(a) => (
                fold(&a.name),
                a.columns.iter().map(|c| fold(&c.name)).collect(),
            ),
            None if default == "subquery" => {
                (format!("subquery {}", scope.items.len()), Vec::new())
            }
            None => (default.to_owned(), Vec::new()),
        }
    }

    fn relation(
        &mut self,
        name: &[String],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let (schema, plain) = match name {
            [plain] => (None, plain.as_str()),
            [schema, plain] => (Some(schema.as_str()), plain.as_str()),
            [database, schema, plain] if database == "tollgate" => {
                (Some(schema.as_str()), plain.as_str())
            }
            _ => return Err(unsupported(format!("the name {}", name.join(".")))),
        };
        let (shown, renamed) = self.alias(alias, plain, scope);
        if schema.is_none()
            && let Some(cte) = self.ctes.iter().rev().find(|c| c.name == plain)
        {
            let table = quote(&format!("cte:{}", cte.name));
            let columns: Vec<Ex> = cte
                .columns
                .iter()
                .map(|(n, ty)| Ex::new("", *ty, n))
                .collect();
            let columns = super::query::named(&columns, &renamed)?;
            scope.add(numbered(&shown, columns))?;
            return Ok(format!("{table} AS {}", quote(&shown)));
        }
        let found = relation::find(schema, plain).ok_or_else(|| {
            Refusal::new(
                "42P01",
                format!("relation \"{}\" does not exist", name.join(".")),
            )
        })?;
        self.want(Wanted::Relation(found.oid));
        if renamed.len() > found.columns.len() {
            return Err(Refusal::new("42P10", "more column aliases than columns"));
        }
        let oid = if found.schema == Schema::Public {
            found.oid
        } else {
            0
        };
        scope.add(Item::new(
            &shown,
            found.columns.iter().enumerate().map(|(i, c)| {
                let name = renamed.get(i).map_or(c.name, String::as_str);
                let position = i16::try_from(i + 1).unwrap_or(0);
                (
                    name.to_owned(),
                    c.name.to_owned(),
                    c.ty,
                    (oid, if oid == 0 { 0 } else { position }),
                )
            }),
        ))?;
        Ok(format!("{} AS {}", quote(&found.table()), quote(&shown)))
    }

    /// A function in FROM.
    fn rows_of(
        &mut self,
        name: &[String],
        args: &[FunctionArg],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let plain = name.last().map_or("", String::as_str);
        if let Some(verb) = Verb::named(plain) {
            return Err(super::call::misplaced(verb));
        }
        let args = args
            .iter()
            .map(|a| match a {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => Ok(e),
                _ => Err(unsupported("named arguments")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if plain == "replay" {
            return self.replay(&args, alias, scope);
        }
        self.rows_from(plain, &args, alias, scope)
    }

    /// The functions that return rows, but for `replay`.
    fn rows_from(
        &mut self,
        plain: &str,
        args: &[&Expr],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let (shown, renamed) = self.alias(alias, plain, scope);
        let column = renamed.first().cloned().unwrap_or_else(|| shown.clone());
        let exs = args
            .iter()
            .map(|e| self.expr(e, scope))
            .collect::<Result<Vec<_>, _>>()?;
        let (list, ty) = match (plain, exs.as_slice()) {
            ("unnest", [array]) => {
                let array = if array.ty == Ty::Unknown {
                    self.coerce(array.clone(), Ty::TextArray)?
                } else {
                    array.clone()
                };
                let ty = match array.ty {
                    Ty::TextArray => Ty::Text,
                    Ty::Int8Array => Ty::Int8,
                    _ => return Err(Refusal::new("42883", "unnest wants an array")),
                };
                (array.sql, ty)
            }
            ("generate_series", [from, to]) => {
                let (from, to) = (
                    self.coerce(from.clone(), Ty::Int8)?,
                    self.coerce(to.clone(), Ty::Int8)?,
                );
                (format!("tg_series({}, {}, 1)", from.sql, to.sql), Ty::Int8)
            }
            ("generate_series", [from, to, step]) if from.ty == Ty::Timestamptz => {
                let (to, step) = (
                    self.coerce(to.clone(), Ty::Timestamptz)?,
                    self.coerce(step.clone(), Ty::Interval)?,
                );
                (
                    format!("tg_series({}, {}, {})", from.sql, to.sql, step.sql),
                    Ty::Timestamptz,
                )
            }
            ("generate_series", [from, to, step]) => {
                let (from, to) = (
                    self.coerce(from.clone(), Ty::Int8)?,
                    self.coerce(to.clone(), Ty::Int8)?,
                );
                let step = self.coerce(step.clone(), Ty::Int8)?;
                (
                    format!("tg_series({}, {}, {})", from.sql, to.sql, step.sql),
                    Ty::Int8,
                )
            }
            _ => return Err(unsupported(format!("function {plain} in FROM"))),
        };
        scope.add(Item::new(
            &shown,
            [(column, "value".to_owned(), ty, (0, 0))],
        ))?;
        Ok(format!("json_each({list}) AS {}", quote(&shown)))
    }

    /// `replay(7)`: its argument must be known before the query runs.
    fn replay(
        &mut self,
        args: &[&Expr],
        alias: Option<&TableAlias>,
        scope: &mut Scope<'_>,
    ) -> Result<String, Refusal> {
        let [session] = args else {
            return Err(Refusal::new("42883", "replay wants one session: replay(7)"));
        };
        let nothing = Scope::default();
        let ex = self.expr(session, &nothing)?;
        let parameter = ex.parameter;
        let ex = self.coerce(ex, Ty::Int8)?;
        let of =
            match parameter {
                Some(at) => ReplayOf::Parameter(at),
                None => ReplayOf::Session(constant(&ex).ok_or_else(|| {
                    Refusal::new("0A000", "replay wants a constant or a parameter")
                })?),
            };
        self.replays += 1;
        let table = format!("replay.{}", self.replays);
        self.want(Wanted::Replay(table.clone(), of));
        let (shown, renamed) = self.alias(alias, "replay", scope);
        scope.add(Item::new(
            &shown,
            relation::replay().columns.iter().enumerate().map(|(i, c)| {
                let name = renamed.get(i).map_or(c.name, String::as_str);
                (name.to_owned(), c.name.to_owned(), c.ty, (0, 0))
            }),
        ))?;
        Ok(format!("{} AS {}", quote(&table), quote(&shown)))
    }
}

/// The number that a translated constant stands for.
fn constant(ex: &Ex) -> Option<u64> {
    match &ex.literal {
        Some(Cell::Int(v)) => u64::try_from(*v).ok(),
        Some(Cell::Text(s)) => s.trim().parse().ok(),
        Some(Cell::Real(_) | Cell::Null) | None => None,
    }
}

/// An item whose columns are `c1`, `c2` … in the engine.
fn numbered(alias: &str, columns: Vec<(String, Ty)>) -> Item {
    Item::new(
        alias,
        columns
            .into_iter()
            .enumerate()
            .map(|(i, (name, ty))| (name, format!("c{}", i + 1), ty, (0, 0))),
    )
}
