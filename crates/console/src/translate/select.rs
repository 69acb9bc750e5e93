//! One SELECT, and where a verb may act.
//!
//! Owns: the one place where a verb that acts is accepted: as a whole item of the outermost SELECT list, where that
//! SELECT neither groups, nor removes duplicates, nor is part of a set operation. Its arguments become columns of the
//! engine's query; the verb itself never reaches the engine. So it is asked exactly once for each row that comes back,
//! after WHERE, ORDER BY and LIMIT have had their say, and never while a statement is prepared or described. Refuses:
//! verbs elsewhere, and clauses of other dialects.

use sqlparser::ast::{
    self, Distinct, Expr, GroupByExpr, OrderByExpr, Select, SelectItem,
    SelectItemQualifiedWildcardKind,
};

use super::query::{Translated, direction, named_output, output};
use super::{Ex, Output, Scope, Source, Translator, fold, parts, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;
use crate::verb::Verb;

/// An item of a select list.
enum Item {
    Value(Ex),
    Act(Verb, Vec<Ex>, String),
}

impl Translator<'_> {
    pub(super) fn select(
        &mut self,
        select: &Select,
        orders: &[OrderByExpr],
        outer: Option<&Scope<'_>>,
        acts: Option<&mut Vec<Output>>,
    ) -> Result<Translated, Refusal> {
        plain(select)?;
        let mut scope = Scope::within(outer);
        let from = self.from(&select.from, &mut scope)?;
        let distinct = match &select.distinct {
            None | Some(Distinct::All) => false,
            Some(Distinct::Distinct) => true,
            Some(Distinct::On(_)) => {
                return Err(unsupported("DISTINCT ON: use row_number() OVER (…)"));
            }
        };
        let groups = match &select.group_by {
            GroupByExpr::Expressions(list, modifiers) if modifiers.is_empty() => list.as_slice(),
            _ => return Err(unsupported("this GROUP BY")),
        };
        let may_act = acts.is_some() && !distinct && groups.is_empty() && select.having.is_none();
        let items = self.items(&select.projection, &scope, may_act)?;
        // The engine's columns: values, and the arguments of verbs.
        let mut columns: Vec<Ex> = Vec::new();
        let mut outputs: Vec<Output> = Vec::new();
        let mut acting = false;
        for item in items {
            match item {
                Item::Value(ex) => {
                    outputs.push(output(&ex, columns.len()));
                    columns.push(ex);
                }
                Item::Act(verb, arguments, name) => {
                    acting = true;
                    let first = columns.len();
                    columns.extend(arguments);
                    outputs.push(Output {
                        name,
                        ty: verb.result(),
                        origin: (0, 0),
                        source: Source::Act(verb, (first..columns.len()).collect()),
                    });
                }
            }
        }
        if acting && columns.is_empty() {
            // A verb without arguments: the engine still says how many rows there are.
            columns.push(Ex::new("1", Ty::Int8, ""));
        }
        let list: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(i, ex)| format!("{} AS c{}", ex.sql, i + 1))
            .collect();
        let mut sql = format!(
            "SELECT {}{}",
            if distinct { "DISTINCT " } else { "" },
            list.join(", ")
        );
        sql.push_str(&from);
        if let Some(condition) = &select.selection {
            let condition = self.boolean(condition, &scope, "WHERE")?;
            sql.push_str(&format!(" WHERE {condition}"));
        }
        sql.push_str(&self.groups(groups, &scope, &outputs)?);
        if let Some(condition) = &select.having {
            let condition = self.boolean(condition, &scope, "HAVING")?;
            sql.push_str(&format!(" HAVING {condition}"));
        }
        sql.push_str(&self.windows(&select.named_window, &scope)?);
        sql.push_str(&self.order(orders, &scope, &outputs)?);
        if acting && let Some(acts) = acts {
            *acts = outputs;
        }
        Ok((sql, columns))
    }

    /// The select list. A verb is accepted only where `may_act`.
    fn items(
        &mut self,
        list: &[SelectItem],
        scope: &Scope<'_>,
        may_act: bool,
    ) -> Result<Vec<Item>, Refusal> {
        let mut items = Vec::new();
        for item in list {
            match item {
                SelectItem::UnnamedExpr(expr) => match self.act(expr, scope, may_act)? {
                    Some((verb, arguments)) => {
                        items.push(Item::Act(verb, arguments, verb.name().to_owned()))
                    }
                    None => items.push(Item::Value(self.expr(expr, scope)?)),
                },
                SelectItem::ExprWithAlias { expr, alias } => {
                    match self.act(expr, scope, may_act)? {
                        Some((verb, arguments)) => {
                            items.push(Item::Act(verb, arguments, fold(alias)))
                        }
                        None => {
                            let mut ex = self.expr(expr, scope)?;
                            ex.name = fold(alias);
                            items.push(Item::Value(ex));
                        }
                    }
                }
                SelectItem::Wildcard(options) => {
                    plain_star(options)?;
                    if scope.items.is_empty() {
                        return Err(Refusal::new(
                            "42601",
                            "SELECT * with no tables specified is not valid",
                        ));
                    }
                    items.extend(scope.star().into_iter().map(Item::Value));
                }
                SelectItem::QualifiedWildcard(
                    SelectItemQualifiedWildcardKind::ObjectName(name),
                    options,
                ) => {
                    plain_star(options)?;
                    let name = parts(name)?.pop().unwrap_or_default();
                    let item = scope.item(&name).ok_or_else(|| {
                        Refusal::new(
                            "42P01",
                            format!("missing FROM-clause entry for table \"{name}\""),
                        )
                    })?;
                    items.extend(item.columns.iter().map(|c| Item::Value(c.ex())));
                }
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::Expr(_), _) => {
                    return Err(unsupported("(expression).*"));
                }
                SelectItem::ExprWithAliases { .. } => return Err(unsupported("several aliases")),
            }
        }
        Ok(items)
    }

    /// The verb of a select item that is a call of one, with its arguments.
    fn act(
        &mut self,
        expr: &Expr,
        scope: &Scope<'_>,
        may_act: bool,
    ) -> Result<Option<(Verb, Vec<Ex>)>, Refusal> {
        let Expr::Function(function) = expr else {
            return Ok(None);
        };
        let Some(verb) = super::call::verb_of(function)? else {
            return Ok(None);
        };
        if !may_act {
            return Err(super::call::misplaced(verb));
        }
        let given = self.plain_arguments(function, scope)?;
        let wanted = verb.arguments();
        let required = wanted.iter().filter(|(.., optional)| !optional).count();
        if given.len() > wanted.len() || given.len() < required {
            let types: Vec<_> = given.iter().map(|e| e.ty.name()).collect();
            return Err(Refusal::new(
                "42883",
                format!(
                    "function {}({}) does not exist",
                    verb.name(),
                    types.join(", ")
                ),
            ));
        }
        let arguments = given
            .into_iter()
            .zip(wanted)
            .map(|(ex, (_, ty, _))| self.coerce(ex, *ty))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((verb, arguments)))
    }

    fn groups(
        &mut self,
        list: &[Expr],
        scope: &Scope<'_>,
        outputs: &[Output],
    ) -> Result<String, Refusal> {
        let mut out = Vec::new();
        for expr in list {
            out.push(match expr {
                Expr::Value(_) => self.position(expr, outputs, "GROUP BY")?,
                // An input column first, then an alias of the select list (manual, "GROUP BY Clause").
                Expr::Identifier(ident) if scope.here(&fold(ident))?.is_none() => {
                    match named_output(outputs, &fold(ident)) {
                        Some(position) => position,
                        None => self.expr(expr, scope)?.sql,
                    }
                }
                _ => self.expr(expr, scope)?.sql,
            });
        }
        Ok(if out.is_empty() {
            String::new()
        } else {
            format!(" GROUP BY {}", out.join(", "))
        })
    }

    /// ORDER BY of a SELECT: a position, an alias of the select list, or an expression over FROM.
    fn order(
        &mut self,
        list: &[OrderByExpr],
        scope: &Scope<'_>,
        outputs: &[Output],
    ) -> Result<String, Refusal> {
        let mut out = Vec::new();
        for item in list {
            let key = match &item.expr {
                Expr::Value(_) => self.position(&item.expr, outputs, "ORDER BY")?,
                Expr::Identifier(ident) => match named_output(outputs, &fold(ident)) {
                    Some(position) => position,
                    None => self.expr(&item.expr, scope)?.sql,
                },
                other => self.expr(other, scope)?.sql,
            };
            out.push(format!("{key}{}", direction(item)?));
        }
        Ok(if out.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", out.join(", "))
        })
    }
}

fn plain_star(options: &ast::WildcardAdditionalOptions) -> Result<(), Refusal> {
    if options.opt_ilike.is_some()
        || options.opt_exclude.is_some()
        || options.opt_except.is_some()
        || options.opt_replace.is_some()
        || options.opt_rename.is_some()
        || options.opt_alias.is_some()
    {
        return Err(unsupported("options of *"));
    }
    Ok(())
}

/// Refuses the clauses that other dialects know.
fn plain(select: &Select) -> Result<(), Refusal> {
    if select.into.is_some() {
        return Err(Refusal::new(
            "25006",
            "the console's relations are read-only: SELECT INTO makes none",
        ));
    }
    if select.top.is_some()
        || select.select_modifiers.is_some()
        || select.exclude.is_some()
        || !select.lateral_views.is_empty()
        || select.prewhere.is_some()
        || !select.connect_by.is_empty()
        || !select.cluster_by.is_empty()
        || !select.distribute_by.is_empty()
        || !select.sort_by.is_empty()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
    {
        return Err(unsupported("this clause"));
    }
    if select.projection.is_empty() {
        return Err(unsupported("a SELECT without columns"));
    }
    Ok(())
}
