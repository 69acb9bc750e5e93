//! Texts that stand alone: nobody knows what the session they are meant for has prepared.
//!
//! Owns: [`analyze_alone`], for explaining and classifying a text without a session. Refuses: to take EXECUTE and FETCH for less
//! than what they run: where the text itself does not say what that is, it is not understood.

use crate::analyze::{Analysis, analyze, not_understood};
use crate::catalog::Catalog;
use crate::facts::{Coverage, Facts, Named, Place};
use crate::settings::{SettingChange, Settings};

/// As [`analyze`], and EXECUTE and FETCH have the facts of the PREPARE or DECLARE of that name before them in the text. (A
/// gateway knows what its session has prepared, and looks there.)
pub fn analyze_alone(text: &[u8], settings: &Settings, catalog: &Catalog) -> Analysis {
    let mut analysis = analyze(text, settings, catalog);
    for at in 0..analysis.statements.len() {
        let (before, rest) = analysis.statements.split_at_mut(at);
        let Some(facts) = rest.first_mut() else { break };
        let (stored, source) = match &facts.named {
            Some(Named::Execute { name, stored }) => (*stored, prepared(before, name)),
            Some(Named::Fetch { name }) => (false, declared(before, name)),
            _ => continue,
        };
        match source {
            Some(source) => add(facts, source, stored),
            None => not_understood(facts, "what runs under this name, only its session knows"),
        }
    }
    analysis
}

/// The PREPARE behind a name. A plan is made anew where the search path has changed (PostgreSQL manual, PREPARE, Notes).
fn prepared<'f>(before: &'f [Facts], name: &str) -> Option<&'f Facts> {
    for facts in before.iter().rev() {
        let moved = |change: &SettingChange| !matches!(change, SettingChange::Other(_));
        match &facts.named {
            Some(Named::Prepare { name: own, .. }) if own == name => return Some(facts),
            Some(Named::Deallocate(None)) => return None,
            Some(Named::Deallocate(Some(own))) if own == name => return None,
            _ if facts.settings.iter().any(moved) => return None,
            _ => {}
        }
    }
    None
}

/// The DECLARE behind a cursor's name.
fn declared<'f>(before: &'f [Facts], name: &str) -> Option<&'f Facts> {
    for facts in before.iter().rev() {
        match &facts.named {
            Some(Named::Declare { name: own }) if own == name => return Some(facts),
            Some(Named::Close(None)) => return None,
            Some(Named::Close(Some(own))) if own == name => return None,
            _ => {}
        }
    }
    None
}

/// What is run by name is done as well.
fn add(facts: &mut Facts, source: &Facts, stored: bool) {
    facts.class = facts.class.max(source.class);
    facts.needs.extend(source.needs.iter().cloned());
    facts.needs.sort();
    facts.needs.dedup();
    facts
        .uses
        .extend(source.uses.iter().cloned().map(|mut used| {
            let shown = matches!(used.place, Place::OutputPlain | Place::OutputComputed);
            if stored && shown {
                used.place = Place::Stored;
            }
            used
        }));
    facts.uses.sort();
    facts.uses.dedup();
    facts.writes.extend(source.writes.iter().cloned());
    facts.writes.sort();
    facts.writes.dedup();
    facts.functions.extend(source.functions.iter().cloned());
    facts.functions.sort();
    facts.functions.dedup();
    if !stored {
        facts.outputs.clone_from(&source.outputs);
    }
    facts.flags.extend(source.flags.iter().copied());
    facts.flags.sort();
    facts.flags.dedup();
    if let (Coverage::Complete, Coverage::Opaque(_)) = (&facts.coverage, &source.coverage) {
        facts.coverage = source.coverage.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::CatalogBuilder;
    use crate::facts::Class;

    #[test]
    fn what_runs_by_name_is_what_was_prepared_or_unknown() {
        let catalog = CatalogBuilder::new(1).build();
        let settings = Settings::with_search_path(&["pg_catalog", "public"], "app");
        for (text, expected) in [
            ("PREPARE p AS DELETE FROM t; EXECUTE p", Class::Write),
            ("PREPARE p AS SELECT * FROM t; EXECUTE p(1)", Class::Read),
            ("EXECUTE p", Class::Unknown),
            ("EXPLAIN ANALYZE EXECUTE p", Class::Unknown),
            (
                "PREPARE p AS DELETE FROM t; EXPLAIN ANALYZE EXECUTE p",
                Class::Write,
            ),
            ("PREPARE p AS SELECT 1; EXECUTE \"P\"", Class::Unknown),
            (
                "PREPARE p AS SELECT 1; DEALLOCATE p; EXECUTE p",
                Class::Unknown,
            ),
            (
                "PREPARE p AS SELECT 1; DEALLOCATE ALL; EXECUTE p",
                Class::Unknown,
            ),
            (
                "PREPARE p AS SELECT * FROM t; SET search_path = x; EXECUTE p",
                Class::Unknown,
            ),
            (
                "PREPARE p AS SELECT * FROM t; SET work_mem = 64; EXECUTE p",
                Class::Read,
            ),
            (
                "PREPARE p AS SELECT 1; CREATE TABLE x AS EXECUTE p",
                Class::Ddl,
            ),
            ("CREATE TABLE x AS EXECUTE p", Class::Unknown),
            (
                "DECLARE c CURSOR FOR SELECT * FROM t; FETCH ALL c",
                Class::Read,
            ),
            (
                "DECLARE c CURSOR FOR SELECT * FROM t; CLOSE c; FETCH c",
                Class::Unknown,
            ),
            ("FETCH c", Class::Unknown),
            ("MOVE c", Class::Unknown),
        ] {
            let last = analyze_alone(text.as_bytes(), &settings, &catalog)
                .statements
                .pop();
            assert_eq!(last.map(|f| f.class), Some(expected), "{text}");
        }
    }
}
