//! psql's own names for what a DBA does, sent by the server: `TABLE macros \gset`, then `:held`.
//!
//! Owns: what each name stands for. psql pastes a variable's text as it is, also a backslash command (psql's manual
//! page, "Variables"); so `:held` can end in a semicolon and run at once, and `:show 12` can be `\sf 12`, the one
//! command of psql's that takes a word and prints what the server answers as plain text. Refuses: effects without a
//! semicolon that the person typed herself.

use crate::cell::Cell;

/// In the order of the columns of `macros`.
const MACROS: [&str; 12] = [
    "SELECT id, waiting, \"user\", agent, database, reason, statement FROM held ORDER BY id;",
    "SELECT id, state, \"user\", agent, database, statement, decided_by, why FROM holds ORDER BY id DESC LIMIT 20;",
    "SELECT id, \"user\", agent, database, state, started, statements, hold FROM sessions WHERE state <> 'ended' ORDER BY id;",
    "SELECT session, number, started, agent, database, outcome, rows, masked, duration, statement FROM statements ORDER BY started DESC LIMIT 20;",
    "SELECT name, \"user\", agent, database, roles, state, expires FROM grants ORDER BY created DESC;",
    "\\sf ",
    "APPROVE",
    "REJECT",
    "TERMINATE",
    "REPLAY",
    "EXPLAIN POLICY",
    "SELECT id, waiting, \"user\", agent, database, reason, statement FROM held ORDER BY id \\watch 2",
];

/// The one row of `macros`.
pub fn row() -> Vec<Cell> {
    MACROS.into_iter().map(Cell::from).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_value_a_column() {
        let relation = crate::relation::find(None, "macros").unwrap();
        assert_eq!(relation.columns.len(), super::row().len());
    }
}
