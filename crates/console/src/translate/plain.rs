//! The functions of one row whose arguments have fixed types, and the window functions.
//!
//! Owns: the two tables, and putting arguments into a template. Refuses: nothing; what is not listed does not exist.

use crate::cell::Ty;

/// A function whose arguments have fixed types: name, arguments, how many must be given, result, SQLite's template.
/// `{0}` is the first argument, `{*}` all of them.
pub(super) type Plain = (&'static str, &'static [Ty], usize, Ty, &'static str);

const T: Ty = Ty::Text;

pub(super) const PLAIN: &[Plain] = &[
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
pub(super) const WINDOWS: &[(&str, usize, Ty)] = &[
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

/// Puts arguments into a template. What an argument says is never read as a template.
pub(super) fn expand(template: &str, arguments: &[String]) -> String {
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
