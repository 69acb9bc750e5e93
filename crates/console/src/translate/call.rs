//! Calls of functions: plain ones, aggregates, windows, and what PostgreSQL calls without parentheses.
//!
//! Owns: which functions there are and what they are in the query engine. Refuses: any other, and verbs that act.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArguments, NamedWindowDefinition, NamedWindowExpr, WindowFrame, WindowFrameBound,
    WindowFrameUnits, WindowSpec, WindowType,
};

use super::operator::convert;
use super::query::direction;
use super::{Ex, Scope, Translator, fold, parts, quote, string, unsupported};
use crate::cell::Ty;
use crate::desk::Refusal;
use crate::relation;
use crate::verb::Verb;

/// A function whose arguments have fixed types: name, arguments, how many must be given, result, SQLite's template.
/// `{0}` is the first argument, `{*}` all of them.
type Plain = (&'static str, &'static [Ty], usize, Ty, &'static str);

const T: Ty = Ty::Text;
const PLAIN: &[Plain] = &[
    ("lower", &[T], 1, T, "lower({0})"),
    ("upper", &[T], 1, T, "upper({0})"),
    ("length", &[T], 1, Ty::Int4, "length({0})"),
    ("char_length", &[T], 1, Ty::Int4, "length({0})"),
    ("octet_length", &[T], 1, Ty::Int4, "octet_length({0})"),
    ("btrim", &[T, T], 1, T, "trim({*})"),
    ("ltrim", &[T, T], 1, T, "ltrim({*})"),
    ("rtrim", &[T, T], 1, T, "rtrim({*})"),
    ("replace", &[T, T, T], 3, T, "replace({*})"),
    ("substr", &[T, Ty::Int8, Ty::Int8], 2, T, "substr({*})"),
    ("strpos", &[T, T], 2, Ty::Int4, "instr({*})"),
    (
        "starts_with",
        &[T, T],
        2,
        Ty::Bool,
        "(substr({0}, 1, length({1})) = {1})",
    ),
    ("left", &[T, Ty::Int8], 2, T, "tg_left({*})"),
    ("right", &[T, Ty::Int8], 2, T, "tg_right({*})"),
    ("split_part", &[T, T, Ty::Int8], 3, T, "tg_split_part({*})"),
    (
        "regexp_replace",
        &[T, T, T, T],
        3,
        T,
        "tg_regexp_replace({*})",
    ),
    ("quote_ident", &[T], 1, T, "tg_quote_ident({0})"),
    ("quote_literal", &[T], 1, T, "tg_quote_literal({0})"),
    (
        "round",
        &[Ty::Float8, Ty::Int8],
        1,
        Ty::Float8,
        "round({*})",
    ),
    ("ceil", &[Ty::Float8], 1, Ty::Float8, "ceil({0})"),
    ("ceiling", &[Ty::Float8], 1, Ty::Float8, "ceil({0})"),
    ("floor", &[Ty::Float8], 1, Ty::Float8, "floor({0})"),
    ("trunc", &[Ty::Float8], 1, Ty::Float8, "trunc({0})"),
    ("sqrt", &[Ty::Float8], 1, Ty::Float8, "sqrt({0})"),
    (
        "power",
        &[Ty::Float8, Ty::Float8],
        2,
        Ty::Float8,
        "pow({*})",
    ),
    ("now", &[], 0, Ty::Timestamptz, "tg_now()"),
    ("transaction_timestamp", &[], 0, Ty::Timestamptz, "tg_now()"),
    ("statement_timestamp", &[], 0, Ty::Timestamptz, "tg_now()"),
    ("clock_timestamp", &[], 0, Ty::Timestamptz, "tg_now()"),
    ("to_char", &[Ty::Timestamptz, T], 2, T, "tg_to_char({*})"),
    (
        "to_timestamp",
        &[Ty::Float8],
        1,
        Ty::Timestamptz,
        "CAST(round({0} * 1000000) AS INTEGER)",
    ),
    (
        "array_to_string",
        &[Ty::TextArray, T, T],
        2,
        T,
        "tg_array_to_string({*})",
    ),
    (
        "string_to_array",
        &[T, T],
        2,
        Ty::TextArray,
        "tg_string_to_array({*})",
    ),
    (
        "cardinality",
        &[Ty::TextArray],
        1,
        Ty::Int4,
        "json_array_length({0})",
    ),
    (
        "array_length",
        &[Ty::TextArray, Ty::Int8],
        2,
        Ty::Int4,
        "nullif(json_array_length({0}), 0)",
    ),
    (
        "array_upper",
        &[Ty::TextArray, Ty::Int8],
        2,
        Ty::Int4,
        "nullif(json_array_length({0}), 0)",
    ),
    (
        "array_lower",
        &[Ty::TextArray, Ty::Int8],
        2,
        Ty::Int4,
        "iif(json_array_length({0}) > 0, 1, NULL)",
    ),
    (
        "array_remove",
        &[Ty::TextArray, T],
        2,
        Ty::TextArray,
        "tg_array_remove({*})",
    ),
    (
        "json_array_length",
        &[Ty::Json],
        1,
        Ty::Int4,
        "json_array_length({0})",
    ),
    ("pg_get_userbyid", &[Ty::Oid], 1, Ty::Name, "tg_role({0})"),
    (
        "format_type",
        &[Ty::Oid, Ty::Int8],
        2,
        T,
        "tg_format_type({0})",
    ),
    (
        "pg_table_is_visible",
        &[Ty::Oid],
        1,
        Ty::Bool,
        "tg_visible({0})",
    ),
    ("pg_function_is_visible", &[Ty::Oid], 1, Ty::Bool, "1"),
    ("pg_type_is_visible", &[Ty::Oid], 1, Ty::Bool, "1"),
    ("pg_operator_is_visible", &[Ty::Oid], 1, Ty::Bool, "1"),
    (
        "pg_relation_is_publishable",
        &[Ty::Regclass],
        1,
        Ty::Bool,
        "0",
    ),
    ("pg_get_expr", &[T, Ty::Oid, Ty::Bool], 2, T, "{0}"),
    (
        "pg_get_indexdef",
        &[Ty::Oid, Ty::Int8, Ty::Bool],
        1,
        T,
        "NULL",
    ),
    ("pg_get_constraintdef", &[Ty::Oid, Ty::Bool], 1, T, "NULL"),
    ("pg_get_viewdef", &[Ty::Oid, Ty::Bool], 1, T, "NULL"),
    ("pg_get_ruledef", &[Ty::Oid, Ty::Bool], 1, T, "NULL"),
    ("pg_get_triggerdef", &[Ty::Oid, Ty::Bool], 1, T, "NULL"),
    ("pg_get_partkeydef", &[Ty::Oid], 1, T, "NULL"),
    ("pg_get_statisticsobjdef_columns", &[Ty::Oid], 1, T, "NULL"),
    (
        "pg_get_function_arguments",
        &[Ty::Oid],
        1,
        T,
        "tg_function_arguments({0})",
    ),
    (
        "pg_get_function_identity_arguments",
        &[Ty::Oid],
        1,
        T,
        "tg_function_arguments({0})",
    ),
    (
        "pg_get_function_result",
        &[Ty::Oid],
        1,
        T,
        "tg_function_result({0})",
    ),
    ("pg_get_function_sqlbody", &[Ty::Oid], 1, T, "NULL"),
    (
        "pg_encoding_to_char",
        &[Ty::Int8],
        1,
        Ty::Name,
        "iif({0} = 6, 'UTF8', '')",
    ),
    ("pg_size_pretty", &[Ty::Int8], 1, T, "tg_size({0})"),
    ("pg_table_size", &[Ty::Regclass], 1, Ty::Int8, "0"),
    ("pg_relation_size", &[Ty::Regclass], 1, Ty::Int8, "0"),
    ("pg_total_relation_size", &[Ty::Regclass], 1, Ty::Int8, "0"),
    ("pg_database_size", &[Ty::Name], 1, Ty::Int8, "0"),
    ("pg_tablespace_location", &[Ty::Oid], 1, T, "''"),
    (
        "has_database_privilege",
        &[Ty::Name, T],
        2,
        Ty::Bool,
        "({0} = 'tollgate')",
    ),
    ("has_schema_privilege", &[Ty::Name, T], 2, Ty::Bool, "1"),
    ("has_table_privilege", &[Ty::Name, T], 2, Ty::Bool, "1"),
    (
        "obj_description",
        &[Ty::Oid, Ty::Name],
        1,
        T,
        "tg_description({0}, 0)",
    ),
    (
        "shobj_description",
        &[Ty::Oid, Ty::Name],
        1,
        T,
        "tg_description({0}, 0)",
    ),
    (
        "col_description",
        &[Ty::Oid, Ty::Int8],
        2,
        T,
        "tg_description({0}, {1})",
    ),
    ("pg_backend_pid", &[], 0, Ty::Int4, "0"),
    ("pg_is_in_recovery", &[], 0, Ty::Bool, "0"),
    (
        "pg_postmaster_start_time",
        &[],
        0,
        Ty::Timestamptz,
        "tg_now()",
    ),
    // asyncpg sends it when a connection goes back to its pool. There are no locks.
    ("pg_advisory_unlock_all", &[], 0, T, "''"),
];

/// Window functions: name, arguments that may be given, result; Unknown for that of the first argument.
const WINDOWS: &[(&str, usize, Ty)] = &[
    ("row_number", 0, Ty::Int8),
    ("rank", 0, Ty::Int8),
    ("dense_rank", 0, Ty::Int8),
    ("percent_rank", 0, Ty::Float8),
    ("cume_dist", 0, Ty::Float8),
    ("ntile", 1, Ty::Int4),
    ("lag", 3, Ty::Unknown),
    ("lead", 3, Ty::Unknown),
    ("first_value", 1, Ty::Unknown),
    ("last_value", 1, Ty::Unknown),
    ("nth_value", 2, Ty::Unknown),
];

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

fn missing(name: &str, given: &[Ex]) -> Refusal {
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

    fn argument(&mut self, argument: &FunctionArg, scope: &Scope<'_>) -> Result<Ex, Refusal> {
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

    /// An aggregate, alone or over a window; None where the name is none.
    fn aggregate(
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

    fn window_function(
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

/// Puts arguments into a template. What an argument says is never read as a template.
fn expand(template: &str, arguments: &[String]) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        let end = rest[at..].find('}').map_or(rest.len(), |e| at + e);
        match rest
            .get(at + 1..end)
            .map(|inner| (inner, inner.parse::<usize>()))
        {
            Some(("*", _)) => out.push_str(&arguments.join(", ")),
            Some((_, Ok(i))) => out.push_str(arguments.get(i).map_or("NULL", String::as_str)),
            Some((_, Err(_))) | None => {}
        }
        rest = rest.get(end + 1..).unwrap_or("");
    }
    out.push_str(rest);
    out
}

/// A value inside JSON: numbers stay numbers, bools become true and false, the rest is text.
fn json_value(ex: &Ex) -> String {
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
