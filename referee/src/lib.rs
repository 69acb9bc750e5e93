//! What the referees share: a scratch server, its catalog as `sql` wants it, random choices that can be repeated.
//!
//! Owns: nothing of the product. Refuses: to be a dependency of anything in the workspace.

pub mod arguments;
pub mod random;
pub mod server;
#[path = "../../crates/sql/tests/shop/mod.rs"]
pub mod shop;

use postgres::{Client, Error, SimpleQueryMessage};
use sql::{Catalog, catalog_rows};

/// The catalog of the database behind a connection, in one snapshot, as the gateway would load it. The connection's
/// search_path is as before afterwards; it may not be in a transaction.
///
/// # Errors
/// The server's.
///
/// # Panics
/// The answers are not what was asked for: the queries and their reader do not fit each other.
pub fn catalog(client: &mut Client, generation: u64) -> Result<Catalog, Error> {
    client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    client.batch_execute(&catalog_rows::SESSION.replace("SET ", "SET LOCAL "))?;
    let mut answers = Vec::with_capacity(catalog_rows::QUERIES.len());
    for (_, text) in catalog_rows::QUERIES {
        let mut rows = vec![];
        for message in client.simple_query(text)? {
            if let SimpleQueryMessage::Row(row) = message {
                rows.push(
                    (0..row.len())
                        .map(|at| row.get(at).map(str::to_owned))
                        .collect(),
                );
            }
        }
        answers.push(rows);
    }
    client.batch_execute("COMMIT")?;
    Ok(catalog_rows::build(generation, answers).expect("answers to the catalog's queries"))
}
