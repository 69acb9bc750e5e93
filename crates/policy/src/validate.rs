//! What Cedar itself finds wrong with a policy file.
//!
//! Owns: strict validation against the schema, with warnings taken as errors (a policy that can never match is a hole or
//! a mistake), and what to write instead. Refuses: to pass on what Cedar says in terms of its own numbering.

use std::collections::HashSet;

use cedar_policy::{ValidationMode, Validator};
use miette::Diagnostic;

use crate::context::NAMES;
use crate::position::Position;
use crate::problem::PolicyProblem;

/// The problems of a text that Cedar cannot read.
pub(crate) fn unreadable(
    path: &str,
    text: &str,
    errors: &cedar_policy::ParseErrors,
) -> Vec<PolicyProblem> {
    errors
        .iter()
        .map(|error| problem(path, text, error, 0, Hint::Add(""), ""))
        .collect()
}

/// Cedar's own checks against the schema. One mistake is often found more than once, by an error for each action or by
/// a warning that the policy can never match: only the first one of a place is told.
pub(crate) fn validate(
    path: &str,
    text: &str,
    set: &cedar_policy::PolicySet,
    start: &dyn Fn(&str) -> usize,
) -> Vec<PolicyProblem> {
    let result = Validator::new(crate::model::SCHEMA.clone()).validate(set, ValidationMode::Strict);
    let mistaken: HashSet<_> = result.validation_errors().map(|e| e.policy_id()).collect();
    let errors = result
        .validation_errors()
        .map(|e| (e as &dyn Diagnostic, e.policy_id(), hint(e)));
    let warnings = result
        .validation_warnings()
        .filter(|w| !mistaken.contains(w.policy_id()))
        .map(|w| {
            (
                w as &dyn Diagnostic,
                w.policy_id(),
                Hint::Add(NEVER_MATCHES),
            )
        });
    let mut found: Vec<PolicyProblem> = errors
        .chain(warnings)
        .map(|(diagnostic, id, hint)| {
            let number: &str = id.as_ref();
            let mut problem = problem(path, text, diagnostic, start(number), hint, number);
            if let Some(name) = set.annotation(id, "id").filter(|name| !name.is_empty()) {
                problem.message = format!("policy {name}: {}", problem.message);
            }
            problem
        })
        .collect();
    // Cedar's order changes from run to run.
    found.sort();
    found.dedup_by_key(|problem| (problem.line, problem.column));
    found
}

const NEVER_MATCHES: &str = "as it stands it can never take part: check that the action goes with the principal and the resource";

/// What to write instead.
enum Hint {
    /// Behind what Cedar says.
    Add(&'static str),
    /// Instead of what Cedar says, which would be the most similar word, however unlike.
    Instead(&'static str),
}

fn hint(error: &cedar_policy::ValidationError) -> Hint {
    use cedar_policy::ValidationError as E;
    match error {
        E::UnsafeAttributeAccess(e)
            if NAMES
                .iter()
                .any(|name| e.to_string().contains(&format!("`{name}` in context"))) =>
        {
            Hint::Instead(
                "`connect` and `unmask` have now, client, application, tls, purpose? and expires only: \
                 write `action in Tollgate::Action::\"statement\"`, or name the actions",
            )
        }
        E::UnsafeAttributeAccess(_) => Hint::Add(
            "context has now, client, application, tls, purpose?, expires, class, command, has_where, \
             estimated_rows?, flags, labels, opaque; a resource has name, a column also label; principal has user, agent",
        ),
        E::UnsafeOptionalAttributeAccess(_) => {
            Hint::Instead("it may be absent: test for it first, as in `context has purpose && …`")
        }
        E::UnrecognizedActionId(_) => Hint::Instead(
            "the actions are read, insert, update, delete, truncate, merge, call, lock, copy-in, copy-out, ddl \
             (with create, alter, drop), dcl, session, admin, unknown, connect, unmask",
        ),
        E::UnrecognizedEntityType(_) => Hint::Instead(
            "the types are Tollgate::User, Agent, Role, Grant, Database, Schema, Table, Function, Column, Action",
        ),
        _ => Hint::Add(""),
    }
}

/// With its place.
fn problem(
    path: &str,
    text: &str,
    diagnostic: &dyn Diagnostic,
    otherwise_at: usize,
    hint: Hint,
    number: &str,
) -> PolicyProblem {
    let label = diagnostic.labels().and_then(|mut labels| labels.next());
    let at = label
        .as_ref()
        .map_or(otherwise_at, miette::LabeledSpan::offset);
    // Its number says nothing to the policy's author.
    let numbered = format!("for policy `{number}`, ");
    let message = diagnostic.to_string().replace(&numbered, "");
    let expected = label.as_ref().and_then(|l| l.label()).map(str::to_owned);
    let help = match (hint, diagnostic.help()) {
        (Hint::Instead(hint), _) => hint.to_owned(),
        (Hint::Add(""), Some(help)) => help.to_string(),
        (Hint::Add(""), None) => expected.unwrap_or_default(),
        (Hint::Add(hint), Some(help)) => format!("{help}; {hint}"),
        (Hint::Add(hint), None) => hint.to_owned(),
    };
    PolicyProblem::new(
        path,
        Position::of(text, at),
        message,
        help.replace(&numbered, ""),
    )
}
