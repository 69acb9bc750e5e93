//! May a statement run, as far as labelled values are concerned?
//!
//! Owns: the check before a statement is sent. What it lets pass is masked on the way back by the server's own word of
//! where a column comes from ([`crate::masking`]). Refuses: every road that is not masked.

use policy::labels::Filter;
use sql::facts::{Coverage, Facts, Flag, FunctionKind, Object, Place};

use crate::database::Known;
use crate::label_map::Labelled;
use crate::refusal::Refusal;

/// Names of the labels that the statement touches, sorted.
pub fn touched(facts: &Facts, known: &Known) -> Vec<String> {
    if known.labels.is_empty() {
        return Vec::new();
    }
    let used = facts.uses.iter().map(|u| &u.column).chain(&facts.writes);
    let mut names: Vec<String> = used
        .filter_map(|c| known.labels.column(c))
        .map(|l| l.label.name.clone())
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Why a labelled column may not be used like this, if it may not.
pub fn why(place: Place, filter: Filter) -> Option<&'static str> {
    match (place, filter) {
        (Place::OutputPlain, _) => None,
        (Place::Equality, Filter::Allow | Filter::Equality) | (Place::Filter, Filter::Allow) => {
            None
        }
        (Place::OutputComputed, _) => Some("it would be computed with"),
        (Place::Stored, _) => Some("it would be copied to where it is not masked"),
        (Place::Equality, Filter::Deny) => Some("it may not decide which rows come back"),
        (Place::Filter, Filter::Equality | Filter::Deny) => Some(
            "it may not decide which rows come back, but for equality where the label allows that",
        ),
    }
}

/// The reason why the statement would reveal something, if it would. `shown` says what the session may see as it is.
pub fn check(facts: &Facts, known: &Known, shown: &dyn Fn(&Labelled) -> bool) -> Option<Refusal> {
    for used in &facts.uses {
        let Some(labelled) = known.labels.column(&used.column) else {
            continue;
        };
        if let Some(why) = why(used.place, labelled.label.filter)
            && !shown(labelled)
        {
            return Some(Refusal::would_reveal(
                &labelled.label.name,
                &format!("{}: {why}", labelled.column),
            ));
        }
    }
    // What cannot be looked into may show anything. It is only let pass for a session that may see everything.
    let opaque = opaque_road(facts)?;
    any_hidden(known, shown).map(|label| Refusal::would_reveal(&label, &opaque))
}

/// The name of a label that the session may not see as it is, if there is one.
pub fn any_hidden(known: &Known, shown: &dyn Fn(&Labelled) -> bool) -> Option<String> {
    let hidden = known
        .labels
        .iter()
        .map(|(_, labelled)| labelled)
        .filter(|l| !shown(l));
    hidden.map(|l| l.label.name.clone()).min()
}

/// What in the statement could carry any value out, in words.
fn opaque_road(facts: &Facts) -> Option<String> {
    if let Coverage::Opaque(reason) = &facts.coverage {
        return Some(format!("what it shows cannot be known ({reason})"));
    }
    if facts.has(Flag::Disagree) {
        return Some("it can be read in two ways".into());
    }
    if facts.has(Flag::RevealsData) {
        return Some("a system relation shows stored values".into());
    }
    if let Some(function) = facts
        .functions
        .iter()
        .find(|f| f.kind == FunctionKind::Opaque && !is_blind(&f.schema, &f.name))
    {
        return Some(format!(
            "function {}.{} cannot be looked into",
            function.schema, function.name
        ));
    }
    if facts.has(Flag::ServerFile) {
        return Some("it reads or writes files of the server".into());
    }
    None
}

/// Built-ins with an effect that show nothing of any table: they are a `call` to the policy, and no road out.
fn is_blind(schema: &str, name: &str) -> bool {
    const BLIND: &[&str] = &[
        "nextval",
        "setval",
        "currval",
        "lastval",
        "pg_notify",
        "pg_sleep",
        "pg_sleep_for",
        "pg_sleep_until",
        "set_config",
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_advisory_unlock",
        "pg_advisory_unlock_all",
        "pg_advisory_unlock_shared",
        "pg_advisory_xact_lock",
        "pg_advisory_xact_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_lock_shared",
        "pg_try_advisory_xact_lock",
        "pg_try_advisory_xact_lock_shared",
        "pg_cancel_backend",
        "pg_terminate_backend",
        "pg_backend_pid",
        "random",
        "setseed",
        "gen_random_uuid",
        "txid_current",
        "pg_current_xact_id",
    ];
    schema == "pg_catalog" && BLIND.contains(&name)
}

/// Whether rows of the statement can carry labelled columns.
pub fn in_reach(facts: &Facts, known: &Known) -> bool {
    facts
        .uses
        .iter()
        .any(|u| known.labels.column(&u.column).is_some())
        || facts.has(Flag::UnresolvedName)
        || facts.named.is_some()
}

/// Whether the server's messages about the statement could quote labelled values.
pub fn needs_scrubbing(facts: &Facts, known: &Known) -> bool {
    // Triggers, and rules, can say anything about any table.
    let triggers = |schema: &str, name: &str| {
        known
            .catalog
            .relation(schema, name)
            .is_none_or(|r| r.has_triggers)
    };
    facts.needs.iter().any(|n| match &n.object {
        Object::Table(schema, name) => {
            known.labels.touches(schema, name) || (n.action.has_effect() && triggers(schema, name))
        }
        Object::Database | Object::Schema(_) | Object::Function(..) => false,
    }) || facts
        .uses
        .iter()
        .any(|u| known.labels.touches(&u.column.schema, &u.column.table))
        || facts.named.is_some()
        || matches!(facts.coverage, Coverage::Opaque(_))
}
