//! Functions: what a call can do or show beyond its arguments.
//!
//! Owns: the decision over [`crate::function_table`], and the lookup of a name in the catalog. Refuses: to take a function for harmless
//! because it looks so. Harmless is what belongs to the server, is immutable or stable by its own account and is not
//! listed below; and the few volatile ones listed as harmless. Everything else has an effect, or may show anything.

use crate::catalog::{Catalog, Function};
use crate::facts::Volatility;
use crate::function_table::{
    ACTIVITY, ACTS, ADMIN, GIVES_ROWS, HARMLESS_IN_C, HARMLESS_VOLATILE, MAKES_ANY, REVEALS,
    SERVER_FILE, SYNTAX, VALUE_ONLY, VALUE_OPERATORS,
};
use crate::settings::SearchPath;

/// What a call comes to. In the order of strictness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effect {
    /// Nothing but its result, which depends on nothing but its arguments and harmless state.
    Harmless,
    /// Shows what other sessions do, and no stored data.
    Activity,
    /// `set_config`: judged as the SET it is.
    Setting,
    /// Has an effect, shows no stored data.
    Acts,
    /// Has an effect on the server as a whole.
    Admin,
    /// Can show anything that is stored.
    Reveals,
    /// Reads or writes files of the server's host.
    ServerFile,
}

/// What a name resolves to.
#[derive(Debug)]
pub(crate) struct Resolved<'a> {
    /// The candidates of the catalog: every overload the server could choose.
    pub candidates: Vec<&'a Function>,
    /// It is harmless syntax, and no user's function is called so.
    pub syntax: bool,
}

/// The candidates for a name: in its schema, or along the search path.
pub(crate) fn resolve<'a>(
    path: &[String],
    catalog: &'a Catalog,
    search: &SearchPath,
) -> Resolved<'a> {
    let name = path.last().map_or("", |n| n.as_str());
    let all = catalog.functions(name);
    match path {
        [_] => {
            let reachable = |f: &&Function| match search {
                SearchPath::Known(schemas) => {
                    f.schema == "pg_catalog" || schemas.contains(&f.schema)
                }
                SearchPath::Unknown => true,
            };
            let candidates: Vec<&Function> = all.iter().filter(reachable).collect();
            // To some versions a word is syntax that to others is a name: a user's function of that name counts.
            let syntax = SYNTAX.contains(&name) && candidates.iter().all(|f| f.builtin);
            Resolved { candidates, syntax }
        }
        [schema, _] | [_, schema, _] => Resolved {
            candidates: all.iter().filter(|f| f.schema == *schema).collect(),
            syntax: false,
        },
        _ => Resolved {
            candidates: vec![],
            syntax: false,
        },
    }
}

/// What the lists have under this name.
pub(crate) fn listed(name: &str) -> Option<Effect> {
    let table: [(&[&str], Effect); 5] = [
        (SERVER_FILE, Effect::ServerFile),
        (REVEALS, Effect::Reveals),
        (ADMIN, Effect::Admin),
        (ACTS, Effect::Acts),
        (ACTIVITY, Effect::Activity),
    ];
    let has = |(names, _): &(&[&str], Effect)| names.contains(&name);
    table.into_iter().find(has).map(|(_, effect)| effect)
}

/// What calling one function of the catalog comes to.
pub(crate) fn effect(function: &Function) -> Effect {
    let name = function.name.as_str();
    let stable = matches!(
        function.volatility,
        Volatility::Immutable | Volatility::Stable
    );
    if function.schema == "information_schema" && name.starts_with("_pg_") && stable {
        // The server's own, on which its views and JDBC's rest.
        return Effect::Harmless;
    }
    if !function.builtin || function.schema != "pg_catalog" {
        return Effect::Reveals;
    }
    if let Some(effect) = listed(name) {
        return effect;
    }
    match function.volatility {
        _ if name == "set_config" => Effect::Setting,
        _ if name.starts_with("binary_upgrade_") => Effect::Admin,
        Volatility::Immutable | Volatility::Stable => Effect::Harmless,
        Volatility::Volatile | Volatility::Unknown if HARMLESS_VOLATILE.contains(&name) => {
            Effect::Harmless
        }
        Volatility::Volatile | Volatility::Unknown => Effect::Reveals,
    }
}

/// Whether a function in C is volatile for no other reason than that it gives another value each time.
pub(crate) fn harmless_in_c(name: &str) -> bool {
    HARMLESS_IN_C.contains(&name)
}

/// Whether a call of one of the server's own may give several rows, or none.
pub(crate) fn gives_rows(name: &str) -> bool {
    GIVES_ROWS.contains(&name)
}

/// Whether a call's syntax, or one of its arguments, can name the type of what it makes (RETURNING, AS), which the form does
/// not keep.
pub(crate) fn names_a_type(name: &str) -> bool {
    SYNTAX.contains(&name) && (name.starts_with("json") || name == "xmlserialize")
        || name == "treat"
        || MAKES_ANY.contains(&name)
}

/// Whether literals among the arguments of a harmless function can be exchanged without a change of the facts.
pub(crate) fn value_only(name: &str) -> bool {
    VALUE_ONLY.contains(&name)
}

/// The same for operators.
pub(crate) fn value_operator(name: &str) -> bool {
    VALUE_OPERATORS.contains(&name)
}

/// The columns of the set-returning functions that everybody uses, so that `SELECT *` from them is known.
pub(crate) fn result_columns(name: &str) -> Option<&'static [&'static str]> {
    Some(match name {
        "generate_series"
        | "generate_subscripts"
        | "regexp_split_to_table"
        | "string_to_table"
        | "json_object_keys"
        | "jsonb_object_keys"
        | "pg_partition_ancestors" => &[""],
        "json_array_elements"
        | "json_array_elements_text"
        | "jsonb_array_elements"
        | "jsonb_array_elements_text" => &["value"],
        "json_each" | "json_each_text" | "jsonb_each" | "jsonb_each_text" => &["key", "value"],
        "pg_options_to_table" => &["option_name", "option_value"],
        "aclexplode" => &["grantor", "grantee", "privilege_type", "is_grantable"],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, volatility: Volatility, builtin: bool) -> Effect {
        let schema = if builtin { "pg_catalog" } else { "public" };
        let function = Function {
            builtin,
            ..Function::new(1, schema, name, volatility)
        };
        effect(&function)
    }

    #[test]
    fn only_the_server_s_own_are_harmless() {
        assert_eq!(of("lower", Volatility::Immutable, true), Effect::Harmless);
        assert_eq!(of("lower", Volatility::Immutable, false), Effect::Reveals);
        assert_eq!(
            of("query_to_xml", Volatility::Volatile, true),
            Effect::Reveals
        );
        assert_eq!(
            of("table_to_xml", Volatility::Stable, true),
            Effect::Reveals
        );
        assert_eq!(
            of("some_new_volatile", Volatility::Volatile, true),
            Effect::Reveals
        );
        assert_eq!(
            of("pg_read_file", Volatility::Volatile, true),
            Effect::ServerFile
        );
        assert_eq!(of("nextval", Volatility::Volatile, true), Effect::Acts);
    }

    #[test]
    fn no_name_stands_in_two_lists() {
        let lists = [
            HARMLESS_VOLATILE,
            ACTS,
            ADMIN,
            REVEALS,
            SERVER_FILE,
            ACTIVITY,
        ];
        let mut all: Vec<&str> = lists.iter().flat_map(|l| l.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    /// What the server itself calls volatile is nothing that may be overlooked: each is in a list, or
    /// named here as one that nobody calls.
    #[test]
    fn every_volatile_function_of_the_server_is_in_a_list() {
        let volatile = crate::catalog::listed_builtins()
            .filter_map(|(name, v)| (v == Volatility::Volatile).then_some(name));
        let mut count = 0;
        let mut missing = vec![];
        for name in volatile {
            count += 1;
            let known = listed(name).is_some()
                || HARMLESS_VOLATILE.contains(&name)
                || name == "set_config"
                || name.starts_with("binary_upgrade_")
                || name.starts_with("RI_FKey_")
                || HANDLERS.contains(&name);
            if !known {
                missing.push(name);
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
        assert!(count > 100, "only {count} volatile functions");
    }

    /// Called by the server itself, as triggers, handlers and validators; in no list, so a call of one could do anything.
    const HANDLERS: &[&str] = &[
        "brinhandler",
        "bthandler",
        "dsnowball_init",
        "dsnowball_lexize",
        "ginhandler",
        "gisthandler",
        "hashhandler",
        "heap_tableam_handler",
        "plpgsql_call_handler",
        "plpgsql_inline_handler",
        "plpgsql_validator",
        "spghandler",
        "suppress_redundant_updates_trigger",
        "tsvector_update_trigger",
        "tsvector_update_trigger_column",
        "unique_key_recheck",
    ];
}
