//! SET, RESET and set_config: what changing a parameter comes to.
//!
//! Owns: which parameters anybody may set for her own session, and which change how statements are judged. Refuses:
//! parameters it does not know; setting those is administration.

use crate::analyzer::Analyzer;
use crate::catalog::Catalog;
use crate::facts::{Action, Object};
use crate::form::{Expr, Hidden, Literal, Set};
use crate::settings::{SearchPath, SettingChange, Settings, is_temporary};

/// Parameters that change nothing but how the session's own statements are planned, shown or timed
/// (`pg_settings` with context `user`, PostgreSQL 15 to 18; dates and numbers may be shown differently, never more).
const HARMLESS: &[&str] = &[
    "application_name",
    "array_nulls",
    "backend_flush_after",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "client_connection_check_interval",
    "client_encoding",
    "client_min_messages",
    "commit_siblings",
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "datestyle",
    "debug_pretty_print",
    "default_statistics_target",
    "default_table_access_method",
    "default_tablespace",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "effective_cache_size",
    "effective_io_concurrency",
    "escape_string_warning",
    "extra_float_digits",
    "force_parallel_mode",
    "debug_parallel_query",
    "from_collapse_limit",
    "gin_fuzzy_search_limit",
    "gin_pending_list_limit",
    "hash_mem_multiplier",
    "icu_validation_level",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "intervalstyle",
    "join_collapse_limit",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "lock_timeout",
    "logical_decoding_work_mem",
    "maintenance_io_concurrency",
    "maintenance_work_mem",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "quote_all_identifiers",
    "random_page_cost",
    "recursive_worktable_factor",
    "restrict_nonsystem_relation_kind",
    "row_security",
    "search_path",
    "seed",
    "seq_page_cost",
    "standard_conforming_strings",
    "statement_timeout",
    "stats_fetch_consistency",
    "synchronize_seqscans",
    "synchronous_commit",
    "tcp_keepalives_count",
    "tcp_keepalives_idle",
    "tcp_keepalives_interval",
    "tcp_user_timeout",
    "temp_buffers",
    "temp_tablespaces",
    "timezone",
    "timezone_abbreviations",
    "transaction_deferrable",
    "transaction_isolation",
    "transaction_timeout",
    "transform_null_equals",
    "vacuum_buffer_usage_limit",
    "vacuum_cost_delay",
    "vacuum_cost_limit",
    "vacuum_cost_page_dirty",
    "vacuum_cost_page_hit",
    "vacuum_cost_page_miss",
    "vacuum_failsafe_age",
    "vacuum_freeze_min_age",
    "vacuum_freeze_table_age",
    "vacuum_multixact_failsafe_age",
    "vacuum_multixact_freeze_min_age",
    "vacuum_multixact_freeze_table_age",
    "work_mem",
    "xmlbinary",
    "xmloption",
];

/// Families of which the same is true.
const HARMLESS_FAMILIES: &[&str] = &["enable_", "geqo", "jit"];

/// Parameters of extensions that only an administrator should touch: audits, preloaded code.
const ADMIN_FAMILIES: &[&str] = &[
    "anon.",
    "auto_explain.",
    "basic_archive.",
    "passwordcheck.",
    "pg_prewarm.",
    "pg_stat_statements.",
    "pgaudit.",
    "plperl.",
    "plpgsql.",
    "plpython.",
    "pltcl.",
    "sepgsql.",
    "supautils.",
];

/// What setting a parameter needs. `on` is whether the new value is known to switch it on.
fn action(name: &str, on: bool) -> Action {
    match name {
        "role" | "session_authorization" => Action::Dcl,
        "transaction_read_only" | "default_transaction_read_only" => {
            if on {
                Action::Session
            } else {
                Action::Admin
            }
        }
        _ if HARMLESS.contains(&name) => Action::Session,
        _ if HARMLESS_FAMILIES.iter().any(|f| name.starts_with(f)) => Action::Session,
        _ if ADMIN_FAMILIES.iter().any(|f| name.starts_with(f)) => Action::Admin,
        _ if name.contains('.') => Action::Session,
        _ => Action::Admin,
    }
}

/// Whether a value switches a parameter on (`parse_bool` in the server; prefixes of the words count).
fn switch(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "on" | "true" | "yes" | "1" | "t" | "tr" | "tru" | "y" | "ye" => Some(true),
        "off" | "of" | "false" | "no" | "0" | "f" | "fa" | "fal" | "fals" | "n" => Some(false),
        _ => None,
    }
}

/// What a parameter's change means for the texts to come.
fn change(name: &str, values: Option<Vec<String>>) -> SettingChange {
    match (name, values) {
        ("search_path", Some(values)) => SettingChange::SearchPath(values),
        ("standard_conforming_strings", Some(values)) => {
            match values.first().and_then(|v| switch(v)) {
                Some(on) if values.len() == 1 => SettingChange::StandardConformingStrings(on),
                _ => SettingChange::AskServer,
            }
        }
        ("client_encoding", Some(values)) => match <[String; 1]>::try_from(values) {
            Ok([value]) => SettingChange::ClientEncoding(value),
            Err(_) => SettingChange::AskServer,
        },
        ("search_path" | "standard_conforming_strings" | "client_encoding", None) => {
            SettingChange::AskServer
        }
        ("role" | "session_authorization", _) => SettingChange::AskServer,
        _ => SettingChange::Other(name.to_owned()),
    }
}

impl Analyzer<'_> {
    /// SET.
    pub fn set(&mut self, set: &Set) {
        self.blind = false;
        let values: Option<Vec<String>> = set
            .values
            .as_ref()
            .map(|v| v.iter().map(|Hidden(text)| text.clone()).collect());
        let on = match values.as_deref() {
            // DEFAULT is what the session began with; the session began as its grant says.
            None => true,
            Some([value]) => switch(value) == Some(true),
            Some(_) => false,
        };
        self.need(action(&set.name, on), Object::Database);
        self.changes.push(change(&set.name, values));
    }

    /// RESET, of one or of all.
    pub fn reset(&mut self, name: Option<&str>) {
        self.blind = false;
        match name {
            None => {
                self.need(Action::Session, Object::Database);
                self.changes.push(SettingChange::AskServer);
            }
            Some(name) => {
                self.need(action(name, true), Object::Database);
                self.changes.push(change(name, None));
            }
        }
    }

    /// `set_config(name, value, is_local)` in an expression.
    pub fn set_config(&mut self, args: &[Expr]) {
        self.blind = false;
        let text = |expr: &Expr| match expr {
            Expr::Literal(Literal::String(Some(Hidden(text)))) => Some(text.clone()),
            // pg_dump: `SELECT set_config(name, '…', false) FROM pg_settings WHERE name = '…'`.
            Expr::Column(path) => self
                .pinned
                .iter()
                .find(|(p, _)| p == path)
                .map(|(_, text)| text.clone()),
            _ => None,
        };
        let name = args.first().and_then(text).map(|n| n.to_ascii_lowercase());
        let value = args.get(1).and_then(text);
        match (name, value) {
            (Some(name), Some(value)) => {
                let on = switch(&value) == Some(true);
                self.need(action(&name, on), Object::Database);
                let values = if name == "search_path" {
                    match split_identifiers(&value) {
                        Some(names) => Some(names),
                        None => {
                            self.changes.push(SettingChange::AskServer);
                            return;
                        }
                    }
                } else {
                    Some(vec![value])
                };
                let change = change(&name, values);
                let followed = !matches!(change, SettingChange::Other(_));
                if followed && !self.certain {
                    // It may run never, or more than once.
                    self.may_change_settings();
                } else {
                    self.changes.push(change);
                }
            }
            // A value that is not known: nobody can say what it turns off.
            (Some(name), None) if action(&name, false) == Action::Session => {
                self.need(Action::Session, Object::Database);
                self.changes.push(change(&name, None));
            }
            _ => {
                self.need(Action::Admin, Object::Database);
                self.changes.push(SettingChange::AskServer);
            }
        }
    }
}

/// A list of names in a string, as `SplitIdentifierString` reads it. `None` where it is malformed.
fn split_identifiers(text: &str) -> Option<Vec<String>> {
    let mut names = vec![];
    let mut rest = text.trim();
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        rest = rest.trim_start();
        let name;
        if let Some(quoted) = rest.strip_prefix('"') {
            let mut end = 0;
            loop {
                let at = quoted[end..].find('"')? + end;
                if quoted[at + 1..].starts_with('"') {
                    end = at + 2;
                } else {
                    name = crate::form::clip(&quoted[..at].replace("\"\"", "\""));
                    rest = &quoted[at + 1..];
                    break;
                }
            }
        } else {
            let end = rest
                .find(|c: char| c == ',' || c.is_ascii_whitespace())
                .unwrap_or(rest.len());
            name = crate::form::fold(&rest[..end]);
            rest = &rest[end..];
        }
        if name.is_empty() {
            return None;
        }
        names.push(name);
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None if rest.is_empty() => return Some(names),
            None => return None,
        }
    }
}

/// The settings after a change, for the statements that follow in the same text. Lexing does not change: the server has
/// read the whole text before it runs the first statement of it.
pub(crate) fn after(settings: &mut Settings, change: &SettingChange, catalog: &Catalog) {
    match change {
        SettingChange::SearchPath(names) => {
            settings.search_path = SearchPath::Known(effective(names, settings, catalog));
        }
        SettingChange::AskServer => settings.search_path = SearchPath::Unknown,
        SettingChange::Temporary(name) => {
            if !settings.has_temporary()
                && let SearchPath::Known(schemas) = &mut settings.search_path
            {
                schemas.insert(0, "pg_temp".to_owned());
            }
            settings.temporary.push(name.clone());
        }
        SettingChange::StandardConformingStrings(_)
        | SettingChange::ClientEncoding(_)
        | SettingChange::Other(_) => {}
    }
}

/// What `current_schemas(true)` would list (PostgreSQL manual 5.9.3 and 20.11.1).
fn effective(names: &[String], settings: &Settings, catalog: &Catalog) -> Vec<String> {
    let temp: Vec<String> = match &settings.search_path {
        SearchPath::Known(old) => old.iter().filter(|s| is_temporary(s)).cloned().collect(),
        SearchPath::Unknown => vec![],
    };
    let mut path = vec![];
    if !names.iter().any(|n| n == "pg_temp") {
        path.extend(temp.iter().cloned());
    }
    if !names.iter().any(|n| n == "pg_catalog") {
        path.push("pg_catalog".to_owned());
    }
    for name in names {
        match name.as_str() {
            "" => {}
            "$user" => {
                if catalog.has_schema(&settings.user) {
                    path.push(settings.user.clone());
                }
            }
            // It is made when it is first needed.
            "pg_temp" if temp.is_empty() => path.push("pg_temp".to_owned()),
            "pg_temp" => path.extend(temp.iter().cloned()),
            other => path.push(other.to_owned()),
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_split_as_the_server_splits_them() {
        let names = |text| split_identifiers(text);
        assert_eq!(names(""), Some(vec![]));
        assert_eq!(
            names("a, \"B c\" ,D"),
            Some(vec!["a".into(), "B c".into(), "d".into()])
        );
        assert_eq!(names("\"a\"\"b\""), Some(vec!["a\"b".into()]));
        assert_eq!(names("a,,b"), None);
        assert_eq!(names("a b"), None);
        assert_eq!(names("\"a"), None);
    }

    #[test]
    fn read_only_is_switched_off_by_administrators_only() {
        assert_eq!(
            action("default_transaction_read_only", false),
            Action::Admin
        );
        assert_eq!(
            action("default_transaction_read_only", true),
            Action::Session
        );
        assert_eq!(action("role", true), Action::Dcl);
        assert_eq!(action("session_replication_role", true), Action::Admin);
        assert_eq!(action("app.tenant", false), Action::Session);
        assert_eq!(action("never_heard_of", true), Action::Admin);
    }
}
