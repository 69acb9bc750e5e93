//! `explain` and `classify`: what would be said of a text, as JSON.
//!
//! Owns: the facts, the verdict with what each question came to, the labels with what they say to each use. Refuses: to decide:
//! it asks what a session asks.

use gateway::config::DatabaseConfig;
use gateway::database::Known;
use gateway::judge::labels;
use gateway::label_map::Labelled;
use policy::{Context, Principal, SessionPolicies, Verdict};
use serde_json::{Map, Value, json};
use sql::Settings;
use sql::facts::{Class, ColumnUse, Coverage, Facts, Need, Output, Place};
use sql::settings::{SearchPath, SettingChange};

/// A server's defaults, for a user of this name.
fn default_settings(user: &str) -> Settings {
    Settings {
        search_path: SearchPath::Known(vec!["pg_catalog".into(), "public".into()]),
        standard_conforming_strings: true,
        client_encoding: "UTF8".into(),
        user: user.to_owned(),
        temporary: vec![],
        inner_path: None,
        declared: vec![],
    }
}

fn need(need: &Need) -> Value {
    json!({"action": need.action.name(), "object": need.object.to_string()})
}

/// The facts of one statement.
fn facts_json(facts: &Facts) -> Map<String, Value> {
    let strings = |columns: Vec<&sql::facts::Column>| {
        columns
            .into_iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let mut map = Map::new();
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

/// `classify`: the facts alone, without a server.
pub fn classify(text: &str) -> Value {
    let analysis = sql::analyze_alone(
        text.as_bytes(),
        &default_settings("app"),
        &sql::catalog::builtins(),
    );
    let statement = |facts: &Facts| {
        let mut map = facts_json(facts);
        map.insert(
            "statement".into(),
            json!(text.get(facts.range.clone()).unwrap_or(text).trim()),
        );
        let used = |u: &ColumnUse| json!({"column": u.column.to_string(), "place": place(u.place)});
        map.insert("uses".into(), facts.uses.iter().map(used).collect());
        add_syntax_error(&mut map, facts, text);
        map
    };
    json!({"statements": analysis.statements.iter().map(statement).collect::<Vec<_>>()})
}

/// `classify`'s and `explain`'s word for what could not be read: where it stops being SQL.
fn add_syntax_error(map: &mut Map<String, Value>, facts: &Facts, text: &str) {
    let part = text.get(facts.range.clone()).unwrap_or(text);
    if facts.class == Class::Unknown
        && let Some((at, message)) = sql::syntax_error(part)
    {
        let at = (facts.range.start + at).min(text.len());
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        // As psql counts: characters, from 1.
        let position = before.chars().count() + 1;
        map.insert(
            "syntax_error".into(),
            json!({"message": message, "position": position, "line": line, "column": column}),
        );
    }
}

/// Who asks, and under which settings.
pub struct Asker {
    /// The grant that it would be.
    pub principal: Principal,
    /// What is known of the connection.
    pub context: Context,
    /// The search path as it would be SET; none for the server's default.
    pub search_path: Option<Vec<String>>,
}

impl Asker {
    /// Somebody of whom nothing else is known.
    pub fn of_role(role: &str) -> Asker {
        let now_us = gateway::judge::now_us();
        Asker {
            principal: Principal {
                grant: String::new(),
                user: String::new(),
                agent: String::new(),
                roles: vec![role.to_owned()],
            },
            context: Context {
                now_us,
                client: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
                application: "explain".into(),
                tls: false,
                purpose: None,
                expires_us: now_us.saturating_add(3_600_000_000),
            },
            search_path: None,
        }
    }
}

/// `explain`: facts, verdict and columns, for a grant on a database.
pub fn explain(database: &DatabaseConfig, asker: &Asker, text: &str, known: &Known) -> Value {
    let mut settings = default_settings(&database.upstream.user);
    let path = asker.search_path.clone();
    let path = path.unwrap_or_else(|| vec!["$user".into(), "public".into()]);
    settings.follow(&SettingChange::SearchPath(path), &known.catalog);
    let policies = known.rules.policies.narrow(&asker.principal);
    let explainer = Explainer {
        database,
        asker,
        known,
        policies: &policies,
    };
    let analysis = sql::analyze_alone(text.as_bytes(), &settings, &known.catalog);
    let mut verdicts = Vec::new();
    let mut statements = Vec::new();
    for facts in &analysis.statements {
        let (verdict, statement) = explainer.statement(facts, text);
        verdicts.push(verdict);
        statements.push(statement);
    }
    let worst = policy::strictest(verdicts).as_ref().map_or("deny", word);
    let roles = &asker.principal.roles;
    let mut answer = json!({
        "database": database.name,
        "role": roles.join(", "),
        "search_path": match &settings.search_path {
            SearchPath::Known(schemas) => json!(schemas),
            SearchPath::Unknown => Value::Null,
        },
        "verdict": worst,
        "statements": statements,
    });
    let strangers: Vec<_> = roles
        .iter()
        .filter(|r| !known.rules.policies.names_role(r))
        .collect();
    if !strangers.is_empty()
        && let Some(map) = answer.as_object_mut()
    {
        let say = |role: &&String| format!("no policy names the role {role}");
        map.insert("notes".into(), strangers.iter().map(say).collect());
    }
    answer
}

/// The verdict in a word.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allow { .. } => "allow",
        Verdict::Hold { .. } => "hold",
        Verdict::Deny { .. } => "deny",
    }
}

fn ids(verdict: &Verdict) -> Vec<&str> {
    verdict.policies().iter().map(|p| p.id.as_str()).collect()
}

struct Explainer<'a> {
    database: &'a DatabaseConfig,
    asker: &'a Asker,
    known: &'a Known,
    policies: &'a SessionPolicies,
}

impl Explainer<'_> {
    fn is_shown(&self, l: &Labelled) -> bool {
        let name = &self.database.name;
        self.policies
            .unmask(&self.asker.context, name, &l.column, &l.label.name)
    }

    fn decide(&self, facts: &Facts, touched: &[String]) -> Verdict {
        let name = &self.database.name;
        self.policies
            .decide(&self.asker.context, name, facts, touched, None)
    }

    /// One statement: its verdict, and all there is to say of it.
    fn statement(&self, facts: &Facts, text: &str) -> (Verdict, Value) {
        let mut map = facts_json(facts);
        let touched = labels::touched(facts, self.known);
        let mut verdict = self.decide(facts, &touched);
        let mut reason = verdict.policies().first().map(|p| p.reason.clone());
        let mut sqlstate = match &verdict {
            Verdict::Allow { .. } => None,
            Verdict::Hold { .. } => Some("TG001"),
            Verdict::Deny {
                not_understood: true,
                ..
            } => Some("TG003"),
            Verdict::Deny { .. } => Some("42501"),
        };
        map.insert("policies".into(), json!(ids(&verdict)));
        if let Verdict::Hold { approver, .. } = &verdict {
            map.insert("approver".into(), json!(approver));
            map.insert(
                "hold".into(),
                json!({
                    "approver": approver,
                    "waits": humantime::format_duration(self.database.hold_wait).to_string(),
                    "lives": humantime::format_duration(self.database.hold_ttl).to_string(),
                }),
            );
        }
        // A gateway looks at the labels once the policies let it pass, now or after an approval.
        let revealing = match &verdict {
            Verdict::Deny { .. } => None,
            Verdict::Allow { .. } | Verdict::Hold { .. } => {
                labels::check(facts, self.known, &|l| self.is_shown(l))
            }
        };
        if let Some(refusal) = &revealing {
            reason = Some(refusal.message().to_owned());
            sqlstate = Some(refusal.sqlstate());
            verdict = Verdict::Deny {
                policies: vec![],
                not_understood: false,
            };
        }
        map.insert(
            "statement".into(),
            json!(text.get(facts.range.clone()).unwrap_or(text).trim()),
        );
        map.insert("verdict".into(), json!(word(&verdict)));
        if let Some(sqlstate) = sqlstate {
            map.insert("sqlstate".into(), json!(sqlstate));
        }
        map.insert("reason".into(), json!(reason));
        map.insert("questions".into(), self.questions(facts, &touched));
        map.insert("labels".into(), json!(touched));
        map.insert(
            "uses".into(),
            facts.uses.iter().map(|u| self.used(u)).collect(),
        );
        map.insert(
            "columns".into(),
            facts.outputs.iter().map(|o| self.column(o)).collect(),
        );
        add_syntax_error(&mut map, facts, text);
        (verdict, Value::Object(map))
    }

    /// What each need came to, asked alone.
    fn questions(&self, facts: &Facts, touched: &[String]) -> Value {
        let mut alone = facts.clone();
        let question = |one: &Need| {
            alone.needs = vec![one.clone()];
            let verdict = self.decide(&alone, touched);
            let mut map = need(one);
            map["verdict"] = json!(word(&verdict));
            map["policies"] = json!(ids(&verdict));
            if let Verdict::Deny { policies, .. } | Verdict::Hold { policies, .. } = &verdict {
                map["reason"] = json!(policies.first().map(|p| &p.reason));
            }
            map
        };
        facts.needs.iter().map(question).collect()
    }

    /// Where a column is looked at, and what its label says to that.
    fn used(&self, used: &ColumnUse) -> Value {
        let mut map = json!({"column": used.column.to_string(), "place": place(used.place)});
        if let Some(labelled) = self.known.labels.column(&used.column) {
            map["label"] = json!(labelled.label.name);
            if self.is_shown(labelled) {
                map["unmasked"] = json!(true);
            } else if let Some(why) = labels::why(used.place, labelled.label.filter) {
                map["refused"] = json!(why);
            }
        }
        map
    }

    /// One column of the result.
    fn column(&self, output: &Output) -> Value {
        let depends = output.depends_on.iter();
        let labelled: Vec<_> = depends
            .filter_map(|c| self.known.labels.column(c))
            .collect();
        let mut names: Vec<&str> = labelled.iter().map(|l| l.label.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        let depends: Vec<String> = output.depends_on.iter().map(ToString::to_string).collect();
        let mut map = json!({"name": output.name, "depends_on": depends, "plain": output.plain, "labels": names});
        // What is computed from a label is not masked but refused.
        if let Some(masked) = labelled.iter().find(|l| output.plain && !self.is_shown(l)) {
            map["mask"] = json!(masked.label.mask);
        }
        map
    }
}

/// A place in a word.
fn place(place: Place) -> &'static str {
    match place {
        Place::OutputPlain => "output",
        Place::OutputComputed => "computed",
        Place::Equality => "equality",
        Place::Filter => "filter",
        Place::Stored => "stored",
    }
}
