//! The query engine: SQLite in memory, one for each console session, on a thread of its own.
//!
//! Owns: filling the tables that a query names, running it, and its limits in time and memory. Refuses: SQL that
//! [`crate::translate`] did not write, and to keep rows from one statement to the next.

use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use rusqlite::{Connection, InterruptHandle};

use crate::catalog::Surroundings;
use crate::cell::Cell;
use crate::desk::Refusal;
use crate::function::{self, Shared, from_engine, to_engine};
use crate::relation::{self, Relation};
use crate::translate::{Plan, Wanted};

/// Rows of a result.
pub type Rows = Vec<Vec<Cell>>;

/// A result has at most so many rows.
const MAX_ROWS: usize = 200_000;
/// A result takes at most so much memory.
const MAX_WEIGHT: usize = 64 * 1024 * 1024;
/// All consoles' SQLite together take at most so much memory.
const MAX_HEAP: usize = 512 * 1024 * 1024;

/// One session's engine.
pub struct Engine {
    db: Connection,
    shared: Arc<Shared>,
    made: HashSet<String>,
}

/// What an error of SQLite's is in PostgreSQL's words. Its texts may speak of what translation wrote, so they are
/// shown only where they say something about the person's own query.
fn failed(error: &rusqlite::Error) -> Refusal {
    let text = error.to_string();
    if let Some(refusal) = function::carried(&text) {
        return refusal;
    }
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::OperationInterrupted) => {
            Refusal::new("57014", "canceling statement due to statement timeout")
        }
        Some(rusqlite::ErrorCode::OutOfMemory) => Refusal::new("53200", "out of memory"),
        Some(rusqlite::ErrorCode::TooBig) => Refusal::new("54000", "a value is too long"),
        _ if ["maximum depth", "too many", "stack overflow"]
            .iter()
            .any(|limit| text.contains(limit)) =>
        {
            Refusal::new(
                "54001",
                "statement is too long or too deeply nested for the console",
            )
        }
        _ if text.contains("integer overflow") => Refusal::new("22003", "bigint out of range"),
        _ if text.contains("aggregate") || text.contains("window function") => Refusal::new(
            "42803",
            "aggregate or window functions are not allowed here",
        ),
        _ if text.contains("no such window") => Refusal::new("42704", "window does not exist"),
        _ => Refusal::new("XX000", format!("the console's query engine: {text}")),
    }
}

impl Engine {
    /// An empty engine.
    pub fn open() -> Result<Engine, Refusal> {
        let db = Connection::open_in_memory().map_err(|e| failed(&e))?;
        let shared = Arc::new(Shared::default());
        function::register(&db, &shared).map_err(|e| failed(&e))?;
        db.execute_batch(&format!(
            "PRAGMA hard_heap_limit = {MAX_HEAP}; PRAGMA temp_store = MEMORY; PRAGMA journal_mode = OFF; \
             PRAGMA trusted_schema = OFF;"
        ))
        .map_err(|e| failed(&e))?;
        Ok(Engine {
            db,
            shared,
            made: HashSet::new(),
        })
    }

    /// What stops a query that takes too long.
    pub fn interrupt(&self) -> InterruptHandle {
        self.db.get_interrupt_handle()
    }

    /// Runs a query. `fill` gives the rows of each relation that it names.
    pub fn run(
        &mut self,
        plan: &Plan,
        parameters: &[Cell],
        now_us: i64,
        around: Surroundings,
        fill: &mut dyn FnMut(&Wanted) -> Result<Rows, Refusal>,
    ) -> Result<Rows, Refusal> {
        self.shared.now.store(now_us, Ordering::Relaxed);
        *self
            .shared
            .around
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = around;
        for wanted in &plan.wanted {
            self.fill(wanted, fill(wanted)?).map_err(|e| failed(&e))?;
        }
        let result = self.query(plan, parameters);
        self.forget(&plan.wanted);
        result
    }

    fn fill(&mut self, wanted: &Wanted, rows: Rows) -> Result<(), rusqlite::Error> {
        let (table, relation) = match wanted {
            Wanted::Relation(oid) => match relation::by_oid(*oid) {
                Some(relation) => (relation.table(), relation),
                None => return Ok(()),
            },
            Wanted::Replay(table, _) => (table.clone(), relation::replay()),
        };
        if self.made.insert(table.clone()) {
            self.db.execute_batch(&create(&table, relation))?;
        }
        let marks = vec!["?"; relation.columns.len()].join(", ");
        let tx = self.db.unchecked_transaction()?;
        {
            let mut insert =
                tx.prepare_cached(&format!("INSERT INTO \"{table}\" VALUES ({marks})"))?;
            for row in rows {
                insert.execute(rusqlite::params_from_iter(row.into_iter().map(to_engine)))?;
            }
        }
        tx.commit()
    }

    /// Rows go when the statement ends: the next one sees the gateway as it is then.
    fn forget(&mut self, wanted: &[Wanted]) {
        for wanted in wanted {
            let table = match wanted {
                Wanted::Relation(oid) => relation::by_oid(*oid).map(Relation::table),
                Wanted::Replay(table, _) => Some(table.clone()),
            };
            if let Some(table) = table
                && self
                    .db
                    .execute_batch(&format!("DELETE FROM \"{table}\""))
                    .is_err()
            {
                self.made.remove(&table);
                // A table that cannot be emptied must not be read again.
                let _gone = self
                    .db
                    .execute_batch(&format!("DROP TABLE IF EXISTS \"{table}\""));
            }
        }
    }

    fn query(&self, plan: &Plan, parameters: &[Cell]) -> Result<Rows, Refusal> {
        let mut statement = self.db.prepare(&plan.sql).map_err(|e| failed(&e))?;
        // A parameter that the text never uses has no place in SQLite.
        let places = statement.parameter_count();
        for (i, cell) in parameters.iter().take(places).enumerate() {
            statement
                .raw_bind_parameter(i + 1, to_engine(cell.clone()))
                .map_err(|e| failed(&e))?;
        }
        let width = statement.column_count();
        let mut rows = statement.raw_query();
        let mut out = Vec::new();
        let mut weight = 0;
        while let Some(row) = rows.next().map_err(|e| failed(&e))? {
            let mut cells = Vec::with_capacity(width);
            for i in 0..width {
                let cell = from_engine(row.get_ref(i).map_err(|e| failed(&e))?);
                weight += cell.weight();
                cells.push(cell);
            }
            out.push(cells);
            if out.len() > MAX_ROWS || weight > MAX_WEIGHT {
                return Err(Refusal::new(
                    "54000",
                    "the result is too large for the console: add a LIMIT or a WHERE",
                ));
            }
        }
        Ok(out)
    }
}

fn create(table: &str, relation: &Relation) -> String {
    let columns: Vec<String> = relation
        .columns
        .iter()
        .map(|c| format!("\"{}\"", c.name))
        .collect();
    format!("CREATE TABLE \"{table}\" ({})", columns.join(", "))
}
