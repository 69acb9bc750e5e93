//! The names behind OIDs, and OIDs behind names: relations, types, functions, schemas.
//!
//! Owns: the functions that `\df` shows, `format_type`'s names, and the reg… types. Refuses: names that the console
//! does not have.

use crate::catalog::nth;
use crate::cell::Ty;
use crate::desk::Refusal;
use crate::relation::{self, Schema};
use crate::verb::{VERBS, Verb};

const FIRST_FUNCTION: u32 = 40_000;
/// OID of `replay`.
pub const REPLAY_FUNCTION: u32 = FIRST_FUNCTION + 100;

/// A function that `\df` shows.
pub struct Shown {
    /// OID.
    pub oid: u32,
    /// Name.
    pub name: &'static str,
    /// Arguments, as `\df` shows them.
    pub arguments: String,
    /// Result.
    pub result: String,
    /// What it does.
    pub about: &'static str,
}

/// All of them.
pub fn shown() -> Vec<Shown> {
    let mut list: Vec<Shown> = VERBS
        .iter()
        .enumerate()
        .map(|(i, verb)| Shown {
            oid: nth(FIRST_FUNCTION, i),
            name: verb.name(),
            arguments: signature(*verb),
            result: verb.result().name().to_owned(),
            about: verb.about(),
        })
        .collect();
    list.push(Shown {
        oid: REPLAY_FUNCTION,
        name: "replay",
        arguments: "session bigint".to_owned(),
        result: "SETOF record".to_owned(),
        about: "a session as it happened: REPLAY 7",
    });
    list
}

fn signature(verb: Verb) -> String {
    let list: Vec<String> = verb
        .arguments()
        .iter()
        .map(|(name, ty, optional)| {
            let name = match *name {
                "grant" | "user" | "for" => format!("\"{name}\""),
                plain => plain.to_owned(),
            };
            format!(
                "{name} {}{}",
                ty.name(),
                if *optional { " DEFAULT NULL" } else { "" }
            )
        })
        .collect();
    list.join(", ")
}

/// `obj_description`, `col_description`, `shobj_description`.
pub fn description(object: u32, column: usize) -> Option<&'static str> {
    if let Some(r) = relation::by_oid(object) {
        let about = if column == 0 {
            r.about
        } else {
            r.columns.get(column - 1)?.about
        };
        return Some(about).filter(|a| !a.is_empty());
    }
    shown()
        .into_iter()
        .find(|f| f.oid == object)
        .map(|f| f.about)
}

/// `pg_get_function_arguments`.
pub fn function_arguments(id: u32) -> Option<String> {
    shown()
        .into_iter()
        .find(|f| f.oid == id)
        .map(|f| f.arguments)
}

/// `pg_get_function_result`.
pub fn function_result(id: u32) -> Option<String> {
    shown().into_iter().find(|f| f.oid == id).map(|f| f.result)
}

/// The name a reg… value is shown as.
pub fn reg_to_text(ty: Ty, id: u32) -> String {
    let name = match ty {
        Ty::Regclass => relation::by_oid(id).map(|r| r.name.to_owned()),
        Ty::Regtype => Ty::from_oid(id)
            .filter(|t| *t != Ty::Unknown)
            .map(|t| t.name().to_owned()),
        Ty::Regproc => shown()
            .into_iter()
            .find(|f| f.oid == id)
            .map(|f| f.name.to_owned()),
        _ => [Schema::Catalog, Schema::Public, Schema::Information]
            .into_iter()
            .find(|s| s.oid() == id)
            .map(|s| s.name().to_owned()),
    };
    name.unwrap_or_else(|| {
        if id == 0 {
            "-".to_owned()
        } else {
            id.to_string()
        }
    })
}

/// Reads a reg… value: a number stands for itself, a name is looked up.
pub fn reg_from_text(ty: Ty, text: &str) -> Result<u32, Refusal> {
    // psql hands `\sf 12;` on with its semicolon when the command came out of a variable.
    let text = if ty == Ty::Regproc {
        text.trim_end_matches([';', ' '])
    } else {
        text
    };
    if let Ok(id) = text.parse::<u32>() {
        return Ok(id);
    }
    let plain = text.replace('"', "");
    let (schema, name) = match plain.split_once('.') {
        Some((s, n)) => (Some(s), n),
        None => (None, plain.as_str()),
    };
    let name = if text.contains('"') {
        name.to_owned()
    } else {
        name.to_ascii_lowercase()
    };
    let (found, sqlstate, what) = match ty {
        Ty::Regclass => (
            relation::find(schema, &name).map(|r| r.oid),
            "42P01",
            "relation",
        ),
        Ty::Regtype => (type_named(&name).map(Ty::oid), "42704", "type"),
        Ty::Regproc => (
            shown().into_iter().find(|f| f.name == name).map(|f| f.oid),
            "42883",
            "function",
        ),
        _ => (
            [Schema::Catalog, Schema::Public, Schema::Information]
                .into_iter()
                .find(|s| s.name() == name)
                .map(Schema::oid),
            "3F000",
            "schema",
        ),
    };
    found.ok_or_else(|| Refusal::new(sqlstate, format!("{what} \"{plain}\" does not exist")))
}

/// A type by any of its names.
pub fn type_named(name: &str) -> Option<Ty> {
    Some(match name {
        "bool" | "boolean" => Ty::Bool,
        "int2" | "smallint" => Ty::Int2,
        "int4" | "int" | "integer" => Ty::Int4,
        "int8" | "bigint" => Ty::Int8,
        "oid" => Ty::Oid,
        "float4" | "float8" | "real" | "double precision" | "numeric" | "decimal" => Ty::Float8,
        "text" | "citext" => Ty::Text,
        "varchar" | "character varying" | "bpchar" | "character" => Ty::Varchar,
        "name" => Ty::Name,
        "char" | "\"char\"" => Ty::Char,
        "timestamptz" | "timestamp" | "timestamp with time zone" => Ty::Timestamptz,
        "date" => Ty::Date,
        "interval" => Ty::Interval,
        "json" | "jsonb" => Ty::Json,
        "regclass" => Ty::Regclass,
        "regtype" => Ty::Regtype,
        "regproc" | "regprocedure" => Ty::Regproc,
        "regnamespace" => Ty::Regnamespace,
        "_text" => Ty::TextArray,
        "_int8" => Ty::Int8Array,
        _ => return None,
    })
}
