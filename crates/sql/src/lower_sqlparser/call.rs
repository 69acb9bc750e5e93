//! Function calls.
//!
//! Owns: the lowering of `Function`, its arguments and its window. Refuses: clauses of other dialects.

use sqlparser::ast::{
    Expr as Sql, Function, FunctionArg, FunctionArgExpr, FunctionArgOperator,
    FunctionArgumentClause, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
    OrderByExpr, WindowFrame, WindowFrameBound, WindowSpec, WindowType,
};

use super::source::Source;
use super::{Lowered, absent, refuse};
use crate::form::{Call, Expr, Literal, Path};

/// Key words that are functions without brackets. Some may have a precision, which is left out.
const VALUES: &[&str] = &[
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
    "user",
];

impl Source<'_> {
    /// A call, and what sqlparser takes for one.
    pub(super) fn call(&self, function: &Function) -> Lowered<Expr> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        absent(!uses_odbc_syntax, "{fn …} is not PostgreSQL")?;
        absent(
            matches!(parameters, FunctionArguments::None),
            "a function with two lists is not PostgreSQL",
        )?;
        absent(null_treatment.is_none(), "IGNORE NULLS is not known here")?;
        let plain = within_group.is_empty() && filter.is_none() && over.is_none();
        if let Some(value) = VALUES.iter().find(|word| self.is_bare_word(name, word)) {
            absent(plain, "a key word as a function with clauses")?;
            return self.value_function(name, value, args);
        }
        let list = match args {
            FunctionArguments::None => return refuse("a function without brackets"),
            FunctionArguments::Subquery(query) if plain && self.is_bare_word(name, "array") => {
                return Ok(Expr::ArrayQuery(Box::new(self.query(query)?)));
            }
            FunctionArguments::Subquery(_) => {
                return refuse("a query as an argument is not PostgreSQL");
            }
            FunctionArguments::List(list) => list,
        };
        if plain && self.is_bare_word(name, "row") {
            return self.row(list);
        }
        if plain && self.is_bare_word(name, "normalize") {
            return self.normalize(list);
        }
        let name = self.function_name(name)?;
        let (args, mut extra) = self.argument_list(list)?;
        extra.extend(self.sort_keys(within_group)?);
        extra.extend(self.opt_expr(filter.as_deref())?);
        extra.extend(match over {
            Some(WindowType::WindowSpec(window)) => self.window(window)?,
            Some(WindowType::NamedWindow(window)) => {
                self.name(window)?;
                vec![]
            }
            None => vec![],
        });
        Ok(Expr::Call(Box::new(Call { name, args, extra })))
    }

    /// `CURRENT_DATE`, `CURRENT_TIMESTAMP(3)`, `current_schema()`.
    fn value_function(
        &self,
        name: &ObjectName,
        word: &str,
        args: &FunctionArguments,
    ) -> Lowered<Expr> {
        match args {
            FunctionArguments::None => {}
            FunctionArguments::Subquery(_) => {
                return refuse("a query as an argument is not PostgreSQL");
            }
            FunctionArguments::List(list) => {
                let (args, extra) = self.argument_list(list)?;
                let precision = args
                    .iter()
                    .all(|arg| matches!(arg, Expr::Literal(Literal::Integer(_))));
                absent(
                    precision && args.len() < 2 && extra.is_empty(),
                    "a key word as a function with arguments",
                )?;
            }
        }
        let _ = name;
        Ok(Expr::Call(Box::new(Call {
            name: vec![word.to_owned()],
            args: vec![],
            extra: vec![],
        })))
    }

    fn row(&self, list: &FunctionArgumentList) -> Lowered<Expr> {
        let (args, extra) = self.argument_list(list)?;
        absent(
            extra.is_empty() && list.duplicate_treatment.is_none(),
            "ROW with clauses",
        )?;
        Ok(Expr::Row(args))
    }

    /// `normalize(x, NFC)`: the form is a key word.
    fn normalize(&self, list: &FunctionArgumentList) -> Lowered<Expr> {
        let FunctionArgumentList {
            duplicate_treatment,
            args,
            clauses,
        } = list;
        absent(
            duplicate_treatment.is_none() && clauses.is_empty(),
            "NORMALIZE with clauses",
        )?;
        let is_form = |arg: &FunctionArg| {
            matches!(arg, FunctionArg::Unnamed(FunctionArgExpr::Expr(Sql::Identifier(Ident { value, quote_style: None, .. })))
                if matches!(value.to_ascii_lowercase().as_str(), "nfc" | "nfd" | "nfkc" | "nfkd"))
        };
        let args = match args.as_slice() {
            [first, form] if is_form(form) => self.arguments(std::slice::from_ref(first))?,
            all => self.arguments(all)?,
        };
        Ok(Expr::Call(Box::new(call_of(
            vec!["normalize".to_owned()],
            args,
        ))))
    }

    /// Arguments, and the expressions of the ORDER BY among them.
    pub(super) fn argument_list(
        &self,
        list: &FunctionArgumentList,
    ) -> Lowered<(Vec<Expr>, Vec<Expr>)> {
        let FunctionArgumentList {
            duplicate_treatment: _,
            args,
            clauses,
        } = list;
        let args = self.arguments(args)?;
        let mut extra = Vec::new();
        for clause in clauses {
            match clause {
                FunctionArgumentClause::OrderBy(keys) => extra.extend(self.sort_keys(keys)?),
                FunctionArgumentClause::JsonNullClause(_) => {}
                FunctionArgumentClause::IgnoreOrRespectNulls(_)
                | FunctionArgumentClause::Where(_)
                | FunctionArgumentClause::Limit(_)
                | FunctionArgumentClause::OnOverflow(_)
                | FunctionArgumentClause::Having(_)
                | FunctionArgumentClause::Separator(_)
                | FunctionArgumentClause::JsonReturningClause(_) => {
                    return refuse("a clause in a function's brackets that is not known here");
                }
            }
        }
        Ok((args, extra))
    }

    /// Arguments alone.
    pub(super) fn arguments(&self, args: &[FunctionArg]) -> Lowered<Vec<Expr>> {
        let mut lowered = Vec::new();
        for arg in args {
            match arg {
                FunctionArg::Named {
                    name,
                    arg,
                    operator,
                } => {
                    lowered.extend(self.named_key(name, operator)?);
                    lowered.extend(self.argument(arg)?);
                }
                FunctionArg::ExprNamed {
                    name,
                    arg,
                    operator: FunctionArgOperator::Colon | FunctionArgOperator::Value,
                } => {
                    lowered.push(self.expr(name)?);
                    lowered.extend(self.argument(arg)?);
                }
                // `f(a => 1)`, where sqlparser reads the name as an expression.
                FunctionArg::ExprNamed {
                    name: Sql::Identifier(name),
                    arg,
                    operator:
                        operator @ (FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment),
                } => {
                    lowered.extend(self.named_key(name, operator)?);
                    lowered.extend(self.argument(arg)?);
                }
                FunctionArg::ExprNamed {
                    name: _,
                    arg: _,
                    operator: _,
                } => {
                    return refuse("a named argument that is not PostgreSQL");
                }
                FunctionArg::Unnamed(arg) => lowered.extend(self.argument(arg)?),
            }
        }
        Ok(lowered)
    }

    /// The name in `name => value` is a label; in `key: value` it is a column.
    fn named_key(&self, name: &Ident, operator: &FunctionArgOperator) -> Lowered<Option<Expr>> {
        match operator {
            FunctionArgOperator::RightArrow | FunctionArgOperator::Assignment => {
                self.label(name)?;
                Ok(None)
            }
            FunctionArgOperator::Colon | FunctionArgOperator::Value => {
                Ok(Some(Expr::Column(vec![self.name(name)?])))
            }
            FunctionArgOperator::Equals | FunctionArgOperator::Space => {
                refuse("a named argument that is not PostgreSQL")
            }
        }
    }

    fn argument(&self, arg: &FunctionArgExpr) -> Lowered<Option<Expr>> {
        match arg {
            FunctionArgExpr::Expr(expr) => Ok(Some(self.expr(expr)?)),
            FunctionArgExpr::QualifiedWildcard(name) => Ok(Some(Expr::RowOf(self.path(name)?))),
            // `count(*)`
            FunctionArgExpr::Wildcard => Ok(None),
            FunctionArgExpr::WildcardWithOptions(_) => refuse("* with options is not PostgreSQL"),
        }
    }

    /// The expressions of an ORDER BY.
    pub(super) fn sort_keys(&self, keys: &[OrderByExpr]) -> Lowered<Vec<Expr>> {
        keys.iter()
            .map(
                |OrderByExpr {
                     expr,
                     options: _,
                     with_fill,
                 }| {
                    absent(with_fill.is_none(), "WITH FILL is not PostgreSQL")?;
                    self.expr(expr)
                },
            )
            .collect()
    }

    /// The expressions of a window.
    pub(super) fn window(&self, window: &WindowSpec) -> Lowered<Vec<Expr>> {
        let WindowSpec {
            window_name,
            partition_by,
            order_by,
            window_frame,
        } = window;
        if let Some(name) = window_name {
            self.name(name)?;
        }
        let mut exprs = self.exprs(partition_by)?;
        exprs.extend(self.sort_keys(order_by)?);
        if let Some(WindowFrame {
            units: _,
            start_bound,
            end_bound,
        }) = window_frame
        {
            exprs.extend(self.bound(start_bound)?);
            if let Some(end) = end_bound {
                exprs.extend(self.bound(end)?);
            }
        }
        Ok(exprs)
    }

    fn bound(&self, bound: &WindowFrameBound) -> Lowered<Option<Expr>> {
        match bound {
            WindowFrameBound::CurrentRow => Ok(None),
            WindowFrameBound::Preceding(expr) | WindowFrameBound::Following(expr) => {
                self.opt_expr(expr.as_deref())
            }
        }
    }
}

/// A call without clauses.
pub(super) fn call_of(name: Path, args: Vec<Expr>) -> Call {
    Call {
        name,
        args,
        extra: vec![],
    }
}
