//! Columns of the server's own relations that show more than definitions.
//!
//! Owns: [`reveals`]. Refuses: to call a column of such a relation harmless that is not listed here as that.

use crate::facts::Column;
use crate::relations::is_system;

/// System relations that show stored data, others' statements, secrets or files, and those of their columns that do not.
const REVEALING: &[(&str, &[&str])] = &[
    (
        "pg_stats",
        &["schemaname", "tablename", "attname", "inherited"],
    ),
    ("pg_statistic", &["starelid", "staattnum", "stainherit"]),
    (
        "pg_stats_ext",
        &[
            "schemaname",
            "tablename",
            "statistics_schemaname",
            "statistics_name",
            "statistics_owner",
            "attnames",
            "exprs",
            "kinds",
            "inherited",
        ],
    ),
    (
        "pg_stats_ext_exprs",
        &[
            "schemaname",
            "tablename",
            "statistics_schemaname",
            "statistics_name",
            "statistics_owner",
            "expr",
            "inherited",
        ],
    ),
    ("pg_statistic_ext_data", &["stxoid", "stxdinherit"]),
    (
        "pg_stat_activity",
        &[
            "datid",
            "datname",
            "pid",
            "leader_pid",
            "usesysid",
            "usename",
            "backend_start",
            "xact_start",
            "query_start",
            "state_change",
            "wait_event_type",
            "wait_event",
            "state",
            "backend_xid",
            "backend_xmin",
            "query_id",
            "backend_type",
        ],
    ),
    ("pg_stat_statements", &[]),
    ("pg_largeobject", &["loid", "pageno"]),
    (
        "pg_authid",
        &[
            "oid",
            "rolname",
            "rolsuper",
            "rolinherit",
            "rolcreaterole",
            "rolcreatedb",
            "rolcanlogin",
            "rolreplication",
            "rolbypassrls",
            "rolconnlimit",
            "rolvaliduntil",
        ],
    ),
    (
        "pg_shadow",
        &[
            "usename",
            "usesysid",
            "usecreatedb",
            "usesuper",
            "userepl",
            "usebypassrls",
            "valuntil",
            "useconfig",
        ],
    ),
    ("pg_user_mapping", &["oid", "umuser", "umserver"]),
    (
        "pg_user_mappings",
        &["umid", "srvid", "srvname", "umuser", "usename"],
    ),
    (
        "user_mapping_options",
        &[
            "authorization_identifier",
            "foreign_server_catalog",
            "foreign_server_name",
            "option_name",
        ],
    ),
    ("_pg_user_mappings", &[]),
    // Its connection string holds a password.
    (
        "pg_subscription",
        &[
            "oid",
            "subdbid",
            "subskiplsn",
            "subname",
            "subowner",
            "subenabled",
            "subbinary",
            "substream",
            "subtwophasestate",
            "subdisableonerr",
            "subpasswordrequired",
            "subrunasowner",
            "subfailover",
            "subslotname",
            "subsynccommit",
            "subpublications",
            "suborigin",
        ],
    ),
    ("pg_hba_file_rules", &[]),
    ("pg_ident_file_mappings", &[]),
    ("pg_file_settings", &[]),
];

/// Whether a column shows others' statements, secrets, files, or values of the users' tables, such as the default of a
/// column that was added later.
pub(crate) fn reveals(column: &Column) -> bool {
    let (table, name) = (column.table.as_str(), column.column.as_str());
    // Statistics of an extension are in whatever schema it was put in.
    if !is_system(&column.schema) && !table.starts_with("pg_stat") {
        return false;
    }
    match REVEALING.iter().find(|(relation, _)| *relation == table) {
        Some((_, harmless)) => !harmless.contains(&name),
        None => table == "pg_attribute" && matches!(name, "attmissingval" | "*"),
    }
}
