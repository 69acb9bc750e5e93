//! SELECT.
//!
//! Owns: the lowering of a select list, INTO, GROUP BY and WINDOW. Refuses: clauses of other dialects.

use sqlparser::ast::{
    Distinct as SqlDistinct, Expr as Sql, GroupByExpr, NamedWindowDefinition, NamedWindowExpr,
    Select as SqlSelect, SelectFlavor, SelectInto as SqlInto, SelectItem,
    SelectItemQualifiedWildcardKind, WildcardAdditionalOptions,
};

use super::expression::bare;
use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Distinct, Expr, Path, Select, SelectInto, Target};

impl Source<'_> {
    pub(super) fn select(&self, select: &SqlSelect) -> Lowered<Select> {
        let SqlSelect {
            select_token: _,
            // Comments, whatever they say.
            optimizer_hints: _,
            distinct,
            select_modifiers,
            top,
            top_before_distinct: _,
            projection,
            exclude,
            into,
            from,
            lateral_views,
            prewhere,
            selection,
            connect_by,
            group_by,
            cluster_by,
            distribute_by,
            sort_by,
            having,
            named_window,
            qualify,
            window_before_qualify: _,
            value_table_mode,
            flavor,
        } = select;
        absent(
            select_modifiers.is_none() && top.is_none(),
            "TOP and modifiers of SELECT are not PostgreSQL",
        )?;
        absent(
            exclude.is_none() && prewhere.is_none() && qualify.is_none(),
            "EXCLUDE, PREWHERE, QUALIFY",
        )?;
        absent(
            lateral_views.is_empty() && connect_by.is_empty(),
            "LATERAL VIEW and CONNECT BY",
        )?;
        absent(
            cluster_by.is_empty() && distribute_by.is_empty() && sort_by.is_empty(),
            "CLUSTER, DISTRIBUTE, SORT BY",
        )?;
        absent(value_table_mode.is_none(), "AS STRUCT is not PostgreSQL")?;
        absent(
            matches!(flavor, SelectFlavor::Standard),
            "FROM before SELECT is not PostgreSQL",
        )?;
        let distinct = match distinct {
            None | Some(SqlDistinct::All) => Distinct::No,
            Some(SqlDistinct::Distinct) => Distinct::Yes,
            Some(SqlDistinct::On(exprs)) => Distinct::On(self.exprs(exprs)?),
        };
        Ok(Select {
            distinct,
            targets: self.targets(projection)?,
            into: into.as_ref().map(|into| self.into(into)).transpose()?,
            from: self.items(from)?,
            filter: self.opt_expr(selection.as_ref())?,
            group_by: self.group_by(group_by)?,
            having: self.opt_expr(having.as_ref())?,
            windows: self.windows(named_window)?,
        })
    }

    /// A select list, or RETURNING.
    pub(super) fn targets(&self, items: &[SelectItem]) -> Lowered<Vec<Target>> {
        items
            .iter()
            .map(|item| {
                Ok(match item {
                    SelectItem::UnnamedExpr(expr) => Target::Expr(self.expr(expr)?, None),
                    SelectItem::ExprWithAlias { expr, alias } => {
                        Target::Expr(self.expr(expr)?, Some(self.target_alias(alias)?))
                    }
                    SelectItem::ExprWithAliases {
                        expr: _,
                        aliases: _,
                    } => {
                        return refuse("several aliases are not PostgreSQL");
                    }
                    SelectItem::QualifiedWildcard(kind, options) => {
                        no_options(options)?;
                        match kind {
                            SelectItemQualifiedWildcardKind::ObjectName(name) => {
                                Target::Star(self.path(name)?)
                            }
                            SelectItemQualifiedWildcardKind::Expr(expr) => {
                                Target::Expr(Expr::Field(Box::new(self.expr(expr)?), None), None)
                            }
                        }
                    }
                    SelectItem::Wildcard(options) => {
                        no_options(options)?;
                        Target::Star(vec![])
                    }
                })
            })
            .collect()
    }

    pub(super) fn into(&self, into: &SqlInto) -> Lowered<SelectInto> {
        let SqlInto {
            temporary,
            unlogged: _,
            table: _,
            targets,
        } = into;
        let name: Path = match targets.as_slice() {
            [Sql::Identifier(name)] => vec![self.name(name)?],
            [Sql::CompoundIdentifier(parts)] => self.path_of(&parts.iter().collect::<Vec<_>>())?,
            _ => return refuse("INTO of what is no name"),
        };
        Ok(SelectInto {
            name,
            temporary: *temporary,
        })
    }

    pub(super) fn group_by(&self, group_by: &GroupByExpr) -> Lowered<Vec<Expr>> {
        let GroupByExpr::Expressions(exprs, modifiers) = group_by else {
            return refuse("GROUP BY ALL is not PostgreSQL");
        };
        absent(
            modifiers.is_empty(),
            "modifiers of GROUP BY are not PostgreSQL",
        )?;
        let mut flat = Vec::new();
        for expr in exprs {
            self.group_key(expr, &mut flat)?;
        }
        Ok(flat)
    }

    pub(super) fn group_key(&self, expr: &Sql, flat: &mut Vec<Expr>) -> Lowered<()> {
        match bare(expr) {
            Sql::Tuple(items) => {
                for item in items {
                    self.group_key(item, flat)?;
                }
            }
            Sql::GroupingSets(sets) | Sql::Cube(sets) | Sql::Rollup(sets) => {
                for item in sets.iter().flatten() {
                    self.group_key(item, flat)?;
                }
            }
            // Within GROUPING SETS sqlparser does not know them.
            Sql::Function(function)
                if self.is_bare_word(&function.name, "rollup")
                    || self.is_bare_word(&function.name, "cube") =>
            {
                return refuse("ROLLUP or CUBE read as a function");
            }
            other => flat.push(self.expr(other)?),
        }
        Ok(())
    }

    pub(super) fn windows(&self, windows: &[NamedWindowDefinition]) -> Lowered<Vec<Expr>> {
        let mut exprs = Vec::new();
        for NamedWindowDefinition(name, window) in windows {
            self.name(name)?;
            match window {
                NamedWindowExpr::WindowSpec(window) => exprs.extend(self.window(window)?),
                NamedWindowExpr::NamedWindow(_) => {
                    return refuse("a window that is another's name is not PostgreSQL");
                }
            }
        }
        Ok(exprs)
    }
}

/// `*` alone.
fn no_options(options: &WildcardAdditionalOptions) -> Lowered<()> {
    match options {
        WildcardAdditionalOptions {
            wildcard_token: _,
            opt_ilike: None,
            opt_exclude: None,
            opt_except: None,
            opt_replace: None,
            opt_rename: None,
            opt_alias: None,
        } => Ok(()),
        WildcardAdditionalOptions { .. } => refuse("* with options is not PostgreSQL"),
    }
}
