//! Functions: what a call can do or show beyond its arguments.
//!
//! Owns: the decision table, as data, and the lookup of a name in the catalog. Refuses: to take a function for harmless
//! because it looks so. Harmless is what belongs to the server, is immutable or stable by its own account and is not
//! listed below; and the few volatile ones listed as harmless. Everything else has an effect, or may show anything.
//!
//! The lists are those of PostgreSQL 15 to 18 (`SELECT proname FROM pg_proc WHERE provolatile = 'v'` and the manual's
//! chapter 9); `FINDINGS` has the ones that a read-only session does not stop.

use crate::catalog::{Catalog, Function};
use crate::facts::Volatility;
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

/// Volatile, and harmless.
const HARMLESS_VOLATILE: &[&str] = &[
    "amvalidate",
    "bernoulli",
    "clock_timestamp",
    "current_query",
    "currval",
    "gen_random_uuid",
    "lastval",
    "pg_advisory_unlock",
    "pg_advisory_unlock_all",
    "pg_advisory_unlock_shared",
    "pg_blocking_pids",
    "pg_collation_actual_version",
    "pg_current_wal_flush_lsn",
    "pg_current_wal_insert_lsn",
    "pg_current_wal_lsn",
    "pg_database_collation_actual_version",
    "pg_database_size",
    "pg_get_multixact_members",
    "pg_get_wal_replay_pause_state",
    "pg_get_wal_resource_managers",
    "pg_indexes_size",
    "pg_is_in_recovery",
    "pg_is_wal_replay_paused",
    "pg_isolation_test_session_is_blocked",
    "pg_jit_available",
    "pg_last_committed_xact",
    "pg_last_wal_receive_lsn",
    "pg_last_wal_replay_lsn",
    "pg_last_xact_replay_timestamp",
    "pg_lock_status",
    "pg_notification_queue_usage",
    "pg_partition_ancestors",
    "pg_partition_tree",
    "pg_prepared_xact",
    "pg_relation_size",
    "pg_replication_origin_progress",
    "pg_safe_snapshot_blocking_pids",
    "pg_sequence_last_value",
    "pg_show_replication_origin_status",
    "pg_stat_get_recovery_prefetch",
    "pg_stat_get_xact_blocks_fetched",
    "pg_stat_get_xact_blocks_hit",
    "pg_stat_get_xact_function_calls",
    "pg_stat_get_xact_function_self_time",
    "pg_stat_get_xact_function_total_time",
    "pg_stat_get_xact_numscans",
    "pg_stat_get_xact_tuples_deleted",
    "pg_stat_get_xact_tuples_fetched",
    "pg_stat_get_xact_tuples_hot_updated",
    "pg_stat_get_xact_tuples_inserted",
    "pg_stat_get_xact_tuples_returned",
    "pg_stat_get_xact_tuples_updated",
    "pg_stat_have_stats",
    "pg_table_size",
    "pg_tablespace_size",
    "pg_total_relation_size",
    "pg_xact_commit_timestamp",
    "pg_xact_commit_timestamp_origin",
    "pg_xact_status",
    "random",
    "random_normal",
    "system",
    "timeofday",
    "txid_status",
    "uuidv4",
    "uuidv7",
];

/// Have an effect in the session or on sequences, large objects, locks, listeners; what they show is their arguments'.
const ACTS: &[&str] = &[
    "currtid2",
    "lo_close",
    "lo_creat",
    "lo_create",
    "lo_from_bytea",
    "lo_lseek",
    "lo_lseek64",
    "lo_open",
    "lo_put",
    "lo_tell",
    "lo_tell64",
    "lo_truncate",
    "lo_truncate64",
    "lo_unlink",
    "lowrite",
    "nextval",
    "pg_advisory_lock",
    "pg_advisory_lock_shared",
    "pg_advisory_xact_lock",
    "pg_advisory_xact_lock_shared",
    "pg_export_snapshot",
    "pg_notify",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_stat_clear_snapshot",
    "pg_stat_force_next_flush",
    "pg_try_advisory_lock",
    "pg_try_advisory_lock_shared",
    "pg_try_advisory_xact_lock",
    "pg_try_advisory_xact_lock_shared",
    "setseed",
    "setval",
];

/// Have an effect on the server as a whole, or on other sessions.
const ADMIN: &[&str] = &[
    "brin_desummarize_range",
    "brin_summarize_new_values",
    "brin_summarize_range",
    "gin_clean_pending_list",
    "pg_backup_start",
    "pg_backup_stop",
    "pg_cancel_backend",
    "pg_clear_attribute_stats",
    "pg_clear_relation_stats",
    "pg_copy_logical_replication_slot",
    "pg_copy_physical_replication_slot",
    "pg_create_logical_replication_slot",
    "pg_create_physical_replication_slot",
    "pg_create_restore_point",
    "pg_drop_replication_slot",
    "pg_extension_config_dump",
    "pg_import_system_collations",
    "pg_log_backend_memory_contexts",
    "pg_log_standby_snapshot",
    "pg_logical_emit_message",
    "pg_nextoid",
    "pg_promote",
    "pg_reload_conf",
    "pg_replication_origin_advance",
    "pg_replication_origin_create",
    "pg_replication_origin_drop",
    "pg_replication_origin_session_reset",
    "pg_replication_origin_session_setup",
    "pg_replication_origin_xact_reset",
    "pg_replication_origin_xact_setup",
    "pg_replication_slot_advance",
    "pg_restore_attribute_stats",
    "pg_restore_relation_stats",
    "pg_rotate_logfile",
    "pg_rotate_logfile_old",
    "pg_start_backup",
    "pg_stat_reset",
    "pg_stat_reset_backend_stats",
    "pg_stat_reset_replication_slot",
    "pg_stat_reset_shared",
    "pg_stat_reset_single_function_counters",
    "pg_stat_reset_single_table_counters",
    "pg_stat_reset_slru",
    "pg_stat_reset_subscription_stats",
    "pg_stop_backup",
    "pg_stop_making_pinned_objects",
    "pg_switch_wal",
    "pg_sync_replication_slots",
    "pg_terminate_backend",
    "pg_wal_replay_pause",
    "pg_wal_replay_resume",
];

/// Run a query or open something that their arguments name; stable by the server's account or not.
const REVEALS: &[&str] = &[
    "cursor_to_xml",
    "cursor_to_xmlschema",
    "database_to_xml",
    "database_to_xml_and_xmlschema",
    "database_to_xmlschema",
    "lo_get",
    "loread",
    "pg_logical_slot_get_binary_changes",
    "pg_logical_slot_get_changes",
    "pg_logical_slot_peek_binary_changes",
    "pg_logical_slot_peek_changes",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "query_to_xmlschema",
    "schema_to_xml",
    "schema_to_xml_and_xmlschema",
    "schema_to_xmlschema",
    "table_to_xml",
    "table_to_xml_and_xmlschema",
    "table_to_xmlschema",
    "ts_rewrite",
    "ts_stat",
];

/// Files of the server's host.
const SERVER_FILE: &[&str] = &[
    "lo_export",
    "lo_import",
    "pg_current_logfile",
    "pg_hba_file_rules",
    "pg_ident_file_mappings",
    "pg_ls_archive_statusdir",
    "pg_ls_dir",
    "pg_ls_logdir",
    "pg_ls_logicalmapdir",
    "pg_ls_logicalsnapdir",
    "pg_ls_replslotdir",
    "pg_ls_summariesdir",
    "pg_ls_tmpdir",
    "pg_ls_waldir",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_read_file_old",
    "pg_show_all_file_settings",
    "pg_stat_file",
];

/// Show what other sessions do.
const ACTIVITY: &[&str] = &[
    "pg_stat_get_activity",
    "pg_stat_get_backend_activity",
    "pg_stat_get_backend_client_addr",
    "pg_stat_get_backend_client_port",
];

/// What is a call in our form and a node of its own to the server.
const SYNTAX: &[&str] = &[
    "coalesce",
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "greatest",
    "grouping",
    "json",
    "json_array",
    "json_arrayagg",
    "json_exists",
    "json_object",
    "json_objectagg",
    "json_query",
    "json_scalar",
    "json_serialize",
    "json_table",
    "json_value",
    "least",
    "localtime",
    "localtimestamp",
    "merge_action",
    "normalize",
    "nullif",
    "session_user",
    "system_user",
    "trim",
    "user",
    "xmlconcat",
    "xmlelement",
    "xmlexists",
    "xmlforest",
    "xmlparse",
    "xmlpi",
    "xmlroot",
    "xmlserialize",
    "xmltable",
];

/// Harmless functions whose result's shape, and what they read, no literal among their arguments can change.
const VALUE_ONLY: &[&str] = &[
    "abs",
    "age",
    "array_agg",
    "array_length",
    "avg",
    "bool_and",
    "bool_or",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "coalesce",
    "concat",
    "count",
    "current_date",
    "current_timestamp",
    "date_part",
    "date_trunc",
    "extract",
    "first_value",
    "floor",
    "greatest",
    "lag",
    "last_value",
    "lead",
    "least",
    "left",
    "length",
    "localtimestamp",
    "lower",
    "lpad",
    "ltrim",
    "max",
    "min",
    "mod",
    "now",
    "nullif",
    "position",
    "rank",
    "replace",
    "right",
    "round",
    "row_number",
    "rpad",
    "rtrim",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "to_char",
    "trim",
    "trunc",
    "upper",
];

/// Operators on values that no literal beside them can turn into an access to a part of a column.
const VALUE_OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "%", "<", ">", "<=", ">=", "<>", "||", "=",
];

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
    let table: [(&[&str], Effect); 5] = [
        (SERVER_FILE, Effect::ServerFile),
        (REVEALS, Effect::Reveals),
        (ADMIN, Effect::Admin),
        (ACTS, Effect::Acts),
        (ACTIVITY, Effect::Activity),
    ];
    for (names, effect) in table {
        if names.contains(&name) {
            return effect;
        }
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
        effect(&Function {
            oid: 1,
            schema: schema.into(),
            name: name.into(),
            volatility,
            builtin,
        })
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
}
