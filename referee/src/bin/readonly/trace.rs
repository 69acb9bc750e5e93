//! What a statement can leave behind though its transaction could only read.
//!
//! Owns: the things that are looked at before and after. Refuses: to look from the statement's own session.

use postgres::{Client, SimpleQueryMessage};

/// What is looked at, each a number or a time.
const LOOK: &[(&str, &str)] = &[
    (
        "advisory locks",
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
    ),
    (
        "large objects",
        "SELECT count(*) FROM pg_largeobject_metadata",
    ),
    (
        "replication slots",
        "SELECT count(*) FROM pg_replication_slots",
    ),
    (
        "replication origins",
        "SELECT count(*) FROM pg_replication_origin",
    ),
    (
        "sequences",
        "SELECT sum(coalesce(last_value, 0)) FROM pg_sequences",
    ),
    ("notifications", "SELECT pg_notification_queue_usage()"),
    (
        "prepared transactions",
        "SELECT count(*) FROM pg_prepared_xacts",
    ),
    ("relations", "SELECT count(*) FROM pg_class"),
    ("settings read again", "SELECT pg_conf_load_time()"),
    (
        "sessions",
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bystander'",
    ),
    (
        "statistics reset",
        "SELECT max(stats_reset) FROM pg_stat_database",
    ),
    ("files", "SELECT count(*) FROM pg_ls_dir('.')"),
    ("backups", "SELECT count(*) FROM pg_ls_dir('pg_wal')"),
    // Whatever is written down anywhere is in the write-ahead log first.
    ("write-ahead log", "SELECT pg_current_wal_insert_lsn()"),
];

/// A session that looks on.
pub struct Watch {
    client: Client,
    /// One that somebody could end.
    _bystander: Client,
    text: String,
}

impl Watch {
    /// Over the server of these connections.
    pub fn over(client: Client, mut bystander: Client) -> Watch {
        bystander
            .batch_execute("SET application_name = bystander")
            .expect("a name");
        let parts: Vec<String> = LOOK
            .iter()
            .map(|(_, query)| format!("({query})::text"))
            .collect();
        Watch {
            client,
            _bystander: bystander,
            text: format!("SELECT {}", parts.join(", ")),
        }
    }

    /// All of it, now.
    pub fn look(&mut self) -> Vec<String> {
        let messages = self.client.simple_query(&self.text).expect("a look");
        messages
            .into_iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(
                    (0..row.len())
                        .map(|at| row.get(at).unwrap_or_default().to_owned())
                        .collect(),
                ),
                _ => None,
            })
            .next()
            .unwrap_or_default()
    }
}

/// What differs, in words.
pub fn difference(before: &[String], after: &[String]) -> String {
    let changed: Vec<String> = LOOK
        .iter()
        .zip(before.iter().zip(after))
        .filter(|(_, (a, b))| a != b)
        .map(|((name, _), (a, b))| format!("{name}: {a} then {b}"))
        .collect();
    format!("it leaves a trace ({})", changed.join(", "))
}
