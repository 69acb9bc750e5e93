//! The definitions as one session sees them: its own uncommitted and temporary ones too.
//!
//! Owns: asking [`QUERIES`] on the session itself, and the parting of what belongs to the server (read once) from what is the
//! users' (read again whenever it may have changed). Refuses: to know what the answers mean.

use std::io::Result;
use std::sync::{Arc, Mutex};

use sql::Catalog;
use sql::catalog_rows::{self, QUERIES, Row};

/// OIDs below this belong to the server itself (`FirstNormalObjectId`).
const FIRST_NORMAL_OID: u32 = 16384;

/// Answers to [`QUERIES`], in order.
pub type Answers = Vec<Vec<Row>>;

/// Reads them all. `ask` runs one statement on the session.
pub fn load(
    own: &Mutex<Option<Arc<Answers>>>,
    generation: u64,
    mut ask: impl FnMut(&str) -> Result<Vec<Row>>,
) -> Result<Catalog> {
    let known = own.lock().ok().and_then(|own| own.clone());
    let mut answers = vec![];
    for (at, (_, query)) in QUERIES.iter().enumerate() {
        let servers = known
            .as_ref()
            .and_then(|k| k.get(at))
            .filter(|k| !k.is_empty());
        answers.push(match servers {
            // Rows begin with the OID of what they are of, and come in its order.
            Some(servers) => {
                let users = format!(
                    "SELECT * FROM ({query}) AS q(key) WHERE key OPERATOR(pg_catalog.>=) {FIRST_NORMAL_OID}"
                );
                let mut rows = servers.clone();
                rows.extend(ask(&users)?);
                rows
            }
            None => ask(query)?,
        });
    }
    if known.is_none()
        && let Ok(mut own) = own.lock()
    {
        *own = Some(Arc::new(answers.iter().map(|rows| servers(rows)).collect()));
    }
    catalog_rows::build(generation, answers)
        .ok_or_else(|| std::io::Error::other("definitions of another form"))
}

/// The rows that are the server's own; none where rows do not begin with an OID.
fn servers(rows: &[Row]) -> Vec<Row> {
    let oid = |row: &Row| row.first()?.as_ref()?.parse::<u32>().ok();
    if rows.iter().any(|row| oid(row).is_none()) {
        return vec![];
    }
    rows.iter()
        .filter(|row| oid(row).is_some_and(|oid| oid < FIRST_NORMAL_OID))
        .cloned()
        .collect()
}
