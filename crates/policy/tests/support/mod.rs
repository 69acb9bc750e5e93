//! What the tests of decisions share.

#![allow(clippy::unwrap_used, dead_code)]

use std::sync::Arc;

use policy::{Context, PolicySet, Principal, SessionPolicies, Verdict};
use sql::facts::{Action, Class, Coverage, Facts, Flag, Need, Object};

pub fn load(text: &str) -> PolicySet {
    PolicySet::load(
        &[("p.cedar".to_owned(), text.to_owned())],
        &["shop", "legacy"],
    )
    .unwrap_or_else(|problems| {
        panic!(
            "{}",
            problems
                .iter()
                .map(|p| format!("{p}\n"))
                .collect::<String>()
        )
    })
}

pub fn session(set: &PolicySet, roles: &[&str]) -> Arc<SessionPolicies> {
    set.narrow(&Principal {
        grant: "claude-code.k7f3q2".to_owned(),
        user: "alice@example.com".to_owned(),
        agent: "claude-code".to_owned(),
        roles: roles.iter().map(|r| (*r).to_owned()).collect(),
    })
}

pub fn context() -> Context {
    Context {
        now_us: 1_760_000_000_000_000, // 2025-10-09 08:53:20 UTC
        client: "10.1.2.3".parse().unwrap(),
        application: "psql".to_owned(),
        tls: true,
        purpose: None,
        expires_us: 1_760_030_000_000_000,
    }
}

pub fn table(name: &str) -> Object {
    let (schema, name) = name.split_once('.').unwrap_or(("", name));
    Object::Table(schema.to_owned(), name.to_owned())
}

pub fn facts(needs: &[(Action, Object)], flags: &[Flag]) -> Facts {
    Facts {
        class: Class::Write,
        command: "UPDATE".to_owned(),
        range: 0..0,
        needs: needs
            .iter()
            .map(|(action, object)| Need {
                action: *action,
                object: object.clone(),
            })
            .collect(),
        uses: Vec::new(),
        writes: Vec::new(),
        functions: Vec::new(),
        outputs: Vec::new(),
        flags: flags.to_vec(),
        coverage: Coverage::Complete,
        settings: Vec::new(),
        transaction: None,
        named: None,
        moves: Vec::new(),
    }
}

/// `allow a,b`, `hold dba a`, `deny a`, `not-understood a`.
pub fn shown(verdict: &Verdict) -> String {
    let ids: Vec<&str> = verdict.policies().iter().map(|p| p.id.as_str()).collect();
    let ids = ids.join(",");
    match verdict {
        Verdict::Allow { .. } => format!("allow {ids}"),
        Verdict::Hold { approver, .. } => format!("hold {approver} {ids}"),
        Verdict::Deny {
            not_understood: false,
            ..
        } => format!("deny {ids}"),
        Verdict::Deny {
            not_understood: true,
            ..
        } => format!("not-understood {ids}"),
    }
}
