//! The few statements of the gateway's own that run in an agent's session.
//!
//! Owns: their text. None is built from anything an agent sent. Refuses: to be more than these.

use sql::settings::SearchPath;

/// Fails at the parser, so that the server's transaction ends up where a failed statement of the agent's would have left
/// it. The server's own log shows what happened.
pub const POISON: &[u8] = b"REFUSED BY TOLLGATE";

/// What names are looked up in, and how text is read: one row a schema, in order (PostgreSQL manual, 9.26), then one a
/// relation of the session's own temporary schema. The session sees those of its open transaction, which the loader of the
/// catalog cannot.
pub const SETTINGS: &str = "SELECT pg_catalog.current_setting('standard_conforming_strings'), \
     CURRENT_USER::pg_catalog.text, pg_catalog.current_setting('client_encoding'), s::pg_catalog.text, n \
     FROM pg_catalog.unnest(pg_catalog.current_schemas(true)) WITH ORDINALITY AS u(s, n) \
     UNION ALL SELECT NULL, NULL, NULL, c.relname::pg_catalog.text, NULL FROM pg_catalog.pg_class c \
     WHERE pg_catalog.pg_my_temp_schema() OPERATOR(pg_catalog.<>) 0 AND c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema() \
     ORDER BY 5, 4";

/// A query over the definitions that an open transaction sees, and nothing of it left behind. Definitions come with every name
/// spelled out, in the encoding and quotes that we read, and nobody's lock is waited for. The transaction's isolation comes first.
pub fn within_transaction(query: &str) -> [&str; 5] {
    const SETTINGS: &str = "SELECT pg_catalog.set_config('search_path', '', true), pg_catalog.set_config('client_encoding', 'UTF8', true), \
         pg_catalog.set_config('standard_conforming_strings', 'on', true), pg_catalog.set_config('quote_all_identifiers', 'off', true), \
         pg_catalog.set_config('lock_timeout', '2000', true), pg_catalog.current_setting('transaction_isolation')";
    let [back, release] = BACK;
    [SAVEPOINT, SETTINGS, query, back, release]
}

/// An agent may have a savepoint of any name: of one called the same, ours is the later, and goes before it.
const SAVEPOINT: &str = "SAVEPOINT \"tollgate's own\"";

/// Puts the session back to where it was before [`within_transaction`], also where that has failed.
pub const BACK: [&str; 2] = [
    "ROLLBACK TO SAVEPOINT \"tollgate's own\"",
    "RELEASE SAVEPOINT \"tollgate's own\"",
];

/// What our statements and portals are called, so that the agent's unnamed ones stay.
pub const NAME: &str = "tollgate's own";

/// The settings that [`within_transaction`] changes and that the server tells its client of (PostgreSQL manual, 55.2.7).
pub const TOLD: &[&[u8]] = &[
    b"search_path",
    b"client_encoding",
    b"standard_conforming_strings",
];

/// Reads the answer to [`SETTINGS`]; None where it is not what was asked for.
pub fn read_settings(rows: &[Vec<Option<String>>]) -> Option<sql::Settings> {
    let first = rows.first()?;
    let cell = |row: &[Option<String>], at: usize| row.get(at).cloned().flatten();
    let (path, temporary): (Vec<_>, Vec<_>) = rows.iter().partition(|r| cell(r, 4).is_some());
    let names = |rows: &[&Vec<Option<String>>]| -> Option<Vec<String>> {
        rows.iter().map(|row| cell(row, 3)).collect()
    };
    Some(sql::Settings {
        search_path: SearchPath::Known(names(&path)?),
        temporary: names(&temporary)?,
        inner_path: None,
        declared: vec![],
        standard_conforming_strings: cell(first, 0)? == "on",
        user: cell(first, 1)?,
        client_encoding: cell(first, 2)?.to_ascii_uppercase(),
    })
}
