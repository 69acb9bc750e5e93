//! `explain` and `classify`: what would be said of a text, as JSON.

use gateway::database::Known;
use gateway::judge::{labels, now_us};
use policy::{Context, Principal, Verdict};
use serde_json::{Value, json};
use sql::catalog::{CatalogBuilder, Function};
use sql::facts::{Coverage, Facts, Need, Volatility};
use sql::settings::SearchPath;
use sql::{Catalog, Settings};

/// A server's defaults, for a user of this name.
pub fn default_settings(user: &str) -> Settings {
    Settings {
        search_path: SearchPath::Known(vec!["pg_catalog".into(), "public".into()]),
        standard_conforming_strings: true,
        client_encoding: "UTF8".into(),
        user: user.to_owned(),
        temporary: vec![],
    }
}

fn need(need: &Need) -> Value {
    json!({"action": need.action.name(), "object": need.object.to_string()})
}

/// The facts of one statement.
fn facts_json(facts: &Facts) -> serde_json::Map<String, Value> {
    let strings = |columns: Vec<&sql::facts::Column>| {
        columns
            .into_iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let mut map = serde_json::Map::new();
    map.insert("command".into(), json!(facts.command));
    map.insert("class".into(), json!(facts.class));
    map.insert("actions".into(), facts.needs.iter().map(need).collect());
    map.insert("reads".into(), json!(strings(facts.reads())));
    map.insert(
        "writes".into(),
        json!(strings(facts.writes.iter().collect())),
    );
    map.insert(
        "functions".into(),
        facts.functions.iter().map(|f| json!({"name": if f.schema.is_empty() { f.name.clone() } else { format!("{}.{}", f.schema, f.name) }, "volatility": f.volatility})).collect(),
    );
    map.insert("flags".into(), json!(facts.flags));
    map.insert(
        "coverage".into(),
        json!(if facts.coverage == Coverage::Complete {
            "complete"
        } else {
            "opaque"
        }),
    );
    if let Coverage::Opaque(reason) = &facts.coverage {
        map.insert("opaque_because".into(), json!(reason));
    }
    map
}

/// What every server has: the functions of PostgreSQL itself.
fn builtins() -> Catalog {
    let mut builder = CatalogBuilder::new(0);
    let lines = include_str!("../data/builtins.txt")
        .lines()
        .filter(|l| !l.starts_with('#'));
    for (oid, (volatility, name)) in (1..).zip(lines.filter_map(|l| l.split_once(' '))) {
        builder.function(Function {
            oid,
            schema: "pg_catalog".to_owned(),
            name: name.to_owned(),
            volatility: match volatility {
                "i" => Volatility::Immutable,
                "s" => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            builtin: true,
        });
    }
    builder.build()
}

/// `classify`: the facts alone, without a server.
pub fn classify(text: &str) -> Value {
    let analysis = sql::analyze_alone(text.as_bytes(), &default_settings("app"), &builtins());
    json!({"statements": analysis.statements.iter().map(facts_json).collect::<Vec<_>>()})
}

/// `explain`: facts, verdict and columns, for a role on a database.
pub fn explain(
    database: &str,
    role: &str,
    text: &str,
    known: &Known,
    settings: &Settings,
) -> Value {
    let principal = Principal {
        grant: String::new(),
        user: String::new(),
        agent: String::new(),
        roles: vec![role.to_owned()],
    };
    let policies = known.rules.policies.narrow(&principal);
    let context = Context {
        now_us: now_us(),
        client: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        application: "explain".into(),
        tls: false,
        purpose: None,
        expires_us: now_us() + 3_600_000_000,
    };
    let shown = |l: &gateway::label_map::Labelled| {
        policies.unmask(&context, database, &l.column, &l.label.name)
    };
    let analysis = sql::analyze_alone(text.as_bytes(), settings, &known.catalog);
    let mut worst = 0;
    let mut statements = Vec::new();
    for facts in &analysis.statements {
        let mut map = facts_json(facts);
        let verdict = policies.decide(
            &context,
            database,
            facts,
            &labels::touched(facts, known),
            None,
        );
        let ids: Vec<&str> = verdict.policies().iter().map(|p| p.id.as_str()).collect();
        let reason = verdict.policies().first().map(|p| p.reason.clone());
        let (rank, word, sqlstate) = match &verdict {
            Verdict::Deny {
                not_understood: true,
                ..
            } => (2, "deny", Some("TG003")),
            Verdict::Deny { .. } => (2, "deny", Some("42501")),
            Verdict::Allow { .. } => (0, "allow", None),
            Verdict::Hold { .. } => (1, "hold", Some("TG001")),
        };
        let revealing = if rank < 2 {
            labels::check(facts, known, &shown)
        } else {
            None
        };
        let (rank, word, sqlstate, reason) = match &revealing {
            Some(refusal) => (
                2,
                "deny",
                Some(refusal.sqlstate()),
                Some(refusal.message().to_owned()),
            ),
            None => (rank, word, sqlstate, reason),
        };
        worst = worst.max(rank);
        map.insert("verdict".into(), json!(word));
        if let Some(sqlstate) = sqlstate {
            map.insert("sqlstate".into(), json!(sqlstate));
        }
        map.insert("reason".into(), json!(reason));
        map.insert("policies".into(), json!(ids));
        if let Verdict::Hold { approver, .. } = &verdict {
            map.insert("approver".into(), json!(approver));
        }
        map.insert("columns".into(), columns(facts, known, &shown));
        statements.push(Value::Object(map));
    }
    let verdict = ["allow", "hold", "deny"][worst];
    json!({"database": database, "role": role, "verdict": verdict, "statements": statements})
}

fn columns(
    facts: &Facts,
    known: &Known,
    shown: &dyn Fn(&gateway::label_map::Labelled) -> bool,
) -> Value {
    let column = |output: &sql::facts::Output| {
        let labelled: Vec<_> = output
            .depends_on
            .iter()
            .filter_map(|c| known.labels.column(c))
            .collect();
        let mut names: Vec<&str> = labelled.iter().map(|l| l.label.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let mut map = serde_json::Map::new();
        map.insert("name".into(), json!(output.name));
        map.insert(
            "depends_on".into(),
            output.depends_on.iter().map(ToString::to_string).collect(),
        );
        map.insert("labels".into(), json!(names));
        if let Some(masked) = labelled.iter().find(|l| !shown(l)) {
            map.insert("mask".into(), json!(masked.label.mask));
        }
        Value::Object(map)
    };
    facts.outputs.iter().map(column).collect()
}
