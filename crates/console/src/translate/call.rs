//! Calls of functions: plain ones, aggregates, windows, and what PostgreSQL calls without parentheses.
//!
//! Owns: which functions there are and what they are in the query engine. Refuses: any other, and verbs that act.

use sqlparser::ast::{Function, FunctionArg, FunctionArgExpr, FunctionArguments};

use super::operator::convert;
use super::plain::{PLAIN, WINDOWS, expand};
use super::{Ex, Scope, Translator, parts, quote, string, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;
use crate::relation;
use crate::verb::Verb;

/// Why a verb is refused where it stands.
pub(crate) fn misplaced(verb: Verb) -> Refusal {
    Refusal::new(
        "0A000",
        format!(
            "{name}() acts, so it stands alone in the list of the outermost SELECT, without DISTINCT, GROUP BY or UNION: \
             SELECT {name}(…) FROM …",
            name = verb.name()
        ),
    )
}

/// The verb that a call means.
pub(crate) fn verb_of(function: &Function) -> Result<Option<Verb>, Refusal> {
    let names = parts(&function.name)?;
    Ok(match names.as_slice() {
        [name] => Verb::named(name),
        [schema, name] if schema == "public" => Verb::named(name),
        _ => None,
    })
}

pub(super) fn missing(name: &str, given: &[Ex]) -> Refusal {
    let types: Vec<&str> = given.iter().map(|e| e.ty.name()).collect();
    Refusal::new(
        "42883",
        format!("function {name}({}) does not exist", types.join(", ")),
    )
}

impl Translator<'_> {
    /// What PostgreSQL calls without parentheses.
    pub(crate) fn word(&mut self, name: &str) -> Option<Ex> {
        Some(match name {
            "current_user" | "session_user" | "user" | "current_role" => {
                Ex::new(string(&self.setting.user), Ty::Name, name)
            }
            "current_catalog" => Ex::new("'tollgate'", Ty::Name, name),
            "current_schema" => Ex::new("'public'", Ty::Name, name),
            "current_timestamp" | "localtimestamp" => Ex::new("tg_now()", Ty::Timestamptz, name),
            "current_date" => Ex::new("tg_trunc('day', tg_now())", Ty::Date, name),
            _ => return None,
        })
    }

    /// Arguments of a call that has nothing but arguments.
    pub(crate) fn plain_arguments(
        &mut self,
        function: &Function,
        scope: &Scope<'_>,
    ) -> Result<Vec<Ex>, Refusal> {
        if function.over.is_some()
            || function.filter.is_some()
            || !function.within_group.is_empty()
            || function.null_treatment.is_some()
            || function.parameters != FunctionArguments::None
        {
            return Err(unsupported("OVER, FILTER and WITHIN GROUP here"));
        }
        let list = match &function.args {
            FunctionArguments::None => return Ok(Vec::new()),
            FunctionArguments::List(list) => list,
            FunctionArguments::Subquery(_) => return Err(unsupported("a subquery as arguments")),
        };
        if list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(unsupported("DISTINCT and ORDER BY in this call"));
        }
        list.args.iter().map(|a| self.argument(a, scope)).collect()
    }

    pub(super) fn argument(
        &mut self,
        argument: &FunctionArg,
        scope: &Scope<'_>,
    ) -> Result<Ex, Refusal> {
        match argument {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => self.expr(e, scope),
            _ => Err(unsupported("named arguments")),
        }
    }

    /// Any call in an expression.
    pub(crate) fn call(&mut self, function: &Function, scope: &Scope<'_>) -> Result<Ex, Refusal> {
        if let Some(verb) = verb_of(function)? {
            return Err(misplaced(verb));
        }
        let names = parts(&function.name)?;
        let name = match names.as_slice() {
            [name] => name.as_str(),
            [schema, name] if schema == "pg_catalog" => name.as_str(),
            _ => return Err(missing(&names.join("."), &[])),
        };
        if let FunctionArguments::Subquery(query) = &function.args
            && name == "array"
        {
            return self.array_of(query, scope);
        }
        if name == "replay" {
            return Err(Refusal::new(
                "0A000",
                "replay returns rows: SELECT * FROM replay(7)",
            ));
        }
        if function.args == FunctionArguments::None {
            // PostgreSQL reads a bare `user` as a call. Here relations have a column of that name, which is what is meant.
            if let [name] = names.as_slice()
                && let Some(ex) = scope.column(name)?
            {
                return Ok(ex);
            }
            if let Some(ex) = self.word(name) {
                return Ok(ex);
            }
        }
        if let Some(ex) = self.aggregate(name, function, scope)? {
            return Ok(ex);
        }
        if let Some((_, most, ty)) = WINDOWS.iter().find(|(n, ..)| *n == name) {
            return self.window_function(name, *most, *ty, function, scope);
        }
        let given = self.plain_arguments(function, scope)?;
        let mut ex = self.scalar(name, given)?;
        ex.name = name.to_owned();
        Ok(ex)
    }

    /// A function of one row.
    fn scalar(&mut self, name: &str, given: Vec<Ex>) -> Result<Ex, Refusal> {
        if let Some((_, wanted, least, ty, template)) = PLAIN.iter().find(|(n, ..)| *n == name) {
            if given.len() < *least || given.len() > wanted.len() {
                return Err(missing(name, &given));
            }
            let mut exs = Vec::new();
            for (ex, ty) in given.into_iter().zip(*wanted) {
                // An argument that takes any array takes one of numbers too.
                let ty = if *ty == Ty::TextArray && ex.ty.is_array() {
                    ex.ty
                } else {
                    *ty
                };
                exs.push(self.coerce(ex, ty)?.sql);
            }
            return Ok(Ex::new(expand(template, &exs), *ty, name));
        }
        self.flexible(name, given)
    }

    /// Functions whose types depend on their arguments.
    fn flexible(&mut self, name: &str, mut given: Vec<Ex>) -> Result<Ex, Refusal> {
        let sqls = |list: &[Ex]| {
            list.iter()
                .map(|e| e.sql.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        };
        match name {
            "coalesce" | "greatest" | "least" | "nullif" if !given.is_empty() => {
                let (list, ty) = self.alike(given, name)?;
                let sql = match (name, list.as_slice()) {
                    (_, [one]) => one.sql.clone(),
                    ("coalesce", many) => format!("coalesce({})", sqls(many)),
                    ("nullif", [a, b]) => format!("nullif({}, {})", a.sql, b.sql),
                    ("greatest", many) => format!("tg_greatest({})", sqls(many)),
                    ("least", many) => format!("tg_least({})", sqls(many)),
                    (_, other) => return Err(missing(name, other)),
                };
                Ok(Ex::new(sql, ty, name))
            }
            "abs" if given.len() == 1 => {
                let ex = given.remove(0);
                if !ex.ty.is_number() && ex.ty != Ty::Interval {
                    return Err(missing(name, &[ex]));
                }
                Ok(Ex::new(format!("abs({})", ex.sql), ex.ty, name))
            }
            "concat" | "concat_ws" | "format" if !given.is_empty() => {
                let list = given
                    .into_iter()
                    .map(|ex| self.as_text(ex))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok(Ex::new(
                    format!("tg_{name}({})", sqls(&list)),
                    Ty::Text,
                    name,
                ))
            }
            "date_trunc" if given.len() == 2 => {
                let ex = given.remove(1);
                let field = given.remove(0);
                let field = self.coerce(field, Ty::Text)?;
                let ex = if ex.ty == Ty::Unknown || ex.ty == Ty::Date {
                    self.coerce(ex, Ty::Timestamptz)?
                } else {
                    ex
                };
                let function = match ex.ty {
                    Ty::Timestamptz => "tg_trunc",
                    Ty::Interval => "tg_trunc_interval",
                    _ => return Err(missing(name, &[field, ex])),
                };
                Ok(Ex::new(
                    format!("{function}({}, {})", field.sql, ex.sql),
                    ex.ty,
                    name,
                ))
            }
            "date_part" if given.len() == 2 => {
                let ex = given.remove(1);
                match &given.remove(0).literal {
                    Some(crate::cell::Cell::Text(field)) => self.extract(&field.clone(), ex),
                    _ => Err(unsupported("date_part with a computed field")),
                }
            }
            "age" if given.len() == 1 || given.len() == 2 => {
                let list = given
                    .into_iter()
                    .map(|ex| self.coerce(ex, Ty::Timestamptz))
                    .collect::<Result<Vec<_>, _>>()?;
                let sql = match list.as_slice() {
                    [from] => format!("(tg_trunc('day', tg_now()) - {})", from.sql),
                    [to, from] => format!("({} - {})", to.sql, from.sql),
                    other => return Err(missing(name, other)),
                };
                Ok(Ex::new(sql, Ty::Interval, name))
            }
            "to_json" | "to_jsonb" | "row_to_json" if given.len() == 1 => {
                let ex = given.remove(0);
                let sql = json_value(&ex);
                Ok(Ex::new(
                    format!("json_extract(json_array({sql}), '$[0]')"),
                    Ty::Json,
                    name,
                ))
            }
            "json_build_object" | "jsonb_build_object" => {
                let list: Vec<String> = given
                    .iter()
                    .enumerate()
                    .map(|(i, ex)| {
                        if i % 2 == 0 {
                            format!("tg_out({}, {})", ex.sql, ex.ty.oid())
                        } else {
                            json_value(ex)
                        }
                    })
                    .collect();
                Ok(Ex::new(
                    format!("json_object({})", list.join(", ")),
                    Ty::Json,
                    name,
                ))
            }
            "json_build_array" | "jsonb_build_array" => {
                let list: Vec<String> = given.iter().map(json_value).collect();
                Ok(Ex::new(
                    format!("json_array({})", list.join(", ")),
                    Ty::Json,
                    name,
                ))
            }
            "current_database" if given.is_empty() => Ok(Ex::new("'tollgate'", Ty::Name, name)),
            "current_schema" | "current_user" | "session_user" if given.is_empty() => {
                self.word(name).ok_or_else(|| missing(name, &[]))
            }
            "current_schemas" if given.len() == 1 => Ok(Ex::new(
                "json_array('pg_catalog', 'public')",
                Ty::TextArray,
                name,
            )),
            "version" if given.is_empty() => {
                let text = format!("PostgreSQL 15.0 (Tollgate {})", env!("CARGO_PKG_VERSION"));
                Ok(Ex::new(string(&text), Ty::Text, name))
            }
            "current_setting" if given.len() == 1 || given.len() == 2 => {
                self.current_setting(given)
            }
            "pg_typeof" if given.len() == 1 => {
                let ty = given.remove(0).ty;
                Ok(Ex::new(string(ty.name()), Ty::Text, name))
            }
            "pg_get_functiondef" if given.len() == 1 => {
                // `\sf 12` is how psql shows a hold without a semicolon: see docs/CONSOLE.md.
                let ex = given.remove(0);
                let ex = self.coerce(ex, Ty::Oid)?;
                Ok(Ex::new(self.sheet(&ex.sql)?, Ty::Text, name))
            }
            "hold_sheet" if given.len() == 1 => {
                let ex = given.remove(0);
                let ex = self.coerce(ex, Ty::Int8)?;
                Ok(Ex::new(self.sheet(&ex.sql)?, Ty::Text, name))
            }
            _ => Err(missing(name, &given)),
        }
    }

    /// One hold as a page of text.
    fn sheet(&mut self, id: &str) -> Result<String, Refusal> {
        let holds = relation::find(Some("public"), "holds")
            .ok_or_else(|| Refusal::new("XX000", "relation holds is missing"))?;
        self.want(super::Wanted::Relation(holds.oid));
        let columns: Vec<String> = holds.columns.iter().map(|c| quote(c.name)).collect();
        Ok(format!(
            "coalesce(tg_function_definition({id}), (SELECT tg_sheet({}) FROM {} WHERE id = {id}), tg_no_hold({id}))",
            columns.join(", "),
            quote(&holds.table())
        ))
    }

    fn current_setting(&mut self, given: Vec<Ex>) -> Result<Ex, Refusal> {
        let name = match given.first().and_then(|e| e.literal.clone()) {
            Some(crate::cell::Cell::Text(name)) => name.to_ascii_lowercase(),
            _ => return Err(unsupported("current_setting of a computed name")),
        };
        let value = self
            .setting
            .settings
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(&name));
        match value {
            Some((_, value)) => Ok(Ex::new(string(value), Ty::Text, "current_setting")),
            None if given.len() == 2 => Ok(Ex::new("NULL", Ty::Text, "current_setting")),
            None => Err(Refusal::new(
                "42704",
                format!("unrecognized configuration parameter \"{name}\""),
            )),
        }
    }
}

/// A value inside JSON: numbers stay numbers, bools become true and false, the rest is text.
pub(super) fn json_value(ex: &Ex) -> String {
    match ex.ty {
        ty if ty.is_number() => ex.sql.clone(),
        ty if ty.is_array() || ty == Ty::Json => format!("json({})", ex.sql),
        Ty::Bool => format!(
            "json(CASE WHEN {s} IS NULL THEN NULL WHEN {s} THEN 'true' ELSE 'false' END)",
            s = ex.sql
        ),
        ty if ty.is_text() => ex.sql.clone(),
        ty => convert("tg_out", &ex.sql, ty),
    }
}
