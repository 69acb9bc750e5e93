//! Names whose meaning is in doubt.
//!
//! Owns: whether a labelled column could hide behind a name that the catalog does not have, or that an open transaction gave
//! another meaning. Refuses: to find out what such a name means; only the session's own server can say (`session::own`).

use std::collections::BTreeSet;

use sql::Settings;
use sql::facts::{Class, Column, ColumnUse, Facts, Flag, Need, Object, Place};

use super::decision::Effects;
use crate::database::Known;

/// What is not known of the names in a statement.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Where they are looked up.
    pub lost: bool,
    /// Definitions that were changed and not committed: only the session sees them.
    pub changed: bool,
    /// Names that may stand for something else by them.
    pub moved: BTreeSet<String>,
}

impl Names {
    /// Takes note of what stands before the next statement.
    pub fn learn(&mut self, effects: &[Effects]) {
        for effect in effects {
            self.changed |= effect.definitions;
            self.lost |= effect.lost;
            self.moved.extend(effect.moves.iter().cloned());
        }
    }

    /// Whether a statement means one thing or another by what the definitions are: it reads or writes a table of the users'.
    pub fn matter(facts: &Facts) -> bool {
        let users = |schema: &str| !matches!(schema, "pg_catalog" | "information_schema");
        let table = |n: &Need| matches!(&n.object, Object::Table(schema, _) if users(schema));
        matches!(facts.class, Class::Read | Class::Write)
            && (facts.has(Flag::UnresolvedName) || facts.needs.iter().any(table))
    }

    /// Whether a labelled column could hide behind a name that means something else by now.
    fn moved(&self, facts: &Facts, known: &Known) -> bool {
        if self.moved.is_empty() || Self::looks_at_nothing(facts) {
            return false;
        }
        let has = |name: &str| self.moved.contains("*") || self.moved.contains(name);
        let named = |schema: &str, table: &str| has(table) || has(&format!("{schema}."));
        let relations = || {
            facts.needs.iter().filter_map(|n| match &n.object {
                Object::Table(schema, table) => Some((schema.as_str(), table.as_str())),
                Object::Database | Object::Schema(_) | Object::Function(..) => None,
            })
        };
        // What is labelled has to be in the statement, or to be what was moved.
        let labelled = |(c, _): (&Column, _)| {
            named(&c.schema, &c.table) || relations().any(|r| r == (&c.schema, &c.table))
        };
        // Whoever was made a child is read with its parents.
        let below = |schema: &str, table: &str| {
            let relation = known.catalog.relation(schema, table);
            relation.is_some_and(|r| {
                let mut all = known.catalog.descendants(r.oid).into_iter();
                all.any(|r| named(&r.schema, &r.name))
            })
        };
        let column = |c: &Column| named(&c.schema, &c.table);
        let doubtful = facts.uses.iter().any(|u| column(&u.column))
            || relations().any(|(schema, table)| named(schema, table) || below(schema, table));
        doubtful && known.labels.iter().any(labelled)
    }

    /// Whether a statement gives no rows of anything, and reads none.
    fn looks_at_nothing(facts: &Facts) -> bool {
        facts.uses.is_empty() && facts.outputs.iter().all(|o| o.plain)
    }

    /// Whether a labelled column could hide behind a name that the catalog does not have.
    pub fn hide(&self, facts: &Facts, known: &Known, settings: &Settings) -> bool {
        if self.moved(facts, known) {
            return true;
        }
        if !facts.has(Flag::UnresolvedName) {
            return false;
        }
        // What the server says is in the session's own temporary schema was judged when it was made: no labelled value was
        // copied there, and no view over one made.
        let own = |c: &Column| c.schema == "pg_temp" && settings.temporary.contains(&c.table);
        let missing = |c: &Column| {
            let relation = known.catalog.relation(&c.schema, &c.table);
            relation.is_none_or(|r| !r.columns.iter().any(|own| own.name == c.column))
        };
        // What comes out as it is, is named by the server.
        let used =
            |u: &ColumnUse| u.place != Place::OutputPlain && !own(&u.column) && missing(&u.column);
        self.lost || self.changed && facts.uses.iter().any(used)
    }
}
