//! Aggregates, window functions, FILTER and OVER.
//!
//! Owns: which aggregates there are and what they are in the query engine. Refuses: WITHIN GROUP, and IGNORE NULLS.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, NamedWindowDefinition, NamedWindowExpr, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec, WindowType,
};

use super::call::{json_value, missing};
use super::query::direction;
use super::{Ex, Scope, Translator, fold, quote, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;

impl Translator<'_> {
    /// An aggregate, alone or over a window; None where the name is none.
    pub(super) fn aggregate(
        &mut self,
        name: &str,
        function: &Function,
        scope: &Scope<'_>,
    ) -> Result<Option<Ex>, Refusal> {
        let known = [
            "count",
            "sum",
            "min",
            "max",
            "avg",
            "string_agg",
            "array_agg",
            "json_agg",
            "jsonb_agg",
            "bool_and",
            "bool_or",
            "every",
        ];
        if !known.contains(&name) {
            return Ok(None);
        }
        if !function.within_group.is_empty() || function.null_treatment.is_some() {
            return Err(unsupported("WITHIN GROUP"));
        }
        let FunctionArguments::List(list) = &function.args else {
            return Err(missing(name, &[]));
        };
        let distinct = match list.duplicate_treatment {
            Some(DuplicateTreatment::Distinct) => "DISTINCT ",
            Some(DuplicateTreatment::All) | None => "",
        };
        let mut order = String::new();
        for clause in &list.clauses {
            let FunctionArgumentClause::OrderBy(keys) = clause else {
                return Err(unsupported("this clause in an aggregate"));
            };
            let mut out = Vec::new();
            for key in keys {
                out.push(format!(
                    "{}{}",
                    self.expr(&key.expr, scope)?.sql,
                    direction(key)?
                ));
            }
            order = format!(" ORDER BY {}", out.join(", "));
        }
        let tail = self.tail(function, scope)?;
        if let ("count", [FunctionArg::Unnamed(FunctionArgExpr::Wildcard)]) =
            (name, list.args.as_slice())
        {
            return Ok(Some(Ex::new(format!("count(*){tail}"), Ty::Int8, name)));
        }
        let mut given = list
            .args
            .iter()
            .map(|a| self.argument(a, scope))
            .collect::<Result<Vec<_>, _>>()?;
        if given.is_empty() || given.len() > 2 || (given.len() == 2 && name != "string_agg") {
            return Err(missing(name, &given));
        }
        let second = if given.len() == 2 { given.pop() } else { None };
        let ex = given.remove(0);
        let (call, ty) = match (name, ex.ty) {
            ("count", _) => (format!("count({distinct}{}", ex.sql), Ty::Int8),
            ("sum", ty) if ty.is_integer() => (format!("sum({distinct}{}", ex.sql), Ty::Int8),
            ("sum", ty @ (Ty::Float8 | Ty::Interval)) => (format!("sum({distinct}{}", ex.sql), ty),
            ("avg", ty) if ty.is_number() => (format!("avg({distinct}{}", ex.sql), Ty::Float8),
            ("avg", Ty::Interval) => (format!("avg({distinct}{}", ex.sql), Ty::Interval),
            ("min" | "max", ty) if ty != Ty::Bool && !ty.is_array() => {
                (format!("{name}({distinct}{}", ex.sql), ty)
            }
            ("bool_and" | "every", Ty::Bool) => (format!("min({}", ex.sql), Ty::Bool),
            ("bool_or", Ty::Bool) => (format!("max({}", ex.sql), Ty::Bool),
            ("array_agg", ty) if ty.is_integer() => (
                format!("json_group_array({distinct}{}", ex.sql),
                Ty::Int8Array,
            ),
            ("array_agg", _) => {
                let ex = self.as_text(ex)?;
                (
                    format!("json_group_array({distinct}{}", ex.sql),
                    Ty::TextArray,
                )
            }
            ("json_agg" | "jsonb_agg", _) => (
                format!("json_group_array({distinct}{}", json_value(&ex)),
                Ty::Json,
            ),
            ("string_agg", ty) if ty.is_text() => {
                let ex = self.coerce(ex, Ty::Text)?;
                let Some(by) = second else {
                    return Err(missing(name, &[ex]));
                };
                let by = self.coerce(by, Ty::Text)?;
                if !distinct.is_empty() {
                    return Err(unsupported("string_agg(DISTINCT …)"));
                }
                (format!("group_concat({}, {}", ex.sql, by.sql), Ty::Text)
            }
            _ => return Err(missing(name, &[ex])),
        };
        Ok(Some(Ex::new(format!("{call}{order}){tail}"), ty, name)))
    }

    pub(super) fn window_function(
        &mut self,
        name: &str,
        most: usize,
        ty: Ty,
        function: &Function,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        if function.over.is_none() {
            return Err(Refusal::new(
                "42809",
                format!("window function {name} requires an OVER clause"),
            ));
        }
        let FunctionArguments::List(list) = &function.args else {
            return Err(missing(name, &[]));
        };
        if list.duplicate_treatment.is_some()
            || !list.clauses.is_empty()
            || function.null_treatment.is_some()
        {
            return Err(unsupported("this clause in a window function"));
        }
        let given = list
            .args
            .iter()
            .map(|a| self.argument(a, scope))
            .collect::<Result<Vec<_>, _>>()?;
        if given.len() > most || (most > 0 && given.is_empty()) {
            return Err(missing(name, &given));
        }
        let ty = match (ty, given.first()) {
            (Ty::Unknown, Some(first)) => first.ty,
            (ty, _) => ty,
        };
        let list: Vec<&str> = given.iter().map(|e| e.sql.as_str()).collect();
        let tail = self.tail(function, scope)?;
        Ok(Ex::new(
            format!("{name}({}){tail}", list.join(", ")),
            ty,
            name,
        ))
    }

    /// FILTER and OVER.
    fn tail(&mut self, function: &Function, scope: &Scope<'_>) -> Result<String, Refusal> {
        let mut out = String::new();
        if let Some(condition) = &function.filter {
            out.push_str(&format!(
                " FILTER (WHERE {})",
                self.boolean(condition, scope, "FILTER")?
            ));
        }
        match &function.over {
            None => {}
            Some(WindowType::NamedWindow(name)) => {
                out.push_str(&format!(" OVER {}", quote(&fold(name))))
            }
            Some(WindowType::WindowSpec(spec)) => {
                out.push_str(&format!(" OVER ({})", self.window(spec, scope)?))
            }
        }
        Ok(out)
    }

    /// WINDOW w AS (…).
    pub(crate) fn windows(
        &mut self,
        list: &[NamedWindowDefinition],
        scope: &Scope<'_>,
    ) -> Result<String, Refusal> {
        let mut out = Vec::new();
        for NamedWindowDefinition(name, window) in list {
            out.push(match window {
                NamedWindowExpr::WindowSpec(spec) => {
                    format!("{} AS ({})", quote(&fold(name)), self.window(spec, scope)?)
                }
                NamedWindowExpr::NamedWindow(_) => {
                    return Err(unsupported("a window that is another's name"));
                }
            });
        }
        Ok(if out.is_empty() {
            String::new()
        } else {
            format!(" WINDOW {}", out.join(", "))
        })
    }

    fn window(&mut self, spec: &WindowSpec, scope: &Scope<'_>) -> Result<String, Refusal> {
        let mut out = Vec::new();
        if let Some(base) = &spec.window_name {
            out.push(quote(&fold(base)));
        }
        if !spec.partition_by.is_empty() {
            let list = self.list(&spec.partition_by, scope)?;
            out.push(format!("PARTITION BY {list}"));
        }
        if !spec.order_by.is_empty() {
            let mut keys = Vec::new();
            for key in &spec.order_by {
                keys.push(format!(
                    "{}{}",
                    self.expr(&key.expr, scope)?.sql,
                    direction(key)?
                ));
            }
            out.push(format!("ORDER BY {}", keys.join(", ")));
        }
        if let Some(frame) = &spec.window_frame {
            out.push(self.frame(frame, scope)?);
        }
        Ok(out.join(" "))
    }

    fn list(&mut self, list: &[Expr], scope: &Scope<'_>) -> Result<String, Refusal> {
        let out = list
            .iter()
            .map(|e| self.expr(e, scope).map(|ex| ex.sql))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(out.join(", "))
    }

    fn frame(&mut self, frame: &WindowFrame, scope: &Scope<'_>) -> Result<String, Refusal> {
        let units = match frame.units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => "GROUPS",
        };
        let start = self.bound(&frame.start_bound, scope)?;
        Ok(match &frame.end_bound {
            None => format!("{units} {start}"),
            Some(end) => format!("{units} BETWEEN {start} AND {}", self.bound(end, scope)?),
        })
    }

    fn bound(&mut self, bound: &WindowFrameBound, scope: &Scope<'_>) -> Result<String, Refusal> {
        let (value, word) = match bound {
            WindowFrameBound::CurrentRow => return Ok("CURRENT ROW".to_owned()),
            WindowFrameBound::Preceding(value) => (value, "PRECEDING"),
            WindowFrameBound::Following(value) => (value, "FOLLOWING"),
        };
        Ok(match value {
            None => format!("UNBOUNDED {word}"),
            Some(e) => format!("{} {word}", self.expr(e, scope)?.sql),
        })
    }
}
