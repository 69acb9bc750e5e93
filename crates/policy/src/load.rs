//! Policy files into rules.
//!
//! Owns: reading, and every check that a policy must pass before it can decide anything: Cedar's own (`validate`), the
//! annotations, and the names of what is configured. Refuses: to load some of a set: either all of it is right, or every problem is told.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use cedar_policy::{EntityUid, Policy};

use crate::mention;
use crate::model::{Ask, Type, parts};
use crate::position::{self, Position};
use crate::problem::PolicyProblem;
use crate::rule::{Rule, asks};
use crate::set::{Effect, PolicySet, PolicySummary};
use crate::validate;
use crate::verdict::RESERVED;

/// The annotations that mean something.
const ANNOTATIONS: [&str; 4] = ["id", "hold", "reason", "control"];

/// See [`PolicySet::load`].
pub(crate) fn load(
    files: &[(String, String)],
    databases: &[&str],
) -> Result<PolicySet, Vec<PolicyProblem>> {
    let mut loader = Loader {
        databases,
        problems: Vec::new(),
        rules: Vec::new(),
        schemas: BTreeSet::new(),
    };
    for (path, text) in files {
        loader.file(path, text);
    }
    loader.same_ids();
    if loader.problems.is_empty() {
        Ok(PolicySet::new(loader.rules, loader.schemas))
    } else {
        // In the order of the files, and of each file's lines.
        let rank: HashMap<&String, usize> = files
            .iter()
            .enumerate()
            .rev()
            .map(|(at, (path, _))| (path, at))
            .collect();
        loader
            .problems
            .sort_by_key(|p| (rank.get(&p.file).copied(), p.line, p.column));
        loader.problems.dedup();
        Err(loader.problems)
    }
}

struct Loader<'a> {
    databases: &'a [&'a str],
    problems: Vec<PolicyProblem>,
    rules: Vec<Rule>,
    schemas: BTreeSet<String>,
}

/// One policy in its file.
struct Source<'a> {
    path: &'a str,
    text: &'a str,
    range: Range<usize>,
}

impl Source<'_> {
    /// The place of the first of these words in the policy, else the policy's beginning.
    fn place(&self, words: &[&str]) -> Position {
        let policy = self.text.get(self.range.clone()).unwrap_or_default();
        let at = words.iter().find_map(|word| policy.find(word)).unwrap_or(0);
        Position::of(self.text, self.range.start + at)
    }
}

impl Loader<'_> {
    fn file(&mut self, path: &str, text: &str) {
        let set = match text.parse::<cedar_policy::PolicySet>() {
            Ok(set) => set,
            Err(errors) => {
                self.problems
                    .extend(validate::unreadable(path, text, &errors));
                return;
            }
        };
        let ranges = position::policies(text);
        // Cedar numbers the policies of a text: `policy0`, `policy1` …
        let source = |id: &str| Source {
            path,
            text,
            range: id
                .strip_prefix("policy")
                .and_then(|number| ranges.get(number.parse::<usize>().ok()?).cloned())
                .unwrap_or_default(),
        };
        for template in set.templates() {
            let place = source(template.id().as_ref()).place(&["?principal", "?resource"]);
            let help = "name the principal or resource itself";
            self.problems.push(PolicyProblem::new(
                path,
                place,
                "templates are not used here",
                help,
            ));
        }
        self.problems
            .extend(validate::validate(path, text, &set, &|id| {
                source(id).range.start
            }));
        let mut policies: Vec<&Policy> = set.policies().collect();
        policies.sort_by_key(|policy| source(policy.id().as_ref()).range.start);
        for policy in policies {
            self.policy(policy, &source(policy.id().as_ref()));
        }
    }

    fn policy(&mut self, policy: &Policy, source: &Source<'_>) {
        let before = self.problems.len();
        let effect = match policy.effect() {
            cedar_policy::Effect::Permit => Effect::Permit,
            cedar_policy::Effect::Forbid => Effect::Forbid,
        };
        let (asks, names_actions) = asks(&policy.action_constraint());
        self.annotations(policy, source, effect);
        let hold = policy.annotation("hold").map(str::to_owned);
        if hold.is_some() && names_actions {
            for ask in [Ask::CONNECT, Ask::UNMASK]
                .into_iter()
                .filter(|ask| asks & ask.bit() != 0)
            {
                let message = format!("`{}` cannot wait for an approval", ask.name());
                self.problem(source, &["@hold"], message, "take @hold out, or the action");
            }
        }
        let unmask = Ask::UNMASK.uid();
        if effect == Effect::Permit && !names_actions && policy.entity_literals().contains(unmask) {
            let help = "write `action == Tollgate::Action::\"unmask\"` in the policy's head";
            let message =
                "a permit for `unmask` that does not name the action in its head permits nothing";
            self.problem(source, &["Action::\"unmask\""], message, help);
        }
        for uid in policy.entity_literals() {
            self.literal(&uid, source);
        }
        let mentions = match policy.to_json() {
            Ok(json) => mention::of(&json),
            Err(error) => {
                let help = "write its conditions more simply";
                return self.problem(
                    source,
                    &[],
                    format!("the policy cannot be looked into: {error}"),
                    help,
                );
            }
        };
        for (word, attribute, known) in &mentions.impossible {
            let message = format!("`context.{attribute}` never has \"{word}\"");
            self.problem(
                source,
                &[&format!("\"{word}\"")],
                message,
                format!("write one of {}", known.join(", ")),
            );
        }
        if self.problems.len() > before {
            return;
        }
        let summary = summary(policy, source, effect, hold.clone());
        self.rules.push(Rule {
            policy: policy.new_id(cedar_policy::PolicyId::new(&summary.id)),
            effect,
            hold,
            asks,
            names_actions,
            principal: policy.principal_constraint(),
            attributes: mentions.attributes,
            summary,
        });
    }

    fn annotations(&mut self, policy: &Policy, source: &Source<'_>, effect: Effect) {
        for (name, value) in policy.annotations() {
            let at = format!("@{name}");
            let at = &[at.as_str()];
            if !ANNOTATIONS.contains(&name) {
                let help = "write @id, @hold, @reason or @control";
                self.problem(source, at, format!("unknown annotation @{name}"), help);
            } else if value.trim().is_empty() {
                let help = match name {
                    "id" => "give the policy a name, as in @id(\"agents-read\")",
                    "hold" => "name the role that can approve, as in @hold(\"dba\")",
                    "reason" => "say what to do instead, as in @reason(\"Add a WHERE clause\")",
                    _ => "name the control, as in @control(\"SOC2:CC8.1, ISO:A.8\")",
                };
                self.problem(source, at, format!("@{name} is empty"), help);
            } else if value.chars().any(char::is_control) {
                self.problem(
                    source,
                    at,
                    format!("@{name} has a line break or control character"),
                    "put it on one line",
                );
            }
        }
        let named = |id: &str| {
            id.chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.:/".contains(c))
                && id.len() <= 100
        };
        match policy.annotation("id") {
            None => {
                let help = "put @id(\"a-name-of-its-own\") in front of it";
                self.problem(source, &[], "the policy has no @id", help);
            }
            Some(id) if RESERVED.contains(&id) => {
                self.problem(
                    source,
                    &["@id"],
                    format!("@id(\"{id}\") means something else"),
                    "take another name",
                );
            }
            Some(id) if !named(id) => {
                let help = "use letters, digits, - _ . : and /, at most 100";
                self.problem(
                    source,
                    &["@id"],
                    format!("@id(\"{id}\") cannot be a name"),
                    help,
                );
            }
            Some(_) => {}
        }
        if policy.annotation("hold").is_some() && effect == Effect::Permit {
            let help = "permit without @hold, and put @hold on a forbid of the same action";
            self.problem(
                source,
                &["@hold"],
                "@hold is for forbid: it says who can lift it",
                help,
            );
        }
    }

    /// An entity that the policy names.
    fn literal(&mut self, uid: &EntityUid, source: &Source<'_>) {
        let id = uid.id().unescaped();
        let at = format!("::\"{id}\"");
        let at = &[at.as_str()];
        let (kind, count, example) = match Type::of(uid) {
            Some(Type::Database) => {
                if !self.databases.contains(&id) {
                    let known = match self.databases {
                        [] => "configure it in [databases]".to_owned(),
                        known => format!(
                            "configure it in [databases], or write one of {}",
                            known.join(", ")
                        ),
                    };
                    self.problem(
                        source,
                        at,
                        format!("database \"{id}\" is not configured"),
                        known,
                    );
                }
                return;
            }
            Some(Type::Schema) => ("schema", 1, "Tollgate::Schema::\"public\""),
            Some(Type::Table) => ("table", 2, "Tollgate::Table::\"public.customers\""),
            Some(Type::Function) => ("function", 2, "Tollgate::Function::\"public.refund\""),
            Some(Type::Column) => ("column", 3, "Tollgate::Column::\"public.customers.email\""),
            // Users, agents, roles and grants come and go; actions are Cedar's to check.
            Some(Type::User | Type::Agent | Type::Role | Type::Grant | Type::Action) | None => {
                return;
            }
        };
        let names = parts(id).unwrap_or_default();
        if names.len() != count {
            let help =
                format!("write it as in {example}; a part with a dot in it is quoted: \\\"a.b\\\"");
            self.problem(
                source,
                at,
                format!("\"{id}\" is not the name of a {kind}"),
                help,
            );
        } else if names
            .iter()
            .any(|part| !part.quoted && part.name.contains('*'))
        {
            let help = "for all of a schema write `resource in Tollgate::Schema::\"public\"`, \
                        for a pattern `resource.name like \"audit_*\"`";
            self.problem(
                source,
                at,
                format!("\"{id}\": a name has no wildcards"),
                help,
            );
        } else if let Some(schema) = names.into_iter().next() {
            self.schemas.insert(schema.name);
        }
    }

    /// An id stands for one policy, over all files.
    fn same_ids(&mut self) {
        let mut first: HashMap<&str, &PolicySummary> = HashMap::new();
        for summary in self.rules.iter().map(|rule| &rule.summary) {
            let PolicySummary { id, file, line, .. } = summary;
            let Some(other) = first.insert(id, summary) else {
                continue;
            };
            let message = format!(
                "@id(\"{id}\") is already used in {}:{}",
                other.file, other.line
            );
            let place = Position {
                line: *line,
                column: 1,
            };
            self.problems.push(PolicyProblem::new(
                file,
                place,
                message,
                "give this policy a name of its own",
            ));
        }
    }

    fn problem(
        &mut self,
        source: &Source<'_>,
        at: &[&str],
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(PolicyProblem::new(
            source.path,
            source.place(at),
            message,
            help,
        ));
    }
}

fn summary(
    policy: &Policy,
    source: &Source<'_>,
    effect: Effect,
    hold: Option<String>,
) -> PolicySummary {
    let id = policy.annotation("id").unwrap_or_default().to_owned();
    let reason = match (policy.annotation("reason"), effect, &hold) {
        (Some(reason), ..) => reason.trim().to_owned(),
        (None, Effect::Permit, _) => format!("permitted by policy {id}"),
        (None, Effect::Forbid, None) => format!("forbidden by policy {id}"),
        (None, Effect::Forbid, Some(role)) => format!("waits for the approval of {role}"),
    };
    let controls = policy
        .annotation("control")
        .unwrap_or_default()
        .split(',')
        .map(str::trim);
    PolicySummary {
        id,
        effect,
        hold,
        reason,
        controls: controls
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect(),
        file: source.path.to_owned(),
        line: source.place(&[]).line,
        text: source
            .text
            .get(source.range.clone())
            .unwrap_or_default()
            .to_owned(),
    }
}
